/* farend.c - see farend.h: the tables, and what becomes of a connection. */
#include "farend/farend.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "farend/track.h"

#define ROUND 128 /* events whose records are prefetched at a time */

static bool take_config(struct farend *f, const struct farend_config *cfg,
			struct err *e)
{
	if (cfg != NULL)
		f->cfg = *cfg;
	if (f->cfg.max_addresses == 0)
		f->cfg.max_addresses = 65536;
	if (f->cfg.max_addresses > UINT32_C(1) << 24)
		return err_set(e, ERR_USAGE, "%u addresses: at most 2^24",
			       f->cfg.max_addresses);
	if (f->cfg.max_summaries == 0)
		f->cfg.max_summaries = 4 * f->cfg.max_addresses;
	if (!(f->cfg.alpha > 0))
		f->cfg.alpha = 0.01;
	f->calib = f->cfg.calib;
	if (f->calib == NULL)
		f->calib = f->own_calib = farend_calib_shipped(e);
	f->sigs = f->cfg.sigs;
	if (f->sigs == NULL && f->calib != NULL)
		f->sigs = f->own_sigs = farend_sigs_shipped(e);
	return f->calib != NULL && f->sigs != NULL;
}

struct farend *farend_new(uint32_t max_conns, const struct farend_config *cfg,
			  struct err *e)
{
	struct farend *f = calloc(1, sizeof(*f));
	uint32_t n = 64;

	if (f == NULL) {
		err_set(e, ERR_MEMORY, "no memory for the far end");
		return NULL;
	}
	if (!take_config(f, cfg, e)) {
		farend_free(f);
		return NULL;
	}
	f->max_addresses = f->cfg.max_addresses;
	f->pool_size = f->cfg.max_summaries;
	f->max_conns = max_conns;
	while (n < f->max_addresses + f->max_addresses / 2)
		n *= 2;
	f->mask = n - 1;
	f->conns_bytes = (size_t)max_conns * sizeof(struct fe_conn);
	f->conns = mem_map(f->conns_bytes);
	f->bits_bytes = ((size_t)max_conns / 32 + 1) * sizeof(uint32_t);
	f->live = mem_map(f->bits_bytes);
	f->known = mem_map(f->bits_bytes);
	f->addresses =
		mem_map((size_t)f->max_addresses * sizeof(*f->addresses));
	f->index = calloc(n, sizeof(*f->index));
	f->pool = mem_map((size_t)f->pool_size * sizeof(*f->pool));
	f->next = mem_map((size_t)f->pool_size * sizeof(*f->next));
	f->hellos = mem_map(sizeof(*f->hellos));
	f->prefixes = mem_map(FE_PREFIXES * sizeof(*f->prefixes));
	if (f->conns == NULL || f->live == NULL || f->known == NULL ||
	    f->addresses == NULL || f->index == NULL || f->pool == NULL ||
	    f->next == NULL || f->hellos == NULL || f->prefixes == NULL) {
		err_set(e, ERR_MEMORY,
			"no memory for the far end of %u "
			"connections",
			max_conns);
		farend_free(f);
		return NULL;
	}
	return f;
}

void farend_free(struct farend *f)
{
	if (f == NULL)
		return;
	mem_unmap(f->conns, f->conns_bytes);
	mem_unmap(f->live, f->bits_bytes);
	mem_unmap(f->known, f->bits_bytes);
	mem_unmap(f->addresses,
		  (size_t)f->max_addresses * sizeof(*f->addresses));
	mem_unmap(f->pool, (size_t)f->pool_size * sizeof(*f->pool));
	mem_unmap(f->next, (size_t)f->pool_size * sizeof(*f->next));
	mem_unmap(f->hellos, sizeof(*f->hellos));
	mem_unmap(f->prefixes, FE_PREFIXES * sizeof(*f->prefixes));
	free(f->index);
	free(f->own_calib);
	free(f->own_sigs);
	free(f);
}

/* Without its opening nothing can be measured of a connection: its record is
 * not even touched. */
static void begin(struct farend *f, uint8_t proto, const struct conn_event *ev)
{
	struct fe_conn *fc = &f->conns[ev->slot];

	if (proto != PROTO_TCP || !(ev->flags & EV_OPEN)) {
		fe_bit_clear(f->live, ev->slot);
		fe_bit_clear(f->known, ev->slot);
		return;
	}
	fe_bit_set(f->live, ev->slot);
	fe_bit_set(f->known, ev->slot);
	memset(fc, 0, FE_LINE); /* one by one: faster than both */
	memset((char *)fc + FE_LINE, 0, sizeof(*fc) - FE_LINE);
}

/* The other side's pure ACKs say nothing here. */
static bool matters(const struct conn_event *ev)
{
	return ev->dir == 0 ||
	       (ev->flags & (EV_OPEN | EV_DATA | EV_RETRANSMIT | EV_CLOSE));
}

/* The events of a round that still matter; their records are on their way. */
static size_t choose(struct farend *f, const struct segment *s,
		     const struct conn_event *ev, size_t n,
		     const struct conn_event **chosen)
{
	const uint32_t max = f->max_conns; /* CONN_NONE is beyond it, too */
	size_t k = 0;

	for (const struct conn_event *e = ev; e < ev + n; e++) {
		if (e->slot >= max)
			continue;
		if (e->flags & EV_NEW)
			begin(f, s[e - ev].proto, e);
		if (!matters(e) || !fe_bit(f->live, e->slot))
			continue;
		__builtin_prefetch(&f->conns[e->slot], 1);
		chosen[k++] = e;
	}
	return k;
}

void farend_update(struct farend *f, const struct segment *s,
		   const struct conn_event *ev, size_t n)
{
	const struct conn_event *chosen[ROUND];

	for (size_t i = 0; i < n; i += ROUND) {
		size_t k = choose(f, s + i, ev + i,
				  n - i < ROUND ? n - i : ROUND, chosen);

		fe_measure(f, s + i, ev + i, chosen, k);
	}
}

void farend_leaves_later(const struct farend *f, uint32_t slot,
			 const struct conn *c)
{
	if (slot >= f->max_conns || c->proto != PROTO_TCP)
		return;
	fe_address_prefetch_bucket(f, &c->src);
	if (fe_bit(f->known, slot)) {
		__builtin_prefetch(&f->conns[slot]);
		__builtin_prefetch((const char *)&f->conns[slot] + 64);
	}
}

void farend_leaves_soon(const struct farend *f, const struct conn *c)
{
	if (c->proto == PROTO_TCP)
		fe_address_prefetch(f, &c->src);
}

const struct fe_conn *fe_conn_of(const struct farend *f, uint32_t slot)
{
	static const struct fe_conn blank;

	return fe_bit(f->known, slot) ? &f->conns[slot] : &blank;
}

static bool is_local(const struct farend *f, const struct addr *a)
{
	for (int i = 0; i < f->cfg.n_local; i++) {
		unsigned bits = f->cfg.local_bits[i], full = bits / 8;
		unsigned rest = bits % 8;
		const uint8_t *p = f->cfg.local[i].b;

		if (bits > 128 || memcmp(p, a->b, full) != 0)
			continue;
		if (rest == 0 || ((p[full] ^ a->b[full]) >> (8 - rest)) == 0)
			return true;
	}
	return false;
}

/* From eta_us to app_os both are laid out alike. */
#define TAIL	   offsetof(struct fe_conn, eta_us)
#define TAIL_BYTES (offsetof(struct fe_conn, app_os) + 1 - TAIL)
_Static_assert(offsetof(struct fe_summary, app_os) + 1 ==
		       offsetof(struct fe_summary, eta_us) + TAIL_BYTES,
	       "copied as a whole");

static void summarize(const struct fe_conn *fc, const struct conn *c,
		      struct fe_summary *s)
{
	s->id = c->id;
	s->start_ns = c->first_ns;
	memcpy((char *)s + offsetof(struct fe_summary, eta_us),
	       (const char *)fc + TAIL, TAIL_BYTES);
	s->r0_us = fc->r0_us;
	s->rmin_us = fc->rmin_us;
	s->rdata_us = fc->rdata_us;
	s->rdev_us = fc->rdev_us;
	s->flags = fc->flags;
	s->ja4 = fc->ja4 < FE_JA4_MORE ? fc->ja4 : 0;
	s->proto = fc->proto;
	s->n_turns = fc->n_turns;
	s->n_rdev = fc->n_rdev;
	s->crossing = fc->crossing;
	s->loss = fc->loss;
}

/* A SYN-ACK or an RST to somebody who was not seen to ask: his address may
 * have been forged elsewhere (backscatter).  A host that gets such a SYN-ACK
 * may refuse it. */
static void backscatter(struct farend *f, const struct conn *c)
{
	const struct conn_side *src = &c->side[0], *dst = &c->side[1];
	struct fe_address *a;

	if ((c->flags & CONN_SYN_SEEN) || src->data_packets + dst->data_packets)
		return;
	if (c->flags & CONN_SYNACK_SEEN) {
		a = src->packets == 0 || (c->flags & CONN_RST)
			    ? fe_address_get(f, &c->src, false)
			    : NULL;
		if (a != NULL)
			a->back_synack++;
	} else if ((c->flags & CONN_RST) &&
		   (src->packets == 0 || dst->packets == 0)) {
		a = fe_address_get(f, src->packets ? &c->dst : &c->src, false);
		if (a != NULL)
			a->back_rst++;
	}
}

static void not_shaken(struct farend *f, const struct fe_conn *fc,
		       const struct conn *c, struct fe_address *a)
{
	if (fc->flags & FE_REFUSED)
		a->refused++;
	else if ((fc->flags & (FE_SYN | FE_SYNACK)) == FE_SYN)
		a->synonly++;
	if (fc->flags & FE_SYN)
		a->syn_ttl = fc->ttl;
	if (!(fc->flags & FE_SYNACK)) {
		a->no_handshake++;
		f->stats.no_handshake++;
	}
	if (c->side[0].packets == 0 || c->side[1].packets == 0)
		a->one_sided++;
}

void farend_release(struct farend *f, uint32_t slot, const struct conn *c)
{
	const struct fe_conn *fc;
	struct fe_summary *s;
	struct fe_address *a;
	bool shook;

	if (slot >= f->max_conns || c->proto != PROTO_TCP ||
	    is_local(f, &c->src))
		return;
	fc = fe_conn_of(f, slot);
	shook = (fc->flags & FE_HANDSHAKE) != 0;
	a = fe_address_get(f, &c->src,
			   shook || f->n_addresses < f->max_addresses / 2);
	f->stats.conns++;
	if (a == NULL) {
		f->stats.address_overflow++;
		return;
	}
	if (a->conns++ == 0)
		a->first_ns = c->first_ns;
	a->crossing += fc->crossing;
	a->loss += fc->loss;
	if (!shook) {
		not_shaken(f, fc, c, a);
		backscatter(f, c);
		return;
	}
	a->handshakes++;
	if (fc->flags & FE_SYN)
		fe_prefix_add(f->prefixes, &c->src,
			      (uint8_t)(fe_ttl_initial(fc->ttl) - fc->ttl),
			      &f->stats);
	f->stats.hello_cut += fc->ja4 >= FE_JA4_MORE;
	if (fc->flags & FE_DATA) {
		a->data++;
		a->last_ns = c->last_ns;
	}
	if (fc->flags & FE_CRYPTO)
		a->crypto++;
	s = fe_address_room(f, a);
	if (s != NULL)
		summarize(fc, c, s);
}
