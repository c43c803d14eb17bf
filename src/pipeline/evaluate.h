/*
 * evaluate.h - `wellspring evaluate` without options and printing: analyze
 * over every capture below a directory whose truth.json says what is true.
 */
#ifndef PIPELINE_EVALUATE_H
#define PIPELINE_EVALUATE_H

#include <stdbool.h>

#include "base/err.h"
#include "evidence/evaluation.h"
#include "pipeline/analyze.h"

struct evaluate_options {
	const char *const *dirs; /* each, or a folder right below, has
				  * truth.json */
	size_t n_dirs;
	const char *only; /* fnmatch() pattern of scenarios, NULL = all */
	struct analyze_options analyze; /* input is filled per capture */
	/* before each capture; NULL = silent */
	void (*progress)(void *arg, const char *scenario, const char *capture);
	void *progress_arg;
};

/* Owns: evaluation_free().  NULL and *e when there is no truth file, or one
 * of them or a capture cannot be read. */
struct evaluation *evaluate_run(const struct evaluate_options *o,
				struct err *e);

#endif
