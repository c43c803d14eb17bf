/*
 * test_link.c - link layers, tags, labels: src/decode/decode.c.
 */
#include "packets.h"

#include "base/num.h"
#include "decode/walk.h"

static void test_plain(void **state)
{
	struct segment s;
	struct pkt k;

	(void)state;
	plain_tcp(&k);
	s = decode_one(&k, 1);
	assert_int_equal(s.outcome, SEG_OK);
	assert_int_equal(s.proto, PROTO_TCP);
	assert_int_equal(s.sport, 40000);
	assert_int_equal(s.dport, 22);
	assert_int_equal(s.seq, 0x01020304);
	assert_int_equal(s.ack, 0xfffefdfc);
	assert_int_equal(s.tcp_flags, TCP_ACK | TCP_PSH);
	assert_int_equal(s.window, 501);
	assert_int_equal(s.ttl, 63);
	assert_int_equal(s.ip_id, 77);
	assert_int_equal(s.dscp_ecn, 0x10);
	assert_true(s.df);
	assert_true(addr_is_v4(&s.src));
	assert_memory_equal(s.src.b + 12, "\xc0\0\2\1", 4);
	assert_memory_equal(s.dst.b + 12, "\xc6\x33\x64\7", 4);
	assert_int_equal(s.payload_len, 5);
	assert_int_equal(s.payload_caplen, 5);
	assert_memory_equal(s.payload, "hello", 5);
	assert_true(s.has_ts);
	assert_int_equal(s.tsval, 5);
	assert_int_equal(s.tsecr, 7);
	assert_int_equal(s.options_len, 12);
	assert_false(s.options_cut || s.options_bad || s.is_v6);
	assert_int_equal(s.mac_dst, 0x020000000002);
	assert_int_equal(s.mac_src, 0x020000000001);
	assert_int_equal(s.vlan, 0);
	assert_int_equal(s.mss, 0);
	assert_int_equal(s.wscale, 255);
	assert_int_equal(s.tunnel_depth, 0);
	assert_int_equal(s.ip_len, 57);
	check_prefixes(&k, 1, 14 + 20 + 20);
}

/* A field in the frame beyond the IP packet is padding, not payload. */
static void test_padding(void **state)
{
	uint8_t padded[60] = { 0 };
	struct segment s;
	struct pkt k;

	(void)state;
	pkt_init(&k, "", 0);
	add_tcp(&k, TCP_ACK, NULL, 0);
	add_ip4(&k, PROTO_TCP);
	add_ether(&k, 0x0800);
	memcpy(padded, k.p, k.n);
	pkt_init(&k, padded, 60);
	s = decode_one(&k, 1);
	assert_int_equal(s.outcome, SEG_OK);
	assert_int_equal(s.payload_len, 0);
	assert_int_equal(s.payload_caplen, 0);
}

static void test_tags(void **state)
{
	struct segment s;
	struct pkt k;

	(void)state;
	pkt_init(&k, "hello", 5);
	add_tcp(&k, TCP_ACK, TS_OPTION, 12);
	add_ip4(&k, PROTO_TCP);
	add_vlan(&k, 0x6000 | 7, 0x0800);
	add_vlan(&k, 300, 0x8100);
	add_ether(&k, 0x88a8);
	s = decode_one(&k, 1);
	assert_int_equal(s.outcome, SEG_OK);
	assert_int_equal(s.vlan, 300);
	assert_int_equal(s.tunnel_depth, 0);
	check_prefixes(&k, 1, 14 + 8 + 40);
}

/* More tags than any network has: bounded, not followed for ever. */
static void test_too_many_tags(void **state)
{
	struct pkt k;

	(void)state;
	pkt_init(&k, "hello", 5);
	add_tcp(&k, TCP_ACK, NULL, 0);
	add_ip4(&k, PROTO_TCP);
	add_vlan(&k, 1, 0x0800);
	for (int i = 0; i < 40; i++)
		add_vlan(&k, 1, 0x8100);
	add_ether(&k, 0x8100);
	assert_int_equal(decode_one(&k, 1).outcome, SEG_UNSUPPORTED);
}

static void test_mpls(void **state)
{
	struct pkt k;

	(void)state;
	pkt_init(&k, "hello", 5);
	add_tcp(&k, TCP_ACK, TS_OPTION, 12);
	add_ip6(&k, PROTO_TCP);
	pkt_front(&k, "\0\1\0\x40\0\2\1\x40", 8);
	add_ether(&k, 0x8847);
	assert_true(decode_one(&k, 1).is_v6);
	check_prefixes(&k, 1, 14 + 8 + 60);
	/* a pseudowire: control word */
	pkt_init(&k, "\0\2\1\x40\0\0\0\0", 8);
	add_ether(&k, 0x8847);
	assert_int_equal(decode_one(&k, 1).outcome, SEG_UNSUPPORTED);
}

/* Each link type around the same IP packet. */
static void test_link_types(void **state)
{
	static const struct {
		uint16_t linktype;
		uint8_t n;
		const char *head;
	} types[] = {
		{ 113, 16,
		  "\0\0\0\1\0\6\2\0\0\0\0\1\0\0"
		  "\x08\0" },
		{ 276, 20, "\x08\0\0\0\0\0\0\1\0\1\0\6\2\0\0\0\0\1\0\0" },
		{ 101, 0, "" },
		{ 12, 0, "" },
		{ 14, 0, "" },
		{ 228, 0, "" },
		{ 0, 4, "\2\0\0\0" },
		{ 0, 4, "\0\0\0\2" },
		{ 108, 4, "\0\0\0\2" },
	};
	struct segment s;
	struct pkt k;

	(void)state;
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		pkt_init(&k, "hello", 5);
		add_tcp(&k, TCP_ACK, TS_OPTION, 12);
		add_ip4(&k, PROTO_TCP);
		pkt_front(&k, types[i].head, types[i].n);
		s = decode_one(&k, types[i].linktype);
		assert_int_equal(s.outcome, SEG_OK);
		assert_int_equal(s.payload_len, 5);
		assert_int_equal(s.mac_src,
				 types[i].n >= 16 ? 0x020000000001 : 0);
		assert_int_equal(s.mac_dst, 0);
		check_prefixes(&k, types[i].linktype, types[i].n + 40u);
	}
	/* IPv6 over the same */
	pkt_init(&k, "hello", 5);
	add_tcp(&k, TCP_ACK, NULL, 0);
	add_ip6(&k, PROTO_TCP);
	assert_int_equal(decode_one(&k, 229).outcome, SEG_OK);
	assert_int_equal(decode_one(&k, 101).outcome, SEG_OK);
	assert_int_equal(decode_one(&k, 228).outcome, SEG_MALFORMED);
	pkt_front(&k, "\x1e\0\0\0", 4);
	assert_int_equal(decode_one(&k, 0).outcome, SEG_OK);
}

static void test_not_ip(void **state)
{
	uint8_t zero[46] = { 0 };
	struct pkt k;

	(void)state;
	pkt_init(&k, zero, 46);
	add_ether(&k, 0x0806);
	assert_int_equal(decode_one(&k, 1).outcome, SEG_OTHER);
	pkt_init(&k, zero, 46);
	add_ether(&k, 0x88cc);
	assert_int_equal(decode_one(&k, 1).outcome, SEG_OTHER);
	pkt_init(&k, zero, 46);
	add_ether(&k, 38); /* 802.3 length: spanning tree and the like */
	assert_int_equal(decode_one(&k, 1).outcome, SEG_OTHER);
	assert_int_equal(decode_one(&k, 105).outcome, SEG_UNSUPPORTED);
	pkt_init(&k, "\0\0\0\x07", 4);
	assert_int_equal(decode_one(&k, 108).outcome, SEG_OTHER);
	pkt_init(&k, "\x10", 1);
	assert_int_equal(decode_one(&k, 101).outcome, SEG_MALFORMED);
}

/* A frame that was too short on the wire is their mistake. */
static void test_short_wire(void **state)
{
	struct decoder *d = decoder_new(NULL);
	struct segment s;
	struct pkt k;

	(void)state;
	plain_tcp(&k);
	s = decode_cut(d, k.p, 10, 10, 1);
	assert_int_equal(s.outcome, SEG_MALFORMED);
	s = decode_cut(d, k.p, 20, 20, 1);
	assert_int_equal(s.outcome, SEG_MALFORMED);
	s = decode_cut(d, k.p, 10, 20, 1);
	assert_int_equal(s.outcome, SEG_TRUNCATED);
	assert_int_equal(decoder_stats(d)->outcome[SEG_MALFORMED], 2);
	assert_int_equal(decoder_stats(d)->outcome[SEG_TRUNCATED], 1);
	decoder_free(d);
}

static void test_hash(void **state)
{
	struct segment a = { .sport = 1, .dport = 2, .proto = PROTO_TCP }, b;
	uint32_t buckets[256] = { 0 };

	(void)state;
	a.src = addr_v4((const uint8_t *)"\x0a\0\0\1");
	a.dst = addr_v4((const uint8_t *)"\x0a\0\0\2");
	b = a;
	b.src = a.dst;
	b.dst = a.src;
	b.sport = 2;
	b.dport = 1;
	assert_int_equal(segment_flow_hash(&a), segment_flow_hash(&b));
	b.sport = 1;
	b.dport = 2;
	assert_int_not_equal(segment_flow_hash(&a), segment_flow_hash(&b));
	b = a;
	b.proto = PROTO_UDP;
	assert_int_not_equal(segment_flow_hash(&a), segment_flow_hash(&b));
	/* neighbours spread: 65,536 tuples over 256 buckets, both ends of the
	 * hash; 5 sigma of the binomial around 256 is 80 */
	for (int shift = 0; shift <= 24; shift += 24) {
		memset(buckets, 0, sizeof(buckets));
		for (uint32_t i = 0; i < 65536; i++) {
			a.src.b[15] = (uint8_t)i;
			a.sport = (uint16_t)(i >> 8);
			buckets[segment_flow_hash(&a) >> shift & 255]++;
		}
		for (int i = 0; i < 256; i++)
			assert_in_range(buckets[i], 176, 336);
	}
}

/* The short cut and the walk agree on every byte of the segment, for plain
 * packets of which any byte, the captured and the wire length were changed. */
static void test_short_cut(void **state)
{
	static const struct {
		const char *opt;
		uint32_t n;
	} opts[] = { { "", 0 },
		     { TS_OPTION, 12 },
		     { "\2\4\5\xb4\4\2\x08\x0a\0\0\0\1\0\0\0\0\1\3\3\7", 20 } };
	struct decoder *a = decoder_new(NULL), *b = decoder_new(NULL);
	struct num_rng r = { 7 };
	struct segment x, y;
	struct frame f = { .linktype = 1, .number = 5, .offset = 99 };
	uint64_t ok = 0;
	struct pkt k;

	(void)state;
	/* padding between fields is compared, too: both start from it */
	memset(&x, 0, sizeof(x));
	memset(&y, 0, sizeof(y));
	for (int i = 0; i < 300000; i++) {
		pkt_init(&k, "payload and padding", 19);
		add_tcp(&k, i % 2 ? TCP_SYN : TCP_ACK, opts[i % 3].opt,
			opts[i % 3].n);
		if (i % 5 < 2) {
			add_ip6(&k, PROTO_TCP);
			add_ether(&k, 0x86dd);
		} else {
			add_ip4(&k, PROTO_TCP);
			add_ether(&k, 0x0800);
		}
		for (int n = (int)num_rng_below(&r, 3); n > 0; n--)
			k.p[num_rng_below(&r, k.n)] = (uint8_t)num_rng_next(&r);
		if (num_rng_below(&r, 4) == 0)
			set16(k.p + (i % 5 < 2 ? 18 : 16),
			      (uint32_t)num_rng_below(&r, 100));
		f.data = k.p;
		f.caplen = k.n;
		if (num_rng_below(&r, 4) == 0)
			f.caplen = (uint32_t)num_rng_below(&r, k.n + 1);
		f.wirelen = f.caplen + (uint32_t)num_rng_below(&r, 40);
		decode_batch(a, &f, 1, &x);
		decode_walk(b, &f, &y);
		assert_memory_equal(&x, &y, sizeof(x));
		ok += x.outcome == SEG_OK;
	}
	assert_in_range(ok, 100000, 290000);
	assert_memory_equal(decoder_stats(a), decoder_stats(b),
			    sizeof(struct decode_stats));
	decoder_free(a);
	decoder_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_padding),
		cmocka_unit_test(test_tags),
		cmocka_unit_test(test_too_many_tags),
		cmocka_unit_test(test_mpls),
		cmocka_unit_test(test_link_types),
		cmocka_unit_test(test_not_ip),
		cmocka_unit_test(test_short_wire),
		cmocka_unit_test(test_hash),
		cmocka_unit_test(test_short_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
