/*
 * test_allocations.c - no allocation per packet.  malloc, calloc and realloc
 * of our own code are counted (linker option --wrap).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "capture/capture.h"
#include "conn/conn.h"
#include "decode/decode.h"
#include "feature/burst.h"
#include "pipeline/analyze.h"
#include "pipeline/intake.h"

#define CONNS	   1000
#define POOL_BYTES ((size_t)1 << 20)

static unsigned long calls; /* the test has one thread when it counts */

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t n);

void *__wrap_malloc(size_t n)
{
	calls++;
	return __real_malloc(n);
}

void *__wrap_calloc(size_t n, size_t size)
{
	calls++;
	return __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t n)
{
	calls++;
	return __real_realloc(p, n);
}

static const char *path(void)
{
	const char *p = getenv("WELLSPRING_CAPTURE");

	assert_non_null(p);
	return p;
}

/* From the first packet to the last nothing is allocated. */
static void test_packet_path(void **state)
{
	const char *file = path();
	struct capture_spec spec = { .paths = &file,
				     .n_paths = 1,
				     .from = TSTAMP_NONE,
				     .to = TSTAMP_NONE };
	const struct intake_how how = { .copy_payload = true };
	struct intake_batch *b;
	struct err e;
	struct capture *c = capture_open(&spec, &e);
	struct decoder *d = decoder_new(&e);
	struct conn_table *t = conn_table_new(CONNS, NULL, NULL, &e);
	struct burst_table *u = burst_table_new(CONNS, POOL_BYTES, &e);
	struct intake *f = intake_new(c, d, &how, &e);
	unsigned long before, packets = 0;

	(void)state;
	assert_non_null(c);
	assert_non_null(f);
	b = intake_next(f);
	before = calls;
	assert_true(before > 0); /* the counter works */
	for (; b->n > 0; b = intake_next(f)) {
		packets += b->frames;
		for (size_t at = 0, done; at < b->n; at += done) {
			done = conn_update(t, b->seg + at, b->n - at, b->ev);
			for (size_t i = 0; i < done; i++)
				if (b->ev[i].slot != CONN_NONE)
					burst_update(u, &b->ev[i]);
		}
	}
	assert_true(b->ended);
	assert_true(packets > 5000);
	assert_int_equal(calls, before);
	intake_free(f);
	burst_table_free(u);
	conn_table_free(t);
	decoder_free(d);
	capture_close(c);
}

static unsigned long analyze_calls(void)
{
	const char *file = path();
	struct analyze_options o;
	struct case_record *c;
	unsigned long before = calls;
	struct err e;

	analyze_defaults(&o);
	o.input.paths = &file;
	o.input.n_paths = 1;
	c = analyze_run(&o, &e);
	assert_non_null(c);
	case_free(c);
	return calls - before;
}

/* The whole of analyze: some allocations per result, none per packet. */
static void test_whole(void **state)
{
	(void)state;
	assert_true(analyze_calls() < 2000);
}

/* What the user left in a batch: its number, and n_gone. */
static void add_up(void *arg, const struct intake_batch *b)
{
	uint64_t *sum = arg;

	*sum = *sum * 31 + b->n_gone;
	for (size_t i = 0; i < b->n; i++) {
		const struct segment *s = &b->seg[i];

		*sum = *sum * 31 + s->hash + s->seq + b->ev[i].slot;
		for (uint32_t j = 0; j < s->payload_caplen; j++)
			*sum = *sum * 31 + s->payload[j];
		/* only a SYN's are kept */
		for (uint32_t j = 0;
		     j < s->options_len && (s->tcp_flags & TCP_SYN) != 0; j++)
			*sum = *sum * 31 + s->tcp_options[j];
	}
}

/* Thread or not, the same segments in the same order, and each batch is done
 * with once and as the user left it. */
static void test_threads_same(void **state)
{
	const char *file = path();
	struct capture_spec spec = { .paths = &file,
				     .n_paths = 1,
				     .from = TSTAMP_NONE,
				     .to = TSTAMP_NONE };
	uint64_t sum[2] = { 0, 0 }, after[2] = { 0, 0 };
	struct err e;

	(void)state;
	for (int k = 0; k < 2; k++) {
		const struct intake_how how = { .thread = k == 1,
						.copy_payload = true,
						.after = add_up,
						.arg = &after[k] };
		struct capture *c = capture_open(&spec, &e);
		struct decoder *d = decoder_new(&e);
		struct intake *f = intake_new(c, d, &how, &e);
		struct intake_batch *b;

		assert_non_null(f);
		do {
			if (k == 1 && sum[1] % 7 == 3) {
				intake_pause(f);
				intake_resume(f);
			}
			b = intake_next(f);
			b->n_gone = sum[k] % 1000;
			for (size_t i = 0; i < b->n; i++)
				b->ev[i].slot = (uint32_t)(sum[k] + i);
			add_up(&sum[k], b);
		} while (!b->ended);
		intake_free(f);
		decoder_free(d);
		capture_close(c);
	}
	assert_true(sum[0] == sum[1]);
	assert_true(after[0] == sum[0] && after[1] == sum[0]);
}

/* Freed in the middle: the thread ends. */
static void test_stop_early(void **state)
{
	const char *file = path();
	struct capture_spec spec = { .paths = &file,
				     .n_paths = 1,
				     .from = TSTAMP_NONE,
				     .to = TSTAMP_NONE };
	const struct intake_how how = { .thread = true, .copy_payload = true };
	struct err e;
	struct capture *c = capture_open(&spec, &e);
	struct decoder *d = decoder_new(&e);
	struct intake *f = intake_new(c, d, &how, &e);

	(void)state;
	assert_non_null(f);
	assert_true(intake_next(f)->n > 0);
	intake_pause(f);
	while (intake_ready(f))
		intake_next(f);
	intake_free(f);
	decoder_free(d);
	capture_close(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_packet_path),
		cmocka_unit_test(test_whole),
		cmocka_unit_test(test_threads_same),
		cmocka_unit_test(test_stop_early),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
