/*
 * farend.h - the far end: is the address that talks to us the end of the
 * connection?  Three questions per address, each with its own evidence and
 * its own abstention (doc/METHODS-farend.md):
 *   A  does it terminate TCP for somebody further away?
 *   B  is there an encapsulation on the path or at the host?
 *   C  are there at least k hosts behind it?
 * Core quantity: the paired gap, from the pure ACK of the last segment of a
 * server flight to the client payload that answers it, at turns which the
 * protocol forces.  The address judged is the opener (conn src).
 *
 * Input: every segment with its connection event, in capture order.
 * Memory: all of it is taken in farend_new(): 128 bytes per connection, a
 * bounded table of addresses and a bounded pool of connection summaries.
 * When one is full the loss is counted and the report says so.
 * Threads: one farend belongs to one thread.
 */
#ifndef FAREND_FAREND_H
#define FAREND_FAREND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/err.h"
#include "base/num.h"
#include "conn/conn.h"
#include "decode/segment.h"

#define FAREND_RIVALS	4  /* alternatives named beside an answer */
#define FAREND_LEGS	6  /* groups of real clients told apart */
#define FAREND_CONNS	16 /* connections used per address and named */
#define FAREND_FINDINGS 6
#define FAREND_JA4	4 /* TLS clients named per address */

enum farend_question { FAREND_TERMINATING, FAREND_TUNNEL, FAREND_SHARED };
#define FAREND_QUESTIONS 3
enum farend_answer { FAREND_YES, FAREND_NO, FAREND_UNDETERMINED };

/* Why there is no answer; farend_reason_name() gives the words. */
enum farend_reason {
	FAREND_OK,
	FAREND_TOO_FEW,	     /* turns, connections or kinds of turns */
	FAREND_ONE_SIDED,    /* one direction only, or no handshake seen */
	FAREND_LOSS,	     /* capture loss inside the turns */
	FAREND_OVERFLOW,     /* a table was full */
	FAREND_BELOW,	     /* evidence below the threshold */
	FAREND_SLOW_CLIENT,  /* a slow client explains it as well */
	FAREND_PATH_JITTER,  /* the path's own jitter hides the leg */
	FAREND_ACK_DELAY,    /* data is acknowledged late: TCP in TCP, an
			      * ACK-delaying proxy or a queue */
	FAREND_APP_RELAY,    /* a relay of TLS or HTTP is not excluded */
	FAREND_LOGIN_HOP,    /* only logins seen: a login hop looks the same */
	FAREND_CONFLICT,     /* some connections speak for, some against */
	FAREND_UNCALIBRATED, /* outside what the calibration covers */
	FAREND_NO_TURNS,     /* no protocol here forces an answer */
	FAREND_REASONS
};

enum farend_rival {
	FAREND_R_SLOW,	     /* slow client program or host */
	FAREND_R_SATELLITE,  /* satellite link with a TCP accelerator */
	FAREND_R_CARRIER,    /* carrier, corporate or privacy proxy */
	FAREND_R_TCPINTCP,   /* IP tunnel carried over TCP */
	FAREND_R_ACKDELAY,   /* proxy that delays its own ACKs */
	FAREND_R_CONGESTION, /* queue on the path */
	FAREND_R_BALANCER,   /* our own load balancer before the sensor */
	FAREND_R_ACCESS,     /* access link of low MTU: PPPoE, mobile */
	FAREND_R_MULTIBOOT,  /* one host, several stacks or reboots */
	FAREND_RIVAL_COUNT
};

/* How sure the return path is; higher includes lower. */
enum farend_spoof {
	FAREND_S_NONE,	    /* no TCP, or a middle of a connection */
	FAREND_S_SYN,	    /* SYN only: no evidence for the return path */
	FAREND_S_REFUSED,   /* our SYN-ACK was answered by RST: consistent
			     * with a forged source or a scan */
	FAREND_S_HANDSHAKE, /* our SYN-ACK was acknowledged */
	FAREND_S_DATA,	    /* it acknowledged our data, too */
	FAREND_S_CRYPTO,    /* it answered our TLS or SSH randomness */
	FAREND_S_REPEATED,  /* several such connections over time */
};

struct farend_leg {
	int64_t low_ns, high_ns; /* two-sided interval, 95 % */
	int64_t best_ns;
	uint32_t conns;
};

struct farend_entry {
	struct addr address;
	enum farend_question question;
	enum farend_answer answer;
	enum farend_reason reason;
	bool sufficient;    /* log10_e reaches K/alpha */
	bool allows_source; /* A "no" with LR >= 10 and measured power */
	bool lr_capped;
	microbans log10_e; /* against the weakest rival */
	/* for the answer given, capped; without one: for "yes", negative
	 * speaks for "no" */
	microbans log10_lr;
	microbans log10_yes; /* LR for "yes" as computed, never capped */
	microbans log10_threshold;
	struct farend_leg leg; /* hull of legs; high_ns < 0 = none */
	int64_t resolution_ns; /* of "no"; < 0 = none */
	int64_t jitter_ns;     /* of the path, mean |difference of RTTs| */
	int64_t rtt_ns;	       /* near round trip, median of handshakes */
	int64_t ack_delta_ns;  /* data-ACK RTT minus handshake RTT, median */
	int64_t gap_ns;	       /* median gap over the turns used */
	uint32_t turns, kinds, stacks, conns; /* used */
	uint32_t excluded_crossing, excluded_loss, excluded_handshake;
	uint32_t hosts; /* C: at least this many; 0 = not said */
	uint8_t n_legs, n_rivals, n_conn_ids, n_ja4;
	/* valid up to those numbers */
	struct farend_leg legs[FAREND_LEGS];
	struct {
		enum farend_rival name;
		microbans log10_lr; /* for the answer, against this rival */
		bool by_timing;	    /* false: timing cannot tell them apart */
	} rivals[FAREND_RIVALS];
	uint32_t conn_ids[FAREND_CONNS];
	char ja4[FAREND_JA4][40]; /* TLS clients, question A only */
	char kind[24];		  /* "socks-or-connect", "port-forward", "" */
	char observed[240], inferred[240]; /* one sentence each */
};

struct farend_finding {
	char proposition[48]; /* "os-mismatch", "mtu", "return-path", ... */
	char observed[240], inferred[240];
	microbans log10_lr;
	uint32_t conns[4]; /* connection ids, 0 = none */
};

struct farend_address {
	struct addr address;
	enum farend_spoof spoof;
	uint32_t connections; /* opened by it */
	uint32_t handshakes;
	char syn_class[64]; /* name of the signature, "" = unknown */
	char app_class[64];
	uint16_t mss, mtu;
	uint8_t hops; /* from the TTL; 255 = unknown */
	struct farend_finding findings[FAREND_FINDINGS];
	uint8_t n_findings;
};

struct farend_stats {
	uint64_t conns, turns, crossing, loss, no_handshake;
	uint64_t large; /* flights beyond one window, or sent in pieces */
	uint64_t address_overflow, summary_dropped;
	uint64_t prefix_overflow; /* networks without a place */
	uint64_t hello;		  /* ClientHellos that have a JA4 */
	uint64_t hello_cut;	  /* not whole in the capture, or no room */
};

struct farend_report {
	/* by address, then question; an address with one connection has
	 * only the questions that were answered, and unless all is asked
	 * for, undetermined ones with too little data are but counted */
	struct farend_entry *entries;
	size_t n_entries;
	struct farend_address *addresses; /* in order of address */
	size_t n_addresses;
	uint64_t mute;	       /* entries counted, not kept */
	uint64_t judged;       /* K: addresses with a question put */
	uint64_t not_listed;   /* addresses judged without an answer, see
				* farend_finish_for() */
	double expected_false; /* rate per address x judged */
	char calibration[96];  /* name, date and origin */
	struct farend_stats stats;
};

struct farend_calib;
struct farend_sigs;

struct farend_config {
	const struct farend_calib *calib; /* NULL: the shipped one */
	const struct farend_sigs *sigs;	  /* NULL: the shipped ones */
	struct addr local[16];		  /* our own prefixes: openers in */
	uint8_t local_bits[16];		  /* them are not judged (0..128) */
	uint8_t n_local;
	uint32_t max_addresses; /* 0: 65,536 */
	uint32_t max_summaries; /* 0: 4 per address */
	double alpha;		/* 0: 0.01, for sufficient */
	bool all;		/* entries that say nothing, too */
};

struct farend;

/* Owns: give it to farend_free().  cfg (and what it points to) is borrowed
 * until then.  NULL and *e on failure. */
struct farend *farend_new(uint32_t max_conns, const struct farend_config *cfg,
			  struct err *e);
void farend_free(struct farend *f);

/* Segments and their events, in order; those without a connection are stepped
 * over.  O(1) each. */
void farend_update(struct farend *f, const struct segment *s,
		   const struct conn_event *ev, size_t n);
/* Fetch what farend_release() of a connection will want: call the first some
 * connections before it, then the second. */
void farend_leaves_later(const struct farend *f, uint32_t slot,
			 const struct conn *c);
void farend_leaves_soon(const struct farend *f, const struct conn *c);
/* The connection leaves: its summary goes to its address. */
void farend_release(struct farend *f, uint32_t slot, const struct conn *c);

/* After every connection was released.  Owns: farend_report_free(). */
bool farend_finish(struct farend *f, struct farend_report *out, struct err *e);
/* The same for somebody who asks about some addresses only: the others have
 * entries without words and no record.  Where addresses abound they are only
 * counted, unless a question is answered. */
struct farend_asked {
	bool (*is)(void *arg, const struct addr *a);
	void *arg;
};
bool farend_finish_for(struct farend *f, const struct farend_asked *asked,
		       struct farend_report *out, struct err *e);
void farend_report_free(struct farend_report *r);

/* After every connection was released, instead of farend_finish(): what the
 * kinds of turns cost goes to c; the rest of c stays. */
bool farend_learn(const struct farend *f, struct farend_calib *c,
		  struct err *e);

const char *farend_question_name(enum farend_question q);
const char *farend_answer_name(enum farend_answer a);
const char *farend_reason_name(enum farend_reason r);
const char *farend_rival_name(enum farend_rival r);
const char *farend_spoof_name(enum farend_spoof s);
/* What this view cannot see: stands beside every answer. */
const char *farend_caveat(void);

#endif
