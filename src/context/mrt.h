/*
 * mrt.h - records of an MRT file (RFC 6396, 8050, 6397; legacy type 5).
 *
 * Input: a byte source.  Output: one decoded record after the other, in file
 * order, pointing into the source's window.
 * Damage: a record whose header or body cannot be what it says is never
 * used.  The reader then looks for the next offset at which a whole record
 * reads well, and counts the bytes between as a gap.
 * Memory: the window of the source and one peer table (at most 65,535).
 */
#ifndef CONTEXT_MRT_H
#define CONTEXT_MRT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/rd.h"
#include "context/bgp.h"
#include "context/mrt_in.h"

/* Longer records are taken for damage: the longest seen is 71 KB. */
#define MRT_MAX_RECORD (16u << 20)

enum mrt_type {
	MRT_LEGACY_BGP = 5,
	MRT_OSPF = 11,
	MRT_TABLE_DUMP = 12,
	MRT_TABLE_DUMP_V2 = 13,
	MRT_BGP4MP = 16,
	MRT_BGP4MP_ET = 17,
};

enum mrt_kind {
	MRT_PEERS,	 /* peer index table: now in the reader */
	MRT_RIB,	 /* one prefix, entries of its peers */
	MRT_UPDATE,	 /* a BGP UPDATE */
	MRT_STATE,	 /* old_state -> new_state */
	MRT_SESSION,	 /* OPEN, NOTIFICATION, KEEPALIVE, ROUTE-REFRESH */
	MRT_OTHER,	 /* known, and without routes (GEO_PEER_TABLE ...) */
	MRT_UNSUPPORTED, /* a type or subtype that is not read */
};

struct mrt_peer {
	uint32_t asn;
	uint8_t fam; /* 4 or 6 */
	uint8_t ip[16];
};

struct mrt_msg {
	enum mrt_kind kind;
	int64_t sec; /* seconds since 1970 */
	uint32_t usec;
	bool has_usec; /* an _ET record */
	uint16_t type, subtype;
	uint64_t offset; /* of the record in the unpacked stream */
	uint32_t len;	 /* of the record without its header */

	struct mrt_peer peer; /* UPDATE, STATE, SESSION, RIB of one peer */
	uint32_t local_as;
	bool as4;			  /* paths hold four-byte ASNs */
	bool addpath;			  /* by subtype */
	bool local;			  /* sent by the collector itself */
	uint16_t old_state, new_state;	  /* 1 Idle .. 6 Established */
	uint8_t bgp_type;		  /* 1 OPEN .. 5 ROUTE-REFRESH */
	struct rd withdrawn, attrs, nlri; /* UPDATE */

	struct prefix prefix; /* RIB */
	uint8_t safi;
	uint32_t sequence;
	unsigned entries;    /* RIB: entries that follow in body */
	struct rd body;	     /* RIB: for mrt_rib_next() */
	uint32_t originated; /* RIB of one peer */
};

struct mrt_entry {
	const struct mrt_peer *peer; /* NULL: its index is in no table */
	uint16_t peer_index;
	uint32_t originated, path_id;
	struct rd attrs;
};

#define MRT_TYPES    64
#define MRT_SUBTYPES 16

struct mrt_stats {
	uint64_t records, bytes;
	uint64_t by_type[MRT_TYPES][MRT_SUBTYPES]; /* last column: the rest */
	uint64_t malformed; /* framed well, body cannot be read */
	uint64_t unsupported;
	uint64_t gaps, gap_bytes; /* damaged framing that was stepped over */
	uint64_t first_gap;	  /* offset */
	uint64_t tail_bytes;	  /* of a last record that ends early */
	uint64_t no_peer;	  /* RIB entries without a peer table */
	int64_t first_sec, last_sec;
};

struct mrt; /* opaque */

/* Takes in: mrt_free() closes it.  NULL and *e on failure; in is then still
 * the caller's. */
struct mrt *mrt_new(struct mrt_in *in, struct err *e);
void mrt_free(struct mrt *m);
/* The next record; false at the end.  Borrows: *msg is good until the next
 * call. */
bool mrt_next(struct mrt *m, struct mrt_msg *msg);
/* Steps through the entries of an MRT_RIB record; false after the last. */
bool mrt_rib_next(struct mrt *m, struct mrt_msg *msg, struct mrt_entry *out);
const struct mrt_stats *mrt_stats(const struct mrt *m);
/* Peers of the current index table; *n of them. */
const struct mrt_peer *mrt_peers(const struct mrt *m, unsigned *n);
/* True when something was lost; text says what, in one line. */
bool mrt_lossy(const struct mrt *m, char *text, size_t len);

const char *mrt_type_name(unsigned type);
const char *mrt_subtype_name(unsigned type, unsigned subtype);

#endif
