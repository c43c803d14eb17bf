/*
 * detectors.c - the pair test against three detectors of the literature
 * (rivals_timing.h), on the same captures and the same eligible pairs.
 *   detectors SCENARIO_DIR...      each with truth.json and its captures
 * Eligible: two connections with an end at one address, both with at least
 * PAIR_MIN_BURSTS bursts and overlapping in time, to different far ends, and
 * not one connection seen twice.  To be found: relays that end TCP, with 25
 * data packets each way on both legs and 20 s of overlap; shorter relays count
 * neither way; NAT and VPN are no relays.  Three tables: everybody's own
 * threshold; thresholds of the others set just above their highest pair of
 * group D, where nothing is a relay; our own lowered until it names as many
 * false pairs in all as Zhang and Paxson's rule.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "load.h"
#include "pipeline/truth.h"
#include "rivals_timing.h"

#define ALPHA	    0.01
#define DELAY_US    500000 /* what Blum and He and Tong allow a relay */
#define MIN_PACKETS 25
#define MIN_OVERLAP INT64_C(20000000)
#define GROUPS	    5

enum { OURS, ZHANG_PAXSON, BLUM, HE_TONG, DETECTORS };

static const char *const name[DETECTORS] = { "this program", "Zhang and Paxson",
					     "Blum, Song, Venkataraman",
					     "He and Tong, greedy match" };

struct tally {
	uint32_t must, found, pairs, wrong;
	double *seconds; /* of those found */
	size_t room;
};

struct bench {
	struct tally tally[DETECTORS][GROUPS];
	double threshold[DETECTORS]; /* not ours */
	microbans ours;		     /* our threshold; 0 = K / alpha */
	microbans *null_score;	     /* ours, of the pairs that are no relay */
	size_t n_null, null_room;
	double top_d[DETECTORS]; /* highest score of a pair of group D */
	struct pair_work *work;
	int from, to; /* detectors of this pass */
	const struct truth *truth;
	const struct load *load;
	int64_t offset_ns; /* of the capture's clock */
	double delta;	   /* alpha / K of the capture */
	int group;
};

struct duo {
	const struct load_conn *c[2];
	int end[2];
	int64_t from, to; /* overlap, us */
};

static bool span_of(const struct load_conn *c, int64_t *first, int64_t *last)
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
	return *last > *first;
}

static bool same_conn(const struct bench *b, const struct truth_conn *t,
		      const struct conn *c)
{
	bool icmp = c->proto != PROTO_TCP && c->proto != PROTO_UDP;
	bool straight, crossed;

	if ((icmp ? PROTO_ICMP : c->proto) != t->proto ||
	    c->first_ns - b->offset_ns > t->end_ns + 1000000000 ||
	    c->last_ns - b->offset_ns < t->start_ns - 1000000000)
		return false;
	straight = addr_eq(&t->src, &c->src) && addr_eq(&t->dst, &c->dst) &&
		   (icmp || (t->sport == c->sport && t->dport == c->dport));
	crossed = addr_eq(&t->src, &c->dst) && addr_eq(&t->dst, &c->src) &&
		  (icmp || (t->sport == c->dport && t->dport == c->sport));
	return straight || crossed;
}

/* 1: a relay, -1: hands on packets only, 0: neither. */
static int truth_of(const struct bench *b, const struct duo *p)
{
	const struct truth *t = b->truth;

	for (size_t i = 0; i < t->n_relays; i++) {
		const struct truth_relay *r = &t->relays[i];
		const struct truth_conn *in = &t->conns[r->in];
		const struct truth_conn *out = &t->conns[r->out];

		for (int k = 0; k < 2; k++)
			if (same_conn(b, in, &p->c[k]->c) &&
			    same_conn(b, out, &p->c[!k]->c))
				return r->terminates ? 1 : -1;
	}
	return 0;
}

static bool is_long(const struct duo *p)
{
	for (int k = 0; k < 2; k++)
		for (int d = 0; d < 2; d++)
			if (p->c[k]->dir[d].n_pkt < MIN_PACKETS)
				return false;
	return p->to - p->from >= MIN_OVERLAP;
}

/* Pairs that the Bro script never reported. */
static bool is_weird(const struct duo *p)
{
	const struct conn *a = &p->c[0]->c, *b = &p->c[1]->c;

	return addr_eq(&a->src, &b->src) || addr_eq(&a->dst, &b->dst) ||
	       (addr_eq(&a->src, &b->dst) && a->sport == b->dport) ||
	       (addr_eq(&a->dst, &b->src) && a->dport == b->sport);
}

static void add_other(struct pair_input *in, struct leg o)
{
	in->arrivals[in->n_others] = o.in;
	in->others[in->n_others++] = o.out;
}

static struct rival_verdict run_ours(const struct bench *b, const struct duo *p)
{
	microbans threshold =
		b->ours > 0 ? b->ours : num_microbans(1 / b->delta) + 1;
	struct pair_input in = { .full = true };
	struct rival_verdict v = { .when = -1 };
	struct pair_result r;

	for (int k = 0; k < 2; k++)
		in.leg[k] = load_leg(p->c[k], p->end[k]);
	for (size_t i = 0; i < b->load->n && in.n_others < PAIR_OTHERS; i++) {
		const struct load_conn *o = &b->load->conn[i];
		const struct addr *host =
			p->end[0] ? &p->c[0]->c.dst : &p->c[0]->c.src;

		if (o == p->c[0] || o == p->c[1] || o->n_data < PAIR_MIN_BURSTS)
			continue;
		if (addr_eq(&o->c.src, host))
			add_other(&in, load_leg(o, 0));
		else if (addr_eq(&o->c.dst, host))
			add_other(&in, load_leg(o, 1));
	}
	pair_test(b->work, &in, &r);
	if (r.forwards_packets || r.broadcasts ||
	    (!r.hopeless && (r.serves || r.one_way || r.asks_on || r.writes)))
		return v;
	v.top = (double)r.weakest / MICROBANS_PER_BAN;
	if (pair_decided(&r, threshold, &v.when) && v.when < r.start_us)
		v.when = r.start_us;
	return v;
}

static struct rival_verdict run_one(const struct bench *b, int which,
				    const struct duo *p)
{
	struct rival_verdict none = { .when = -1 };
	struct channel c[2];

	for (int k = 0; k < 2; k++) {
		const struct load_dir *in = &p->c[k]->dir[!p->end[k]];
		const struct load_dir *out = &p->c[!k]->dir[p->end[!k]];

		c[k] = (struct channel){ in->pkt_us, out->pkt_us, in->n_pkt,
					 out->n_pkt };
	}
	switch (which) {
	case ZHANG_PAXSON:
		return is_weird(p) ? none
				   : rival_zhang_paxson(c, b->threshold[which]);
	case BLUM:
		return rival_blum(c, DELAY_US, b->delta, b->threshold[which]);
	case HE_TONG:
		return rival_he_tong(c, DELAY_US, b->threshold[which]);
	default:
		return run_ours(b, p);
	}
}

static void add_time(struct tally *t, double seconds)
{
	if (t->found == t->room) {
		t->room = t->room > 0 ? t->room * 2 : 64;
		t->seconds = realloc(t->seconds, t->room * sizeof(*t->seconds));
		if (t->seconds == NULL)
			abort();
	}
	t->seconds[t->found++] = seconds > 0 ? seconds : 0;
}

static void add_null(struct bench *b, double bans)
{
	if (b->n_null == b->null_room) {
		b->null_room = b->null_room > 0 ? b->null_room * 2 : 1024;
		b->null_score = realloc(b->null_score,
					b->null_room * sizeof(*b->null_score));
		if (b->null_score == NULL)
			abort();
	}
	b->null_score[b->n_null++] = (microbans)(bans * MICROBANS_PER_BAN);
}

static void judge_duo(struct bench *b, const struct duo *p)
{
	int relay = truth_of(b, p);
	bool must = relay > 0 && is_long(p);

	for (int d = b->from; d < b->to; d++) {
		struct tally *t = &b->tally[d][b->group];
		struct rival_verdict v = run_one(b, d, p);

		t->must += must;
		if (must && v.when >= 0)
			add_time(t, (double)(v.when - p->from) / 1e6);
		if (relay > 0)
			continue;
		t->pairs++;
		t->wrong += v.when >= 0;
		if (d == OURS && b->ours == 0)
			add_null(b, v.top);
		if (v.when >= 0 && d == OURS)
			fprintf(stderr, "%s: false pair, ports %u %u\n",
				b->truth->scenario, p->c[0]->c.sport,
				p->c[1]->c.sport);
		if (b->group == 'D' - 'A' && v.top > b->top_d[d])
			b->top_d[d] = v.top;
	}
}

/* The next eligible pair after (i, j, end), by connections; false: none. */
static bool pair_up(const struct load *l, size_t i, size_t j, int ends,
		    struct duo *p)
{
	const struct load_conn *x = &l->conn[i], *y = &l->conn[j];
	const struct addr *hx = ends & 1 ? &x->c.dst : &x->c.src;
	const struct addr *hy = ends & 2 ? &y->c.dst : &y->c.src;
	const struct addr *fx = ends & 1 ? &x->c.src : &x->c.dst;
	const struct addr *fy = ends & 2 ? &y->c.src : &y->c.dst;
	int64_t first[2], last[2];

	if (x->n_data < PAIR_MIN_BURSTS || y->n_data < PAIR_MIN_BURSTS ||
	    !addr_eq(hx, hy) || addr_eq(fx, fy) || load_same(x, y) ||
	    !span_of(x, &first[0], &last[0]) ||
	    !span_of(y, &first[1], &last[1]))
		return false;
	*p = (struct duo){ { x, y }, { ends & 1, ends >> 1 }, 0, 0 };
	p->from = first[0] > first[1] ? first[0] : first[1];
	p->to = last[0] < last[1] ? last[0] : last[1];
	return p->to > p->from;
}

static void all_pairs(struct bench *b, bool count_only)
{
	const struct load *l = b->load;
	uint64_t n = 0;
	struct duo p;

	for (size_t i = 0; i < l->n; i++)
		for (size_t j = i + 1; j < l->n; j++)
			for (int ends = 0; ends < 4; ends++) {
				if (!pair_up(l, i, j, ends, &p))
					continue;
				n++;
				if (!count_only)
					judge_duo(b, &p);
			}
	if (count_only)
		b->delta = ALPHA / (double)(n > 0 ? 2 * n : 1);
}

static void one_dir(struct bench *b, const char *dir)
{
	struct truth *t;
	char path[4096];
	struct err e;

	snprintf(path, sizeof(path), "%s/truth.json", dir);
	t = truth_read(path, &e);
	if (t == NULL) {
		fprintf(stderr, "%s\n", e.text);
		return;
	}
	b->truth = t;
	b->group = t->group - 'A';
	for (size_t i = 0;
	     i < t->n_captures && b->group >= 0 && b->group < GROUPS; i++) {
		struct load l = { .n = 0 };

		snprintf(path, sizeof(path), "%s/%s", dir, t->captures[i].file);
		b->load = &l;
		b->offset_ns = t->captures[i].clock_offset_ns;
		if (!load_capture(&l, path, 0, &e)) {
			fprintf(stderr, "%s\n", e.text);
		} else {
			all_pairs(b, true);
			all_pairs(b, false);
		}
		load_free(&l);
	}
	truth_free(t);
}

static int by_size(const void *x, const void *y)
{
	const double *a = x, *b = y;

	return *a < *b ? -1 : *a > *b;
}

static void print_tallies(struct bench *b)
{
	printf("| detector | threshold |");
	for (int g = 0; g < GROUPS; g++)
		if (g != 2)
			printf(" %c found | false | median s |", 'A' + g);
	printf("\n|---|---|");
	for (int g = 0; g < GROUPS; g++)
		printf("%s", g != 2 ? "---|---|---|" : "");
	printf("\n");
	for (int d = b->from; d < b->to; d++) {
		printf("| %s | ", name[d]);
		if (d != OURS)
			printf("%.3g |", b->threshold[d]);
		else if (b->ours > 0)
			printf("10^%.2f |",
			       (double)b->ours / MICROBANS_PER_BAN);
		else
			printf("K/alpha |");
		for (int g = 0; g < GROUPS; g++) {
			struct tally *t = &b->tally[d][g];

			if (g == 2)
				continue;
			printf(" %u/%u | %u/%u |", t->found, t->must, t->wrong,
			       t->pairs);
			if (t->found == 0) {
				printf(" - |");
				continue;
			}
			qsort(t->seconds, t->found, sizeof(double), by_size);
			printf(" %.1f |", t->seconds[t->found / 2]);
		}
		printf("\n");
	}
}

static void clear_tallies(struct bench *b)
{
	for (int d = 0; d < DETECTORS; d++)
		for (int g = 0; g < GROUPS; g++) {
			free(b->tally[d][g].seconds);
			memset(&b->tally[d][g], 0, sizeof(struct tally));
		}
}

static int falling(const void *x, const void *y)
{
	const microbans *a = x, *b = y;

	return *a > *b ? -1 : *a < *b;
}

/* Our threshold that lets through so many pairs that are no relay. */
static microbans lowered(struct bench *b, uint32_t wrong)
{
	qsort(b->null_score, b->n_null, sizeof(*b->null_score), falling);
	if (b->n_null <= wrong)
		return 1;
	return b->null_score[wrong] > 0 ? b->null_score[wrong] + 1 : 1;
}

static uint32_t all_wrong(const struct bench *b, int d)
{
	uint32_t n = 0;

	for (int g = 0; g < GROUPS; g++)
		n += b->tally[d][g].wrong;
	return n;
}

static void one_pass(struct bench *b, int argc, char **argv, const char *title)
{
	for (int i = 1; i < argc; i++)
		one_dir(b, argv[i]);
	printf("%s:\n\n", title);
	print_tallies(b);
	printf("\n");
}

int main(int argc, char **argv)
{
	static struct bench b = { .to = DETECTORS };
	uint32_t wrong;
	struct err e;

	b.work = pair_work_new(200000, &e);
	if (argc < 2 || b.work == NULL) {
		fprintf(stderr, "usage: detectors SCENARIO_DIR...\n");
		return 2;
	}
	for (int d = 0; d < DETECTORS; d++)
		b.threshold[d] = 1;
	one_pass(&b, argc, argv, "Each at its own threshold (score 1)");
	wrong = all_wrong(&b, ZHANG_PAXSON);
	for (int d = 1; d < DETECTORS; d++)
		b.threshold[d] = b.top_d[d] * (1 + 1e-9);
	clear_tallies(&b);
	b.from = 1;
	one_pass(&b, argc, argv,
		 "The others just above their highest pair of group D");
	clear_tallies(&b);
	b.from = OURS;
	b.to = OURS + 1;
	b.ours = lowered(&b, wrong);
	one_pass(&b, argc, argv,
		 "This program with as many false pairs as Zhang and Paxson");
	clear_tallies(&b);
	free(b.null_score);
	pair_work_free(b.work);
	return 0;
}
