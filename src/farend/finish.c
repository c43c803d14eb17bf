/* finish.c - what the tables say of each address: the report. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rd.h"
#include "farend/track.h"

#define KM_PER_MS 100 /* light in fibre, there and back */

static int by_value(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

#define FEW 16 /* sorted in place faster than by qsort() */

static int64_t median(int64_t *v, size_t n)
{
	if (n == 0)
		return -1;
	for (size_t i = 1; i < n && n <= FEW; i++) {
		int64_t x = v[i];
		size_t k = i;

		for (; k > 0 && v[k - 1] > x; k--)
			v[k] = v[k - 1];
		v[k] = x;
	}
	if (n > FEW)
		qsort(v, n, sizeof(*v), by_value);
	return v[(n - 1) / 2];
}

static int by_start(const void *a, const void *b)
{
	const struct fe_summary *x = *(const struct fe_summary *const *)a;
	const struct fe_summary *y = *(const struct fe_summary *const *)b;

	if (x->start_ns != y->start_ns)
		return x->start_ns < y->start_ns ? -1 : 1;
	return (x->id > y->id) - (x->id < y->id);
}

/* In order of time.  Mostly few, and the latest comes first. */
static void sort_by_start(const struct fe_summary **u, size_t n)
{
	if (n > FEW) {
		qsort(u, n, sizeof(const struct fe_summary *), by_start);
		return;
	}
	for (size_t i = 1; i < n; i++) {
		const struct fe_summary *x = u[i];
		size_t k = i;

		for (; k > 0 && by_start(&u[k - 1], &x) > 0; k--)
			u[k] = u[k - 1];
		u[k] = x;
	}
}

/* Jitter of the path: mean |data-ACK RTT - handshake RTT|, and 1 ms of it
 * taken as known when there are few. */
static void view_of(const struct farend *f, const struct fe_address *a,
		    struct fe_view *v)
{
	int64_t r0[FAREND_CONNS * 4], late[FAREND_CONNS * 4];
	size_t n0 = 0, nl = 0;
	int64_t dev = 0, n_dev = 0;

	v->f = f;
	v->a = a;
	v->n = 0;
	for (uint32_t i = a->head; i != FE_NONE; i = f->next[i])
		v->u[v->n++] = &f->pool[i];
	sort_by_start(v->u, v->n);
	for (size_t i = 0; i < v->n; i++) {
		const struct fe_summary *s = v->u[i];

		if (s->r0_us == 0)
			continue;
		r0[n0++] = (int64_t)s->r0_us * 1000;
		if (s->rdata_us != 0)
			late[nl++] = ((int64_t)s->rdata_us - s->r0_us) * 1000;
		dev += (int64_t)s->rdev_us * 1000;
		n_dev += s->n_rdev;
	}
	v->rtt_ns = median(r0, n0);
	v->ack_delta_ns = nl > 0 ? median(late, nl) : 0;
	v->jitter_ns = n_dev > 0 ? (dev + 300000) / (n_dev + 1) : -1;
	if (v->jitter_ns < 0 && n0 > 2) /* spread of the handshakes */
		v->jitter_ns = (r0[n0 * 3 / 4] - r0[n0 / 4]) / 2 + 100000;
}

static void words(struct farend_entry *e)
{
	double low = (double)e->leg.low_ns / 1e6;
	double high = (double)e->leg.high_ns / 1e6;

	if (e->question != FAREND_TERMINATING || e->reason == FAREND_NO_TURNS ||
	    e->reason == FAREND_TOO_FEW)
		return;
	snprintf(e->observed, sizeof(e->observed),
		 "%u turns of %u kinds, %u client programs, %u connections: "
		 "median gap %.1f ms at RTT %.1f ms, jitter %.1f ms",
		 e->turns, e->kinds, e->stacks, e->conns,
		 (double)e->gap_ns / 1e6, (double)e->rtt_ns / 1e6,
		 (double)e->jitter_ns / 1e6);
	if (e->answer == FAREND_YES)
		snprintf(e->inferred, sizeof(e->inferred),
			 "terminating relay%s%s, real client %.0f to %.0f ms "
			 "behind it (at most about %.0f km: an upper bound)%s",
			 e->kind[0] ? ", " : "", e->kind, low, high,
			 high * KM_PER_MS,
			 e->n_legs > 1 ? ", several clients" : "");
	else if (e->answer == FAREND_NO)
		snprintf(e->inferred, sizeof(e->inferred),
			 "no terminating relay with a far leg above %.1f ms "
			 "(about %.0f km); %s",
			 (double)e->resolution_ns / 1e6,
			 (double)e->resolution_ns / 1e6 * KM_PER_MS,
			 "a login hop or a relay of TLS or HTTP cannot be "
			 "excluded from here");
	else
		snprintf(e->inferred, sizeof(e->inferred), "undetermined: %s",
			 farend_reason_name(e->reason));
}

static int64_t median_gap(const struct fe_view *v)
{
	int64_t g[FAREND_CONNS * 4 * FE_TURNS];
	size_t n = 0;

	for (size_t i = 0; i < v->n; i++)
		for (int t = 0; t < v->u[i]->n_turns; t++)
			g[n++] = (int64_t)fe_turn_us(v->u[i]->turns[t]) * 1000;
	return median(g, n);
}

/* The TLS clients of the address, in order of time, each once. */
static void name_clients(const struct fe_view *v, struct farend_entry *e)
{
	for (size_t i = 0; i < v->n && e->n_ja4 < FAREND_JA4; i++) {
		const char *name = fe_hello_name(v->f->hellos, v->u[i]->ja4);
		int k = 0;

		if (name == NULL)
			continue;
		while (k < e->n_ja4 && strcmp(e->ja4[k], name) != 0)
			k++;
		if (k == e->n_ja4)
			snprintf(e->ja4[e->n_ja4++], sizeof(e->ja4[0]), "%s",
				 name);
	}
}

/* Only what is read whatever the answer is. */
static void clear(struct farend_entry *e)
{
	memset(e, 0, offsetof(struct farend_entry, legs));
	for (int i = 0; i < FAREND_JA4; i++)
		e->ja4[i][0] = '\0';
	e->kind[0] = e->observed[0] = e->inferred[0] = '\0';
}

static void judge(struct fe_view *v, struct farend_entry *e)
{
	static void (*const ask[FAREND_QUESTIONS])(const struct fe_view *,
						   struct farend_entry *) = {
		fe_judge_terminating,
		fe_judge_tunnel,
		fe_judge_shared,
	};
	int64_t gap_ns = median_gap(v);

	for (int q = 0; q < FAREND_QUESTIONS; q++) {
		struct farend_entry *x = &e[q];

		clear(x);
		x->address = v->a->address;
		x->question = (enum farend_question)q;
		x->answer = FAREND_UNDETERMINED;
		x->leg = (struct farend_leg){ -1, -1, -1, 0 };
		x->resolution_ns = -1;
		x->jitter_ns = v->jitter_ns;
		x->rtt_ns = v->rtt_ns;
		x->ack_delta_ns = v->ack_delta_ns;
		x->gap_ns = gap_ns;
		x->excluded_crossing = v->a->crossing;
		x->excluded_loss = v->a->loss;
		ask[q](v, x);
		if (v->brief)
			continue;
		if (q == FAREND_TERMINATING)
			name_clients(v, x);
		/* no answer is never without a reason */
		if (x->answer == FAREND_UNDETERMINED && x->reason == FAREND_OK)
			x->reason = FAREND_BELOW;
		if (v->words)
			words(x);
	}
}

/* No answer, and for no better reason than that there was little to see. */
static bool is_mute(const struct farend_entry *e)
{
	if (e->answer != FAREND_UNDETERMINED || e->n_ja4 > 0)
		return false;
	return e->reason == FAREND_TOO_FEW || e->reason == FAREND_NO_TURNS ||
	       e->reason == FAREND_ONE_SIDED ||
	       (e->reason == FAREND_BELOW &&
		e->question != FAREND_TERMINATING &&
		e->log10_lr < MICROBANS_PER_BAN &&
		e->log10_lr > -MICROBANS_PER_BAN);
}

/* An address with one connection keeps only what was answered. */
static size_t keep(const struct fe_view *v, struct farend_entry *e,
		   struct farend_report *r)
{
	size_t n = 0;

	r->judged += e[FAREND_TERMINATING].turns > 0 &&
		     (v->n > 1 ||
		      e[FAREND_TERMINATING].answer != FAREND_UNDETERMINED);
	for (int q = 0; q < FAREND_QUESTIONS; q++) {
		if (v->n <= 1 && e[q].answer == FAREND_UNDETERMINED)
			continue;
		if (!v->f->cfg.all && is_mute(&e[q])) {
			r->mute++;
			continue;
		}
		if (n != (size_t)q)
			e[n] = e[q];
		n++;
	}
	return n;
}

static int by_address(const void *a, const void *b)
{
	const struct fe_address *x = *(const struct fe_address *const *)a;
	const struct fe_address *y = *(const struct fe_address *const *)b;

	/* as addr_cmp(), without a call: this is most of the sorting */
	for (int i = 0; i < 16; i += 8) {
		uint64_t p = get_be64(x->address.b + i);
		uint64_t q = get_be64(y->address.b + i);

		if (p != q)
			return p < q ? -1 : 1;
	}
	return 0;
}

static void thresholds(const struct farend *f, struct farend_report *r)
{
	microbans t;

	r->expected_false = 0.001 * (double)r->judged;
	t = num_microbans((double)(r->judged ? r->judged : 1) / f->cfg.alpha);
	for (size_t i = 0; i < r->n_entries; i++) {
		struct farend_entry *e = &r->entries[i];

		e->log10_threshold = t;
		e->sufficient = e->answer == FAREND_YES && e->log10_e >= t;
	}
}

#define DESCRIBE_ALL 10000 /* addresses up to which each is listed */

static bool is_asked(const struct farend_asked *asked,
		     const struct fe_address *a)
{
	return asked == NULL || asked->is(asked->arg, &a->address);
}

/* Nothing is said of this address: it is counted. */
static bool is_silent(struct fe_view *v, const struct fe_address *a,
		      struct farend_report *out)
{
	struct farend_entry e[FAREND_QUESTIONS];

	view_of(v->f, a, v);
	v->words = false;
	v->brief = true;
	judge(v, e);
	for (int q = 0; q < FAREND_QUESTIONS; q++)
		if (e[q].answer != FAREND_UNDETERMINED)
			return false;
	out->judged += v->n > 1 && e[FAREND_TERMINATING].turns > 0;
	out->not_listed++;
	return true;
}

#define AHEAD 8 /* addresses whose latest summary is prefetched */

static void prefetch_summary(const struct farend *f, uint32_t at)
{
	if (at == FE_NONE)
		return;
	__builtin_prefetch(&f->next[at]);
	__builtin_prefetch(&f->pool[at]);
	__builtin_prefetch((const char *)(&f->pool[at] + 1) - 1);
}

/* The addresses to be listed, in order; where they abound, one connection
 * says too little. */
static size_t pick_listed(const struct farend *f,
			  const struct farend_asked *asked, struct fe_view *v,
			  const struct fe_address **order,
			  struct farend_report *out)
{
	bool abound = f->n_addresses > DESCRIBE_ALL && !f->cfg.all;
	size_t n = 0;

	v->f = f;
	for (uint32_t i = 0; i < f->n_addresses; i++) {
		const struct fe_address *a = &f->addresses[i];

		if (i + AHEAD < f->n_addresses)
			prefetch_summary(f, f->addresses[i + AHEAD].head);
		if (abound && (a->conns < 2 ||
			       (!is_asked(asked, a) && is_silent(v, a, out))))
			continue;
		order[n++] = a;
	}
	qsort(order, n, sizeof(struct fe_address *), by_address);
	return n;
}

static void list(struct fe_view *v, const struct fe_address *a,
		 const struct farend_asked *asked, struct farend_report *out)
{
	view_of(v->f, a, v);
	v->words = is_asked(asked, a);
	v->brief = false;
	if (v->words)
		fe_describe(v, &out->addresses[out->n_addresses++]);
	if (v->n == 0)
		return;
	judge(v, &out->entries[out->n_entries]);
	out->n_entries += keep(v, &out->entries[out->n_entries], out);
}

bool farend_finish_for(struct farend *f, const struct farend_asked *asked,
		       struct farend_report *out, struct err *e)
{
	size_t n = f->n_addresses;
	const struct fe_address **order =
		calloc(n ? n : 1, sizeof(struct fe_address *));
	struct fe_view *v = malloc(sizeof(*v));
	bool ok = false;

	memset(out, 0, sizeof(*out));
	if (order != NULL && v != NULL)
		n = pick_listed(f, asked, v, order, out);
	out->entries =
		calloc(n ? n * FAREND_QUESTIONS : 1, sizeof(*out->entries));
	out->addresses = calloc(n ? n : 1, sizeof(*out->addresses));
	if (order == NULL || v == NULL || out->entries == NULL ||
	    out->addresses == NULL) {
		err_set(e, ERR_MEMORY, "no memory for the far-end report");
		farend_report_free(out);
		goto out;
	}
	for (size_t i = 0; i < n; i++)
		list(v, order[i], asked, out);
	thresholds(f, out);
	snprintf(out->calibration, sizeof(out->calibration), "%s",
		 f->calib->name);
	out->stats = f->stats;
	ok = true;
out:
	free(order);
	free(v);
	return ok;
}

bool farend_finish(struct farend *f, struct farend_report *out, struct err *e)
{
	return farend_finish_for(f, NULL, out, e);
}

void farend_report_free(struct farend_report *r)
{
	free(r->entries);
	free(r->addresses);
	memset(r, 0, sizeof(*r));
}
