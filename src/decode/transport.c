/*
 * transport.c - TCP (RFC 9293, options RFC 7323 and 2018), UDP (RFC 768),
 * ICMP (RFC 792) and ICMPv6 (RFC 4443).
 * A cut inside the TCP options is no loss of the segment (options_cut), and
 * wrong options are none either (options_bad): receivers ignore the rest of
 * them and accept the data, so a sender cannot hide behind them.
 */
#include "decode/walk.h"

#define VXLAN_PORT 4789 /* RFC 7348 */

/* MSS, window scale and SACK-permitted mean something on a SYN only. */
static void syn_option(struct segment *s, const uint8_t *p, uint32_t len)
{
	if (p[0] == 2 && len == 4)
		s->mss = get_be16(p + 2);
	else if (p[0] == 3 && len == 3)
		s->wscale = p[2];
	else if (p[0] == 4 && len == 2)
		s->sack_ok = true;
}

bool tcp_options(struct segment *s, const uint8_t *p, uint32_t cap,
		 uint32_t wire)
{
	bool syn = (s->tcp_flags & TCP_SYN) != 0;
	uint32_t len;

	while (cap > 0 && p[0] != 0) {
		if (p[0] == 1) {
			p++;
			cap--;
			wire--;
			continue;
		}
		if (wire < 2)
			return false;
		if (cap < 2)
			return true;
		len = p[1];
		if (len < 2 || len > wire)
			return false;
		if (len > cap)
			return true;
		if (p[0] == 8 && len == 10) {
			s->tsval = get_be32(p + 2);
			s->tsecr = get_be32(p + 6);
			s->has_ts = true;
		} else if (syn) {
			syn_option(s, p, len);
		}
		p += len;
		cap -= len;
		wire -= len;
	}
	return true;
}

enum step tcp_decode(struct walk *w)
{
	struct segment *s = w->s;
	const uint8_t *p = w->p;
	uint32_t head, opt, cap;

	if (w->cap < 20)
		return walk_short(w, 20);
	head = (p[12] >> 4) * 4u;
	if (head < 20 || (head > w->wire && !w->cut_by_fragment))
		return walk_end(w, SEG_MALFORMED);
	if (head > w->wire)
		return walk_short(w, head);
	s->sport = get_be16(p);
	s->dport = get_be16(p + 2);
	s->seq = get_be32(p + 4);
	s->ack = get_be32(p + 8);
	s->tcp_flags = p[13];
	s->window = get_be16(p + 14);
	s->payload_len = w->wire - head;
	s->payload_caplen = w->cap > head ? w->cap - head : 0;
	s->payload = p + (w->cap > head ? head : w->cap);
	s->tcp_options = p + 20;
	opt = head - 20;
	cap = w->cap - 20 < opt ? w->cap - 20 : opt;
	s->options_len = (uint8_t)cap;
	s->options_cut = cap < opt;
	s->outcome = SEG_OK;
	/* NOP NOP timestamps (RFC 7323 appendix A): nearly every segment */
	if (opt == 12 && cap == 12 && get_be32(p + 20) == 0x0101080a) {
		s->tsval = get_be32(p + 24);
		s->tsecr = get_be32(p + 28);
		s->has_ts = true;
	} else {
		s->options_bad = !tcp_options(s, p + 20, cap, opt);
	}
	return STEP_DONE;
}

enum step udp_decode(struct walk *w)
{
	struct segment *s = w->s;
	const uint8_t *p = w->p;
	uint32_t len;

	if (w->cap < 8)
		return walk_short(w, 8);
	len = get_be16(p + 4);
	/* a first fragment carries the length of the whole datagram */
	if (len < 8 || (len > w->wire && !w->cut_by_fragment))
		return walk_end(w, SEG_MALFORMED);
	s->sport = get_be16(p);
	s->dport = get_be16(p + 2);
	if (len < w->wire)
		walk_limit(w, len);
	walk_skip(w, 8);
	s->payload = w->p;
	s->payload_len = w->wire;
	s->payload_caplen = w->cap;
	s->outcome = SEG_OK;
	if (s->dport == VXLAN_PORT && w->wire >= 8)
		return tunnel_vxlan(w);
	return STEP_DONE;
}

/* Echo request and reply carry an identifier and a number. */
static bool is_echo(uint8_t type, bool is_v6)
{
	return is_v6 ? type == 128 || type == 129 : type == 8 || type == 0;
}

enum step icmp_decode(struct walk *w, bool is_v6)
{
	struct segment *s = w->s;
	const uint8_t *p = w->p;

	if (w->cap < 8)
		return walk_short(w, 8);
	s->icmp_type = p[0];
	s->icmp_code = p[1];
	if (is_echo(p[0], is_v6)) {
		s->icmp_id = get_be16(p + 4);
		s->icmp_seq = get_be16(p + 6);
	}
	walk_skip(w, 8);
	s->payload = w->p;
	s->payload_len = w->wire;
	s->payload_caplen = w->cap;
	return walk_end(w, SEG_OK);
}
