/*
 * learn.c - a calibration from traffic known to be direct.
 *
 * Per kind of turn: centre = the 20 % quantile of the gaps (the program
 * undisturbed), spread from the distance to the 70 % quantile, tail = share
 * beyond ten spreads.  Connections on jittery paths (mean |difference of
 * RTTs| above 2 ms) and paths that retransmit are left out: the jitter is
 * measured and added when an address is judged.  A kind with fewer than
 * MIN_TURNS keeps what it had.
 */
#include <stdlib.h>
#include <string.h>

#include "farend/track.h"

#define MIN_TURNS     30
#define JITTER_MAX_US 2000

static int by_value(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static bool calm(const struct fe_summary *s)
{
	return s->r0_us != 0 && s->loss == 0 && s->n_rdev > 0 &&
	       s->rdev_us / s->n_rdev < JITTER_MAX_US;
}

static void take(struct fe_kind_calib *k, uint32_t *v, uint32_t n)
{
	uint32_t low, high, tail = 0;
	double spread;

	if (n < MIN_TURNS)
		return;
	qsort(v, n, sizeof(*v), by_value);
	low = v[n / 5];
	high = v[(uint64_t)n * 7 / 10];
	spread = (double)(high - low);
	if (spread < 300)
		spread = 300;
	for (uint32_t i = 0; i < n; i++)
		tail += v[i] > low + 10 * spread;
	k->offset_us = low;
	k->spread_us = spread;
	k->tail = (tail + 1.0) / (n + 2.0);
	k->n = n;
}

bool farend_learn(const struct farend *f, struct farend_calib *c, struct err *e)
{
	uint32_t *v =
		malloc(((size_t)f->pool_used * FE_TURNS + 1) * sizeof(*v));
	uint32_t n;

	if (v == NULL)
		return err_set(e, ERR_MEMORY, "no memory to learn from");
	for (unsigned kind = 0; kind < FE_KINDS; kind++) {
		n = 0;
		for (uint32_t i = 0; i < f->pool_used; i++) {
			const struct fe_summary *s = &f->pool[i];

			if (!calm(s))
				continue;
			if (kind == FE_K_HELLO && (s->flags & FE_HELLO))
				v[n++] = s->eta_us;
			for (int t = 0; t < s->n_turns; t++)
				if (fe_turn_kind(s->turns[t]) == kind)
					v[n++] = fe_turn_us(s->turns[t]);
		}
		take(&c->kind[kind], v, n);
	}
	free(v);
	return true;
}
