/* rivals_timing.c - see rivals_timing.h. */
#include "rivals_timing.h"

#include <math.h>

#define ZP_IDLE_US  500000
#define ZP_DELTA_US 80000
#define ZP_SHARE    0.3
#define ZP_IN_ROW   2.0 /* for pairs that share a host */
#define BGM_MIN	    100 /* packets before the first decision */
#define SCORE_CAP   1e6

static void reached(struct rival_verdict *v, double score, double threshold,
		    int64_t us)
{
	if (score > v->top)
		v->top = score;
	if (v->when < 0 && score >= threshold)
		v->when = us;
}

/* Resumes of one end of a channel. */
struct resume {
	const int64_t *us;
	size_t n, i;
	int64_t last, previous; /* latest resume and the one before */
	uint32_t count;
};

/* Time of the next resume; INT64_MAX at the end. */
static int64_t next_resume(struct resume *r)
{
	while (r->i < r->n && r->i > 0 &&
	       r->us[r->i] - r->us[r->i - 1] < ZP_IDLE_US)
		r->i++;
	return r->i < r->n ? r->us[r->i] : INT64_MAX;
}

static void take_resume(struct resume *r)
{
	r->previous = r->last;
	r->last = r->us[r->i++];
	r->count++;
}

/* One channel, step by step. */
struct zp {
	struct resume a, b;
	uint32_t hits, in_row;
};

static void zp_init(struct zp *z, const struct channel *c)
{
	*z = (struct zp){ .a = { .us = c->a, .n = c->na },
			  .b = { .us = c->b, .n = c->nb } };
	z->a.last = z->a.previous = INT64_MIN / 2;
	z->b.last = z->b.previous = INT64_MIN / 4;
}

static double zp_share(const struct zp *z)
{
	uint32_t least = z->a.count < z->b.count ? z->a.count : z->b.count;

	return least > 0 ? (double)z->hits / least : 0;
}

static double zp_score(const struct zp z[2])
{
	double share = fmax(zp_share(&z[0]), zp_share(&z[1]));
	double f = 1, in_row = z[0].in_row + z[1].in_row;

	for (int i = 0; i < 2; i++) {
		uint32_t least = z[i].a.count < z[i].b.count ? z[i].a.count
							     : z[i].b.count;

		f = fmax(f, least / 100.0);
	}
	return fmin(in_row / (ZP_IN_ROW * f), share / ZP_SHARE);
}

struct rival_verdict rival_zhang_paxson(const struct channel c[2],
					double threshold)
{
	struct rival_verdict v = { .when = -1 };
	struct zp z[2];

	zp_init(&z[0], &c[0]);
	zp_init(&z[1], &c[1]);
	for (;;) {
		struct resume *first = &z[0].a;
		int64_t t, before;
		int k = 0;

		for (int i = 0; i < 2; i++) {
			if (next_resume(&z[i].a) < next_resume(first)) {
				first = &z[i].a;
				k = i;
			}
			if (next_resume(&z[i].b) < next_resume(first)) {
				first = &z[i].b;
				k = i;
			}
		}
		t = next_resume(first);
		if (t == INT64_MAX)
			return v;
		take_resume(first);
		if (first != &z[k].b || t - z[k].a.last > ZP_DELTA_US)
			continue;
		z[k].hits++;
		before = z[k].b.previous - z[k].a.previous;
		z[k].in_row += before >= 0 && before <= ZP_DELTA_US;
		reached(&v, zp_score(z), threshold, t);
	}
}

/* Most events within any stretch of delay_us. */
static size_t busiest(const int64_t *us, size_t n, int64_t delay_us)
{
	size_t top = 0, lo = 0;

	for (size_t i = 0; i < n; i++) {
		while (us[i] - us[lo] > delay_us)
			lo++;
		if (i - lo + 1 > top)
			top = i - lo + 1;
	}
	return top;
}

static void blum_channel(const struct channel *c, int64_t delay_us,
			 double delta, double threshold,
			 struct rival_verdict *v)
{
	double p = (double)busiest(c->a, c->na, delay_us);
	double need = 8 * p * p * log2(1 / delta);
	int64_t d = 0, low = 0, high = 0;
	size_t i = 0, j = 0, run = 0;

	while (i < c->na || j < c->nb) {
		int from_a = i < c->na && (j == c->nb || c->a[i] <= c->b[j]);
		int64_t t = from_a ? c->a[i++] : c->b[j++];

		d += from_a ? 1 : -1;
		low = d < low ? d : low;
		high = d > high ? d : high;
		run++;
		if ((double)(high - low) > p) { /* left the band: anew */
			low = high = d;
			run = 0;
		}
		if (need > 0)
			reached(v, (double)run / need, threshold, t);
	}
}

struct rival_verdict rival_blum(const struct channel c[2], int64_t delay_us,
				double delta, double threshold)
{
	struct rival_verdict v[2] = { { .when = -1 }, { .when = -1 } };

	for (int i = 0; i < 2; i++)
		blum_channel(&c[i], delay_us, delta, threshold, &v[i]);
	if (v[1].when >= 0 && (v[0].when < 0 || v[1].when < v[0].when))
		v[0].when = v[1].when;
	v[0].top = fmax(v[0].top, v[1].top);
	return v[0];
}

static void match_channel(const struct channel *c, int64_t delay_us,
			  double threshold, struct rival_verdict *v)
{
	size_t i = 0, j = 0, lost = 0;
	int64_t first, t = 0;

	if (c->na == 0 || c->nb == 0)
		return;
	first = c->a[0] < c->b[0] ? c->a[0] : c->b[0];
	while (i < c->na && j < c->nb) {
		double n, rate, share, own;

		if (c->b[j] < c->a[i]) {
			t = c->b[j++];
			lost++;
		} else if (c->b[j] > c->a[i] + delay_us) {
			t = c->a[i++] + delay_us;
			lost++;
		} else {
			t = c->b[j++];
			i++;
		}
		n = (double)(i + j);
		if (n < BGM_MIN || t <= first)
			continue;
		rate = n / 2 / ((double)(t - first) / 1e6);
		own = 0.5 / (1 + rate * (double)delay_us / 1e6);
		share = (double)lost / n;
		reached(v, share > 0 ? own / share : SCORE_CAP, threshold, t);
	}
}

struct rival_verdict rival_he_tong(const struct channel c[2], int64_t delay_us,
				   double threshold)
{
	struct rival_verdict v[2] = { { .when = -1 }, { .when = -1 } };

	for (int i = 0; i < 2; i++)
		match_channel(&c[i], delay_us, threshold, &v[i]);
	if (v[1].when >= 0 && (v[0].when < 0 || v[1].when < v[0].when))
		v[0].when = v[1].when;
	v[0].top = fmax(v[0].top, v[1].top);
	return v[0];
}
