/*
 * paths.h - AS paths, each kept once.
 *
 * A path is a number; 0 is "no path".  Peers send the same path for all the
 * networks of one origin, so a table of 60 million routes needs some millions
 * of paths.  Nothing is ever removed.
 * Memory: chunks of 4 MiB and a hash table; grows with the paths.
 * Threads: one store belongs to one thread.
 */
#ifndef CONTEXT_PATHS_H
#define CONTEXT_PATHS_H

#include "context/bgp.h"

struct paths; /* opaque */

struct path_view {
	const uint32_t *w; /* borrowed: good for the life of the store */
	unsigned n;
	bool segs, as_set;
};

struct paths *paths_new(struct err *e);
void paths_free(struct paths *s);
/* The number of a path; 0 when memory is short. */
uint32_t paths_put(struct paths *s, const struct bgp_path *p);
/* Where a path lies, to fetch it ahead; never read through. */
const void *paths_get_head(const struct paths *s, uint32_t id);
struct path_view paths_get(const struct paths *s, uint32_t id);
uint64_t paths_bytes(const struct paths *s);
uint64_t paths_count(const struct paths *s);

#endif
