/* test_num.c - num_log and num_exp against the C library, micro-bans. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <math.h>

#include "base/num.h"

static void test_log_matches_libm(void **state)
{
	struct num_rng r = { 1 };

	(void)state;
	for (int i = 0; i < 100000; i++) {
		double x = exp((num_rng_unit(&r) - 0.5) * 1400);
		double want = log(x), got = num_log(x);

		assert_true(fabs(got - want) <= 1e-14 * fabs(want) + 1e-15);
	}
	assert_true(num_log(1.0) == 0.0);
	assert_true(fabs(num_log(5e-324) - log(5e-324)) < 1e-10);
}

static void test_exp_matches_libm(void **state)
{
	struct num_rng r = { 2 };

	(void)state;
	for (int i = 0; i < 100000; i++) {
		double x = (num_rng_unit(&r) - 0.5) * 1400;
		double want = exp(x), got = num_exp(x);

		assert_true(fabs(got - want) <= 1e-13 * want);
	}
	assert_true(num_exp(0.0) == 1.0);
	assert_true(num_exp(-1000.0) == 0.0);
}

static void test_microbans_floor(void **state)
{
	(void)state;
	assert_int_equal(num_microbans(1.0), 0);
	assert_int_equal(num_microbans(2.0), 301029);  /* 0.3010299957 */
	assert_int_equal(num_microbans(0.5), -301030); /* floored, not cut */
	assert_true(fabs(num_from_microbans(301030) - 2.0) < 1e-5);
}

static void test_rng_is_fixed(void **state)
{
	struct num_rng r = { 0 };
	int low = 0;

	(void)state;
	/* first output of splitmix64 for seed 0, a published vector */
	assert_true(num_rng_next(&r) == UINT64_C(0xe220a8397b1dcdaf));
	for (int i = 0; i < 10000; i++) {
		assert_true(num_rng_below(&r, 7) < 7);
		low += num_rng_unit(&r) < 0.5;
	}
	assert_in_range(low, 4700, 5300);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_log_matches_libm),
		cmocka_unit_test(test_exp_matches_libm),
		cmocka_unit_test(test_microbans_floor),
		cmocka_unit_test(test_rng_is_fixed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
