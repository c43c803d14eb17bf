/*
 * test_evaluate.c - matching of connections, found, missed, reversed, false
 * and packet-level pairs, on the case made by hand (the pipeline is a fake).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pipeline/evaluate.h"
#include "pipeline/truth.h"
#include "report/evaluation.h"

/* The sample case: c1 198.19.200.116:40122 > 198.51.100.7:22, c2 from there
 * :51000 > 203.0.113.219:22, 1419264001 s + 199 s; relay 1 > 2 sufficient;
 * pair 3 > 4 (IPv6) insufficient at 10^2. */
static const char head[] =
	"{\"schema\":\"springboard-testbed-truth/1\",\"scenario\":\"X-1\","
	"\"group\":\"X\",\"captures\":[{\"file\":\"x.pcap\","
	"\"clock_offset_s\":%s}],\"hosts\":[{\"name\":\"s1\",\"ipv4\":"
	"\"198.51.100.7\",\"ipv6\":\"2001:db8::9\"},{\"name\":\"o1\","
	"\"ipv4\":\"198.19.200.116\"}],\"connections\":["
	"{\"id\":\"a\",\"proto\":\"tcp\",\"src\":\"198.19.200.116\","
	"\"sport\":40122,\"dst\":\"198.51.100.7\",\"dport\":22,"
	"\"start\":1419264001.0,\"end\":1419264200.0},"
	"{\"id\":\"b\",\"proto\":\"tcp\",\"src\":\"203.0.113.219\","
	"\"sport\":22,\"dst\":\"198.51.100.7\",\"dport\":51000,"
	"\"start\":1419264002.0,\"end\":1419264200.0},"
	"{\"id\":\"c\",\"proto\":\"tcp\",\"src\":\"2001:db8::1\","
	"\"sport\":40123,\"dst\":\"2001:db8::9\",\"dport\":22,"
	"\"start\":1419264003.0,\"end\":1419264200.0},"
	"{\"id\":\"d\",\"proto\":\"icmp\",\"src\":\"2001:db8::2\","
	"\"sport\":0,\"dst\":\"2001:db8::9\",\"dport\":0,"
	"\"start\":1419264004.0,\"end\":1419264200.0}],\"relays\":[%s]}";

#define RELAY(in, out, kind)                                                   \
	"{\"id\":\"r\",\"host\":\"s1\",\"in\":\"" in "\",\"out\":\"" out       \
	"\",\"tool\":\"ssh\",\"kind\":\"" kind                                 \
	"\",\"seen_together_in\":[\"x.pcap\"]}"

static char dir[] = "/tmp/wellspring-evaluate-XXXXXX";
static const char *const dirs[] = { dir };
static char truth_path[64], capture_path[64];

static struct evaluation *evaluate(const char *offset, const char *relays,
				   struct err *e)
{
	struct evaluate_options o = { .dirs = dirs, .n_dirs = 1 };
	FILE *f = fopen(truth_path, "w");

	assert_non_null(f);
	fprintf(f, head, offset, relays); /* NOLINT: a literal */
	fclose(f);
	analyze_defaults(&o.analyze);
	return evaluate_run(&o, e);
}

static void test_found(void **state)
{
	struct evaluation *v =
		evaluate("0", RELAY("a", "b", "interactive-shell"), NULL);
	size_t n;
	struct evaluation_row *rows;

	(void)state;
	assert_non_null(v);
	assert_int_equal(v->captures, 1);
	assert_int_equal(v->n_pairs, 1);
	assert_true(v->pairs[0].found && v->pairs[0].must);
	assert_false(v->pairs[0].reversed || v->pairs[0].is_false);
	assert_int_equal(v->pairs[0].data_packets, 220);
	assert_int_equal(v->pairs[0].decided_onsets, 31);
	assert_int_equal(v->connections, 5);
	assert_int_equal(v->unmatched, 1);
	assert_int_equal(v->n1, 1);
	assert_int_equal(v->n2, 1);
	/* the IPv6 pair at 10^2 is a null pair here */
	assert_int_equal(evaluation_group(v, 'X')->null_above[1], 1);
	assert_int_equal(evaluation_group(v, 'X')->null_above[2], 0);
	assert_int_equal(v->h2_without, 5750 - 2);
	assert_int_equal(v->verdicts[VERDICT_SPRINGBOARD], 1);
	assert_int_equal(v->wrong_springboard, 0);
	rows = evaluation_rows(v, true, &n);
	assert_int_equal(n, 1);
	assert_int_equal(rows[0].after_ns.median, INT64_C(19000000000));
	free(rows);
	evaluation_free(v);
}

static void test_reversed_and_missed(void **state)
{
	struct evaluation *v =
		evaluate("0",
			 RELAY("b", "a", "interactive-shell") "," RELAY(
				 "c", "d", "icmp-tunnel"),
			 NULL);

	(void)state;
	assert_non_null(v);
	assert_int_equal(v->n_pairs, 2);
	assert_true(v->pairs[0].found && v->pairs[0].reversed);
	assert_true(v->pairs[1].must && !v->pairs[1].found);
	assert_true(v->pairs[1].scored);
	assert_int_equal(v->pairs[1].reason, REASON_BELOW_THRESHOLD);
	assert_int_equal(v->n2, 0);
	evaluation_free(v);
}

static void test_false_ones(void **state)
{
	struct evaluation *v = evaluate("0", "", NULL);

	(void)state;
	assert_non_null(v);
	assert_int_equal(v->n_pairs, 1);
	assert_true(v->pairs[0].is_false && !v->pairs[0].must);
	assert_int_equal(v->wrong_springboard, 1);
	evaluation_free(v);
	/* a VPN that is reported is false too, and told once */
	v = evaluate("0", RELAY("a", "b", "vpn"), NULL);
	assert_non_null(v);
	assert_int_equal(v->n_pairs, 1);
	assert_true(v->pairs[0].is_false && !v->pairs[0].found);
	assert_int_equal(v->n1, 0);
	evaluation_free(v);
}

static void test_clock_offset(void **state)
{
	/* stamps 1000 s late: nothing matches any more, all is false */
	struct evaluation *v =
		evaluate("1000", RELAY("a", "b", "interactive-shell"), NULL);

	(void)state;
	assert_non_null(v);
	assert_int_equal(v->unmatched, 5);
	assert_int_equal(v->n_pairs, 1);
	assert_true(v->pairs[0].is_false);
	evaluation_free(v);
}

static void test_writers(void **state)
{
	struct evaluation *v =
		evaluate("0", RELAY("a", "b", "interactive-shell"), NULL);
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);

	(void)state;
	assert_non_null(v);
	assert_non_null(f);
	assert_true(report_evaluation_text(f, v, true));
	assert_true(report_evaluation_json(f, v));
	assert_true(report_evaluation_tippett(f, v));
	fclose(f);
	assert_non_null(strstr(text, "False relays: 0"));
	assert_non_null(
		strstr(text, "\"format\": \"wellspring-evaluation/1\""));
	assert_non_null(strstr(text, "log10_lr\tshare_h1\tshare_h2\n"
				     "1.716003\t1.000000\t1.000000\n"));
	free(text);
	f = fopen("/dev/full", "w");
	assert_non_null(f);
	assert_false(report_evaluation_text(f, v, true));
	fclose(f);
	evaluation_free(v);
}

static void test_errors(void **state)
{
	struct err e;

	(void)state;
	assert_null(evaluate("0", RELAY("a", "zz", "vpn"), &e));
	assert_non_null(strstr(e.text, "unknown connection"));
	assert_null(evaluate("0", "not JSON", &e));
	assert_non_null(strstr(e.text, "cannot be read as JSON"));
	unlink(truth_path);
	assert_null(evaluate_run(
		&(struct evaluate_options){ .dirs = dirs, .n_dirs = 1 }, &e));
	assert_non_null(strstr(e.text, "no truth.json"));
}

static int make_dir(void **state)
{
	FILE *f;

	(void)state;
	if (mkdtemp(dir) == NULL)
		return -1;
	snprintf(truth_path, sizeof(truth_path), "%s/truth.json", dir);
	snprintf(capture_path, sizeof(capture_path), "%s/x.pcap", dir);
	f = fopen(capture_path, "w");
	return f == NULL ? -1 : fclose(f);
}

static int remove_dir(void **state)
{
	(void)state;
	unlink(truth_path);
	unlink(capture_path);
	return rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_found),
		cmocka_unit_test(test_reversed_and_missed),
		cmocka_unit_test(test_false_ones),
		cmocka_unit_test(test_clock_offset),
		cmocka_unit_test(test_writers),
		cmocka_unit_test(test_errors),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
