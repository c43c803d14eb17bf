/*
 * case.c - see case.h.  The words of design.md sections 3 and 4 stand here
 * and nowhere else.
 */
#include "evidence/case.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static const char *const rival_names[RIVALS] = {
	[RIVAL_INDEPENDENT] = "independent flows",
	[RIVAL_TIMERS] = "timers",
	[RIVAL_COMMON] = "common cause",
	[RIVAL_WAKE] = "host wake-up",
	[RIVAL_DEPENDENCY] = "service dependency",
};

static const char *const kind_names[KINDS] = {
	[KIND_INTERACTIVE_SHELL] = "interactive-shell",
	[KIND_INTERACTIVE_TUNNEL] = "interactive-tunnel",
	[KIND_STREAM_RELAY] = "stream-relay",
	[KIND_ICMP_TUNNEL] = "icmp-tunnel",
	[KIND_HTTP_TUNNEL] = "http-tunnel",
	[KIND_DNS_TUNNEL] = "dns-tunnel",
	[KIND_VPN] = "vpn",
};

static const char *const verdict_names[] = {
	[VERDICT_SPRINGBOARD] = "springboard",
	[VERDICT_SOURCE] = "source",
	[VERDICT_UNDETERMINED] = "undetermined",
};

static const char *const reason_names[REASONS] = {
	[REASON_NONE] = "none",
	[REASON_TOO_FEW_DATA] = "too-few-data",
	[REASON_ONE_DIRECTION] = "one-direction",
	[REASON_CAPTURE_LOSS] = "capture-loss",
	[REASON_TABLE_OVERFLOW] = "table-overflow",
	[REASON_NOT_APPLICABLE] = "not-applicable",
	[REASON_OUTSIDE_VALIDATION] = "outside-validation",
	[REASON_BELOW_THRESHOLD] = "below-threshold",
	[REASON_CONFLICT] = "conflict",
	[REASON_CAP_REACHED] = "cap-reached",
};

static const char *const question_names[] = {
	[FAR_TERMINATING] = "terminating-relay",
	[FAR_TUNNEL] = "tunnel",
	[FAR_SHARED] = "shared-address",
};

static const char *const answer_names[] = {
	[FAR_YES] = "yes",
	[FAR_NO] = "no",
	[FAR_UNDETERMINED] = "undetermined",
};

static const char *const instead_names[INSTEADS] = {
	[INSTEAD_NOTHING] = "nothing",
	[INSTEAD_PACKETS] = "hands-on-packets",
	[INSTEAD_BROADCAST] = "broadcast",
	[INSTEAD_SERVICE] = "service",
	[INSTEAD_FEED] = "feed",
	[INSTEAD_ASKS] = "own-questions",
	[INSTEAD_WRITES] = "writer",
	[INSTEAD_RESOLVER] = "resolver",
};

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

/* clang-format off */
#define NAMES(type, prefix, table)                                          \
const char *prefix##_name(type v)                                           \
{                                                                           \
	assert((size_t)v < COUNT(table));                                   \
	return (table)[v];                                                  \
}                                                                           \
bool prefix##_parse(const char *name, type *out)                            \
{                                                                           \
	for (size_t i = 0; i < COUNT(table); i++) {                         \
		if (strcmp((table)[i], name) == 0) {                        \
			*out = (type)i;                                     \
			return true;                                        \
		}                                                           \
	}                                                                   \
	return false;                                                       \
}
/* clang-format on */

NAMES(enum rival, rival, rival_names)
NAMES(enum relay_kind, kind, kind_names)
NAMES(enum verdict_word, verdict, verdict_names)
NAMES(enum reason, reason, reason_names)
NAMES(enum instead, instead, instead_names)
NAMES(enum far_question, far_question, question_names)
NAMES(enum far_answer, far_answer, answer_names)

const char *strength_word(microbans log10_lr)
{
	static const struct {
		int bans; /* up to 10^bans */
		const char *word;
	} scale[] = {
		{ 1, "weak" },
		{ 2, "moderate" },
		{ 3, "moderately strong" },
		{ 4, "strong" },
		{ 6, "very strong" },
	};

	if (log10_lr <= 0)
		return "none";
	for (size_t i = 0; i < COUNT(scale); i++) {
		if (log10_lr <= scale[i].bans * MICROBANS_PER_BAN)
			return scale[i].word;
	}
	return "extremely strong";
}

struct case_record *case_new(struct err *e)
{
	struct case_record *c = calloc(1, sizeof(*c));

	if (c == NULL) {
		err_set(e, ERR_MEMORY, "no memory for the case");
		return NULL;
	}
	c->from = c->to = TSTAMP_NONE;
	return c;
}

void case_free(struct case_record *c)
{
	if (c == NULL)
		return;
	for (size_t i = 0; i < c->n_captures; i++)
		free(c->captures[i].file);
	for (size_t i = 0; i < c->n_chains; i++) {
		free(c->chains[i].connections);
		free(c->chains[i].route);
	}
	for (size_t i = 0; i < c->n_addresses; i++)
		free(c->addresses[i].findings);
	for (size_t i = 0; i < c->n_far_ends; i++)
		free(c->far_ends[i].connections);
	for (size_t i = 0; i < c->n_relays; i++)
		free(c->relays[i].exchanges);
	free(c->captures);
	free(c->conns);
	free(c->relays);
	free(c->chains);
	free(c->far_ends);
	free(c->addresses);
	free(c->losses);
	free(c->text);
	free(c->same_host);
	passive_report_free(c->passive);
	free(c);
}

/* Connections are in order of their ids. */
const struct case_conn *case_find_conn(const struct case_record *c, uint32_t id)
{
	size_t low = 0, high = c->n_conns;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (c->conns[mid].id == id)
			return &c->conns[mid];
		if (c->conns[mid].id < id)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

bool case_has_sufficient(const struct case_record *c)
{
	for (size_t i = 0; i < c->n_relays; i++) {
		if (c->relays[i].sufficient)
			return true;
	}
	for (size_t i = 0; i < c->n_far_ends; i++) {
		if (c->far_ends[i].sufficient)
			return true;
	}
	return false;
}

static int by_verdict(const void *x, const void *y)
{
	static const int rank[] = { [VERDICT_SPRINGBOARD] = 0,
				    [VERDICT_UNDETERMINED] = 1,
				    [VERDICT_SOURCE] = 2 };
	const struct case_address *a = x, *b = y;

	if (a->verdict != b->verdict)
		return rank[a->verdict] - rank[b->verdict];
	return addr_cmp(&a->address, &b->address);
}

void case_sort_addresses(struct case_record *c)
{
	qsort(c->addresses, c->n_addresses, sizeof(*c->addresses), by_verdict);
}
