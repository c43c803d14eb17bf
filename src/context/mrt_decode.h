/*
 * mrt_decode.h - the body of one MRT record.  For mrt.c only.
 */
#ifndef CONTEXT_MRT_DECODE_H
#define CONTEXT_MRT_DECODE_H

#include "context/mrt.h"

struct mrt_peers {
	struct mrt_peer *v; /* owns */
	unsigned n;
	bool loaded;
};

enum decode_result { DECODED, DECODE_BAD, DECODE_UNKNOWN };

/* Bits of how: also walk what is read later (prefixes, attributes), and
 * leave the peer table alone. */
enum { DECODE_CHECK = 1 };

/* Fills msg, of which the header fields are set, from body.  A peer index
 * table replaces *peers. */
enum decode_result mrt_decode(struct mrt_peers *peers, struct rd body,
			      struct mrt_msg *msg, int how);

/* TABLE_DUMP as RIS wrote it in early 2000: one record with many entries of
 * many networks behind view and sequence, and a length that leaves out these
 * four bytes.  Reads the entry at r, which steps behind it; the header fields
 * of msg are set. */
enum decode_result mrt_decode_early(struct rd *r, struct mrt_msg *msg, int how);
/* Is all of body (without view and sequence) such entries, two or more? */
bool mrt_is_early(struct rd body);

#endif
