/*
 * passive.c - see passive.h.
 *
 * Silence: LR = 1 / P(gap >= s | up), from the network's own earlier gaps;
 * with n of them never above n + 1 (traffic is bursty: an exponential tail
 * would invent certainty).  Mass ends: binomial, as in the analysis of
 * dependent disruptions (PAM 2019).  Sensor side: when many unrelated
 * networks fall silent together, nothing is said of any of them.
 */
#include "context/passive.h"

#include <stdlib.h>
#include <string.h>

const struct passive_rules passive_defaults = {
	.sensor_share = 0.3,
	.lr_min = 10,
	.mass_p = 1e-4,
	.mass_min = 3,
	.rtt_step = 0.2,
};

double passive_silence_lr(uint32_t sec, const uint32_t *gap_sec, uint32_t n)
{
	uint32_t longer = 0;

	for (uint32_t i = 0; i < n; i++)
		longer += gap_sec[i] >= sec;
	return (double)(n + 1) / (double)(longer + 1);
}

double passive_binomial(uint32_t k, uint32_t m, double p)
{
	double term = 1, sum = 0, scale = 1;

	if (k == 0)
		return 1;
	if (k > m)
		return 0;
	/* terms of (p + q)^m from 0 on; rescaled so that q^m does not
	 * vanish for large m */
	for (uint32_t i = 0; i < m; i++) {
		scale *= 1 - p;
		if (scale < 1e-280)
			return 1; /* p is large: no tail to speak of */
	}
	term = scale;
	for (uint32_t i = 0; i < k; i++) {
		sum += term;
		term *= (double)(m - i) / (double)(i + 1) * p / (1 - p);
	}
	/* the tail itself, so that it does not drown in 1 - sum */
	sum = 0;
	for (uint32_t i = k; i <= m; i++) {
		sum += term;
		if (term < sum * 1e-15)
			break;
		term *= (double)(m - i) / (double)(i + 1) * p / (1 - p);
	}
	return sum > 1 ? 1 : sum;
}

static bool silent(const struct passive_bin *b)
{
	return b->received == 0;
}

/* Share of the other ASes that answered before and are silent in all of
 * these bins. */
static double others_silent(const struct passive_input *in, uint32_t me,
			    uint32_t from, uint32_t to, uint32_t *others)
{
	uint32_t active = 0, gone = 0;

	for (uint32_t g = 0; g < in->ngroups; g++) {
		const struct passive_group *x = &in->group[g];
		bool before = false, during = false;

		if (g == me || (x->asn && x->asn == in->group[me].asn))
			continue;
		for (uint32_t i = from > 6 ? from - 6 : 0; i < from; i++)
			before |= !silent(&x->bin[i]);
		for (uint32_t i = from; i < to; i++)
			during |= !silent(&x->bin[i]);
		active += before;
		gone += before && !during;
	}
	*others = active;
	return active ? (double)gone / active : 0;
}

/* New activity of the same AS elsewhere, as this one fell silent. */
static bool renumbered(const struct passive_input *in, uint32_t me,
		       uint32_t from, uint32_t to)
{
	for (uint32_t g = 0; g < in->ngroups; g++) {
		const struct passive_group *x = &in->group[g];
		bool before = false, during = false;

		if (g == me || !x->asn || x->asn != in->group[me].asn)
			continue;
		for (uint32_t i = 0; i < from; i++)
			before |= !silent(&x->bin[i]);
		for (uint32_t i = from; i < to; i++)
			during |= !silent(&x->bin[i]);
		if (during && !before)
			return true;
	}
	return false;
}

static enum passive_control control(const struct passive_input *in,
				    const struct passive_rules *rules,
				    struct passive_finding *f, uint32_t from,
				    uint32_t to)
{
	uint32_t others;

	f->silent_share = others_silent(in, f->group, from, to, &others);
	if (f->silent_share > rules->sensor_share)
		return CONTROL_SENSOR;
	for (uint32_t i = from; in->sensor_drops && i < to; i++)
		if (in->sensor_drops[i])
			return CONTROL_LOSS;
	if (in->one_sided)
		return CONTROL_ONE_SIDED;
	if (f->asked == 0)
		return CONTROL_NOT_ASKED;
	if (renumbered(in, f->group, from, to))
		return CONTROL_RENUMBERED;
	return others ? CONTROL_NONE : CONTROL_ALONE;
}

static uint32_t ends(const struct passive_bin *b)
{
	return b->ended_rst + b->ended_rst_other + b->ended_silent;
}

/* Sessions that died in the bin before the silence and in its first two:
 * time-outs come late. */
static void mass_end(const struct passive_input *in,
		     const struct passive_rules *rules, uint32_t from,
		     struct passive_finding *f)
{
	const struct passive_bin *b = in->group[f->group].bin;
	uint32_t first = from > 0 ? from - 1 : 0, last = from + 2;
	uint64_t died = 0, lived = 0;

	for (uint32_t i = 0; i < first; i++) {
		died += ends(&b[i]);
		lived += b[i].open;
	}
	for (uint32_t i = first; i < last && i < in->nbins; i++)
		f->ended += ends(&b[i]);
	f->of_open = b[first].open;
	if (f->ended > f->of_open)
		f->of_open = f->ended;
	/* three bins, each with the usual chance of an end */
	f->ended_p = passive_binomial(f->ended, f->of_open,
				      3 * (double)(died + 1) /
					      (double)(lived + 2 + 3 * died));
	f->mass_end =
		f->ended >= rules->mass_min && f->ended_p <= rules->mass_p;
}

/* Round-trip time of the three bins before against those before them. */
static bool rtt_rose(const struct passive_bin *b, uint32_t from,
		     const struct passive_rules *rules)
{
	uint64_t usual = 0, late = 0;

	for (uint32_t i = 0; i < from; i++) {
		uint64_t v = b[i].rtt_min_ns;

		if (v == 0)
			continue;
		if (i + 3 < from && (usual == 0 || v < usual))
			usual = v;
		if (i + 3 >= from && (late == 0 || v < late))
			late = v;
	}
	return usual && late > usual + 1000000 &&
	       (double)late > (double)usual * (1 + rules->rtt_step);
}

/* Seconds over which it was asked in vain. */
static uint32_t asked_for(const struct passive_input *in,
			  const struct passive_group *g, uint32_t from,
			  uint32_t to)
{
	uint32_t first = to, last = from;

	for (uint32_t i = from; i < to; i++) {
		if (!g->bin[i].unanswered)
			continue;
		if (first == to)
			first = i;
		last = i;
	}
	return first < last ? (last - first) * in->bin_sec : 0;
}

/* Against the waits that had ended before it. */
static double silence_lr(const struct passive_group *g, uint32_t sec,
			 struct passive_finding *f)
{
	uint32_t longer = 0;

	for (uint32_t i = 0; i < g->ngaps; i++) {
		if (g->gap_at && g->gap_at[i] >= f->from_sec)
			continue;
		f->earlier++;
		longer += g->gap_sec[i] >= sec;
	}
	return (double)(f->earlier + 1) / (double)(longer + 1);
}

static void describe(const struct passive_input *in,
		     const struct passive_rules *rules, uint32_t from,
		     uint32_t to, struct passive_finding *f)
{
	const struct passive_group *g = &in->group[f->group];

	f->from_sec = in->start_sec + (int64_t)from * in->bin_sec;
	f->to_sec = in->start_sec + (int64_t)to * in->bin_sec;
	f->returned = to < in->nbins;
	for (uint32_t i = from; i < to; i++) {
		f->asked += g->bin[i].unanswered;
		f->unreachable += g->bin[i].unreachable;
		f->ttl_exceeded += g->bin[i].ttl_exceeded;
	}
	f->lr = silence_lr(g, asked_for(in, g, from, to), f);
	f->control = control(in, rules, f, from, to);
	mass_end(in, rules, from, f);
	f->rtt_rose = rtt_rose(g->bin, from, rules);
}

uint32_t passive_silences(const struct passive_input *in,
			  const struct passive_rules *rules,
			  struct passive_finding *out, uint32_t max,
			  uint32_t *tested)
{
	uint32_t n = 0, asked = 0;

	for (uint32_t g = 0; g < in->ngroups; g++) {
		const struct passive_bin *b = in->group[g].bin;
		bool heard = false;

		for (uint32_t i = 0; i < in->nbins; i++) {
			uint32_t from = i;

			if (!silent(&b[i])) {
				heard = true;
				continue;
			}
			while (i < in->nbins && silent(&b[i]))
				i++;
			if (!heard)
				continue; /* never answered: not known */
			if (n < max) {
				memset(&out[n], 0, sizeof(out[n]));
				out[n].group = g;
				describe(in, rules, from, i, &out[n]);
			}
			for (uint32_t k = from; k < i; k++) {
				if (!b[k].unanswered)
					continue;
				asked++;
				break;
			}
			n++;
			i--; /* the bin that ended it */
		}
	}
	for (uint32_t i = 0; i < n && i < max; i++)
		out[i].sufficient = out[i].control == CONTROL_NONE &&
				    out[i].lr >= rules->lr_min * asked;
	if (tested)
		*tested = asked;
	return n;
}

bool passive_report_judge(struct passive_report *p,
			  const struct passive_rules *rules)
{
	uint32_t n = passive_silences(&p->in, rules, NULL, 0, NULL);
	uint32_t m = passive_steps(&p->in, rules, NULL, 0), k = 0;

	free(p->finding);
	free(p->step);
	p->finding = calloc(n + 1u, sizeof(*p->finding));
	p->step = calloc(m + 1u, sizeof(*p->step));
	if (!p->finding || !p->step)
		return false;
	passive_silences(&p->in, rules, p->finding, n, &p->tested);
	for (uint32_t i = 0; i < n; i++) /* the peer that simply finished */
		if (p->finding[i].asked || p->finding[i].mass_end)
			p->finding[k++] = p->finding[i];
	p->nfindings = k;
	p->nsteps = passive_steps(&p->in, rules, p->step, m);
	return true;
}

void passive_report_free(struct passive_report *p)
{
	if (!p)
		return;
	for (uint32_t i = 0; i < p->in.ngroups; i++) {
		free(p->group[i].bin);
		free(p->group[i].gap_sec);
		free(p->group[i].gap_at);
		if (p->visible)
			free(p->visible[i]);
	}
	free(p->visible);
	free(p->group);
	free(p->drops);
	free(p->finding);
	free(p->step);
	free(p);
}

/* A step: the smallest values of three bins before and of three after differ,
 * and hold on both sides. */
static bool step_at(const struct passive_bin *b, uint32_t i, uint32_t nbins,
		    const struct passive_rules *rules, struct passive_step *s)
{
	uint64_t lo[2] = { 0, 0 }, hi[2] = { 0, 0 };
	uint8_t ttl[2] = { 0, 0 };

	if (i < 3 || i + 3 > nbins)
		return false;
	for (uint32_t k = i - 3; k < i + 3; k++) {
		int side = k >= i;
		uint64_t v = b[k].rtt_min_ns;

		if (v == 0 || b[k].ttl == 0)
			return false;
		if (ttl[side] && b[k].ttl != ttl[side])
			return false;
		ttl[side] = b[k].ttl;
		if (!lo[side] || v < lo[side])
			lo[side] = v;
		if (v > hi[side])
			hi[side] = v;
	}
	*s = (struct passive_step){ .rtt_before_ns = lo[0],
				    .rtt_after_ns = lo[1],
				    .ttl_before = ttl[0],
				    .ttl_after = ttl[1] };
	if (ttl[0] != ttl[1])
		return true;
	if (hi[0] < lo[1]) /* the ranges do not even touch */
		return lo[1] - hi[0] >= 1000000 &&
		       (double)lo[1] >= (double)lo[0] * (1 + rules->rtt_step);
	return hi[1] < lo[0] && lo[0] - hi[1] >= 1000000 &&
	       (double)lo[0] >= (double)lo[1] * (1 + rules->rtt_step);
}

uint32_t passive_steps(const struct passive_input *in,
		       const struct passive_rules *rules,
		       struct passive_step *out, uint32_t max)
{
	uint32_t n = 0;

	for (uint32_t g = 0; g < in->ngroups; g++) {
		for (uint32_t i = 0; i < in->nbins; i++) {
			struct passive_step s;

			if (!step_at(in->group[g].bin, i, in->nbins, rules, &s))
				continue;
			s.group = g;
			s.sec = in->start_sec + (int64_t)i * in->bin_sec;
			if (n < max)
				out[n] = s;
			n++;
		}
	}
	return n;
}

void passive_cells(const struct passive_input *in, uint32_t group,
		   const int *visible_permille, enum passive_cell *out)
{
	const struct passive_bin *b = in->group[group].bin;

	for (uint32_t i = 0; i < in->nbins; i++) {
		bool routed = visible_permille[i] > 500;

		out[i] = CELL_UNKNOWN;
		if (visible_permille[i] < 0)
			continue;
		if (b[i].received)
			out[i] = routed ? CELL_ROUTED_ANSWERING
					: CELL_UNROUTED_ANSWERING;
		else if (b[i].unanswered)
			out[i] = routed ? CELL_ROUTED_SILENT
					: CELL_UNROUTED_SILENT;
	}
}

const char *passive_cell_word(enum passive_cell c)
{
	static const char *const words[] = {
		"not known: nothing was asked, or no routes are known, or they "
		"came or went in this time",
		"routed and answering: in operation",
		"routed and silent: data plane, filter, load or power; the "
		"routes do not show it",
		"unrouted and answering: hidden from these peers (filtering "
		"elsewhere) or held by a covering network",
		"unrouted and silent: both sides agree on an outage",
	};

	return words[c];
}

const char *passive_control_word(enum passive_control c)
{
	static const char *const words[] = {
		"none",
		"sensor side: many unrelated networks were silent as well",
		"the sensor lost packets in this time",
		"one direction only: answers may take another way",
		"nothing was asked: the peer may simply have finished",
		"new activity in the same AS: renumbered or moved",
		"no other network was active: the own line cannot be excluded",
	};

	return words[c];
}
