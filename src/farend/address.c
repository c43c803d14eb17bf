/*
 * address.c - bounded table of addresses, bounded pool of summaries.
 *
 * An address keeps at most KEEP summaries, a reservoir sample (Vitter's
 * algorithm R) drawn by a generator that the address itself seeds: the same
 * capture gives the same sample.  A source without a handshake may use only
 * half of the table, so that a flood of forged SYNs leaves room.
 */
#include "farend/track.h"

#include <string.h>

#define KEEP (FAREND_CONNS * 4)

static uint64_t addr_hash(const struct addr *a)
{
	struct num_rng r = { a->w[0] ^
			     (a->w[1] * UINT64_C(0x9e3779b97f4a7c15)) };

	return num_rng_next(&r);
}

struct fe_address *fe_address_get(struct farend *f, const struct addr *a,
				  bool create)
{
	uint32_t i = (uint32_t)addr_hash(a) & f->mask;
	struct fe_address *r;

	for (; f->index[i] != 0; i = (i + 1) & f->mask) {
		r = &f->addresses[f->index[i] - 1];
		if (addr_eq(&r->address, a))
			return r;
	}
	if (!create || f->n_addresses == f->max_addresses)
		return NULL;
	r = &f->addresses[f->n_addresses++];
	memset(r, 0, sizeof(*r));
	r->address = *a;
	r->head = FE_NONE;
	f->index[i] = f->n_addresses;
	return r;
}

void fe_address_prefetch_bucket(const struct farend *f, const struct addr *a)
{
	__builtin_prefetch(&f->index[(uint32_t)addr_hash(a) & f->mask]);
}

void fe_address_prefetch(const struct farend *f, const struct addr *a)
{
	uint32_t i = f->index[(uint32_t)addr_hash(a) & f->mask];
	const char *p;

	if (i == 0)
		return;
	p = (const char *)&f->addresses[i - 1];
	__builtin_prefetch(p);
	__builtin_prefetch(p + sizeof(struct fe_address) - 1);
}

void fe_address_add(struct farend *f, struct fe_address *a,
		    const struct fe_summary *s)
{
	struct num_rng r = { addr_hash(&a->address) ^ a->seen };
	struct fe_summary *to;
	uint64_t pick;
	uint32_t at;

	a->seen++;
	if (a->kept < KEEP && f->pool_used < f->pool_size) {
		to = &f->pool[f->pool_used];
		*to = *s;
		to->next = a->head;
		a->head = f->pool_used++;
		a->kept++;
		return;
	}
	if (a->kept < KEEP) {
		a->dropped = true;
		f->stats.summary_dropped++;
	}
	pick = num_rng_below(&r, a->seen);
	if (pick >= a->kept)
		return;
	for (at = a->head; pick > 0; pick--)
		at = f->pool[at].next;
	to = &f->pool[at];
	at = to->next;
	*to = *s;
	to->next = at;
}
