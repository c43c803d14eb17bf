/*
 * outage.c - see outage.h.
 *
 * Rules: IODA's visibility (share of full-feed peer ASes), a relative rule
 * for full feeds, hysteresis, start and end as intervals; 90 minutes before a
 * route that stays is called stuck (RIPE Labs on zombies); covering networks
 * and VRPs are looked at when a finding is made.
 */
#include "context/outage.h"

#include <stdlib.h>
#include <string.h>

#include "context/outage_track.h"

const struct outage_rules outage_defaults = {
	.down = 0.1,
	.partial = 0.5,
	.again = 0.2,
	.full = 0.8,
	.feed_share = 0.8,
	.feed_min = 1,
	.min_sec = 360,
	.zombie_sec = 5400,
	.baseline_sec = 86400,
	.bin_sec = 300,
};

/* Without a table, fewer peer ASes than this say nothing. */
#define NO_TABLE_ASES 3

static void on_route(void *arg, uint32_t net, uint32_t was, uint32_t is,
		     int64_t sec, bool implied);
static void on_note(void *arg, const struct replay_note *n);

struct outage *outage_new(struct replay *r, const struct outage_rules *rules,
			  const struct vrps *vrps, struct err *e)
{
	struct outage *o = calloc(1, sizeof(*o));

	if (o) {
		o->stamp = calloc(RIB_MAX_PEERS, sizeof(*o->stamp));
		o->known = calloc(RIB_MAX_PEERS, sizeof(*o->known));
	}
	if (!o || !o->stamp || !o->known) {
		outage_free(o);
		err_set(e, ERR_MEMORY, "out of memory");
		return NULL;
	}
	o->r = r;
	o->rib = r->rib;
	o->rules = *rules;
	o->vrps = vrps;
	r->hooks = (struct replay_hooks){ o, on_route, on_note };
	return o;
}

void outage_free(struct outage *o)
{
	if (!o)
		return;
	for (uint32_t i = 0; i < o->ntracks; i++) {
		free(o->track[i].sample);
		free(o->track[i].habit);
	}
	free(o->track);
	free(o->stamp);
	free(o->known);
	free(o->finding.v);
	free(o->change.v);
	free(o->lost.v);
	free(o->gap.v);
	free(o->transfer.v);
	free(o->asn);
	free(o->prefix);
	free(o->open);
	free(o);
}

void outage_set_hooks(struct outage *o, const struct outage_hooks *h)
{
	o->hooks = *h;
}

bool outage_watch_asn(struct outage *o, uint32_t asn)
{
	uint32_t *v = realloc(o->asn, (o->nasn + 1) * sizeof(*v));

	if (!v)
		return false;
	o->asn = v;
	v[o->nasn++] = asn;
	return true;
}

bool outage_watch_prefix(struct outage *o, const struct prefix *p)
{
	struct prefix *v = realloc(o->prefix, (o->nprefix + 1) * sizeof(*v));

	if (!v)
		return false;
	o->prefix = v;
	v[o->nprefix++] = *p;
	return true;
}

void *out_list_add(struct out_list *l, size_t size)
{
	char *v;

	if (l->n == l->cap) {
		uint32_t cap = l->cap ? l->cap * 2 : 64;

		v = realloc(l->v, cap * size);
		if (!v)
			return NULL;
		l->v = v;
		l->cap = cap;
	}
	v = l->v;
	memset(v + l->n * size, 0, size);
	return v + l->n++ * size;
}

static bool wanted(const struct outage *o, const struct prefix *p,
		   uint32_t origin)
{
	unsigned i;

	if (o->nasn == 0 && o->nprefix == 0)
		return p->len > 0;
	for (i = 0; i < o->nasn; i++)
		if (o->asn[i] == origin)
			return true;
	for (i = 0; i < o->nprefix; i++)
		if (prefix_covers(&o->prefix[i], p))
			return true;
	return false;
}

/* The track of a network, made when it is wanted; NULL when it is not. */
static struct track *track_of(struct outage *o, uint32_t net, uint32_t path)
{
	struct rib_net *x = &o->rib->nets[net];
	struct path_view p;
	struct track *t;
	uint32_t origin = 0, up;

	if (path) {
		p = paths_get(o->rib->paths, path);
		origin = bgp_path_origin(p.w, p.n, p.segs, &up);
	}
	if (x->mark) {
		t = &o->track[x->mark - 1];
		if (origin)
			t->origin = origin;
		return t;
	}
	if (!path || !wanted(o, &x->prefix, origin))
		return NULL;
	if (o->ntracks == o->cap_tracks) {
		uint32_t cap = o->cap_tracks ? o->cap_tracks * 2 : 256;

		t = realloc(o->track, cap * sizeof(*t));
		if (!t) {
			o->failed = true;
			return NULL;
		}
		o->track = t;
		o->cap_tracks = cap;
	}
	t = &o->track[o->ntracks++];
	memset(t, 0, sizeof(*t));
	t->net = net;
	t->origin = origin;
	t->episode = t->closed = RIB_NONE;
	x->mark = o->ntracks;
	return t;
}

/* Peer ASes that see the network, and those known to see it or not. */
static struct view look(struct outage *o, uint32_t net)
{
	const struct rib_net *x = &o->rib->nets[net];
	unsigned f = rib_family(&x->prefix), i;
	struct view v = { 0 };

	o->now_stamp += 2; /* stamp: known by an entry; +1: visible */
	for (i = 0; i < x->n; i++) {
		const struct rib_route *r = &x->routes[i];
		const struct rib_peer *p = &o->rib->peers[r->peer];
		bool seen;

		if (p->state == PEER_DOWN || !rib_fresh(o->rib, r) ||
		    (o->has_table && !p->eligible[f]))
			continue;
		seen = r->path != 0;
		if (o->stamp[p->as_index] < o->now_stamp) {
			o->stamp[p->as_index] = o->now_stamp;
			v.known++;
			if (o->known[p->as_index] & (1u << f))
				v.in_complete++;
		}
		if (seen && o->stamp[p->as_index] == o->now_stamp) {
			o->stamp[p->as_index] = o->now_stamp + 1;
			v.visible++;
		}
	}
	if (!o->has_table) {
		/* what the silent peers have is not known: they are taken to
		 * have kept it, so that only withdrawals count */
		unsigned gone = v.known - v.visible;

		v.known = o->talking[f] >= NO_TABLE_ASES ? o->talking[f] : 0;
		v.visible = v.known > gone ? v.known - gone : 0;
		return v;
	}
	/* peers with a whole table and no word of this network */
	v.known += o->ncomplete[f] - v.in_complete;
	return v;
}

/* Which peer ASes have a whole table; after every change of a peer. */
static void recount(struct outage *o)
{
	struct rib *rib = o->rib;
	uint8_t *coll = calloc(o->r->ncoll ? o->r->ncoll : 1, 1);

	memset(o->known, 0, rib->nases);
	o->talking[0] = o->talking[1] = 0;
	o->ncomplete[0] = o->ncomplete[1] = 0;
	o->eligible[0] = o->eligible[1] = o->eligible_coll = 0;
	for (unsigned i = 0; i < rib->npeers; i++) {
		const struct rib_peer *p = &rib->peers[i];

		for (unsigned f = 0; f < 2; f++) {
			uint8_t bit = (uint8_t)(1u << f);

			if (p->spoke[f] && p->state != PEER_DOWN &&
			    !(o->known[p->as_index] & bit << 4)) {
				o->known[p->as_index] |= (uint8_t)(bit << 4);
				o->talking[f]++;
			}
			if (!p->eligible[f])
				continue;
			if (!(o->known[p->as_index] & bit << 2)) {
				o->known[p->as_index] |= (uint8_t)(bit << 2);
				o->eligible[f]++;
			}
			if (coll && !coll[p->collector]) {
				coll[p->collector] = 1;
				o->eligible_coll++;
			}
			if (!replay_complete(p, f, o->r->now) ||
			    o->known[p->as_index] & bit)
				continue;
			o->known[p->as_index] |= bit;
			o->ncomplete[f]++;
		}
	}
	free(coll);
	o->stale_count = false;
}

static void sample(struct outage *o, struct track *t, int64_t sec,
		   struct view v)
{
	struct out_sample *s;
	bool all = o->nasn == 0 && o->nprefix == 0;

	if (t->nsamples > 0) {
		s = &t->sample[t->nsamples - 1];
		if (s->visible == v.visible && s->known == v.known)
			return;
		if (s->sec == (uint32_t)sec) {
			s->visible = v.visible;
			s->known = v.known;
			return;
		}
	}
	if (all && !t->keep && t->nsamples > 16) {
		/* nothing was wrong: only the last ones are kept */
		memmove(t->sample, t->sample + t->nsamples - 4, 4 * sizeof(*s));
		t->nsamples = 4;
	}
	if (t->nsamples == t->cap_samples) {
		uint32_t cap = t->cap_samples ? t->cap_samples * 2 : 4;

		s = realloc(t->sample, cap * sizeof(*s));
		if (!s) {
			o->failed = true;
			return;
		}
		t->sample = s;
		t->cap_samples = cap;
	}
	t->sample[t->nsamples++] =
		(struct out_sample){ (uint32_t)sec, v.visible, v.known };
}

static void set_state(struct outage *o, struct track *t, enum outage_state is,
		      int64_t sec, struct view v)
{
	struct out_sample s = { (uint32_t)sec, v.visible, v.known };
	enum outage_state was = t->state;

	t->state = is;
	if (o->hooks.state && was != is)
		o->hooks.state(o->hooks.arg, t->net, was, is, sec, &s);
}

static void worse(struct outage *o, struct track *t, int64_t sec, struct view v,
		  enum outage_state to)
{
	struct out_finding *f = out_episode(o, t);

	if (!f)
		return;
	if (to > f->worst)
		f->worst = to;
	if (f->worst_sec == 0 || v.visible < f->visible_min) {
		f->visible_min = v.visible;
		f->known_min = v.known;
		f->worst_sec = sec;
		out_groups_now(o, t, f);
	}
	f->back_first = 0;
	set_state(o, t, to, sec, v);
}

/* Falls: what a withdrawal can do. */
static void falls(struct outage *o, struct track *t, int64_t sec, struct view v,
		  double share, uint32_t lost_path)
{
	if (share >= o->rules.full)
		return;
	if (t->state == OUT_UP && t->episode == RIB_NONE) {
		out_open(o, t, sec, lost_path);
		if (t->episode == RIB_NONE)
			return;
	}
	if (share <= o->rules.down)
		worse(o, t, sec, v, OUT_DOWN);
	else if (share <= o->rules.partial && t->state != OUT_DOWN)
		worse(o, t, sec, v, OUT_PARTIAL);
}

/* Rises: what an announcement can do. */
static void rises(struct outage *o, struct track *t, int64_t sec, struct view v,
		  double share)
{
	struct out_finding *f = out_episode(o, t);

	if (t->state == OUT_UNSEEN) {
		if (share > o->rules.partial) {
			t->up_since = sec;
			set_state(o, t, OUT_UP, sec, v);
		}
		return;
	}
	if (f && f->back_first == 0 && t->state != OUT_UP &&
	    v.visible > f->visible_min)
		f->back_first = sec;
	if (t->state == OUT_DOWN && share > o->rules.again &&
	    share <= o->rules.partial)
		set_state(o, t, OUT_PARTIAL, sec, v);
	else if (t->state != OUT_UP && share > o->rules.partial)
		set_state(o, t, OUT_UP, sec, v);
	if (f && t->state == OUT_UP &&
	    (f->worst != OUT_UNSEEN || share >= o->rules.full))
		out_close(o, t, sec);
}

static void evaluate(struct outage *o, struct track *t, int64_t sec,
		     bool better, uint32_t lost_path)
{
	struct view v;
	double share;

	if (o->stale_count)
		recount(o);
	v = look(o, t->net);
	if (v.known == 0)
		return;
	share = (double)v.visible / v.known;
	sample(o, t, sec, v);
	/* few of those who knew it before can say anything now */
	if (v.known * 2 < t->usual_known && t->state != OUT_UNSEEN)
		return;
	if (share >= o->rules.full) {
		if (v.known > t->usual_known || t->usual_known > 2 * v.known)
			t->usual_known = v.known;
		t->before = v;
		if (t->closed != RIB_NONE)
			out_after(o, t, sec);
	}
	if (better)
		rises(o, t, sec, v, share);
	else
		falls(o, t, sec, v, share, lost_path);
}

static void on_route(void *arg, uint32_t net, uint32_t was, uint32_t is,
		     int64_t sec, bool implied)
{
	struct outage *o = arg;
	struct track *t;

	if (o->first_sec == 0)
		o->first_sec = sec;
	t = track_of(o, net, is ? is : was);
	if (!t)
		return;
	if ((o->nasn || o->nprefix) && !o->in_table)
		out_upstreams(o, t, sec);
	/* in the middle of a table the peers are not yet known: settle()
	 * looks at all networks when it is read */
	if (o->in_table)
		return;
	if (is && was && t->state != OUT_UNSEEN)
		return;
	if (!is && was && !implied)
		out_group_lost(o, t, was, sec);
	evaluate(o, t, sec, is != 0, was);
}

/* After a table: what it has shown. */
static void settle(struct outage *o, int64_t sec)
{
	for (uint32_t i = 0; i < o->ntracks; i++) {
		struct track *t = &o->track[i];

		t->usual_known /= 2;
		evaluate(o, t, sec, false, 0);
		evaluate(o, t, sec, true, 0);
		if (o->nasn || o->nprefix)
			out_upstreams(o, t, sec);
	}
}

/* A peer has sent its table: networks that it had and did not send. */
static void settle_peer(struct outage *o, uint32_t peer, int64_t sec)
{
	for (uint32_t i = 0; i < o->ntracks; i++) {
		struct rib_route *x = rib_find(o->rib, o->track[i].net, peer);

		if (x && !rib_fresh(o->rib, x))
			evaluate(o, &o->track[i], sec, false, 0);
	}
}

static void peer_away(struct outage *o, const struct replay_note *n)
{
	struct out_lost *l = out_list_add(&o->lost, sizeof(*l));

	if (!l) {
		o->failed = true;
		return;
	}
	l->peer = n->peer;
	l->from_sec = n->what == EV_PEER_LOST ? n->sec : n->from_sec;
	l->to_sec = -1;
	l->unsure = n->what == EV_PEER_UNSURE;
	l->silent = n->what == EV_PEER_SILENT;
	if (l->unsure)
		return;
	for (uint32_t i = 0; i < o->nopen; i++) {
		struct out_finding *f = out_episode(o, &o->track[o->open[i]]);

		if (f && f->peers_lost < UINT16_MAX)
			f->peers_lost++;
	}
}

/* The last absence of a peer (or of a collector's peers) ends. */
static void peer_here(struct outage *o, uint32_t peer, unsigned collector,
		      int64_t sec)
{
	struct out_lost *l = o->lost.v;

	for (uint32_t i = o->lost.n; i-- > 0;) {
		const struct rib_peer *p = &o->rib->peers[l[i].peer];

		if (l[i].to_sec >= 0 ||
		    (peer != RIB_NONE ? l[i].peer != peer
				      : p->collector != collector ||
						p->state != PEER_UP))
			continue;
		l[i].to_sec = sec;
	}
}

static void table_done(struct outage *o, const struct replay_note *n)
{
	if (o->in_table)
		o->in_table--;
	o->has_table = true;
	rib_full_feeds(o->rib, o->rules.feed_share, o->rules.feed_min);
	recount(o);
	peer_here(o, RIB_NONE, n->collector, n->sec);
	if (o->base_sec == 0)
		o->base_sec = o->r->now;
	if (o->in_table == 0)
		settle(o, o->r->now);
}

static void on_note(void *arg, const struct replay_note *n)
{
	struct outage *o = arg;
	struct out_transfer *tr;
	struct out_gap *g;

	o->stale_count = true;
	switch (n->what) {
	case EV_PEER_LOST:
	case EV_PEER_UNSURE:
	case EV_PEER_SILENT:
		peer_away(o, n);
		break;
	case EV_PEER_BACK:
		peer_here(o, n->peer, n->collector, n->sec);
		break;
	case EV_PEER_SYNCED:
		peer_here(o, n->peer, n->collector, n->sec);
		rib_full_feeds(o->rib, o->rules.feed_share, o->rules.feed_min);
		settle_peer(o, n->peer, n->sec);
		break;
	case EV_TABLE:
		table_done(o, n);
		break;
	case EV_GAP:
		g = out_list_add(&o->gap, sizeof(*g));
		if (g)
			*g = (struct out_gap){ n->collector, n->from_sec,
					       n->sec };
		for (uint32_t i = 0; i < o->nopen; i++) {
			struct out_finding *f =
				out_episode(o, &o->track[o->open[i]]);

			if (f)
				f->gaps++;
		}
		break;
	case EV_TRANSFER:
		tr = out_list_add(&o->transfer, sizeof(*tr));
		if (tr)
			*tr = (struct out_transfer){ n->peer, n->from_sec,
						     n->sec, n->count };
		break;
	case EV_TABLE_BEGIN:
		o->in_table++;
		break;
	}
	if (o->hooks.note)
		o->hooks.note(o->hooks.arg, n);
}

void outage_tick(struct outage *o, int64_t sec)
{
	if (sec > o->last_sec)
		o->last_sec = sec;
	if (sec < o->next_tick)
		return;
	o->next_tick = sec + 60;
	o->stale_count |= !o->has_table;
	for (uint32_t i = 0; i < o->nopen; i++) {
		struct track *t = &o->track[o->open[i]];
		struct out_finding *f = out_episode(o, t);

		if (f && !f->zombies_checked && f->worst &&
		    sec - f->lost_sec >= o->rules.zombie_sec)
			out_zombies(o, t, f);
	}
}

void outage_end(struct outage *o, int64_t sec)
{
	if (sec > o->last_sec)
		o->last_sec = sec;
	replay_settle(o->r, true);
	while (o->nopen > 0) {
		struct track *t = &o->track[o->open[0]];
		struct out_finding *f = out_episode(o, t);

		if (f && f->worst != OUT_UNSEEN) {
			f->ongoing = true;
			f->brief = sec - f->lost_sec < o->rules.min_sec;
			if (sec - f->lost_sec >= o->rules.zombie_sec &&
			    !f->zombies_checked)
				out_zombies(o, t, f);
		}
		out_close(o, t, sec);
	}
}

const struct out_sample *outage_series(const struct outage *o, uint32_t net,
				       uint32_t *n)
{
	uint32_t mark = o->rib->nets[net].mark;

	*n = mark ? o->track[mark - 1].nsamples : 0;
	return mark ? o->track[mark - 1].sample : NULL;
}

uint32_t outage_nets_of(const struct outage *o, uint32_t asn, uint32_t *out,
			uint32_t max)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < o->ntracks; i++) {
		if (asn && o->track[i].origin != asn)
			continue;
		if (o->track[i].up_since == 0 &&
		    o->track[i].state == OUT_UNSEEN)
			continue;
		if (out && n < max)
			out[n] = o->track[i].net;
		n++;
	}
	return n;
}

struct outage_result outage_result(struct outage *o)
{
	struct outage_result r;

	recount(o);
	out_sort(o); /* adds changes and drops findings */
	r = (struct outage_result){
		.change = o->change.v,
		.nchanges = o->change.n,
		.lost = o->lost.v,
		.nlost = o->lost.n,
		.gap = o->gap.v,
		.ngaps = o->gap.n,
		.transfer = o->transfer.v,
		.ntransfers = o->transfer.n,
		.watched = o->ntracks,
		.has_table = o->has_table,
		.first_sec = o->first_sec,
		.last_sec = o->last_sec,
		.failed = o->failed,
	};
	r.finding = o->finding.v;
	r.nfindings = o->nsorted;
	for (uint32_t i = 0; i < o->ntracks; i++)
		r.watched_up += o->track[i].state == OUT_UP;
	r.eligible_ases[0] = o->eligible[0];
	r.eligible_ases[1] = o->eligible[1];
	r.eligible_collectors = o->eligible_coll;
	return r;
}
