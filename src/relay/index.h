/*
 * index.h - which pairs of connections are worth a test: hosts and candidates.
 *
 * Every address has a record with the connections that are active there (at
 * least PAIR_MIN_BURSTS bursts of payload).  Two active connections of one
 * host at one time are an eligible pair: counted, both orders, whether tested
 * or not, by a rule that looks at each connection alone.
 * Not tested: two connections between the same two hosts (there and back).
 * On a host with few active connections every eligible pair is a candidate;
 * on a busy one those are whose onsets follow each other more often than the
 * number of flows explains.  No pair matrix: the cost of an onset is bounded.
 * Memory: all reserved in relay_index_new(); what finds no room is counted and
 * marks the host.
 * Threads: one index belongs to one thread.
 */
#ifndef RELAY_INDEX_H
#define RELAY_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/err.h"
#include "conn/conn.h"

#define INDEX_NONE UINT32_MAX

enum host_flags {
	HOST_OVERFLOW = 1, /* a table was full: absence says nothing here */
	HOST_ONE_WAY = 2,  /* a connection was seen in one direction only */
	HOST_TWO_WAY = 4,
	HOST_SAMPLED = 8,   /* busy: candidates by coincidence only */
	HOST_OPENED = 16,   /* opened a connection that carried data */
	HOST_ACCEPTED = 32, /* accepted one: what it opens may be fed by it */
};

struct host {
	struct addr addr;
	uint32_t conns;	    /* ever */
	uint32_t active;    /* active connections now */
	uint32_t eligible;  /* ordered pairs ever, saturating */
	uint32_t head;	    /* list of active (slot * 2 + end), INDEX_NONE */
	uint32_t ring;	    /* of onsets, INDEX_NONE */
	uint32_t next_same; /* host this one is the same as, or itself */
	uint64_t gaps;	    /* holes in its connections */
	uint64_t data_packets;
	uint8_t flags; /* enum host_flags */
};

struct candidate {
	uint32_t slot[2];
	uint32_t host;
	uint8_t end[2];	  /* which end of the connection the host is */
	uint32_t next[2]; /* in the lists of both connections */
};

struct relay_index;

struct index_stats {
	uint64_t eligible;	/* ordered pairs */
	uint64_t opened;	/* candidates ever */
	uint64_t refused;	/* for want of room */
	uint64_t hosts_refused; /* addresses without a record */
	uint32_t hosts;
};

/* Called once for every candidate, when the first of its connections leaves;
 * both slots are still valid. */
typedef void (*index_judge_fn)(void *arg, const struct candidate *c);

struct relay_index *relay_index_new(uint32_t max_conns, uint32_t max_pairs,
				    index_judge_fn judge, void *arg,
				    struct err *e);
void relay_index_free(struct relay_index *x);

/* Both addresses belong to one host (before any connection is opened). */
bool relay_index_join(struct relay_index *x, const struct addr *a,
		      const struct addr *b);

/* Fetches what relay_index_open() of a new connection will want: first the
 * buckets of its addresses, some connections later the hosts. */
void relay_index_prefetch_buckets(const struct relay_index *x,
				  const struct conn *c);
void relay_index_prefetch_hosts(const struct relay_index *x,
				const struct conn *c);
void relay_index_open(struct relay_index *x, uint32_t slot,
		      const struct conn *c);
/* The connection has reached PAIR_MIN_BURSTS bursts of payload. */
void relay_index_activate(struct relay_index *x, uint32_t slot);
bool relay_index_is_active(const struct relay_index *x, uint32_t slot);
/* Payload after a silence in one direction (dir as in conn_event). */
void relay_index_onset(struct relay_index *x, uint32_t slot, int dir,
		       int64_t us);
/* Fetch what an onset of slot, or its release, will want: first its record,
 * some connections later its hosts. */
void relay_index_prefetch_slot(const struct relay_index *x, uint32_t slot);
void relay_index_prefetch_ends(const struct relay_index *x, uint32_t slot);
/* Judges the candidates of this connection and forgets it. */
void relay_index_release(struct relay_index *x, uint32_t slot,
			 const struct conn *c, const struct conn_cold *cold);

/* Calls fn for every open candidate; nothing is forgotten. */
void relay_index_each(const struct relay_index *x, index_judge_fn fn,
		      void *arg);

/* Up to max other active connections of a host, newest first; ends[] tells
 * which end of each the host is. */
size_t relay_index_others(const struct relay_index *x, uint32_t host,
			  const uint32_t not_slot[2], uint32_t *slots,
			  uint8_t *ends, size_t max);

const struct host *relay_index_host(const struct relay_index *x, uint32_t h);
const struct index_stats *relay_index_stats(const struct relay_index *x);

#endif
