/*
 * test_json_case.c - the JSON contract: keys and types as design says, the
 * same bytes again after reading, errors for what is no case.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "report/report.h"
#include "sample_case.h"

static char *as_json(const struct case_record *c, bool all)
{
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);

	assert_non_null(f);
	assert_true(report_json(f, c, all));
	fclose(f);
	return text;
}

/* Owns: free() after unlink(). */
static char *stored(const char *text)
{
	char *path = strdup("/tmp/wellspring-test-XXXXXX");
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	return path;
}

static struct case_record *reread(const char *text, struct err *e)
{
	char *path = stored(text);
	struct case_record *c = report_read_case(path, e);

	unlink(path);
	free(path);
	return c;
}

static void has(struct json_object *o, const char *key, enum json_type type)
{
	struct json_object *v = NULL;

	if (!json_object_object_get_ex(o, key, &v))
		fail_msg("no key %s", key);
	if (!json_object_is_type(v, type))
		fail_msg("key %s has type %s", key,
			 json_type_to_name(json_object_get_type(v)));
}

static struct json_object *at(struct json_object *o, const char *key, size_t i)
{
	struct json_object *v = json_object_object_get(o, key);

	return json_object_array_get_idx(v, i);
}

static void test_contract(void **state)
{
	struct case_record *c = sample_case();
	char *text = as_json(c, true);
	struct json_object *o = json_tokener_parse(text), *v;

	(void)state;
	assert_non_null(o);
	assert_string_equal(
		json_object_get_string(json_object_object_get(o, "format")),
		"wellspring-case/1");
	has(o, "tool", json_type_object);
	has(o, "parameters", json_type_object);
	has(o, "losses", json_type_object);
	v = at(o, "captures", 0);
	has(v, "file", json_type_string);
	has(v, "packets", json_type_int);
	has(v, "first_ns", json_type_int);
	has(v, "damaged", json_type_null);
	v = at(o, "connections", 0);
	has(v, "id", json_type_int);
	has(v, "proto", json_type_string);
	has(v, "sport", json_type_int);
	has(v, "community_id", json_type_string);
	has(v, "last_ns", json_type_int);
	v = at(o, "relays", 0);
	has(v, "host", json_type_string);
	has(v, "in", json_type_int);
	has(v, "sufficient", json_type_boolean);
	has(v, "log10_e", json_type_double);
	has(v, "log10_threshold", json_type_double);
	has(v, "log10_lr", json_type_double);
	has(v, "weakest_rival", json_type_string);
	has(v, "kind", json_type_string);
	has(v, "expected", json_type_boolean);
	has(at(v, "rivals", 4), "log10_e", json_type_double);
	has(json_object_object_get(v, "lag_ns"), "p95", json_type_int);
	has(json_object_object_get(v, "bytes"), "equal", json_type_int);
	has(o, "frames_missing", json_type_null);
	has(at(v, "exchanges", 1), "lag_ns", json_type_int);
	has(json_object_object_get(at(v, "exchanges", 1), "from"), "frame",
	    json_type_int);
	v = at(o, "chains", 0);
	has(v, "connections", json_type_array);
	has(v, "route", json_type_array);
	has(v, "weakest_log10_e", json_type_double);
	v = at(o, "far_end", 0);
	has(v, "question", json_type_string);
	has(v, "resolution_ms", json_type_double);
	has(json_object_object_get(v, "far_leg_ms"), "low", json_type_null);
	v = at(o, "addresses", 0);
	has(v, "verdict", json_type_string);
	has(v, "reason", json_type_string);
	has(v, "quality", json_type_string);
	has(at(v, "findings", 0), "observed", json_type_string);
	v = json_object_object_get(o, "hypotheses");
	has(v, "eligible_pairs", json_type_int);
	has(v, "alpha", json_type_double);
	has(json_object_object_get(v, "decoys_above"), "threshold",
	    json_type_int);
	json_object_put(o);
	free(text);
	case_free(c);
}

static void test_without_all_only_what_is_named(void **state)
{
	struct case_record *c = sample_case();
	char *text = as_json(c, false);
	struct json_object *o = json_tokener_parse(text);

	(void)state;
	assert_int_equal(json_object_array_length(
				 json_object_object_get(o, "connections")),
			 4);
	assert_int_equal(
		json_object_array_length(json_object_object_get(o, "relays")),
		1);
	json_object_put(o);
	free(text);
	case_free(c);
}

static void test_reading_gives_the_same_bytes(void **state)
{
	struct case_record *c = sample_case(), *again;
	char *text = as_json(c, true), *second;
	struct err e;

	(void)state;
	again = reread(text, &e);
	if (again == NULL)
		fail_msg("%s", e.text);
	second = as_json(again, true);
	assert_string_equal(text, second);
	free(text);
	free(second);
	case_free(c);
	case_free(again);
}

static void test_errors_are_clear(void **state)
{
	static const struct {
		const char *text, *says;
		enum err_code code;
	} bad[] = {
		{ "", "no JSON", ERR_FORMAT },
		{ "[1,2", "no JSON", ERR_FORMAT },
		{ "[]", "no wellspring case", ERR_FORMAT },
		{ "{}", "no wellspring case", ERR_FORMAT },
		{ "{\"format\":\"other/1\"}", "no wellspring case",
		  ERR_FORMAT },
		{ "{\"format\":\"wellspring-case/2\"}", "version 2",
		  ERR_UNSUPPORTED },
		{ "{\"format\":\"wellspring-case/1\"}",
		  "\"parameters\" is missing", ERR_FORMAT },
	};
	struct err e;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		err_clear(&e);
		assert_null(reread(bad[i].text, &e));
		if (strstr(e.text, bad[i].says) == NULL)
			fail_msg("'%s' for %s", e.text, bad[i].text);
		assert_int_equal(e.code, bad[i].code);
	}
	assert_null(report_read_case("/nonexistent/case.json", &e));
	assert_int_equal(e.code, ERR_IO);
}

/* Every proper prefix is an error, never a crash; so is each value replaced
 * by one of another type. */
static void test_hostile_text(void **state)
{
	struct case_record *c = sample_case(), *again;
	char *text = as_json(c, true);
	size_t len = strlen(text);
	struct err e;

	(void)state;
	for (size_t i = 0; i < len - 2; i += 37) {
		char *cut = strndup(text, i);

		assert_null(reread(cut, &e));
		free(cut);
	}
	for (char *p = strstr(text, ": "); p; p = strstr(p + 1, ": ")) {
		char *copy = strdup(text);

		memcpy(copy + (p - text), ":[]", 3);
		again = reread(copy, &e);
		case_free(again); /* NULL, but for text that goes on */
		free(copy);
	}
	free(text);
	case_free(c);
}

static void test_full_disk(void **state)
{
	struct case_record *c = sample_case();
	FILE *f = fopen("/dev/full", "w");

	(void)state;
	assert_non_null(f);
	assert_false(report_json(f, c, true));
	fclose(f);
	case_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_contract),
		cmocka_unit_test(test_without_all_only_what_is_named),
		cmocka_unit_test(test_reading_gives_the_same_bytes),
		cmocka_unit_test(test_errors_are_clear),
		cmocka_unit_test(test_hostile_text),
		cmocka_unit_test(test_full_disk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
