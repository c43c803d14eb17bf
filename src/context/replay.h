/*
 * replay.h - from records to routes: what each peer is known to announce.
 *
 * Input: records in time order, with the number of their collector.  Output:
 * the table (rib.h), and calls for every change.
 * Per peer a state machine: a lost session or a gap in the files is never a
 * withdrawal; what was said before it counts as unknown until it is said
 * again, by a table of the collector or by the peer itself.
 */
#ifndef CONTEXT_REPLAY_H
#define CONTEXT_REPLAY_H

#include "context/rib.h"

/*
 * Silence of a collector is a gap when it is longer than this and improbable
 * by the collector's own habit: minutes of silence times the share of its
 * minutes that hold a record is the number of lively minutes that are
 * missing.  10 when another collector spoke meanwhile; 30 when none did, for
 * then it may be that there was nothing to say.
 */
#define REPLAY_GAP_SEC	     900 /* three files of RIS, one of RouteViews */
#define REPLAY_GAP_MISSING   10
#define REPLAY_GAP_ALL_QUIET 30
#define REPLAY_GAP_PRIOR     30 /* quiet minutes taken for granted at first */
/* A peer that is silent while its collector talks: for an hour (bgpview), and
 * so many of its own lively minutes are missing. */
#define REPLAY_PEER_SEC	    3600
#define REPLAY_PEER_MISSING 30
#define REPLAY_SYNC_SEC	    600 /* a table transfer ends within this */
/* A transfer without a state record: this many in a minute, and this part of
 * the peer's table (Zhang 2005 finds them by the same idea). */
#define REPLAY_BURST_MIN   1000
#define REPLAY_BURST_SHARE 0.75

enum replay_event {
	EV_PEER_LOST,	/* session ended: state record or OPEN */
	EV_PEER_BACK,	/* the peer speaks again */
	EV_PEER_SYNCED, /* its table is complete */
	EV_PEER_UNSURE, /* its collector has a gap or a damaged file */
	EV_PEER_SILENT, /* nothing from it while its collector talks */
	EV_TRANSFER,	/* a table transfer without a state record */
	EV_GAP,		/* the collector was silent; from .. to */
	EV_TABLE_BEGIN, /* a table of the collector starts */
	EV_TABLE,	/* a table of the collector was read to its end */
};

struct replay_note {
	enum replay_event what;
	int64_t sec, from_sec;
	unsigned collector;
	uint32_t peer;	/* RIB_NONE: of the whole collector */
	uint64_t count; /* TRANSFER: announcements */
	bool whole;	/* TABLE: not cut short */
};

struct replay_hooks {
	void *arg;
	/* A route of the table changed; path 0 is "none".  implied: not in a
	 * table any more, without a withdrawal that was seen. */
	void (*route)(void *arg, uint32_t net, uint32_t was, uint32_t is,
		      int64_t sec, bool implied);
	void (*note)(void *arg, const struct replay_note *n);
};

struct replay_collector {
	bool started, in_table;
	bool has_update;	     /* gaps are looked for only then */
	int64_t first_sec, last_sec; /* of updates */
	int64_t minute_before;	     /* last record of an earlier minute */
	uint64_t minutes;	     /* with at least one record */
	int64_t table_sec;
	const struct mrt *table_from; /* whose records the table is */
	bool table_fam[2];
	uint16_t dump;
	uint32_t *map; /* peer index -> peer */
	unsigned nmap;
};

struct replay_minute {
	int64_t from;
	uint64_t count; /* announcements in the running burst */
	int64_t last;
	/* its habit: minutes with a record since the first */
	int64_t first_heard;
	uint32_t lively;
	bool silent; /* told, and not heard since */
};

struct replay {
	struct rib *rib;
	struct replay_collector *coll;
	unsigned ncoll;
	struct replay_minute *minute; /* per peer */
	unsigned nminute;
	bool watch_gaps;     /* look for silence */
	bool gaps_told_only; /* a note, and what was said still counts */
	struct replay_hooks hooks;
	struct bgp_path path; /* scratch */
	uint64_t bad_routes;  /* treated as withdrawn (RFC 7606) */
	uint64_t bad_fields;  /* fields of prefixes that do not read */
	int64_t now, settled;
	uint32_t last_peer; /* cache of the peer look-up */
};

/* Borrows rib. */
struct replay *replay_new(struct rib *rib, struct err *e);
void replay_free(struct replay *r);
bool replay_message(struct replay *r, unsigned collector, struct mrt *m,
		    struct mrt_msg *msg);
/* The file is read; lossy: it was cut or damaged. */
void replay_file_end(struct replay *r, unsigned collector, bool is_table,
		     bool lossy);

/* Bursts of announcements that have ended, all of them at the end of the
 * data, are looked at: were they tables? */
void replay_settle(struct replay *r, bool end);

/* The peer counts, and what it does not announce it does not have. */
bool replay_complete(const struct rib_peer *p, unsigned fam, int64_t now);

#endif
