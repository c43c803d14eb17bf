/*
 * bgp.c - path attributes and AS paths of one UPDATE or table entry.
 *
 * Errors follow RFC 7606: the first of two equal attributes counts, a broken
 * ORIGIN, AS_PATH or NEXT_HOP makes the route count as withdrawn, a broken
 * optional attribute is ignored.  Bytes beyond the end are never used.
 */
#include "context/bgp.h"

#include <string.h>

enum {
	T_ORIGIN = 1,
	T_AS_PATH = 2,
	T_NEXT_HOP = 3,
	T_MED = 4,
	T_LOCAL_PREF = 5,
	T_ATOMIC = 6,
	T_AGGREGATOR = 7,
	T_COMMUNITIES = 8,
	T_MP_REACH = 14,
	T_MP_UNREACH = 15,
	T_AS4_PATH = 17,
	T_AS4_AGGREGATOR = 18,
	T_LARGE = 32,
	T_OTC = 35,
	FLAG_EXTENDED = 0x10,
};

static void mp_reach(struct bgp_attrs *a, const uint8_t *p, unsigned len)
{
	struct bgp_mp *m = &a->reach;
	struct rd r = rd_make(p, len);

	/* RFC 6396 4.3.4: length and next hop alone.  A full attribute starts
	 * with the high byte of the AFI, which is 0. */
	if (len > 0 && p[0] != 0 && (unsigned)p[0] + 1 == len) {
		m->abbreviated = true;
		m->next_hop = p + 1;
		m->next_hop_len = p[0];
		m->nlri = rd_make(p + len, 0);
		a->have |= BGP_MP_REACH;
		return;
	}
	m->afi = rd_be16(&r);
	m->safi = rd_u8(&r);
	m->next_hop_len = rd_u8(&r);
	m->next_hop = rd_bytes(&r, m->next_hop_len);
	rd_skip(&r, 1);
	if (!rd_ok(&r)) {
		a->bad |= BGP_BAD_WITHDRAW;
		memset(m, 0, sizeof(*m));
		return;
	}
	m->nlri = r;
	a->have |= BGP_MP_REACH;
}

static void mp_unreach(struct bgp_attrs *a, const uint8_t *p, unsigned len)
{
	struct rd r = rd_make(p, len);

	a->unreach.afi = rd_be16(&r);
	a->unreach.safi = rd_u8(&r);
	if (!rd_ok(&r)) {
		a->bad |= BGP_BAD_DISCARD;
		return;
	}
	a->unreach.nlri = r;
	a->have |= BGP_MP_UNREACH;
}

static void aggregator(struct bgp_attrs *a, const uint8_t *p, unsigned len)
{
	/* some writers put eight bytes on two-byte sessions and the reverse */
	if (len == 8) {
		a->aggregator_as = get_be32(p);
		a->aggregator_ip = p + 4;
	} else if (len == 6) {
		a->aggregator_as = get_be16(p);
		a->aggregator_ip = p + 2;
	} else {
		a->bad |= BGP_BAD_DISCARD;
		return;
	}
	a->have |= BGP_AGGREGATOR;
}

/* Attributes of four bytes. */
static void word(struct bgp_attrs *a, unsigned type, const uint8_t *p,
		 unsigned len)
{
	if (len != 4) {
		a->bad |=
			type == T_NEXT_HOP ? BGP_BAD_WITHDRAW : BGP_BAD_DISCARD;
		return;
	}
	switch (type) {
	case T_NEXT_HOP:
		a->next_hop = p;
		a->have |= BGP_NEXT_HOP;
		break;
	case T_MED:
		a->med = get_be32(p);
		a->have |= BGP_MED;
		break;
	case T_LOCAL_PREF:
		a->local_pref = get_be32(p);
		a->have |= BGP_LOCAL_PREF;
		break;
	case T_OTC:
		a->otc = get_be32(p);
		a->have |= BGP_OTC;
		break;
	}
}

static void lists(struct bgp_attrs *a, unsigned type, const uint8_t *p,
		  unsigned len)
{
	switch (type) {
	case T_AS_PATH:
		a->as_path = p;
		a->as_path_len = (uint16_t)len;
		a->have |= BGP_AS_PATH;
		break;
	case T_AS4_PATH:
		a->as4_path = p;
		a->as4_path_len = (uint16_t)len;
		a->have |= BGP_AS4_PATH;
		break;
	case T_COMMUNITIES:
		if (len % 4 != 0) {
			a->bad |= BGP_BAD_WITHDRAW;
			return;
		}
		a->communities = p;
		a->communities_len = (uint16_t)len;
		a->have |= BGP_COMMUNITIES;
		break;
	case T_LARGE:
		if (len % 12 != 0) {
			a->bad |= BGP_BAD_WITHDRAW;
			return;
		}
		a->large = p;
		a->large_len = (uint16_t)len;
		a->have |= BGP_LARGE;
		break;
	}
}

static void attribute(struct bgp_attrs *a, unsigned type, const uint8_t *p,
		      unsigned len)
{
	switch (type) {
	case T_ORIGIN:
		if (len != 1 || p[0] > 2) {
			a->bad |= BGP_BAD_WITHDRAW;
			return;
		}
		a->origin = p[0];
		a->have |= BGP_ORIGIN;
		break;
	case T_NEXT_HOP:
	case T_MED:
	case T_LOCAL_PREF:
	case T_OTC:
		word(a, type, p, len);
		break;
	case T_ATOMIC:
		a->have |= BGP_ATOMIC;
		break;
	case T_AGGREGATOR:
		aggregator(a, p, len);
		break;
	case T_AS4_AGGREGATOR:
		if (len != 8) {
			a->bad |= BGP_BAD_DISCARD;
			return;
		}
		a->as4_aggregator_as = get_be32(p);
		a->as4_aggregator_ip = p + 4;
		a->have |= BGP_AS4_AGGREGATOR;
		break;
	case T_AS_PATH:
	case T_AS4_PATH:
	case T_COMMUNITIES:
	case T_LARGE:
		lists(a, type, p, len);
		break;
	case T_MP_REACH:
		mp_reach(a, p, len);
		break;
	case T_MP_UNREACH:
		mp_unreach(a, p, len);
		break;
	}
}

void bgp_attrs_read(struct rd r, bool as4, struct bgp_attrs *out)
{
	uint64_t seen = 0;

	memset(out, 0, sizeof(*out));
	out->as4 = as4;
	while (r.left > 0) {
		uint8_t flags = rd_u8(&r);
		uint8_t type = rd_u8(&r);
		unsigned len = flags & FLAG_EXTENDED ? rd_be16(&r) : rd_u8(&r);
		const uint8_t *p = rd_bytes(&r, len);

		if (!rd_ok(&r)) {
			out->bad |= BGP_BAD_FRAMING | BGP_BAD_WITHDRAW;
			return;
		}
		if (type < 64) {
			if (seen & UINT64_C(1) << type) {
				out->bad |= BGP_DUPLICATE;
				continue;
			}
			seen |= UINT64_C(1) << type;
		}
		attribute(out, type, p, len);
	}
}

/* One attribute's segments; false when they do not fit it. */
static bool path_raw(const uint8_t *p, unsigned len, unsigned size,
		     struct bgp_path *out)
{
	struct rd r = rd_make(p, len);

	out->n = 0;
	out->segs = out->as_set = false;
	if (len >= 2 && p[0] == SEG_SEQUENCE && p[1] > 0 &&
	    2 + p[1] * size == len) { /* the 99.99 % case */
		out->n = p[1];
		for (unsigned i = 0; i < out->n; i++)
			out->w[i] = size == 4 ? get_be32(p + 2 + 4 * i)
					      : get_be16(p + 2 + 2 * i);
		return true;
	}
	while (r.left > 0) {
		uint8_t type = rd_u8(&r);
		uint8_t count = rd_u8(&r);
		struct rd seg = rd_sub(&r, (size_t)count * size);

		if (!rd_ok(&r) || type < SEG_SET || type > SEG_CONFED_SET)
			return false;
		if (out->n + 1u + count > BGP_PATH_WORDS)
			return false;
		out->segs = true;
		out->as_set |= type == SEG_SET || type == SEG_CONFED_SET;
		out->w[out->n++] = (uint32_t)type << 16 | count;
		while (count-- > 0)
			out->w[out->n++] =
				size == 4 ? rd_be32(&seg) : rd_be16(&seg);
	}
	return true;
}

/* Path length as RFC 4271 9.1.2.2 counts it: a set is one, confederation
 * segments are none. */
static unsigned path_length(const struct bgp_path *p)
{
	unsigned n = 0, i = 0;

	if (!p->segs)
		return p->n;
	while (i < p->n) {
		unsigned type = p->w[i] >> 16, count = p->w[i] & 0xffff;

		if (type == SEG_SET)
			n++;
		else if (type == SEG_SEQUENCE)
			n += count;
		i += 1 + count;
	}
	return n;
}

static void append(struct bgp_path *out, unsigned type, const uint32_t *asn,
		   unsigned count)
{
	if (count == 0 || out->n + 1u + count > BGP_PATH_WORDS)
		return;
	out->w[out->n++] = type << 16 | count;
	memcpy(out->w + out->n, asn, count * sizeof(*asn));
	out->n = (uint16_t)(out->n + count);
	out->as_set |= type == SEG_SET || type == SEG_CONFED_SET;
}

/* The first keep ASNs of two-byte path a, then four-byte path b. */
static void merge(const struct bgp_path *a, const struct bgp_path *b,
		  unsigned keep, struct bgp_path *out)
{
	unsigned i = 0, n = 0;

	out->n = 0;
	out->segs = false;
	out->as_set = false;
	if (!a->segs && !b->segs) {
		memcpy(out->w, a->w, keep * sizeof(a->w[0]));
		memcpy(out->w + keep, b->w, b->n * sizeof(b->w[0]));
		out->n = (uint16_t)(keep + b->n);
		return;
	}
	out->segs = true;
	if (!a->segs) {
		append(out, SEG_SEQUENCE, a->w, keep);
	} else {
		while (i < a->n && n < keep) {
			unsigned type = a->w[i] >> 16;
			unsigned count = a->w[i] & 0xffff, take = count;

			if (type == SEG_SEQUENCE && take > keep - n)
				take = keep - n;
			append(out, type, a->w + i + 1, take);
			n += type == SEG_SEQUENCE ? take : type == SEG_SET;
			i += 1 + count;
		}
	}
	if (!b->segs)
		append(out, SEG_SEQUENCE, b->w, b->n);
	for (i = 0; b->segs && i < b->n; i += 1 + (b->w[i] & 0xffff))
		append(out, b->w[i] >> 16, b->w + i + 1, b->w[i] & 0xffff);
}

bool bgp_path_read(const struct bgp_attrs *a, struct bgp_path *out)
{
	struct bgp_path two, four;
	unsigned la, lb;

	out->n = 0;
	out->segs = out->as_set = false;
	if (!(a->have & BGP_AS_PATH))
		return true;
	if (!path_raw(a->as_path, a->as_path_len, a->as4 ? 4 : 2, out)) {
		out->n = 0;
		out->segs = false;
		return false;
	}
	if (a->as4 || !(a->have & BGP_AS4_PATH))
		return true;
	/* RFC 6793 6: a malformed AS4_PATH is ignored */
	if (!path_raw(a->as4_path, a->as4_path_len, 4, &four))
		return true;
	la = path_length(out);
	lb = path_length(&four);
	if (lb == 0 || la < lb)
		return true;
	two = *out;
	merge(&two, &four, la - lb, out);
	return true;
}

uint32_t bgp_path_origin(const uint32_t *w, unsigned n, bool segs,
			 uint32_t *upstream)
{
	uint32_t origin = 0, before = 0;
	unsigned i;

	*upstream = 0;
	if (!segs) {
		if (n == 0)
			return 0;
		origin = w[n - 1];
		for (i = n - 1; i > 0 && !before; i--)
			if (w[i - 1] != origin)
				before = w[i - 1];
		*upstream = before;
		return origin;
	}
	for (i = 0; i < n; i += 1 + (w[i] & 0xffff)) {
		unsigned type = w[i] >> 16, count = w[i] & 0xffff;

		if (type == SEG_SET || type == SEG_CONFED_SET) {
			if (origin)
				before = origin;
			origin = 0;
			continue;
		}
		for (unsigned k = 1; k <= count; k++) {
			if (w[i + k] == origin)
				continue;
			if (origin)
				before = origin;
			origin = w[i + k];
		}
	}
	*upstream = before;
	return origin;
}

bool bgp_path_has(const uint32_t *w, unsigned n, bool segs, uint32_t asn)
{
	unsigned i = 0;

	if (!segs) {
		for (; i < n; i++)
			if (w[i] == asn)
				return true;
		return false;
	}
	while (i < n) {
		unsigned count = w[i] & 0xffff;

		for (unsigned k = 1; k <= count; k++)
			if (w[i + k] == asn)
				return true;
		i += 1 + count;
	}
	return false;
}
