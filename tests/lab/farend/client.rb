# Ruby client of the laboratory: client.rb URL PATH... on one connection
require 'net/http'
require 'openssl'
u = URI(ARGV.shift)
h = Net::HTTP.new(u.host, u.port)
if u.scheme == 'https'
  h.use_ssl = true
  h.verify_mode = OpenSSL::SSL::VERIFY_NONE
end
h.start { ARGV.each { |path| h.get(path) } }
