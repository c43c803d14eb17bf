/*
 * hash.h - SHA-256 of a stream, inline or in a thread of its own (inside
 * capture only).  At about 2 GB/s it costs as much as the rest of reading, so
 * a second core may do it: the bytes handed over are borrowed until the next
 * call.
 */
#ifndef CAPTURE_HASH_H
#define CAPTURE_HASH_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct hash;

/* Owns: give it to hash_free().  NULL and *e on failure. */
struct hash *hash_new(bool in_thread, struct err *e);
void hash_free(struct hash *h);
/* Borrows p until hash_settle() or any other call on h. */
void hash_feed(struct hash *h, const void *p, size_t n);
void hash_settle(struct hash *h);
/* Writes 64 hex digits and a NUL; false when the library failed. */
bool hash_hex(struct hash *h, char *hex);

#endif
