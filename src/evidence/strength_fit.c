/*
 * strength_fit.c - see strength_fit.h.
 * The interval of a step: lowest and highest LR, at the step's median relay,
 * over the table of all kinds and the tables that leave one run out.
 */
#include "evidence/strength_fit.h"

#include <stdlib.h>
#include <string.h>

#include "evidence/pool.h"

#define LN2    0.69314718055994530942
#define NO_RUN UINT32_MAX

struct fit {
	struct pool_block *b; /* h1: relays, h2: others */
	size_t n;
	double n1, n2; /* runs, the contradicting one included */
};

struct work {
	const struct strength_item *v;
	size_t n;
	struct fit full, less; /* with every run; without one */
	microbans *scores;     /* of relays, for medians */
};

static int by_score(const void *x, const void *y)
{
	const struct strength_item *a = x, *b = y;

	if (a->score != b->score)
		return a->score < b->score ? -1 : 1;
	if (a->run != b->run)
		return a->run < b->run ? -1 : 1;
	if (a->relay != b->relay)
		return a->relay ? 1 : -1;
	return a->host < b->host ? -1 : a->host > b->host;
}

static int by_run(const void *x, const void *y)
{
	const struct strength_item *a = x, *b = y;

	if (a->relay != b->relay)
		return a->relay ? 1 : -1;
	if (a->run != b->run)
		return a->run < b->run ? -1 : 1;
	if (a->host != b->host)
		return a->host < b->host ? -1 : 1;
	return (int)a->kind - (int)b->kind;
}

static bool same_unit(const struct strength_item *a,
		      const struct strength_item *b)
{
	return a->relay == b->relay && a->run == b->run &&
	       (!a->relay || (a->host == b->host && a->kind == b->kind));
}

/* Each relay unit (run, host and kind) weighs 1 in all; of the pairs without
 * a relay the strongest of each run weighs 1, the others nothing. */
static void set_weights(struct strength_item *v, size_t n)
{
	size_t end, best;

	qsort(v, n, sizeof(*v), by_run);
	for (size_t i = 0; i < n; i = end) {
		best = i;
		for (end = i; end < n && same_unit(&v[i], &v[end]); end++)
			if (v[end].score > v[best].score)
				best = end;
		for (size_t k = i; k < end; k++)
			v[k].weight =
				v[k].relay ? 1 / (double)(end - i) : k == best;
	}
	qsort(v, n, sizeof(*v), by_score);
}

static bool is_kind(const struct strength_item *i, size_t kind)
{
	return !i->relay || kind == STRENGTH_ANY || (size_t)i->kind == kind;
}

/* Without the run `skip`; `extra` is the weight of the contradicting runs. */
static void fit(const struct work *w, struct fit *f, size_t kind, uint32_t skip,
		double extra)
{
	f->n = 0;
	f->n1 = f->n2 = extra;
	f->b[f->n++] = (struct pool_block){ STRENGTH_NO_RECORD, extra, 0 };
	for (size_t i = 0; i < w->n; i++) {
		const struct strength_item *v = &w->v[i];
		struct pool_block b = { v->score, v->relay ? v->weight : 0,
					v->relay ? 0 : v->weight };

		if (v->weight == 0 || v->run == skip || !is_kind(v, kind))
			continue;
		f->n1 += b.h1;
		f->n2 += b.h2;
		f->b[f->n++] = b;
	}
	if (extra > 0) /* above all scores: part of the last block */
		f->b[f->n++] = (struct pool_block){ INT64_MAX, 0, extra };
	f->n = pool_blocks(f->b, f->n);
}

static microbans lr_of_block(const struct fit *f, size_t i)
{
	return num_microbans(f->b[i].h1 / f->n1 * f->n2 / f->b[i].h2);
}

static size_t block_of(const struct fit *f, microbans score)
{
	size_t i = 0;

	while (i + 1 < f->n && f->b[i + 1].from <= score)
		i++;
	return i;
}

static microbans lr_at(const struct fit *f, microbans score)
{
	return lr_of_block(f, block_of(f, score));
}

/* Median score of the relays of a kind within a block. */
static microbans middle(const struct work *w, size_t kind, microbans from,
			microbans to)
{
	size_t n = 0;

	for (size_t i = 0; i < w->n; i++) /* in order of scores */
		if (w->v[i].relay && is_kind(&w->v[i], kind) &&
		    w->v[i].score >= from && w->v[i].score < to)
			w->scores[n++] = w->v[i].score;
	return n > 0 ? w->scores[n / 2] : from;
}

static void widen(struct strength_step *t, microbans lr)
{
	if (lr < t->low)
		t->low = lr;
	if (lr > t->high)
		t->high = lr;
}

/* Two blocks below and at no record stay; more steps than the table holds
 * cannot come of scores with two decimals. */
static void fill_steps(struct work *w, size_t kind, uint32_t runs,
		       struct strength_kind *out)
{
	const struct fit *f = &w->full;
	microbans at[STRENGTH_STEPS];
	size_t skip = f->n > STRENGTH_STEPS ? f->n - STRENGTH_STEPS : 0;

	out->n = f->n - skip;
	for (size_t i = 0; i < out->n; i++) {
		microbans to =
			i + 1 < out->n ? f->b[skip + i + 1].from : INT64_MAX;

		out->step[i].from = f->b[skip + i].from;
		out->step[i].lr = lr_of_block(f, skip + i);
		out->step[i].low = out->step[i].high = out->step[i].lr;
		at[i] = middle(w, kind, out->step[i].from, to);
	}
	for (uint32_t r = 0; r <= runs; r++) {
		if (r < runs)
			fit(w, &w->less, kind, r, 1);
		else
			fit(w, &w->less, STRENGTH_ANY, NO_RUN, 1);
		for (size_t i = 0; i < out->n; i++)
			widen(&out->step[i], lr_at(&w->less, at[i]));
	}
}

static double log2_1p(double x)
{
	return num_log(1 + x) / LN2;
}

static void check_run(const struct work *w, size_t kind, uint32_t run,
		      struct strength_check *c, double *cost)
{
	for (size_t i = 0; i < w->n; i++) {
		const struct strength_item *v = &w->v[i];
		microbans m;
		double lr;

		if (v->weight == 0 || v->run != run || !is_kind(v, kind))
			continue;
		m = lr_at(&w->less, v->score);
		lr = num_from_microbans(m);
		cost[v->relay ? 0 : 1] +=
			v->weight * log2_1p(v->relay ? 1 / lr : lr);
		if (v->relay && m < 0)
			c->misleading_relays += v->weight;
		if (!v->relay && m > 0)
			c->misleading_others += v->weight;
	}
}

static double cllr_min(const struct fit *f)
{
	double a = 0, b = 0;

	for (size_t i = 0; i < f->n; i++) {
		double x = f->b[i].h1, y = f->b[i].h2;

		if (x <= 0 || y <= 0)
			continue; /* LR 0 or infinite, and right */
		a += x * log2_1p(y / f->n2 * f->n1 / x);
		b += y * log2_1p(x / f->n1 * f->n2 / y);
	}
	return (a / f->n1 + b / f->n2) / 2;
}

static void fill_check(struct work *w, size_t kind, uint32_t runs,
		       struct strength_check *c)
{
	double cost[2] = { 0, 0 }, n1, n2;

	fit(w, &w->full, kind, NO_RUN, 0);
	n1 = w->full.n1;
	n2 = w->full.n2;
	for (size_t i = 0; i < w->n; i++)
		if (w->v[i].relay && is_kind(&w->v[i], kind))
			c->relays++;
	c->relay_runs = (uint32_t)(n1 + 0.5);
	if (c->relay_runs == 0)
		return;
	c->cllr_min = cllr_min(&w->full);
	for (uint32_t r = 0; r < runs; r++) {
		fit(w, &w->less, kind, r, 1);
		check_run(w, kind, r, c, cost);
	}
	c->cllr = (cost[0] / n1 + cost[1] / n2) / 2;
	c->misleading_relays /= n1;
	c->misleading_others /= n2;
}

static bool both_sides(const struct strength_item *v, size_t n)
{
	bool side[2] = { false, false };

	for (size_t i = 0; i < n; i++)
		side[v[i].relay] = true;
	return side[0] && side[1];
}

bool strength_fit(struct strength_item *v, size_t n, struct strength *s,
		  struct strength_check *check, struct err *e)
{
	struct work w = { .v = v, .n = n };
	uint32_t runs = 0;
	bool good = false;

	if (!both_sides(v, n))
		return err_set(e, ERR_USAGE,
			       "strength needs pairs of both sorts");
	for (size_t i = 0; i < n; i++)
		if (v[i].run >= runs)
			runs = v[i].run + 1;
	set_weights(v, n);
	w.full.b = calloc(n + 2, sizeof(*w.full.b));
	w.less.b = calloc(n + 2, sizeof(*w.less.b));
	w.scores = calloc(n + 1, sizeof(*w.scores));
	if (w.full.b == NULL || w.less.b == NULL || w.scores == NULL) {
		err_set(e, ERR_MEMORY, "no memory for the strength table");
		goto out;
	}
	for (size_t k = 0; k <= KINDS; k++) {
		check[k] = (struct strength_check){ .relays = 0 };
		s->kind[k].n = 0;
		fill_check(&w, k, runs, &check[k]);
		s->kind[k].relay_runs = check[k].relay_runs;
		s->other_runs = (uint32_t)(w.full.n2 + 0.5);
		if (check[k].relay_runs == 0)
			continue;
		fit(&w, &w.full, k, NO_RUN, 1);
		fill_steps(&w, k, runs, &s->kind[k]);
	}
	good = true;
out:
	free(w.full.b);
	free(w.less.b);
	free(w.scores);
	return good;
}
