/* route_outage.c - `wellspring outage` as text; see route_outage.h. */
#include "report/route_outage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/tstamp.h"

#define COLUMNS 60

static char *when(int64_t sec, char *buf)
{
	struct tstamp t = { sec * INT64_C(1000000000) };

	return tstamp_format(t, 0, buf, 40);
}

static void spark(FILE *f, const struct route_outage *r, uint32_t net,
		  int64_t from, int64_t to)
{
	static const char *const blocks[] = { "\xe2\x96\x81", "\xe2\x96\x82",
					      "\xe2\x96\x83", "\xe2\x96\x84",
					      "\xe2\x96\x85", "\xe2\x96\x86",
					      "\xe2\x96\x87", "\xe2\x96\x88" };
	int v[COLUMNS];
	int64_t step = (to - from) / COLUMNS + 1;
	char t0[40], t1[40];

	route_series(r, net, from, step, COLUMNS, v);
	fputs("  |", f);
	for (int i = 0; i < COLUMNS; i++) {
		if (v[i] < 0)
			fputc(' ', f);
		else if (r->utf8)
			fputs(blocks[v[i] * 7 / 1000], f);
		else
			fputc("_.:-=+*#"[v[i] * 7 / 1000], f);
	}
	fprintf(f, "|\n   %s %*s\n", when(from, t0), COLUMNS - 21,
		when(from + step * COLUMNS, t1));
}

static void upstream_line(FILE *f, const char *word,
			  const struct out_upstream *u,
			  const struct route_names *n)
{
	char as[160];

	fprintf(f, "  %-10s", word);
	if (!u[0].ases)
		fputs("no upstream in the paths", f);
	for (int i = 0; i < OUT_UPSTREAMS && u[i].ases; i++)
		fprintf(f, "%s%s at %u peer ASes", i ? ", " : "upstream ",
			route_as_text(n, u[i].asn, as), u[i].ases);
	fputc('\n', f);
}

static void prefixes_line(FILE *f, const struct route_outage *r,
			  struct route_group g)
{
	char net[PREFIX_TEXT];

	fputs("            ", f);
	for (uint32_t i = 0; i < g.n && i < 8; i++)
		fprintf(f, "%s%s", i ? " " : "",
			prefix_format(
				&r->rib->nets[r->result.finding[g.from + i].net]
					 .prefix,
				net));
	if (g.n > 8)
		fprintf(f, " and %u more", g.n - 8);
	fputc('\n', f);
}

static void observed(FILE *f, const struct route_outage *r,
		     struct route_group g)
{
	const struct out_finding *a = &r->result.finding[g.from];
	char t0[40], t1[40], net[PREFIX_TEXT];

	fprintf(f,
		"  observed  invisible to %u of %u peer ASes (before: visible "
		"to %u of %u, %u collector%s)\n",
		a->known_min - a->visible_min, a->known_min, a->visible_before,
		a->known_before, a->collectors, a->collectors == 1 ? "" : "s");
	fprintf(f, "            start between %s and %s\n",
		when(g.full_until, t0), when(g.lost_sec, t1));
	if (!a->ongoing)
		fprintf(f,
			"            end   between %s and %s: visible "
			"again\n",
			when(g.back_first, t0), when(g.back_sec, t1));
	else
		fputs("            not visible again at the end of the data\n",
		      f);
	if (a->nzombies)
		fprintf(f,
			"            %u peer%s kept the old route for more "
			"than %lld minutes (stuck, or never lost it)\n",
			a->nzombies, a->nzombies == 1 ? "" : "s",
			(long long)(r->rules->zombie_sec / 60));
	if (a->covering != RIB_NONE)
		fprintf(f,
			"            still routed by %s at %u peer ASes: the "
			"more specific network was withdrawn\n",
			prefix_format(&r->rib->nets[a->covering].prefix, net),
			a->covering_ases);
	if (a->rpki != VRP_UNKNOWN)
		fprintf(f, "            RPKI %s by the given list\n",
			vrp_word(a->rpki));
}

static void baseline_line(FILE *f, const struct route_outage *r,
			  const struct out_finding *a)
{
	char d[32], t0[40], t1[40];

	fprintf(f, "  baseline  fully visible %u.%u %% of the %s before",
		a->full_permille / 10, a->full_permille % 10,
		route_duration(a->baseline_sec, d, sizeof(d)));
	if (a->baseline_sec < r->rules->baseline_sec)
		fputs(" (short: baseline unknown)", f);
	if (a->flaps)
		fprintf(f, "; %u brief losses, %s to %s", a->flaps,
			when(a->flap_first, t0), when(a->flap_last, t1));
	fputc('\n', f);
}

/* Dependence of the peers, and what remains of their number. */
static void evidence_line(FILE *f, const struct route_outage *r,
			  struct route_group g)
{
	const struct out_finding *a = route_weakest(r, g);
	unsigned lost = 0;
	char as[160];

	for (unsigned i = 0; i < a->ngroups; i++)
		lost += a->group[i].lost;
	fprintf(f,
		"  evidence  e = %.1f against \"as in the %u bins before\": "
		"mean over %u first transit%s,\n            %u of them lost "
		"it (peers behind one AS count once)\n",
		out_e_value(a), a->windows, a->ngroups,
		a->ngroups == 1 ? "" : "s", lost);
	if (a->common_transit)
		fprintf(f,
			"            every path led through %s: a failure "
			"there "
			"takes all of them\n",
			route_as_text(&r->names, a->common_transit, as));
}

static void cause(FILE *f, const struct route_outage *r, struct route_group g)
{
	struct route_rival rival[ROUTE_RIVALS];
	unsigned n = route_rivals(r, g, rival);
	const struct out_finding *a = &r->result.finding[g.from];

	fprintf(f, "  cause     undetermined%s; rivals:\n",
		strcmp(route_state_word(a), "filtered") == 0
			? " (consistent with RPKI-invalid filtering)"
			: "");
	for (unsigned i = 0; i < n; i++)
		fprintf(f, "            - %s: %s\n", rival[i].name,
			rival[i].note);
}

static const char *headline(const struct out_finding *a)
{
	const char *w = route_state_word(a);

	return strcmp(w, "down") == 0	    ? "DOWN"
	       : strcmp(w, "filtered") == 0 ? "FILTERED?"
					    : "PARTIAL";
}

static void group_text(FILE *f, const struct route_outage *r,
		       struct route_group g)
{
	const struct out_finding *a = &r->result.finding[g.from];
	int64_t end = a->ongoing ? r->result.last_sec : g.back_sec;
	int64_t len = end - g.lost_sec, from, to;
	char as[160], t0[40], t1[40], d[32];

	fprintf(f, "%s: %u of %u networks %s %s to %s (%s)\n",
		a->origin ? route_as_text(&r->names, a->origin, as)
			  : "Unknown origin",
		g.nets, g.of, headline(a), when(g.lost_sec, t0),
		a->ongoing ? "the end of the data" : when(end, t1),
		route_duration(len, d, sizeof(d)));
	prefixes_line(f, r, g);
	from = g.lost_sec - len / 2 - 600;
	to = end + len / 2 + 600;
	if (from < r->result.first_sec)
		from = r->result.first_sec;
	if (to > r->result.last_sec)
		to = r->result.last_sec;
	spark(f, r, a->net, from, to);
	observed(f, r, g);
	upstream_line(f, "before", a->before, &r->names);
	if (!a->ongoing)
		upstream_line(f, "after", a->after, &r->names);
	baseline_line(f, r, a);
	evidence_line(f, r, g);
	cause(f, r, g);
	fputc('\n', f);
}

static void changes_text(FILE *f, const struct route_outage *r)
{
	char net[PREFIX_TEXT], as[160], t0[40];
	uint32_t i, shown = 0;

	for (i = 0; i < r->result.nchanges; i++) {
		const struct out_change *c = &r->result.change[i];

		if (c->alone)
			continue; /* the network itself came or went */
		if (shown++ == 0)
			fputs("Upstreams that came or went while the network "
			      "was visible:\n",
			      f);
		fprintf(f, "  %s %s %s %s (%u peer ASes)\n",
			when(c->from_sec, t0),
			prefix_format(&r->rib->nets[c->net].prefix, net),
			c->appeared ? "also by" : "no more by",
			route_as_text(&r->names, c->asn, as), c->ases);
	}
	if (shown)
		fputc('\n', f);
}

/* Peers whose absence began within a minute of each other, as one line. */
static void lost_text(FILE *f, const struct route_outage *r)
{
	const struct out_lost *l = r->result.lost;
	char t0[40], t1[40];
	uint32_t i, k, lines = 0;

	for (i = 0; i < r->result.nlost; i = k) {
		const struct rib_peer *p = &r->rib->peers[l[i].peer];
		int64_t back = l[i].to_sec;
		bool all_back = true;

		for (k = i;
		     k < r->result.nlost && l[k].unsure == l[i].unsure &&
		     l[k].silent == l[i].silent &&
		     r->rib->peers[l[k].peer].collector == p->collector &&
		     l[k].from_sec - l[i].from_sec < 60;
		     k++) {
			all_back &= l[k].to_sec >= 0;
			if (l[k].to_sec > back)
				back = l[k].to_sec;
		}
		if (++lines > 20)
			continue;
		fprintf(f, "  %s  %u peer%s of %s %s", when(l[i].from_sec, t0),
			k - i, k - i == 1 ? "" : "s",
			r->feed->names[p->collector],
			l[i].unsure   ? "uncertain after a gap or damage"
			: l[i].silent ? "silent while others talked: lost "
					"feed, no withdrawal counted"
				      : "lost (session), no withdrawal "
					"counted");
		if (all_back && back > l[i].from_sec)
			fprintf(f, "; back %s", when(back, t1));
		else if (!all_back)
			fputs("; not all back", f);
		fputc('\n', f);
	}
	if (lines > 20)
		fprintf(f, "  and %u more such times\n", lines - 20);
}

static void feed_text(FILE *f, const struct route_outage *r)
{
	const struct outage_result *x = &r->result;
	char t0[40], t1[40], d[32], ip[ADDR_TEXT];

	if (x->nlost || x->ngaps || x->ntransfers)
		fputs("The feed itself (not the networks):\n", f);
	for (uint32_t i = 0; i < x->ngaps; i++)
		fprintf(f, "  %s  FEED GAP of %s: no record until %s (%s)\n",
			when(x->gap[i].from_sec, t0),
			r->feed->names[x->gap[i].collector],
			when(x->gap[i].to_sec, t1),
			route_duration(x->gap[i].to_sec - x->gap[i].from_sec, d,
				       sizeof(d)));
	lost_text(f, r);
	for (uint32_t i = 0; i < x->ntransfers && i < 20; i++) {
		const struct rib_peer *p = &r->rib->peers[x->transfer[i].peer];
		struct addr a =
			p->id.fam == 4 ? addr_v4(p->id.ip) : addr_v6(p->id.ip);

		fprintf(f,
			"  %s  table transfer without a state record: AS%u "
			"(%s), %llu announcements until %s\n",
			when(x->transfer[i].from_sec, t0), p->id.asn,
			addr_format(&a, ip),
			(unsigned long long)x->transfer[i].count,
			when(x->transfer[i].to_sec, t1));
	}
	if (x->nlost || x->ngaps || x->ntransfers)
		fputc('\n', f);
}

static void limits_text(FILE *f, const struct route_outage *r)
{
	const struct outage_result *x = &r->result;

	fputs("Not seen from here: the data plane (a network may be silent "
	      "while routed), and all\nthat these ",
	      f);
	if (x->has_table)
		fprintf(f,
			"%u full-feed peer ASes of %u collectors do not "
			"hear.\n",
			x->eligible_ases[0] > x->eligible_ases[1]
				? x->eligible_ases[0]
				: x->eligible_ases[1],
			x->eligible_collectors);
	else
		fprintf(f, "%u peers do not hear.\n", r->rib->npeers);
	if (!x->has_table)
		fputs("No table in the input: which peers had the networks "
		      "before is unknown.\n",
		      f);
	if (x->has_table && x->eligible_collectors < 2)
		fputs("One collector: several are needed to tell its own "
		      "neighbourhood from the internet.\n",
		      f);
}

/* Losses that count as instability. */
static void brief_text(FILE *f, const struct route_outage *r, uint32_t total)
{
	char t0[40], d[32];
	uint32_t lines = 0;
	struct route_group g;

	fprintf(f,
		"Brief losses, under %lld s each, are instability and no "
		"outage: %u.\n",
		(long long)r->rules->min_sec, total);
	for (uint32_t i = 0; i < r->result.nfindings; i += g.n) {
		const struct out_finding *a = &r->result.finding[i];

		g = route_group_at(r, i);
		if (!a->brief || ++lines > 24)
			continue;
		fprintf(f, "  %s  AS%u, %u of %u networks, %s\n",
			when(g.lost_sec, t0), a->origin, g.nets, g.of,
			route_duration(g.back_sec - g.lost_sec, d, sizeof(d)));
	}
	if (lines > 24)
		fprintf(f, "  and %u more such times\n", lines - 24);
	fputc('\n', f);
}

uint32_t route_outage_text(FILE *f, const struct route_outage *r)
{
	const struct outage_result *x = &r->result;
	uint32_t i, big = 0, brief = 0;
	struct route_group g;
	char t0[40], t1[40];

	fprintf(f,
		"%u networks watched, %s to %s; full feeds: %u peer ASes "
		"IPv4, %u IPv6, %u collectors\n\n",
		x->watched, when(x->first_sec, t0), when(x->last_sec, t1),
		x->eligible_ases[0], x->eligible_ases[1],
		x->eligible_collectors);
	for (i = 0; i < x->nfindings; i += g.n) {
		g = route_group_at(r, i);
		if (x->finding[i].brief) {
			brief += g.n;
			continue;
		}
		big += g.n;
		group_text(f, r, g);
	}
	if (big == 0)
		fprintf(f,
			"No outage: no watched network was down or partly "
			"visible for %lld s or more.\n\n",
			(long long)r->rules->min_sec);
	if (brief)
		brief_text(f, r, brief);
	changes_text(f, r);
	feed_text(f, r);
	limits_text(f, r);
	return big;
}
