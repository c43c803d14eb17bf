/*
 * test_analyze.c - the whole of `analyze` with the n-th request for memory
 * (or pages, a thread, a handle) refused, for every n, on the smallest golden
 * capture of each reader; then the other commands that read files.
 *
 * Each run is a child of its own.  It must end by itself, and either say that
 * it cannot (exit code 1 and a message), or report damage (exit code 4), or
 * give to the byte what it gives with enough memory.  Under AddressSanitizer
 * a leak is another exit code, so it is found too.
 *
 * Each request is refused alone, and every fifth once more with all later
 * ones; not those inside libraries (fail_alloc.h).
 */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "fail_alloc.h"

#define OUTPUT	   (1 << 20)
#define TOO_LONG_S 60 /* a run takes 20 ms; sanitizers and load: more */

int wellspring_main(int argc, char **argv); /* src/cli/main.c */

struct output {
	int status; /* of waitpid() */
	size_t n_out, n_err;
	char out[OUTPUT], err[OUTPUT];
};

static struct fail_state *shared;

/* The words of a command line, without quotes. */
static int split(const char *line, char **words, size_t room)
{
	static char copy[512];
	size_t n = 0;

	words[n++] = (char *)"wellspring";
	snprintf(copy, sizeof(copy), "%s", line);
	for (char *w = strtok(copy, " "); w != NULL; w = strtok(NULL, " ")) {
		assert_true(n + 1 < room);
		words[n++] = w;
	}
	words[n] = NULL;
	return (int)n;
}

/* A pipe that holds the whole file and ends behind it. */
static int pipe_of(const char *path)
{
	static char bytes[OUTPUT];
	int fd = open(path, O_RDONLY | O_CLOEXEC), ends[2];
	ssize_t n;

	assert_true(fd >= 0);
	n = read(fd, bytes, sizeof(bytes));
	close(fd);
	assert_true(n > 0 && n < OUTPUT);
	assert_int_equal(pipe(ends), 0);
	assert_true(fcntl(ends[1], F_SETPIPE_SZ, OUTPUT) >= n);
	assert_int_equal(write(ends[1], bytes, (size_t)n), n);
	close(ends[1]);
	return ends[0];
}

static size_t take(int fd, char *to)
{
	ssize_t n = pread(fd, to, OUTPUT - 1, 0);

	assert_true(n >= 0 && n < OUTPUT - 1);
	to[n] = '\0';
	close(fd);
	return (size_t)n;
}

static void run(const char *line, const char *input, struct output *r)
{
	int out = memfd_create("out", MFD_CLOEXEC);
	int err = memfd_create("err", MFD_CLOEXEC);
	int in = input != NULL ? pipe_of(input) : open("/dev/null", O_RDONLY);
	static const int deadly[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL,
				      SIGABRT };
	char *words[32];
	int argc = split(line, words, 32);
	pid_t child;

	assert_true(out >= 0 && err >= 0 && in >= 0);
	shared->asked = 0;
	fflush(NULL);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		dup2(in, STDIN_FILENO);
		dup2(out, STDOUT_FILENO);
		dup2(err, STDERR_FILENO);
		/* cmocka's handlers would go on with the next test here */
		for (size_t i = 0; i < sizeof(deadly) / sizeof(*deadly); i++)
			signal(deadly[i], SIG_DFL);
		alarm(TOO_LONG_S);
		fail_begin(shared);
		exit(wellspring_main(argc, words));
	}
	close(in);
	assert_int_equal(waitpid(child, &r->status, 0), child);
	r->n_out = take(out, r->out);
	r->n_err = take(err, r->err);
}

static bool same(const struct output *a, const struct output *b)
{
	return a->status == b->status && a->n_out == b->n_out &&
	       memcmp(a->out, b->out, a->n_out) == 0;
}

static bool clean(const struct output *r, const struct output *good)
{
	int code = WIFEXITED(r->status) ? WEXITSTATUS(r->status) : -1;

	if (same(r, good) ||
	    ((code == 1 || code == 4) &&
	     strncmp(r->err, "wellspring: ", 12) == 0) ||
	    (code == 4 && strstr(r->out, "memory") != NULL))
		return true;
	print_error("request %lu (%s)%s refused: status %#x\n%s\n",
		    shared->fail_at, shared->last,
		    shared->and_all_later ? " and all later" : "",
		    (unsigned)r->status, r->err);
	return false;
}

static void check(const char *line, const char *input, int status)
{
	static struct output good, bad;
	unsigned long asked, runs = 0, wrong = 0;

	shared->fail_at = 0;
	run(line, input, &good);
	assert_true(WIFEXITED(good.status));
	assert_int_equal(WEXITSTATUS(good.status), status);
	assert_true(good.n_out > 200);
	asked = shared->asked;
	assert_true(asked > 3);
	for (int all = 0; all < 2; all++) {
		shared->and_all_later = all == 1;
		/* a thread's requests may be some more or fewer */
		for (unsigned long n = 1; n <= asked; n += all ? 5 : 1) {
			shared->fail_at = n;
			run(line, input, &bad);
			runs++;
			wrong += !clean(&bad, &good);
		}
	}
	print_message("%lu requests, %lu runs\n", asked, runs);
	assert_int_equal(wrong, 0);
}

static void test_pcap(void **state)
{
	(void)state;
	check("analyze -q byte-relay/full.pcap", NULL, 0);
}

static void test_json(void **state)
{
	(void)state;
	check("analyze -q --json byte-relay/full.pcap", NULL, 0);
}

static void test_options(void **state)
{
	(void)state;
	check("analyze -q --all --join-by-mac --threads=2 "
	      "--same-host=192.0.2.1,2001:db8::1 byte-relay/full.pcap -- tcp",
	      NULL, 0);
}

static void test_pcapng(void **state)
{
	(void)state;
	check("analyze -q mixed-pcapng/mixed.pcapng", NULL, 0);
}

static void test_cut(void **state)
{
	(void)state;
	check("analyze -q cut-file/cut.pcap", NULL, 4);
}

static void test_compressed(void **state)
{
	(void)state;
	check("analyze -q analyze-mrt/silent.pcap.gz", NULL, 3);
}

static void test_pipe(void **state)
{
	(void)state;
	check("analyze -q -", "byte-relay/full.pcap", 0);
}

static void test_routes(void **state)
{
	(void)state;
	check("analyze -q --json "
	      "--mrt mrt-mixed-peers/bgpdump-updates.20020722.2238.gz "
	      "byte-relay/full.pcap",
	      NULL, 0);
}

static void test_others(void **state)
{
	static const char origin[] =
		"origin 2001:579:1040::1 2001:db8::1 --json --mrt "
		"mrt-64k/bgpdump-bview.64k_stream_overflow.gz";
	static const char outage[] =
		"outage --ascii --mrt "
		"mrt-mixed-peers/bgpdump-updates.20020722.2238.gz";

	(void)state;
	check("explain ../fuzz/fuzz_case.in/relay 198.51.100.7", NULL, 0);
	check("mrt mrt-mixed-peers/bgpdump-updates.20020722.2238.gz", NULL, 0);
	check("mrt --json mrt-mixed-peers/bgpdump-updates.20020722.2238.gz",
	      NULL, 0);
	check(origin, NULL, 0);
	check(outage, NULL, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pcap),
		cmocka_unit_test(test_pcapng),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_options),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_compressed),
		cmocka_unit_test(test_pipe),
		cmocka_unit_test(test_routes),
		cmocka_unit_test(test_others),
	};

	const char *dir = getenv("WELLSPRING_GOLDEN");

	if (dir == NULL || chdir(dir) != 0)
		return 1;
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
