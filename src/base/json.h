/*
 * json.h - append-only JSON writer on a sticky sink (RFC 8259).
 *
 * Writes as it is told and never looks back; commas and indentation are its
 * own.  Errors stick: write on, ask once at the end.  Strings are cleaned to
 * valid UTF-8 (a bad byte becomes U+FFFD), control characters are escaped.
 */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/num.h"

#define JSON_DEPTH 32

struct json {
	FILE *f; /* borrowed */
	int depth;
	bool failed;
	bool compact;		    /* one line, for JSON lines */
	bool after_key;		    /* a key was written, its value is next */
	bool has_items[JSON_DEPTH]; /* per level: something was written */
	char close[JSON_DEPTH];	    /* per level: '}' or ']' */
};

void json_init(struct json *j, FILE *f, bool compact);
/* Ends the text with a newline and flushes; false if any write failed or a
 * container is open. */
bool json_done(struct json *j);

void json_object(struct json *j); /* { */
void json_array(struct json *j);  /* [ */
void json_end(struct json *j);	  /* closes the innermost of both */
void json_key(struct json *j, const char *key);

void json_int(struct json *j, int64_t v);
void json_uint(struct json *j, uint64_t v);
void json_bool(struct json *j, bool v);
void json_null(struct json *j);
void json_string(struct json *j, const char *s); /* NULL writes null */
/* Fixed number of decimals (0 to 9); not-finite values write null. */
void json_fixed(struct json *j, double v, int decimals);
/* A log10 quantity with two decimals, from micro-bans, by integers. */
void json_bans(struct json *j, microbans m);

/* key and value in one call */
void json_kint(struct json *j, const char *key, int64_t v);
void json_kuint(struct json *j, const char *key, uint64_t v);
void json_kbool(struct json *j, const char *key, bool v);
void json_kstring(struct json *j, const char *key, const char *s);
void json_kfixed(struct json *j, const char *key, double v, int decimals);
void json_kbans(struct json *j, const char *key, microbans m);

#endif
