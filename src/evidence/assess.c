/*
 * assess.c - see assess.h.
 *
 * Strength: what the weakest log10 e is worth by the shipped table of the
 * relay's kind (strength.h), which no number of packets lifts over the number
 * of runs behind it.
 * Self-check: shares of decoy pairs at 10, 100, 1000 against 1/10, 1/100,
 * 1/1000; beyond the 99.9 % limit of a Poisson count every verdict of the run
 * has quality C.
 */
#include "evidence/assess.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "evidence/chain.h"
#include "evidence/strength.h"

#define LOSS_B	      0.0   /* any hole in the capture */
#define LOSS_C	      0.02  /* share of data segments with a hole before them */
#define ADDRESSES_MAX 10000 /* without --all */

struct state {
	const struct assess_input *in;
	struct case_record *c;
	struct strength strength;
	microbans threshold;
	bool self_check_failed;
};

static bool over(uint64_t seen, uint64_t n, double p)
{
	double mean = (double)n * p;

	return (double)seen > mean + 3.1 * sqrt(mean) + 2;
}

static void fill_hypotheses(struct state *s)
{
	struct case_hypotheses *h = &s->c->hyp;
	const struct assess_input *in = s->in;
	double k;

	h->eligible_pairs = relay_index_stats(in->index)->eligible;
	h->alpha = in->alpha;
	h->processes = pair_processes(PAIR_INDEPENDENT);
	k = h->eligible_pairs > 0 ? (double)h->eligible_pairs : 1;
	s->threshold = num_microbans(k / in->alpha) + 1;
	h->decoys_tested = in->decoys;
	for (int i = 0; i < 3; i++)
		h->decoys_above[i] = in->decoys_above[i];
	h->decoys_above[3] = in->decoys_at(in->decoys_arg, s->threshold);
	s->self_check_failed = over(in->decoys_above[0], in->decoys, 0.1) ||
			       over(in->decoys_above[1], in->decoys, 0.01) ||
			       over(in->decoys_above[2], in->decoys, 0.001);
}

static char quality_of(const struct state *s, const struct host *h, char *why,
		       size_t len)
{
	double loss = h->data_packets > 0
			      ? (double)h->gaps / (double)h->data_packets
			      : 0;

	why[0] = '\0';
	if (s->self_check_failed)
		snprintf(why, len, "self-check over its limit");
	else if (h->flags & HOST_OVERFLOW)
		snprintf(why, len, "a table was full");
	else if (loss > LOSS_C)
		snprintf(why, len, "%.1f %% of data segments follow a hole",
			 loss * 100);
	if (why[0] != '\0')
		return 'C';
	if (loss > LOSS_B)
		snprintf(why, len, "%llu hole%s in the capture",
			 (unsigned long long)h->gaps, h->gaps == 1 ? "" : "s");
	else if (s->in->capture_loss)
		snprintf(why, len, "the capture reports lost packets");
	else if (!(h->flags & HOST_TWO_WAY))
		snprintf(why, len, "one direction only");
	return why[0] != '\0' ? 'B' : 'A';
}

static bool is_expected(const struct assess_input *in, const struct addr *a)
{
	for (size_t i = 0; i < in->n_expected; i++)
		if (addr_eq(&in->expected[i], a))
			return true;
	return false;
}

/* The leg towards the origin: the one the host accepted, if just one is;
 * else the side that speaks first after silence. */
static bool is_crossed(const struct assess_pair *p)
{
	if (p->end[0] != p->end[1])
		return p->end[0] == 0;
	if (p->result.initiatives[0] != p->result.initiatives[1])
		return p->result.reversed;
	return false;
}

static bool within(uint64_t a, uint64_t b, double share)
{
	uint64_t lo = a < b ? a : b, hi = a < b ? b : a;

	return (double)(hi - lo) <= share * (double)hi;
}

/* A name for the mechanism; it decides nothing. */
static enum relay_kind kind_of(const struct case_conn *in,
			       const struct case_conn *out,
			       const struct addr *host)
{
	int i = addr_eq(&in->dst, host) ? 0 : 1;  /* towards the host */
	int o = addr_eq(&out->src, host) ? 0 : 1; /* away from it */
	uint64_t req_in = in->bytes[i], req_out = out->bytes[o];
	uint64_t rep_in = out->bytes[!o], rep_out = in->bytes[!i];
	uint64_t sum_in = req_in + rep_out, sum_out = req_out + rep_in;

	if (in->proto == 1 || in->proto == 58 || out->proto == 1 ||
	    out->proto == 58)
		return KIND_ICMP_TUNNEL;
	if (in->dport == 53 || out->dport == 53)
		return KIND_DNS_TUNNEL;
	if (req_in == 0 || rep_out == 0)
		return KIND_HTTP_TUNNEL;
	if (within(req_in, req_out, 0.004) && within(rep_in, rep_out, 0.004))
		return KIND_STREAM_RELAY;
	if (sum_in > sum_out + sum_out / 5 && in->dport != out->dport)
		return KIND_STREAM_RELAY;
	if (sum_in > sum_out + sum_out / 5)
		return KIND_INTERACTIVE_TUNNEL;
	return KIND_INTERACTIVE_SHELL;
}

/* What hands on packets or speaks on both legs at once was not part of the
 * calibration: no relay is claimed, and no LR (1). */
static void fill_strength(const struct state *s, struct case_relay *r)
{
	struct strength_value v =
		strength_of(&s->strength, r->kind, r->log10_weakest);

	if (r->reason == REASON_NOT_APPLICABLE)
		return;
	r->log10_lr = v.lr;
	r->log10_lr_low = v.low;
	r->log10_lr_high = v.high;
	r->lr_capped = v.capped;
	r->lr_runs = v.relay_runs;
}

static bool asks_names(const struct case_conn *c)
{
	return c != NULL && c->proto == PROTO_UDP && c->dport == 53;
}

/* All but the first two are said of pairs that would be relays without. */
static enum instead instead_of(const struct pair_result *q, microbans needed,
			       bool names)
{
	if (q->forwards_packets)
		return INSTEAD_PACKETS;
	if (q->broadcasts)
		return INSTEAD_BROADCAST;
	if (q->weakest < needed)
		return INSTEAD_NOTHING;
	return names	    ? INSTEAD_RESOLVER
	       : q->one_way ? INSTEAD_FEED
	       : q->asks_on ? INSTEAD_ASKS
	       : q->serves  ? INSTEAD_SERVICE
	       : q->writes  ? INSTEAD_WRITES
			    : INSTEAD_NOTHING;
}

static void fill_decision(const struct state *s, const struct assess_pair *p,
			  struct case_relay *r, char quality)
{
	const struct pair_result *q = &p->result;
	int64_t us;

	r->decided = TSTAMP_NONE;
	r->log10_threshold = s->threshold;
	if (pair_decided(q, s->threshold, &us)) {
		r->decided.ns = s->in->epoch_ns + us * 1000;
		r->decided_after_ns = (us - q->start_us) * 1000;
		r->decided_onsets = q->onsets_at[pair_checkpoint(q, us)];
	}
	if (r->instead != INSTEAD_NOTHING)
		r->reason = REASON_NOT_APPLICABLE;
	else if (q->weakest < s->threshold)
		r->reason = REASON_BELOW_THRESHOLD;
	else if (quality == 'C')
		r->reason = REASON_CAPTURE_LOSS;
	r->sufficient = r->reason == REASON_NONE;
}

static void fill_relay(const struct state *s, const struct assess_pair *p,
		       struct case_relay *r)
{
	const struct host *h = relay_index_host(s->in->index, p->host_id);
	const struct pair_result *q = &p->result;
	const struct case_conn *in, *out;
	char why[120];
	bool x = is_crossed(p);

	memset(r, 0, sizeof(*r));
	r->host = p->host;
	r->in = p->conn[x ? 1 : 0];
	r->out = p->conn[x ? 0 : 1];
	r->expected = is_expected(s->in, &p->host);
	in = case_find_conn(s->c, r->in);
	out = case_find_conn(s->c, r->out);
	r->instead =
		instead_of(q, s->threshold, asks_names(in) && asks_names(out));
	r->log10_weakest = q->weakest;
	r->weakest = (enum rival)q->weakest_rival;
	for (int v = 0; v < RIVALS; v++)
		r->log10_e[v] = q->log10_e[v];
	r->lag_median_ns = q->lag_median_us * 1000;
	r->lag_p95_ns = q->lag_p95_us * 1000;
	r->onsets = q->onsets;
	r->answered = q->answered;
	r->bursts = q->bursts;
	r->equal = q->equal;
	fill_decision(s, p, r, quality_of(s, h, why, sizeof(why)));
	if (r->instead == INSTEAD_PACKETS)
		r->kind = KIND_VPN;
	else if (in != NULL && out != NULL)
		r->kind = kind_of(in, out, &r->host);
	fill_strength(s, r);
}

static int by_strength(const void *x, const void *y)
{
	const struct case_relay *a = x, *b = y;

	if (a->sufficient != b->sufficient)
		return a->sufficient ? -1 : 1;
	if (a->log10_weakest != b->log10_weakest)
		return a->log10_weakest > b->log10_weakest ? -1 : 1;
	if (a->in != b->in)
		return a->in < b->in ? -1 : 1;
	return a->out < b->out ? -1 : a->out > b->out;
}

/* Every pair of the run, strongest first; writers leave out the weak ones. */
static bool fill_relays(struct state *s)
{
	struct case_record *c = s->c;

	c->relays = calloc(s->in->n_pairs + 1, sizeof(*c->relays));
	if (c->relays == NULL)
		return false;
	for (size_t i = 0; i < s->in->n_pairs; i++)
		fill_relay(s, &s->in->pairs[i], &c->relays[c->n_relays++]);
	qsort(c->relays, c->n_relays, sizeof(*c->relays), by_strength);
	return true;
}

/* Why a pair that the statistics would call a relay is none, or may be none. */
static void say_instead(const struct case_relay *r, struct case_finding *f)
{
	static const struct {
		const char *before, *between, *after;
	} words[INSTEADS] = {
		[INSTEAD_PACKETS] = { "hands on packets of connection",
				      "inside connection",
				      " (VPN or NAT): it does not end TCP, so "
				      "it is no relay in this sense" },
		[INSTEAD_BROADCAST] = { "sends the same on connections", "and",
					" at the same moment (a shared screen, "
					"a message to all): nothing is handed "
					"from one to the other" },
		[INSTEAD_SERVICE] = { "rewrites what it passes between "
				      "connections",
				      "and",
				      " by more than framing, as a web server "
				      "does with its database; a tunnel that "
				      "wraps each chunk looks the same" },
		[INSTEAD_FEED] = { "passes on one direction only between "
				   "connections",
				   "and",
				   " (a log, a replica, a subscription): "
				   "nothing comes back through it" },
		[INSTEAD_ASKS] = { "goes on asking by itself on connection",
				   "when it was asked once on connection",
				   ", as a web application does with its "
				   "database: a relay only asks what it is "
				   "asked" },
		[INSTEAD_WRITES] = { "hands on to connection",
				     "what it is told on connection",
				     ", but the answers are its own (a log, a "
				     "queue, a database that is written to): "
				     "a relay hands on the answers, too" },
		[INSTEAD_RESOLVER] = { "puts to a name server, on connection",
				       "the questions of connection",
				       ": a DNS forwarder, unless somebody "
				       "hides a tunnel in names" },
	};
	const char *name = r->instead == INSTEAD_PACKETS
				   ? "vpn"
				   : instead_name(r->instead);

	snprintf(f->proposition, sizeof(f->proposition), "%s", name);
	snprintf(f->inferred, sizeof(f->inferred), "%s %u %s %u%s",
		 words[r->instead].before, r->out, words[r->instead].between,
		 r->in, words[r->instead].after);
}

static void say_relay(const struct case_relay *r, struct case_finding *f)
{
	const char *word = r->sufficient ? "relays" : "may relay";

	*f = (struct case_finding){ .log10_e = r->log10_weakest,
				    .log10_lr = r->log10_lr,
				    .conns = { r->in, r->out } };
	snprintf(f->observed, sizeof(f->observed),
		 "%u of %u onsets answered, lag %.1f ms (p95 %.1f), bytes "
		 "agree in %u of %u exchanges",
		 r->answered, r->onsets, (double)r->lag_median_ns / 1e6,
		 (double)r->lag_p95_ns / 1e6, r->equal, r->bursts);
	if (r->instead != INSTEAD_NOTHING) {
		say_instead(r, f);
		return;
	}
	snprintf(f->proposition, sizeof(f->proposition), "relay");
	snprintf(f->inferred, sizeof(f->inferred),
		 "%s connection %u into connection %u (%s)%s", word, r->in,
		 r->out, kind_name(r->kind),
		 r->expected ? "; an expected relay" : "");
}

static enum reason reason_of(const struct host *h, const struct case_address *a)
{
	if (h->flags & HOST_OVERFLOW)
		return REASON_TABLE_OVERFLOW;
	if (!(h->flags & HOST_TWO_WAY))
		return REASON_ONE_DIRECTION;
	if (h->eligible == 0)
		return REASON_TOO_FEW_DATA;
	if (a->quality == 'C')
		return REASON_CAPTURE_LOSS;
	return REASON_BELOW_THRESHOLD;
}

#define FINDINGS_MAX 16 /* per address; the strongest */

static bool fill_address(struct state *s, const struct host *h,
			 struct case_address *a)
{
	const struct case_record *c = s->c;
	bool withheld = false;
	size_t n = 0;

	memset(a, 0, sizeof(*a));
	a->address = h->addr;
	a->connections = h->conns;
	a->may_be_fed = (h->flags & HOST_OPENED) && (h->flags & HOST_ACCEPTED);
	a->verdict = VERDICT_UNDETERMINED;
	a->quality = quality_of(s, h, a->why_quality, sizeof(a->why_quality));
	for (size_t i = 0; i < c->n_relays; i++)
		n += addr_eq(&c->relays[i].host, &h->addr);
	if (n > 0) {
		a->findings = calloc(n < FINDINGS_MAX ? n : FINDINGS_MAX,
				     sizeof(*a->findings));
		if (a->findings == NULL)
			return false;
	}
	for (size_t i = 0; i < c->n_relays; i++) {
		const struct case_relay *r = &c->relays[i];

		if (!addr_eq(&r->host, &h->addr))
			continue;
		if (r->sufficient)
			a->verdict = VERDICT_SPRINGBOARD;
		withheld = withheld || (r->instead != INSTEAD_NOTHING &&
					r->log10_weakest >= s->threshold);
		if (a->n_findings < FINDINGS_MAX &&
		    (r->sufficient || r->instead != INSTEAD_NOTHING ||
		     s->in->all))
			say_relay(r, &a->findings[a->n_findings++]);
	}
	if (a->verdict == VERDICT_UNDETERMINED)
		a->reason = withheld ? REASON_NOT_APPLICABLE : reason_of(h, a);
	return true;
}

static bool fill_addresses(struct state *s)
{
	uint32_t n = relay_index_stats(s->in->index)->hosts;
	struct case_record *c = s->c;
	struct case_address *a;

	c->addresses = calloc((size_t)n + 1, sizeof(*c->addresses));
	if (c->addresses == NULL)
		return false;
	for (uint32_t h = 0; h < n; h++) {
		const struct host *host = relay_index_host(s->in->index, h);

		if (host->conns == 0 ||
		    (!s->in->all && n > ADDRESSES_MAX && host->eligible == 0))
			continue;
		/* an address that was joined speaks for its host */
		a = &c->addresses[c->n_addresses];
		if (!fill_address(
			    s, relay_index_host(s->in->index, host->next_same),
			    a))
			return false;
		a->address = host->addr;
		a->connections = host->conns;
		c->n_addresses++;
	}
	case_sort_addresses(c);
	return true;
}

bool assess(const struct assess_input *in, struct case_record *c, struct err *e)
{
	struct state s = { .in = in, .c = c };

	if (!strength_shipped(&s.strength, e))
		return false;
	c->validation_runs = s.strength.other_runs;
	snprintf(c->strength_table, sizeof(c->strength_table), "%s",
		 s.strength.name);
	fill_hypotheses(&s);
	if (!fill_relays(&s) || !chain_build(c) || !fill_addresses(&s))
		return err_set(e, ERR_MEMORY, "no memory for the report");
	return true;
}
