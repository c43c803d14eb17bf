/*
 * test_tunnel.c - GRE, ERSPAN, VXLAN, IP in IP: src/decode/tunnel.c.
 */
#include "packets.h"

/* IPv4 TCP with timestamps, to be wrapped; 37 bytes of it are enough. */
static void inner_ip(struct pkt *k)
{
	pkt_init(k, "hello", 5);
	add_tcp(k, TCP_ACK, TS_OPTION, 12);
	add_ip4(k, PROTO_TCP);
	k->p[8] = 9; /* TTL, to tell it from the outer one */
}

static void inner_ether(struct pkt *k)
{
	inner_ip(k);
	add_vlan(k, 55, 0x0800);
	add_ether(k, 0x8100);
	k->p[11] = 0x77; /* source MAC, likewise */
}

static void check_inner(struct pkt *k, bool ether)
{
	struct decoder *d = decoder_new(NULL);
	struct segment s = decode_cut(d, k->p, k->n, k->n, 1);

	assert_int_equal(s.outcome, SEG_OK);
	assert_int_equal(s.tunnel_depth, 1);
	assert_int_equal(s.proto, PROTO_TCP);
	assert_int_equal(s.ttl, 9);
	assert_int_equal(s.sport, 40000);
	assert_int_equal(s.payload_len, 5);
	assert_true(s.has_ts);
	/* the outer Ethernet says nothing of the addresses inside */
	assert_int_equal(s.mac_src, ether ? 0x020000000077 : 0);
	assert_int_equal(s.vlan, ether ? 55 : 0);
	assert_int_equal(decoder_stats(d)->tunnels, 1);
	decoder_free(d);
	check_prefixes(k, 1, k->n - 17);
}

static void wrap(struct pkt *k, uint8_t proto)
{
	add_ip4(k, proto);
	add_vlan(k, 12, 0x0800);
	add_ether(k, 0x8100);
}

static void test_ip_in_ip(void **state)
{
	struct pkt k;

	(void)state;
	inner_ip(&k);
	wrap(&k, 4);
	check_inner(&k, false);
	inner_ip(&k);
	add_ip6(&k, 4);
	add_ether(&k, 0x86dd);
	check_inner(&k, false);
	pkt_init(&k, "hello", 5);
	add_tcp(&k, TCP_ACK, TS_OPTION, 12);
	add_ip6(&k, PROTO_TCP);
	k.p[7] = 9;
	wrap(&k, 41);
	check_inner(&k, false);
}

static void test_gre(void **state)
{
	static const struct {
		uint32_t n;
		const char *head;
		bool ether;
	} heads[] = {
		{ 4, "\0\0\x08\0", false },
		{ 8, "\x80\0\x08\0\0\0\0\0", false },
		{ 8, "\x20\0\x08\0\0\0\0\7", false },
		{ 16, "\xb0\0\x08\0\0\0\0\0\0\0\0\7\0\0\0\1", false },
		{ 4, "\0\0\x65\x58", true },
		{ 4, "\0\0\x88\xbe", true }, /* ERSPAN I */
		{ 16, "\x10\0\x88\xbe\0\0\0\1\x10\x64\0\0\0\0\0\0", true },
		{ 20, "\x10\0\x22\xeb\0\0\0\1\x20\x64\0\0\0\0\0\0\0\0\0\0",
		  true },
		{ 28,
		  "\x10\0\x22\xeb\0\0\0\1\x20\x64\0\0\0\0\0\0\0\0\0\1"
		  "\0\0\0\0\0\0\0\0",
		  true },
		{ 20, "\x10\0\x22\xeb\0\0\0\1\x20\x64\0\0\0\0\0\0\0\0\x08\0",
		  false }, /* frame type 2: IP */
	};
	struct pkt k;

	(void)state;
	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
		if (heads[i].ether)
			inner_ether(&k);
		else
			inner_ip(&k);
		pkt_front(&k, heads[i].head, heads[i].n);
		wrap(&k, 47);
		check_inner(&k, heads[i].ether);
	}
}

static void test_gre_unsupported(void **state)
{
	static const char *const heads[] = {
		"\x30\1\x88\x0b\0\0\0\0", /* PPTP */
		"\x40\0\x08\0\0\0\0\0",	  /* source routing */
		"\0\0\x12\x34\0\0\0\0",	  /* unknown protocol */
		"\x10\0\x88\xbe\0\0\0\1", /* type II without its version */
		"\x10\0\x22\xeb\0\0\0\1",
	};
	struct pkt k;

	(void)state;
	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
		inner_ip(&k);
		pkt_front(&k, heads[i], 8);
		wrap(&k, 47);
		assert_int_equal(decode_one(&k, 1).outcome, SEG_UNSUPPORTED);
	}
}

static void test_vxlan(void **state)
{
	struct segment s;
	struct pkt k;

	(void)state;
	inner_ether(&k);
	pkt_front(&k, "\x08\0\0\0\0\0\x2a\0", 8);
	add_udp(&k, 55555, 4789);
	wrap(&k, PROTO_UDP);
	check_inner(&k, true);
	/* somebody else's use of the port */
	inner_ether(&k);
	pkt_front(&k, "\x08\0\0\1\0\0\x2a\0", 8);
	add_udp(&k, 55555, 4789);
	wrap(&k, PROTO_UDP);
	s = decode_one(&k, 1);
	assert_int_equal(s.outcome, SEG_OK);
	assert_int_equal(s.proto, PROTO_UDP);
	assert_int_equal(s.tunnel_depth, 0);
	pkt_init(&k, "short", 5);
	add_udp(&k, 55555, 4789);
	wrap(&k, PROTO_UDP);
	assert_int_equal(decode_one(&k, 1).payload_len, 5);
}

/* Inside is no IP: nothing of the outer packet is left over. */
static void test_tunnel_other(void **state)
{
	uint8_t zero[28] = { 0 };
	struct segment s;
	struct pkt k;

	(void)state;
	pkt_init(&k, zero, 28);
	add_ether(&k, 0x0806);
	pkt_front(&k, "\x08\0\0\0\0\0\x2a\0", 8);
	add_udp(&k, 55555, 4789);
	wrap(&k, PROTO_UDP);
	s = decode_one(&k, 1);
	assert_int_equal(s.outcome, SEG_OTHER);
	assert_int_equal(s.sport, 0);
	assert_int_equal(s.proto, 0);
	assert_int_equal(s.src.w[1], 0);
	assert_int_equal(s.tunnel_depth, 1);
}

/* The inner packet is longer than what the outer fragment holds: not wrong. */
static void test_fragmented_tunnel(void **state)
{
	struct segment s;
	struct pkt k;
	uint8_t *ip;

	(void)state;
	inner_ip(&k);
	set16(k.p + 2, 1000);
	ip = add_ip4(&k, 4);
	set16(ip + 6, 0x2000);
	s = decode_one(&k, 101);
	assert_int_equal(s.outcome, SEG_OK);
	assert_int_equal(s.tunnel_depth, 1);
	assert_int_equal(s.sport, 40000);
	set16(ip + 6, 0);
	assert_int_equal(decode_one(&k, 101).outcome, SEG_MALFORMED);
}

static void test_depth(void **state)
{
	struct pkt k;

	(void)state;
	inner_ip(&k);
	for (int i = 0; i < 5; i++)
		add_ip4(&k, 4);
	assert_int_equal(decode_one(&k, 101).tunnel_depth, 5);
	for (int i = 0; i < 40; i++)
		add_ip4(&k, 4);
	assert_int_equal(decode_one(&k, 101).outcome, SEG_UNSUPPORTED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ip_in_ip),
		cmocka_unit_test(test_gre),
		cmocka_unit_test(test_gre_unsupported),
		cmocka_unit_test(test_vxlan),
		cmocka_unit_test(test_tunnel_other),
		cmocka_unit_test(test_fragmented_tunnel),
		cmocka_unit_test(test_depth),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
