/*
 * reader.h - the packets of one capture file (inside capture only).
 *
 * pcap and pcapng on a byte source; no selection, no order between files.
 * Memory: one buffer per reader (1.5 MiB) and an array of interfaces that
 * grows when the file declares one (at most READER_MAX_IFACES).
 */
#ifndef CAPTURE_READER_H
#define CAPTURE_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "capture/capture.h"
#include "capture/frame.h"
#include "capture/source.h"

#define READER_MAX_SNAP	  262144 /* libpcap MAXIMUM_SNAPLEN; more = damage */
#define READER_MAX_IFACES 65536

enum reader_state {
	READER_OPEN, /* there may be more */
	READER_IDLE, /* nothing came for the source's idle_ms */
	READER_END,  /* end of the file, or damage: see the capture_file */
};

struct reader;

/* Owns: give it to reader_close().  Takes src, also on failure.  Reads the
 * file header; NULL and *e when it is no capture.  cf is borrowed, written to
 * while reading, its path and counters stay with the caller. */
struct reader *reader_open(struct source *src, struct capture_file *cf,
			   struct err *e);
void reader_close(struct reader *r);

/* Up to max packets; the bytes are good until the next call.  0: ask
 * reader_state() why. */
size_t reader_read(struct reader *r, struct frame *out, size_t max);
enum reader_state reader_state(const struct reader *r);

/* LINKTYPE_ of a pcap file; -1 for pcapng, where interfaces have their own. */
int reader_linktype(const struct reader *r);

/* After the end: writes cf->sha256 when one was asked for. */
void reader_finish(struct reader *r);

#endif
