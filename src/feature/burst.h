/*
 * burst.h - what relay needs of each connection: its bursts, in order.
 *
 * A burst is new payload of one direction with gaps below BURST_GAP_US, at
 * most BURST_LONG_US long; a pure acknowledgement after BURST_IDLE_ACK_US of
 * silence is kept as a burst of no bytes (it tells packet forwarding from a
 * relay).  8 bytes each: time in us since the table's epoch, bytes.
 *
 * Both directions share one log in the order of closing: the first two bursts
 * beside the state of the connection (one cache line), the others in a pool
 * of fixed chunks reserved at the start.  When the pool
 * or a log's own limit is exhausted the log stops and says so: whoever uses
 * it must abstain from "nothing was there".
 * Threads: one table belongs to one thread.
 */
#ifndef FEATURE_BURST_H
#define FEATURE_BURST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "conn/conn.h"

#define BURST_GAP_US	  2000
#define BURST_LONG_US	  50000
#define BURST_IDLE_ACK_US 20000
#define BURST_ONSET_US	  100000   /* idle before an onset for the index */
#define BURST_MAX_BYTES	  0xfffffu /* per burst; more starts another one */
#define BURST_PER_LOG	  UINT32_C(60000) /* per direction */

struct burst {
	uint64_t us_bytes; /* time << 20 | bytes */
};

static inline uint64_t burst_us(struct burst b)
{
	return b.us_bytes >> 20;
}

static inline uint32_t burst_bytes(struct burst b)
{
	return (uint32_t)(b.us_bytes & BURST_MAX_BYTES);
}

static inline struct burst burst_make(uint64_t us, uint32_t bytes)
{
	return (struct burst){ us << 20 | bytes };
}

struct burst_table;

struct burst_stats {
	uint64_t bursts;    /* logged */
	uint64_t lost;	    /* not logged: pool or log full */
	uint64_t logs_full; /* directions that lost at least one */
	uint64_t chunks_peak;
};

/* max_conns as the connection table's; pool_bytes for the logs. */
struct burst_table *burst_table_new(uint32_t max_conns, size_t pool_bytes,
				    struct err *e);
void burst_table_free(struct burst_table *t);

/* Takes one event; true when it is an onset: payload after BURST_ONSET_US of
 * silence in this direction. */
bool burst_update(struct burst_table *t, const struct conn_event *ev);
/* As burst_update() of ev[0..n) in order, those without a connection stepped
 * over.  Notes (room for n) in the same order: connections that begin, and
 * onsets once the connection has least bursts.  Returns how many. */
struct burst_note {
	uint32_t event; /* index into ev */
	bool is_new, is_onset;
	uint64_t us; /* of the onset */
};
size_t burst_update_batch(struct burst_table *t, const struct conn_event *ev,
			  size_t n, uint32_t least, struct burst_note *notes);

/* Fetch what burst_release() will want: first the state of the connection,
 * some connections later its log. */
void burst_prefetch_slot(const struct burst_table *t, uint32_t slot);
void burst_prefetch_log(const struct burst_table *t, uint32_t slot);
/* Frees the logs of a connection that is released. */
void burst_release(struct burst_table *t, uint32_t slot);

/* Bursts with bytes in the logs of both directions, without open ones. */
uint32_t burst_count(const struct burst_table *t, uint32_t slot);
/* Time of the last payload of one direction. */
uint64_t burst_last_us(const struct burst_table *t, uint32_t slot, int dir);
/* Copies the log from a time on, the open burst included, to out (room for
 * max); returns how many were copied. */
size_t burst_copy(const struct burst_table *t, uint32_t slot, int dir,
		  uint64_t from_us, struct burst *out, size_t max);
/* One direction of a log: bursts with bytes, and pure ACKs apart.  The arrays
 * are the caller's, with room for BURST_PER_LOG + 1 each. */
struct burst_lane {
	int64_t *us;
	uint32_t *bytes;
	int64_t *ack_us;
	size_t n, n_ack;
};
/* The same of both directions in one walk over the log: lane[0] of what src
 * sent, lane[1] of what dst sent; NULL: not wanted. */
void burst_lanes(const struct burst_table *t, uint32_t slot, uint64_t from_us,
		 struct burst_lane *const lane[2]);
/* Time 0 of all logs. */
int64_t burst_epoch_ns(const struct burst_table *t);
const struct burst_stats *burst_table_stats(const struct burst_table *t);

#endif
