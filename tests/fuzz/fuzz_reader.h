/*
 * fuzz_reader.h - reads a capture from memory to its end and checks what the
 * frames promise.  Shared by fuzz_pcap.c and fuzz_pcapng.c.
 */
#ifndef FUZZ_READER_H
#define FUZZ_READER_H

#include <assert.h>
#include <stdlib.h>

#include "capture/reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline void fuzz_reader(const uint8_t *data, size_t size)
{
	const struct source_how how = { .want_sha256 = false };
	struct capture_file cf = { .path = "memory" };
	volatile uint8_t sink = 0;
	uint64_t packets = 0, offset = 0;
	struct frame f[7];
	struct source *src;
	struct reader *r;
	struct err e;
	size_t n;

	src = source_memory(data, size, &how, &e);
	if (src == NULL)
		return;
	r = reader_open(src, &cf, &e);
	if (r == NULL)
		return;
	while ((n = reader_read(r, f, 7)) > 0) {
		for (size_t i = 0; i < n; i++) {
			assert(f[i].caplen <= f[i].wirelen);
			assert(f[i].caplen <= READER_MAX_SNAP);
			assert(f[i].number == ++packets);
			assert(f[i].offset >= offset && f[i].offset < size);
			offset = f[i].offset;
			for (uint32_t k = 0; k < f[i].caplen; k++)
				sink ^= f[i].data[k];
		}
	}
	assert(reader_state(r) == READER_END);
	assert(cf.packets == packets);
	assert(cf.damaged == (cf.damage[0] != '\0'));
	reader_close(r);
	(void)sink;
}

#endif
