/*
 * route_text.c - lines as `bgpdump -m` writes them.
 *
 * Checked line by line against bgpdump 1.6.2.  Where it differs on purpose:
 * bits of a prefix behind its length are cleared; a prefix length above 32 or
 * 128 is refused; table entries in BGP4MP_ENTRY records are printed.
 */
#include "report/route_text.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#define OUT_BYTES  (1u << 20)
#define LINE_ROOM  (256u << 10) /* the longest line: attributes of 64 KiB */
#define CACHE_RAW  192u
#define CACHE_TEXT 448u

struct cached {
	uint16_t raw_len, text_len, who_len;
	uint8_t raw[CACHE_RAW];
	char text[CACHE_TEXT];
	char who[64]; /* "address|asn|" */
};

struct route_text {
	FILE *f;
	char *buf, *at; /* at: where the next byte goes */
	bool failed;
	struct route_text_counts counts;
	const struct mrt_peer *peers; /* the table the cache belongs to */
	unsigned npeers;
	struct cached *cache;
	char *attr_text;      /* of one UPDATE */
	struct mrt_peer last; /* whose UPDATE was the latest, and its text */
	char who[64];
	size_t who_len;
	struct bgp_path path;
};

/* Three digits and how many of them are leading zeros; copied four bytes at a
 * time from behind those. */
struct digits {
	char text[6];
	uint8_t skip;
};
#define D1(n)                                                                  \
	{                                                                      \
		{ '0' + (n) / 100, '0' + (n) / 10 % 10, '0' + (n) % 10 },      \
			(n) < 10 ? 2 : (n) < 100                               \
	}
#define D10(n)                                                                 \
	D1(n), D1(n + 1), D1(n + 2), D1(n + 3), D1(n + 4), D1(n + 5),          \
		D1(n + 6), D1(n + 7), D1(n + 8), D1(n + 9)
#define D100(n)                                                                \
	D10(n), D10(n + 10), D10(n + 20), D10(n + 30), D10(n + 40),            \
		D10(n + 50), D10(n + 60), D10(n + 70), D10(n + 80),            \
		D10(n + 90)
static const struct digits digits[1000] = {
	D100(0),   D100(100), D100(200), D100(300), D100(400),
	D100(500), D100(600), D100(700), D100(800), D100(900),
};

/* Below a thousand, without leading zeros.  May write four bytes. */
static inline char *put_low(char *p, uint32_t v)
{
	const struct digits *d = &digits[v];

	memcpy(p, d->text + d->skip, 4);
	return p + 3 - d->skip;
}

/* Three digits, with leading zeros. */
static inline char *put_three(char *p, uint32_t v)
{
	memcpy(p, digits[v].text, 4);
	return p + 3;
}

static inline char *put_u32(char *p, uint32_t v)
{
	uint32_t high;

	if (v < 1000)
		return put_low(p, v);
	high = v / 1000;
	if (high < 1000)
		return put_three(put_low(p, high), v - high * 1000);
	if (high < 1000000)
		p = put_three(put_low(p, high / 1000), high % 1000);
	else
		p = put_three(put_three(put_low(p, high / 1000000),
					high / 1000 % 1000),
			      high % 1000);
	return put_three(p, v - high * 1000);
}

static char *put_str(char *p, const char *s)
{
	while (*s)
		*p++ = *s++;
	return p;
}

static char *put_v4(char *p, const uint8_t *b)
{
	p = put_low(p, b[0]);
	*p++ = '.';
	p = put_low(p, b[1]);
	*p++ = '.';
	p = put_low(p, b[2]);
	*p++ = '.';
	return put_low(p, b[3]);
}

/* As bgpdump: the first of the longest runs of zeros is left out, even a run
 * of one. */
static char *put_v6(char *p, const uint8_t *b)
{
	static const char hex[] = "0123456789abcdef";
	unsigned best = 8, best_len = 0, i, run = 0;

	if (b[0] == 0) { /* mapped and compatible forms: as the system does */
		inet_ntop(AF_INET6, b, p, INET6_ADDRSTRLEN);
		return p + strlen(p);
	}
	for (i = 0; i < 8; i++) {
		run = b[2 * i] | b[2 * i + 1] ? 0 : run + 1;
		if (run > best_len) {
			best_len = run;
			best = i + 1 - run;
		}
	}
	for (i = 0; i < 8; i++) {
		unsigned v = (unsigned)b[2 * i] << 8 | b[2 * i + 1];

		if (i == best) {
			*p++ = ':';
			i += best_len - 1;
			if (i == 7)
				*p++ = ':';
			continue;
		}
		if (i)
			*p++ = ':';
		if (v > 0xfff)
			*p++ = hex[v >> 12];
		if (v > 0xff)
			*p++ = hex[v >> 8 & 15];
		if (v > 0xf)
			*p++ = hex[v >> 4 & 15];
		*p++ = hex[v & 15];
	}
	return p;
}

static char *put_ip(char *p, unsigned fam, const uint8_t *b)
{
	return fam == 4 ? put_v4(p, b) : put_v6(p, b);
}

static char *put_prefix(char *p, const struct prefix *x)
{
	p = put_ip(p, x->fam, x->b);
	*p++ = '/';
	return put_low(p, x->len);
}

static char *put_path(char *p, const struct bgp_path *path)
{
	static const char open[] = "?{\0([", close[] = "?}\0)]";
	unsigned i = 0, k;

	if (!path->segs) {
		for (; i < path->n; i++) {
			p = put_u32(p, path->w[i]);
			*p++ = ' ';
		}
		return path->n ? p - 1 : p;
	}
	while (i < path->n) {
		unsigned type = path->w[i] >> 16;
		unsigned count = path->w[i] & 0xffff;
		char sep =
			type == SEG_SET || type == SEG_CONFED_SET ? ',' : ' ';

		if (i)
			*p++ = ' ';
		if (open[type])
			*p++ = open[type];
		for (k = 1; k <= count; k++) {
			p = put_u32(p, path->w[i + k]);
			if (k < count)
				*p++ = sep;
		}
		if (close[type])
			*p++ = close[type];
		i += 1 + count;
	}
	return p;
}

static char *put_community(char *p, uint32_t c)
{
	switch (c) {
	case 0xffffff01:
		return put_str(p, "no-export");
	case 0xffffff02:
		return put_str(p, "no-advertise");
	case 0xffffff03:
		return put_str(p, "local-AS");
	}
	p = put_u32(p, c >> 16);
	*p++ = ':';
	return put_u32(p, c & 0xffff);
}

static char *put_communities(char *p, const struct bgp_attrs *a)
{
	for (unsigned i = 0; i + 4 <= a->communities_len; i += 4) {
		if (i)
			*p++ = ' ';
		p = put_community(p, get_be32(a->communities + i));
	}
	return p;
}

/* "path|origin|next hop|pref|med|communities|" and so on to the line's end.
 * fam: of the prefixes that follow. */
static char *put_attrs(struct route_text *t, char *p, const struct bgp_attrs *a,
		       bool legacy, unsigned fam)
{
	static const char *const origins[] = { "IGP|", "EGP|", "INCOMPLETE|" };
	static const uint8_t none[4] = { 255, 255, 255, 255 };

	if (!bgp_path_read(a, &t->path) || a->bad & BGP_BAD_FRAMING)
		t->counts.bad_attrs++;
	p = put_path(p, &t->path);
	*p++ = '|';
	p = put_str(p,
		    a->have & BGP_ORIGIN ? origins[a->origin] : "INCOMPLETE|");
	if (fam == 6 && a->have & BGP_MP_REACH && a->reach.next_hop_len >= 16)
		p = put_v6(p, a->reach.next_hop);
	else if (a->have & BGP_NEXT_HOP)
		p = put_v4(p, a->next_hop);
	else if (a->have & BGP_MP_REACH && a->reach.next_hop_len == 4)
		p = put_v4(p, a->reach.next_hop);
	else
		p = put_v4(p, none);
	*p++ = '|';
	p = put_u32(p, a->local_pref);
	*p++ = '|';
	p = put_u32(p, a->med);
	*p++ = '|';
	if (!legacy || a->have & BGP_COMMUNITIES) {
		p = put_communities(p, a);
		*p++ = '|';
	}
	p = put_str(p, a->have & BGP_ATOMIC ? "AG|" : "NAG|");
	if (a->have & BGP_AGGREGATOR) {
		bool wide = a->aggregator_as == 23456 &&
			    a->have & BGP_AS4_AGGREGATOR;

		p = put_u32(p, wide ? a->as4_aggregator_as : a->aggregator_as);
		*p++ = ' ';
		p = put_v4(p, wide ? a->as4_aggregator_ip : a->aggregator_ip);
	}
	*p++ = '|';
	*p++ = '\n';
	return p;
}

static void flush(struct route_text *t)
{
	size_t n = (size_t)(t->at - t->buf);

	if (t->f && n > 0 && fwrite(t->buf, 1, n, t->f) != n)
		t->failed = true;
	t->at = t->buf;
}

static void room(struct route_text *t)
{
	if (t->at > t->buf + OUT_BYTES)
		flush(t);
}

struct route_text *route_text_new(FILE *f, struct err *e)
{
	struct route_text *t = calloc(1, sizeof(*t));

	if (t) {
		t->buf = malloc(OUT_BYTES + LINE_ROOM);
		t->attr_text = malloc(LINE_ROOM);
	}
	if (!t || !t->buf || !t->attr_text) {
		route_text_free(t);
		err_set(e, ERR_MEMORY, "out of memory");
		return NULL;
	}
	t->f = f;
	t->at = t->buf;
	return t;
}

bool route_text_free(struct route_text *t)
{
	bool ok;

	if (!t)
		return true;
	if (t->buf)
		flush(t);
	if (t->f && fflush(t->f) != 0)
		t->failed = true;
	ok = !t->failed;
	free(t->buf);
	free(t->attr_text);
	free(t->cache);
	free(t);
	return ok;
}

const struct route_text_counts *route_text_counts(const struct route_text *t)
{
	return &t->counts;
}

static char *put_time(char *p, const struct mrt_msg *msg)
{
	p = put_u32(p, (uint32_t)msg->sec);
	if (msg->has_usec) {
		uint32_t v = msg->usec;

		*p++ = '.';
		for (int i = 5; i >= 0; i--, v /= 10)
			p[i] = (char)('0' + v % 10);
		p += 6;
	}
	*p++ = '|';
	return p;
}

/* addpath: path ids were found, whatever the subtype says. */
static const char *head(const struct mrt_msg *msg, bool addpath)
{
	switch (msg->type) {
	case MRT_LEGACY_BGP:
		return "BGP|";
	case MRT_TABLE_DUMP:
		return "TABLE_DUMP|";
	case MRT_TABLE_DUMP_V2:
		return addpath ? "TABLE_DUMP2_AP|" : "TABLE_DUMP2|";
	case MRT_BGP4MP_ET:
		return addpath ? "BGP4MP_ET_AP|" : "BGP4MP_ET|";
	default:
		return addpath ? "BGP4MP_AP|" : "BGP4MP|";
	}
}

static char *put_who(char *p, const struct mrt_peer *peer)
{
	p = put_ip(p, peer->fam, peer->ip);
	*p++ = '|';
	p = put_u32(p, peer->asn);
	*p++ = '|';
	return p;
}

static void new_peers(struct route_text *t, struct mrt *m)
{
	t->peers = mrt_peers(m, &t->npeers);
	free(t->cache);
	t->cache = calloc(t->npeers ? t->npeers : 1, sizeof(*t->cache));
	for (unsigned i = 0; t->cache && i < t->npeers; i++) {
		struct cached *c = &t->cache[i];

		c->who_len = (uint16_t)(put_who(c->who, &t->peers[i]) - c->who);
	}
}

static char *put_raw(struct route_text *t, char *p, const struct mrt_entry *e,
		     const struct mrt_msg *msg)
{
	struct bgp_attrs a;

	bgp_attrs_read(e->attrs, msg->as4, &a);
	return put_attrs(t, p, &a, false, msg->prefix.fam);
}

/* Attributes of a table entry, from the cache where they are the same. */
static char *put_cached(struct route_text *t, char *p, struct cached *c,
			const struct mrt_entry *e, const struct mrt_msg *msg)
{
	char *from = p;
	size_t n;

	if (c->text_len && c->raw_len == e->attrs.left &&
	    memcmp(c->raw, e->attrs.p, c->raw_len) == 0) {
		memcpy(p, c->text, c->text_len);
		return p + c->text_len;
	}
	p = put_raw(t, p, e, msg);
	n = (size_t)(p - from);
	c->text_len = 0;
	if (n <= CACHE_TEXT && e->attrs.left <= CACHE_RAW) {
		c->raw_len = (uint16_t)e->attrs.left;
		memcpy(c->raw, e->attrs.p, e->attrs.left);
		memcpy(c->text, from, n);
		c->text_len = (uint16_t)n;
	}
	return p;
}

static void table(struct route_text *t, struct mrt *m, struct mrt_msg *msg)
{
	char start[64], net[64], *p;
	size_t start_len, net_len;
	struct mrt_entry e;

	p = put_str(start, head(msg, msg->addpath));
	p = put_time(p, msg);
	p = put_str(p, "B|");
	start_len = (size_t)(p - start);
	p = put_prefix(net, &msg->prefix);
	*p++ = '|';
	net_len = (size_t)(p - net);
	while (mrt_rib_next(m, msg, &e)) {
		struct cached *c = NULL;

		if (!e.peer)
			continue;
		t->counts.entries++;
		if (!t->f)
			continue;
		room(t);
		if (msg->type == MRT_TABLE_DUMP_V2 && t->cache)
			c = &t->cache[e.peer_index];
		p = t->at;
		memcpy(p, start, sizeof(start));
		p += start_len;
		if (c) {
			memcpy(p, c->who, sizeof(c->who));
			p += c->who_len;
		} else {
			p = put_who(p, e.peer);
		}
		memcpy(p, net, sizeof(net));
		p += net_len;
		if (msg->type == MRT_TABLE_DUMP_V2 && msg->addpath) {
			p = put_u32(p, e.path_id);
			*p++ = '|';
		}
		t->at = c ? put_cached(t, p, c, &e, msg)
			  : put_raw(t, p, &e, msg);
	}
}

/* What is the same on every line of one UPDATE. */
struct lines {
	const struct mrt_msg *msg;
	char time[32];
	size_t time_len;
	const char *who; /* of 64 bytes */
	size_t who_len;
	const char *tail; /* after the prefix */
	size_t tail_len;
	char letter;
};

static void routes(struct route_text *t, struct rd field, struct nlri_form form,
		   const struct lines *l)
{
	struct prefix x;
	enum nlri_result res;
	char start[16], *p;
	size_t start_len;
	uint32_t id;

	if (field.left == 0)
		return;
	nlri_form_guess(field, &form);
	p = put_str(start, head(l->msg, form.addpath));
	start_len = (size_t)(p - start);
	while ((res = nlri_next(&field, form, &x, &id)) == NLRI_OK) {
		if (l->letter == 'A')
			t->counts.announced++;
		else
			t->counts.withdrawn++;
		if (!t->f)
			continue;
		room(t);
		p = t->at;
		memcpy(p, start, sizeof(start));
		p += start_len;
		memcpy(p, l->time, sizeof(l->time));
		p += l->time_len;
		*p++ = l->letter;
		*p++ = '|';
		memcpy(p, l->who, sizeof(t->who));
		p = put_prefix(p + l->who_len, &x);
		if (form.addpath) {
			*p++ = '|';
			p = put_u32(p, id);
		}
		memcpy(p, l->tail, l->tail_len);
		t->at = p + l->tail_len;
	}
	if (res == NLRI_BAD)
		t->counts.bad_prefixes++;
}

static void announced(struct route_text *t, struct rd field,
		      struct nlri_form form, struct lines *l,
		      const struct bgp_attrs *a)
{
	char *p = t->attr_text;

	if (field.left == 0)
		return;
	if (t->f) {
		*p++ = '|';
		p = put_attrs(t, p, a, l->msg->type == MRT_LEGACY_BGP,
			      form.fam);
	}
	l->letter = 'A';
	l->tail = t->attr_text;
	l->tail_len = (size_t)(p - t->attr_text);
	routes(t, field, form, l);
}

static bool unicast(const struct bgp_mp *mp)
{
	return (mp->afi == 1 || mp->afi == 2) && mp->safi >= 1 && mp->safi <= 3;
}

static void update(struct route_text *t, const struct mrt_msg *msg)
{
	struct nlri_form v4 = { 4, msg->addpath };
	struct nlri_form form = v4;
	struct bgp_attrs a;
	struct lines l;

	l.msg = msg;
	l.time_len = (size_t)(put_time(l.time, msg) - l.time);
	if (t->who_len == 0 || t->last.asn != msg->peer.asn ||
	    t->last.fam != msg->peer.fam ||
	    memcmp(t->last.ip, msg->peer.ip, sizeof(t->last.ip)) != 0) {
		t->last = msg->peer;
		t->who_len = (size_t)(put_who(t->who, &t->last) - t->who);
	}
	l.who = t->who;
	l.who_len = t->who_len;
	bgp_attrs_read(msg->attrs, msg->as4, &a);
	l.letter = 'W';
	l.tail = "\n";
	l.tail_len = 1;
	routes(t, msg->withdrawn, v4, &l);
	if (a.have & BGP_MP_UNREACH && unicast(&a.unreach)) {
		form.fam = a.unreach.afi == 1 ? 4 : 6;
		routes(t, a.unreach.nlri, form, &l);
	}
	announced(t, msg->nlri, v4, &l, &a);
	if (a.have & BGP_MP_REACH && unicast(&a.reach)) {
		form.fam = a.reach.afi == 1 ? 4 : 6;
		announced(t, a.reach.nlri, form, &l, &a);
	}
}

static void state(struct route_text *t, const struct mrt_msg *msg)
{
	char *p;

	t->counts.states++;
	if (!t->f)
		return;
	room(t);
	p = put_str(t->at, head(msg, false));
	p = put_time(p, msg);
	p = put_str(p, "STATE|");
	p = put_who(p, &msg->peer);
	p = put_u32(p, msg->old_state);
	*p++ = '|';
	p = put_u32(p, msg->new_state);
	*p++ = '\n';
	t->at = p;
}

void route_text_record(struct route_text *t, struct mrt *m, struct mrt_msg *msg)
{
	switch (msg->kind) {
	case MRT_PEERS:
		new_peers(t, m);
		break;
	case MRT_RIB:
		table(t, m, msg);
		break;
	case MRT_UPDATE:
		update(t, msg);
		break;
	case MRT_STATE:
		state(t, msg);
		break;
	default:
		break;
	}
}
