/*
 * order.c - common cause, and "the whole host woke up".
 *
 * Common cause: what drives both legs has no preferred order, a relay's
 * answer never comes first.  For each onset of a: an onset of b (after as much
 * silence) in (0, W] after it, or in [-W, 0) before it, but not both, decides
 * one bet with predicted chance q against ORDER_NULL.  W is twice the median of
 * the waits so far.  One event of b decides one bet.  Null: P(after | one of
 * both) <= ORDER_NULL given the past.
 * Wrong when the common cause reaches one leg later by a constant: then content
 * and timers must tell.
 *
 * Two further processes lock on to a lag: which distance after a's onsets has
 * more of b's events than the same distance before them, by what was seen so
 * far; the bet is that the next one follows suit.  Null: distances after and
 * before are equally likely.  They see a constant delay among dense typing.
 *
 * Host woke up: other flows of the host serve as controls at the same moment.
 * Null: b is as likely to answer as they are.  e = (n+1) s_b / (s_b + sum s_o).
 * Where no other flow exists the order bet stands in.
 */
#include "relay/track.h"

#include <string.h>

#define ORDER_NULL 0.55
#define W_MIN_US   INT64_C(5000)
#define W_MAX_US   INT64_C(2500000)
#define RECENT	   15
#define MISS_SCORE 0.1
#define BETS_MAX   2048

struct recent {
	int64_t wait[RECENT];
	uint32_t n;
};

static void recent_put(struct recent *r, int64_t w)
{
	r->wait[r->n++ % RECENT] = w;
}

static int64_t recent_median(const struct recent *r)
{
	uint32_t n = r->n < RECENT ? r->n : RECENT;
	int64_t v[RECENT];

	if (n == 0)
		return W_MAX_US / 8;
	memcpy(v, r->wait, sizeof(v));
	for (uint32_t i = 1; i < n; i++) { /* insertion sort of at most 15 */
		int64_t x = v[i];
		uint32_t j = i;

		for (; j > 0 && v[j - 1] > x; j--)
			v[j] = v[j - 1];
		v[j] = x;
	}
	return v[n / 2];
}

static int64_t clamp_window(int64_t w)
{
	return w < W_MIN_US ? W_MIN_US : w > W_MAX_US ? W_MAX_US : w;
}

/* Factor of the host-wide bet: b against the other flows of the host until
 * `to`; 0 when there is none to compare with. */
static double wake_factor(const struct controls *others, size_t *hint,
			  int64_t t, int64_t to, bool hit)
{
	double sum = 0;
	size_t present = 0;

	for (size_t i = 0; i < others->n; i++) {
		const struct stream *o = &others->s[i];

		if (o->n == 0 || o->us[0] > t || o->us[o->n - 1] < t)
			continue;
		present++;
		hint[i] = seek_us(o->us, o->n, hint[i], t);
		sum += hint[i] < o->n && o->us[hint[i]] <= to ? 1.0
							      : MISS_SCORE;
	}
	if (present == 0)
		return 0;
	return (double)(present + 1) * (hit ? 1.0 : MISS_SCORE) /
	       ((hit ? 1.0 : MISS_SCORE) + sum);
}

/* What is remembered per direction. */
struct course {
	const struct order_side *s;
	size_t i, hint, other_hint[PAIR_OTHERS];
	size_t used[2]; /* b's events of the latest bets, before and after + 1
			 */
	struct recent recent;
	double plus, all; /* prior: a relay's order is likely */
};

/* The order bet on the next onset of one direction: its factor. */
static double order_factor(struct course *c, int64_t t, int64_t w, bool *after)
{
	const struct order_side *s = c->s;
	int64_t wait;
	double q = c->plus / c->all, f = 1;
	bool before;

	c->hint = seek_us(s->b, s->nb, c->hint, t);
	wait = c->hint < s->nb ? s->b[c->hint] - t : INT64_MAX / 4;
	*after = wait <= w;
	before = c->hint > 0 && t - s->b[c->hint - 1] <= w;
	if (wait <= W_MAX_US)
		recent_put(&c->recent, wait);
	if (*after == before || c->used[*after] == c->hint + 1)
		return 0;
	c->used[*after] = c->hint + 1;
	q = q > 0.98 ? 0.98 : q;
	if (q > ORDER_NULL)
		f = *after ? q / ORDER_NULL : (1 - q) / (1 - ORDER_NULL);
	c->plus += *after;
	c->all += 1;
	return f;
}

/* Which direction has the next onset; -1 = none is left. */
static int next_side(const struct order_side side[2], size_t i, size_t j)
{
	if (i == side[0].na)
		return j == side[1].na ? -1 : 1;
	return j == side[1].na || side[0].a[i] <= side[1].a[j] ? 0 : 1;
}

void order_test(const struct order_side side[2], const struct controls *others,
		const int64_t *check_us, struct track *common,
		struct track *wake)
{
	struct course c[2] = { { .s = &side[0], .plus = 4.5, .all = 5 },
			       { .s = &side[1], .plus = 4.5, .all = 5 } };
	unsigned bets = 0;

	for (; bets < BETS_MAX; bets++) {
		int d = next_side(side, c[0].i, c[1].i);
		int64_t t, w;
		double order, host;
		bool after;

		if (d < 0)
			break;
		t = side[d].a[c[d].i++];
		w = clamp_window(2 * recent_median(&c[d].recent));
		order = order_factor(&c[d], t, w, &after);
		if (order > 0)
			track_add(common, check_us, t + w,
				  num_microbans(order));
		host = wake_factor(others, c[d].other_hint, t, t + w, after);
		if (host == 0)
			host = order;
		if (host > 0)
			track_add(wake, check_us, t + w, num_microbans(host));
	}
	track_end(common);
	track_end(wake);
}

#define LOCK_BINS 320		   /* at most, on each side */
#define LOCK_SPAN INT64_C(2560000) /* distances looked at, microseconds */
#define LOCK_HALF 1		   /* bins beside the centre that count as it */
#define LOCK_NONE 2		   /* no more excess than this is none */

/* Excess of b's events after a's onsets over those before, by distance. */
struct lock {
	int32_t near[LOCK_BINS]; /* of a bin and those beside it */
	int32_t best;		 /* the largest of them, above LOCK_NONE */
	int centre;		 /* the first that has it; -1 = none */
	bool stale;		 /* best and centre are to be looked for */
	int bins;		 /* of bin_us, up to LOCK_SPAN */
	int64_t bin_us;
	size_t used[2]; /* b's events of the latest bets, before and after + 1
			 */
	size_t learnt;	/* onsets of a whose surroundings are counted */
	size_t hint;	/* b's event after the latest of these */
	double plus, all;
};

/* The distance with the largest excess; -1 = none stands out. */
static int lock_centre(struct lock *k)
{
	if (!k->stale)
		return k->centre;
	k->best = LOCK_NONE;
	k->centre = -1;
	k->stale = false;
	for (int i = 0; i < k->bins; i++)
		if (k->near[i] > k->best) {
			k->best = k->near[i];
			k->centre = i;
		}
	return k->centre;
}

/* One event more at a distance. */
static void lock_more(struct lock *k, int bin)
{
	for (int i = bin - LOCK_HALF; i <= bin + LOCK_HALF; i++) {
		if (i < 0 || i >= k->bins)
			continue;
		k->near[i]++;
		if (k->near[i] > k->best ||
		    (k->near[i] == k->best && i < k->centre)) {
			k->best = k->near[i];
			k->centre = i;
		}
	}
}

static void lock_less(struct lock *k, int bin)
{
	for (int i = bin - LOCK_HALF; i <= bin + LOCK_HALF; i++) {
		if (i < 0 || i >= k->bins)
			continue;
		k->near[i]--;
		k->stale = k->stale || i == k->centre;
	}
}

static void lock_learn(struct lock *k, const struct order_side *s, size_t at,
		       int64_t t)
{
	const uint32_t bin_us = (uint32_t)k->bin_us;
	const int64_t span = k->bins * k->bin_us;

	for (size_t i = at; i < s->nb && s->b[i] - t < span; i++)
		lock_more(k, (int)((uint32_t)(s->b[i] - t) / bin_us));
	for (size_t i = at; i > 0 && t - s->b[i - 1] < span; i--)
		lock_less(k, (int)((uint32_t)(t - s->b[i - 1]) / bin_us));
}

/* The first event of b in [from, to], + 1; 0 = none. */
static size_t first_in(const struct order_side *s, size_t hint, int64_t from,
		       int64_t to)
{
	size_t i = seek_us(s->b, s->nb, hint, from);

	return i < s->nb && s->b[i] <= to ? i + 1 : 0;
}

struct lock_bet {
	int64_t settled;
	bool after;
};

/* The bet on one onset; 0 = none. */
static double lock_factor(struct lock *k, const struct order_side *s, size_t at,
			  int64_t t, struct lock_bet *bet)
{
	int c = lock_centre(k);
	int64_t lo = (c - LOCK_HALF) * k->bin_us;
	int64_t hi = (c + LOCK_HALF + 1) * k->bin_us;
	double q = k->plus / k->all, f = 1;
	size_t hit[2];

	if (c < 0)
		return 0;
	lo = lo < 0 ? 0 : lo;
	bet->settled = t + hi;
	hit[1] = first_in(s, at, t + lo, t + hi);
	hit[0] = first_in(s, at, t - hi, t - lo - 1);
	bet->after = hit[1] != 0;
	if (bet->after == (hit[0] != 0) ||
	    k->used[bet->after] == hit[bet->after])
		return 0;
	k->used[bet->after] = hit[bet->after];
	q = q > 0.98 ? 0.98 : q;
	if (q > ORDER_NULL)
		f = bet->after ? q / ORDER_NULL : (1 - q) / (1 - ORDER_NULL);
	k->plus += bet->after;
	k->all += 1;
	return f;
}

/* Counts the onsets whose surroundings are past at time t: a bet may know
 * nothing of what comes after its own onset. */
static void lock_catch_up(struct lock *k, const struct order_side *s, int64_t t)
{
	while (k->learnt < s->na && s->a[k->learnt] + LOCK_SPAN <= t) {
		int64_t us = s->a[k->learnt++];

		k->hint = seek_us(s->b, s->nb, k->hint, us);
		lock_learn(k, s, k->hint, us);
	}
}

void lock_test(const struct order_side side[2], const struct controls *others,
	       int64_t bin_us, const int64_t *check_us, struct track *common,
	       struct track *wake)
{
	const struct lock fresh = { .bin_us = bin_us,
				    .bins = (int)(LOCK_SPAN / bin_us),
				    .best = LOCK_NONE,
				    .centre = -1,
				    .plus = 4.5,
				    .all = 5 };
	struct lock k[2] = { fresh, fresh };
	size_t i[2] = { 0, 0 }, at[2] = { 0, 0 };
	size_t other_hint[2][PAIR_OTHERS] = { { 0 } };
	unsigned bets = 0;

	for (; bets < BETS_MAX; bets++) {
		int d = next_side(side, i[0], i[1]);
		struct lock_bet bet = { 0, false };
		double order, host;
		int64_t t;

		if (d < 0)
			break;
		t = side[d].a[i[d]++];
		at[d] = seek_us(side[d].b, side[d].nb, at[d], t);
		lock_catch_up(&k[d], &side[d], t);
		order = lock_factor(&k[d], &side[d], at[d], t, &bet);
		if (order == 0)
			continue;
		track_add(common, check_us, bet.settled, num_microbans(order));
		host = wake_factor(others, other_hint[d], t, bet.settled,
				   bet.after);
		track_add(wake, check_us, bet.settled,
			  num_microbans(host == 0 ? order : host));
	}
	track_end(common);
	track_end(wake);
}
