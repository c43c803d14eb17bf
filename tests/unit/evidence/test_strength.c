/* test_strength.c - strength tables: reading, looking up, fitting. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "evidence/strength_fit.h"

#define BAN  MICROBANS_PER_BAN
#define RUNS 20

static const char table[] = "# a comment\n"
			    "name lab 2026-11-22 here\n"
			    "others 40\n"
			    "kind interactive-shell 12\n"
			    "step -100 -1 -1.5 -0.5\n"
			    "step 2.5 1.25 1 1.5\n"
			    "kind icmp-tunnel 4\n"
			    "step -100 0 0 0\n"
			    "kind any 30\n"
			    "step -100 -0.5 -0.5 -0.5\n"
			    "step 3 1.5 1.4 1.6\n";

static void test_read(void **state)
{
	struct strength s;
	struct strength_value v;
	struct err e;

	(void)state;
	assert_true(strength_parse(&s, table, strlen(table), &e));
	assert_string_equal(s.name, "lab 2026-11-22");
	assert_int_equal(s.other_runs, 40);
	v = strength_of(&s, KIND_INTERACTIVE_SHELL, 2 * BAN);
	assert_int_equal(v.lr, -BAN);
	assert_false(v.capped);
	assert_int_equal(v.relay_runs, 12);
	v = strength_of(&s, KIND_INTERACTIVE_SHELL, 2 * BAN + BAN / 2);
	assert_int_equal(v.lr, BAN + BAN / 4);
	assert_int_equal(v.low, BAN);
	assert_true(v.capped);
	/* too few runs of the kind, and none at all: the table of all */
	v = strength_of(&s, KIND_ICMP_TUNNEL, 300 * BAN);
	assert_int_equal(v.relay_runs, 30);
	assert_int_equal(v.lr, BAN + BAN / 2);
	v = strength_of(&s, KIND_HTTP_TUNNEL, 0);
	assert_int_equal(v.lr, -BAN / 2);
}

static void test_refused(void **state)
{
	static const char *const bad[] = {
		"",
		"name a b\n",
		"kind any 3\nstep 0 0 0 0\n",
		"name a b c\nkind nothing 3\n",
		"name a b c\nstep 0 0 0 0\n",
		"name a b c\nkind any 3\nstep 0 0 x 0\n",
		"name a b c\nkind any 3\nstep 0 0 0\n",
		"name a b c\nkind any 3\nstep 0 1 2 3\n", /* below its low */
		"name a b c\nkind any 3\nstep 1 0 0 0\nstep 1 0 0 0\n",
		"name a b c\nkind any 3\nstep 1 1 1 1\nstep 2 0 0 0\n",
		"name a b c\nkind any 1.5\nstep 1 1 1 1\n",
		"name a b c\nkind any nan\nstep 1 1 1 1\n",
	};
	struct strength s;
	struct err e;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (strength_parse(&s, bad[i], strlen(bad[i]), &e))
			fail_msg("accepted: %s", bad[i]);
}

/* The shipped table claims no more than its runs bear. */
static void test_shipped(void **state)
{
	struct strength s;
	struct err e;

	(void)state;
	if (!strength_shipped(&s, &e))
		fail_msg("%s", e.text);
	assert_true(s.other_runs > 50);
	for (size_t k = 0; k <= KINDS; k++)
		for (size_t i = 0; i < s.kind[k].n; i++)
			assert_true(s.kind[k].step[i].high <=
				    num_microbans(s.other_runs + 1.0));
}

/* Twenty runs: relays at 10 (one at 1), other pairs at 0, in one run also at
 * 5.  Many weak pairs in a run change nothing. */
static size_t make(struct strength_item *v, size_t extra)
{
	size_t n = 0;

	for (uint32_t r = 0; r < RUNS; r++) {
		v[n++] = (struct strength_item){
			.run = r,
			.relay = true,
			.kind = KIND_STREAM_RELAY,
			.score = r == 3 ? BAN : 10 * BAN,
		};
		v[n++] =
			(struct strength_item){ .run = r,
						.score = r == 7 ? 5 * BAN : 0 };
		for (size_t i = 0; i < extra; i++)
			v[n++] = (struct strength_item){
				.run = r, .score = STRENGTH_NO_RECORD
			};
	}
	return n;
}

static void test_fit(void **state)
{
	struct strength_item v[RUNS * 12];
	struct strength_check check[KINDS + 1];
	struct strength s = { .other_runs = 0 }, again;
	const struct strength_kind *t = &s.kind[KIND_STREAM_RELAY];
	struct err e;

	(void)state;
	for (size_t extra = 0; extra <= 10; extra += 10) {
		size_t n = make(v, extra);

		assert_true(strength_fit(v, n, &s, check, &e));
		again = s;
		assert_int_equal(s.other_runs, RUNS);
		assert_int_equal(t->relay_runs, RUNS);
		assert_int_equal(check[KIND_STREAM_RELAY].relays, RUNS);
		/* nothing (and the added relay), 1 (1 of 21 against 1 of 21),
		 * 10 (19 of 21 against the added pair of 21) */
		assert_int_equal(t->n, 3);
		assert_int_equal(t->step[1].from, BAN);
		assert_in_range(t->step[1].lr + BAN, BAN - 1, BAN);
		assert_int_equal(t->step[2].from, 10 * BAN);
		assert_int_equal(t->step[2].lr, num_microbans(19.0));
		assert_true(t->step[2].low <= t->step[2].lr);
		assert_true(check[KIND_STREAM_RELAY].cllr >
			    check[KIND_STREAM_RELAY].cllr_min);
		assert_true(check[KIND_STREAM_RELAY].cllr < 0.5);
		assert_int_equal(check[KIND_VPN].relay_runs, 0);
		assert_int_equal(again.kind[STRENGTH_ANY].n, 3);
	}
}

static void test_one_side(void **state)
{
	struct strength_check check[KINDS + 1];
	struct strength_item v = { .relay = true };
	struct strength s;
	struct err e;

	(void)state;
	assert_false(strength_fit(&v, 1, &s, check, &e));
}

static void test_written(void **state)
{
	struct strength_item v[RUNS * 2];
	struct strength_check check[KINDS + 1];
	struct strength s = { .name = "own", .origin = "lab" }, r;
	char *text = NULL;
	size_t len = 0;
	struct err e;
	FILE *f = open_memstream(&text, &len);

	(void)state;
	assert_true(strength_fit(v, make(v, 0), &s, check, &e));
	assert_true(strength_write(f, &s, "2026-11-22"));
	fclose(f);
	if (!strength_parse(&r, text, len, &e))
		fail_msg("%s in %s", e.text, text);
	assert_string_equal(r.name, "own 2026-11-22");
	assert_string_equal(r.origin, "lab");
	assert_memory_equal(r.kind, s.kind, sizeof(s.kind));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read),	 cmocka_unit_test(test_refused),
		cmocka_unit_test(test_shipped),	 cmocka_unit_test(test_fit),
		cmocka_unit_test(test_one_side), cmocka_unit_test(test_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
