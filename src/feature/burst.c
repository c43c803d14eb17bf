/*
 * burst.c - see burst.h.  Chunks of 7 bursts and a link (64 bytes) form one
 * list per direction; freed chunks go to a free list.
 */
#include "feature/burst.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define CHUNK_BURSTS 7
#define NO_CHUNK     UINT32_MAX

struct chunk {
	struct burst b[CHUNK_BURSTS];
	uint32_t next;
	uint32_t used;
};
_Static_assert(sizeof(struct chunk) == 64, "a cache line");

struct burst_conn {
	struct burst_side side[2];
};

struct burst_table {
	struct burst_conn *conns;
	struct chunk *pool;
	size_t conns_bytes, pool_bytes;
	uint32_t n_chunks, high, free_head, in_use;
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
	} else if (t->high < t->n_chunks) {
		c = t->high++;
	} else {
		return NO_CHUNK;
	}
	t->pool[c].next = NO_CHUNK;
	t->pool[c].used = 0;
	if (++t->in_use > t->stats.chunks_peak)
		t->stats.chunks_peak = t->in_use;
	return c;
}

#define LOG_STOPPED UINT16_MAX /* in n: this log has lost bursts */
_Static_assert(BURST_PER_LOG < LOG_STOPPED, "n has a value to spare");

static void append(struct burst_table *t, struct burst_side *d, uint64_t us,
		   uint32_t bytes)
{
	uint32_t c = d->tail;

	if (d->n < BURST_PER_LOG &&
	    (d->n == 0 || t->pool[c].used == CHUNK_BURSTS)) {
		c = take_chunk(t);
		if (c != NO_CHUNK && d->n == 0)
			d->head = c;
		else if (c != NO_CHUNK)
			t->pool[d->tail].next = c;
	}
	if (d->n >= BURST_PER_LOG || c == NO_CHUNK) {
		t->stats.lost++;
		if (d->n == 0)
			return; /* no log was begun */
		t->stats.logs_full += d->n != LOG_STOPPED;
		d->n = LOG_STOPPED;
		return;
	}
	d->tail = c;
	t->pool[c].b[t->pool[c].used++] = burst_make(us, bytes);
	d->n++;
	d->n_data += bytes > 0;
	t->stats.bursts++;
}

static void close_burst(struct burst_table *t, struct burst_side *d)
{
	if (d->bytes > 0)
		append(t, d, d->last_us - d->start_off, d->bytes);
	d->bytes = 0;
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
	return (uint64_t)(ts.ns - t->epoch_ns) / 1000 &
	       ((UINT64_C(1) << 44) - 1);
}

/* Payload at us: extends the open burst or begins another. */
static bool take_data(struct burst_table *t, struct burst_side *d, uint64_t us,
		      uint32_t new_bytes)
{
	uint64_t gap = us - d->last_us;

	if (d->bytes == 0 || gap >= BURST_GAP_US ||
	    d->start_off + gap >= BURST_LONG_US ||
	    new_bytes > BURST_MAX_BYTES - d->bytes) {
		close_burst(t, d);
		d->start_off = 0;
	} else {
		d->start_off += (uint32_t)gap;
	}
	d->bytes += new_bytes < BURST_MAX_BYTES ? new_bytes : BURST_MAX_BYTES;
	d->last_us = us;
	d->seen_off = 0;
	return gap >= BURST_ONSET_US;
}

bool burst_update(struct burst_table *t, const struct conn_event *ev)
{
	struct burst_conn *c = &t->conns[ev->slot];
	struct burst_side *d = &c->side[ev->dir];
	uint64_t us = us_of(t, ev->ts), silent;

	if (ev->flags & EV_NEW)
		memset(c, 0, sizeof(*c));
	if (us < d->last_us + d->seen_off)
		us = d->last_us + d->seen_off; /* disorder of the capture */
	if (ev->flags & EV_DATA)
		return take_data(t, d, us, ev->new_bytes);
	if (!(ev->flags & EV_ACK))
		return false;
	silent = us - d->last_us - d->seen_off;
	if (silent >= BURST_IDLE_ACK_US && d->last_us != 0) {
		close_burst(t, d);
		append(t, d, us, 0);
	}
	silent = us - d->last_us;
	d->seen_off = silent < UINT32_MAX ? (uint32_t)silent : UINT32_MAX;
	return false;
}

void burst_prefetch(const struct burst_table *t, uint32_t slot)
{
	const char *p = (const char *)&t->conns[slot];

	__builtin_prefetch(p);
}

void burst_release(struct burst_table *t, uint32_t slot)
{
	for (int dir = 0; dir < 2; dir++) {
		struct burst_side *d = &t->conns[slot].side[dir];

		for (uint32_t c = d->n > 0 ? d->head : NO_CHUNK, next;
		     c != NO_CHUNK; c = next) {
			next = t->pool[c].next;
			t->pool[c].next = t->free_head;
			t->free_head = c;
			t->in_use--;
		}
		memset(d, 0, sizeof(*d));
	}
}

const struct burst_side *burst_side(const struct burst_table *t, uint32_t slot,
				    int dir)
{
	return &t->conns[slot].side[dir];
}

size_t burst_copy(const struct burst_table *t, uint32_t slot, int dir,
		  uint64_t from_us, struct burst *out, size_t max)
{
	const struct burst_side *d = &t->conns[slot].side[dir];
	size_t n = 0;

	for (uint32_t c = d->n > 0 ? d->head : NO_CHUNK; c != NO_CHUNK;
	     c = t->pool[c].next) {
		const struct chunk *k = &t->pool[c];

		if (burst_us(k->b[k->used - 1]) < from_us)
			continue;
		for (uint32_t i = 0; i < k->used && n < max; i++)
			if (burst_us(k->b[i]) >= from_us)
				out[n++] = k->b[i];
	}
	if (d->bytes > 0 && n < max && d->last_us - d->start_off >= from_us)
		out[n++] = burst_make(d->last_us - d->start_off, d->bytes);
	return n;
}

int64_t burst_epoch_ns(const struct burst_table *t)
{
	return t->epoch_ns;
}

const struct burst_stats *burst_table_stats(const struct burst_table *t)
{
	return &t->stats;
}
