/*
 * tunnel.c - question B: an encapsulation on the path or at the host?
 *
 * Three observations, each in one place only: the MSS against the table of
 * links, the clamp test (sigs.c), data ACKs much later than the handshake's
 * (a tunnel over TCP).  LRs are weights of the kind "how often do networks
 * with a tunnel show this, how often those without"; they come from
 * tests/lab and stay small on purpose: PPPoE, mobile networks and clouds
 * lower the MTU, too.  Tunnel alone never makes a springboard.
 * Blind when the tunnel carries 1500 bytes or the stack announces 65535.
 */
#include <stdio.h>
#include <string.h>

#include "farend/track.h"

#define LR_CLAMPED_TUNNEL 30.0 /* MSS lowered in transit to a tunnel's */
#define LR_CLAMPED_OTHER  3.0
#define LR_NATIVE_TUNNEL  3.0 /* the host's own interface is that small */
#define LR_ACK_LATE	  12.0
#define LR_ETHERNET	  0.35 /* 1460 and an unclamped window */

static void rival(struct farend_entry *e, enum farend_rival r)
{
	if (e->n_rivals == FAREND_RIVALS)
		return;
	e->rivals[e->n_rivals].name = r;
	e->rivals[e->n_rivals].by_timing = false;
	e->rivals[e->n_rivals++].log10_lr = 0;
}

static double mss_weight(const struct farend_sigs *g,
			 const struct fe_summary *s, struct farend_entry *e)
{
	uint16_t from = fe_clamped_from(g, s->mss, s->window);
	const struct fe_sig_link *l = fe_sigs_find_link(g, s->mss);
	uint8_t kind = l ? l->kind : FE_LINK_UNKNOWN;

	if (from != 0) {
		if (kind == FE_LINK_ACCESS) {
			rival(e, FAREND_R_ACCESS);
			return LR_CLAMPED_OTHER;
		}
		return kind == FE_LINK_TUNNEL || s->mss < 1440
			       ? LR_CLAMPED_TUNNEL
			       : LR_CLAMPED_OTHER;
	}
	if (kind == FE_LINK_TUNNEL) {
		rival(e, FAREND_R_ACCESS);
		return LR_NATIVE_TUNNEL;
	}
	if (kind == FE_LINK_ACCESS)
		rival(e, FAREND_R_ACCESS);
	return kind == FE_LINK_NATIVE ? LR_ETHERNET : 1.0;
}

/* What the weight rests on. */
static void mss_words(const struct farend_sigs *g, const struct fe_summary *s,
		      char *what, size_t size)
{
	uint16_t from = fe_clamped_from(g, s->mss, s->window);
	const struct fe_sig_link *l = fe_sigs_find_link(g, s->mss);

	if (from != 0)
		snprintf(what, size,
			 "MSS %u with window %u: lowered in transit from %u",
			 s->mss, s->window, from);
	else
		snprintf(what, size, "MSS %u (%s)", s->mss,
			 l ? l->label : "not in the table");
}

void fe_judge_tunnel(const struct fe_view *v, struct farend_entry *e)
{
	const struct fe_summary *best = NULL, *last = NULL;
	char what[120] = "";
	double top = 0, lr;
	int64_t late = v->ack_delta_ns, jitter = v->jitter_ns;
	bool tcp_late;

	for (size_t i = 0; i < v->n; i++) {
		double w;

		if (v->u[i]->mss == 0)
			continue;
		e->conns++;
		if (e->n_conn_ids < FAREND_CONNS)
			e->conn_ids[e->n_conn_ids++] = v->u[i]->id;
		if (v->brief && last != NULL && last->mss == v->u[i]->mss &&
		    last->window == v->u[i]->window)
			continue; /* the same weight */
		last = v->u[i];
		w = mss_weight(v->f->sigs, v->u[i], e);
		if (best == NULL || w > top) {
			top = w;
			best = v->u[i];
		}
	}
	tcp_late = late > 8000000 + (jitter > 0 ? 3 * jitter / 2 : 0) &&
		   late > v->rtt_ns / 8;
	if (best == NULL) {
		e->reason = FAREND_ONE_SIDED;
		return;
	}
	e->turns = e->conns;
	lr = top * (tcp_late ? LR_ACK_LATE : 1.0);
	e->reason = FAREND_BELOW;
	if (v->brief && lr < 10)
		return;
	e->log10_lr = e->log10_e = e->log10_yes = num_microbans(lr);
	if (lr < 10 && v->n < 2)
		return; /* not kept: spare the words */
	if (v->words) {
		mss_words(v->f->sigs, best, what, sizeof(what));
		snprintf(e->observed, sizeof(e->observed),
			 "%s; data acknowledged %.1f ms later than the "
			 "handshake",
			 what, (double)late / 1e6);
	}
	if (tcp_late)
		rival(e, FAREND_R_CONGESTION);
	if (lr >= 10) {
		e->answer = FAREND_YES;
		e->reason = FAREND_OK;
		snprintf(e->inferred, sizeof(e->inferred), "%s",
			 tcp_late ? "a tunnel over TCP, or a queue"
				  : "an encapsulation between this address's "
				    "host and us");
	}
}
