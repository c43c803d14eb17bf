/*
 * lpm.h - longest match of an address among many networks, fast.
 *
 * Input: networks in any order.  Output: the number of the longest one that
 * holds an address, and of the next shorter one that holds that network.
 * How: sorted networks are cut into disjoint intervals of addresses; a look-up
 * is one step through a table of the first bits and a short binary search.
 * Memory: about 16 bytes per IPv4 network and 32 per IPv6 network, 6 MiB.
 * Good until the networks change: built, used, thrown away.
 */
#ifndef CONTEXT_LPM_H
#define CONTEXT_LPM_H

#include "context/bgp.h"

#define LPM_NONE UINT32_MAX

struct lpm; /* opaque */

/* Borrows nothing.  prefixes stride bytes apart, the first at first.  skip:
 * one byte per network, those that are not 0 are left out; may be NULL. */
struct lpm *lpm_new(const struct prefix *first, size_t stride, uint32_t n,
		    const uint8_t *skip, struct err *e);
void lpm_free(struct lpm *l);
/* Number of the longest network that holds a; LPM_NONE if none does. */
uint32_t lpm_find(const struct lpm *l, const struct addr *a);
/* The longest shorter network that holds this one. */
uint32_t lpm_parent(const struct lpm *l, uint32_t net);

#endif
