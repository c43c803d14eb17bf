/* analyze_routes.c - see analyze_routes.h. */
#include "cli/analyze_routes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/routes_load.h"
#include "context/bgp.h"
#include "context/origin.h"
#include "context/visible.h"

#define MOST_ADDRESSES 5000
#define SAMPLE_SEC     60 /* the routes are looked at so often */
#define NOT_KNOWN      (-1)
#define NOT_SEEN       (-2) /* no sample yet */

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

/* Visibility of the capture's networks while the routes are replayed. */
struct watch {
	struct passive_report *p;
	struct visible *v;
	int64_t next; /* sample */
	int *last;    /* per network */
};

static void watch_bin(struct watch *w, int64_t bin)
{
	const struct passive_input *in = &w->p->in;

	if (bin < 0 || bin >= in->nbins)
		return;
	for (uint32_t g = 0; g < in->ngroups; g++) {
		int *x = &w->p->visible[g][bin], now = w->last[g];

		if (*x == NOT_SEEN)
			*x = now;
		else if (*x < 0 || now < 0 || (*x > 500) != (now > 500))
			*x = NOT_KNOWN; /* it came or went in this bin */
		else if (now < *x)
			*x = now; /* the worst that held */
	}
}

/* Called after each record: brings the samples up to its time. */
static void watch_tick(void *arg, int64_t sec)
{
	struct watch *w = arg;
	const struct passive_input *in = &w->p->in;
	bool looked = false;

	if (w->next == 0)
		w->next = in->start_sec;
	for (; w->next <= sec &&
	       w->next <= in->start_sec + (int64_t)in->nbins * in->bin_sec;
	     w->next += SAMPLE_SEC) {
		if (!looked) {
			visible_refresh(w->v);
			for (uint32_t g = 0; g < in->ngroups; g++)
				w->last[g] = visible_permille(
					w->v, &in->group[g].host);
			looked = true;
		}
		watch_bin(w, (w->next - in->start_sec) / in->bin_sec);
	}
}

/* While a feed is silent nothing is known. */
static void watch_note(void *arg, const struct replay_note *n)
{
	struct watch *w = arg;
	const struct passive_input *in = &w->p->in;

	if (n->what != EV_GAP)
		return;
	for (uint32_t i = 0; i < in->nbins; i++) {
		int64_t from = in->start_sec + (int64_t)i * in->bin_sec;

		if (from + in->bin_sec <= n->from_sec || from >= n->sec)
			continue;
		for (uint32_t g = 0; g < in->ngroups; g++)
			w->p->visible[g][i] = NOT_KNOWN;
	}
}

static bool watch_begin(struct watch *w, struct passive_report *p,
			struct routes *r, struct err *e)
{
	memset(w, 0, sizeof(*w));
	if (p == NULL || p->in.ngroups == 0)
		return true;
	w->v = visible_new(r->replay, e);
	w->last = calloc(p->in.ngroups, sizeof(*w->last));
	p->visible = calloc(p->in.ngroups, sizeof(*p->visible));
	if (w->v == NULL || w->last == NULL || p->visible == NULL)
		return err_set(e, ERR_MEMORY, "no memory for the routes");
	for (uint32_t g = 0; g < p->in.ngroups; g++) {
		p->visible[g] = malloc(p->in.nbins * sizeof(int));
		if (p->visible[g] == NULL)
			return err_set(e, ERR_MEMORY,
				       "no memory for the routes");
		for (uint32_t i = 0; i < p->in.nbins; i++)
			p->visible[g][i] = NOT_SEEN;
	}
	w->p = p;
	r->replay->watch_gaps = r->replay->gaps_told_only = true;
	r->replay->hooks = (struct replay_hooks){ w, NULL, watch_note };
	return true;
}

static uint32_t origin_of(struct origin_query *q, const struct addr *a,
			  struct origin_answer *w)
{
	struct prefix p = prefix_of_addr(a);

	origin_ask(q, &p, false, w);
	return w->nclaims > 0 ? w->claim[0].asn : 0;
}

/* The networks' origins, then what their silence says. */
static bool judge(struct passive_report *p, struct origin_query *q,
		  struct origin_answer *w, struct err *e)
{
	if (p == NULL)
		return true;
	for (uint32_t g = 0; g < p->in.ngroups; g++) {
		struct passive_group *x = &p->group[g];

		x->asn = origin_of(q, &x->host, w);
		if (x->has_router)
			x->router_asn = origin_of(q, &x->router, w);
	}
	return passive_report_judge(p, &passive_defaults) ||
	       err_set(e, ERR_MEMORY, "no memory for the networks");
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
	ok = ok && judge(c->passive, q, w, e);
	free(w);
	origin_free(q);
	return ok;
}

bool analyze_routes(struct case_record *c, const char *const *paths, size_t n,
		    struct err *e)
{
	int64_t at = end_of(c);
	struct routes r = { .feed = NULL };
	struct watch w = { .p = NULL };
	unsigned added = 0;
	bool ok = routes_init(&r, e);

	if (ok)
		r.replay->watch_gaps = false;
	ok = ok && watch_begin(&w, c->passive, &r, e);
	for (size_t i = 0; ok && i < n; i++)
		ok = feed_add(r.feed, paths[i], &added, e);
	ok = ok && routes_replay(&r, at, w.p ? watch_tick : NULL, &w, e);
	if (ok) {
		if (w.p && !r.no_data)
			watch_tick(&w, at == ROUTES_NO_TIME ? r.last_sec : at);
		routes_complain(&r);
		if (r.no_data)
			ok = err_set(e, ERR_USAGE,
				     "--mrt: no routes at the time of the "
				     "capture");
	}
	if (ok && at == ROUTES_NO_TIME)
		at = r.last_sec;
	ok = ok && ask_all(c, &r, at, e);
	visible_free(w.v);
	free(w.last);
	routes_free(&r);
	return ok;
}
