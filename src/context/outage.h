/*
 * outage.h - when networks were not visible, and what that may mean.
 *
 * Input: changes of the table and notes of replay.c.  Output: findings
 * (observed: invisible to how many, from when to when; cause: a list of
 * rivals, usually undetermined), lost peers, gaps.
 *
 * A network's visibility is the share of eligible peer ASes that have a route
 * among those that are known to have one or none.  The state follows it:
 * down, partial, up.  A change of the set of peers alone never changes the
 * state: only an announcement can improve it, only a withdrawal (seen, or
 * shown by a later table) can make it worse.
 * Wrong when: the peers given all hear the network through one AS that is
 * itself cut off (grouping by first common transit is reported beside it).
 */
#ifndef CONTEXT_OUTAGE_H
#define CONTEXT_OUTAGE_H

#include "context/asn.h"
#include "context/replay.h"

struct outage_rules {
	double down;	      /* at most this share: down (0.1) */
	double partial;	      /* at most this: partial (0.5) */
	double again;	      /* down ends above this (0.2) */
	double full;	      /* from this on: fully visible (0.8) */
	double feed_share;    /* full feed: of the largest table (0.8) */
	uint32_t feed_min;    /* and at least this many networks */
	int64_t min_sec;      /* shorter losses are "brief" (360) */
	int64_t zombie_sec;   /* RIPE Labs: 90 minutes */
	int64_t baseline_sec; /* 24 h */
	int64_t bin_sec;      /* of the sparkline, and of "at once" (300) */
};

extern const struct outage_rules outage_defaults;

enum outage_state { OUT_UNSEEN, OUT_UP, OUT_PARTIAL, OUT_DOWN };

#define OUT_UPSTREAMS 6
#define OUT_ZOMBIES   8
#define OUT_GROUPS    12

struct out_upstream {
	uint32_t asn;
	uint16_t ases; /* peer ASes */
};

/* Peers that hear a network through the same AS. */
struct out_group {
	uint32_t transit; /* the first AS behind the peer */
	uint32_t earlier; /* bins before, in which all of it lost the network */
	bool lost;	  /* all of it, at the worst moment */
};

struct out_sample { /* visibility from this second on */
	uint32_t sec;
	uint16_t visible, known;
};

/* One loss of one network. */
struct out_finding {
	uint32_t net;
	uint32_t origin;
	enum outage_state worst; /* OUT_DOWN or OUT_PARTIAL */
	bool ongoing, brief;
	int64_t full_until, lost_sec; /* start, as an interval */
	int64_t back_first, back_sec; /* end, as an interval */
	int64_t worst_sec;
	uint16_t visible_before, known_before, visible_min, known_min;
	int64_t up_since;	/* first seen up in the data */
	uint16_t full_permille; /* of the last 24 h of data before it */
	int64_t baseline_sec;	/* how much data that was */
	uint32_t flaps;		/* brief losses in the 48 h before */
	int64_t flap_first, flap_last;
	struct out_upstream before[OUT_UPSTREAMS], after[OUT_UPSTREAMS];
	uint32_t zombie[OUT_ZOMBIES]; /* peers that kept the old route */
	uint16_t nzombies;	      /* may be more than are listed */
	bool zombies_checked;
	uint32_t covering; /* network that still held it; RIB_NONE */
	uint16_t covering_ases;
	uint16_t collectors;	 /* whose peers saw it before */
	uint16_t first_transits; /* different ASes behind the peers */
	struct out_group group[OUT_GROUPS];
	uint16_t ngroups;
	uint32_t windows;	 /* bins of data before it */
	uint32_t common_transit; /* an AS on every path; 0: none */
	enum vrp_state rpki;
	uint16_t gaps, peers_lost;     /* inside it */
	uint32_t sample_from, samples; /* in the tracker's store */
};

/* An AS that came or went as the neighbour of an origin. */
struct out_change {
	uint32_t net, asn;
	bool appeared;
	int64_t from_sec, to_sec; /* first and last peer to change */
	uint16_t ases;		  /* peer ASes, at most */
	bool alone; /* no other neighbour remained, or was there before:
		     * the network itself came or went */
};

struct out_lost { /* a peer that was away */
	uint32_t peer;
	int64_t from_sec, to_sec; /* to: -1 while it lasts */
	bool unsure;		  /* by a gap, not by its session */
	bool silent;		  /* it stopped while its collector talked on */
};

struct out_gap {
	unsigned collector;
	int64_t from_sec, to_sec;
};

struct out_transfer {
	uint32_t peer;
	int64_t from_sec, to_sec;
	uint64_t count;
};

struct outage; /* opaque */

struct outage_hooks {
	void *arg;
	/* A network's state changed.  Called at the time of the data. */
	void (*state)(void *arg, uint32_t net, enum outage_state was,
		      enum outage_state is, int64_t sec,
		      const struct out_sample *s);
	void (*note)(void *arg, const struct replay_note *n);
};

/* Borrows all.  vrps may be NULL.  Takes over the hooks of replay. */
struct outage *outage_new(struct replay *r, const struct outage_rules *rules,
			  const struct vrps *vrps, struct err *e);
void outage_free(struct outage *o);
void outage_set_hooks(struct outage *o, const struct outage_hooks *h);
/* Without any, every network is watched. */
bool outage_watch_asn(struct outage *o, uint32_t asn);
bool outage_watch_prefix(struct outage *o, const struct prefix *p);
/* Time goes on: zombies are looked for. */
void outage_tick(struct outage *o, int64_t sec);
/* No more data: open findings become ongoing. */
void outage_end(struct outage *o, int64_t sec);

struct outage_result {
	const struct out_finding *finding;
	uint32_t nfindings;
	const struct out_change *change;
	uint32_t nchanges;
	const struct out_lost *lost;
	uint32_t nlost;
	const struct out_gap *gap;
	uint32_t ngaps;
	const struct out_transfer *transfer;
	uint32_t ntransfers;
	const struct out_sample *sample;
	uint32_t watched;    /* networks */
	uint32_t watched_up; /* of these, up at the end */
	unsigned eligible_ases[2], eligible_collectors;
	bool has_table; /* a table gave the baseline */
	int64_t first_sec, last_sec;
	bool failed; /* memory was short */
};

/* Against "as always": the mean over the groups, at most windows + 1; see
 * outage_groups.c. */
double out_e_value(const struct out_finding *f);

/* Findings are in order of origin, start and network. */
struct outage_result outage_result(struct outage *o);
/* The samples of a watched network; *n of them. */
const struct out_sample *outage_series(const struct outage *o, uint32_t net,
				       uint32_t *n);
/* Watched networks whose last origin is asn; 0 for all. */
uint32_t outage_nets_of(const struct outage *o, uint32_t asn, uint32_t *out,
			uint32_t max);

#endif
