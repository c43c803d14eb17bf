/* test_json.c - layout, escapes, bad UTF-8, full disk. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>

#include "base/json.h"

static void test_compact(void **state)
{
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);
	struct json j;

	(void)state;
	json_init(&j, f, true);
	json_object(&j);
	json_kint(&j, "a", INT64_MIN);
	json_key(&j, "b");
	json_array(&j);
	json_bool(&j, true);
	json_null(&j);
	json_bans(&j, 301029);
	json_bans(&j, -4999);
	json_bans(&j, -1005000);
	json_fixed(&j, 1.0 / 0.0, 2);
	json_fixed(&j, 0.125, 3);
	json_end(&j);
	json_kstring(&j, "s", "a\"\n\xff\xc3\xa9\xed\xa0\x80");
	json_end(&j);
	assert_true(json_done(&j));
	fclose(f);
	assert_string_equal(
		text, "{\"a\":-9223372036854775808,\"b\":[true,null,0.30,0.00,"
		      "-1.01,null,0.125],\"s\":\"a\\\"\\u000a\\ufffd\xc3\xa9"
		      "\\ufffd\\ufffd\\ufffd\"}\n");
	free(text);
}

static void test_full_disk_is_an_error(void **state)
{
	FILE *f = fopen("/dev/full", "w");
	struct json j;

	(void)state;
	assert_non_null(f);
	json_init(&j, f, false);
	json_object(&j);
	json_end(&j);
	assert_false(json_done(&j));
	fclose(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_compact),
		cmocka_unit_test(test_full_disk_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
