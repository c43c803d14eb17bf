/* calibrate.c - see calibrate.h. */
#include "evidence/calibrate.h"

#include <stdlib.h>

#include "evidence/pool.h"

#define LN2	    0.69314718055994530942
#define LOG2_OF_TEN 3.32192809488736234787

/* log2(1 + 10^m), without overflow */
static double log2_1p(microbans m)
{
	double bans = (double)m / (double)MICROBANS_PER_BAN;

	if (bans > 15) /* the 1 is below the precision of double */
		return bans * LOG2_OF_TEN;
	return num_log(1 + num_from_microbans(m)) / LN2;
}

double calibrate_cllr(const struct calibrate_sets *s)
{
	double a = 0, b = 0;

	if (s->n1 == 0 || s->n2 == 0)
		return -1;
	for (size_t i = 0; i < s->n1; i++)
		a += log2_1p(-s->h1[i]);
	for (size_t i = 0; i < s->n2; i++)
		b += log2_1p(s->h2[i]);
	return (a / (double)s->n1 + b / (double)s->n2) / 2;
}

static int by_score(const void *a, const void *b)
{
	microbans x = ((const struct pool_block *)a)->from;
	microbans y = ((const struct pool_block *)b)->from;

	return x < y ? -1 : x > y;
}

double calibrate_cllr_min(const struct calibrate_sets *s)
{
	double n1 = (double)s->n1, n2 = (double)s->n2, a = 0, b = 0;
	struct pool_block *v;
	size_t n = 0;

	if (s->n1 == 0 || s->n2 == 0)
		return -1;
	v = malloc((s->n1 + s->n2) * sizeof(*v));
	if (v == NULL)
		return -1;
	for (size_t i = 0; i < s->n1; i++)
		v[n++] = (struct pool_block){ s->h1[i], 1, 0 };
	for (size_t i = 0; i < s->n2; i++)
		v[n++] = (struct pool_block){ s->h2[i], 0, 1 };
	qsort(v, n, sizeof(*v), by_score);
	n = pool_blocks(v, n);
	for (size_t i = 0; i < n; i++) {
		double x = v[i].h1, y = v[i].h2;

		if (x == 0 || y == 0)
			continue; /* LR 0 or infinite, and right */
		a += x * num_log(1 + y * n1 / (x * n2)) / LN2;
		b += y * num_log(1 + x * n2 / (y * n1)) / LN2;
	}
	free(v);
	return (a / n1 + b / n2) / 2;
}

double calibrate_misleading_h1(const struct calibrate_sets *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n1; i++)
		n += s->h1[i] < 0;
	return s->n1 > 0 ? (double)n / (double)s->n1 : 0;
}

double calibrate_misleading_h2(const struct calibrate_sets *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n2; i++)
		n += s->h2[i] > 0;
	return s->n2 > 0 ? (double)n / (double)s->n2 : 0;
}

double calibrate_share(const microbans *set, size_t n, microbans x)
{
	size_t above = 0;

	for (size_t i = 0; i < n; i++)
		above += set[i] >= x;
	return n > 0 ? (double)above / (double)n : 0;
}
