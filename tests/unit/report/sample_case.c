/* sample_case.c - see sample_case.h. */
#include "sample_case.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "decode/segment.h"

#define BAN  MICROBANS_PER_BAN
#define T0   INT64_C(1419264000000000000)
#define SEC  INT64_C(1000000000)
#define MSEC INT64_C(1000000)

static struct addr address(const char *text)
{
	struct addr a;

	if (!addr_parse(text, &a, NULL))
		abort();
	return a;
}

static void *zeroed(size_t n, size_t size)
{
	void *p = calloc(n, size);

	assert(p != NULL);
	return p;
}

static struct case_conn conn(uint32_t id, const char *src, uint16_t sport,
			     const char *dst, uint16_t dport)
{
	return (struct case_conn){
		.id = id,
		.proto = PROTO_TCP,
		.named = true,
		.src = address(src),
		.dst = address(dst),
		.sport = sport,
		.dport = dport,
		.first = { T0 + id * SEC },
		.last = { T0 + 200 * SEC },
		.packets = { 500, 480 },
		.bytes = { 12000, 34567 },
		.data_packets = { 220, 250 },
		.min_rtt_ns = { 11 * MSEC, -1 },
		.community_id = "1:LQU9qZlK+B5F3KDmev6m5PMibrg=",
	};
}

static void add_relays(struct case_record *c)
{
	c->n_relays = 2;
	c->relays = zeroed(2, sizeof(*c->relays));
	c->relays[0] = (struct case_relay){
		.host = address("198.51.100.7"),
		.in = 1,
		.out = 2,
		.sufficient = true,
		.kind = KIND_INTERACTIVE_SHELL,
		.log10_e = { 15 * BAN, 14 * BAN, 12 * BAN + 45678, 13 * BAN,
			     20 * BAN },
		.log10_weakest = 12 * BAN + 45678,
		.log10_threshold = 5 * BAN + 760000,
		.log10_lr = 1 * BAN + 716003,
		.log10_lr_low = 1 * BAN + 500000,
		.log10_lr_high = 1 * BAN + 716003,
		.lr_capped = true,
		.lr_runs = 36,
		.weakest = RIVAL_COMMON,
		.lag_median_ns = 214000,
		.lag_p95_ns = 1900000,
		.onsets = 217,
		.answered = 214,
		.bursts = 51,
		.equal = 47,
		.decided = { T0 + 21 * SEC },
		.decided_after_ns = 19 * SEC,
		.decided_onsets = 31,
	};
	c->relays[1] = c->relays[0];
	c->relays[1].host = address("2001:db8::9");
	c->relays[1].in = 3;
	c->relays[1].out = 4;
	c->relays[1].sufficient = false;
	c->relays[1].reason = REASON_BELOW_THRESHOLD;
	c->relays[1].log10_weakest = 2 * BAN;
	c->relays[1].log10_e[RIVAL_COMMON] = 2 * BAN;
	c->relays[1].decided = TSTAMP_NONE;
}

static void add_exchanges(struct case_relay *r)
{
	r->n_exchanges = 2;
	r->exchanges = zeroed(2, sizeof(*r->exchanges));
	for (unsigned i = 0; i < 2; i++)
		r->exchanges[i] = (struct case_exchange){
			.reply = i == 1,
			.from = { 0,
				  812 + 30 * i,
				  { T0 + (30 + i) * SEC },
				  36 },
			.to = { 0,
				815 + 30 * i,
				{ T0 + (30 + i) * SEC + MSEC / 5 },
				44 },
			.silence_ns = 7 * SEC,
		};
}

static void add_addresses(struct case_record *c)
{
	static const char *const names[] = { "198.51.100.7", "198.19.200.116",
					     "2001:db8::9", "203.0.113.219" };
	static const enum verdict_word words[] = { VERDICT_SPRINGBOARD,
						   VERDICT_UNDETERMINED,
						   VERDICT_UNDETERMINED,
						   VERDICT_SOURCE };

	c->n_addresses = 4;
	c->addresses = zeroed(4, sizeof(*c->addresses));
	for (size_t i = 0; i < 4; i++) {
		c->addresses[i].address = address(names[i]);
		c->addresses[i].verdict = words[i];
		c->addresses[i].quality = 'A';
		c->addresses[i].connections = (uint32_t)i + 1;
	}
	c->addresses[1].reason = REASON_TOO_FEW_DATA;
	c->addresses[2].reason = REASON_BELOW_THRESHOLD;
	c->addresses[2].quality = 'B';
	strcpy(c->addresses[2].why_quality, "one-sided");
	c->addresses[0].n_findings = 1;
	c->addresses[0].findings = zeroed(1, sizeof(struct case_finding));
	strcpy(c->addresses[0].findings[0].proposition, "relay");
	strcpy(c->addresses[0].findings[0].observed, "214 of 217 onsets");
	strcpy(c->addresses[0].findings[0].inferred, "passed on");
	c->addresses[0].findings[0].log10_e = 12 * BAN;
	c->addresses[0].findings[0].conns[0] = 1;
	c->addresses[0].findings[0].conns[1] = 2;
}

static void add_chain(struct case_record *c)
{
	c->n_chains = 1;
	c->chains = zeroed(1, sizeof(*c->chains));
	c->chains[0].n = 2;
	c->chains[0].connections = zeroed(2, sizeof(uint32_t));
	c->chains[0].connections[0] = 1;
	c->chains[0].connections[1] = 2;
	c->chains[0].route = zeroed(3, sizeof(struct addr));
	c->chains[0].route[0] = address("198.19.200.116");
	c->chains[0].route[1] = address("198.51.100.7");
	c->chains[0].route[2] = address("203.0.113.219");
	c->chains[0].weakest_log10_e = 12 * BAN;
	c->chains[0].lag_ns = 214000;
}

static void add_far_end(struct case_record *c)
{
	c->n_far_ends = 1;
	c->far_ends = zeroed(1, sizeof(*c->far_ends));
	c->far_ends[0] = (struct case_far_end){
		.address = address("203.0.113.219"),
		.question = FAR_TERMINATING,
		.answer = FAR_NO,
		.log10_lr = BAN,
		.leg_low_ms = -1,
		.leg_high_ms = 2.1,
		.resolution_ms = 2.1,
		.n_connections = 1,
	};
	c->far_ends[0].connections = zeroed(1, sizeof(uint32_t));
	c->far_ends[0].connections[0] = 2;
}

struct case_record *sample_case(void)
{
	struct case_record *c = case_new(NULL);

	assert(c != NULL);
	c->n_captures = 1;
	c->captures = zeroed(1, sizeof(*c->captures));
	c->captures[0] = (struct case_capture){
		.file = strdup("a capture.pcapng"),
		.packets = 11664,
		.selected = 11664,
		.first = { T0 },
		.last = { T0 + 233 * SEC },
		.time_digits = 9,
	};
	c->n_conns = 5;
	c->conns_total = 76;
	c->conns = zeroed(5, sizeof(*c->conns));
	c->conns[0] = conn(1, "198.19.200.116", 40122, "198.51.100.7", 22);
	c->conns[1] = conn(2, "198.51.100.7", 51000, "203.0.113.219", 22);
	c->conns[2] = conn(3, "2001:db8::1", 40123, "2001:db8::9", 22);
	c->conns[3] = conn(4, "2001:db8::9", 0, "2001:db8::2", 0);
	c->conns[3].proto = PROTO_ICMP6;
	c->conns[3].src_inferred = true;
	c->conns[4] = conn(7, "198.51.100.8", 1, "198.51.100.9", 2);
	c->conns[4].named = false;
	add_relays(c);
	add_exchanges(&c->relays[0]);
	add_addresses(c);
	add_chain(c);
	add_far_end(c);
	c->hyp = (struct case_hypotheses){
		.eligible_pairs = 5750,
		.alpha = 0.01,
		.processes = 2,
		.decoys_tested = 4821,
		.decoys_above = { 391, 30, 2, 0 },
	};
	c->n_losses = 2;
	c->losses = zeroed(2, sizeof(*c->losses));
	c->losses[0] = (struct case_counter){ "malformed", 3 };
	c->losses[1] = (struct case_counter){ "evicted", 0 };
	c->validation_runs = 52;
	strcpy(c->strength_table, "lab 2026-11-22");
	c->seed = 1;
	c->max_conns = 1000000;
	c->max_pairs = 65536;
	return c;
}
