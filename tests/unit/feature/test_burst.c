/* test_burst.c - merging, splitting, pure ACKs, full logs, release. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>

#include <cmocka.h>

#include "base/num.h"
#include "feature/burst.h"

#define HOUR_US UINT64_C(3600000000) /* the epoch lies before the first */

static struct burst_table *table(uint32_t conns, size_t chunks)
{
	struct err e;
	struct burst_table *t = burst_table_new(conns, chunks * 128, &e);

	assert_non_null(t);
	return t;
}

static bool give(struct burst_table *t, uint32_t slot, int64_t us,
		 uint8_t flags, uint32_t bytes)
{
	struct conn_event ev = { .ts = { INT64_C(1000000000000000) +
					 us * 1000 },
				 .slot = slot,
				 .new_bytes = bytes,
				 .flags = flags };

	return burst_update(t, &ev);
}

static void assert_burst(struct burst b, uint64_t us, uint32_t bytes)
{
	assert_int_equal(burst_us(b), HOUR_US + us);
	assert_int_equal(burst_bytes(b), bytes);
}

static void test_merge(void **state)
{
	struct burst_table *t = table(4, 16);
	struct burst b[8];

	(void)state;
	assert_true(give(t, 0, 0, EV_NEW | EV_DATA, 100)); /* an onset */
	assert_false(give(t, 0, 1999, EV_DATA, 10));
	assert_false(give(t, 0, 3998, EV_DATA, 1));
	/* a gap of BURST_GAP_US begins another one */
	assert_false(give(t, 0, 5998, EV_DATA, 36));
	/* retransmissions and ACKs amid data are nothing */
	assert_false(give(t, 0, 6500, EV_RETRANSMIT, 0));
	assert_false(give(t, 0, 7000, EV_ACK, 0));
	assert_true(give(t, 0, 5998 + 100000, EV_DATA, 7));
	assert_int_equal(burst_copy(t, 0, 0, 0, b, 8), 3);
	assert_burst(b[0], 0, 111);
	assert_burst(b[1], 5998, 36);
	assert_burst(b[2], 105998, 7); /* the open one */
	assert_int_equal(burst_count(t, 0), 2);
	assert_int_equal(burst_copy(t, 0, 1, 0, b, 8), 0);
	/* from a time on, and no more than asked for */
	assert_int_equal(burst_copy(t, 0, 0, HOUR_US + 5998, b, 8), 2);
	assert_burst(b[0], 5998, 36);
	assert_int_equal(burst_copy(t, 0, 0, 0, b, 1), 1);
	burst_table_free(t);
}

static void test_split(void **state)
{
	struct burst_table *t = table(4, 16);
	struct burst b[8];
	size_t n;

	(void)state;
	/* a long transfer: cut after BURST_LONG_US */
	for (int64_t us = 0; us <= 120000; us += 1000)
		give(t, 1, us, us == 0 ? EV_NEW | EV_DATA : EV_DATA, 10);
	n = burst_copy(t, 1, 0, 0, b, 8);
	assert_int_equal(n, 3);
	assert_burst(b[0], 0, 500);
	assert_burst(b[1], 50000, 500);
	assert_burst(b[2], 100000, 210);
	/* more bytes than a record holds begin another one */
	give(t, 2, 0, EV_NEW | EV_DATA, 0xffff0);
	give(t, 2, 10, EV_DATA, 100);
	n = burst_copy(t, 2, 0, 0, b, 8);
	assert_int_equal(n, 2);
	assert_burst(b[0], 0, 0xffff0);
	assert_burst(b[1], 10, 100);
	burst_table_free(t);
}

static void test_acks(void **state)
{
	struct burst_table *t = table(4, 16);
	struct burst b[8];

	(void)state;
	give(t, 0, 0, EV_NEW | EV_ACK, 0); /* nothing before: no silence */
	give(t, 0, 1000, EV_DATA, 5);
	give(t, 0, 15000, EV_ACK, 0); /* not isolated */
	give(t, 0, 36000, EV_ACK, 0); /* 21 ms after the last packet */
	give(t, 0, 40000, EV_DATA, 6);
	assert_int_equal(burst_copy(t, 0, 0, 0, b, 8), 3);
	assert_burst(b[0], 1000, 5);
	assert_burst(b[1], 36000, 0);
	assert_burst(b[2], 40000, 6);
	assert_int_equal(burst_count(t, 0), 1);
	burst_table_free(t);
}

static void test_disorder(void **state)
{
	struct burst_table *t = table(4, 16);
	struct burst b[8];

	(void)state;
	give(t, 0, 5000, EV_NEW | EV_DATA, 5);
	give(t, 0, 4000, EV_DATA, 6); /* taken as of 5000 */
	give(t, 0, 9000, EV_DATA, 7);
	assert_int_equal(burst_copy(t, 0, 0, 0, b, 8), 2);
	assert_int_equal(burst_bytes(b[0]), 11);
	assert_true(burst_us(b[1]) - burst_us(b[0]) == 4000);
	burst_table_free(t);
}

static void test_pool_full(void **state)
{
	struct burst_table *t = table(4, 2); /* room for some 32 bursts */
	struct burst b[64];
	uint64_t peak;
	size_t n;

	(void)state;
	for (int64_t i = 0; i < 24; i++) {
		give(t, 0, i * 10000, i == 0 ? EV_NEW | EV_DATA : EV_DATA, 1);
		give(t, 1, i * 10000, i == 0 ? EV_NEW | EV_DATA : EV_DATA, 1);
	}
	/* what was logged stays, the rest is counted */
	assert_int_equal(burst_table_stats(t)->logs_full, 2);
	assert_true(burst_table_stats(t)->lost >= 8);
	n = burst_copy(t, 0, 0, 0, b, 64);
	assert_in_range(n, 10, 19);
	assert_burst(b[9], 90000, 1);
	peak = burst_table_stats(t)->chunks_peak;
	/* a released log makes room for another connection */
	burst_release(t, 0);
	assert_int_equal(burst_copy(t, 0, 0, 0, b, 64), 0);
	for (int64_t i = 0; i < 10; i++)
		give(t, 2, 300000 + i * 10000,
		     i == 0 ? EV_NEW | EV_DATA : EV_DATA, 3);
	assert_int_equal(burst_copy(t, 2, 0, 0, b, 64), 10);
	assert_int_equal(burst_bytes(b[9]), 3);
	assert_int_equal(burst_table_stats(t)->chunks_peak, peak);
	burst_table_free(t);
}

static void test_long_log(void **state)
{
	struct burst_table *t = table(1, 8000);
	static struct burst b[BURST_PER_LOG + 8];
	size_t n;

	(void)state;
	for (int64_t i = 0; i < (int64_t)BURST_PER_LOG + 50; i++)
		give(t, 0, i * 5000, i == 0 ? EV_NEW | EV_DATA : EV_DATA, 2);
	n = burst_copy(t, 0, 0, 0, b, BURST_PER_LOG + 8);
	assert_true(n >= BURST_PER_LOG && n <= BURST_PER_LOG + 1);
	assert_int_equal(burst_table_stats(t)->logs_full, 1);
	assert_true(burst_table_stats(t)->lost >= 49);
	for (size_t i = 1; i < BURST_PER_LOG; i++)
		assert_true(burst_us(b[i]) > burst_us(b[i - 1]));
	burst_table_free(t);
}

/* A slot that is used again starts empty. */
static void test_new_connection(void **state)
{
	struct burst_table *t = table(2, 8);
	struct burst b[4];

	(void)state;
	give(t, 0, 0, EV_NEW | EV_DATA, 9);
	give(t, 0, 90000, EV_DATA, 9);
	burst_release(t, 0);
	give(t, 0, 200000, EV_NEW | EV_DATA, 4);
	assert_int_equal(burst_copy(t, 0, 0, 0, b, 4), 1);
	assert_burst(b[0], 200000, 4);
	burst_table_free(t);
}

/* Both directions at once say what each alone does; one may be left out. */
static void assert_lanes(const struct burst_table *t, uint32_t slot,
			 uint64_t from_us)
{
	static int64_t us[2][400], ack_us[2][400];
	static uint32_t bytes[2][400];
	struct burst_lane lane[2] = { { us[0], bytes[0], ack_us[0], 9, 9 },
				      { us[1], bytes[1], ack_us[1], 9, 9 } };
	struct burst_lane *both[2] = { &lane[0], &lane[1] };
	struct burst one[400];

	burst_lanes(t, slot, from_us, both);
	for (int d = 0; d < 2; d++) {
		size_t n = burst_copy(t, slot, d, from_us, one, 400),
		       k[2] = { 0, 0 };

		for (size_t i = 0; i < n; i++) {
			bool ack = burst_bytes(one[i]) == 0;
			int64_t at = (int64_t)burst_us(one[i]);

			assert_int_equal(at,
					 ack ? ack_us[d][k[1]] : us[d][k[0]]);
			if (!ack)
				assert_int_equal(bytes[d][k[0]],
						 burst_bytes(one[i]));
			k[ack]++;
		}
		assert_int_equal(k[0], lane[d].n);
		assert_int_equal(k[1], lane[d].n_ack);
		both[!d] = NULL;
		lane[!d].n = 7;
		burst_lanes(t, slot, from_us, both);
		assert_int_equal(lane[d].n, k[0]);
		assert_int_equal(lane[!d].n, 7);
		both[!d] = &lane[!d];
		burst_lanes(t, slot, from_us, both);
	}
}

/* A batch is its events one by one. */
static void test_batch(void **state)
{
	static const uint8_t kinds[] = { EV_DATA, EV_DATA, EV_ACK,
					 EV_RETRANSMIT };
	struct burst_table *t = table(4, 64), *u = table(4, 64);
	struct burst a[400], b[400];
	struct burst_note notes[300];
	struct conn_event ev[300];
	struct num_rng r = { 3 };
	size_t n, found = 0, k = 0;
	int64_t us = 0;

	(void)state;
	for (uint32_t i = 0; i < 300; i++) {
		us += (int64_t)num_rng_below(&r, 60000);
		ev[i] = (struct conn_event){
			.ts = { INT64_C(1000000000000000) + us * 1000 },
			.slot = i < 4 ? i : (uint32_t)num_rng_below(&r, 4),
			.dir = (uint8_t)num_rng_below(&r, 2),
			.flags = kinds[num_rng_below(&r, 4)],
		};
		if (i < 4)
			ev[i].flags |= EV_NEW;
		if (ev[i].flags & EV_DATA)
			ev[i].new_bytes = 1 + (uint32_t)num_rng_below(&r, 99);
		if (i == 50)
			ev[i].slot = CONN_NONE;
	}
	n = burst_update_batch(t, ev, 300, 3, notes);
	for (uint32_t i = 0; i < 300; i++) {
		const struct conn_event *e = &ev[i];
		bool onset;

		if (e->slot == CONN_NONE)
			continue;
		onset = burst_update(u, e) && burst_count(u, e->slot) >= 3;
		if (!onset && !(e->flags & EV_NEW))
			continue;
		assert_true(k < n);
		assert_int_equal(notes[k].event, i);
		assert_int_equal(notes[k].is_onset, onset);
		assert_int_equal(notes[k].is_new, (e->flags & EV_NEW) != 0);
		assert_int_equal(notes[k].us,
				 burst_last_us(u, e->slot, e->dir));
		found += onset;
		k++;
	}
	assert_int_equal(k, n);
	assert_true(found > 20);
	for (uint32_t slot = 0; slot < 4; slot++) {
		for (int d = 0; d < 2; d++) {
			n = burst_copy(t, slot, d, 0, a, 400);
			assert_int_equal(burst_copy(u, slot, d, 0, b, 400), n);
			assert_memory_equal(a, b, n * sizeof(a[0]));
		}
		assert_lanes(t, slot, 0);
		assert_lanes(t, slot, HOUR_US + us / 2);
	}
	burst_table_free(t);
	burst_table_free(u);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_merge),
		cmocka_unit_test(test_split),
		cmocka_unit_test(test_acks),
		cmocka_unit_test(test_disorder),
		cmocka_unit_test(test_pool_full),
		cmocka_unit_test(test_long_log),
		cmocka_unit_test(test_new_connection),
		cmocka_unit_test(test_batch),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
