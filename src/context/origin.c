/* origin.c - see origin.h. */
#include "context/origin.h"

#include <stdlib.h>
#include <string.h>

#include "context/lpm.h"

struct origin_query {
	struct rib *rib;
	uint32_t *stamp; /* per AS index: question that it has answered */
	uint32_t now;
	struct lpm *lpm;
	struct origin_brief *brief;
	struct origin_answer one; /* of summary() */
};

struct origin_query *origin_new(struct rib *rib, struct err *e)
{
	struct origin_query *q = calloc(1, sizeof(*q));

	if (q) {
		q->rib = rib;
		q->stamp = calloc(RIB_MAX_PEERS, sizeof(*q->stamp));
	}
	if (!q || !q->stamp) {
		origin_free(q);
		err_set(e, ERR_MEMORY, "out of memory");
		return NULL;
	}
	return q;
}

void origin_free(struct origin_query *q)
{
	if (!q)
		return;
	lpm_free(q->lpm);
	free(q->brief);
	free(q->stamp);
	free(q);
}

/* Peer ASes with at least one live route of a family (0 IPv4, 1 IPv6). */
static unsigned vantages(struct origin_query *q, unsigned fam)
{
	unsigned n = 0;

	q->now++;
	for (unsigned i = 0; i < q->rib->npeers; i++) {
		const struct rib_peer *p = &q->rib->peers[i];

		if (p->active[fam] == 0 || q->stamp[p->as_index] == q->now)
			continue;
		q->stamp[p->as_index] = q->now;
		n++;
	}
	return n;
}

static struct origin_claim *claim_of(struct origin_answer *a,
				     const struct prefix *p, uint32_t asn)
{
	for (unsigned i = 0; i < a->nclaims; i++)
		if (a->claim[i].asn == asn &&
		    prefix_cmp(&a->claim[i].prefix, p) == 0)
			return &a->claim[i];
	if (a->nclaims == ORIGIN_MAX) {
		a->left_out++;
		return NULL;
	}
	a->claim[a->nclaims] =
		(struct origin_claim){ .prefix = *p, .asn = asn };
	return &a->claim[a->nclaims++];
}

static void count_upstream(struct origin_answer *a, uint32_t asn)
{
	for (unsigned i = 0; i < a->nups; i++)
		if (a->up[i].asn == asn) {
			a->up[i].ases++;
			return;
		}
	if (a->nups < ORIGIN_MAX)
		a->up[a->nups++] = (struct origin_upstream){ asn, 1 };
}

/* The routes of one network answer for the peer ASes that have not yet. */
static void ask_net(struct origin_query *q, uint32_t net,
		    struct origin_answer *a)
{
	const struct rib_net *x = &q->rib->nets[net];

	for (unsigned i = 0; i < x->n; i++) {
		const struct rib_route *r = &x->routes[i];
		struct origin_claim *c;
		struct path_view p;
		uint32_t origin, up;

		if (!rib_active(q->rib, r) ||
		    q->stamp[q->rib->peers[r->peer].as_index] == q->now)
			continue;
		q->stamp[q->rib->peers[r->peer].as_index] = q->now;
		p = paths_get(q->rib->paths, r->path);
		origin = bgp_path_origin(p.w, p.n, p.segs, &up);
		a->sees++;
		count_upstream(a, up);
		c = claim_of(a, &x->prefix, origin);
		if (!c)
			continue;
		c->as_set |= p.as_set;
		c->ases++;
		if (!c->since || r->changed < c->since)
			c->since = r->changed;
		if (!c->path)
			c->path = r->path;
	}
}

/* How many peer ASes have the network, and the origin that most name. */
static void summary(struct origin_query *q, uint32_t net, uint32_t *asn,
		    unsigned *ases, unsigned *origins)
{
	struct origin_answer *a = &q->one;
	unsigned best = 0;

	memset(a, 0, sizeof(*a));
	*asn = 0;
	q->now++;
	ask_net(q, net, a);
	*ases = a->sees;
	*origins = a->nclaims;
	for (unsigned i = 0; i < a->nclaims; i++)
		if (a->claim[i].ases > best) {
			best = a->claim[i].ases;
			*asn = a->claim[i].asn;
		}
}

static void relate(struct origin_query *q, const struct prefix *target,
		   struct origin_answer *a)
{
	const struct prefix *top = target;

	/* all of the table is inside a default route: that says nothing */
	for (unsigned i = 0; i < a->nclaims && top == target; i++)
		if (a->claim[i].prefix.len > 0)
			top = &a->claim[i].prefix;
	for (uint32_t i = 0; i < q->rib->nnets; i++) {
		const struct prefix *p = &q->rib->nets[i].prefix;
		bool less = p->len < top->len && prefix_covers(p, top);
		bool more = p->len > top->len && prefix_covers(top, p);
		struct origin_related rel = { .prefix = *p };
		unsigned origins;

		if (!less && !more)
			continue;
		summary(q, i, &rel.asn, &rel.ases, &origins);
		if (rel.ases == 0)
			continue;
		if (less && a->nless < ORIGIN_MAX)
			a->less[a->nless++] = rel;
		a->more_total += more;
		if (more && a->nmore < ORIGIN_MAX)
			a->more[a->nmore++] = rel;
	}
}

static int claim_order(const void *pa, const void *pb)
{
	const struct origin_claim *a = pa, *b = pb;

	if (a->ases != b->ases)
		return a->ases > b->ases ? -1 : 1;
	if (a->prefix.len != b->prefix.len)
		return a->prefix.len > b->prefix.len ? -1 : 1;
	return (a->asn > b->asn) - (a->asn < b->asn);
}

static int up_order(const void *pa, const void *pb)
{
	const struct origin_upstream *a = pa, *b = pb;

	if (a->ases != b->ases)
		return a->ases > b->ases ? -1 : 1;
	return (a->asn > b->asn) - (a->asn < b->asn);
}

static int related_order(const void *pa, const void *pb)
{
	const struct origin_related *a = pa, *b = pb;

	return prefix_cmp(&a->prefix, &b->prefix);
}

void origin_ask(struct origin_query *q, const struct prefix *target,
		bool related, struct origin_answer *out)
{
	struct prefix p = *target;

	memset(out, 0, sizeof(*out));
	out->vantages = vantages(q, rib_family(target));
	q->now++;
	for (int len = target->len; len >= 0; len--) {
		uint32_t net;

		p.len = (uint8_t)len;
		prefix_mask(&p);
		net = rib_net(q->rib, &p, false);
		if (net == RIB_NONE)
			continue;
		ask_net(q, net, out);
		if (out->sees && !out->first_sec) {
			out->first_sec = q->rib->nets[net].first_sec;
			out->last_sec = q->rib->nets[net].last_sec;
		}
	}
	qsort(out->claim, out->nclaims, sizeof(out->claim[0]), claim_order);
	qsort(out->up, out->nups, sizeof(out->up[0]), up_order);
	if (!related)
		return;
	relate(q, target, out);
	qsort(out->less, out->nless, sizeof(out->less[0]), related_order);
	qsort(out->more, out->nmore, sizeof(out->more[0]), related_order);
}

bool origin_index(struct origin_query *q, struct err *e)
{
	struct rib *rib = q->rib;
	uint8_t *skip = calloc(rib->nnets ? rib->nnets : 1, 1);

	q->brief = calloc(rib->nnets ? rib->nnets : 1, sizeof(*q->brief));
	if (!skip || !q->brief) {
		free(skip);
		return err_set(e, ERR_MEMORY, "out of memory");
	}
	for (uint32_t i = 0; i < rib->nnets; i++) {
		const struct rib_net *x = &rib->nets[i];
		unsigned k = 0;

		while (k < x->n && !rib_active(rib, &x->routes[k]))
			k++;
		skip[i] = k == x->n;
	}
	lpm_free(q->lpm);
	q->lpm = lpm_new(&rib->nets[0].prefix, sizeof(rib->nets[0]), rib->nnets,
			 skip, e);
	free(skip);
	return q->lpm != NULL;
}

uint32_t origin_find(const struct origin_query *q, const struct addr *a)
{
	return lpm_find(q->lpm, a);
}

#define AHEAD 16 /* paths fetched before they are read */

/* Origins of the routes of one network, without the rest of an answer. */
static void brief_of(struct origin_query *q, uint32_t net,
		     struct origin_brief *b)
{
	const struct rib_net *x = &q->rib->nets[net];
	uint32_t asn[16], up;
	unsigned count[16], n = 0, k, best = 0;

	q->now++;
	for (unsigned i = 0; i < x->n; i++) {
		const struct rib_route *r = &x->routes[i];
		struct path_view p;

		if (i + AHEAD < x->n)
			__builtin_prefetch(paths_get_head(
				q->rib->paths, x->routes[i + AHEAD].path));
		if (!rib_active(q->rib, r) ||
		    q->stamp[q->rib->peers[r->peer].as_index] == q->now)
			continue;
		q->stamp[q->rib->peers[r->peer].as_index] = q->now;
		b->ases++;
		p = paths_get(q->rib->paths, r->path);
		up = !p.segs ? p.n ? p.w[p.n - 1] : 0
			     : bgp_path_origin(p.w, p.n, p.segs, &up);
		for (k = 0; k < n && asn[k] != up; k++)
			;
		if (k == n && n < 16) {
			asn[n] = up;
			count[n++] = 0;
		}
		if (k < n)
			count[k]++;
	}
	for (k = 1; k < n; k++)
		if (count[k] > count[best])
			best = k;
	b->asn = n ? asn[best] : 0;
	b->origins = (uint16_t)n;
}

const struct origin_brief *origin_brief(struct origin_query *q, uint32_t net)
{
	struct origin_brief *b = &q->brief[net];

	if (b->origins == 0)
		brief_of(q, net, b);
	return b;
}
