/* test_mrt.c - framing, damage, bodies, attributes, AS paths. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "mrt_make.h"

static struct make m;

static unsigned count(const uint8_t *p, size_t n, struct mrt_stats *st,
		      unsigned *updates)
{
	struct mrt *r = mk_reader(p, n);
	struct mrt_msg msg;
	unsigned k = 0;

	*updates = 0;
	while (mrt_next(r, &msg)) {
		k++;
		*updates += msg.kind == MRT_UPDATE;
	}
	*st = *mrt_stats(r);
	mrt_free(r);
	return k;
}

static void fill(void)
{
	m.n = 0;
	for (unsigned i = 0; i < 20; i++)
		mk_announce(&m, 1000000000 + i, i % 4, 0xc0000200 + i * 256,
			    65000);
}

static void good_file(void **state)
{
	struct mrt_stats st;
	unsigned updates;
	(void)state;

	fill();
	assert_int_equal(count(m.b, m.n, &st, &updates), 20);
	assert_int_equal(updates, 20);
	assert_int_equal(st.bytes, m.n);
	assert_int_equal(st.gaps + st.malformed + st.tail_bytes, 0);
}

/* Every proper prefix: all complete records, and the rest is said. */
static void every_prefix(void **state)
{
	struct mrt_stats st;
	unsigned updates;
	size_t one;
	(void)state;

	fill();
	one = m.n / 20;
	for (size_t n = 0; n < m.n; n++) {
		uint8_t *exact = malloc(n ? n : 1);
		unsigned k;

		memcpy(exact, m.b, n);
		k = count(exact, n, &st, &updates);
		assert_int_equal(k, n / one);
		assert_int_equal(st.tail_bytes, n % one);
		free(exact);
	}
}

/* Bytes that belong to no record are stepped over and counted. */
static void junk_between(void **state)
{
	uint8_t *b = malloc(1 << 17);
	struct mrt_stats st;
	unsigned updates;
	size_t one;
	(void)state;

	fill();
	one = m.n / 20;
	memcpy(b, m.b, 7 * one);
	memset(b + 7 * one, 0xfe, 37);
	memcpy(b + 7 * one + 37, m.b + 7 * one, m.n - 7 * one);
	assert_int_equal(count(b, m.n + 37, &st, &updates), 20);
	assert_int_equal(st.gaps, 1);
	assert_int_equal(st.gap_bytes, 37);
	assert_int_equal(st.first_gap, 7 * one);
	free(b);
}

/* A length field that is wrong costs its record and no other. */
static void wrong_length(void **state)
{
	struct mrt_stats st;
	unsigned updates, k;
	size_t one;
	(void)state;

	fill();
	one = m.n / 20;
	m.b[5 * one + 11] = (uint8_t)(m.b[5 * one + 11] - 4);
	k = count(m.b, m.n, &st, &updates);
	assert_in_range(k, 19, 20);
	assert_int_equal(st.gaps, 1);
	assert_in_range(updates, 19, 19 + (k == 20));
}

/* A BGP length, an attribute length, a prefix length that cannot be. */
static void inner_lengths(void **state)
{
	struct mrt_msg msg;
	struct prefix p;
	struct nlri_form form = { 4, false };
	struct bgp_attrs a;
	struct mrt *r;
	uint32_t id;
	(void)state;

	fill();
	m.b[12 + 20 + 16 + 1] = 200; /* BGP length above the record */
	r = mk_reader(m.b, m.n / 20);
	assert_false(mrt_next(r, &msg));
	assert_int_equal(mrt_stats(r)->malformed, 1);
	mrt_free(r);

	fill();
	r = mk_reader(m.b, m.n / 20);
	assert_true(mrt_next(r, &msg));
	assert_int_equal(msg.kind, MRT_UPDATE);
	assert_int_equal(nlri_next(&msg.nlri, form, &p, &id), NLRI_OK);
	assert_int_equal(nlri_next(&msg.nlri, form, &p, &id), NLRI_END);
	bgp_attrs_read(msg.attrs, true, &a);
	assert_int_equal(a.bad, 0);
	for (size_t n = 1; n < msg.attrs.left; n++) {
		struct rd cut = rd_make(msg.attrs.p, n);

		bgp_attrs_read(cut, true, &a);
		if (n != 4 && n != 21)
			assert_true(a.bad & BGP_BAD_FRAMING);
	}
	mrt_free(r);
}

static void refuse_long_prefixes(void **state)
{
	static const uint8_t v4[] = { 33, 1, 2, 3, 4, 5 };
	static const uint8_t v6[] = { 129, 0x20, 1 };
	static const uint8_t bits[] = { 13, 11, 13 };
	struct nlri_form form = { 4, false };
	struct rd r = rd_make(v4, sizeof(v4));
	struct prefix p;
	char text[PREFIX_TEXT];
	uint32_t id;
	(void)state;

	assert_int_equal(nlri_next(&r, form, &p, &id), NLRI_BAD);
	r = rd_make(bits, sizeof(bits));
	assert_int_equal(nlri_next(&r, form, &p, &id), NLRI_OK);
	assert_string_equal(prefix_format(&p, text), "11.8.0.0/13");
	form.fam = 6;
	r = rd_make(v6, sizeof(v6));
	assert_int_equal(nlri_next(&r, form, &p, &id), NLRI_BAD);
}

/* ADD-PATH prefixes under a subtype that has none. */
static void hidden_addpath(void **state)
{
	static const uint8_t field[] = { 0, 0, 0, 1, 24, 192, 0,  2,
					 0, 0, 0, 2, 24, 198, 51, 100 };
	struct rd r = rd_make(field, sizeof(field));
	struct nlri_form form = { 4, false };
	struct prefix p;
	uint32_t id;
	(void)state;

	assert_true(nlri_form_guess(r, &form));
	assert_true(form.addpath);
	assert_int_equal(nlri_next(&r, form, &p, &id), NLRI_OK);
	assert_int_equal(id, 1);
	assert_int_equal(p.len, 24);
}

/* RFC 6793 4.2.3: the leading ASNs of AS_PATH, then AS4_PATH. */
static void as4_merge(void **state)
{
	static const uint8_t attrs[] = {
		0x40, 2,    10,	  2,	4,    0x0b, 0x86,
		0x04, 0xd7, 0x5b, 0xa0, 0x5b, 0xa0, /* 2950 1239 23456 23456 */
		0xc0, 17,   10,	  2,	2,    0,    0,
		0x12, 0xe5, 0,	  2,	0,    0xbf,
		/* 4837 131263 */
	};
	struct bgp_attrs a;
	struct bgp_path p;
	uint32_t up;
	(void)state;

	bgp_attrs_read(rd_make(attrs, sizeof(attrs)), false, &a);
	assert_int_equal(a.bad, 0);
	assert_true(bgp_path_read(&a, &p));
	assert_int_equal(p.n, 4);
	assert_int_equal(p.w[1], 1239);
	assert_int_equal(p.w[2], 4837);
	assert_int_equal(p.w[3], 131263);
	assert_int_equal(bgp_path_origin(p.w, p.n, p.segs, &up), 131263);
	assert_int_equal(up, 4837);
}

static void sets_and_prepends(void **state)
{
	static const uint8_t set[] = { 0x40, 2, 20, 2, 2, 0, 0, 0, 1, 0, 0, 0,
				       2,    1, 2,  0, 0, 0, 3, 0, 0, 0, 4 };
	static const uint32_t prepended[] = { 7, 9, 5, 5, 5 };
	struct bgp_attrs a;
	struct bgp_path p;
	uint32_t up;
	(void)state;

	bgp_attrs_read(rd_make(set, sizeof(set)), true, &a);
	assert_true(bgp_path_read(&a, &p));
	assert_true(p.as_set);
	assert_int_equal(bgp_path_origin(p.w, p.n, p.segs, &up), 0);
	assert_int_equal(up, 2);
	assert_true(bgp_path_has(p.w, p.n, p.segs, 4));
	assert_int_equal(bgp_path_origin(prepended, 5, false, &up), 5);
	assert_int_equal(up, 9);
}

/* Entries that name a peer of no table are counted, not invented. */
static void no_peer_table(void **state)
{
	static const uint32_t net = 0xc0000200;
	struct mrt_msg msg;
	struct mrt_entry e;
	struct mrt *r;
	size_t first;
	(void)state;

	m.n = 0;
	mk_table(&m, 1000, 3, &net, 1, 65000);
	first = 12 + get_be32(m.b + 8);
	r = mk_reader(m.b + first, m.n - first);
	assert_true(mrt_next(r, &msg));
	while (mrt_rib_next(r, &msg, &e))
		assert_null(e.peer);
	assert_int_equal(mrt_stats(r)->no_peer, 3);
	mrt_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_file),
		cmocka_unit_test(every_prefix),
		cmocka_unit_test(junk_between),
		cmocka_unit_test(wrong_length),
		cmocka_unit_test(inner_lengths),
		cmocka_unit_test(refuse_long_prefixes),
		cmocka_unit_test(hidden_addpath),
		cmocka_unit_test(as4_merge),
		cmocka_unit_test(sets_and_prepends),
		cmocka_unit_test(no_peer_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
