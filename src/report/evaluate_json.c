/* evaluate_json.c - the evaluation as one JSON object. */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "evidence/calibrate.h"
#include "report/evaluation.h"

static void quartiles(struct json *j, const char *key,
		      const struct eval_quartiles *q)
{
	json_key(j, key);
	json_object(j);
	json_kint(j, "q1", q->q1);
	json_kint(j, "median", q->median);
	json_kint(j, "q3", q->q3);
	json_kint(j, "max", q->max);
	json_end(j);
}

static void rows(struct json *j, const char *key, const struct evaluation *v,
		 bool must)
{
	size_t n;
	struct evaluation_row *r = evaluation_rows(v, must, &n);

	json_key(j, key);
	json_array(j);
	for (size_t i = 0; i < n; i++) {
		json_object(j);
		json_kstring(j, "kind", r[i].kind);
		json_kstring(j, "tool", r[i].tool);
		json_kstring(j, "group", (char[2]){ r[i].group });
		json_kuint(j, "pairs", r[i].n);
		json_kuint(j, "found", r[i].found);
		json_kuint(j, "missed", r[i].n - r[i].found);
		json_kuint(j, "reversed", r[i].reversed);
		if (r[i].timed > 0) {
			quartiles(j, "decided_after_ns", &r[i].after_ns);
			quartiles(j, "decided_onsets", &r[i].onsets);
		}
		json_end(j);
	}
	json_end(j);
	free(r);
}

static void pair(struct json *j, const struct eval_pair *p)
{
	char group[2] = { p->group, '\0' };

	json_object(j);
	json_kstring(j, "scenario", p->scenario);
	json_kstring(j, "capture", p->capture);
	json_kstring(j, "group", group);
	json_kstring(j, "kind", p->kind);
	json_kstring(j, "tool", p->tool);
	json_kstring(j, "legs", p->legs);
	json_kbool(j, "must", p->must);
	json_kbool(j, "found", p->found);
	json_kbool(j, "false", p->is_false);
	json_kbool(j, "reversed", p->reversed);
	json_kbool(j, "scored", p->scored);
	json_kstring(j, "reason", reason_name(p->reason));
	if (p->scored) {
		json_kstring(j, "weakest_rival", rival_name(p->weakest));
		json_kbans(j, "log10_e", p->log10_e);
		json_kbans(j, "log10_threshold", p->log10_threshold);
		json_kbans(j, "log10_lr", p->log10_lr);
	}
	if (p->decided_after_ns >= 0) {
		json_kint(j, "decided_after_ns", p->decided_after_ns);
		json_kuint(j, "decided_onsets", p->decided_onsets);
	}
	json_kuint(j, "data_packets", p->data_packets);
	json_kint(j, "overlap_ns", p->overlap_ns);
	json_end(j);
}

static void above(struct json *j, const char *key, const uint64_t *n)
{
	json_key(j, key);
	json_object(j);
	json_kuint(j, "1", n[0]);
	json_kuint(j, "2", n[1]);
	json_kuint(j, "3", n[2]);
	json_end(j);
}

static void groups(struct json *j, const struct evaluation *v)
{
	json_key(j, "groups");
	json_array(j);
	for (size_t i = 0; i < EVAL_GROUPS; i++) {
		const struct eval_group *g = &v->groups[i];
		char name[2] = { g->group, '\0' };

		if (g->captures == 0)
			continue;
		json_object(j);
		json_kstring(j, "group", name);
		json_kuint(j, "captures", g->captures);
		json_kuint(j, "eligible_pairs", g->eligible);
		json_kuint(j, "true_pairs", g->true_pairs);
		above(j, "null_above", g->null_above);
		json_kuint(j, "decoys_tested", g->decoys_tested);
		above(j, "decoys_above", g->decoys_above);
		json_end(j);
	}
	json_end(j);
}

static void addresses(struct json *j, const struct evaluation *v)
{
	json_key(j, "addresses");
	json_object(j);
	for (int i = 0; i < 3; i++)
		json_kuint(j, verdict_name((enum verdict_word)i),
			   v->verdicts[i]);
	json_key(j, "undetermined_by_reason");
	json_object(j);
	for (int i = 0; i < REASONS; i++) {
		if (v->reasons[i] > 0)
			json_kuint(j, reason_name((enum reason)i),
				   v->reasons[i]);
	}
	json_end(j);
	json_kuint(j, "wrong_springboard", v->wrong_springboard);
	json_kuint(j, "wrong_source", v->wrong_source);
	json_kuint(j, "source_hands_on", v->source_hands_on);
	json_end(j);
}

static void strength(struct json *j, const struct evaluation *v)
{
	struct calibrate_sets s = { v->h1, v->h2, v->n1, v->n2 };

	json_key(j, "strength");
	json_object(j);
	json_kuint(j, "relays", v->n1);
	json_kuint(j, "relays_without_record", v->h1_without);
	json_kuint(j, "others", v->n2);
	json_kuint(j, "others_left_out", v->h2_without);
	json_key(j, "cllr");
	if (calibrate_cllr(&s) < 0)
		json_null(j);
	else
		json_fixed(j, calibrate_cllr(&s), 6);
	json_key(j, "cllr_min");
	if (calibrate_cllr_min(&s) < 0)
		json_null(j);
	else
		json_fixed(j, calibrate_cllr_min(&s), 6);
	json_kfixed(j, "misleading_relays", calibrate_misleading_h1(&s), 6);
	json_kfixed(j, "misleading_others", calibrate_misleading_h2(&s), 6);
	json_end(j);
}

/* A table from these scores, and how good it is on runs it was not made
 * from. */
static void refitted(struct json *j, const struct evaluation *v)
{
	json_key(j, "refitted");
	if (!v->fitted) {
		json_null(j);
		return;
	}
	json_object(j);
	json_kuint(j, "other_runs", v->strength.other_runs);
	json_key(j, "kinds");
	json_array(j);
	for (size_t k = 0; k <= KINDS; k++) {
		const struct strength_kind *t = &v->strength.kind[k];
		const struct strength_check *c = &v->check[k];

		if (t->n == 0)
			continue;
		json_object(j);
		json_kstring(j, "kind",
			     k == STRENGTH_ANY ? "any"
					       : kind_name((enum relay_kind)k));
		json_kuint(j, "relays", c->relays);
		json_kuint(j, "relay_runs", c->relay_runs);
		json_kfixed(j, "cllr_left_out", c->cllr, 6);
		json_kfixed(j, "cllr_min", c->cllr_min, 6);
		json_kfixed(j, "misleading_relays", c->misleading_relays, 6);
		json_kfixed(j, "misleading_others", c->misleading_others, 6);
		json_kbans(j, "log10_lr_cap", t->step[t->n - 1].lr);
		json_kbans(j, "cap_from_log10_e", t->step[t->n - 1].from);
		json_end(j);
	}
	json_end(j);
	json_end(j);
}

bool report_evaluation_json(FILE *f, const struct evaluation *v)
{
	struct json j;

	json_init(&j, f, false);
	json_object(&j);
	json_kstring(&j, "format", "wellspring-evaluation/1");
	json_kuint(&j, "scenarios", v->scenarios);
	json_kuint(&j, "captures", v->captures);
	json_kuint(&j, "damaged", v->damaged);
	json_kuint(&j, "connections", v->connections);
	json_kuint(&j, "unmatched", v->unmatched);
	json_kfixed(&j, "alpha", v->alpha, 9);
	rows(&j, "must", v, true);
	rows(&j, "shorter", v, false);
	json_key(&j, "pairs");
	json_array(&j);
	for (size_t i = 0; i < v->n_pairs; i++)
		pair(&j, &v->pairs[i]);
	json_end(&j);
	groups(&j, v);
	addresses(&j, v);
	strength(&j, v);
	refitted(&j, v);
	json_end(&j);
	return json_done(&j);
}
