/*
 * pair.c - see pair.h: prepares the views of both legs, runs the processes of
 * every rival, and takes the minimum over rivals at each checkpoint.
 */
#include "relay/pair.h"

#include <stdlib.h>
#include <string.h>

#include "relay/track.h"

#define LEVELS	      4
#define N_RULES	      4
#define SIZES_RULE    2 /* whose exchanges the vetoes look at */
#define ORDERS	      3
#define LOCKS	      2
#define N_ORDER	      (ORDERS + LOCKS)
#define BEGIN_US      INT64_C(500000) /* joint silence before an initiative */
#define DENSE_US      INT64_C(20000)  /* idle before an event of the shifts */
#define WINDOW_US     INT64_C(700000)
#define SELECT_ROUNDS 64
#define N_CONTENT     (2 * (N_RULES + 4))
#define N_INTERVAL    (2 * (LEVELS + 1))
#define N_FLOWS	      (N_INTERVAL + 1) /* and the shifts */
#define ADD_STEP      (MICROBANS_PER_BAN / 32)
#define ADD_STEPS     96		/* three decades */
#define N_MOST	      N_CONTENT		/* the largest of them */
#define HOPELESS      MICROBANS_PER_BAN /* below: not worth dearer tests */

static const int64_t level_us[LEVELS] = { 0, 100000, 400000, 1000000 };
static const int64_t lock_us[LOCKS] = { 8000, 40000 };

struct pair_work {
	size_t max;
	int64_t *shifted[2]; /* leg 0 in, out */
	int64_t *view[4];    /* event times of one view */
	int64_t *free_us[4]; /* streams without their timers */
	uint32_t *free_bytes[4];
	uint8_t *mask;
	uint32_t usual[2][2];	       /* usual_size(): leg, in/out */
	struct content_count sizes[2]; /* requests, answers */
	struct stream others[PAIR_OTHERS], arrivals[PAIR_OTHERS];
	size_t n_others; /* those two; known after run_order() */
	struct track track[PAIR_RIVALS][N_MOST];
	microbans share[PAIR_RIVALS][N_MOST]; /* log10 of the shares */
	microbans add[ADD_STEPS], way[3];
	microbans idle[PAIR_RIVALS]; /* rival_at() of processes not run */
	bool ran[PAIR_RIVALS], drawn[PAIR_RIVALS];
	microbans course[PAIR_RIVALS][PAIR_CHECKPOINTS]; /* where drawn */
};

/* Shares of the processes of a rival in its mean, fixed in advance, of 32. */
#define SHARES 32.0
static const double flow_share[N_FLOWS] = {
	6,   3, 1.3, 1.3, 1.3, /* requests: all bursts, levels, sized */
	8,   4, 1.3, 1.3, 1.3, /* answers */
	3.2,		       /* the shifts */
};
static const double order_share[N_ORDER] = { 16, 6, 4, 3, 3 };
static const double content_share[N_CONTENT] = {
	3, 9, 4, 4, 3, 3, 3, 3, /* requests */
	3, 9, 4, 4, 3, 3, 3, 3, /* answers */
};
/* content: requests, answers, their product */
static const double way_share[3] = { 8, 12, 12 };
static const struct rival {
	unsigned n;
	const double *share;
} rivals[PAIR_RIVALS] = {
	{ N_FLOWS, flow_share },      { N_FLOWS, flow_share },
	{ N_ORDER, order_share },     { N_ORDER, order_share },
	{ N_CONTENT, content_share },
};

unsigned pair_processes(int rival)
{
	return rivals[rival].n;
}

static void fill_shares(struct pair_work *w)
{
	for (int v = 0; v < PAIR_RIVALS; v++)
		for (unsigned p = 0; p < rivals[v].n; p++)
			w->share[v][p] =
				num_microbans(rivals[v].share[p] / SHARES);
	for (int i = 0; i < 3; i++)
		w->way[i] = num_microbans(way_share[i] / SHARES);
	/* at the far end of each step, so that a sum is never too large */
	for (int i = 0; i < ADD_STEPS; i++)
		w->add[i] = num_microbans(
			1 + num_from_microbans(-(i + 1) * ADD_STEP));
}

static void fill_idle(struct pair_work *w);

struct pair_work *pair_work_new(size_t max, struct err *e)
{
	struct pair_work *w = calloc(1, sizeof(*w));

	if (w == NULL)
		goto fail;
	w->max = max;
	fill_shares(w);
	fill_idle(w);
	w->shifted[0] = calloc(max, sizeof(int64_t));
	w->shifted[1] = calloc(max, sizeof(int64_t));
	for (int i = 0; i < 4; i++) {
		w->view[i] = calloc(max, sizeof(int64_t));
		w->free_us[i] = calloc(max, sizeof(int64_t));
		w->free_bytes[i] = calloc(max, sizeof(uint32_t));
		if (!w->view[i] || !w->free_us[i] || !w->free_bytes[i])
			goto fail;
	}
	w->mask = calloc(max, 1);
	if (w->shifted[0] && w->shifted[1] && w->mask)
		return w;
fail:
	pair_work_free(w);
	err_set(e, ERR_MEMORY, "no memory to test pairs");
	return NULL;
}

void pair_work_free(struct pair_work *w)
{
	if (w == NULL)
		return;
	free(w->shifted[0]);
	free(w->shifted[1]);
	for (int i = 0; i < 4; i++) {
		free(w->view[i]);
		free(w->free_us[i]);
		free(w->free_bytes[i]);
	}
	free(w->mask);
	free(w);
}

size_t onsets_of(const struct stream *s, int64_t idle_us, int64_t from,
		 int64_t to, int64_t *out)
{
	size_t i = seek_us(s->us, s->n, 0, from), n = 0;

	for (; i < s->n && s->us[i] <= to; i++)
		if (i == 0 || s->us[i] - s->us[i - 1] >= idle_us)
			out[n++] = s->us[i];
	return n;
}

/* The usual small size: the most frequent one below 256 bytes. */
uint32_t usual_size(const struct stream *s)
{
	uint32_t count[256] = { 0 }, most = 0, top = 256;

	for (size_t i = 0; i < s->n; i++)
		if (s->bytes[i] < 256 && ++count[s->bytes[i]] > most)
			most = count[s->bytes[i]];
	if (most == 0 || most * 8 < s->n)
		return 0;
	for (size_t i = 0; i < s->n; i++) /* the smallest of them */
		if (s->bytes[i] < top && count[s->bytes[i]] == most)
			top = s->bytes[i];
	return top;
}

size_t sized_of(const struct stream *s, int64_t from, int64_t to, int64_t *out)
{
	size_t i = seek_us(s->us, s->n, 0, from), n = 0;
	uint32_t usual = usual_size(s);

	for (; i < s->n && s->us[i] <= to; i++)
		if (s->bytes[i] > usual + usual / 2)
			out[n++] = s->us[i];
	return n;
}

/* Content first: it is cheap and decides most pairs. */
static void run_content(struct pair_work *w, const struct leg *leg,
			struct pair_result *r, struct track *t)
{
	static const struct content_rule rules[] = {
		{ .us = 20000 },
		{ .us = 20000, .strict = true },
		{ .us = 150000 },
		{ .us = 700000 },
	};
	struct content_rule win = { .from = r->start_us,
				    .to = r->end_us,
				    .us = WINDOW_US };
	struct content_count count;

	for (int c = 0; c < 2; c++) {
		const struct stream *s = &leg[c].in, *d = &leg[!c].out;

		for (int q = 0; q < N_RULES; q++) {
			struct content_rule rule = rules[q];

			rule.from = r->start_us;
			rule.to = r->end_us;
			count = (struct content_count){ 0 };
			content_test(s, d, &rule, r->check_us, t++, &count);
			if (q == SIZES_RULE)
				w->sizes[c] = count;
			if (count.equal >= r->equal) {
				r->bursts = count.compared;
				r->equal = count.equal;
			}
		}
		for (int q = 0; q < 4; q++) {
			win.runs = (q & 1) != 0;
			win.strict = (q & 2) != 0;
			win.usual = win.runs ? w->usual[!c][1] : w->usual[c][0];
			content_window_test(s, d, &win, r->check_us, t++,
					    &count);
		}
	}
}

static void take_sides(struct pair_work *w, const struct leg *leg,
		       int64_t idle_us, const struct pair_result *r,
		       struct order_side side[2])
{
	for (int c = 0; c < 2; c++) {
		side[c].a = w->view[2 * c];
		side[c].b = w->view[2 * c + 1];
		side[c].na = onsets_of(&leg[c].in, idle_us, r->start_us,
				       r->end_us, w->view[2 * c]);
		side[c].nb = onsets_of(&leg[!c].out, idle_us, r->start_us,
				       r->end_us + PAIR_LAG_MAX_US,
				       w->view[2 * c + 1]);
	}
}

/* bare: locking on to a lag needs streams without their timers. */
static void run_order(struct pair_work *w, const struct pair_input *in,
		      const struct leg *leg, const struct leg *bare,
		      struct pair_result *r)
{
	struct controls others = { w->others, in->n_others };
	struct order_side side[2];

	memcpy(w->others, in->others, sizeof(w->others));
	memcpy(w->arrivals, in->arrivals, sizeof(w->arrivals));
	if (in->fetch != NULL)
		others.n = in->fetch(in->fetch_arg, w->others, w->arrivals);
	w->n_others = others.n;
	for (int l = 0; l < ORDERS; l++) {
		take_sides(w, leg, level_us[l + 1], r, side);
		order_test(side, &others, r->check_us,
			   &w->track[PAIR_COMMON][l], &w->track[PAIR_WAKE][l]);
	}
	take_sides(w, bare, level_us[1], r, side);
	for (int k = 0; k < LOCKS; k++)
		lock_test(side, &others, lock_us[k], r->check_us,
			  &w->track[PAIR_COMMON][ORDERS + k],
			  &w->track[PAIR_WAKE][ORDERS + k]);
}

/* View v of one channel: onsets at a level, or sized bursts (v == LEVELS).
 * n[0] source events go to view[0], n[1] target events to view[1]. */
static void take_view(struct pair_work *w, const struct stream *s,
		      const struct stream *t, int v,
		      const struct pair_result *r, size_t n[2])
{
	int64_t end = r->end_us + PAIR_LAG_MAX_US;

	if (v < LEVELS) {
		n[0] = onsets_of(s, level_us[v], r->start_us, r->end_us,
				 w->view[0]);
		n[1] = onsets_of(t, level_us[v], r->start_us, end, w->view[1]);
	} else {
		n[0] = sized_of(s, r->start_us, r->end_us, w->view[0]);
		n[1] = sized_of(t, r->start_us, end, w->view[1]);
	}
}

static void run_shift(struct pair_work *w, const struct leg *leg,
		      const struct pair_result *r, struct track *t)
{
	const struct stream *s[4] = { &leg[0].in, &leg[0].out, &leg[1].in,
				      &leg[1].out };
	int64_t wide = r->end_us + PAIR_LAG_MAX_US;
	size_t n[4];

	for (int i = 0; i < 4; i++)
		n[i] = onsets_of(s[i], DENSE_US,
				 i < 2 ? r->start_us
				       : r->start_us - PAIR_LAG_MAX_US,
				 i < 2 ? r->end_us : wide, w->view[i]);
	shift_test((const int64_t *const *)w->view, n, r->check_us, t);
}

static bool are_whole(const struct stream *s, const struct stream *whole)
{
	return s->n == whole->n; /* a part of it is shorter */
}

/* Unrelated flows; t: the tracks of the rival.  was: what a part of these
 * streams was taken from, when that was tested before; of what is still whole
 * the same comes out. */
static void run_flows(struct pair_work *w, const struct leg *leg,
		      const struct leg *was, const struct pair_result *r,
		      struct track *t)
{
	const struct track *before = w->track[PAIR_INDEPENDENT];
	bool whole = was != NULL;
	size_t n[2];

	for (int c = 0; c < 2; c++, t += LEVELS + 1, before += LEVELS + 1) {
		if (was != NULL && are_whole(&leg[c].in, &was[c].in) &&
		    are_whole(&leg[!c].out, &was[!c].out)) {
			memcpy(t, before, (LEVELS + 1) * sizeof(*t));
			continue;
		}
		whole = false;
		for (int v = 0; v <= LEVELS; v++) {
			take_view(w, &leg[c].in, &leg[!c].out, v, r, n);
			interval_test(w->view[0], n[0], w->view[1], n[1],
				      r->check_us, &t[v]);
		}
	}
	if (whole)
		*t = *before;
	else
		run_shift(w, leg, r, t);
}

typedef void mask_fn(const int64_t *us, size_t n, uint8_t *mask);

/* A stream without what a mask takes out, in storage of w; in place when it
 * is there already. */
static struct stream without(struct pair_work *w, const struct stream *s, int i,
			     mask_fn *timers)
{
	size_t n = s->n < w->max ? s->n : w->max, k = 0;

	timers(s->us, n, w->mask);
	for (size_t j = 0; j < n; j++) {
		if (w->mask[j])
			continue;
		w->free_us[i][k] = s->us[j];
		w->free_bytes[i][k++] = s->bytes[j];
	}
	return (struct stream){ w->free_us[i], w->free_bytes[i], k };
}

/* Both legs without what their own timers predict. */
static void make_bare(struct pair_work *w, const struct leg *leg,
		      mask_fn *timers, struct leg *bare)
{
	for (int l = 0; l < 2; l++) {
		bare[l] = leg[l];
		bare[l].in = without(w, &leg[l].in, 2 * l, timers);
		bare[l].out = without(w, &leg[l].out, 2 * l + 1, timers);
	}
}

/* log10(10^x + 10^y), floored; steps of ADD_STEP in the difference. */
static microbans add_bans(const struct pair_work *w, microbans x, microbans y)
{
	microbans hi = x > y ? x : y, d = hi - (x > y ? y : x);

	return d >= ADD_STEPS * ADD_STEP ? hi : hi + w->add[d / ADD_STEP];
}

static microbans mean_of(const struct pair_work *w, int rival, unsigned from,
			 unsigned to, int k)
{
	microbans sum = w->share[rival][from] + w->track[rival][from].at[k];

	for (unsigned p = from + 1; p < to; p++)
		sum = add_bans(w, sum,
			       w->share[rival][p] + w->track[rival][p].at[k]);
	return sum;
}

/* The evidence against a rival at a checkpoint.  Requests and answers are
 * sizes of two streams that leave the host: under a dependency each is its own
 * draw whatever came in, so their product counts as well. */
static microbans rival_at(const struct pair_work *w, int rival, int k)
{
	microbans x, y, both;

	if (rival != PAIR_DEPENDENCY)
		return mean_of(w, rival, 0, rivals[rival].n, k);
	x = mean_of(w, rival, 0, N_CONTENT / 2, k);
	y = mean_of(w, rival, N_CONTENT / 2, N_CONTENT, k);
	both = x + y + w->way[2];
	return add_bans(w, add_bans(w, x + w->way[0], y + w->way[1]), both);
}

/* Of a rival whose processes have ended. */
static void draw_course(struct pair_work *w, int rival)
{
	for (int k = 0; k < PAIR_CHECKPOINTS; k++)
		w->course[rival][k] = rival_at(w, rival, k);
	w->drawn[rival] = true;
}

/* The highest a rival's evidence ever gets. */
static microbans rival_best(const struct pair_work *w, int rival)
{
	microbans best = INT64_MIN, v;

	for (int k = 0; k < PAIR_CHECKPOINTS; k++) {
		v = w->drawn[rival] ? w->course[rival][k]
				    : rival_at(w, rival, k);
		best = v > best ? v : best;
	}
	return best;
}

/* What every rival has while none of its processes ran. */
static void fill_idle(struct pair_work *w)
{
	for (int v = 0; v < PAIR_RIVALS; v++)
		w->idle[v] = rival_at(w, v, PAIR_CHECKPOINTS - 1);
}

static void combine(const struct pair_work *w, struct pair_result *r)
{
	microbans rival[PAIR_RIVALS], low;

	r->weakest = INT64_MIN;
	/* a hopeless pair has no course worth its cost */
	for (int k = r->hopeless ? PAIR_CHECKPOINTS - 1 : 0;
	     k < PAIR_CHECKPOINTS; k++) {
		int which = 0;

		low = INT64_MAX;
		for (int v = 0; v < PAIR_RIVALS; v++) {
			rival[v] = w->drawn[v] ? w->course[v][k]
				   : w->ran[v] ? rival_at(w, v, k)
					       : w->idle[v];
			if (rival[v] < low) {
				low = rival[v];
				which = v;
			}
		}
		if (low > r->weakest) {
			r->weakest = low;
			r->weakest_rival = which;
			r->best_us = r->check_us[k];
			memcpy(r->log10_e, rival, sizeof(rival));
		}
		r->at[k] = r->weakest;
	}
}

/* Not less than the evidence against a rival ever gets: no mean exceeds its
 * largest part. */
static microbans rival_bound(const struct pair_work *w, int rival)
{
	unsigned n = rivals[rival].n;
	microbans top[2] = { 0, 0 };

	for (unsigned p = 0; p < n; p++) {
		microbans *t = &top[p >= n / 2];

		*t = w->track[rival][p].peak > *t ? w->track[rival][p].peak
						  : *t;
	}
	if (rival == PAIR_DEPENDENCY)
		return top[0] + top[1];
	return top[0] > top[1] ? top[0] : top[1];
}

/* The processes of a rival ran, and its course is asked for. */
static void finish(struct pair_work *w, int rival)
{
	w->ran[rival] = true;
	for (unsigned p = 0; p < rivals[rival].n; p++)
		track_fill(&w->track[rival][p]);
	draw_course(w, rival);
}

/* The processes of a rival ran; is the pair hopeless by it? */
static bool is_hopeless(struct pair_work *w, const struct pair_input *in,
			int rival)
{
	w->ran[rival] = true;
	if (!in->full && rival_bound(w, rival) < HOPELESS)
		return true;
	finish(w, rival);
	return !in->full && rival_best(w, rival) < HOPELESS;
}

/* Cheap rivals first; dearer ones only where the pair can still win. */
static void run_rivals(struct pair_work *w, const struct pair_input *in,
		       const struct leg *leg, struct pair_result *r)
{
	struct leg bare[2];

	r->hopeless = true;
	run_content(w, leg, r, w->track[PAIR_DEPENDENCY]);
	if (is_hopeless(w, in, PAIR_DEPENDENCY))
		return;
	run_flows(w, leg, NULL, r, w->track[PAIR_INDEPENDENT]);
	if (is_hopeless(w, in, PAIR_INDEPENDENT))
		return;
	make_bare(w, leg, grid_mask, bare);
	run_order(w, in, leg, bare, r);
	w->ran[PAIR_WAKE] = true; /* with the other, whatever that says */
	if (is_hopeless(w, in, PAIR_COMMON) || is_hopeless(w, in, PAIR_WAKE))
		return;
	make_bare(w, bare, chain_mask, bare);
	run_flows(w, bare, leg, r, w->track[PAIR_TIMERS]);
	finish(w, PAIR_TIMERS);
	r->hopeless = false;
}

/* Who speaks first after joint silence: the side towards the origin. */
static void initiative_test(const struct leg *leg, struct pair_result *r)
{
	const struct stream *s[4] = { &leg[0].in, &leg[1].in, &leg[0].out,
				      &leg[1].out };
	size_t pos[4];
	int64_t last = INT64_MIN / 2, us[4];

	for (int i = 0; i < 4; i++) {
		pos[i] = seek_us(s[i]->us, s[i]->n, 0, r->start_us);
		us[i] = pos[i] < s[i]->n ? s[i]->us[pos[i]] : INT64_MAX;
	}
	for (;;) { /* the first of four; those towards the host before others */
		int first = us[1] < us[0], out = 2 + (us[3] < us[2]);

		first = us[out] < us[first] ? out : first;
		if (us[first] > r->end_us)
			break;
		if (us[first] - last >= BEGIN_US && first < 2)
			r->initiatives[first]++;
		last = us[first];
		us[first] = ++pos[first] < s[first]->n
				    ? s[first]->us[pos[first]]
				    : INT64_MAX;
	}
	r->reversed = r->initiatives[1] > r->initiatives[0];
}

static int by_value(const void *x, const void *y)
{
	const int64_t *a = x, *b = y;

	return *a < *b ? -1 : *a > *b;
}

/* The k-th smallest of v[from..n), from <= k < n, when those before from are
 * the smallest; afterwards no smaller one stands behind it (Hoare's find). */
static int64_t select_kth(int64_t *v, size_t from, size_t n, size_t k)
{
	size_t lo = from, hi = n - 1;
	unsigned rounds = 0;

	while (lo < hi) {
		int64_t mid = v[lo + (hi - lo) / 2], x;
		size_t i = lo, j = hi;

		if (rounds++ == SELECT_ROUNDS) { /* someone made them so */
			qsort(v + lo, hi - lo + 1, sizeof(*v), by_value);
			break;
		}
		for (;; i++, j--) { /* both stop at mid or before the ends */
			while (v[i] < mid)
				i++;
			while (v[j] > mid)
				j--;
			if (i >= j)
				break;
			x = v[i];
			v[i] = v[j];
			v[j] = x;
		}
		/* v[lo..i) <= mid <= v[i..hi] */
		if (k < i)
			hi = i - 1;
		else if (i > lo)
			lo = i;
		else /* mid is the smallest and stands first */
			lo++;
	}
	return v[k];
}

static void lag_test(struct pair_work *w, const struct leg *leg,
		     struct pair_result *r)
{
	int c = r->reversed ? 1 : 0;
	const struct stream *t = &leg[!c].out;
	size_t na, hint = 0, n = 0;

	na = onsets_of(&leg[c].in, level_us[1], r->start_us, r->end_us,
		       w->view[0]);
	for (size_t i = 0; i < na; i++) {
		hint = seek_us(t->us, t->n, hint, w->view[0][i]);
		if (hint < t->n && t->us[hint] - w->view[0][i] <= 2500000)
			w->view[1][n++] = t->us[hint] - w->view[0][i];
	}
	for (size_t i = 0, k = 0; k < PAIR_CHECKPOINTS; k++) {
		while (i < na && w->view[0][i] <= r->check_us[k])
			i++;
		r->onsets_at[k] = (uint32_t)i;
	}
	r->onsets = (uint32_t)na;
	r->answered = (uint32_t)n;
	if (n > 0) {
		r->lag_median_us = select_kth(w->view[1], 0, n, n / 2);
		r->lag_p95_us = select_kth(w->view[1], n / 2, n, n * 95 / 100);
	}
}

static void widen(const struct stream *s, int64_t *first, int64_t *last)
{
	if (s->n == 0)
		return;
	if (s->us[0] < *first)
		*first = s->us[0];
	if (s->us[s->n - 1] > *last)
		*last = s->us[s->n - 1];
}

static bool overlap(const struct leg *leg, struct pair_result *r)
{
	int64_t first[2], last[2];

	for (int l = 0; l < 2; l++) {
		first[l] = INT64_MAX;
		last[l] = INT64_MIN;
		widen(&leg[l].in, &first[l], &last[l]);
		widen(&leg[l].out, &first[l], &last[l]);
	}
	r->start_us = first[0] > first[1] ? first[0] : first[1];
	r->end_us = last[0] < last[1] ? last[0] : last[1];
	if (r->end_us <= r->start_us) { /* or a leg without a burst */
		r->end_us = r->start_us = 0;
		return false;
	}
	for (int k = 0; k < PAIR_CHECKPOINTS; k++)
		r->check_us[k] = r->start_us + (r->end_us - r->start_us) *
						       (k + 1) /
						       PAIR_CHECKPOINTS;
	return true;
}

static void shift_leg(struct pair_work *w, const struct pair_input *in,
		      struct leg *leg)
{
	struct stream *s[2] = { &leg[0].in, &leg[0].out };

	if (in->shift_us == 0)
		return;
	for (int d = 0; d < 2; d++) {
		size_t n = s[d]->n < w->max ? s[d]->n : w->max;

		for (size_t i = 0; i < n; i++)
			w->shifted[d][i] = s[d]->us[i] + in->shift_us;
		s[d]->us = w->shifted[d];
		s[d]->n = n;
	}
	/* decoys never forward */
	memset(leg[0].n_acks, 0, sizeof(leg[0].n_acks));
	memset(leg[1].n_acks, 0, sizeof(leg[1].n_acks));
}

/* A process that runs writes its checkpoints; of one that does not, only the
 * last is read. */
static void clear_tracks(struct pair_work *w)
{
	w->n_others = 0;
	memset(w->ran, 0, sizeof(w->ran));
	memset(w->drawn, 0, sizeof(w->drawn));
	for (int v = 0; v < PAIR_RIVALS; v++)
		for (unsigned p = 0; p < rivals[v].n; p++) {
			struct track *t = &w->track[v][p];

			t->sum = t->peak = 0;
			t->next = 0;
			t->brief = true;
			t->at[PAIR_CHECKPOINTS - 1] = 0;
		}
}

/* The most that some processes of a rival bring to its mean, of processes
 * whose course was asked for. */
static microbans best_of(const struct pair_work *w, int rival, unsigned from,
			 unsigned n)
{
	microbans best = INT64_MIN, now;

	for (int k = 0; k < PAIR_CHECKPOINTS; k++) {
		now = mean_of(w, rival, from, from + n, k);
		best = now > best ? now : best;
	}
	return best;
}

/* A hopeless pair needs no veto. */
static void veto(const struct pair_work *w, const struct leg *leg,
		 struct pair_result *r)
{
	const unsigned flows = N_INTERVAL / 2, content = N_CONTENT / 2;
	struct veto_input v = { .leg = leg,
				.usual = w->usual,
				.arrivals = w->arrivals,
				.n_arrivals = w->n_others };

	for (unsigned c = 0; c < 2; c++) {
		v.sizes[c] = w->sizes[c];
		v.flows[c] = v.content[c] = INT64_MIN;
		if (r->hopeless)
			continue;
		v.flows[c] = best_of(w, PAIR_INDEPENDENT, c * flows, flows);
		v.content[c] =
			best_of(w, PAIR_DEPENDENCY, c * content, content);
	}
	veto_tests(&v, r);
}

void pair_test(struct pair_work *w, const struct pair_input *in,
	       struct pair_result *out)
{
	struct leg leg[2] = { in->leg[0], in->leg[1] };

	memset(out, 0, sizeof(*out));
	clear_tracks(w);
	shift_leg(w, in, leg);
	if (!overlap(leg, out))
		return;
	for (int l = 0; l < 2; l++) {
		w->usual[l][0] = usual_size(&leg[l].in);
		w->usual[l][1] = usual_size(&leg[l].out);
	}
	run_rivals(w, in, leg, out);
	combine(w, out);
	forward_test(leg, out);
	if (out->weakest < 0 && !out->forwards_packets && !in->full)
		return; /* nobody asks for more */
	initiative_test(leg, out);
	veto(w, leg, out);
	lag_test(w, leg, out);
}

bool pair_decided(const struct pair_result *r, microbans threshold, int64_t *us)
{
	for (int k = 0; k < PAIR_CHECKPOINTS; k++) {
		if (r->at[k] >= threshold && r->end_us > r->start_us) {
			*us = r->check_us[k];
			return true;
		}
	}
	return false;
}

int pair_checkpoint(const struct pair_result *r, int64_t us)
{
	int k = 0;

	while (k < PAIR_CHECKPOINTS - 1 && r->check_us[k] < us)
		k++;
	return k;
}
