/* JA4 (src/farend/ja4.c) and hellos over segments (hellos.c); the vectors are
 * those of the public specification, and hellos of lab programs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "farend/sigs.h"
#include "talk.h"

struct bytes {
	uint8_t b[4096];
	size_t n;
};

static void u8(struct bytes *o, unsigned v)
{
	assert_true(o->n < sizeof(o->b));
	o->b[o->n++] = (uint8_t)v;
}

static void u16(struct bytes *o, unsigned v)
{
	u8(o, v >> 8);
	u8(o, v & 255);
}

static void set16(struct bytes *o, size_t at, size_t v)
{
	o->b[at] = (uint8_t)(v >> 8);
	o->b[at + 1] = (uint8_t)v;
}

struct recipe {
	unsigned version;
	const uint16_t *ciphers, *extensions, *signatures,
		*versions; /* 0 ends */
	const char *alpn;  /* bytes of the first protocol */
	size_t alpn_len;
};

static void list16(struct bytes *o, const uint16_t *v, int head)
{
	size_t at = o->n;

	for (int i = 0; i < head; i++)
		u8(o, 0);
	for (size_t i = 0; v && v[i] != 0; i++)
		u16(o, v[i]);
	if (head == 2)
		set16(o, at, o->n - at - 2);
	else
		o->b[at] = (uint8_t)(o->n - at - 1);
}

static void one_extension(struct bytes *o, const struct recipe *r, unsigned k)
{
	size_t at;

	u16(o, k == 0xffff ? 0 : k); /* 0xffff stands for the SNI */
	at = o->n;
	u16(o, 0);
	if (k == 13) {
		list16(o, r->signatures, 2);
	} else if (k == 43) {
		list16(o, r->versions, 1);
	} else if (k == 16) {
		u16(o, (unsigned)r->alpn_len + 1 + 3);
		u8(o, (unsigned)r->alpn_len);
		for (size_t i = 0; i < r->alpn_len; i++)
			u8(o, (uint8_t)r->alpn[i]);
		u8(o, 2);
		u16(o, 0x6832);
	}
	set16(o, at, o->n - at - 2);
}

static void make(struct bytes *o, const struct recipe *r)
{
	size_t at;

	o->n = 0;
	u8(o, 22);
	u16(o, 0x0301);
	u16(o, 0);
	u8(o, 1);
	u8(o, 0);
	u16(o, 0);
	u16(o, r->version);
	for (int i = 0; i < 32; i++)
		u8(o, 7);
	u8(o, 3);
	u16(o, 1);
	u8(o, 1);
	list16(o, r->ciphers, 2);
	u16(o, 0x0100); /* one compression method: none */
	if (r->extensions != NULL) {
		at = o->n;
		u16(o, 0);
		for (size_t i = 0; r->extensions[i] != 0; i++)
			one_extension(o, r, r->extensions[i]);
		set16(o, at, o->n - at - 2);
	}
	set16(o, 3, o->n - 5);
	set16(o, 7, o->n - 9);
}

static const uint16_t chrome_ciphers[] = {
	0x1a1a, 0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9,
	0xcca8, 0xc013, 0xc014, 0x009c, 0x009d, 0x002f, 0x0035, 0
};
static const uint16_t chrome_extensions[] = { 0x2a2a, 0x001b, 0xffff, 0x0033,
					      0x0010, 0x4469, 0x0017, 0x002d,
					      0x000d, 0x0005, 0x0023, 0x0012,
					      0x002b, 0xff01, 0x000b, 0x000a,
					      0x0015, 0xfafa, 0 };
static const uint16_t chrome_signatures[] = { 0x0403, 0x0804, 0x0401,
					      0x0503, 0x0805, 0x0501,
					      0x0806, 0x0601, 0 };
static const uint16_t chrome_versions[] = { 0x3a3a, 0x0303, 0x0304, 0x0302, 0 };
static const struct recipe chrome = { 0x0303,
				      chrome_ciphers,
				      chrome_extensions,
				      chrome_signatures,
				      chrome_versions,
				      "h2",
				      2 };

static void expect(const struct recipe *r, const char *want)
{
	struct bytes o;
	char name[FE_JA4_TEXT];

	make(&o, r);
	assert_true(fe_ja4(o.b, o.n, name));
	assert_string_equal(name, want);
}

static void test_specification(void **state)
{
	static const struct {
		const char *alpn;
		size_t n;
		const char *want;
	} alpn[] = {
		{ "h2", 2, "h2" },
		{ "http/1.1", 8, "h1" },
		{ "x", 1, "xx" },
		{ "\xab", 1, "ab" },
		{ "\xab\xcd", 2, "ad" },
		{ "0\xab", 2, "3b" },
		{ "01\xab\xcd", 4, "3d" },
		{ "0\xab\xcd"
		  "1",
		  4, "01" },
		{ "", 0, "00" },
	};
	static const uint16_t no_lists[] = { 0xffff, 0x0010, 0 };
	struct recipe r = chrome;
	char want[FE_JA4_TEXT];

	(void)state;
	expect(&r, "t13d1516h2_8daaf6152771_e5627efa2ab1");
	r.signatures = NULL;
	expect(&r, "t13d1516h2_8daaf6152771_6d807ffa2a79");
	for (size_t i = 0; i < sizeof(alpn) / sizeof(alpn[0]); i++) {
		r = chrome;
		r.alpn = alpn[i].alpn;
		r.alpn_len = alpn[i].n;
		snprintf(want, sizeof(want),
			 "t13d1516%s_8daaf6152771_e5627efa2ab1", alpn[i].want);
		expect(&r, want);
	}
	r = chrome;
	r.version = 0x0301;
	r.ciphers = NULL;
	r.extensions = no_lists;
	expect(&r, "t10d0002h2_000000000000_000000000000");
	r.extensions = NULL;
	r.version = 0x0300;
	expect(&r, "ts3i000000_000000000000_000000000000");
	r.version = 0x7777;
	expect(&r, "t00i000000_000000000000_000000000000");
}

static void test_counts_stop_at_99(void **state)
{
	uint16_t many[130];
	struct recipe r = chrome;
	struct bytes o;
	char name[FE_JA4_TEXT];

	(void)state;
	for (unsigned i = 0; i < 129; i++)
		many[i] = (uint16_t)(0x2001 + i);
	many[129] = 0;
	r.ciphers = many;
	make(&o, &r);
	assert_true(fe_ja4(o.b, o.n, name));
	assert_memory_equal(name, "t13d9916h2_", 11);
}

/* Every proper prefix has no name, and no length may disagree. */
static void test_prefixes_and_lengths(void **state)
{
	static const struct {
		size_t at;
		uint8_t add;
	} length[] = {
		{ 8, 1 },  { 43, 1 }, /* session id */
		{ 48, 2 }, { 48, 1 }, /* ciphers */
		{ 81, 1 },	      /* compression */
		{ 84, 1 },	      /* extensions */
	};
	struct bytes o, bad;
	char name[FE_JA4_TEXT];

	(void)state;
	make(&o, &chrome);
	for (size_t n = 0; n < o.n; n++) {
		uint8_t *p = malloc(n ? n : 1);

		assert_non_null(p);
		memcpy(p, o.b, n);
		assert_false(fe_ja4(p, n, name));
		assert_true(fe_hello_bytes(p, n) == (n < 9 ? 9 : o.n));
		free(p);
	}
	assert_int_equal(o.b[48], 32);
	assert_int_equal(o.b[81], 1);
	for (size_t i = 0; i < sizeof(length) / sizeof(length[0]); i++) {
		bad = o;
		bad.b[length[i].at] += length[i].add;
		assert_false(fe_ja4(bad.b, bad.n, name));
	}
	bad = o;
	bad.b[4] -= 1; /* goes on in a second record */
	assert_int_equal(fe_hello_bytes(bad.b, bad.n), 0);
	assert_false(fe_ja4(bad.b, bad.n, name));
	bad = o;
	bad.b[5] = 2; /* a ServerHello */
	assert_false(fe_ja4(bad.b, bad.n, name));
}

static void hello_in(struct talk *t, const struct bytes *o, size_t first,
		     bool hole)
{
	int64_t us = 1000000;

	talk_open(t, NULL);
	talk_handshake(t, us, 20000);
	us += 40000;
	talk_say(t, us, 0, TCP_ACK, o->b, (uint32_t)first);
	if (hole)
		t->seq[0] += 5;
	if (first < o->n)
		talk_say(t, us + 10, 0, TCP_ACK | TCP_PSH, o->b + first,
			 (uint32_t)(o->n - first));
	conn_flush(t->table);
}

/* Any cut into two segments gives the same name; a hole gives none. */
static void test_segments(void **state)
{
	struct bytes o;
	struct talk t;

	(void)state;
	make(&o, &chrome);
	for (size_t first = 6; first <= o.n; first += 7) {
		hello_in(&t, &o, first, false);
		assert_non_null(fe_hello_name(t.f->hellos, t.last.ja4));
		assert_string_equal(fe_hello_name(t.f->hellos, t.last.ja4),
				    "t13d1516h2_8daaf6152771_e5627efa2ab1");
		assert_int_equal(t.f->stats.hello, 1);
		assert_int_equal(t.f->stats.hello_cut, 0);
		talk_close(&t);
	}
	hello_in(&t, &o, 100, true);
	assert_int_equal(t.last.ja4, 0);
	assert_int_equal(t.f->stats.hello_cut, 1);
	talk_close(&t);
}

static void test_never_finished(void **state)
{
	struct bytes o;
	struct talk t;

	(void)state;
	make(&o, &chrome);
	o.n -= 1;
	hello_in(&t, &o, 100, false);
	assert_int_equal(t.f->stats.hello, 0);
	assert_int_equal(t.f->stats.hello_cut, 1);
	talk_close(&t);
}

static void test_snap_length(void **state)
{
	struct fe_hellos *h = calloc(1, sizeof(*h));
	struct conn_event ev = { .flags = EV_DATA };
	struct farend_stats st = { 0 };
	struct fe_conn fc = { .ja4 = FE_JA4_START };
	struct bytes o;
	struct segment s = { .payload = o.b };

	(void)state;
	assert_non_null(h);
	make(&o, &chrome);
	s.payload_len = (uint32_t)o.n;
	s.payload_caplen = (uint32_t)o.n - 1;
	fe_hello_take(h, &fc, 3, &s, &ev, &st);
	assert_int_equal(fc.ja4, 0);
	assert_int_equal(st.hello_cut, 1);
	s.payload_caplen = (uint32_t)o.n; /* and what was not cut */
	fc.ja4 = FE_JA4_START;
	fe_hello_take(h, &fc, 3, &s, &ev, &st);
	assert_int_equal(fc.ja4, 1);
	assert_int_equal(st.hello, 1);
	free(h);
}

/* A TLS client known from Windows behind a Linux SYN is a finding. */
static void test_mismatch(void **state)
{
	static const char text[] =
		"os linux-4.20+ MSTNW * * 64 2026-11-22 test\n"
		"tls t13i1515h1_8daaf6152771_e5627efa2ab1 windows browser "
		"2026-11-22 test\n";
	struct farend_sigs sigs;
	struct farend_config cfg = { .sigs = &sigs, .all = true };
	struct farend_report r;
	struct bytes o;
	struct talk t;
	struct err e;
	bool said = false;

	(void)state;
	assert_true(farend_sigs_parse(&sigs, text, strlen(text), &e));
	make(&o, &chrome);
	talk_open(&t, &cfg);
	for (int i = 0; i < 2; i++) {
		int64_t us = 1000000 + i * INT64_C(2000000);

		talk_handshake(&t, us, 20000);
		talk_say(&t, us + 40000, 0, TCP_ACK | TCP_PSH, o.b,
			 (uint32_t)o.n);
		t.port++;
	}
	conn_flush(t.table);
	assert_true(farend_finish(t.f, &r, &e));
	assert_true(r.n_entries > 0 && r.n_addresses == 1);
	assert_int_equal(r.entries[0].n_ja4, 1);
	assert_string_equal(r.entries[0].ja4[0],
			    "t13d1516h2_8daaf6152771_e5627efa2ab1");
	assert_string_equal(r.addresses[0].app_class, "browser");
	for (int i = 0; i < r.addresses[0].n_findings; i++)
		said |= strcmp(r.addresses[0].findings[i].proposition,
			       "os-mismatch") == 0 &&
			strstr(r.addresses[0].findings[i].observed,
			       "Windows: browser") != NULL;
	assert_true(said);
	farend_report_free(&r);
	talk_close(&t);
}

static void test_signature_lines(void **state)
{
	static const char *const bad[] = {
		"tls t13i1515h1_8daaf6152771_e5627efa2ab windows x d o\n",
		"tls x13i1515h1_8daaf6152771_e5627efa2ab1 windows x d o\n",
		"tls t13i1515h1-8daaf6152771_e5627efa2ab1 windows x d o\n",
		"tls t13i1515h1_8daaf6152771_e5627efa2ab1 beos x d o\n",
		"tls t13i1515h1_8daaf6152771_e5627efa2ab1 windows x d\n",
	};
	struct farend_sigs *s;
	struct err e;

	(void)state;
	s = malloc(sizeof(*s));
	assert_non_null(s);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(farend_sigs_parse(s, bad[i], strlen(bad[i]), &e));
	free(s);
	s = farend_sigs_shipped(&e);
	assert_non_null(s);
	/* the same program asked for another address and protocol */
	assert_non_null(
		fe_sigs_find_tls(s, "t13i3111h1_e8f1e7e78f70_b26ce05bbdd6"));
	assert_null(
		fe_sigs_find_tls(s, "t12d3112h2_e8f1e7e78f70_b26ce05bbdd6"));
	assert_null(fe_sigs_find_tls(s, ""));
	free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_specification),
		cmocka_unit_test(test_counts_stop_at_99),
		cmocka_unit_test(test_prefixes_and_lengths),
		cmocka_unit_test(test_segments),
		cmocka_unit_test(test_never_finished),
		cmocka_unit_test(test_snap_length),
		cmocka_unit_test(test_mismatch),
		cmocka_unit_test(test_signature_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
