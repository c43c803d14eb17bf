/*
 * strength.h - from the score of a pair to its likelihood ratio.
 *
 * The score is log10 e against the pair's strongest rival.  It is no
 * likelihood ratio: what it is worth was measured on captures whose truth is
 * known, per kind of relay, by pooling adjacent violators (Zadrozny and
 * Elkan 2002; Brummer and du Preez 2006).  A table is a text file with date
 * and origin:
 *   # comment
 *   name   NAME DATE ORIGIN
 *   others RUNS                    runs with pairs that are no relay
 *   kind   KIND RELAY_RUNS         "any" is for kinds with too few
 *   step   SCORE LR LOW HIGH       log10; from that score on, ascending
 * `wellspring evaluate --strength` writes such a file.
 *
 * Runs count, never pairs: relays of a scenario at one host weigh 1 together,
 * and of the pairs without a relay the strongest of a scenario stands for it.
 * Each side is given one more run that contradicts it (a pair without a relay
 * above all scores, a relay below): no LR can exceed the number of runs behind
 * it plus one (after Vergeer et al. 2016).
 */
#ifndef EVIDENCE_STRENGTH_H
#define EVIDENCE_STRENGTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/err.h"
#include "base/num.h"
#include "evidence/case.h"

#define STRENGTH_STEPS	  48
#define STRENGTH_ANY	  KINDS /* the table of all kinds together */
#define STRENGTH_MIN_RUNS 5	/* fewer runs of a kind: "any" is used */
#define STRENGTH_NAME	  64

struct strength_step {
	microbans from; /* score */
	microbans lr, low, high;
};

struct strength_kind {
	uint32_t relay_runs;
	size_t n; /* 0: not in the table */
	struct strength_step step[STRENGTH_STEPS];
};

struct strength {
	char name[STRENGTH_NAME]; /* name and date */
	char origin[STRENGTH_NAME];
	uint32_t other_runs;
	struct strength_kind kind[KINDS + 1];
};

struct strength_value {
	microbans lr, low, high; /* log10 */
	bool capped;		 /* in the last step: the number of runs, not
				  * the score, is the limit */
	uint32_t relay_runs;	 /* behind it; of other pairs: other_runs */
};

/* false and *e when a line is not understood or the steps are no steps. */
bool strength_parse(struct strength *s, const char *text, size_t len,
		    struct err *e);
/* The table that was compiled in. */
bool strength_shipped(struct strength *s, struct err *e);

struct strength_value strength_of(const struct strength *s, enum relay_kind k,
				  microbans score);

/* Writes what strength_parse() reads; date as YYYY-MM-DD. */
bool strength_write(FILE *f, const struct strength *s, const char *date);

/* Compiled in; static. */
const char *strength_text(size_t *len);

#endif
