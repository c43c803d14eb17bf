/* test_options.c - parsing, values, what stands behind "--", suggestions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>

#include "cli/options.h"

/* getopt wants words that may change */
#define W(text) ((char[]){ text })

enum { OPT_NUMBER, OPT_FLAG, OPT_MAYBE };

static const struct option_def table[] = {
	{ OPT_NUMBER, 'n', "number", ARG_REQUIRED, "N", "A number." },
	{ OPT_FLAG, 'f', "flag", ARG_NONE, NULL, "A flag." },
	{ OPT_MAYBE, 0, "maybe", ARG_OPTIONAL, "FILE", "Perhaps." },
};

static const struct command cmd = {
	.name = "try",
	.operands = "FILE...",
	.summary = "nothing",
	.description = "Nothing.\n\nReally.",
	OPTIONS_OF(table),
};

static void test_all_kinds(void **state)
{
	char *argv[] = { W("try"), W("one"),	   W("-n"),
			 W("5"),   W("--flag"),	   W("--maybe"),
			 W("two"), W("--maybe=x"), W("--number=7"),
			 W("--"),  W("--flag"),	   W("tcp"),
			 NULL };
	struct opts o;
	uint64_t v;

	(void)state;
	opts_begin(&o, &cmd, 12, argv);
	assert_int_equal(opts_next(&o), OPT_NUMBER);
	assert_string_equal(o.value, "5");
	assert_true(opts_uint(&o, "number", 1, 9, &v));
	assert_int_equal(v, 5);
	assert_int_equal(opts_next(&o), OPT_FLAG);
	assert_int_equal(opts_next(&o), OPT_MAYBE);
	assert_null(o.value);
	assert_int_equal(opts_next(&o), OPT_MAYBE);
	assert_string_equal(o.value, "x");
	assert_int_equal(opts_next(&o), OPT_NUMBER);
	assert_string_equal(o.value, "7");
	assert_int_equal(opts_next(&o), OPTS_DONE);
	assert_int_equal(o.n_args, 2);
	assert_string_equal(o.args[0], "one");
	assert_string_equal(o.args[1], "two");
	assert_true(o.has_rest);
	assert_int_equal(o.n_rest, 2);
	assert_string_equal(o.rest[0], "--flag");
}

static void test_errors(void **state)
{
	char *const bad[][3] = {
		{ W("try"), W("--nmber"), NULL },
		{ W("try"), W("--flag=3"), NULL },
		{ W("try"), W("--number"), NULL },
		{ W("try"), W("-n"), NULL },
		{ W("try"), W("-x"), NULL },
	};
	struct opts o;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char *argv[3];

		memcpy(argv, bad[i], sizeof(argv));
		opts_begin(&o, &cmd, 2, argv);
		assert_int_equal(opts_next(&o), OPTS_ERROR);
	}
	assert_int_equal(opts_status(OPTS_ERROR), EXIT_USAGE);
	assert_int_equal(opts_status(OPTS_HELP), EXIT_DONE);
}

static void test_numbers_are_checked(void **state)
{
	static const char *const bad[] = {
		"", "-1", " 5", "5x", "10", "0", "18446744073709551617"
	};
	struct opts o = { .cmd = &cmd };
	double d;
	uint64_t v;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		o.value = bad[i];
		assert_false(opts_uint(&o, "number", 1, 9, &v));
	}
	o.value = "nan";
	assert_false(opts_double(&o, "number", 0, 1, &d));
	o.value = "1e-3";
	assert_true(opts_double(&o, "number", 0, 1, &d));
	assert_true(d == 1e-3);
}

static void test_suggestions(void **state)
{
	static const char *const names[] = { "analyze", "explain", "help" };

	(void)state;
	assert_string_equal(closest_name("analyse", names, 3), "analyze");
	assert_string_equal(closest_name("anaylze", names, 3), "analyze");
	assert_string_equal(closest_name("hepl", names, 3), "help");
	assert_null(closest_name("frobnicate", names, 3));
	assert_null(closest_name("", names, 3));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_kinds),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_numbers_are_checked),
		cmocka_unit_test(test_suggestions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
