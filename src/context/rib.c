/* rib.c - see rib.h. */
#include "context/rib.h"

#include <stdlib.h>
#include <string.h>

#define SLAB	(1u << 20)
#define CLASSES 64 /* blocks of 4, 8, ... 256 routes; larger by malloc */

struct rib_store {
	uint32_t *net_slot; /* number + 1 */
	uint64_t nnet_slots;
	uint32_t *peer_slot;
	uint32_t npeer_slots;
	char *slab;
	size_t slab_left;
	char **slabs;
	unsigned nslabs, cap_slabs;
	struct rib_route *spare[CLASSES];
	uint64_t big_bytes;
};

struct rib *rib_new(struct err *e)
{
	struct rib *r = calloc(1, sizeof(*r));

	if (r) {
		r->paths = paths_new(NULL);
		r->store = calloc(1, sizeof(*r->store));
	}
	if (!r || !r->paths || !r->store)
		goto fail;
	r->store->nnet_slots = 1 << 12;
	r->store->npeer_slots = 1 << 17;
	r->store->net_slot = calloc(r->store->nnet_slots, sizeof(uint32_t));
	r->store->peer_slot = calloc(r->store->npeer_slots, sizeof(uint32_t));
	r->cap_nets = 1 << 10;
	r->nets = calloc(r->cap_nets, sizeof(*r->nets));
	r->as_of = calloc(RIB_MAX_PEERS, sizeof(*r->as_of));
	if (r->store->net_slot && r->store->peer_slot && r->nets && r->as_of)
		return r;
fail:
	rib_free(r);
	err_set(e, ERR_MEMORY, "out of memory");
	return NULL;
}

void rib_free(struct rib *r)
{
	if (!r)
		return;
	for (uint32_t i = 0; r->nets && i < r->nnets; i++)
		if (r->nets[i].cap > CLASSES * 4)
			free(r->nets[i].routes);
	if (r->store) {
		for (unsigned i = 0; i < r->store->nslabs; i++)
			free(r->store->slabs[i]);
		free(r->store->slabs);
		free(r->store->net_slot);
		free(r->store->peer_slot);
	}
	free(r->store);
	free(r->nets);
	free(r->peers);
	free(r->as_of);
	paths_free(r->paths);
	free(r);
}

static uint64_t hash_bytes(const void *p, size_t n, uint64_t h)
{
	const uint8_t *b = p;
	uint64_t w;

	for (; n >= 8; n -= 8, b += 8) {
		memcpy(&w, b, 8);
		h = (h ^ w) * UINT64_C(0x9e3779b97f4a7c15);
		h ^= h >> 29;
	}
	w = 0;
	memcpy(&w, b, n);
	h = (h ^ w) * UINT64_C(0xff51afd7ed558ccd);
	return h ^ h >> 32;
}

static unsigned as_index(struct rib *r, uint32_t asn)
{
	for (unsigned i = 0; i < r->nases; i++)
		if (r->as_of[i] == asn)
			return i;
	r->as_of[r->nases] = asn;
	return r->nases++;
}

bool rib_same_peer(const struct mrt_peer *a, const struct mrt_peer *b)
{
	return a->asn == b->asn && a->fam == b->fam &&
	       memcmp(a->ip, b->ip, a->fam == 4 ? 4 : 16) == 0;
}

uint32_t rib_peer(struct rib *r, unsigned collector, const struct mrt_peer *id,
		  unsigned slot)
{
	uint32_t mask = r->store->npeer_slots - 1, at;
	uint64_t h = hash_bytes(id->ip, id->fam == 4 ? 4 : 16,
				id->asn ^ (uint64_t)collector << 32 ^
					(uint64_t)slot << 48);
	struct rib_peer *p;

	for (; (at = r->store->peer_slot[h & mask]); h++) {
		p = &r->peers[at - 1];
		if (p->collector == collector && p->slot == slot &&
		    rib_same_peer(&p->id, id))
			return at - 1;
	}
	if (r->npeers == RIB_MAX_PEERS)
		return RIB_NONE;
	if (r->npeers == r->cap_peers) {
		unsigned cap = r->cap_peers ? r->cap_peers * 2 : 64;

		p = realloc(r->peers, cap * sizeof(*p));
		if (!p) {
			r->full = true;
			return RIB_NONE;
		}
		r->peers = p;
		r->cap_peers = cap;
	}
	p = &r->peers[r->npeers];
	memset(p, 0, sizeof(*p));
	p->id = *id;
	p->collector = (uint16_t)collector;
	p->slot = (uint16_t)slot;
	p->as_index = (uint16_t)as_index(r, id->asn);
	r->store->peer_slot[h & mask] = ++r->npeers;
	return r->npeers - 1;
}

static void grow_slots(struct rib *r)
{
	struct rib_store *s = r->store;
	uint64_t n = s->nnet_slots * 2;
	uint32_t *slot = calloc(n, sizeof(*slot));

	if (!slot)
		return;
	for (uint32_t i = 0; i < r->nnets; i++) {
		uint64_t h = hash_bytes(&r->nets[i].prefix,
					sizeof(struct prefix), 0);

		while (slot[h & (n - 1)])
			h++;
		slot[h & (n - 1)] = i + 1;
	}
	free(s->net_slot);
	s->net_slot = slot;
	s->nnet_slots = n;
}

static bool grow_nets(struct rib *r)
{
	uint32_t cap = r->cap_nets + r->cap_nets / 2;
	struct rib_net *nets;

	if (r->nnets < r->cap_nets)
		return true;
	nets = realloc(r->nets, cap * sizeof(*nets));
	if (!nets)
		return false;
	r->nets = nets;
	r->cap_nets = cap;
	return true;
}

uint32_t rib_net(struct rib *r, const struct prefix *p, bool make)
{
	struct rib_store *s = r->store;
	uint64_t h = hash_bytes(p, sizeof(*p), 0);
	uint32_t at;

	for (; (at = s->net_slot[h & (s->nnet_slots - 1)]); h++)
		if (memcmp(&r->nets[at - 1].prefix, p, sizeof(*p)) == 0)
			return at - 1;
	if (!make)
		return RIB_NONE;
	if (!grow_nets(r) || r->nnets + 2 >= s->nnet_slots) {
		r->full = true;
		return RIB_NONE;
	}
	memset(&r->nets[r->nnets], 0, sizeof(r->nets[0]));
	r->nets[r->nnets].prefix = *p;
	s->net_slot[h & (s->nnet_slots - 1)] = ++r->nnets;
	if (r->nnets * UINT64_C(3) > s->nnet_slots * 2)
		grow_slots(r);
	return r->nnets - 1;
}

static struct rib_route *take(struct rib_store *s, unsigned cap)
{
	unsigned class = cap / 4 - 1;
	size_t bytes = cap * sizeof(struct rib_route);
	struct rib_route *b;

	if (cap > CLASSES * 4) {
		s->big_bytes += bytes;
		return malloc(bytes);
	}
	if (s->spare[class]) {
		b = s->spare[class];
		memcpy(&s->spare[class], b, sizeof(void *));
		return b;
	}
	if (s->slab_left < bytes) {
		if (s->nslabs == s->cap_slabs) {
			unsigned n = s->cap_slabs ? s->cap_slabs * 2 : 64;
			char **v = realloc(s->slabs, n * sizeof(*v));

			if (!v)
				return NULL;
			s->slabs = v;
			s->cap_slabs = n;
		}
		s->slab = malloc(SLAB);
		if (!s->slab)
			return NULL;
		s->slabs[s->nslabs++] = s->slab;
		s->slab_left = SLAB;
	}
	b = (void *)(s->slab + (SLAB - s->slab_left));
	s->slab_left -= bytes;
	return b;
}

static void give(struct rib_store *s, struct rib_route *b, unsigned cap)
{
	unsigned class = cap / 4 - 1;

	if (cap == 0)
		return;
	if (cap > CLASSES * 4) {
		s->big_bytes -= cap * sizeof(*b);
		free(b);
		return;
	}
	memcpy(b, &s->spare[class], sizeof(void *));
	s->spare[class] = b;
}

static struct rib_route *add(struct rib *r, struct rib_net *net)
{
	struct rib_route *b;
	unsigned cap;

	if (net->n < net->cap)
		return &net->routes[net->n++];
	cap = net->cap < 64 ? net->cap + 4u : (net->cap + net->cap / 4u) & ~3u;
	if (cap > UINT16_MAX - 3)
		cap = UINT16_MAX - 3;
	b = net->n < cap ? take(r->store, cap) : NULL;
	if (!b) {
		r->full = true;
		return NULL;
	}
	if (net->n > 0)
		memcpy(b, net->routes, net->n * sizeof(*b));
	give(r->store, net->routes, net->cap);
	net->routes = b;
	net->cap = (uint16_t)cap;
	return &net->routes[net->n++];
}

struct rib_route *rib_find(struct rib *r, uint32_t net, uint32_t peer)
{
	struct rib_net *x = &r->nets[net];

	for (unsigned i = 0; i < x->n; i++)
		if (x->routes[i].peer == peer)
			return &x->routes[i];
	return NULL;
}

bool rib_set(struct rib *r, uint32_t net, uint32_t peer, uint32_t path,
	     uint32_t sec, struct rib_route *was)
{
	struct rib_peer *p = &r->peers[peer];
	struct rib_net *x = &r->nets[net];
	struct rib_route *route = rib_find(r, net, peer);
	unsigned fam = rib_family(&x->prefix);

	memset(was, 0, sizeof(*was));
	if (!route) {
		route = add(r, x);
		if (!route)
			return false;
		memset(route, 0, sizeof(*route));
		route->peer = (uint16_t)peer;
	} else if (rib_fresh(r, route)) {
		*was = *route;
	}
	p->active[fam] += (path != 0);
	p->active[fam] -= (was->path != 0);
	route->path = path;
	route->changed = sec;
	route->tag = (uint16_t)(p->epoch << 4 | (p->dump & 15));
	if (path) {
		p->spoke[fam] = true;
		if (!x->first_sec || sec < x->first_sec)
			x->first_sec = sec;
		if (sec > x->last_sec)
			x->last_sec = sec;
	}
	return true;
}

void rib_new_epoch(struct rib *r, uint32_t peer)
{
	struct rib_peer *p = &r->peers[peer];

	for (int f = 0; f < 2; f++) {
		if (p->active[f] > p->last_table[f] / 2)
			p->last_table[f] = p->active[f];
		p->active[f] = 0;
		p->complete[f] = false;
	}
	p->epoch++;
	if (p->epoch < 1u << 12)
		return;
	/* the number is used up: make all older ones the one never used */
	p->epoch = 1;
	for (uint32_t i = 0; i < r->nnets; i++) {
		struct rib_route *x = rib_find(r, i, peer);

		if (x)
			x->tag &= 15;
	}
}

/* The table a peer has or, while it is away or being sent, had. */
static uint32_t table_size(const struct rib_peer *p, int f)
{
	return p->active[f] > p->last_table[f] ? p->active[f]
					       : p->last_table[f];
}

void rib_full_feeds(struct rib *r, double share, uint32_t min)
{
	uint32_t largest[2] = { 0, 0 };
	unsigned i;
	int f;

	for (i = 0; i < r->npeers; i++)
		for (f = 0; f < 2; f++)
			if (table_size(&r->peers[i], f) > largest[f])
				largest[f] = table_size(&r->peers[i], f);
	for (i = 0; i < r->npeers; i++) {
		struct rib_peer *p = &r->peers[i];

		for (f = 0; f < 2; f++) {
			uint32_t n = table_size(p, f);

			p->eligible[f] =
				n > 0 && n >= min && n >= share * largest[f];
		}
	}
}

/* Puts the path of every live route into the new store; then, with change,
 * the routes take its numbers and the others forget theirs. */
static bool move_paths(struct rib *r, struct paths *to, struct bgp_path *path,
		       bool change)
{
	for (uint32_t i = 0; i < r->nnets; i++) {
		for (unsigned k = 0; k < r->nets[i].n; k++) {
			struct rib_route *x = &r->nets[i].routes[k];
			struct path_view v;
			uint32_t id = 0;

			if (rib_active(r, x)) {
				v = paths_get(r->paths, x->path);
				memcpy(path->w, v.w, v.n * sizeof(*v.w));
				path->n = (uint16_t)v.n;
				path->segs = v.segs;
				path->as_set = v.as_set;
				id = paths_put(to, path);
				if (id == 0)
					return false;
			}
			if (change)
				x->path = id;
		}
	}
	return true;
}

bool rib_tidy_paths(struct rib *r)
{
	struct bgp_path *path;
	struct paths *to;

	if (paths_bytes(r->paths) <= RIB_TIDY_BYTES ||
	    paths_count(r->paths) < 2 * r->tidy_count)
		return true;
	path = malloc(sizeof(*path));
	to = path ? paths_new(NULL) : NULL;
	if (!to || !move_paths(r, to, path, false)) {
		free(path);
		paths_free(to);
		return false;
	}
	move_paths(r, to, path, true);
	free(path);
	paths_free(r->paths);
	r->paths = to;
	r->tidy_count = paths_count(to);
	return true;
}

uint64_t rib_bytes(const struct rib *r)
{
	const struct rib_store *s = r->store;

	return (uint64_t)s->nslabs * SLAB + s->big_bytes + s->nnet_slots * 4 +
	       s->npeer_slots * UINT64_C(4) +
	       (uint64_t)r->cap_nets * sizeof(*r->nets) +
	       r->cap_peers * sizeof(*r->peers) + paths_bytes(r->paths);
}

/* p[] sorted by prefix_cmp(). */
uint64_t rib_v4_addresses(const struct prefix *p, uint32_t n)
{
	uint64_t total = 0, end = 0;

	for (uint32_t i = 0; i < n; i++) {
		uint64_t from, to;

		if (p[i].fam != 4)
			continue;
		from = get_be32(p[i].b);
		to = from + (UINT64_C(1) << (32 - p[i].len));
		if (from < end)
			from = end;
		if (to > from)
			total += to - from;
		if (to > end)
			end = to;
	}
	return total;
}
