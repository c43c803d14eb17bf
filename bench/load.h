/*
 * load.h - all connections of a capture in memory: bursts as relay sees them,
 * and each packet with new payload as the detectors of the literature do.
 */
#ifndef BENCH_LOAD_H
#define BENCH_LOAD_H

#include <stdint.h>

#include "conn/conn.h"
#include "relay/pair.h"

struct load_dir {
	int64_t *us; /* bursts, since the capture's epoch */
	uint32_t *bytes;
	size_t n;
	int64_t *ack_us; /* isolated pure ACKs */
	size_t n_ack;
	int64_t *pkt_us; /* packets with new payload */
	size_t n_pkt, room;
};

struct load_conn {
	struct conn c;
	uint32_t first_seq[2];
	struct load_dir dir[2]; /* from src, from dst */
	size_t n_data;		/* bursts of both directions */
	int file;		/* for the caller */
};

struct load {
	struct load_conn *conn; /* by id - 1 */
	size_t n, room;
	int64_t epoch_ns;
};

/* Adds the connections of one capture file to l, marked with file; the times
 * of each file count from an hour before its first packet. */
bool load_capture(struct load *l, const char *path, int file, struct err *e);
void load_free(struct load *l);

/* The leg as seen by the host at end 0 (src) or 1 (dst). */
struct leg load_leg(const struct load_conn *c, int end);

/* One TCP connection seen at two places, as conn_same() has it. */
bool load_same(const struct load_conn *a, const struct load_conn *b);

#endif
