/* test_rib.c - table, longest match against brute force, VRPs, names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/num.h"
#include "context/asn.h"
#include "context/block.h"
#include "context/lpm.h"
#include "context/origin.h"
#include "mrt_make.h"

static struct prefix pfx(const char *text)
{
	struct prefix p;

	assert_true(prefix_parse(text, &p, NULL));
	return p;
}

static void longest_match(void **state)
{
	struct num_rng rng = { 4 };
	struct prefix *p = calloc(3000, sizeof(*p));
	struct lpm *l;
	(void)state;

	for (int i = 0; i < 3000; i++) {
		p[i].fam = i % 3 ? 4 : 6;
		p[i].len =
			(uint8_t)num_rng_below(&rng, p[i].fam == 4 ? 33 : 129);
		for (int k = 0; k < 16; k++)
			p[i].b[k] = (uint8_t)(num_rng_below(&rng, 4) * 85);
		if (p[i].fam == 4)
			memset(p[i].b + 4, 0, 12);
		prefix_mask(&p[i]);
	}
	l = lpm_new(p, sizeof(*p), 3000, NULL, NULL);
	assert_non_null(l);
	for (int q = 0; q < 4000; q++) {
		struct prefix host = p[num_rng_below(&rng, 3000)];
		struct addr a;
		uint32_t got;
		int best = -1;

		host.len = (uint8_t)prefix_max(&host);
		host.b[num_rng_below(&rng, host.fam == 4 ? 4 : 16)] ^=
			(uint8_t)num_rng_below(&rng, 256);
		a = prefix_addr(&host);
		if (addr_is_v4(&a) != (host.fam == 4))
			continue;
		for (int i = 0; i < 3000; i++)
			if (prefix_covers(&p[i], &host) &&
			    (best < 0 || p[i].len > p[best].len))
				best = i;
		got = lpm_find(l, &a);
		if (best < 0)
			assert_int_equal(got, LPM_NONE);
		else
			assert_int_equal(prefix_cmp(&p[got], &p[best]), 0);
	}
	lpm_free(l);
	free(p);
}

static struct rib *table(struct make *m)
{
	static const uint32_t net[] = { 0xaf2db000, 0xaf2db100, 0xaf2db200,
					0xaf2db300 };
	struct rib *rib = rib_new(NULL);
	struct replay *r = replay_new(rib, NULL);
	struct mrt *mrt;
	struct mrt_msg msg;

	m->n = 0;
	mk_table(m, 1000000, 5, net, 4, 131279);
	mk_announce(m, 1000100, 2, 0xc0000200, 64500);
	mk_withdraw(m, 1000200, 3, 0xaf2db000);
	mrt = mk_reader(m->b, m->n);
	while (mrt_next(mrt, &msg))
		assert_true(replay_message(r, 0, mrt, &msg));
	mrt_free(mrt);
	replay_free(r);
	return rib;
}

static void origins(void **state)
{
	struct make *m = calloc(1, sizeof(*m));
	struct rib *rib = table(m);
	struct origin_query *q = origin_new(rib, NULL);
	struct origin_answer *a = calloc(1, sizeof(*a));
	struct prefix p = pfx("175.45.176.7");
	(void)state;

	origin_ask(q, &p, true, a);
	assert_int_equal(a->vantages, 5);
	assert_int_equal(a->sees, 4);
	assert_int_equal(a->nclaims, 1);
	assert_int_equal(a->claim[0].asn, 131279);
	assert_int_equal(a->up[0].asn, 4837);
	assert_int_equal(a->up[0].ases, 4);
	p = pfx("192.0.2.1");
	origin_ask(q, &p, false, a);
	assert_int_equal(a->sees, 1);
	p = pfx("8.8.8.8");
	origin_ask(q, &p, false, a);
	assert_int_equal(a->sees, 0);
	free(a);
	origin_free(q);
	rib_free(rib);
	free(m);
}

/* Two origins of one network are two answers. */
static void two_origins(void **state)
{
	struct make *m = calloc(1, sizeof(*m));
	struct rib *rib = table(m);
	struct origin_query *q = origin_new(rib, NULL);
	struct origin_answer *a = calloc(1, sizeof(*a));
	struct prefix p = pfx("175.45.177.0/24");
	struct bgp_path other = { .w = { 101, 9318 }, .n = 2 };
	struct rib_route was;
	(void)state;

	assert_true(rib_set(rib, rib_net(rib, &p, false), 1,
			    paths_put(rib->paths, &other), 1000300, &was));
	origin_ask(q, &p, false, a);
	assert_int_equal(a->nclaims, 2);
	assert_int_equal(a->claim[0].asn, 131279);
	assert_int_equal(a->claim[0].ases, 4);
	assert_int_equal(a->claim[1].asn, 9318);
	free(a);
	origin_free(q);
	rib_free(rib);
	free(m);
}

static void stale_epochs(void **state)
{
	struct make *m = calloc(1, sizeof(*m));
	struct rib *rib = table(m);
	struct prefix p = pfx("175.45.177.0/24");
	uint32_t net = rib_net(rib, &p, false);
	(void)state;

	assert_true(rib_active(rib, rib_find(rib, net, 0)));
	/* more often than the epoch has numbers: an old route never revives */
	for (int i = 0; i < 9000; i++) {
		rib_new_epoch(rib, 0);
		assert_false(rib_active(rib, rib_find(rib, net, 0)));
	}
	assert_int_equal(rib->peers[0].active[0], 0);
	assert_true(rib_active(rib, rib_find(rib, net, 1)));
	rib_free(rib);
	free(m);
}

static void blocking(void **state)
{
	struct make *m = calloc(1, sizeof(*m));
	struct rib *rib = table(m);
	struct block_target t = { .asn = 131279 };
	struct block_cost c;
	(void)state;

	assert_true(block_cost(rib, 4837, &t, 1, &c, NULL));
	assert_int_equal(c.asked.prefixes, 4);
	assert_int_equal(c.asked.addresses, 1024);
	assert_int_equal(c.all.prefixes, 5);
	assert_int_equal(c.cut.addresses, 256);
	assert_int_equal(c.behind.origins, 2);
	assert_int_equal(c.target_ases, 5);
	assert_int_equal(c.target_through, 5);
	rib_free(rib);
	free(m);
}

static void unions(void **state)
{
	struct prefix p[] = { { 4, 15, { 10 } },
			      { 4, 24, { 10, 0, 1 } },
			      { 4, 16, { 10, 2 } } };
	(void)state;

	assert_int_equal(rib_v4_addresses(p, 3), (1 << 17) + (1 << 16));
}

static char *temp_file(const char *text)
{
	static char name[64];
	int fd;

	snprintf(name, sizeof(name), "/tmp/wellspring-test-XXXXXX");
	fd = mkstemp(name);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	return name;
}

static void vrps(void **state)
{
	char *file = temp_file("ASN,IP Prefix,Max Length,Trust Anchor\n"
			       "AS131279,175.45.176.0/22,22,apnic\n"
			       "64500,192.0.2.0/24,24,test\n");
	struct vrps *v = vrps_read(file, NULL);
	struct prefix p = pfx("175.45.176.0/24");
	(void)state;

	unlink(file);
	assert_non_null(v);
	assert_int_equal(vrps_count(v), 2);
	assert_int_equal(vrps_check(v, &p, 131279), VRP_INVALID);
	p = pfx("175.45.176.0/22");
	assert_int_equal(vrps_check(v, &p, 131279), VRP_VALID);
	assert_int_equal(vrps_check(v, &p, 4837), VRP_INVALID);
	p = pfx("192.0.2.0/24");
	assert_int_equal(vrps_check(v, &p, 64500), VRP_VALID);
	assert_int_equal(vrps_check(v, &p, 0), VRP_INVALID);
	p = pfx("198.51.100.0/24");
	assert_int_equal(vrps_check(v, &p, 64500), VRP_NOT_FOUND);
	assert_int_equal(vrps_check(NULL, &p, 64500), VRP_UNKNOWN);
	vrps_free(v);
	file = temp_file("{\"roas\": [{\"asn\": \"AS131279\", \"prefix\": "
			 "\"175.45.176.0/22\", \"maxLength\": 24}]}");
	v = vrps_read(file, NULL);
	unlink(file);
	p = pfx("175.45.176.0/24");
	assert_int_equal(vrps_check(v, &p, 131279), VRP_VALID);
	vrps_free(v);
}

static void names(void **state)
{
	char *file = temp_file("131279 STAR-KP Ryugyong-dong, KP\nx\n");
	struct asn_names *n = asn_names_read(file, NULL);
	struct addr a;
	(void)state;

	unlink(file);
	assert_string_equal(asn_name(n, 131279), "STAR-KP Ryugyong-dong, KP");
	assert_null(asn_name(n, 1));
	asn_names_free(n);
	assert_string_equal(asn_reserved(64512), "private");
	assert_string_equal(asn_reserved(23456), "AS_TRANS");
	assert_null(asn_reserved(4837));
	assert_true(addr_parse("192.168.1.1", &a, NULL));
	assert_string_equal(addr_bogon(&a), "private");
	assert_true(addr_parse("175.45.176.1", &a, NULL));
	assert_null(addr_bogon(&a));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(longest_match), cmocka_unit_test(origins),
		cmocka_unit_test(two_origins),	 cmocka_unit_test(stale_epochs),
		cmocka_unit_test(blocking),	 cmocka_unit_test(unions),
		cmocka_unit_test(vrps),		 cmocka_unit_test(names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
