/*
 * explain.c - the reasons of one verdict: per relay what was observed, what
 * is inferred, every rival against the threshold, what would change the
 * verdict, and what cannot be seen from here.
 */
#include "report/report.h"

#include <inttypes.h>
#include <string.h>

#include "report/words.h"

#define INDENT 2
#define VALUE  14

struct page {
	FILE *f;
	const struct case_record *c;
	const struct addr *address;
	unsigned width;
	bool color;
};

/* What each rival claims, and what speaks against it. */
static const char *const rival_claims[RIVALS] = {
	[RIVAL_INDEPENDENT] = "the two have nothing to do with each other",
	[RIVAL_TIMERS] = "both follow clocks of their own",
	[RIVAL_COMMON] = "something else drives both",
	[RIVAL_WAKE] = "the whole host became active",
	[RIVAL_DEPENDENCY] = "one service asks another",
};

/* What would turn "undetermined" into a decision. */
static const char *const reason_advice[REASONS] = {
	[REASON_NONE] = "",
	[REASON_TOO_FEW_DATA] =
		"a longer capture: too little activity was seen to decide",
	[REASON_ONE_DIRECTION] =
		"a capture that sees both directions of its connections",
	[REASON_CAPTURE_LOSS] = "a capture without dropped packets",
	[REASON_TABLE_OVERFLOW] =
		"more room (--max-conns, --max-pairs) or a selection "
		"(--address, --from, --to)",
	[REASON_NOT_APPLICABLE] =
		"a look at the host itself (its processes and sockets): "
		"what is handed on here is what a VPN, a broadcast, a "
		"service, a feed or a writer hands on",
	[REASON_OUTSIDE_VALIDATION] =
		"a validation under such conditions: this traffic lies "
		"outside what the method was validated for",
	[REASON_BELOW_THRESHOLD] =
		"more activity, or fewer hypotheses by a selection that is "
		"fixed before reading (--address)",
	[REASON_CONFLICT] =
		"another vantage point: findings contradict each other",
	[REASON_CAP_REACHED] =
		"more validation runs: the strength is capped by how many "
		"there were",
};

static struct para paragraph(const struct page *pg)
{
	return (struct para){ .f = pg->f, .width = pg->width };
}

static void line(const struct page *pg, const char *label, const char *text)
{
	struct para p = paragraph(pg);

	para_begin(&p, label, INDENT, VALUE);
	para_put(&p, "%s", text);
	para_end(&p);
}

static void rivals(const struct page *pg, const struct case_relay *r)
{
	fprintf(pg->f, "%*s%-*s%-20s %9s %9s\n", INDENT, "", VALUE - INDENT,
		"rivals:", "explanation", "log10 e", "needed");
	for (int i = 0; i < RIVALS; i++) {
		bool beaten = r->log10_e[i] >= r->log10_threshold;

		fprintf(pg->f, "%*s%-20s %9.2f %9.2f  %s (%s)\n", VALUE, "",
			rival_name((enum rival)i),
			(double)r->log10_e[i] / MICROBANS_PER_BAN,
			(double)r->log10_threshold / MICROBANS_PER_BAN,
			beaten ? "beaten" : "NOT beaten", rival_claims[i]);
	}
}

static void observed(const struct page *pg, const struct case_relay *r)
{
	struct para p = paragraph(pg);
	char a[32], b[32];

	para_begin(&p, "observed:", INDENT, VALUE);
	para_put(&p,
		 "%" PRIu32 " onsets on the incoming leg, %" PRIu32
		 " of them answered on the outgoing one; lag %s (median), %s "
		 "(p95)",
		 r->onsets, r->answered, words_lag(r->lag_median_ns, a),
		 words_lag(r->lag_p95_ns, b));
	if (r->bursts > 0)
		para_put(&p,
			 "; the sizes agree (equal, or by this pair's own "
			 "constant or ratio) in %" PRIu32 " of %" PRIu32
			 " exchanges",
			 r->equal, r->bursts);
	para_end(&p);
}

static void inferred(const struct page *pg, const struct case_relay *r)
{
	struct para p = paragraph(pg);
	char e[32], t[32], when[40];

	para_begin(&p, "inferred:", INDENT, VALUE);
	if (r->sufficient)
		para_put(&p, "the host passes the one on as the other (%s)",
			 kind_name(r->kind));
	else
		para_put(&p, "nothing yet; if it is a relay, then %s",
			 kind_name(r->kind));
	para_end(&p);
	para_begin(&p, "decision:", INDENT, VALUE);
	para_put(&p, "%s: e = %s against %s, needed %s",
		 r->sufficient ? "sufficient" : "not sufficient",
		 words_power(r->log10_weakest, false, e),
		 rival_name(r->weakest),
		 words_power(r->log10_threshold, true, t));
	if (!r->sufficient && r->reason != REASON_NONE)
		para_put(&p, "(%s)", reason_name(r->reason));
	if (tstamp_known(r->decided))
		para_put(&p,
			 "; reached at %s, %s and %" PRIu32
			 " onsets into the overlap",
			 tstamp_format(r->decided, 3, when, sizeof(when)),
			 words_duration(r->decided_after_ns, e),
			 r->decided_onsets);
	para_end(&p);
	para_begin(&p, "strength:", INDENT, VALUE);
	para_put(&p,
		 "LR %s (%s to %s over the assumptions), %s; calibrated on "
		 "%" PRIu32 " runs with such relays and %" PRIu32
		 " without (%s)%s",
		 words_power(r->log10_lr, false, e),
		 words_power(r->log10_lr_low, false, t),
		 words_power(r->log10_lr_high, true, when),
		 strength_word(r->log10_lr), r->lr_runs, pg->c->validation_runs,
		 pg->c->strength_table,
		 r->lr_capped ? ", whose number is the limit" : "");
	para_end(&p);
}

static void would_change(const struct page *pg, const struct case_relay *r)
{
	microbans margin = r->log10_weakest - r->log10_threshold;
	struct para p = paragraph(pg);
	char n[32], k[32];

	para_begin(&p, "to change:", INDENT, VALUE);
	if (r->sufficient) {
		para_put(&p,
			 "more than %s times as many hypotheses (now K = %s)",
			 words_power(margin, false, n),
			 words_count(pg->c->hyp.eligible_pairs, k));
		para_put(&p,
			 "; a record of the host that shows another "
			 "reason for %s",
			 rival_name(r->weakest));
	} else if (margin >= 0) {
		para_put(&p, "%s", reason_advice[r->reason]);
	} else if (r->log10_weakest > 0 && r->onsets > 0) {
		double more = (double)r->onsets * (double)-margin /
			      (double)r->log10_weakest;

		para_put(&p,
			 "about %s more onsets at the rate so far, if it is "
			 "a relay",
			 more < 1e9 ? words_count((uint64_t)more + 1, n)
				    : "too many");
	} else {
		para_put(&p, "evidence against %s: so far there is none",
			 rival_name(r->weakest));
	}
	para_end(&p);
}

static void connection_line(const struct page *pg, const char *label,
			    uint32_t id)
{
	const struct case_conn *c = case_find_conn(pg->c, id);
	struct para p = paragraph(pg);
	char src[64], dst[64], span[32], bytes[2][32];

	if (c == NULL)
		return;
	para_begin(&p, label, INDENT, VALUE);
	para_put(&p, "#%" PRIu32 " %s > %s, %s, %s bytes there, %s back", id,
		 words_end(&c->src, c->sport, c->proto, src),
		 words_end(&c->dst, c->dport, c->proto, dst),
		 words_duration(c->last.ns - c->first.ns, span),
		 words_count(c->bytes[0], bytes[0]),
		 words_count(c->bytes[1], bytes[1]));
	if (c->src_inferred)
		para_put(&p, "(who opened it is a guess)");
	if (c->community_id[0] != '\0')
		para_put(&p, "%s", c->community_id);
	para_end(&p);
}

static void look(const struct page *pg, uint32_t a, uint32_t b)
{
	const struct case_conn *ca = case_find_conn(pg->c, a);
	const struct case_conn *cb = b != 0 ? case_find_conn(pg->c, b) : NULL;

	if (ca == NULL)
		return;
	fprintf(pg->f, "%*s%-*s", INDENT, "", VALUE - INDENT, "look:");
	words_look(pg->f, pg->c, ca, cb);
	fputc('\n', pg->f);
}

/* Frame numbers of one file as a filter. */
static void open_line(const struct page *pg, const struct case_relay *r,
		      uint32_t capture)
{
	const char *comma = "";

	fprintf(pg->f, "%*s%-*stshark -r ", INDENT, "", VALUE - INDENT,
		"open:");
	words_shell(pg->f, pg->c->captures[capture].file);
	fputs(" -Y 'frame.number in {", pg->f);
	for (size_t i = 0; i < r->n_exchanges; i++) {
		const struct case_frame *end[2] = { &r->exchanges[i].from,
						    &r->exchanges[i].to };

		for (int k = 0; k < 2; k++) {
			if (end[k]->capture != capture)
				continue;
			fprintf(pg->f, "%s%" PRIu64, comma, end[k]->number);
			comma = ", ";
		}
	}
	fputs("}'\n", pg->f);
}

static void exchange(const struct page *pg, const struct case_exchange *x)
{
	char when[40], lag[32], quiet[32], frames[48], bytes[32], file[32] = "";

	tstamp_format(x->from.ts, 6, when, sizeof(when));
	snprintf(frames, sizeof(frames), "%" PRIu64 " > %" PRIu64,
		 x->from.number, x->to.number);
	snprintf(bytes, sizeof(bytes), "%" PRIu32 " > %" PRIu32, x->from.bytes,
		 x->to.bytes);
	if (pg->c->n_captures > 1)
		snprintf(file, sizeof(file), "  file %" PRIu32,
			 x->from.capture + 1);
	fprintf(pg->f, "%*s%-27s  %-7s  %-15s  %7s  %-11s  %8s%s\n", VALUE, "",
		when, x->reply ? "out>in" : "in>out", frames,
		words_lag(x->to.ts.ns - x->from.ts.ns, lag), bytes,
		words_duration(x->silence_ns, quiet), file);
}

/* The packets that anybody can open: first of a burst that arrives, first of
 * the one that leaves. */
static void frames(const struct page *pg, const struct case_relay *r)
{
	uint32_t n = (uint32_t)pg->c->n_captures;

	if (r->n_exchanges == 0) {
		if (pg->c->frames_missing[0] != '\0')
			line(pg, "frames:", pg->c->frames_missing);
		return;
	}
	line(pg, "frames:",
	     "the exchanges after the longest silences on both legs: the first "
	     "packet of a burst that arrives and of the one that leaves");
	fprintf(pg->f, "%*s%-27s  %-7s  %-15s  %7s  %-11s  %8s\n", VALUE, "",
		"time (UTC)", "leg", "frame number", "lag", "bytes", "silence");
	for (size_t i = 0; i < r->n_exchanges; i++)
		exchange(pg, &r->exchanges[i]);
	for (uint32_t k = 0; k < n; k++) {
		bool here = false;

		for (size_t i = 0; i < r->n_exchanges; i++)
			here = here || r->exchanges[i].from.capture == k ||
			       r->exchanges[i].to.capture == k;
		if (here)
			open_line(pg, r, k);
	}
}

static size_t relays(const struct page *pg)
{
	size_t n = 0;

	for (size_t i = 0; i < pg->c->n_relays; i++) {
		const struct case_relay *r = &pg->c->relays[i];

		if (!addr_eq(&r->host, pg->address))
			continue;
		fprintf(pg->f,
			"\nPair %zu: is connection %" PRIu32
			" relayed into %" PRIu32 "?\n",
			++n, r->in, r->out);
		connection_line(pg, "in:", r->in);
		connection_line(pg, "out:", r->out);
		observed(pg, r);
		inferred(pg, r);
		rivals(pg, r);
		would_change(pg, r);
		if (r->expected)
			line(pg, "expected:",
			     "named in the list of expected relays: a note, "
			     "not an alarm");
		look(pg, r->in, r->out);
		frames(pg, r);
	}
	return n;
}

static void findings(const struct page *pg, const struct case_address *a)
{
	char e[32], lr[32];

	for (size_t i = 0; i < a->n_findings; i++) {
		const struct case_finding *g = &a->findings[i];
		struct para p = paragraph(pg);

		fprintf(pg->f, "\nFinding: %s\n", g->proposition);
		if (g->observed[0] != '\0')
			line(pg, "observed:", g->observed);
		if (g->inferred[0] != '\0')
			line(pg, "inferred:", g->inferred);
		para_begin(&p, "evidence:", INDENT, VALUE);
		para_put(&p, "e = %s, LR %s, %s",
			 words_power(g->log10_e, false, e),
			 words_power(g->log10_lr, false, lr),
			 strength_word(g->log10_lr));
		para_end(&p);
		if (strcmp(g->proposition, "relay") != 0 && g->conns[0] != 0)
			look(pg, g->conns[0], g->conns[1]);
	}
}

static void far_ends(const struct page *pg)
{
	char text[96];

	for (size_t i = 0; i < pg->c->n_far_ends; i++) {
		const struct case_far_end *f = &pg->c->far_ends[i];

		if (!addr_eq(&f->address, pg->address))
			continue;
		fprintf(pg->f, "\nFar end: %s? %s%s%s\n",
			far_question_name(f->question),
			far_answer_name(f->answer),
			f->reason[0] != '\0' ? ", " : "", f->reason);
		snprintf(text, sizeof(text), "log10 e %.2f, log10 LR %.2f, %s",
			 (double)f->log10_e / MICROBANS_PER_BAN,
			 (double)f->log10_lr / MICROBANS_PER_BAN,
			 f->sufficient ? "sufficient" : "not sufficient");
		line(pg, "evidence:", text);
		if (f->question == FAR_TERMINATING &&
		    pg->c->calibration[0] != '\0')
			line(pg, "calibrated:", pg->c->calibration);
		if (f->leg_high_ms >= 0) {
			snprintf(text, sizeof(text), "%.1f to %.1f ms",
				 f->leg_low_ms < 0 ? 0 : f->leg_low_ms,
				 f->leg_high_ms);
			line(pg, "far leg:", text);
		}
		for (int k = 0; k < f->n_ja4; k++)
			line(pg, k == 0 ? "TLS clients:" : "", f->ja4[k]);
	}
}

static void chains(const struct page *pg)
{
	for (size_t i = 0; i < pg->c->n_chains; i++) {
		const struct case_chain *ch = &pg->c->chains[i];
		struct para p = paragraph(pg);
		char label[40], text[ADDR_TEXT];
		bool here = false;

		for (size_t k = 0; k <= ch->n; k++)
			here = here || addr_eq(&ch->route[k], pg->address);
		if (!here)
			continue;
		snprintf(label, sizeof(label), "\nchain %zu:", i + 1);
		para_begin(&p, label, 0, VALUE);
		for (size_t k = 0; k <= ch->n; k++)
			para_put(&p, "%s%s", k > 0 ? "> " : "",
				 addr_format(&ch->route[k], text));
		para_end(&p);
	}
}

static void limits(const struct page *pg, const struct case_address *a)
{
	fputs("\nCannot be seen from here:\n", pg->f);
	if (a->verdict == VERDICT_SPRINGBOARD)
		line(pg, "",
		     "- who uses it: a springboard is itself a "
		     "victim, and the hosts before it may be "
		     "springboards too");
	if (a->verdict == VERDICT_SOURCE)
		line(pg, "",
		     "- a login hop, a remote desktop, a relay of TLS or "
		     "HTTP, store and forward, a NAT or VPN that hands "
		     "on packets: source is the weaker word");
	if (a->verdict == VERDICT_UNDETERMINED)
		line(pg, "",
		     "- whether it relays or not: undetermined is "
		     "not innocent");
	line(pg, "", "- connections that this sensor does not see");
	line(pg, "",
	     "- a relay that waits long or sends mostly dummies: "
	     "beyond a limit no method can see it (LIMITS.md)");
}

static const struct case_address *find(const struct case_record *c,
				       const struct addr *a)
{
	for (size_t i = 0; i < c->n_addresses; i++) {
		if (addr_eq(&c->addresses[i].address, a))
			return &c->addresses[i];
	}
	return NULL;
}

bool report_explain(FILE *f, const struct case_record *c,
		    const struct addr *address, const struct report_style *s,
		    struct err *e)
{
	struct page pg = { .f = f,
			   .c = c,
			   .address = address,
			   .width = s->width >= 40 ? s->width : 80,
			   .color = s->color };
	const struct case_address *a = find(c, address);
	char text[ADDR_TEXT];
	size_t pairs;

	addr_format(address, text);
	if (a == NULL)
		return err_set(e, ERR_USAGE,
			       "the case does not name %s; it has %zu "
			       "addresses (\"addresses\" in the file)",
			       text, c->n_addresses);
	fprintf(f, "%s: %s%s%s, quality %c%s%s\n", text,
		verdict_name(a->verdict), a->reason != REASON_NONE ? ", " : "",
		a->reason != REASON_NONE ? reason_name(a->reason) : "",
		a->quality, a->why_quality[0] != '\0' ? ": " : "",
		a->why_quality);
	fprintf(f,
		"%" PRIu32 " connections seen with it; K = %s hypotheses "
		"in the run, alpha %g\n",
		a->connections, words_count(c->hyp.eligible_pairs, text),
		c->hyp.alpha);
	pairs = relays(&pg);
	findings(&pg, a);
	far_ends(&pg);
	chains(&pg);
	if (a->verdict == VERDICT_UNDETERMINED) {
		fputs("\nWould decide it:\n", f);
		line(&pg, "", reason_advice[a->reason]);
		if (pairs == 0)
			line(&pg, "",
			     "the case names no pair at this "
			     "address; with 'analyze --all' it has "
			     "the best insufficient ones");
	}
	limits(&pg, a);
	if (fflush(f) != 0 || ferror(f))
		return err_set(e, ERR_IO, "writing failed");
	return true;
}
