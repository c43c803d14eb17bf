/*
 * replay.c - see replay.h.
 *
 * The rules follow bgpview's routing tables (per peer a state, tables applied
 * with the time of each route, damage makes a peer unknown) and, for transfers
 * without a state record, Zhang et al. (MineNet 2005).
 * Wrong when: a collector's clock jumps by more than the gap; two collectors
 * share a name.
 */
#include "context/replay.h"

#include <stdlib.h>
#include <string.h>

#define MAX_SLOTS 16 /* ADD-PATH: paths kept per peer and network */

struct replay *replay_new(struct rib *rib, struct err *e)
{
	struct replay *r = calloc(1, sizeof(*r));

	if (!r) {
		err_set(e, ERR_MEMORY, "out of memory");
		return NULL;
	}
	r->rib = rib;
	r->last_peer = RIB_NONE;
	r->watch_gaps = true;
	return r;
}

void replay_free(struct replay *r)
{
	if (!r)
		return;
	for (unsigned i = 0; i < r->ncoll; i++)
		free(r->coll[i].map);
	free(r->coll);
	free(r->minute);
	free(r);
}

static void note(struct replay *r, struct replay_note n)
{
	if (r->hooks.note)
		r->hooks.note(r->hooks.arg, &n);
}

static void set_route(struct replay *r, uint32_t net, uint32_t peer,
		      uint32_t path, uint32_t sec, bool implied)
{
	struct rib_route was;

	if (!rib_set(r->rib, net, peer, path, sec, &was))
		return;
	if (r->hooks.route)
		r->hooks.route(r->hooks.arg, net, was.path, path, r->now,
			       implied);
}

static struct replay_collector *collector(struct replay *r, unsigned c)
{
	struct replay_collector *v;

	if (c < r->ncoll)
		return &r->coll[c];
	v = realloc(r->coll, (c + 1) * sizeof(*v));
	if (!v)
		return NULL;
	memset(v + r->ncoll, 0, (c + 1 - r->ncoll) * sizeof(*v));
	r->coll = v;
	r->ncoll = c + 1;
	return &r->coll[c];
}

static struct replay_minute *minute(struct replay *r, uint32_t peer)
{
	struct replay_minute *v;
	unsigned n = peer + 64;

	if (peer < r->nminute)
		return &r->minute[peer];
	v = realloc(r->minute, n * sizeof(*v));
	if (!v) {
		r->rib->full = true;
		return NULL;
	}
	memset(v + r->nminute, 0, (n - r->nminute) * sizeof(*v));
	r->minute = v;
	r->nminute = n;
	return &r->minute[peer];
}

bool replay_complete(const struct rib_peer *p, unsigned fam, int64_t now)
{
	if (p->state == PEER_SYNC)
		return p->active[fam] > 0 &&
		       now - p->sync_sec >= REPLAY_SYNC_SEC;
	return p->state == PEER_UP && p->complete[fam];
}

static void peer_unsure(struct replay *r, uint32_t peer, int64_t from)
{
	struct rib_peer *p = &r->rib->peers[peer];

	if (p->state == PEER_UNKNOWN || p->state == PEER_DOWN)
		return;
	rib_new_epoch(r->rib, peer);
	p->state = PEER_UNKNOWN;
	note(r, (struct replay_note){ .what = EV_PEER_UNSURE,
				      .sec = r->now,
				      .from_sec = from,
				      .collector = p->collector,
				      .peer = peer });
}

static void collector_unsure(struct replay *r, unsigned c, int64_t from)
{
	for (uint32_t i = 0; i < r->rib->npeers; i++)
		if (r->rib->peers[i].collector == c)
			peer_unsure(r, i, from);
}

/* The other paths of an ADD-PATH session share its fate. */
static void drop_slots(struct replay *r, const struct rib_peer *p)
{
	for (uint32_t i = 0; i < r->rib->npeers; i++) {
		struct rib_peer *q = &r->rib->peers[i];

		if (q->slot && q->collector == p->collector &&
		    rib_same_peer(&q->id, &p->id)) {
			rib_new_epoch(r->rib, i);
			q->state = PEER_DOWN;
		}
	}
}

static void peer_lost(struct replay *r, uint32_t peer)
{
	struct rib_peer *p = &r->rib->peers[peer];

	if (p->state == PEER_DOWN)
		return;
	rib_new_epoch(r->rib, peer);
	drop_slots(r, p);
	p->state = PEER_DOWN;
	p->lost++;
	note(r, (struct replay_note){ .what = EV_PEER_LOST,
				      .sec = r->now,
				      .collector = p->collector,
				      .peer = peer });
}

static void peer_back(struct replay *r, uint32_t peer)
{
	struct rib_peer *p = &r->rib->peers[peer];

	p->state = PEER_SYNC;
	p->sync_sec = r->now;
	note(r, (struct replay_note){ .what = EV_PEER_BACK,
				      .sec = r->now,
				      .collector = p->collector,
				      .peer = peer });
}

/* The peer has sent its table: what it did not send, it does not have. */
static void peer_synced(struct replay *r, uint32_t peer)
{
	struct rib_peer *p = &r->rib->peers[peer];

	p->state = PEER_UP;
	for (int f = 0; f < 2; f++)
		p->complete[f] |= p->active[f] > 0;
	note(r, (struct replay_note){ .what = EV_PEER_SYNCED,
				      .sec = r->now,
				      .collector = p->collector,
				      .peer = peer });
}

/* A burst of announcements has ended: was it the whole table? */
static void burst_end(struct replay *r, uint32_t peer, struct replay_minute *b)
{
	struct rib_peer *p = &r->rib->peers[peer];
	uint32_t table = p->active[0] + p->active[1];

	if (b->count >= REPLAY_BURST_MIN && p->state != PEER_SYNC &&
	    b->count >= REPLAY_BURST_SHARE * table) {
		note(r, (struct replay_note){ .what = EV_TRANSFER,
					      .sec = b->last,
					      .from_sec = b->from,
					      .collector = p->collector,
					      .peer = peer,
					      .count = b->count });
		if (p->state == PEER_UNKNOWN)
			peer_synced(r, peer);
	}
	b->count = 0;
}

static void burst(struct replay *r, uint32_t peer, unsigned announced)
{
	struct replay_minute *b = minute(r, peer);

	if (!b || announced == 0)
		return;
	/* a burst goes on while each of its half minutes is dense */
	if (b->count && r->now - b->last > 10)
		burst_end(r, peer, b);
	else if (b->count && r->now - b->from >= 60 &&
		 b->count <
			 (uint64_t)(r->now - b->from) * (REPLAY_BURST_MIN / 60))
		b->count = 0;
	if (b->count == 0)
		b->from = r->now;
	b->count += announced;
	b->last = r->now;
}

/* Others of the same collector spoke in the second half of its silence. */
static bool neighbours_spoke(const struct replay *r, const struct rib_peer *p)
{
	int64_t half = p->heard_sec + (r->now - p->heard_sec) / 2;
	unsigned n = 0;

	for (uint32_t i = 0; i < r->rib->npeers; i++) {
		const struct rib_peer *q = &r->rib->peers[i];

		n += q->collector == p->collector && q->heard_sec > half;
	}
	return n >= 2;
}

/* What a silent peer said before may long be over: it counts for nothing
 * until it is said again. */
static void silent_peers(struct replay *r)
{
	for (uint32_t i = 0; i < r->nminute && i < r->rib->npeers; i++) {
		struct replay_minute *b = &r->minute[i];
		struct rib_peer *p = &r->rib->peers[i];
		int64_t silent = r->now - p->heard_sec, minutes;
		double habit;

		if (b->lively == 0 || silent < REPLAY_PEER_SEC ||
		    (p->state != PEER_UP && p->state != PEER_SYNC))
			continue;
		minutes = (p->heard_sec - b->first_heard) / 60;
		habit = (double)b->lively /
			(double)(minutes + REPLAY_GAP_PRIOR);
		if ((double)silent / 60 * habit < REPLAY_PEER_MISSING ||
		    !neighbours_spoke(r, p))
			continue;
		rib_new_epoch(r->rib, i);
		drop_slots(r, p);
		p->state = PEER_UNKNOWN;
		b->silent = true;
		note(r, (struct replay_note){ .what = EV_PEER_SILENT,
					      .sec = r->now,
					      .from_sec = p->heard_sec,
					      .collector = p->collector,
					      .peer = i });
	}
}

/* Another collector spoke in the second half of the silence. */
static bool others_spoke(const struct replay *r, unsigned c, int64_t from,
			 int64_t to)
{
	int64_t half = from + (to - from) / 2;

	/* what ends the silence of all of them at once does not count */
	for (unsigned i = 0; i < r->ncoll; i++) {
		const struct replay_collector *k = &r->coll[i];

		if (i == c || !k->has_update)
			continue;
		if ((k->last_sec >= half && k->last_sec < to - 60) ||
		    (k->minute_before >= half && k->minute_before < to - 60))
			return true;
	}
	return false;
}

/* Looks at silence before this record of the collector. */
static void clock_of(struct replay *r, unsigned c, int64_t sec)
{
	struct replay_collector *k = &r->coll[c];
	int64_t silent = sec - k->last_sec, minutes;
	double lively, missing;

	if (!k->has_update) {
		k->has_update = true;
		k->first_sec = k->last_sec = sec;
		k->minutes = 1;
		return;
	}
	if (silent > REPLAY_GAP_SEC && r->watch_gaps) {
		minutes = (k->last_sec - k->first_sec) / 60;
		lively = (double)k->minutes /
			 (double)(minutes + REPLAY_GAP_PRIOR);
		missing = (double)silent / 60 * lively;
		if (missing >= REPLAY_GAP_ALL_QUIET ||
		    (missing >= REPLAY_GAP_MISSING &&
		     others_spoke(r, c, k->last_sec, sec))) {
			note(r, (struct replay_note){ .what = EV_GAP,
						      .sec = sec,
						      .from_sec = k->last_sec,
						      .collector = c,
						      .peer = RIB_NONE });
			if (!r->gaps_told_only)
				collector_unsure(r, c, k->last_sec);
		}
	}
	if (sec / 60 != k->last_sec / 60) {
		k->minutes++;
		k->minute_before = k->last_sec;
	}
	if (sec > k->last_sec)
		k->last_sec = sec;
}

static void table_begin(struct replay *r, unsigned c, const struct mrt *m,
			int64_t sec)
{
	struct replay_collector *k = &r->coll[c];

	k->table_from = m;

	k->in_table = true;
	k->table_sec = sec;
	k->table_fam[0] = k->table_fam[1] = false;
	k->dump = (uint16_t)(k->dump % 15 + 1); /* 0 is "by an update" */
	for (uint32_t i = 0; i < r->rib->npeers; i++)
		if (r->rib->peers[i].collector == c)
			r->rib->peers[i].in_dump = false;
	note(r, (struct replay_note){ .what = EV_TABLE_BEGIN,
				      .sec = sec,
				      .collector = c,
				      .peer = RIB_NONE });
}

/* Routes of the table's peers that it does not hold were withdrawn unseen. */
static void imply(struct replay *r, unsigned c)
{
	struct replay_collector *k = &r->coll[c];
	struct rib *rib = r->rib;

	for (uint32_t i = 0; i < rib->nnets; i++) {
		if (!k->table_fam[rib_family(&rib->nets[i].prefix)])
			continue;
		for (unsigned x = 0; x < rib->nets[i].n; x++) {
			struct rib_route *q = &rib->nets[i].routes[x];
			const struct rib_peer *p = &rib->peers[q->peer];

			if (p->collector != c || !p->in_dump ||
			    !rib_active(rib, q) || (q->tag & 15) == k->dump ||
			    q->changed > k->table_sec)
				continue;
			set_route(r, i, q->peer, 0, (uint32_t)k->table_sec,
				  true);
		}
	}
}

static void table_end(struct replay *r, unsigned c, bool whole)
{
	struct replay_collector *k = &r->coll[c];
	struct rib *rib = r->rib;

	if (!k->in_table)
		return;
	k->in_table = false;
	if (whole)
		imply(r, c);
	for (uint32_t i = 0; i < rib->npeers; i++) {
		struct rib_peer *p = &rib->peers[i];

		if (p->collector != c || !p->in_dump)
			continue;
		p->state = PEER_UP;
		for (int f = 0; f < 2; f++)
			p->complete[f] =
				whole && k->table_fam[f] && p->active[f] > 0;
		p->dump = 0;
	}
	note(r, (struct replay_note){ .what = EV_TABLE,
				      .sec = k->table_sec,
				      .collector = c,
				      .peer = RIB_NONE,
				      .whole = whole });
}

void replay_file_end(struct replay *r, unsigned c, bool is_table, bool lossy)
{
	if (!collector(r, c))
		return;
	table_end(r, c, !lossy);
	if (lossy && !is_table)
		collector_unsure(r, c, r->now);
}

/* The table's own index of peers becomes ours. */
static void map_peers(struct replay *r, unsigned c, struct mrt *m)
{
	struct replay_collector *k = &r->coll[c];
	unsigned n;
	const struct mrt_peer *p = mrt_peers(m, &n);

	free(k->map);
	k->map = malloc((n ? n : 1) * sizeof(*k->map));
	k->nmap = k->map ? n : 0;
	for (unsigned i = 0; i < k->nmap; i++)
		k->map[i] = RIB_NONE; /* made when it has a route */
	(void)p;
}

static uint32_t peer_of(struct replay *r, unsigned c, const struct mrt_entry *e,
			const struct mrt_msg *msg)
{
	struct replay_collector *k = &r->coll[c];
	unsigned slot = msg->addpath ? e->path_id % MAX_SLOTS : 0;

	if (msg->type != MRT_TABLE_DUMP_V2 || slot || e->peer_index >= k->nmap)
		return rib_peer(r->rib, c, e->peer, slot);
	if (k->map[e->peer_index] == RIB_NONE)
		k->map[e->peer_index] = rib_peer(r->rib, c, e->peer, 0);
	return k->map[e->peer_index];
}

static void table_entry(struct replay *r, unsigned c, struct mrt_msg *msg,
			const struct mrt_entry *e, uint32_t net)
{
	struct replay_collector *k = &r->coll[c];
	uint32_t peer = peer_of(r, c, e, msg), path, said = e->originated;
	struct bgp_attrs a;
	struct rib_peer *p;
	struct rib_route *q;

	if (peer == RIB_NONE)
		return;
	p = &r->rib->peers[peer];
	p->in_dump = true;
	p->dump = k->dump;
	if (p->state == PEER_DOWN) /* it is back, and the table knows it */
		p->state = PEER_UNKNOWN;
	q = rib_find(r->rib, net, peer);
	if (q && rib_fresh(r->rib, q) && q->changed > msg->sec)
		return; /* an update of later time wins */
	bgp_attrs_read(e->attrs, msg->as4, &a);
	if (!bgp_path_read(&a, &r->path) || a.bad & BGP_BAD_WITHDRAW) {
		r->bad_routes++;
		return;
	}
	path = paths_put(r->rib->paths, &r->path);
	if (path == 0) {
		r->rib->full = true;
		return;
	}
	if (said == 0 || said > msg->sec)
		said = (uint32_t)msg->sec;
	if (q && rib_active(r->rib, q) && q->path == path) {
		q->tag = (uint16_t)(p->epoch << 4 | k->dump);
		r->rib->nets[net].last_sec = (uint32_t)msg->sec;
		return;
	}
	set_route(r, net, peer, path, said, true);
	r->rib->nets[net].last_sec = (uint32_t)msg->sec;
}

static void table(struct replay *r, unsigned c, struct mrt *m,
		  struct mrt_msg *msg)
{
	struct replay_collector *k = &r->coll[c];
	struct mrt_entry e;
	uint32_t net;

	if (!k->in_table)
		table_begin(r, c, m, msg->sec);
	if (msg->safi != 1)
		return;
	net = rib_net(r->rib, &msg->prefix, true);
	if (net == RIB_NONE)
		return;
	k->table_fam[rib_family(&msg->prefix)] = true;
	while (mrt_rib_next(m, msg, &e))
		if (e.peer)
			table_entry(r, c, msg, &e, net);
}

/* ADD-PATH: each of a peer's paths is kept as if by a peer of its own. */
static uint32_t slot_of(struct replay *r, uint32_t peer, uint32_t path_id)
{
	struct mrt_peer id = r->rib->peers[peer].id;
	unsigned c = r->rib->peers[peer].collector;
	uint32_t to;

	if (path_id % MAX_SLOTS == 0)
		return peer;
	to = rib_peer(r->rib, c, &id, path_id % MAX_SLOTS);
	if (to == RIB_NONE)
		return peer;
	r->rib->peers[to].state = r->rib->peers[peer].state;
	return to;
}

/* Announces (path > 0) or withdraws every prefix of a field. */
static unsigned apply(struct replay *r, uint32_t peer, struct rd field,
		      struct nlri_form form, uint32_t path)
{
	struct prefix x;
	uint32_t id, net, to;
	unsigned n = 0;

	if (field.left == 0)
		return 0;
	if (!nlri_form_guess(field, &form)) {
		r->bad_fields++;
		return 0;
	}
	while (nlri_next(&field, form, &x, &id) == NLRI_OK) {
		to = slot_of(r, peer, id);
		net = rib_net(r->rib, &x, path != 0);
		if (net == RIB_NONE)
			continue;
		set_route(r, net, to, path, (uint32_t)r->now, false);
		n++;
	}
	return n;
}

/* End-of-RIB (RFC 4724): an UPDATE without any route. */
static bool is_end_of_rib(const struct mrt_msg *msg, const struct bgp_attrs *a)
{
	if (msg->withdrawn.left || msg->nlri.left)
		return false;
	if (msg->attrs.left == 0)
		return true;
	return a->have == BGP_MP_UNREACH && a->unreach.nlri.left == 0 &&
	       a->unreach.safi == 1;
}

static void update(struct replay *r, uint32_t peer, struct mrt_msg *msg)
{
	struct rib_peer *p = &r->rib->peers[peer];
	struct nlri_form form = { 4, msg->addpath };
	struct bgp_attrs a;
	uint32_t path;
	unsigned n = 0;

	bgp_attrs_read(msg->attrs, msg->as4, &a);
	if (p->state == PEER_DOWN)
		peer_back(r, peer);
	p = &r->rib->peers[peer];
	if (is_end_of_rib(msg, &a)) {
		if (p->state == PEER_SYNC)
			peer_synced(r, peer);
		return;
	}
	apply(r, peer, msg->withdrawn, form, 0);
	if (a.have & BGP_MP_UNREACH && a.unreach.safi == 1) {
		form.fam = a.unreach.afi == 1 ? 4 : 6;
		apply(r, peer, a.unreach.nlri, form, 0);
	}
	if (!(msg->nlri.left || a.have & BGP_MP_REACH))
		return;
	path = 0;
	if (bgp_path_read(&a, &r->path) && !(a.bad & BGP_BAD_WITHDRAW) &&
	    a.have & BGP_AS_PATH) {
		path = paths_put(r->rib->paths, &r->path);
		if (path == 0) {
			r->rib->full = true;
			return;
		}
	} else {
		r->bad_routes++;
	}
	form.fam = 4;
	n = apply(r, peer, msg->nlri, form, path);
	if (a.have & BGP_MP_REACH && a.reach.safi == 1) {
		form.fam = a.reach.afi == 1 ? 4 : 6;
		n += apply(r, peer, a.reach.nlri, form, path);
	}
	burst(r, peer, path ? n : 0);
}

static void state(struct replay *r, uint32_t peer, const struct mrt_msg *msg)
{
	struct rib_peer *p = &r->rib->peers[peer];

	if (msg->new_state == 6) {
		if (p->state != PEER_DOWN && p->state != PEER_UNKNOWN)
			peer_lost(r, peer);
		peer_back(r, peer);
	} else if (msg->old_state == 6) {
		/* lost again: it had come back without a record of it */
		if (p->state == PEER_DOWN)
			peer_back(r, peer);
		peer_lost(r, peer);
	}
}

static void speak(struct replay *r, unsigned c, struct mrt_msg *msg)
{
	uint32_t peer = rib_peer(r->rib, c, &msg->peer, 0);
	struct replay_minute *b;
	struct rib_peer *p;

	if (peer == RIB_NONE || msg->local)
		return;
	p = &r->rib->peers[peer];
	b = minute(r, peer);
	if (b && b->first_heard == 0)
		b->first_heard = msg->sec;
	if (b && msg->sec / 60 != p->heard_sec / 60)
		b->lively++;
	p->heard_sec = msg->sec;
	if (b && b->silent) {
		b->silent = false;
		note(r, (struct replay_note){ .what = EV_PEER_BACK,
					      .sec = r->now,
					      .collector = c,
					      .peer = peer });
	}
	if (msg->kind == MRT_STATE) {
		state(r, peer, msg);
	} else if (msg->kind == MRT_UPDATE) {
		update(r, peer, msg);
	} else if (msg->bgp_type == 1 && p->state == PEER_UP) {
		peer_lost(r, peer); /* OPEN: a session that starts anew */
	} else if (msg->bgp_type == 3 && p->state != PEER_UNKNOWN) {
		peer_lost(r, peer); /* NOTIFICATION ends it */
	}
	p = &r->rib->peers[peer];
	if (p->state == PEER_SYNC && r->now - p->sync_sec >= REPLAY_SYNC_SEC &&
	    p->active[0] + p->active[1] > 0)
		peer_synced(r, peer);
}

void replay_settle(struct replay *r, bool end)
{
	for (uint32_t i = 0; i < r->nminute && i < r->rib->npeers; i++)
		if (r->minute[i].count &&
		    (end || r->now - r->minute[i].last > 10))
			burst_end(r, i, &r->minute[i]);
	if (r->watch_gaps && !r->gaps_told_only)
		silent_peers(r);
	r->settled = r->now;
}

bool replay_message(struct replay *r, unsigned c, struct mrt *m,
		    struct mrt_msg *msg)
{
	if (!collector(r, c))
		return false;
	if (msg->sec > r->now)
		r->now = msg->sec;
	if (r->now - r->settled > 30)
		replay_settle(r, false);
	switch (msg->kind) {
	case MRT_PEERS:
		table_end(r, c, true);
		map_peers(r, c, m);
		table_begin(r, c, m, msg->sec);
		break;
	case MRT_RIB:
		table(r, c, m, msg);
		break;
	case MRT_UPDATE:
	case MRT_STATE:
	case MRT_SESSION:
		/* an update behind a table, in the same file, ends it */
		if (r->coll[c].in_table && r->coll[c].table_from == m)
			table_end(r, c, true);
		clock_of(r, c, msg->sec);
		speak(r, c, msg);
		break;
	default:
		break;
	}
	return !r->rib->full;
}
