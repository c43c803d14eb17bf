/*
 * route_passive.h - writers of what the capture itself says of a network,
 * beside what the routes say: the four cells stand together.
 */
#ifndef REPORT_ROUTE_PASSIVE_H
#define REPORT_ROUTE_PASSIVE_H

#include <stdio.h>

#include "base/json.h"
#include "context/passive.h"

struct route_passive {
	const struct passive_input *in;
	const struct passive_finding *finding;
	uint32_t nfindings;
	const struct passive_step *step;
	uint32_t nsteps;
	/* per group nbins values of route_series(); NULL without routes */
	int *const *visible;
	uint32_t tested; /* silences in which something was asked */
	uint32_t limit;	 /* networks and steps in the text; 0: all */
};

/* What a case holds; see passive_report. */
struct route_passive route_passive_of(const struct passive_report *p);

void route_passive_text(FILE *f, const struct route_passive *p);
void route_passive_json(struct json *j, const struct route_passive *p);

#endif
