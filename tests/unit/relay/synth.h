/*
 * synth.h - synthetic legs for the tests of relay: people, timers, relays.
 * The same seed gives the same events on every machine.
 */
#ifndef TEST_SYNTH_H
#define TEST_SYNTH_H

#include <stdbool.h>
#include <stdlib.h>

#include "relay/pair.h"

#define SYNTH_MAX 4000

struct synth {
	int64_t us[SYNTH_MAX];
	uint32_t bytes[SYNTH_MAX];
	size_t n;
};

static inline void synth_add(struct synth *s, int64_t us, uint32_t bytes)
{
	size_t i = s->n;

	if (s->n == SYNTH_MAX)
		return;
	for (; i > 0 && s->us[i - 1] > us; i--) {
		s->us[i] = s->us[i - 1];
		s->bytes[i] = s->bytes[i - 1];
	}
	s->us[i] = us;
	s->bytes[i] = bytes;
	s->n++;
}

static inline struct stream synth_stream(const struct synth *s)
{
	return (struct stream){ s->us, s->bytes, s->n };
}

/* Waits of a person: most below half a second, some of many seconds. */
static inline int64_t synth_wait(struct num_rng *r)
{
	if (num_rng_below(r, 12) == 0)
		return 1000000 + (int64_t)num_rng_below(r, 7000000);
	return 60000 + (int64_t)num_rng_below(r, 400000);
}

static inline uint32_t synth_size(struct num_rng *r)
{
	return 36 + 4 * (uint32_t)num_rng_below(r, 300);
}

/* Requests and answers of one leg: events at own times, answered after rtt. */
static inline void synth_leg(struct synth *ask, struct synth *answer,
			     uint64_t seed, int64_t until, int64_t rtt_us)
{
	struct num_rng r = { seed };

	ask->n = answer->n = 0;
	for (int64_t t = synth_wait(&r); t < until; t += synth_wait(&r)) {
		synth_add(ask, t, synth_size(&r));
		synth_add(answer, t + rtt_us + (int64_t)num_rng_below(&r, 900),
			  synth_size(&r));
	}
}

/* What a relay makes of a stream: each burst lag_us to lag_us + jitter_us
 * later, extra bytes more. */
static inline void synth_copy(struct synth *to, const struct synth *from,
			      int64_t lag_us, uint64_t jitter_us,
			      uint32_t extra)
{
	struct num_rng r = { 99 };

	to->n = 0;
	for (size_t i = 0; i < from->n; i++)
		synth_add(to,
			  from->us[i] + lag_us +
				  (int64_t)num_rng_below(&r, jitter_us + 1),
			  from->bytes[i] + extra);
}

#endif
