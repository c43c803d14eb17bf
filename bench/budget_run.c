/*
 * budget_run.c - what tests/budget counts the instructions of.
 *
 *   budget_run start|path|near|analyze FILE
 *
 * start: nothing; what the others are less the start of a program.
 * path: what every packet costs: capture, decode, connections, bursts.
 * near: all of `analyze` but the far end, judging of pairs included.
 * analyze: the far end, too.
 * Prints the number of packets.  No sandbox and no output: valgrind counts
 * the same to the digit each time.
 */
#include <stdio.h>
#include <string.h>

#include "conn/conn.h"
#include "decode/decode.h"
#include "feature/burst.h"
#include "pipeline/analyze.h"

#define BATCH	   128
#define CONNS	   100000
#define POOL_BYTES ((size_t)1 << 20)

static uint64_t walk(struct capture *c, struct decoder *d, struct conn_table *t,
		     struct burst_table *b)
{
	struct frame f[BATCH];
	struct segment s[BATCH];
	struct conn_event ev[BATCH];
	uint64_t packets = 0;
	size_t n, done;

	while ((n = capture_read(c, f, BATCH)) > 0) {
		packets += n;
		decode_batch(d, f, n, s);
		for (size_t at = 0; at < n; at += done) {
			done = conn_update(t, s + at, n - at, ev);
			for (size_t i = 0; i < done; i++)
				if (ev[i].slot != CONN_NONE)
					burst_update(b, &ev[i]);
		}
		conn_expire(t, s[n - 1].ts, CONN_EXPIRE_MAX);
	}
	return packets;
}

static uint64_t run_path(const struct capture_spec *spec, struct err *e)
{
	struct capture *c = capture_open(spec, e);
	struct decoder *d = decoder_new(e);
	struct conn_table *t = conn_table_new(CONNS, NULL, NULL, e);
	struct burst_table *b = burst_table_new(CONNS, POOL_BYTES, e);
	uint64_t packets = 0;

	if (c != NULL && d != NULL && t != NULL && b != NULL)
		packets = walk(c, d, t, b);
	burst_table_free(b);
	conn_table_free(t);
	decoder_free(d);
	capture_close(c);
	return packets;
}

static uint64_t run_analyze(const struct capture_spec *spec, bool far,
			    struct err *e)
{
	struct analyze_options o;
	struct case_record *c;
	uint64_t packets = 0;

	analyze_defaults(&o);
	o.input.paths = spec->paths;
	o.input.n_paths = spec->n_paths;
	o.no_far_end = !far;
	c = analyze_run(&o, e);
	for (size_t i = 0; c != NULL && i < c->n_captures; i++)
		packets += c->captures[i].packets;
	case_free(c);
	return packets;
}

int main(int argc, char **argv)
{
	struct capture_spec spec = { .from = TSTAMP_NONE, .to = TSTAMP_NONE };
	struct err e;
	const char *path;
	uint64_t n;

	err_clear(&e);
	if (argc != 3)
		return 2;
	if (strcmp(argv[1], "start") == 0)
		return 0;
	path = argv[2];
	spec.paths = &path;
	spec.n_paths = 1;
	n = strcmp(argv[1], "path") == 0
		    ? run_path(&spec, &e)
		    : run_analyze(&spec, strcmp(argv[1], "near") != 0, &e);
	if (n == 0) {
		fprintf(stderr, "%s\n", e.text);
		return 1;
	}
	printf("%llu\n", (unsigned long long)n);
	return 0;
}
