/*
 * grid.c - which events of a stream does its own timer predict?
 *
 * In windows of GRID_WINDOW events, differences of events up to four apart
 * give candidate periods (fullest bins of 9 %); each is refined by the mean
 * resultant length R of the phases (Rayleigh; Mardia and Jupp, Directional
 * Statistics).  A period counts when n R^2 exceeds GRID_LIMIT, about one in a
 * thousand over the periods tried.  An event is predicted when its distance
 * from one of the three before it is near a small multiple of the period.
 * Misses: jitter above a fifth of the period (such grids hardly drift, see
 * METHODS.md).
 *
 * A timer of a minority of the events is followed from event to event: the gap
 * of two events is tried as a period, and each next tick is a bet that an event
 * lies there (chance CHAIN_HIT) against the stream's local rate.  Evidence of
 * CHAIN_LIMIT decades makes the events of the chain predicted ones.
 */
#include "relay/track.h"

#include <math.h>
#include <string.h>

#define GRID_WINDOW  64
#define GRID_LIMIT   12.0
#define GRID_MIN     12 /* events in a window that can show a grid */
#define BINS_PER_OCT 8
#define FIRST_OCT    15 /* 33 ms */
#define LAST_OCT     28 /* 268 s */
#define N_BINS	     ((LAST_OCT - FIRST_OCT) * BINS_PER_OCT)
#define CANDIDATES   2
#define STEPS	     24
#define LAGS	     4 /* gaps over up to so many ticks */

#define CHAIN_MIN      6 /* events after the first tick */
#define CHAIN_MAX      4096
#define CHAIN_LOOK     24   /* events looked at for a period */
#define CHAIN_STARTS   2048 /* of a long stream only some are tried */
#define CHAIN_SHORTEST INT64_C(900000)
#define CHAIN_LONGEST  INT64_C(130000000)
#define CHAIN_WIDE     64 /* tolerance: this part of the period */
#define CHAIN_WIDEST   INT64_C(150000)
#define CHAIN_HIT      0.9
#define CHAIN_DROP     2.0 /* decades lost end a chain */
#define CHAIN_LIMIT    7.0

/* sin and cos of 2 pi x, x in [0,1): polynomial, the same on every machine.
 * Error below 3e-7, far below what a phase test can see. */
static void turn(double x, double *s, double *c)
{
	double q = x * 4;
	int quad = (int)q;
	double y = (q - quad - 0.5) * 1.57079632679489662; /* +-pi/4 */
	double y2 = y * y;
	double sy = y * (1 - y2 / 6 * (1 - y2 / 20 * (1 - y2 / 42)));
	double cy = 1 - y2 / 2 * (1 - y2 / 12 * (1 - y2 / 30 * (1 - y2 / 56)));
	/* rotate back by 45 degrees, then by the quadrant */
	double h = 0.70710678118654752;
	double s0 = h * (sy + cy), c0 = h * (cy - sy);

	switch (quad & 3) {
	case 0:
		*s = s0;
		*c = c0;
		break;
	case 1:
		*s = c0;
		*c = -s0;
		break;
	case 2:
		*s = -s0;
		*c = -c0;
		break;
	default:
		*s = -c0;
		*c = s0;
		break;
	}
}

static int period_bin(int64_t d)
{
	int o, frac;

	if (d < INT64_C(1) << FIRST_OCT || d >= INT64_C(1) << LAST_OCT)
		return -1;
	o = 63 - __builtin_clzll((uint64_t)d);
	frac = (int)(((d - (INT64_C(1) << o)) * BINS_PER_OCT) >> o);
	return (o - FIRST_OCT) * BINS_PER_OCT + frac;
}

static double bin_period(int bin)
{
	int o = FIRST_OCT + bin / BINS_PER_OCT;

	return ldexp(1 + (bin % BINS_PER_OCT + 0.5) / BINS_PER_OCT, o);
}

/* Events of a window: microseconds since the first. */
struct phases {
	double d[GRID_WINDOW];
	size_t n;
};

/* n R^2 of the phases for one period. */
static double strength(const struct phases *w, double period)
{
	double ss = 0, cc = 0, s, c, x;

	for (size_t i = 0; i < w->n; i++) {
		x = w->d[i] / period;
		x -= (double)(int64_t)x;
		turn(x, &s, &c);
		ss += s;
		cc += c;
	}
	return (ss * ss + cc * cc) / (double)w->n;
}

#define WAVE_STEPS 64 /* of a turn */
#define WAVE_ONE   16384
/* A phase is off by up to half a step (0.0491), little more by rounding. */
#define WAVE_ERROR 0.05

/* sin(2 pi i / WAVE_STEPS); the cosine lies a quarter on. */
static const int16_t wave[WAVE_STEPS + WAVE_STEPS / 4] = {
	0,	1606,	3196,	4756,	6270,	7723,	9102,	10394,	11585,
	12665,	13623,	14449,	15137,	15679,	16069,	16305,	16384,	16305,
	16069,	15679,	15137,	14449,	13623,	12665,	11585,	10394,	9102,
	7723,	6270,	4756,	3196,	1606,	0,	-1606,	-3196,	-4756,
	-6270,	-7723,	-9102,	-10394, -11585, -12665, -13623, -14449, -15137,
	-15679, -16069, -16305, -16384, -16305, -16069, -15679, -15137, -14449,
	-13623, -12665, -11585, -10394, -9102,	-7723,	-6270,	-4756,	-3196,
	-1606,	0,	1606,	3196,	4756,	6270,	7723,	9102,	10394,
	11585,	12665,	13623,	14449,	15137,	15679,	16069,	16305
};

/* May strength() of a period exceed `above`?  Most may not, and most of those
 * are told by phases rounded to a step of the table: R is off by no more than
 * the mean error of a phase. */
static bool may_exceed(const struct phases *w, double period, double above)
{
	double least = sqrt(above * (double)w->n) - WAVE_ERROR * (double)w->n;
	double turns = WAVE_STEPS / period;
	int64_t ss = 0, cc = 0;
	size_t i = 0, stop = w->n * 3 / 4;

	/* what is left at the first stop adds a length of 1 each at most */
	least -= (double)(w->n - stop);
	for (;;) {
		for (; i < stop; i++) {
			unsigned k = (unsigned)(int64_t)(w->d[i] * turns + 0.5);

			ss += wave[k % WAVE_STEPS];
			cc += wave[k % WAVE_STEPS + WAVE_STEPS / 4];
		}
		if (least > 0 && (double)(ss * ss + cc * cc) <
					 least * least * WAVE_ONE * WAVE_ONE)
			return false;
		if (stop == w->n)
			return true;
		least += (double)(w->n - stop);
		stop = w->n;
	}
}

/* The strongest period near a centre; 0 = not significant. */
static double refine(const struct phases *w, double centre, double *best)
{
	double found = 0;

	*best = GRID_LIMIT;
	for (int i = 0; i <= STEPS; i++) {
		double p = centre * (0.9 + 0.2 * i / STEPS), v;

		if (!may_exceed(w, p, *best))
			continue;
		v = strength(w, p);
		if (v > *best) {
			*best = v;
			found = p;
		}
	}
	return found;
}

/* The fullest bin may hold the gaps over two to four ticks, which scatter
 * less than those of one: the shortest significant part of it counts. */
static double shortest(const struct phases *w, int bin, double *best)
{
	double p = 0;

	for (int k = LAGS; k >= 1 && p == 0; k--)
		p = refine(w, bin_period(bin) / k, best);
	return p;
}

static bool is_multiple(double p, double period)
{
	double k = p / period;

	return k < LAGS + 0.5 && fabs(k - (int)(k + 0.5)) < 0.07 * k;
}

static bool near_multiple(int64_t d, double period, double tol)
{
	double k = (double)d / period;
	int near = (int)(k + 0.5);

	return near >= 1 && near <= 4 && fabs(k - near) <= tol;
}

static void mark(const int64_t *us, size_t n, double period, double r2,
		 uint8_t *mask)
{
	double tol = r2 > 0.36 ? 0.25 : 0.4;

	for (size_t i = 1; i < n; i++)
		for (size_t j = 1; j <= 3 && j <= i; j++)
			if (near_multiple(us[i] - us[i - j], period, tol))
				mask[i] = 1;
}

static void window(const int64_t *us, size_t n, uint8_t *mask)
{
	uint16_t count[N_BINS] = { 0 };
	struct phases w = { .n = n };
	double v, period;

	if (n < GRID_MIN)
		return;
	for (size_t i = 0; i < n; i++)
		w.d[i] = (double)(us[i] - us[0]);
	for (size_t i = 1; i < n; i++) {
		for (size_t j = 1; j <= LAGS && j <= i; j++) {
			int b = period_bin(us[i] - us[i - j]);

			if (b >= 0)
				count[b]++;
		}
	}
	for (int c = 0; c < CANDIDATES; c++) {
		int top = 0;

		for (int b = 1; b < N_BINS; b++)
			if (count[b] > count[top])
				top = b;
		if (count[top] < 6 || count[top] * 4 < n)
			return;
		period = shortest(&w, top, &v);
		count[top] = 0;
		if (period == 0)
			continue;
		mark(us, n, period, v / (double)n, mask);
		for (int b = 0; b < N_BINS; b++)
			if (is_multiple(bin_period(b), period))
				count[b] = 0;
	}
}

/* A chain of ticks through the events of a stream. */
struct chain {
	const int64_t *us;
	size_t n;
	int64_t period, tol;
	double sum, best; /* decades of evidence now and at most */
	size_t best_ticks;
	size_t width; /* events around the latest tick: where to look next */
	size_t tick[CHAIN_MAX]; /* events hit */
	size_t ticks;
};

/* The event nearest to t within the tolerance; n = none. */
static size_t event_at(const struct chain *c, size_t from, int64_t t)
{
	size_t i = seek_us(c->us, c->n, from, t - c->tol), best = c->n;
	int64_t off = c->tol + 1;

	for (; i < c->n && c->us[i] <= t + c->tol; i++) {
		int64_t d = c->us[i] < t ? t - c->us[i] : c->us[i] - t;

		if (d < off) {
			off = d;
			best = i;
		}
	}
	return best;
}

/* One tick: where it should be, and how likely an event is there anyway. */
static bool chain_step(struct chain *c, size_t last, int64_t at)
{
	size_t from =
		seek_us(c->us, c->n, last + c->width / 2, at - c->period / 2);
	size_t to = seek_us(c->us, c->n, from + c->width, at + c->period / 2);
	double p = 2.0 * (double)c->tol * (double)(to - from + 1) /
		   (double)c->period;
	size_t hit = event_at(c, from + (to - from) / 2, at);

	c->width = to - from;
	p = p > 0.8 ? 0.8 : p;
	c->sum += num_log((hit < c->n ? CHAIN_HIT / p
				      : (1 - CHAIN_HIT) / (1 - p))) /
		  2.302585092994046;
	if (hit < c->n)
		c->tick[c->ticks++] = hit;
	if (c->sum > c->best) {
		c->best = c->sum;
		c->best_ticks = c->ticks;
	}
	return c->sum > c->best - CHAIN_DROP && c->ticks < CHAIN_MAX;
}

static bool chain_follow(struct chain *c, size_t first, size_t second)
{
	int64_t at = c->us[second];
	size_t last = second, ticks;

	c->sum = c->best = 0;
	c->tick[0] = first;
	c->tick[1] = second;
	c->ticks = c->best_ticks = 2;
	do {
		ticks = c->ticks;
		at += c->period;
		if (at > c->us[c->n - 1] + c->tol || !chain_step(c, last, at))
			break;
		if (c->ticks > ticks) {
			last = c->tick[ticks];
			at = c->us[last];
		}
	} while (true);
	return c->best >= CHAIN_LIMIT;
}

/* Tries the gap from event i to event j as a period, narrowly and widely. */
static void try_chain(struct chain *c, size_t i, size_t j, uint8_t *mask)
{
	static const int64_t share[2] = { 400, CHAIN_WIDE }; /* of the period */
	static const int64_t most[2] = { 30000, CHAIN_WIDEST };

	for (int k = 0; k < 2; k++) {
		c->tol = c->period / share[k];
		c->tol = c->tol > most[k] ? most[k] : c->tol;
		if (!chain_follow(c, i, j))
			continue;
		for (size_t q = 0; q < c->best_ticks; q++)
			mask[c->tick[q]] = 1;
		return;
	}
}

/* Most gaps are no period: there must be an event a second gap later. */
void chain_mask(const int64_t *us, size_t n, uint8_t *mask)
{
	struct chain c;

	c.us = us;
	c.n = n;
	c.width = 0;
	memset(mask, 0, n);
	for (size_t i = 0; i + CHAIN_MIN < n; i += 1 + n / CHAIN_STARTS) {
		size_t next = i;

		for (size_t j = i + 1; j < n && j <= i + CHAIN_LOOK; j++) {
			int64_t period = us[j] - us[i], tol;

			if (period > CHAIN_LONGEST || mask[i])
				break;
			if (period < CHAIN_SHORTEST || mask[j])
				continue;
			tol = period / CHAIN_WIDE;
			tol = tol > CHAIN_WIDEST ? CHAIN_WIDEST : tol;
			while (next < n && us[next] < us[j] + period - tol)
				next++;
			if (next == n)
				break;
			if (us[next] > us[j] + period + tol)
				continue;
			c.period = period;
			try_chain(&c, i, j, mask);
		}
	}
}

void grid_mask(const int64_t *us, size_t n, uint8_t *mask)
{
	memset(mask, 0, n);
	for (size_t i = 0; i < n; i += GRID_WINDOW / 2) {
		size_t len = n - i < GRID_WINDOW ? n - i : GRID_WINDOW;

		window(us + i, len, mask + i);
	}
}
