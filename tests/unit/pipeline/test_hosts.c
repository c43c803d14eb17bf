/*
 * test_hosts.c - which network cards stand for one host: a dual-stack host
 * does; a router, a card with two IPv4 addresses and one with many IPv6
 * addresses do not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "pipeline/hosts.h"

static char path[] = "/tmp/wellspring-hosts-XXXXXX";

static void put(FILE *f, const void *p, size_t n)
{
	assert_int_equal(fwrite(p, 1, n, f), n);
}

/* A UDP packet of Ethernet; a v6 source is 2001:db8::host or fe80::host. */
static void packet(FILE *f, uint8_t mac, bool v6, bool link_local, uint8_t host,
		   uint8_t ttl)
{
	static uint32_t second;
	uint8_t p[14 + 40 + 8] = { 2, 0, 0, 0, 0, 99, 2, 0, 0, 0, 0, mac };
	uint32_t len = v6 ? 62 : 42;
	uint32_t head[4] = { ++second, 0, len, len };
	uint8_t *ip = p + 14;

	p[12] = v6 ? 0x86 : 0x08;
	p[13] = v6 ? 0xdd : 0x00;
	if (v6) {
		ip[0] = 0x60;
		ip[5] = 8;
		ip[6] = 17;
		ip[7] = ttl;
		ip[8] = link_local ? 0xfe : 0x20;
		ip[9] = link_local ? 0x80 : 0x01;
		ip[23] = host;
		ip[24] = 0x20;
		ip[39] = 200;
		ip += 40;
	} else {
		ip[0] = 0x45;
		ip[3] = 28;
		ip[8] = ttl;
		ip[9] = 17;
		memcpy(ip + 12,
		       (const uint8_t[8]){ 192, 0, 2, host, 192, 0, 2, 200 },
		       8);
		ip += 20;
	}
	memcpy(ip, (const uint8_t[8]){ 1, 2, 0, 53, 0, 8, 0, 0 }, 8);
	put(f, head, sizeof(head));
	put(f, p, len);
}

static void write_capture(void)
{
	const uint32_t head[6] = { 0xa1b2c3d4, 4u << 16 | 2, 0, 0, 65535, 1 };
	FILE *f = fopen(path, "wb");

	assert_non_null(f);
	put(f, head, sizeof(head));
	for (int i = 0; i < 2; i++) {
		packet(f, 1, false, false, 10, 64); /* the host */
		packet(f, 1, true, false, 10, 64);
		packet(f, 1, true, true, 11, 255);
		packet(f, 1, true, false, 12, 64);   /* a temporary address */
		packet(f, 2, false, false, 20, 63);  /* a router */
		packet(f, 2, true, false, 20, 64);   /* itself */
		packet(f, 3, false, false, 30, 128); /* two behind one card */
		packet(f, 3, false, false, 31, 128);
		packet(f, 3, true, false, 30, 128);
		packet(f, 4, false, false, 40, 64); /* one address */
	}
	for (uint8_t i = 0; i < HOSTS_V6 + 1; i++)
		packet(f, 5, true, false, (uint8_t)(50 + i), 64);
	assert_int_equal(fclose(f), 0);
}

static void test_by_mac(void **state)
{
	const char *paths[] = { path };
	struct capture_spec spec = { .paths = paths,
				     .n_paths = 1,
				     .from = TSTAMP_NONE,
				     .to = TSTAMP_NONE };
	struct addr(*pairs)[2];
	char a[ADDR_TEXT];
	struct err e;
	size_t n;

	(void)state;
	write_capture();
	if (!hosts_by_mac(&spec, &pairs, &n, &e))
		fail_msg("%s", e.text);
	assert_int_equal(n, 2);
	assert_string_equal(addr_format(&pairs[0][0], a), "192.0.2.10");
	assert_string_equal(addr_format(&pairs[1][0], a), "192.0.2.10");
	assert_true(addr_is_v4(&pairs[0][0]) && !addr_is_v4(&pairs[0][1]));
	assert_int_equal(pairs[0][1].b[15], 10);
	assert_int_equal(pairs[1][1].b[15], 12);
	free(pairs);
}

static void test_stdin(void **state)
{
	const char *paths[] = { "-" };
	struct capture_spec spec = { .paths = paths, .n_paths = 1 };
	struct addr(*pairs)[2];
	struct err e;
	size_t n;

	(void)state;
	assert_false(hosts_by_mac(&spec, &pairs, &n, &e));
	assert_non_null(strstr(e.text, "standard input cannot be read twice"));
	assert_null(pairs);
}

static int make(void **state)
{
	int fd = mkstemp(path);

	(void)state;
	if (fd < 0)
		return -1;
	close(fd);
	return 0;
}

static int clean(void **state)
{
	(void)state;
	return unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_by_mac),
		cmocka_unit_test(test_stdin),
	};

	return cmocka_run_group_tests(tests, make, clean);
}
