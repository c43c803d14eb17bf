/* The measurement: turns, gaps, exclusions (src/farend/turns.c). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "talk.h"

#define RTT 20000

static void test_handshake_and_hello(void **state)
{
	struct talk t;

	(void)state;
	talk_open(&t, NULL);
	talk_tls13(&t, 1000000, RTT, 1500, 1);
	conn_flush(t.table);
	assert_int_equal(t.last.r0_us, RTT);
	assert_int_equal(t.last.eta_us, 190);
	assert_int_equal(t.last.rdata_us, RTT);
	assert_true(t.last.flags & FE_HELLO);
	assert_int_equal(t.last.proto, FE_P_TLS);
	assert_int_equal(t.last.n_turns, 1);
	assert_int_equal(fe_turn_us(t.last.turns[0]), 1500);
	assert_int_equal(fe_turn_kind(t.last.turns[0]), FE_K_TLS13);
	assert_false(fe_turn_from_d(t.last.turns[0]));
	assert_true(t.last.flags & FE_CRYPTO);
	assert_int_equal(t.last.mss, 1460);
	talk_close(&t);
}

static void test_lines(void **state)
{
	struct talk t;

	(void)state;
	talk_open(&t, NULL);
	talk_lines(&t, 1000000, RTT, 40000, 4);
	conn_flush(t.table);
	assert_int_equal(t.last.proto, FE_P_SMTP);
	assert_int_equal(t.last.n_turns, 4);
	assert_int_equal(fe_turn_kind(t.last.turns[0]), FE_K_GREET);
	assert_int_equal(fe_turn_kind(t.last.turns[3]), FE_K_LINE);
	for (int i = 0; i < 4; i++)
		assert_int_equal(fe_turn_us(t.last.turns[i]), 40000);
	assert_false(t.last.flags & FE_HELLO); /* the server spoke first */
	talk_close(&t);
}

/* A handshake, and the mail server's greeting at 1.03 s. */
static void greeted(struct talk *t)
{
	talk_open(t, NULL);
	t->dport = 25;
	talk_handshake(t, 1000000, RTT);
	talk_say(t, 1030000, 1, TCP_ACK, "220 s\r\n", 7);
}

/* Without a pure ACK the gap is the turn minus the smallest round trip. */
static void test_piggybacked(void **state)
{
	struct talk t;

	(void)state;
	greeted(&t);
	talk_say(&t, 1053000, 0, TCP_ACK, "EHLO c\r\n", 8);
	conn_flush(t.table);
	assert_int_equal(t.last.n_turns, 1);
	assert_true(fe_turn_from_d(t.last.turns[0]));
	assert_int_equal(fe_turn_us(t.last.turns[0]), 3000);
	talk_close(&t);
}

/* An ACK delayed on purpose hides the gap: the turn is used instead. */
static void test_delayed_ack(void **state)
{
	struct talk t;

	(void)state;
	greeted(&t);
	talk_say(&t, 1050000, 0, TCP_ACK, NULL, 0);
	talk_say(&t, 1150000, 0, TCP_ACK, "EHLO c\r\n", 8);
	talk_say(&t, 1160000, 1, TCP_ACK, "250 s\r\n", 7);
	talk_say(&t, 1220000, 0, TCP_ACK, NULL, 0); /* 40 ms late */
	talk_say(&t, 1280000, 0, TCP_ACK, "MAIL x\r\n", 8);
	conn_flush(t.table);
	assert_int_equal(t.last.n_turns, 2);
	assert_int_equal(fe_turn_us(t.last.turns[0]), 100000);
	assert_true(fe_turn_from_d(t.last.turns[1]));
	assert_int_equal(fe_turn_us(t.last.turns[1]), 100000);
	talk_close(&t);
}

/* A payload that does not acknowledge the flight crossed it. */
static void test_crossing(void **state)
{
	struct talk t;

	(void)state;
	greeted(&t);
	talk_say(&t, 1050000, 0, TCP_ACK, NULL, 0);
	talk_say(&t, 1051000, 0, TCP_ACK, "EHLO c\r\n", 8);
	talk_say(&t, 1060000, 1, TCP_ACK, "250 s\r\n", 7);
	talk_behind(&t, 1061000, 0, "NOOP\r\n", 6, 7);
	talk_say(&t, 1081500, 0, TCP_ACK, "NOOP\r\n", 6);
	conn_flush(t.table);
	assert_int_equal(t.last.crossing, 1);
	assert_int_equal(t.last.n_turns, 2);
	talk_close(&t);
}

/* A retransmission of our flight spoils the turn; it is counted. */
static void test_retransmission(void **state)
{
	struct talk t;

	(void)state;
	greeted(&t);
	t.seq[1] -= 7;
	talk_say(&t, 1230000, 1, TCP_ACK, "220 s\r\n", 7);
	talk_say(&t, 1250000, 0, TCP_ACK, NULL, 0);
	talk_say(&t, 1251000, 0, TCP_ACK, "EHLO c\r\n", 8);
	conn_flush(t.table);
	assert_int_equal(t.last.n_turns, 0);
	assert_int_equal(t.last.loss, 1);
	talk_close(&t);
}

/* Without SYN and SYN-ACK nothing is measured. */
static void test_no_handshake(void **state)
{
	struct farend_report r;
	struct talk t;
	struct err e;

	(void)state;
	talk_open(&t, NULL);
	t.dport = 25;
	t.seq[0] = 5, t.seq[1] = 9;
	talk_say(&t, 1030000, 1, TCP_ACK, "220 s\r\n", 7);
	talk_say(&t, 1051000, 0, TCP_ACK, "EHLO c\r\n", 8);
	conn_flush(t.table);
	assert_int_equal(t.last.n_turns, 0);
	assert_int_equal(t.f->stats.no_handshake, 1);
	assert_true(farend_finish(t.f, &r, &e));
	assert_int_equal(r.n_entries, 0);
	assert_int_equal(r.n_addresses, 1);
	assert_int_equal(r.addresses[0].spoof, FAREND_S_NONE);
	farend_report_free(&r);
	talk_close(&t);
}

static void test_spoof_ladder(void **state)
{
	struct farend_report r;
	struct talk t;
	struct err e;

	(void)state;
	talk_open(&t, NULL);
	talk_say(&t, 1000, 0, TCP_SYN, NULL, 0); /* .1: SYN only */
	t.client = 2;				 /* .2: refused */
	t.port++;
	talk_say(&t, 2000, 0, TCP_SYN, NULL, 0);
	talk_say(&t, 2010, 1, TCP_SYN | TCP_ACK, NULL, 0);
	talk_say(&t, 9000, 0, TCP_RST, NULL, 0);
	t.client = 3; /* .3: handshake only */
	talk_handshake(&t, 20000, RTT);
	t.client = 4; /* .4: answers our randomness, a minute apart */
	talk_tls13(&t, 30000, RTT, 500, 1);
	talk_tls13(&t, 90030000, RTT, 500, 1);
	conn_flush(t.table);
	assert_true(farend_finish(t.f, &r, &e));
	assert_int_equal(r.n_addresses, 4);
	assert_int_equal(r.addresses[0].spoof, FAREND_S_SYN);
	assert_int_equal(r.addresses[1].spoof, FAREND_S_REFUSED);
	assert_int_equal(r.addresses[2].spoof, FAREND_S_HANDSHAKE);
	assert_int_equal(r.addresses[3].spoof, FAREND_S_REPEATED);
	assert_string_equal(r.addresses[3].syn_class, "linux-4.20+");
	assert_int_equal(r.addresses[3].hops, 4);
	farend_report_free(&r);
	talk_close(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_handshake_and_hello),
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_piggybacked),
		cmocka_unit_test(test_delayed_ack),
		cmocka_unit_test(test_crossing),
		cmocka_unit_test(test_retransmission),
		cmocka_unit_test(test_no_handshake),
		cmocka_unit_test(test_spoof_ladder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
