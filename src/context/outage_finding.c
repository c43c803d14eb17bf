/*
 * outage_finding.c - one loss of one network: what is noted when it begins,
 * while it lasts, and when it ends.
 */
#include "context/outage_track.h"

#include <stdlib.h>
#include <string.h>

#define FLAP_WINDOW INT64_C(172800) /* flaps of the two days before count */
#define SETTLED	    60 /* an upstream seen for less is path hunting */

struct out_finding *out_episode(struct outage *o, const struct track *t)
{
	struct out_finding *v = o->finding.v;

	return t->episode == RIB_NONE ? NULL : &v[t->episode];
}

static void add_upstream(struct out_upstream *list, uint32_t asn)
{
	for (int i = 0; i < OUT_UPSTREAMS; i++) {
		if (list[i].ases && list[i].asn != asn)
			continue;
		list[i].asn = asn;
		list[i].ases++;
		return;
	}
}

/* Neighbours of the origin in the live routes of eligible peers. */
static void upstreams(struct outage *o, uint32_t net, uint32_t lost_path,
		      struct out_upstream *list)
{
	const struct rib_net *x = &o->rib->nets[net];
	unsigned f = rib_family(&x->prefix);
	struct path_view p;
	uint32_t up;

	memset(list, 0, OUT_UPSTREAMS * sizeof(*list));
	o->now_stamp += 2;
	for (unsigned i = 0; i <= x->n; i++) {
		uint32_t path = lost_path;

		if (i < x->n) {
			const struct rib_route *r = &x->routes[i];
			const struct rib_peer *q = &o->rib->peers[r->peer];

			if (!rib_active(o->rib, r) || q->state == PEER_DOWN ||
			    (o->has_table && !q->eligible[f]) ||
			    o->stamp[q->as_index] >= o->now_stamp)
				continue;
			o->stamp[q->as_index] = o->now_stamp;
			path = r->path;
		}
		if (!path)
			continue;
		p = paths_get(o->rib->paths, path);
		bgp_path_origin(p.w, p.n, p.segs, &up);
		if (up)
			add_upstream(list, up);
	}
}

/* Collectors and second ASes of the paths: how many ways there were. */
static void spread(struct outage *o, uint32_t net, struct out_finding *f)
{
	const struct rib_net *x = &o->rib->nets[net];
	uint32_t second[64];
	uint16_t coll[64];
	unsigned ns = 0, nc = 0, k;

	for (unsigned i = 0; i < x->n; i++) {
		const struct rib_route *r = &x->routes[i];
		const struct rib_peer *q = &o->rib->peers[r->peer];
		struct path_view p;
		uint32_t as;

		if (!rib_active(o->rib, r))
			continue;
		for (k = 0; k < nc && coll[k] != q->collector; k++)
			;
		if (k == nc && nc < 64)
			coll[nc++] = q->collector;
		p = paths_get(o->rib->paths, r->path);
		as = p.n > 1 && !p.segs ? p.w[1] : 0;
		for (k = 0; k < ns && second[k] != as; k++)
			;
		if (k == ns && ns < 64)
			second[ns++] = as;
	}
	f->collectors = (uint16_t)nc;
	f->first_transits = (uint16_t)ns;
}

/* A shorter network that still holds these addresses. */
static void covering(struct outage *o, uint32_t net, struct out_finding *f)
{
	struct prefix p = o->rib->nets[net].prefix;
	unsigned fam = rib_family(&p);

	f->covering = RIB_NONE;
	for (int len = p.len - 1; len > 0; len--) {
		const struct rib_net *x;
		unsigned ases = 0;
		uint32_t at;

		p.len = (uint8_t)len;
		prefix_mask(&p);
		at = rib_net(o->rib, &p, false);
		if (at == RIB_NONE)
			continue;
		x = &o->rib->nets[at];
		o->now_stamp += 2;
		for (unsigned i = 0; i < x->n; i++) {
			const struct rib_peer *q =
				&o->rib->peers[x->routes[i].peer];

			if (!rib_active(o->rib, &x->routes[i]) ||
			    (o->has_table && !q->eligible[fam]) ||
			    o->stamp[q->as_index] >= o->now_stamp)
				continue;
			o->stamp[q->as_index] = o->now_stamp;
			ases++;
		}
		if (ases * 2 > f->known_before) {
			f->covering = at;
			f->covering_ases = (uint16_t)ases;
			return;
		}
	}
}

/* How much of the last 24 h before sec it was fully visible. */
static void baseline(struct outage *o, const struct track *t, int64_t sec,
		     struct out_finding *f)
{
	int64_t from = sec - o->rules.baseline_sec, full = 0;

	if (from < o->first_sec)
		from = o->first_sec;
	f->baseline_sec = sec - from;
	for (uint32_t i = 0; i < t->nsamples; i++) {
		const struct out_sample *s = &t->sample[i];
		int64_t a = s->sec, b = sec;

		if (i + 1 < t->nsamples)
			b = t->sample[i + 1].sec;
		if (a < from)
			a = from;
		if (b > sec)
			b = sec;
		if (b > a && s->visible >= o->rules.full * s->known)
			full += b - a;
	}
	if (f->baseline_sec > 0)
		f->full_permille = (uint16_t)(full * 1000 / f->baseline_sec);
}

/* Where they are followed, the most peers that each had; else what remains
 * and the route that went. */
static void neighbours_before(struct outage *o, const struct track *t,
			      uint32_t lost_path, struct out_finding *f)
{
	int n = 0;

	for (int i = 0; i < OUT_UPSTREAMS; i++)
		if (t->up[i].asn && t->up[i].ases)
			f->before[n++] = (struct out_upstream){ t->up[i].asn,
								t->up[i].peak };
	if (n == 0)
		upstreams(o, t->net, lost_path, f->before);
}

void out_after(struct outage *o, struct track *t, int64_t sec)
{
	struct out_finding *v = o->finding.v;

	/* peers return one by one: counted until they have had time to */
	if (sec - v[t->closed].back_sec <= o->rules.bin_sec)
		upstreams(o, t->net, 0, v[t->closed].after);
	else
		t->closed = RIB_NONE;
}

void out_open(struct outage *o, struct track *t, int64_t sec,
	      uint32_t lost_path)
{
	struct out_finding *f = out_list_add(&o->finding, sizeof(*f));
	uint32_t *open;

	if (o->nopen == o->cap_open) {
		uint32_t cap = o->cap_open ? o->cap_open * 2 : 64;

		open = realloc(o->open, cap * sizeof(*open));
		if (!open) {
			o->failed = true;
			return;
		}
		o->open = open;
		o->cap_open = cap;
	}
	if (!f) {
		o->failed = true;
		return;
	}
	o->open[o->nopen++] = (uint32_t)(t - o->track);
	t->episode = o->finding.n - 1;
	t->keep = true;
	f->net = t->net;
	f->origin = t->origin;
	f->full_until = f->lost_sec = sec;
	f->visible_before = t->before.visible;
	f->known_before = t->before.known;
	if (t->nsamples > 1) {
		/* it was full until the first of these withdrawals */
		uint32_t i = t->nsamples - 1;

		while (i > 0 &&
		       t->sample[i].visible < t->sample[i - 1].visible &&
		       sec - t->sample[i].sec < o->rules.bin_sec)
			i--;
		if (i + 1 < t->nsamples) {
			f->full_until = t->sample[i + 1].sec;
			f->visible_before = t->sample[i].visible;
			f->known_before = t->sample[i].known;
		}
	}
	f->up_since = t->up_since;
	f->flaps = t->flaps;
	f->flap_first = t->flap_first;
	f->flap_last = t->flap_last;
	if (t->flaps && sec - t->flap_last > FLAP_WINDOW)
		f->flaps = t->flaps = 0;
	baseline(o, t, sec, f);
	neighbours_before(o, t, lost_path, f);
	spread(o, t->net, f);
	covering(o, t->net, f);
	out_groups_open(o, t, f, lost_path);
	f->rpki = vrps_check(o->vrps, &o->rib->nets[t->net].prefix, t->origin);
}

void out_zombies(struct outage *o, struct track *t, struct out_finding *f)
{
	const struct rib_net *x = &o->rib->nets[t->net];

	f->zombies_checked = true;
	for (unsigned i = 0; i < x->n; i++) {
		const struct rib_route *r = &x->routes[i];

		if (!rib_active(o->rib, r) || r->changed >= f->full_until)
			continue;
		if (f->nzombies < OUT_ZOMBIES)
			f->zombie[f->nzombies] = r->peer;
		f->nzombies++;
	}
}

void out_close(struct outage *o, struct track *t, int64_t sec)
{
	struct out_finding *f = out_episode(o, t);
	uint32_t i, me = (uint32_t)(t - o->track);

	for (i = 0; i < o->nopen; i++)
		if (o->open[i] == me) {
			o->open[i] = o->open[--o->nopen];
			break;
		}
	t->episode = RIB_NONE;
	if (f->worst == OUT_UNSEEN)
		return; /* it was never even partial: left out when sorting */
	f->back_sec = f->ongoing ? 0 : sec;
	if (f->back_first == 0)
		f->back_first = f->back_sec;
	if (!f->ongoing)
		f->brief = f->back_sec - f->lost_sec < o->rules.min_sec;
	upstreams(o, t->net, 0, f->after);
	if (!f->ongoing)
		t->closed = (uint32_t)(f - (struct out_finding *)o->finding.v);
	if (!f->brief || f->ongoing || f->worst != OUT_DOWN)
		return;
	if (t->flaps == 0)
		t->flap_first = f->lost_sec;
	t->flaps++;
	t->flap_last = f->lost_sec;
}

static void changed(struct outage *o, const struct track *t,
		    const struct up_count *u, bool appeared, int64_t sec)
{
	struct out_change *c;

	if (appeared &&
	    u->since <= (o->base_sec ? o->base_sec : o->first_sec + 600))
		return; /* it was there when the data began */
	c = out_list_add(&o->change, sizeof(*c));
	if (!c) {
		o->failed = true;
		return;
	}
	c->alone = appeared ? u->alone : t->up_left == 0;
	c->net = t->net;
	c->asn = u->asn;
	c->appeared = appeared;
	c->from_sec = appeared ? u->since : u->falling_sec;
	c->to_sec = appeared ? u->peak_sec : sec;
	c->ases = u->peak;
}

/* Counts the neighbours anew; one that came or went is a change, unless it
 * was there only while paths were hunted. */
void out_upstreams(struct outage *o, struct track *t, int64_t sec)
{
	struct out_upstream now[OUT_UPSTREAMS];
	int i, k;

	upstreams(o, t->net, 0, now);
	t->up_left = 0;
	for (i = 0; i < OUT_UPSTREAMS; i++) {
		struct up_count *u = &t->up[i];
		uint16_t ases = 0;

		if (!u->asn)
			continue;
		for (k = 0; k < OUT_UPSTREAMS; k++)
			if (now[k].ases && now[k].asn == u->asn) {
				ases = now[k].ases;
				now[k].ases = 0;
			}
		if (ases < u->ases && (!u->falling_sec || u->ases == u->peak))
			u->falling_sec = sec;
		if (ases > u->peak) {
			u->peak = ases;
			u->peak_sec = sec;
		}
		u->ases = ases;
		t->up_left += ases;
	}
	for (i = 0; i < OUT_UPSTREAMS; i++) {
		struct up_count *u = &t->up[i];

		if (!u->asn || u->ases)
			continue;
		if (sec - u->since >= SETTLED) {
			if (!u->told)
				changed(o, t, u, true, sec);
			changed(o, t, u, false, sec);
		}
		memset(u, 0, sizeof(*u));
	}
	for (k = 0; k < OUT_UPSTREAMS; k++) {
		for (i = 0; now[k].ases && i < OUT_UPSTREAMS; i++) {
			if (t->up[i].asn)
				continue;
			t->up[i] =
				(struct up_count){ .asn = now[k].asn,
						   .ases = now[k].ases,
						   .peak = now[k].ases,
						   .since = sec,
						   .peak_sec = sec,
						   .alone = t->up_left == 0 };
			now[k].ases = 0;
		}
	}
}

static int finding_order(const void *pa, const void *pb, void *arg)
{
	const struct rib *rib = arg;
	const struct out_finding *a = pa, *b = pb;

	if (a->origin != b->origin)
		return a->origin < b->origin ? -1 : 1;
	if (a->lost_sec != b->lost_sec)
		return a->lost_sec < b->lost_sec ? -1 : 1;
	return prefix_cmp(&rib->nets[a->net].prefix, &rib->nets[b->net].prefix);
}

static int net_order(const void *pa, const void *pb, void *arg)
{
	const struct out_finding *a = pa, *b = pb;
	const struct rib *rib = arg;

	return prefix_cmp(&rib->nets[a->net].prefix, &rib->nets[b->net].prefix);
}

static int change_order(const void *pa, const void *pb)
{
	const struct out_change *a = pa, *b = pb;

	if (a->from_sec != b->from_sec)
		return a->from_sec < b->from_sec ? -1 : 1;
	if (a->net != b->net)
		return a->net < b->net ? -1 : 1;
	return (a->asn > b->asn) - (a->asn < b->asn);
}

/* Drops losses that never were even partial, and short partial ones. */
void out_sort(struct outage *o)
{
	struct out_finding *v = o->finding.v;
	uint32_t n = 0;

	for (uint32_t i = 0; i < o->ntracks; i++)
		for (int k = 0; k < OUT_UPSTREAMS; k++) {
			struct up_count *u = &o->track[i].up[k];

			if (u->asn && u->ases && !u->told)
				changed(o, &o->track[i], u, true, 0);
			u->told = true;
		}
	for (uint32_t i = 0; i < o->ntracks; i++)
		o->track[i].closed = RIB_NONE; /* numbers change now */
	for (uint32_t i = 0; i < o->finding.n; i++) {
		if (v[i].worst == OUT_UNSEEN ||
		    (v[i].worst == OUT_PARTIAL && v[i].brief))
			continue;
		if (n != i)
			v[n] = v[i];
		n++;
	}
	o->nsorted = o->finding.n = n;
	if (n)
		qsort_r(v, n, sizeof(*v), finding_order, o->rib);
	for (uint32_t i = 0, k; i < n; i = k) {
		for (k = i + 1;
		     k < n && v[k].origin == v[i].origin &&
		     v[k].worst == v[i].worst && v[k].brief == v[i].brief &&
		     v[k].lost_sec - v[i].lost_sec <= o->rules.bin_sec;
		     k++)
			;
		qsort_r(v + i, k - i, sizeof(*v), net_order, o->rib);
	}
	if (o->change.n)
		qsort(o->change.v, o->change.n, sizeof(struct out_change),
		      change_order);
}
