/*
 * conn.c - see conn.h.
 *
 * Records lie in one slab; an open-addressing index of (hash, slot) words with
 * linear probing and backward-shift deletion finds them.  Buckets and records
 * of segments further on in the batch are prefetched, so that misses overlap.
 * Closed connections wait LINGER_NS in a queue for stray segments.
 */
#include "conn/conn.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define LINGER_NS    INT64_C(5000000000)  /* late retransmissions, last ACKs */
#define MOMENT_BITS  27			  /* of nanoseconds: 134 ms */
#define REUSE_NS     INT64_C(60000000000) /* a SYN after this: a new one */
#define UDP_IDLE_NS  INT64_C(300000000000)
#define RTT_MAX_US   60000000u
#define EVICT_SAMPLE 32
#define DUP_NS	     INT64_C(1000000) /* mirrored copy: within 1 ms */
#define SENSOR_NS    INT64_C(1000000) /* files of one sensor never overlap */
#define INDEX_FIRST  4096	      /* buckets in use at the start */
#define INDEX_DENSE  (1u << 17)	      /* from here on memory counts for more */
#define BLOCK	     16		      /* segments looked up at once */
#define SCOUT	     12		      /* connections before they leave */
#define SCOUT_NEAR   6		      /* and again; less than 8 */

struct bucket {
	uint32_t hash;
	uint32_t slot; /* slot + 1; 0 = empty */
};

struct conn_table {
	struct conn *conns;
	struct conn_cold *cold;
	struct bucket *index;
	uint32_t mask, mask_max; /* of the index: in use, reserved */
	uint32_t max;
	uint32_t high; /* slots ever used */
	uint32_t live;
	uint32_t free_head; /* CONN_NONE = none */
	uint32_t closed_head, closed_tail;
	int64_t head_ns; /* closed_ns of the head */
	/* the first `scouted` of the closed are on their way to the caches */
	uint32_t scout, scouted;
	uint32_t seen[8], n_seen; /* by the scout, latest */
	uint32_t clock;		  /* eviction hand */
	uint32_t next_id;
	size_t conns_bytes, cold_bytes, index_bytes;
	struct conn_stats stats;
	void (*released)(void *arg, uint32_t slot);
	void (*leaving)(void *arg, uint32_t slot, bool near);
	void *arg;
};

struct conn_table *conn_table_new(uint32_t max,
				  void (*released)(void *arg, uint32_t slot),
				  void *arg, struct err *e)
{
	struct conn_table *t;
	uint32_t n = 64;

	if (max == 0 || max > UINT32_C(1) << 26) {
		err_set(e, ERR_USAGE, "%u connections: 1 to 2^26", max);
		return NULL;
	}
	while (n < max + max / 2)
		n *= 2;
	t = calloc(1, sizeof(*t));
	if (t == NULL) {
		err_set(e, ERR_MEMORY, "no memory for the connection table");
		return NULL;
	}
	t->max = max;
	t->mask_max = n - 1;
	t->mask = n < INDEX_FIRST ? n - 1 : INDEX_FIRST - 1;
	t->conns_bytes = (size_t)max * sizeof(struct conn);
	t->index_bytes = (size_t)n * sizeof(struct bucket);
	t->cold_bytes = (size_t)max * sizeof(struct conn_cold);
	t->conns = mem_map(t->conns_bytes);
	t->cold = mem_map(t->cold_bytes);
	t->index = mem_map(t->index_bytes);
	t->free_head = t->closed_head = t->closed_tail = CONN_NONE;
	t->released = released;
	t->arg = arg;
	if (t->conns == NULL || t->cold == NULL || t->index == NULL) {
		err_set(e, ERR_MEMORY, "no memory for %u connections", max);
		conn_table_free(t);
		return NULL;
	}
	return t;
}

void conn_table_free(struct conn_table *t)
{
	if (t == NULL)
		return;
	mem_unmap(t->conns, t->conns_bytes);
	mem_unmap(t->cold, t->cold_bytes);
	mem_unmap(t->index, t->index_bytes);
	free(t);
}

static bool key_eq(const struct conn *c, const struct segment *s, int *dir)
{
	if (c->proto != s->proto || c->icmp_id != s->icmp_id)
		return false;
	if (c->sport == s->sport && c->dport == s->dport &&
	    addr_eq(&c->src, &s->src) && addr_eq(&c->dst, &s->dst)) {
		*dir = 0;
		return true;
	}
	if (c->sport == s->dport && c->dport == s->sport &&
	    addr_eq(&c->src, &s->dst) && addr_eq(&c->dst, &s->src)) {
		*dir = 1;
		return true;
	}
	return false;
}

static uint32_t find(const struct conn_table *t, const struct segment *s,
		     int *dir)
{
	for (uint32_t i = s->hash & t->mask;; i = (i + 1) & t->mask) {
		const struct bucket *b = &t->index[i];

		if (b->slot == 0)
			return CONN_NONE;
		if (b->hash == s->hash &&
		    key_eq(&t->conns[b->slot - 1], s, dir))
			return b->slot - 1;
	}
}

static void index_remove(struct conn_table *t, uint32_t slot)
{
	uint32_t i = t->cold[slot].hash & t->mask, hole, j, home;

	while (t->index[i].slot != slot + 1)
		i = (i + 1) & t->mask;
	hole = i;
	for (j = (i + 1) & t->mask; t->index[j].slot != 0;
	     j = (j + 1) & t->mask) {
		home = t->index[j].hash & t->mask;
		if (((j - home) & t->mask) >= ((j - hole) & t->mask)) {
			t->index[hole] = t->index[j];
			hole = j;
		}
	}
	t->index[hole].slot = 0;
}

static void index_insert(struct conn_table *t, uint32_t slot)
{
	uint32_t hash = t->cold[slot].hash, i = hash & t->mask;

	while (t->index[i].slot != 0)
		i = (i + 1) & t->mask;
	t->index[i] = (struct bucket){ hash, slot + 1 };
}

/* Doubles the part of the index that is in use, so that few connections
 * touch little memory.  The new half was never touched. */
static void index_grow(struct conn_table *t)
{
	memset(t->index, 0, ((size_t)t->mask + 1) * sizeof(*t->index));
	t->mask = t->mask * 2 + 1;
	for (uint32_t s = 0; s < t->high; s++)
		if (t->conns[s].id != 0)
			index_insert(t, s);
}

static void queue_remove(struct conn_table *t, uint32_t slot)
{
	struct conn_cold *c = &t->cold[slot];

	if (!(t->conns[slot].flags & CONN_CLOSING))
		return;
	if (slot != t->closed_head)
		t->scouted = 0; /* rare: it looks again */
	else if (t->scouted > 0)
		t->scouted--;
	if (c->prev != CONN_NONE)
		t->cold[c->prev].next = c->next;
	else
		t->closed_head = c->next;
	if (c->prev == CONN_NONE && c->next != CONN_NONE)
		t->head_ns = t->cold[c->next].closed_ns;
	if (c->next != CONN_NONE)
		t->cold[c->next].prev = c->prev;
	else
		t->closed_tail = c->prev;
}

static void queue_append(struct conn_table *t, uint32_t slot, int64_t now)
{
	struct conn_cold *c = &t->cold[slot];

	t->conns[slot].flags |= CONN_CLOSING;
	c->closed_ns = now;
	c->next = CONN_NONE;
	c->prev = t->closed_tail;
	if (t->closed_tail != CONN_NONE)
		t->cold[t->closed_tail].next = slot;
	else
		t->closed_head = slot;
	if (t->closed_head == slot)
		t->head_ns = now;
	t->closed_tail = slot;
}

static void release(struct conn_table *t, uint32_t slot)
{
	queue_remove(t, slot);
	if (t->released != NULL)
		t->released(t->arg, slot);
	index_remove(t, slot);
	t->conns[slot].id = 0;
	t->conns[slot].proto = 0; /* no segment's, see key_matches() */
	t->cold[slot].next = t->free_head;
	t->free_head = slot;
	t->live--;
}

/* Second chance among a sample: the longest idle of the next few slots. */
static void evict(struct conn_table *t)
{
	uint32_t worst = CONN_NONE;

	for (int i = 0; i < EVICT_SAMPLE; i++) {
		uint32_t s = t->clock;

		t->clock = t->clock + 1 < t->high ? t->clock + 1 : 0;
		if (t->conns[s].id != 0 &&
		    (worst == CONN_NONE ||
		     t->conns[s].last_ns < t->conns[worst].last_ns))
			worst = s;
	}
	assert(worst != CONN_NONE); /* the table is full: all are in use */
	t->conns[worst].flags |= CONN_EVICTED;
	t->stats.evicted++;
	release(t, worst);
}

static uint32_t take_slot(struct conn_table *t)
{
	uint32_t slot;

	if (t->live == t->max)
		evict(t);
	if (t->live > t->mask / (t->mask < INDEX_DENSE ? 4 : 2) &&
	    t->mask < t->mask_max)
		index_grow(t);
	if (t->free_head != CONN_NONE) {
		slot = t->free_head;
		t->free_head = t->cold[slot].next;
	} else {
		slot = t->high++;
	}
	t->live++;
	if (t->live > t->stats.peak)
		t->stats.peak = t->live;
	return slot;
}

/* Who opened it: the SYN says; else the lower well-known port is the server;
 * else the sender of the first packet.  True when src is the receiver. */
static bool opened_by_receiver(const struct segment *s)
{
	if (s->proto == PROTO_TCP && (s->tcp_flags & TCP_SYN))
		return (s->tcp_flags & TCP_ACK) != 0;
	if (s->proto == PROTO_ICMP)
		return s->icmp_type == 0;
	if (s->proto == PROTO_ICMP6)
		return s->icmp_type == 129;
	if (s->proto == PROTO_UDP && s->sport >= 1024 && s->dport >= 1024)
		return false;
	return s->sport < s->dport && s->sport < 10000;
}

static uint32_t open_conn(struct conn_table *t, const struct segment *s,
			  int *dir)
{
	uint32_t slot = take_slot(t);
	struct conn *c = &t->conns[slot];
	bool swap = opened_by_receiver(s);

	*c = (struct conn){
		.src = swap ? s->dst : s->src,
		.dst = swap ? s->src : s->dst,
		.sport = swap ? s->dport : s->sport,
		.dport = swap ? s->sport : s->dport,
		.proto = s->proto,
		.icmp_id = s->icmp_id,
		.file = s->file,
		.id = ++t->next_id,
		.first_ns = s->ts.ns,
		.last_ns = s->ts.ns,
		.flags = swap ? CONN_SWAPPED : 0,
		.side = { { .min_rtt_us = UINT32_MAX },
			  { .min_rtt_us = UINT32_MAX } },
	};
	t->cold[slot] = (struct conn_cold){
		.hash = s->hash,
		.next = CONN_NONE,
		.prev = CONN_NONE,
	};
	index_insert(t, slot);
	t->stats.opened++;
	*dir = swap ? 1 : 0;
	return slot;
}

/* A SYN on a finished or long idle connection with another sequence number
 * opens a new one with the same ports. */
static bool is_reuse(const struct conn_table *t, uint32_t slot,
		     const struct segment *s, int dir)
{
	const struct conn *c = &t->conns[slot];

	if (s->proto != PROTO_TCP)
		return s->ts.ns - c->last_ns > UDP_IDLE_NS;
	if ((s->tcp_flags & (TCP_SYN | TCP_ACK)) != TCP_SYN)
		return false;
	if (c->side[dir].seen && t->cold[slot].first_seq[dir] == s->seq)
		return false; /* the SYN again */
	return (c->flags & CONN_CLOSING) || s->ts.ns - c->last_ns > REUSE_NS ||
	       (c->side[dir].seen && c->side[dir].data_packets == 0);
}

/* Microseconds since the connection began, never 0; 71 minutes wrap: samples
 * above a minute are dropped anyway. */
static uint32_t clock_us(const struct conn *c, int64_t ns)
{
	return (uint32_t)((ns - c->first_ns) / 1000) | 1;
}

static void take_rtt(struct conn *c, int sender, const struct segment *s,
		     struct conn_event *ev)
{
	struct conn_side *d = &c->side[sender];
	uint32_t rtt_us;

	if (d->rtt_sent_us == 0 || (int32_t)(s->ack - d->rtt_seq) < 0)
		return;
	rtt_us = clock_us(c, s->ts.ns) - d->rtt_sent_us;
	d->rtt_sent_us = 0;
	if (rtt_us > RTT_MAX_US)
		return;
	ev->flags |= EV_RTT;
	ev->rtt_ns = (int64_t)rtt_us * 1000;
	if (rtt_us < d->min_rtt_us)
		d->min_rtt_us = rtt_us;
}

/* What of the payload is new; also keeps the highest sequence number. */
static void take_sequence(struct conn_table *t, uint32_t slot, int dir,
			  const struct segment *s, struct conn_event *ev)
{
	struct conn *c = &t->conns[slot];
	struct conn_side *d = &c->side[dir];
	uint32_t len = s->payload_len, ctl = 0, end;
	int32_t ahead, hole;

	if (s->tcp_flags & TCP_SYN)
		ctl++;
	if (s->tcp_flags & TCP_FIN)
		ctl++;
	end = s->seq + len + ctl;
	if (!d->seen) {
		d->seen = true;
		t->cold[slot].first_seq[dir] = s->seq;
		d->next_seq = s->seq;
	}
	ahead = (int32_t)(end - d->next_seq);
	hole = (int32_t)(s->seq - d->next_seq);
	if (ahead <= 0) {
		if (len > 0) {
			ev->flags |= EV_RETRANSMIT;
			t->cold[slot].retransmitted[dir]++;
			t->stats.retransmitted++;
			d->rtt_sent_us = 0; /* Karn: ambiguous from now on */
		}
		return;
	}
	if (hole > 0 && len > 0 && d->packets > 0) {
		t->cold[slot].gaps[dir]++;
		t->stats.gaps++;
		ev->flags |= EV_GAP;
	}
	d->next_seq = end;
	if (len > 0) {
		ev->flags |= EV_DATA;
		ev->new_bytes = (uint32_t)ahead < len ? (uint32_t)ahead : len;
	}
	if (d->rtt_sent_us == 0) {
		d->rtt_seq = end;
		d->rtt_sent_us = clock_us(c, s->ts.ns);
	}
}

static void update_tcp(struct conn_table *t, uint32_t slot, int dir,
		       const struct segment *s, struct conn_event *ev)
{
	struct conn *c = &t->conns[slot];

	if (s->tcp_flags & TCP_SYN) {
		ev->flags |= EV_OPEN;
		c->flags |= (s->tcp_flags & TCP_ACK) ? CONN_SYNACK_SEEN
						     : CONN_SYN_SEEN;
	}
	if (s->tcp_flags & TCP_ACK)
		take_rtt(c, !dir, s, ev);
	take_sequence(t, slot, dir, s, ev);
	if (s->payload_len == 0 &&
	    !(s->tcp_flags & (TCP_SYN | TCP_FIN | TCP_RST)))
		ev->flags |= EV_ACK;
	if (s->tcp_flags & (TCP_FIN | TCP_RST)) {
		ev->flags |= EV_CLOSE;
		if (s->tcp_flags & TCP_RST)
			c->flags |= CONN_RST;
		else
			c->flags |= dir ? CONN_FIN_DST : CONN_FIN_SRC;
	}
	if (!(c->flags & CONN_CLOSING) &&
	    ((c->flags & CONN_RST) ||
	     (c->flags & (CONN_FIN_SRC | CONN_FIN_DST)) ==
		     (CONN_FIN_SRC | CONN_FIN_DST)))
		queue_append(t, slot, s->ts.ns);
}

static bool is_duplicate(const struct conn *c, int dir, const struct segment *s)
{
	const struct conn_side *d = &c->side[dir];

	if (s->is_v6 || s->ip_id == 0 || !d->seen ||
	    d->last_ip_id != s->ip_id || s->ts.ns - c->last_ns > DUP_NS)
		return false;
	return s->proto != PROTO_TCP ||
	       (s->payload_len > 0 && d->next_seq == s->seq + s->payload_len);
}

/* One sensor's files follow each other: a connection that goes back in time
 * with a new file was seen by two sensors. */
static void change_file(struct conn_table *t, struct conn *c,
			const struct segment *s)
{
	if (s->ts.ns < c->last_ns - SENSOR_NS && !t->stats.two_sensors) {
		t->stats.two_sensors = true;
		t->stats.sensor_file[0] = c->file;
		t->stats.sensor_file[1] = s->file;
	}
	c->file = s->file;
}

static void add_bytes(struct conn_table *t, uint32_t slot, int dir, uint32_t n)
{
	struct conn_side *d = &t->conns[slot].side[dir];

	d->bytes_low += n;
	if (d->bytes_low < n && t->cold[slot].bytes_high[dir] < UINT16_MAX)
		t->cold[slot].bytes_high[dir]++;
}

/* False when a slot would have to be released and may_release is not set. */
static bool update_one(struct conn_table *t, const struct segment *s,
		       bool may_release, struct conn_event *ev)
{
	int dir = 0;
	uint32_t slot = find(t, s, &dir);
	struct conn_side *d;
	struct conn *c;

	if (slot != CONN_NONE && is_reuse(t, slot, s, dir)) {
		if (!may_release)
			return false;
		release(t, slot);
		slot = CONN_NONE;
	}
	if (slot == CONN_NONE) {
		if (t->live == t->max && !may_release)
			return false;
		slot = open_conn(t, s, &dir);
		ev->flags |= EV_NEW;
	}
	c = &t->conns[slot];
	d = &c->side[dir];
	if (s->file != c->file)
		change_file(t, c, s);
	ev->slot = slot;
	ev->dir = (uint8_t)dir;
	if (is_duplicate(c, dir, s)) {
		t->stats.duplicates++;
		return true;
	}
	if (s->proto == PROTO_TCP) {
		update_tcp(t, slot, dir, s, ev);
	} else if (s->payload_len > 0) {
		ev->flags |= EV_DATA;
		ev->new_bytes = s->payload_len;
		d->seen = true;
	}
	d->last_ip_id = s->ip_id;
	d->packets++;
	if (ev->flags & EV_DATA) {
		d->data_packets++;
		add_bytes(t, slot, dir, ev->new_bytes);
	}
	if (s->ts.ns > c->last_ns)
		c->last_ns = s->ts.ns;
	return true;
}

/* gcc takes a function that only prefetches for one without effect and drops
 * the call, unless it is inlined first. */
#define INLINE static inline __attribute__((always_inline))

INLINE void prefetch_bucket(const struct conn_table *t, uint32_t hash)
{
	__builtin_prefetch(&t->index[hash & t->mask]);
}

INLINE uint32_t ports_of(const uint16_t *sport)
{
	uint32_t both;

	memcpy(&both, sport, sizeof(both)); /* sport and dport are neighbours */
	return both;
}

/* As key_eq() of a TCP segment, without branches: which side sends is not
 * predictable.  The ports tell; false, too, for the way back between two equal
 * ports. */
INLINE bool key_matches(const struct conn *c, const struct segment *s,
			unsigned *dir)
{
	const uint32_t cp = ports_of(&c->sport), sp = ports_of(&s->sport);
	const unsigned back = cp != sp;
	const char *ends = (const char *)&s->src; /* dst is its neighbour */
	const struct addr *src, *dst;

	_Static_assert(offsetof(struct segment, dst) ==
			       offsetof(struct segment, src) +
				       sizeof(struct addr),
		       "neighbours");
	src = (const void *)(ends + back * sizeof(*src));
	dst = (const void *)(ends + (back ^ 1) * sizeof(*dst));
	*dir = back;
	return ((c->src.w[0] ^ src->w[0]) | (c->src.w[1] ^ src->w[1]) |
		(c->dst.w[0] ^ dst->w[0]) | (c->dst.w[1] ^ dst->w[1]) |
		((cp ^ (sp << 16 | sp >> 16)) & (0 - back)) |
		(uint64_t)(c->proto ^ PROTO_TCP)) == 0;
}

/* gcc computes such an address anew for every use unless it is hidden. */
#define KEEP(p) __asm__("" : "+r"(p))

/* The common segment: payload that follows what was seen, or an ACK, of a TCP
 * connection that both sides have spoken on.  False, and nothing done, for all
 * others: update_one() decides, and says the same of these (tested). */
INLINE bool update_fast(struct conn_table *t, uint32_t slot,
			const struct segment *s, struct conn_event *ev)
{
	const uint32_t len = s->payload_len;
	const bool data = len > 0;
	struct conn_side *d, *o;
	struct conn *c;
	uint32_t now, ahead, rtt, sent, least, start;
	bool odd, due, got;
	unsigned dir;

	if (slot == CONN_NONE || s->proto != PROTO_TCP ||
	    (s->tcp_flags & (TCP_SYN | TCP_FIN | TCP_RST | TCP_ACK)) != TCP_ACK)
		return false;
	c = &t->conns[slot];
	if (!key_matches(c, s, &dir))
		return false;
	d = &c->side[dir];
	o = &c->side[dir ^ 1];
	KEEP(d);
	KEEP(o);
	ahead = s->seq - d->next_seq;
	/* bytes_low may not wrap here; an equal IP ID may be a copy */
	odd = !d->seen | (c->file != s->file) | (len > INT32_MAX) |
	      ((d->last_ip_id == s->ip_id) & (s->ip_id != 0)) |
	      (d->bytes_low + len < len) | ((int32_t)ahead > 0) |
	      (data & (ahead != 0));
	if (odd)
		return false;
	/* No branches from here on: whether a segment carries data, and
	 * whether it ends a round trip, cannot be predicted. */
	now = clock_us(c, s->ts.ns);
	sent = o->rtt_sent_us;
	due = (sent != 0) & ((int32_t)(s->ack - o->rtt_seq) >= 0);
	rtt = now - sent;
	got = due & (rtt <= RTT_MAX_US);
	o->rtt_sent_us = sent & ((uint32_t)due - 1);
	least = o->min_rtt_us;
	o->min_rtt_us = (got & (rtt < least)) ? rtt : least;
	*ev = (struct conn_event){
		.ts = s->ts,
		.rtt_ns = (int64_t)(rtt & (0 - (uint32_t)got)) * 1000,
		.slot = slot,
		.new_bytes = len,
		.dir = (uint8_t)dir,
		.flags = (uint8_t)((data ? EV_DATA : EV_ACK) |
				   (unsigned)got * EV_RTT),
	};
	d->last_ip_id = s->ip_id;
	d->packets++;
	c->last_ns = s->ts.ns > c->last_ns ? s->ts.ns : c->last_ns;
	/* without data these change nothing */
	d->next_seq += len;
	d->bytes_low += len;
	d->data_packets += data;
	start = 0 - (uint32_t)(data & (d->rtt_sent_us == 0));
	d->rtt_seq ^= (d->rtt_seq ^ d->next_seq) & start;
	d->rtt_sent_us |= now & start;
	return true;
}

/* The slot that a segment's hash leads to, which is nearly always its
 * connection's; CONN_NONE when there is none. */
INLINE uint32_t guess(const struct conn_table *t, uint32_t hash)
{
	const struct bucket *b = &t->index[hash & t->mask];

	for (uint32_t i = hash; b->slot != 0 && b->hash != hash;)
		b = &t->index[++i & t->mask];
	return b->slot - 1; /* 0: CONN_NONE */
}

INLINE void guess_block(const struct conn_table *t, const struct segment *seg,
			size_t n, uint32_t *slot)
{
	for (size_t i = 0; i < n; i++) {
		const char *p;

		slot[i] = guess(t, seg[i].hash);
		if (slot[i] == CONN_NONE)
			continue;
		p = (const char *)&t->conns[slot[i]];
		__builtin_prefetch(p);
		__builtin_prefetch(p + 64);
	}
}

/* How many of a block were done: all, unless one needs a slot released. */
INLINE size_t update_block(struct conn_table *t, const struct segment *seg,
			   size_t n, const uint32_t *slot, bool may_release,
			   struct conn_event *out)
{
	for (size_t i = 0; i < n; i++) {
		const struct segment *s = &seg[i];

		if (s->outcome == SEG_OK && tstamp_known(s->ts)) {
			if (update_fast(t, slot[i], s, &out[i]))
				continue;
			out[i] = (struct conn_event){ .ts = s->ts,
						      .slot = CONN_NONE };
			if (!update_one(t, s, may_release && i == 0, &out[i]))
				return i;
			continue;
		}
		out[i] = (struct conn_event){ .ts = s->ts, .slot = CONN_NONE };
		if (s->outcome == SEG_OK)
			t->stats.no_time++;
		else
			t->stats.segments--; /* no segment to the table */
	}
	return n;
}

/* In blocks: the buckets of the block after next and the records of the next
 * one are on their way while this one is updated. */
size_t conn_update(struct conn_table *t, const struct segment *seg, size_t n,
		   struct conn_event *out)
{
	uint32_t slots[2][BLOCK];
	size_t done = 0, now, some;
	int turn = 0;

	for (size_t i = 0; i < n && i < 2 * BLOCK; i++)
		prefetch_bucket(t, seg[i].hash);
	guess_block(t, seg, n < BLOCK ? n : BLOCK, slots[0]);
	for (size_t at = 0; at < n; at += BLOCK, turn ^= 1) {
		const size_t left = n - at;

		now = left < BLOCK ? left : BLOCK;
		for (size_t i = 2 * BLOCK; i < left && i < 3 * BLOCK; i++)
			prefetch_bucket(t, seg[at + i].hash);
		if (left > BLOCK)
			guess_block(t, seg + at + BLOCK,
				    left < 2 * BLOCK ? left - BLOCK : BLOCK,
				    slots[turn ^ 1]);
		some = update_block(t, seg + at, now, slots[turn], at == 0,
				    out + at);
		done += some;
		t->stats.segments += some;
		if (some < now)
			break;
	}
	return done;
}

size_t conn_update_plain(struct conn_table *t, const struct segment *seg,
			 size_t n, struct conn_event *out)
{
	static const uint32_t none = CONN_NONE;
	size_t done = 0;

	while (done < n && update_block(t, seg + done, 1, &none, done == 0,
					out + done) == 1)
		done++;
	t->stats.segments += done;
	return done;
}

void conn_on_leaving(struct conn_table *t,
		     void (*leaving)(void *arg, uint32_t slot, bool near))
{
	t->leaving = leaving;
}

/* slot leaves soon: what release() and its caller want is fetched. */
static void announce(struct conn_table *t, uint32_t slot, bool near)
{
	const char *p = (const char *)&t->conns[slot];

	if (near) {
		prefetch_bucket(t, t->cold[slot].hash);
	} else {
		__builtin_prefetch(&t->cold[slot]);
		__builtin_prefetch(p);
		__builtin_prefetch(p + 64);
	}
	if (t->leaving != NULL)
		t->leaving(t->arg, slot, near);
}

/* Two steps for each that leaves, so that it gets ahead. */
static void scout(struct conn_table *t)
{
	uint32_t next;

	for (int i = 0; i < 2 && t->scouted < SCOUT; i++) {
		next = t->scouted > 0 ? t->cold[t->scout].next : t->closed_head;
		if (next == CONN_NONE)
			return;
		t->scout = next;
		t->scouted++;
		announce(t, next, false);
		t->seen[t->n_seen % 8] = next;
		if (t->n_seen++ >= SCOUT_NEAR)
			announce(t, t->seen[(t->n_seen - 1 - SCOUT_NEAR) % 8],
				 true);
	}
}

uint32_t conn_expire(struct conn_table *t, struct tstamp now, uint32_t max)
{
	uint32_t n = 0;

	if (!tstamp_known(now))
		return 0;
	for (; n < max && t->closed_head != CONN_NONE &&
	       t->head_ns + LINGER_NS < now.ns;
	     n++) {
		scout(t);
		release(t, t->closed_head);
	}
	return n;
}

size_t conn_pace(struct conn_pace *p, const struct segment *seg, size_t n)
{
	const int64_t next = p->moment < INT64_MAX >> MOMENT_BITS
				     ? (p->moment + 1) << MOMENT_BITS
				     : INT64_MAX;
	size_t i = 0;

	while (i < n && seg[i].ts.ns < next) /* so is one without time */
		i++;
	p->allowed += CONN_EXPIRE_EACH * (uint32_t)i;
	if (p->allowed > CONN_EXPIRE_MAX)
		p->allowed = CONN_EXPIRE_MAX;
	if (i == 0 && n > 0)
		p->moment = seg[0].ts.ns >> MOMENT_BITS;
	return i;
}

void conn_pace_expire(struct conn_pace *p, struct conn_table *t,
		      struct tstamp now)
{
	p->allowed -= conn_expire(t, now, p->allowed);
}

static int by_id(const void *a, const void *b)
{
	const struct conn *const *x = a, *const *y = b;

	return (*x)->id < (*y)->id ? -1 : (*x)->id > (*y)->id;
}

void conn_flush(struct conn_table *t)
{
	const struct conn **all;
	uint32_t n = 0;

	all = calloc(t->live > 0 ? t->live : 1, sizeof(const struct conn *));
	for (uint32_t s = 0; s < t->high && all != NULL; s++)
		if (t->conns[s].id != 0)
			all[n++] = &t->conns[s];
	if (all != NULL)
		qsort(all, n, sizeof(const struct conn *), by_id);
	for (uint32_t i = 0; i < n; i++) {
		if (i + SCOUT < n)
			announce(t, (uint32_t)(all[i + SCOUT] - t->conns),
				 false);
		if (i + SCOUT_NEAR < n)
			announce(t, (uint32_t)(all[i + SCOUT_NEAR] - t->conns),
				 true);
		release(t, (uint32_t)(all[i] - t->conns));
	}
	free(all);
	/* without memory for the order: slot order, nothing is lost */
	for (uint32_t s = 0; s < t->high; s++)
		if (t->conns[s].id != 0)
			release(t, s);
}

const struct conn *conn_get(const struct conn_table *t, uint32_t slot)
{
	return &t->conns[slot];
}

uint64_t conn_bytes(const struct conn_table *t, uint32_t slot, int dir)
{
	return (uint64_t)t->cold[slot].bytes_high[dir] << 32 |
	       t->conns[slot].side[dir].bytes_low;
}

uint32_t conn_slots(const struct conn_table *t)
{
	return t->high;
}

bool conn_is_open(const struct conn_table *t, uint32_t slot)
{
	return slot < t->high && t->conns[slot].id != 0;
}

const struct conn_stats *conn_table_stats(const struct conn_table *t)
{
	return &t->stats;
}

const struct conn_cold *conn_get_cold(const struct conn_table *t, uint32_t slot)
{
	return &t->cold[slot];
}

/* How well one direction of each agrees: -1 no, 0 cannot say, 1 yes. */
static int same_side(const struct conn_table *t, uint32_t a, int da, uint32_t b,
		     int db)
{
	const struct conn_side *x = &t->conns[a].side[da];
	const struct conn_side *y = &t->conns[b].side[db];

	if (!x->seen || !y->seen)
		return 0;
	if (t->cold[a].first_seq[da] == t->cold[b].first_seq[db])
		return 1;
	/* captured from different moments on: the ends may still agree */
	return x->next_seq == y->next_seq ? 1 : -1;
}

bool conn_same(const struct conn_table *t, uint32_t a, uint32_t b,
	       bool *crossed)
{
	int s, r;

	if (t->conns[a].proto != PROTO_TCP || t->conns[b].proto != PROTO_TCP)
		return false;
	s = same_side(t, a, 0, b, 0);
	r = same_side(t, a, 1, b, 1);
	*crossed = false;
	if (s >= 0 && r >= 0 && s + r > 0)
		return true;
	s = same_side(t, a, 0, b, 1);
	r = same_side(t, a, 1, b, 0);
	*crossed = true;
	return s >= 0 && r >= 0 && s + r > 0;
}
