/*
 * assess.h - from judged pairs and hosts to relays, chains and verdicts.
 * Decides against the threshold K/alpha, caps the strength by the validation
 * behind it, grades quality, and says why where it abstains.
 */
#ifndef EVIDENCE_ASSESS_H
#define EVIDENCE_ASSESS_H

#include "evidence/case.h"
#include "relay/index.h"
#include "relay/pair.h"

/* A pair worth keeping. */
struct assess_pair {
	struct addr host;
	uint32_t host_id; /* in the index */
	uint32_t conn[2]; /* connection ids, the older first */
	uint8_t end[2];	  /* 0: the host opened that connection */
	struct pair_result result;
};

struct assess_input {
	const struct assess_pair *pairs;
	size_t n_pairs;
	const struct relay_index *index;
	int64_t epoch_ns;	     /* time 0 of pair_result */
	const struct addr *expected; /* hosts known to relay */
	size_t n_expected;
	double alpha;
	bool all;
	bool capture_loss; /* the capture itself reports lost packets */
	uint64_t decoys, decoys_above[3];
	uint64_t (*decoys_at)(const void *arg, microbans threshold);
	const void *decoys_arg;
};

/* Fills relays, chains, addresses and hyp of a case whose conns are there
 * (ordered by id).  false: out of memory. */
bool assess(const struct assess_input *in, struct case_record *c,
	    struct err *e);

#endif
