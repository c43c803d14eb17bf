/*
 * test_community.c - vectors from tshark 4.0 (-e communityid), an
 * independent implementation: TCP, UDP and ICMP of real captures of the
 * project's testbed, ICMP types of packets made for this purpose.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "evidence/community.h"

static const struct {
	uint8_t proto;
	const char *src, *dst;
	uint16_t sport, dport;
	const char *id;
} vectors[] = {
	{ 6, "198.19.200.220", "198.51.100.7", 41564, 22,
	  "1:j9Sx74idh0i4B4whAPGznl+EAW4=" },
	{ 6, "198.51.100.124", "203.0.113.112", 55578, 22,
	  "1:/4IOgF2kG2gSsxW8HP4hdy6zZxs=" },
	{ 6, "2001:db8:d83:e08::1ba", "2001:db8:f930:8609::673", 42360, 22,
	  "1:UwabW1gukruJmI3QllEg3QI90ck=" },
	{ 6, "2001:db8:f930:8609::673", "2001:db8:d83:e08::1ba", 22, 42360,
	  "1:UwabW1gukruJmI3QllEg3QI90ck=" },
	{ 17, "198.51.100.136", "198.19.222.183", 60001, 46657,
	  "1:fGpMC4N9mFY6Ewck+SpwLndAYzQ=" },
	{ 17, "198.19.222.183", "198.51.100.136", 46657, 60001,
	  "1:fGpMC4N9mFY6Ewck+SpwLndAYzQ=" },
	{ 1, "198.51.100.197", "203.0.113.93", 0, 0,
	  "1:IvwtprpiAX0x4STDDVn22trxYqU=" },
	{ 1, "203.0.113.93", "198.51.100.197", 8, 0,
	  "1:IvwtprpiAX0x4STDDVn22trxYqU=" },
	{ 1, "192.0.2.9", "198.51.100.1", 13, 0,
	  "1:5n1D+frq2qyxZh/cmxQUZYGDoIA=" },
	{ 1, "192.0.2.9", "198.51.100.1", 3, 1,
	  "1:Uh94pvNyo6OawZARAP378JGQ2ng=" },
	{ 1, "198.51.100.1", "192.0.2.9", 3, 1,
	  "1:pK4iv03b1JkdUszjGcuDhMwoeJ0=" },
	{ 1, "192.0.2.9", "198.51.100.1", 11, 0,
	  "1:Wi7YGd0GxryfNfTUwklt+4XdXO8=" },
	{ 1, "192.0.2.9", "198.51.100.1", 10, 0,
	  "1:N+A7glcm6q5fmKPeyH8vs36k95U=" },
	{ 1, "198.51.100.1", "192.0.2.9", 9, 0,
	  "1:N+A7glcm6q5fmKPeyH8vs36k95U=" },
	{ 58, "2001:db8::9", "2001:db8::1", 128, 0,
	  "1:hQiq3bYCRxwGBxMh6mQ6xHiSIzk=" },
	{ 58, "2001:db8::1", "2001:db8::9", 129, 0,
	  "1:hQiq3bYCRxwGBxMh6mQ6xHiSIzk=" },
	{ 58, "2001:db8::9", "2001:db8::1", 1, 4,
	  "1:ASui7IJLN62GLqSkUY/QjGQPoxA=" },
	{ 58, "2001:db8::1", "2001:db8::9", 1, 4,
	  "1:hdxU//lm1JZ8AvQ1WDHPOmJ0Wxk=" },
	{ 58, "2001:db8::9", "2001:db8::1", 135, 0,
	  "1:MLdGZ7oa6ucabfowNWt0YlIuos0=" },
	{ 58, "2001:db8::9", "2001:db8::1", 133, 0,
	  "1:8PDF7BtqIf4YvVWOeOMGgwDoOWs=" },
};

static void test_vectors(void **state)
{
	char text[COMMUNITY_TEXT];
	struct addr src, dst;

	(void)state;
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		assert_true(addr_parse(vectors[i].src, &src, NULL));
		assert_true(addr_parse(vectors[i].dst, &dst, NULL));
		community_id(vectors[i].proto, &src, vectors[i].sport, &dst,
			     vectors[i].dport, text);
		assert_string_equal(text, vectors[i].id);
	}
}

static void test_directions_give_one_name(void **state)
{
	char a[COMMUNITY_TEXT], b[COMMUNITY_TEXT];
	struct addr src, dst;

	(void)state;
	assert_true(addr_parse("192.0.2.1", &src, NULL));
	assert_true(addr_parse("192.0.2.2", &dst, NULL));
	community_id(6, &src, 1, &dst, 2, a);
	community_id(6, &dst, 2, &src, 1, b);
	assert_string_equal(a, b);
	community_id(6, &src, 2, &dst, 1, b);
	assert_string_not_equal(a, b);
	community_id(17, &src, 1, &dst, 2, b);
	assert_string_not_equal(a, b);
	/* same address at both ends: the ports decide */
	community_id(6, &src, 5, &src, 4, a);
	community_id(6, &src, 4, &src, 5, b);
	assert_string_equal(a, b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_directions_give_one_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
