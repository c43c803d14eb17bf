/*
 * intake.h - batches of decoded segments, read here or in a thread beside, and
 * what is to be done with them when the user is done.
 *
 * With a thread of its own the reader is up to a few batches ahead; what
 * segments borrow is copied into the batch then: the payload and the TCP
 * options of a SYN, no others.  Before it reads into a batch again it does the
 * work that the user left in it, which so has the second processor, too.  The
 * batches, their order and the rest of their contents do not depend on the
 * threads.
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
#include "conn/conn.h"
#include "decode/decode.h"

#define INTAKE_BATCH 128 /* segments */
/* Connections that leave in one batch: those allowed before and for its
 * segments, and each segment may need one slot. */
#define INTAKE_GONE (CONN_EXPIRE_MAX + (CONN_EXPIRE_EACH + 1) * INTAKE_BATCH)

struct intake;

/* A connection that left. */
struct intake_gone {
	struct conn conn; /* as it was then */
	uint32_t slot;
	uint32_t at; /* before this event of the batch */
};

struct intake_batch {
	struct segment seg[INTAKE_BATCH];
	size_t n;
	size_t frames; /* read for it */
	bool ended;    /* nothing more will come */
	/* for intake_how.after(): the user writes */
	struct conn_event ev[INTAKE_BATCH]; /* one for each segment */
	struct intake_gone *gone;	    /* room for INTAKE_GONE */
	size_t n_gone;
};

struct intake_how {
	bool thread;	   /* a second one */
	bool copy_payload; /* somebody reads payload bytes */
	/* Each batch once, in order, after the user had it; in the second
	 * thread when there is one.  NULL: nothing to do. */
	void (*after)(void *arg, const struct intake_batch *b);
	void *arg;
};

/* Borrows capture and decoder.
 * Owns: intake_free(), before the capture is closed. */
struct intake *intake_new(struct capture *c, struct decoder *d,
			  const struct intake_how *how, struct err *e);
/* What was left in batches is done first. */
void intake_free(struct intake *f);

/* The next batch; one of no segments when the input is idle or ended.
 * Borrows: until the next intake_next() or intake_free(). */
struct intake_batch *intake_next(struct intake *f);

/* The reader stops between two batches until intake_resume(); batches that are
 * ready are still given.  False when none is ready any more. */
void intake_pause(struct intake *f);
void intake_resume(struct intake *f);
bool intake_ready(struct intake *f);

#endif
