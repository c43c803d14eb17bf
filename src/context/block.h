/*
 * block.h - what else is cut off when a target is blocked at a transit AS.
 *
 * From the routes that the given peers have: a lower bound, for other places
 * may reach more networks through that AS (customer cones are larger than
 * what one table shows), and some of these networks may have another way.
 */
#ifndef CONTEXT_BLOCK_H
#define CONTEXT_BLOCK_H

#include "context/rib.h"

struct block_count {
	uint32_t prefixes, prefixes_v6;
	uint64_t addresses; /* IPv4, each counted once */
	uint32_t origins;   /* origin ASes; 0 is not counted */
};

struct block_cost {
	uint32_t at;	   /* the AS */
	unsigned vantages; /* peer ASes that count: those that are not at */
	struct block_count all;	   /* every network with a path through at */
	struct block_count own;	   /* of these, originated by at */
	struct block_count behind; /* and by others */
	struct block_count always; /* no peer AS has a path around at */
	struct block_count target; /* the target's own networks among all */
	struct block_count cut;	   /* all without the target */
	struct block_count asked;  /* the target's networks in the table */
	uint32_t downstream;	   /* ASes that follow directly on at */
	unsigned target_ases, target_through; /* peer ASes with a route to the
					       * target; and through at */
	double per_address; /* addresses cut per address meant */
};

struct block_target {
	struct prefix prefix; /* fam 0: an origin AS */
	uint32_t asn;
};

/* Targets: networks (with all inside them; an address means the longest
 * network that holds it) or origin ASes. */
bool block_cost(struct rib *rib, uint32_t at, const struct block_target *t,
		unsigned nt, struct block_cost *out, struct err *e);

#endif
