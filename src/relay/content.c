/*
 * content.c - service dependency: is content conserved, or only prompted?
 *
 * Both streams are cut where both are silent for quiet_us.  An exchange has
 * the bytes of the source and those of the target.  How well they agree
 * (equal; the pair's own recurrent difference; a ratio near the pair's own)
 * gives a grade; the target's size is compared with decoys: sizes of the
 * target's own earlier exchanges of the same class (factor 4).
 *     e = (n + 1) f(grade_0) / (f(grade_0) + ... + f(grade_n))
 * Null: given its class, the target's size is exchangeable with its earlier
 * ones, whatever the source sent.  A dependency whose answers follow the size
 * of its questions passes the class, not the grade.
 * Wrong when: a service copies what it is asked (a cache, a broker).
 */
#include "relay/track.h"

#include <string.h>

#define CLASSES   8      /* factor 4 each, from 16 bytes on */
#define DECOYS    15
#define DIFFS     24     /* latest differences remembered */
#define RATIOS    9      /* latest ratios per class */
#define GRADES    6
#define NO_CREDIT 5      /* this grade and worse: no agreement */
#define BETS_MAX  2048

struct content {
	double hits[GRADES], decoys[GRADES], hit_sum, decoy_sum;
	uint32_t size[CLASSES][DECOYS];
	uint32_t n_size[CLASSES];
	int64_t diff[DIFFS];
	uint32_t n_diff;
	double ratio[CLASSES][RATIOS];
	uint32_t n_ratio[CLASSES];
	double centre; /* of the ratios of the class in question */
};

static int class_of(uint32_t bytes)
{
	int c = bytes < 16 ? 0 : (31 - __builtin_clz(bytes) - 2) / 2;

	return c < CLASSES ? c : CLASSES - 1;
}

static void content_init(struct content *c)
{
	static const double hits[GRADES] = { 2, 1, 1, 0.5, 0.25, 0.25 };
	static const double decoys[GRADES] = { 0.1, 0.1, 0.1, 0.2, 0.5, 4 };

	memset(c, 0, sizeof(*c));
	for (int i = 0; i < GRADES; i++) {
		c->hits[i] = hits[i];
		c->decoys[i] = decoys[i];
		c->hit_sum += hits[i];
		c->decoy_sum += decoys[i];
	}
}

/* Median ratio target/source of the latest exchanges of a class. */
static double centre_of(const struct content *c, int cls)
{
	uint32_t n = c->n_ratio[cls] < RATIOS ? c->n_ratio[cls] : RATIOS;
	double v[RATIOS];

	if (n == 0)
		return 1;
	memcpy(v, c->ratio[cls], sizeof(v));
	for (uint32_t i = 1; i < n; i++) {
		double x = v[i];
		uint32_t j = i;

		for (; j > 0 && v[j - 1] > x; j--)
			v[j] = v[j - 1];
		v[j] = x;
	}
	return v[n / 2];
}

static int grade(const struct content *c, uint32_t src, uint32_t dst)
{
	int64_t d = (int64_t)dst - src;
	uint32_t n = c->n_diff < DIFFS ? c->n_diff : DIFFS, seen = 0;
	double off;

	if (d == 0)
		return 0;
	for (uint32_t i = 0; i < n; i++)
		seen += c->diff[i] == d;
	if (seen >= 2)
		return 1;
	off = (double)dst / ((double)src * c->centre);
	off = off < 1 ? 1 / off - 1 : off - 1;
	return off < 0.005 ? 2 : off < 0.02 ? 3 : off < 0.06 ? 4 : 5;
}

static double score(const struct content *c, int g)
{
	double f = (c->hits[g] * c->decoy_sum) / (c->decoys[g] * c->hit_sum);

	return f < 1e-2 ? 1e-2 : f > 1e3 ? 1e3 : f;
}

static void learn(struct content *c, uint32_t src, uint32_t dst, int cls)
{
	c->diff[c->n_diff++ % DIFFS] = (int64_t)dst - src;
	c->ratio[cls][c->n_ratio[cls]++ % RATIOS] = (double)dst / src;
	c->size[cls][c->n_size[cls]++ % DECOYS] = dst;
}

/* One exchange: src bytes went in, dst bytes came out, settled at us. */
static void exchange(struct content *c, uint32_t src, uint32_t dst, int64_t us,
		     const int64_t *check_us, struct track *t,
		     struct content_count *count)
{
	int cls = class_of(dst), g0, g[DECOYS];
	uint32_t n = c->n_size[cls] < DECOYS ? c->n_size[cls] : DECOYS;
	double f0, sum;
	bool differ = false;

	c->centre = centre_of(c, cls);
	g0 = grade(c, src, dst);
	sum = f0 = score(c, g0);
	for (uint32_t i = 0; i < n; i++) {
		g[i] = grade(c, src, c->size[cls][i]);
		sum += score(c, g[i]);
		differ = differ || c->size[cls][i] != dst;
	}
	if (differ) {
		track_add(t, check_us, us,
			  num_microbans((n + 1) * f0 / sum));
		count->compared++;
		count->equal += g0 <= 2;
		c->hits[g0] += 1;
		c->hit_sum += 1;
		for (uint32_t i = 0; i < n; i++)
			c->decoys[g[i]] += 1.0 / n;
		c->decoy_sum += 1;
	}
	learn(c, src, dst, cls);
}

void content_test(const struct stream *s, const struct stream *t,
		  int64_t quiet_us, int64_t from, int64_t to,
		  const int64_t *check_us, struct track *track,
		  struct content_count *count)
{
	size_t i = seek_us(s->us, s->n, 0, from);
	size_t j = seek_us(t->us, t->n, 0, from);
	uint64_t src = 0, dst = 0;
	int64_t last = INT64_MIN / 2, next;
	struct content c;
	unsigned done = 0;

	content_init(&c);
	while (done < BETS_MAX) {
		bool more_s = i < s->n && s->us[i] <= to;
		bool more_t = j < t->n && t->us[j] <= to;
		bool take_s = more_s && (!more_t || s->us[i] <= t->us[j]);

		next = take_s ? s->us[i] : more_t ? t->us[j] : INT64_MAX / 2;
		if (next - last >= quiet_us) {
			if (src > 0 && dst > 0 && src < UINT32_MAX / 2 &&
			    dst < UINT32_MAX / 2) {
				exchange(&c, (uint32_t)src, (uint32_t)dst,
					 last + quiet_us, check_us, track,
					 count);
				done++;
			}
			src = dst = 0;
		}
		if (!more_s && !more_t)
			break;
		last = next;
		if (take_s)
			src += s->bytes[i++];
		else
			dst += t->bytes[j++];
	}
	track_end(track);
}
