/*
 * evaluation.h - the record of `wellspring evaluate`: what was found, missed
 * and false in captures whose truth is known.  Filled by pipeline, read by
 * writers.
 */
#ifndef EVIDENCE_EVALUATION_H
#define EVIDENCE_EVALUATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "evidence/case.h"
#include "evidence/strength_fit.h"

/* A relay must be found when both legs lie in the capture and have that much
 * to judge (the requirement the project is held to). */
#define EVAL_MUST_DATA_PACKETS 25 /* each way, on both legs */
#define EVAL_MUST_OVERLAP_NS   INT64_C(20000000000)

/* One true relay in one capture, or one reported relay that is false. */
struct eval_pair {
	char scenario[64], capture[64];
	char group;    /* 'A' ... as the corpus has it, '?' = none */
	char tool[32]; /* of the truth; "-" for a false one */
	char kind[32]; /* of the truth, may be "packet-level" */
	char legs[160];
	bool must;	    /* has to be found */
	bool terminates;    /* false: NAT, VPN; reporting it is false */
	bool found;	    /* reported as sufficient */
	bool is_false;	    /* reported, and not a relay */
	bool reversed;	    /* found with in and out exchanged */
	bool scored;	    /* the case has a record of the pair */
	enum reason reason; /* of the record, when not sufficient */
	enum rival weakest;
	microbans log10_e, log10_threshold, log10_lr;
	int64_t decided_after_ns; /* found ones; -1 = unknown */
	uint32_t decided_onsets;
	uint32_t data_packets; /* smallest of the four directions */
	int64_t overlap_ns;
};

/* Sums over the captures of one group. */
struct eval_group {
	char group;
	uint32_t captures;
	uint64_t eligible, true_pairs;
	uint64_t null_above[3]; /* pairs without relay: e >= 10, 100, 1000 */
	uint64_t decoys_tested, decoys_above[3];
};

#define EVAL_GROUPS 27 /* A to Z and '?' */

struct evaluation {
	struct eval_pair *pairs; /* in order of scenario, capture, ids */
	size_t n_pairs, cap_pairs;
	struct eval_group groups[EVAL_GROUPS];
	uint32_t scenarios, captures, damaged;
	uint64_t connections, unmatched;	/* seen; without a true one */
	uint64_t verdicts[3], reasons[REASONS]; /* of addresses */
	uint32_t wrong_source;	    /* "source" at a host that relays */
	uint32_t source_hands_on;   /* "source" at a NAT or VPN */
	uint32_t wrong_springboard; /* "springboard" at one that does not */
	microbans *h1, *h2;	    /* log10 LR of true and null pairs */
	size_t n1, n2, cap1, cap2;
	uint64_t h1_without; /* true pairs without record: LR 1 in h1 */
	uint64_t h2_without; /* null pairs without record: not in h2 */
	double alpha;
	struct strength_item *items; /* scores of known truth */
	size_t n_items, cap_items;
	bool fitted; /* to the scores; false: pairs of one sort only */
	struct strength strength;
	struct strength_check check[KINDS + 1];
	struct tstamp last; /* packet of all captures */
};

struct evaluation *evaluation_new(struct err *e);
void evaluation_free(struct evaluation *v);
/* Copies the pair; false and *e without memory. */
bool evaluation_add(struct evaluation *v, const struct eval_pair *p,
		    struct err *e);
bool evaluation_add_lr(struct evaluation *v, bool is_relay, microbans lr,
		       struct err *e);
bool evaluation_add_item(struct evaluation *v, const struct strength_item *i,
			 struct err *e);
struct eval_group *evaluation_group(struct evaluation *v, char group);

/* Quartiles of values (sorted in place): smallest value with at least that
 * share at or below it.  n > 0. */
struct eval_quartiles {
	int64_t q1, median, q3, max;
};
struct eval_quartiles evaluation_quartiles(int64_t *values, size_t n);

#endif
