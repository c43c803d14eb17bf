/* index.c - see index.h. */
#include "relay/index.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define RING	      8 /* latest onsets towards a busy host */
#define LAG_MAX_US    INT64_C(2560000)
#define ALL_PAIRS     24 /* active connections up to which all are tried */
#define COINC_BITS    16
#define COINC_WAYS    4
#define OPEN_WEIGHT   48 /* 16ths: three unambiguous coincidences */
#define OPEN_SHARE    5	 /* and a fifth of the onsets */
#define HOSTS_MIN     (1u << 16)
#define BUCKETS_FIRST 4096u /* in use at the start */

struct onset {
	int64_t us;
	uint32_t slot;
	uint32_t id;
};

struct ring {
	struct onset o[RING];
	uint32_t n;
};

struct slot_info {	  /* of every connection */
	uint32_t host[2]; /* of its ends */
	uint32_t id;
	bool active;
};
_Static_assert(sizeof(struct slot_info) == 16, "four in a cache line");

struct node { /* of an active connection; untouched memory before */
	struct {
		uint32_t prev, next; /* slot * 2 + end, in the host's list */
	} end[2];
	uint32_t candidates; /* list head */
};

struct coincidence {
	uint32_t id[2];	 /* smaller first; 0 = free */
	uint16_t weight; /* 16ths */
	uint16_t onsets;
};

struct relay_index {
	struct host *hosts;
	uint32_t *buckets; /* host + 1 */
	uint32_t max_hosts;
	uint32_t mask, mask_max; /* of the buckets: in use, reserved */
	struct slot_info *slots;
	struct node *nodes;
	uint32_t max_slots;
	struct ring *rings;
	uint32_t max_rings, rings_used, free_ring;
	struct candidate *cands;
	uint32_t max_cands, cands_high, free_cand;
	struct coincidence *coinc;
	struct index_stats stats;
	index_judge_fn judge;
	void *arg;
};

static uint64_t addr_hash(const struct addr *a)
{
	uint64_t h = a->w[0] * UINT64_C(0x9e3779b97f4a7c15) ^
		     a->w[1] * UINT64_C(0xc2b2ae3d27d4eb4f);

	h ^= h >> 31;
	h *= UINT64_C(0xbf58476d1ce4e5b9);
	return h ^ h >> 29;
}

struct relay_index *relay_index_new(uint32_t max_conns, uint32_t max_pairs,
				    index_judge_fn judge, void *arg,
				    struct err *e)
{
	struct relay_index *x = calloc(1, sizeof(*x));
	uint32_t buckets = 1;

	if (x == NULL)
		goto fail;
	x->max_hosts = max_conns < HOSTS_MIN ? HOSTS_MIN : max_conns;
	while (buckets < x->max_hosts + x->max_hosts / 2)
		buckets *= 2;
	x->mask_max = buckets - 1;
	x->mask = BUCKETS_FIRST - 1; /* < buckets: there are HOSTS_MIN */
	x->max_slots = max_conns;
	x->max_rings = x->max_hosts / 16;
	x->max_cands = max_pairs;
	x->free_ring = x->free_cand = INDEX_NONE;
	x->judge = judge;
	x->arg = arg;
	x->hosts = mem_map((size_t)x->max_hosts * sizeof(struct host));
	x->buckets = mem_map((size_t)buckets * sizeof(uint32_t));
	x->slots = mem_map((size_t)max_conns * sizeof(struct slot_info));
	x->nodes = mem_map((size_t)max_conns * sizeof(struct node));
	x->rings = mem_map((size_t)x->max_rings * sizeof(struct ring));
	x->cands = mem_map((size_t)max_pairs * sizeof(struct candidate));
	x->coinc =
		mem_map(sizeof(struct coincidence) * COINC_WAYS << COINC_BITS);
	if (x->hosts && x->buckets && x->slots && x->nodes && x->rings &&
	    x->cands && x->coinc)
		return x;
fail:
	relay_index_free(x);
	err_set(e, ERR_MEMORY, "no memory for hosts and candidate pairs");
	return NULL;
}

void relay_index_free(struct relay_index *x)
{
	if (x == NULL)
		return;
	mem_unmap(x->hosts, (size_t)x->max_hosts * sizeof(struct host));
	mem_unmap(x->buckets, ((size_t)x->mask_max + 1) * sizeof(uint32_t));
	mem_unmap(x->slots, (size_t)x->max_slots * sizeof(struct slot_info));
	mem_unmap(x->nodes, (size_t)x->max_slots * sizeof(struct node));
	mem_unmap(x->rings, (size_t)x->max_rings * sizeof(struct ring));
	mem_unmap(x->cands, (size_t)x->max_cands * sizeof(struct candidate));
	mem_unmap(x->coinc,
		  sizeof(struct coincidence) * COINC_WAYS << COINC_BITS);
	free(x);
}

/* Doubles the buckets in use: few hosts touch little memory. */
static void grow_buckets(struct relay_index *x)
{
	memset(x->buckets, 0, ((size_t)x->mask + 1) * sizeof(*x->buckets));
	x->mask = x->mask * 2 + 1;
	for (uint32_t h = 0; h < x->stats.hosts; h++) {
		uint32_t i = (uint32_t)addr_hash(&x->hosts[h].addr) & x->mask;

		while (x->buckets[i] != 0)
			i = (i + 1) & x->mask;
		x->buckets[i] = h + 1;
	}
}

/* The record of an address; INDEX_NONE when there is no room. */
static uint32_t host_of(struct relay_index *x, const struct addr *a)
{
	uint32_t i = (uint32_t)addr_hash(a) & x->mask, h;

	for (; x->buckets[i] != 0; i = (i + 1) & x->mask) {
		h = x->buckets[i] - 1;
		if (addr_eq(&x->hosts[h].addr, a))
			return h;
	}
	if (x->stats.hosts == x->max_hosts) {
		x->stats.hosts_refused++;
		return INDEX_NONE;
	}
	h = x->stats.hosts++;
	x->buckets[i] = h + 1;
	x->hosts[h] = (struct host){ .addr = *a,
				     .head = INDEX_NONE,
				     .ring = INDEX_NONE,
				     .next_same = h };
	if (h > x->mask / 2 && x->mask < x->mask_max)
		grow_buckets(x);
	return h;
}

bool relay_index_join(struct relay_index *x, const struct addr *a,
		      const struct addr *b)
{
	uint32_t h = host_of(x, a), g = host_of(x, b);

	if (h == INDEX_NONE || g == INDEX_NONE)
		return false;
	x->hosts[g].next_same = x->hosts[h].next_same;
	return true;
}

void relay_index_prefetch_buckets(const struct relay_index *x,
				  const struct conn *c)
{
	__builtin_prefetch(&x->buckets[(uint32_t)addr_hash(&c->src) & x->mask]);
	__builtin_prefetch(&x->buckets[(uint32_t)addr_hash(&c->dst) & x->mask]);
}

/* Inlined by order: gcc drops calls of what only prefetches. */
static inline __attribute__((always_inline)) void prefetch_host(
	const struct relay_index *x, const struct addr *a)
{
	uint32_t h = x->buckets[(uint32_t)addr_hash(a) & x->mask];

	if (h != 0)
		__builtin_prefetch(&x->hosts[h - 1]);
}

void relay_index_prefetch_hosts(const struct relay_index *x,
				const struct conn *c)
{
	prefetch_host(x, &c->src);
	prefetch_host(x, &c->dst);
}

void relay_index_open(struct relay_index *x, uint32_t slot,
		      const struct conn *c)
{
	struct slot_info *s = &x->slots[slot];
	const struct addr *a[2] = { &c->src, &c->dst };

	*s = (struct slot_info){ .id = c->id };
	for (int e = 0; e < 2; e++) {
		uint32_t h = host_of(x, a[e]);

		if (h != INDEX_NONE) {
			x->hosts[h].conns++;
			h = x->hosts[h].next_same;
		}
		s->host[e] = h;
	}
}

static uint32_t take_candidate(struct relay_index *x)
{
	uint32_t k;

	if (x->free_cand != INDEX_NONE) {
		k = x->free_cand;
		x->free_cand = x->cands[k].next[0];
		return k;
	}
	return x->cands_high < x->max_cands ? x->cands_high++ : INDEX_NONE;
}

static bool already(const struct relay_index *x, uint32_t a, uint32_t b,
		    uint32_t host)
{
	for (uint32_t k = x->nodes[a].candidates; k != INDEX_NONE;) {
		const struct candidate *c = &x->cands[k];

		if (c->host == host && (c->slot[0] == b || c->slot[1] == b))
			return true;
		k = c->next[c->slot[0] == a ? 0 : 1];
	}
	return false;
}

static void open_candidate(struct relay_index *x, uint32_t a, uint8_t end_a,
			   uint32_t b, uint8_t end_b)
{
	uint32_t host = x->slots[a].host[end_a], k;
	bool swap = x->slots[b].id < x->slots[a].id;

	/* there and back between the same two hosts is no springboard */
	if (x->slots[a].host[!end_a] == x->slots[b].host[!end_b] ||
	    already(x, a, b, host))
		return;
	k = take_candidate(x);
	if (k == INDEX_NONE) {
		x->stats.refused++;
		x->hosts[host].flags |= HOST_OVERFLOW;
		return;
	}
	x->stats.opened++;
	x->cands[k] = (struct candidate){
		.slot = { swap ? b : a, swap ? a : b },
		.end = { swap ? end_b : end_a, swap ? end_a : end_b },
		.host = host,
	};
	for (int i = 0; i < 2; i++) {
		struct node *d = &x->nodes[x->cands[k].slot[i]];

		x->cands[k].next[i] = d->candidates;
		d->candidates = k;
	}
}

static void give_ring(struct relay_index *x, struct host *h)
{
	if (x->free_ring != INDEX_NONE) {
		h->ring = x->free_ring;
		x->free_ring = x->rings[h->ring].n;
	} else if (x->rings_used < x->max_rings) {
		h->ring = x->rings_used++;
	} else {
		h->flags |= HOST_OVERFLOW;
		return;
	}
	x->rings[h->ring].n = 0;
}

static void join_host(struct relay_index *x, uint32_t slot, int e)
{
	struct node *d = &x->nodes[slot];
	struct host *h = &x->hosts[x->slots[slot].host[e]];
	uint32_t node = slot * 2 + (uint32_t)e, other;

	for (other = h->head; other != INDEX_NONE && h->active <= ALL_PAIRS;
	     other = x->nodes[other / 2].end[other & 1].next)
		if (other / 2 != slot)
			open_candidate(x, slot, (uint8_t)e, other / 2,
				       (uint8_t)(other & 1));
	x->stats.eligible += 2 * (uint64_t)h->active;
	h->eligible += 2 * h->active;
	if (h->active >= ALL_PAIRS && h->ring == INDEX_NONE) {
		h->flags |= HOST_SAMPLED;
		give_ring(x, h);
	}
	d->end[e].prev = INDEX_NONE;
	d->end[e].next = h->head;
	if (h->head != INDEX_NONE)
		x->nodes[h->head / 2].end[h->head & 1].prev = node;
	h->head = node;
	h->active++;
}

static void leave_host(struct relay_index *x, uint32_t slot, int e)
{
	const uint32_t prev = x->nodes[slot].end[e].prev;
	const uint32_t next = x->nodes[slot].end[e].next;
	struct host *h = &x->hosts[x->slots[slot].host[e]];

	if (prev != INDEX_NONE)
		x->nodes[prev / 2].end[prev & 1].next = next;
	else
		h->head = next;
	if (next != INDEX_NONE)
		x->nodes[next / 2].end[next & 1].prev = prev;
	h->active--;
	if (h->active == 0 && h->ring != INDEX_NONE) {
		x->rings[h->ring].n = x->free_ring;
		x->free_ring = h->ring;
		h->ring = INDEX_NONE;
	}
}

void relay_index_activate(struct relay_index *x, uint32_t slot)
{
	struct slot_info *s = &x->slots[slot];

	if (s->active)
		return;
	s->active = true;
	x->nodes[slot].candidates = INDEX_NONE;
	for (int e = 0; e < 2; e++)
		if (s->host[e] != INDEX_NONE)
			join_host(x, slot, e);
}

bool relay_index_is_active(const struct relay_index *x, uint32_t slot)
{
	return x->slots[slot].active;
}

/* The counter of a pair of connections; the weakest of its bucket makes room.
 */
static struct coincidence *coincidence_of(struct relay_index *x, uint32_t a,
					  uint32_t b)
{
	uint32_t lo = a < b ? a : b, hi = a < b ? b : a;
	uint64_t h = ((uint64_t)lo << 32 | hi) * UINT64_C(0x9e3779b97f4a7c15);
	struct coincidence *c =
		&x->coinc[(h >> (64 - COINC_BITS)) * COINC_WAYS];
	struct coincidence *victim = c;

	for (int i = 0; i < COINC_WAYS; i++) {
		if (c[i].id[0] == lo && c[i].id[1] == hi)
			return &c[i];
		if (c[i].weight < victim->weight)
			victim = &c[i];
	}
	*victim = (struct coincidence){ .id = { lo, hi } };
	return victim;
}

/* Payload left a busy host: which connection brought some just before? */
static void match_onset(struct relay_index *x, uint32_t slot, int e,
			struct host *h, int64_t us)
{
	const struct ring *r = &x->rings[h->ring];
	uint32_t n = r->n < RING ? r->n : RING;

	for (uint32_t i = 1; i <= n; i++) {
		const struct onset *o = &r->o[(r->n - i) % RING];
		struct slot_info *s = &x->slots[o->slot];
		struct coincidence *c;

		if (us - o->us > LAG_MAX_US)
			break;
		if (o->slot == slot || s->id != o->id || !s->active)
			continue;
		c = coincidence_of(x, x->slots[slot].id, o->id);
		if (c->onsets < UINT16_MAX) {
			c->onsets++;
			c->weight = (uint16_t)(c->weight + 16 / i);
		}
		if (c->weight >= OPEN_WEIGHT &&
		    c->weight * OPEN_SHARE >= c->onsets * 16) {
			int f = s->host[0] == x->slots[slot].host[e] ? 0 : 1;

			open_candidate(x, slot, (uint8_t)e, o->slot,
				       (uint8_t)f);
		}
	}
}

void relay_index_onset(struct relay_index *x, uint32_t slot, int dir,
		       int64_t us)
{
	struct slot_info *s = &x->slots[slot];

	if (!s->active)
		return;
	for (int e = 0; e < 2; e++) {
		struct host *h;
		struct ring *r;

		if (s->host[e] == INDEX_NONE)
			continue;
		h = &x->hosts[s->host[e]];
		if (h->ring == INDEX_NONE)
			continue;
		if (e == dir) { /* src sent and is end 0: away from the host */
			match_onset(x, slot, e, h, us);
			continue;
		}
		r = &x->rings[h->ring];
		r->o[r->n++ % RING] = (struct onset){ us, slot, s->id };
	}
}

static void unlink_from(struct relay_index *x, uint32_t slot, uint32_t k)
{
	uint32_t *p = &x->nodes[slot].candidates;

	while (*p != k) {
		struct candidate *c = &x->cands[*p];

		p = &c->next[c->slot[0] == slot ? 0 : 1];
	}
	*p = x->cands[k].next[x->cands[k].slot[0] == slot ? 0 : 1];
}

void relay_index_prefetch_slot(const struct relay_index *x, uint32_t slot)
{
	__builtin_prefetch(&x->slots[slot]);
}

void relay_index_prefetch_ends(const struct relay_index *x, uint32_t slot)
{
	const struct slot_info *s = &x->slots[slot];

	for (int e = 0; e < 2; e++)
		if (s->host[e] < x->max_hosts) {
			const char *h = (const char *)&x->hosts[s->host[e]];

			__builtin_prefetch(h);
			__builtin_prefetch(h + sizeof(struct host) - 1);
		}
	if (s->active)
		__builtin_prefetch(&x->nodes[slot]);
}

void relay_index_release(struct relay_index *x, uint32_t slot,
			 const struct conn *c, const struct conn_cold *cold)
{
	struct slot_info *s = &x->slots[slot];

	while (s->active && x->nodes[slot].candidates != INDEX_NONE) {
		uint32_t k = x->nodes[slot].candidates;
		struct candidate *d = &x->cands[k];

		x->judge(x->arg, d);
		unlink_from(x, d->slot[0], k);
		unlink_from(x, d->slot[1], k);
		*d = (struct candidate){ .next = { x->free_cand } }; /* free */
		x->free_cand = k;
	}
	for (int e = 0; e < 2; e++) {
		struct host *h;
		bool both = c->side[0].packets > 0 && c->side[1].packets > 0;

		if (s->host[e] == INDEX_NONE)
			continue;
		h = &x->hosts[s->host[e]];
		if (s->active)
			leave_host(x, slot, e);
		h->gaps += cold->gaps[0] + cold->gaps[1];
		h->data_packets +=
			c->side[0].data_packets + c->side[1].data_packets;
		h->flags |= both ? HOST_TWO_WAY : HOST_ONE_WAY;
		if (c->side[0].data_packets > 0 || c->side[1].data_packets > 0)
			h->flags |= e == 0 ? HOST_OPENED : HOST_ACCEPTED;
		if (c->flags & CONN_EVICTED)
			h->flags |= HOST_OVERFLOW;
	}
	s->active = false;
	s->id = 0;
}

void relay_index_each(const struct relay_index *x, index_judge_fn fn, void *arg)
{
	for (uint32_t k = 0; k < x->cands_high; k++) {
		const struct candidate *c = &x->cands[k];

		if (c->slot[0] != c->slot[1])
			fn(arg, c);
	}
}

size_t relay_index_others(const struct relay_index *x, uint32_t host,
			  const uint32_t not_slot[2], uint32_t *slots,
			  uint8_t *ends, size_t max)
{
	uint32_t node = x->hosts[host].head;
	size_t n = 0;

	for (; node != INDEX_NONE && n < max;
	     node = x->nodes[node / 2].end[node & 1].next) {
		if (node / 2 == not_slot[0] || node / 2 == not_slot[1])
			continue;
		slots[n] = node / 2;
		ends[n++] = (uint8_t)(node & 1);
	}
	return n;
}

const struct host *relay_index_host(const struct relay_index *x, uint32_t h)
{
	return &x->hosts[h];
}

const struct index_stats *relay_index_stats(const struct relay_index *x)
{
	return &x->stats;
}
