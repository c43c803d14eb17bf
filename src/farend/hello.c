/*
 * hello.c - which program speaks: a 32-bit name from its first payload.
 *
 * Used to group connections by client program (the random effect of its
 * slowness) and to see an application that does not fit the SYN's stack.
 * Not a fingerprint of a person or a machine.  Reads what was captured: a
 * short snap length gives a coarser name, the same within one capture.
 */
#include "farend/track.h"

#include <string.h>

#include "base/rd.h"

#define FNV_START UINT32_C(2166136261)

static uint32_t fnv(uint32_t h, const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		h = (h ^ p[i]) * UINT32_C(16777619);
	return h;
}

static uint32_t named(uint32_t h)
{
	return h ? h : 1; /* 0 means unknown */
}

/* Of the ciphers alone: with the extensions (JA4, ja4.c) one program that
 * resumes or names its server would count as two. */
uint32_t fe_tls_stack(const uint8_t *p, size_t len)
{
	struct rd r = rd_make(p, len);
	uint32_t h = FNV_START;
	size_t ciphers;

	rd_skip(&r, 5 + 4); /* record and handshake headers */
	h = fnv(h, p, len < 3 ? len : 3);
	rd_skip(&r, 2 + 32);	/* version, random */
	rd_skip(&r, rd_u8(&r)); /* session id */
	ciphers = rd_be16(&r) / 2;
	for (size_t i = 0; i < ciphers && rd_ok(&r); i++) {
		uint16_t c = rd_be16(&r);
		uint8_t b[2] = { (uint8_t)(c >> 8), (uint8_t)c };

		if (rd_ok(&r) && !fe_is_grease(c))
			h = fnv(h, b, 2);
	}
	return named(h);
}

static bool has_word(const uint8_t *p, size_t n, const char *word)
{
	return memmem(p, n, word, strlen(word)) != NULL;
}

/* "SSH-2.0-OpenSSH_9.2p1 Debian-2": up to the end of the line. */
uint32_t fe_ssh_stack(const uint8_t *p, size_t len, uint8_t *os)
{
	size_t n = 0;

	while (n < len && p[n] != '\r' && p[n] != '\n')
		n++;
	if (has_word(p, n, "for_Windows") || has_word(p, n, "WinSCP") ||
	    has_word(p, n, "Bitvise"))
		*os = FE_OS_WINDOWS;
	else if (has_word(p, n, "Debian") || has_word(p, n, "Ubuntu") ||
		 has_word(p, n, "Raspbian"))
		*os = FE_OS_LINUX;
	else if (has_word(p, n, "FreeBSD") || has_word(p, n, "NetBSD"))
		*os = FE_OS_BSD;
	return named(fnv(FNV_START, p, n));
}

/* Whether the line begins with the name, in any case (RFC 9110 5.1). */
static bool is_named(const uint8_t *line, size_t len, const char *name,
		     size_t want)
{
	if (len <= want || line[want] != ':')
		return false;
	for (size_t k = 0; k < want; k++)
		if ((line[k] | 0x20) != (uint8_t)name[k])
			return false;
	return true;
}

static bool names_proxy(const uint8_t *line, size_t len)
{
	switch (line[0] | 0x20) {
	case 'v':
		return is_named(line, len, "via", 3);
	case 'f':
		return is_named(line, len, "forwarded", 9);
	case 'x':
		return is_named(line, len, "x-forwarded-for", 15) ||
		       is_named(line, len, "x-real-ip", 9);
	default:
		return false;
	}
}

/* The value of the first User-Agent, *n bytes; NULL if absent. */
static const uint8_t *headers(const uint8_t *p, size_t len, size_t *n,
			      bool *proxy)
{
	enum { NAME = 10 };
	const uint8_t *line = p, *end = p + len, *ua = NULL;

	while (line < end) {
		size_t left = (size_t)(end - line);

		if (names_proxy(line, left)) {
			*proxy = true;
		} else if (ua == NULL && (line[0] | 0x20) == 'u' &&
			   is_named(line, left, "user-agent", NAME)) {
			ua = line + NAME + 1;
			while (ua < end && *ua == ' ')
				ua++;
			for (*n = 0;
			     ua + *n < end && ua[*n] != '\r' && ua[*n] != '\n';)
				++*n;
		}
		line = memchr(line, '\n', left);
		if (line == NULL)
			break;
		line++;
	}
	return ua;
}

uint32_t fe_http_stack(const uint8_t *p, size_t len, uint8_t *os, bool *proxy)
{
	size_t n = 0, end = 0;
	const uint8_t *ua = headers(p, len, &n, proxy);

	if (ua == NULL)
		return named(fnv(FNV_START, (const uint8_t *)"http", 4));
	if (has_word(ua, n, "Windows"))
		*os = FE_OS_WINDOWS;
	else if (has_word(ua, n, "Mac OS") || has_word(ua, n, "iPhone"))
		*os = FE_OS_APPLE;
	else if (has_word(ua, n, "Linux") || has_word(ua, n, "Android"))
		*os = FE_OS_LINUX;
	while (end < n && ua[end] != ' ')
		end++;
	return named(fnv(FNV_START, ua, *os == FE_OS_UNKNOWN ? end : n));
}

uint32_t fe_line_stack(const uint8_t *p, size_t len)
{
	size_t n = 0;

	while (n < len && n < 8 && p[n] > ' ')
		n++;
	return named(fnv(FNV_START, p, n));
}
