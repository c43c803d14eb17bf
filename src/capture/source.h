/*
 * source.h - bytes in order, whatever they come from (inside capture only).
 *
 * A file, standard input or memory; gz, zst, lz4, xz and bz2 are recognised
 * by their first bytes and unpacked by libarchive, everything else is handed
 * on as it is.  A pipe gives what is there, it never waits to fill a buffer.
 * The SHA-256 is of the bytes as stored, before they are unpacked.
 */
#ifndef CAPTURE_SOURCE_H
#define CAPTURE_SOURCE_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct source;

struct source_how {
	bool want_sha256;
	bool hash_thread; /* hash beside the reader, in a thread of its own */
	int idle_ms;	  /* give SOURCE_IDLE after so long, 0 = wait */
	const volatile sig_atomic_t *stop; /* ends the input; may be NULL */
};

enum source_result {
	SOURCE_DATA,
	SOURCE_END,
	SOURCE_IDLE, /* nothing came: ask again later */
	SOURCE_BAD,  /* refused by the system, or damaged; see struct err */
};

/* Own: give the result to source_close().  NULL and *e on failure. */
struct source *source_open(const char *path, const struct source_how *how,
			   struct err *e);
/* Borrows the bytes until source_close(). */
struct source *source_memory(const void *p, size_t len,
			     const struct source_how *how, struct err *e);
void source_close(struct source *s);

/* Up to n bytes to buf; *got > 0 with SOURCE_DATA.  buf may be read by the
 * hash thread until source_settle() or the next source_read(). */
enum source_result source_read(struct source *s, void *buf, size_t n,
			       size_t *got, struct err *e);
/* Waits until the hash thread has read what was handed to it. */
void source_settle(struct source *s);

uint64_t source_size(const struct source *s);	    /* stored, 0 = unknown */
uint64_t source_bytes_read(const struct source *s); /* stored, so far */
bool source_is_compressed(const struct source *s);

/* Reads what is left and writes the hex digest of all stored bytes to
 * hex[65]; "" when none was asked for or the end was not reached. */
void source_sha256(struct source *s, char *hex);

#endif
