/*
 * nulls.c - null calibration: how often the running maximum of the evidence
 * of pairs that are no relay reaches 10, 100, 1000.
 *   nulls [-m MODEL] [-z SIZES] [-n PAIRS] [-d SECONDS] [-s SEED] [-f] [-q]
 *         [-i INDEX]
 * MODEL and SIZES: a name, or "all" (null_models.h lists them).  One line of a
 * table per model: the shares of pair_result.weakest at 10, 100, 1000 and at
 * 10^6, the highest, and "ok" unless one of the counts is beyond the exact
 * binomial limit of 99.9 %.  -f: every rival runs on every pair, and each
 * rival's own running maximum gets a line (rivals whose hypothesis the model
 * does not fulfil are expected to be beaten, and marked so).  -i: the
 * processes of one pair.  Exit code 1 when a model fails, so that a small run
 * is a test.
 */
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "null_models.h"
#include "pair_peaks.h"

#define LIMIT  0.001 /* one-sided, of each count */
#define LEVELS 4

static const microbans level[LEVELS] = { 1 * MICROBANS_PER_BAN,
					 2 * MICROBANS_PER_BAN,
					 3 * MICROBANS_PER_BAN,
					 6 * MICROBANS_PER_BAN };
static const double allowed[LEVELS] = { 0.1, 0.01, 0.001, 1e-6 };
static const char *const rival_name[PAIR_RIVALS] = {
	"independent", "timers", "common cause", "host woke up", "dependency"
};

struct options {
	const char *model, *sizes;
	uint64_t n, seed;
	double seconds;
	long index; /* -1 = none */
	bool full, quiet;
};

struct count {
	uint64_t n, at[LEVELS];
	microbans top;
	uint64_t top_index;
};

/* P(X >= k) of a binomial, summed exactly. */
static double tail(uint64_t n, uint64_t k, double p)
{
	double term, sum = 0;

	if (k == 0)
		return 1;
	if ((double)k < (double)n * p)
		return 1; /* below the mean: far from any limit */
	for (uint64_t j = k; j <= n; j++) {
		term = exp(lgamma((double)n + 1) - lgamma((double)j + 1) -
			   lgamma((double)(n - j) + 1) + (double)j * log(p) +
			   (double)(n - j) * log1p(-p));
		sum += term;
		if (term < sum * 1e-12)
			break;
	}
	return sum;
}

static void count_add(struct count *c, microbans v, uint64_t index)
{
	if (c->n++ == 0 || v > c->top) {
		c->top = v;
		c->top_index = index;
	}
	for (int l = 0; l < LEVELS; l++)
		c->at[l] += v >= level[l];
}

static bool count_ok(const struct count *c)
{
	for (int l = 0; l < LEVELS; l++)
		if (tail(c->n, c->at[l], allowed[l]) < LIMIT)
			return false;
	return true;
}

static void print_count(const struct count *c, const char *verdict)
{
	double n = c->n > 0 ? (double)c->n : 1;

	printf("| %.5f | %.5f | %.5f | %llu | %.2f (pair %llu) | %s |\n",
	       (double)c->at[0] / n, (double)c->at[1] / n, (double)c->at[2] / n,
	       (unsigned long long)c->at[3], (double)c->top / 1e6,
	       (unsigned long long)c->top_index, verdict);
	fflush(stdout);
}

static uint64_t pair_seed(const struct options *o, int model, int sizes,
			  uint64_t index)
{
	struct num_rng r = { o->seed * UINT64_C(0x9e3779b97f4a7c15) ^
			     (uint64_t)model << 56 ^ (uint64_t)sizes << 52 ^
			     (uint64_t)o->seconds << 32 ^ index };

	num_rng_next(&r);
	return num_rng_next(&r);
}

struct bench {
	struct null_pair *pair;
	struct pair_work *work;
};

static void show_pair(const struct bench *b, const struct pair_input *in,
		      const struct pair_result *r)
{
	printf("bursts in/out: %zu/%zu, %zu/%zu; weakest %.2f (%s)\n",
	       in->leg[0].in.n, in->leg[0].out.n, in->leg[1].in.n,
	       in->leg[1].out.n, (double)r->weakest / 1e6,
	       rival_name[r->weakest_rival]);
	for (int v = 0; v < PAIR_RIVALS; v++) {
		printf("%-13s at best %.2f, ever %.2f; processes:",
		       rival_name[v], (double)r->log10_e[v] / 1e6,
		       (double)pair_peak(b->work, v) / 1e6);
		for (unsigned p = 0; p < pair_processes(v); p++)
			printf(" %.1f",
			       (double)pair_process_peak(b->work, v, p) / 1e6);
		printf("\n");
	}
}

/* One model: true when it stays within its limits. */
static bool run_model(const struct options *o, int m, int z,
		      const struct bench *b)
{
	const struct null_model *k = &null_models[m];
	struct count all = { 0 }, rival[PAIR_RIVALS];
	struct pair_input in;
	struct pair_result r;
	bool ok;

	memset(rival, 0, sizeof(rival));
	for (uint64_t i = 0; i < o->n; i++) {
		if (o->index >= 0 && i != (uint64_t)o->index)
			continue;
		null_pair_make(b->pair, k, (enum null_sizes)z, o->seconds,
			       pair_seed(o, m, z, i), &in);
		in.full = o->full;
		pair_test(b->work, &in, &r);
		count_add(&all, r.weakest, i);
		for (int v = 0; o->full && v < PAIR_RIVALS; v++)
			count_add(&rival[v], pair_peak(b->work, v), i);
		if (o->index >= 0)
			show_pair(b, &in, &r);
		if (!o->quiet && i % 10000 == 9999)
			fprintf(stderr, "%s %s %.0f s: %llu pairs\n", k->name,
				null_size_name[z], o->seconds,
				(unsigned long long)i + 1);
	}
	if (o->index >= 0)
		return true;
	ok = count_ok(&all);
	printf("| %s | %s | %.0f | %llu | decision ", k->name,
	       null_size_name[z], o->seconds, (unsigned long long)o->n);
	print_count(&all, ok ? "ok" : "OVER");
	for (int v = 0; o->full && v < PAIR_RIVALS; v++) {
		bool null = (k->rivals >> v & 1) &&
			    !(v == PAIR_DEPENDENCY && z >= SIZE_COPIED);

		printf("| %s | %s | %.0f | %llu | %s ", k->name,
		       null_size_name[z], o->seconds, (unsigned long long)o->n,
		       rival_name[v]);
		print_count(&rival[v], count_ok(&rival[v]) ? "ok"
				       : null		   ? "OVER"
							   : "not its null");
	}
	return ok;
}

static bool wants(const char *text, const char *name)
{
	return strcmp(text, "all") == 0 || strcmp(text, name) == 0;
}

static int run(const struct options *o, const struct bench *b)
{
	int done = 0, failed = 0;

	for (int m = 0; m < null_n_models; m++)
		for (int z = 0; z < SIZE_VARIANTS; z++) {
			if (!wants(o->model, null_models[m].name) ||
			    !wants(o->sizes, null_size_name[z]) ||
			    (z >= SIZE_COPIED && !null_models[m].copies))
				continue;
			done++;
			failed += !run_model(o, m, z, b);
		}
	if (done == 0)
		fprintf(stderr, "nulls: no model %s with sizes %s\n", o->model,
			o->sizes);
	return done == 0 ? 2 : failed > 0;
}

int main(int argc, char **argv)
{
	struct options o = { .model = "all",
			     .sizes = "all",
			     .n = 1000,
			     .seed = 1,
			     .seconds = 300,
			     .index = -1 };
	struct bench b;
	struct err e;
	int c, rc;

	while ((c = getopt(argc, argv, "m:z:n:d:s:i:fq")) != -1) {
		switch (c) {
		case 'm':
			o.model = optarg;
			break;
		case 'z':
			o.sizes = optarg;
			break;
		case 'n':
			o.n = strtoull(optarg, NULL, 10);
			break;
		case 'd':
			o.seconds = strtod(optarg, NULL);
			break;
		case 's':
			o.seed = strtoull(optarg, NULL, 10);
			break;
		case 'i':
			o.index = strtol(optarg, NULL, 10);
			o.full = true;
			break;
		case 'f':
			o.full = true;
			break;
		case 'q':
			o.quiet = true;
			break;
		default:
			return 2;
		}
	}
	if (o.index >= 0)
		o.n = (uint64_t)o.index + 1;
	b.pair = null_pair_new();
	b.work = pair_work_new(NULL_EVENTS, &e);
	if (b.pair == NULL || b.work == NULL) {
		fprintf(stderr, "nulls: no memory\n");
		return 1;
	}
	rc = run(&o, &b);
	null_pair_free(b.pair);
	pair_work_free(b.work);
	return rc;
}
