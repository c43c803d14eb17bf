/*
 * content.c - service dependency: is content conserved, or only prompted?
 *
 * Both streams are cut where both are silent for quiet_us.  An exchange has
 * the bytes of the source and those of the target.  How well they agree
 * (equal; the pair's own recurrent difference; a ratio near the pair's own)
 * gives a grade; the target's size is compared with decoys of the same class
 * (factor 4): sizes of the target's own earlier exchanges of as many bursts,
 * or, while these are few, sums of as many of its earlier bursts in a row.
 *     e = (n + 1) f(grade_0) / (f(grade_0) + ... + f(grade_n))
 * f also depends on whether a size is one that the target has all the time:
 * that a key's echo has the size of a key is little, that a screen does is
 * much.
 * Null: given its class, the target's size is exchangeable with its earlier
 * ones, whatever the source sent.  A dependency whose answers follow the size
 * of its questions passes the class, not the grade.  A grade is predicted from
 * exchanges of other sizes only: a service that always answers one question
 * with one size conserves nothing.  The strict form knows one class and only
 * equality or a recurrent difference: coarse agreement cannot help there.
 * Wrong when: a service copies what it is asked (a cache, a broker).
 */
#include "relay/track.h"

#include <string.h>

#define CLASSES	  8 /* factor 4 each, from 16 bytes on */
#define DECOYS	  15
#define MEMORY	  32  /* latest exchanges remembered */
#define ANSWERS	  192 /* latest exchanges looked through for decoys */
#define MANY	  16  /* bursts: from here on only blocks have as many */
#define LATEST	  32  /* answers that tell which sizes are usual */
#define BURSTS	  256 /* latest target bursts, for decoys made of blocks */
#define ALIKE_MIN 8   /* exchanges alike; with fewer, blocks are the decoys */
#define PAD_HEAD  8   /* header of a padded frame */
#define RUN_MAX	  3   /* source bursts that may leave as one */
#define GRADES	  6
#define NO_CREDIT 5	       /* the last grade: no agreement */
#define CELLS	  (2 * GRADES) /* unusual sizes, then usual ones */
#define BETS_MAX  2048
#define LARGE	  96 /* bytes from which on framing is the smaller part */
#define FRAMING	  64 /* bytes a record or packet adds, per burst */

struct past {
	uint32_t src, dst;
	uint32_t before; /* the one before it in its bucket of differences */
};

/* One of past by what it predicts with. */
struct guide {
	double value; /* bytes more per source burst, or dst / src */
	uint32_t src;
	uint8_t cls, i; /* of dst; in past */
};

struct answer {
	uint32_t bytes;
	uint32_t last; /* the one before it of as many bursts and its class */
};

struct content {
	bool strict; /* one class, and only equal or recurrent counts */
	double hits[CELLS], decoys[CELLS], hit_sum, decoy_sum;
	struct answer answer[ANSWERS]; /* latest exchanges of the target */
	uint32_t n_answer;
	uint32_t before[BURSTS]; /* bytes before each of its latest bursts */
	uint32_t n_burst, burst_sum;
	struct past past[MEMORY];
	uint32_t n_past;
	struct counts {
		/* answers by bursts - 1, class: + 1; 0 = none */
		uint16_t last[MANY][CLASSES];
		uint8_t latest[256]; /* LATEST answers by bucket of size */
		/* how often a difference of sizes is in past, by its bucket,
		 * and the latest of them: most differences are in none */
		uint8_t same[256], latest_same[256];
	} by;
	bool predicts; /* the orders of past below are kept */
	struct guide by_per[MEMORY], by_ratio[MEMORY];
	double centre;	 /* ratio for the exchange in question, 0 = unknown */
	double overhead; /* bytes per source burst for it; NO_OVERHEAD */
};

#define NO_OVERHEAD 1e18
#define NEVER	    (INT64_MAX / 2)
#define LARGEST	    (UINT32_MAX / 4) /* a larger exchange is cut */
#define FAR_APART   1.07 /* no grade for such a ratio: not worth a division */

static int class_of(uint32_t bytes)
{
	int c = bytes < 16 ? 0 : (31 - __builtin_clz(bytes) - 2) / 2;

	return c < CLASSES ? c : CLASSES - 1;
}

/* The arrays of what came before are read as far as they were filled. */
static void content_init(struct content *c, bool strict)
{
	static const double hits[CELLS] = { 2, 1,   1,	 0.5, 0.25, 0.25,
					    2, 0.1, 0.1, 0.1, 0.1,  0.5 };
	static const double decoys[CELLS] = { 0.1, 0.1, 0.1, 0.2, 0.5, 4,
					      2,   0.1, 0.1, 0.1, 0.1, 1 };

	c->strict = strict;
	c->predicts = false;
	c->n_answer = c->n_burst = c->burst_sum = c->n_past = 0;
	memset(&c->by, 0, sizeof(c->by));
	c->hit_sum = c->decoy_sum = c->centre = c->overhead = 0;
	for (int i = 0; i < CELLS; i++) {
		c->hits[i] = hits[i];
		c->decoys[i] = decoys[i];
		c->hit_sum += hits[i];
		c->decoy_sum += decoys[i];
	}
}

/* Another size than this one: what a service always answers to one question
 * says nothing about conservation. */
static bool is_other(uint32_t x, uint32_t size)
{
	uint32_t d = x > size ? x - size : size - x;

	return d > size / 64;
}

/* Sets what the pair's exchanges of other sizes predict for this one. */
static void predict(struct content *c, uint32_t src, int cls)
{
	uint32_t n = c->n_past < MEMORY ? c->n_past : MEMORY, k = 0, m = 0;
	double ratio[MEMORY], per[MEMORY]; /* in order */

	for (uint32_t i = 0; i < n; i++) {
		const struct guide *p = &c->by_per[i], *q = &c->by_ratio[i];

		per[m] = p->value;
		m += is_other(p->src, src);
		ratio[k] = q->value;
		k += q->cls == cls && is_other(q->src, src);
	}
	c->centre = k > 0 ? ratio[k / 2] : 0;
	c->overhead = m > 0 ? per[m / 2] : NO_OVERHEAD;
}

/* How far two sizes are apart, as a share of the smaller; 1 = far. */
static double apart(double x, double y)
{
	double lo = x < y ? x : y, hi = x < y ? y : x;

	if (lo <= 0 || hi > FAR_APART * lo)
		return 1;
	return hi / lo - 1;
}

/* Is dst what a padder makes of n frames of src bytes in all: each the next
 * multiple of a block (16 to 256 bytes)? */
static bool is_padded(uint32_t src, uint32_t n, uint32_t dst)
{
	uint32_t m = (dst | 256) & -(dst | 256); /* the largest that divides */

	return m >= 16 && dst >= src && dst - src < n * (m + PAD_HEAD);
}

static unsigned bucket_of(uint32_t size)
{
	return (size * UINT32_C(2654435761)) >> 24;
}

/* Was this difference seen at least twice with other sizes? */
static inline bool is_recurrent(const struct content *c, uint32_t src,
				int64_t d)
{
	unsigned b = bucket_of((uint32_t)d), n = c->by.same[b], seen = 0;
	uint32_t i = c->by.latest_same[b];

	if (n < 2)
		return false;
	for (; n > 0 && seen < 2; n--) {
		const struct past *p = &c->past[i];

		seen += (int64_t)p->dst - p->src == d && is_other(p->src, src);
		i = p->before;
	}
	return seen >= 2;
}

/* src bytes in n_src bursts against dst bytes: 0 is best. */
static int grade(const struct content *c, uint32_t src, uint32_t n_src,
		 uint32_t dst)
{
	double off = 1, other;

	if (src == dst)
		return 0;
	if (is_recurrent(c, src, (int64_t)dst - src))
		return 1;
	if (c->strict)
		return NO_CREDIT;
	if (n_src <= RUN_MAX && is_padded(src, n_src, dst))
		return 2;
	if (c->centre > 0)
		off = apart(dst, src * c->centre);
	if (c->overhead < NO_OVERHEAD) {
		other = apart(dst, src + n_src * c->overhead);
		off = other < off ? other : off;
	}
	return off < 0.005 ? 2 : off < 0.02 ? 3 : off < 0.06 ? 4 : NO_CREDIT;
}

/* The scores of one bet; most sizes have the same few grades. */
struct scores {
	double f[CELLS];
	unsigned known; /* bit per grade */
};

static void work_out(const struct content *c, struct scores *s, int g)
{
	double f = (c->hits[g] * c->decoy_sum) / (c->decoys[g] * c->hit_sum);

	s->known |= 1u << g;
	s->f[g] = f < 1e-2 ? 1e-2 : f > 1e3 ? 1e3 : f;
}

static inline double score(const struct content *c, struct scores *s, int g)
{
	if (!(s->known >> g & 1))
		work_out(c, s, g);
	return s->f[g];
}

/* The sizes asked about in one bet recur, too. */
struct seen {
	uint8_t at[64]; /* by bucket of size: where one is, + 1 */
};

/* One of size[0..k) that is size[k]; k = none.  Asked for k in order. */
static inline uint32_t first_like(struct seen *s, const uint32_t *size,
				  uint32_t k)
{
	uint8_t *at = &s->at[bucket_of(size[k]) / 4];
	uint32_t i = 0;

	if (*at == 0) {
		*at = (uint8_t)(k + 1);
		return k;
	}
	if (size[*at - 1] == size[k])
		return *at - 1u;
	while (size[i] != size[k])
		i++;
	return i;
}

static bool any_differs(const uint32_t *size, uint32_t n, uint32_t from)
{
	for (uint32_t i = 0; i < n; i++)
		if (size[i] != from)
			return true;
	return false;
}

/* Learns what a bet has shown: the grades of the size and of its decoys. */
static void learn_grades(struct content *c, int g0, const int *g, uint32_t n)
{
	const double part = 1.0 / n;

	c->hits[g0] += 1;
	c->hit_sum += 1;
	for (uint32_t i = 0; i < n;) { /* sums of one grade in one go */
		int same = g[i];
		double d = c->decoys[same];

		for (; i < n && g[i] == same; i++)
			d += part;
		c->decoys[same] = d;
	}
	c->decoy_sum += 1;
}

/* Puts one of past into an order by value, where the one that it replaces
 * was; n are in it already. */
static void reorder(struct guide *order, uint32_t n, struct guide g)
{
	uint32_t at = 0;

	while (at < n && order[at].i != g.i)
		at++;
	for (; at > 0 && order[at - 1].value > g.value; at--)
		order[at] = order[at - 1];
	for (; at + 1 < n && order[at + 1].value <= g.value; at++)
		order[at] = order[at + 1];
	order[at] = g;
}

static void learn(struct content *c, uint32_t src, uint32_t n_src, uint32_t dst)
{
	uint32_t n = c->n_past < MEMORY ? c->n_past : MEMORY;
	uint32_t i = c->n_past++ % MEMORY;
	struct past *p = &c->past[i];
	unsigned b = bucket_of(dst - src);
	struct guide g = { .src = src, .i = (uint8_t)i };

	if (i < n) /* the oldest of its bucket */
		c->by.same[bucket_of(p->dst - p->src)]--;
	*p = (struct past){ src, dst, c->by.latest_same[b] };
	c->by.same[b]++;
	c->by.latest_same[b] = (uint8_t)i;
	if (!c->predicts)
		return;
	g.cls = (uint8_t)class_of(dst);
	g.value = ((double)dst - src) / n_src;
	reorder(c->by_per, n, g);
	g.value = (double)dst / src;
	reorder(c->by_ratio, n, g);
}

/* One exchange: src bytes went in by n_src bursts, dst bytes came out. */
struct exchange {
	uint32_t src, n_src, dst, n_dst;
	int64_t settled_us;
};

/* The chain of answers with as many bursts, of one class (strict: of all). */
static uint16_t *chain_of(struct content *c, const struct exchange *x, int cls)
{
	return &c->by.last[(x->n_dst < MANY ? x->n_dst : MANY) - 1][cls];
}

/* Decoys from earlier exchanges of as many target bursts. */
static uint32_t draw_alike(struct content *c, const struct exchange *x, int cls,
			   uint32_t *out)
{
	uint32_t i = *chain_of(c, x, cls), n = 0;

	while (i > 0 && c->n_answer - i < ANSWERS && n < DECOYS) {
		const struct answer *a = &c->answer[(i - 1) % ANSWERS];

		out[n++] = a->bytes;
		i = a->last;
	}
	return n;
}

static void put_burst(struct content *c, uint32_t bytes)
{
	c->before[c->n_burst++ % BURSTS] = c->burst_sum;
	c->burst_sum += bytes;
}

/* Decoys from blocks: what as many bursts in a row came to before, wherever
 * the exchanges began and ended. */
static uint32_t draw_blocks(const struct content *c, const struct exchange *x,
			    int cls, uint32_t *out)
{
	uint32_t have = c->n_burst < BURSTS ? c->n_burst : BURSTS, n = 0;
	uint32_t end = c->burst_sum;

	for (uint32_t at = x->n_dst; at <= have && n < DECOYS; at += x->n_dst) {
		uint32_t start = c->before[(c->n_burst - at) % BURSTS];

		if (c->strict || class_of(end - start) == cls)
			out[n++] = end - start;
		end = start;
	}
	return n;
}

/* Decoys for an exchange have as many target bursts: joint silences cut both
 * streams at once, so the numbers of bursts agree whatever the bursts are;
 * their sizes need not.  Never from both sources: the same bursts twice would
 * be no fair draw. */
static uint32_t draw(struct content *c, const struct exchange *x, int cls,
		     uint32_t *out)
{
	uint32_t n = x->n_dst < MANY ? draw_alike(c, x, cls, out) : 0;

	return n >= ALIKE_MIN ? n : draw_blocks(c, x, cls, out);
}

/* Is this one of the sizes that the target has all the time?  Counted among
 * its latest answers and this one (sizes of one bucket count together). */
static bool is_usual(const struct content *c, uint32_t size, uint32_t dst)
{
	uint32_t n = c->n_answer < LATEST ? c->n_answer : LATEST;
	uint32_t same = c->by.latest[bucket_of(size)] + (size == dst);

	return same >= 2 && same * 4 >= n + 1;
}

static void remember(struct content *c, const struct exchange *x, int cls)
{
	uint16_t *last = chain_of(c, x, cls);

	if (c->n_answer >= LATEST)
		c->by.latest[bucket_of(
			c->answer[(c->n_answer - LATEST) % ANSWERS].bytes)]--;
	c->by.latest[bucket_of(x->dst)]++;
	c->answer[c->n_answer++ % ANSWERS] = (struct answer){ x->dst, *last };
	*last = (uint16_t)c->n_answer; /* BETS_MAX at most */
}

/* Without a decoy that differs there is no bet, only something to learn. */
static bool exchange_bet(struct content *c, const struct exchange *x, int cls,
			 double *e, int *g0)
{
	uint32_t size[DECOYS], n = draw(c, x, cls, size), same;
	struct scores s;
	struct seen seen;
	int g[DECOYS];
	double f0, sum;

	if (!any_differs(size, n, x->dst))
		return false;
	s.known = 0;
	memset(&seen, 0, sizeof(seen));
	if (!c->strict)
		predict(c, x->src, cls);
	*g0 = grade(c, x->src, x->n_src, x->dst) +
	      GRADES * is_usual(c, x->dst, x->dst);
	sum = f0 = score(c, &s, *g0);
	for (uint32_t i = 0; i < n; i++) {
		same = first_like(&seen, size, i);
		g[i] = same < i ? g[same]
				: grade(c, x->src, x->n_src, size[i]) +
					  GRADES * is_usual(c, size[i], x->dst);
		sum += score(c, &s, g[i]);
	}
	*e = (n + 1) * f0 / sum;
	learn_grades(c, *g0, g, n);
	return true;
}

/* Beside the evidence, for the vetoes. */
static void count_sizes(const struct exchange *x, bool agrees,
			struct content_count *count)
{
	uint32_t most = x->src > x->dst ? x->src : x->dst;
	uint32_t apart = most - (x->src > x->dst ? x->dst : x->src);
	uint32_t n = x->n_src > x->n_dst ? x->n_src : x->n_dst;
	bool framed = apart <= (uint64_t)FRAMING * n;

	if (most < LARGE)
		return;
	count->large++;
	count->framed += framed;
	count->agree += agrees;
	count->agree_framed += agrees && framed;
}

static void exchange(struct content *c, const struct exchange *x,
		     const int64_t *check_us, struct track *t,
		     struct content_count *count)
{
	int cls = c->strict ? 0 : class_of(x->dst), g0;
	bool agrees = false;
	double e;

	if (exchange_bet(c, x, cls, &e, &g0)) {
		agrees = g0 % GRADES <= 2;
		track_add(t, check_us, x->settled_us, num_microbans(e));
		count->compared++;
		count->equal += agrees;
	}
	count_sizes(x, agrees, count);
	learn(c, x->src, x->n_src, x->dst);
	remember(c, x, cls);
}

/* Two streams in order of time. */
struct merge {
	const struct stream *s, *t;
	size_t i, i_end, j, j_end; /* what is left of s and of t */
};

/* Takes what comes until both are silent for quiet_us, and again until both
 * had something; false at the end.  A function of its own, for it sees every
 * burst and wants all registers. */
static __attribute__((noinline)) bool next_exchange(struct merge *m,
						    int64_t quiet_us,
						    struct exchange *x)
{
	const int64_t *su = m->s->us, *tu = m->t->us;
	const uint32_t *sb = m->s->bytes, *tb = m->t->bytes;
	const size_t i_end = m->i_end, j_end = m->j_end;
	size_t i = m->i, j = m->j, i_start = i, j_start = j;
	int64_t a = i < i_end ? su[i] : NEVER, last;
	int64_t b = j < j_end ? tu[j] : NEVER, next = a <= b ? a : b;
	uint32_t src = 0, dst = 0;

	while (next != NEVER) {
		last = next;
		if (a <= b) {
			src += sb[i++];
			a = i < i_end ? su[i] : NEVER;
		} else {
			dst += tb[j++];
			b = j < j_end ? tu[j] : NEVER;
		}
		next = a <= b ? a : b;
		if (next - last < quiet_us && (src | dst) <= LARGEST)
			continue;
		if (src > 0 && j > j_start) {
			*x = (struct exchange){ src, (uint32_t)(i - i_start),
						dst, (uint32_t)(j - j_start),
						last + quiet_us };
			m->i = i;
			m->j = j;
			return true;
		}
		src = dst = 0;
		i_start = i;
		j_start = j;
	}
	return false;
}

void content_test(const struct stream *s, const struct stream *t,
		  const struct content_rule *rule, const int64_t *check_us,
		  struct track *track, struct content_count *count)
{
	struct merge m = { .s = s, .t = t };
	struct exchange x;
	struct content c;
	unsigned done = 0;

	m.i = seek_us(s->us, s->n, 0, rule->from);
	m.j = seek_us(t->us, t->n, 0, rule->from);
	m.i_end = seek_us(s->us, s->n, s->n, rule->to + 1);
	m.j_end = seek_us(t->us, t->n, t->n, rule->to + 1);
	content_init(&c, rule->strict);
	c.predicts = !rule->strict;
	while (done < BETS_MAX && next_exchange(&m, rule->us, &x)) {
		if (x.dst > 0) {
			exchange(&c, &x, check_us, track, count);
			done++;
		}
		for (size_t k = m.j - x.n_dst; k < m.j; k++)
			put_burst(&c, t->bytes[k]);
	}
	track_end(track);
}

#define WINDOW_SIZES 15
#define WINDOW_LOOK  24 /* bursts of the other stream looked at */

/* What one size may have become, or have come from: bursts near it. */
struct nearby {
	const uint32_t *bytes;
	size_t n;
	bool runs; /* they are sources: runs of up to RUN_MAX count as one */
	/* the different sums of runs, by their length - 1 (of bursts: [0]) */
	uint32_t sum[RUN_MAX][WINDOW_LOOK], n_sum[RUN_MAX];
};

/* Sums what a bet will ask for with every size. */
static void sum_nearby(struct nearby *o)
{
	struct seen seen;

	for (uint32_t k = 0; k < RUN_MAX; k++) {
		o->n_sum[k] = 0;
		memset(&seen, 0, sizeof(seen));
		for (size_t i = 0; i + k < o->n && (k == 0 || o->runs); i++) {
			uint32_t *sum = o->sum[k], at = o->n_sum[k];

			sum[at] = o->bytes[i];
			for (uint32_t j = 1; j <= k; j++)
				sum[at] += o->bytes[i + j];
			o->n_sum[k] += first_like(&seen, sum, at) == at;
		}
	}
}

static bool has_equal(const struct nearby *o, uint32_t size)
{
	for (uint32_t k = 0; k < RUN_MAX; k++)
		for (uint32_t i = 0; i < o->n_sum[k]; i++)
			if (o->sum[k][i] == size)
				return true;
	return false;
}

/* The best grade a size finds among the other stream's bursts. */
static int best_grade(const struct content *c, uint32_t size,
		      const struct nearby *o)
{
	int best = GRADES - 1, g;

	if (has_equal(o, size))
		return 0;
	for (uint32_t k = 0; k < RUN_MAX && best > 1; k++)
		for (uint32_t i = 0; i < o->n_sum[k] && best > 1; i++) {
			g = o->runs ? grade(c, o->sum[k][i], k + 1, size)
				    : grade(c, size, 1, o->sum[k][i]);
			best = g < best ? g : best;
		}
	return best;
}

/* Remembers what is near in size; it may be the counterpart. */
static void learn_window(struct content *c, uint32_t size,
			 const struct nearby *o)
{
	for (size_t i = 0; i < o->n; i++) {
		uint32_t x = o->bytes[i];

		if (x / 2 > size || size / 2 > x)
			continue;
		if (o->runs)
			learn(c, x, 1, size);
		else
			learn(c, size, 1, x);
	}
}

/* Sizes of the anchor stream by class, the latest of each. */
struct sizes {
	uint32_t size[CLASSES][WINDOW_SIZES], n[CLASSES];
};

/* The bet on one size: does it find its like more than others do? */
static bool window_bet(struct content *c, struct sizes *z, uint32_t x,
		       struct nearby *o, double *e, int *g0)
{
	int cls = c->strict ? 0 : class_of(x), g[WINDOW_SIZES];
	uint32_t n = z->n[cls] < WINDOW_SIZES ? z->n[cls] : WINDOW_SIZES, same;
	const uint32_t *size = z->size[cls];
	struct scores s;
	struct seen seen;
	bool differ = o->n > 0 && any_differs(size, n, x);
	double f0, sum;

	if (differ) {
		s.known = 0;
		memset(&seen, 0, sizeof(seen));
		sum_nearby(o);
		*g0 = best_grade(c, x, o);
		sum = f0 = score(c, &s, *g0);
		for (uint32_t k = 0; k < n; k++) {
			same = first_like(&seen, size, k);
			g[k] = same < k	      ? g[same]
			       : size[k] == x ? *g0
					      : best_grade(c, size[k], o);
			sum += score(c, &s, g[k]);
		}
		*e = (n + 1) * f0 / sum;
		learn_grades(c, *g0, g, n);
	}
	learn_window(c, x, o);
	z->size[cls][z->n[cls]++ % WINDOW_SIZES] = x;
	return differ;
}

void content_window_test(const struct stream *s, const struct stream *t,
			 const struct content_rule *w, const int64_t *check_us,
			 struct track *track, struct content_count *count)
{
	const struct stream *a = w->runs ? t : s, *o = w->runs ? s : t;
	struct sizes z = { .n = { 0 } };
	struct content c;
	const uint32_t small = w->usual + w->usual / 2;
	unsigned done = 0;
	struct nearby near = { .n = 0 };
	size_t j = 0;

	content_init(&c, w->strict);
	c.centre = 1;
	c.overhead = NO_OVERHEAD;
	for (size_t i = seek_us(a->us, a->n, 0, w->from);
	     i < a->n && a->us[i] <= w->to && done < BETS_MAX; i++) {
		int64_t first, last;
		double e;
		int g0;

		if (a->bytes[i] <= small)
			continue;
		first = w->runs ? a->us[i] - w->us : a->us[i];
		last = first + w->us;
		j = seek_us(o->us, o->n, j, first);
		near.bytes = o->bytes + j;
		near.n = 0;
		near.runs = w->runs;
		while (near.n < WINDOW_LOOK && j + near.n < o->n &&
		       o->us[j + near.n] <= last)
			near.n++;
		if (!window_bet(&c, &z, a->bytes[i], &near, &e, &g0))
			continue;
		track_add(track, check_us, last, num_microbans(e));
		done++;
		count->compared++;
		count->equal += g0 <= 2;
	}
	track_end(track);
}
