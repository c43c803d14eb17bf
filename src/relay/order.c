/*
 * order.c - common cause, and "the whole host woke up".
 *
 * Common cause: what drives both legs has no preferred order, a relay's
 * answer never comes first.  For each onset of a: b in (0, W] after it, or in
 * [-W, 0) before it, but not both, decides one bet with predicted chance q
 * against ORDER_NULL.  W is twice the median of the waits so far.
 * Null: P(after | one of both) <= ORDER_NULL given the past.  Wrong when the
 * common cause reaches one leg later by a constant: then content and timers
 * must tell.
 *
 * Host woke up: other flows of the host serve as controls at the same moment.
 * Null: b is as likely to answer as they are.  e = (n+1) s_b / (s_b + sum s_o).
 * Where no other flow exists the order bet stands in.
 */
#include "relay/track.h"

#include <string.h>

#define ORDER_NULL  0.55
#define W_MIN_US    INT64_C(5000)
#define W_MAX_US    INT64_C(2500000)
#define RECENT      15
#define MISS_SCORE  0.1
#define BETS_MAX    2048

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

/* Factor of the host-wide bet; 0 when there is no other flow to compare. */
static double wake_factor(const struct stream *others, size_t n,
			  size_t *hint, int64_t t, int64_t w, bool hit)
{
	double sum = 0;
	size_t present = 0;

	for (size_t i = 0; i < n; i++) {
		const struct stream *o = &others[i];

		if (o->n == 0 || o->us[0] > t || o->us[o->n - 1] < t)
			continue;
		present++;
		hint[i] = seek_us(o->us, o->n, hint[i], t);
		sum += hint[i] < o->n && o->us[hint[i]] <= t + w ? 1.0 :
								    MISS_SCORE;
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
	if (*after == before)
		return 0;
	q = q > 0.98 ? 0.98 : q;
	if (q > ORDER_NULL)
		f = *after ? q / ORDER_NULL : (1 - q) / (1 - ORDER_NULL);
	c->plus += *after;
	c->all += 1;
	return f;
}

void order_test(const struct order_side side[2], const struct stream *others,
		size_t n_others, const int64_t *check_us, struct track *common,
		struct track *wake)
{
	struct course c[2] = { { .s = &side[0], .plus = 1.5, .all = 2 },
			       { .s = &side[1], .plus = 1.5, .all = 2 } };
	unsigned bets = 0;

	for (; bets < BETS_MAX; bets++) {
		int d = c[0].i < side[0].na &&
				(c[1].i == side[1].na ||
				 side[0].a[c[0].i] <= side[1].a[c[1].i]) ?
				0 :
				1;
		int64_t t, w;
		double order, host;
		bool after;

		if (c[d].i == side[d].na)
			break;
		t = side[d].a[c[d].i++];
		w = clamp_window(2 * recent_median(&c[d].recent));
		order = order_factor(&c[d], t, w, &after);
		if (order > 0)
			track_add(common, check_us, t + w,
				  num_microbans(order));
		host = wake_factor(others, n_others, c[d].other_hint, t, w,
				   after);
		if (host == 0)
			host = order;
		if (host > 0)
			track_add(wake, check_us, t + w, num_microbans(host));
	}
	track_end(common);
	track_end(wake);
}
