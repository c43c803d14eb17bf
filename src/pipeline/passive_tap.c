/*
 * passive_tap.c - see passive_tap.h.
 *
 * Both networks of a connection are counted; which of them are our own is
 * known at the end only: those of addresses that nobody may announce or, when
 * there are none, the network that talks to the most others.
 * Wrong when: two own public networks talk through the sensor (each is then
 * shown as a network outside).
 */
#include "pipeline/passive_tap.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/rd.h"
#include "context/asn.h"

#define BIN_SEC	    300
#define MAX_BINS    512
#define MAX_GROUPS  2048
#define GROUP_SLOTS 4096
#define HOST_SLOTS  65536 /* hosts that have answered */
#define SENT_SLOTS  65536 /* packets an ICMP error may quote */
#define PAIR_SLOTS  16384
#define MAX_WAITS   4096
#define SMALL_WAITS 3072 /* of these, short ones */
#define LONG_WAIT   60
#define STALE_SEC   120 /* an ICMP error comes sooner */
#define RESENT_MIN  3	/* retransmissions in vain: the session is dead */
#define TTL_SLACK   2	/* paths change a little; a middlebox by more */
#define NO_GROUP    UINT16_MAX

struct group {
	struct prefix prefix;
	struct passive_bin *bin;
	uint16_t *votes; /* per bin, for its TTL */
	uint32_t nbins, cap;
	uint32_t *wait;
	int64_t *wait_at;
	uint32_t nwaits, cap_waits;
	int64_t ask_first, ask_last; /* outstanding; 0: none */
	uint32_t open;		     /* sessions now */
	uint32_t degree, opened;     /* other networks; connections opened */
	uint64_t received, sent;
	struct addr host, router;
	bool bogon, heard, has_router;
};

/* Of a connection: [0] is the side with the lower address. */
struct tap_conn {
	uint16_t group[2];
	uint8_t ttl[2];
	uint8_t resent[2]; /* by this side, since the other last spoke */
	int64_t lost_sec;  /* the first of these */
	uint8_t spoke;	   /* bits of sides */
	bool used, tcp, open;
};

struct sent {
	struct addr src, dst;
	int64_t sec;
	uint32_t seq; /* end of the latest segment */
	uint16_t sport, dport, ip_id[8];
	uint8_t proto, at;
};

struct passive_tap {
	struct group group[MAX_GROUPS];
	uint32_t ngroups, refused;
	uint16_t slot[GROUP_SLOTS]; /* number + 1 */
	uint32_t pair[PAIR_SLOTS];
	uint32_t npairs;
	struct addr *heard; /* HOST_SLOTS; zero: free */
	uint32_t nheard;
	struct sent *sent;
	struct tap_conn *conn;
	uint32_t max_conns;
	int64_t start; /* of bin 0 */
	uint32_t bin_sec, nbins;
	bool started, failed;
	uint32_t holes[MAX_BINS], packets[MAX_BINS];
};

struct passive_tap *passive_tap_new(uint32_t max_conns, struct err *e)
{
	struct passive_tap *t = calloc(1, sizeof(*t));

	if (t) {
		t->max_conns = max_conns;
		t->bin_sec = BIN_SEC;
		t->heard = mem_map(HOST_SLOTS * sizeof(*t->heard));
		t->sent = mem_map(SENT_SLOTS * sizeof(*t->sent));
		t->conn = mem_map(max_conns * sizeof(*t->conn));
	}
	if (!t || !t->heard || !t->sent || !t->conn) {
		passive_tap_free(t);
		err_set(e, ERR_MEMORY, "no memory for the networks");
		return NULL;
	}
	return t;
}

static void group_free(struct group *g)
{
	free(g->bin);
	free(g->votes);
	free(g->wait);
	free(g->wait_at);
}

void passive_tap_free(struct passive_tap *t)
{
	if (!t)
		return;
	for (uint32_t i = 0; i < t->ngroups; i++)
		group_free(&t->group[i]);
	mem_unmap(t->heard, HOST_SLOTS * sizeof(*t->heard));
	mem_unmap(t->sent, SENT_SLOTS * sizeof(*t->sent));
	mem_unmap(t->conn, t->max_conns * sizeof(*t->conn));
	free(t);
}

static uint64_t mix(uint64_t a, uint64_t b)
{
	uint64_t h = (a ^ b * UINT64_C(0x9e3779b97f4a7c15)) *
		     UINT64_C(0xff51afd7ed558ccd);

	return h ^ h >> 32;
}

static uint64_t addr_hash(const struct addr *a)
{
	return mix(a->w[0], a->w[1]);
}

/* ---- networks ---- */

static uint16_t group_find(struct passive_tap *t, const struct addr *a,
			   bool make)
{
	struct prefix p = prefix_of_addr(a);
	struct addr key;
	struct group *g;
	uint64_t h;

	p.len = p.fam == 4 ? 24 : 48;
	prefix_mask(&p);
	key = prefix_addr(&p);
	for (h = addr_hash(&key);; h++) {
		uint16_t at = t->slot[h % GROUP_SLOTS];

		if (!at)
			break;
		if (memcmp(&t->group[at - 1].prefix, &p, sizeof(p)) == 0)
			return (uint16_t)(at - 1);
	}
	if (!make)
		return NO_GROUP;
	if (t->ngroups == MAX_GROUPS) {
		t->refused++;
		return NO_GROUP;
	}
	g = &t->group[t->ngroups++];
	g->prefix = p;
	g->host = *a;
	g->bogon = addr_bogon(a) != NULL;
	t->slot[h % GROUP_SLOTS] = (uint16_t)t->ngroups;
	return (uint16_t)(t->ngroups - 1);
}

/* Counts the networks that each talks to. */
static void pair_up(struct passive_tap *t, uint16_t a, uint16_t b)
{
	uint32_t key = ((uint32_t)a << 16 | b) + 1;
	uint64_t h = mix(key, 7);

	for (; t->pair[h % PAIR_SLOTS]; h++)
		if (t->pair[h % PAIR_SLOTS] == key)
			return;
	if (t->npairs * 2 > PAIR_SLOTS)
		return;
	t->pair[h % PAIR_SLOTS] = key;
	t->npairs++;
	t->group[a].degree++;
	t->group[b].degree++;
}

/* ---- bins ---- */

static void bin_add(struct passive_bin *a, const struct passive_bin *b)
{
	a->received += b->received;
	a->sent += b->sent;
	a->unanswered += b->unanswered;
	a->ended_fin += b->ended_fin;
	a->ended_rst += b->ended_rst;
	a->ended_rst_other += b->ended_rst_other;
	a->ended_silent += b->ended_silent;
	a->unreachable += b->unreachable;
	a->unreachable_bad += b->unreachable_bad;
	a->ttl_exceeded += b->ttl_exceeded;
	if (b->rtt_min_ns &&
	    (a->rtt_min_ns == 0 || b->rtt_min_ns < a->rtt_min_ns))
		a->rtt_min_ns = b->rtt_min_ns;
}

/* Two bins become one. */
static void halve(struct passive_tap *t)
{
	for (uint32_t k = 0; k < t->ngroups; k++) {
		struct group *g = &t->group[k];

		for (uint32_t i = 0; i < g->nbins; i++) {
			uint32_t to = i / 2;

			if (i % 2 == 0) {
				g->bin[to] = g->bin[i];
				g->votes[to] = g->votes[i];
				continue;
			}
			bin_add(&g->bin[to], &g->bin[i]);
			if (g->votes[i] > g->votes[to]) {
				g->votes[to] = g->votes[i];
				g->bin[to].ttl = g->bin[i].ttl;
			}
		}
		g->nbins = (g->nbins + 1) / 2;
	}
	for (uint32_t i = 0; i < MAX_BINS; i++) {
		uint32_t h = t->holes[i], p = t->packets[i];

		t->holes[i] = t->packets[i] = 0;
		t->holes[i / 2] += h;
		t->packets[i / 2] += p;
	}
	t->bin_sec *= 2;
	t->nbins = (t->nbins + 1) / 2;
}

static uint32_t bin_of(struct passive_tap *t, int64_t sec)
{
	int64_t i;

	if (!t->started) {
		t->started = true;
		t->start = sec - sec % BIN_SEC;
	}
	i = (sec - t->start) / t->bin_sec;
	if (i < 0)
		i = 0; /* a clock that went back */
	while (i >= MAX_BINS) {
		halve(t);
		i = (sec - t->start) / t->bin_sec;
	}
	if (i >= t->nbins)
		t->nbins = (uint32_t)i + 1;
	return (uint32_t)i;
}

static struct passive_bin *bin_at(struct passive_tap *t, struct group *g,
				  uint32_t i)
{
	while (g->cap <= i) {
		uint32_t cap = g->cap ? g->cap * 2 : 16;
		void *b = realloc(g->bin, cap * sizeof(*g->bin)), *v;

		if (b)
			g->bin = b;
		v = b ? realloc(g->votes, cap * sizeof(*g->votes)) : NULL;
		if (!v) {
			t->failed = true;
			return NULL;
		}
		g->votes = v;
		g->cap = cap;
	}
	for (; g->nbins <= i; g->nbins++) {
		memset(&g->bin[g->nbins], 0, sizeof(*g->bin));
		g->votes[g->nbins] = 0;
		g->bin[g->nbins].open = g->open;
	}
	return &g->bin[i];
}

/* ---- hosts that answered, packets that were sent ---- */

static bool host_heard(struct passive_tap *t, const struct addr *a, bool add)
{
	uint64_t h = addr_hash(a);
	struct addr *x;

	for (;; h++) {
		x = &t->heard[h % HOST_SLOTS];
		if (addr_eq(x, a))
			return true;
		if (x->w[0] == 0 && x->w[1] == 0)
			break;
	}
	if (add && t->nheard < HOST_SLOTS / 4 * 3) {
		*x = *a;
		t->nheard++;
	}
	return false;
}

static struct sent *sent_at(struct passive_tap *t, const struct sent *key)
{
	uint64_t h = mix(addr_hash(&key->src), addr_hash(&key->dst));

	h = mix(h, (uint64_t)key->sport << 32 | (uint64_t)key->dport << 8 |
			   key->proto);
	return &t->sent[h % SENT_SLOTS];
}

static bool sent_same(const struct sent *a, const struct sent *b)
{
	return addr_eq(&a->src, &b->src) && addr_eq(&a->dst, &b->dst) &&
	       a->sport == b->sport && a->dport == b->dport &&
	       a->proto == b->proto;
}

static bool is_icmp(const struct segment *s)
{
	return s->proto == PROTO_ICMP || s->proto == PROTO_ICMP6;
}

static void sent_note(struct passive_tap *t, const struct segment *s,
		      int64_t sec)
{
	struct sent key = { .src = s->src,
			    .dst = s->dst,
			    .sport = is_icmp(s) ? s->icmp_id : s->sport,
			    .dport = s->dport,
			    .proto = s->proto };
	struct sent *x = sent_at(t, &key);

	if (!sent_same(x, &key))
		*x = key;
	x->sec = sec;
	x->seq = s->seq + s->payload_len;
	x->ip_id[x->at++ % 8] = s->ip_id;
}

/* ---- ICMP errors ---- */

static bool is_error(const struct segment *s)
{
	if (s->proto == PROTO_ICMP)
		return s->icmp_type == 3 || s->icmp_type == 11;
	return s->proto == PROTO_ICMP6 &&
	       (s->icmp_type == 1 || s->icmp_type == 3);
}

/* Says that the network or the host cannot be reached; a port that is closed
 * or a packet that is too large says the contrary. */
static bool is_unreachable(const struct segment *s)
{
	unsigned c = s->icmp_code;

	if (s->proto == PROTO_ICMP)
		return s->icmp_type == 3 && (c <= 1 || (c >= 5 && c <= 13));
	return s->icmp_type == 1 && c != 4;
}

/* The quoted packet; false when too little of it is there. */
static bool quote_read(const struct segment *s, struct sent *q, uint16_t *id,
		       uint32_t *seq)
{
	struct rd r = rd_make(s->payload, s->payload_caplen);
	unsigned head, ports;
	const uint8_t *b;

	memset(q, 0, sizeof(*q));
	*id = 0;
	if (s->proto == PROTO_ICMP) {
		head = (rd_u8(&r) & 15u) * 4;
		rd_skip(&r, 3);
		*id = rd_be16(&r);
		rd_skip(&r, 3);
		q->proto = rd_u8(&r);
		rd_skip(&r, 2);
		b = rd_bytes(&r, 8);
		if (!b || head < 20)
			return false;
		q->src = addr_v4(b);
		q->dst = addr_v4(b + 4);
		rd_skip(&r, head - 20);
	} else {
		rd_skip(&r, 6);
		q->proto = rd_u8(&r);
		rd_skip(&r, 1);
		b = rd_bytes(&r, 32);
		if (!b)
			return false;
		q->src = addr_v6(b);
		q->dst = addr_v6(b + 16);
	}
	ports = rd_be32(&r);
	*seq = rd_be32(&r);
	if (q->proto == PROTO_ICMP || q->proto == PROTO_ICMP6) {
		q->sport = (uint16_t)(*seq >> 16); /* identifier of an echo */
	} else {
		q->sport = (uint16_t)(ports >> 16);
		q->dport = (uint16_t)ports;
	}
	return rd_ok(&r);
}

static bool quote_true(struct passive_tap *t, const struct sent *q, uint16_t id,
		       uint32_t seq, bool is_v4, int64_t sec)
{
	const struct sent *x = sent_at(t, q);
	bool id_known = !is_v4;

	if (!sent_same(x, q) || sec - x->sec > STALE_SEC || x->sec > sec)
		return false;
	for (int i = 0; i < 8; i++)
		id_known |= x->ip_id[i] == id;
	if (q->proto == PROTO_TCP && x->seq - seq > 1u << 20)
		return false;
	return id_known;
}

static void icmp_error(struct passive_tap *t, const struct segment *s,
		       int64_t sec)
{
	struct passive_bin *b;
	struct group *g;
	struct sent q;
	uint16_t id, at;
	uint32_t seq;

	if (!s->payload || !quote_read(s, &q, &id, &seq))
		return;
	at = group_find(t, &q.dst, false);
	if (at == NO_GROUP)
		return;
	g = &t->group[at];
	b = bin_at(t, g, bin_of(t, sec));
	if (!b)
		return;
	if (!quote_true(t, &q, id, seq, s->proto == PROTO_ICMP, sec)) {
		b->unreachable_bad++;
		return;
	}
	if (s->proto == PROTO_ICMP ? s->icmp_type == 11 : s->icmp_type == 3)
		b->ttl_exceeded++;
	else if (is_unreachable(s))
		b->unreachable++;
	else if (addr_eq(&s->src, &q.dst))
		b->received++; /* the host itself: a closed port */
	if (is_unreachable(s)) {
		g->router = s->src;
		g->has_router = true;
	}
}

/* ---- connections ---- */

/* Somebody asked and waits; or an answer ends that. */
static void ask(struct group *g, struct passive_bin *b, int64_t sec)
{
	b->unanswered++;
	if (g->ask_first == 0)
		g->ask_first = sec;
	g->ask_last = sec;
}

static void answer(struct passive_tap *t, struct group *g, int64_t sec)
{
	uint32_t wait;

	if (g->ask_first == 0)
		return;
	wait = (uint32_t)(g->ask_last - g->ask_first);
	g->ask_first = g->ask_last = 0;
	if (g->nwaits == MAX_WAITS ||
	    (g->nwaits >= SMALL_WAITS && wait < LONG_WAIT))
		return;
	if (g->nwaits == g->cap_waits) {
		uint32_t cap = g->cap_waits ? g->cap_waits * 2 : 32;
		void *v = realloc(g->wait, cap * sizeof(*g->wait)), *w;

		if (v)
			g->wait = v;
		w = v ? realloc(g->wait_at, cap * sizeof(*g->wait_at)) : NULL;
		if (!w) {
			t->failed = true;
			return;
		}
		g->wait_at = w;
		g->cap_waits = cap;
	}
	g->wait_at[g->nwaits] = sec;
	g->wait[g->nwaits++] = wait;
}

static bool asks(struct passive_tap *t, const struct segment *s,
		 const struct conn_event *ev, const struct conn *c)
{
	if (is_icmp(s))
		return s->icmp_type == 8 || s->icmp_type == 128
			       ? host_heard(t, &s->dst, false)
			       : false;
	if (s->proto == PROTO_UDP)
		return ev->dir == 0 && s->payload_len > 0 &&
		       host_heard(t, &s->dst, false);
	if (s->tcp_flags & TCP_RST)
		return false;
	if (!(ev->flags & (EV_DATA | EV_RETRANSMIT)) &&
	    (s->tcp_flags & (TCP_SYN | TCP_ACK)) != TCP_SYN &&
	    !(s->payload_len <= 1 && s->seq + 1 == c->side[ev->dir].next_seq))
		return false; /* not even a keep-alive */
	return host_heard(t, &s->dst, false);
}

static void vote(struct group *g, uint32_t bin, uint8_t ttl)
{
	struct passive_bin *b = &g->bin[bin];
	uint8_t start = ttl <= 64 ? 64 : ttl <= 128 ? 128 : 255;
	unsigned hops = start - ttl;
	uint8_t as64 = (uint8_t)(hops < 63 ? 64 - hops : 1);

	if (b->ttl == as64) {
		g->votes[bin] += g->votes[bin] < UINT16_MAX;
	} else if (g->votes[bin] == 0) {
		b->ttl = as64;
		g->votes[bin] = 1;
	} else {
		g->votes[bin]--;
	}
}

/* The ways a session ends that show in a packet.  False for a reset that the
 * peer did not send. */
static bool ends(struct passive_tap *t, struct tap_conn *k, int side,
		 const struct segment *s, struct passive_bin *from)
{
	bool other = false;

	if (s->proto != PROTO_TCP || !(s->tcp_flags & (TCP_FIN | TCP_RST)))
		return true;
	if (s->tcp_flags & TCP_RST && k->ttl[side])
		other = abs((int)s->ttl - (int)k->ttl[side]) > TTL_SLACK;
	if (!k->open)
		return !other;
	k->open = false;
	for (int i = 0; i < 2; i++)
		if (t->group[k->group[i]].open)
			t->group[k->group[i]].open--;
	if (other)
		from->ended_rst_other++;
	else if (s->tcp_flags & TCP_RST)
		from->ended_rst++;
	else
		from->ended_fin++;
	return !other;
}

static void begin(struct passive_tap *t, struct tap_conn *k,
		  const struct segment *s, int side)
{
	uint16_t a = group_find(t, &s->src, true);
	uint16_t b = group_find(t, &s->dst, true);

	memset(k, 0, sizeof(*k));
	if (a == NO_GROUP || b == NO_GROUP || a == b ||
	    (t->group[a].bogon && t->group[b].bogon))
		return;
	k->used = true;
	k->tcp = s->proto == PROTO_TCP;
	k->group[side] = a;
	k->group[!side] = b;
	t->group[a].opened++;
	pair_up(t, a < b ? a : b, a < b ? b : a);
}

/* One packet of one side. */
static void count(struct passive_tap *t, struct tap_conn *k, int side,
		  const struct segment *s, const struct conn_event *ev,
		  const struct conn *c)
{
	int64_t sec = s->ts.ns / INT64_C(1000000000);
	uint32_t bin = bin_of(t, sec);
	struct group *from = &t->group[k->group[side]];
	struct group *to = &t->group[k->group[!side]];
	struct passive_bin *bf = bin_at(t, from, bin);
	struct passive_bin *bt = bin_at(t, to, bin);

	if (!bf || !bt)
		return;
	t->packets[bin]++;
	t->holes[bin] += (ev->flags & EV_GAP) != 0;
	bt->sent++;
	to->sent++;
	sent_note(t, s, sec);
	if (asks(t, s, ev, c)) {
		ask(to, bt, sec);
		if (ev->flags & EV_RETRANSMIT) {
			if (k->resent[side] == 0)
				k->lost_sec = sec;
			k->resent[side] += k->resent[side] < 255;
		}
	}
	if (!ends(t, k, side, s, bf))
		return; /* not from there: says nothing of it */
	bf->received++;
	from->received++;
	from->heard = true;
	host_heard(t, &s->src, true);
	answer(t, from, sec);
	k->resent[!side] = 0;
	if (s->tcp_flags & TCP_RST && k->tcp)
		return;
	k->ttl[side] = s->ttl;
	vote(from, bin, s->ttl);
	if (ev->flags & EV_RTT && ev->rtt_ns > 0 &&
	    (bf->rtt_min_ns == 0 || (uint64_t)ev->rtt_ns < bf->rtt_min_ns))
		bf->rtt_min_ns = (uint64_t)ev->rtt_ns;
	k->spoke |= (uint8_t)(1 << side);
	if (k->tcp && k->spoke == 3 && !k->open && !(k->spoke & 4) &&
	    !(s->tcp_flags & TCP_FIN)) {
		k->open = true;
		k->spoke |= 4; /* once only */
		from->open++;
		to->open++;
	}
}

void passive_tap_update(struct passive_tap *t, const struct segment *s,
			const struct conn_event *ev,
			const struct conn_table *conns)
{
	int64_t sec = s->ts.ns / INT64_C(1000000000);
	int side = addr_cmp(&s->src, &s->dst) > 0;
	struct tap_conn *k;

	if (s->outcome != SEG_OK || !tstamp_known(s->ts) || sec <= 0)
		return;
	if (is_error(s)) {
		icmp_error(t, s, sec);
		return;
	}
	if (ev->slot == CONN_NONE || ev->slot >= t->max_conns)
		return;
	k = &t->conn[ev->slot];
	if (ev->flags & EV_NEW)
		begin(t, k, s, side);
	if (k->used)
		count(t, k, side, s, ev, conn_get(conns, ev->slot));
}

void passive_tap_release(struct passive_tap *t, uint32_t slot)
{
	struct tap_conn *k = &t->conn[slot];

	if (slot >= t->max_conns || !k->used)
		return;
	for (int i = 0; i < 2 && k->open; i++) {
		struct group *g = &t->group[k->group[i]];
		struct passive_bin *b;

		if (g->open)
			g->open--;
		if (k->resent[!i] < RESENT_MIN)
			continue; /* it may live on */
		b = bin_at(t, g, bin_of(t, k->lost_sec));
		if (b)
			b->ended_silent++;
	}
	k->used = k->open = false;
}

/* ---- the end ---- */

static bool is_own(const struct passive_tap *t, const struct group *g,
		   uint32_t hub)
{
	return hub == MAX_GROUPS ? g->bogon : g == &t->group[hub];
}

/* The network that talks to the most others, when no address tells. */
static uint32_t find_hub(const struct passive_tap *t)
{
	uint32_t hub = MAX_GROUPS;

	for (uint32_t i = 0; i < t->ngroups; i++) {
		const struct group *g = &t->group[i],
				   *h = &t->group[hub % MAX_GROUPS];

		if (g->bogon)
			return MAX_GROUPS;
		if (hub == MAX_GROUPS || g->degree > h->degree ||
		    (g->degree == h->degree && g->opened > h->opened))
			hub = i;
	}
	return hub;
}

/* Gives what it owns to the report. */
static bool hand_over(struct passive_tap *t, struct group *g,
		      struct passive_group *out)
{
	if (t->nbins && !bin_at(t, g, t->nbins - 1))
		return false;
	for (uint32_t i = 0; i < g->nbins; i++)
		if (g->bin[i].received)
			g->bin[i].unanswered = 0;
	*out = (struct passive_group){ .prefix = g->prefix,
				       .bin = g->bin,
				       .gap_sec = g->wait,
				       .gap_at = g->wait_at,
				       .ngaps = g->nwaits,
				       .host = g->host,
				       .router = g->router,
				       .has_router = g->has_router };
	g->bin = NULL;
	g->wait = NULL;
	g->wait_at = NULL;
	return true;
}

static int by_prefix(const void *a, const void *b)
{
	return prefix_cmp(&((const struct passive_group *)a)->prefix,
			  &((const struct passive_group *)b)->prefix);
}

struct passive_report *passive_tap_finish(struct passive_tap *t, uint64_t drops,
					  uint64_t packets)
{
	struct passive_report *p = calloc(1, sizeof(*p));
	uint32_t hub = find_hub(t), n = 0;
	uint64_t received = 0, sent = 0;

	if (!p || t->failed)
		goto fail;
	p->group = calloc(t->ngroups + 1u, sizeof(*p->group));
	p->drops = calloc(MAX_BINS, sizeof(*p->drops));
	if (!p->group || !p->drops)
		goto fail;
	for (uint32_t i = 0; i < t->ngroups; i++) {
		struct group *g = &t->group[i];

		if (is_own(t, g, hub))
			continue;
		received += g->received;
		sent += g->sent;
		if (!g->heard)
			continue; /* never answered: not known */
		if (!hand_over(t, g, &p->group[n]))
			goto fail;
		p->in.ngroups = ++n;
	}
	if (n)
		qsort(p->group, n, sizeof(*p->group), by_prefix);
	/* one packet in a hundred lost: a silence may be the sensor's */
	for (uint32_t i = 0; i < t->nbins; i++)
		p->drops[i] = t->holes[i] > t->packets[i] / 100 ||
			      drops > packets / 100;
	p->in.group = p->group;
	p->in.start_sec = t->start;
	p->in.bin_sec = t->bin_sec;
	p->in.nbins = t->nbins;
	p->in.sensor_drops = p->drops;
	p->in.one_sided = received * 20 < sent || sent * 20 < received;
	p->refused = t->refused;
	return p;
fail:
	passive_report_free(p);
	return NULL;
}
