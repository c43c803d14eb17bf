/*
 * scale.c - false relays at scale: pairs made of connections of different
 * captures, one moved onto the other's time, as if they shared a host.
 *   scale [-n PAIRS] [-s SEED] [-t TOP] CAPTURE...
 * Drawn at random: both connections (from different directories), which end
 * of each the host is, and where they overlap (at least 20 s).  Prints the
 * shares at 10, 100, 1000, those at the family-wise threshold n / 0.01, and
 * the TOP strongest pairs by name.  No such pair is a relay.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "load.h"

#define OVERLAP_MIN INT64_C(20000000)
#define TOP_MAX	    100

struct made {
	microbans log10_e;
	const struct load_conn *leg[2];
	int end[2];
	int64_t shift;
};

struct scale {
	struct load l;
	const struct load_conn **use;
	size_t n_use;
	char **path;
	struct num_rng rng;
	struct pair_work *work;
	uint64_t n, at[3], sufficient;
	microbans threshold;
	struct made top[TOP_MAX];
	int n_top;
};

static bool same_dir(const char *a, const char *b)
{
	const char *x = strrchr(a, '/'), *y = strrchr(b, '/');
	size_t n = x != NULL ? (size_t)(x - a) : 0;
	size_t m = y != NULL ? (size_t)(y - b) : 0;

	return n == m && memcmp(a, b, n) == 0;
}

static void span_of(const struct load_conn *c, int64_t *first, int64_t *last)
{
	*first = INT64_MAX;
	*last = INT64_MIN;
	for (int d = 0; d < 2; d++) {
		const struct load_dir *s = &c->dir[d];

		if (s->n == 0)
			continue;
		*first = s->us[0] < *first ? s->us[0] : *first;
		*last = s->us[s->n - 1] > *last ? s->us[s->n - 1] : *last;
	}
}

/* Keeps the strongest, sorted. */
static void keep_top(struct scale *s, const struct made *m, int max)
{
	int i = s->n_top < max ? s->n_top++ : max;

	for (; i > 0 && s->top[i - 1].log10_e < m->log10_e; i--)
		if (i < max)
			s->top[i] = s->top[i - 1];
	if (i < max)
		s->top[i] = *m;
}

/* False when the two are too short or from one scenario. */
static bool draw(struct scale *s, struct made *m)
{
	int64_t first[2], last[2], len[2], room;

	for (int i = 0; i < 2; i++) {
		m->leg[i] = s->use[num_rng_below(&s->rng, s->n_use)];
		m->end[i] = (int)num_rng_below(&s->rng, 2);
		span_of(m->leg[i], &first[i], &last[i]);
		len[i] = last[i] - first[i];
		if (len[i] < OVERLAP_MIN)
			return false;
	}
	if (same_dir(s->path[m->leg[0]->file], s->path[m->leg[1]->file]))
		return false;
	/* leg 0 begins where at least 20 s overlap, half of them fully */
	room = len[1] - len[0];
	m->shift = first[1] - first[0];
	if (room > 0 && num_rng_below(&s->rng, 2))
		m->shift += (int64_t)num_rng_below(&s->rng, (uint64_t)room);
	else
		m->shift += (int64_t)num_rng_below(
				    &s->rng, (uint64_t)(len[0] + len[1] -
							2 * OVERLAP_MIN + 1)) -
			    len[0] + OVERLAP_MIN;
	return true;
}

static void try_pair(struct scale *s, int top)
{
	struct pair_input in = { .full = false };
	struct pair_result r;
	struct made m;

	while (!draw(s, &m))
		;
	for (int i = 0; i < 2; i++)
		in.leg[i] = load_leg(m.leg[i], m.end[i]);
	in.shift_us = m.shift != 0 ? m.shift : 1;
	pair_test(s->work, &in, &r);
	m.log10_e = r.weakest;
	s->n++;
	for (int k = 0; k < 3; k++)
		s->at[k] += r.weakest >= (k + 1) * MICROBANS_PER_BAN;
	s->sufficient += r.weakest >= s->threshold;
	keep_top(s, &m, top);
}

static void name_conn(const struct scale *s, const struct load_conn *c, int end)
{
	char a[ADDR_TEXT], b[ADDR_TEXT];

	printf(" %s %s:%u > %s:%u at its %s;", s->path[c->file],
	       addr_format(&c->c.src, a), c->c.sport, addr_format(&c->c.dst, b),
	       c->c.dport, end ? "dst" : "src");
}

static void print_scale(const struct scale *s)
{
	double n = s->n > 0 ? (double)s->n : 1;

	printf("| connections | pairs | >= 10 | >= 100 | >= 1000 | at the "
	       "threshold 10^%.1f | highest |\n| %zu | %llu | %.5f | %.5f | "
	       "%.5f | %llu | %.2f |\n",
	       (double)s->threshold / 1e6, s->n_use, (unsigned long long)s->n,
	       (double)s->at[0] / n, (double)s->at[1] / n, (double)s->at[2] / n,
	       (unsigned long long)s->sufficient,
	       s->n_top > 0 ? (double)s->top[0].log10_e / 1e6 : 0.0);
	for (int i = 0; i < s->n_top; i++) {
		printf("%.2f", (double)s->top[i].log10_e / 1e6);
		for (int k = 0; k < 2; k++)
			name_conn(s, s->top[i].leg[k], s->top[i].end[k]);
		printf(" moved %.3f s\n", (double)s->top[i].shift / 1e6);
	}
}

int main(int argc, char **argv)
{
	static struct scale s;
	uint64_t n = 100000;
	int top = 10, c;
	struct err e;

	s.rng.state = 1;
	while ((c = getopt(argc, argv, "n:s:t:")) != -1) {
		if (c == 'n')
			n = strtoull(optarg, NULL, 10);
		else if (c == 's')
			s.rng.state = strtoull(optarg, NULL, 10);
		else if (c == 't')
			top = atoi(optarg) < TOP_MAX ? atoi(optarg) : TOP_MAX;
		else
			return 2;
	}
	s.path = argv;
	for (int i = optind; i < argc; i++)
		if (!load_capture(&s.l, argv[i], i, &e))
			fprintf(stderr, "%s\n", e.text);
	s.use = calloc(s.l.n + 1, sizeof(*s.use));
	s.work = pair_work_new(200000, &e);
	for (size_t i = 0; s.use != NULL && i < s.l.n; i++)
		if (s.l.conn[i].n_data >= PAIR_MIN_BURSTS)
			s.use[s.n_use++] = &s.l.conn[i];
	if (s.n_use < 2 || s.work == NULL) {
		fprintf(stderr, "scale: no connections to pair\n");
		return 1;
	}
	s.threshold = num_microbans((double)n / 0.01) + 1;
	while (s.n < n)
		try_pair(&s, top);
	print_scale(&s);
	free(s.use);
	pair_work_free(s.work);
	load_free(&s.l);
	return s.sufficient > 0;
}
