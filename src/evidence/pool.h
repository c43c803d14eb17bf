/*
 * pool.h - pool adjacent violators: scores to blocks whose share of H1 only
 * grows with the score (Ayer et al. 1955; for likelihood ratios Bruemmer and
 * du Preez 2006).
 */
#ifndef EVIDENCE_POOL_H
#define EVIDENCE_POOL_H

#include <stddef.h>

#include "base/num.h"

struct pool_block {
	microbans from; /* the lowest score in it */
	double h1, h2;	/* weight of each hypothesis */
};

/* v is sorted by from; equal scores become one block.  Pools in place and
 * returns how many blocks are left. */
size_t pool_blocks(struct pool_block *v, size_t n);

#endif
