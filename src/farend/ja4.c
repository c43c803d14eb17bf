/*
 * ja4.c - JA4 of a TLS client's first message (FoxIO, public specification
 * "JA4: TLS Client Fingerprinting"; this method alone is free for all).
 *
 * a_b_c: what is offered in plain figures, the ciphers, the extensions and
 * signature algorithms.  Values of RFC 8701 are left out everywhere.  A
 * name that other tools use, for a program and its library, not for a
 * person or a machine.
 *
 * Made of a whole ClientHello in one TLS record or not at all: a message
 * that a snap length cut, that has more records, or whose lengths do not fit
 * together has no name.  Wrong when the client's message is a relay's own.
 */
#include <stdio.h>
#include <string.h>
#include <openssl/evp.h>

#include "base/rd.h"
#include "farend/track.h"

enum {
	EXT_SNI = 0x0000,
	EXT_SIGNATURES = 0x000d,
	EXT_ALPN = 0x0010,
	EXT_VERSIONS = 0x002b,
};
enum { LIST_MAX = 256, HASH_DIGITS = 12 };

struct list {
	uint16_t v[LIST_MAX];
	size_t n;
};

struct hello {
	struct list ciphers, extensions, signatures;
	uint16_t version; /* highest of supported_versions, or the old one */
	bool has_sni;
	char alpn[2];
	size_t n_extensions; /* with SNI and ALPN */
};

static bool put(struct list *l, uint16_t v)
{
	if (fe_is_grease(v))
		return true;
	if (l->n == LIST_MAX)
		return false;
	l->v[l->n++] = v;
	return true;
}

static bool put_all(struct list *l, struct rd *r)
{
	bool room = true;

	while (r->left >= 2)
		room = put(l, rd_be16(r)) && room;
	return room && r->left == 0 && rd_ok(r);
}

static bool is_alnum(uint8_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
	       (c >= 'a' && c <= 'z');
}

/* First and last character of the first protocol; of its hexadecimal form
 * where one of them is no letter or digit. */
static void alpn_name(struct rd *r, char out[2])
{
	static const char hex[] = "0123456789abcdef";
	struct rd list = rd_sub(r, rd_be16(r));
	uint8_t n = rd_u8(&list);
	const uint8_t *p = rd_bytes(&list, n);

	if (p == NULL || n == 0)
		return;
	if (is_alnum(p[0]) && is_alnum(p[n - 1])) {
		out[0] = (char)p[0];
		out[1] = (char)p[n - 1];
	} else {
		out[0] = hex[p[0] >> 4];
		out[1] = hex[p[n - 1] & 15];
	}
}

static void versions(struct rd *r, struct hello *h)
{
	struct rd list = rd_sub(r, rd_u8(r));
	uint16_t best = 0;

	while (list.left >= 2) {
		uint16_t v = rd_be16(&list);

		if (!fe_is_grease(v) && v > best)
			best = v;
	}
	if (best != 0)
		h->version = best;
}

static bool extension(struct rd *all, struct hello *h)
{
	uint16_t kind = rd_be16(all);
	struct rd r = rd_sub(all, rd_be16(all)), list;

	if (!rd_ok(all))
		return false;
	if (fe_is_grease(kind))
		return true;
	h->n_extensions++;
	switch (kind) {
	case EXT_SNI:
		h->has_sni = true;
		return true;
	case EXT_ALPN:
		alpn_name(&r, h->alpn);
		return rd_ok(&r);
	case EXT_VERSIONS:
		versions(&r, h);
		break;
	case EXT_SIGNATURES:
		list = rd_sub(&r, rd_be16(&r));
		if (!put_all(&h->signatures, &list))
			return false;
		break;
	default:
		break;
	}
	return rd_ok(&r) && put(&h->extensions, kind);
}

/* RFC 8446 4.1.2, from the message's header on. */
static bool parse(struct rd *r, struct hello *h)
{
	struct rd part;

	h->version = rd_be16(r);
	rd_skip(r, 32);
	rd_skip(r, rd_u8(r));
	part = rd_sub(r, rd_be16(r));
	if (!put_all(&h->ciphers, &part))
		return false;
	rd_skip(r, rd_u8(r)); /* compression */
	if (!rd_ok(r))
		return false;
	if (r->left == 0)
		return true; /* before RFC 3546: no extensions */
	part = rd_sub(r, rd_be16(r));
	while (part.left > 0)
		if (!extension(&part, h))
			return false;
	return rd_ok(r) && r->left == 0;
}

static void sort(struct list *l)
{
	for (size_t i = 1; i < l->n; i++) {
		uint16_t v = l->v[i];
		size_t k = i;

		for (; k > 0 && l->v[k - 1] > v; k--)
			l->v[k] = l->v[k - 1];
		l->v[k] = v;
	}
}

static size_t join(const struct list *l, char *text)
{
	size_t at = 0;

	for (size_t i = 0; i < l->n; i++)
		at += (size_t)sprintf(text + at, i ? ",%04x" : "%04x", l->v[i]);
	return at;
}

static bool digest(const char *text, size_t len, char *out)
{
	uint8_t md[EVP_MAX_MD_SIZE];

	if (EVP_Digest(text, len, md, NULL, EVP_sha256(), NULL) != 1)
		return false;
	for (int i = 0; i < HASH_DIGITS / 2; i++)
		sprintf(out + 2 * i, "%02x", md[i]);
	return true;
}

static const char *version_name(uint16_t v)
{
	switch (v) {
	case 0x0304:
		return "13";
	case 0x0303:
		return "12";
	case 0x0302:
		return "11";
	case 0x0301:
		return "10";
	case 0x0300:
		return "s3";
	case 0x0002:
		return "s2";
	default:
		return "00";
	}
}

static bool name(struct hello *h, char out[FE_JA4_TEXT])
{
	char text[2 * 5 * LIST_MAX + 2], *to = out;
	size_t n;

	to += sprintf(to, "t%s%c%02u%02u%c%c_", version_name(h->version),
		      h->has_sni ? 'd' : 'i',
		      (unsigned)(h->ciphers.n < 99 ? h->ciphers.n : 99),
		      (unsigned)(h->n_extensions < 99 ? h->n_extensions : 99),
		      h->alpn[0], h->alpn[1]);
	sort(&h->ciphers);
	n = join(&h->ciphers, text);
	memcpy(to, "000000000000_", HASH_DIGITS + 2);
	if (n > 0 && !digest(text, n, to))
		return false;
	to[HASH_DIGITS] = '_';
	to += HASH_DIGITS + 1;
	sort(&h->extensions);
	n = join(&h->extensions, text);
	memcpy(to, "000000000000", HASH_DIGITS + 1);
	if (n == 0)
		return true;
	if (h->signatures.n > 0) {
		text[n++] = '_';
		n += join(&h->signatures, text + n);
	}
	return digest(text, n, to);
}

size_t fe_hello_bytes(const uint8_t *p, size_t len)
{
	struct rd r = rd_make(p, len);
	size_t record, message;

	rd_skip(&r, 3);
	record = rd_be16(&r);
	rd_skip(&r, 1);
	message = (size_t)rd_u8(&r) << 16;
	message |= rd_be16(&r);
	if (!rd_ok(&r))
		return 5 + 4;
	return message + 4 > record ? 0 : 5 + 4 + message;
}

bool fe_ja4(const uint8_t *p, size_t len, char out[FE_JA4_TEXT])
{
	struct hello h = { .alpn = { '0', '0' } };
	size_t bytes = fe_hello_bytes(p, len);
	struct rd r;

	if (bytes <= 5 + 4 || bytes > len || p[0] != 0x16 || p[5] != 1)
		return false;
	r = rd_make(p + 5 + 4, bytes - 5 - 4);
	return parse(&r, &h) && name(&h, out);
}
