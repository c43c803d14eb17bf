/*
 * test_ip.c - IPv4, IPv6, extension headers, fragments: src/decode/ip.c.
 */
#include "packets.h"

static void test_ip4_options(void **state)
{
	struct segment s;
	struct pkt k;
	uint8_t *ip;

	(void)state;
	pkt_init(&k, "hello", 5);
	add_tcp(&k, TCP_ACK, NULL, 0);
	pkt_front(&k, "\x94\4\0\0", 4); /* router alert */
	ip = add_ip4(&k, PROTO_TCP);
	ip[0] = 0x46;
	s = decode_one(&k, 101);
	assert_int_equal(s.outcome, SEG_OK);
	assert_int_equal(s.sport, 40000);
	assert_int_equal(s.payload_len, 5);
	check_prefixes(&k, 101, 44);
}

static void test_ip4_lengths(void **state)
{
	struct segment s;
	struct pkt k;

	(void)state;
	plain_tcp(&k);
	k.p[14] = 0x44; /* header of 16 bytes */
	assert_int_equal(decode_one(&k, 1).outcome, SEG_MALFORMED);
	k.p[14] = 0x65; /* version 6 in an IPv4 frame */
	assert_int_equal(decode_one(&k, 1).outcome, SEG_MALFORMED);
	plain_tcp(&k);
	set16(k.p + 16, 19); /* shorter than its header */
	assert_int_equal(decode_one(&k, 1).outcome, SEG_MALFORMED);
	set16(k.p + 16, 58); /* one more than the frame has */
	assert_int_equal(decode_one(&k, 1).outcome, SEG_MALFORMED);
	set16(k.p + 16, 30); /* too short for TCP */
	assert_int_equal(decode_one(&k, 1).outcome, SEG_MALFORMED);
	set16(k.p + 16, 55);
	assert_int_equal(decode_one(&k, 1).payload_len, 3);
	set16(k.p + 16, 0); /* the network card would have filled it in */
	s = decode_one(&k, 1);
	assert_int_equal(s.outcome, SEG_OK);
	assert_int_equal(s.payload_len, 5);
	assert_int_equal(s.ip_len, 57);
}

static void test_ip6(void **state)
{
	struct segment s;
	struct pkt k;

	(void)state;
	pkt_init(&k, "hello", 5);
	add_tcp(&k, TCP_ACK, TS_OPTION, 12);
	add_ip6(&k, PROTO_TCP);
	k.p[0] = 0x62; /* traffic class 0x2e */
	k.p[1] = 0xe0;
	add_ether(&k, 0x86dd);
	s = decode_one(&k, 1);
	assert_int_equal(s.outcome, SEG_OK);
	assert_true(s.is_v6);
	assert_int_equal(s.ttl, 62);
	assert_int_equal(s.dscp_ecn, 0x2e);
	assert_int_equal(s.src.b[0], 0x20);
	assert_int_equal(s.dst.b[15], 2);
	assert_int_equal(s.ip_len, 77);
	assert_int_equal(s.payload_len, 5);
	check_prefixes(&k, 1, 14 + 60);
	set16(k.p + 18, 38); /* one more than there is */
	assert_int_equal(decode_one(&k, 1).outcome, SEG_MALFORMED);
	set16(k.p + 18, 0);
	assert_int_equal(decode_one(&k, 1).payload_len, 5);
	k.p[14] = 0x40;
	assert_int_equal(decode_one(&k, 1).outcome, SEG_MALFORMED);
}

static void test_ip6_extensions(void **state)
{
	struct segment s;
	struct pkt k;

	(void)state;
	pkt_init(&k, "hello", 5);
	add_tcp(&k, TCP_ACK, TS_OPTION, 12);
	pkt_front(&k, "\6\4\0\0\0\0\0\1\0\0\0\2\0\0\0\0\0\0\0\0\0\0\0\0", 24);
	pkt_front(&k, "\x33\1\1\x0c\0\0\0\0\0\0\0\0\0\0\0\0", 16); /* dest */
	pkt_front(&k, "\x3c\0\0\0\0\0\0\0", 8);			   /* routing */
	pkt_front(&k, "\x2b\0\1\4\0\0\0\0", 8);			   /* hop */
	add_ip6(&k, 0);
	s = decode_one(&k, 101);
	assert_int_equal(s.outcome, SEG_OK);
	assert_int_equal(s.proto, PROTO_TCP);
	assert_int_equal(s.payload_len, 5);
	check_prefixes(&k, 101, 40 + 8 + 8 + 16 + 24 + 20);
	k.p[41] = 100; /* the hop-by-hop header claims 808 bytes */
	assert_int_equal(decode_one(&k, 101).outcome, SEG_MALFORMED);
	k.p[41] = 0;
	k.p[40 + 8 + 8 + 16 + 1] = 0; /* AH of 8 bytes cannot be */
	assert_int_equal(decode_one(&k, 101).outcome, SEG_MALFORMED);
}

static void test_ip6_jumbo(void **state)
{
	uint8_t zero[100] = { 0 };
	struct pkt k;

	(void)state;
	pkt_init(&k, zero, 100);
	pkt_front(&k, "\6\0\xc2\4\0\1\0\0", 8);
	add_ip6(&k, 0);
	set16(k.p + 4, 0);
	assert_int_equal(decode_one(&k, 101).outcome, SEG_UNSUPPORTED);
}

static void test_unknown_protocol(void **state)
{
	static const uint8_t protos[] = { 2, 50, 89, 132, PROTO_ICMP6, 0 };
	uint8_t zero[40] = { 0 };
	struct segment s;
	struct pkt k;

	(void)state;
	for (size_t i = 0; i < sizeof(protos); i++) {
		pkt_init(&k, zero, 40);
		add_ip4(&k, protos[i]);
		s = decode_one(&k, 101);
		assert_int_equal(s.outcome, SEG_UNSUPPORTED);
		assert_int_equal(s.proto, protos[i]);
	}
	pkt_init(&k, zero, 40);
	add_ip6(&k, PROTO_ICMP);
	assert_int_equal(decode_one(&k, 101).outcome, SEG_UNSUPPORTED);
	pkt_init(&k, zero, 0);
	add_ip6(&k, 59); /* no next header */
	assert_int_equal(decode_one(&k, 101).outcome, SEG_UNSUPPORTED);
}

/* One fragment of an IPv4 UDP datagram of 8 + 32 bytes. */
static void fragment4(struct pkt *k, bool first, uint16_t id)
{
	uint8_t data[24] = { 0 };
	uint8_t *ip;

	pkt_init(k, data, 24);
	if (first) {
		set16(data, 5000);
		set16(data + 2, 53);
		set16(data + 4, 40);
		pkt_init(k, data, 24);
	}
	ip = add_ip4(k, PROTO_UDP);
	set16(ip + 4, id);
	set16(ip + 6, first ? 0x2000 : 24 / 8);
}

static void test_fragments4(void **state)
{
	struct decoder *d = decoder_new(NULL);
	struct segment s;
	struct pkt k;

	(void)state;
	fragment4(&k, false, 9);
	s = decode_cut(d, k.p, k.n, k.n, 101);
	assert_int_equal(s.outcome, SEG_FRAGMENT);
	assert_int_equal(s.sport, 0);
	assert_int_equal(decoder_stats(d)->fragments_lost, 1);

	fragment4(&k, true, 9);
	s = decode_cut(d, k.p, k.n, k.n, 101);
	assert_int_equal(s.outcome, SEG_OK);
	assert_true(s.is_fragment);
	assert_int_equal(s.dport, 53);
	assert_int_equal(s.payload_len, 16);

	fragment4(&k, false, 9);
	s = decode_cut(d, k.p, k.n, k.n, 101);
	assert_int_equal(s.outcome, SEG_FRAGMENT);
	assert_int_equal(s.sport, 5000);
	assert_int_equal(s.dport, 53);
	assert_int_equal(s.proto, PROTO_UDP);
	assert_int_equal(s.payload_len, 24);
	assert_int_equal(decoder_stats(d)->fragments_joined, 1);

	fragment4(&k, false, 10); /* another datagram */
	s = decode_cut(d, k.p, k.n, k.n, 101);
	assert_int_equal(s.sport, 0);
	assert_int_equal(decoder_stats(d)->fragments_lost, 2);
	decoder_free(d);
}

/* The table is bounded: after far more datagrams than it holds the latest is
 * still known, and nothing grew. */
static void test_fragment_flood(void **state)
{
	struct decoder *d = decoder_new(NULL);
	struct segment s;
	struct pkt k;

	(void)state;
	for (uint32_t i = 0; i < 65536; i++) {
		fragment4(&k, true, (uint16_t)i);
		decode_cut(d, k.p, k.n, k.n, 101);
	}
	fragment4(&k, false, 65535);
	s = decode_cut(d, k.p, k.n, k.n, 101);
	assert_int_equal(s.sport, 5000);
	decoder_free(d);
}

static void test_fragments6(void **state)
{
	struct decoder *d = decoder_new(NULL);
	struct segment s;
	struct pkt k;

	(void)state;
	pkt_init(&k, "12345678", 8);
	add_tcp(&k, TCP_ACK, TS_OPTION, 12);
	pkt_front(&k, "\6\0\0\1\0\0\0\x63", 8);
	add_ip6(&k, 44);
	s = decode_cut(d, k.p, k.n, k.n, 101);
	assert_int_equal(s.outcome, SEG_OK);
	assert_true(s.is_fragment);
	assert_int_equal(s.payload_len, 8);
	check_prefixes(&k, 101, 68);

	pkt_init(&k, "rest", 4);
	pkt_front(&k, "\6\0\0\x28\0\0\0\x63", 8);
	add_ip6(&k, 44);
	s = decode_cut(d, k.p, k.n, k.n, 101);
	assert_int_equal(s.outcome, SEG_FRAGMENT);
	assert_int_equal(s.sport, 40000);
	assert_int_equal(s.payload_len, 4);

	/* atomic: a fragment header and no fragment */
	pkt_init(&k, "x", 1);
	add_tcp(&k, TCP_ACK, NULL, 0);
	pkt_front(&k, "\6\0\0\0\0\0\0\x63", 8);
	add_ip6(&k, 44);
	s = decode_cut(d, k.p, k.n, k.n, 101);
	assert_int_equal(s.outcome, SEG_OK);
	assert_false(s.is_fragment);
	decoder_free(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ip4_options),
		cmocka_unit_test(test_ip4_lengths),
		cmocka_unit_test(test_ip6),
		cmocka_unit_test(test_ip6_extensions),
		cmocka_unit_test(test_ip6_jumbo),
		cmocka_unit_test(test_unknown_protocol),
		cmocka_unit_test(test_fragments4),
		cmocka_unit_test(test_fragment_flood),
		cmocka_unit_test(test_fragments6),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
