/*
 * prefix.c - hop counts by network, for the spoof ladder (Jin, Wang, Shin,
 * CCS 2003: hop-count filtering).
 *
 * Only completed handshakes teach: whoever finished one held the return path.
 * One range per /24 or /48, in a table of fixed size; a network that finds
 * no place is counted.  Wrong when a network's routes change or its hosts
 * lie behind each other: the range then grows and says less.
 */
#include "base/rd.h"
#include "farend/track.h"

enum { PROBES = 8 };

static uint64_t key_of(const struct addr *a)
{
	if (addr_is_v4(a))
		return UINT64_C(1) << 24 | get_be32(a->b + 12) >> 8;
	return UINT64_C(1) << 48 | get_be64(a->b) >> 16;
}

static uint32_t place(uint64_t key)
{
	struct num_rng r = { key };

	return (uint32_t)(num_rng_next(&r) % FE_PREFIXES);
}

void fe_prefix_add(struct fe_prefix *table, const struct addr *a, uint8_t hops,
		   struct farend_stats *st)
{
	uint64_t key = key_of(a);
	uint32_t at = place(key);

	for (int i = 0; i < PROBES; i++, at = (at + 1) % FE_PREFIXES) {
		struct fe_prefix *p = &table[at];

		if (p->key == 0)
			*p = (struct fe_prefix){ key, 0, hops, hops };
		if (p->key != key)
			continue;
		p->n++;
		p->low = hops < p->low ? hops : p->low;
		p->high = hops > p->high ? hops : p->high;
		return;
	}
	st->prefix_overflow++;
}

const struct fe_prefix *fe_prefix_find(const struct fe_prefix *table,
				       const struct addr *a)
{
	uint64_t key = key_of(a);
	uint32_t at = place(key);

	for (int i = 0; i < PROBES; i++, at = (at + 1) % FE_PREFIXES)
		if (table[at].key == key)
			return &table[at];
	return NULL;
}
