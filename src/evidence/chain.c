/*
 * chain.c - see chain.h.  Depth first from every connection that no relay
 * feeds; a connection is used once per chain, so cycles end.
 */
#include "evidence/chain.h"

#include <stdlib.h>
#include <string.h>

struct walk {
	struct case_record *c;
	size_t n; /* sufficient relays, at the front of c->relays */
	uint32_t path[CHAIN_LONG];
	size_t edge[CHAIN_LONG]; /* edge[i] leads from path[i] to path[i+1] */
	bool failed;
};

/* The other end of a connection. */
static struct addr far_of(const struct case_conn *k, const struct addr *host)
{
	return addr_eq(&k->src, host) ? k->dst : k->src;
}

static bool emit(struct walk *w, size_t len)
{
	struct case_record *c = w->c;
	struct case_chain *k = &c->chains[c->n_chains];
	const struct case_conn *first = case_find_conn(c, w->path[0]);
	const struct case_conn *last = case_find_conn(c, w->path[len - 1]);

	if (first == NULL || last == NULL || c->n_chains == CHAIN_MOST)
		return true;
	k->connections = calloc(len, sizeof(*k->connections));
	k->route = calloc(len + 1, sizeof(*k->route));
	c->n_chains++;
	if (k->connections == NULL || k->route == NULL)
		return false;
	k->n = len;
	memcpy(k->connections, w->path, len * sizeof(*k->connections));
	k->weakest_log10_e = INT64_MAX;
	for (size_t i = 0; i + 1 < len; i++) {
		const struct case_relay *r = &c->relays[w->edge[i]];

		k->route[i + 1] = r->host;
		k->lag_ns += r->lag_median_ns;
		if (r->log10_weakest < k->weakest_log10_e)
			k->weakest_log10_e = r->log10_weakest;
	}
	k->route[0] = far_of(first, &k->route[1]);
	k->route[len] = far_of(last, &k->route[len - 1]);
	return true;
}

static bool on_path(const struct walk *w, size_t len, uint32_t id)
{
	for (size_t i = 0; i < len; i++)
		if (w->path[i] == id)
			return true;
	return false;
}

static void step(struct walk *w, size_t len)
{
	bool ended = true;

	for (size_t i = 0; i < w->n && len < CHAIN_LONG && !w->failed; i++) {
		const struct case_relay *r = &w->c->relays[i];

		if (r->in != w->path[len - 1] || on_path(w, len, r->out))
			continue;
		ended = false;
		w->edge[len - 1] = i;
		w->path[len] = r->out;
		step(w, len + 1);
	}
	if (ended && len > 1 && !emit(w, len))
		w->failed = true;
}

static bool is_fed(const struct walk *w, uint32_t id)
{
	for (size_t i = 0; i < w->n; i++)
		if (w->c->relays[i].out == id)
			return true;
	return false;
}

bool chain_build(struct case_record *c)
{
	struct walk w = { .c = c };

	while (w.n < c->n_relays && c->relays[w.n].sufficient)
		w.n++;
	c->chains = calloc(CHAIN_MOST, sizeof(*c->chains));
	if (c->chains == NULL)
		return false;
	for (size_t i = 0; i < w.n && !w.failed; i++) {
		bool first = true;

		for (size_t j = 0; j < i; j++)
			first = first && c->relays[j].in != c->relays[i].in;
		if (!first || is_fed(&w, c->relays[i].in))
			continue;
		w.path[0] = c->relays[i].in;
		step(&w, 1);
	}
	return !w.failed;
}
