/*
 * decode.c - link layers, and the walk from header to header; see decode.h.
 *
 * IEEE 802.3, 802.1Q and 802.1ad; LINKTYPE_LINUX_SLL and _SLL2; RFC 3032
 * (MPLS: the label stack does not say what follows, so the first nibble is
 * taken, as routers do; a pseudowire is UNSUPPORTED).
 */
#include "decode/walk.h"

#include <stdlib.h>

enum {
	TYPE_IP4 = 0x0800,
	TYPE_IP6 = 0x86dd,
	TYPE_VLAN = 0x8100,
	TYPE_QINQ = 0x88a8,
	TYPE_QINQ_OLD = 0x9100, /* before 802.1ad */
	TYPE_MPLS = 0x8847,
	TYPE_MPLS_UP = 0x8848,
	TYPE_PPPOE = 0x8864,
	TYPE_TEB = 0x6558, /* transparent Ethernet bridging */
	TYPE_MIN = 1536,   /* below: an 802.3 length */
};

struct decoder *decoder_new(struct err *e)
{
	struct decoder *d = calloc(1, sizeof(*d));

	if (d != NULL)
		d->frags = calloc((size_t)FRAG_SETS * FRAG_WAYS,
				  sizeof(*d->frags));
	if (d == NULL || d->frags == NULL) {
		decoder_free(d);
		err_set(e, ERR_MEMORY, "no memory for a decoder");
		return NULL;
	}
	return d;
}

void decoder_free(struct decoder *d)
{
	if (d == NULL)
		return;
	free(d->frags);
	free(d);
}

const struct decode_stats *decoder_stats(const struct decoder *d)
{
	return &d->stats;
}

static uint64_t get_mac(const uint8_t *p)
{
	return (uint64_t)get_be16(p) << 32 | get_be32(p + 2);
}

enum step link_ether(struct walk *w)
{
	if (w->cap < 14)
		return walk_short(w, 14);
	w->s->mac_dst = get_mac(w->p);
	w->s->mac_src = get_mac(w->p + 6);
	w->type = get_be16(w->p + 12);
	walk_skip(w, 14);
	return STEP_TYPE;
}

static enum step vlan(struct walk *w)
{
	if (w->cap < 4)
		return walk_short(w, 4);
	if (w->s->vlan == 0)
		w->s->vlan = get_be16(w->p) & 0x0fff;
	w->type = get_be16(w->p + 2);
	walk_skip(w, 4);
	return STEP_TYPE;
}

static enum step mpls(struct walk *w)
{
	bool bottom;

	if (w->cap < 4)
		return walk_short(w, 4);
	bottom = (w->p[2] & 1) != 0;
	walk_skip(w, 4);
	if (!bottom)
		return STEP_TYPE;
	if (w->cap < 1)
		return walk_short(w, 1);
	if (w->p[0] >> 4 != 4 && w->p[0] >> 4 != 6)
		return walk_end(w, SEG_UNSUPPORTED);
	return STEP_IP;
}

enum step link_type(struct walk *w)
{
	switch (w->type) {
	case TYPE_IP4:
		return STEP_IP4;
	case TYPE_IP6:
		return STEP_IP6;
	case TYPE_VLAN:
	case TYPE_QINQ:
	case TYPE_QINQ_OLD:
		return vlan(w);
	case TYPE_MPLS:
	case TYPE_MPLS_UP:
		return mpls(w);
	case TYPE_PPPOE:
		return walk_end(w, SEG_UNSUPPORTED);
	case TYPE_TEB:
		walk_tunnel(w);
		return STEP_ETHER;
	}
	return walk_end(w, SEG_OTHER);
}

static enum step any_ip(struct walk *w)
{
	if (w->cap < 1)
		return walk_short(w, 1);
	switch (w->p[0] >> 4) {
	case 4:
		return STEP_IP4;
	case 6:
		return STEP_IP6;
	}
	return walk_end(w, SEG_MALFORMED);
}

/* LINKTYPE_LINUX_SLL: only the sender's address is there. */
static enum step cooked(struct walk *w, uint32_t len, uint32_t type_at,
			uint32_t hw_at, uint32_t addr_len, uint32_t addr_at)
{
	uint16_t hw;

	if (w->cap < len)
		return walk_short(w, len);
	hw = get_be16(w->p + hw_at);
	/* for netlink (824) the field is no EtherType */
	if (hw == 824)
		return walk_end(w, SEG_OTHER);
	if (hw == 1 && addr_len == 6)
		w->s->mac_src = get_mac(w->p + addr_at);
	w->type = get_be16(w->p + type_at);
	walk_skip(w, len);
	return STEP_TYPE;
}

/* The address family, in the byte order of the machine that captured (NULL)
 * or of the network (LOOP); IPv6 has three numbers among the BSDs. */
static enum step loopback(struct walk *w)
{
	uint32_t family;

	if (w->cap < 4)
		return walk_short(w, 4);
	family = get_be32(w->p);
	if (family > 0xffff)
		family = get_le32(w->p);
	walk_skip(w, 4);
	switch (family) {
	case 2:
		return STEP_IP4;
	case 10: /* Linux */
	case 24: /* NetBSD, OpenBSD */
	case 28: /* FreeBSD */
	case 30: /* macOS */
		return STEP_IP6;
	}
	return walk_end(w, SEG_OTHER);
}

static enum step link_first(struct walk *w, uint16_t linktype)
{
	switch (linktype) {
	case 1: /* LINKTYPE_ETHERNET */
		return link_ether(w);
	case 0:	  /* LINKTYPE_NULL */
	case 108: /* LINKTYPE_LOOP */
		return loopback(w);
	case 12:  /* DLT_RAW of most systems */
	case 14:  /* DLT_RAW of OpenBSD */
	case 101: /* LINKTYPE_RAW */
		return STEP_IP;
	case 228: /* LINKTYPE_IPV4 */
		return STEP_IP4;
	case 229: /* LINKTYPE_IPV6 */
		return STEP_IP6;
	case 113: /* LINKTYPE_LINUX_SLL */
		return cooked(w, 16, 14, 2,
			      w->cap >= 16 ? get_be16(w->p + 4) : 0, 6);
	case 276: /* LINKTYPE_LINUX_SLL2 */
		return cooked(w, 20, 0, 8, w->cap >= 20 ? w->p[11] : 0, 12);
	}
	return walk_end(w, SEG_UNSUPPORTED);
}

/* In pieces of a cache line: the compiler makes vector stores of these, and a
 * string instruction, ten times slower, of the whole. */
static inline void clear(struct segment *s)
{
	uint8_t *p = (uint8_t *)s;
	const size_t last = sizeof(*s) - 128;

	_Static_assert(sizeof(*s) > 128 && sizeof(*s) <= 192, "three pieces");
	memset(p, 0, 64);
	memset(p + 64, 0, 64);
	memset(p + 128, 0, last);
	s->wscale = 255;
}

static void set_origin(struct segment *s, const struct frame *f)
{
	s->ts = f->ts;
	s->number = f->number;
	s->offset = f->offset;
	s->file = f->file;
	s->wirelen = f->wirelen;
}

void walk_tunnel(struct walk *w)
{
	uint8_t depth = w->s->tunnel_depth;

	clear(w->s);
	set_origin(w->s, w->f);
	w->s->tunnel_depth = (uint8_t)(depth + 1);
}

static void walk(struct walk *w, enum step step)
{
	while (step != STEP_DONE) {
		if (w->budget-- == 0) {
			walk_end(w, SEG_UNSUPPORTED);
			return;
		}
		switch (step) {
		case STEP_DONE:
			break;
		case STEP_ETHER:
			step = link_ether(w);
			break;
		case STEP_TYPE:
			step = link_type(w);
			break;
		case STEP_IP:
			step = any_ip(w);
			break;
		case STEP_IP4:
			step = ip_v4(w);
			break;
		case STEP_IP6:
			step = ip_v6(w);
			break;
		case STEP_PROTO:
			step = ip_proto(w);
			break;
		}
	}
}

/* Two 64-bit halves of a product, folded: every input bit reaches many. */
static inline uint64_t mix(uint64_t a, uint64_t b)
{
	unsigned __int128 m = (unsigned __int128)a * b;

	return (uint64_t)m ^ (uint64_t)(m >> 64);
}

static inline uint32_t flow_hash(const struct segment *s)
{
	/* odd constants: digits of pi, as in Blowfish */
	const uint64_t k0 = UINT64_C(0x243f6a8885a308d3),
		       k1 = UINT64_C(0x13198a2e03707345),
		       k2 = UINT64_C(0xa4093822299f31d1);
	uint64_t a, b, h;

	/* little endian whatever the machine: same value everywhere */
	a = mix(le64toh(s->src.w[0]) ^ k0,
		le64toh(s->src.w[1]) ^ k1 ^ s->sport * k2);
	b = mix(le64toh(s->dst.w[0]) ^ k0,
		le64toh(s->dst.w[1]) ^ k1 ^ s->dport * k2);
	/* a sum does not know which came first */
	h = mix((a + b) ^ s->proto, k2);
	return (uint32_t)(h ^ h >> 32);
}

uint32_t segment_flow_hash(const struct segment *s)
{
	return flow_hash(s);
}

/* What the short cut does not write itself. */
static inline void clear_rest(struct segment *s)
{
	uint8_t *p = (uint8_t *)s;
	const size_t tsval = offsetof(struct segment, tsval),
		     macs = offsetof(struct segment, mac_src),
		     options = offsetof(struct segment, options_len),
		     ip_len = offsetof(struct segment, ip_len);

	memset(p + tsval, 0, macs - tsval);
	memset(p + options, 0, ip_len - options);
	s->wscale = 255;
}

/* The IP header of the short cut: length of it, or 0 when it is none. */
static inline uint32_t fast_ip(const uint8_t *p, uint32_t caplen,
			       struct segment *s)
{
	uint32_t frag;

	if (get_be16(p + 12) == TYPE_IP4) {
		frag = get_be16(p + 20);
		if (p[14] != 0x45 || p[23] != PROTO_TCP || (frag & 0x3fff) != 0)
			return 0;
		clear_rest(s);
		s->ip_len = get_be16(p + 16);
		s->dscp_ecn = p[15];
		s->ip_id = get_be16(p + 18);
		s->df = (frag & 0x4000) != 0;
		s->ttl = p[22];
		s->src = addr_v4_words(p + 26);
		s->dst = addr_v4_words(p + 30);
		return 20;
	}
	if (get_be16(p + 12) != TYPE_IP6 || caplen < 74 || p[14] >> 4 != 6 ||
	    p[20] != PROTO_TCP || get_be16(p + 18) == 0)
		return 0;
	clear_rest(s);
	s->ip_id = 0;
	s->is_v6 = true;
	s->ip_len = 40u + get_be16(p + 18);
	s->dscp_ecn = (uint8_t)(get_be16(p + 14) >> 4);
	s->ttl = p[21];
	s->src = addr_v6(p + 22);
	s->dst = addr_v6(p + 38);
	return 40;
}

/* The short cut for what nearly every packet is: TCP in IPv4 or IPv6 without
 * options, extension headers or fragments in Ethernet, headers captured whole
 * and nothing odd about the lengths.  False for all others: the walk decides,
 * and begins anew.  Saves more than half of the instructions per packet; says
 * the same (tested). */
static inline bool fast_tcp(const struct frame *f, struct segment *s)
{
	const uint8_t *p = f->data, *tcp;
	uint32_t ip, head, end;

	if (f->linktype != 1 || f->caplen < 54)
		return false;
	ip = fast_ip(p, f->caplen, s);
	if (ip == 0)
		return false;
	tcp = p + 14 + ip;
	head = (tcp[12] >> 4) * 4u;
	if (head < 20 || s->ip_len < ip + head || s->ip_len > f->wirelen - 14 ||
	    f->caplen < 14 + ip + head)
		return false;
	set_origin(s, f);
	s->mac_dst = get_be64(p) >> 16; /* as get_mac() */
	s->mac_src = get_be64(p + 6) >> 16;
	s->proto = PROTO_TCP;
	s->sport = get_be16(tcp);
	s->dport = get_be16(tcp + 2);
	s->seq = get_be32(tcp + 4);
	s->ack = get_be32(tcp + 8);
	s->tcp_flags = tcp[13];
	s->window = get_be16(tcp + 14);
	s->payload = tcp + head;
	s->payload_len = s->ip_len - ip - head;
	end = f->caplen < 14 + s->ip_len ? f->caplen : 14 + s->ip_len;
	s->payload_caplen = end - 14 - ip - head;
	s->tcp_options = tcp + 20;
	s->options_len = (uint8_t)(head - 20);
	s->outcome = SEG_OK;
	if (head == 32 && get_be32(tcp + 20) == 0x0101080a) {
		s->tsval = get_be32(tcp + 24);
		s->tsecr = get_be32(tcp + 28);
		s->has_ts = true;
	} else if (head > 20) {
		s->options_bad =
			!tcp_options(s, tcp + 20, head - 20, head - 20);
	}
	s->hash = flow_hash(s);
	return true;
}

void decode_walk(struct decoder *d, const struct frame *f, struct segment *s)
{
	struct walk w = {
		.d = d,
		.f = f,
		.s = s,
		.p = f->data,
		.cap = f->caplen,
		.wire = f->wirelen,
		.budget = WALK_BUDGET,
	};

	clear(s);
	set_origin(s, f);
	walk(&w, link_first(&w, f->linktype));
	d->stats.outcome[s->outcome]++;
	d->stats.tunnels += s->tunnel_depth > 0;
	s->hash = flow_hash(s);
}

void decode_batch(struct decoder *d, const struct frame *f, size_t n,
		  struct segment *out)
{
	uint64_t fast = 0;

	for (size_t i = 0; i < n; i++) {
		if (i + 6 < n)
			__builtin_prefetch(f[i + 6].data + 48);
		if (fast_tcp(&f[i], &out[i]))
			fast++;
		else
			decode_walk(d, &f[i], &out[i]);
	}
	d->stats.outcome[SEG_OK] += fast;
}
