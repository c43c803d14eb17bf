/*
 * bgp.h - one BGP UPDATE: prefixes, path attributes, AS paths.
 *
 * RFC 4271, 4760 (multiprotocol), 6793 (four-byte ASNs), 7911 (ADD-PATH),
 * 8654 (extended messages), 7606 (what to do with errors).
 * Input: bytes of a record, borrowed.  Output: plain structs that point into
 * them.  No allocation.
 */
#ifndef CONTEXT_BGP_H
#define CONTEXT_BGP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/rd.h"

/* A network: address bits beyond len are zero.  No padding: hashed. */
struct prefix {
	uint8_t fam; /* 4 or 6 */
	uint8_t len; /* at most 32 or 128 */
	uint8_t b[16];
};
_Static_assert(sizeof(struct prefix) == 18, "hashed as bytes");

#define PREFIX_TEXT 50

static inline unsigned prefix_max(const struct prefix *p)
{
	return p->fam == 4 ? 32 : 128;
}

/* "192.0.2.0/24", "2001:db8::/32" or an address (host route).  Bits beyond
 * the length are cleared. */
bool prefix_parse(const char *text, struct prefix *out, struct err *e);
char *prefix_format(const struct prefix *p, char *buf);
void prefix_mask(struct prefix *p);
struct prefix prefix_of_addr(const struct addr *a);
struct addr prefix_addr(const struct prefix *p);
bool prefix_covers(const struct prefix *wide, const struct prefix *narrow);
/* family, address, length: the order of every listing */
int prefix_cmp(const struct prefix *a, const struct prefix *b);

enum nlri_result { NLRI_OK, NLRI_END, NLRI_BAD };

/* How the prefixes of one field are written. */
struct nlri_form {
	uint8_t fam;  /* 4 or 6 */
	bool addpath; /* four bytes of path id before each */
};

/* The next prefix of a field; NLRI_BAD when the length is above 32 or 128 or
 * the bytes end inside it.  path_id is 0 without ADD-PATH. */
enum nlri_result nlri_next(struct rd *r, struct nlri_form form,
			   struct prefix *p, uint32_t *path_id);
/* Collectors write ADD-PATH prefixes under subtypes that have none (bgpdump
 * #9, libparsebgp #83).  Reads the whole field in both forms: one that is
 * absurd as it is called but right in the other is taken in the other.
 * False when neither reads. */
bool nlri_form_guess(struct rd field, struct nlri_form *form);

/* Flags of struct bgp_attrs: what was wrong, by RFC 7606. */
enum {
	BGP_BAD_FRAMING = 1,  /* an attribute runs past the end */
	BGP_BAD_WITHDRAW = 2, /* treat the routes as withdrawn */
	BGP_BAD_DISCARD = 4,  /* one attribute was ignored */
	BGP_BAD_NLRI = 8,     /* an impossible prefix length */
	BGP_DUPLICATE = 16,   /* an attribute came twice: the first counts */
};

/* Bits of have. */
enum {
	BGP_ORIGIN = 1 << 0,
	BGP_AS_PATH = 1 << 1,
	BGP_NEXT_HOP = 1 << 2,
	BGP_MED = 1 << 3,
	BGP_LOCAL_PREF = 1 << 4,
	BGP_ATOMIC = 1 << 5,
	BGP_AGGREGATOR = 1 << 6,
	BGP_COMMUNITIES = 1 << 7,
	BGP_MP_REACH = 1 << 8,
	BGP_MP_UNREACH = 1 << 9,
	BGP_AS4_PATH = 1 << 10,
	BGP_AS4_AGGREGATOR = 1 << 11,
	BGP_LARGE = 1 << 12,
	BGP_OTC = 1 << 13,
};

struct bgp_mp {
	uint16_t afi; /* 1 IPv4, 2 IPv6 */
	uint8_t safi; /* 1 unicast, 2 multicast */
	const uint8_t *next_hop;
	uint8_t next_hop_len;
	bool abbreviated; /* TABLE_DUMP_V2: next hop alone */
	struct rd nlri;
};

struct bgp_attrs {
	uint32_t have; /* BGP_ORIGIN ... */
	uint32_t bad;  /* BGP_BAD_... */
	uint8_t origin;
	bool as4; /* AS_PATH holds four-byte ASNs */
	const uint8_t *as_path, *as4_path, *next_hop, *communities, *large;
	uint16_t as_path_len, as4_path_len, communities_len, large_len;
	uint32_t med, local_pref, aggregator_as, as4_aggregator_as, otc;
	const uint8_t *aggregator_ip, *as4_aggregator_ip;
	struct bgp_mp reach, unreach;
};

/* Reads all attributes of r.  as4: ASNs of AS_PATH and AGGREGATOR are four
 * bytes.  Never fails: out->bad says what was wrong. */
void bgp_attrs_read(struct rd r, bool as4, struct bgp_attrs *out);

/*
 * An AS path as words.  A path of one plain sequence is its ASNs; any other
 * has segs set and is a list of segments, each a head (type << 16 | count)
 * followed by its ASNs.  Types: 1 set, 2 sequence, 3 and 4 confederation.
 */
#define BGP_PATH_WORDS 4096

struct bgp_path {
	uint32_t w[BGP_PATH_WORDS];
	uint16_t n;  /* words used */
	bool segs;   /* heads are in w */
	bool as_set; /* holds a set */
};

enum { SEG_SET = 1, SEG_SEQUENCE = 2, SEG_CONFED_SEQ = 3, SEG_CONFED_SET = 4 };

/* AS_PATH merged with AS4_PATH (RFC 6793 4.2.3).  False when malformed or
 * longer than BGP_PATH_WORDS: out is then empty. */
bool bgp_path_read(const struct bgp_attrs *a, struct bgp_path *out);
/* The AS that originated the route: the last of the last sequence, 0 when the
 * path is empty or ends in a set.  upstream: the AS before it with prepends
 * removed, 0 when there is none. */
uint32_t bgp_path_origin(const uint32_t *w, unsigned n, bool segs,
			 uint32_t *upstream);
bool bgp_path_has(const uint32_t *w, unsigned n, bool segs, uint32_t asn);

#endif
