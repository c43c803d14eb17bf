/*
 * rivals_timing.h - three detectors of the literature, from their formulas.
 *
 * Each looks at packets with new payload of one channel: a, those that come
 * to the host on one leg, and b, those that leave it on the other.  A score
 * of 1 is the detector's own threshold; it may be moved.
 */
#ifndef BENCH_RIVALS_TIMING_H
#define BENCH_RIVALS_TIMING_H

#include <stddef.h>
#include <stdint.h>

struct channel {
	const int64_t *a, *b; /* us, sorted */
	size_t na, nb;
};

struct rival_verdict {
	double top;   /* highest score ever */
	int64_t when; /* first time the score reached the threshold; -1 */
};

/* Zhang and Paxson 2000, the rule of the last Bro script: resumes after 0.5 s
 * of idleness, 80 ms apart; both channels of the pair. */
struct rival_verdict rival_zhang_paxson(const struct channel c[2],
					double threshold);

/* Blum, Song, Venkataraman 2004: the difference of packet counts stays within
 * p, the most packets of a within delay_us, for 8 p^2 log2(1/delta) packets.
 * The better channel. */
struct rival_verdict rival_blum(const struct channel c[2], int64_t delay_us,
				double delta, double threshold);

/* He and Tong 2007/2008: bounded greedy match; the unmatched share against
 * half of 1/(1 + lambda delay), from 100 packets on.  The better channel. */
struct rival_verdict rival_he_tong(const struct channel c[2], int64_t delay_us,
				   double threshold);

#endif
