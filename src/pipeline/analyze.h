/*
 * analyze.h - the whole of `wellspring analyze` without options and printing.
 * pipeline knows all layers; cli calls this and hands the case to a writer.
 */
#ifndef PIPELINE_ANALYZE_H
#define PIPELINE_ANALYZE_H

#include <stdbool.h>

#include "base/err.h"
#include "capture/capture.h"
#include "evidence/case.h"

struct analyze_options {
	struct capture_spec input;
	struct addr address; /* only connections of this address */
	bool has_address;
	double alpha;		     /* family-wise, default 0.01 */
	uint32_t max_conns;	     /* table size, default 1,000,000 */
	uint32_t max_pairs;	     /* candidate records, default 65,536 */
	struct addr (*same_host)[2]; /* n pairs of addresses of one host */
	size_t n_same_host;
	const char *expected;	 /* file of expected relays, NULL = none */
	bool all;		 /* keep every connection and weak relay */
	unsigned threads;	 /* 1 or 2 */
	uint64_t seed;		 /* of decoys; stands in the report */
	bool no_far_end;	 /* pairs only */
	bool frames;		 /* read again: name the packets (frames.h) */
	bool passive;		 /* fill case_record.passive, for --mrt */
	const char *calibration; /* file of the far end's; NULL: shipped */
	const char *signatures;	 /* file of stacks and links; NULL: shipped */
	/* called from time to time on long reads; NULL = silent */
	void (*progress)(void *arg, uint64_t bytes_done, uint64_t bytes_all,
			 uint64_t packets);
	void *progress_arg;
	/* set by a USR1 handler: a snapshot case is handed to on_snapshot */
	volatile int *want_snapshot;
	void (*on_snapshot)(void *arg, const struct case_record *c);
	void *snapshot_arg;
	/* set by an INT or TERM handler: reading ends, the case is complete */
	volatile int *want_stop;
};

void analyze_defaults(struct analyze_options *o);

/* Owns: give the case to case_free().  NULL and *e when nothing could be
 * read; damage in the middle is in the case, not an error. */
struct case_record *analyze_run(const struct analyze_options *o, struct err *e);

#endif
