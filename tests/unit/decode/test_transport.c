/*
 * test_transport.c - TCP, UDP, ICMP: src/decode/transport.c.
 */
#include "packets.h"

static struct segment tcp_with(const void *opt, uint32_t n, uint8_t flags)
{
	struct pkt k;

	pkt_init(&k, "hello", 5);
	add_tcp(&k, flags, opt, n);
	add_ip4(&k, PROTO_TCP);
	return decode_one(&k, 101);
}

static void test_syn_options(void **state)
{
	static const char opt[] = "\2\4\5\xb4\4\2\x08\x0a\0\0\0\1\0\0\0\0\1\3"
				  "\3\7";
	struct segment s;

	(void)state;
	s = tcp_with(opt, 20, TCP_SYN);
	assert_int_equal(s.mss, 1460);
	assert_int_equal(s.wscale, 7);
	assert_true(s.sack_ok);
	assert_true(s.has_ts);
	assert_int_equal(s.tsval, 1);
	assert_memory_equal(s.tcp_options, opt, 20);
	/* they mean nothing without SYN */
	s = tcp_with(opt, 20, TCP_ACK);
	assert_int_equal(s.mss, 0);
	assert_int_equal(s.wscale, 255);
	assert_false(s.sack_ok);
	assert_true(s.has_ts);
}

static void test_option_lengths(void **state)
{
	static const struct {
		const char *opt;
		bool bad;
	} cases[] = {
		{ "\2\4\5\xb4", false }, { "\2\1\5\xb4", true },
		{ "\2\0\5\xb4", true },	 { "\2\5\5\xb4", true },
		{ "\2\3\5\1", false },	 { "\1\1\1\2", true },
		{ "\1\1\1\1", false },	 { "\0\2\0\2", false },
	};
	struct segment s;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		s = tcp_with(cases[i].opt, 4, TCP_SYN);
		/* the data counts, as receivers see it */
		assert_int_equal(s.outcome, SEG_OK);
		assert_int_equal(s.payload_len, 5);
		assert_int_equal(s.options_bad, cases[i].bad);
		assert_int_equal(s.mss, i == 0 ? 1460 : 0);
	}
}

static void test_options_cut(void **state)
{
	struct decoder *d = decoder_new(NULL);
	struct segment s;
	struct pkt k;

	(void)state;
	pkt_init(&k, "hello", 5);
	add_tcp(&k, TCP_SYN, "\2\4\5\xb4" TS_OPTION, 16);
	add_ip4(&k, PROTO_TCP);
	s = decode_cut(d, k.p, 50, k.n, 101);
	assert_int_equal(s.outcome, SEG_OK);
	assert_true(s.options_cut);
	assert_false(s.options_bad);
	assert_int_equal(s.options_len, 10);
	assert_int_equal(s.mss, 1460);
	assert_false(s.has_ts);
	assert_int_equal(s.tsval, 0);
	assert_int_equal(s.payload_len, 5);
	assert_int_equal(s.payload_caplen, 0);
	decoder_free(d);
}

static void test_tcp_lengths(void **state)
{
	struct pkt k;

	(void)state;
	plain_tcp(&k);
	k.p[14 + 20 + 12] = 0x40; /* header of 16 bytes */
	assert_int_equal(decode_one(&k, 1).outcome, SEG_MALFORMED);
	k.p[14 + 20 + 12] = 0xf0; /* 60, the packet has 37 */
	assert_int_equal(decode_one(&k, 1).outcome, SEG_MALFORMED);
	k.p[14 + 20 + 12] = 0x50;
	assert_int_equal(decode_one(&k, 1).payload_len, 17);
}

static void test_udp(void **state)
{
	struct segment s;
	struct pkt k;

	(void)state;
	pkt_init(&k, "query", 5);
	add_udp(&k, 5353, 53);
	add_ip6(&k, PROTO_UDP);
	s = decode_one(&k, 101);
	assert_int_equal(s.outcome, SEG_OK);
	assert_int_equal(s.proto, PROTO_UDP);
	assert_int_equal(s.sport, 5353);
	assert_int_equal(s.dport, 53);
	assert_int_equal(s.payload_len, 5);
	assert_memory_equal(s.payload, "query", 5);
	assert_int_equal(s.seq, 0);
	check_prefixes(&k, 101, 48);
	set16(k.p + 44, 7);
	assert_int_equal(decode_one(&k, 101).outcome, SEG_MALFORMED);
	set16(k.p + 44, 14);
	assert_int_equal(decode_one(&k, 101).outcome, SEG_MALFORMED);
	set16(k.p + 44, 11); /* less than the IP packet has: it decides */
	assert_int_equal(decode_one(&k, 101).payload_len, 3);
	pkt_init(&k, "\0\1\0\2\0", 5);
	add_ip6(&k, PROTO_UDP);
	assert_int_equal(decode_one(&k, 101).outcome, SEG_MALFORMED);
}

static void test_icmp(void **state)
{
	struct segment s;
	struct pkt k;

	(void)state;
	pkt_init(&k, "\x08\0\0\0\1\2\0\3ping", 12);
	add_ip4(&k, PROTO_ICMP);
	s = decode_one(&k, 101);
	assert_int_equal(s.outcome, SEG_OK);
	assert_int_equal(s.proto, PROTO_ICMP);
	assert_int_equal(s.sport, 0);
	assert_int_equal(s.icmp_type, 8);
	assert_int_equal(s.icmp_id, 0x102);
	assert_int_equal(s.icmp_seq, 3);
	assert_int_equal(s.payload_len, 4);
	check_prefixes(&k, 101, 28);
	k.p[20] = 3; /* unreachable: these bytes are something else */
	s = decode_one(&k, 101);
	assert_int_equal(s.icmp_type, 3);
	assert_int_equal(s.icmp_id, 0);
	pkt_init(&k, "\x81\0\0\0\1\2\0\3pong", 12);
	add_ip6(&k, PROTO_ICMP6);
	s = decode_one(&k, 101);
	assert_int_equal(s.proto, PROTO_ICMP6);
	assert_int_equal(s.icmp_type, 129);
	assert_int_equal(s.icmp_id, 0x102);
	check_prefixes(&k, 101, 48);
	pkt_init(&k, "\x08\0\0\0", 4);
	add_ip4(&k, PROTO_ICMP);
	assert_int_equal(decode_one(&k, 101).outcome, SEG_MALFORMED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_syn_options),
		cmocka_unit_test(test_option_lengths),
		cmocka_unit_test(test_options_cut),
		cmocka_unit_test(test_tcp_lengths),
		cmocka_unit_test(test_udp),
		cmocka_unit_test(test_icmp),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
