/* The three questions on made-up addresses (infer.c, tunnel.c, shared.c). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "talk.h"

#define RTT 20000

static const struct farend_entry *entry(const struct farend_report *r,
					enum farend_question q)
{
	assert_true(r->n_entries >= FAREND_QUESTIONS);
	return &r->entries[q];
}

static void finish(struct talk *t, struct farend_report *r)
{
	struct err e;

	conn_flush(t->table);
	assert_true(farend_finish(t->f, r, &e));
}

static const struct farend_entry *terminating(struct talk *t,
					      struct farend_report *r)
{
	finish(t, r);
	return entry(r, FAREND_TERMINATING);
}

static void end(struct talk *t, struct farend_report *r)
{
	farend_report_free(r);
	talk_close(t);
}

/* Mail and two TLS programs, the same 40 ms behind every turn. */
static void test_relay(void **state)
{
	const struct farend_entry *a;
	struct farend_report r;
	int64_t us = 1000000;
	struct talk t;

	(void)state;
	talk_open(&t, NULL);
	for (int i = 0; i < 4; i++) {
		us = talk_lines(&t, us, RTT + 90 * i, 40600 + 300 * i, 5);
		us = talk_tls13(&t, us, RTT, 41000 + 400 * i, (uint8_t)(i % 2));
	}
	a = terminating(&t, &r);
	assert_int_equal(a->answer, FAREND_YES);
	assert_true(a->leg.low_ns <= 40000000 && a->leg.high_ns >= 40000000);
	assert_true(a->log10_lr >= 3 * MICROBANS_PER_BAN);
	assert_int_equal(a->n_legs, 1);
	assert_string_equal(a->kind, "port-forward");
	assert_true(a->n_rivals >= 2);
	assert_int_equal(a->rivals[0].name, FAREND_R_SLOW);
	end(&t, &r);
}

static void test_direct(void **state)
{
	const struct farend_entry *a;
	struct farend_report r;
	int64_t us = 1000000;
	struct talk t;

	(void)state;
	talk_open(&t, NULL);
	for (int i = 0; i < 4; i++) {
		us = talk_lines(&t, us, RTT, 300 + 200 * i, 5);
		us = talk_tls13(&t, us, RTT, 900 + 300 * i, (uint8_t)(i % 2));
	}
	a = terminating(&t, &r);
	assert_int_equal(a->answer, FAREND_NO);
	assert_true(a->resolution_ns > 0 && a->resolution_ns < 30000000);
	assert_true(a->log10_lr >= MICROBANS_PER_BAN);
	assert_true(a->allows_source);
	assert_non_null(strstr(a->inferred, "cannot be excluded"));
	end(&t, &r);
}

/* One program with one kind of turn, always 40 ms: a slow program does the
 * same, however often it is repeated. */
static void test_one_kind_saturates(void **state)
{
	const struct farend_entry *a;
	struct farend_report r;
	int64_t us = 1000000;
	struct talk t;

	(void)state;
	talk_open(&t, NULL);
	for (int i = 0; i < 16; i++)
		us = talk_tls13(&t, us, RTT, 40500 + 50 * i, 1);
	a = terminating(&t, &r);
	assert_int_equal(a->answer, FAREND_UNDETERMINED);
	assert_int_equal(a->reason, FAREND_SLOW_CLIENT);
	assert_true(a->log10_lr < 3 * MICROBANS_PER_BAN);
	end(&t, &r);
}

/* Quick at one kind, slow at the other: not a relay. */
static void test_slow_program(void **state)
{
	const struct farend_entry *a;
	struct farend_report r;
	int64_t us = 1000000;
	struct talk t;

	(void)state;
	talk_open(&t, NULL);
	for (int i = 0; i < 4; i++) {
		us = talk_lines(&t, us, RTT, 400, 5);
		us = talk_tls13(&t, us, RTT, 60000 + 900 * i, (uint8_t)(i % 2));
	}
	a = terminating(&t, &r);
	assert_int_not_equal(a->answer, FAREND_YES);
	end(&t, &r);
}

/* The same waits for the processor, above a leg of 12 ms or above nothing:
 * only a floor makes a relay. */
static enum farend_answer waits_above(int64_t leg_us)
{
	static const int wait_us[] = { 700,  9000, 2300, 14000, 800,
				       5200, 900,  7400, 600,	11000 };
	enum farend_answer answer;
	struct farend_report r;
	int64_t us = 1000000;
	struct talk t;

	talk_open(&t, NULL);
	for (int i = 0; i < 10; i += 2) {
		us = talk_lines(&t, us, RTT, leg_us + wait_us[i], 1);
		us = talk_tls13(&t, us, RTT, leg_us + wait_us[i + 1],
				(uint8_t)(i % 3));
	}
	finish(&t, &r);
	answer = entry(&r, FAREND_TERMINATING)->answer;
	farend_report_free(&r);
	talk_close(&t);
	return answer;
}

static void test_busy(void **state)
{
	(void)state;
	assert_int_equal(waits_above(12000), FAREND_YES);
	assert_int_not_equal(waits_above(0), FAREND_YES);
}

static void test_few(void **state)
{
	struct farend_report r;
	struct talk t;

	(void)state;
	talk_open(&t, NULL);
	talk_tls13(&t, 1000000, RTT, 40000, 1);
	finish(&t, &r);
	assert_int_equal(r.n_addresses, 1);
	assert_int_equal(r.n_entries, 0); /* nothing is answered */
	end(&t, &r);

	talk_open(&t, NULL);
	talk_tls13(&t, 1000000, RTT, 40000, 1);
	talk_tls13(&t, 9000000, RTT, 40000, 2);
	finish(&t, &r);
	assert_int_equal(entry(&r, FAREND_TERMINATING)->answer,
			 FAREND_UNDETERMINED);
	assert_true(entry(&r, FAREND_TERMINATING)->log10_yes <=
		    4 * MICROBANS_PER_BAN); /* at most 100 each */
	assert_int_equal(entry(&r, FAREND_SHARED)->reason, FAREND_TOO_FEW);
	end(&t, &r);
}

static const struct farend_finding *find(const struct farend_address *a,
					 const char *what)
{
	for (int i = 0; i < a->n_findings; i++)
		if (strcmp(a->findings[i].proposition, what) == 0)
			return &a->findings[i];
	return NULL;
}

/* Four hosts of a network finish handshakes over 4 hops; a fifth only sends
 * SYNs, over 4 or over 20. */
static void hops(uint8_t ttl, bool conflict)
{
	struct farend_report r;
	struct talk t;

	talk_open(&t, NULL);
	for (int i = 0; i < 4; i++) {
		t.client++;
		talk_handshake(&t, 1000000 + i * 50000, RTT);
	}
	t.client = 77;
	t.ttl = ttl;
	t.port++;
	talk_say(&t, 2000000, 0, TCP_SYN, NULL, 0);
	finish(&t, &r);
	assert_int_equal(r.n_addresses, 5);
	assert_int_equal(r.addresses[4].spoof, FAREND_S_SYN);
	assert_true((find(&r.addresses[4], "prefix-hop-conflict") != NULL) ==
		    conflict);
	for (int i = 0; i < 4; i++)
		assert_null(find(&r.addresses[i], "prefix-hop-conflict"));
	end(&t, &r);
}

static void test_prefix_hops(void **state)
{
	(void)state;
	hops(60, false);
	hops(58, false); /* two more: another route */
	hops(44, true);
	hops(124, false); /* another initial TTL, the same hops */
}

static void test_prefix_table_is_bounded(void **state)
{
	struct fe_prefix *p = calloc(FE_PREFIXES, sizeof(*p));
	struct farend_stats st = { 0 };
	const struct fe_prefix *found;
	struct addr a;

	(void)state;
	assert_non_null(p);
	for (unsigned i = 0; i < 2 * FE_PREFIXES; i++) {
		a = addr_v4((const uint8_t[]){
			(uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i, 9 });
		fe_prefix_add(p, &a, 7, &st);
	}
	assert_true(st.prefix_overflow >= FE_PREFIXES);
	a = addr_v4((const uint8_t[]){ 0, 0, 0, 200 });
	fe_prefix_add(p, &a, 9, &st);
	found = fe_prefix_find(p, &a);
	assert_non_null(found);
	assert_int_equal(found->n, 2);
	assert_int_equal(found->low, 7);
	assert_int_equal(found->high, 9);
	free(p);
}

/* SYN-ACKs that nobody asked for, beside a real connection. */
static void test_backscatter(void **state)
{
	const struct farend_finding *f;
	struct farend_report r;
	struct talk t;

	(void)state;
	talk_open(&t, NULL);
	talk_handshake(&t, 1000000, RTT);
	for (int i = 0; i < 3; i++) {
		t.port++;
		talk_say(&t, 2000000 + i, 1, TCP_SYN | TCP_ACK, NULL, 0);
	}
	t.port++;
	talk_say(&t, 3000000, 1, TCP_RST, NULL, 0);
	finish(&t, &r);
	assert_true(r.n_addresses >= 1);
	f = find(&r.addresses[0], "backscatter");
	assert_non_null(f);
	assert_non_null(strstr(f->observed, "3 SYN-ACKs and 1 lone RSTs"));
	assert_int_equal(r.addresses[0].spoof, FAREND_S_HANDSHAKE);
	end(&t, &r);
}

/* What has too little data is counted, not kept. */
static void test_mute(void **state)
{
	struct farend_config cfg = { .all = false };
	struct farend_report r;
	struct talk t;

	(void)state;
	talk_open(&t, &cfg);
	talk_lines(&t, 1000000, RTT, 300, 5);
	talk_lines(&t, 9000000, RTT, 300, 5);
	finish(&t, &r);
	assert_int_equal(r.judged, 1);
	assert_int_equal(r.n_entries + r.mute, FAREND_QUESTIONS);
	assert_true(r.mute >= 2);
	assert_int_equal(r.n_addresses, 1);
	end(&t, &r);
}

static void test_shared(void **state)
{
	const struct farend_entry *c;
	struct farend_report r;
	int64_t us = 1000000;
	struct talk t;

	(void)state;
	talk_open(&t, NULL);
	for (int i = 0; i < 8; i++) {
		t.ttl = i % 2 ? 120 : 60;
		us = talk_tls13(&t, us, RTT, 900, 1);
	}
	finish(&t, &r);
	c = entry(&r, FAREND_SHARED);
	assert_int_equal(c->answer, FAREND_YES);
	assert_int_equal(c->hosts, 2);
	assert_int_equal(entry(&r, FAREND_TUNNEL)->answer, FAREND_UNDETERMINED);
	end(&t, &r);
}

/* Openers in our own prefixes are not judged. */
static void test_local(void **state)
{
	struct farend_config cfg = { .n_local = 1 };
	struct farend_report r;
	struct talk t;

	(void)state;
	cfg.local[0] = addr_v4((const uint8_t[]){ 192, 0, 2, 0 });
	cfg.local_bits[0] = 96 + 24;
	talk_open(&t, &cfg);
	talk_tls13(&t, 1000000, RTT, 40000, 1);
	finish(&t, &r);
	assert_int_equal(r.n_addresses, 0);
	end(&t, &r);
}

/* A full address table is counted, and the report says so. */
static void test_overflow(void **state)
{
	struct farend_config cfg = { .max_addresses = 2, .max_summaries = 3 };
	struct farend_report r;
	int64_t us = 1000000;
	struct talk t;

	(void)state;
	talk_open(&t, &cfg);
	for (int i = 0; i < 12; i++) {
		t.client = (uint8_t)(1 + i % 3);
		us = talk_lines(&t, us, RTT, 500, 3);
	}
	finish(&t, &r);
	assert_int_equal(r.n_addresses, 2);
	assert_int_equal(r.stats.address_overflow, 4);
	assert_true(r.stats.summary_dropped > 0);
	for (size_t i = 0; i < r.n_entries; i++)
		assert_false(r.entries[i].allows_source);
	end(&t, &r);
}

static void test_calibration_round_trip(void **state)
{
	struct farend_calib *c;
	struct farend_calib d = { 0 };
	char *text = NULL;
	size_t len = 0;
	struct err e;
	FILE *f;

	(void)state;
	c = farend_calib_shipped(&e);
	assert_non_null(c);
	assert_true(c->kind[FE_K_LINE].n > 0);
	f = open_memstream(&text, &len);
	assert_true(farend_calib_write(c, f, "2026-11-22", "test"));
	fclose(f);
	assert_true(farend_calib_parse(&d, text, len, &e));
	assert_string_equal(c->name, d.name);
	for (int k = 0; k < FE_KINDS; k++) {
		assert_true(c->kind[k].offset_us == d.kind[k].offset_us);
		assert_int_equal(c->kind[k].n, d.kind[k].n);
	}
	assert_int_equal(c->n_power, d.n_power);
	assert_false(farend_calib_parse(&d, "kind line x 1 1 1\n", 18, &e));
	assert_false(farend_calib_parse(&d, "value eps 7 d o\n", 16, &e));
	assert_false(farend_calib_parse(&d, "power 3 9 4 d o\n", 16, &e));
	assert_false(farend_calib_parse(&d, "value eps nan d o\n", 18, &e));
	free(text);
	free(c);
}

/* What is learned from direct traffic is its own delay. */
static void test_learn(void **state)
{
	struct farend_calib *c;
	int64_t us = 1000000;
	struct talk t;
	struct err e;

	(void)state;
	talk_open(&t, NULL);
	for (int i = 0; i < 30; i++)
		us = talk_lines(&t, us, RTT, 500 + 20 * i, 5);
	conn_flush(t.table);
	c = farend_calib_shipped(&e);
	assert_non_null(c);
	assert_true(farend_learn(t.f, c, &e));
	assert_true(c->kind[FE_K_LINE].offset_us >= 600 &&
		    c->kind[FE_K_LINE].offset_us <= 640);
	assert_int_equal(c->kind[FE_K_LINE].n, 120);
	free(c);
	talk_close(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_relay),
		cmocka_unit_test(test_direct),
		cmocka_unit_test(test_one_kind_saturates),
		cmocka_unit_test(test_slow_program),
		cmocka_unit_test(test_busy),
		cmocka_unit_test(test_few),
		cmocka_unit_test(test_mute),
		cmocka_unit_test(test_prefix_hops),
		cmocka_unit_test(test_prefix_table_is_bounded),
		cmocka_unit_test(test_backscatter),
		cmocka_unit_test(test_shared),
		cmocka_unit_test(test_local),
		cmocka_unit_test(test_overflow),
		cmocka_unit_test(test_calibration_round_trip),
		cmocka_unit_test(test_learn),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
