#!/bin/sh
# sclient.sh MODE HOST:PORT DIR - one TLS client of the laboratory, by
# openssl s_client: 12, 13, hrr (the server's only group is in the second
# key share), res12, res13 (a full handshake, then a resumed one), 0rtt, cert.
mode=$1 to=$2 dir=$3
base="openssl s_client -connect $to -quiet -ign_eof"
sess=$(mktemp) early=$(mktemp)
trap 'rm -f $sess $early' EXIT
get() {
	printf 'GET /small HTTP/1.1\r\nHost: s\r\nConnection: %s\r\n\r\n' "$1"
}
get close >"$early"
case $mode in
12) get close | $base -tls1_2 ;;
13) get close | $base -tls1_3 ;;
hrr) get close | $base -tls1_3 -groups X25519:P-384 ;;
cert) get close | $base -cert "$dir/c.pem" -key "$dir/k.pem" ;;
res12)
	get close | $base -tls1_2 -sess_out "$sess"
	get close | $base -tls1_2 -sess_in "$sess" ;;
res13)
	get close | $base -tls1_3 -sess_out "$sess"
	get close | $base -tls1_3 -sess_in "$sess" ;;
0rtt)
	get close | $base -tls1_3 -sess_out "$sess"
	get close | $base -tls1_3 -sess_in "$sess" -early_data "$early" ;;
esac >/dev/null 2>&1
