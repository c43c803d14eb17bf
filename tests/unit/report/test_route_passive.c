/* test_cells.c - the writers of the passive side. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "report/route_passive.h"

static void together(void **state)
{
	static struct passive_bin bin[8];
	static uint32_t gap[20];
	int visible[8] = { 1000, 1000, 1000, 1000, 50, 50, 1000, 1000 };
	int *rows[1] = { visible };
	struct passive_group g = { .prefix = { 4, 24, { 175, 45, 176 } },
				   .asn = 131279,
				   .bin = bin,
				   .gap_sec = gap,
				   .ngaps = 20 };
	struct passive_input in = { .start_sec = 1363132800,
				    .bin_sec = 300,
				    .nbins = 8,
				    .group = &g,
				    .ngroups = 1 };
	struct passive_finding f;
	struct route_passive p = { &in, &f, 1, NULL, 0, rows, 1, 0 };
	char *text = NULL;
	size_t len = 0;
	struct json j;
	FILE *m;
	(void)state;

	for (int i = 0; i < 8; i++) {
		bin[i].received = i < 2 || i > 4;
		bin[i].unanswered = 4;
	}
	assert_int_equal(passive_silences(&in, &passive_defaults, &f, 1, NULL),
			 1);
	m = open_memstream(&text, &len);
	route_passive_text(m, &p);
	fclose(m);
	assert_non_null(strstr(text, "routed-silent"));
	assert_non_null(strstr(text, "unrouted-silent"));
	assert_non_null(strstr(text, "unrouted-answering"));
	assert_non_null(strstr(text, "cause     undetermined"));
	free(text);
	m = open_memstream(&text, &len);
	json_init(&j, m, true);
	json_object(&j);
	route_passive_json(&j, &p);
	json_end(&j);
	assert_true(json_done(&j));
	fclose(m);
	assert_non_null(strstr(text, "unrouted-answering"));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(together) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
