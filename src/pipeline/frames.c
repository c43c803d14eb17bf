/* frames.c - see frames.h. */
#include "pipeline/frames.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "capture/capture.h"
#include "conn/conn.h"
#include "decode/decode.h"
#include "feature/burst.h"

#define BATCH	   128
#define CONNS	   1024 /* of the second reading; few are wanted */
#define SIEVE_BITS 16
#define LATE_NS	   INT64_C(10000000000) /* disorder of the files at most */
#define NS_PER_US  INT64_C(1000)

struct mark { /* a burst of new payload, by its first packet */
	int64_t ns, end_ns;
	uint64_t number;
	uint32_t bytes;
	uint16_t file;
};

struct marks {
	struct mark *m;
	size_t n, room;
};

struct target { /* one connection of a relay */
	const struct case_conn *c;
	struct marks dir[2];
};

struct reading {
	const struct analyze_options *o;
	struct case_record *c;
	struct conn_pace pace;
	struct target target[2 * FRAMES_RELAYS];
	size_t n, bursts;
	int64_t last_ns; /* of all targets */
	bool out_of_memory;
	uint8_t sieve[(1 << SIEVE_BITS) / 8]; /* hashes that are wanted */
};

static bool missing(struct case_record *c, const char *why)
{
	snprintf(c->frames_missing, sizeof(c->frames_missing), "%s", why);
	return false;
}

/* A pipe is gone when it was read. */
static bool can_read_again(const struct analyze_options *o,
			   struct case_record *c)
{
	struct stat st;

	if (o->want_stop != NULL && *o->want_stop)
		return missing(c, "the reading was ended before the end");
	for (size_t i = 0; i < o->input.n_paths; i++) {
		const char *path = o->input.paths[i];

		if (strcmp(path, "-") == 0)
			return missing(c, "standard input cannot be read "
					  "twice");
		if (stat(path, &st) != 0 ||
		    (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode)))
			return missing(c, "a pipe cannot be read twice");
	}
	return true;
}

static struct target *target_of(struct reading *r, uint32_t id)
{
	for (size_t i = 0; i < r->n; i++)
		if (r->target[i].c->id == id)
			return &r->target[i];
	return NULL;
}

static uint32_t sieve_bit(uint32_t hash)
{
	return hash >> (32 - SIEVE_BITS);
}

static void add_target(struct reading *r, uint32_t id)
{
	const struct case_conn *c = case_find_conn(r->c, id);
	struct segment s = { .ts = TSTAMP_NONE };
	uint32_t bit;

	if (c == NULL || target_of(r, id) != NULL)
		return;
	r->target[r->n++].c = c;
	if (c->last.ns > r->last_ns)
		r->last_ns = c->last.ns;
	s.src = c->src;
	s.dst = c->dst;
	s.sport = c->sport;
	s.dport = c->dport;
	s.proto = c->proto;
	bit = sieve_bit(segment_flow_hash(&s));
	r->sieve[bit / 8] |= (uint8_t)(1u << bit % 8);
}

static bool is_wanted(const struct reading *r, const struct segment *s)
{
	uint32_t bit = sieve_bit(s->hash);

	return s->outcome == SEG_OK && (r->sieve[bit / 8] >> bit % 8 & 1);
}

/* The connection of the case an event belongs to: its ends and its time. */
static struct target *find(struct reading *r, const struct conn *c,
			   struct tstamp ts, uint8_t *dir)
{
	for (size_t i = 0; i < r->n; i++) {
		const struct case_conn *k = r->target[i].c;
		bool same = k->sport == c->sport && k->dport == c->dport &&
			    addr_eq(&k->src, &c->src) &&
			    addr_eq(&k->dst, &c->dst);
		bool turned = k->sport == c->dport && k->dport == c->sport &&
			      addr_eq(&k->src, &c->dst) &&
			      addr_eq(&k->dst, &c->src);

		if (k->proto != c->proto || (!same && !turned) ||
		    ts.ns < k->first.ns || ts.ns > k->last.ns)
			continue;
		if (!same)
			*dir = !*dir;
		return &r->target[i];
	}
	return NULL;
}

/* Cut as burst.h cuts. */
static void take(struct reading *r, struct marks *l, const struct segment *s,
		 uint32_t new_bytes)
{
	struct mark *last = l->n > 0 ? &l->m[l->n - 1] : NULL;
	struct mark *grown;

	if (last != NULL &&
	    s->ts.ns - last->end_ns < BURST_GAP_US * NS_PER_US &&
	    s->ts.ns - last->ns < BURST_LONG_US * NS_PER_US &&
	    new_bytes <= BURST_MAX_BYTES - last->bytes) {
		last->bytes += new_bytes;
		if (s->ts.ns > last->end_ns)
			last->end_ns = s->ts.ns;
		return;
	}
	if (r->bursts == FRAMES_BURSTS)
		return;
	if (l->m == NULL || l->n == l->room) {
		grown = reallocarray(l->m, l->room * 2 + 64, sizeof(*l->m));
		if (grown == NULL) {
			r->out_of_memory = true;
			return;
		}
		l->m = grown;
		l->room = l->room * 2 + 64;
	}
	r->bursts++;
	l->m[l->n++] =
		(struct mark){ s->ts.ns, s->ts.ns, s->number,
			       new_bytes < BURST_MAX_BYTES ? new_bytes
							   : BURST_MAX_BYTES,
			       s->file };
}

static void use(struct reading *r, struct conn_table *t, struct segment *seg,
		size_t n)
{
	struct conn_event ev[BATCH];
	size_t done;

	for (size_t at = 0; at < n; at += done) {
		done = conn_pace(&r->pace, seg + at, n - at);
		if (done == 0) {
			conn_pace_expire(&r->pace, t, seg[at].ts);
			continue;
		}
		done = conn_update(t, seg + at, done, ev);
		for (size_t i = 0; i < done; i++) {
			uint8_t dir = ev[i].dir;
			struct target *k;

			if (ev[i].slot == CONN_NONE || !(ev[i].flags & EV_DATA))
				continue;
			k = find(r, conn_get(t, ev[i].slot), ev[i].ts, &dir);
			if (k != NULL)
				take(r, &k->dir[dir], &seg[at + i],
				     ev[i].new_bytes);
		}
	}
}

static void read_again(struct reading *r, struct capture *in, struct decoder *d,
		       struct conn_table *t)
{
	struct frame frames[BATCH];
	struct segment seg[BATCH];
	size_t n, kept;

	while (!r->out_of_memory) {
		if (r->o->want_stop != NULL && *r->o->want_stop)
			break;
		n = capture_read(in, frames, BATCH);
		if (n == 0 && capture_ended(in))
			break;
		if (n > 0 && tstamp_known(frames[0].ts) &&
		    frames[0].ts.ns > r->last_ns + LATE_NS)
			break;
		decode_batch(d, frames, n, seg);
		kept = 0;
		for (size_t i = 0; i < n; i++)
			if (is_wanted(r, &seg[i]))
				seg[kept++] = seg[i];
		use(r, t, seg, kept);
	}
}

static bool collect(struct reading *r, struct err *e)
{
	struct capture_spec spec = r->o->input;
	struct conn_table *t = conn_table_new(CONNS, NULL, NULL, e);
	struct decoder *d = decoder_new(e);
	struct capture *in = NULL;
	struct err why;
	bool good = t != NULL && d != NULL;

	spec.want_sha256 = false;
	if (good)
		in = capture_open(&spec, &why);
	if (good && in == NULL && why.code == ERR_MEMORY) {
		*e = why;
		good = false;
	} else if (good && in == NULL)
		missing(r->c, "the files could not be read a second time");
	else if (good)
		read_again(r, in, d, t);
	if (r->o->want_stop != NULL && *r->o->want_stop)
		missing(r->c, "the second reading was ended before the end");
	capture_close(in);
	decoder_free(d);
	conn_table_free(t);
	if (r->out_of_memory)
		good = err_set(e, ERR_MEMORY, "no memory for frames");
	return good;
}

/* An exchange: indices of the bursts and the shorter of the silences. */
struct found {
	size_t from, to;
	int64_t silence_ns;
};

static int64_t silence(const struct marks *l, size_t i, int64_t start_ns)
{
	return l->m[i].ns - (i > 0 ? l->m[i - 1].end_ns : start_ns);
}

/* Keeps the max longest silences; the earlier one on a tie. */
static void keep(struct found *best, size_t *n, size_t max, struct found f)
{
	size_t least = 0;

	if (*n < max) {
		best[(*n)++] = f;
		return;
	}
	for (size_t i = 1; i < max; i++)
		if (best[i].silence_ns <= best[least].silence_ns)
			least = i;
	if (f.silence_ns > best[least].silence_ns)
		best[least] = f;
}

/* For each onset the burst of the other leg that is nearest to the pair's
 * median lag and not later than twice its 95 % lag; each is used once. */
static size_t match(const struct case_relay *r, const struct target *a,
		    const struct target *b, const int dir[2],
		    struct found *best, size_t max)
{
	const struct marks *from = &a->dir[dir[0]], *to = &b->dir[dir[1]];
	int64_t lag = r->lag_median_ns > 0 ? r->lag_median_ns : 0;
	int64_t window = 2 * (r->lag_p95_ns > lag ? r->lag_p95_ns : lag) +
			 1000 * NS_PER_US;
	size_t first = 0, n = 0;

	for (size_t i = 0; i < from->n; i++) {
		struct found f = { .from = i };
		int64_t near = INT64_MAX, other;

		f.silence_ns = silence(from, i, a->c->first.ns);
		if (f.silence_ns < BURST_ONSET_US * NS_PER_US)
			continue;
		while (first < to->n && to->m[first].ns < from->m[i].ns)
			first++;
		for (size_t j = first; j < to->n; j++) {
			int64_t off = to->m[j].ns - from->m[i].ns;

			if (off > window)
				break;
			off = off > lag ? off - lag : lag - off;
			if (off < near) {
				near = off;
				f.to = j;
			}
		}
		if (near == INT64_MAX)
			continue;
		first = f.to + 1;
		other = silence(to, f.to, b->c->first.ns);
		if (other < f.silence_ns)
			f.silence_ns = other;
		if (f.silence_ns > 0)
			keep(best, &n, max, f);
	}
	return n;
}

static struct case_frame frame_of(const struct marks *l, size_t i)
{
	const struct mark *m = &l->m[i];

	assert(i < l->n);
	return (struct case_frame){ .capture = m->file,
				    .number = m->number,
				    .ts = { m->ns },
				    .bytes = m->bytes };
}

static int by_time(const void *x, const void *y)
{
	const struct case_exchange *a = x, *b = y;

	if (a->from.ts.ns != b->from.ts.ns)
		return a->from.ts.ns < b->from.ts.ns ? -1 : 1;
	return (int)a->reply - (int)b->reply;
}

static bool is_host(const struct case_record *c, const struct addr *host,
		    const struct addr *a)
{
	if (addr_eq(host, a))
		return true;
	for (size_t i = 0; i < c->n_same_host; i++)
		for (int k = 0; k < 2; k++)
			if (addr_eq(&c->same_host[i][k], a) &&
			    addr_eq(&c->same_host[i][!k], host))
				return true;
	return false;
}

/* Direction of a connection that goes towards the host; -1: neither end. */
static int towards(const struct case_record *c, const struct addr *host,
		   const struct case_conn *k)
{
	if (is_host(c, host, &k->dst))
		return 0;
	return is_host(c, host, &k->src) ? 1 : -1;
}

static bool fill(struct reading *r, struct case_relay *y)
{
	const struct target *in = target_of(r, y->in);
	const struct target *out = target_of(r, y->out);
	struct found best[FRAMES_REQUESTS];
	int to_in, to_out;

	if (in == NULL || out == NULL)
		return true;
	to_in = towards(r->c, &y->host, in->c);
	to_out = towards(r->c, &y->host, out->c);
	if (to_in < 0 || to_out < 0)
		return true;
	y->exchanges =
		calloc(FRAMES_REQUESTS + FRAMES_REPLIES, sizeof(*y->exchanges));
	if (y->exchanges == NULL)
		return false;
	for (int reply = 0; reply < 2; reply++) {
		const struct target *a = reply ? out : in;
		const struct target *b = reply ? in : out;
		const int dir[2] = { reply ? to_out : to_in,
				     reply ? !to_in : !to_out };
		size_t n = match(y, a, b, dir, best,
				 reply ? FRAMES_REPLIES : FRAMES_REQUESTS);

		for (size_t i = 0; i < n; i++)
			y->exchanges[y->n_exchanges++] = (struct case_exchange){
				.reply = reply,
				.from = frame_of(&a->dir[dir[0]], best[i].from),
				.to = frame_of(&b->dir[dir[1]], best[i].to),
				.silence_ns = best[i].silence_ns,
			};
	}
	qsort(y->exchanges, y->n_exchanges, sizeof(*y->exchanges), by_time);
	return true;
}

bool frames_collect(const struct analyze_options *o, struct case_record *c,
		    struct err *e)
{
	struct reading *r;
	size_t relays = 0;
	bool good;

	while (relays < c->n_relays && relays < FRAMES_RELAYS &&
	       c->relays[relays].sufficient)
		relays++; /* the sufficient ones come first */
	if (relays == 0 || !can_read_again(o, c))
		return true;
	r = calloc(1, sizeof(*r));
	if (r == NULL)
		return err_set(e, ERR_MEMORY, "no memory for frames");
	r->o = o;
	r->c = c;
	r->last_ns = INT64_MIN;
	for (size_t i = 0; i < relays; i++) {
		add_target(r, c->relays[i].in);
		add_target(r, c->relays[i].out);
	}
	good = collect(r, e);
	for (size_t i = 0; good && i < relays; i++)
		if (!fill(r, &c->relays[i]))
			good = err_set(e, ERR_MEMORY, "no memory for frames");
	for (size_t i = 0; i < r->n; i++)
		for (int d = 0; d < 2; d++)
			free(r->target[i].dir[d].m);
	free(r);
	return good;
}
