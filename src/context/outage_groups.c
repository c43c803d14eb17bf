/*
 * outage_groups.c - how surprising a loss is, given that peers depend on each
 * other.
 *
 * Peers that hear a network through the same AS lose it together: they are one
 * group, named by the first AS behind the peer.  For each group a bet on "all
 * of it loses the network in this bin" against its own earlier bins:
 * (n + 1) / (1 + m) with n earlier bins, m of them with such a loss.  If this
 * bin is like the earlier ones its expectation is at most 1.  Groups depend on
 * each other too, so the e-value of a finding is their mean and never their
 * product; a group that kept the network counts as 0.
 * It speaks against "as always", and for no cause.
 * Wrong when: the network's habit changes in the middle of the data.
 */
#include <stdlib.h>
#include <string.h>

#include "context/outage_track.h"

/* The first AS behind the peer that is not the origin; else the peer. */
static uint32_t transit_of(const struct outage *o, uint32_t path)
{
	struct path_view p = paths_get(o->rib->paths, path);
	uint32_t origin, up, first;
	unsigned i = 1;

	origin = bgp_path_origin(p.w, p.n, p.segs, &up);
	if (p.n == 0)
		return 0;
	if (p.segs)
		return p.n > 1 ? p.w[1] : 0; /* behind the segment's head */
	first = p.w[0];
	while (i < p.n && p.w[i] == first)
		i++;
	return i < p.n && p.w[i] != origin ? p.w[i] : first;
}

/* A route that counts. */
static bool counts(const struct outage *o, const struct rib_route *r,
		   unsigned fam)
{
	const struct rib_peer *q = &o->rib->peers[r->peer];

	return rib_active(o->rib, r) && q->state != PEER_DOWN &&
	       (!o->has_table || q->eligible[fam]);
}

static bool has_live(const struct outage *o, uint32_t net, uint32_t transit)
{
	const struct rib_net *x = &o->rib->nets[net];
	unsigned fam = rib_family(&x->prefix);

	for (unsigned i = 0; i < x->n; i++)
		if (counts(o, &x->routes[i], fam) &&
		    transit_of(o, x->routes[i].path) == transit)
			return true;
	return false;
}

void out_group_lost(struct outage *o, struct track *t, uint32_t path,
		    int64_t sec)
{
	uint32_t transit = transit_of(o, path);
	uint32_t bin = (uint32_t)(sec / o->rules.bin_sec);
	unsigned i;

	if (has_live(o, t->net, transit))
		return;
	if (!t->habit)
		t->habit = calloc(OUT_GROUPS, sizeof(*t->habit));
	if (!t->habit) {
		o->failed = true;
		return;
	}
	for (i = 0; i < t->nhabits && t->habit[i].transit != transit; i++)
		;
	if (i == OUT_GROUPS)
		return;
	if (i == t->nhabits) {
		t->habit[t->nhabits++] = (struct habit){ transit, 1, bin };
	} else if (t->habit[i].last != bin) {
		t->habit[i].bins++;
		t->habit[i].last = bin;
	}
}

static struct out_group *group_of(struct out_finding *f, uint32_t transit)
{
	for (unsigned i = 0; i < f->ngroups; i++)
		if (f->group[i].transit == transit)
			return &f->group[i];
	if (f->ngroups == OUT_GROUPS)
		return NULL;
	f->group[f->ngroups] = (struct out_group){ .transit = transit };
	return &f->group[f->ngroups++];
}

/* An AS on every path but the origin itself: a failure there takes all. */
static uint32_t common_transit(const struct outage *o, uint32_t net,
			       uint32_t path)
{
	const struct rib_net *x = &o->rib->nets[net];
	unsigned fam = rib_family(&x->prefix);
	struct path_view p = paths_get(o->rib->paths, path);
	uint32_t up, origin = bgp_path_origin(p.w, p.n, p.segs, &up);

	for (unsigned k = 1; !p.segs && k < p.n; k++) {
		uint32_t asn = p.w[k];
		bool all = asn != origin;

		for (unsigned i = 0; all && i < x->n; i++) {
			struct path_view v;

			if (!counts(o, &x->routes[i], fam))
				continue;
			v = paths_get(o->rib->paths, x->routes[i].path);
			all = bgp_path_has(v.w, v.n, v.segs, asn);
		}
		if (all)
			return asn;
	}
	return 0;
}

void out_groups_open(struct outage *o, struct track *t, struct out_finding *f,
		     uint32_t lost_path)
{
	const struct rib_net *x = &o->rib->nets[t->net];
	unsigned fam = rib_family(&x->prefix);
	uint32_t bin = (uint32_t)(f->full_until / o->rules.bin_sec);

	if (f->full_until > o->first_sec)
		f->windows = (uint32_t)((f->full_until - o->first_sec) /
					o->rules.bin_sec);
	for (unsigned i = 0; i < x->n; i++)
		if (counts(o, &x->routes[i], fam))
			group_of(f, transit_of(o, x->routes[i].path));
	if (lost_path) {
		group_of(f, transit_of(o, lost_path));
		f->common_transit = common_transit(o, t->net, lost_path);
	}
	/* those that went first, and how often each has gone before */
	for (unsigned i = 0; i < t->nhabits; i++) {
		const struct habit *h = &t->habit[i];
		struct out_group *g = NULL;

		for (unsigned k = 0; k < f->ngroups; k++)
			if (f->group[k].transit == h->transit)
				g = &f->group[k];
		if (!g && h->last >= bin)
			g = group_of(f, h->transit);
		if (g)
			g->earlier = h->bins - (h->last >= bin);
	}
}

void out_groups_now(struct outage *o, const struct track *t,
		    struct out_finding *f)
{
	for (unsigned i = 0; i < f->ngroups; i++)
		f->group[i].lost = !has_live(o, t->net, f->group[i].transit);
}

double out_e_value(const struct out_finding *f)
{
	double sum = 0;

	for (unsigned i = 0; i < f->ngroups; i++)
		if (f->group[i].lost)
			sum += (double)(f->windows + 1) /
			       (double)(f->group[i].earlier + 1);
	return f->ngroups ? sum / f->ngroups : 0;
}
