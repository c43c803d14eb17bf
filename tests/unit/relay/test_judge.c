/*
 * test_judge.c - from the logs of two connections to a result and its decoys:
 * a relay, two people, one connection seen twice, short captures.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "relay/judge.h"

#define MS     INT64_C(1000000)
#define CONNS  64
#define POOL   ((size_t)1 << 20)
#define ORIGIN 1 /* > HOST > TARGET */
#define HOST   2
#define TARGET 3

struct world {
	struct conn_table *conns;
	struct burst_table *bursts;
	struct relay_index *index;
	struct judge *judge;
	struct candidate found;
	size_t n_found;
	uint32_t seq[2][2]; /* leg, direction */
};

static struct addr host(uint8_t n)
{
	return addr_v4((const uint8_t[4]){ 192, 0, 2, n });
}

static void on_candidate(void *arg, const struct candidate *c)
{
	struct world *w = arg;

	w->found = *c;
	w->n_found++;
}

static void stop(struct world *w)
{
	judge_free(w->judge);
	relay_index_free(w->index);
	burst_table_free(w->bursts);
	conn_table_free(w->conns);
}

/* One segment of leg 0 (ORIGIN > HOST) or 1 (HOST > TARGET). */
static void send(struct world *w, int64_t ns, int leg, int dir, uint8_t flags,
		 uint32_t len)
{
	struct segment s = {
		.src = host((uint8_t)(ORIGIN + leg + dir)),
		.dst = host((uint8_t)(ORIGIN + leg + !dir)),
		.sport = dir == 0 ? 40000 : 22,
		.dport = dir == 0 ? 22 : 40000,
		.ts = { 5000 * MS + ns },
		.proto = PROTO_TCP,
		.outcome = SEG_OK,
		.tcp_flags = flags,
		.seq = w->seq[leg][dir],
		.payload_len = len,
		.wscale = 255,
		.hash = (uint32_t)leg + 1,
	};
	struct conn_event ev;

	assert_int_equal(conn_update(w->conns, &s, 1, &ev), 1);
	assert_int_not_equal(ev.slot, CONN_NONE);
	w->seq[leg][dir] += len + ((flags & TCP_SYN) != 0);
	if (ev.flags & EV_NEW)
		relay_index_open(w->index, ev.slot,
				 conn_get(w->conns, ev.slot));
	burst_update(w->bursts, &ev);
	if (burst_count(w->bursts, ev.slot) >= PAIR_MIN_BURSTS)
		relay_index_activate(w->index, ev.slot);
}

/* isn: of both directions; two legs with equal ones are one connection. */
static void open_leg(struct world *w, int leg, uint32_t isn)
{
	w->seq[leg][0] = isn;
	w->seq[leg][1] = isn + 1000000;
	send(w, leg * MS, leg, 0, TCP_SYN, 0);
	send(w, leg * MS + MS / 10, leg, 1, TCP_SYN | TCP_ACK, 0);
}

/* n keystrokes and answers on leg 0, handed on to leg 1 when it is a relay,
 * else leg 1 types on its own. */
static void type(struct world *w, int n, bool relays)
{
	struct num_rng a = { 7 }, b = { 11 };
	int64_t t[2] = { 1000 * MS, 1000 * MS };

	for (int i = 0; i < n; i++) {
		uint32_t there = 20 + (uint32_t)num_rng_below(&a, 700);
		uint32_t back = 20 + (uint32_t)num_rng_below(&a, 900);

		t[0] += (300 + (int64_t)num_rng_below(&a, 2500)) * MS;
		if (relays) {
			t[1] = t[0] + MS / 3;
		} else {
			t[1] += (300 + (int64_t)num_rng_below(&b, 2500)) * MS;
			if (t[1] < t[0] - 2000 * MS)
				t[1] = t[0] - 2000 * MS;
		}
		send(w, t[0], 0, 0, TCP_ACK | TCP_PSH, there);
		send(w, t[1], 1, 0, TCP_ACK | TCP_PSH,
		     relays ? there + 16
			    : 20 + (uint32_t)num_rng_below(&b, 700));
		send(w, t[1] + 30 * MS, 1, 1, TCP_ACK | TCP_PSH,
		     relays ? back + 16
			    : 20 + (uint32_t)num_rng_below(&b, 900));
		send(w, t[0] + 31 * MS, 0, 1, TCP_ACK | TCP_PSH, back);
	}
}

/* Two legs; isn is that of the second, 1000 that of the first. */
static void start(struct world *w, uint32_t isn, int keys, bool relays)
{
	struct err e;

	memset(w, 0, sizeof(*w));
	w->conns = conn_table_new(CONNS, NULL, NULL, &e);
	w->bursts = burst_table_new(CONNS, POOL, &e);
	w->index = relay_index_new(CONNS, CONNS, on_candidate, w, &e);
	w->judge = judge_new(1, &e);
	assert_true(w->conns && w->bursts && w->index && w->judge);
	open_leg(w, 0, 1000);
	open_leg(w, 1, isn);
	type(w, keys, relays);
}

static bool judge(struct world *w, struct pair_result *r)
{
	relay_index_each(w->index, on_candidate, w);
	assert_int_equal(w->n_found, 1);
	w->n_found = 0;
	return judge_candidate(w->judge, &w->found, w->conns, w->bursts,
			       w->index, r);
}

static void test_relay(void **state)
{
	const struct judge_stats *s;
	struct pair_result r, again;
	struct world w;

	(void)state;
	start(&w, 77777, 120, true);
	assert_true(judge(&w, &r));
	assert_true(r.weakest > 4 * MICROBANS_PER_BAN);
	assert_in_range(r.lag_median_us, 300, 400);
	assert_false(r.reversed);
	s = judge_stats(w.judge);
	assert_int_equal(s->judged, 1);
	assert_int_equal(s->decoys, 2); /* moved forth and back */
	for (int i = 0; i < 3; i++)
		assert_int_equal(s->decoys_above[i], 0);
	assert_int_equal(judge_decoys_at(w.judge, MICROBANS_PER_BAN), 0);
	/* the result is a function of the bursts, whatever came before */
	assert_true(judge(&w, &again));
	assert_memory_equal(&again, &r, sizeof(r));
	assert_int_equal(judge_stats(w.judge)->judged, 2);
	stop(&w);
}

static void test_two_people(void **state)
{
	struct pair_result r;
	struct world w;

	(void)state;
	start(&w, 77777, 120, false);
	assert_true(judge(&w, &r));
	assert_true(r.weakest < 2 * MICROBANS_PER_BAN);
	stop(&w);
}

/* Equal initial sequence numbers on both sides of a router: not a pair. */
static void test_seen_twice(void **state)
{
	struct pair_result r;
	struct world w;

	(void)state;
	start(&w, 1000, 120, true);
	assert_false(judge(&w, &r));
	assert_int_equal(judge_stats(w.judge)->judged, 0);
	assert_int_equal(judge_stats(w.judge)->decoys, 0);
	stop(&w);
}

/* Too short for any decoy: judged all the same, and no decoy is counted. */
static void test_short(void **state)
{
	struct pair_result r;
	struct world w;

	(void)state;
	start(&w, 77777, 15, true);
	assert_true(judge(&w, &r));
	assert_true(r.end_us - r.start_us < 50 * 1000000);
	assert_int_equal(judge_stats(w.judge)->judged, 1);
	assert_int_equal(judge_stats(w.judge)->decoys, 0);
	stop(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_relay),
		cmocka_unit_test(test_two_people),
		cmocka_unit_test(test_seen_twice),
		cmocka_unit_test(test_short),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
