/*
 * case.h - the record of one run: all that writers, explain and evaluate read.
 *
 * Filled by pipeline and evidence, then only read.  Observed quantities and
 * what is inferred from them are separate fields everywhere.
 * Owns: every array and string below lives in the case; case_free() ends it.
 * Order: connections by id, relays by strength (strongest first, then ids),
 * addresses by verdict (springboard, undetermined, source), then address.
 */
#ifndef EVIDENCE_CASE_H
#define EVIDENCE_CASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/err.h"
#include "base/num.h"
#include "base/tstamp.h"
#include "context/passive.h"

/* The five rival explanations of a pair (design.md section 5). */
enum rival {
	RIVAL_INDEPENDENT, /* unrelated flows */
	RIVAL_TIMERS,	   /* equal-period or fixed-grid timers */
	RIVAL_COMMON,	   /* a common cause drives both */
	RIVAL_WAKE,	   /* the whole host woke up */
	RIVAL_DEPENDENCY,  /* service dependency: timing without content */
	RIVALS
};

enum relay_kind {
	KIND_INTERACTIVE_SHELL,
	KIND_INTERACTIVE_TUNNEL,
	KIND_STREAM_RELAY,
	KIND_ICMP_TUNNEL,
	KIND_HTTP_TUNNEL,
	KIND_DNS_TUNNEL,
	KIND_VPN, /* packet-level forwarding: never a relay, only a finding */
	KINDS
};

enum verdict_word { VERDICT_SPRINGBOARD, VERDICT_SOURCE, VERDICT_UNDETERMINED };

enum reason {
	REASON_NONE, /* springboard or source */
	REASON_TOO_FEW_DATA,
	REASON_ONE_DIRECTION,
	REASON_CAPTURE_LOSS,
	REASON_TABLE_OVERFLOW,
	REASON_NOT_APPLICABLE,
	REASON_OUTSIDE_VALIDATION,
	REASON_BELOW_THRESHOLD,
	REASON_CONFLICT,
	REASON_CAP_REACHED,
	REASONS
};

/* What the host of a pair does instead of relaying, where that is seen. */
enum instead {
	INSTEAD_NOTHING,
	INSTEAD_PACKETS,   /* hands on packets: VPN or NAT */
	INSTEAD_BROADCAST, /* the same on both legs at once */
	INSTEAD_SERVICE,   /* rewrites what it passes */
	INSTEAD_FEED,	   /* passes on one direction only */
	INSTEAD_ASKS,	   /* asks more than it was asked */
	INSTEAD_WRITES,	   /* hands on what it is told, not the answers */
	INSTEAD_RESOLVER,  /* DNS questions to a name server */
	INSTEADS
};

enum far_question { FAR_TERMINATING, FAR_TUNNEL, FAR_SHARED };
enum far_answer { FAR_YES, FAR_NO, FAR_UNDETERMINED };

/* Words as printed, "interactive-shell", "common cause", ... */
const char *rival_name(enum rival r);
const char *kind_name(enum relay_kind k);
const char *verdict_name(enum verdict_word v);
const char *reason_name(enum reason r);
const char *instead_name(enum instead i);
const char *far_question_name(enum far_question q);
const char *far_answer_name(enum far_answer a);
/* Word of the printed scale for a log10 likelihood ratio (>= 0); "none"
 * for 0 and below. */
const char *strength_word(microbans log10_lr);
/* The other way, for readers of a stored case; false if unknown. */
bool rival_parse(const char *name, enum rival *out);
bool kind_parse(const char *name, enum relay_kind *out);
bool verdict_parse(const char *name, enum verdict_word *out);
bool reason_parse(const char *name, enum reason *out);
bool instead_parse(const char *name, enum instead *out);
bool far_question_parse(const char *name, enum far_question *out);
bool far_answer_parse(const char *name, enum far_answer *out);

struct case_capture {
	char *file;
	char sha256[65]; /* "" when not computed */
	uint64_t packets, selected, drops, no_time;
	struct tstamp first, last;
	uint8_t time_digits; /* 6 = us, 9 = ns */
	bool damaged;
	uint64_t damage_offset;
	char damage[160];
};

#define CASE_NO_CAPTURE UINT32_MAX

struct case_conn {
	uint32_t id;	      /* 1-based, in order of the first packet */
	uint8_t proto;	      /* PROTO_TCP, PROTO_UDP, PROTO_ICMP[6] */
	bool src_inferred;    /* no SYN seen: src is a guess */
	bool named;	      /* a relay, chain or finding names it */
	struct addr src, dst; /* src opened it */
	uint16_t sport, dport;
	struct tstamp first, last;
	uint64_t packets[2]; /* [0] from src, [1] from dst */
	uint64_t bytes[2];   /* new payload bytes */
	uint32_t data_packets[2];
	uint32_t retransmitted[2]; /* segments */
	uint32_t gaps[2];      /* holes in the sequence space: not captured */
	int64_t min_rtt_ns[2]; /* smallest data/handshake to ACK time for data
				* from src [0] / dst [1]; -1 = none */
	char community_id[32]; /* Community ID v1, seed 0 */
	/* of its latest packet; not stored: CASE_NO_CAPTURE in a case that was
	 * read */
	uint32_t capture;
};

/* One packet, so that anybody can open it; the first of a burst. */
struct case_frame {
	uint32_t capture; /* index in captures */
	uint64_t number;  /* in that file, from 1: frame.number of tshark */
	struct tstamp ts;
	uint32_t bytes; /* new payload of the whole burst */
};

/* A burst that reached the host and the one that left it on the other leg. */
struct case_exchange {
	bool reply; /* from `out` to `in`: the way back */
	struct case_frame from, to;
	int64_t silence_ns; /* before both: the shorter of the two */
};

struct case_relay {
	struct addr host; /* where it is relayed */
	uint32_t in, out; /* connection ids; in is towards the origin */
	bool sufficient;  /* every rival beaten and quality not C */
	bool expected;	  /* named by --expected: a note, no alarm */
	enum relay_kind kind;
	enum instead instead;
	microbans log10_e[RIVALS];
	microbans log10_weakest;
	microbans log10_threshold;
	microbans log10_lr, log10_lr_low, log10_lr_high;
	bool lr_capped;	  /* by the number of runs */
	uint32_t lr_runs; /* with relays of that kind, behind log10_lr */
	enum rival weakest;
	enum reason reason;		   /* when not sufficient */
	int64_t lag_median_ns, lag_p95_ns; /* request direction */
	uint32_t onsets, answered; /* onsets of in, and of them answered */
	uint32_t bursts, equal;	   /* sized bursts compared, equal in bytes */
	struct tstamp decided;	   /* when the threshold was reached;
				    * TSTAMP_NONE when it never was */
	int64_t decided_after_ns;  /* from the start of the overlap */
	uint32_t decided_onsets;   /* onsets of in until then */
	struct case_exchange *exchanges; /* those after the longest silences,
					  * in order of time */
	size_t n_exchanges;
};

struct case_chain {
	uint32_t *connections; /* ids from the origin on */
	struct addr *route;    /* n + 1 addresses */
	size_t n;
	microbans weakest_log10_e;
	int64_t lag_ns; /* sum of median lags */
};

/* One statement about one address; observed and inferred never mix. */
struct case_finding {
	char proposition[48]; /* "relay", "terminating-relay", "vpn", ... */
	char observed[240];
	char inferred[240];
	microbans log10_e, log10_lr;
	uint32_t conns[4]; /* connection ids, 0 = none */
};

struct case_address {
	struct addr address;
	enum verdict_word verdict;
	enum reason reason;
	char quality;	       /* 'A', 'B' or 'C' */
	char why_quality[120]; /* "" for A */
	struct case_finding *findings;
	size_t n_findings;
	uint32_t connections; /* seen with it */
	bool may_be_fed;      /* it accepted and opened connections here: no
			       * far end can make it a source */
};

struct case_far_end {
	struct addr address;
	enum far_question question;
	enum far_answer answer;
	char reason[64];
	bool sufficient;
	microbans log10_e, log10_lr;
	double leg_low_ms, leg_high_ms; /* negative = none */
	double resolution_ms;
	char ja4[4][40]; /* TLS clients, terminating-relay only */
	uint8_t n_ja4;
	uint32_t *connections;
	size_t n_connections;
};

struct case_hypotheses {
	uint64_t eligible_pairs; /* K: ordered pairs that could have been a
				  * relay by the rule fixed in advance */
	double alpha;
	uint32_t processes; /* m, combined by their mean */
	uint64_t decoys_tested;
	uint64_t decoys_above[4]; /* >= 10, 100, 1000, threshold */
};

struct case_counter {
	const char *name; /* [a-z_]+: a literal, or in case_record.text */
	uint64_t value;
};

struct case_record {
	char command[512];	 /* parameters as given */
	char filter[256];	 /* BPF text, "" = none */
	char address[ADDR_TEXT]; /* --address, "" = all */
	struct tstamp from, to;
	uint64_t seed; /* of the decoys */
	uint32_t max_conns, max_pairs;
	char expected[256]; /* name of the --expected file, "" = none */
	struct addr (*same_host)[2]; /* n pairs of addresses of one host */
	size_t n_same_host;
	bool from_stdin, snapshot; /* no second pass; not the end */
	struct case_capture *captures;
	size_t n_captures;
	struct case_conn *conns;
	size_t n_conns;
	uint64_t conns_total;
	struct case_relay *relays; /* sufficient ones and the best others */
	size_t n_relays;
	struct case_chain *chains;
	size_t n_chains;
	struct case_far_end *far_ends;
	size_t n_far_ends;
	uint64_t far_end_mute; /* statements with too little data: counted,
				* not kept (--all keeps them) */
	struct case_address *addresses;
	size_t n_addresses;
	struct case_hypotheses hyp;
	struct case_counter *losses; /* every counter, zeros too; but far ends
				      * that are not listed only if any */
	size_t n_losses;
	char *text;			/* names of losses read from a file */
	struct passive_report *passive; /* with --mrt; owned; may be NULL */
	uint32_t validation_runs; /* with pairs that are no relay: no LR is
				   * above that plus one */
	char strength_table[64];  /* name and date */
	char calibration[96];	  /* of the far end, "" = not used */
	bool damaged;		  /* some input was lost or damaged */
	char frames_missing[96];  /* why relays have no exchanges; "" = they
				   * have, or nobody asked */
};

struct case_record *case_new(struct err *e);
void case_free(struct case_record *c);
/* NULL when there is none of that id. */
const struct case_conn *case_find_conn(const struct case_record *c,
				       uint32_t id);
/* Springboards first, then undetermined, then sources; by address. */
void case_sort_addresses(struct case_record *c);
/* At least one relay or far-end statement is sufficient. */
bool case_has_sufficient(const struct case_record *c);

#endif
