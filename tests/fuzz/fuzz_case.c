/*
 * fuzz_case.c - any bytes as a stored case.
 * What is read is written again: the second writing must give the bytes of
 * the first, and text and every explanation must find what they name.
 */
#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/report.h"

#define EXPLAINED 8

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *as_json(const struct case_record *c, size_t *len)
{
	char *text = NULL;
	FILE *f = open_memstream(&text, len);

	assert(f != NULL);
	assert(report_json(f, c, true));
	fclose(f);
	return text;
}

/* Numbers lose digits in the first writing, not in the second. */
static void write_again(const struct case_record *c)
{
	struct case_record *b, *a;
	char *first, *second;
	size_t n1, n2;
	struct err e;

	first = as_json(c, &n1);
	b = report_read_text(first, n1, &e);
	if (b == NULL) /* the writer knows only finite, known times */
		fprintf(stderr, "%s in %s\n", e.text, first);
	assert(b != NULL);
	second = as_json(b, &n2);
	a = report_read_text(second, n2, &e);
	assert(a != NULL);
	if (n1 != n2 || memcmp(first, second, n1) != 0)
		fprintf(stderr, "%s\nand then\n%s\n", first, second);
	assert(n1 == n2 && memcmp(first, second, n1) == 0);
	case_free(a);
	case_free(b);
	free(first);
	free(second);
}

static void print(const struct case_record *c)
{
	const struct report_style s = { .all = true, .color = true };
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);
	struct err e;

	assert(f != NULL);
	assert(report_text(f, c, &s));
	for (size_t i = 0; i < c->n_addresses && i < EXPLAINED; i++)
		assert(report_explain(f, c, &c->addresses[i].address, &s, &e));
	fclose(f);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	struct case_record *c;
	struct err e;

	assert(text != NULL);
	memcpy(text, data, size);
	text[size] = '\0';
	c = report_read_text(text, size, &e);
	free(text);
	if (c == NULL)
		return 0;
	write_again(c);
	print(c);
	case_free(c);
	return 0;
}
