/*
 * capture.h - packets out of capture files, as one timeline.
 *
 * Reads pcap and pcapng (own reader), plain or compressed (gz, zst, lz4, xz,
 * bz2 through libarchive), from files, standard input ("-") and directories
 * of rotated captures.  Several files are one sensor's timeline: they are
 * ordered by their first packet and read one after the other.
 * Selection (time range and BPF text) is fixed before reading; what it leaves
 * out is counted, never handed on.
 * Damage: everything before it is delivered, then the file's entry in
 * capture_files() says where and why; reading goes on with the next file.
 * Memory: one read buffer per capture; nothing is allocated per packet.
 * Threads: one capture belongs to one thread.
 */
#ifndef CAPTURE_CAPTURE_H
#define CAPTURE_CAPTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/tstamp.h"
#include "capture/frame.h"

struct capture_spec {
	const char *const *paths; /* files, directories, or "-" */
	size_t n_paths;
	const char *bpf;    /* libpcap filter text, NULL = all */
	struct tstamp from; /* first moment wanted, TSTAMP_NONE = all */
	struct tstamp to;   /* first moment no longer wanted */
	bool want_sha256;   /* hash each file while it is read */
	bool hash_thread;   /* in a thread of its own beside the reader,
			     * started in capture_open() and at each file */
	int idle_ms;	    /* > 0: when a pipe gives nothing for so long, or
			     * a signal comes, capture_read() gives 0 and
			     * capture_ended() false; 0 = wait */
};

struct capture_file {
	const char *path;    /* borrowed from the capture */
	uint64_t bytes;	     /* size on disk, 0 when not known (stdin) */
	uint64_t bytes_read; /* of it, before decompression, so far */
	uint64_t packets;    /* records read */
	uint64_t selected;   /* of them, handed on */
	uint64_t no_time;    /* records without time stamp */
	uint64_t drops;	     /* drops that the file itself reports (ISB) */
	uint64_t skipped;    /* unknown blocks stepped over */
	uint64_t unfiltered; /* left out: the BPF text does not fit their
			      * link type */
	struct tstamp first, last; /* of all records; TSTAMP_NONE when empty */
	uint32_t snaplen;	   /* largest of the file, 0 = none stated */
	uint8_t time_digits;	   /* finest resolution: 6 = us, 9 = ns */
	bool damaged;
	uint64_t damage_offset; /* byte offset (after decompression) */
	char damage[160];	/* one line, empty when not damaged */
	char sha256[65];	/* of the file as stored; "" when unknown */
};

struct capture;

/* Owns: give it to capture_close().  Of several files each is opened once to
 * read its first packet's time.  NULL and *e when a path cannot be read, is
 * no capture, or the filter does not compile.  Standard input stands alone.
 * The filter is compiled for the link types seen here; where it does not fit
 * one that comes later, those packets are left out and counted. */
struct capture *capture_open(const struct capture_spec *spec, struct err *e);
void capture_close(struct capture *c);

/* Fills out[0..max) and returns how many; 0 is the end of all files, or idle
 * (only with idle_ms).  Fewer than max is not the end.
 * Borrows: the bytes are good until the next call. */
size_t capture_read(struct capture *c, struct frame *out, size_t max);

/* After capture_read() gave 0: true at the end of all files or after
 * capture_stop(), false when it was only idle. */
bool capture_ended(const struct capture *c);

/* Regular files in directories that are no captures: stepped over. */
size_t capture_ignored(const struct capture *c);

/* The files in reading order; borrowed, good until capture_close(). */
size_t capture_files(const struct capture *c, const struct capture_file **out);

/* May be called from a signal handler: the next capture_read() ends the
 * capture as if the input had ended there. */
void capture_stop(struct capture *c);

#endif
