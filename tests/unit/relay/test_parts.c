/*
 * test_parts.c - the processes behind pair_test() one by one: grid, order,
 * lock, interval, shift, content.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <string.h>

#include <cmocka.h>

#include "relay/track.h"
#include "synth.h"

#define MINUTE INT64_C(60000000)
#define BAN    MICROBANS_PER_BAN

static struct synth a, b, c, d;
static int64_t check_us[PAIR_CHECKPOINTS];
static struct track t, u;

static void start_tracks(int64_t until)
{
	memset(&t, 0, sizeof(t));
	memset(&u, 0, sizeof(u));
	for (int k = 0; k < PAIR_CHECKPOINTS; k++)
		check_us[k] = until * (k + 1) / PAIR_CHECKPOINTS;
}

static microbans peak(const struct track *k)
{
	microbans top = k->at[0];

	for (int i = 1; i < PAIR_CHECKPOINTS; i++)
		top = k->at[i] > top ? k->at[i] : top;
	return top;
}

/* Values count at the first checkpoint at or after their time. */
static void test_track(void **state)
{
	(void)state;
	start_tracks(PAIR_CHECKPOINTS * 10);
	track_add(&t, check_us, 10, 5);	 /* settled at checkpoint 0 */
	track_add(&t, check_us, 31, 7);	 /* between 2 and 3 */
	track_add(&t, check_us, 25, -2); /* late: with the one before */
	track_end(&t);
	assert_int_equal(t.at[0], 5);
	assert_int_equal(t.at[2], 5);
	assert_int_equal(t.at[3], 10);
	assert_int_equal(t.at[PAIR_CHECKPOINTS - 1], 10);
}

static void test_seek(void **state)
{
	int64_t us[50];

	(void)state;
	for (int i = 0; i < 50; i++)
		us[i] = i * 10;
	for (size_t hint = 0; hint <= 60; hint += 5) {
		assert_int_equal(seek_us(us, 50, hint, -1), 0);
		assert_int_equal(seek_us(us, 50, hint, 0), 0);
		assert_int_equal(seek_us(us, 50, hint, 1), 1);
		assert_int_equal(seek_us(us, 50, hint, 250), 25);
		assert_int_equal(seek_us(us, 50, hint, 490), 49);
		assert_int_equal(seek_us(us, 50, hint, 491), 50);
	}
	assert_int_equal(seek_us(us, 0, 0, 5), 0);
}

static void test_views(void **state)
{
	static int64_t out[SYNTH_MAX];
	struct stream s;

	(void)state;
	a.n = 0;
	for (int i = 0; i < 20; i++)
		synth_add(&a, i * 100000, i % 5 == 4 ? 500 : 36);
	synth_add(&a, 5000000, 36);
	s = synth_stream(&a);
	assert_int_equal(usual_size(&s), 36);
	assert_int_equal(onsets_of(&s, 0, 0, MINUTE, out), 21);
	assert_int_equal(onsets_of(&s, 100001, 0, MINUTE, out), 2);
	assert_int_equal(out[1], 5000000);
	assert_int_equal(onsets_of(&s, 0, 100000, 300000, out), 3);
	assert_int_equal(sized_of(&s, 0, MINUTE, out), 4);
	assert_int_equal(out[0], 400000);
}

/* About normal: sum of 12 uniform. */
static int64_t noise(struct num_rng *r, double sigma_us)
{
	double x = -6;

	for (int i = 0; i < 12; i++)
		x += num_rng_unit(r);
	return (int64_t)(x * sigma_us);
}

static void test_grid_found(void **state)
{
	static const int64_t period[] = { 500000, 1000000, 2000000, 10000000,
					  30000000 };
	static const double jitter[] = { 0.001, 0.01, 0.05, 0.1 };
	static uint8_t mask[SYNTH_MAX];

	(void)state;
	for (size_t p = 0; p < 5; p++)
		for (size_t j = 0; j < 4; j++) {
			struct num_rng r = { 5 + p * 10 + j };
			size_t n = 0;

			a.n = 0;
			for (int i = 0; i < 120; i++)
				synth_add(&a,
					  i * period[p] + MINUTE +
						  noise(&r,
							jitter[j] * period[p]),
					  36);
			grid_mask(a.us, a.n, mask);
			for (size_t i = 0; i < a.n; i++)
				n += mask[i];
			assert_true(n * 10 >= a.n * 9);
		}
}

static void test_grid_people(void **state)
{
	static uint8_t mask[SYNTH_MAX];
	size_t n = 0, all = 0;

	(void)state;
	for (uint64_t s = 0; s < 10; s++) {
		synth_leg(&a, &b, 70 + s, 5 * MINUTE, 100);
		grid_mask(a.us, a.n, mask);
		for (size_t i = 0; i < a.n; i++)
			n += mask[i];
		all += a.n;
	}
	assert_true(n * 5 < all); /* a fifth at most is taken for a timer */
	grid_mask(a.us, 0, mask); /* nothing to look at */
	grid_mask(a.us, 3, mask);
	assert_int_equal(mask[0] + mask[1] + mask[2], 0);
}

static void run_order(const struct synth *others, size_t n_others)
{
	struct stream s[2] = { { NULL, NULL, 0 }, { NULL, NULL, 0 } };
	struct order_side side[2] = { { a.us, b.us, a.n, b.n },
				      { c.us, d.us, c.n, d.n } };
	struct controls k = { s, n_others };

	if (n_others > 0)
		s[0] = s[1] = synth_stream(others);
	start_tracks(3 * MINUTE);
	order_test(side, &k, check_us, &t, &u);
}

static void test_order(void **state)
{
	struct num_rng r = { 3 };

	(void)state;
	synth_leg(&a, &c, 1, 3 * MINUTE, 60000);
	synth_copy(&b, &a, 500, 1000, 0);
	synth_copy(&d, &c, 500, 1000, 0);
	run_order(NULL, 0); /* a relay: b never comes first */
	assert_true(peak(&t) > 10 * BAN && peak(&u) > 10 * BAN);
	/* driven by one cause: either comes first */
	for (size_t i = 0; i < a.n; i++)
		b.us[i] = a.us[i] + noise(&r, 300);
	for (size_t i = 0; i < c.n; i++)
		d.us[i] = c.us[i] + noise(&r, 300);
	run_order(NULL, 0);
	assert_true(peak(&t) < 2 * BAN);
	/* in order, but so are the other flows of the host */
	synth_copy(&b, &a, 500, 1000, 0);
	d.n = 0;
	run_order(&b, 2);
	assert_true(peak(&u) < BAN);
	assert_true(peak(&t) > 5 * BAN);
}

static microbans run_interval(void)
{
	start_tracks(3 * MINUTE);
	interval_test(a.us, a.n, b.us, b.n, check_us, &t);
	return peak(&t);
}

static void test_interval(void **state)
{
	microbans top = 0;

	(void)state;
	synth_leg(&a, &c, 1, 3 * MINUTE, 60000);
	synth_copy(&b, &a, 30000, 4000, 0);
	assert_true(run_interval() > 6 * BAN);
	for (uint64_t s = 0; s < 20; s++) {
		synth_leg(&b, &c, 900 + s, 3 * MINUTE, 60000);
		top = run_interval() > top ? peak(&t) : top;
	}
	assert_true(top < 3 * BAN);
	/* strictly periodic: every decoy waits as long */
	a.n = b.n = 0;
	for (int i = 0; i < 170; i++) {
		synth_add(&a, i * 1000000, 36);
		synth_add(&b, i * 1000000 + 700, 36);
	}
	assert_true(run_interval() < BAN / 10);
}

static microbans run_shift(void)
{
	const int64_t *us[4] = { a.us, b.us, c.us, d.us };
	size_t n[4] = { a.n, b.n, c.n, d.n };

	start_tracks(3 * MINUTE);
	shift_test(us, n, check_us, &t);
	return peak(&t);
}

static void test_shift(void **state)
{
	microbans top = 0;

	(void)state;
	/* a in, b out of leg 0; c in, d out of leg 1 */
	synth_leg(&a, &c, 1, 3 * MINUTE, 60000);
	synth_copy(&d, &a, 2000, 4000, 0);
	synth_copy(&b, &c, 2000, 4000, 0);
	assert_true(run_shift() > 6 * BAN);
	for (uint64_t s = 0; s < 20; s++) {
		synth_leg(&d, &c, 700 + s, 3 * MINUTE, 60000);
		top = run_shift() > top ? peak(&t) : top;
	}
	assert_true(top < 3 * BAN);
}

static microbans run_content(int64_t quiet_us, struct content_count *n)
{
	struct content_rule rule = { .from = 0,
				     .to = 4 * MINUTE,
				     .us = quiet_us };
	struct stream s = synth_stream(&a), o = synth_stream(&b);

	start_tracks(3 * MINUTE);
	*n = (struct content_count){ 0, 0 };
	content_test(&s, &o, &rule, check_us, &t, n);
	return peak(&t);
}

static void test_content(void **state)
{
	struct content_count n;
	struct num_rng r = { 17 };

	(void)state;
	synth_leg(&a, &c, 1, 3 * MINUTE, 60000);
	synth_copy(&b, &a, 500, 1000, 0);
	assert_true(run_content(20000, &n) > 20 * BAN);
	assert_true(n.compared > 50 && n.equal == n.compared);
	synth_copy(&b, &a, 500, 1000, 36); /* the pair's own overhead */
	assert_true(run_content(20000, &n) > 10 * BAN);
	/* prompted, but sizes of its own */
	for (size_t i = 0; i < b.n; i++)
		b.bytes[i] = synth_size(&r);
	assert_true(run_content(20000, &n) < 2 * BAN);
	assert_true(n.equal * 5 < n.compared);
	/* one size for all says nothing */
	for (size_t i = 0; i < a.n; i++)
		a.bytes[i] = b.bytes[i] = 36;
	assert_true(run_content(20000, &n) == 0);
	assert_int_equal(n.compared, 0);
}

/* Two people who type in the same windows, every key one size: long windows
 * have many keys of both, which is no content. */
static void test_content_numbers(void **state)
{
	struct num_rng r = { 23 };
	struct content_count n = { 0 };
	struct content_rule rule = { .from = 0,
				     .to = 60 * MINUTE,
				     .us = 700000 };
	struct stream s, o;
	int64_t from = 0;

	(void)state;
	a.n = b.n = 0;
	while (a.n < SYNTH_MAX - 200 && b.n < SYNTH_MAX - 200) {
		int64_t to =
			from + 2000000 + (int64_t)num_rng_below(&r, 10000000);

		for (int f = 0; f < 2; f++)
			for (int64_t at = from; at < to;
			     at += 60000 + (int64_t)num_rng_below(&r, 300000))
				synth_add(f == 0 ? &a : &b, at + f * 5000, 36);
		from = to + 3000000;
	}
	s = synth_stream(&a);
	o = synth_stream(&b);
	start_tracks(from);
	content_test(&s, &o, &rule, check_us, &t, &n);
	assert_true(peak(&t) < BAN / 10);
}

static void test_content_window(void **state)
{
	struct content_rule w = { .from = 0, .to = 4 * MINUTE, .us = 700000 };
	struct content_count n = { 0, 0 };
	struct stream s, o;

	(void)state;
	/* never silent together: dense small events around */
	synth_leg(&a, &c, 1, 3 * MINUTE, 60000);
	synth_copy(&b, &a, 150000, 100000, 0);
	for (int i = 0; i < 1700; i++) {
		synth_add(&a, i * 100000 + 50, 36);
		synth_add(&b, i * 100000 + 20050, 36);
	}
	s = synth_stream(&a);
	o = synth_stream(&b);
	start_tracks(3 * MINUTE);
	content_window_test(&s, &o, &w, check_us, &t, &n);
	assert_true(peak(&t) > 10 * BAN);
	assert_true(n.compared > 20);
	/* leg b of another session */
	synth_leg(&b, &c, 4242, 3 * MINUTE, 60000);
	o = synth_stream(&b);
	start_tracks(3 * MINUTE);
	content_window_test(&s, &o, &w, check_us, &t, &n);
	assert_true(peak(&t) < 2 * BAN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_track),
		cmocka_unit_test(test_seek),
		cmocka_unit_test(test_views),
		cmocka_unit_test(test_grid_found),
		cmocka_unit_test(test_grid_people),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_interval),
		cmocka_unit_test(test_shift),
		cmocka_unit_test(test_content),
		cmocka_unit_test(test_content_numbers),
		cmocka_unit_test(test_content_window),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
