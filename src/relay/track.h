/*
 * track.h - the course of one e-process over the checkpoints of a pair.
 * Internal to src/relay.
 */
#ifndef RELAY_TRACK_H
#define RELAY_TRACK_H

#include "relay/pair.h"

struct track {
	microbans sum, peak; /* now, and at most */
	int next;	     /* first checkpoint not yet written */
	bool brief;	     /* ended with the last checkpoint only */
	microbans at[PAIR_CHECKPOINTS];
};

/* Adds a settled bet: value micro-bans known at time us (non-decreasing
 * within a process, else it counts from the later one). */
static inline void track_add(struct track *t, const int64_t *check_us,
			     int64_t us, microbans value)
{
	while (t->next < PAIR_CHECKPOINTS && check_us[t->next] < us)
		t->at[t->next++] = t->sum;
	t->sum += value;
	if (t->sum > t->peak)
		t->peak = t->sum;
}

/* Writes the checkpoints that are left. */
static inline void track_fill(struct track *t)
{
	while (t->next < PAIR_CHECKPOINTS)
		t->at[t->next++] = t->sum;
}

/* The process has ended.  Of most pairs nobody asks for the course. */
static inline void track_end(struct track *t)
{
	if (!t->brief)
		track_fill(t);
	else if (t->next < PAIR_CHECKPOINTS)
		t->at[PAIR_CHECKPOINTS - 1] = t->sum;
}

/* First index with us[i] >= t, searched from a hint by doubling steps. */
static inline size_t seek_us(const int64_t *us, size_t n, size_t hint,
			     int64_t t)
{
	size_t lo, hi, step = 1;

	if (hint > n)
		hint = n;
	if (hint < n && us[hint] < t) {
		lo = hint + 1;
		hi = lo;
		while (hi < n && us[hi] < t) {
			lo = hi + 1;
			hi += step;
			step *= 2;
		}
		if (hi > n)
			hi = n;
	} else {
		hi = hint;
		lo = hi;
		while (lo > 0 && us[lo - 1] >= t) {
			hi = lo - 1;
			lo = lo > step ? lo - step : 0;
			step *= 2;
		}
	}
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (us[mid] < t)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* Times of bursts after at least idle_us of silence; returns how many. */
size_t onsets_of(const struct stream *s, int64_t idle_us, int64_t from,
		 int64_t to, int64_t *out);
/* The most frequent size below 256 bytes, 0 when none is frequent. */
uint32_t usual_size(const struct stream *s);
/* Times of bursts whose size is not the stream's usual small one. */
size_t sized_of(const struct stream *s, int64_t from, int64_t to, int64_t *out);

/* mask[i] = 1: the stream's own timer predicts event i. */
void grid_mask(const int64_t *us, size_t n, uint8_t *mask);
/* The same for a timer behind a minority of the events; dearer. */
void chain_mask(const int64_t *us, size_t n, uint8_t *mask);

/* interval.c: do the events of b answer those of a? */
void interval_test(const int64_t *a, size_t na, const int64_t *b, size_t nb,
		   const int64_t *check_us, struct track *t);

/* shift.c: event times of both legs by direction at the host. */
enum { SHIFT_A_IN, SHIFT_A_OUT, SHIFT_B_IN, SHIFT_B_OUT };
void shift_test(const int64_t *const us[4], const size_t n[4],
		const int64_t *check_us, struct track *t);

/* order.c: onsets of the source and all events of the target, for both
 * directions; bets are placed in the order of time. */
struct controls { /* other flows of the host, away from it */
	const struct stream *s;
	size_t n;
};
struct order_side {
	const int64_t *a, *b;
	size_t na, nb;
};
void order_test(const struct order_side side[2], const struct controls *others,
		const int64_t *check_us, struct track *common,
		struct track *wake);

/* Locks on to a constant lag found in steps of bin_us. */
void lock_test(const struct order_side side[2], const struct controls *others,
	       int64_t bin_us, const int64_t *check_us, struct track *common,
	       struct track *wake);

/* content.c */
struct content_count {
	uint32_t compared, equal;
	/* of all exchanges: those that are large; of them those whose sizes
	 * differ by no more than framing; the same of those that agree */
	uint32_t large, framed, agree, agree_framed;
};
struct content_rule {
	int64_t from, to; /* events used */
	int64_t us;	  /* joint silence between exchanges, or window */
	bool strict;	  /* exchanges: only equal or recurrent sizes count */
	bool runs;	  /* windows: anchored at the target, see below */
	uint32_t usual;	  /* windows: usual_size() of the anchor stream */
};
void content_test(const struct stream *s, const struct stream *t,
		  const struct content_rule *rule, const int64_t *check_us,
		  struct track *track, struct content_count *count);
/* As content_test(), but each sized burst of s looks for its like among the
 * bursts of t within the window after it; with runs, each sized burst of t
 * among runs of bursts of s before it.  For legs never silent together. */
void content_window_test(const struct stream *s, const struct stream *t,
			 const struct content_rule *w, const int64_t *check_us,
			 struct track *track, struct content_count *count);

/* veto.c: what both legs look like beside the evidence. */
struct veto_input {
	const struct leg *leg;
	const uint32_t (*usual)[2];    /* usual_size(): leg, in/out */
	const struct stream *arrivals; /* at the host on other flows */
	size_t n_arrivals;
	struct content_count sizes[2]; /* requests, answers */
	/* at most, of requests and of answers alone: against independent
	 * flows, against service dependency */
	microbans flows[2], content[2];
};
/* Does the host hand on packets, or end TCP?  A VPN or NAT carries the pure
 * ACKs of one leg as payload of the other; a relay never does. */
void forward_test(const struct leg *leg, struct pair_result *r);
/* Sets what the result says of broadcasts, services and feeds; reversed is
 * known. */
void veto_tests(const struct veto_input *v, struct pair_result *r);

#endif
