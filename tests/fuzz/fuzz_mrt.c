/*
 * fuzz_mrt.c - any bytes as an MRT file, through everything that reads one:
 * framing, bodies, lines of text, the table, outages, look-ups, blocking.
 * Compressed input is left to the fuzzers of its libraries.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "context/block.h"
#include "context/origin.h"
#include "context/outage.h"
#include "report/route_json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct mrt *open_bytes(const uint8_t *data, size_t size)
{
	struct err e;
	struct mrt_in *in = mrt_in_memory(data, size, &e);

	return mrt_new(in, &e);
}

static void as_text(const uint8_t *data, size_t size)
{
	struct mrt *m = open_bytes(data, size);
	FILE *f = fopen("/dev/null", "w");
	struct route_text *t = route_text_new(f, NULL);
	struct mrt_msg msg;
	uint64_t last = 0;
	char loss[300];

	while (mrt_next(m, &msg)) {
		assert(msg.offset >= last && msg.offset < size);
		assert(msg.offset + 12 + msg.len <= size);
		last = msg.offset;
		route_text_record(t, m, &msg);
	}
	mrt_lossy(m, loss, sizeof(loss));
	assert(mrt_stats(m)->bytes + mrt_stats(m)->gap_bytes +
		       mrt_stats(m)->tail_bytes <=
	       size);
	route_text_free(t);
	fclose(f);
	mrt_free(m);
}

static void as_json(const uint8_t *data, size_t size)
{
	struct mrt *m = open_bytes(data, size);
	FILE *f = fopen("/dev/null", "w");
	struct route_json *t = route_json_new(f, NULL);
	struct mrt_msg msg;

	while (mrt_next(m, &msg))
		route_json_record(t, m, &msg);
	route_json_free(t);
	fclose(f);
	mrt_free(m);
}

static void check_routes(const struct rib *rib)
{
	uint64_t active = 0, counted = 0;

	for (uint32_t i = 0; i < rib->nnets; i++) {
		const struct rib_net *n = &rib->nets[i];

		assert(n->prefix.len <= prefix_max(&n->prefix));
		for (unsigned k = 0; k < n->n; k++) {
			assert(n->routes[k].peer < rib->npeers);
			active += rib_active(rib, &n->routes[k]);
		}
	}
	for (unsigned i = 0; i < rib->npeers; i++)
		counted += rib->peers[i].active[0] + rib->peers[i].active[1];
	assert(active == counted);
}

static void ask(struct rib *rib)
{
	struct origin_query *q = origin_new(rib, NULL);
	struct origin_answer *a = malloc(sizeof(*a));
	struct block_cost cost;
	struct block_target t = { .asn = 4837 };

	/* the index of all addresses is large: now and then */
	if (rib->nnets == 0 || (rib->nnets + rib->npeers) % 8 != 0) {
		origin_free(q);
		free(a);
		return;
	}
	assert(origin_index(q, NULL));
	for (uint32_t i = 0; i < rib->nnets && i < 64; i++) {
		struct addr addr = prefix_addr(&rib->nets[i].prefix);
		struct prefix host = prefix_of_addr(&addr);
		uint32_t net;

		/* ::ffff:0:0/96 as IPv6 is asked for as IPv4 */
		if (host.fam != rib->nets[i].prefix.fam)
			continue;
		net = origin_find(q, &addr);
		origin_ask(q, &host, i < 4, a);
		assert((net == RIB_NONE) == (a->sees == 0));
		if (net != RIB_NONE)
			assert(prefix_covers(&rib->nets[net].prefix, &host));
	}
	assert(block_cost(rib, 4837, &t, 1, &cost, NULL));
	assert(cost.all.prefixes == cost.own.prefixes + cost.behind.prefixes);
	free(a);
	origin_free(q);
}

static void as_routes(const uint8_t *data, size_t size)
{
	struct rib *rib = rib_new(NULL);
	struct replay *r = replay_new(rib, NULL);
	struct outage *o = outage_new(r, &outage_defaults, NULL, NULL);
	struct mrt *m = open_bytes(data, size);
	struct outage_result res;
	struct mrt_msg msg;
	int64_t last = 0;

	if (size % 2)
		outage_watch_asn(o, 131279);
	while (mrt_next(m, &msg)) {
		last = msg.sec;
		replay_message(r, 0, m, &msg);
		outage_tick(o, msg.sec);
	}
	replay_file_end(r, 0, size % 3 == 0, size % 5 == 0);
	outage_end(o, last);
	res = outage_result(o);
	for (uint32_t i = 0; i < res.nfindings; i++)
		assert(res.finding[i].visible_min <= res.finding[i].known_min);
	check_routes(rib);
	ask(rib);
	mrt_free(m);
	outage_free(o);
	replay_free(r);
	rib_free(rib);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	as_text(data, size);
	as_json(data, size);
	as_routes(data, size);
	return 0;
}
