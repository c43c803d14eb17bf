/* test_outage.c - what is an outage, and above all what is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "context/outage.h"
#include "mrt_make.h"

#define PEERS 20
#define T0    UINT32_C(1400000000)
#define NET   0xaf2db000u

static const uint32_t nets[] = { NET, 0xc0000200, 0xc6336400, 0xcb007100 };

struct bench {
	struct make m;
	struct rib *rib;
	struct replay *r;
	struct outage *o;
	struct outage_result res;
};

static struct bench *start(void)
{
	struct bench *b = calloc(1, sizeof(*b));

	b->rib = rib_new(NULL);
	b->r = replay_new(b->rib, NULL);
	b->o = outage_new(b->r, &outage_defaults, NULL, NULL);
	mk_table(&b->m, T0, PEERS, nets, 4, 131279);
	/* a day of chatter: the baseline, and what is usual */
	for (uint32_t s = 300; s < 90000; s += 300)
		mk_announce(&b->m, T0 + s, s / 300 % PEERS, nets[1], 131279);
	return b;
}

static void play(struct bench *b)
{
	struct mrt *m = mk_reader(b->m.b, b->m.n);
	struct mrt_msg msg;
	int64_t last = 0;

	while (mrt_next(m, &msg)) {
		last = msg.sec;
		assert_true(replay_message(b->r, 0, m, &msg));
		outage_tick(b->o, msg.sec);
	}
	mrt_free(m);
	outage_end(b->o, last);
	b->res = outage_result(b->o);
}

static void stop(struct bench *b)
{
	outage_free(b->o);
	replay_free(b->r);
	rib_free(b->rib);
	free(b);
}

static void chatter(struct bench *b, uint32_t from, uint32_t to)
{
	for (uint32_t s = from; s < to; s += 300)
		mk_announce(&b->m, T0 + s, 19, nets[1], 131279);
}

/* All peers lose it, and have it again an hour later. */
static void real_outage(void **state)
{
	struct bench *b = start();
	const struct out_finding *f;
	(void)state;

	for (unsigned i = 0; i < PEERS; i++)
		mk_withdraw(&b->m, T0 + 90000 + i, i, NET);
	chatter(b, 90100, 93600);
	for (unsigned i = 0; i < PEERS; i++)
		mk_announce(&b->m, T0 + 93600 + i, i, NET, 131279);
	chatter(b, 93700, 95000);
	play(b);
	assert_int_equal(b->res.nfindings, 1);
	f = &b->res.finding[0];
	assert_int_equal(f->worst, OUT_DOWN);
	assert_false(f->brief || f->ongoing);
	assert_int_equal(f->full_until, T0 + 90000);
	assert_int_equal(f->lost_sec, T0 + 90004);
	assert_int_equal(f->back_first, T0 + 93600);
	assert_int_equal(f->back_sec, T0 + 93610);
	assert_int_equal(f->visible_before, PEERS);
	assert_int_equal(f->visible_min, 0);
	assert_int_equal(f->before[0].asn, 4837);
	assert_int_equal(f->origin, 131279);
	assert_true(f->full_permille >= 999);
	assert_true(f->baseline_sec >= 86400);
	/* one first transit for all of these peers: n + 1, and no more */
	assert_int_equal(f->ngroups, 1);
	assert_true(f->group[0].lost && f->group[0].earlier == 0);
	assert_true(out_e_value(f) == f->windows + 1.0);
	assert_int_equal(f->common_transit, 4837);
	stop(b);
}

/* Sessions that end take no network down. */
static void sessions_lost(void **state)
{
	struct bench *b = start();
	(void)state;

	for (unsigned i = 0; i < PEERS - 1; i++)
		mk_state(&b->m, T0 + 90000 + i, i, 6, 1);
	chatter(b, 90100, 95000);
	play(b);
	assert_int_equal(b->res.nfindings, 0);
	assert_int_equal(b->res.nlost, PEERS - 1);
	assert_int_equal(b->res.lost[0].to_sec, -1);
	stop(b);
}

/* One peer falls silent while the others talk: a lost peer, no outage, and
 * its old route does not keep the network up. */
static void silent_peer(void **state)
{
	struct bench *b = start();
	(void)state;

	for (uint32_t s = 90000; s < 100000; s += 60)
		for (unsigned i = 6; i < 9; i++)
			mk_announce(&b->m, T0 + s + i, i, nets[1], 131279);
	for (uint32_t s = 100000; s < 200000; s += 600)
		for (unsigned i = 0; i < PEERS; i++)
			if (i != 7)
				mk_announce(&b->m, T0 + s + i, i, nets[1],
					    131279);
	mk_announce(&b->m, T0 + 200001, 7, nets[1], 131279);
	chatter(b, 200100, 200500);
	play(b);
	assert_int_equal(b->res.nfindings, 0);
	assert_int_equal(b->res.nlost, 1);
	assert_true(b->res.lost[0].silent && !b->res.lost[0].unsure);
	assert_int_equal(b->rib->peers[b->res.lost[0].peer].id.asn,
			 b->rib->peers[7].id.asn);
	assert_true(b->res.lost[0].from_sec < T0 + 100000);
	assert_int_equal(b->res.lost[0].to_sec, T0 + 200001);
	stop(b);
}

/* Withdrawn by one peer in twenty, and again and again: not an outage. */
static void one_peer(void **state)
{
	struct bench *b = start();
	(void)state;

	for (unsigned i = 0; i < 50; i++) {
		mk_withdraw(&b->m, T0 + 90000 + i * 60, 7, NET);
		mk_announce(&b->m, T0 + 90030 + i * 60, 7, NET, 131279);
	}
	mk_withdraw(&b->m, T0 + 94000, 7, NET);
	chatter(b, 94100, 98000);
	play(b);
	assert_int_equal(b->res.nfindings, 0);
	stop(b);
}

/* Two of twenty keep it: still down, and they are named. */
static void zombies(void **state)
{
	struct bench *b = start();
	const struct out_finding *f;
	(void)state;

	for (unsigned i = 0; i < PEERS; i++)
		if (i != 3 && i != 4)
			mk_withdraw(&b->m, T0 + 90000 + i, i, NET);
	chatter(b, 90100, 99000);
	play(b);
	assert_int_equal(b->res.nfindings, 1);
	f = &b->res.finding[0];
	assert_int_equal(f->worst, OUT_DOWN);
	assert_true(f->ongoing);
	assert_int_equal(f->nzombies, 2);
	assert_int_equal(f->zombie[0], 3);
	stop(b);
}

/* Half and more lose it: partial, and not down. */
static void partial(void **state)
{
	struct bench *b = start();
	(void)state;

	for (unsigned i = 0; i < 16; i++)
		mk_withdraw(&b->m, T0 + 90000 + i, i, NET);
	chatter(b, 90100, 93600);
	play(b);
	assert_int_equal(b->res.nfindings, 1);
	assert_int_equal(b->res.finding[0].worst, OUT_PARTIAL);
	assert_int_equal(b->res.finding[0].visible_min, 4);
	stop(b);
}

/* A short loss of all is counted as instability, and before the next. */
static void flaps(void **state)
{
	struct bench *b = start();
	const struct out_finding *f;
	(void)state;

	for (unsigned k = 0; k < 3; k++) {
		for (unsigned i = 0; i < PEERS; i++)
			mk_withdraw(&b->m, T0 + 90000 + k * 600, i, NET);
		for (unsigned i = 0; i < PEERS; i++)
			mk_announce(&b->m, T0 + 90100 + k * 600, i, NET,
				    131279);
	}
	for (unsigned i = 0; i < PEERS; i++)
		mk_withdraw(&b->m, T0 + 92000, i, NET);
	chatter(b, 92100, 95600);
	play(b);
	assert_int_equal(b->res.nfindings, 4);
	for (unsigned k = 0; k < 3; k++)
		assert_true(b->res.finding[k].brief);
	f = &b->res.finding[3];
	assert_false(f->brief);
	assert_int_equal(f->flaps, 3);
	stop(b);
}

/* The collector is silent and back: a gap, and nobody is down. */
static void silent_collector(void **state)
{
	struct bench *b = start();
	(void)state;

	chatter(b, 102000, 103000);
	play(b);
	assert_int_equal(b->res.nfindings, 0);
	assert_int_equal(b->res.ngaps, 1);
	stop(b);
}

/* A peer that comes back without the network shows that it is gone. */
static void lost_unseen(void **state)
{
	struct bench *b = start();
	(void)state;

	for (unsigned i = 0; i < PEERS; i++)
		mk_state(&b->m, T0 + 90000, i, 6, 1);
	for (unsigned i = 0; i < PEERS; i++) {
		mk_state(&b->m, T0 + 90060, i, 5, 6);
		for (int k = 1; k < 4; k++)
			mk_announce(&b->m, T0 + 90061, i, nets[k], 131279);
	}
	for (unsigned s = 90900; s < 95000; s += 60)
		mk_announce(&b->m, T0 + s, s / 60 % PEERS, nets[1], 131279);
	play(b);
	assert_int_equal(b->res.nfindings, 1);
	assert_int_equal(b->res.finding[0].worst, OUT_DOWN);
	assert_int_equal(b->rib->nets[b->res.finding[0].net].prefix.b[0], 175);
	stop(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(real_outage),
		cmocka_unit_test(sessions_lost),
		cmocka_unit_test(silent_peer),
		cmocka_unit_test(one_peer),
		cmocka_unit_test(zombies),
		cmocka_unit_test(partial),
		cmocka_unit_test(flaps),
		cmocka_unit_test(silent_collector),
		cmocka_unit_test(lost_unseen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
