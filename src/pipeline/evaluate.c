/*
 * evaluate.c - see evaluate.h.
 *
 * A connection of a case is a true one when ports, addresses and protocol
 * agree in either direction and their times overlap (the longest overlap
 * wins; the capture's clock offset is taken off).  A reported pair is found
 * when its two connections are those of a true relay, in either order (the
 * order is counted apart), and false when they are not.
 * Null pairs are the eligible ones that are no true relay; those of them
 * that the case does not keep have less evidence than those it keeps.
 */
#include "pipeline/evaluate.h"

#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "decode/segment.h"
#include "pipeline/truth.h"

#define PATH_BYTES 4096
#define NO_CONN	   SIZE_MAX
#define TIME_SLACK                                                             \
	INT64_C(1000000000) /* truth times are those of another                \
			     * observer */

struct work {
	const struct evaluate_options *o;
	struct evaluation *v;
	struct truth *t;
	size_t capture; /* index in t->captures */
	const struct case_record *c;
	size_t *true_of; /* per connection of c: index in t->conns */
	struct err *e;
};

static bool same_ends(const struct case_conn *c, const struct truth_conn *t)
{
	uint8_t proto = c->proto == PROTO_ICMP6 ? PROTO_ICMP : c->proto;

	if (proto != t->proto)
		return false;
	return (c->sport == t->sport && c->dport == t->dport &&
		addr_eq(&c->src, &t->src) && addr_eq(&c->dst, &t->dst)) ||
	       (c->sport == t->dport && c->dport == t->sport &&
		addr_eq(&c->src, &t->dst) && addr_eq(&c->dst, &t->src));
}

static size_t match(const struct work *w, const struct case_conn *c)
{
	int64_t shift = w->t->captures[w->capture].clock_offset_ns;
	int64_t best = -TIME_SLACK;
	size_t found = NO_CONN;

	for (size_t i = 0; i < w->t->n_conns; i++) {
		const struct truth_conn *t = &w->t->conns[i];
		int64_t first = c->first.ns - shift, last = c->last.ns - shift;
		int64_t overlap;

		if (!same_ends(c, t))
			continue;
		overlap = (last < t->end_ns ? last : t->end_ns) -
			  (first > t->start_ns ? first : t->start_ns);
		if (overlap > best || found == NO_CONN) {
			if (overlap < -TIME_SLACK)
				continue;
			best = overlap;
			found = i;
		}
	}
	return found;
}

static bool match_all(struct work *w)
{
	w->true_of = calloc(w->c->n_conns + 1, sizeof(*w->true_of));
	if (w->true_of == NULL)
		return err_set(w->e, ERR_MEMORY, "no memory");
	for (size_t i = 0; i < w->c->n_conns; i++) {
		w->true_of[i] = match(w, &w->c->conns[i]);
		w->v->connections++;
		w->v->unmatched += w->true_of[i] == NO_CONN;
	}
	return true;
}

static size_t true_conn(const struct work *w, uint32_t id)
{
	const struct case_conn *c = case_find_conn(w->c, id);

	return c != NULL ? w->true_of[c - w->c->conns] : NO_CONN;
}

/* The true relay that the record names, in either order; NULL if none. */
static const struct truth_relay *true_relay(const struct work *w,
					    const struct case_relay *r,
					    bool *reversed)
{
	size_t in = true_conn(w, r->in), out = true_conn(w, r->out);

	*reversed = false;
	if (in == NO_CONN || out == NO_CONN)
		return NULL;
	for (size_t i = 0; i < w->t->n_relays; i++) {
		const struct truth_relay *t = &w->t->relays[i];

		if ((t->in == in && t->out == out) ||
		    (t->in == out && t->out == in)) {
			*reversed = t->in != in;
			return t;
		}
	}
	return NULL;
}

static uint32_t least_data(const struct case_conn *a, const struct case_conn *b)
{
	uint32_t n = UINT32_MAX;

	for (int i = 0; i < 2; i++) {
		n = a->data_packets[i] < n ? a->data_packets[i] : n;
		n = b->data_packets[i] < n ? b->data_packets[i] : n;
	}
	return n;
}

static void pair_head(const struct work *w, struct eval_pair *p)
{
	memset(p, 0, sizeof(*p));
	snprintf(p->scenario, sizeof(p->scenario), "%s", w->t->scenario);
	snprintf(p->capture, sizeof(p->capture), "%.63s",
		 w->t->captures[w->capture].file);
	p->group = w->t->group;
	p->decided_after_ns = -1;
}

static void pair_legs(struct eval_pair *p, const struct case_conn *in,
		      const struct case_conn *out)
{
	char a[4][ADDR_TEXT];
	int64_t first, last;

	snprintf(p->legs, sizeof(p->legs), "%s:%u>%s:%u | %s:%u>%s:%u",
		 addr_format(&in->src, a[0]), in->sport,
		 addr_format(&in->dst, a[1]), in->dport,
		 addr_format(&out->src, a[2]), out->sport,
		 addr_format(&out->dst, a[3]), out->dport);
	first = in->first.ns > out->first.ns ? in->first.ns : out->first.ns;
	last = in->last.ns < out->last.ns ? in->last.ns : out->last.ns;
	p->overlap_ns = last > first ? last - first : 0;
	p->data_packets = least_data(in, out);
}

static void pair_evidence(struct eval_pair *p, const struct case_relay *r)
{
	p->scored = true;
	p->reason = r->reason;
	p->weakest = r->weakest;
	p->log10_e = r->log10_weakest;
	p->log10_threshold = r->log10_threshold;
	p->log10_lr = r->log10_lr;
	if (tstamp_known(r->decided)) {
		p->decided_after_ns = r->decided_after_ns;
		p->decided_onsets = r->decided_onsets;
	}
}

/* The largest connection of the case that is this true one. */
static const struct case_conn *seen_conn(const struct work *w, size_t index)
{
	const struct case_conn *best = NULL;

	for (size_t i = 0; i < w->c->n_conns; i++) {
		const struct case_conn *c = &w->c->conns[i];

		if (w->true_of[i] == index &&
		    (best == NULL ||
		     c->packets[0] + c->packets[1] >
			     best->packets[0] + best->packets[1]))
			best = c;
	}
	return best;
}

/* The strongest record of a true relay. */
static const struct case_relay *record_of(const struct work *w,
					  const struct truth_relay *t,
					  bool *reversed)
{
	const struct case_relay *best = NULL;

	for (size_t i = 0; i < w->c->n_relays; i++) {
		const struct case_relay *r = &w->c->relays[i];
		bool turned;

		if (true_relay(w, r, &turned) != t)
			continue;
		if (best == NULL || (r->sufficient && !best->sufficient) ||
		    (r->sufficient == best->sufficient &&
		     r->log10_weakest > best->log10_weakest)) {
			best = r;
			*reversed = turned;
		}
	}
	return best;
}

/* What the strength is fitted to.  A relay that was judged and called
 * something else counts as one without a record. */
static bool add_true_score(struct work *w, const struct truth_relay *t,
			   const struct case_relay *r)
{
	struct strength_item i = { .run = w->v->scenarios,
				   .relay = true,
				   .kind = KIND_STREAM_RELAY,
				   .score = STRENGTH_NO_RECORD };

	while (i.host < w->t->n_hosts &&
	       strcmp(w->t->hosts[i.host].name, t->host) != 0)
		i.host++;
	kind_parse(t->kind, &i.kind);
	if (r != NULL && r->reason != REASON_NOT_APPLICABLE) {
		i.kind = r->kind;
		i.score = r->log10_weakest;
	}
	return evaluation_add_item(w->v, &i, w->e);
}

static bool add_null_score(struct work *w, microbans score)
{
	const struct strength_item i = { .run = w->v->scenarios,
					 .score = score };

	return evaluation_add_item(w->v, &i, w->e);
}

/* One true relay whose legs both lie in this capture. */
static bool judge_true(struct work *w, const struct truth_relay *t)
{
	const struct case_conn *in = seen_conn(w, t->in);
	const struct case_conn *out = seen_conn(w, t->out);
	const struct case_relay *r;
	struct eval_pair p;
	bool reversed = false;

	if (in == NULL || out == NULL)
		return true; /* selected away or cut from the capture */
	r = record_of(w, t, &reversed);
	pair_head(w, &p);
	pair_legs(&p, in, out);
	snprintf(p.tool, sizeof(p.tool), "%s", t->tool);
	snprintf(p.kind, sizeof(p.kind), "%s", t->kind);
	p.terminates = t->terminates;
	p.must = t->terminates && p.data_packets >= EVAL_MUST_DATA_PACKETS &&
		 p.overlap_ns >= EVAL_MUST_OVERLAP_NS;
	if (r != NULL) {
		pair_evidence(&p, r);
		p.reversed = reversed;
		p.found = t->terminates && r->sufficient;
		p.is_false = !t->terminates && r->sufficient;
	}
	if (t->terminates) {
		evaluation_group(w->v, p.group)->true_pairs++;
		if (p.must && !evaluation_add_lr(w->v, true, p.log10_lr, w->e))
			return false;
		w->v->h1_without += p.must && r == NULL;
		if ((p.must || r != NULL) && !add_true_score(w, t, r))
			return false;
	}
	return evaluation_add(w->v, &p, w->e);
}

/* Everything the case names that is no true relay. */
static bool judge_null(struct work *w, uint64_t *nulls)
{
	struct eval_group *g = evaluation_group(w->v, w->t->group);
	static const microbans steps[3] = { MICROBANS_PER_BAN,
					    2 * MICROBANS_PER_BAN,
					    3 * MICROBANS_PER_BAN };

	for (size_t i = 0; i < w->c->n_relays; i++) {
		const struct case_relay *r = &w->c->relays[i];
		const struct case_conn *in, *out;
		const struct truth_relay *t;
		struct eval_pair p;
		bool turned;

		t = true_relay(w, r, &turned);
		if (t != NULL && t->terminates)
			continue;
		(*nulls)++;
		for (int k = 0; k < 3; k++)
			g->null_above[k] += r->log10_weakest >= steps[k];
		if (!evaluation_add_lr(w->v, false, r->log10_lr, w->e))
			return false;
		if (r->reason != REASON_NOT_APPLICABLE &&
		    !add_null_score(w, r->log10_weakest))
			return false;
		if (!r->sufficient || t != NULL)
			continue; /* NAT and VPN are told by judge_true() */
		in = case_find_conn(w->c, r->in);
		out = case_find_conn(w->c, r->out);
		pair_head(w, &p);
		if (in != NULL && out != NULL)
			pair_legs(&p, in, out);
		strcpy(p.tool, "-");
		snprintf(p.kind, sizeof(p.kind), "%s", kind_name(r->kind));
		p.is_false = true;
		pair_evidence(&p, r);
		if (!evaluation_add(w->v, &p, w->e))
			return false;
	}
	return true;
}

static const struct truth_host *host_of(const struct truth *t,
					const struct addr *a)
{
	for (size_t i = 0; i < t->n_hosts; i++) {
		if (addr_eq(&t->hosts[i].address[0], a) ||
		    addr_eq(&t->hosts[i].address[1], a))
			return &t->hosts[i];
	}
	return NULL;
}

static void judge_addresses(struct work *w)
{
	for (size_t i = 0; i < w->c->n_addresses; i++) {
		const struct case_address *a = &w->c->addresses[i];
		const struct truth_host *h = host_of(w->t, &a->address);

		w->v->verdicts[a->verdict]++;
		if (a->verdict == VERDICT_UNDETERMINED)
			w->v->reasons[a->reason]++;
		if (h == NULL)
			continue;
		if (a->verdict == VERDICT_SOURCE && h->relays)
			w->v->wrong_source++;
		if (a->verdict == VERDICT_SOURCE && h->hands_on)
			w->v->source_hands_on++;
		if (a->verdict == VERDICT_SPRINGBOARD && !h->relays)
			w->v->wrong_springboard++;
	}
}

static bool judge(struct work *w)
{
	struct eval_group *g = evaluation_group(w->v, w->t->group);
	uint64_t true_before = g->true_pairs, nulls = 0, all;

	if (!match_all(w))
		return false;
	for (size_t i = 0; i < w->t->n_relays; i++) {
		if ((w->t->relays[i].together >> w->capture & 1) != 0 &&
		    !judge_true(w, &w->t->relays[i]))
			return false;
	}
	if (!judge_null(w, &nulls))
		return false;
	judge_addresses(w);
	g->captures++;
	g->eligible += w->c->hyp.eligible_pairs;
	g->decoys_tested += w->c->hyp.decoys_tested;
	for (int k = 0; k < 3; k++)
		g->decoys_above[k] += w->c->hyp.decoys_above[k];
	all = nulls + g->true_pairs - true_before;
	if (w->c->hyp.eligible_pairs > all) {
		w->v->h2_without += w->c->hyp.eligible_pairs - all;
		if (!add_null_score(w, STRENGTH_NO_RECORD))
			return false;
	}
	for (size_t i = 0; i < w->c->n_captures; i++)
		if (tstamp_known(w->c->captures[i].last) &&
		    (!tstamp_known(w->v->last) ||
		     w->c->captures[i].last.ns > w->v->last.ns))
			w->v->last = w->c->captures[i].last;
	w->v->captures++;
	w->v->damaged += w->c->damaged;
	return true;
}

/* A relay between IPv4 and IPv6 needs to be told that both are one host, as
 * a user would by --same-host. */
static size_t dual_stack(const struct truth *t, size_t capture,
			 struct addr (*out)[2], size_t max)
{
	size_t n = 0;

	for (size_t i = 0; i < t->n_relays && n < max; i++) {
		const struct truth_relay *r = &t->relays[i];
		const struct truth_host *h = NULL;

		if ((r->together >> capture & 1) == 0 ||
		    addr_is_v4(&t->conns[r->in].src) ==
			    addr_is_v4(&t->conns[r->out].src))
			continue;
		for (size_t k = 0; k < t->n_hosts; k++) {
			if (strcmp(t->hosts[k].name, r->host) == 0)
				h = &t->hosts[k];
		}
		if (h == NULL)
			continue;
		memcpy(out[n++], h->address, sizeof(h->address));
	}
	return n;
}

static bool one_capture(struct work *w, const char *folder)
{
	struct analyze_options a = w->o->analyze;
	struct addr same[16][2];
	char path[PATH_BYTES];
	const char *paths[1] = { path };
	struct case_record *c;
	bool good;

	if (w->o->progress != NULL)
		w->o->progress(w->o->progress_arg, w->t->scenario,
			       w->t->captures[w->capture].file);
	snprintf(path, sizeof(path), "%s/%s", folder,
		 w->t->captures[w->capture].file);
	a.input.paths = paths;
	a.input.n_paths = 1;
	a.all = true;
	a.same_host = same;
	a.n_same_host = dual_stack(w->t, w->capture, same, 16);
	c = analyze_run(&a, w->e);
	if (c == NULL)
		return false;
	w->c = c;
	w->v->alpha = c->hyp.alpha;
	good = judge(w);
	free(w->true_of);
	w->true_of = NULL;
	case_free(c);
	return good;
}

static bool one_scenario(struct work *w, const char *folder)
{
	char path[PATH_BYTES];
	bool good = true;

	snprintf(path, sizeof(path), "%s/truth.json", folder);
	w->t = truth_read(path, w->e);
	if (w->t == NULL)
		return false;
	if (w->o->only == NULL || fnmatch(w->o->only, w->t->scenario, 0) == 0) {
		w->v->scenarios++;
		for (size_t i = 0; good && i < w->t->n_captures && i < 64;
		     i++) {
			w->capture = i;
			good = one_capture(w, folder);
		}
	}
	truth_free(w->t);
	w->t = NULL;
	return good;
}

static bool has_truth(const char *folder)
{
	char path[PATH_BYTES];

	snprintf(path, sizeof(path), "%s/truth.json", folder);
	return access(path, R_OK) == 0;
}

static bool all_folders(struct work *w, const char *dir)
{
	struct dirent **names = NULL;
	char folder[PATH_BYTES / 2];
	bool good = true;
	int n, used = 0;

	if (has_truth(dir))
		return one_scenario(w, dir);
	n = scandir(dir, &names, NULL, alphasort);
	if (n < 0)
		return err_sys(w->e, errno, "%s", dir);
	for (int i = 0; i < n; i++) {
		snprintf(folder, sizeof(folder), "%s/%s", dir,
			 names[i]->d_name);
		if (good && names[i]->d_name[0] != '.' && has_truth(folder)) {
			good = one_scenario(w, folder);
			used++;
		}
		free(names[i]);
	}
	free(names);
	if (good && used == 0)
		return err_set(w->e, ERR_USAGE, "%s: no truth.json there", dir);
	return good;
}

struct evaluation *evaluate_run(const struct evaluate_options *o, struct err *e)
{
	struct work w = { .o = o, .e = e };
	bool good = true;

	w.v = evaluation_new(e);
	if (w.v == NULL)
		return NULL;
	for (size_t i = 0; good && i < o->n_dirs; i++)
		good = all_folders(&w, o->dirs[i]);
	if (good && w.v->captures == 0)
		good = err_set(e, ERR_USAGE, "no scenario is called '%s'",
			       o->only);
	if (good) {
		w.v->fitted = strength_fit(w.v->items, w.v->n_items,
					   &w.v->strength, w.v->check, NULL);
		return w.v;
	}
	evaluation_free(w.v);
	return NULL;
}
