/*
 * shared.c - question C: at least k hosts behind the address?
 *
 * Counted apart: classes of the initial TTL, layouts of SYN options, lines
 * of TCP timestamps.  One host has one of each at a time; two that alternate
 * in time need two hosts, or one host with several systems (virtual machine,
 * container, reboot), which is the named rival.
 * Timestamps: a stack with one offset per address pair (Linux 4.11 to early
 * 2026) puts all its connections on one line of TSval - 1000 t; one with an
 * offset per connection (Linux 4.10 and since March 2026) puts each on its
 * own, and then they say nothing: lines with at least two connections only.
 */
#include <stdio.h>
#include <string.h>

#include "farend/track.h"

#define LR_TTL	   30.0 /* per further class seen alternating */
#define LR_LAYOUT  10.0
#define LR_SAME	   0.7 /* everything alike: little, NAT of one kind */
#define LINE_WIDTH 400 /* ms: skew of 100 ppm over an hour */

/* Values in order of time: how many distinct, and do they alternate? */
static uint32_t classes(const uint32_t *v, size_t n, bool *alternate)
{
	uint32_t seen[8];
	size_t k = 0, changes = 0;

	for (size_t i = 0; i < n; i++) {
		size_t j = 0;

		while (j < k && seen[j] != v[i])
			j++;
		if (j == k && k < 8)
			seen[k++] = v[i];
		changes += i > 0 && v[i] != v[i - 1];
	}
	*alternate = changes > k - (k > 0);
	return (uint32_t)k;
}

static uint32_t ts_lines(const struct fe_view *v, uint32_t *with_ts)
{
	uint32_t line[FAREND_CONNS * 4], count[FAREND_CONNS * 4];
	uint32_t n = 0, lines = 0;

	*with_ts = 0;
	for (size_t i = 0; i < v->n; i++) {
		uint32_t j = 0;

		if (!(v->u[i]->flags & FE_TS))
			continue;
		++*with_ts;
		while (j < n &&
		       v->u[i]->ts_off - line[j] + LINE_WIDTH > 2 * LINE_WIDTH)
			j++;
		if (j == n) {
			line[n] = v->u[i]->ts_off;
			count[n++] = 0;
		}
		count[j]++;
	}
	for (uint32_t j = 0; j < n; j++)
		lines += count[j] >= 2;
	return lines;
}

void fe_judge_shared(const struct fe_view *v, struct farend_entry *e)
{
	uint32_t ttl[FAREND_CONNS * 4], layout[FAREND_CONNS * 4];
	uint32_t n = 0, with_ts, lines = ts_lines(v, &with_ts), nt, nl;
	bool at, al;
	double lr = 1;

	for (size_t i = 0; i < v->n; i++) {
		if (!(v->u[i]->flags & FE_SYN))
			continue;
		ttl[n] = fe_ttl_initial(v->u[i]->ttl);
		layout[n++] = v->u[i]->layout;
		if (e->n_conn_ids < FAREND_CONNS)
			e->conn_ids[e->n_conn_ids++] = v->u[i]->id;
	}
	e->conns = e->turns = n;
	if (n < 3) {
		e->reason = n == 0 ? FAREND_ONE_SIDED : FAREND_TOO_FEW;
		return;
	}
	nt = classes(ttl, n, &at);
	nl = classes(layout, n, &al);
	if (nt > 1)
		lr *= at ? LR_TTL : 3.0;
	if (nl > 1)
		lr *= al ? LR_LAYOUT : 2.0;
	if (lines > 1)
		lr *= 10.0;
	if (nt == 1 && nl == 1 && lines <= 1)
		lr = LR_SAME;
	e->hosts = nt > nl ? nt : nl;
	if (lines > e->hosts)
		e->hosts = lines;
	e->reason = FAREND_BELOW;
	if (v->brief && lr < 10)
		return;
	e->log10_lr = e->log10_e = e->log10_yes = num_microbans(lr);
	if (v->words)
		snprintf(e->observed, sizeof(e->observed),
			 "%u initial TTLs, %u SYN layouts; timestamps: %s (%u "
			 "lines "
			 "of two or more in %u connections)",
			 nt, nl,
			 with_ts < 2 ? "too few"
			 : lines > 0 ? "one offset per host"
				     : "offset per connection, not usable",
			 lines, with_ts);
	e->rivals[0].name = FAREND_R_MULTIBOOT;
	e->rivals[0].log10_lr = e->log10_lr;
	e->rivals[0].by_timing = false;
	e->n_rivals = 1;
	if (lr >= 10) {
		e->answer = FAREND_YES;
		e->reason = FAREND_OK;
		snprintf(e->inferred, sizeof(e->inferred),
			 "at least %u hosts share this address", e->hosts);
	}
}
