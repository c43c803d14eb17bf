/* test_conn.c - sequence numbers, reuse, eviction, duplicates, samples. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <string.h>

#include <cmocka.h>

#include "base/num.h"
#include "conn/conn.h"

#define MS INT64_C(1000000)

struct fixture {
	struct conn_table *t;
	uint32_t released[16];
	size_t n_released;
	uint8_t flags; /* of the connection released last */
};

static struct addr host(uint8_t n)
{
	return addr_v4((const uint8_t[4]){ 192, 0, 2, n });
}

/* From host a, port pa to host b, port pb at ms milliseconds. */
static struct segment seg(int64_t ms, uint8_t a, uint16_t pa, uint8_t b,
			  uint16_t pb)
{
	return (struct segment){
		.src = host(a),
		.dst = host(b),
		.sport = pa,
		.dport = pb,
		.ts = { 1000000 * MS + ms * MS },
		.proto = PROTO_TCP,
		.outcome = SEG_OK,
		.tcp_flags = TCP_ACK,
		.wscale = 255,
		.hash = (uint32_t)(a + b + pa + pb),
	};
}

/* Client (dir 0) or server of one connection. */
static struct segment tcp(int64_t ms, int dir, uint8_t flags, uint32_t seq,
			  uint32_t len)
{
	struct segment s =
		dir == 0 ? seg(ms, 1, 40000, 2, 22) : seg(ms, 2, 22, 1, 40000);

	s.tcp_flags = flags;
	s.seq = seq;
	s.payload_len = len;
	return s;
}

static struct conn_event give(struct fixture *f, struct segment s)
{
	struct conn_event ev;

	assert_int_equal(conn_update(f->t, &s, 1, &ev), 1);
	return ev;
}

static void on_release(void *arg, uint32_t slot)
{
	struct fixture *f = arg;

	assert_true(f->n_released < 16);
	f->released[f->n_released++] = conn_get(f->t, slot)->id;
	f->flags = conn_get(f->t, slot)->flags;
}

static void start(struct fixture *f, uint32_t max)
{
	struct err e;

	memset(f, 0, sizeof(*f));
	f->t = conn_table_new(max, on_release, f, &e);
	assert_non_null(f->t);
}

static void handshake(struct fixture *f, uint32_t seq0, uint32_t seq1)
{
	struct conn_event ev = give(f, tcp(0, 0, TCP_SYN, seq0, 0));
	struct segment s = tcp(1, 1, TCP_SYN | TCP_ACK, seq1, 0);

	assert_int_equal(ev.flags, EV_NEW | EV_OPEN);
	assert_int_equal(ev.dir, 0);
	s.ack = seq0 + 1;
	ev = give(f, s);
	assert_int_equal(ev.flags, EV_OPEN | EV_RTT);
	assert_int_equal(ev.dir, 1);
}

static void test_new_payload(void **state)
{
	struct fixture f;
	struct conn_event ev;
	const struct conn *c;

	(void)state;
	start(&f, 8);
	handshake(&f, 1000, 5000);
	ev = give(&f, tcp(2, 0, TCP_ACK, 1001, 10));
	assert_int_equal(ev.flags, EV_DATA);
	assert_int_equal(ev.new_bytes, 10);
	ev = give(&f, tcp(3, 0, TCP_ACK, 1001, 10)); /* again */
	assert_int_equal(ev.flags, EV_RETRANSMIT);
	assert_int_equal(ev.new_bytes, 0);
	ev = give(&f, tcp(4, 0, TCP_ACK, 1006, 10)); /* half of it new */
	assert_int_equal(ev.flags, EV_DATA);
	assert_int_equal(ev.new_bytes, 5);
	ev = give(&f, tcp(5, 0, TCP_ACK, 1015, 1)); /* keep-alive with byte */
	assert_int_equal(ev.flags, EV_RETRANSMIT);
	ev = give(&f, tcp(6, 0, TCP_ACK, 1015, 0)); /* and without */
	assert_int_equal(ev.flags, EV_ACK);
	ev = give(&f, tcp(7, 0, TCP_ACK, 1116, 7)); /* 100 bytes missing */
	assert_int_equal(ev.flags, EV_DATA | EV_GAP);
	assert_int_equal(ev.new_bytes, 7);
	ev = give(&f, tcp(8, 0, TCP_ACK, 1016, 100)); /* the hole, late */
	assert_int_equal(ev.flags, EV_RETRANSMIT);
	c = conn_get(f.t, ev.slot);
	assert_int_equal(conn_bytes(f.t, ev.slot, 0), 22);
	assert_int_equal(c->side[0].data_packets, 3);
	assert_int_equal(conn_bytes(f.t, ev.slot, 1), 0);
	assert_int_equal(conn_get_cold(f.t, ev.slot)->gaps[0], 1);
	assert_int_equal(conn_get_cold(f.t, ev.slot)->retransmitted[0], 3);
	assert_int_equal(conn_table_stats(f.t)->retransmitted, 3);
	conn_table_free(f.t);
}

static void test_wrap_around(void **state)
{
	struct fixture f;
	struct conn_event ev;

	(void)state;
	start(&f, 8);
	handshake(&f, UINT32_C(0xfffffff0), 7);
	ev = give(&f, tcp(2, 0, TCP_ACK, UINT32_C(0xfffffff1), 40));
	assert_int_equal(ev.flags, EV_DATA);
	assert_int_equal(ev.new_bytes, 40);
	ev = give(&f, tcp(3, 0, TCP_ACK, 25, 5));
	assert_int_equal(ev.flags, EV_DATA);
	assert_int_equal(ev.new_bytes, 5);
	ev = give(&f, tcp(4, 0, TCP_ACK, UINT32_C(0xfffffff1), 40));
	assert_int_equal(ev.flags, EV_RETRANSMIT);
	conn_table_free(f.t);
}

static void test_who_opened(void **state)
{
	struct fixture f;
	struct conn_event ev;
	struct segment s;

	(void)state;
	start(&f, 8);
	/* the SYN-ACK comes first: its receiver opened */
	ev = give(&f, tcp(0, 1, TCP_SYN | TCP_ACK, 5000, 0));
	assert_int_equal(ev.dir, 1);
	assert_true(conn_get(f.t, ev.slot)->flags & CONN_SWAPPED);
	assert_int_equal(conn_get(f.t, ev.slot)->dport, 22);
	/* in the middle: the lower well-known port is the server */
	ev = give(&f, seg(1, 4, 80, 3, 50000));
	assert_int_equal(ev.dir, 1);
	assert_int_equal(conn_get(f.t, ev.slot)->dport, 80);
	/* two high UDP ports: who speaks first */
	s = seg(2, 5, 60001, 6, 46657);
	s.proto = PROTO_UDP;
	s.payload_len = 5;
	ev = give(&f, s);
	assert_int_equal(ev.dir, 0);
	assert_int_equal(ev.flags, EV_NEW | EV_DATA);
	conn_table_free(f.t);
}

static void test_port_reuse(void **state)
{
	struct segment s[2];
	struct conn_event ev[2];
	struct fixture f;

	(void)state;
	start(&f, 8);
	handshake(&f, 1000, 5000);
	give(&f, tcp(2, 0, TCP_ACK, 1001, 10));
	s[0] = tcp(3, 1, TCP_RST, 5001, 0);
	s[1] = tcp(100, 0, TCP_SYN, 90000, 0);
	/* the slot changes hands: the first event can be used before */
	assert_int_equal(conn_update(f.t, s, 2, ev), 1);
	assert_int_equal(ev[0].flags, EV_CLOSE);
	assert_int_equal(f.n_released, 0);
	assert_int_equal(conn_update(f.t, s + 1, 1, ev), 1);
	assert_int_equal(ev[0].flags, EV_NEW | EV_OPEN);
	assert_int_equal(f.n_released, 1);
	assert_int_equal(f.released[0], 1);
	assert_int_equal(conn_get(f.t, ev[0].slot)->id, 2);
	assert_int_equal(conn_bytes(f.t, ev[0].slot, 0), 0);
	/* the same SYN again opens nothing */
	assert_int_equal(give(&f, tcp(101, 0, TCP_SYN, 90000, 0)).flags,
			 EV_OPEN);
	assert_int_equal(conn_table_stats(f.t)->opened, 2);
	conn_table_free(f.t);
}

static void test_closed_linger(void **state)
{
	struct fixture f;

	(void)state;
	start(&f, 8);
	handshake(&f, 1000, 5000);
	give(&f, tcp(2, 0, TCP_FIN | TCP_ACK, 1001, 0));
	conn_expire(f.t, (struct tstamp){ 1000000 * MS + 60000 * MS },
		    CONN_EXPIRE_MAX);
	assert_int_equal(f.n_released, 0); /* half closed only */
	give(&f, tcp(60001, 1, TCP_FIN | TCP_ACK, 5001, 0));
	conn_expire(f.t, (struct tstamp){ 1000000 * MS + 61000 * MS },
		    CONN_EXPIRE_MAX);
	assert_int_equal(f.n_released, 0); /* stray segments may come */
	conn_expire(f.t, (struct tstamp){ 1000000 * MS + 70000 * MS },
		    CONN_EXPIRE_MAX);
	assert_int_equal(f.n_released, 1);
	assert_true(f.flags & CONN_FIN_SRC && f.flags & CONN_FIN_DST);
	conn_table_free(f.t);
}

static void test_icmp_udp(void **state)
{
	struct fixture f;
	struct segment s;
	struct conn_event ev;
	uint32_t slot;

	(void)state;
	start(&f, 8);
	s = seg(0, 1, 0, 2, 0);
	s.proto = PROTO_ICMP;
	s.icmp_type = 8;
	s.icmp_id = 77;
	s.payload_len = 56;
	ev = give(&f, s);
	slot = ev.slot;
	assert_int_equal(ev.flags, EV_NEW | EV_DATA);
	s = seg(1, 2, 0, 1, 0);
	s.proto = PROTO_ICMP;
	s.icmp_id = 77;
	s.payload_len = 56;
	ev = give(&f, s);
	assert_int_equal(ev.slot, slot);
	assert_int_equal(ev.dir, 1);
	s.icmp_id = 78; /* another ping */
	assert_true(give(&f, s).slot != slot);
	/* UDP: the same ports after five minutes are another flow */
	s = seg(0, 5, 5000, 6, 6000);
	s.proto = PROTO_UDP;
	s.payload_len = 9;
	slot = conn_get(f.t, give(&f, s).slot)->id;
	s.ts.ns += 299000 * MS;
	assert_int_equal(conn_get(f.t, give(&f, s).slot)->id, slot);
	s.ts.ns += 301000 * MS;
	assert_int_equal(conn_get(f.t, give(&f, s).slot)->id, slot + 1);
	conn_table_free(f.t);
}

static void test_eviction(void **state)
{
	struct segment s[2];
	struct conn_event ev[2];
	struct fixture f;

	(void)state;
	start(&f, 2);
	give(&f, seg(0, 1, 1001, 2, 22));
	give(&f, seg(1, 1, 1002, 2, 22));
	give(&f, seg(2, 1, 1001, 2, 22)); /* 1002 is idle for longer */
	s[0] = seg(3, 1, 1001, 2, 22);
	s[1] = seg(4, 1, 1003, 2, 22);
	assert_int_equal(conn_update(f.t, s, 2, ev), 1);
	assert_int_equal(f.n_released, 0);
	assert_int_equal(conn_update(f.t, s + 1, 1, ev), 1);
	assert_int_equal(f.n_released, 1);
	assert_int_equal(f.released[0], 2);
	assert_true(f.flags & CONN_EVICTED);
	assert_int_equal(conn_table_stats(f.t)->evicted, 1);
	assert_int_equal(conn_table_stats(f.t)->peak, 2);
	conn_flush(f.t);
	assert_int_equal(f.n_released, 3);
	assert_int_equal(f.released[1], 1); /* in order of id */
	assert_int_equal(f.released[2], 3);
	conn_table_free(f.t);
}

static void test_duplicates(void **state)
{
	struct fixture f;
	struct segment s;

	(void)state;
	start(&f, 8);
	handshake(&f, 1000, 5000);
	s = tcp(10, 0, TCP_ACK, 1001, 10);
	s.ip_id = 321;
	assert_int_equal(give(&f, s).flags, EV_DATA);
	s.ts.ns += MS / 2; /* mirrored: the same packet 0.5 ms later */
	assert_int_equal(give(&f, s).flags, 0);
	assert_int_equal(conn_table_stats(f.t)->duplicates, 1);
	assert_int_equal(conn_table_stats(f.t)->retransmitted, 0);
	s.ip_id = 322; /* sent again */
	assert_int_equal(give(&f, s).flags, EV_RETRANSMIT);
	conn_table_free(f.t);
}

static void test_rtt(void **state)
{
	struct fixture f;
	struct conn_event ev;
	struct segment s;

	(void)state;
	start(&f, 8);
	handshake(&f, 1000, 5000);
	s = tcp(2, 0, TCP_ACK, 1001, 0);
	s.ack = 5001;
	give(&f, s);
	give(&f, tcp(10, 0, TCP_ACK, 1001, 10));
	s = tcp(25, 1, TCP_ACK, 5001, 0);
	s.ack = 1005; /* not all of it */
	assert_int_equal(give(&f, s).flags, EV_ACK);
	s = tcp(30, 1, TCP_ACK, 5001, 0);
	s.ack = 1011;
	ev = give(&f, s);
	assert_int_equal(ev.flags, EV_ACK | EV_RTT);
	assert_true(ev.rtt_ns >= 20 * MS - 2000 && ev.rtt_ns <= 20 * MS + 2000);
	/* sent twice: whose acknowledgement it is nobody knows (Karn) */
	give(&f, tcp(40, 0, TCP_ACK, 1011, 10));
	give(&f, tcp(50, 0, TCP_ACK, 1011, 10));
	s = tcp(55, 1, TCP_ACK, 5001, 0);
	s.ack = 1021;
	assert_int_equal(give(&f, s).flags, EV_ACK);
	conn_table_free(f.t);
}

static void test_what_gives_no_event(void **state)
{
	struct segment s[3];
	struct conn_event ev[3];
	struct fixture f;

	(void)state;
	start(&f, 8);
	s[0] = tcp(0, 0, TCP_SYN, 1, 0);
	s[0].outcome = SEG_TRUNCATED;
	s[1] = tcp(0, 0, TCP_SYN, 1, 0);
	s[1].ts = TSTAMP_NONE;
	s[2] = tcp(0, 0, TCP_SYN, 1, 0);
	assert_int_equal(conn_update(f.t, s, 3, ev), 3);
	assert_int_equal(ev[0].slot, CONN_NONE);
	assert_int_equal(ev[1].slot, CONN_NONE);
	assert_int_equal(ev[2].flags, EV_NEW | EV_OPEN);
	assert_int_equal(conn_table_stats(f.t)->no_time, 1);
	conn_table_free(f.t);
}

static void test_seen_twice(void **state)
{
	struct fixture f;
	struct segment s;
	uint32_t a, b, c;
	bool crossed;

	(void)state;
	start(&f, 8);
	handshake(&f, 1000, 5000);
	a = give(&f, tcp(2, 0, TCP_ACK, 1001, 10)).slot;
	/* behind a NAT: other addresses, the same numbers */
	s = seg(0, 9, 61000, 2, 22);
	s.tcp_flags = TCP_SYN;
	s.seq = 1000;
	b = give(&f, s).slot;
	s = seg(1, 2, 22, 9, 61000);
	s.tcp_flags = TCP_SYN | TCP_ACK;
	s.seq = 5000;
	give(&f, s);
	/* a relay's outer leg: numbers of its own */
	s = seg(0, 2, 61001, 3, 22);
	s.tcp_flags = TCP_SYN;
	s.seq = 424242;
	c = give(&f, s).slot;
	assert_true(conn_same(f.t, a, b, &crossed));
	assert_false(crossed);
	assert_false(conn_same(f.t, a, c, &crossed));
	assert_false(conn_same(f.t, b, c, &crossed));
	conn_table_free(f.t);
}

static void test_limits(void **state)
{
	struct err e;

	(void)state;
	assert_null(conn_table_new(0, NULL, NULL, &e));
	assert_int_equal(e.code, ERR_USAGE);
	assert_null(conn_table_new((UINT32_C(1) << 26) + 1, NULL, NULL, &e));
	conn_table_free(NULL);
}

/* Many connections that share hash values: every one is found again, also
 * after others have left. */
static void test_collisions(void **state)
{
	struct fixture f;
	uint32_t id[12];

	(void)state;
	start(&f, 64);
	for (uint16_t i = 0; i < 12; i++) {
		struct segment s = seg(i, 1, 1000, 2, (uint16_t)(2000 + i));

		s.hash = 5;
		id[i] = conn_get(f.t, give(&f, s).slot)->id;
		if (i % 3 == 0) {
			s.tcp_flags = TCP_RST;
			give(&f, s);
		}
	}
	conn_expire(f.t, (struct tstamp){ 1000000 * MS + 6000 * MS },
		    CONN_EXPIRE_MAX);
	assert_int_equal(f.n_released, 4);
	for (uint16_t i = 0; i < 12; i++) {
		struct segment s = seg(7000, 1, 1000, 2, (uint16_t)(2000 + i));
		struct conn_event ev;

		if (i % 3 == 0)
			continue;
		s.hash = 5;
		ev = give(&f, s);
		assert_int_equal(ev.flags & EV_NEW, 0);
		assert_int_equal(conn_get(f.t, ev.slot)->id, id[i]);
	}
	conn_table_free(f.t);
}

/* A segment of one of 40 connections: mostly what follows, sometimes again,
 * sometimes after a hole, with any flags. */
static struct segment any_segment(struct num_rng *r, int64_t ms,
				  uint32_t next[40][2])
{
	static const uint8_t odd[] = { TCP_SYN,		  TCP_SYN | TCP_ACK,
				       TCP_FIN | TCP_ACK, TCP_RST,
				       TCP_PSH,		  0 };
	uint32_t k = (uint32_t)num_rng_below(r, 40);
	int dir = (int)num_rng_below(r, 2);
	struct segment s = dir == 0 ? seg(ms, 1, (uint16_t)(40000 + k), 2, 22)
				    : seg(ms, 2, 22, 1, (uint16_t)(40000 + k));
	uint32_t *seq = &next[k][dir];

	s.ts.ns += (int64_t)num_rng_below(r, 3) * MS;
	s.file = num_rng_below(r, 2000) == 0;
	s.hash = k < 8 ? 7 : k * 0x9e3779b9u; /* some with equal hashes */
	s.ip_id = (uint16_t)num_rng_below(r, 4);
	s.is_v6 = num_rng_below(r, 8) == 0;
	if (num_rng_below(r, 300) == 0)
		s.proto = PROTO_UDP;
	if (num_rng_below(r, 30) == 0)
		s.tcp_flags = odd[num_rng_below(r, sizeof(odd))];
	if (num_rng_below(r, 60) == 0)
		s.outcome = SEG_OTHER;
	if (num_rng_below(r, 60) == 0)
		s.ts = TSTAMP_NONE;
	if (num_rng_below(r, 2) == 0)
		s.payload_len = (uint32_t)num_rng_below(r, 1500);
	if (num_rng_below(r, 500) == 0)
		s.payload_len = UINT32_MAX - (uint32_t)num_rng_below(r, 9);
	s.seq = *seq;
	if (num_rng_below(r, 10) == 0)
		s.seq += (uint32_t)num_rng_below(r, 4000) - 2000;
	else if (s.payload_len < 2000)
		*seq += s.payload_len;
	s.ack = next[k][!dir] - (uint32_t)(num_rng_below(r, 4) == 0) * 100;
	return s;
}

/* Field by field: padding says nothing. */
static void assert_same_event(const struct conn_event *x,
			      const struct conn_event *y)
{
	assert_int_equal(x->ts.ns, y->ts.ns);
	assert_int_equal(x->rtt_ns, y->rtt_ns);
	assert_int_equal(x->slot, y->slot);
	assert_int_equal(x->new_bytes, y->new_bytes);
	assert_int_equal(x->dir, y->dir);
	assert_int_equal(x->flags, y->flags);
}

static void assert_same_conn(const struct conn *x, const struct conn *y)
{
	assert_memory_equal(x, y, offsetof(struct conn, side));
	for (int d = 0; d < 2; d++) {
		const struct conn_side *a = &x->side[d], *b = &y->side[d];

		assert_memory_equal(a, b,
				    offsetof(struct conn_side, last_ip_id));
		assert_int_equal(a->last_ip_id, b->last_ip_id);
		assert_int_equal(a->seen, b->seen);
	}
}

/* The short cut says what the long way says, whatever comes. */
static void test_short_cut(void **state)
{
	struct conn_table *a = conn_table_new(30, NULL, NULL, NULL);
	struct conn_table *b = conn_table_new(30, NULL, NULL, NULL);
	uint32_t next[40][2] = { { 0 } };
	struct num_rng r = { 11 };
	struct conn_event x[100], y[100];
	struct segment s[100];
	size_t n, k;

	(void)state;
	for (int batch = 0; batch < 3000; batch++) {
		n = 1 + (size_t)num_rng_below(&r, 100);
		for (size_t i = 0; i < n; i++)
			s[i] = any_segment(&r, batch * 20, next);
		for (size_t at = 0; at < n; at += k) {
			k = conn_update(a, s + at, n - at, x);
			assert_int_equal(
				conn_update_plain(b, s + at, n - at, y), k);
			assert_true(k > 0);
			for (size_t i = 0; i < k; i++)
				assert_same_event(&x[i], &y[i]);
		}
		conn_expire(a, s[n - 1].ts, CONN_EXPIRE_MAX);
		conn_expire(b, s[n - 1].ts, CONN_EXPIRE_MAX);
	}
	assert_memory_equal(conn_table_stats(a), conn_table_stats(b),
			    sizeof(struct conn_stats));
	assert_true(conn_table_stats(a)->evicted > 0);
	for (uint32_t i = 0; i < conn_slots(a); i++) {
		assert_same_conn(conn_get(a, i), conn_get(b, i));
		assert_memory_equal(conn_get_cold(a, i), conn_get_cold(b, i),
				    sizeof(struct conn_cold));
	}
	conn_table_free(a);
	conn_table_free(b);
}

/* Moments come with the packets' time, wherever batches end. */
static void test_pace(void **state)
{
	struct segment s[64] = { 0 };
	int64_t at[2][64];
	size_t n[2] = { 0, 0 };

	(void)state;
	for (int i = 0; i < 64; i++)
		s[i].ts.ns = 1000000 * MS + i * 40 * MS;
	s[20].ts = TSTAMP_NONE;
	s[30].ts.ns = 0; /* back in time: no moment */
	for (size_t way = 0; way < 2; way++) {
		struct conn_pace p = { 0, 0 };

		for (size_t from = 0; from < 64;) {
			size_t room = way == 0 || from % 7 == 0 ? 64 : 7;
			size_t end = from + room - from % 7 * way;

			end = end > 64 ? 64 : end;
			while (from < end) {
				size_t k = conn_pace(&p, s + from, end - from);

				assert_true(p.allowed <= CONN_EXPIRE_MAX);
				assert_true(k <= end - from);
				if (k == 0)
					at[way][n[way]++] = s[from].ts.ns;
				from += k;
			}
		}
	}
	assert_true(n[0] >= 18 && n[0] <= 21); /* 2.5 s of 134 ms */
	assert_int_equal(n[0], n[1]);
	assert_memory_equal(at[0], at[1], n[0] * sizeof(at[0][0]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_new_payload),
		cmocka_unit_test(test_wrap_around),
		cmocka_unit_test(test_who_opened),
		cmocka_unit_test(test_port_reuse),
		cmocka_unit_test(test_closed_linger),
		cmocka_unit_test(test_icmp_udp),
		cmocka_unit_test(test_eviction),
		cmocka_unit_test(test_duplicates),
		cmocka_unit_test(test_rtt),
		cmocka_unit_test(test_what_gives_no_event),
		cmocka_unit_test(test_seen_twice),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_collisions),
		cmocka_unit_test(test_short_cut),
		cmocka_unit_test(test_pace),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
