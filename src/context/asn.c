/* asn.c - see asn.h. */
#include "context/asn.h"

#include <ctype.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "context/mrt_in.h"

#define MAX_FILE (512u << 20) /* of a list, unpacked */

const char *asn_reserved(uint32_t a)
{
	if (a == 0 || a == 65535 || a == UINT32_MAX)
		return "reserved";
	if (a == 23456)
		return "AS_TRANS";
	if ((a >= 64496 && a <= 64511) || (a >= 65536 && a <= 65551))
		return "documentation";
	if ((a >= 64512 && a <= 65534) || a >= 4200000000u)
		return "private";
	if (a >= 65552 && a <= 131071)
		return "reserved";
	return NULL;
}

const char *addr_bogon(const struct addr *a)
{
	static const struct {
		struct prefix p;
		const char *word;
	} list[] = {
		{ { 4, 8, { 0 } }, "this network" },
		{ { 4, 8, { 10 } }, "private" },
		{ { 4, 10, { 100, 64 } }, "carrier NAT" },
		{ { 4, 8, { 127 } }, "loopback" },
		{ { 4, 16, { 169, 254 } }, "link-local" },
		{ { 4, 12, { 172, 16 } }, "private" },
		{ { 4, 24, { 192, 0, 0 } }, "IETF protocols" },
		{ { 4, 24, { 192, 0, 2 } }, "documentation" },
		{ { 4, 16, { 192, 168 } }, "private" },
		{ { 4, 15, { 198, 18 } }, "benchmarking" },
		{ { 4, 24, { 198, 51, 100 } }, "documentation" },
		{ { 4, 24, { 203, 0, 113 } }, "documentation" },
		{ { 4, 4, { 224 } }, "multicast" },
		{ { 4, 4, { 240 } }, "reserved" },
		{ { 6, 128, { [15] = 1 } }, "loopback" },
		{ { 6, 128, { 0 } }, "unspecified" },
		{ { 6, 64, { 1 } }, "discard only" },
		{ { 6, 32, { 0x20, 0x01, 0x0d, 0xb8 } }, "documentation" },
		{ { 6, 20, { 0x3f, 0xff } }, "documentation" },
		{ { 6, 7, { 0xfc } }, "private" },
		{ { 6, 10, { 0xfe, 0x80 } }, "link-local" },
		{ { 6, 8, { 0xff } }, "multicast" },
	};
	struct prefix host = prefix_of_addr(a);

	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++)
		if (prefix_covers(&list[i].p, &host))
			return list[i].word;
	return NULL;
}

bool asn_parse(const char *text, uint32_t *out, struct err *e)
{
	const char *p = text;
	unsigned long long v;
	char *end;

	if ((p[0] == 'A' || p[0] == 'a') && (p[1] == 'S' || p[1] == 's'))
		p += 2;
	v = strtoull(p, &end, 10);
	if (*p < '0' || *p > '9' || *end || v > UINT32_MAX) {
		err_set(e, ERR_USAGE, "%.40s: not an AS number", text);
		return false;
	}
	*out = (uint32_t)v;
	return true;
}

/* The whole file, unpacked, with a NUL behind it. */
static char *slurp(const char *path, size_t *len, struct err *e)
{
	struct mrt_in *in = mrt_in_open(path, e);
	size_t want = 1 << 20, have = 0;
	const uint8_t *p = NULL;
	char *text = NULL;

	if (!in)
		return NULL;
	while ((have = mrt_in_peek(in, want, &p)) == want) {
		want *= 2;
		if (want > MAX_FILE)
			break;
	}
	if (want > MAX_FILE)
		err_set(e, ERR_LIMIT, "%s: longer than 512 MiB", path);
	else if (mrt_in_damage(in))
		err_set(e, ERR_TRUNCATED, "%s: %s", path, mrt_in_damage(in));
	else if (!(text = malloc(have + 1)))
		err_set(e, ERR_MEMORY, "out of memory");
	if (text) {
		memcpy(text, p, have);
		text[have] = '\0';
		*len = have;
	}
	mrt_in_close(in);
	return text;
}

static void each_line(char *text, bool (*line)(void *, char *), void *arg)
{
	char *next;

	for (; text && *text; text = next) {
		size_t n = strcspn(text, "\n");

		next = text[n] ? text + n + 1 : NULL;
		text[n] = '\0';
		if (n > 0 && text[n - 1] == '\r')
			text[n - 1] = '\0';
		if (!line(arg, text))
			return;
	}
}

bool lines_read(const char *path, bool (*line)(void *arg, char *text),
		void *arg, struct err *e)
{
	size_t len;
	char *text = slurp(path, &len, e);

	if (!text)
		return false;
	each_line(text, line, arg);
	free(text);
	return true;
}

struct name {
	uint32_t asn;
	uint32_t at; /* in text */
};

struct asn_names {
	struct name *v;
	size_t n, cap;
	char *text;
	size_t used, size;
	bool failed; /* no memory for all of them */
};

static bool add_name(struct asn_names *t, uint32_t asn, const char *s)
{
	size_t len = strlen(s) + 1;

	if (t->n == t->cap) {
		size_t cap = t->cap ? t->cap * 2 : 1 << 14;
		void *v = realloc(t->v, cap * sizeof(*t->v));

		if (!v)
			goto fail;
		t->v = v;
		t->cap = cap;
	}
	if (t->used + len > t->size) {
		size_t size = (t->size + len) * 2 + (1 << 16);
		char *text = size > UINT32_MAX ? NULL : realloc(t->text, size);

		if (!text)
			goto fail;
		t->text = text;
		t->size = size;
	}
	memcpy(t->text + t->used, s, len);
	t->v[t->n++] = (struct name){ asn, (uint32_t)t->used };
	t->used += len;
	return true;
fail:
	t->failed = true;
	return false;
}

static bool name_line(void *arg, char *text)
{
	char *p = text + strcspn(text, " \t,|");
	uint32_t asn;

	if (!*p)
		return true;
	*p++ = '\0';
	p += strspn(p, " \t,|");
	if (asn_parse(text, &asn, NULL))
		return add_name(arg, asn, p);
	return true;
}

static int by_asn(const void *a, const void *b)
{
	const struct name *x = a, *y = b;

	if (x->asn != y->asn)
		return x->asn < y->asn ? -1 : 1;
	return (x->at > y->at) - (x->at < y->at);
}

struct asn_names *asn_names_read(const char *path, struct err *e)
{
	struct asn_names *t = calloc(1, sizeof(*t));
	json_object *j = NULL;
	size_t len;
	char *text = t ? slurp(path, &len, e) : NULL;

	if (!text)
		goto fail;
	if (text[strspn(text, " \t\r\n")] == '{') {
		j = json_tokener_parse(text);
		if (!j || !json_object_is_type(j, json_type_object)) {
			err_set(e, ERR_FORMAT, "%s: not a JSON object", path);
			goto fail;
		}
		json_object_object_foreach(j, key, value)
		{
			uint32_t asn;

			if (asn_parse(key, &asn, NULL) &&
			    json_object_is_type(value, json_type_string))
				add_name(t, asn, json_object_get_string(value));
		}
	} else {
		each_line(text, name_line, t);
	}
	if (t->failed) {
		err_set(e, ERR_MEMORY, "out of memory");
		goto fail;
	}
	json_object_put(j);
	free(text);
	if (t->n)
		qsort(t->v, t->n, sizeof(*t->v), by_asn);
	return t;
fail:
	json_object_put(j);
	free(text);
	asn_names_free(t);
	return NULL;
}

void asn_names_free(struct asn_names *t)
{
	if (!t)
		return;
	free(t->v);
	free(t->text);
	free(t);
}

const char *asn_name(const struct asn_names *t, uint32_t asn)
{
	size_t lo = 0, hi = t ? t->n : 0;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (t->v[mid].asn < asn)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (!t || lo == t->n || t->v[lo].asn != asn)
		return NULL;
	return t->text + t->v[lo].at;
}

struct vrp {
	struct prefix p;
	uint8_t max_len;
	uint32_t asn;
};

struct vrps {
	struct vrp *v; /* sorted by prefix, then by AS */
	size_t n, cap;
	bool failed;
};

static void add_vrp(struct vrps *t, const char *asn, const char *prefix,
		    long max_len)
{
	struct vrp x;

	if (!asn_parse(asn, &x.asn, NULL) || !prefix_parse(prefix, &x.p, NULL))
		return;
	if (max_len < x.p.len)
		max_len = x.p.len;
	if (max_len > (long)prefix_max(&x.p))
		return;
	x.max_len = (uint8_t)max_len;
	if (t->n == t->cap) {
		size_t cap = t->cap ? t->cap * 2 : 1 << 14;
		void *v = realloc(t->v, cap * sizeof(*t->v));

		if (!v) {
			t->failed = true;
			return;
		}
		t->v = v;
		t->cap = cap;
	}
	t->v[t->n++] = x;
}

static bool vrp_line(void *arg, char *text)
{
	char *col[3] = { text, NULL, NULL }, *p = text;
	int i;

	for (i = 1; i < 3; i++) {
		p = strchr(p, ',');
		if (!p)
			return true;
		*p++ = '\0';
		col[i] = p;
	}
	p = strchr(col[2], ',');
	if (p)
		*p = '\0';
	for (i = 0; i < 3; i++)
		col[i] += strspn(col[i], " \"");
	for (i = 0; i < 3; i++)
		col[i][strcspn(col[i], " \"")] = '\0';
	add_vrp(arg, col[0], col[1], strtol(col[2], NULL, 10));
	return true;
}

static bool vrp_json(struct vrps *t, const char *text, const char *path,
		     struct err *e)
{
	json_object *j = json_tokener_parse(text), *list, *x, *f;
	size_t i, n;

	if (!j || !json_object_object_get_ex(j, "roas", &list) ||
	    !json_object_is_type(list, json_type_array)) {
		json_object_put(j);
		return err_set(e, ERR_FORMAT, "%s: no \"roas\" in it", path);
	}
	n = json_object_array_length(list);
	for (i = 0; i < n; i++) {
		const char *asn, *prefix;

		x = json_object_array_get_idx(list, i);
		if (!json_object_object_get_ex(x, "asn", &f))
			continue;
		asn = json_object_get_string(f);
		if (!json_object_object_get_ex(x, "prefix", &f))
			continue;
		prefix = json_object_get_string(f);
		if (json_object_object_get_ex(x, "maxLength", &f) && asn &&
		    prefix)
			add_vrp(t, asn, prefix, json_object_get_int(f));
	}
	json_object_put(j);
	return true;
}

static int by_prefix(const void *a, const void *b)
{
	const struct vrp *x = a, *y = b;
	int c = prefix_cmp(&x->p, &y->p);

	if (c)
		return c;
	return (x->asn > y->asn) - (x->asn < y->asn);
}

struct vrps *vrps_read(const char *path, struct err *e)
{
	struct vrps *t = calloc(1, sizeof(*t));
	size_t len;
	char *text = t ? slurp(path, &len, e) : NULL;
	bool ok = text != NULL;

	if (ok && text[strspn(text, " \t\r\n")] == '{')
		ok = vrp_json(t, text, path, e);
	else if (ok)
		each_line(text, vrp_line, t);
	free(text);
	if (ok && t->failed)
		ok = err_set(e, ERR_MEMORY, "out of memory");
	if (ok && t->n == 0) {
		err_set(e, ERR_FORMAT, "%s: no VRP in it", path);
		ok = false;
	}
	if (!ok) {
		vrps_free(t);
		return NULL;
	}
	qsort(t->v, t->n, sizeof(*t->v), by_prefix);
	return t;
}

void vrps_free(struct vrps *t)
{
	if (!t)
		return;
	free(t->v);
	free(t);
}

uint32_t vrps_count(const struct vrps *t)
{
	return t ? (uint32_t)t->n : 0;
}

/* First entry that is not below the prefix. */
static size_t lower(const struct vrps *t, const struct prefix *p)
{
	size_t lo = 0, hi = t->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (prefix_cmp(&t->v[mid].p, p) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

enum vrp_state vrps_check(const struct vrps *t, const struct prefix *p,
			  uint32_t origin)
{
	enum vrp_state state = VRP_NOT_FOUND;
	struct prefix wide = *p;

	if (!t)
		return VRP_UNKNOWN;
	for (int len = p->len; len >= 0; len--) {
		wide.len = (uint8_t)len;
		prefix_mask(&wide);
		for (size_t i = lower(t, &wide);
		     i < t->n && prefix_cmp(&t->v[i].p, &wide) == 0; i++) {
			if (t->v[i].asn == origin && origin != 0 &&
			    p->len <= t->v[i].max_len)
				return VRP_VALID;
			state = VRP_INVALID;
		}
	}
	return state;
}

const char *vrp_word(enum vrp_state s)
{
	static const char *const words[] = { "unknown", "not-found", "valid",
					     "invalid" };

	return words[s];
}
