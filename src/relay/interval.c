/*
 * interval.c - interval decoys: does b answer a, or would it seem so anyway?
 *
 * For event i of a with gap g after event i-1: k decoy gaps of the same
 * octave, taken from a's own latest gaps (where the octave has too few, gaps
 * of other octaves scaled into it).  Score f of the waiting time to b's next
 * event: learnt ratio of hits to decoys per lag bin.
 *     e_i = (k + 1) f(w_0) / (f(w_0) + ... + f(w_k))
 * Null: a's gap is exchangeable with its decoys, whatever b does; then
 * E[e_i | past] = 1 up to the dependence of successive gaps.
 * Wrong when: a runs on a fixed grid with jitter (errors of successive gaps
 * are anti-correlated) - grid_mask() takes those events out.
 */
#include "relay/track.h"

#include <string.h>

#define DECOYS	  7
#define WARM	  2    /* gaps known before the first bet */
#define OCTAVES	  40   /* of microseconds */
#define BINS	  36   /* half octaves from 128 us on */
#define BETS_MAX  2048 /* a process ends: slow drifts have no time */
#define CENSOR_US INT64_C(10000000)

struct ring {
	int64_t gap[DECOYS];
	uint32_t n; /* ever */
};

struct learner {
	double hits[BINS], decoys[BINS];
	double hit_sum, decoy_sum;
	struct ring octave[OCTAVES];
	struct ring latest;
};

static int octave_of(int64_t us)
{
	return us < 1 ? 0 : 63 - __builtin_clzll((uint64_t)us);
}

/* Half-octave bins: [0,128) us, [128,181), [181,256), ... */
static int lag_bin(int64_t w)
{
	int o, b;

	if (w < 128)
		return 0;
	o = octave_of(w);
	/* 181/128 = sqrt(2) within 0.02 % */
	b = 1 + 2 * (o - 7) + (w >= (INT64_C(181) << (o - 7)));
	return b < BINS ? b : BINS - 1;
}

/* Short lags are more like a relay: a prior, fixed in advance. */
static void learner_init(struct learner *l)
{
	memset(l, 0, sizeof(*l));
	for (int i = 0; i < BINS; i++) {
		l->hits[i] = i <= 17 ? 2.0 : 0.25; /* below 46 ms */
		l->decoys[i] = 0.25;
		l->hit_sum += l->hits[i];
		l->decoy_sum += l->decoys[i];
	}
}

static double score(const struct learner *l, int bin)
{
	double f =
		(l->hits[bin] * l->decoy_sum) / (l->decoys[bin] * l->hit_sum);

	return f < 1e-3 ? 1e-3 : f > 1e3 ? 1e3 : f;
}

static void ring_put(struct ring *r, int64_t gap)
{
	r->gap[r->n++ % DECOYS] = gap;
}

/* Decoy gaps for gap g: own octave first, then others scaled into it. */
static int draw(const struct learner *l, int octave, int64_t *out)
{
	const struct ring *own = &l->octave[octave];
	uint32_t have = own->n < DECOYS ? own->n : DECOYS;
	int k = 0, shift;

	for (uint32_t i = 0; i < have; i++)
		out[k++] = own->gap[i];
	have = l->latest.n < DECOYS ? l->latest.n : DECOYS;
	for (uint32_t i = 0; i < have && k < DECOYS; i++) {
		int64_t g = l->latest.gap[i];

		shift = octave - octave_of(g);
		if (shift == 0 || g < 1)
			continue;
		out[k++] = shift > 0 ? g << shift : g >> -shift;
	}
	return k;
}

/* A hit counts for its bin and, less, for the next two on each side. */
static void learn(double *count, int bin, double weight)
{
	const double share[3] = { weight * 0.4, weight * 0.2, weight * 0.1 };

	if (bin >= 2 && bin + 2 < BINS) {
		count[bin - 2] += share[2];
		count[bin - 1] += share[1];
		count[bin] += share[0];
		count[bin + 1] += share[1];
		count[bin + 2] += share[2];
		return;
	}
	for (int d = -2; d <= 2; d++) {
		int b = bin + d;

		b = b < 0 ? 0 : b >= BINS ? BINS - 1 : b;
		count[b] += share[d < 0 ? -d : d];
	}
}

struct waiter {
	const int64_t *b;
	size_t n, hint;
};

static int64_t wait_for(struct waiter *w, int64_t t)
{
	w->hint = seek_us(w->b, w->n, w->hint, t);
	return w->hint == w->n ? INT64_MAX / 4 : w->b[w->hint] - t;
}

static int64_t settled(int64_t t, int64_t wait)
{
	return t + (wait < CENSOR_US ? wait : CENSOR_US);
}

void interval_test(const int64_t *a, size_t na, const int64_t *b, size_t nb,
		   const int64_t *check_us, struct track *t)
{
	struct waiter w = { .b = b, .n = nb };
	struct learner l;
	int64_t decoy[DECOYS];
	unsigned bets = 0;

	learner_init(&l);
	for (size_t i = 1; i < na && bets < BETS_MAX; i++) {
		int64_t g = a[i] - a[i - 1], wait, when;
		int oct = octave_of(g), k, bin[DECOYS], b0;
		double f0, sum;

		k = draw(&l, oct, decoy);
		if (k >= WARM) {
			wait = wait_for(&w, a[i]);
			when = settled(a[i], wait);
			b0 = lag_bin(wait);
			sum = f0 = score(&l, b0);
			for (int j = 0; j < k; j++) {
				int64_t at = a[i - 1] + decoy[j];

				wait = wait_for(&w, at);
				bin[j] = lag_bin(wait);
				sum += score(&l, bin[j]);
				if (settled(at, wait) > when)
					when = settled(at, wait);
			}
			track_add(t, check_us, when,
				  num_microbans((k + 1) * f0 / sum));
			bets++;
			learn(l.hits, b0, 1);
			l.hit_sum += 1;
			for (int j = 0; j < k; j++)
				learn(l.decoys, bin[j], 1.0 / k);
			l.decoy_sum += 1;
		}
		ring_put(&l.octave[oct], g);
		ring_put(&l.latest, g);
	}
	track_end(t);
}
