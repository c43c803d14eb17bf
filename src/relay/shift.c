/*
 * shift.c - lag decoys: the pair against itself, leg A moved as a whole.
 *
 * Leg A (both directions) is cut into blocks of SHIFT_BLOCK events.  A block's
 * score is the sum of log f over its events: for a payload towards the host
 * the waiting time to B's next payload away from it, and how long B goes on
 * after A fell silent; for a payload away from the host the time since B's
 * latest payload towards it, and how long B had been talking before.  The same
 * block moved by each of SHIFTS lags gives its decoys. e_block = (SHIFTS + 1)
 * exp S(0) / sum over s of exp S(s) f is learnt per kind of term and lag bin
 * from earlier blocks only. Null: B's course around the block is exchangeable
 * over lags of 0.6 to 6 s. Both directions are in one score, so one process
 * uses all packets once. Wrong when: both legs are busy in the same windows of
 * that length; equal periods (the guarded form leaves out what a timer
 * predicts).
 */
#include "relay/track.h"

#include <string.h>

#define SHIFT_BLOCK 12
#define SHIFTS	    22
#define BINS	    28
#define TERMS	    4
#define TEMPER	    0.7 /* the terms of a block are not independent */
#define BLOCKS_MAX  512
#define PAUSE_US    INT64_C(250000)
#define FAR_US	    INT64_C(20000000)

/* +-0.61 s * 1.23^j: no lag is a multiple of another */
static const int64_t lag_us[SHIFTS] = {
	610000,	 -610000,  750300,  -750300,  922869,  -922869,
	1135129, -1135129, 1396209, -1396209, 1717337, -1717337,
	2112324, -2112324, 2598159, -2598159, 3195735, -3195735,
	3930754, -3930754, 4834828, -4834828,
};

struct scorer {
	double hits[TERMS][BINS], decoys[TERMS][BINS];
	double log_f[TERMS][BINS];
};

static int bin_of(int64_t w)
{
	int o;

	if (w < 0)
		return BINS - 1;
	if (w < 512)
		return 0;
	o = 63 - __builtin_clzll((uint64_t)w);
	o = 1 + 2 * (o - 9) + (w >= (INT64_C(181) << (o - 7)));
	return o < BINS ? o : BINS - 1;
}

static void scorer_init(struct scorer *s)
{
	memset(s, 0, sizeof(*s));
	for (int k = 0; k < TERMS; k++)
		for (int b = 0; b < BINS; b++) {
			s->hits[k][b] = b < 21 ? 0.3 : 0.1; /* < 0.5 s */
			s->decoys[k][b] = 0.2;
		}
}

static void refresh(struct scorer *s)
{
	for (int k = 0; k < TERMS; k++) {
		double h = 0, d = 0, f;

		for (int b = 0; b < BINS; b++) {
			h += s->hits[k][b];
			d += s->decoys[k][b];
		}
		for (int b = 0; b < BINS; b++) {
			f = s->hits[k][b] * d / (s->decoys[k][b] * h);
			f = f < 0.05 ? 0.05 : f > 50 ? 50 : f;
			s->log_f[k][b] = TEMPER * num_log(f);
		}
	}
}

struct flow {
	const int64_t *us;
	size_t n, hint;
};

static int64_t next_after(struct flow *f, int64_t t)
{
	f->hint = seek_us(f->us, f->n, f->hint, t);
	return f->hint < f->n ? f->us[f->hint] - t : FAR_US;
}

static int64_t last_before(struct flow *f, int64_t t)
{
	f->hint = seek_us(f->us, f->n, f->hint, t + 1);
	return f->hint > 0 ? t - f->us[f->hint - 1] : FAR_US;
}

/* One event of leg A and its neighbours in the same direction. */
struct anchor {
	int64_t us, prev, next;
	bool in;
};

/* The bins of one anchor moved by s; -1 = term not used. */
static void terms_of(const struct anchor *a, int64_t s, struct flow *b_out,
		     struct flow *b_in, int *bin)
{
	int64_t t = a->us + s, v;

	for (int k = 0; k < TERMS; k++)
		bin[k] = -1;
	if (a->in) {
		bin[0] = bin_of(next_after(b_out, t));
		if (a->next - a->us >= PAUSE_US) {
			v = last_before(b_out, a->next + s - 1);
			bin[1] = bin_of(a->next - a->us - v);
		}
	} else {
		bin[2] = bin_of(last_before(b_in, t));
		if (a->us - a->prev >= PAUSE_US) {
			v = next_after(b_in, a->prev + s + 1);
			bin[3] = bin_of(a->us - a->prev - v);
		}
	}
}

/* The e-value of one block; learns from it. */
static double one_block(struct scorer *sc, const struct anchor *a, size_t n,
			struct flow *b_out, struct flow *b_in)
{
	double total[SHIFTS + 1], top, sum = 0;
	int bin[TERMS];

	refresh(sc);
	for (int k = 0; k <= SHIFTS; k++) {
		total[k] = 0;
		for (size_t i = 0; i < n; i++) {
			terms_of(&a[i], k == 0 ? 0 : lag_us[k - 1], b_out, b_in,
				 bin);
			for (int j = 0; j < TERMS; j++) {
				if (bin[j] < 0)
					continue;
				total[k] += sc->log_f[j][bin[j]];
				if (k == 0)
					sc->hits[j][bin[j]] += 1;
				else
					sc->decoys[j][bin[j]] += 1.0 / SHIFTS;
			}
		}
	}
	top = total[0];
	for (int k = 1; k <= SHIFTS; k++)
		top = total[k] > top ? total[k] : top;
	for (int k = 0; k <= SHIFTS; k++)
		sum += num_exp(total[k] - top);
	return (SHIFTS + 1) * num_exp(total[0] - top) / sum;
}

void shift_test(const int64_t *const us[4], const size_t n[4],
		const int64_t *check_us, struct track *t)
{
	struct flow b_out = { us[SHIFT_B_OUT], n[SHIFT_B_OUT], 0 };
	struct flow b_in = { us[SHIFT_B_IN], n[SHIFT_B_IN], 0 };
	struct anchor block[SHIFT_BLOCK];
	size_t i = 0, j = 0, k = 0;
	unsigned blocks = 0;
	struct scorer sc;
	double e;

	scorer_init(&sc);
	while ((i < n[SHIFT_A_IN] || j < n[SHIFT_A_OUT]) &&
	       blocks < BLOCKS_MAX) {
		bool in = i < n[SHIFT_A_IN] &&
			  (j == n[SHIFT_A_OUT] ||
			   us[SHIFT_A_IN][i] <= us[SHIFT_A_OUT][j]);
		int f = in ? SHIFT_A_IN : SHIFT_A_OUT;
		size_t p = in ? i++ : j++;

		block[k++] = (struct anchor){
			.us = us[f][p],
			.prev = p > 0 ? us[f][p - 1] : us[f][p],
			.next = p + 1 < n[f] ? us[f][p + 1] : us[f][p],
			.in = in,
		};
		if (k < SHIFT_BLOCK)
			continue;
		e = one_block(&sc, block, k, &b_out, &b_in);
		track_add(t, check_us, block[k - 1].us + lag_us[SHIFTS - 2],
			  e > 1e-9 ? num_microbans(e) : -9 * MICROBANS_PER_BAN);
		k = 0;
		blocks++;
	}
	track_end(t);
}
