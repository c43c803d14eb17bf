/*
 * calibrate.h - learns the far end's calibration from captures of traffic
 * that is known to be direct, and writes it as text.
 */
#ifndef PIPELINE_CALIBRATE_H
#define PIPELINE_CALIBRATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/err.h"

struct calibrate_options {
	const char *const *paths; /* captures, directories or "-" */
	size_t n_paths;
	const char *bpf;    /* which traffic is direct; NULL = all */
	const char *base;   /* calibration to start from, NULL = shipped */
	const char *name;   /* of the new one */
	const char *origin; /* one word, on every line */
	uint32_t max_conns;
};

struct calibrate_result {
	uint64_t packets, connections, turns, crossing, loss;
	uint32_t kinds; /* learned anew */
	bool damaged;	/* a capture ends early or is damaged */
};

/* The date on the lines is that of the last packet. */
bool calibrate(const struct calibrate_options *o, FILE *out,
	       struct calibrate_result *r, struct err *e);

#endif
