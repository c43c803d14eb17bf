/* route_passive.c - see route_passive.h. */
#include "report/route_passive.h"

#include <stdlib.h>
#include <string.h>

#include "base/tstamp.h"

static const char *const cell_names[] = {
	"unknown",	   "routed-answering",
	"routed-silent",   "unrouted-answering",
	"unrouted-silent",
};

struct route_passive route_passive_of(const struct passive_report *p)
{
	return (struct route_passive){ .in = &p->in,
				       .finding = p->finding,
				       .nfindings = p->nfindings,
				       .step = p->step,
				       .nsteps = p->nsteps,
				       .visible = p->visible,
				       .tested = p->tested };
}

static char *when(int64_t sec, char *buf)
{
	struct tstamp t = { sec * INT64_C(1000000000) };

	return tstamp_format(t, 0, buf, 40);
}

/* The cells of a group as runs; calls run for each. */
static void cells(const struct route_passive *p, uint32_t group,
		  void (*run)(void *arg, enum passive_cell c, int64_t from,
			      int64_t to),
		  void *arg)
{
	const struct passive_input *in = p->in;
	enum passive_cell *c = calloc(in->nbins + 1, sizeof(*c));
	uint32_t from = 0;

	if (!c || !p->visible || in->nbins == 0) {
		free(c);
		return;
	}
	passive_cells(in, group, p->visible[group], c);
	for (uint32_t i = 1; i <= in->nbins; i++) {
		if (i < in->nbins && c[i] == c[from])
			continue;
		run(arg, c[from], in->start_sec + (int64_t)from * in->bin_sec,
		    in->start_sec + (int64_t)i * in->bin_sec);
		from = i;
	}
	free(c);
}

static void cell_text(void *arg, enum passive_cell c, int64_t from, int64_t to)
{
	char t0[40], t1[40];

	if (c != CELL_ROUTED_ANSWERING)
		fprintf(arg, "  cell      %s to %s  %s\n", when(from, t0),
			when(to, t1), cell_names[c]);
}

/* "AS131279 175.45.176.0/24" */
static char *who(const struct passive_group *g, char *buf, size_t len)
{
	char net[PREFIX_TEXT];

	prefix_format(&g->prefix, net);
	if (g->asn)
		snprintf(buf, len, "%s AS%u", net, g->asn);
	else
		snprintf(buf, len, "%s", net);
	return buf;
}

/* Findings of one AS that begin and end together, counted as one. */
struct together {
	uint32_t n, asked, unreachable, ttl_exceeded, ended, of_open, earlier;
	double lr;
	bool mass_end, rtt_rose, sufficient;
};

static struct together together_at(const struct route_passive *p, uint32_t i)
{
	const struct passive_finding *a = &p->finding[i];
	uint32_t asn = p->in->group[a->group].asn;
	struct together t = { .lr = a->lr,
			      .earlier = a->earlier,
			      .sufficient = true };

	for (; i < p->nfindings; i++, t.n++) {
		const struct passive_finding *x = &p->finding[i];

		if (t.n && (!asn || p->in->group[x->group].asn != asn ||
			    x->from_sec != a->from_sec ||
			    x->to_sec != a->to_sec || x->control != a->control))
			break;
		t.asked += x->asked;
		t.unreachable += x->unreachable;
		t.ttl_exceeded += x->ttl_exceeded;
		t.ended += x->ended;
		t.of_open += x->of_open;
		t.mass_end |= x->mass_end;
		t.rtt_rose |= x->rtt_rose;
		t.sufficient &= x->sufficient;
		if (x->lr < t.lr) { /* the weakest of them */
			t.lr = x->lr;
			t.earlier = x->earlier;
		}
	}
	return t;
}

static void routers_text(FILE *f, const struct passive_group *g,
			 const struct together *x)
{
	char ip[ADDR_TEXT];

	if (!x->unreachable && !x->ttl_exceeded)
		return;
	fprintf(f,
		"            routers: %u unreachable, %u TTL exceeded, quoting "
		"packets really sent\n",
		x->unreachable, x->ttl_exceeded);
	if (!g->has_router)
		return;
	fprintf(f, "            last by %s", addr_format(&g->router, ip));
	if (g->router_asn)
		fprintf(f, " (AS%u: the path still led there)", g->router_asn);
	fputc('\n', f);
}

static void finding_text(FILE *f, const struct route_passive *p, uint32_t i,
			 const struct together *x)
{
	const struct passive_finding *a = &p->finding[i];
	const struct passive_group *g = &p->in->group[a->group];
	char name[80], t0[40], t1[40];

	fputs(who(g, name, sizeof(name)), f);
	if (x->n > 1)
		fprintf(f, " and %u more of its networks", x->n - 1);
	fprintf(f, "\n  silent    %s to %s%s\n", when(a->from_sec, t0),
		when(a->to_sec, t1),
		a->returned ? "" : " (the end of the data)");
	fprintf(f,
		"  observed  %u packets unanswered; LR %.1f (at most %u: "
		"earlier waits + 1)\n",
		x->asked, x->lr, x->earlier + 1);
	if (x->ended)
		fprintf(f, "            %u of %u sessions died as it began%s\n",
			x->ended, x->of_open,
			x->mass_end ? ": more than by themselves" : "");
	routers_text(f, g, x);
	if (x->rtt_rose)
		fputs("            round-trip time rose before it\n", f);
	fprintf(f, "  control   %s\n  cause     undetermined%s\n",
		passive_control_word(a->control),
		x->sufficient ? "" : "; the silence itself is not sufficient");
	cells(p, a->group, cell_text, f);
}

/* Networks and hours per cell, over all networks. */
struct cell_sum {
	uint32_t nets[5];
	uint64_t bins[5];
};

static void sum(const struct route_passive *p, struct cell_sum *s)
{
	const struct passive_input *in = p->in;
	enum passive_cell *c = calloc(in->nbins + 1, sizeof(*c));

	memset(s, 0, sizeof(*s));
	for (uint32_t g = 0; c && p->visible && g < in->ngroups; g++) {
		bool seen[5] = { false };

		passive_cells(in, g, p->visible[g], c);
		for (uint32_t i = 0; i < in->nbins; i++) {
			s->bins[c[i]]++;
			seen[c[i]] = true;
		}
		for (int i = 0; i < 5; i++)
			s->nets[i] += seen[i];
	}
	free(c);
}

static void cell_of(FILE *f, const struct route_passive *p,
		    const struct cell_sum *s, enum passive_cell c)
{
	char text[40];

	snprintf(text, sizeof(text), "%u (%.1f h)", s->nets[c],
		 (double)s->bins[c] * p->in->bin_sec / 3600);
	fprintf(f, "  %-*s",
		c == CELL_ROUTED_ANSWERING || c == CELL_UNROUTED_ANSWERING ? 16
									   : 0,
		text);
}

static void matrix_text(FILE *f, const struct route_passive *p)
{
	struct cell_sum s;

	sum(p, &s);
	fprintf(f,
		"Networks outside, by routes and by this capture: networks "
		"(and their time)\n  %-10s  %-16s  %s\n  %-10s",
		"", "answering", "silent when asked", "routed");
	cell_of(f, p, &s, CELL_ROUTED_ANSWERING);
	cell_of(f, p, &s, CELL_ROUTED_SILENT);
	fprintf(f, "\n  %-10s", "unrouted");
	cell_of(f, p, &s, CELL_UNROUTED_ANSWERING);
	cell_of(f, p, &s, CELL_UNROUTED_SILENT);
	fputc('\n', f);
	for (int c = CELL_ROUTED_SILENT; c <= CELL_UNROUTED_SILENT; c++)
		if (s.nets[c])
			fprintf(f, "  %s\n",
				passive_cell_word((enum passive_cell)c));
}

static void step_text(FILE *f, const struct route_passive *p,
		      const struct passive_step *s)
{
	const struct passive_group *g = &p->in->group[s->group];
	char name[80], t0[40];

	fprintf(f, "%s path changed at %s: round trip %.1f to %.1f ms, ",
		who(g, name, sizeof(name)), when(s->sec, t0),
		(double)s->rtt_before_ns / 1e6, (double)s->rtt_after_ns / 1e6);
	if (s->ttl_before == s->ttl_after)
		fputs("as many hops\n", f);
	else
		fprintf(f, "%d hops %s\n",
			abs((int)s->ttl_before - (int)s->ttl_after),
			s->ttl_before > s->ttl_after ? "more" : "fewer");
}

/* Unrouted, and answering all the same. */
static bool answers_unrouted(const struct route_passive *p, uint32_t group)
{
	const struct passive_bin *b = p->in->group[group].bin;

	for (uint32_t i = 0; p->visible && i < p->in->nbins; i++)
		if (b[i].received && p->visible[group][i] >= 0 &&
		    p->visible[group][i] <= 500)
			return true;
	return false;
}

static bool has_finding(const struct route_passive *p, uint32_t group)
{
	for (uint32_t i = 0; i < p->nfindings; i++)
		if (p->finding[i].group == group)
			return true;
	return false;
}

static uint32_t least(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

void route_passive_text(FILE *f, const struct route_passive *p)
{
	uint32_t shown = 0, limit = p->limit ? p->limit : UINT32_MAX, i;
	struct together t;
	uint32_t nets = 0;
	char name[80];

	if (p->in->ngroups == 0)
		return;
	if (p->visible)
		matrix_text(f, p);
	for (i = 0; i < p->nfindings; i += t.n, nets++) {
		t = together_at(p, i);
		if (nets >= limit)
			continue;
		shown++;
		finding_text(f, p, i, &t);
	}
	for (uint32_t g = 0; g < p->in->ngroups; g++) {
		if (has_finding(p, g) || !answers_unrouted(p, g))
			continue;
		if (nets++ >= limit)
			continue;
		shown++;
		fprintf(f, "%s, not silent\n",
			who(&p->in->group[g], name, sizeof(name)));
		cells(p, g, cell_text, f);
	}
	if (nets > shown)
		fprintf(f, "and %u more (--all)\n", nets - shown);
	for (i = 0; i < least(p->nsteps, limit); i++)
		step_text(f, p, &p->step[i]);
	if (i < p->nsteps)
		fprintf(f, "and %u more changes of path (--all)\n",
			p->nsteps - i);
}

static void cell_json(void *arg, enum passive_cell c, int64_t from, int64_t to)
{
	struct json *j = arg;

	json_object(j);
	json_kstring(j, "cell", cell_names[c]);
	json_kint(j, "from_sec", from);
	json_kint(j, "to_sec", to);
	json_end(j);
}

static void finding_json(struct json *j, const struct route_passive *p,
			 const struct passive_finding *x)
{
	char net[PREFIX_TEXT];

	json_object(j);
	json_kstring(j, "prefix",
		     prefix_format(&p->in->group[x->group].prefix, net));
	json_kuint(j, "asn", p->in->group[x->group].asn);
	json_key(j, "observed");
	json_object(j);
	json_kint(j, "from_sec", x->from_sec);
	json_kint(j, "to_sec", x->to_sec);
	json_kbool(j, "returned", x->returned);
	json_kuint(j, "unanswered", x->asked);
	json_kfixed(j, "likelihood_ratio", x->lr, 2);
	json_kuint(j, "earlier_waits", x->earlier);
	json_kbool(j, "sufficient", x->sufficient);
	json_kuint(j, "sessions_died", x->ended);
	json_kuint(j, "sessions_open", x->of_open);
	json_kbool(j, "mass_end", x->mass_end);
	json_kuint(j, "icmp_unreachable", x->unreachable);
	json_kuint(j, "icmp_ttl_exceeded", x->ttl_exceeded);
	if (p->in->group[x->group].has_router) {
		char ip[ADDR_TEXT];

		json_kstring(j, "router",
			     addr_format(&p->in->group[x->group].router, ip));
		json_kuint(j, "router_asn", p->in->group[x->group].router_asn);
	}
	json_kbool(j, "rtt_rose_before", x->rtt_rose);
	json_end(j);
	json_kstring(j, "control", passive_control_word(x->control));
	json_kfixed(j, "other_ases_silent", x->silent_share, 3);
	json_kstring(j, "cause", "undetermined");
	json_key(j, "cells");
	json_array(j);
	cells(p, x->group, cell_json, j);
	json_end(j);
	json_end(j);
}

/* Per network the cells it was in, as runs. */
static void networks_json(struct json *j, const struct route_passive *p)
{
	char net[PREFIX_TEXT];

	json_key(j, "networks");
	json_array(j);
	for (uint32_t g = 0; g < p->in->ngroups; g++) {
		json_object(j);
		json_kstring(j, "prefix",
			     prefix_format(&p->in->group[g].prefix, net));
		json_kuint(j, "asn", p->in->group[g].asn);
		json_key(j, "cells");
		json_array(j);
		cells(p, g, cell_json, j);
		json_end(j);
		json_end(j);
	}
	json_end(j);
}

static void matrix_json(struct json *j, const struct route_passive *p)
{
	struct cell_sum s;

	sum(p, &s);
	json_key(j, "cells");
	json_object(j);
	for (int c = 0; c < 5; c++) {
		json_key(j, cell_names[c]);
		json_object(j);
		json_kuint(j, "networks", s.nets[c]);
		json_kuint(j, "seconds", s.bins[c] * p->in->bin_sec);
		json_end(j);
	}
	json_end(j);
}

void route_passive_json(struct json *j, const struct route_passive *p)
{
	char net[PREFIX_TEXT];

	json_kuint(j, "bin_sec", p->in->bin_sec);
	json_kbool(j, "one_sided", p->in->one_sided);
	json_kuint(j, "silences_tested", p->tested);
	matrix_json(j, p);
	networks_json(j, p);
	json_key(j, "silences");
	json_array(j);
	for (uint32_t i = 0; i < p->nfindings; i++)
		finding_json(j, p, &p->finding[i]);
	json_end(j);
	json_key(j, "path_steps");
	json_array(j);
	for (uint32_t i = 0; i < p->nsteps; i++) {
		const struct passive_step *s = &p->step[i];

		json_object(j);
		json_kstring(
			j, "prefix",
			prefix_format(&p->in->group[s->group].prefix, net));
		json_kint(j, "sec", s->sec);
		json_kuint(j, "rtt_before_ns", s->rtt_before_ns);
		json_kuint(j, "rtt_after_ns", s->rtt_after_ns);
		json_kuint(j, "ttl_before", s->ttl_before);
		json_kuint(j, "ttl_after", s->ttl_after);
		json_end(j);
	}
	json_end(j);
}
