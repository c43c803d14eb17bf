/*
 * strength_fit.h - strength tables from scores whose truth is known, and how
 * good such a table is on runs that it was not made from.
 *
 * A relay is compared with the strongest pair of a run that is none: who reads
 * a report looks at the best pair of a capture, not at any.
 */
#ifndef EVIDENCE_STRENGTH_FIT_H
#define EVIDENCE_STRENGTH_FIT_H

#include "evidence/strength.h"

/* Score of a pair that the case does not keep: below all others. */
#define STRENGTH_NO_RECORD (-100 * MICROBANS_PER_BAN)

/* A pair of known truth. */
struct strength_item {
	uint32_t run;  /* scenario run */
	uint32_t host; /* within the run; relays only */
	bool relay;
	enum relay_kind kind; /* as a verdict would call it; relays only */
	microbans score;
	double weight; /* set by strength_fit() */
};

/* How good a kind's LRs are: 0 = perfect, 1 = says nothing. */
struct strength_check {
	uint64_t relays;
	uint32_t relay_runs;
	double cllr;	 /* each run judged by a table made without it */
	double cllr_min; /* of the scores themselves: best monotone table */
	double misleading_relays; /* share of weight with LR < 1 */
	double misleading_others; /* LR > 1, under the kind's own table */
};

/* Sets the weights of v[0..n), sorts it, fills all kinds that occur and
 * check[0..KINDS] (relay_runs 0: no such kind).  Name and origin are left
 * alone.  false: no memory, or no pair on one of the sides. */
bool strength_fit(struct strength_item *v, size_t n, struct strength *s,
		  struct strength_check *check, struct err *e);

#endif
