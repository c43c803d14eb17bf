/* null_models.c - see null_models.h. */
#include "null_models.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "feature/burst.h"

#define ALL_RIVALS ((1 << PAIR_RIVALS) - 1)
#define NOT_INDEP  (ALL_RIVALS & ~(1 << PAIR_INDEPENDENT))
#define ORDERED	   (1 << PAIR_COMMON | 1 << PAIR_WAKE)
#define TIMER_ONLY (1 << PAIR_TIMERS)
#define NO_COMMON  (-1)

enum {
	PEOPLE,
	PERSON_TIMER,
	PERSON_BULK,
	BUSY,
	CRON,
	POISSON,
	PARETO,
	KEEPALIVE,
	BUSY_POISSON,
	CRON_POISSON,
	PARETO_TIMER,
	TIMER_PARETO,
	GRID
};

const char *const null_size_name[SIZE_VARIANTS] = { "same", "common", "copied",
						    "broadcast" };

#define GRID_ROW(n, p, j)                                                      \
	{                                                                      \
		n, "grid timers", GRID, p, j, 1, ALL_RIVALS & ~1               \
	}

const struct null_model null_models[] = {
	{ "people", "interval_decoys", PEOPLE, 0, 0, 0, ALL_RIVALS },
	{ "keep1s-2ms", "interval_decoys", GRID, 1, 0.002, 1, NOT_INDEP },
	{ "keep1s-50ms", "interval_decoys", GRID, 1, 0.05, 1, NOT_INDEP },
	{ "person-keep", "interval_decoys", PERSON_TIMER, 0.5, 0.002, 0,
	  ALL_RIVALS },
	{ "person-bulk", "interval_decoys", PERSON_BULK, 0, 0, 0, ALL_RIVALS },
	{ "busy8s", "interval_decoys", BUSY, 8, 0, 1, ORDERED | 1 << 4 },
	{ "cron10s", "interval_decoys", CRON, 10, 0.02, 1, 1 << 4 },
	{ "poisson", "8.3", POISSON, 0, 0, 0, ALL_RIVALS },
	{ "pareto", "8.3", PARETO, 0, 0, 0, ALL_RIVALS },
	{ "keep10s", "8.3", KEEPALIVE, 10, 0.005, 1, NOT_INDEP },
	{ "busy", "8.3", BUSY_POISSON, 0, 0, 1, ORDERED | 1 << 4 },
	{ "cron30s", "8.3", CRON_POISSON, 30, 0.06, 1, ORDERED | 1 << 4 },
	{ "pareto-keep", "8.3", PARETO_TIMER, 10, 0.005, 0, ALL_RIVALS },
	{ "keep+pareto", "8.3", TIMER_PARETO, 10, 0.005, 1, NOT_INDEP },
	GRID_ROW("grid1s-2ms", 1, 0.002),
	GRID_ROW("grid1s-50ms", 1, 0.05),
	GRID_ROW("grid1s-200ms", 1, 0.2),
	GRID_ROW("grid1s-1s", 1, 1),
	GRID_ROW("grid10s-2ms", 10, 0.002),
	GRID_ROW("grid10s-50ms", 10, 0.05),
	GRID_ROW("grid10s-200ms", 10, 0.2),
	GRID_ROW("grid10s-1s", 10, 1),
	GRID_ROW("grid30s-2ms", 30, 0.002),
	GRID_ROW("grid30s-50ms", 30, 0.05),
	GRID_ROW("grid30s-200ms", 30, 0.2),
	GRID_ROW("grid30s-1s", 30, 1),
};
const int null_n_models = sizeof(null_models) / sizeof(null_models[0]);

struct event {
	int64_t us;
	uint32_t bytes;
	int32_t common; /* number of the common moment, or NO_COMMON */
};

struct null_pair {
	struct event *ev[2], *answer;
	size_t n[2];
	int64_t *us[2][2]; /* leg, in/out */
	uint32_t *bytes[2][2];
	size_t len[2][2];
	struct num_rng rng;
	double spare;
	int has_spare;
};

struct null_pair *null_pair_new(void)
{
	struct null_pair *p = calloc(1, sizeof(*p));
	int ok = p != NULL;

	for (int i = 0; ok && i < 2; i++) {
		p->ev[i] = malloc(NULL_EVENTS * sizeof(struct event));
		ok = p->ev[i] != NULL;
		for (int d = 0; d < 2; d++) {
			p->us[i][d] = malloc(NULL_EVENTS * sizeof(int64_t));
			p->bytes[i][d] = malloc(NULL_EVENTS * sizeof(uint32_t));
			ok = ok && p->us[i][d] && p->bytes[i][d];
		}
	}
	if (ok)
		p->answer = malloc(NULL_EVENTS * sizeof(struct event));
	if (ok && p->answer != NULL)
		return p;
	null_pair_free(p);
	return NULL;
}

void null_pair_free(struct null_pair *p)
{
	if (p == NULL)
		return;
	for (int i = 0; i < 2; i++) {
		free(p->ev[i]);
		for (int d = 0; d < 2; d++) {
			free(p->us[i][d]);
			free(p->bytes[i][d]);
		}
	}
	free(p->answer);
	free(p);
}

static double unit(struct null_pair *p)
{
	return num_rng_unit(&p->rng);
}

static double expo(struct null_pair *p, double mean)
{
	return -mean * num_log(1 - unit(p));
}

/* Marsaglia's polar method. */
static double gauss(struct null_pair *p)
{
	double u, v, s;

	if (p->has_spare) {
		p->has_spare = 0;
		return p->spare;
	}
	do {
		u = 2 * unit(p) - 1;
		v = 2 * unit(p) - 1;
		s = u * u + v * v;
	} while (s >= 1 || s == 0);
	s = sqrt(-2 * num_log(s) / s);
	p->spare = v * s;
	p->has_spare = 1;
	return u * s;
}

static double lognormal(struct null_pair *p, double median, double sigma)
{
	return median * num_exp(sigma * gauss(p));
}

static void put(struct null_pair *p, int f, double t, int32_t common)
{
	if (p->n[f] < NULL_EVENTS && t >= 0)
		p->ev[f][p->n[f]++] = (struct event){ .us = (int64_t)(t * 1e6),
						      .common = common };
}

static double human_gap(struct null_pair *p, double pause)
{
	return unit(p) < pause ? lognormal(p, 4, 1) : lognormal(p, 0.18, 0.6);
}

static void human(struct null_pair *p, int f, double T)
{
	for (double t = unit(p) * 5; t < T && p->n[f] < NULL_EVENTS;
	     t += human_gap(p, 0.06))
		put(p, f, t, NO_COMMON);
}

/* Ticks of a fixed grid, each with its own jitter. */
static void grid(struct null_pair *p, int f, double T, double period,
		 double jitter)
{
	double start = unit(p) * period;

	for (int32_t i = 0; start + i * period < T; i++)
		put(p, f, start + i * period + jitter * gauss(p), i);
}

/* A timer set again after each event: jitter adds up. */
static void keepalive(struct null_pair *p, int f, double T, double period,
		      double jitter)
{
	double t = unit(p) * period;

	for (int32_t i = 0; t < T; i++) {
		put(p, f, t, i);
		t += period + jitter * gauss(p);
	}
}

static void poisson(struct null_pair *p, int f, double T, double rate)
{
	for (double t = expo(p, 1 / rate); t < T && p->n[f] < NULL_EVENTS;
	     t += expo(p, 1 / rate))
		put(p, f, t, NO_COMMON);
}

/* Gaps above 0.4545 s with tail exponent 1.1: mean 5 s. */
static void pareto(struct null_pair *p, int f, double T)
{
	for (double t = unit(p) * 5; t < T;
	     t += 0.4545 * num_exp(-num_log(1 - unit(p)) / 1.1))
		put(p, f, t, NO_COMMON);
}

/* Two people who type in the same windows of 8 s only. */
static void busy_people(struct null_pair *p, double T)
{
	size_t windows = (size_t)(T / 8) + 2, bytes = (windows + 7) / 8;
	uint8_t *on = calloc(bytes, 1);

	if (on == NULL)
		abort();
	for (size_t w = 0; w < windows; w++)
		if (unit(p) < 0.3)
			on[w / 8] |= (uint8_t)(1 << w % 8);
	for (int f = 0; f < 2; f++)
		for (double t = unit(p) * 5; t < T; t += human_gap(p, 0)) {
			size_t w = (size_t)(t / 8);

			if (on[w / 8] >> w % 8 & 1)
				put(p, f, t, (int32_t)(t * 4));
		}
	free(on);
}

/* Busy for 10 s, quiet for 40 s on average, both together; 1 event a second
 * while busy. */
static void busy_poisson(struct null_pair *p, double T)
{
	for (double t = expo(p, 40); t < T;) {
		double end = t + expo(p, 10);

		for (int f = 0; f < 2; f++)
			for (double u = t + expo(p, 1); u < end && u < T;
			     u += expo(p, 1))
				put(p, f, u, (int32_t)(u * 4));
		t = end + expo(p, 40);
	}
}

static void cron_people(struct null_pair *p, const struct null_model *m,
			double T)
{
	for (int f = 0; f < 2; f++) {
		human(p, f, T);
		for (int32_t i = 0; i < T / m->period_s; i++)
			put(p, f,
			    i * m->period_s + 0.02 * f + m->jitter_s * gauss(p),
			    i);
	}
}

/* The second's fraction at which cron runs is the host's: equal for both. */
static void cron_poisson(struct null_pair *p, const struct null_model *m,
			 double T)
{
	double start = unit(p) * m->period_s;

	for (int f = 0; f < 2; f++) {
		poisson(p, f, T, 0.2);
		for (int32_t i = 0; start + i * m->period_s < T; i++)
			put(p, f,
			    start + i * m->period_s +
				    m->jitter_s * (2 * unit(p) - 1),
			    i);
	}
}

static void make_times(struct null_pair *p, const struct null_model *m,
		       double T)
{
	switch (m->kind) {
	case BUSY:
		busy_people(p, T);
		return;
	case BUSY_POISSON:
		busy_poisson(p, T);
		return;
	case CRON:
		cron_people(p, m, T);
		return;
	case CRON_POISSON:
		cron_poisson(p, m, T);
		return;
	case PERSON_TIMER:
		human(p, 0, T);
		grid(p, 1, T, m->period_s, m->jitter_s);
		return;
	case PERSON_BULK:
		human(p, 0, T);
		poisson(p, 1, T, 50);
		return;
	case PARETO_TIMER:
		pareto(p, 0, T);
		keepalive(p, 1, T, m->period_s, m->jitter_s);
		return;
	default:
		break;
	}
	for (int f = 0; f < 2; f++) {
		if (m->kind == PEOPLE)
			human(p, f, T);
		else if (m->kind == POISSON)
			poisson(p, f, T, 0.2);
		else if (m->kind == PARETO || m->kind == TIMER_PARETO)
			pareto(p, f, T);
		if (m->kind == KEEPALIVE || m->kind == TIMER_PARETO)
			keepalive(p, f, T, m->period_s, m->jitter_s);
		else if (m->kind == GRID)
			grid(p, f, T, m->period_s, m->jitter_s);
	}
}

static int by_time(const void *x, const void *y)
{
	const struct event *a = x, *b = y;

	if (a->us != b->us)
		return a->us < b->us ? -1 : 1;
	return a->common < b->common ? -1 : a->common > b->common;
}

static uint32_t draw_size(struct null_pair *p)
{
	static const uint32_t size[8] = { 36, 44, 52, 76, 100, 180, 500, 1460 };

	return size[num_rng_below(&p->rng, 8)];
}

/* The size that a common moment gives to both flows. */
static uint32_t common_size(uint64_t seed, int32_t common)
{
	static const uint32_t size[8] = { 36, 44, 52, 76, 100, 180, 500, 1460 };
	struct num_rng r = { seed ^ (uint64_t)(uint32_t)common *
					    UINT64_C(0xd1342543de82ef95) };

	return size[num_rng_below(&r, 8)];
}

/* Sorted events to bursts of one direction. */
static void to_bursts(struct null_pair *p, const struct event *e, size_t n,
		      int leg, int out)
{
	int64_t *us = p->us[leg][out], last = INT64_MIN / 2;
	uint32_t *bytes = p->bytes[leg][out];
	size_t k = 0;

	for (size_t i = 0; i < n; i++) {
		if (e[i].us - last < BURST_GAP_US &&
		    e[i].us - us[k - 1] < BURST_LONG_US) {
			bytes[k - 1] += e[i].bytes;
		} else {
			us[k] = e[i].us;
			bytes[k++] = e[i].bytes;
		}
		last = e[i].us;
	}
	p->len[leg][out] = k;
}

static void answers(struct null_pair *p, int f, enum null_sizes sizes)
{
	double delay = 0.0002 * num_exp(unit(p) * 6.907755); /* to 200 ms */

	for (size_t i = 0; i < p->n[f]; i++)
		p->answer[i] = (struct event){
			.us = p->ev[f][i].us +
			      (int64_t)((delay + expo(p, delay / 10)) * 1e6),
			.bytes = sizes == SIZE_SAME ? 36 : draw_size(p),
		};
	qsort(p->answer, p->n[f], sizeof(struct event), by_time);
}

void null_pair_make(struct null_pair *p, const struct null_model *m,
		    enum null_sizes sizes, double seconds, uint64_t seed,
		    struct pair_input *in)
{
	p->rng.state = seed;
	p->has_spare = 0;
	p->n[0] = p->n[1] = 0;
	make_times(p, m, seconds);
	memset(in, 0, sizeof(*in));
	for (int f = 0; f < 2; f++) {
		int out = f == 1 || sizes == SIZE_BROADCAST;

		qsort(p->ev[f], p->n[f], sizeof(struct event), by_time);
		for (size_t i = 0; i < p->n[f]; i++) {
			struct event *e = &p->ev[f][i];

			if (sizes == SIZE_SAME)
				e->bytes = 36;
			else if (sizes >= SIZE_COPIED && e->common != NO_COMMON)
				e->bytes = common_size(seed, e->common);
			else
				e->bytes = draw_size(p);
		}
		to_bursts(p, p->ev[f], p->n[f], f, out);
		answers(p, f, sizes);
		to_bursts(p, p->answer, p->n[f], f, !out);
		in->leg[f].in = (struct stream){ p->us[f][0], p->bytes[f][0],
						 p->len[f][0] };
		in->leg[f].out = (struct stream){ p->us[f][1], p->bytes[f][1],
						  p->len[f][1] };
	}
}
