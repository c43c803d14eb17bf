/* Signatures, links and the clamp test (src/farend/sigs.c). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "farend/sigs.h"

static void test_layout(void **state)
{
	static const uint8_t linux_syn[20] = {
		2, 4, 5, 180, 4, 2, 8, 10, 0, 0, 0, 0, 0, 0, 0, 0, 1, 3, 3, 7
	};
	char buf[16];

	(void)state;
	assert_string_equal(fe_layout_text(fe_layout(linux_syn, 20), buf),
			    "MSTNW");
	/* every proper prefix ends early and never reads on */
	for (size_t n = 0; n < 20; n++)
		assert_true(strlen(fe_layout_text(fe_layout(linux_syn, n),
						  buf)) <= 5);
	assert_string_equal(fe_layout_text(fe_layout(NULL, 0), buf), "");
	assert_string_equal(
		fe_layout_text(fe_layout((const uint8_t *)"\x22\x00", 2), buf),
		"?");
}

/* The vectors of the clamp test: window = floor(65535/MSS)*MSS at every MTU
 * measured on Linux 6.18; 64240 with a smaller MSS was lowered from 1460. */
static void test_clamp(void **state)
{
	static const uint16_t native[][2] = {
		{ 1460, 64240 }, { 1452, 65340 }, { 1440, 64800 },
		{ 1436, 64620 }, { 1420, 65320 }, { 1410, 64860 },
		{ 1400, 64400 }, { 1380, 64860 }, { 1372, 64484 },
		{ 1360, 65280 }, { 1260, 65520 }, { 1240, 64480 },
	};
	struct farend_sigs *s;
	struct err e;

	(void)state;
	s = farend_sigs_shipped(&e);
	assert_non_null(s);
	for (size_t i = 0; i < sizeof(native) / sizeof(native[0]); i++)
		assert_int_equal(fe_clamped_from(s, native[i][0], native[i][1]),
				 0);
	assert_int_equal(fe_clamped_from(s, 1360, 64240), 1460);
	assert_int_equal(fe_clamped_from(s, 1400, 64240), 1460);
	assert_int_equal(fe_clamped_from(s, 1386, 64240), 1460);
	assert_int_equal(fe_clamped_from(s, 1460, 65535), 0);
	assert_int_equal(fe_clamped_from(s, 1400, 65535), 0);
	assert_int_equal(fe_clamped_from(s, 0, 64240), 0);
	/* a window that no MSS of the table explains says nothing */
	assert_int_equal(fe_clamped_from(s, 1100, 64001), 0);
	assert_non_null(fe_sigs_find_os(
		s,
		fe_layout((const uint8_t *)"\2\4\5\264\4\2\10\12\0\0\0\0\0\0\0"
					   "\0\1\3\3\7",
			  20),
		1360, 64240, 7, 57));
	assert_null(fe_sigs_find_os(s, 0, 1460, 64240, 7, 57));
	assert_int_equal(fe_sigs_find_link(s, 1452)->kind, FE_LINK_ACCESS);
	assert_null(fe_sigs_find_link(s, 1));
	free(s);
}

static void test_ttl(void **state)
{
	(void)state;
	assert_int_equal(fe_ttl_initial(64), 64);
	assert_int_equal(fe_ttl_initial(65), 128);
	assert_int_equal(fe_ttl_initial(30), 32);
	assert_int_equal(fe_ttl_initial(200), 255);
}

static void refuse(const char *text)
{
	struct farend_sigs s;
	struct err e;

	assert_false(farend_sigs_parse(&s, text, strlen(text), &e));
	assert_int_equal(e.code, ERR_FORMAT);
}

static void test_parse(void **state)
{
	static const char good[] = "# c\n\nos my-os MNW 8192 8 128 d o\n"
				   "link 1300 tunnel mine d o";
	struct farend_sigs s;
	struct err e;

	(void)state;
	assert_true(farend_sigs_parse(&s, good, sizeof(good) - 1, &e));
	assert_int_equal(s.n_os, 1);
	assert_int_equal(s.n_link, 1);
	refuse("os my-os MNW 8192 8\n");
	refuse("os my-os MXW 8192 8 128 d o\n");
	refuse("os my-os MNW 70000 8 128 d o\n");
	refuse("link x tunnel mine d o\n");
	refuse("link 1300 nothing mine d o\n");
	refuse("nonsense\n");
	refuse("os toolongtoolongtoolongtoolongtoolongtoolongtoolongtoolong "
	       "MNW 1 1 1 d o\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_layout),
		cmocka_unit_test(test_clamp),
		cmocka_unit_test(test_ttl),
		cmocka_unit_test(test_parse),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
