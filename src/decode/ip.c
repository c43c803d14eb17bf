/*
 * ip.c - IPv4 (RFC 791) and IPv6 (RFC 8200) headers, extension headers, and
 * which transport follows.  The IP length rules: Ethernet padding is not
 * payload.  Jumbograms (RFC 2675) are UNSUPPORTED.
 */
#include "decode/walk.h"

enum {
	NEXT_HOP = 0,
	NEXT_IP4 = 4,
	NEXT_IP6 = 41,
	NEXT_ROUTING = 43,
	NEXT_FRAGMENT = 44,
	NEXT_GRE = 47,
	NEXT_AH = 51,
	NEXT_DEST = 60,
};

static uint32_t frag_set(const struct frag_key *k)
{
	uint64_t h = k->src.w[0] ^ k->dst.w[0];

	h = h * UINT64_C(0x9e3779b97f4a7c15) ^ k->src.w[1];
	h = h * UINT64_C(0x9e3779b97f4a7c15) ^ k->dst.w[1];
	h = h * UINT64_C(0x9e3779b97f4a7c15) ^ k->id ^ (uint64_t)k->proto << 32;
	h *= UINT64_C(0x9e3779b97f4a7c15);
	return (uint32_t)(h >> 40) % FRAG_SETS;
}

static struct frag *frag_lookup(struct walk *w, uint32_t id, uint8_t proto,
				struct frag **oldest)
{
	struct frag_key k = { w->s->src, w->s->dst, id, proto };
	struct frag *set = w->d->frags + (size_t)frag_set(&k) * FRAG_WAYS;
	struct frag *old = set;

	*oldest = set;
	for (int i = 0; i < FRAG_WAYS; i++) {
		if (!set[i].used) {
			old = &set[i];
			continue;
		}
		if (memcmp(&set[i].key, &k, sizeof(k)) == 0)
			return &set[i];
		if (old->used && set[i].ns < old->ns)
			old = &set[i];
	}
	*oldest = old;
	return NULL;
}

void frag_note(struct walk *w, uint32_t id, uint8_t proto)
{
	const struct segment *s = w->s;
	struct frag *f, *oldest;

	f = frag_lookup(w, id, proto, &oldest);
	if (f == NULL)
		f = oldest;
	*f = (struct frag){
		.key = { s->src, s->dst, id, proto },
		.ns = s->ts.ns,
		.sport = s->sport,
		.dport = s->dport,
		.used = 1,
		.icmp_type = s->icmp_type,
		.icmp_code = s->icmp_code,
	};
}

bool frag_find(struct walk *w, uint32_t id, uint8_t proto)
{
	struct segment *s = w->s;
	struct frag *f, *oldest;
	int64_t age;

	f = frag_lookup(w, id, proto, &oldest);
	if (f == NULL)
		return false;
	/* the ID comes again after some time; packets without time stay */
	if (__builtin_sub_overflow(s->ts.ns, f->ns, &age) ||
	    age > FRAG_LIFE_NS || age < -FRAG_LIFE_NS)
		return false;
	s->sport = f->sport;
	s->dport = f->dport;
	s->icmp_type = f->icmp_type;
	s->icmp_code = f->icmp_code;
	return true;
}

static enum step later_fragment(struct walk *w, uint32_t id)
{
	struct segment *s = w->s;

	s->proto = w->proto;
	s->is_fragment = true;
	s->payload = w->p;
	s->payload_len = w->wire;
	s->payload_caplen = w->cap;
	if (frag_find(w, id, w->proto))
		w->d->stats.fragments_joined++;
	else
		w->d->stats.fragments_lost++;
	return walk_end(w, SEG_FRAGMENT);
}

/* The first of several: its transport header counts, and its ports are kept
 * for the others. */
static enum step first_fragment(struct walk *w, uint32_t id)
{
	uint8_t proto = w->proto;
	enum step next;

	w->s->is_fragment = true;
	w->cut_by_fragment = true;
	next = ip_proto(w);
	if (next == STEP_DONE && w->s->outcome == SEG_OK &&
	    w->s->proto == proto)
		frag_note(w, id, proto);
	return next;
}

enum step ip_v4(struct walk *w)
{
	struct segment *s = w->s;
	const uint8_t *p = w->p;
	uint32_t head, total;
	uint16_t frag;

	if (w->cap < 20)
		return walk_short(w, 20);
	head = (p[0] & 15u) * 4;
	total = get_be16(p + 2);
	if (total == 0)
		total = w->wire; /* segmentation left to the network card */
	if (p[0] >> 4 != 4 || head < 20 || total < head ||
	    (total > w->wire && !w->cut_by_fragment))
		return walk_end(w, SEG_MALFORMED);
	s->is_v6 = false;
	s->dscp_ecn = p[1];
	s->ip_len = total;
	s->ip_id = get_be16(p + 4);
	frag = get_be16(p + 6);
	s->df = (frag & 0x4000) != 0;
	s->ttl = p[8];
	w->proto = p[9];
	s->proto = p[9];
	s->src = addr_v4_words(p + 12);
	s->dst = addr_v4_words(p + 16);
	if (w->cap < head)
		return walk_short(w, head);
	if (total < w->wire)
		walk_limit(w, total);
	walk_skip(w, head);
	if ((frag & 0x3fff) == 0)
		return ip_proto(w);
	if ((frag & 0x1fff) != 0)
		return later_fragment(w, s->ip_id);
	return first_fragment(w, s->ip_id);
}

enum step ip_v6(struct walk *w)
{
	struct segment *s = w->s;
	const uint8_t *p = w->p;
	uint32_t len;

	if (w->cap < 40)
		return walk_short(w, 40);
	if (p[0] >> 4 != 6)
		return walk_end(w, SEG_MALFORMED);
	len = get_be16(p + 4);
	w->proto = p[6];
	s->is_v6 = true;
	s->dscp_ecn = (uint8_t)(get_be16(p) >> 4);
	s->ip_id = 0;
	s->df = false;
	s->proto = p[6];
	s->ttl = p[7];
	s->src = addr_v6(p + 8);
	s->dst = addr_v6(p + 24);
	walk_skip(w, 40);
	if (len == 0) {
		/* a jumbogram says so in a hop-by-hop option; anything else
		 * of length 0 was left to the network card */
		if (w->proto == NEXT_HOP)
			return walk_end(w, SEG_UNSUPPORTED);
		len = w->wire;
	}
	if (len > w->wire && !w->cut_by_fragment)
		return walk_end(w, SEG_MALFORMED);
	s->ip_len = 40 + len;
	if (len < w->wire)
		walk_limit(w, len);
	return STEP_PROTO;
}

/* Hop-by-hop, routing, destination options: length in units of 8 bytes after
 * the first 8; AH (RFC 4302) in units of 4, minus 2. */
static enum step extension(struct walk *w, bool is_ah)
{
	uint32_t len;

	if (w->cap < 8)
		return walk_short(w, 8);
	len = is_ah ? (w->p[1] + 2u) * 4 : (w->p[1] + 1u) * 8;
	if (is_ah && len < 12)
		return walk_end(w, SEG_MALFORMED);
	w->proto = w->p[0];
	w->s->proto = w->proto;
	if (w->cap < len)
		return walk_short(w, len);
	walk_skip(w, len);
	return STEP_PROTO;
}

static enum step fragment_header(struct walk *w)
{
	uint16_t frag;
	uint32_t id;

	if (w->cap < 8)
		return walk_short(w, 8);
	w->proto = w->p[0];
	w->s->proto = w->proto;
	frag = get_be16(w->p + 2);
	id = get_be32(w->p + 4);
	walk_skip(w, 8);
	if ((frag & 0xfff9) == 0)
		return STEP_PROTO; /* atomic, RFC 6946 */
	if ((frag & 0xfff8) != 0)
		return later_fragment(w, id);
	return first_fragment(w, id);
}

enum step ip_proto(struct walk *w)
{
	bool v6 = w->s->is_v6;

	switch (w->proto) {
	case PROTO_TCP:
		return tcp_decode(w);
	case PROTO_UDP:
		return udp_decode(w);
	case PROTO_ICMP:
		if (!v6)
			return icmp_decode(w, false);
		break;
	case PROTO_ICMP6:
		if (v6)
			return icmp_decode(w, true);
		break;
	case NEXT_IP4:
		walk_tunnel(w);
		return STEP_IP4;
	case NEXT_IP6:
		walk_tunnel(w);
		return STEP_IP6;
	case NEXT_GRE:
		return tunnel_gre(w);
	case NEXT_AH:
		return extension(w, true);
	case NEXT_HOP:
	case NEXT_ROUTING:
	case NEXT_DEST:
		if (v6)
			return extension(w, false);
		break;
	case NEXT_FRAGMENT:
		if (v6)
			return fragment_header(w);
		break;
	}
	return walk_end(w, SEG_UNSUPPORTED);
}
