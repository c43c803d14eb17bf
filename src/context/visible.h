/*
 * visible.h - how visible the network of an address is right now: the share
 * of full-feed peer ASes that have any live route to it.
 */
#ifndef CONTEXT_VISIBLE_H
#define CONTEXT_VISIBLE_H

#include "context/replay.h"

struct visible; /* scratch; opaque */

/* Owns: visible_free().  Borrows r. */
struct visible *visible_new(const struct replay *r, struct err *e);
void visible_free(struct visible *v);
/* After tables and lost peers, before asking: who counts now. */
void visible_refresh(struct visible *v);
/* 0 to 1000; -1 when no peer is known well enough to say. */
int visible_permille(struct visible *v, const struct addr *a);

#endif
