/* route_passive.c - see route_passive.h. */
#include "report/route_passive.h"

#include <stdlib.h>

#include "base/tstamp.h"

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

	fprintf(arg, "  %s to %s  %s\n", when(from, t0), when(to, t1),
		passive_cell_word(c));
}

static void finding_text(FILE *f, const struct route_passive *p,
			 const struct passive_finding *x)
{
	char net[PREFIX_TEXT], t0[40], t1[40];

	fprintf(f, "%s silent %s to %s%s\n",
		prefix_format(&p->in->group[x->group].prefix, net),
		when(x->from_sec, t0), when(x->to_sec, t1),
		x->returned ? "" : " (the end of the data)");
	fprintf(f,
		"  observed  %u packets unanswered; LR %.1f (at most %u: "
		"earlier gaps + 1)\n",
		x->asked, x->lr, p->in->group[x->group].ngaps + 1);
	if (x->ended)
		fprintf(f, "            %u of %u sessions died as it began%s\n",
			x->ended, x->of_open,
			x->mass_end ? ": more than by themselves" : "");
	if (x->unreachable || x->ttl_exceeded)
		fprintf(f,
			"            routers: %u unreachable, %u TTL "
			"exceeded, quoting packets really sent\n",
			x->unreachable, x->ttl_exceeded);
	if (x->rtt_rose)
		fputs("            round-trip time rose before it\n", f);
	fprintf(f, "  control   %s\n  cause     undetermined%s\n",
		passive_control_word(x->control),
		x->sufficient ? "" : "; the silence itself is not sufficient");
}

void route_passive_text(FILE *f, const struct route_passive *p)
{
	char net[PREFIX_TEXT], t0[40];

	for (uint32_t i = 0; i < p->nfindings; i++) {
		finding_text(f, p, &p->finding[i]);
		if (i + 1 == p->nfindings ||
		    p->finding[i + 1].group != p->finding[i].group)
			cells(p, p->finding[i].group, cell_text, f);
	}
	for (uint32_t i = 0; i < p->nsteps; i++) {
		const struct passive_step *s = &p->step[i];

		fprintf(f,
			"%s  %s path changed: round trip %.1f to %.1f ms, TTL "
			"%u to %u\n",
			when(s->sec, t0),
			prefix_format(&p->in->group[s->group].prefix, net),
			(double)s->rtt_before_ns / 1e6,
			(double)s->rtt_after_ns / 1e6, s->ttl_before,
			s->ttl_after);
	}
}

static void cell_json(void *arg, enum passive_cell c, int64_t from, int64_t to)
{
	static const char *const names[] = {
		"unknown",	   "routed-answering",
		"routed-silent",   "unrouted-answering",
		"unrouted-silent",
	};
	struct json *j = arg;

	json_object(j);
	json_kstring(j, "cell", names[c]);
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
	json_kbool(j, "sufficient", x->sufficient);
	json_kuint(j, "sessions_died", x->ended);
	json_kuint(j, "sessions_open", x->of_open);
	json_kbool(j, "mass_end", x->mass_end);
	json_kuint(j, "icmp_unreachable", x->unreachable);
	json_kuint(j, "icmp_ttl_exceeded", x->ttl_exceeded);
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

void route_passive_json(struct json *j, const struct route_passive *p)
{
	char net[PREFIX_TEXT];

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
