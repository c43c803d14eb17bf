/*
 * passive.h - what a capture itself says of a network that went away.
 *
 * Input: per remote network a row of counters per time bin, filled by the
 * pipeline from its connections; nothing of capture/, decode/ or conn/ is
 * seen here.  Output: silence, mass ends of sessions, router messages, steps
 * of round-trip time and TTL; the controls; and the four cells of routed or
 * not, answering or silent.
 * Never a cause: the own line, the sensor, a filter and the peer that simply
 * finished look like silence too, and are named beside it.
 */
#ifndef CONTEXT_PASSIVE_H
#define CONTEXT_PASSIVE_H

#include "context/bgp.h"

/* One network in one bin.  All counters are of this capture. */
struct passive_bin {
	uint32_t received;   /* packets from the network */
	uint32_t sent;	     /* packets to it */
	uint32_t unanswered; /* SYNs, data, retransmissions, probes to hosts
			      * that had answered before, without any packet
			      * back in this bin */
	uint32_t open;	     /* sessions open at the start of the bin */
	uint32_t ended_fin, ended_rst; /* by the peer itself */
	uint32_t ended_rst_other;      /* RST whose TTL is not the peer's */
	uint32_t ended_silent;	       /* given up after retransmissions */
	uint32_t unreachable;	       /* ICMP whose quote is a packet sent */
	uint32_t unreachable_bad;      /* quote unknown or stale: not counted */
	uint32_t ttl_exceeded;	       /* ICMP type 11, quote matched */
	uint64_t rtt_min_ns;	       /* 0: none measured */
	uint8_t ttl; /* most frequent TTL, as if all hosts began with 64 (so
		      * that two kinds of hosts are no step); 0: none */
};

struct passive_group {
	struct prefix prefix;
	uint32_t asn; /* 0: not known */
	struct passive_bin *bin;
	/* waits for an answer, in any order: seconds from the first to the
	 * last packet that asked, and when the answer came (NULL: all of them
	 * are earlier than any silence) */
	uint32_t *gap_sec;
	int64_t *gap_at;
	uint32_t ngaps;
	struct addr host; /* one of its hosts that answered */
	/* the router that last reported one of its hosts unreachable */
	struct addr router;
	bool has_router;
	uint32_t router_asn; /* 0: not known */
};

struct passive_input {
	int64_t start_sec;
	uint32_t bin_sec; /* 300; wider where traffic is thin */
	uint32_t nbins;
	const struct passive_group *group;
	uint32_t ngroups;
	const uint32_t *sensor_drops; /* per bin; NULL: not counted */
	bool one_sided;		      /* packets in one direction are missing */
};

enum passive_control {
	CONTROL_NONE,
	CONTROL_SENSOR,	    /* too many unrelated networks silent as well */
	CONTROL_LOSS,	    /* the sensor dropped packets in this time */
	CONTROL_ONE_SIDED,  /* answers may take another way */
	CONTROL_NOT_ASKED,  /* nothing was sent: the peer may have finished */
	CONTROL_RENUMBERED, /* silence here, new activity in the same AS */
	CONTROL_ALONE,	    /* no other network to tell the own line by */
};

struct passive_rules {
	double sensor_share; /* of the other ASes silent: sensor (0.3) */
	double lr_min; /* silence counts from this LR on (10), times the number
			* of silences that were looked at */
	double mass_p; /* binomial tail of a mass end (1e-4) */
	uint32_t mass_min; /* sessions that end together (3) */
	double rtt_step;   /* relative (0.2) and at least 1 ms */
};
extern const struct passive_rules passive_defaults;

struct passive_finding {
	uint32_t group;
	int64_t from_sec, to_sec; /* to: start of the bin of return, or end */
	bool returned;
	uint32_t asked;	  /* unanswered packets meanwhile */
	double lr;	  /* of this silence, at most earlier + 1 */
	uint32_t earlier; /* waits before it */
	bool sufficient;  /* lr >= lr_min * tested, and no control stands */
	enum passive_control control;
	double silent_share;	 /* of the other ASes, in the same time */
	uint32_t ended, of_open; /* sessions that died as it began */
	double ended_p;		 /* chance of that many by themselves */
	bool mass_end;
	uint32_t unreachable, ttl_exceeded;
	bool rtt_rose; /* before it: growing round-trip time */
};

struct passive_step { /* a change of path, seen from here */
	uint32_t group;
	int64_t sec;
	uint64_t rtt_before_ns, rtt_after_ns;
	uint8_t ttl_before, ttl_after;
};

/* Writes at most max findings in order of group and time; returns how many
 * there are.  *tested: those in which something was asked; each is one
 * hypothesis.  May be NULL. */
uint32_t passive_silences(const struct passive_input *in,
			  const struct passive_rules *rules,
			  struct passive_finding *out, uint32_t max,
			  uint32_t *tested);
uint32_t passive_steps(const struct passive_input *in,
		       const struct passive_rules *rules,
		       struct passive_step *out, uint32_t max);

enum passive_cell {
	CELL_UNKNOWN, /* not asked, or no routes are known */
	CELL_ROUTED_ANSWERING,
	CELL_ROUTED_SILENT,
	CELL_UNROUTED_ANSWERING,
	CELL_UNROUTED_SILENT,
};

/* visible: share of peer ASes in 1/1000, -1 when not known (see
 * route_series()); one per bin.  Writes one cell per bin. */
void passive_cells(const struct passive_input *in, uint32_t group,
		   const int *visible_permille, enum passive_cell *out);
/* What the cell may mean; never averaged with its neighbours. */
const char *passive_cell_word(enum passive_cell c);
const char *passive_control_word(enum passive_control c);

/* All of one capture, and of the routes beside it. */
struct passive_report {
	struct passive_input in;     /* its arrays are the next two */
	struct passive_group *group; /* owned, with what they point to */
	uint32_t *drops;	     /* owned */
	struct passive_finding *finding;
	uint32_t nfindings, tested;
	struct passive_step *step;
	uint32_t nsteps;
	int **visible;	  /* per group in.nbins of them, 1/1000; or NULL */
	uint32_t refused; /* networks there was no room for */
};

void passive_report_free(struct passive_report *p);
/* Fills finding and step from in.  False when memory is short. */
bool passive_report_judge(struct passive_report *p,
			  const struct passive_rules *rules);

/* Chance that at least k of m end when each does with probability p. */
double passive_binomial(uint32_t k, uint32_t m, double p);
/* Likelihood ratio of a silence of sec seconds against n earlier gaps. */
double passive_silence_lr(uint32_t sec, const uint32_t *gap_sec, uint32_t n);

#endif
