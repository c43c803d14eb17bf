/* test_rd.c - reads, and what happens past the end; addresses and errors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "base/addr.h"
#include "base/err.h"
#include "base/rd.h"

static void test_reads(void **state)
{
	static const uint8_t b[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9 };
	struct rd r = rd_make(b, sizeof(b)), s;

	(void)state;
	assert_int_equal(rd_be16(&r), 0x0102);
	assert_int_equal(rd_le16(&r), 0x0403);
	s = rd_sub(&r, 2);
	assert_int_equal(rd_u8(&s), 5);
	assert_int_equal(rd_be16(&s), 0); /* one byte short */
	assert_false(rd_ok(&s));
	assert_true(rd_ok(&r));
	assert_int_equal(rd_be32(&r), 0); /* three bytes left */
	assert_false(rd_ok(&r));
	assert_int_equal(rd_u8(&r), 0); /* and it stays so */
}

static void test_addr(void **state)
{
	char buf[ADDR_TEXT];
	struct addr a;
	struct err e;

	(void)state;
	assert_true(addr_parse("198.51.100.7", &a, NULL));
	assert_true(addr_is_v4(&a));
	assert_string_equal(addr_format(&a, buf), "198.51.100.7");
	assert_true(addr_parse("2001:db8::1", &a, NULL));
	assert_false(addr_is_v4(&a));
	assert_string_equal(addr_format(&a, buf), "2001:db8::1");
	assert_false(addr_parse("host.example", &a, &e));
}

static void test_err_grows(void **state)
{
	struct err e;

	(void)state;
	assert_false(err_at(&e, ERR_FORMAT, 24, "bad length %d", 7));
	assert_false(err_ctx(&e, "reading %s", "x.pcap"));
	assert_string_equal(e.text, "reading x.pcap: bad length 7");
	assert_true(e.offset == 24);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reads),
		cmocka_unit_test(test_addr),
		cmocka_unit_test(test_err_grows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
