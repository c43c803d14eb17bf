/* far.c - see far.h. */
#include "evidence/far.h"

#include <stdlib.h>
#include <string.h>

/* The case's addresses in order of address, for look-ups. */
struct index {
	struct case_address **by;
	size_t n;
};

static int by_address(const void *x, const void *y)
{
	const struct case_address *const *a = x, *const *b = y;

	return addr_cmp(&(*a)->address, &(*b)->address);
}

static bool index_make(struct index *x, struct case_record *c)
{
	x->by = calloc(c->n_addresses + 1, sizeof(struct case_address *));
	x->n = c->n_addresses;
	if (x->by == NULL)
		return false;
	for (size_t i = 0; i < x->n; i++)
		x->by[i] = &c->addresses[i];
	qsort(x->by, x->n, sizeof(struct case_address *), by_address);
	return true;
}

static struct case_address *find_address(const struct index *x,
					 const struct addr *a)
{
	size_t lo = 0, hi = x->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (addr_cmp(&x->by[mid]->address, a) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < x->n && addr_eq(&x->by[lo]->address, a) ? x->by[lo] : NULL;
}

static bool add_finding(struct case_address *a, const struct case_finding *f)
{
	struct case_finding *p =
		realloc(a->findings, (a->n_findings + 1) * sizeof(*p));

	if (p == NULL)
		return false;
	a->findings = p;
	p[a->n_findings++] = *f;
	return true;
}

static void copy_text(char *to, size_t room, const char *from)
{
	size_t n = strlen(from);

	n = n < room ? n : room - 1;
	memcpy(to, from, n);
	to[n] = '\0';
}

_Static_assert(sizeof(((struct case_far_end *)0)->ja4) ==
		       sizeof(((struct farend_entry *)0)->ja4),
	       "copied as a whole");

static bool fill_entry(struct case_far_end *o, const struct farend_entry *n)
{
	memset(o, 0, sizeof(*o));
	o->address = n->address;
	o->question = (enum far_question)n->question;
	o->answer = (enum far_answer)n->answer;
	copy_text(o->reason, sizeof(o->reason),
		  n->reason == FAREND_OK ? "" : farend_reason_name(n->reason));
	o->sufficient = n->sufficient;
	o->log10_e = n->log10_e;
	o->log10_lr = n->log10_lr;
	o->leg_low_ms = n->leg.high_ns < 0 ? -1 : (double)n->leg.low_ns / 1e6;
	o->leg_high_ms = n->leg.high_ns < 0 ? -1 : (double)n->leg.high_ns / 1e6;
	o->resolution_ms = (double)n->resolution_ns / 1e6;
	o->n_ja4 = n->n_ja4;
	memcpy(o->ja4, n->ja4, sizeof(o->ja4));
	o->connections = calloc((size_t)n->n_conn_ids + 1, sizeof(uint32_t));
	if (o->connections == NULL)
		return false;
	o->n_connections = n->n_conn_ids;
	memcpy(o->connections, n->conn_ids, n->n_conn_ids * sizeof(uint32_t));
	return true;
}

static void say_entry(const struct farend_entry *n, struct case_finding *f)
{
	memset(f, 0, sizeof(*f));
	copy_text(f->proposition, sizeof(f->proposition),
		  farend_question_name(n->question));
	copy_text(f->observed, sizeof(f->observed), n->observed);
	copy_text(f->inferred, sizeof(f->inferred), n->inferred);
	f->log10_e = n->log10_e;
	f->log10_lr = n->log10_lr;
	for (int i = 0; i < 4 && i < n->n_conn_ids; i++)
		f->conns[i] = n->conn_ids[i];
}

static bool has_relay(const struct case_record *c, const struct addr *a)
{
	for (size_t i = 0; i < c->n_relays && c->relays[i].sufficient; i++)
		if (addr_eq(&c->relays[i].host, a))
			return true;
	return false;
}

/* What an entry may do to the verdict of its address; that of question A
 * comes first.  Behind a tunnel or an address that several hosts share the
 * origin is another one, even where nobody ends TCP: never `source`. */
static void let_speak(const struct case_record *c, struct case_address *a,
		      const struct farend_entry *n)
{
	if (n->question != FAREND_TERMINATING) {
		if (n->answer == FAREND_YES && a->verdict == VERDICT_SOURCE) {
			a->verdict = VERDICT_UNDETERMINED;
			a->reason = REASON_CONFLICT;
		}
		return;
	}
	if (a->quality == 'C')
		return;
	if (n->answer == FAREND_YES && n->sufficient) {
		a->verdict = VERDICT_SPRINGBOARD;
		a->reason = REASON_NONE;
	} else if (n->answer == FAREND_NO && n->allows_source &&
		   a->verdict == VERDICT_UNDETERMINED && !a->may_be_fed &&
		   !has_relay(c, &a->address)) {
		a->verdict = VERDICT_SOURCE;
		a->reason = REASON_NONE;
	} else if (n->reason == FAREND_CONFLICT &&
		   a->verdict == VERDICT_UNDETERMINED) {
		a->reason = REASON_CONFLICT;
	}
}

static bool apply_entry(struct case_record *c, const struct index *x,
			const struct farend_entry *n)
{
	struct case_address *a = find_address(x, &n->address);
	struct case_finding f;

	if (!fill_entry(&c->far_ends[c->n_far_ends], n))
		return false;
	c->n_far_ends++;
	if (a == NULL || n->observed[0] == '\0')
		return true;
	say_entry(n, &f);
	if (!add_finding(a, &f))
		return false;
	let_speak(c, a, n);
	return true;
}

static bool apply_address(const struct index *x, const struct farend_address *n)
{
	struct case_address *a = find_address(x, &n->address);
	struct case_finding f;

	for (int i = 0; a != NULL && i < n->n_findings; i++) {
		const struct farend_finding *s = &n->findings[i];

		f = (struct case_finding){ .log10_lr = s->log10_lr };
		copy_text(f.proposition, sizeof(f.proposition), s->proposition);
		copy_text(f.observed, sizeof(f.observed), s->observed);
		copy_text(f.inferred, sizeof(f.inferred), s->inferred);
		memcpy(f.conns, s->conns, sizeof(f.conns));
		if (!add_finding(a, &f))
			return false;
	}
	return true;
}

/* What the far end lost, beside the other counters. */
static bool add_losses(struct case_record *c, const struct farend_stats *s)
{
	const struct case_counter more[] = {
		{ "far_end_addresses_refused", s->address_overflow },
		{ "far_end_connections_dropped", s->summary_dropped },
		{ "far_end_prefixes_refused", s->prefix_overflow },
		{ "client_hellos_cut", s->hello_cut },
	};
	const size_t n = sizeof(more) / sizeof(more[0]);
	struct case_counter *p =
		reallocarray(c->losses, c->n_losses + n, sizeof(*p));

	if (p == NULL)
		return false;
	memcpy(p + c->n_losses, more, sizeof(more));
	c->losses = p;
	c->n_losses += n;
	return true;
}

/* Addresses of which nothing is said: one counter, where there are any. */
static bool count_silent(struct case_record *c, uint64_t n)
{
	struct case_counter *p;

	if (n == 0)
		return true;
	p = realloc(c->losses, (c->n_losses + 1) * sizeof(*p));
	if (p == NULL)
		return false;
	c->losses = p;
	p[c->n_losses++] =
		(struct case_counter){ "far_end_addresses_not_listed", n };
	return true;
}

static bool apply(struct case_record *c, const struct index *x,
		  const struct farend_report *r)
{
	c->far_ends = calloc(r->n_entries + 1, sizeof(*c->far_ends));
	if (c->far_ends == NULL || !add_losses(c, &r->stats) ||
	    !count_silent(c, r->not_listed))
		return false;
	for (size_t i = 0; i < r->n_entries; i++)
		if (!apply_entry(c, x, &r->entries[i]))
			return false;
	for (size_t i = 0; i < r->n_addresses; i++)
		if (!apply_address(x, &r->addresses[i]))
			return false;
	c->far_end_mute = r->mute;
	copy_text(c->calibration, sizeof(c->calibration), r->calibration);
	return true;
}

static bool is_in_case(void *arg, const struct addr *a)
{
	return find_address(arg, a) != NULL;
}

bool far_apply(struct case_record *c, struct farend *f, struct err *e)
{
	struct index x = { NULL, 0 };
	struct farend_report r;
	bool ok;

	if (!index_make(&x, c))
		return err_set(e, ERR_MEMORY, "no memory for the report");
	if (!farend_finish_for(f, &(struct farend_asked){ is_in_case, &x }, &r,
			       e)) {
		free(x.by);
		return false;
	}
	ok = apply(c, &x, &r);
	farend_report_free(&r);
	free(x.by);
	if (!ok)
		return err_set(e, ERR_MEMORY, "no memory for the report");
	case_sort_addresses(c);
	return true;
}
