/* visible.c - see visible.h.  The same peers count as in outage.c. */
#include "context/visible.h"

#include <stdlib.h>

#include "context/outage.h"

#define FIRST_LEN 8 /* shorter networks are default routes and errors */

struct visible {
	const struct replay *r;
	uint64_t *stamp; /* per AS index */
	uint64_t now;
	uint8_t *counts; /* per peer: bits of families */
	unsigned known[2];
};

struct visible *visible_new(const struct replay *r, struct err *e)
{
	struct visible *v = calloc(1, sizeof(*v));

	if (v) {
		v->r = r;
		v->stamp = calloc(RIB_MAX_PEERS, sizeof(*v->stamp));
		v->counts = calloc(RIB_MAX_PEERS, 1);
	}
	if (!v || !v->stamp || !v->counts) {
		visible_free(v);
		err_set(e, ERR_MEMORY, "out of memory");
		return NULL;
	}
	return v;
}

void visible_free(struct visible *v)
{
	if (!v)
		return;
	free(v->stamp);
	free(v->counts);
	free(v);
}

void visible_refresh(struct visible *v)
{
	struct rib *rib = v->r->rib;

	rib_full_feeds(rib, outage_defaults.feed_share,
		       outage_defaults.feed_min);
	for (unsigned f = 0; f < 2; f++) {
		v->known[f] = 0;
		v->now++;
		for (uint32_t i = 0; i < rib->npeers; i++) {
			const struct rib_peer *p = &rib->peers[i];
			uint8_t bit = (uint8_t)(1u << f);

			v->counts[i] &= (uint8_t)~bit;
			if (!p->eligible[f] ||
			    !replay_complete(p, f, v->r->now))
				continue;
			v->counts[i] |= bit;
			v->known[f] += v->stamp[p->as_index] != v->now;
			v->stamp[p->as_index] = v->now;
		}
	}
}

int visible_permille(struct visible *v, const struct addr *a)
{
	struct rib *rib = v->r->rib;
	struct prefix p = prefix_of_addr(a);
	unsigned f = rib_family(&p), seen = 0;

	if (v->known[f] == 0)
		return -1;
	v->now++;
	for (int len = p.len; len >= FIRST_LEN; len--) {
		uint32_t net;

		p.len = (uint8_t)len;
		prefix_mask(&p);
		net = rib_net(rib, &p, false);
		for (unsigned i = 0; net != RIB_NONE && i < rib->nets[net].n;
		     i++) {
			const struct rib_route *x = &rib->nets[net].routes[i];
			unsigned as = rib->peers[x->peer].as_index;

			if (!(v->counts[x->peer] & 1u << f) ||
			    !rib_active(rib, x) || v->stamp[as] == v->now)
				continue;
			v->stamp[as] = v->now;
			seen++;
		}
	}
	return (int)(seen * 1000 / v->known[f]);
}
