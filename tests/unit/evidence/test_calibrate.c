/* test_calibrate.c - the vectors of the evidence notes, ties, empty sets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <math.h>

#include "evidence/calibrate.h"

#define SETS(a, b)                                                             \
	(struct calibrate_sets)                                                \
	{                                                                      \
		.h1 = (a), .h2 = (b), .n1 = sizeof(a) / sizeof((a)[0]),        \
		.n2 = sizeof(b) / sizeof((b)[0])                               \
	}

static microbans lr(double x)
{
	return (microbans)lround(log10(x) * 1e6);
}

static bool near(double a, double b)
{
	return fabs(a - b) < 2e-6; /* LRs are kept to 10^-6 bans */
}

static void test_cllr(void **state)
{
	const microbans a1[] = { lr(10), lr(100) }, a2[] = { lr(.1), lr(.01) };
	const microbans one[] = { 0, 0, 0 };
	const microbans b1[] = { lr(.5), lr(20), lr(300) };
	const microbans b2[] = { lr(.02), lr(3), lr(.001), lr(.2) };
	struct calibrate_sets s = SETS(a1, a2);

	(void)state;
	assert_true(near(calibrate_cllr(&s), 0.0759294));
	assert_true(near(calibrate_cllr_min(&s), 0));
	s = SETS(one, one);
	assert_true(near(calibrate_cllr(&s), 1));
	assert_true(near(calibrate_cllr_min(&s), 1));
	s = SETS(b1, b2);
	assert_true(near(calibrate_cllr(&s), 0.5633228));
	/* PAV pools {.5 h1, 3 h2}: LR 4/3 there, all else is perfect */
	assert_true(near(calibrate_cllr_min(&s),
			 (log2(1 + 3. / 4) / 3 + log2(1 + 4. / 3) / 4) / 2));
	assert_true(near(calibrate_misleading_h1(&s), 1. / 3));
	assert_true(near(calibrate_misleading_h2(&s), 1. / 4));
	assert_true(near(calibrate_share(b1, 3, lr(20)), 2. / 3));
}

static void test_extremes(void **state)
{
	const microbans huge[] = { INT64_C(400000000) };
	const microbans tiny[] = { INT64_C(-400000000) };
	struct calibrate_sets s = SETS(huge, tiny);

	(void)state;
	assert_true(near(calibrate_cllr(&s), 0));
	s = SETS(tiny, huge);
	assert_true(fabs(calibrate_cllr(&s) - 400 * log2(10)) < 1e-6);
	assert_true(near(calibrate_cllr_min(&s), 1));
	s.n1 = 0;
	assert_true(calibrate_cllr(&s) == -1);
	assert_true(calibrate_cllr_min(&s) == -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cllr),
		cmocka_unit_test(test_extremes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
