/* test_tstamp.c - calendar text both ways. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "base/tstamp.h"

static void test_round_trip(void **state)
{
	static const char *const good[] = {
		"2014-12-22T16:15:00Z", "1970-01-01T00:00:00Z",
		"1969-12-31T23:59:59Z", "2000-02-29T12:00:00Z",
		"2100-03-01T00:00:01Z",
	};
	struct tstamp t;
	char buf[40];

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_true(tstamp_parse(good[i], &t, NULL));
		assert_string_equal(tstamp_format(t, 0, buf, sizeof(buf)),
				    good[i]);
	}
}

static void test_values(void **state)
{
	struct tstamp t;
	char buf[40];

	(void)state;
	assert_true(tstamp_parse("2014-12-22T16:15Z", &t, NULL));
	assert_true(t.ns == INT64_C(1419264900000000000));
	assert_true(tstamp_parse("2014-12-22T18:15+02:00", &t, NULL));
	assert_true(t.ns == INT64_C(1419264900000000000));
	assert_true(tstamp_parse("1419264900.25", &t, NULL));
	assert_string_equal(tstamp_format(t, 3, buf, sizeof(buf)),
			    "2014-12-22T16:15:00.250Z");
	assert_true(tstamp_parse("2014-12-22", &t, NULL));
	assert_true(t.ns == INT64_C(1419206400000000000));
}

static void test_refused(void **state)
{
	static const char *const bad[] = { "",
					   "yesterday",
					   "2014-13-01",
					   "2014-12-22T25:00Z",
					   "1.2.3",
					   "12x",
					   "2014-12-22T16:15:00Zx" };
	struct tstamp t;
	struct err e;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_false(tstamp_parse(bad[i], &t, &e));
		assert_int_equal(e.code, ERR_USAGE);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
