/*
 * burst.c - see burst.h.  A connection's state is one cache line with room for
 * its first bursts; chunks of 7 bursts and a link (64 bytes) continue the log.
 * Freed chains of chunks go to a free list as they are.
 */
#include "feature/burst.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define CHUNK_BURSTS 7
#define FIRST_BURSTS 2
#define NO_CHUNK     0		/* the first of the pool stays empty */
#define LOG_STOPPED  UINT16_MAX /* in n: this log has lost bursts */
#define AHEAD	     40		/* events whose state is fetched */
#define AHEAD_LOG    24		/* and the end of their logs */
#define US_MAX	     ((UINT64_C(1) << 44) - 1)

_Static_assert(BURST_PER_LOG < LOG_STOPPED, "n has a value to spare");

struct chunk {
	struct burst b[CHUNK_BURSTS];
	uint32_t next;
	uint8_t used;
	uint8_t from_dst; /* bit i: burst i is of direction 1 */
};
_Static_assert(sizeof(struct chunk) == 64, "a cache line");

/* Arrays are per direction. */
struct burst_conn {
	uint64_t last[2];      /* us of the last payload << 20 | bytes of the
				* open burst; no bytes = none is open */
	uint32_t seen_off[2];  /* last packet of any kind, after last */
	uint16_t start_off[2]; /* of the open burst, before last */
	uint16_t n[2];	       /* bursts in the log, without the open one */
	uint16_t n_data[2];    /* of them, with bytes */
	uint8_t used;	       /* of first[] */
	uint8_t from_dst;      /* as in a chunk */
	uint16_t spare;
	uint32_t head, tail; /* chunks */
	struct burst first[FIRST_BURSTS];
};
_Static_assert(sizeof(struct burst_conn) == 64, "a cache line");
_Static_assert(BURST_LONG_US <= UINT16_MAX, "start_off");

struct burst_table {
	struct burst_conn *conns;
	struct chunk *pool;
	size_t conns_bytes, pool_bytes;
	uint32_t n_chunks, high, free_head;
	bool has_epoch;
	int64_t epoch_ns;
	struct burst_stats stats;
};

struct burst_table *burst_table_new(uint32_t max_conns, size_t pool_bytes,
				    struct err *e)
{
	struct burst_table *t = calloc(1, sizeof(*t));

	if (t == NULL) {
		err_set(e, ERR_MEMORY, "no memory for the burst table");
		return NULL;
	}
	t->conns_bytes = (size_t)max_conns * sizeof(struct burst_conn);
	t->n_chunks = (uint32_t)(pool_bytes / sizeof(struct chunk));
	t->pool_bytes = (size_t)(t->n_chunks + 1) * sizeof(struct chunk);
	t->conns = mem_map(t->conns_bytes);
	t->pool = mem_map(t->pool_bytes);
	t->free_head = NO_CHUNK;
	if (t->conns == NULL || t->pool == NULL) {
		err_set(e, ERR_MEMORY, "no memory for the burst logs");
		burst_table_free(t);
		return NULL;
	}
	return t;
}

void burst_table_free(struct burst_table *t)
{
	if (t == NULL)
		return;
	mem_unmap(t->conns, t->conns_bytes);
	mem_unmap(t->pool, t->pool_bytes);
	free(t);
}

static uint32_t take_chunk(struct burst_table *t)
{
	uint32_t c;

	if (t->free_head != NO_CHUNK) {
		c = t->free_head;
		t->free_head = t->pool[c].next;
		if (t->free_head != NO_CHUNK)
			__builtin_prefetch(&t->pool[t->free_head]);
	} else if (t->high < t->n_chunks) {
		c = ++t->high;
		t->stats.chunks_peak = t->high;
	} else {
		return NO_CHUNK;
	}
	t->pool[c].next = NO_CHUNK;
	t->pool[c].used = 0;
	t->pool[c].from_dst = 0;
	return c;
}

/* The chunk with room for one more; NO_CHUNK when the pool is empty. */
static uint32_t last_chunk(struct burst_table *t, struct burst_conn *k)
{
	uint32_t c;

	if (k->tail != NO_CHUNK && t->pool[k->tail].used < CHUNK_BURSTS)
		return k->tail;
	c = take_chunk(t);
	if (c == NO_CHUNK)
		return c;
	if (k->tail == NO_CHUNK)
		k->head = c;
	else
		t->pool[k->tail].next = c;
	k->tail = c;
	return c;
}

static bool put(struct burst_table *t, struct burst_conn *k, int dir,
		struct burst b)
{
	struct chunk *c;
	uint32_t i;

	if (k->used < FIRST_BURSTS) {
		k->from_dst |= (uint8_t)(dir << k->used);
		k->first[k->used++] = b;
		return true;
	}
	i = last_chunk(t, k);
	if (i == NO_CHUNK)
		return false;
	c = &t->pool[i];
	c->from_dst |= (uint8_t)(dir << c->used);
	c->b[c->used++] = b;
	return true;
}

static void append(struct burst_table *t, struct burst_conn *k, int dir,
		   struct burst b)
{
	if (k->n[dir] >= BURST_PER_LOG || !put(t, k, dir, b)) {
		t->stats.lost++;
		t->stats.logs_full += k->n[dir] != LOG_STOPPED;
		k->n[dir] = LOG_STOPPED;
		return;
	}
	k->n[dir]++;
	k->n_data[dir] += burst_bytes(b) > 0;
	t->stats.bursts++;
}

static uint64_t last_us(const struct burst_conn *k, int dir)
{
	return k->last[dir] >> 20;
}

static uint32_t open_bytes(const struct burst_conn *k, int dir)
{
	return (uint32_t)(k->last[dir] & BURST_MAX_BYTES);
}

/* The open burst as it would be logged. */
static struct burst open_burst(const struct burst_conn *k, int dir)
{
	return burst_make(last_us(k, dir) - k->start_off[dir],
			  open_bytes(k, dir));
}

static void close_burst(struct burst_table *t, struct burst_conn *k, int dir)
{
	if (open_bytes(k, dir) > 0)
		append(t, k, dir, open_burst(k, dir));
	k->last[dir] &= ~(uint64_t)BURST_MAX_BYTES;
}

static uint64_t us_of(struct burst_table *t, struct tstamp ts)
{
	if (!t->has_epoch) {
		t->has_epoch = true;
		/* room for packets that are older than the first one read */
		t->epoch_ns = ts.ns - INT64_C(3600000000000);
	}
	if (ts.ns < t->epoch_ns)
		return 0;
	return (uint64_t)(ts.ns - t->epoch_ns) / 1000 & US_MAX;
}

/* Payload at us: extends the open burst or begins another. */
static bool take_data(struct burst_table *t, struct burst_conn *k, int dir,
		      uint64_t us, uint32_t new_bytes)
{
	uint64_t gap = us - last_us(k, dir);
	uint32_t bytes = open_bytes(k, dir);

	if ((bytes == 0) | (gap >= BURST_GAP_US) |
	    (k->start_off[dir] + gap >= BURST_LONG_US) |
	    (new_bytes > BURST_MAX_BYTES - bytes)) {
		close_burst(t, k, dir);
		k->start_off[dir] = 0;
		bytes = 0;
	} else {
		k->start_off[dir] = (uint16_t)(k->start_off[dir] + gap);
	}
	bytes += new_bytes < BURST_MAX_BYTES ? new_bytes : BURST_MAX_BYTES;
	k->last[dir] = us << 20 | bytes;
	k->seen_off[dir] = 0;
	return gap >= BURST_ONSET_US;
}

static inline __attribute__((always_inline)) bool update(
	struct burst_table *t, const struct conn_event *ev)
{
	struct burst_conn *k = &t->conns[ev->slot];
	int dir = ev->dir;
	uint64_t us = us_of(t, ev->ts), seen, silent;

	if (ev->flags & EV_NEW)
		*k = (struct burst_conn){ 0 };
	seen = last_us(k, dir) + k->seen_off[dir];
	if (us < seen)
		us = seen < US_MAX ? seen : US_MAX; /* capture's disorder */
	if (ev->flags & EV_DATA)
		return take_data(t, k, dir, us, ev->new_bytes);
	if (!(ev->flags & EV_ACK))
		return false;
	if (us - seen >= BURST_IDLE_ACK_US && last_us(k, dir) != 0) {
		close_burst(t, k, dir);
		append(t, k, dir, burst_make(us, 0));
	}
	silent = us - last_us(k, dir);
	k->seen_off[dir] = silent < UINT32_MAX ? (uint32_t)silent : UINT32_MAX;
	return false;
}

bool burst_update(struct burst_table *t, const struct conn_event *ev)
{
	return update(t, ev);
}

static uint32_t count(const struct burst_conn *k)
{
	return (uint32_t)k->n_data[0] + k->n_data[1];
}

/* The end of the log that payload may be appended to, NO_CHUNK for an ACK:
 * nothing unpredictable is asked.  Inlined by order: gcc drops calls of what
 * only prefetches. */
static inline __attribute__((always_inline)) void prefetch_log(
	const struct burst_table *t, const struct conn_event *ev)
{
	uint32_t data = (ev->flags & EV_DATA) / EV_DATA;

	__builtin_prefetch(&t->pool[t->conns[ev->slot].tail & (0 - data)]);
}

size_t burst_update_batch(struct burst_table *t, const struct conn_event *ev,
			  size_t n, uint32_t least, struct burst_note *notes)
{
	const uint8_t ours = EV_DATA | EV_ACK | EV_NEW;
	size_t found = 0;

	for (size_t i = 0; i < n && i < AHEAD; i++)
		if (ev[i].slot != CONN_NONE)
			__builtin_prefetch(&t->conns[ev[i].slot]);
	for (size_t i = 0; i < n && i < AHEAD_LOG; i++)
		if (ev[i].slot != CONN_NONE)
			prefetch_log(t, &ev[i]);
	for (size_t i = 0; i < n; i++) {
		const struct conn_event *e = &ev[i];
		bool onset;

		if (i + AHEAD < n && ev[i + AHEAD].slot != CONN_NONE)
			__builtin_prefetch(&t->conns[ev[i + AHEAD].slot]);
		if (i + AHEAD_LOG < n && ev[i + AHEAD_LOG].slot != CONN_NONE)
			prefetch_log(t, &ev[i + AHEAD_LOG]);
		if (e->slot == CONN_NONE || !(e->flags & ours))
			continue;
		onset = update(t, e) && count(&t->conns[e->slot]) >= least;
		if (!onset && !(e->flags & EV_NEW))
			continue;
		notes[found++] = (struct burst_note){
			.event = (uint32_t)i,
			.is_new = (e->flags & EV_NEW) != 0,
			.is_onset = onset,
			.us = last_us(&t->conns[e->slot], e->dir),
		};
	}
	return found;
}

void burst_prefetch_slot(const struct burst_table *t, uint32_t slot)
{
	__builtin_prefetch(&t->conns[slot]);
}

void burst_prefetch_log(const struct burst_table *t, uint32_t slot)
{
	__builtin_prefetch(&t->pool[t->conns[slot].tail]);
	__builtin_prefetch(&t->pool[t->conns[slot].head]);
}

void burst_release(struct burst_table *t, uint32_t slot)
{
	struct burst_conn *k = &t->conns[slot];

	if (k->used == FIRST_BURSTS && k->head != NO_CHUNK) {
		t->pool[k->tail].next = t->free_head;
		t->free_head = k->head;
	}
	*k = (struct burst_conn){ 0 };
}

uint32_t burst_count(const struct burst_table *t, uint32_t slot)
{
	return count(&t->conns[slot]);
}

uint64_t burst_last_us(const struct burst_table *t, uint32_t slot, int dir)
{
	return last_us(&t->conns[slot], dir);
}

/* Those of one direction; mask has a bit for each burst of the other. */
static size_t copy_some(const struct burst *b, uint32_t n, uint32_t mask,
			uint64_t from_us, struct burst *out, size_t max)
{
	size_t got = 0;

	for (uint32_t i = 0; i < n && got < max; i++)
		if (!(mask >> i & 1) && burst_us(b[i]) >= from_us)
			out[got++] = b[i];
	return got;
}

size_t burst_copy(const struct burst_table *t, uint32_t slot, int dir,
		  uint64_t from_us, struct burst *out, size_t max)
{
	const struct burst_conn *k = &t->conns[slot];
	const uint32_t flip = dir ? UINT32_MAX : 0;
	struct burst open = open_burst(k, dir);
	size_t n;

	n = copy_some(k->first, k->used, k->from_dst ^ flip, from_us, out, max);
	for (uint32_t c = k->used == FIRST_BURSTS ? k->head : NO_CHUNK;
	     c != NO_CHUNK; c = t->pool[c].next) {
		const struct chunk *h = &t->pool[c];

		n += copy_some(h->b, h->used, h->from_dst ^ flip, from_us,
			       out + n, max - n);
	}
	if (burst_bytes(open) > 0 && n < max && burst_us(open) >= from_us)
		out[n++] = open;
	return n;
}

static inline void to_lane(struct burst_lane *l, struct burst b,
			   uint64_t from_us)
{
	uint64_t us = burst_us(b);
	uint32_t bytes = burst_bytes(b);

	if (l == NULL || us < from_us)
		return;
	if (bytes == 0) {
		l->ack_us[l->n_ack++] = (int64_t)us;
		return;
	}
	l->us[l->n] = (int64_t)us;
	l->bytes[l->n++] = bytes;
}

void burst_lanes(const struct burst_table *t, uint32_t slot, uint64_t from_us,
		 struct burst_lane *const lane[2])
{
	const struct burst_conn *k = &t->conns[slot];

	for (int d = 0; d < 2; d++)
		if (lane[d] != NULL)
			lane[d]->n = lane[d]->n_ack = 0;
	for (uint32_t i = 0; i < k->used; i++)
		to_lane(lane[k->from_dst >> i & 1], k->first[i], from_us);
	for (uint32_t c = k->used == FIRST_BURSTS ? k->head : NO_CHUNK;
	     c != NO_CHUNK; c = t->pool[c].next) {
		const struct chunk *h = &t->pool[c];

		__builtin_prefetch(&t->pool[h->next]);
		for (uint32_t i = 0; i < h->used; i++)
			to_lane(lane[h->from_dst >> i & 1], h->b[i], from_us);
	}
	for (int d = 0; d < 2; d++) {
		struct burst open = open_burst(k, d);

		if (burst_bytes(open) > 0)
			to_lane(lane[d], open, from_us);
	}
}

int64_t burst_epoch_ns(const struct burst_table *t)
{
	return t->epoch_ns;
}

const struct burst_stats *burst_table_stats(const struct burst_table *t)
{
	return &t->stats;
}
