/* test_index.c - eligible pairs, candidates of small and busy hosts, limits. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <string.h>

#include <cmocka.h>

#include "relay/index.h"

#define MAX 64

struct seen {
	struct candidate c[400];
	size_t n;
};

static struct seen seen;
static struct conn conns[MAX];
static const struct conn_cold cold;

static void on_judge(void *arg, const struct candidate *c)
{
	struct seen *s = arg;

	assert_true(s->n < 400);
	s->c[s->n++] = *c;
}

static struct addr host(uint8_t n)
{
	return addr_v4((const uint8_t[4]){ 198, 51, 100, n });
}

static struct relay_index *start(uint32_t max_pairs)
{
	struct relay_index *x;
	struct err e;

	memset(&seen, 0, sizeof(seen));
	memset(conns, 0, sizeof(conns));
	x = relay_index_new(MAX, max_pairs, on_judge, &seen, &e);
	assert_non_null(x);
	return x;
}

static void open_conn(struct relay_index *x, uint32_t slot, uint8_t src,
		      uint8_t dst)
{
	conns[slot] = (struct conn){ .src = host(src),
				     .dst = host(dst),
				     .id = slot + 1 };
	conns[slot].side[0].packets = conns[slot].side[1].packets = 50;
	relay_index_open(x, slot, &conns[slot]);
}

static void release(struct relay_index *x, uint32_t slot)
{
	relay_index_release(x, slot, &conns[slot], &cold);
}

static void test_a_relay_s_legs(void **state)
{
	struct relay_index *x = start(100);
	const struct host *h;

	(void)state;
	open_conn(x, 0, 1, 2); /* into host 2 */
	open_conn(x, 1, 2, 3); /* and out of it */
	open_conn(x, 2, 4, 5); /* elsewhere */
	relay_index_activate(x, 1);
	assert_int_equal(relay_index_stats(x)->eligible, 0);
	relay_index_activate(x, 0);
	relay_index_activate(x, 0); /* twice is once */
	relay_index_activate(x, 2);
	assert_true(relay_index_is_active(x, 0));
	assert_int_equal(relay_index_stats(x)->eligible, 2); /* ordered */
	assert_int_equal(relay_index_stats(x)->opened, 1);
	release(x, 1);
	assert_int_equal(seen.n, 1);
	assert_int_equal(seen.c[0].slot[0], 0); /* by id */
	assert_int_equal(seen.c[0].slot[1], 1);
	assert_int_equal(seen.c[0].end[0], 1);
	assert_int_equal(seen.c[0].end[1], 0);
	h = relay_index_host(x, seen.c[0].host);
	assert_memory_equal(&h->addr, &conns[1].src, sizeof(h->addr));
	assert_true(h->flags & HOST_TWO_WAY);
	assert_false(h->flags & (HOST_OVERFLOW | HOST_SAMPLED));
	release(x, 0); /* judged once only */
	release(x, 2);
	assert_int_equal(seen.n, 1);
	relay_index_free(x);
}

static void test_not_at_one_time(void **state)
{
	struct relay_index *x = start(100);

	(void)state;
	open_conn(x, 0, 1, 2);
	relay_index_activate(x, 0);
	release(x, 0);
	open_conn(x, 0, 2, 3); /* the slot of the first one */
	relay_index_activate(x, 0);
	release(x, 0);
	assert_int_equal(relay_index_stats(x)->eligible, 0);
	assert_int_equal(seen.n, 0);
	relay_index_free(x);
}

static void test_there_and_back(void **state)
{
	struct relay_index *x = start(100);

	(void)state;
	open_conn(x, 0, 1, 2);
	open_conn(x, 1, 2, 1);
	relay_index_activate(x, 0);
	relay_index_activate(x, 1);
	assert_int_equal(relay_index_stats(x)->opened, 0);
	relay_index_free(x);
}

static void test_joined_hosts(void **state)
{
	struct addr a = host(2), b = host(22);
	struct relay_index *x = start(100);

	(void)state;
	assert_true(relay_index_join(x, &a, &b));
	open_conn(x, 0, 1, 2);
	open_conn(x, 1, 22, 3); /* its other address */
	relay_index_activate(x, 0);
	relay_index_activate(x, 1);
	assert_int_equal(relay_index_stats(x)->opened, 1);
	relay_index_free(x);
}

static void test_others(void **state)
{
	const uint32_t not_these[2] = { 0, 1 };
	struct relay_index *x = start(100);
	uint32_t slots[8];
	uint8_t ends[8];

	(void)state;
	open_conn(x, 0, 1, 2);
	open_conn(x, 1, 2, 3);
	open_conn(x, 2, 2, 4);
	open_conn(x, 3, 5, 2);
	open_conn(x, 4, 2, 6); /* stays inactive */
	for (uint32_t s = 0; s < 4; s++)
		relay_index_activate(x, s);
	relay_index_each(x, on_judge, &seen);
	assert_int_equal(seen.n, 6);
	assert_int_equal(relay_index_others(x, seen.c[0].host, not_these, slots,
					    ends, 8),
			 2);
	assert_int_equal(slots[0], 3); /* newest first */
	assert_int_equal(ends[0], 1);
	assert_int_equal(slots[1], 2);
	assert_int_equal(ends[1], 0);
	assert_int_equal(relay_index_others(x, seen.c[0].host, not_these, slots,
					    ends, 1),
			 1);
	relay_index_free(x);
}

static void test_no_room(void **state)
{
	struct relay_index *x = start(2);

	(void)state;
	for (uint32_t s = 0; s < 4; s++) {
		open_conn(x, s, 2, (uint8_t)(10 + s));
		relay_index_activate(x, s);
	}
	assert_int_equal(relay_index_stats(x)->eligible, 12);
	assert_int_equal(relay_index_stats(x)->opened, 2);
	assert_int_equal(relay_index_stats(x)->refused, 4);
	release(x, 0);
	assert_true(seen.n > 0);
	assert_true(relay_index_host(x, seen.c[0].host)->flags & HOST_OVERFLOW);
	/* a candidate that left makes room */
	open_conn(x, 10, 1, 3);
	open_conn(x, 11, 3, 4);
	relay_index_activate(x, 10);
	relay_index_activate(x, 11);
	assert_int_equal(relay_index_stats(x)->opened, 3);
	relay_index_free(x);
}

/* On a busy host two connections that follow each other become a candidate,
 * those that do not stay out. */
static void test_busy_host(void **state)
{
	struct relay_index *x = start(2000);
	uint64_t opened;
	bool found = false;

	(void)state;
	for (uint32_t s = 0; s < 60; s++) {
		if (s % 2)
			open_conn(x, s, 2, (uint8_t)(10 + s));
		else
			open_conn(x, s, (uint8_t)(100 + s), 2);
		relay_index_activate(x, s);
	}
	assert_int_equal(relay_index_stats(x)->eligible, 60 * 59);
	opened = relay_index_stats(x)->opened;
	assert_true(opened < 60 * 59 / 2);
	for (int64_t i = 0; i < 8; i++) {
		int64_t us = 1000000 + i * 5000000;

		/* something came in on 56, 1 ms later it left on 59 */
		relay_index_onset(x, 56, 0, us);
		relay_index_onset(x, 59, 0, us + 1000);
		/* 58 speaks long after */
		relay_index_onset(x, 58, 0, us + 1200000);
	}
	assert_int_equal(relay_index_stats(x)->opened, opened + 1);
	release(x, 56);
	for (size_t i = 0; i < seen.n; i++) {
		found = found || seen.c[i].slot[1] == 59;
		assert_true(relay_index_host(x, seen.c[i].host)->flags &
			    HOST_SAMPLED);
	}
	assert_true(found);
	relay_index_free(x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_relay_s_legs),
		cmocka_unit_test(test_not_at_one_time),
		cmocka_unit_test(test_there_and_back),
		cmocka_unit_test(test_joined_hosts),
		cmocka_unit_test(test_others),
		cmocka_unit_test(test_no_room),
		cmocka_unit_test(test_busy_host),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
