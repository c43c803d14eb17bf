/*
 * test_reader.c - the pcap and pcapng readers on captures from memory.
 */
#include "make.h"

#include "capture/reader_impl.h"

#define T0 1400000000u

struct got {
	struct capture_file cf;
	struct frame f[64];
	uint8_t mark[64]; /* first byte of each packet */
	size_t n;
	struct err e;
	bool opened;
};

static void read_bytes(const void *p, size_t len, struct got *g)
{
	const struct source_how how = { .want_sha256 = false };
	struct source *src;
	struct reader *r;
	size_t n;

	memset(g, 0, sizeof(*g));
	src = source_memory(p, len, &how, &g->e);
	if (src == NULL)
		return;
	r = reader_open(src, &g->cf, &g->e);
	g->opened = r != NULL;
	while (r != NULL && (n = reader_read(r, g->f + g->n, 3)) > 0) {
		for (size_t i = 0; i < n; i++)
			g->mark[g->n + i] = g->f[g->n + i].caplen > 0
						    ? g->f[g->n + i].data[0]
						    : 0;
		g->n += n;
		assert_true(g->n < 60);
	}
	reader_close(r);
}

static void check_pcap(uint32_t magic, bool big, int64_t sub_ns, int digits)
{
	struct bytes o = { .big = big };
	struct got g;

	pcap_head(&o, magic, 101);
	for (int i = 0; i < 5; i++) {
		pcap_packet(&o, T0 + (uint32_t)i, 7, (uint8_t)(i + 1), 0, 0);
		o.n -= 8;
		put32(&o, 9);
		put32(&o, 90);
		if (magic == 0xa1b2cd34)
			put_zero(&o, 8);
		put_packet(&o, (uint8_t)(i + 1), 9);
	}
	read_bytes(o.b, o.n, &g);
	assert_true(g.opened);
	assert_int_equal(g.n, 5);
	assert_int_equal(g.cf.time_digits, digits);
	assert_int_equal(g.cf.snaplen, 65535);
	assert_false(g.cf.damaged);
	for (size_t i = 0; i < 5; i++) {
		assert_int_equal(g.mark[i], i + 1);
		assert_int_equal(g.f[i].ts.ns,
				 (int64_t)(T0 + i) * 1000000000 + 7 * sub_ns);
		assert_int_equal(g.f[i].caplen, 9);
		assert_int_equal(g.f[i].wirelen, 90);
		assert_int_equal(g.f[i].linktype, 101);
		assert_int_equal(g.f[i].number, i + 1);
	}
	assert_int_equal(g.f[0].offset, 24);
	assert_int_equal(g.cf.first.ns, g.f[0].ts.ns);
	assert_int_equal(g.cf.last.ns, g.f[4].ts.ns);
}

static void test_pcap_kinds(void **state)
{
	(void)state;
	check_pcap(0xa1b2c3d4, false, 1000, 6);
	check_pcap(0xa1b2c3d4, true, 1000, 6);
	check_pcap(0xa1b23c4d, false, 1, 9);
	check_pcap(0xa1b23c4d, true, 1, 9);
	check_pcap(0xa1b2cd34, false, 1000, 6);
	check_pcap(0xa1b2cd34, true, 1000, 6);
}

/* Everything before the cut is delivered, and the cut is reported unless it
 * falls between two records. */
static void test_pcap_prefixes(void **state)
{
	static struct bytes o;
	struct got g;
	size_t whole;

	(void)state;
	o.n = 0;
	pcap_file(&o, T0, 4);
	for (size_t len = 0; len <= o.n; len++) {
		read_bytes(o.b, len, &g);
		assert_int_equal(g.opened, len >= 24);
		if (!g.opened) {
			assert_true(g.e.code == ERR_FORMAT ||
				    g.e.code == ERR_TRUNCATED);
			continue;
		}
		whole = (len - 24) / 26;
		assert_int_equal(g.n, whole);
		assert_int_equal(g.cf.damaged, (len - 24) % 26 != 0);
		if (g.cf.damaged)
			assert_int_equal(g.cf.damage_offset, 24 + whole * 26);
	}
}

static void test_pcap_bad_length(void **state)
{
	static struct bytes o;
	struct got g;

	(void)state;
	o.n = 0;
	pcap_file(&o, T0, 2);
	put32(&o, T0);
	put32(&o, 0);
	put32(&o, 262145); /* one more than can be */
	put32(&o, 262145);
	put_zero(&o, 100);
	read_bytes(o.b, o.n, &g);
	assert_int_equal(g.n, 2);
	assert_true(g.cf.damaged);
	assert_int_equal(g.cf.damage_offset, 24 + 2 * 26);
	assert_non_null(strstr(g.cf.damage, "262145"));
}

/* caplen above wirelen happens: the frame never claims less than it has. */
static void test_pcap_wire_below_cap(void **state)
{
	static struct bytes o;
	struct got g;

	(void)state;
	o.n = 0;
	pcap_head(&o, 0xa1b2c3d4, 1);
	pcap_packet(&o, T0, 0, 1, 50, 4);
	read_bytes(o.b, o.n, &g);
	assert_int_equal(g.n, 1);
	assert_int_equal(g.f[0].wirelen, 50);
}

static void not_capture(const void *p, size_t n, const char *words)
{
	struct got g;

	read_bytes(p, n, &g);
	assert_false(g.opened);
	assert_non_null(strstr(g.e.text, words));
}

static void test_no_capture(void **state)
{
	static const char text[] = "Dear reader,\nthis is a letter.\n";
	static const uint8_t arkime[24] = { 0xd5, 0xc3, 0xb2, 0xa1 };
	static const uint8_t old[24] = { 0xd4, 0xc3, 0xb2, 0xa1, 9 };
	static const uint8_t other[24] = { 0x7f, 'E', 'L', 'F' };
	static const uint8_t ng[12] = { 0x0a, 0x0d, 0x0d, 0x0a };

	(void)state;
	not_capture("", 0, "empty");
	not_capture(text, sizeof(text) - 1, "text");
	not_capture(arkime, sizeof(arkime), "Arkime");
	not_capture(old, sizeof(old), "version 9");
	not_capture(other, sizeof(other), "7f 45 4c 46");
	not_capture(ng, sizeof(ng), "byte order");
	not_capture(ng, 6, "ends inside");
}

/* Interfaces with their own link type, snap length, clock and offset. */
static void test_ng_mixed(void **state)
{
	struct got g;

	(void)state;
	for (int big = 0; big < 2; big++) {
		struct bytes o = { .big = big };

		ng_section(&o);
		ng_iface(&o, 1, 96, 6, 0);
		ng_iface(&o, 113, 0, 9, 0);
		ng_iface(&o, 101, 65535, 0x80 | 20, -3600);
		ng_packet(&o, 0, (uint64_t)T0 * 1000000 + 5, 1, 10, 11);
		ng_packet(&o, 1, (uint64_t)T0 * 1000000000 + 6, 2, 13, 13);
		ng_packet(&o, 2, ((uint64_t)T0 << 20) + (1 << 19), 3, 1, 99);
		read_bytes(o.b, o.n, &g);
		assert_true(g.opened);
		assert_int_equal(g.n, 3);
		assert_false(g.cf.damaged);
		assert_int_equal(g.f[0].linktype, 1);
		assert_int_equal(g.f[1].linktype, 113);
		assert_int_equal(g.f[2].linktype, 101);
		assert_int_equal(g.f[0].ts.ns, T0 * INT64_C(1000000000) + 5000);
		assert_int_equal(g.f[1].ts.ns, T0 * INT64_C(1000000000) + 6);
		assert_int_equal(g.f[2].ts.ns,
				 (T0 - 3600) * INT64_C(1000000000) + 500000000);
		assert_int_equal(g.f[2].wirelen, 99);
		assert_int_equal(g.f[2].iface, 2);
		assert_int_equal(g.mark[2], 3);
		assert_int_equal(g.cf.time_digits, 9);
		assert_int_equal(g.cf.snaplen, 65535);
	}
}

/* A new section starts its interfaces anew and may change the byte order. */
static void test_ng_sections(void **state)
{
	static struct bytes o;
	struct got g;

	(void)state;
	o.n = 0;
	o.big = false;
	ng_section(&o);
	ng_iface(&o, 1, 0, 6, 0);
	ng_packet(&o, 0, 1000000, 1, 4, 4);
	o.big = true;
	ng_section(&o);
	ng_iface(&o, 276, 0, 6, 0);
	ng_packet(&o, 0, 2000000, 2, 4, 4);
	o.big = false;
	ng_section(&o);
	ng_packet(&o, 0, 3000000, 3, 4, 4); /* has no interface here */
	read_bytes(o.b, o.n, &g);
	assert_int_equal(g.n, 2);
	assert_int_equal(g.f[1].linktype, 276);
	assert_int_equal(g.f[1].iface, 1);
	assert_int_equal(g.f[1].ts.ns, 2000000000);
	assert_true(g.cf.damaged);
	assert_non_null(strstr(g.cf.damage, "interface 0"));
}

static void test_ng_simple(void **state)
{
	static struct bytes o;
	struct got g;
	size_t at;

	(void)state;
	o.n = 0;
	ng_section(&o);
	ng_iface(&o, 1, 6, 6, 0);
	at = block(&o, 3);
	put32(&o, 1500);
	put_packet(&o, 9, 6);
	block_end(&o, at);
	read_bytes(o.b, o.n, &g);
	assert_int_equal(g.n, 1);
	assert_false(tstamp_known(g.f[0].ts));
	assert_int_equal(g.f[0].caplen, 6);
	assert_int_equal(g.f[0].wirelen, 1500);
	assert_int_equal(g.cf.no_time, 1);
	assert_false(tstamp_known(g.cf.first));
}

static void test_ng_old_packet(void **state)
{
	static struct bytes o;
	struct got g;
	size_t at;

	(void)state;
	o.n = 0;
	ng_section(&o);
	ng_iface(&o, 1, 0, 6, 0);
	at = block(&o, 2);
	put16(&o, 0);
	put16(&o, 3); /* drops since the one before */
	put32(&o, 0);
	put32(&o, 1000000);
	put32(&o, 5);
	put32(&o, 60);
	put_packet(&o, 7, 5);
	block_end(&o, at);
	read_bytes(o.b, o.n, &g);
	assert_int_equal(g.n, 1);
	assert_int_equal(g.f[0].ts.ns, 1000000000);
	assert_int_equal(g.f[0].wirelen, 60);
	assert_int_equal(g.cf.drops, 3);
}

static void statistics(struct bytes *o, uint32_t iface, uint64_t ifdrop,
		       uint64_t osdrop)
{
	size_t at = block(o, 5);

	put32(o, iface);
	put_zero(o, 8);
	put16(o, 5);
	put16(o, 8);
	put_num(o, ifdrop, 8);
	put16(o, 7);
	put16(o, 8);
	put_num(o, osdrop, 8);
	put_zero(o, 4);
	block_end(o, at);
}

/* Counters run on: the latest of an interface holds. */
static void test_ng_drops(void **state)
{
	static struct bytes o;
	struct got g;

	(void)state;
	o.n = 0;
	ng_section(&o);
	ng_iface(&o, 1, 0, 6, 0);
	ng_iface(&o, 1, 0, 6, 0);
	statistics(&o, 0, 2, 1);
	statistics(&o, 1, 10, 0);
	statistics(&o, 0, 4, 1);
	statistics(&o, 9, 100, 0); /* of nobody */
	read_bytes(o.b, o.n, &g);
	assert_false(g.cf.damaged);
	assert_int_equal(g.cf.drops, 15);
}

/* Small, empty and larger than the buffer holds. */
static void test_ng_unknown(void **state)
{
	const uint32_t large = 700 * 1024;
	struct bytes o = { .n = 0 };
	uint8_t *p = calloc(1, 2 * large);
	struct got g;
	size_t at, n;

	(void)state;
	assert_non_null(p);
	ng_section(&o);
	at = block(&o, 0x0bad);
	put_zero(&o, 13);
	block_end(&o, at);
	ng_iface(&o, 1, 0, 6, 0);
	at = block(&o, 0x80000001);
	block_end(&o, at);
	ng_packet(&o, 0, 1, 1, 4, 4);
	memcpy(p, o.b, o.n);
	n = o.n;
	o.n = 0;
	put32(&o, 0x0bad);
	put32(&o, large);
	memcpy(p + n, o.b, o.n);
	n += large - 4;
	o.n = 0;
	put32(&o, large);
	ng_packet(&o, 0, 2, 2, 4, 4);
	memcpy(p + n, o.b, o.n);
	n += o.n;
	read_bytes(p, n, &g);
	assert_int_equal(g.n, 2);
	assert_int_equal(g.mark[1], 2);
	assert_int_equal(g.cf.skipped, 3);
	assert_false(g.cf.damaged);
	assert_int_equal(g.f[1].offset, n - 36);
	/* and the file that ends inside the large block */
	read_bytes(p, n - 1000, &g);
	assert_int_equal(g.n, 1);
	assert_true(g.cf.damaged);
	free(p);
}

static void test_ng_prefixes(void **state)
{
	static struct bytes o;
	size_t head, one;
	struct got g;

	(void)state;
	o.n = 0;
	o.big = false;
	ng_section(&o);
	ng_iface(&o, 1, 0, 9, 0);
	head = o.n;
	ng_packet(&o, 0, 1, 1, 4, 4);
	one = o.n;
	ng_packet(&o, 0, 2, 2, 4, 4);
	for (size_t len = 0; len <= o.n; len++) {
		read_bytes(o.b, len, &g);
		assert_int_equal(g.opened, len >= 12);
		if (!g.opened)
			continue;
		assert_int_equal(g.n, len == o.n ? 2 : len >= one ? 1 : 0);
		assert_int_equal(g.cf.damaged, len != 28 && len != head &&
						       len != one &&
						       len != o.n);
	}
}

/* Each length field in turn says something impossible. */
static void test_ng_lengths(void **state)
{
	static const struct {
		size_t at; /* in the packet block */
		uint32_t value;
		const char *words;
	} bad[] = {
		{ 4, 11, "length of 11" },
		{ 4, 38, "length of 38" },
		{ 4, 40, "differ" },
		{ 4, 0x7ffffffc, "length of" },
		{ 8, 1, "interface 1" },
		{ 20, 5, "room for 4" },
		{ 20, 0xffffffff, "room for" },
		{ 32, 0, "differ" },
	};
	struct got g;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct bytes o = { .n = 0 };
		size_t at, end;

		ng_section(&o);
		ng_iface(&o, 1, 0, 6, 0);
		ng_packet(&o, 0, 1, 1, 4, 4);
		at = o.n;
		ng_packet(&o, 0, 1, 1, 4, 4);
		put_zero(&o, 64);
		end = o.n;
		o.n = at + bad[i].at;
		put32(&o, bad[i].value);
		read_bytes(o.b, end, &g);
		assert_int_equal(g.n, 1);
		assert_true(g.cf.damaged);
		assert_int_equal(g.cf.damage_offset, at);
		assert_non_null(strstr(g.cf.damage, bad[i].words));
	}
}

static void test_ng_option_past_end(void **state)
{
	static struct bytes o;
	struct got g;
	size_t at;

	(void)state;
	o.n = 0;
	ng_section(&o);
	at = block(&o, 1);
	put16(&o, 1);
	put16(&o, 0);
	put32(&o, 0);
	put16(&o, 9);
	put16(&o, 200);
	put_zero(&o, 4);
	block_end(&o, at);
	read_bytes(o.b, o.n, &g);
	assert_true(g.cf.damaged);
	assert_non_null(strstr(g.cf.damage, "option"));
}

static void test_ng_time(void **state)
{
	const int64_t s = 1000000000;

	(void)state;
	assert_int_equal(pcapng_time(1500, 3, 0).ns, 1500 * s / 1000);
	assert_int_equal(pcapng_time(7, 0, 0).ns, 7 * s);
	assert_int_equal(pcapng_time(12345678901234, 12, 1).ns,
			 12345678901 + s);
	assert_int_equal(pcapng_time(3, 0x80, 0).ns, 3 * s);
	assert_int_equal(pcapng_time(3, 0x81, 0).ns, 3 * s / 2);
	assert_int_equal(pcapng_time(UINT64_C(1) << 62, 0x80 | 63, 0).ns,
			 s / 2);
	assert_false(tstamp_known(pcapng_time(1, 0x80 | 64, 0)));
	assert_false(tstamp_known(pcapng_time(1, 20, 0)));
	assert_false(tstamp_known(pcapng_time(UINT64_MAX, 0, 0)));
	assert_false(tstamp_known(pcapng_time(UINT64_MAX, 6, 0)));
	assert_false(tstamp_known(pcapng_time(1, 6, INT64_MAX)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pcap_kinds),
		cmocka_unit_test(test_pcap_prefixes),
		cmocka_unit_test(test_pcap_bad_length),
		cmocka_unit_test(test_pcap_wire_below_cap),
		cmocka_unit_test(test_no_capture),
		cmocka_unit_test(test_ng_mixed),
		cmocka_unit_test(test_ng_sections),
		cmocka_unit_test(test_ng_simple),
		cmocka_unit_test(test_ng_old_packet),
		cmocka_unit_test(test_ng_drops),
		cmocka_unit_test(test_ng_unknown),
		cmocka_unit_test(test_ng_prefixes),
		cmocka_unit_test(test_ng_lengths),
		cmocka_unit_test(test_ng_option_past_end),
		cmocka_unit_test(test_ng_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
