/*
 * calibrate.h - how good likelihood ratios are when the truth is known.
 * Cllr = (mean over h1 of log2(1 + 1/LR) + mean over h2 of log2(1 + LR)) / 2,
 * and its minimum over monotone recalibrations by pooling adjacent violators
 * (Brummer and du Preez 2006).  LRs are log10 in micro-bans; h1 = relays,
 * h2 = no relays.
 */
#ifndef EVIDENCE_CALIBRATE_H
#define EVIDENCE_CALIBRATE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/num.h"

struct calibrate_sets {
	const microbans *h1, *h2;
	size_t n1, n2; /* both > 0, or there is nothing to say */
};

/* 0 = perfect, 1 = says nothing; -1 when a set is empty. */
double calibrate_cllr(const struct calibrate_sets *s);
/* The same after the best monotone recalibration (PAV): what is lost by
 * discrimination alone.  -1 when a set is empty or memory is short. */
double calibrate_cllr_min(const struct calibrate_sets *s);
/* Shares of h1 with LR < 1 and of h2 with LR > 1; 0 for empty sets. */
double calibrate_misleading_h1(const struct calibrate_sets *s);
double calibrate_misleading_h2(const struct calibrate_sets *s);
/* Share of a set with log10 LR >= x, the points of a Tippett plot. */
double calibrate_share(const microbans *set, size_t n, microbans x);

#endif
