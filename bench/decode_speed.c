/*
 * decode_speed.c - capture and decode alone: reads a capture, decodes it and
 * prints the counts and the processor time.
 *   decode_speed [-r] [-h] [-b BPF] FILE...   -r: no decoding, -h: SHA-256
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "capture/capture.h"
#include "decode/decode.h"

#define BATCH 64

static double cpu_seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void print_files(const struct capture *c)
{
	const struct capture_file *f;
	size_t n = capture_files(c, &f);

	for (size_t i = 0; i < n; i++) {
		printf("%s: %" PRIu64 " packets, %" PRIu64 " selected, %" PRIu64
		       " without time, %" PRIu64 " dropped %s\n",
		       f[i].path, f[i].packets, f[i].selected, f[i].no_time,
		       f[i].drops, f[i].sha256);
		if (f[i].damaged)
			printf("%s: damaged at offset %" PRIu64 ": %s\n",
			       f[i].path, f[i].damage_offset, f[i].damage);
	}
}

int main(int argc, char **argv)
{
	static const char *const names[SEG_OUTCOMES] = {
		"ok",	       "truncated", "malformed",
		"unsupported", "fragment",  "other"
	};
	static struct frame f[BATCH];
	static struct segment s[BATCH];
	struct capture_spec spec = { .from = TSTAMP_NONE, .to = TSTAMP_NONE };
	uint64_t packets = 0, payload = 0, sum = 0;
	bool decode = true;
	struct decoder *d;
	struct capture *c;
	struct err e;
	double t0, t1;
	size_t n;
	int o;

	while ((o = getopt(argc, argv, "rhtb:")) != -1) {
		switch (o) {
		case 'r':
			decode = false;
			break;
		case 't':
			spec.hash_thread = true;
			break;
		case 'h':
			spec.want_sha256 = true;
			break;
		case 'b':
			spec.bpf = optarg;
			break;
		default:
			return 2;
		}
	}
	spec.paths = (const char *const *)argv + optind;
	spec.n_paths = (size_t)(argc - optind);
	t0 = cpu_seconds();
	c = capture_open(&spec, &e);
	d = decoder_new(&e);
	if (c == NULL || d == NULL) {
		fprintf(stderr, "%s\n", e.text);
		return 1;
	}
	while ((n = capture_read(c, f, BATCH)) > 0) {
		packets += n;
		if (!decode)
			continue;
		decode_batch(d, f, n, s);
		for (size_t i = 0; i < n; i++) {
			payload += s[i].payload_len;
			sum += s[i].hash;
		}
	}
	t1 = cpu_seconds();
	print_files(c);
	for (int i = 0; i < SEG_OUTCOMES; i++)
		printf("%s %" PRIu64 "  ", names[i],
		       decoder_stats(d)->outcome[i]);
	printf("payload %" PRIu64 " check %08" PRIx64 "\n", payload, sum);
	printf("%.2f ns per packet\n",
	       packets > 0 ? (t1 - t0) * 1e9 / (double)packets : 0.0);
	decoder_free(d);
	capture_close(c);
	return 0;
}
