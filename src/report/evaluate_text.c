/* evaluate_text.c - the evaluation as tables for a person. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "evidence/calibrate.h"
#include "report/evaluation.h"
#include "report/words.h"

static double bans(microbans m)
{
	return (double)m / (double)MICROBANS_PER_BAN;
}

static void quartiles(FILE *f, const struct eval_quartiles *q, double unit)
{
	fprintf(f, "  %6.1f %6.1f %6.1f %6.1f", (double)q->q1 / unit,
		(double)q->median / unit, (double)q->q3 / unit,
		(double)q->max / unit);
}

static void table(FILE *f, const struct evaluation *v, bool must)
{
	size_t n, all = 0, found = 0;
	struct evaluation_row *rows = evaluation_rows(v, must, &n);

	if (must)
		fprintf(f,
			"\nRelays that must be found (>= %d data packets each "
			"way on both legs, >= %d s overlap)\n",
			EVAL_MUST_DATA_PACKETS,
			(int)(EVAL_MUST_OVERLAP_NS / 1000000000));
	else
		fputs("\nShorter ones\n", f);
	fprintf(f, "%-19s %-13s %-5s %5s %5s %6s %8s  %-27s  %s\n", "kind",
		"tool", "group", "pairs", "found", "missed", "reversed",
		"s to decide: q1 med q3 max", "onsets: q1 med q3 max");
	for (size_t i = 0; i < n; i++) {
		const struct evaluation_row *r = &rows[i];

		fprintf(f, "%-19s %-13s %-5c %5zu %5zu %6zu %8zu", r->kind,
			r->tool, r->group, r->n, r->found, r->n - r->found,
			r->reversed);
		if (r->timed > 0) {
			quartiles(f, &r->after_ns, 1e9);
			quartiles(f, &r->onsets, 1);
		}
		fputc('\n', f);
		all += r->n;
		found += r->found;
	}
	fprintf(f, "%-39s %5zu %5zu %6zu\n", "all", all, found, all - found);
	free(rows);
}

static void pair_line(FILE *f, const struct eval_pair *p)
{
	fprintf(f, "  %s/%s %s %s [%s]: ", p->scenario, p->capture, p->kind,
		p->tool, p->legs);
	if (!p->scored)
		fputs("no record of the pair", f);
	else
		fprintf(f, "log10 e %.2f of %.2f (%s), log10 LR %.2f%s%s",
			bans(p->log10_e), bans(p->log10_threshold),
			rival_name(p->weakest), bans(p->log10_lr),
			p->reason != REASON_NONE ? ", " : "",
			p->reason != REASON_NONE ? reason_name(p->reason) : "");
	if (p->reversed)
		fputs(", in and out exchanged", f);
	if (p->decided_after_ns >= 0)
		fprintf(f, ", decided after %.1f s, %" PRIu32 " onsets",
			(double)p->decided_after_ns / 1e9, p->decided_onsets);
	fprintf(f, "; >= %" PRIu32 " data packets, %.0f s overlap\n",
		p->data_packets, (double)p->overlap_ns / 1e9);
}

static void pair_list(FILE *f, const struct evaluation *v, const char *title,
		      bool (*wanted)(const struct eval_pair *))
{
	size_t n = 0;

	for (size_t i = 0; i < v->n_pairs; i++)
		n += wanted(&v->pairs[i]);
	fprintf(f, "\n%s: %zu\n", title, n);
	for (size_t i = 0; i < v->n_pairs; i++) {
		if (wanted(&v->pairs[i]))
			pair_line(f, &v->pairs[i]);
	}
}

static bool is_false(const struct eval_pair *p)
{
	return p->is_false;
}

static bool is_missed(const struct eval_pair *p)
{
	return p->must && !p->found;
}

static bool is_found(const struct eval_pair *p)
{
	return p->found;
}

static bool is_short_missed(const struct eval_pair *p)
{
	return p->terminates && !p->must && !p->found;
}

static void share(FILE *f, uint64_t n, uint64_t of)
{
	fprintf(f, " %6" PRIu64 " %8.5f", n,
		of > 0 ? (double)n / (double)of : 0.0);
}

static void nulls(FILE *f, const struct evaluation *v)
{
	fputs("\nPairs without a relay: how many reach 10, 100, 1000 "
	      "(allowed shares 0.1, 0.01, 0.001)\n"
	      "group captures  null pairs   >=10    share  >=100    share "
	      ">=1000    share     decoys   >=10    share  >=100    share "
	      ">=1000    share\n",
	      f);
	for (size_t i = 0; i < EVAL_GROUPS; i++) {
		const struct eval_group *g = &v->groups[i];
		uint64_t n = g->eligible > g->true_pairs
				     ? g->eligible - g->true_pairs
				     : 0;

		if (g->captures == 0)
			continue;
		fprintf(f, "%-5c %8" PRIu32 " %11" PRIu64, g->group,
			g->captures, n);
		for (int k = 0; k < 3; k++)
			share(f, g->null_above[k], n);
		fprintf(f, " %10" PRIu64, g->decoys_tested);
		for (int k = 0; k < 3; k++)
			share(f, g->decoys_above[k], g->decoys_tested);
		fputc('\n', f);
	}
}

static void addresses(FILE *f, const struct evaluation *v)
{
	fprintf(f,
		"\nAddresses: %" PRIu64 " springboard, %" PRIu64
		" source, %" PRIu64 " undetermined\n",
		v->verdicts[VERDICT_SPRINGBOARD], v->verdicts[VERDICT_SOURCE],
		v->verdicts[VERDICT_UNDETERMINED]);
	for (int r = 0; r < REASONS; r++) {
		if (v->reasons[r] > 0)
			fprintf(f, "  undetermined, %s: %" PRIu64 "\n",
				reason_name((enum reason)r), v->reasons[r]);
	}
	fprintf(f,
		"  springboard at a host that relays nothing: %" PRIu32
		"\n  source at a host that relays: %" PRIu32
		"\n  source at a NAT or VPN, which hands on packets: %" PRIu32
		"\n",
		v->wrong_springboard, v->wrong_source, v->source_hands_on);
}

static void strength(FILE *f, const struct evaluation *v)
{
	struct calibrate_sets s = { v->h1, v->h2, v->n1, v->n2 };
	double cllr = calibrate_cllr(&s), least = calibrate_cllr_min(&s);

	fprintf(f,
		"\nStrength: %zu LRs of relays (%" PRIu64
		" without a record count as 1), %zu of other pairs (%" PRIu64
		" that no case keeps are left out)\n",
		v->n1, v->h1_without, v->n2, v->h2_without);
	if (cllr < 0)
		fputs("  too few for Cllr\n", f);
	else
		fprintf(f,
			"  Cllr %.4f, Cllr_min %.4f, Cllr_cal %.4f\n"
			"  misleading: %.4f of relays below 1, %.4f of other "
			"pairs above 1\n",
			cllr, least, cllr - least, calibrate_misleading_h1(&s),
			calibrate_misleading_h2(&s));
}

/* The same scores, refitted: what this set is worth as a calibration. */
static void refitted(FILE *f, const struct evaluation *v)
{
	const struct strength *s = &v->strength;

	if (!v->fitted)
		return;
	fprintf(f,
		"\nStrength from these scores: relays against the strongest "
		"other pair of each run (%" PRIu32
		" runs)\n%-19s %6s %5s %15s %8s %18s "
		"%8s  %s\n",
		s->other_runs, "kind", "relays", "runs", "Cllr left-out",
		"Cllr_min", "misleading r/o", "cap LR", "from score");
	for (size_t k = 0; k <= KINDS; k++) {
		const struct strength_kind *t = &s->kind[k];
		const struct strength_check *c = &v->check[k];

		if (t->n == 0)
			continue;
		fprintf(f,
			"%-19s %6" PRIu64 " %5" PRIu32
			" %15.4f %8.4f %9.4f/%.4f   10^%.2f  %.2f\n",
			k == STRENGTH_ANY ? "any"
					  : kind_name((enum relay_kind)k),
			c->relays, c->relay_runs, c->cllr, c->cllr_min,
			c->misleading_relays, c->misleading_others,
			bans(t->step[t->n - 1].lr),
			bans(t->step[t->n - 1].from));
	}
	fputs("  left-out: each run judged by a table made without it; "
	      "misleading: relays with\n  LR < 1, others with LR > 1\n",
	      f);
}

bool report_evaluation_text(FILE *f, const struct evaluation *v, bool details)
{
	fprintf(f,
		"%" PRIu32 " scenarios, %" PRIu32 " captures, %" PRIu64
		" connections (%" PRIu64
		" that the truth does not name), alpha %g\n",
		v->scenarios, v->captures, v->connections, v->unmatched,
		v->alpha);
	table(f, v, true);
	table(f, v, false);
	pair_list(f, v, "False relays", is_false);
	pair_list(f, v, "Missed", is_missed);
	if (details) {
		pair_list(f, v, "Found", is_found);
		pair_list(f, v, "Shorter ones not found", is_short_missed);
	}
	nulls(f, v);
	addresses(f, v);
	strength(f, v);
	refitted(f, v);
	return fflush(f) == 0 && !ferror(f);
}

static int by_value(const void *a, const void *b)
{
	microbans x = *(const microbans *)a, y = *(const microbans *)b;

	return x < y ? -1 : x > y;
}

bool report_evaluation_tippett(FILE *f, const struct evaluation *v)
{
	size_t n = v->n1 + v->n2, at1 = 0, at2 = 0;
	microbans *all = calloc(3 * n + 1, sizeof(*all));
	microbans *h1 = all + n, *h2 = h1 + v->n1;

	if (all == NULL)
		return false;
	for (size_t i = 0; i < v->n1; i++)
		h1[i] = all[i] = v->h1[i];
	for (size_t i = 0; i < v->n2; i++)
		h2[i] = all[v->n1 + i] = v->h2[i];
	qsort(all, n, sizeof(*all), by_value);
	qsort(h1, v->n1, sizeof(*h1), by_value);
	qsort(h2, v->n2, sizeof(*h2), by_value);
	fputs("log10_lr\tshare_h1\tshare_h2\n", f);
	for (size_t i = 0; i < n; i++) {
		if (i > 0 && all[i] == all[i - 1])
			continue;
		while (at1 < v->n1 && h1[at1] < all[i])
			at1++;
		while (at2 < v->n2 && h2[at2] < all[i])
			at2++;
		fprintf(f, "%.6f\t%.6f\t%.6f\n", bans(all[i]),
			v->n1 ? (double)(v->n1 - at1) / (double)v->n1 : 0.0,
			v->n2 ? (double)(v->n2 - at2) / (double)v->n2 : 0.0);
	}
	free(all);
	return fflush(f) == 0 && !ferror(f);
}
