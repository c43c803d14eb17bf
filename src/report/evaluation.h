/* evaluation.h - writers of the record of `wellspring evaluate`. */
#ifndef REPORT_EVALUATION_H
#define REPORT_EVALUATION_H

#include <stdbool.h>
#include <stdio.h>

#include "evidence/evaluation.h"

/* details: every true pair on a line of its own, found ones too. */
bool report_evaluation_text(FILE *f, const struct evaluation *v, bool details);
bool report_evaluation_json(FILE *f, const struct evaluation *v);
/* Points of a Tippett plot: "log10_lr<tab>share_h1<tab>share_h2", one line
 * per LR that occurs. */
bool report_evaluation_tippett(FILE *f, const struct evaluation *v);

/* True pairs of one kind, tool and group, found or not; must = only those that
 * have to be found, or only the others. */
struct evaluation_row {
	char kind[32], tool[32], group;
	size_t n, found, reversed;
	size_t timed; /* of the found ones, with a time of decision */
	struct eval_quartiles after_ns, onsets;
};

/* Rows in order of kind, tool and group; owns: free().  NULL without memory or
 * rows; *n how many. */
struct evaluation_row *evaluation_rows(const struct evaluation *v, bool must,
				       size_t *n);

#endif
