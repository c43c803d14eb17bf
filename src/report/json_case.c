/*
 * json_case.c - the case as JSON (design.md section 3).  The only case store:
 * read_case.c must be able to fill every field again.
 * Without `all`, what the case holds beyond the contract (insufficient
 * relays, connections that nothing names) stays out.
 */
#include "report/report.h"

#include <stdlib.h>

#include "base/json.h"
#include "decode/segment.h"
#include "report/route_passive.h"

static void ktime(struct json *j, const char *key, struct tstamp t)
{
	json_key(j, key);
	if (tstamp_known(t))
		json_int(j, t.ns);
	else
		json_null(j);
}

static void kaddr(struct json *j, const char *key, const struct addr *a)
{
	char text[ADDR_TEXT];

	json_kstring(j, key, addr_format(a, text));
}

/* "" is "not given" */
static void kopt(struct json *j, const char *key, const char *s)
{
	json_kstring(j, key, s[0] != '\0' ? s : NULL);
}

static void open_at(struct json *j, const char *key,
		    void (*open)(struct json *))
{
	json_key(j, key);
	open(j);
}

static void kpair(struct json *j, const char *key, uint64_t src, uint64_t dst)
{
	open_at(j, key, json_object);
	json_kuint(j, "src", src);
	json_kuint(j, "dst", dst);
	json_end(j);
}

static void parameters(struct json *j, const struct case_record *c, bool all)
{
	char a[ADDR_TEXT];

	open_at(j, "parameters", json_object);
	kopt(j, "filter", c->filter);
	kopt(j, "address", c->address);
	ktime(j, "from_ns", c->from);
	ktime(j, "to_ns", c->to);
	json_kfixed(j, "alpha", c->hyp.alpha, 9);
	json_kuint(j, "seed", c->seed);
	json_kuint(j, "max_conns", c->max_conns);
	json_kuint(j, "max_pairs", c->max_pairs);
	kopt(j, "expected", c->expected);
	kopt(j, "calibration", c->calibration);
	open_at(j, "same_host", json_array);
	for (size_t i = 0; i < c->n_same_host; i++) {
		json_array(j);
		json_string(j, addr_format(&c->same_host[i][0], a));
		json_string(j, addr_format(&c->same_host[i][1], a));
		json_end(j);
	}
	json_end(j);
	json_kbool(j, "all", all);
	json_kbool(j, "stdin", c->from_stdin);
	json_kbool(j, "snapshot", c->snapshot);
	json_end(j);
}

static void capture(struct json *j, const struct case_capture *f)
{
	json_object(j);
	json_kstring(j, "file", f->file);
	kopt(j, "sha256", f->sha256);
	json_kuint(j, "packets", f->packets);
	json_kuint(j, "selected", f->selected);
	json_kuint(j, "drops", f->drops);
	json_kuint(j, "no_time", f->no_time);
	ktime(j, "first_ns", f->first);
	ktime(j, "last_ns", f->last);
	json_kuint(j, "time_digits", f->time_digits);
	json_key(j, "damaged");
	if (f->damaged) {
		json_object(j);
		json_kuint(j, "offset", f->damage_offset);
		json_kstring(j, "message", f->damage);
		json_end(j);
	} else {
		json_null(j);
	}
	json_end(j);
}

static void krtt(struct json *j, const char *key, int64_t ns)
{
	json_key(j, key);
	if (ns >= 0)
		json_int(j, ns);
	else
		json_null(j);
}

static void connection(struct json *j, const struct case_conn *c)
{
	json_object(j);
	json_kuint(j, "id", c->id);
	json_kstring(j, "proto",
		     c->proto == PROTO_TCP   ? "tcp"
		     : c->proto == PROTO_UDP ? "udp"
					     : "icmp");
	kaddr(j, "src", &c->src);
	json_kuint(j, "sport", c->sport);
	kaddr(j, "dst", &c->dst);
	json_kuint(j, "dport", c->dport);
	json_kbool(j, "src_inferred", c->src_inferred);
	kopt(j, "community_id", c->community_id);
	ktime(j, "first_ns", c->first);
	ktime(j, "last_ns", c->last);
	kpair(j, "packets", c->packets[0], c->packets[1]);
	kpair(j, "payload_bytes", c->bytes[0], c->bytes[1]);
	kpair(j, "data_packets", c->data_packets[0], c->data_packets[1]);
	kpair(j, "retransmitted", c->retransmitted[0], c->retransmitted[1]);
	kpair(j, "gaps", c->gaps[0], c->gaps[1]);
	open_at(j, "min_rtt_ns", json_object);
	krtt(j, "src", c->min_rtt_ns[0]);
	krtt(j, "dst", c->min_rtt_ns[1]);
	json_end(j);
	json_end(j);
}

static void frame(struct json *j, const char *key, const struct case_frame *f)
{
	open_at(j, key, json_object);
	json_kuint(j, "capture", f->capture);
	json_kuint(j, "frame", f->number);
	ktime(j, "time_ns", f->ts);
	json_kuint(j, "bytes", f->bytes);
	json_end(j);
}

static void exchanges(struct json *j, const struct case_relay *r)
{
	open_at(j, "exchanges", json_array);
	for (size_t i = 0; i < r->n_exchanges; i++) {
		const struct case_exchange *x = &r->exchanges[i];

		json_object(j);
		json_kstring(j, "direction", x->reply ? "reply" : "request");
		json_kint(j, "lag_ns", x->to.ts.ns - x->from.ts.ns);
		json_kint(j, "silence_ns", x->silence_ns);
		frame(j, "from", &x->from);
		frame(j, "to", &x->to);
		json_end(j);
	}
	json_end(j);
}

static void relay(struct json *j, const struct case_relay *r)
{
	json_object(j);
	kaddr(j, "host", &r->host);
	json_kuint(j, "in", r->in);
	json_kuint(j, "out", r->out);
	json_kbool(j, "sufficient", r->sufficient);
	json_kbool(j, "expected", r->expected);
	json_kstring(j, "instead", instead_name(r->instead));
	json_kstring(j, "kind", kind_name(r->kind));
	json_kstring(j, "reason", reason_name(r->reason));
	json_kbans(j, "log10_e", r->log10_weakest);
	json_kbans(j, "log10_threshold", r->log10_threshold);
	json_kbans(j, "log10_lr", r->log10_lr);
	json_kbans(j, "log10_lr_low", r->log10_lr_low);
	json_kbans(j, "log10_lr_high", r->log10_lr_high);
	json_kbool(j, "lr_capped", r->lr_capped);
	json_kuint(j, "lr_runs", r->lr_runs);
	json_kstring(j, "strength", strength_word(r->log10_lr));
	json_kstring(j, "weakest_rival", rival_name(r->weakest));
	open_at(j, "rivals", json_array);
	for (int i = 0; i < RIVALS; i++) {
		json_object(j);
		json_kstring(j, "name", rival_name((enum rival)i));
		json_kbans(j, "log10_e", r->log10_e[i]);
		json_end(j);
	}
	json_end(j);
	open_at(j, "lag_ns", json_object);
	json_kint(j, "median", r->lag_median_ns);
	json_kint(j, "p95", r->lag_p95_ns);
	json_end(j);
	open_at(j, "onsets", json_object);
	json_kuint(j, "seen", r->onsets);
	json_kuint(j, "answered", r->answered);
	json_end(j);
	open_at(j, "bytes", json_object);
	json_kuint(j, "bursts", r->bursts);
	json_kuint(j, "equal", r->equal);
	json_end(j);
	open_at(j, "decided", json_object);
	ktime(j, "at_ns", r->decided);
	json_kint(j, "after_ns", r->decided_after_ns);
	json_kuint(j, "onsets", r->decided_onsets);
	json_end(j);
	exchanges(j, r);
	json_end(j);
}

static void chain(struct json *j, const struct case_chain *ch)
{
	char text[ADDR_TEXT];

	json_object(j);
	open_at(j, "connections", json_array);
	for (size_t i = 0; i < ch->n; i++)
		json_uint(j, ch->connections[i]);
	json_end(j);
	open_at(j, "route", json_array);
	for (size_t i = 0; i <= ch->n; i++)
		json_string(j, addr_format(&ch->route[i], text));
	json_end(j);
	json_kbans(j, "weakest_log10_e", ch->weakest_log10_e);
	json_kint(j, "lag_ns", ch->lag_ns);
	json_end(j);
}

static void kms(struct json *j, const char *key, double ms)
{
	json_key(j, key);
	if (ms >= 0)
		json_fixed(j, ms, 3);
	else
		json_null(j);
}

static void far_end(struct json *j, const struct case_far_end *f)
{
	json_object(j);
	kaddr(j, "address", &f->address);
	json_kstring(j, "question", far_question_name(f->question));
	json_kstring(j, "answer", far_answer_name(f->answer));
	json_kstring(j, "reason", f->reason);
	json_kbool(j, "sufficient", f->sufficient);
	json_kbans(j, "log10_e", f->log10_e);
	json_kbans(j, "log10_lr", f->log10_lr);
	open_at(j, "far_leg_ms", json_object);
	kms(j, "low", f->leg_low_ms);
	kms(j, "high", f->leg_high_ms);
	json_end(j);
	kms(j, "resolution_ms", f->resolution_ms);
	open_at(j, "ja4", json_array);
	for (size_t i = 0; i < f->n_ja4; i++)
		json_string(j, f->ja4[i]);
	json_end(j);
	open_at(j, "connections", json_array);
	for (size_t i = 0; i < f->n_connections; i++)
		json_uint(j, f->connections[i]);
	json_end(j);
	json_end(j);
}

static void finding(struct json *j, const struct case_finding *g)
{
	json_object(j);
	json_kstring(j, "proposition", g->proposition);
	json_kstring(j, "observed", g->observed);
	json_kstring(j, "inferred", g->inferred);
	json_kbans(j, "log10_e", g->log10_e);
	json_kbans(j, "log10_lr", g->log10_lr);
	open_at(j, "connections", json_array);
	for (size_t i = 0; i < 4; i++) {
		if (g->conns[i] != 0)
			json_uint(j, g->conns[i]);
	}
	json_end(j);
	json_end(j);
}

static void address(struct json *j, const struct case_address *a)
{
	char quality[2] = { a->quality, '\0' };

	json_object(j);
	kaddr(j, "address", &a->address);
	json_kstring(j, "verdict", verdict_name(a->verdict));
	json_kstring(j, "reason", reason_name(a->reason));
	json_kstring(j, "quality", quality);
	json_kstring(j, "why_quality", a->why_quality);
	json_kuint(j, "connections", a->connections);
	open_at(j, "findings", json_array);
	for (size_t i = 0; i < a->n_findings; i++)
		finding(j, &a->findings[i]);
	json_end(j);
	json_end(j);
}

static void hypotheses(struct json *j, const struct case_record *c)
{
	const struct case_hypotheses *h = &c->hyp;

	open_at(j, "hypotheses", json_object);
	json_kuint(j, "eligible_pairs", h->eligible_pairs);
	json_kfixed(j, "alpha", h->alpha, 9);
	json_kuint(j, "processes", h->processes);
	json_kuint(j, "decoys_tested", h->decoys_tested);
	open_at(j, "decoys_above", json_object);
	json_kuint(j, "1", h->decoys_above[0]);
	json_kuint(j, "2", h->decoys_above[1]);
	json_kuint(j, "3", h->decoys_above[2]);
	json_kuint(j, "threshold", h->decoys_above[3]);
	json_end(j);
	json_kuint(j, "connections_seen", c->conns_total);
	json_kuint(j, "validation_runs", c->validation_runs);
	kopt(j, "strength_table", c->strength_table);
	json_end(j);
}

static void lists(struct json *j, const struct case_record *c, bool all)
{
	open_at(j, "connections", json_array);
	for (size_t i = 0; i < c->n_conns; i++) {
		if (all || c->conns[i].named)
			connection(j, &c->conns[i]);
	}
	json_end(j);
	open_at(j, "relays", json_array);
	for (size_t i = 0; i < c->n_relays; i++) {
		if (all || c->relays[i].sufficient)
			relay(j, &c->relays[i]);
	}
	json_end(j);
	kopt(j, "frames_missing", c->frames_missing);
	open_at(j, "chains", json_array);
	for (size_t i = 0; i < c->n_chains; i++)
		chain(j, &c->chains[i]);
	json_end(j);
	open_at(j, "far_end", json_array);
	for (size_t i = 0; i < c->n_far_ends; i++)
		far_end(j, &c->far_ends[i]);
	json_end(j);
	json_kuint(j, "far_end_mute", c->far_end_mute);
	open_at(j, "addresses", json_array);
	for (size_t i = 0; i < c->n_addresses; i++)
		address(j, &c->addresses[i]);
	json_end(j);
}

bool report_json(FILE *f, const struct case_record *c, bool all)
{
	struct json j;

	json_init(&j, f, false);
	json_object(&j);
	json_kstring(&j, "format", "wellspring-case/1");
	open_at(&j, "tool", json_object);
	json_kstring(&j, "name", "wellspring");
	json_kstring(&j, "version", WELLSPRING_VERSION);
	json_end(&j);
	parameters(&j, c, all);
	open_at(&j, "captures", json_array);
	for (size_t i = 0; i < c->n_captures; i++)
		capture(&j, &c->captures[i]);
	json_end(&j);
	lists(&j, c, all);
	hypotheses(&j, c);
	if (c->passive != NULL) {
		struct route_passive p = route_passive_of(c->passive);

		open_at(&j, "networks_outside", json_object);
		route_passive_json(&j, &p);
		json_end(&j);
	}
	open_at(&j, "losses", json_object);
	for (size_t i = 0; i < c->n_losses; i++)
		json_kuint(&j, c->losses[i].name, c->losses[i].value);
	json_end(&j);
	json_kbool(&j, "damaged", c->damaged);
	json_end(&j);
	return json_done(&j);
}
