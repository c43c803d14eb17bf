/*
 * mrt_in.h - bytes of one file, plain or compressed, as one stream.
 *
 * Input: a path ("-" is standard input) or a block of memory.  Compression is
 * recognised by its first bytes, never by the name: gzip, bzip2 and zstd are
 * unpacked here, so that a stream that ends early gives every byte before its
 * end; xz, lz4 and lzip go through libarchive, which holds back the last
 * unfinished block of a truncated stream.
 * Memory: one window of 1 MiB that grows to the largest record asked for.
 * Threads: one stream belongs to one thread.
 */
#ifndef CONTEXT_MRT_IN_H
#define CONTEXT_MRT_IN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct mrt_in; /* opaque */

/* Owns: give the result to mrt_in_close().  NULL and *e on failure. */
struct mrt_in *mrt_in_open(const char *path, struct err *e);
/* Borrows buf for the life of the stream; never compressed. */
struct mrt_in *mrt_in_memory(const void *buf, size_t len, struct err *e);
void mrt_in_close(struct mrt_in *in);

/* Makes want bytes readable at *p if the stream has them.  Returns how many
 * there are: less than want only at the end.  *p is good until the next call
 * on this stream. */
size_t mrt_in_peek(struct mrt_in *in, size_t want, const uint8_t **p);
/* Steps over n bytes that mrt_in_peek() showed. */
void mrt_in_take(struct mrt_in *in, size_t n);
/* Offset of the next byte in the unpacked stream. */
uint64_t mrt_in_offset(const struct mrt_in *in);
/* NULL, or what went wrong below (truncated or damaged compression, I/O). */
const char *mrt_in_damage(const struct mrt_in *in);

#endif
