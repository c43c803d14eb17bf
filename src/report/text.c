/*
 * text.c - the screen of design.md section 1.
 * Words and signs carry the meaning; colour only repeats it.
 * Addresses come in the order of the case: springboards first.
 */
#include "report/report.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "report/route_passive.h"
#include "report/words.h"

#define INDENT	       13 /* under the address */
#define VALUE	       25 /* where the text behind "strength:" begins */
#define CHAINS	       8
#define LISTED	       6  /* undetermined addresses named one by one */
#define RELAYS_SHOWN   4  /* per address in full without --all */
#define SOURCES	       12 /* named without --all */
#define NETWORKS_SHOWN 4  /* with --mrt, without --all */

struct screen {
	FILE *f;
	const struct case_record *c;
	const struct report_style *s;
	unsigned width;
};

static struct para paragraph(const struct screen *sc)
{
	return (struct para){ .f = sc->f, .width = sc->width };
}

static void colored(const struct screen *sc, const char *code, const char *word)
{
	if (sc->s->color)
		fprintf(sc->f, "\033[%sm%s\033[0m", code, word);
	else
		fputs(word, sc->f);
}

/* A file name comes from outside: no control bytes to the terminal. */
static void file_name(FILE *f, const char *name)
{
	for (; *name != '\0'; name++)
		fputc((unsigned char)*name < 0x20 || *name == 0x7f ? '?'
								   : *name,
		      f);
}

static bool has_holes(const struct case_record *c)
{
	for (size_t i = 0; i < c->n_losses; i++)
		if (strcmp(c->losses[i].name, "sequence_holes") == 0)
			return c->losses[i].value > 0;
	return false;
}

static void head(const struct screen *sc)
{
	const struct case_record *c = sc->c;
	uint64_t packets = 0, drops = 0, no_time = 0, selected = 0;
	int64_t first = INT64_MAX, last = INT64_MIN;
	uint8_t digits = 9;
	char n[32], conns[32], span[32];

	for (size_t i = 0; i < c->n_captures; i++) {
		const struct case_capture *f = &c->captures[i];

		packets += f->packets;
		selected += f->selected;
		drops += f->drops;
		no_time += f->no_time;
		if (f->time_digits > 0 && f->time_digits < digits)
			digits = f->time_digits;
		if (!tstamp_known(f->first))
			continue;
		first = f->first.ns < first ? f->first.ns : first;
		last = f->last.ns > last ? f->last.ns : last;
	}
	if (c->from_stdin)
		fputs("standard input", sc->f);
	else if (c->n_captures == 1)
		file_name(sc->f, c->captures[0].file);
	else
		fprintf(sc->f, "%zu files", c->n_captures);
	if (packets == 0 && !c->damaged) {
		fputs(": a capture without packets\n", sc->f);
		return;
	}
	fprintf(sc->f, ": %s packet%s, ", words_count(packets, n),
		packets == 1 ? "" : "s");
	if (selected != packets)
		fprintf(sc->f, "%s selected, ", words_count(selected, n));
	fprintf(sc->f, "%s connection%s, %s, ",
		words_count(c->conns_total, conns),
		c->conns_total == 1 ? "" : "s",
		words_duration(last >= first ? last - first : -1, span));
	if (drops > 0)
		fprintf(sc->f, "%s dropped by the sensor, ",
			words_count(drops, n));
	else
		fputs(c->damaged     ? "with loss or damage, "
		      : has_holes(c) ? "holes in the sequence space, "
				     : "no loss, ",
		      sc->f);
	if (no_time > 0)
		fprintf(sc->f, "%s without time, ", words_count(no_time, n));
	fprintf(sc->f, "times in %s\n", digits >= 9 ? "ns" : "us");
	if (c->snapshot)
		fputs("snapshot: reading goes on\n", sc->f);
}

static void damage(const struct screen *sc)
{
	for (size_t i = 0; i < sc->c->n_captures; i++) {
		const struct case_capture *f = &sc->c->captures[i];

		if (!f->damaged)
			continue;
		colored(sc, "33", "DAMAGED");
		fputs("      ", sc->f);
		file_name(sc->f, f->file);
		fprintf(sc->f,
			" at byte %" PRIu64 ": %s; everything before "
			"it was used\n",
			f->damage_offset, f->damage);
	}
}

/* "relays A:40122 > :22 into > B:22" */
static void relay_line(const struct screen *sc, const struct case_relay *r,
		       const char *lead, struct para *p)
{
	const struct case_conn *in = case_find_conn(sc->c, r->in);
	const struct case_conn *out = case_find_conn(sc->c, r->out);
	char a[160], b[160], both[176];

	if (in == NULL || out == NULL)
		return;
	snprintf(both, sizeof(both), "%s%s", lead, words_leg(in, &r->host, a));
	para_unit(p, both);
	words_leg(out, &r->host, b);
	snprintf(both, sizeof(both), " into  %s", b);
	para_unit(p, both);
}

static void relay_evidence(const struct screen *sc, const struct case_relay *r)
{
	struct para p = paragraph(sc);
	char e[32], t[32];

	para_begin(&p, r->sufficient ? "sufficient:" : "insufficient:", INDENT,
		   VALUE);
	para_put(&p, "e = %s against the weakest rival, %s (needed %s)",
		 words_power(r->log10_weakest, false, e),
		 rival_name(r->weakest),
		 words_power(r->log10_threshold, true, t));
	if (!r->sufficient && r->reason != REASON_NONE)
		para_put(&p, ": %s", reason_name(r->reason));
	para_end(&p);
	para_begin(&p, "strength:", INDENT, VALUE);
	para_put(&p, "LR %s", words_power(r->log10_lr, false, e));
	if (r->log10_lr_low != r->log10_lr_high)
		para_put(&p, "(%s to %s)",
			 words_power(r->log10_lr_low, false, e),
			 words_power(r->log10_lr_high, true, t));
	para_put(&p, ", %s", strength_word(r->log10_lr));
	if (r->lr_runs > 0)
		para_put(&p,
			 "(%s%" PRIu32 " relay and %" PRIu32 " other runs, %s)",
			 r->lr_capped ? "capped: " : "", r->lr_runs,
			 sc->c->validation_runs, sc->c->strength_table);
	para_end(&p);
}

static void relay_observed(const struct screen *sc, const struct case_relay *r)
{
	struct para p = paragraph(sc);
	char a[32], b[32];

	para_begin(&p, "observed:", INDENT, VALUE);
	para_put(&p, "%" PRIu32 " of %" PRIu32 " onsets answered, lag %s",
		 r->answered, r->onsets, words_lag(r->lag_median_ns, a));
	para_put(&p, "(p95 %s),", words_lag(r->lag_p95_ns, b));
	if (r->bursts > 0)
		para_put(&p, "sizes agree in %" PRIu32 " of %" PRIu32 " bursts",
			 r->equal, r->bursts);
	else
		para_put(&p, "no bursts to compare in bytes");
	if (tstamp_known(r->decided))
		para_put(&p, "; decided after %s and %" PRIu32 " onsets",
			 words_duration(r->decided_after_ns, a),
			 r->decided_onsets);
	para_end(&p);
}

static void relay_look(const struct screen *sc, const struct case_relay *r)
{
	const struct case_conn *in = case_find_conn(sc->c, r->in);
	const struct case_conn *out = case_find_conn(sc->c, r->out);

	if (in == NULL || out == NULL)
		return;
	fprintf(sc->f, "%*s%-*s", INDENT, "", VALUE - INDENT, "look:");
	words_look(sc->f, sc->c, in, out);
	fputc('\n', sc->f);
}

static void relay_details(const struct screen *sc, const struct case_relay *r)
{
	struct para p = paragraph(sc);

	relay_evidence(sc, r);
	relay_observed(sc, r);
	if (r->expected) {
		para_begin(&p, "expected:", INDENT, VALUE);
		para_put(&p, "named in the list of expected relays; a note, "
			     "not an alarm");
		para_end(&p);
	}
	relay_look(sc, r);
}

/* Relays at one address that satisfy `sufficient`; returns how many.  The
 * first one goes on the line of the address, which stands already. */
static size_t relays_at(const struct screen *sc, const struct addr *host,
			bool sufficient, size_t limit)
{
	char text[ADDR_TEXT];
	size_t n = 0;

	addr_format(host, text);
	for (size_t i = 0; i < sc->c->n_relays; i++) {
		const struct case_relay *r = &sc->c->relays[i];
		struct para p = paragraph(sc);

		if (r->sufficient != sufficient || !addr_eq(&r->host, host))
			continue;
		if (n++ >= limit)
			continue;
		if (n == 1) { /* the reason may stand there too: no matter */
			p.column = INDENT + (unsigned)strlen(text);
			p.indent = VALUE - 2;
			para_unit(&p, " relays");
		} else {
			para_begin(&p, "relays", INDENT, INDENT);
		}
		relay_line(sc, r, n == 1 ? " " : "", &p);
		para_end(&p);
		relay_details(sc, r);
	}
	return n;
}

static void address_head(const struct screen *sc, const struct case_address *a)
{
	char text[ADDR_TEXT];

	switch (a->verdict) {
	case VERDICT_SPRINGBOARD:
		colored(sc, "1;31", "SPRINGBOARD ");
		break;
	case VERDICT_SOURCE:
		colored(sc, "1;32", "SOURCE      ");
		break;
	case VERDICT_UNDETERMINED:
		colored(sc, "33", "UNDETERMINED");
		break;
	}
	fprintf(sc->f, " %s", addr_format(&a->address, text));
}

static void far_findings(const struct screen *sc, const struct case_address *a)
{
	for (size_t i = 0; i < a->n_findings; i++) {
		const struct case_finding *g = &a->findings[i];
		struct para p = paragraph(sc);

		if (strcmp(g->proposition, "relay") == 0 ||
		    strcmp(g->proposition, "routing-context") == 0)
			continue;
		para_begin(&p, "", INDENT, INDENT);
		para_put(&p, "%s: observed %s", g->proposition, g->observed);
		if (g->inferred[0] != '\0')
			para_put(&p, "; inferred %s", g->inferred);
		para_end(&p);
	}
}

/* Who announced it: printed with every address, never evidence. */
static void routing_context(const struct screen *sc,
			    const struct case_address *a)
{
	for (size_t i = 0; i < a->n_findings; i++) {
		const struct case_finding *g = &a->findings[i];
		struct para p = paragraph(sc);

		if (strcmp(g->proposition, "routing-context") != 0)
			continue;
		para_begin(&p, "context:", INDENT, VALUE);
		para_put(&p, "%s", g->observed);
		para_end(&p);
	}
}

static void quality(const struct screen *sc, const struct case_address *a)
{
	if (a->quality == 'A' || a->quality == '\0')
		return;
	fprintf(sc->f, "%*s%-*s%c, %s\n", INDENT, "", VALUE - INDENT,
		"quality:", a->quality, a->why_quality);
}

static const struct case_finding *far_finding(const struct case_address *a)
{
	for (size_t i = 0; i < a->n_findings; i++)
		if (strcmp(a->findings[i].proposition, "terminating-relay") ==
		    0)
			return &a->findings[i];
	return NULL;
}

static void labelled(const struct screen *sc, const char *label,
		     const char *text)
{
	struct para p = paragraph(sc);

	para_begin(&p, label, INDENT, VALUE);
	para_put(&p, "%s", text);
	para_end(&p);
}

/* A springboard by its far end: decision, strength, observed, inferred. */
static void far_relay(const struct screen *sc, const struct case_address *a)
{
	const struct case_finding *g = far_finding(a);
	struct para p = paragraph(sc);
	char text[32];

	if (g == NULL) { /* --same-host, --join-by-mac: it stands there */
		fputs("  by another address of the same host\n", sc->f);
		return;
	}
	fputs("  ends connections for somebody further away\n", sc->f);
	for (size_t i = 0; i < sc->c->n_far_ends; i++) {
		const struct case_far_end *f = &sc->c->far_ends[i];

		if (f->question != FAR_TERMINATING ||
		    !addr_eq(&f->address, &a->address))
			continue;
		para_begin(&p, f->sufficient ? "sufficient:" : "insufficient:",
			   INDENT, VALUE);
		para_put(&p, "e = %s against no relay there",
			 words_power(f->log10_e, false, text));
		para_end(&p);
	}
	para_begin(&p, "strength:", INDENT, VALUE);
	para_put(&p, "LR %s, %s", words_power(g->log10_lr, false, text),
		 strength_word(g->log10_lr));
	para_end(&p);
	labelled(sc, "observed:", g->observed);
	labelled(sc, "inferred:", g->inferred);
}

/* One line: what is excluded; the caveat stands below the last one. */
static void source_line(const struct screen *sc, const struct case_address *a)
{
	const struct case_finding *g = far_finding(a);
	struct para p = paragraph(sc);
	char text[ADDR_TEXT];

	if (g != NULL && !sc->s->all) {
		p.column = INDENT +
			   (unsigned)strlen(addr_format(&a->address, text));
		p.indent = VALUE;
		para_put(&p, " %.*s (LR %s)", (int)strcspn(g->inferred, ";"),
			 g->inferred, words_power(g->log10_lr, false, text));
		para_end(&p);
		return;
	}
	fputc('\n', sc->f);
}

static void decided_address(const struct screen *sc,
			    const struct case_address *a)
{
	size_t limit = sc->s->all ? SIZE_MAX : RELAYS_SHOWN;
	size_t n;

	address_head(sc, a);
	n = relays_at(sc, &a->address, true, limit);
	if (n > limit)
		fprintf(sc->f, "%*sand %zu more relays here (--all)\n", INDENT,
			"", n - limit);
	if (n == 0 && a->verdict == VERDICT_SPRINGBOARD)
		far_relay(sc, a);
	else if (n == 0)
		source_line(sc, a);
	if (sc->s->all)
		far_findings(sc, a);
	routing_context(sc, a);
	quality(sc, a);
}

/* What the strongest pair here does instead of relaying. */
static void instead(const struct screen *sc, const struct case_address *a)
{
	for (size_t i = 0; i < sc->c->n_relays; i++) {
		const struct case_relay *r = &sc->c->relays[i];

		if (r->instead == INSTEAD_NOTHING ||
		    !addr_eq(&r->host, &a->address))
			continue;
		for (size_t k = 0; k < a->n_findings; k++) {
			const struct case_finding *g = &a->findings[k];

			if (g->conns[0] != r->in || g->conns[1] != r->out)
				continue;
			labelled(sc, "seen:", g->inferred);
			return;
		}
	}
}

static void undetermined_address(const struct screen *sc,
				 const struct case_address *a)
{
	address_head(sc, a);
	fprintf(sc->f, " %s", reason_name(a->reason));
	if (!sc->s->all || relays_at(sc, &a->address, false, SIZE_MAX) == 0)
		fputc('\n', sc->f);
	if (!sc->s->all && a->reason == REASON_NOT_APPLICABLE)
		instead(sc, a);
	routing_context(sc, a);
	if (!sc->s->all)
		return;
	far_findings(sc, a);
	quality(sc, a);
}

static void undetermined_summary(const struct screen *sc)
{
	size_t by_reason[REASONS] = { 0 }, n = 0;
	struct para p = paragraph(sc);
	bool first = true;
	char text[32];

	for (size_t i = 0; i < sc->c->n_addresses; i++) {
		const struct case_address *a = &sc->c->addresses[i];

		if (a->verdict != VERDICT_UNDETERMINED)
			continue;
		by_reason[a->reason]++;
		n++;
	}
	colored(sc, "33", "UNDETERMINED");
	para_begin(&p, "", 0, 0);
	p.column = INDENT - 1;
	p.indent = INDENT;
	p.glue = false;
	para_put(&p, "%s addresses:", words_count(n, text));
	for (int r = 0; r < REASONS; r++) {
		if (by_reason[r] == 0)
			continue;
		if (!first)
			para_put(&p, ",");
		first = false;
		para_put(&p, "%s %s", words_count(by_reason[r], text),
			 reason_name((enum reason)r));
	}
	para_put(&p, "(--all names them)");
	para_end(&p);
}

/* Wanted by the list of expected relays: a note, no alarm. */
static bool only_expected(const struct screen *sc, const struct case_address *a)
{
	bool expected = false;

	for (size_t i = 0; i < sc->c->n_relays; i++) {
		const struct case_relay *r = &sc->c->relays[i];

		if (!r->sufficient || !addr_eq(&r->host, &a->address))
			continue;
		if (!r->expected)
			return false;
		expected = true;
	}
	return expected;
}

/* No address: why that is. */
static void nothing(const struct screen *sc)
{
	const struct case_record *c = sc->c;
	uint64_t packets = 0, selected = 0;
	struct tstamp first = TSTAMP_NONE, last = TSTAMP_NONE;
	char a[40], b[40];

	for (size_t i = 0; i < c->n_captures; i++) {
		const struct case_capture *f = &c->captures[i];

		packets += f->packets;
		selected += f->selected;
		if (!tstamp_known(f->first))
			continue;
		if (!tstamp_known(first) || f->first.ns < first.ns)
			first = f->first;
		if (!tstamp_known(last) || f->last.ns > last.ns)
			last = f->last;
	}
	if (packets > 0 && selected == 0 && tstamp_known(first))
		fprintf(sc->f,
			"Nothing was selected: the packets are from %s to "
			"%s.\n",
			tstamp_format(first, 0, a, sizeof(a)),
			tstamp_format(last, 0, b, sizeof(b)));
	else if (c->address[0] != '\0')
		fprintf(sc->f, "No connection with %s.\n", c->address);
	else
		fputs("No address to judge: no TCP, UDP or ICMP that could "
		      "be read.\n",
		      sc->f);
}

static void caveat(const struct screen *sc, const char *text)
{
	struct para p = paragraph(sc);

	para_begin(&p, "", INDENT, INDENT);
	para_put(&p, "%s", text);
	para_end(&p);
}

static void caveats(const struct screen *sc, bool sources)
{
	bool relays = false;

	for (size_t i = 0; i < sc->c->n_relays; i++)
		relays = relays || sc->c->relays[i].sufficient;
	if (relays)
		caveat(sc, "Springboard: requests and answers are handed on, "
			   "sizes and all. A server that puts one question to "
			   "another for each that it is asked, hardly wrapped, "
			   "looks the same: see what listens on the far port.");
	if (sources)
		caveat(sc, "Source is the weaker word: a login hop, a remote "
			   "desktop, a relay of TLS or HTTP, one that "
			   "stores and forwards, or a NAT or VPN that hands "
			   "on packets cannot be excluded from here.");
}

static void addresses(const struct screen *sc)
{
	size_t undetermined = 0, sources = 0, telling = 0;
	bool each;

	for (size_t i = 0; i < sc->c->n_addresses; i++) {
		if (sc->c->addresses[i].verdict == VERDICT_UNDETERMINED)
			undetermined++;
	}
	each = sc->s->all || undetermined <= LISTED;
	for (size_t i = 0; i < sc->c->n_addresses; i++) {
		const struct case_address *a = &sc->c->addresses[i];

		if (a->verdict == VERDICT_SPRINGBOARD && !sc->s->all &&
		    only_expected(sc, a))
			continue; /* notes() has it */
		if (a->verdict == VERDICT_SOURCE && sources++ >= SOURCES &&
		    !sc->s->all)
			continue;
		if (a->verdict != VERDICT_UNDETERMINED)
			decided_address(sc, a);
		else if (each || (a->reason == REASON_NOT_APPLICABLE &&
				  telling++ < RELAYS_SHOWN))
			undetermined_address(sc, a);
	}
	if (!each)
		undetermined_summary(sc);
	if (sources > SOURCES && !sc->s->all)
		fprintf(sc->f, "%*sand %zu more sources (--all)\n", INDENT, "",
			sources - SOURCES);
	caveats(sc, sources > 0);
	if (sc->c->n_addresses == 0)
		nothing(sc);
}

/* Expected relays, which addresses() leaves out. */
static void notes(const struct screen *sc)
{
	for (size_t i = 0; i < sc->c->n_relays; i++) {
		const struct case_relay *r = &sc->c->relays[i];
		struct para p = paragraph(sc);
		char text[ADDR_TEXT], e[32];

		if (!r->sufficient || !r->expected || sc->s->all)
			continue;
		para_begin(&p, "note", 0, INDENT);
		para_put(&p, "%s is an expected relay:",
			 addr_format(&r->host, text));
		relay_line(sc, r, "", &p);
		para_put(&p, "(e = %s)",
			 words_power(r->log10_weakest, false, e));
		para_end(&p);
	}
}

static void chains(const struct screen *sc)
{
	size_t n = sc->s->all || sc->c->n_chains <= CHAINS ? sc->c->n_chains
							   : CHAINS;

	for (size_t i = 0; i < n; i++) {
		const struct case_chain *ch = &sc->c->chains[i];
		struct para p = paragraph(sc);
		char label[40], text[ADDR_TEXT], e[32], lag[32];

		snprintf(label, sizeof(label), "chain %zu:", i + 1);
		para_begin(&p, label, 0, 9);
		for (size_t k = 0; k <= ch->n; k++)
			para_put(&p, "%s%s", k > 0 ? "> " : "",
				 addr_format(&ch->route[k], text));
		para_put(&p, "(as far as seen here; weakest e = %s, lag %s)",
			 words_power(ch->weakest_log10_e, false, e),
			 words_lag(ch->lag_ns, lag));
		para_end(&p);
	}
	if (n < sc->c->n_chains)
		fprintf(sc->f, "%*sand %zu more chains (--all)\n", 9, "",
			sc->c->n_chains - n);
}

static void self_check(const struct screen *sc)
{
	const struct case_hypotheses *h = &sc->c->hyp;
	struct para p = paragraph(sc);
	char n[32], k[32];

	para_begin(&p, "self-check:", 0, 12);
	if (h->decoys_tested == 0)
		para_put(&p, "no decoy pair could be made");
	else
		para_put(&p,
			 "decoys >= 10/100/1000: %" PRIu64 "/%" PRIu64
			 "/%" PRIu64 " of %s (allowed %" PRIu64 "/%" PRIu64
			 "/%" PRIu64 ")",
			 h->decoys_above[0], h->decoys_above[1],
			 h->decoys_above[2], words_count(h->decoys_tested, n),
			 (h->decoys_tested + 5) / 10,
			 (h->decoys_tested + 50) / 100,
			 (h->decoys_tested + 500) / 1000);
	para_put(&p, "; K = %s eligible pairs, alpha %g",
		 words_count(h->eligible_pairs, k), h->alpha);
	para_end(&p);
}

static void selection(const struct screen *sc)
{
	const struct case_record *c = sc->c;
	struct para p = paragraph(sc);
	char text[40];

	if (c->filter[0] == '\0' && c->address[0] == '\0' &&
	    !tstamp_known(c->from) && !tstamp_known(c->to))
		return;
	para_begin(&p, "selected:", 0, INDENT);
	if (c->address[0] != '\0')
		para_put(&p, "address %s", c->address);
	if (tstamp_known(c->from))
		para_put(&p, "from %s",
			 tstamp_format(c->from, 0, text, sizeof(text)));
	if (tstamp_known(c->to))
		para_put(&p, "to %s",
			 tstamp_format(c->to, 0, text, sizeof(text)));
	if (c->filter[0] != '\0')
		para_put(&p, "filter '%s'", c->filter);
	para_put(&p, "(K counts only these)");
	para_end(&p);
}

static void same_hosts(const struct screen *sc)
{
	const struct case_record *c = sc->c;
	struct para p = paragraph(sc);
	char a[ADDR_TEXT], b[ADDR_TEXT];

	if (c->n_same_host == 0)
		return;
	para_begin(&p, "one host:", 0, INDENT);
	for (size_t i = 0; i < c->n_same_host; i++)
		para_put(&p, "%s%s = %s", i > 0 ? ", " : "",
			 addr_format(&c->same_host[i][0], a),
			 addr_format(&c->same_host[i][1], b));
	para_end(&p);
}

static void losses(const struct screen *sc)
{
	struct para p = paragraph(sc);
	bool any = false;
	char n[32];

	for (size_t i = 0; i < sc->c->n_losses; i++) {
		const struct case_counter *l = &sc->c->losses[i];

		if (l->value == 0)
			continue;
		if (!any)
			para_begin(&p, "counted:", 0, INDENT);
		else
			para_put(&p, ",");
		any = true;
		para_put(&p, "%s %s", l->name, words_count(l->value, n));
	}
	if (any)
		para_end(&p);
}

/* The address about which there is most to tell. */
static const struct case_address *most_telling(const struct case_record *c)
{
	const struct case_address *best = &c->addresses[0];
	int rank = -1;

	for (size_t i = 0; i < c->n_addresses; i++) {
		const struct case_address *a = &c->addresses[i];
		int now = a->verdict == VERDICT_SPRINGBOARD	? 4
			  : a->reason == REASON_CONFLICT	? 3
			  : a->reason == REASON_NOT_APPLICABLE	? 2
			  : a->reason == REASON_BELOW_THRESHOLD ? 1
								: 0;

		if (now > rank) {
			best = a;
			rank = now;
		}
	}
	return best;
}

static void closing(const struct screen *sc)
{
	const struct case_record *c = sc->c;
	char text[ADDR_TEXT];

	fputs("Undetermined is not innocent, and a springboard is itself a "
	      "victim.\n",
	      sc->f);
	if (c->n_addresses == 0 || c->snapshot)
		return;
	addr_format(&most_telling(c)->address, text);
	if (sc->s->stored != NULL) {
		fputs("Next: wellspring explain ", sc->f);
		words_shell(sc->f, sc->s->stored);
		fprintf(sc->f, " %s\n", text);
	} else {
		fprintf(sc->f,
			"Next: --json=case.json, then wellspring "
			"explain case.json %s\n",
			text);
	}
}

bool report_text(FILE *f, const struct case_record *c,
		 const struct report_style *s)
{
	struct screen sc = {
		.f = f, .c = c, .s = s, .width = s->width > 0 ? s->width : 80
	};

	if (sc.width < 40)
		sc.width = 40;
	head(&sc);
	selection(&sc);
	same_hosts(&sc);
	damage(&sc);
	addresses(&sc);
	notes(&sc);
	chains(&sc);
	if (c->passive != NULL) {
		struct route_passive p = route_passive_of(c->passive);

		p.limit = s->all ? 0 : NETWORKS_SHOWN;
		route_passive_text(f, &p);
	}
	self_check(&sc);
	losses(&sc);
	closing(&sc);
	return fflush(f) == 0 && !ferror(f);
}
