/*
 * fuzz_decode.c - any bytes as packets.
 * Input: one byte that chooses the link type, then records of a length (two
 * bytes, big endian), one byte that is added to it for the wire length (255:
 * 64 KiB), and the bytes.  A last record may be cut.  Each packet gets a heap
 * buffer of its exact size.
 */
#include <assert.h>
#include <stdlib.h>

#include "base/rd.h"
#include "decode/decode.h"

#define PACKETS 32

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint16_t linktypes[] = { 1, 113, 276, 101, 0, 108, 12, 228, 229 };

static void check(const struct frame *f, const struct segment *s)
{
	const uint8_t *end = f->data + f->caplen;

	assert(s->outcome < SEG_OUTCOMES);
	assert(s->hash == segment_flow_hash(s));
	assert(s->number == f->number && s->wirelen == f->wirelen);
	assert(s->payload_caplen <= s->payload_len);
	assert(s->payload_len <= s->wirelen + 65536);
	if (s->outcome == SEG_OK || s->outcome == SEG_FRAGMENT)
		assert(s->payload >= f->data &&
		       s->payload + s->payload_caplen <= end);
	if (s->tcp_options != NULL)
		assert(s->tcp_options + s->options_len <= end);
}

static void decode(const struct frame *f, size_t n)
{
	struct segment s[PACKETS];
	struct decoder *d;
	uint64_t sum = 0;
	struct err e;

	d = decoder_new(&e);
	assert(d != NULL);
	/* nothing of what was there before may remain */
	memset(s, 0xa5, sizeof(s));
	decode_batch(d, f, n, s);
	for (size_t i = 0; i < n; i++)
		check(&f[i], &s[i]);
	for (int i = 0; i < SEG_OUTCOMES; i++)
		sum += decoder_stats(d)->outcome[i];
	assert(sum == n);
	decoder_free(d);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rd r = rd_make(data, size);
	struct frame f[PACKETS];
	uint16_t linktype;
	uint8_t *copy, extra;
	uint32_t len;
	size_t n = 0;

	linktype = linktypes[rd_u8(&r) %
			     (sizeof(linktypes) / sizeof(linktypes[0]))];
	while (n < PACKETS && r.left > 3) {
		len = rd_be16(&r);
		extra = rd_u8(&r);
		if (len > r.left)
			len = (uint32_t)r.left;
		copy = malloc(len > 0 ? len : 1);
		assert(copy != NULL);
		memcpy(copy, rd_bytes(&r, len), len);
		f[n] = (struct frame){
			.data = copy,
			.ts = { (int64_t)n * 1000000000 },
			.number = n + 1,
			.caplen = len,
			.wirelen = len + (extra == 255 ? 65536 : extra),
			.linktype = linktype,
		};
		n++;
	}
	decode(f, n);
	for (size_t i = 0; i < n; i++)
		free((void *)(uintptr_t)f[i].data);
	return 0;
}
