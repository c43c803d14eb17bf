/* json.c - see json.h. */
#include "base/json.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

static void put(struct json *j, const char *s, size_t n)
{
	if (!j->failed && n > 0 && fwrite(s, 1, n, j->f) != n)
		j->failed = true;
}

static void puts_(struct json *j, const char *s)
{
	put(j, s, strlen(s));
}

void json_init(struct json *j, FILE *f, bool compact)
{
	*j = (struct json){ .f = f, .compact = compact };
}

bool json_done(struct json *j)
{
	puts_(j, "\n");
	if (fflush(j->f) != 0)
		j->failed = true;
	return !j->failed && j->depth == 0;
}

static void newline(struct json *j)
{
	if (j->compact)
		return;
	puts_(j, "\n");
	for (int i = 0; i < j->depth; i++)
		puts_(j, "  ");
}

static void before_value(struct json *j)
{
	if (j->after_key) {
		j->after_key = false;
		return;
	}
	if (j->depth == 0)
		return;
	if (j->has_items[j->depth - 1])
		puts_(j, ",");
	j->has_items[j->depth - 1] = true;
	newline(j);
}

static void open_level(struct json *j, const char *open, char close)
{
	before_value(j);
	puts_(j, open);
	assert(j->depth < JSON_DEPTH);
	j->has_items[j->depth] = false;
	j->close[j->depth++] = close;
}

void json_object(struct json *j)
{
	open_level(j, "{", '}');
}

void json_array(struct json *j)
{
	open_level(j, "[", ']');
}

void json_end(struct json *j)
{
	assert(j->depth > 0);
	j->depth--;
	if (j->has_items[j->depth])
		newline(j);
	put(j, &j->close[j->depth], 1);
}

/* Length of the valid UTF-8 sequence at s (RFC 3629), 0 if there is none. */
static int utf8_len(const unsigned char *s)
{
	if (s[0] < 0x80)
		return 1;
	if (s[0] >= 0xc2 && s[0] <= 0xdf)
		return (s[1] & 0xc0) == 0x80 ? 2 : 0;
	if (s[0] >= 0xe0 && s[0] <= 0xef) {
		if ((s[1] & 0xc0) != 0x80 || (s[2] & 0xc0) != 0x80)
			return 0;
		if ((s[0] == 0xe0 && s[1] < 0xa0) ||
		    (s[0] == 0xed && s[1] > 0x9f))
			return 0;
		return 3;
	}
	if (s[0] >= 0xf0 && s[0] <= 0xf4) {
		if ((s[1] & 0xc0) != 0x80 || (s[2] & 0xc0) != 0x80 ||
		    (s[3] & 0xc0) != 0x80)
			return 0;
		if ((s[0] == 0xf0 && s[1] < 0x90) ||
		    (s[0] == 0xf4 && s[1] > 0x8f))
			return 0;
		return 4;
	}
	return 0;
}

static void quoted(struct json *j, const char *text)
{
	const unsigned char *s = (const unsigned char *)text;
	char esc[8];
	int n;

	puts_(j, "\"");
	for (; *s; s += n > 0 ? n : 1) {
		n = utf8_len(s);
		if (n == 0) {
			puts_(j, "\\ufffd");
		} else if (*s == '"' || *s == '\\') {
			esc[0] = '\\';
			esc[1] = (char)*s;
			put(j, esc, 2);
		} else if (*s < 0x20 || *s == 0x7f) {
			snprintf(esc, sizeof(esc), "\\u%04x", *s);
			puts_(j, esc);
		} else {
			put(j, (const char *)s, (size_t)n);
		}
	}
	puts_(j, "\"");
}

void json_key(struct json *j, const char *key)
{
	before_value(j);
	quoted(j, key);
	puts_(j, j->compact ? ":" : ": ");
	j->after_key = true;
}

void json_int(struct json *j, int64_t v)
{
	char buf[24];

	before_value(j);
	snprintf(buf, sizeof(buf), "%" PRId64, v);
	puts_(j, buf);
}

void json_uint(struct json *j, uint64_t v)
{
	char buf[24];

	before_value(j);
	snprintf(buf, sizeof(buf), "%" PRIu64, v);
	puts_(j, buf);
}

void json_bool(struct json *j, bool v)
{
	before_value(j);
	puts_(j, v ? "true" : "false");
}

void json_null(struct json *j)
{
	before_value(j);
	puts_(j, "null");
}

void json_string(struct json *j, const char *s)
{
	if (s == NULL) {
		json_null(j);
		return;
	}
	before_value(j);
	quoted(j, s);
}

void json_fixed(struct json *j, double v, int decimals)
{
	char buf[352];

	if (!isfinite(v)) {
		json_null(j);
		return;
	}
	before_value(j);
	snprintf(buf, sizeof(buf), "%.*f", decimals, v);
	puts_(j, buf);
}

void json_bans(struct json *j, microbans m)
{
	uint64_t u = m < 0 ? (uint64_t)0 - (uint64_t)m : (uint64_t)m;
	uint64_t c = (u + 5000) / 10000; /* hundredths, half away from zero */
	char buf[32];

	before_value(j);
	snprintf(buf, sizeof(buf), "%s%" PRIu64 ".%02" PRIu64,
		 m < 0 && c > 0 ? "-" : "", c / 100, c % 100);
	puts_(j, buf);
}

void json_kint(struct json *j, const char *key, int64_t v)
{
	json_key(j, key);
	json_int(j, v);
}

void json_kuint(struct json *j, const char *key, uint64_t v)
{
	json_key(j, key);
	json_uint(j, v);
}

void json_kbool(struct json *j, const char *key, bool v)
{
	json_key(j, key);
	json_bool(j, v);
}

void json_kstring(struct json *j, const char *key, const char *s)
{
	json_key(j, key);
	json_string(j, s);
}

void json_kfixed(struct json *j, const char *key, double v, int decimals)
{
	json_key(j, key);
	json_fixed(j, v, decimals);
}

void json_kbans(struct json *j, const char *key, microbans m)
{
	json_key(j, key);
	json_bans(j, m);
}
