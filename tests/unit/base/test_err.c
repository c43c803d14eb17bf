/* Errors: text grows in front, is cut at the end, and is safe to print. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "base/err.h"

static void test_kinds(void **state)
{
	struct err e;

	(void)state;
	assert_false(err_set(&e, ERR_FORMAT, "%d of %d", 1, 2));
	assert_int_equal(e.code, ERR_FORMAT);
	assert_string_equal(e.text, "1 of 2");
	assert_true(e.offset == ERR_NO_OFFSET);
	assert_false(err_at(&e, ERR_TRUNCATED, 77, "ends"));
	assert_true(e.offset == 77);
	assert_false(err_sys(&e, ENOENT, "x"));
	assert_int_equal(e.code, ERR_IO);
	assert_int_equal(e.sys, ENOENT);
	assert_string_equal(e.text, "x: No such file or directory");
	err_clear(&e);
	assert_int_equal(e.code, ERR_NONE);
	assert_false(err_set(NULL, ERR_IO, "dropped"));
	assert_false(err_ctx(NULL, "dropped"));
}

static void test_context(void **state)
{
	struct err e;

	(void)state;
	err_set(&e, ERR_FORMAT, "no magic");
	assert_false(err_ctx(&e, "reading %s", "a.pcap"));
	assert_string_equal(e.text, "reading a.pcap: no magic");
	assert_int_equal(e.code, ERR_FORMAT);
}

/* Too long: cut, whole words or not, never past the end. */
static void test_cut(void **state)
{
	char much[2 * sizeof(((struct err *)0)->text)];
	struct err e;

	(void)state;
	memset(much, 'a', sizeof(much) - 1);
	much[sizeof(much) - 1] = '\0';
	err_sys(&e, ENOENT, "%s", much);
	assert_int_equal(strlen(e.text), sizeof(e.text) - 1);
	err_ctx(&e, "%s", much);
	assert_true(strlen(e.text) < sizeof(e.text));
}

/* A file's name may have been chosen to speak to the terminal. */
static void test_control_bytes(void **state)
{
	struct err e;

	(void)state;
	err_set(&e, ERR_IO, "%s", "a\033[31m\nb\177\tc");
	assert_string_equal(e.text, "a?[31m?b??c");
	err_ctx(&e, "%s", "\033]0;x\a");
	assert_string_equal(e.text, "?]0;x?: a?[31m?b??c");
	err_set(&e, ERR_IO, "\303\244"); /* UTF-8 stays */
	assert_string_equal(e.text, "\303\244");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_context),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_control_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
