/* lpm.c - see lpm.h. */
#include "context/lpm.h"

#include <stdlib.h>
#include <string.h>

#define TOP4 20 /* bits that the first step of an IPv4 look-up takes */
#define TOP6 16 /* after the first three, which are the same everywhere */

struct u128 {
	uint64_t hi, lo;
};

/* Intervals: net[i] holds the addresses from start[i] to start[i+1] - 1. */
struct half {
	uint32_t n;
	uint32_t *net;
	uint32_t *start4;
	struct u128 *start6;
	uint32_t *top; /* first interval at or below a value of the top bits */
};

struct lpm {
	struct half v4, v6;
	uint32_t *parent;
};

struct item {
	struct u128 from, to; /* to: last address */
	uint32_t net;
	uint8_t len;
};

static int cmp128(struct u128 a, struct u128 b)
{
	if (a.hi != b.hi)
		return a.hi < b.hi ? -1 : 1;
	return (a.lo > b.lo) - (a.lo < b.lo);
}

static int by_start(const void *pa, const void *pb)
{
	const struct item *a = pa, *b = pb;
	int c = cmp128(a->from, b->from);

	if (c)
		return c;
	if (a->len != b->len)
		return a->len < b->len ? -1 : 1;
	return (a->net > b->net) - (a->net < b->net);
}

static struct u128 plus_one(struct u128 v)
{
	v.lo++;
	v.hi += v.lo == 0;
	return v;
}

static struct item make_item(const struct prefix *p, uint32_t net)
{
	struct item it = { .net = net, .len = p->len };
	unsigned bits = p->len;

	if (p->fam == 4) {
		it.from.lo = get_be32(p->b);
		it.to.lo = it.from.lo | (UINT64_C(0xffffffff) >> bits);
		return it;
	}
	it.from.hi = get_be64(p->b);
	it.from.lo = get_be64(p->b + 8);
	it.to.hi = it.from.hi | (bits >= 64 ? 0 : ~UINT64_C(0) >> bits);
	it.to.lo = bits >= 128	? it.from.lo
		   : bits >= 64 ? it.from.lo | ~UINT64_C(0) >> (bits - 64)
				: ~UINT64_C(0);
	return it;
}

/* One boundary; a second one at the same address replaces the first. */
static void boundary(struct half *h, bool v6, struct u128 at, uint32_t net)
{
	uint32_t i = h->n;

	if (i > 0) {
		struct u128 last = v6 ? h->start6[i - 1]
				      : (struct u128){ 0, h->start4[i - 1] };

		if (cmp128(last, at) == 0)
			i--;
	}
	h->net[i] = net;
	if (v6)
		h->start6[i] = at;
	else
		h->start4[i] = (uint32_t)at.lo;
	h->n = i + 1;
}

/* Items in order become intervals; a stack holds the networks around. */
static void sweep(struct lpm *l, struct half *h, const struct item *it,
		  uint32_t n, bool v6)
{
	struct {
		uint32_t net;
		struct u128 to;
	} stack[130];
	struct u128 max = { v6 ? ~UINT64_C(0) : 0,
			    v6 ? ~UINT64_C(0) : 0xffffffff };
	int depth = 0;

	boundary(h, v6, (struct u128){ 0, 0 }, LPM_NONE);
	for (uint32_t i = 0; i <= n; i++) {
		while (depth > 0 && (i == n || cmp128(stack[depth - 1].to,
						      it[i].from) < 0)) {
			struct u128 to = stack[--depth].to;

			if (cmp128(to, max) == 0)
				continue;
			boundary(h, v6, plus_one(to),
				 depth ? stack[depth - 1].net : LPM_NONE);
		}
		if (i == n)
			break;
		/* the same network again: the first stands for it */
		if (depth > 0 && it[i].len == it[i - 1].len &&
		    cmp128(it[i].from, it[i - 1].from) == 0)
			continue;
		l->parent[it[i].net] = depth ? stack[depth - 1].net : LPM_NONE;
		boundary(h, v6, it[i].from, it[i].net);
		/* different ones nest no deeper than their lengths do */
		stack[depth].net = it[i].net;
		stack[depth++].to = it[i].to;
	}
}

static uint32_t top6(struct u128 a)
{
	return (uint32_t)(a.hi << 3 >> (64 - TOP6)) +
	       (uint32_t)((a.hi >> 61) << TOP6);
}

static void index_top(struct half *h, bool v6)
{
	uint32_t size = v6 ? 8u << TOP6 : 1u << TOP4, v, i = 0;

	for (v = 0; v < size; v++) {
		while (i + 1 < h->n &&
		       (v6 ? top6(h->start6[i + 1])
			   : h->start4[i + 1] >> (32 - TOP4)) < v)
			i++;
		h->top[v] = i;
	}
	h->top[size] = h->n ? h->n - 1 : 0;
}

static bool half_build(struct lpm *l, struct half *h, struct item *it,
		       uint32_t n, bool v6)
{
	uint64_t max = 2 * (uint64_t)n + 2;

	qsort(it, n, sizeof(*it), by_start);
	h->n = 0;
	h->net = malloc(max * sizeof(*h->net));
	if (v6)
		h->start6 = malloc(max * sizeof(*h->start6));
	else
		h->start4 = malloc(max * sizeof(*h->start4));
	h->top = malloc(((v6 ? 8u << TOP6 : 1u << TOP4) + 1) * sizeof(*h->top));
	if (!h->net || !(v6 ? (void *)h->start6 : (void *)h->start4) || !h->top)
		return false;
	sweep(l, h, it, n, v6);
	index_top(h, v6);
	return true;
}

struct lpm *lpm_new(const struct prefix *first, size_t stride, uint32_t n,
		    const uint8_t *skip, struct err *e)
{
	struct lpm *l = calloc(1, sizeof(*l));
	struct item *it = malloc((n ? n : 1) * sizeof(*it));
	uint32_t n4 = 0, n6 = 0;
	bool ok = false;

	if (!l || !it)
		goto out;
	l->parent = malloc((n ? n : 1) * sizeof(*l->parent));
	if (!l->parent)
		goto out;
	memset(l->parent, 0xff, n * sizeof(*l->parent));
	for (uint32_t i = 0; i < n; i++) {
		const struct prefix *p =
			(const void *)((const char *)first + i * stride);

		if (skip && skip[i])
			continue;
		if (p->fam == 4)
			it[n4++] = make_item(p, i);
		else
			it[n - ++n6] = make_item(p, i);
	}
	ok = half_build(l, &l->v4, it, n4, false) &&
	     half_build(l, &l->v6, it + (n - n6), n6, true);
out:
	free(it);
	if (!ok) {
		lpm_free(l);
		err_set(e, ERR_MEMORY, "out of memory");
		return NULL;
	}
	return l;
}

void lpm_free(struct lpm *l)
{
	if (!l)
		return;
	free(l->v4.net);
	free(l->v4.start4);
	free(l->v4.top);
	free(l->v6.net);
	free(l->v6.start6);
	free(l->v6.top);
	free(l->parent);
	free(l);
}

uint32_t lpm_find(const struct lpm *l, const struct addr *a)
{
	uint32_t lo, hi, v;

	if (addr_is_v4(a)) {
		uint32_t key = get_be32(a->b + 12);

		v = key >> (32 - TOP4);
		lo = l->v4.top[v];
		hi = l->v4.top[v + 1] + 1;
		if (hi >= l->v4.n)
			hi = l->v4.n - 1;
		while (lo < hi) {
			uint32_t mid = lo + (hi - lo + 1) / 2;

			if (l->v4.start4[mid] <= key)
				lo = mid;
			else
				hi = mid - 1;
		}
		return l->v4.net[lo];
	}
	{
		struct u128 key = { get_be64(a->b), get_be64(a->b + 8) };

		v = top6(key);
		lo = l->v6.top[v];
		hi = l->v6.top[v + 1] + 1;
		if (hi >= l->v6.n)
			hi = l->v6.n - 1;
		while (lo < hi) {
			uint32_t mid = lo + (hi - lo + 1) / 2;

			if (cmp128(l->v6.start6[mid], key) <= 0)
				lo = mid;
			else
				hi = mid - 1;
		}
		return l->v6.net[lo];
	}
}

uint32_t lpm_parent(const struct lpm *l, uint32_t net)
{
	return l->parent[net];
}
