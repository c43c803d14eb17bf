/* test_case.c - words both ways, the printed scale, finding connections. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>

#include "evidence/case.h"

static void test_words_both_ways(void **state)
{
	enum verdict_word v;
	enum reason r;
	enum relay_kind k;
	enum rival x;

	(void)state;
	for (int i = 0; i < RIVALS; i++) {
		assert_true(rival_parse(rival_name((enum rival)i), &x));
		assert_int_equal(x, i);
	}
	for (int i = 0; i < KINDS; i++) {
		assert_true(kind_parse(kind_name((enum relay_kind)i), &k));
		assert_int_equal(k, i);
	}
	for (int i = 0; i < REASONS; i++) {
		assert_true(reason_parse(reason_name((enum reason)i), &r));
		assert_int_equal(r, i);
	}
	assert_true(verdict_parse("springboard", &v));
	assert_int_equal(v, VERDICT_SPRINGBOARD);
	assert_false(verdict_parse("guess", &v));
	assert_false(reason_parse("", &r));
}

static void test_scale(void **state)
{
	(void)state;
	assert_string_equal(strength_word(0), "none");
	assert_string_equal(strength_word(-1), "none");
	assert_string_equal(strength_word(1), "weak");
	assert_string_equal(strength_word(MICROBANS_PER_BAN), "weak");
	assert_string_equal(strength_word(MICROBANS_PER_BAN + 1), "moderate");
	assert_string_equal(strength_word(3 * MICROBANS_PER_BAN),
			    "moderately strong");
	assert_string_equal(strength_word(4 * MICROBANS_PER_BAN), "strong");
	assert_string_equal(strength_word(6 * MICROBANS_PER_BAN),
			    "very strong");
	assert_string_equal(strength_word(6 * MICROBANS_PER_BAN + 1),
			    "extremely strong");
}

static void test_find_connection(void **state)
{
	struct case_record *c = case_new(NULL);

	(void)state;
	assert_non_null(c);
	assert_null(case_find_conn(c, 1));
	c->n_conns = 3;
	c->conns = calloc(3, sizeof(*c->conns));
	assert_non_null(c->conns);
	c->conns[0].id = 2;
	c->conns[1].id = 5;
	c->conns[2].id = 9;
	for (uint32_t id = 0; id < 12; id++) {
		const struct case_conn *f = case_find_conn(c, id);

		if (id == 2 || id == 5 || id == 9)
			assert_int_equal(f->id, id);
		else
			assert_null(f);
	}
	assert_false(case_has_sufficient(c));
	case_free(c);
	case_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words_both_ways),
		cmocka_unit_test(test_scale),
		cmocka_unit_test(test_find_connection),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
