/*
 * walk.h - how the decoders hand a packet to each other (inside decode only).
 *
 * A step looks at the bytes at w->p, fills the segment, moves on and names the
 * next step; STEP_DONE has set the outcome.  Two lengths go along: what we
 * captured and what was on the wire.  A header that does not fit the wire is
 * their mistake (MALFORMED), one that only does not fit the capture is ours
 * (TRUNCATED).
 */
#ifndef DECODE_WALK_H
#define DECODE_WALK_H

#include <endian.h>

#include "base/rd.h"
#include "decode/decode.h"

enum step {
	STEP_DONE,
	STEP_ETHER, /* an Ethernet header */
	STEP_TYPE,  /* what w->type (an EtherType) says */
	STEP_IP,    /* IPv4 or IPv6, by its first nibble */
	STEP_IP4,
	STEP_IP6,
	STEP_PROTO, /* what w->proto (an IP protocol number) says */
};

/* Headers taken off before we give up (UNSUPPORTED): real stacks of tags,
 * labels and tunnels have fewer than ten. */
#define WALK_BUDGET 24

struct frag_key {
	struct addr src, dst;
	uint32_t id;
	uint32_t proto;
};
_Static_assert(sizeof(struct frag_key) == 40, "compared as bytes");

struct frag {
	struct frag_key key;
	int64_t ns; /* of the first fragment */
	uint16_t sport, dport;
	uint8_t used;
	uint8_t icmp_type, icmp_code;
};

/* Datagrams whose first fragment was seen: sets of FRAG_WAYS, the oldest of
 * a set is replaced. */
#define FRAG_SETS 1024
#define FRAG_WAYS 4
/* RFC 8200 4.5: reassembly is given up after 60 seconds */
#define FRAG_LIFE_NS INT64_C(60000000000)

struct decoder {
	struct decode_stats stats;
	struct frag *frags; /* FRAG_SETS * FRAG_WAYS */
};

struct walk {
	struct decoder *d;
	const struct frame *f;
	struct segment *s;
	const uint8_t *p; /* next byte */
	uint32_t cap;	  /* captured bytes from p on, <= wire */
	uint32_t wire;	  /* bytes from p on, on the wire */
	uint16_t type;	  /* EtherType for STEP_TYPE */
	uint8_t proto;	  /* for STEP_PROTO */
	uint8_t budget;
	bool cut_by_fragment; /* wire ends where a fragment ends: headers
			       * inside may rightly claim more */
};

static inline enum step walk_end(struct walk *w, enum outcome o)
{
	w->s->outcome = (uint8_t)o;
	return STEP_DONE;
}

/* A header does not fit: whose fault? */
static inline enum step walk_short(struct walk *w, uint32_t need)
{
	return walk_end(w, w->wire < need && !w->cut_by_fragment
				   ? SEG_MALFORMED
				   : SEG_TRUNCATED);
}

static inline void walk_skip(struct walk *w, uint32_t n)
{
	w->p += n;
	w->cap -= n;
	w->wire -= n;
}

/* Never more than there is: lengths from headers that were checked. */
static inline void walk_limit(struct walk *w, uint32_t wire)
{
	w->wire = wire;
	if (w->cap > wire)
		w->cap = wire;
}

/* As addr_v4(), in two whole words: the flow hash reads them at once. */
static inline struct addr addr_v4_words(const uint8_t *p)
{
	struct addr a;

	a.w[0] = 0;
	a.w[1] = htole64(UINT64_C(0xffff0000) | (uint64_t)get_le32(p) << 32);
	return a;
}

/* A tunnel begins: all of the segment will be of the packet inside. */
void walk_tunnel(struct walk *w);

enum step link_ether(struct walk *w);
enum step link_type(struct walk *w);
enum step ip_v4(struct walk *w);
enum step ip_v6(struct walk *w);
enum step ip_proto(struct walk *w);
enum step tunnel_gre(struct walk *w);
/* After a UDP header to port 4789: STEP_DONE with the outcome of the UDP
 * packet itself when it is not VXLAN. */
enum step tunnel_vxlan(struct walk *w);
enum step tcp_decode(struct walk *w);
enum step udp_decode(struct walk *w);
enum step icmp_decode(struct walk *w, bool is_v6);

/* Options of cap captured out of wire bytes.  False: one has a length that
 * cannot be. */
bool tcp_options(struct segment *s, const uint8_t *p, uint32_t cap,
		 uint32_t wire);

/* decode_batch() for one frame without its short cut, for the test that the
 * two agree. */
void decode_walk(struct decoder *d, const struct frame *f, struct segment *s);

/* Remembers the ports of a first fragment / gives them to a later one. */
void frag_note(struct walk *w, uint32_t id, uint8_t proto);
bool frag_find(struct walk *w, uint32_t id, uint8_t proto);

#endif
