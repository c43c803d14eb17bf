/*
 * test_frames.c - the named packets are those that the exchanges say: read
 * again here, by number, each is payload of the right leg in the right
 * direction at the stated time.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "capture/capture.h"
#include "decode/decode.h"
#include "pipeline/frames.h"

static const char *path(void)
{
	const char *p = getenv("WELLSPRING_CAPTURE");

	assert_non_null(p);
	return p;
}

static struct case_record *run(const char *file, bool frames)
{
	struct analyze_options o;
	struct case_record *c;
	struct err e;

	analyze_defaults(&o);
	o.input.paths = &file;
	o.input.n_paths = 1;
	o.frames = frames;
	c = analyze_run(&o, &e);
	if (c == NULL)
		fail_msg("%s", e.text);
	return c;
}

/* The segment with a packet number. */
static struct segment packet(const char *file, uint64_t number)
{
	struct capture_spec spec = { .paths = &file,
				     .n_paths = 1,
				     .from = TSTAMP_NONE,
				     .to = TSTAMP_NONE };
	struct err e;
	struct capture *in = capture_open(&spec, &e);
	struct decoder *d = decoder_new(&e);
	struct segment found = { .number = 0 }, seg[64];
	struct frame f[64];
	size_t n;

	assert_non_null(in);
	while (found.number == 0 && (n = capture_read(in, f, 64)) > 0) {
		decode_batch(d, f, n, seg);
		for (size_t i = 0; i < n; i++)
			if (seg[i].number == number)
				found = seg[i];
	}
	decoder_free(d);
	capture_close(in);
	assert_int_equal(found.number, number);
	return found;
}

static bool joins(const struct segment *s, const struct case_conn *c)
{
	bool there = addr_eq(&s->src, &c->src) && addr_eq(&s->dst, &c->dst) &&
		     s->sport == c->sport && s->dport == c->dport;
	bool back = addr_eq(&s->src, &c->dst) && addr_eq(&s->dst, &c->src) &&
		    s->sport == c->dport && s->dport == c->sport;

	return there || back;
}

static void check_exchange(const struct case_record *c,
			   const struct case_relay *r,
			   const struct case_exchange *x)
{
	const struct case_conn *in = case_find_conn(c, r->in);
	const struct case_conn *out = case_find_conn(c, r->out);
	struct segment from = packet(path(), x->from.number);
	struct segment to = packet(path(), x->to.number);

	assert_int_equal(x->from.capture, 0);
	assert_true(joins(&from, x->reply ? out : in));
	assert_true(joins(&to, x->reply ? in : out));
	assert_true(addr_eq(&from.dst, &r->host));
	assert_true(addr_eq(&to.src, &r->host));
	assert_int_equal(from.ts.ns, x->from.ts.ns);
	assert_int_equal(to.ts.ns, x->to.ts.ns);
	assert_in_range(from.payload_len, 1, x->from.bytes);
	assert_in_range(to.payload_len, 1, x->to.bytes);
	assert_true(x->to.ts.ns >= x->from.ts.ns);
	assert_true(x->silence_ns > 0);
}

static void test_named(void **state)
{
	struct case_record *c = run(path(), true);
	size_t replies = 0;

	(void)state;
	assert_true(c->n_relays > 0 && c->relays[0].sufficient);
	assert_string_equal(c->frames_missing, "");
	assert_int_equal(c->relays[0].n_exchanges,
			 FRAMES_REQUESTS + FRAMES_REPLIES);
	for (size_t i = 0; i < c->relays[0].n_exchanges; i++) {
		const struct case_exchange *x = &c->relays[0].exchanges[i];

		check_exchange(c, &c->relays[0], x);
		replies += x->reply;
		assert_true(i == 0 || x[-1].from.ts.ns <= x->from.ts.ns);
	}
	assert_int_equal(replies, FRAMES_REPLIES);
	case_free(c);
}

static void test_not_asked(void **state)
{
	struct case_record *c = run(path(), false);

	(void)state;
	assert_int_equal(c->relays[0].n_exchanges, 0);
	assert_string_equal(c->frames_missing, "");
	case_free(c);
}

/* A pipe is read once; the case says so, and its verdict stands. */
static void test_pipe(void **state)
{
	char dir[] = "/tmp/wellspring-test-XXXXXX", fifo[64], cmd[1024];
	struct case_record *c;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(fifo, sizeof(fifo), "%s/fifo", dir);
	assert_int_equal(mkfifo(fifo, 0600), 0);
	snprintf(cmd, sizeof(cmd), "cat '%s' > %s &", path(), fifo);
	assert_int_equal(system(cmd), 0);
	c = run(fifo, true);
	unlink(fifo);
	rmdir(dir);
	assert_true(c->relays[0].sufficient);
	assert_int_equal(c->relays[0].n_exchanges, 0);
	assert_non_null(strstr(c->frames_missing, "pipe"));
	case_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_named),
		cmocka_unit_test(test_not_asked),
		cmocka_unit_test(test_pipe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
