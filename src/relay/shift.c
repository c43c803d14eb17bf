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
	double hit_sum[TERMS], decoy_sum[TERMS]; /* of the blocks before */
	double log_f[TERMS][BINS];
	uint32_t known[TERMS]; /* bit per bin whose log_f is worked out */
};

static int8_t bin_of(int64_t w)
{
	int o;

	if (w < 0)
		return BINS - 1;
	if (w < 512)
		return 0;
	o = 63 - __builtin_clzll((uint64_t)w);
	o = 1 + 2 * (o - 9) + (w >= (INT64_C(181) << (o - 7)));
	return (int8_t)(o < BINS ? o : BINS - 1);
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
		double h = 0, d = 0;

		for (int b = 0; b < BINS; b++) {
			h += s->hits[k][b];
			d += s->decoys[k][b];
		}
		s->hit_sum[k] = h;
		s->decoy_sum[k] = d;
		s->known[k] = 0;
	}
}

/* A block asks for few of the bins. */
static inline double log_f(struct scorer *s, int k, int b)
{
	double f;

	if (s->known[k] >> b & 1)
		return s->log_f[k][b];
	f = s->hits[k][b] * s->decoy_sum[k] / (s->decoys[k][b] * s->hit_sum[k]);
	f = f < 0.05 ? 0.05 : f > 50 ? 50 : f;
	s->known[k] |= UINT32_C(1) << b;
	return s->log_f[k][b] = TEMPER * num_log(f);
}

/* Events of leg B; a hint for each lag and term, for the lags are far apart
 * and the events of a block are not. */
struct flow {
	const int64_t *us;
	size_t n;
};

static int64_t next_after(const struct flow *f, size_t *hint, int64_t t)
{
	*hint = seek_us(f->us, f->n, *hint, t);
	return *hint < f->n ? f->us[*hint] - t : FAR_US;
}

static int64_t last_before(const struct flow *f, size_t *hint, int64_t t)
{
	*hint = seek_us(f->us, f->n, *hint, t + 1);
	return *hint > 0 ? t - f->us[*hint - 1] : FAR_US;
}

/* One event of leg A and its neighbours in the same direction. */
struct anchor {
	int64_t us, prev, next;
	bool in;
};

/* One block and its lags (0: where it is). */
struct block {
	struct anchor a[SHIFT_BLOCK];
	size_t n;
	struct flow b_out, b_in;
	size_t hint[SHIFTS + 1][TERMS];
	int8_t bin[SHIFTS + 1][SHIFT_BLOCK][2]; /* of the anchor's terms:
						 * 0, 1 or 2, 3; -1 = unused */
};

/* The bins of one anchor moved by s. */
static void terms_of(const struct block *k, const struct anchor *a, int64_t s,
		     size_t hint[TERMS], int8_t bin[2])
{
	int64_t t = a->us + s, v;

	bin[1] = -1;
	if (a->in) {
		bin[0] = bin_of(next_after(&k->b_out, &hint[0], t));
		if (a->next - a->us >= PAUSE_US) {
			v = last_before(&k->b_out, &hint[1], a->next + s - 1);
			bin[1] = bin_of(a->next - a->us - v);
		}
	} else {
		bin[0] = bin_of(last_before(&k->b_in, &hint[2], t));
		if (a->us - a->prev >= PAUSE_US) {
			v = next_after(&k->b_in, &hint[3], a->prev + s + 1);
			bin[1] = bin_of(a->us - a->prev - v);
		}
	}
}

/* Learns from a block, its own place first. */
static void learn(struct scorer *sc, const struct block *b)
{
	for (int k = 0; k <= SHIFTS; k++)
		for (size_t i = 0; i < b->n; i++) {
			int first = b->a[i].in ? 0 : 2;

			for (int j = 0; j < 2 && b->bin[k][i][j] >= 0; j++)
				if (k == 0)
					sc->hits[first + j][b->bin[k][i][j]] +=
						1;
				else
					sc->decoys[first + j]
						  [b->bin[k][i][j]] +=
						1.0 / SHIFTS;
		}
}

/* The e-value of one block; learns from it. */
static double one_block(struct scorer *sc, struct block *b)
{
	double total[SHIFTS + 1], top, sum, own;

	refresh(sc);
	for (int k = 0; k <= SHIFTS; k++) {
		total[k] = 0;
		for (size_t i = 0; i < b->n; i++) {
			int8_t *bin = b->bin[k][i];
			int first = b->a[i].in ? 0 : 2;

			terms_of(b, &b->a[i], k == 0 ? 0 : lag_us[k - 1],
				 b->hint[k], bin);
			total[k] += log_f(sc, first, bin[0]);
			if (bin[1] >= 0)
				total[k] += log_f(sc, first + 1, bin[1]);
		}
	}
	learn(sc, b);
	top = total[0];
	for (int k = 1; k <= SHIFTS; k++)
		top = total[k] > top ? total[k] : top;
	own = sum = num_exp(total[0] - top);
	for (int k = 1; k <= SHIFTS; k++)
		sum += num_exp(total[k] - top);
	return (SHIFTS + 1) * own / sum;
}

void shift_test(const int64_t *const us[4], const size_t n[4],
		const int64_t *check_us, struct track *t)
{
	struct block b = { .b_out = { us[SHIFT_B_OUT], n[SHIFT_B_OUT] },
			   .b_in = { us[SHIFT_B_IN], n[SHIFT_B_IN] } };
	size_t i = 0, j = 0;
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

		b.a[b.n++] = (struct anchor){
			.us = us[f][p],
			.prev = p > 0 ? us[f][p - 1] : us[f][p],
			.next = p + 1 < n[f] ? us[f][p + 1] : us[f][p],
			.in = in,
		};
		if (b.n < SHIFT_BLOCK)
			continue;
		e = one_block(&sc, &b);
		track_add(t, check_us, b.a[b.n - 1].us + lag_us[SHIFTS - 2],
			  e > 1e-9 ? num_microbans(e) : -9 * MICROBANS_PER_BAN);
		b.n = 0;
		blocks++;
	}
	track_end(t);
}
