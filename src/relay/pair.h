/*
 * pair.h - the test of one pair of connections that share a host.
 *
 * Question: does the host relay leg 0 into leg 1?  For every rival
 * explanation one or more e-processes are run over the bursts of both legs
 * (Ville: under that rival one of them reaches 1/a with probability at most
 * a, whenever one stops).  A rival's evidence is the mean of its processes
 * with shares fixed in advance; the pair's evidence is that against its
 * strongest rival.
 * METHODS.md has hypothesis, null and weak points of each process.
 *
 * Pure: the same bursts give the same result; no clock, no randomness.
 * Memory: pair_work holds all scratch space, reserved once.
 */
#ifndef RELAY_PAIR_H
#define RELAY_PAIR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/num.h"
#include "feature/burst.h"

#define PAIR_CHECKPOINTS 256
#define PAIR_OTHERS	 8 /* flows of the host against "it woke up" */
#define PAIR_LAG_MAX_US	 INT64_C(10000000)
#define PAIR_MIN_BURSTS	 12 /* data bursts of a leg that can be judged */

enum {
	PAIR_INDEPENDENT,
	PAIR_TIMERS,
	PAIR_COMMON,
	PAIR_WAKE,
	PAIR_DEPENDENCY,
	PAIR_RIVALS
};

/* Bursts of one direction of one leg as seen at the host. */
struct stream {
	const int64_t *us;     /* times, sorted */
	const uint32_t *bytes; /* > 0 */
	size_t n;
};

struct leg {
	struct stream in;	  /* towards the host */
	struct stream out;	  /* away from it */
	const int64_t *ack_us[2]; /* isolated pure ACKs: towards the host [0],
				   * away from it [1] */
	size_t n_acks[2];
};

struct pair_input {
	struct leg leg[2];
	/* other flows of the host: away from it, and towards it */
	struct stream others[PAIR_OTHERS], arrivals[PAIR_OTHERS];
	size_t n_others;
	/* Not NULL: gives the others when they are wanted, which is seldom;
	 * up to PAIR_OTHERS, returns how many. */
	size_t (*fetch)(void *arg, struct stream *others,
			struct stream *arrivals);
	void *fetch_arg;
	int64_t shift_us; /* added to all times of leg 0: a decoy pair */
	bool full;	  /* run every rival, also of hopeless pairs */
};

/* What is said beside the evidence and the times (lags, onsets, vetoes but
 * forwards_packets, reversed) is only worked out where the evidence reached 1,
 * or the host hands on packets, or with full. */
struct pair_result {
	microbans log10_e[PAIR_RIVALS]; /* at the best moment */
	microbans weakest; /* smallest of them: running maximum over time
			    * of the minimum over rivals */
	int weakest_rival;
	int64_t start_us, end_us;	/* overlap of the legs */
	int64_t best_us;		/* when weakest was reached */
	microbans at[PAIR_CHECKPOINTS]; /* running maximum at checkpoints */
	int64_t check_us[PAIR_CHECKPOINTS];
	uint32_t onsets_at[PAIR_CHECKPOINTS]; /* request onsets until then */
	int64_t lag_median_us, lag_p95_us;    /* of answered onsets, requests */
	uint32_t onsets, answered;	      /* request direction */
	uint32_t bursts, equal; /* sized exchanges compared; equal in bytes or
				 * by the pair's own constant overhead */
	uint32_t acks[2],
		acks_forwarded[2]; /* isolated ACKs of one leg, in
				    * and out, and of them those that the other
				    * leg carried as payload, less chance */
	bool hopeless; /* below 10 whatever the rivals not run would say: no
			* course, only the end */
	bool forwards_packets;	   /* VPN or NAT: no termination */
	uint32_t larger, together; /* larger bursts away from the host on one
				    * leg; of them with one of like size on
				    * the other leg at the same moment */
	bool broadcasts;	   /* the host speaks on both legs at once */
	bool serves;		   /* it rewrites what it passes */
	bool asks_on;  /* after an answer it asks the next question by itself */
	bool writes;   /* only what was asked is conserved, not the answers */
	bool one_way;  /* only requests or only answers are passed on (a
			* hopeless pair: not known) */
	bool reversed; /* requests run from leg 1 to leg 0 */
	uint32_t initiatives[2]; /* exchanges begun by leg 0, leg 1 */
};

struct pair_work;

/* max: bursts per direction.  Owns: pair_work_free(). */
struct pair_work *pair_work_new(size_t max, struct err *e);
void pair_work_free(struct pair_work *w);

void pair_test(struct pair_work *w, const struct pair_input *in,
	       struct pair_result *out);

/* Number of processes behind one rival, whose mean log10_e is. */
unsigned pair_processes(int rival);

/* When the running maximum first reached the threshold; false: never. */
bool pair_decided(const struct pair_result *r, microbans threshold,
		  int64_t *us);

/* The checkpoint at or after a time. */
int pair_checkpoint(const struct pair_result *r, int64_t us);

#endif
