/*
 * prefix.c - networks: reading them from BGP fields and from text.
 */
#include "context/bgp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void prefix_mask(struct prefix *p)
{
	unsigned full = p->len / 8, rest = p->len % 8;

	if (full >= sizeof(p->b))
		return;
	if (rest) {
		p->b[full] &= (uint8_t)(0xff00u >> rest);
		full++;
	}
	memset(p->b + full, 0, sizeof(p->b) - full);
}

/* An IPv4 prefix with bytes to spare behind it: four are read at once. */
static inline bool next_v4(struct rd *r, struct prefix *p)
{
	unsigned len = r->p[0];
	uint32_t b;

	if (len > 32)
		return false;
	b = get_be32(r->p + 1) &
	    (uint32_t)(UINT64_C(0xffffffff00000000) >> len);
	p->fam = 4;
	p->len = (uint8_t)len;
	memset(p->b, 0, sizeof(p->b));
	p->b[0] = (uint8_t)(b >> 24);
	p->b[1] = (uint8_t)(b >> 16);
	p->b[2] = (uint8_t)(b >> 8);
	p->b[3] = (uint8_t)b;
	r->p += 1 + (len + 7) / 8;
	r->left -= 1 + (len + 7) / 8;
	return true;
}

enum nlri_result nlri_next(struct rd *r, struct nlri_form form,
			   struct prefix *p, uint32_t *path_id)
{
	const uint8_t *bytes;
	unsigned n;

	if (r->left == 0)
		return r->bad ? NLRI_BAD : NLRI_END;
	*path_id = form.addpath ? rd_be32(r) : 0;
	if (form.fam == 4 && r->left >= 5 && next_v4(r, p))
		return NLRI_OK;
	p->fam = form.fam;
	p->len = rd_u8(r);
	n = (p->len + 7u) / 8;
	if (p->len > (form.fam == 4 ? 32 : 128)) {
		r->bad = true;
		return NLRI_BAD;
	}
	bytes = rd_bytes(r, n);
	if (!bytes)
		return NLRI_BAD;
	memset(p->b, 0, sizeof(p->b));
	memcpy(p->b, bytes, n);
	if (p->len % 8)
		p->b[n - 1] &= (uint8_t)(0xff00u >> (p->len % 8));
	return NLRI_OK;
}

/* 0 does not read, 1 reads with two or more default routes, 2 reads well */
static int reads_as(struct rd field, struct nlri_form form)
{
	const uint8_t *p, *end;
	unsigned max = form.fam == 4 ? 32 : 128, defaults = 0;
	size_t id = form.addpath ? 4 : 0;

	if (field.left == 0)
		return 2;
	p = field.p;
	end = p + field.left;
	while (p < end) {
		size_t left = (size_t)(end - p);

		if (left <= id || p[id] > max ||
		    left < id + 1 + (p[id] + 7u) / 8)
			return 0;
		defaults += p[id] == 0;
		p += id + 1 + (p[id] + 7u) / 8;
	}
	return defaults > 1 ? 1 : 2;
}

bool nlri_form_guess(struct rd field, struct nlri_form *form)
{
	struct nlri_form other = { form->fam, !form->addpath };
	int as_said = reads_as(field, *form);
	int as_other;

	if (as_said == 2)
		return true;
	as_other = reads_as(field, other);
	if (as_other > as_said)
		*form = other;
	return as_said > 0 || as_other > 0;
}

struct prefix prefix_of_addr(const struct addr *a)
{
	struct prefix p = { .fam = 6, .len = 128 };

	if (addr_is_v4(a)) {
		p.fam = 4;
		p.len = 32;
		memcpy(p.b, a->b + 12, 4);
	} else {
		memcpy(p.b, a->b, 16);
	}
	return p;
}

struct addr prefix_addr(const struct prefix *p)
{
	return p->fam == 4 ? addr_v4(p->b) : addr_v6(p->b);
}

bool prefix_parse(const char *text, struct prefix *out, struct err *e)
{
	const char *slash = strchr(text, '/');
	char head[ADDR_TEXT + 1];
	size_t n = slash ? (size_t)(slash - text) : strlen(text);
	struct addr a;
	char *end;
	unsigned long len;

	if (n >= sizeof(head))
		return err_set(e, ERR_USAGE, "%.60s: not a prefix", text);
	memcpy(head, text, n);
	head[n] = '\0';
	if (!addr_parse(head, &a, e))
		return false;
	*out = prefix_of_addr(&a);
	if (!slash)
		return true;
	if (slash[1] < '0' || slash[1] > '9')
		return err_set(e, ERR_USAGE, "%.60s: not a prefix", text);
	len = strtoul(slash + 1, &end, 10);
	if (*end || len > prefix_max(out))
		return err_set(e, ERR_USAGE, "%.60s: prefix length", text);
	out->len = (uint8_t)len;
	prefix_mask(out);
	return true;
}

char *prefix_format(const struct prefix *p, char *buf)
{
	struct addr a = prefix_addr(p);

	addr_format(&a, buf);
	/* a prefix of ::ffff:0:0/96 is printed as IPv6 by its own family */
	snprintf(buf + strlen(buf), 5, "/%u", p->len);
	return buf;
}

bool prefix_covers(const struct prefix *wide, const struct prefix *narrow)
{
	unsigned full = wide->len / 8, rest = wide->len % 8;

	if (wide->fam != narrow->fam || wide->len > narrow->len)
		return false;
	if (memcmp(wide->b, narrow->b, full) != 0)
		return false;
	return rest == 0 || ((wide->b[full] ^ narrow->b[full]) &
			     (0xff00u >> rest) & 0xff) == 0;
}

int prefix_cmp(const struct prefix *a, const struct prefix *b)
{
	int c;

	if (a->fam != b->fam)
		return a->fam < b->fam ? -1 : 1;
	c = memcmp(a->b, b->b, 16);
	if (c)
		return c;
	return (a->len > b->len) - (a->len < b->len);
}
