/*
 * test_pair.c - pairs whose truth is known: relays are found, and what each
 * rival stands for is not.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <string.h>

#include <cmocka.h>

#include "synth.h"

#define MINUTE	INT64_C(60000000)
#define ENOUGH	(6 * MICROBANS_PER_BAN)
#define NOTHING (2 * MICROBANS_PER_BAN)

static struct synth a_in, a_out, b_in, b_out, other;
static struct pair_work *work;

static int setup(void **state)
{
	struct err e;

	(void)state;
	work = pair_work_new(SYNTH_MAX, &e);
	return work == NULL;
}

static int teardown(void **state)
{
	(void)state;
	pair_work_free(work);
	return 0;
}

static struct pair_input input(void)
{
	struct pair_input in = { .n_others = 0 };

	in.leg[0].in = synth_stream(&a_in);
	in.leg[0].out = synth_stream(&a_out);
	in.leg[1].in = synth_stream(&b_in);
	in.leg[1].out = synth_stream(&b_out);
	return in;
}

/* Leg 0 is relayed into leg 1 and its answers come back. */
static void make_relay(uint64_t seed, int64_t lag_us, uint64_t jitter_us,
		       uint32_t extra)
{
	synth_leg(&a_in, &b_in, seed, 3 * MINUTE, 40000);
	synth_copy(&b_out, &a_in, lag_us, jitter_us, extra);
	/* the far side answers what reached it */
	for (size_t i = 0; i < b_in.n; i++)
		b_in.us[i] += lag_us + (int64_t)jitter_us;
	synth_copy(&a_out, &b_in, lag_us, jitter_us, extra);
}

static void test_relay_found(void **state)
{
	static const struct {
		int64_t lag_us;
		uint64_t jitter_us;
		uint32_t extra;
	} how[] = {
		{ 60, 100, 0 },	       /* a byte relay */
		{ 300, 2000, 0 },      /* ssh to ssh */
		{ 300, 2000, 32 },     /* constant overhead */
		{ 20000, 30000, 0 },   /* slow host */
		{ 200000, 100000, 0 }, /* delayed */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(how) / sizeof(how[0]); i++) {
		struct pair_result r;
		struct pair_input in;
		int64_t when;

		make_relay(7 + i, how[i].lag_us, how[i].jitter_us,
			   how[i].extra);
		in = input();
		pair_test(work, &in, &r);
		assert_true(r.weakest >= ENOUGH);
		assert_false(r.hopeless);
		assert_false(r.forwards_packets);
		assert_true(pair_decided(&r, ENOUGH, &when));
		assert_true(when >= r.start_us && when <= r.end_us);
		assert_true(r.onsets > 50 && r.answered <= r.onsets);
		assert_true(r.lag_median_us >= how[i].lag_us);
		assert_true(r.lag_p95_us >= r.lag_median_us);
		for (int v = 0; v < PAIR_RIVALS; v++)
			assert_true(r.log10_e[v] >= r.weakest);
	}
}

static void test_deterministic(void **state)
{
	static struct pair_result r[2];
	struct pair_work *fresh;
	struct pair_input in;
	struct err e;

	(void)state;
	make_relay(3, 300, 2000, 0);
	in = input();
	pair_test(work, &in, &r[0]);
	/* another pair in between, then new scratch space */
	in.shift_us = 45 * 1000000;
	pair_test(work, &in, &r[1]);
	assert_true(r[1].weakest < r[0].weakest);
	in.shift_us = 0;
	pair_test(work, &in, &r[1]);
	assert_memory_equal(&r[0], &r[1], sizeof(r[0]));
	fresh = pair_work_new(SYNTH_MAX, &e);
	assert_non_null(fresh);
	pair_test(fresh, &in, &r[1]);
	assert_memory_equal(&r[0], &r[1], sizeof(r[0]));
	pair_work_free(fresh);
}

static void test_decoy_is_nothing(void **state)
{
	(void)state;
	make_relay(5, 300, 2000, 0);
	for (int64_t s = 31; s < 100; s += 13) {
		struct pair_input in = input();
		struct pair_result r;

		in.shift_us = s * 1000000;
		pair_test(work, &in, &r);
		assert_true(r.weakest < NOTHING);
		in.shift_us = -s * 1000000;
		pair_test(work, &in, &r);
		assert_true(r.weakest < NOTHING);
	}
}

static void assert_nothing(const struct pair_input *in)
{
	struct pair_result r;

	pair_test(work, in, &r);
	assert_true(r.weakest < NOTHING);
}

static void test_two_people(void **state)
{
	struct pair_input in;

	(void)state;
	for (uint64_t s = 0; s < 20; s++) {
		synth_leg(&a_in, &a_out, 1000 + s, 3 * MINUTE, 3000);
		synth_leg(&b_out, &b_in, 2000 + s, 3 * MINUTE, 30000);
		in = input();
		assert_nothing(&in);
	}
}

static void timer(struct synth *ask, struct synth *answer, uint64_t seed,
		  int64_t period_us, uint64_t jitter_us)
{
	struct num_rng r = { seed };
	int64_t phase = (int64_t)num_rng_below(&r, (uint64_t)period_us);

	ask->n = answer->n = 0;
	for (int64_t t = phase; t < 5 * MINUTE; t += period_us) {
		int64_t us = t + (int64_t)num_rng_below(&r, jitter_us);

		synth_add(ask, us, synth_size(&r));
		synth_add(answer, us + 5000, synth_size(&r));
	}
}

/* Timers: equal periods keep their order for ever. */
static void test_two_timers(void **state)
{
	static const int64_t period[] = { 1000000, 2000000, 10000000 };
	struct pair_input in;

	(void)state;
	for (size_t p = 0; p < 3; p++)
		for (uint64_t s = 0; s < 10; s++) {
			timer(&a_in, &a_out, 10 + s, period[p], 10000);
			timer(&b_out, &b_in, 50 + s, period[p], 10000);
			in = input();
			assert_nothing(&in);
		}
}

/* Common cause: both legs get the same content at the same moments. */
static void test_broadcast(void **state)
{
	struct pair_input in;

	(void)state;
	for (uint64_t s = 0; s < 10; s++) {
		synth_leg(&a_out, &a_in, 300 + s, 3 * MINUTE, 20000);
		synth_copy(&b_out, &a_out, 0, 200, 0);
		synth_copy(&b_in, &a_in, 15000, 9000, 0);
		in = input();
		assert_nothing(&in);
	}
}

/* The host woke up: other flows are as prompt as leg 1, all sizes differ. */
static void test_host_wakes(void **state)
{
	struct pair_input in;
	struct num_rng r = { 8 };
	struct pair_result res;

	(void)state;
	make_relay(11, 1000, 3000, 0);
	synth_copy(&other, &a_in, 500, 3000, 0);
	for (size_t i = 0; i < b_in.n; i++)
		synth_add(&other, b_in.us[i] + 700, 36);
	for (size_t i = 0; i < other.n; i++)
		other.bytes[i] = synth_size(&r);
	for (size_t i = 0; i < b_out.n; i++)
		b_out.bytes[i] = synth_size(&r);
	for (size_t i = 0; i < a_out.n; i++)
		a_out.bytes[i] = synth_size(&r);
	/* leg 0 as well: everybody speaks at every moment */
	for (size_t i = 0, n = a_out.n; i < n; i++)
		synth_add(&b_out, a_out.us[i] + 100, 40);
	a_out = b_out;
	in = input();
	for (int i = 0; i < 3; i++)
		in.others[in.n_others++] = synth_stream(&other);
	in.full = true;
	pair_test(work, &in, &res);
	assert_true(res.log10_e[PAIR_WAKE] < NOTHING);
	assert_true(res.weakest < NOTHING);
}

/* Service dependency: prompted, in order, at once, but other bytes. */
static void test_dependency(void **state)
{
	struct pair_input in;

	(void)state;
	for (uint64_t s = 0; s < 10; s++) {
		struct num_rng r = { 400 + s };

		make_relay(600 + s, 500, 2000, 0);
		for (size_t i = 0; i < b_out.n; i++)
			b_out.bytes[i] = synth_size(&r);
		for (size_t i = 0; i < a_out.n; i++)
			a_out.bytes[i] = synth_size(&r);
		in = input();
		assert_nothing(&in);
	}
}

/* A packet forwarder carries the pure ACKs of one leg as payload. */
static void test_forwarder(void **state)
{
	static int64_t ack[200];
	struct pair_result r;
	struct pair_input in;
	size_t n = 0;

	(void)state;
	make_relay(21, 300, 500, 60);
	/* leg 0's ACKs away from the host arrived as payload on leg 1 */
	for (int64_t t = MINUTE / 7; t < 2 * MINUTE; t += MINUTE / 60) {
		synth_add(&b_in, t, 92);
		ack[n++] = t + 400;
	}
	in = input();
	in.leg[0].ack_us[1] = ack;
	in.leg[0].n_acks[1] = n;
	pair_test(work, &in, &r);
	assert_true(r.forwards_packets);
	assert_true(r.acks_forwarded[1] * 2 > r.acks[1]);
	/* a relay's own ACKs leave without a payload that brought them */
	make_relay(21, 300, 500, 60);
	in = input();
	in.leg[0].ack_us[1] = ack;
	in.leg[0].n_acks[1] = n;
	pair_test(work, &in, &r);
	assert_false(r.forwards_packets);
}

/* A front end: the query has what was asked, without the request's head; the
 * page has the rows, and a template around them. */
static void make_service(int64_t head, int64_t page)
{
	make_relay(31, 900, 2000, 0);
	for (size_t i = 0; i < b_out.n; i++) {
		a_in.bytes[i] += 200;
		b_out.bytes[i] = (uint32_t)((int64_t)a_in.bytes[i] - head);
	}
	for (size_t i = 0; i < a_out.n; i++)
		a_out.bytes[i] = (uint32_t)((int64_t)b_in.bytes[i] + page);
}

static void test_service(void **state)
{
	static const struct {
		int64_t head, page;
		bool serves;
	} how[] = {
		{ 0, 0, false },     /* bytes kept */
		{ 36, 36, false },   /* framing taken off and put on */
		{ -29, -29, false }, /* the other way */
		{ 150, 800, true },
		{ 150, 0, true }, /* one direction is enough */
		{ 0, 800, true },
	};
	struct pair_result r;
	struct pair_input in;

	(void)state;
	for (size_t i = 0; i < sizeof(how) / sizeof(how[0]); i++) {
		make_service(how[i].head, how[i].page);
		in = input();
		pair_test(work, &in, &r);
		assert_true(r.weakest >= ENOUGH);
		assert_int_equal(r.serves, how[i].serves);
		assert_false(r.one_way);
		assert_false(r.broadcasts);
	}
}

/* A web application: asked once, it puts a second question by itself when the
 * answer to the first is there.  Not so where the user asked it, or a user on
 * another connection: only what nobody asked for counts. */
static void test_asks_on(void **state)
{
	struct pair_result r;
	struct pair_input in;

	(void)state;
	for (int more = 0; more < 4; more++) {
		make_relay(51, 900, 2000, 0);
		other.n = 0;
		for (size_t i = 0, n = b_in.n; i < n && more > 0; i += 2) {
			int64_t us = b_in.us[i];

			synth_add(&b_out, us + 600, 70);
			synth_add(&b_in, us + 9000, 11);
			if (more > 1)
				synth_add(more == 2 ? &a_in : &other, us + 300,
					  70);
		}
		in = input();
		in.arrivals[0] = synth_stream(&other);
		in.n_others = 1;
		in.full = true;
		pair_test(work, &in, &r);
		assert_int_equal(r.asks_on, more == 1);
	}
}

/* A database that is written to: what it is told is conserved, the answers
 * are its own. */
static void test_writer(void **state)
{
	struct pair_result r;
	struct pair_input in;

	(void)state;
	for (int writes = 0; writes < 3; writes++) {
		make_relay(61, 900, 2000, 0);
		for (size_t i = 0; i < b_in.n && writes; i++)
			b_in.bytes[i] = 11;
		/* whatever the host makes of them */
		for (size_t i = 0; i < a_out.n && writes == 1; i++)
			a_out.bytes[i] = 4;
		in = input();
		pair_test(work, &in, &r);
		assert_true(r.weakest >= ENOUGH);
		assert_int_equal(r.writes, writes > 0);
		assert_false(r.one_way);
		assert_false(r.asks_on);
		assert_int_equal(r.serves, writes > 1);
	}
}

/* A gate asks whether a ticket is valid: a yes or a no is handed on faithfully,
 * and is little.  A terminal may say as little, but what is typed there is
 * handed on as well. */
static void test_yes_or_no(void **state)
{
	struct pair_result r;
	struct pair_input in;

	(void)state;
	for (int gate = 0; gate < 2; gate++) {
		struct num_rng rng = { 81 };

		make_relay(81, 900, 2000, 0);
		for (size_t i = 0; i < b_in.n; i++) {
			b_in.bytes[i] = 12 + (uint32_t)num_rng_below(&rng, 2);
			a_out.bytes[i] = b_in.bytes[i];
		}
		for (size_t i = 0; i < a_in.n && gate; i++) {
			a_in.bytes[i] = 15;
			b_out.bytes[i] = 50;
		}
		in = input();
		in.full = true;
		pair_test(work, &in, &r);
		assert_int_equal(r.writes, gate);
	}
}

/* Hardly a size agrees. */
static void test_nothing_agrees(void **state)
{
	struct num_rng rng = { 77 };
	struct pair_result r;
	struct pair_input in;

	(void)state;
	make_relay(71, 900, 2000, 0);
	for (size_t i = 0; i < b_out.n; i++)
		b_out.bytes[i] = synth_size(&rng);
	for (size_t i = 0; i < a_out.n; i++)
		a_out.bytes[i] = synth_size(&rng);
	in = input();
	in.full = true;
	pair_test(work, &in, &r);
	assert_true(r.bursts >= 16);
	assert_true(r.serves);
}

/* A log server: lines go out to a reader who only looks on. */
static void test_feed(void **state)
{
	struct pair_result r;
	struct pair_input in;

	(void)state;
	make_relay(41, 300, 2000, 0);
	b_in.n = a_out.n = 0;
	in = input();
	in.full = true;
	pair_test(work, &in, &r);
	assert_true(r.weakest >= ENOUGH);
	assert_true(r.one_way);
	assert_false(r.serves);
}

/* Nagle: an answer and the next request leave at one moment.  No broadcast,
 * as both had come in on the other leg. */
static void test_waits_for_answer(void **state)
{
	struct num_rng rng = { 5 };
	struct pair_result r;
	struct pair_input in;

	(void)state;
	for (int told = 0; told < 2; told++) {
		a_in.n = a_out.n = b_in.n = b_out.n = 0;
		for (int64_t t = 0; t < MINUTE; t += 900000) {
			uint32_t size = synth_size(&rng);

			if (!told) {
				synth_add(&a_in, t, size);
				synth_add(&b_in, t + 400000, size);
			}
			synth_add(&b_out, t + 400100, size);
			synth_add(&a_out, t + 400200, size);
		}
		/* the broadcast's cause lies elsewhere */
		for (int64_t t = 0; told && t < MINUTE; t += 1700000) {
			synth_add(&a_in, t, 36);
			synth_add(&b_in, t + 700000, 36);
		}
		in = input();
		in.full = true;
		pair_test(work, &in, &r);
		assert_int_equal(r.broadcasts, told);
	}
}

/* A relay that looks at its sockets now and then: what is large on one leg
 * leaves with what is usual on the other.  No broadcast, unless what is large
 * there goes to both. */
static void test_looks_now_and_then(void **state)
{
	struct pair_result r;
	struct pair_input in;

	(void)state;
	for (int told = 0; told < 2; told++) {
		int turn = 0;

		a_in.n = a_out.n = b_in.n = b_out.n = 0;
		for (int64_t t = 0; t < MINUTE; t += 900000, turn++) {
			bool third = turn % 3 == 0;

			synth_add(&b_out, t, 68);
			synth_add(&a_out, t + 100, third ? 68 : 36);
			if (third)
				synth_add(&b_out, t + 450000, 300);
			if (third && told)
				synth_add(&a_out, t + 450100, 300);
		}
		in = input();
		in.full = true;
		pair_test(work, &in, &r);
		assert_int_equal(r.broadcasts, told);
	}
}

static void test_no_overlap(void **state)
{
	struct pair_input in;
	struct pair_result r;
	int64_t when;

	(void)state;
	make_relay(31, 300, 500, 0);
	in = input();
	in.shift_us = 10 * MINUTE;
	pair_test(work, &in, &r);
	assert_int_equal(r.weakest, 0);
	assert_false(pair_decided(&r, 0, &when));
	memset(&in, 0, sizeof(in));
	pair_test(work, &in, &r); /* nothing at all */
	assert_int_equal(r.weakest, 0);
}

static void test_checkpoints(void **state)
{
	struct pair_input in;
	struct pair_result r;

	(void)state;
	make_relay(41, 300, 500, 0);
	in = input();
	pair_test(work, &in, &r);
	for (int k = 1; k < PAIR_CHECKPOINTS; k++) {
		assert_true(r.check_us[k] >= r.check_us[k - 1]);
		assert_true(r.at[k] >= r.at[k - 1]);
		assert_true(r.onsets_at[k] >= r.onsets_at[k - 1]);
	}
	assert_int_equal(r.at[PAIR_CHECKPOINTS - 1], r.weakest);
	assert_int_equal(pair_checkpoint(&r, r.check_us[17]), 17);
	assert_int_equal(pair_checkpoint(&r, r.start_us), 0);
	assert_int_equal(pair_checkpoint(&r, INT64_MAX), PAIR_CHECKPOINTS - 1);
}

static void test_origin_side(void **state)
{
	struct pair_input in;
	struct pair_result r;
	struct leg swap;

	(void)state;
	make_relay(51, 300, 500, 0);
	in = input();
	pair_test(work, &in, &r);
	assert_false(r.reversed);
	assert_true(r.initiatives[0] > r.initiatives[1]);
	swap = in.leg[0];
	in.leg[0] = in.leg[1];
	in.leg[1] = swap;
	pair_test(work, &in, &r);
	assert_true(r.reversed);
	assert_true(r.weakest >= ENOUGH); /* found all the same */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_relay_found),
		cmocka_unit_test(test_deterministic),
		cmocka_unit_test(test_decoy_is_nothing),
		cmocka_unit_test(test_two_people),
		cmocka_unit_test(test_two_timers),
		cmocka_unit_test(test_broadcast),
		cmocka_unit_test(test_host_wakes),
		cmocka_unit_test(test_dependency),
		cmocka_unit_test(test_forwarder),
		cmocka_unit_test(test_service),
		cmocka_unit_test(test_asks_on),
		cmocka_unit_test(test_writer),
		cmocka_unit_test(test_yes_or_no),
		cmocka_unit_test(test_nothing_agrees),
		cmocka_unit_test(test_feed),
		cmocka_unit_test(test_waits_for_answer),
		cmocka_unit_test(test_looks_now_and_then),
		cmocka_unit_test(test_no_overlap),
		cmocka_unit_test(test_checkpoints),
		cmocka_unit_test(test_origin_side),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
