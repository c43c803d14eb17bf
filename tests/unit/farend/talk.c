/* talk.c - see talk.h. */
#include "talk.h"

#include <assert.h>
#include <string.h>

#include "decode/segment.h"

static uint32_t hash_of(const struct talk *t)
{
	return UINT32_C(2654435761) *
	       ((uint32_t)t->port << 16 | t->dport | (uint32_t)t->client << 8);
}

static void released(void *arg, uint32_t slot)
{
	struct talk *t = arg;

	t->last = t->f->conns[slot];
	farend_release(t->f, slot, conn_get(t->table, slot));
}

void talk_open(struct talk *t, const struct farend_config *cfg)
{
	static const struct farend_config every = { .all = true };
	struct err e;

	memset(t, 0, sizeof(*t));
	t->f = farend_new(64, cfg ? cfg : &every, &e);
	t->table = conn_table_new(64, released, t, &e);
	assert(t->f != NULL && t->table != NULL);
	t->client = 1;
	t->port = 40000;
	t->dport = 443;
	t->ttl = 60;
}

void talk_close(struct talk *t)
{
	conn_table_free(t->table);
	farend_free(t->f);
}

static void put(struct talk *t, int64_t us, int dir, uint8_t flags,
		const void *data, uint32_t len, uint32_t behind)
{
	static const uint8_t options[20] = { 2, 4, 5, 180, 4, 2, 8, 10, 0, 0,
					     0, 0, 0, 0,   0, 0, 1, 3,	3, 7 };
	uint8_t c[4] = { 192, 0, 2, t->client }, s[4] = { 198, 51, 100, 1 };
	struct segment g = { .ts = { us * 1000 },
			     .proto = PROTO_TCP,
			     .outcome = SEG_OK,
			     .tcp_flags = flags,
			     .ttl = t->ttl,
			     .window = 64240,
			     .payload = data,
			     .payload_len = len,
			     .payload_caplen = len,
			     .wscale = 255,
			     .hash = hash_of(t) };
	struct conn_event ev;
	size_t n;

	g.src = addr_v4(dir ? s : c);
	g.dst = addr_v4(dir ? c : s);
	g.sport = dir ? t->dport : t->port;
	g.dport = dir ? t->port : t->dport;
	g.seq = t->seq[dir];
	g.ack = flags & TCP_ACK ? t->seq[!dir] - behind : 0;
	if (flags & TCP_SYN) {
		g.mss = 1460;
		g.wscale = 7;
		g.tcp_options = options;
		g.options_len = sizeof(options);
		g.has_ts = true;
		g.tsval = (uint32_t)(us / 1000) + 77;
	}
	t->seq[dir] += len + ((flags & (TCP_SYN | TCP_FIN)) ? 1 : 0);
	n = conn_update(t->table, &g, 1, &ev);
	assert(n == 1 && ev.slot != CONN_NONE);
	farend_update(t->f, &g, &ev, 1);
}

void talk_say(struct talk *t, int64_t us, int dir, uint8_t flags,
	      const void *data, uint32_t len)
{
	put(t, us, dir, flags, data, len, 0);
}

void talk_behind(struct talk *t, int64_t us, int dir, const void *data,
		 uint32_t len, uint32_t behind)
{
	put(t, us, dir, TCP_ACK, data, len, behind);
}

void talk_handshake(struct talk *t, int64_t us, int64_t rtt_us)
{
	t->port++;
	t->seq[0] = 1000u * t->port;
	t->seq[1] = 7000u * t->port;
	put(t, us, 0, TCP_SYN, NULL, 0, 0);
	put(t, us + 10, 1, TCP_SYN | TCP_ACK, NULL, 0, 0);
	put(t, us + 10 + rtt_us, 0, TCP_ACK, NULL, 0, 0);
}

int64_t talk_lines(struct talk *t, int64_t us, int64_t rtt_us, int64_t gap_us,
		   int n)
{
	t->dport = 25;
	talk_handshake(t, us, rtt_us);
	us += rtt_us + 100;
	for (int i = 0; i < n; i++) {
		talk_say(t, us, 1, TCP_ACK, i ? "250 ok\r\n" : "220 s\r\n", 8);
		talk_say(t, us + rtt_us, 0, TCP_ACK, NULL, 0);
		us += rtt_us + gap_us;
		talk_say(t, us, 0, TCP_ACK, "NOOP x\r\n", 8);
		us += 50;
	}
	return us + 1000000;
}

static void client_hello(uint8_t *p, uint8_t variant)
{
	memset(p, 0, 100);
	memcpy(p, "\x16\x03\x01\x00\x5f\x01\x00\x00\x5b\x03\x03", 11);
	p[43] = 0; /* session id */
	p[45] = 4; /* two cipher suites */
	p[46] = 0x13, p[47] = 1, p[48] = 0xc0, p[49] = variant;
}

int64_t talk_tls13(struct talk *t, int64_t us, int64_t rtt_us, int64_t gap_us,
		   uint8_t variant)
{
	uint8_t ch[100], sh[120] = { 0x16, 3, 3, 0, 115, 2, 0, 0, 111, 3, 3 };

	client_hello(ch, variant);
	sh[43] = 0;
	sh[44] = 0x13, sh[45] = 1;
	t->dport = 443;
	talk_handshake(t, us, rtt_us);
	us += rtt_us + 200;
	talk_say(t, us, 0, TCP_ACK, ch, sizeof(ch));
	us += 900;
	talk_say(t, us, 1, TCP_ACK, sh, sizeof(sh));
	talk_say(t, us + 10, 1, TCP_ACK, "\x17\x03\x03 rest of it", 15);
	talk_say(t, us + 10 + rtt_us, 0, TCP_ACK, NULL, 0);
	us += 10 + rtt_us + gap_us;
	talk_say(t, us, 0, TCP_ACK, "\x14\x03\x03\x00\x01\x01\x17", 7);
	return us + 1000000;
}
