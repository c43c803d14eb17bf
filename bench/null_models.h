/*
 * null_models.h - pairs of connections of one host that are no relay.
 *
 * Each model gives the event times of two flows.  Flow 0 is the leg that
 * speaks towards the host, flow 1 the one that the host speaks on: the
 * orientation in which a pair looks most like a relay (or both away from the
 * host: a broadcast).  Every event gets an answer in the other direction after
 * a delay that is constant per pair, log-uniform from 0.2 to 200 ms, plus
 * exponential jitter.  Events closer than BURST_GAP_US become one burst.
 *
 * Sizes: SIZE_SAME all events of all four directions alike; SIZE_COMMON drawn
 * anew for every event from eight common sizes, all directions independent;
 * SIZE_COPIED as SIZE_COMMON, but what both flows do at a common moment (or
 * the same tick of two timers) carries the same bytes; SIZE_BROADCAST the
 * same with both flows away from the host.
 *
 * The same (model, sizes, seconds, seed, index) gives the same pair.
 */
#ifndef BENCH_NULL_MODELS_H
#define BENCH_NULL_MODELS_H

#include <stdint.h>

#include "relay/pair.h"

#define NULL_EVENTS 60000 /* per direction, as a burst log */

enum null_sizes {
	SIZE_SAME,
	SIZE_COMMON,
	SIZE_COPIED,
	SIZE_BROADCAST,
	SIZE_VARIANTS
};
extern const char *const null_size_name[SIZE_VARIANTS];

struct null_model {
	const char *name;
	const char *from; /* what it reproduces */
	int kind;
	double period_s, jitter_s;
	int copies; /* SIZE_COPIED and SIZE_BROADCAST have a meaning */
	int rivals; /* bit per rival whose hypothesis this model fulfils */
};
extern const struct null_model null_models[];
extern const int null_n_models;

struct null_pair; /* room for one pair */

struct null_pair *null_pair_new(void);
void null_pair_free(struct null_pair *p);

/* Borrows: *in points into p until the next call. */
void null_pair_make(struct null_pair *p, const struct null_model *m,
		    enum null_sizes sizes, double seconds, uint64_t seed,
		    struct pair_input *in);

#endif
