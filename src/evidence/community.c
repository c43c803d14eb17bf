/*
 * community.c - see community.h.
 * SHA-1 over seed, addresses, protocol, padding and ports in a fixed order
 * (smaller end first), as base64.  ICMP has no ports: a request has its type
 * and the type of its answer, so that both directions give one name; types
 * without an answer keep type and code and are never turned round.
 */
#include "evidence/community.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <openssl/evp.h>

#define PROTO_ICMP_V4 1
#define PROTO_ICMP_V6 58

/* Types that ask and types that answer (specification, table of ICMP). */
static const uint8_t pairs_v4[][2] = {
	{ 8, 0 }, { 13, 14 }, { 15, 16 }, { 10, 9 }, { 17, 18 },
};
static const uint8_t pairs_v6[][2] = {
	{ 128, 129 }, { 133, 134 }, { 135, 136 },
	{ 130, 131 }, { 139, 140 }, { 144, 145 },
};

/* True if the type has a counterpart, which replaces the code. */
static bool counterpart(const uint8_t (*pairs)[2], size_t n, uint16_t type,
			uint16_t *code)
{
	for (size_t i = 0; i < n; i++) {
		for (int k = 0; k < 2; k++) {
			if (pairs[i][k] == type) {
				*code = pairs[i][1 - k];
				return true;
			}
		}
	}
	return false;
}

static bool in_order(const struct addr *a, uint16_t aport, const struct addr *b,
		     uint16_t bport)
{
	int c = addr_cmp(a, b);

	return c < 0 || (c == 0 && aport < bport);
}

static size_t put_addr(uint8_t *p, const struct addr *a)
{
	if (addr_is_v4(a)) {
		memcpy(p, a->b + 12, 4);
		return 4;
	}
	memcpy(p, a->b, 16);
	return 16;
}

static size_t put_be16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
	return 2;
}

void community_id(uint8_t proto, const struct addr *src, uint16_t sport,
		  const struct addr *dst, uint16_t dport,
		  char out[COMMUNITY_TEXT])
{
	uint8_t text[2 + 32 + 2 + 4], hash[EVP_MAX_MD_SIZE];
	char base64[40];
	bool one_way = false;
	unsigned len;
	size_t n;

	if (proto == PROTO_ICMP_V4)
		one_way = !counterpart(pairs_v4,
				       sizeof(pairs_v4) / sizeof(pairs_v4[0]),
				       sport, &dport);
	else if (proto == PROTO_ICMP_V6)
		one_way = !counterpart(pairs_v6,
				       sizeof(pairs_v6) / sizeof(pairs_v6[0]),
				       sport, &dport);
	if (!one_way && !in_order(src, sport, dst, dport)) {
		const struct addr *a = src;
		uint16_t port = sport;

		src = dst;
		dst = a;
		sport = dport;
		dport = port;
	}
	n = put_be16(text, 0); /* the seed */
	n += put_addr(text + n, src);
	n += put_addr(text + n, dst);
	text[n++] = proto;
	text[n++] = 0;
	n += put_be16(text + n, sport);
	n += put_be16(text + n, dport);
	out[0] = '\0';
	if (EVP_Digest(text, n, hash, &len, EVP_sha1(), NULL) != 1)
		return;
	EVP_EncodeBlock((unsigned char *)base64, hash, (int)len);
	snprintf(out, COMMUNITY_TEXT, "1:%.28s", base64);
}
