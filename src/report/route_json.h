/*
 * route_json.h - MRT records as JSON lines: one object per announced or
 * withdrawn prefix, table entry, state change, session message and peer table,
 * with every attribute (those that are not known as hexadecimal bytes).
 */
#ifndef REPORT_ROUTE_JSON_H
#define REPORT_ROUTE_JSON_H

#include "report/route_text.h"

struct route_json; /* opaque */

/* Borrows f, and leaves it without locks: for one thread. */
struct route_json *route_json_new(FILE *f, struct err *e);
/* False when any write failed. */
bool route_json_free(struct route_json *t);
void route_json_record(struct route_json *t, struct mrt *m,
		       struct mrt_msg *msg);
const struct route_text_counts *route_json_counts(const struct route_json *t);

#endif
