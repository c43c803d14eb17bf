/*
 * conn.h - the connection table: segments in, connection events out.
 *
 * TCP connections, UDP flows and ICMP echo flows, keyed by the unordered
 * 5-tuple.  Tells new payload from retransmissions, keep-alives and mirrored
 * duplicates by sequence numbers (RFC 9293), counts holes in the capture,
 * takes RTT samples (Karn's rule).
 * Input: decoded segments in capture order.  Output: conn_event.
 * Memory: all of it is reserved in conn_table_new(); nothing is allocated
 * later.  When the table is full the connection idle longest among a sample
 * is evicted and counted; its release says so.
 * Threads: one table belongs to one thread.
 */
#ifndef CONN_CONN_H
#define CONN_CONN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/err.h"
#include "base/tstamp.h"
#include "decode/segment.h"

#define CONN_NONE UINT32_MAX

enum conn_flags {
	CONN_SYN_SEEN = 1, /* src sent the SYN */
	CONN_SYNACK_SEEN = 2,
	CONN_FIN_SRC = 4,
	CONN_FIN_DST = 8,
	CONN_RST = 16,
	CONN_CLOSING = 32,  /* waits in the queue of closed connections */
	CONN_EVICTED = 64,  /* the table was full */
	CONN_SWAPPED = 128, /* src is not the sender of the first packet */
};

/* One direction; src to dst is [0].  What every packet needs. */
struct conn_side {
	uint32_t bytes_low;   /* new payload; conn_bytes() has all of it */
	uint32_t next_seq;    /* highest sequence number seen, plus one */
	uint32_t rtt_seq;     /* end of the segment that is being timed */
	uint32_t rtt_sent_us; /* when, since first_ns; 0 = none outstanding */
	uint32_t packets;
	uint32_t data_packets; /* with new payload */
	uint32_t min_rtt_us;   /* UINT32_MAX = none; Karn's rule */
	uint16_t last_ip_id;
	bool seen; /* next_seq is valid */
};
_Static_assert(sizeof(struct conn_side) == 32, "half a cache line");

struct conn {
	struct addr src, dst;
	uint16_t sport, dport;
	uint8_t proto;
	uint8_t flags; /* enum conn_flags */
	uint16_t icmp_id;
	uint32_t id;   /* 1-based, order of first packets */
	uint16_t file; /* of the latest segment */
	uint16_t spare;
	int64_t last_ns;
	int64_t first_ns;
	struct conn_side side[2];
};
_Static_assert(sizeof(struct conn) == 128, "two cache lines");

/* What few packets need, in an array of its own. */
struct conn_cold {
	uint32_t first_seq[2]; /* of the first segment (SYN counts) */
	uint32_t retransmitted[2];
	uint32_t gaps[2]; /* holes before new payload: not captured */
	int64_t closed_ns;
	uint16_t bytes_high[2]; /* bits 32 to 47 of the payload's length */
	uint32_t hash;
	uint32_t next, prev; /* queue of closed connections, free list */
};

enum conn_event_flags {
	EV_NEW = 1,	   /* first segment of this connection */
	EV_DATA = 2,	   /* carries new payload: new_bytes > 0 */
	EV_RETRANSMIT = 4, /* carries payload, none of it new */
	EV_ACK = 8,	/* pure acknowledgement: no payload, no SYN/FIN/RST */
	EV_GAP = 16,	/* payload before this one was not captured */
	EV_RTT = 32,	/* rtt_ns is valid: this segment acknowledges */
	EV_OPEN = 64,	/* SYN or SYN-ACK */
	EV_CLOSE = 128, /* FIN or RST */
};

struct conn_event {
	struct tstamp ts;
	int64_t rtt_ns; /* from the other side's segment to this ACK */
	uint32_t slot;	/* index of the connection; CONN_NONE: no event */
	uint32_t new_bytes;
	uint8_t dir;   /* 0: from src, 1: from dst */
	uint8_t flags; /* enum conn_event_flags */
};

struct conn_stats {
	uint64_t opened;     /* connections ever */
	uint64_t evicted;    /* of them, for want of room */
	uint64_t segments;   /* given to the table */
	uint64_t no_time;    /* without time stamp: counted, no event */
	uint64_t duplicates; /* the same packet seen twice */
	uint64_t retransmitted;
	uint64_t gaps;
	uint32_t peak;		 /* most connections at one time */
	bool two_sensors;	 /* one connection in two files at one time */
	uint16_t sensor_file[2]; /* those files */
};

struct conn_table;

/* max: connections at one time (1 .. 2^26).  released() is called for every
 * connection that leaves, just before its slot may be used again; it may read
 * conn_get() of that slot.  Owns: conn_table_free(). */
struct conn_table *conn_table_new(uint32_t max,
				  void (*released)(void *arg, uint32_t slot),
				  void *arg, struct err *e);
void conn_table_free(struct conn_table *t);

/* One event per segment, out[0..n); segments whose outcome is not SEG_OK give
 * slot CONN_NONE.  Returns how many were done: it stops before a segment that
 * needs a slot released (ports used again, table full) unless that is the
 * first, so that the caller can use the events before their slots change
 * hands.  Call again with the rest. */
size_t conn_update(struct conn_table *t, const struct segment *seg, size_t n,
		   struct conn_event *out);

/* As conn_update() without its short cut, for the test that the two agree. */
size_t conn_update_plain(struct conn_table *t, const struct segment *seg,
			 size_t n, struct conn_event *out);

/* Releases connections closed for a while, at most max; call after using the
 * events.  Returns how many. */
#define CONN_EXPIRE_MAX 1024
uint32_t conn_expire(struct conn_table *t, struct tstamp now, uint32_t max);

/* When to do so: at moments of the packets' own time, whatever batches they
 * come in, so that a pipe gives what a file gives.  All zero at first. */
#define CONN_EXPIRE_EACH 8 /* as many more for each segment taken */
struct conn_pace {
	int64_t moment;
	uint32_t allowed; /* up to CONN_EXPIRE_MAX */
};

/* How many of n segments come before the next moment.  None: it is now; call
 * conn_pace_expire() with the first one's time, then ask again. */
size_t conn_pace(struct conn_pace *p, const struct segment *seg, size_t n);
void conn_pace_expire(struct conn_pace *p, struct conn_table *t,
		      struct tstamp now);

/* Told of connections that will probably leave, first some twelve others
 * before (near false), then some six: only to fetch what released() will want.
 * They may still stay. */
void conn_on_leaving(struct conn_table *t,
		     void (*leaving)(void *arg, uint32_t slot, bool near));

/* Releases every connection (in order of id). */
void conn_flush(struct conn_table *t);

/* Borrows: good until the slot is released. */
const struct conn *conn_get(const struct conn_table *t, uint32_t slot);
const struct conn_cold *conn_get_cold(const struct conn_table *t,
				      uint32_t slot);
/* New payload of one direction. */
uint64_t conn_bytes(const struct conn_table *t, uint32_t slot, int dir);
/* One past the highest slot ever used. */
uint32_t conn_slots(const struct conn_table *t);
bool conn_is_open(const struct conn_table *t, uint32_t slot);
const struct conn_stats *conn_table_stats(const struct conn_table *t);

/* The same TCP connection seen at two places (NAT, router, mirror): equal
 * initial sequence numbers both ways, whatever the addresses.  *crossed is
 * true when b's src corresponds to a's dst. */
bool conn_same(const struct conn_table *t, uint32_t a, uint32_t b,
	       bool *crossed);

#endif
