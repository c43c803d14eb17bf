/*
 * route_text.h - routes as lines, in the form of `bgpdump -m`.
 *
 * Input: decoded MRT records.  Output: one line per announced or withdrawn
 * prefix, table entry and state change, on a sticky sink: write on, ask once
 * in route_text_free().
 * Memory: 1 MiB of output and, per peer of a table, the text of its last
 * attributes: entries of one origin stand beside each other in a table.
 */
#ifndef REPORT_ROUTE_TEXT_H
#define REPORT_ROUTE_TEXT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "context/mrt.h"

struct route_text; /* opaque */

struct route_text_counts {
	uint64_t announced, withdrawn, entries, states;
	uint64_t bad_prefixes; /* refused: longer than their family allows */
	uint64_t bad_attrs;    /* records with attributes that do not read */
};

/* Borrows f; f may be NULL: then routes are counted and nothing is written. */
struct route_text *route_text_new(FILE *f, struct err *e);
/* Writes what is left; false when any write failed. */
bool route_text_free(struct route_text *t);

void route_text_record(struct route_text *t, struct mrt *m,
		       struct mrt_msg *msg);
const struct route_text_counts *route_text_counts(const struct route_text *t);

#endif
