/* test_passive_tap.c - packets to counters: what is asked and answered, how
 * sessions end, and which ICMP errors count. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "decode/decode.h"
#include "pipeline/passive_tap.h"

#define T0 INT64_C(1400000100)

struct bench {
	struct passive_tap *tap;
	struct conn_table *conns;
	uint16_t ip_id;
};

static void released(void *arg, uint32_t slot)
{
	struct bench *b = arg;

	passive_tap_release(b->tap, slot);
}

static struct bench *start(void)
{
	struct bench *b = calloc(1, sizeof(*b));

	b->tap = passive_tap_new(1024, NULL);
	b->conns = conn_table_new(1024, released, b, NULL);
	assert_non_null(b->tap);
	assert_non_null(b->conns);
	return b;
}

static struct addr ip(const char *text)
{
	struct addr a;

	assert_true(addr_parse(text, &a, NULL));
	return a;
}

static void play(struct bench *b, struct segment *s, int64_t sec)
{
	struct conn_event ev;

	s->ts = (struct tstamp){ (T0 + sec) * INT64_C(1000000000) };
	s->outcome = SEG_OK;
	s->hash = segment_flow_hash(s);
	if (s->ip_id == 0)
		s->ip_id = ++b->ip_id;
	assert_int_equal(conn_update(b->conns, s, 1, &ev), 1);
	passive_tap_update(b->tap, s, &ev, b->conns);
}

static void tcp(struct bench *b, int64_t sec, const char *src, const char *dst,
		unsigned sport, unsigned dport, unsigned flags, uint32_t seq,
		uint32_t len, unsigned ttl)
{
	struct segment s = { .src = ip(src),
			     .dst = ip(dst),
			     .sport = (uint16_t)sport,
			     .dport = (uint16_t)dport,
			     .proto = PROTO_TCP,
			     .tcp_flags = (uint8_t)flags,
			     .seq = seq,
			     .payload_len = len,
			     .ttl = (uint8_t)ttl };

	play(b, &s, sec);
}

#define OWN "10.0.0.5"
#define FAR "175.45.176.20"

static void shake(struct bench *b, int64_t sec, unsigned port)
{
	tcp(b, sec, OWN, FAR, port, 22, TCP_SYN, 100, 0, 64);
	tcp(b, sec, FAR, OWN, 22, port, TCP_SYN | TCP_ACK, 900, 0, 50);
	tcp(b, sec, OWN, FAR, port, 22, TCP_ACK, 101, 0, 64);
}

static struct passive_report *stop(struct bench *b)
{
	struct passive_report *p;

	conn_flush(b->conns);
	p = passive_tap_finish(b->tap, 0, 1000);
	assert_non_null(p);
	conn_table_free(b->conns);
	passive_tap_free(b->tap);
	free(b);
	return p;
}

/* Data is sent again and again and nothing comes: asked, silent, and the
 * session died when it first was sent in vain. */
static void silent_death(void **state)
{
	struct bench *b = start();
	struct passive_report *p;
	const struct passive_bin *bin;
	(void)state;

	shake(b, 0, 4000);
	tcp(b, 10, OWN, FAR, 4000, 22, TCP_ACK | TCP_PSH, 101, 10, 64);
	tcp(b, 10, FAR, OWN, 22, 4000, TCP_ACK, 901, 0, 50);
	for (int i = 0; i < 5; i++)
		tcp(b, 650 + i, OWN, FAR, 4000, 22, TCP_ACK | TCP_PSH, 111, 10,
		    64);
	p = stop(b);
	assert_int_equal(p->in.ngroups, 1); /* 10.0.0.0/24 is our own */
	assert_int_equal(p->group[0].prefix.len, 24);
	assert_int_equal(p->in.nbins, 3);
	bin = p->group[0].bin;
	assert_int_equal(bin[0].received, 2);
	assert_int_equal(bin[0].unanswered, 0);
	assert_int_equal(bin[0].ttl, 50);
	assert_int_equal(bin[2].received, 0);
	assert_int_equal(bin[2].unanswered, 5);
	assert_int_equal(bin[2].open, 1);
	assert_int_equal(bin[2].ended_silent, 1);
	assert_int_equal(p->group[0].ngaps, 1); /* one answered wait: data */
	passive_report_free(p);
}

/* A reset with another TTL is not the peer's, and no sign of life. */
static void foreign_reset(void **state)
{
	struct bench *b = start();
	struct passive_report *p;
	(void)state;

	shake(b, 0, 4000);
	shake(b, 1, 4001);
	tcp(b, 310, FAR, OWN, 22, 4000, TCP_RST, 901, 0, 61);
	tcp(b, 620, FAR, OWN, 22, 4001, TCP_RST, 901, 0, 50);
	p = stop(b);
	assert_int_equal(p->group[0].bin[1].ended_rst_other, 1);
	assert_int_equal(p->group[0].bin[1].received, 0);
	assert_int_equal(p->group[0].bin[1].open, 2);
	assert_int_equal(p->group[0].bin[2].ended_rst, 1);
	assert_int_equal(p->group[0].bin[2].received, 1);
	assert_int_equal(p->group[0].bin[2].open, 1);
	passive_report_free(p);
}

/* What the tap saw leave, as a router quotes it. */
static void unreachable(struct bench *b, int64_t sec, uint16_t id,
			uint16_t sport, uint32_t seq, unsigned code)
{
	uint8_t q[28] = { 0x45,
			  0,
			  0,
			  40,
			  (uint8_t)(id >> 8),
			  (uint8_t)id,
			  0,
			  0,
			  60,
			  6,
			  0,
			  0,
			  10,
			  0,
			  0,
			  5,
			  175,
			  45,
			  176,
			  20,
			  (uint8_t)(sport >> 8),
			  (uint8_t)sport,
			  0,
			  22,
			  (uint8_t)(seq >> 24),
			  (uint8_t)(seq >> 16),
			  (uint8_t)(seq >> 8),
			  (uint8_t)seq };
	struct segment s = { .src = ip("219.158.3.1"),
			     .dst = ip(OWN),
			     .proto = PROTO_ICMP,
			     .icmp_type = 3,
			     .icmp_code = (uint8_t)code,
			     .payload = q,
			     .payload_len = sizeof(q),
			     .payload_caplen = sizeof(q) };

	play(b, &s, sec);
}

static void quotes(void **state)
{
	struct bench *b = start();
	struct passive_report *p;
	uint16_t id;
	(void)state;

	shake(b, 0, 4000);
	tcp(b, 400, OWN, FAR, 4000, 22, TCP_ACK | TCP_PSH, 101, 10, 64);
	id = b->ip_id;
	unreachable(b, 401, id, 4000, 101, 1);
	unreachable(b, 402, (uint16_t)(id + 9), 4000, 101, 1); /* never sent */
	unreachable(b, 403, id, 4077, 101, 1);	       /* another port */
	unreachable(b, 404, id, 4000, 0x70000000u, 1); /* far sequence */
	unreachable(b, 405, id, 4000, 101, 3);	       /* a port: no sign */
	unreachable(b, 550, id, 4000, 101, 1);	       /* stale */
	p = stop(b);
	assert_int_equal(p->group[0].bin[1].unreachable, 1);
	assert_int_equal(p->group[0].bin[1].unreachable_bad, 4);
	assert_int_equal(p->group[0].bin[1].received, 0);
	assert_true(p->group[0].has_router);
	passive_report_free(p);
}

/* A host that never answered is not asked in vain: a scan is no silence. */
static void never_heard(void **state)
{
	struct bench *b = start();
	struct passive_report *p;
	(void)state;

	shake(b, 0, 4000);
	for (int i = 0; i < 9; i++)
		tcp(b, 650 + i, OWN, "175.45.176.77", 5000, 22, TCP_SYN, 1, 0,
		    64);
	p = stop(b);
	assert_int_equal(p->in.ngroups, 1);
	assert_int_equal(p->group[0].bin[2].sent, 9);
	assert_int_equal(p->group[0].bin[2].unanswered, 0);
	passive_report_free(p);
}

/* Days of capture: bins double, nothing is lost. */
static void long_capture(void **state)
{
	struct bench *b = start();
	struct passive_report *p;
	uint64_t all = 0;
	(void)state;

	shake(b, 0, 4000);
	for (int i = 1; i <= 600; i++)
		tcp(b, i * 600, FAR, OWN, 22, 4000, TCP_ACK, 901, 0, 50);
	p = stop(b);
	assert_int_equal(p->in.bin_sec, 1200);
	assert_true(p->in.nbins <= 512);
	for (uint32_t i = 0; i < p->in.nbins; i++)
		all += p->group[0].bin[i].received;
	assert_int_equal(all, 601);
	passive_report_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(silent_death), cmocka_unit_test(foreign_reset),
		cmocka_unit_test(quotes),	cmocka_unit_test(never_heard),
		cmocka_unit_test(long_capture),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
