/*
 * outage_track.h - inside of the outage tracker.  For outage.c and
 * outage_finding.c only.
 */
#ifndef CONTEXT_OUTAGE_TRACK_H
#define CONTEXT_OUTAGE_TRACK_H

#include "context/outage.h"

struct view {
	uint16_t visible, known, in_complete;
};

struct up_count {
	uint32_t asn;
	uint16_t ases, peak;
	int64_t since, peak_sec, falling_sec;
	bool alone; /* no other neighbour when it came */
	bool told;  /* its coming is in the list */
};

/* How often all peers behind one AS lost a network. */
struct habit {
	uint32_t transit, bins, last; /* last: number of the latest bin */
};

/* One watched network. */
struct track {
	uint32_t net, origin;
	enum outage_state state;
	uint32_t episode; /* finding that is open, or RIB_NONE */
	uint32_t closed;  /* the one before, until it is full again */
	bool keep;	  /* has a finding: its samples stay */
	uint16_t usual_known;
	struct view before; /* when it was last fully visible */
	int64_t up_since;
	uint32_t flaps; /* brief losses so far */
	int64_t flap_first, flap_last;
	struct out_sample *sample;
	uint32_t nsamples, cap_samples;
	struct up_count up[OUT_UPSTREAMS];
	struct habit *habit; /* OUT_GROUPS of them, once one was lost */
	unsigned nhabits;
	unsigned up_left; /* peer ASes over all of them */
};

struct out_list {
	void *v;
	uint32_t n, cap;
};

struct outage {
	struct replay *r;
	struct rib *rib;
	struct outage_rules rules;
	const struct vrps *vrps;
	struct outage_hooks hooks;
	uint32_t *asn;
	unsigned nasn;
	struct prefix *prefix;
	unsigned nprefix;
	struct track *track;
	uint32_t ntracks, cap_tracks;
	uint32_t *open; /* tracks with an open finding */
	uint32_t nopen, cap_open;
	struct out_list finding, change, lost, gap, transfer;
	uint32_t nsorted;
	uint64_t *stamp; /* per AS index */
	uint64_t now_stamp;
	uint8_t *known;	     /* per AS index: bits of complete and eligible */
	unsigned talking[2]; /* ASes with any route */
	unsigned ncomplete[2], eligible[2], eligible_coll;
	bool stale_count, has_table, failed;
	unsigned in_table; /* tables that are being read */
	int64_t base_sec;  /* the first table was read then */
	int64_t first_sec, last_sec, next_tick;
};

/* A new zeroed element; NULL when memory is short. */
void *out_list_add(struct out_list *l, size_t size);
struct out_finding *out_episode(struct outage *o, const struct track *t);
/* The first loss after full visibility; lost_path is the route that went. */
void out_open(struct outage *o, struct track *t, int64_t sec,
	      uint32_t lost_path);
void out_close(struct outage *o, struct track *t, int64_t sec);
/* Fully visible again: through whom now. */
void out_after(struct outage *o, struct track *t, int64_t sec);
void out_zombies(struct outage *o, struct track *t, struct out_finding *f);
void out_upstreams(struct outage *o, struct track *t, int64_t sec);
/* A peer withdrew the path: is all of its group gone? */
void out_group_lost(struct outage *o, struct track *t, uint32_t path,
		    int64_t sec);
void out_groups_open(struct outage *o, struct track *t, struct out_finding *f,
		     uint32_t lost_path);
void out_groups_now(struct outage *o, const struct track *t,
		    struct out_finding *f);
void out_sort(struct outage *o);

#endif
