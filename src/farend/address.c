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

static uint32_t bucket(const struct farend *f, const struct addr *a)
{
	uint64_t h = (a->w[0] ^ a->w[1] * UINT64_C(0x9e3779b97f4a7c15)) *
		     UINT64_C(0xbf58476d1ce4e5b9);

	return (uint32_t)((h ^ h >> 31) >> 16) & f->mask;
}

struct fe_address *fe_address_get(struct farend *f, const struct addr *a,
				  bool create)
{
	uint32_t i = bucket(f, a);
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
	__builtin_prefetch(&f->index[bucket(f, a)]);
}

void fe_address_prefetch(const struct farend *f, const struct addr *a)
{
	uint32_t i = f->index[bucket(f, a)];
	const char *p;

	if (i == 0)
		return;
	p = (const char *)&f->addresses[i - 1];
	__builtin_prefetch(p);
	__builtin_prefetch(p + sizeof(struct fe_address) - 1);
}

/* Which of the summaries gives way; seen counts the new one. */
static uint64_t draw(const struct fe_address *a)
{
	struct num_rng r = { a->address.w[0] ^
			     (a->address.w[1] * UINT64_C(0x9e3779b97f4a7c15)) };

	r = (struct num_rng){ num_rng_next(&r) ^ (a->seen - 1) };
	return num_rng_below(&r, a->seen);
}

struct fe_summary *fe_address_room(struct farend *f, struct fe_address *a)
{
	uint64_t pick;
	uint32_t at;

	a->seen++;
	if (a->kept < KEEP && f->pool_used < f->pool_size) {
		at = f->pool_used++;
		f->next[at] = a->head;
		a->head = at;
		a->kept++;
		return &f->pool[at];
	}
	if (a->kept < KEEP) {
		a->dropped = true;
		f->stats.summary_dropped++;
	}
	pick = draw(a);
	if (pick >= a->kept)
		return NULL;
	for (at = a->head; pick > 0; pick--)
		at = f->next[at];
	return &f->pool[at];
}

void fe_address_add(struct farend *f, struct fe_address *a,
		    const struct fe_summary *s)
{
	struct fe_summary *to = fe_address_room(f, a);

	if (to != NULL)
		*to = *s;
}
