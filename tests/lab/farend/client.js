// Node client of the laboratory: two requests on one TLS connection.
const https = require('https');
const agent = new https.Agent({ keepAlive: true, maxSockets: 1 });
const get = (path, then) => https.get({ host: process.argv[2],
	port: +process.argv[3], path, agent, rejectUnauthorized: false },
	r => { r.resume(); r.on('end', then); });
get('/small', () => get('/page', () => process.exit(0)));
