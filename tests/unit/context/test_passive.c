/* test_passive.c - silence in a capture, its controls, the four cells. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "context/passive.h"

#define BINS   40
#define GROUPS 6

struct world {
	struct passive_bin bin[GROUPS][BINS];
	struct passive_group group[GROUPS];
	uint32_t gap[50], drops[BINS];
	struct passive_input in;
};

/* Six networks of six ASes that answer in every bin; gaps of 1 to 50 s. */
static struct world *start(void)
{
	struct world *w = calloc(1, sizeof(*w));

	for (uint32_t i = 0; i < 50; i++)
		w->gap[i] = i + 1;
	for (uint32_t g = 0; g < GROUPS; g++) {
		for (int i = 0; i < BINS; i++)
			w->bin[g][i] = (struct passive_bin){
				.received = 20,
				.sent = 20,
				.open = 10,
				.rtt_min_ns = 200000000,
				.ttl = 50,
			};
		w->group[g] = (struct passive_group){
			.prefix = { 4, 24, { 175, 45, (uint8_t)g } },
			.asn = 1000 + g,
			.bin = w->bin[g],
			.gap_sec = w->gap,
			.ngaps = 50,
		};
	}
	w->in = (struct passive_input){ .start_sec = 1000000,
					.bin_sec = 300,
					.nbins = BINS,
					.group = w->group,
					.ngroups = GROUPS };
	return w;
}

static void hush(struct world *w, uint32_t g, int from, int to)
{
	for (int i = from; i < to; i++) {
		w->bin[g][i] = (struct passive_bin){ .sent = 5,
						     .unanswered = 5,
						     .open = 10 };
	}
}

static uint32_t ask(struct world *w, struct passive_finding *f)
{
	return passive_silences(&w->in, &passive_defaults, f, GROUPS, NULL);
}

static void silence(void **state)
{
	struct world *w = start();
	struct passive_finding f[GROUPS];
	(void)state;

	hush(w, 2, 20, 30);
	w->bin[2][20].ended_silent = 9;
	w->bin[2][21].unreachable = 3;
	w->bin[2][21].unreachable_bad = 7;
	assert_int_equal(ask(w, f), 1);
	assert_int_equal(f[0].group, 2);
	assert_int_equal(f[0].from_sec, 1000000 + 20 * 300);
	assert_int_equal(f[0].to_sec, 1000000 + 30 * 300);
	assert_true(f[0].returned && f[0].sufficient);
	assert_true(f[0].lr == 51); /* capped at n + 1 */
	assert_int_equal(f[0].control, CONTROL_NONE);
	assert_true(f[0].mass_end);
	assert_int_equal(f[0].unreachable, 3);
	free(w);
}

/* The cap: 50 gaps never give more than 51, half as long ones less. */
static void cap(void **state)
{
	uint32_t gap[] = { 10, 20, 30, 400 };
	(void)state;

	assert_true(passive_silence_lr(1000000, gap, 4) == 5);
	assert_true(passive_silence_lr(300, gap, 4) == 2.5);
	assert_true(passive_silence_lr(300, NULL, 0) == 1);
}

static void controls(void **state)
{
	struct world *w = start();
	struct passive_finding f[GROUPS];
	(void)state;

	for (uint32_t g = 0; g < GROUPS; g++)
		hush(w, g, 20, 30);
	assert_int_equal(ask(w, f), GROUPS);
	for (int g = 0; g < GROUPS; g++) {
		assert_int_equal(f[g].control, CONTROL_SENSOR);
		assert_false(f[g].sufficient);
	}
	free(w);
	w = start();
	hush(w, 1, 20, 30);
	w->drops[25] = 1;
	w->in.sensor_drops = w->drops;
	ask(w, f);
	assert_int_equal(f[0].control, CONTROL_LOSS);
	w->in.sensor_drops = NULL;
	w->in.one_sided = true;
	ask(w, f);
	assert_int_equal(f[0].control, CONTROL_ONE_SIDED);
	w->in.one_sided = false;
	for (int i = 20; i < 30; i++)
		w->bin[1][i].unanswered = 0;
	ask(w, f);
	assert_int_equal(f[0].control, CONTROL_NOT_ASKED);
	assert_false(f[0].sufficient);
	free(w);
	w = start();
	hush(w, 1, 20, 30);
	w->group[3].asn = w->group[1].asn;
	for (int i = 0; i < 20; i++)
		w->bin[3][i].received = 0;
	ask(w, f);
	assert_int_equal(f[0].control, CONTROL_RENUMBERED);
	free(w);
}

/* One death is no evidence, nine of ten at once are. */
static void deaths(void **state)
{
	double nine = passive_binomial(9, 10, 0.01);
	(void)state;

	assert_true(passive_binomial(0, 10, 0.01) == 1);
	assert_true(passive_binomial(11, 10, 0.01) == 0);
	assert_true(nine > 9.9e-18 && nine < 1e-17);
	assert_true(passive_binomial(1, 10, 0.1) > 0.65 &&
		    passive_binomial(1, 10, 0.1) < 0.652);
}

static void steps(void **state)
{
	struct world *w = start();
	struct passive_step s[4];
	(void)state;

	for (int i = 17; i < BINS; i++) {
		w->bin[4][i].rtt_min_ns = 140000000;
		w->bin[4][i].ttl = 47;
	}
	assert_int_equal(passive_steps(&w->in, &passive_defaults, s, 4), 1);
	assert_int_equal(s[0].group, 4);
	assert_int_equal(s[0].sec, 1000000 + 17 * 300);
	assert_int_equal(s[0].ttl_before, 50);
	assert_int_equal(s[0].ttl_after, 47);
	assert_int_equal(s[0].rtt_after_ns, 140000000);
	free(w);
}

/* Loss and rising time before the end, as in January 2022. */
static void rise_before(void **state)
{
	struct world *w = start();
	struct passive_finding f[GROUPS];
	(void)state;

	for (int i = 17; i < 20; i++)
		w->bin[0][i].rtt_min_ns = 320000000;
	hush(w, 0, 20, 30);
	assert_int_equal(ask(w, f), 1);
	assert_true(f[0].rtt_rose);
	free(w);
}

/* 2013-03-13: the routes stay, the network is silent. */
static void cells(void **state)
{
	struct world *w = start();
	int visible[BINS];
	enum passive_cell c[BINS];
	(void)state;

	hush(w, 0, 20, 30);
	for (int i = 0; i < BINS; i++)
		visible[i] = i >= 25 && i < 35 ? 30 : 1000;
	visible[39] = -1;
	passive_cells(&w->in, 0, visible, c);
	assert_int_equal(c[10], CELL_ROUTED_ANSWERING);
	assert_int_equal(c[22], CELL_ROUTED_SILENT);
	assert_int_equal(c[27], CELL_UNROUTED_SILENT);
	assert_int_equal(c[32], CELL_UNROUTED_ANSWERING);
	assert_int_equal(c[39], CELL_UNKNOWN);
	for (int k = 0; k <= CELL_UNROUTED_SILENT; k++)
		assert_non_null(passive_cell_word((enum passive_cell)k));
	free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(silence),  cmocka_unit_test(cap),
		cmocka_unit_test(controls), cmocka_unit_test(deaths),
		cmocka_unit_test(steps),    cmocka_unit_test(rise_before),
		cmocka_unit_test(cells),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
