/*
 * origin.h - who announced an address, as seen by the peers of a table.
 *
 * Every peer AS answers for itself with its longest match; answers are
 * counted, never merged into one.  Context: who announces an address says
 * nothing about who used it.
 */
#ifndef CONTEXT_ORIGIN_H
#define CONTEXT_ORIGIN_H

#include "context/rib.h"

#define ORIGIN_MAX 24 /* different answers that are listed */

struct origin_claim { /* one origin of one network */
	struct prefix prefix;
	uint32_t asn; /* 0: the path is empty or ends in a set */
	bool as_set;
	unsigned ases;	/* peer ASes that say so */
	uint32_t since; /* earliest time of these routes */
	uint32_t path;	/* one of them */
};

struct origin_upstream {
	uint32_t asn; /* 0: the peer is the origin's neighbour, or none */
	unsigned ases;
};

struct origin_related { /* a less or more specific network */
	struct prefix prefix;
	uint32_t asn;
	unsigned ases;
};

struct origin_answer {
	unsigned sees;	   /* peer ASes with a route to the address */
	unsigned vantages; /* peer ASes with a table of this family */
	unsigned nclaims, nups, nless, nmore;
	unsigned left_out;		       /* answers above ORIGIN_MAX */
	struct origin_claim claim[ORIGIN_MAX]; /* most peers first */
	struct origin_upstream up[ORIGIN_MAX];
	struct origin_related less[ORIGIN_MAX], more[ORIGIN_MAX];
	uint32_t more_total;
	uint32_t first_sec, last_sec; /* of the longest network */
};

struct origin_query; /* opaque: scratch */

/* Borrows rib. */
struct origin_query *origin_new(struct rib *rib, struct err *e);
void origin_free(struct origin_query *q);
/* related: also look for less and more specific networks (slow: walks the
 * whole table). */
void origin_ask(struct origin_query *q, const struct prefix *target,
		bool related, struct origin_answer *out);

/* Many addresses: build once, when the table is final. */
bool origin_index(struct origin_query *q, struct err *e);
/* Number of the longest network with a live route; RIB_NONE if none. */
uint32_t origin_find(const struct origin_query *q, const struct addr *a);
/* The answer for a network, kept: one origin with most peers. */
struct origin_brief {
	uint32_t asn;
	uint16_t ases, origins; /* peer ASes, different origins */
};
const struct origin_brief *origin_brief(struct origin_query *q, uint32_t net);

#endif
