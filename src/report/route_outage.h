/*
 * route_outage.h - writers of `wellspring outage`: text, JSON, SVG.
 *
 * All read the same result.  What was observed and what may be the cause are
 * separate in each of them.
 */
#ifndef REPORT_ROUTE_OUTAGE_H
#define REPORT_ROUTE_OUTAGE_H

#include <stdio.h>

#include "context/feed.h"
#include "context/outage.h"
#include "report/route_origin.h"

struct route_outage {
	struct outage *outage;
	struct outage_result result;
	struct rib *rib;
	const struct feed *feed;
	struct route_names names;
	const struct outage_rules *rules;
	bool utf8; /* the sparkline may use block characters */
	bool lossy;
};

/* Findings of one origin that begin and end within one bin of each other. */
struct route_group {
	uint32_t from, n; /* findings result.finding[from .. from + n) */
	uint32_t nets;	  /* different networks among them */
	uint32_t of;	  /* watched networks of this origin */
	/* over all of them: first loss, last return */
	int64_t full_until, lost_sec, back_first, back_sec;
};

/* The group that starts at finding i. */
struct route_group route_group_at(const struct route_outage *r, uint32_t i);

/* The finding of a group with the least e-value. */
const struct out_finding *route_weakest(const struct route_outage *r,
					struct route_group g);

/* Rivals of a finding: what each would look like from here.  Returns how
 * many; at most ROUTE_RIVALS. */
#define ROUTE_RIVALS 8
struct route_rival {
	const char *name;
	char note[240];
};
unsigned route_rivals(const struct route_outage *r, struct route_group g,
		      struct route_rival *out);
/* "filtered" when the VRPs make it RPKI-invalid and somebody still has it,
 * else "down" or "partial". */
const char *route_state_word(const struct out_finding *f);
/* "9 h 31 min" */
char *route_duration(int64_t sec, char *buf, size_t len);

/* Number of findings that are not brief. */
uint32_t route_outage_text(FILE *f, const struct route_outage *r);
void route_outage_json(struct json *j, const struct route_outage *r);
bool route_outage_svg(FILE *f, const struct route_outage *r, const char *title);

/* Share of peer ASes at n times from t0 on, step apart: 0 to 1000, -1 where
 * nothing is known yet. */
void route_series(const struct route_outage *r, uint32_t net, int64_t t0,
		  int64_t step, unsigned n, int *permille);

#endif
