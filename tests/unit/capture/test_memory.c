/*
 * test_memory.c - the n-th allocation fails, for every n, on the smallest
 * capture of each reader; and reading packets allocates nothing.
 * Linked with --wrap: it counts and fails the allocations of our own code (of
 * capture, decode and base), not those inside the libraries.
 */
#include "make.h"

#include "capture/capture.h"
#include "decode/decode.h"

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t n);
char *__real_strdup(const char *s);
void __real_free(void *p);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t n);
char *__wrap_strdup(const char *s);
void __wrap_free(void *p);

/* Test state only: which allocation fails (0: none), how many were asked for
 * and how many are not yet given back. */
static unsigned long fail_at, asked;
static long live;
static bool failed;

static bool fails(void)
{
	if (++asked != fail_at)
		return false;
	failed = true;
	return true;
}

static void *keep(void *p)
{
	live += p != NULL;
	return p;
}

void *__wrap_malloc(size_t n)
{
	return fails() ? NULL : keep(__real_malloc(n));
}

void *__wrap_calloc(size_t n, size_t size)
{
	return fails() ? NULL : keep(__real_calloc(n, size));
}

void *__wrap_realloc(void *p, size_t n)
{
	if (fails())
		return NULL;
	live -= p != NULL;
	return keep(__real_realloc(p, n));
}

char *__wrap_strdup(const char *s)
{
	return fails() ? NULL : keep(__real_strdup(s));
}

void __wrap_free(void *p)
{
	live -= p != NULL;
	__real_free(p);
}

/* Everything from opening to closing; the packets delivered. */
static size_t run(const struct capture_spec *spec, bool *opened, bool *damaged)
{
	struct err e = { .code = ERR_NONE };
	const struct capture_file *files;
	struct capture *c = NULL;
	struct decoder *d;
	struct segment s[8];
	struct frame f[8];
	size_t n, all = 0, n_files;

	*damaged = false;
	d = decoder_new(&e);
	if (d != NULL)
		c = capture_open(spec, &e);
	*opened = c != NULL;
	if (c == NULL)
		assert_int_not_equal(e.code, ERR_NONE);
	while (c != NULL && (n = capture_read(c, f, 8)) > 0) {
		decode_batch(d, f, n, s);
		all += n;
	}
	if (c != NULL) {
		n_files = capture_files(c, &files);
		for (size_t i = 0; i < n_files; i++)
			*damaged |= files[i].damaged;
	}
	capture_close(c);
	decoder_free(d);
	return all;
}

static void check(const char *path, const char *bpf, size_t packets)
{
	struct capture_spec spec = { .paths = &path,
				     .n_paths = 1,
				     .bpf = bpf,
				     .from = TSTAMP_NONE,
				     .to = TSTAMP_NONE };
	bool opened, damaged;
	size_t n;

	for (int hash = 0; hash < 3; hash++) {
		spec.want_sha256 = hash > 0;
		spec.hash_thread = hash > 1;
		for (fail_at = 1;; fail_at++) {
			assert_true(fail_at < 1000);
			asked = 0;
			failed = false;
			live = 0;
			n = run(&spec, &opened, &damaged);
			assert_int_equal(live, 0);
			if (!failed)
				break;
			/* no run may look complete and be short */
			assert_true(!opened || damaged || n == packets);
		}
		assert_true(opened);
		assert_false(damaged);
		assert_int_equal(n, packets);
	}
	fail_at = 0;
}

static void test_failing(void **state)
{
	static struct bytes o, z;
	struct tmp t;

	(void)state;
	tmp_make(&t);
	pcap_file(&o, 1400000000, 3);
	compress(&z, &o, archive_write_add_filter_gzip);
	tmp_write(&t, "a.gz", z.b, z.n);
	check(t.path, NULL, 3);
	unlink(t.path);
	tmp_write(&t, "a.pcap", o.b, o.n);
	check(t.path, NULL, 3);
	check(t.path, "less 100", 3);
	o.n = 0;
	ng_section(&o);
	for (int i = 0; i < 10; i++)
		ng_iface(&o, 1, 0, 6, 0);
	ng_packet(&o, 9, 5, 1, 4, 4);
	tmp_write(&t, "b.pcapng", o.b, o.n);
	check(t.path, NULL, 1);
	/* the folder of all three */
	o.n = 0;
	pcap_file(&o, 1400000100, 2);
	tmp_write(&t, "c.pcap", o.b, o.n);
	check(t.dir, NULL, 6);
	tmp_remove(&t);
}

/* A hundred times the packets, not one allocation more. */
static void test_none_per_packet(void **state)
{
	static struct bytes o;
	struct capture_spec spec = { .n_paths = 1,
				     .from = TSTAMP_NONE,
				     .to = TSTAMP_NONE };
	unsigned long few = 0;
	bool opened, damaged;
	const char *path;
	struct tmp t;

	(void)state;
	tmp_make(&t);
	spec.paths = &path;
	for (int n = 20; n <= 2000; n *= 100) {
		o.n = 0;
		pcap_file(&o, 1400000000, n);
		path = tmp_write(&t, "a.pcap", o.b, o.n);
		fail_at = 0;
		asked = 0;
		assert_int_equal(run(&spec, &opened, &damaged), n);
		if (n == 20)
			few = asked;
		assert_int_equal(asked, few);
	}
	tmp_remove(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_failing),
		cmocka_unit_test(test_none_per_packet),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
