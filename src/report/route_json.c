/* route_json.c - see route_json.h. */
#include "report/route_json.h"

#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"

struct route_json {
	FILE *f;
	bool failed;
	struct route_text_counts counts;
	struct bgp_path path;
	struct json j; /* of the line that is open */
};

struct route_json *route_json_new(FILE *f, struct err *e)
{
	struct route_json *t = calloc(1, sizeof(*t));

	if (!t) {
		err_set(e, ERR_MEMORY, "out of memory");
		return NULL;
	}
	t->f = f;
	/* one thread writes: no lock for each of the many small pieces */
	__fsetlocking(f, FSETLOCKING_BYCALLER);
	return t;
}

bool route_json_free(struct route_json *t)
{
	bool ok;

	if (!t)
		return true;
	ok = !t->failed && fflush(t->f) == 0;
	free(t);
	return ok;
}

const struct route_text_counts *route_json_counts(const struct route_json *t)
{
	return &t->counts;
}

static void kip(struct json *j, const char *key, unsigned fam, const uint8_t *b)
{
	struct addr a = fam == 4 ? addr_v4(b) : addr_v6(b);
	char text[ADDR_TEXT];

	json_kstring(j, key, addr_format(&a, text));
}

static void begin(struct route_json *t, const struct mrt_msg *msg,
		  const char *action)
{
	struct json *j = &t->j;

	json_init(j, t->f, true);
	json_object(j);
	json_kint(j, "sec", msg->sec);
	if (msg->has_usec)
		json_kuint(j, "usec", msg->usec);
	json_kstring(j, "type", mrt_type_name(msg->type));
	json_kstring(j, "subtype", mrt_subtype_name(msg->type, msg->subtype));
	json_kstring(j, "action", action);
}

static void finish(struct route_json *t)
{
	json_end(&t->j);
	t->failed |= t->j.failed || fputc('\n', t->f) == EOF;
}

static void peer(struct json *j, const struct mrt_peer *p)
{
	kip(j, "peer", p->fam, p->ip);
	json_kuint(j, "peer_asn", p->asn);
}

static void prefix(struct json *j, const struct prefix *p, unsigned safi)
{
	char text[PREFIX_TEXT];

	json_kstring(j, "prefix", prefix_format(p, text));
	if (safi != 1)
		json_kuint(j, "safi", safi);
}

/* Plain numbers; other segments as {"set": [...]} and so on. */
static void as_path(struct json *j, const struct bgp_path *p)
{
	static const char *const kinds[] = { "", "set", "sequence",
					     "confed_sequence", "confed_set" };
	uint32_t up, origin = bgp_path_origin(p->w, p->n, p->segs, &up);

	json_key(j, "as_path");
	json_array(j);
	for (unsigned i = 0; !p->segs && i < p->n; i++)
		json_uint(j, p->w[i]);
	for (unsigned i = 0; p->segs && i < p->n;) {
		unsigned type = p->w[i] >> 16, n = p->w[i] & 0xffff;

		if (type != SEG_SEQUENCE) {
			json_object(j);
			json_key(j, kinds[type]);
			json_array(j);
		}
		for (unsigned k = 1; k <= n; k++)
			json_uint(j, p->w[i + k]);
		if (type != SEG_SEQUENCE) {
			json_end(j);
			json_end(j);
		}
		i += 1 + n;
	}
	json_end(j);
	json_key(j, "origin_asn");
	if (origin)
		json_uint(j, origin);
	else
		json_null(j);
}

static void communities(struct json *j, const struct bgp_attrs *a)
{
	char text[40];

	if (a->have & BGP_COMMUNITIES) {
		json_key(j, "communities");
		json_array(j);
		for (unsigned i = 0; i + 4 <= a->communities_len; i += 4) {
			snprintf(text, sizeof(text), "%u:%u",
				 get_be16(a->communities + i),
				 get_be16(a->communities + i + 2));
			json_string(j, text);
		}
		json_end(j);
	}
	if (a->have & BGP_LARGE) {
		json_key(j, "large_communities");
		json_array(j);
		for (unsigned i = 0; i + 12 <= a->large_len; i += 12) {
			snprintf(text, sizeof(text), "%u:%u:%u",
				 get_be32(a->large + i),
				 get_be32(a->large + i + 4),
				 get_be32(a->large + i + 8));
			json_string(j, text);
		}
		json_end(j);
	}
}

static void next_hop(struct json *j, const struct bgp_attrs *a, unsigned fam)
{
	const struct bgp_mp *mp = &a->reach;

	if (fam == 6 && a->have & BGP_MP_REACH && mp->next_hop_len >= 16)
		kip(j, "next_hop", 6, mp->next_hop);
	else if (a->have & BGP_NEXT_HOP)
		kip(j, "next_hop", 4, a->next_hop);
	else if (a->have & BGP_MP_REACH && mp->next_hop_len == 4)
		kip(j, "next_hop", 4, mp->next_hop);
	else if (a->have & BGP_MP_REACH && mp->next_hop_len >= 16)
		kip(j, "next_hop", 6, mp->next_hop);
	if (fam == 6 && a->have & BGP_MP_REACH && mp->next_hop_len == 32)
		kip(j, "next_hop_link_local", 6, mp->next_hop + 16);
}

static void aggregator(struct json *j, const struct bgp_attrs *a)
{
	bool wide = a->aggregator_as == 23456 && a->have & BGP_AS4_AGGREGATOR;

	if (!(a->have & BGP_AGGREGATOR))
		return;
	json_key(j, "aggregator");
	json_object(j);
	json_kuint(j, "asn", wide ? a->as4_aggregator_as : a->aggregator_as);
	kip(j, "address", 4, wide ? a->as4_aggregator_ip : a->aggregator_ip);
	json_end(j);
}

/* Attributes that have no field of their own. */
static void others(struct json *j, struct rd r)
{
	/* ORIGIN to COMMUNITIES, MP_REACH and _UNREACH, AS4_PATH and
	 * _AGGREGATOR, LARGE_COMMUNITY, OTC */
	static const uint64_t known = UINT64_C(0x90006c1fe);
	static const char hex[] = "0123456789abcdef";
	bool any = false;

	while (r.left > 0) {
		uint8_t flags = rd_u8(&r), type = rd_u8(&r);
		unsigned len = flags & 0x10 ? rd_be16(&r) : rd_u8(&r);
		const uint8_t *p = rd_bytes(&r, len);
		char text[2 * 255 + 4];
		unsigned n = len < 255 ? len : 255;

		if (!p || !rd_ok(&r))
			break;
		if (type < 64 && known >> type & 1)
			continue;
		if (!any) {
			json_key(j, "other_attributes");
			json_array(j);
		}
		any = true;
		for (unsigned i = 0; i < n; i++) {
			text[2 * i] = hex[p[i] >> 4];
			text[2 * i + 1] = hex[p[i] & 15];
		}
		text[2 * n] = '\0';
		json_object(j);
		json_kuint(j, "type", type);
		json_kuint(j, "flags", flags);
		json_kuint(j, "length", len);
		json_kstring(j, "hex", text); /* the first 255 bytes */
		json_end(j);
	}
	if (any)
		json_end(j);
}

static void errors(struct json *j, const struct bgp_attrs *a, bool path_bad)
{
	static const struct {
		uint32_t bit;
		const char *word;
	} words[] = {
		{ BGP_BAD_FRAMING, "framing" },
		{ BGP_BAD_WITHDRAW, "treat-as-withdraw" },
		{ BGP_BAD_DISCARD, "attribute-discarded" },
		{ BGP_DUPLICATE, "duplicate-attribute" },
	};

	if (!(a->bad & (BGP_BAD_FRAMING | BGP_BAD_WITHDRAW | BGP_BAD_DISCARD |
			BGP_DUPLICATE)) &&
	    !path_bad)
		return;
	json_key(j, "errors");
	json_array(j);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (a->bad & words[i].bit)
			json_string(j, words[i].word);
	if (path_bad)
		json_string(j, "as-path");
	json_end(j);
}

static void attributes(struct route_json *t, const struct bgp_attrs *a,
		       struct rd raw, unsigned fam)
{
	static const char *const origins[] = { "IGP", "EGP", "INCOMPLETE" };
	struct json *j = &t->j;
	bool good = bgp_path_read(a, &t->path);

	t->counts.bad_attrs += !good || a->bad & BGP_BAD_FRAMING;
	as_path(j, &t->path);
	if (a->have & BGP_ORIGIN)
		json_kstring(j, "origin", origins[a->origin]);
	next_hop(j, a, fam);
	if (a->have & BGP_MED)
		json_kuint(j, "med", a->med);
	if (a->have & BGP_LOCAL_PREF)
		json_kuint(j, "local_pref", a->local_pref);
	if (a->have & BGP_ATOMIC)
		json_kbool(j, "atomic_aggregate", true);
	aggregator(j, a);
	communities(j, a);
	if (a->have & BGP_OTC)
		json_kuint(j, "only_to_customer", a->otc);
	others(j, raw);
	errors(j, a, !good);
}

static void table(struct route_json *t, struct mrt *m, struct mrt_msg *msg)
{
	struct mrt_entry e;
	struct bgp_attrs a;

	while (mrt_rib_next(m, msg, &e)) {
		if (!e.peer)
			continue;
		t->counts.entries++;
		begin(t, msg, "table");
		peer(&t->j, e.peer);
		prefix(&t->j, &msg->prefix, msg->safi);
		if (msg->type == MRT_TABLE_DUMP_V2 && msg->addpath)
			json_kuint(&t->j, "path_id", e.path_id);
		json_kuint(&t->j, "originated_sec", e.originated);
		bgp_attrs_read(e.attrs, msg->as4, &a);
		attributes(t, &a, e.attrs, msg->prefix.fam);
		finish(t);
	}
}

/* a: of an announcement; NULL for a withdrawal. */
static void routes(struct route_json *t, const struct mrt_msg *msg,
		   struct rd field, struct nlri_form form, unsigned safi,
		   const struct bgp_attrs *a)
{
	enum nlri_result res;
	struct prefix x;
	uint32_t id;

	if (field.left == 0)
		return;
	nlri_form_guess(field, &form);
	while ((res = nlri_next(&field, form, &x, &id)) == NLRI_OK) {
		if (a)
			t->counts.announced++;
		else
			t->counts.withdrawn++;
		begin(t, msg, a ? "announce" : "withdraw");
		peer(&t->j, &msg->peer);
		prefix(&t->j, &x, safi);
		if (form.addpath)
			json_kuint(&t->j, "path_id", id);
		if (a)
			attributes(t, a, msg->attrs, form.fam);
		finish(t);
	}
	t->counts.bad_prefixes += res == NLRI_BAD;
}

static void multiprotocol(struct route_json *t, const struct mrt_msg *msg,
			  const struct bgp_mp *mp, const struct bgp_attrs *a)
{
	struct nlri_form form = { mp->afi == 1 ? 4 : 6, msg->addpath };

	if ((mp->afi == 1 || mp->afi == 2) && mp->safi >= 1 && mp->safi <= 3) {
		routes(t, msg, mp->nlri, form, mp->safi, a);
		return;
	}
	begin(t, msg, a ? "announce" : "withdraw");
	peer(&t->j, &msg->peer);
	json_kuint(&t->j, "afi", mp->afi);
	json_kuint(&t->j, "safi", mp->safi);
	json_kuint(&t->j, "bytes_not_read", mp->nlri.left);
	finish(t);
}

static void update(struct route_json *t, const struct mrt_msg *msg)
{
	struct nlri_form v4 = { 4, msg->addpath };
	struct bgp_attrs a;

	bgp_attrs_read(msg->attrs, msg->as4, &a);
	routes(t, msg, msg->withdrawn, v4, 1, NULL);
	if (a.have & BGP_MP_UNREACH)
		multiprotocol(t, msg, &a.unreach, NULL);
	routes(t, msg, msg->nlri, v4, 1, &a);
	if (a.have & BGP_MP_REACH)
		multiprotocol(t, msg, &a.reach, &a);
}

static void session(struct route_json *t, const struct mrt_msg *msg)
{
	static const char *const names[] = { "",	  "OPEN",
					     "UPDATE",	  "NOTIFICATION",
					     "KEEPALIVE", "ROUTE-REFRESH" };

	begin(t, msg, "session");
	peer(&t->j, &msg->peer);
	json_kstring(&t->j, "message",
		     msg->bgp_type <= 5 ? names[msg->bgp_type] : "");
	finish(t);
}

static void state(struct route_json *t, const struct mrt_msg *msg)
{
	t->counts.states++;
	begin(t, msg, "state");
	peer(&t->j, &msg->peer);
	json_kuint(&t->j, "old_state", msg->old_state);
	json_kuint(&t->j, "new_state", msg->new_state);
	finish(t);
}

static void peers(struct route_json *t, struct mrt *m,
		  const struct mrt_msg *msg)
{
	const struct mrt_peer *v;
	unsigned n;

	v = mrt_peers(m, &n);
	begin(t, msg, "peers");
	json_key(&t->j, "peers");
	json_array(&t->j);
	for (unsigned i = 0; i < n; i++) {
		json_object(&t->j);
		peer(&t->j, &v[i]);
		json_end(&t->j);
	}
	json_end(&t->j);
	finish(t);
}

void route_json_record(struct route_json *t, struct mrt *m, struct mrt_msg *msg)
{
	switch (msg->kind) {
	case MRT_PEERS:
		peers(t, m, msg);
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
	case MRT_SESSION:
		session(t, msg);
		break;
	case MRT_OTHER:
	case MRT_UNSUPPORTED:
		begin(t, msg, "not-read");
		json_kuint(&t->j, "bytes", msg->len);
		finish(t);
		break;
	}
}
