/*
 * decode.h - one frame in, one segment out.
 *
 * Link layers: Ethernet, Linux cooked v1/v2, raw IP, BSD loopback (NULL/LOOP).
 * Between: VLAN/QinQ, MPLS, GRE, VXLAN, ERSPAN II/III, IP in IP.
 * IPv4 with options, IPv6 with extension headers; a later fragment is given
 * the ports of its first one when that was seen (bounded table).
 * Never allocates per packet, never prints.  Works from headers: a captured
 * length of 96 bytes loses nothing but payload bytes.
 * Threads: one decoder belongs to one thread.
 */
#ifndef DECODE_DECODE_H
#define DECODE_DECODE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "capture/frame.h"
#include "decode/segment.h"

struct decoder;

struct decode_stats {
	uint64_t outcome[SEG_OUTCOMES]; /* frames per enum outcome */
	uint64_t fragments_joined;	/* later fragments given their ports */
	uint64_t fragments_lost;	/* later fragments without a first */
	uint64_t tunnels;		/* frames with a tunnel header */
};

struct decoder *decoder_new(struct err *e);
void decoder_free(struct decoder *d);

/* Decodes f[0..n) to out[0..n).  Borrows: payload pointers live as long as
 * the frames. */
void decode_batch(struct decoder *d, const struct frame *f, size_t n,
		  struct segment *out);

/* Hash of the unordered 5-tuple (both directions give the same value). */
uint32_t segment_flow_hash(const struct segment *s);

const struct decode_stats *decoder_stats(const struct decoder *d);

#endif
