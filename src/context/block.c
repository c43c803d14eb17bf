/* block.c - see block.h. */
#include "context/block.h"

#include <stdlib.h>
#include <string.h>

struct pile {
	struct prefix *v;
	uint32_t *origin;
	uint32_t n, cap;
};

enum { ALL, OWN, BEHIND, ALWAYS, TARGET, CUT, ASKED, PILES };

struct work {
	struct rib *rib;
	uint32_t at;
	struct pile pile[PILES];
	uint32_t *down;
	uint32_t ndown, cap_down;
	struct block_target *targets; /* owned: addresses became networks */
	unsigned nt;
	bool failed;
};

static void put(struct work *w, int which, const struct prefix *p,
		uint32_t origin)
{
	struct pile *x = &w->pile[which];

	if (x->n == x->cap) {
		uint32_t cap = x->cap ? x->cap * 2 : 1024;
		struct prefix *v = realloc(x->v, cap * sizeof(*v));
		uint32_t *o;

		if (v)
			x->v = v;
		o = v ? realloc(x->origin, cap * sizeof(*o)) : NULL;
		if (!o) {
			w->failed = true;
			return;
		}
		x->origin = o;
		x->cap = cap;
	}
	x->v[x->n] = *p;
	x->origin[x->n++] = origin;
}

static int by_number(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static uint32_t distinct(uint32_t *v, uint32_t n)
{
	uint32_t k = 0;

	if (n == 0)
		return 0;
	qsort(v, n, sizeof(*v), by_number);
	for (uint32_t i = 0; i < n; i++)
		if (v[i] != 0 && (i == 0 || v[i] != v[i - 1]))
			k++;
	return k;
}

static int by_prefix(const void *a, const void *b)
{
	return prefix_cmp(a, b);
}

static void total(struct pile *p, struct block_count *out)
{
	memset(out, 0, sizeof(*out));
	if (p->n == 0)
		return;
	qsort(p->v, p->n, sizeof(*p->v), by_prefix);
	for (uint32_t i = 0; i < p->n; i++)
		out->prefixes_v6 += p->v[i].fam == 6;
	out->prefixes = p->n - out->prefixes_v6;
	out->addresses = rib_v4_addresses(p->v, p->n);
	out->origins = distinct(p->origin, p->n);
}

/* The AS after at, towards the origin; 0 when at is the origin. */
static uint32_t after(struct path_view p, uint32_t at)
{
	if (p.segs) {
		bool found = false;

		for (unsigned i = 0; i < p.n; i += 1 + (p.w[i] & 0xffff))
			for (unsigned k = 1; k <= (p.w[i] & 0xffff); k++) {
				if (found && p.w[i + k] != at)
					return p.w[i + k];
				found |= p.w[i + k] == at;
			}
		return 0;
	}
	for (unsigned i = p.n; i-- > 0;)
		if (p.w[i] == at)
			return i + 1 < p.n ? p.w[i + 1] : 0;
	return 0;
}

/* A set of AS numbers, open addressing; 0 is "free". */
static void add_down(struct work *w, uint32_t asn)
{
	uint32_t mask, i;

	if (w->ndown * UINT64_C(2) >= w->cap_down) {
		uint32_t cap = w->cap_down ? w->cap_down * 2 : 1024;
		uint32_t *old = w->down, n = w->cap_down;
		uint32_t *v = calloc(cap, sizeof(*v));

		if (!v) {
			w->failed = true;
			return;
		}
		w->down = v;
		w->cap_down = cap;
		w->ndown = 0;
		for (i = 0; i < n; i++)
			if (old[i])
				add_down(w, old[i]);
		free(old);
	}
	mask = w->cap_down - 1;
	for (i = asn * 2654435761u & mask; w->down[i]; i = (i + 1) & mask)
		if (w->down[i] == asn)
			return;
	w->down[i] = asn;
	w->ndown++;
}

static bool meant(const struct work *w, const struct prefix *p, uint32_t origin)
{
	for (unsigned i = 0; i < w->nt; i++) {
		const struct block_target *t = &w->targets[i];

		if (t->prefix.fam ? prefix_covers(&t->prefix, p)
				  : t->asn == origin && origin != 0)
			return true;
	}
	return false;
}

/* What the peers say of one network. */
struct seen {
	unsigned routes, through;
	uint32_t origin, down;
};

static struct seen look(struct work *w, const struct rib_net *x)
{
	struct seen s = { 0 };

	for (unsigned i = 0; i < x->n; i++) {
		const struct rib_route *r = &x->routes[i];
		struct path_view p;
		uint32_t up, origin;

		if (!rib_active(w->rib, r) ||
		    w->rib->peers[r->peer].id.asn == w->at)
			continue;
		p = paths_get(w->rib->paths, r->path);
		origin = bgp_path_origin(p.w, p.n, p.segs, &up);
		s.routes++;
		if (bgp_path_has(p.w, p.n, p.segs, w->at)) {
			s.through++;
			s.origin = origin;
			s.down = after(p, w->at);
			if (s.down)
				add_down(w, s.down);
		} else if (!s.through) {
			s.origin = origin;
		}
	}
	return s;
}

static void walk(struct work *w, struct block_cost *out)
{
	for (uint32_t i = 0; i < w->rib->nnets; i++) {
		const struct rib_net *x = &w->rib->nets[i];
		struct seen s = look(w, x);
		bool target;

		if (s.routes == 0)
			continue;
		target = meant(w, &x->prefix, s.origin);
		if (target) {
			put(w, ASKED, &x->prefix, s.origin);
			if (s.routes > out->target_ases)
				out->target_ases = s.routes;
			if (s.through > out->target_through)
				out->target_through = s.through;
		}
		if (s.through == 0)
			continue;
		put(w, ALL, &x->prefix, s.origin);
		put(w, s.origin == w->at ? OWN : BEHIND, &x->prefix, s.origin);
		if (s.through == s.routes)
			put(w, ALWAYS, &x->prefix, s.origin);
		put(w, target ? TARGET : CUT, &x->prefix, s.origin);
	}
}

/* An address stands for the longest announced network that holds it. */
static void widen(struct work *w)
{
	for (unsigned i = 0; i < w->nt; i++) {
		struct prefix p = w->targets[i].prefix;

		if (p.fam == 0 || p.len != prefix_max(&p))
			continue;
		for (int len = p.len; len >= 0; len--) {
			uint32_t net;

			p.len = (uint8_t)len;
			prefix_mask(&p);
			net = rib_net(w->rib, &p, false);
			if (net == RIB_NONE ||
			    look(w, &w->rib->nets[net]).routes == 0)
				continue;
			w->targets[i].prefix = p;
			break;
		}
	}
	free(w->down); /* what these looks have put in */
	w->down = NULL;
	w->ndown = w->cap_down = 0;
}

static bool vantages(const struct rib *rib, uint32_t at, unsigned *n)
{
	uint8_t *seen = calloc(rib->nases ? rib->nases : 1, 1);

	if (!seen)
		return false;
	*n = 0;
	for (unsigned i = 0; i < rib->npeers; i++) {
		const struct rib_peer *p = &rib->peers[i];

		if (p->active[0] + p->active[1] == 0 || p->id.asn == at ||
		    seen[p->as_index])
			continue;
		seen[p->as_index] = 1;
		++*n;
	}
	free(seen);
	return true;
}

bool block_cost(struct rib *rib, uint32_t at, const struct block_target *t,
		unsigned nt, struct block_cost *out, struct err *e)
{
	struct work w = { .rib = rib, .at = at, .nt = nt };
	struct block_count *counts[PILES] = {
		&out->all,    &out->own, &out->behind, &out->always,
		&out->target, &out->cut, &out->asked,
	};

	memset(out, 0, sizeof(*out));
	out->at = at;
	w.targets = malloc((nt ? nt : 1) * sizeof(*t));
	w.failed = !w.targets || !vantages(rib, at, &out->vantages);
	if (!w.failed) {
		if (nt)
			memcpy(w.targets, t, nt * sizeof(*t));
		widen(&w);
		walk(&w, out);
	}
	for (int i = 0; i < PILES; i++) {
		total(&w.pile[i], counts[i]);
		free(w.pile[i].v);
		free(w.pile[i].origin);
	}
	out->downstream = w.ndown;
	if (out->asked.addresses)
		out->per_address = (double)out->all.addresses /
				   (double)out->asked.addresses;
	free(w.down);
	free(w.targets);
	if (w.failed)
		return err_set(e, ERR_MEMORY, "out of memory");
	return true;
}
