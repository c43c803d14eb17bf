/*
 * rib.h - who announces what: the routes of every peer for every network.
 *
 * Input: announcements and withdrawals of replay.c.  Output: the routes of a
 * network, and the longest match of an address.
 * A route is never deleted: a withdrawn one keeps the time of its withdrawal.
 * Each peer has an epoch that rises when what it said before is no longer
 * known to hold (session lost, gap in the files); routes of older epochs are
 * stale and count for nothing.
 * Memory: 12 bytes per route, about 48 per network, and the paths.
 * Threads: one table belongs to one thread.
 */
#ifndef CONTEXT_RIB_H
#define CONTEXT_RIB_H

#include "context/mrt.h"
#include "context/paths.h"

#define RIB_NONE UINT32_MAX

struct rib_route {
	uint32_t path;	  /* 0: withdrawn */
	uint32_t changed; /* seconds since 1970: said or taken back then */
	uint16_t peer;
	uint16_t tag; /* epoch << 4 | dump */
};
_Static_assert(sizeof(struct rib_route) == 12, "60 million of them");

struct rib_net {
	struct prefix prefix;
	uint16_t n, cap;
	struct rib_route *routes;     /* owned by the table */
	uint32_t first_sec, last_sec; /* first and last seen announced */
	uint32_t mark;		      /* for the caller; 0 at first */
};

enum peer_state {
	PEER_UNKNOWN, /* nothing is known of its table */
	PEER_SYNC,    /* session came up, its table is being sent */
	PEER_UP,
	PEER_DOWN,
};

struct rib_peer {
	struct mrt_peer id;
	uint16_t collector;
	uint16_t as_index; /* same for all sessions of one AS */
	uint16_t slot;	   /* ADD-PATH: which of its paths, else 0 */
	uint16_t epoch, dump;
	enum peer_state state;
	bool complete[2]; /* per family: what is not there is absent */
	bool eligible[2]; /* a full feed, by the relative rule */
	bool in_dump;
	bool spoke[2];		/* it has announced something, per family */
	uint32_t active[2];	/* routes of the present epoch, IPv4 and IPv6 */
	uint32_t last_table[2]; /* as large as this before it was lost */
	int64_t sync_sec, heard_sec;
	uint64_t lost; /* sessions lost */
};

struct rib {
	struct paths *paths;
	struct rib_net *nets;
	uint32_t nnets, cap_nets;
	struct rib_peer *peers;
	unsigned npeers, cap_peers;
	uint32_t *as_of; /* ASN of an as_index */
	unsigned nases;
	uint64_t tidy_count;	 /* paths left by rib_tidy_paths() */
	bool full;		 /* memory was short: routes are missing */
	struct rib_store *store; /* opaque: hash tables, slabs */
};

#define RIB_MAX_PEERS  65535
#define RIB_TIDY_BYTES (UINT64_C(64) << 20)

struct rib *rib_new(struct err *e);
void rib_free(struct rib *r);

bool rib_same_peer(const struct mrt_peer *a, const struct mrt_peer *b);
/* The peer's number, made when new; RIB_NONE when there are too many. */
uint32_t rib_peer(struct rib *r, unsigned collector, const struct mrt_peer *id,
		  unsigned slot);
/* The network's number; RIB_NONE when it is new and make is false. */
uint32_t rib_net(struct rib *r, const struct prefix *p, bool make);

static inline unsigned rib_family(const struct prefix *p)
{
	return p->fam == 4 ? 0 : 1;
}

static inline bool rib_fresh(const struct rib *r, const struct rib_route *x)
{
	return x->tag >> 4 == r->peers[x->peer].epoch;
}

/* Announced, and known to hold. */
static inline bool rib_active(const struct rib *r, const struct rib_route *x)
{
	return x->path && rib_fresh(r, x);
}

struct rib_route *rib_find(struct rib *r, uint32_t net, uint32_t peer);
/* Sets the route of a peer; path 0 withdraws.  False when memory is short.
 * *was is the route before (path 0 when there was none or it was stale). */
bool rib_set(struct rib *r, uint32_t net, uint32_t peer, uint32_t path,
	     uint32_t sec, struct rib_route *was);
/* What the peer said so far no longer counts. */
void rib_new_epoch(struct rib *r, uint32_t peer);
/* Eligible: at least share of the largest table of the family, and min
 * networks.  Recomputed for all peers. */
void rib_full_feeds(struct rib *r, double share, uint32_t min);
/* Forgets AS paths that no live route has, when they are most of the store
 * and more than 64 MiB.  Numbers of paths change: nobody may hold one.  False
 * when memory is short; the table is as before then. */
bool rib_tidy_paths(struct rib *r);
uint64_t rib_bytes(const struct rib *r);
/* Every address counts once; IPv4 only. */
uint64_t rib_v4_addresses(const struct prefix *p, uint32_t n);

#endif
