/*
 * routes_follow.c - see routes_follow.h.
 *
 * The machine's clock is used here and only here: to see that a feed has gone
 * silent, and to leave a file alone while it is being written.
 */
#include "cli/routes_follow.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "report/route_outage.h"

#define POLL_SEC   1
#define SETTLE_SEC 2 /* a file is read when it did not grow for so long */

static volatile sig_atomic_t stop;

static void on_signal(int sig)
{
	(void)sig;
	stop = 1;
}

struct since { /* a network that is not up */
	uint32_t net;
	int64_t sec;
};

struct watcher {
	struct routes_follow *f;
	struct routes *r;
	struct outage *o;
	int64_t *heard; /* per collector: when its last file came */
	bool *lost;
	unsigned n;
	struct since *out; /* networks that are out now */
	unsigned nout, cap_out;
};

static void line(struct watcher *w, int64_t sec, const char *what,
		 const char *subject, const char *detail)
{
	struct json j;
	char t[40];

	if (!w->f->json) {
		printf("%s  %-14s %s%s%s\n", routes_time(sec, t), what, subject,
		       detail[0] ? "  " : "", detail);
		fflush(stdout);
		return;
	}
	json_init(&j, stdout, true);
	json_object(&j);
	json_kint(&j, "sec", sec);
	json_kstring(&j, "change", what);
	json_kstring(&j, "subject", subject);
	json_kstring(&j, "detail", detail);
	json_end(&j);
	json_done(&j);
}

/* When the network went out; keeps sec when it goes now, forgets it when it is
 * back.  0: not known. */
static int64_t out_since(struct watcher *w, uint32_t net, int64_t sec,
			 bool back)
{
	struct since *v;
	int64_t from;

	for (unsigned i = 0; i < w->nout; i++) {
		if (w->out[i].net != net)
			continue;
		from = w->out[i].sec;
		if (back)
			w->out[i] = w->out[--w->nout];
		return from;
	}
	if (back)
		return 0;
	if (w->nout == w->cap_out) {
		unsigned cap = w->cap_out ? w->cap_out * 2 : 64;

		v = realloc(w->out, cap * sizeof(*v));
		if (!v)
			return 0; /* its return is told without a duration */
		w->out = v;
		w->cap_out = cap;
	}
	w->out[w->nout++] = (struct since){ net, sec };
	return sec;
}

static void on_state(void *arg, uint32_t net, enum outage_state was,
		     enum outage_state is, int64_t sec,
		     const struct out_sample *s)
{
	struct watcher *w = arg;
	char text[PREFIX_TEXT], detail[120], d[32];
	int64_t from;
	int n;

	if (was == OUT_UNSEEN)
		return; /* the first table: nothing has changed */
	prefix_format(&w->r->rib->nets[net].prefix, text);
	n = snprintf(detail, sizeof(detail), "visible to %u of %u peer ASes",
		     s->visible, s->known);
	from = out_since(w, net, sec, is == OUT_UP);
	if (is == OUT_UP && from)
		snprintf(detail + n, sizeof(detail) - (size_t)n, ", after %s",
			 route_duration(sec - from, d, sizeof(d)));
	line(w, sec,
	     is == OUT_UP     ? "VISIBLE AGAIN"
	     : is == OUT_DOWN ? "DOWN"
			      : "PARTIAL",
	     text, detail);
}

static void on_note(void *arg, const struct replay_note *n)
{
	struct watcher *w = arg;
	const char *coll = w->r->feed->names[n->collector];
	char detail[80] = "", ip[ADDR_TEXT], t[40];
	const struct rib_peer *p;
	struct addr a;

	if (n->what == EV_GAP) {
		snprintf(detail, sizeof(detail), "no record since %s",
			 routes_time(n->from_sec, t));
		line(w, n->sec, "FEED GAP", coll, detail);
		return;
	}
	if (n->what != EV_PEER_LOST && n->what != EV_PEER_BACK &&
	    n->what != EV_PEER_SILENT)
		return;
	p = &w->r->rib->peers[n->peer];
	a = p->id.fam == 4 ? addr_v4(p->id.ip) : addr_v6(p->id.ip);
	snprintf(detail, sizeof(detail), "AS%u %s", p->id.asn,
		 addr_format(&a, ip));
	line(w, n->sec,
	     n->what == EV_PEER_LOST	 ? "peer lost"
	     : n->what == EV_PEER_SILENT ? "peer silent"
					 : "peer back",
	     coll, detail);
}

static void tick(void *arg, int64_t sec)
{
	outage_tick(arg, sec);
}

static bool grow(struct watcher *w, int64_t now)
{
	unsigned n = w->r->feed->ncollectors;
	int64_t *heard;
	bool *lost;

	if (n <= w->n)
		return true;
	heard = realloc(w->heard, n * sizeof(*heard));
	if (heard)
		w->heard = heard;
	lost = heard ? realloc(w->lost, n * sizeof(*lost)) : NULL;
	if (!lost)
		return false;
	w->lost = lost;
	for (; w->n < n; w->n++) {
		w->heard[w->n] = now;
		w->lost[w->n] = false;
	}
	return true;
}

/* Which collectors gave a file, and which have not for too long. */
static void feeds(struct watcher *w, unsigned before, int64_t now)
{
	struct feed *f = w->r->feed;
	char detail[80];

	for (unsigned i = 0; i < f->nfiles; i++) {
		unsigned c = f->files[i]->collector;

		if (f->files[i]->seen_by_watcher)
			continue;
		f->files[i]->seen_by_watcher = true;
		w->heard[c] = now;
		if (w->lost[c])
			line(w, now, "FEED BACK", f->names[c], "");
		w->lost[c] = false;
	}
	for (unsigned c = 0; c < w->n; c++) {
		if (w->lost[c] || now - w->heard[c] < w->f->lost_sec)
			continue;
		w->lost[c] = true;
		snprintf(detail, sizeof(detail),
			 "no new file for %lld s; changes would not be seen",
			 (long long)(now - w->heard[c]));
		line(w, now, "FEED LOST", f->names[c], detail);
	}
	(void)before;
}

bool routes_follow(struct routes_follow *f, struct routes *r, struct outage *o,
		   struct err *e)
{
	struct watcher w = { .f = f, .r = r, .o = o };
	struct outage_hooks hooks = { &w, on_state, on_note };
	struct sigaction sa = { .sa_handler = on_signal };
	int64_t last_new = time(NULL);
	bool ok = true;

	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	outage_set_hooks(o, &hooks);
	while (ok && !stop) {
		unsigned added = 0, before = r->feed->nfiles;
		int64_t now = time(NULL);

		r->feed->not_after = now - SETTLE_SEC;
		ok = feed_add(r->feed, f->dir, &added, e);
		if (ok && (added > 0 || before > 0))
			ok = grow(&w, now) &&
			     routes_replay(r, ROUTES_NO_TIME, tick, o, e);
		if (ok && !rib_tidy_paths(r->rib))
			ok = err_set(e, ERR_MEMORY, "out of memory for paths");
		feeds(&w, before, now);
		if (added > 0)
			last_new = now;
		else if (f->idle_sec > 0 && now - last_new >= f->idle_sec)
			break;
		if (ok && !stop)
			sleep(POLL_SEC);
	}
	outage_set_hooks(o, &(struct outage_hooks){ 0 });
	free(w.out);
	free(w.heard);
	free(w.lost);
	return ok;
}
