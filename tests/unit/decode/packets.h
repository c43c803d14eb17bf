/*
 * packets.h - builds packets layer by layer, from the inside out, for the
 * tests of decode: each call puts a header in front of what is there.
 */
#ifndef TEST_DECODE_PACKETS_H
#define TEST_DECODE_PACKETS_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "decode/decode.h"

struct pkt {
	uint8_t room[2048];
	uint8_t *p; /* start of the packet within room */
	uint32_t n;
};

static inline void pkt_init(struct pkt *k, const void *payload, uint32_t n)
{
	k->p = k->room + sizeof(k->room) - n;
	k->n = n;
	memcpy(k->p, payload, n);
}

static inline uint8_t *pkt_front(struct pkt *k, const void *head, uint32_t n)
{
	assert_true((size_t)(k->p - k->room) >= n);
	k->p -= n;
	k->n += n;
	memcpy(k->p, head, n);
	return k->p;
}

static inline void set16(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static inline void set32(uint8_t *p, uint32_t v)
{
	set16(p, v >> 16);
	set16(p + 2, v);
}

/* The TCP options must be whole words. */
static inline void add_tcp(struct pkt *k, uint8_t flags, const void *opt,
			   uint32_t opt_len)
{
	uint8_t h[20] = { 0 };

	if (opt_len > 0)
		pkt_front(k, opt, opt_len);
	set16(h, 40000);
	set16(h + 2, 22);
	set32(h + 4, 0x01020304);
	set32(h + 8, 0xfffefdfc);
	h[12] = (uint8_t)((20 + opt_len) / 4 << 4);
	h[13] = flags;
	set16(h + 14, 501);
	pkt_front(k, h, 20);
}

#define TS_OPTION "\1\1\x08\x0a\0\0\0\x05\0\0\0\x07"

static inline void add_udp(struct pkt *k, uint16_t sport, uint16_t dport)
{
	uint8_t h[8] = { 0 };

	set16(h, sport);
	set16(h + 2, dport);
	set16(h + 4, k->n + 8);
	pkt_front(k, h, 8);
}

static inline uint8_t *add_ip4(struct pkt *k, uint8_t proto)
{
	uint8_t h[20] = {
		[0] = 0x45, [1] = 0x10, [5] = 77, [6] = 0x40, [8] = 63,
		192,	    0,		2,	  1
	};

	h[9] = proto;
	h[10] = h[11] = 0;
	memcpy(h + 12, "\xc0\0\2\1\xc6\x33\x64\7", 8);
	set16(h + 2, k->n + 20);
	return pkt_front(k, h, 20);
}

static inline uint8_t *add_ip6(struct pkt *k, uint8_t next)
{
	uint8_t h[40] = { [0] = 0x60, [6] = next, [7] = 62,    [8] = 0x20,
			  [9] = 1,    [23] = 1,	  [24] = 0x20, [39] = 2 };

	set16(h + 4, k->n);
	return pkt_front(k, h, 40);
}

static inline void add_ether(struct pkt *k, uint16_t type)
{
	uint8_t h[14] = { 2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1 };

	set16(h + 12, type);
	pkt_front(k, h, 14);
}

static inline void add_vlan(struct pkt *k, uint16_t tag, uint16_t type)
{
	uint8_t h[4];

	set16(h, tag);
	set16(h + 2, type);
	pkt_front(k, h, 4);
}

/* Ethernet, IPv4, TCP with timestamps, 5 bytes. */
static inline void plain_tcp(struct pkt *k)
{
	pkt_init(k, "hello", 5);
	add_tcp(k, TCP_ACK | TCP_PSH, TS_OPTION, 12);
	add_ip4(k, PROTO_TCP);
	add_ether(k, 0x0800);
}

/* Decodes cap bytes of a packet that had wire, from an exact-size copy, into
 * a segment that was full of rubbish. */
static inline struct segment decode_cut(struct decoder *d, const uint8_t *p,
					uint32_t cap, uint32_t wire,
					uint16_t linktype)
{
	uint8_t *copy = malloc(cap > 0 ? cap : 1);
	struct frame f = { .ts = { 1000 },
			   .offset = 24,
			   .number = 1,
			   .caplen = cap,
			   .wirelen = wire,
			   .linktype = linktype };
	struct segment s;

	assert_non_null(copy);
	memcpy(copy, p, cap);
	f.data = copy;
	memset(&s, 0xa5, sizeof(s));
	decode_batch(d, &f, 1, &s);
	assert_int_equal(s.hash, segment_flow_hash(&s));
	assert_int_equal(s.number, 1);
	assert_int_equal(s.offset, 24);
	assert_int_equal(s.wirelen, wire);
	assert_true(s.payload_caplen <= s.payload_len);
	/* pointers into the copy would dangle: as offsets from here on */
	if (s.payload != NULL)
		s.payload = p + (s.payload - copy);
	if (s.tcp_options != NULL)
		s.tcp_options = p + (s.tcp_options - copy);
	free(copy);
	return s;
}

static inline struct segment decode_one(const struct pkt *k, uint16_t linktype)
{
	struct decoder *d = decoder_new(NULL);
	struct segment s;

	assert_non_null(d);
	s = decode_cut(d, k->p, k->n, k->n, linktype);
	decoder_free(d);
	return s;
}

/* Every proper prefix of the headers is TRUNCATED; from the end of the fixed
 * transport header on it is OK and says the same of the wire as the whole. */
static inline void check_prefixes(const struct pkt *k, uint16_t linktype,
				  uint32_t enough)
{
	struct decoder *d = decoder_new(NULL);
	struct segment whole, s;

	assert_non_null(d);
	whole = decode_cut(d, k->p, k->n, k->n, linktype);
	assert_int_equal(whole.outcome, SEG_OK);
	for (uint32_t cap = 0; cap < k->n; cap++) {
		s = decode_cut(d, k->p, cap, k->n, linktype);
		if (cap < enough) {
			assert_int_equal(s.outcome, SEG_TRUNCATED);
			continue;
		}
		assert_int_equal(s.outcome, SEG_OK);
		assert_int_equal(s.payload_len, whole.payload_len);
		assert_int_equal(s.seq, whole.seq);
		assert_int_equal(s.hash, whole.hash);
		assert_int_equal(s.ip_len, whole.ip_len);
		if (s.has_ts)
			assert_int_equal(s.tsval, whole.tsval);
		else
			assert_true(s.options_cut || !whole.has_ts);
	}
	decoder_free(d);
}

#endif
