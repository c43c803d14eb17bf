/*
 * intake.h - batches of decoded segments, read here or in a thread beside.
 *
 * With a thread of its own the reader is up to a few batches ahead; what
 * segments borrow (payload, TCP options) is copied into the batch then.  The
 * batches, their order and their contents do not depend on the threads.
 * Threads: one user thread; intake_pause() stops the other one for a while, and
 * only then may the user look at the capture and the decoder.
 */
#ifndef PIPELINE_INTAKE_H
#define PIPELINE_INTAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "capture/capture.h"
#include "decode/decode.h"

#define INTAKE_BATCH 128 /* segments */

struct intake;

struct intake_batch {
	struct segment *seg; /* borrowed until the next intake_next() */
	size_t n;
	size_t frames; /* read for it */
	bool ended;    /* nothing more will come */
};

/* Borrows capture and decoder.  copy_payload: somebody reads payload bytes.
 * Owns: intake_free(), before the capture is closed. */
struct intake *intake_new(struct capture *c, struct decoder *d, bool thread,
			  bool copy_payload, struct err *e);
void intake_free(struct intake *f);

/* The next batch; one of no segments when the input is idle or ended. */
void intake_next(struct intake *f, struct intake_batch *out);

/* The reader stops between two batches until intake_resume(); batches that are
 * ready are still given.  False when none is ready any more. */
void intake_pause(struct intake *f);
void intake_resume(struct intake *f);
bool intake_ready(struct intake *f);

#endif
