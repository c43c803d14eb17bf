/*
 * Turns of real programs (src/farend/turns.c): connections recorded in the
 * laboratory, first bytes of each payload as a snap length leaves them.  What
 * the protocol forces is known; every gap must be that of a direct client.
 * recorded/NAME: us dir flags seq ack bytes first-bytes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "conn/conn.h"
#include "farend/track.h"

static const char *folder; /* argv[1] */

struct run {
	struct conn_table *table;
	struct farend *f;
	struct fe_conn last;
};

static void released(void *arg, uint32_t slot)
{
	struct run *r = arg;

	r->last = *fe_conn_of(r->f, slot);
	farend_release(r->f, slot, conn_get(r->table, slot));
}

static size_t bytes_of(const char *hex, uint8_t *out, size_t room)
{
	size_t n = 0;
	unsigned v;

	while (n < room && sscanf(hex + 2 * n, "%2x", &v) == 1)
		out[n++] = (uint8_t)v;
	return n;
}

static void segment(struct run *r, const char *line, size_t snap)
{
	static const uint8_t side[2][4] = { { 192, 0, 2, 1 },
					    { 198, 51, 100, 1 } };
	uint8_t bytes[128];
	char hex[300];
	unsigned dir, flags, seq, ack, len;
	long us;
	struct segment s = { .proto = PROTO_TCP,
			     .outcome = SEG_OK,
			     .ttl = 60,
			     .wscale = 255,
			     .hash = 99,
			     .payload = bytes };
	struct conn_event ev;

	assert_int_equal(sscanf(line, "%ld %u %u %u %u %u %299s", &us, &dir,
				&flags, &seq, &ack, &len, hex),
			 7);
	assert_true(dir < 2);
	s.ts.ns = 1000000000 + us * 1000;
	s.src = addr_v4(side[dir]);
	s.dst = addr_v4(side[!dir]);
	s.sport = dir ? 443 : 40000;
	s.dport = dir ? 40000 : 443;
	s.tcp_flags = (uint8_t)flags;
	s.seq = seq + 1000;
	s.ack = flags & TCP_ACK ? ack + 1000 : 0;
	s.payload_len = len;
	s.payload_caplen =
		(uint32_t)(hex[0] == '-' ? 0 : bytes_of(hex, bytes, snap));
	assert_int_equal(conn_update(r->table, &s, 1, &ev), 1);
	assert_true(ev.slot != CONN_NONE);
	farend_update(r->f, &s, &ev, 1);
}

static void play(struct run *r, const char *name, size_t snap)
{
	char path[512], line[600];
	struct err e;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	f = fopen(path, "r");
	assert_non_null(f);
	r->f = farend_new(8, NULL, &e);
	r->table = conn_table_new(8, released, r, &e);
	assert_true(r->f != NULL && r->table != NULL);
	while (fgets(line, sizeof(line), f) != NULL)
		if (line[0] != '#')
			segment(r, line, snap);
	fclose(f);
	conn_flush(r->table);
	conn_table_free(r->table);
	farend_free(r->f);
}

struct expected {
	const char *name;
	unsigned n;
	enum fe_kind kind[FE_TURNS];
	/* a gap that held the path, too, would be above the RTT; the laboratory
	 * was busy, and key exchanges take their time */
	uint32_t rtt_ms, gap_max_ms;
};

static void check(const struct expected *x, size_t snap)
{
	struct run r = { NULL, NULL, { 0 } };

	play(&r, x->name, snap);
	print_message("%s: %u turns, r0 %u us:", x->name, r.last.n_turns,
		      r.last.r0_us);
	for (unsigned k = 0; k < r.last.n_turns; k++)
		print_message(" %s %u",
			      fe_kind_name(fe_turn_kind(r.last.turns[k])),
			      fe_turn_us(r.last.turns[k]));
	print_message("\n");
	assert_int_equal(r.last.n_turns, x->n);
	assert_true(r.last.flags & FE_CRYPTO);
	assert_int_equal(r.last.crossing + r.last.loss, 0);
	assert_in_range(r.last.r0_us, 1, x->rtt_ms * 1000 + 5000);
	for (unsigned k = 0; k < x->n; k++) {
		assert_int_equal(fe_turn_kind(r.last.turns[k]), x->kind[k]);
		assert_in_range(fe_turn_us(r.last.turns[k]), 0,
				x->gap_max_ms * 1000);
	}
}

static void test_recorded(void **state)
{
	static const struct expected all[] = {
		{ "shrr-1", 2, { FE_K_HRR, FE_K_TLS13 }, 15, 10 },
		{ "sres12-1", 2, { FE_K_TLS12, FE_K_TLSAPP }, 15, 10 },
		{ "sres12-2", 1, { FE_K_TLSRES }, 15, 10 },
		{ "sres13-1", 1, { FE_K_TLS13 }, 15, 10 },
		{ "sres13-2", 1, { FE_K_TLS13 }, 15, 10 },
		{ "s0rtt-1", 1, { FE_K_TLS13 }, 15, 10 },
		{ "s0rtt-2", 1, { FE_K_TLS13 }, 15, 10 },
		{ "scert-1", 1, { FE_K_TLS13 }, 15, 10 },
		/* KEXINITs cross; keys change again and again only after the
		 * four answers under encryption that are used */
		{ "ssh-rekey",
		  5,
		  { FE_K_SSHNEWKEYS, FE_K_SSHAUTH, FE_K_SSHLATER, FE_K_SSHLATER,
		    FE_K_SSHLATER },
		  0,
		  200 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		check(&all[i], 128);
		check(&all[i], 42); /* of 96 bytes, without options */
		check(&all[i], 30); /* with timestamps */
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_recorded) };

	if (argc != 2) {
		fprintf(stderr, "usage: test_recorded FOLDER\n");
		return 2;
	}
	folder = argv[1];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
