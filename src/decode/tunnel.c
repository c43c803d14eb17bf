/*
 * tunnel.c - GRE (RFC 2784, 2890), ERSPAN I, II and III
 * (draft-foschiano-erspan), VXLAN (RFC 7348).
 * What is inside is what is reported.
 */
#include "decode/walk.h"

enum {
	GRE_CHECKSUM = 0x8000,
	GRE_ROUTING = 0x4000,
	GRE_KEY = 0x2000,
	GRE_SEQUENCE = 0x1000,
	GRE_VERSION = 0x0007,
	GRE_ERSPAN2 = 0x88be,
	GRE_ERSPAN3 = 0x22eb,
};

/* Without a sequence number it is type I: no header of its own. */
static enum step erspan2(struct walk *w, bool sequence)
{
	if (sequence) {
		if (w->cap < 8)
			return walk_short(w, 8);
		if (w->p[0] >> 4 != 1) /* version 1 is type II */
			return walk_end(w, SEG_UNSUPPORTED);
		walk_skip(w, 8);
	}
	return STEP_ETHER;
}

static enum step erspan3(struct walk *w)
{
	uint32_t len = 12;
	uint16_t last;

	if (w->cap < 12)
		return walk_short(w, 12);
	if (w->p[0] >> 4 != 2)
		return walk_end(w, SEG_UNSUPPORTED);
	last = get_be16(w->p + 10);
	if (last & 1)
		len += 8; /* platform-specific sub-header */
	if (w->cap < len)
		return walk_short(w, len);
	walk_skip(w, len);
	switch (last >> 10 & 31) { /* frame type */
	case 0:
		return STEP_ETHER;
	case 2:
		return STEP_IP;
	}
	return walk_end(w, SEG_UNSUPPORTED);
}

enum step tunnel_gre(struct walk *w)
{
	uint32_t len = 4;
	uint16_t flags;

	if (w->cap < 4)
		return walk_short(w, 4);
	flags = get_be16(w->p);
	w->type = get_be16(w->p + 2);
	/* version 1 is PPTP; source routing is gone since RFC 2784 */
	if (flags & (GRE_VERSION | GRE_ROUTING))
		return walk_end(w, SEG_UNSUPPORTED);
	if (flags & GRE_CHECKSUM)
		len += 4;
	if (flags & GRE_KEY)
		len += 4;
	if (flags & GRE_SEQUENCE)
		len += 4;
	if (w->cap < len)
		return walk_short(w, len);
	walk_skip(w, len);
	switch (w->type) {
	case GRE_ERSPAN2:
		walk_tunnel(w);
		return erspan2(w, (flags & GRE_SEQUENCE) != 0);
	case GRE_ERSPAN3:
		walk_tunnel(w);
		return erspan3(w);
	case 0x6558: /* counted where the inner Ethernet begins */
		return STEP_TYPE;
	case 0x0800:
	case 0x86dd:
	case 0x8847:
	case 0x8848:
		walk_tunnel(w);
		return STEP_TYPE;
	}
	return walk_end(w, SEG_UNSUPPORTED);
}

enum step tunnel_vxlan(struct walk *w)
{
	const uint8_t *p = w->p;

	if (w->cap < 8)
		return walk_short(w, 8);
	/* flag I set, everything reserved zero: else somebody else's use of
	 * the port, and a plain UDP packet */
	if (p[0] != 0x08 || p[1] != 0 || p[2] != 0 || p[3] != 0 || p[7] != 0)
		return STEP_DONE;
	walk_skip(w, 8);
	walk_tunnel(w);
	return STEP_ETHER;
}
