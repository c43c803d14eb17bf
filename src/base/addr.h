/*
 * addr.h - an IP address as 16 bytes, IPv4 as ::ffff:a.b.c.d (RFC 4291).
 * Compared and hashed as bytes; printed in the family it came in.
 */
#ifndef BASE_ADDR_H
#define BASE_ADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/err.h"

struct addr {
	union {
		uint8_t b[16]; /* network byte order */
		uint64_t w[2]; /* the same bytes, for hashing and comparing */
	};
};
_Static_assert(sizeof(struct addr) == 16, "hashed as bytes");

#define ADDR_TEXT 46 /* longest text and its NUL */

static inline struct addr addr_v4(const uint8_t *p)
{
	struct addr a = { .b = { [10] = 0xff, [11] = 0xff } };

	memcpy(a.b + 12, p, 4);
	return a;
}

static inline struct addr addr_v6(const uint8_t *p)
{
	struct addr a;

	memcpy(a.b, p, 16);
	return a;
}

static inline bool addr_is_v4(const struct addr *a)
{
	static const uint8_t head[12] = { [10] = 0xff, [11] = 0xff };

	return memcmp(a->b, head, 12) == 0;
}

static inline bool addr_eq(const struct addr *a, const struct addr *b)
{
	return a->w[0] == b->w[0] && a->w[1] == b->w[1];
}

static inline int addr_cmp(const struct addr *a, const struct addr *b)
{
	return memcmp(a->b, b->b, 16);
}

/* buf of at least ADDR_TEXT bytes; returns buf (RFC 5952 text). */
char *addr_format(const struct addr *a, char *buf);
/* One numeric address, no name is ever looked up. */
bool addr_parse(const char *text, struct addr *out, struct err *e);

#endif
