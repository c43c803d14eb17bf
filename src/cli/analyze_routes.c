/* analyze_routes.c - see analyze_routes.h. */
#include "cli/analyze_routes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/routes_load.h"
#include "context/bgp.h"
#include "context/origin.h"

#define MOST_ADDRESSES 5000

/* The last moment of the capture, in seconds. */
static int64_t end_of(const struct case_record *c)
{
	int64_t end = INT64_MIN;

	for (size_t i = 0; i < c->n_captures; i++)
		if (tstamp_known(c->captures[i].last) &&
		    c->captures[i].last.ns > end)
			end = c->captures[i].last.ns;
	return end == INT64_MIN ? ROUTES_NO_TIME : end / INT64_C(1000000000);
}

/* "192.0.2.0/24 by AS64500 (30 of 33 peer ASes), AS64501 (3 of 33)" */
static void say_claims(const struct origin_answer *a, char *out, size_t room)
{
	char net[PREFIX_TEXT];
	size_t used = 0;

	for (unsigned i = 0; i < a->nclaims && i < 3 && used < room; i++) {
		const struct origin_claim *k = &a->claim[i];
		int n = snprintf(out + used, room - used,
				 "%s%s by AS%u (%u of %u peer ASes)",
				 i > 0 ? ", " : "",
				 prefix_format(&k->prefix, net), k->asn,
				 k->ases, a->vantages);

		used += n > 0 ? (size_t)n : 0;
	}
}

static bool add_context(struct case_address *a, const struct origin_answer *w,
			int64_t at)
{
	struct case_finding *p, f = { .log10_e = 0 };
	char when[40], claims[160] = "";

	p = realloc(a->findings, (a->n_findings + 1) * sizeof(*p));
	if (p == NULL)
		return false;
	a->findings = p;
	say_claims(w, claims, sizeof(claims));
	snprintf(f.proposition, sizeof(f.proposition), "routing-context");
	if (w->nclaims > 0)
		snprintf(f.observed, sizeof(f.observed), "at %s announced: %s",
			 routes_time(at, when), claims);
	else
		snprintf(f.observed, sizeof(f.observed),
			 "at %s no peer AS of %u had a route",
			 routes_time(at, when), w->vantages);
	snprintf(f.inferred, sizeof(f.inferred),
		 "context only: who announces an address says nothing about "
		 "who used it%s",
		 w->vantages == 1 ? "; a single vantage" : "");
	p[a->n_findings++] = f;
	return true;
}

static bool ask_all(struct case_record *c, struct routes *r, int64_t at,
		    struct err *e)
{
	struct origin_query *q = origin_new(r->rib, e);
	struct origin_answer *w = malloc(sizeof(*w));
	bool ok = q != NULL && w != NULL;

	for (size_t i = 0; ok && i < c->n_addresses && i < MOST_ADDRESSES;
	     i++) {
		struct prefix p = prefix_of_addr(&c->addresses[i].address);

		origin_ask(q, &p, false, w);
		ok = add_context(&c->addresses[i], w, at);
	}
	if (!ok && q != NULL)
		err_set(e, ERR_MEMORY, "no memory for the routes");
	free(w);
	origin_free(q);
	return ok;
}

bool analyze_routes(struct case_record *c, const char *const *paths, size_t n,
		    struct err *e)
{
	int64_t at = end_of(c);
	struct routes r = { .feed = NULL };
	unsigned added = 0;
	bool ok = routes_init(&r, e);

	if (ok)
		r.replay->watch_gaps = false;
	for (size_t i = 0; ok && i < n; i++)
		ok = feed_add(r.feed, paths[i], &added, e);
	ok = ok && routes_replay(&r, at, NULL, NULL, e);
	if (ok) {
		routes_complain(&r);
		if (r.no_data)
			ok = err_set(e, ERR_USAGE,
				     "--mrt: no routes at the time of the "
				     "capture");
	}
	if (ok && at == ROUTES_NO_TIME)
		at = r.last_sec;
	ok = ok && ask_all(c, &r, at, e);
	routes_free(&r);
	return ok;
}
