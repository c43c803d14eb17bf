/*
 * route_rivals.c - what a loss of visibility may come from, and what speaks
 * for or against each.  Routing tables do not say why: the list stays a list.
 */
#include "report/route_outage.h"

#include <stdio.h>
#include <string.h>

static const struct out_finding *at(const struct route_outage *r, uint32_t i)
{
	return &r->result.finding[i];
}

static bool near(int64_t a, int64_t b, int64_t within)
{
	return a - b <= within && b - a <= within;
}

struct route_group route_group_at(const struct route_outage *r, uint32_t i)
{
	const struct out_finding *a = at(r, i);
	struct route_group g = { .from = i,
				 .n = 1,
				 .full_until = a->full_until,
				 .lost_sec = a->lost_sec,
				 .back_first = a->back_first,
				 .back_sec = a->back_sec };

	while (i + g.n < r->result.nfindings) {
		const struct out_finding *b = at(r, i + g.n);

		if (b->origin != a->origin || b->worst != a->worst ||
		    b->brief != a->brief || b->ongoing != a->ongoing ||
		    !near(a->lost_sec, b->lost_sec, r->rules->bin_sec) ||
		    !near(a->back_sec, b->back_sec, r->rules->bin_sec))
			break;
		if (b->full_until < g.full_until)
			g.full_until = b->full_until;
		if (b->lost_sec < g.lost_sec)
			g.lost_sec = b->lost_sec;
		if (b->back_first < g.back_first)
			g.back_first = b->back_first;
		if (b->back_sec > g.back_sec)
			g.back_sec = b->back_sec;
		g.n++;
	}
	g.of = outage_nets_of(r->outage, a->origin ? a->origin : UINT32_MAX,
			      NULL, 0);
	for (uint32_t k = 0; k < g.n; k++) /* equal ones are neighbours */
		g.nets += k == 0 || at(r, i + k)->net != at(r, i + k - 1)->net;
	if (g.of < g.nets)
		g.of = g.nets;
	return g;
}

const struct out_finding *route_weakest(const struct route_outage *r,
					struct route_group g)
{
	const struct out_finding *w = at(r, g.from);

	for (uint32_t i = 1; i < g.n; i++)
		if (out_e_value(at(r, g.from + i)) < out_e_value(w))
			w = at(r, g.from + i);
	return w;
}

const char *route_state_word(const struct out_finding *f)
{
	if (f->rpki == VRP_INVALID && f->visible_min > 0)
		return "filtered";
	return f->worst == OUT_DOWN ? "down" : "partial";
}

char *route_duration(int64_t sec, char *buf, size_t len)
{
	if (sec >= 86400)
		snprintf(buf, len, "%lld d %lld h", (long long)(sec / 86400),
			 (long long)(sec % 86400 / 3600));
	else if (sec >= 3600)
		snprintf(buf, len, "%lld h %lld min", (long long)(sec / 3600),
			 (long long)(sec % 3600 / 60));
	else if (sec >= 600)
		snprintf(buf, len, "%lld min", (long long)((sec + 30) / 60));
	else if (sec >= 60)
		snprintf(buf, len, "%lld min %lld s", (long long)(sec / 60),
			 (long long)(sec % 60));
	else
		snprintf(buf, len, "%lld s", (long long)sec);
	return buf;
}

static struct route_rival *add(struct route_rival *out, unsigned *n,
			       const char *name)
{
	struct route_rival *x = &out[*n];

	if (*n == ROUTE_RIVALS)
		return &out[ROUTE_RIVALS - 1];
	(*n)++;
	x->name = name;
	x->note[0] = '\0';
	return x;
}

static unsigned upstream_count(const struct out_upstream *u)
{
	unsigned n = 0;

	while (n < OUT_UPSTREAMS && u[n].ases)
		n++;
	return n;
}

static void rival_upstream(const struct out_finding *f, unsigned nup,
			   struct route_rival *x)
{
	if (nup == 1)
		snprintf(x->note, sizeof(x->note),
			 "AS%u was the only upstream: a cut there and a "
			 "withdrawal by the network look the same from here",
			 f->before[0].asn);
	else
		snprintf(x->note, sizeof(x->note),
			 "all %u upstreams lost it at once: for it, they "
			 "would have had to fail together",
			 nup);
}

/* The network's own failure and its own will. */
static void rivals_inside(const struct out_finding *f, unsigned nup,
			  struct route_rival *out, unsigned *n)
{
	struct route_rival *x = add(out, n, "failure-inside");

	snprintf(x->note, sizeof(x->note), "%s",
		 nup > 1 ? "both or all upstreams lost it at once: points to "
			   "the inside, and is no proof of it"
			 : "power, router or line of the network itself: "
			   "nothing speaks against it");
	x = add(out, n, "own-withdrawal");
	if (f->flaps)
		snprintf(x->note, sizeof(x->note),
			 "%u brief losses came before: speaks against a clean "
			 "administrative withdrawal",
			 f->flaps);
	else
		snprintf(x->note, sizeof(x->note),
			 "no instability before it was seen");
	x = add(out, n, "overload");
	snprintf(x->note, sizeof(x->note), "%s",
		 f->flaps ? "instability before fits a network under load, "
			    "and many other causes"
			  : "without instability before, nothing speaks for "
			    "it");
}

unsigned route_rivals(const struct route_outage *r, struct route_group g,
		      struct route_rival *out)
{
	const struct out_finding *f = at(r, g.from);
	unsigned n = 0, nup = upstream_count(f->before);
	struct route_rival *x;

	if (f->rpki == VRP_INVALID) {
		x = add(out, &n, "rpki-filtering");
		snprintf(x->note, sizeof(x->note),
			 "the announcement is RPKI-invalid by the given list "
			 "and %u of %u peer ASes still have it: consistent "
			 "with filtering, the network need not be down",
			 f->visible_min, f->known_min);
	}
	if (f->covering != RIB_NONE) {
		x = add(out, &n, "more-specific-withdrawn");
		snprintf(x->note, sizeof(x->note),
			 "a covering network is still announced: the "
			 "addresses stay routed");
	}
	if (f->worst == OUT_PARTIAL) {
		x = add(out, &n, "policy-or-partition");
		snprintf(x->note, sizeof(x->note),
			 "%u of %u peer ASes still had it: a filter, a "
			 "policy or a partition, not the network as a whole",
			 f->visible_min, f->known_min);
	}
	rivals_inside(f, nup, out, &n);
	if (nup > 0)
		rival_upstream(f, nup, add(out, &n, "upstream"));
	x = add(out, &n, "measurement");
	snprintf(x->note, sizeof(x->note),
		 "%u sessions lost and %u feed gaps meanwhile: none of these "
		 "peers is counted as a loss",
		 f->peers_lost, f->gaps);
	return n;
}

void route_series(const struct route_outage *r, uint32_t net, int64_t t0,
		  int64_t step, unsigned n, int *permille)
{
	uint32_t count, k = 0;
	const struct out_sample *s = outage_series(r->outage, net, &count);
	int now = -1;

	for (unsigned i = 0; i < n; i++) {
		int64_t end = t0 + (int64_t)(i + 1) * step;
		int low = now;

		/* the worst of what held inside this column */
		for (; k < count && s[k].sec < end; k++) {
			int v = s[k].known ? s[k].visible * 1000 / s[k].known
					   : -1;

			if (s[k].sec <= t0 + (int64_t)i * step || low < 0)
				low = v;
			else if (v < low)
				low = v;
			now = v;
		}
		permille[i] = low;
	}
}
