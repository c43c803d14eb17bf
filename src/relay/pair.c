/*
 * pair.c - see pair.h: prepares the views of both legs, runs the processes of
 * every rival, and takes the minimum over rivals at each checkpoint.
 */
#include "relay/pair.h"

#include <stdlib.h>
#include <string.h>

#include "relay/track.h"

#define LEVELS      3
#define QUIETS      3
#define FORWARD_US  INT64_C(5000)  /* a forwarded ACK leaves within this */
#define FORWARD_MIN 8              /* isolated ACKs needed to say so */
#define BEGIN_US    INT64_C(500000) /* joint silence before an initiative */
#define N_INTERVAL  (2 * (LEVELS + 1))
#define N_ORDER     (2 * 2)
#define N_CONTENT   (2 * QUIETS)

static const int64_t level_us[LEVELS] = { 0, 100000, 1000000 };
static const int64_t quiet_us[QUIETS] = { 20000, 150000, 700000 };

struct pair_work {
	size_t max;
	int64_t *shifted[2]; /* leg 0 in, out */
	int64_t *a, *b;      /* one view of source and target */
	uint8_t *a_mask, *b_mask;
	int64_t *waits;
	struct track track[PAIR_RIVALS][N_INTERVAL];
};

static const unsigned processes[PAIR_RIVALS] = { N_INTERVAL, N_INTERVAL,
						 N_ORDER, N_ORDER, N_CONTENT };

unsigned pair_processes(int rival)
{
	return processes[rival];
}

struct pair_work *pair_work_new(size_t max, struct err *e)
{
	struct pair_work *w = calloc(1, sizeof(*w));

	if (w == NULL)
		goto fail;
	w->max = max;
	w->shifted[0] = calloc(max, sizeof(int64_t));
	w->shifted[1] = calloc(max, sizeof(int64_t));
	w->a = calloc(max, sizeof(int64_t));
	w->b = calloc(max, sizeof(int64_t));
	w->waits = calloc(max, sizeof(int64_t));
	w->a_mask = calloc(max, 1);
	w->b_mask = calloc(max, 1);
	if (w->shifted[0] && w->shifted[1] && w->a && w->b && w->waits &&
	    w->a_mask && w->b_mask)
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
	free(w->a);
	free(w->b);
	free(w->waits);
	free(w->a_mask);
	free(w->b_mask);
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
static uint32_t usual_size(const struct stream *s)
{
	uint32_t count[256] = { 0 }, top = 0;

	for (size_t i = 0; i < s->n; i++)
		if (s->bytes[i] < 256)
			count[s->bytes[i]]++;
	for (uint32_t b = 1; b < 256; b++)
		if (count[b] > count[top])
			top = b;
	return count[top] * 8 >= s->n ? top : 0;
}

size_t sized_of(const struct stream *s, int64_t from, int64_t to,
		int64_t *out)
{
	size_t i = seek_us(s->us, s->n, 0, from), n = 0;
	uint32_t usual = usual_size(s);

	for (; i < s->n && s->us[i] <= to; i++)
		if (s->bytes[i] > usual + usual / 2)
			out[n++] = s->us[i];
	return n;
}

static void run_interval(struct pair_work *w, const struct pair_result *r,
			 size_t na, size_t nb, int view)
{
	struct track *plain = &w->track[PAIR_INDEPENDENT][view];
	struct track *guarded = &w->track[PAIR_TIMERS][view];

	interval_test(w->a, na, w->b, nb, NULL, NULL, r->check_us, plain);
	grid_mask(w->a, na, w->a_mask);
	grid_mask(w->b, nb, w->b_mask);
	interval_test(w->a, na, w->b, nb, w->a_mask, w->b_mask, r->check_us,
		      guarded);
}

static void run_channel(struct pair_work *w, const struct pair_input *in,
			const struct leg *leg, int c, struct pair_result *r)
{
	const struct stream *s = &leg[c].in, *t = &leg[!c].out;
	int64_t end = r->end_us + PAIR_LAG_MAX_US;
	struct content_count count = { 0, 0 };
	size_t na, nb, nall;

	for (int l = 0; l < LEVELS; l++) {
		na = onsets_of(s, level_us[l], r->start_us, r->end_us, w->a);
		nb = onsets_of(t, level_us[l], r->start_us, end, w->b);
		run_interval(w, r, na, nb, c * (LEVELS + 1) + l);
		if (l == 0)
			continue;
		nall = onsets_of(t, 0, r->start_us, end, w->b);
		order_test(w->a, na, w->b, nall, in->others, in->n_others,
			   r->check_us,
			   &w->track[PAIR_COMMON][c * 2 + l - 1],
			   &w->track[PAIR_WAKE][c * 2 + l - 1]);
	}
	na = sized_of(s, r->start_us, r->end_us, w->a);
	nb = sized_of(t, r->start_us, end, w->b);
	run_interval(w, r, na, nb, c * (LEVELS + 1) + LEVELS);
	for (int q = 0; q < QUIETS; q++) {
		count = (struct content_count){ 0, 0 };
		content_test(s, t, quiet_us[q], r->start_us, r->end_us,
			     r->check_us,
			     &w->track[PAIR_DEPENDENCY][c * QUIETS + q],
			     &count);
		if (count.equal >= r->equal) {
			r->bursts = count.compared;
			r->equal = count.equal;
		}
	}
}

static void combine(const struct pair_work *w, struct pair_result *r)
{
	static const microbans log10_m[] = { 0, 0, 301030, 477122, 602060,
					     698971, 778152, 845099, 903090 };
	microbans top = INT64_MIN, rival[PAIR_RIVALS];

	r->weakest = INT64_MIN;
	for (int k = 0; k < PAIR_CHECKPOINTS; k++) {
		microbans low = INT64_MAX;
		int which = 0;

		for (int v = 0; v < PAIR_RIVALS; v++) {
			top = INT64_MIN;
			for (unsigned p = 0; p < processes[v]; p++)
				if (w->track[v][p].at[k] > top)
					top = w->track[v][p].at[k];
			rival[v] = top - log10_m[processes[v]];
			if (rival[v] < low) {
				low = rival[v];
				which = v;
			}
		}
		if (low > r->weakest || k == 0) {
			r->weakest = low;
			r->weakest_rival = which;
			r->best_us = r->check_us[k];
			memcpy(r->log10_e, rival, sizeof(rival));
		}
		r->at[k] = r->weakest;
	}
}

/* Are isolated pure ACKs of one leg carried on by the other as payload?
 * A relay terminates TCP and never does that; a VPN or NAT always does. */
static void forward_test(const struct leg *leg, struct pair_result *r)
{
	uint32_t acks, after, before;

	for (int l = 0; l < 2; l++) {
		const struct stream *o = &leg[!l].out;
		size_t hint = 0;

		acks = after = before = 0;
		for (size_t i = 0; i < leg[l].n_acks; i++) {
			int64_t t = leg[l].ack_us[i];

			if (t < r->start_us || t > r->end_us)
				continue;
			acks++;
			hint = seek_us(o->us, o->n, hint, t);
			after += hint < o->n && o->us[hint] - t <= FORWARD_US;
			before += hint > 0 && t - o->us[hint - 1] <= FORWARD_US;
		}
		if (after > before &&
		    (r->acks == 0 ||
		     (uint64_t)(after - before) * r->acks >
			     (uint64_t)r->acks_forwarded * acks)) {
			r->acks = acks;
			r->acks_forwarded = after - before;
		}
	}
	r->forwards_packets = r->acks >= FORWARD_MIN &&
			      r->acks_forwarded * 2 > r->acks;
}

/* Who speaks first after joint silence: the side towards the origin. */
static void initiative_test(const struct leg *leg, struct pair_result *r)
{
	const struct stream *s[4] = { &leg[0].in, &leg[1].in, &leg[0].out,
				      &leg[1].out };
	size_t pos[4];
	int64_t last = INT64_MIN / 2;

	for (int i = 0; i < 4; i++)
		pos[i] = seek_us(s[i]->us, s[i]->n, 0, r->start_us);
	for (;;) {
		int first = -1;

		for (int i = 0; i < 4; i++)
			if (pos[i] < s[i]->n &&
			    (first < 0 || s[i]->us[pos[i]] <
						  s[first]->us[pos[first]]))
				first = i;
		if (first < 0 || s[first]->us[pos[first]] > r->end_us)
			break;
		if (s[first]->us[pos[first]] - last >= BEGIN_US && first < 2)
			r->initiatives[first]++;
		last = s[first]->us[pos[first]++];
	}
	r->reversed = r->initiatives[1] > r->initiatives[0];
}

static int by_value(const void *x, const void *y)
{
	const int64_t *a = x, *b = y;

	return *a < *b ? -1 : *a > *b;
}

static void lag_test(struct pair_work *w, const struct leg *leg,
		     struct pair_result *r)
{
	int c = r->reversed ? 1 : 0;
	const struct stream *t = &leg[!c].out;
	size_t na, hint = 0, n = 0;

	na = onsets_of(&leg[c].in, level_us[1], r->start_us, r->end_us, w->a);
	for (size_t i = 0; i < na; i++) {
		hint = seek_us(t->us, t->n, hint, w->a[i]);
		if (hint < t->n && t->us[hint] - w->a[i] <= 2500000)
			w->waits[n++] = t->us[hint] - w->a[i];
	}
	r->onsets = (uint32_t)na;
	r->answered = (uint32_t)n;
	if (n > 0) {
		qsort(w->waits, n, sizeof(int64_t), by_value);
		r->lag_median_us = w->waits[n / 2];
		r->lag_p95_us = w->waits[n * 95 / 100];
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
	for (int k = 0; k < PAIR_CHECKPOINTS; k++)
		r->check_us[k] = r->start_us +
				 (r->end_us - r->start_us) * (k + 1) /
					 PAIR_CHECKPOINTS;
	return r->end_us > r->start_us;
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
	leg[0].n_acks = leg[1].n_acks = 0; /* decoys never forward */
}

void pair_test(struct pair_work *w, const struct pair_input *in,
	       struct pair_result *out)
{
	struct leg leg[2] = { in->leg[0], in->leg[1] };

	memset(out, 0, sizeof(*out));
	memset(w->track, 0, sizeof(w->track));
	shift_leg(w, in, leg);
	if (!overlap(leg, out))
		return;
	initiative_test(leg, out);
	run_channel(w, in, leg, 0, out);
	run_channel(w, in, leg, 1, out);
	combine(w, out);
	forward_test(leg, out);
	lag_test(w, leg, out);
}

bool pair_decided(const struct pair_result *r, microbans threshold,
		  int64_t *us)
{
	for (int k = 0; k < PAIR_CHECKPOINTS; k++) {
		if (r->at[k] >= threshold && r->end_us > r->start_us) {
			*us = r->check_us[k];
			return true;
		}
	}
	return false;
}
