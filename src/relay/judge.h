/*
 * judge.h - one candidate from logs to result, and its decoys.
 * Copies the bursts of both legs into scratch space reserved once, runs
 * pair_test(), then the same on the pair with leg 0 moved by 30 to 300 s:
 * the self-check that every report carries.
 */
#ifndef RELAY_JUDGE_H
#define RELAY_JUDGE_H

#include "feature/burst.h"
#include "relay/index.h"
#include "relay/pair.h"

struct judge;

struct judge_stats {
	uint64_t judged;
	uint64_t decoys;
	uint64_t decoys_above[3]; /* >= 10, 100, 1000 */
	microbans *decoy;	  /* the strongest decoys, unordered */
	uint32_t n_decoy;
};

/* seed: of the decoys' shifts.  Owns: judge_free(). */
struct judge *judge_new(uint64_t seed, struct err *e);
void judge_free(struct judge *j);

/* False when the two connections are one seen twice. */
bool judge_candidate(struct judge *j, const struct candidate *c,
		     const struct conn_table *conns,
		     const struct burst_table *bursts,
		     const struct relay_index *index, struct pair_result *out);

const struct judge_stats *judge_stats(const struct judge *j);
/* Decoy pairs whose evidence reached a threshold. */
uint64_t judge_decoys_at(const struct judge *j, microbans threshold);

#endif
