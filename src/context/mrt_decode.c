/*
 * mrt_decode.c - bodies of TABLE_DUMP, TABLE_DUMP_V2, BGP4MP and legacy BGP.
 *
 * Layouts: RFC 6396 section 4, RFC 8050 (ADD-PATH), RFC 6397 (GEO_PEER_TABLE,
 * skipped).  BGP4MP_ENTRY and the legacy types are from MRT before the RFC,
 * as OpenBGPD and the RIS files of 1999 write them.
 */
#include "context/mrt_decode.h"

#include <stdlib.h>
#include <string.h>

/* An address of its family; false when the family is not 1 or 2. */
static bool peer_ip(struct rd *r, unsigned afi, struct mrt_peer *p)
{
	unsigned n = afi == 1 ? 4 : 16;
	const uint8_t *b;

	if (afi != 1 && afi != 2)
		return false;
	p->fam = afi == 1 ? 4 : 6;
	b = rd_bytes(r, n);
	if (!b)
		return false;
	if (n == 4) /* a size that the compiler knows */
		memcpy(p->ip, b, 4);
	else
		memcpy(p->ip, b, 16);
	return true;
}

static bool attrs_walk(struct rd a)
{
	while (a.left > 0) {
		uint8_t flags = rd_u8(&a);

		rd_skip(&a, 1);
		rd_skip(&a, flags & 0x10 ? rd_be16(&a) : rd_u8(&a));
		if (!rd_ok(&a))
			return false;
	}
	return true;
}

static bool nlri_walk(struct rd r, uint8_t fam, bool addpath)
{
	struct nlri_form form = { fam, addpath };

	return nlri_form_guess(r, &form);
}

/* A prefix as RIB records write it: length, then its bytes. */
static bool rib_prefix(struct rd *r, uint8_t fam, struct prefix *p)
{
	struct nlri_form form = { fam, false };
	uint32_t id;

	return nlri_next(r, form, p, &id) == NLRI_OK;
}

static enum decode_result peer_table(struct mrt_peers *peers, struct rd r,
				     int how)
{
	struct mrt_peer *v = NULL;
	unsigned i, n;

	rd_skip(&r, 4); /* collector's BGP identifier */
	rd_skip(&r, rd_be16(&r));
	n = rd_be16(&r);
	if (!rd_ok(&r) || r.left < n * 9u)
		return DECODE_BAD;
	v = calloc(n ? n : 1, sizeof(*v));
	if (!v)
		return DECODE_BAD;
	for (i = 0; i < n; i++) {
		uint8_t t = rd_u8(&r);

		rd_skip(&r, 4); /* the peer's identifier */
		if (!peer_ip(&r, t & 1 ? 2 : 1, &v[i]))
			break;
		v[i].asn = t & 2 ? rd_be32(&r) : rd_be16(&r);
	}
	if (!rd_ok(&r) || how & DECODE_CHECK) {
		free(v);
		return rd_ok(&r) ? DECODED : DECODE_BAD;
	}
	free(peers->v);
	peers->v = v;
	peers->n = n;
	peers->loaded = true;
	return DECODED;
}

/* Every entry fits the record, and nothing is left over. */
static bool entries_walk(struct rd r, unsigned n, bool addpath, int how)
{
	while (n-- > 0) {
		struct rd a;

		rd_skip(&r, addpath ? 10 : 6);
		a = rd_sub(&r, rd_be16(&r));
		if (!rd_ok(&r))
			return false;
		if (how & DECODE_CHECK && !attrs_walk(a))
			return false;
	}
	return r.left == 0 || !(how & DECODE_CHECK);
}

static enum decode_result rib(struct mrt_msg *msg, struct rd r, int how)
{
	unsigned sub = msg->subtype;
	uint8_t fam = 4;

	msg->kind = MRT_RIB;
	msg->as4 = true;
	msg->addpath = sub >= 8;
	msg->sequence = rd_be32(&r);
	msg->safi = sub == 3 || sub == 5 || sub == 9 || sub == 11 ? 2 : 1;
	if (sub == 4 || sub == 5 || sub == 10 || sub == 11)
		fam = 6;
	if (sub == 6 || sub == 12) { /* RIB_GENERIC */
		unsigned afi = rd_be16(&r);

		msg->safi = rd_u8(&r);
		if (!rd_ok(&r))
			return DECODE_BAD;
		if ((afi != 1 && afi != 2) ||
		    (msg->safi != 1 && msg->safi != 2))
			return DECODE_UNKNOWN;
		fam = afi == 1 ? 4 : 6;
	}
	if (!rib_prefix(&r, fam, &msg->prefix))
		return DECODE_BAD;
	msg->entries = rd_be16(&r);
	if (!rd_ok(&r) || !entries_walk(r, msg->entries, msg->addpath, how))
		return DECODE_BAD;
	msg->body = r;
	return DECODED;
}

static enum decode_result table_v2(struct mrt_peers *peers, struct rd r,
				   struct mrt_msg *msg, int how)
{
	if (msg->subtype == 1) {
		msg->kind = MRT_PEERS;
		return peer_table(peers, r, how);
	}
	if (msg->subtype == 7) {
		msg->kind = MRT_OTHER;
		return DECODED;
	}
	if (msg->subtype < 2 || msg->subtype > 12)
		return DECODE_UNKNOWN;
	return rib(msg, r, how);
}

/* One entry of a table; what follows it stays in r. */
static enum decode_result dump_entry(struct rd *r, struct mrt_msg *msg, int how)
{
	unsigned afi = msg->subtype, n = afi == 1 ? 4 : 16;
	const uint8_t *b;

	msg->kind = MRT_RIB;
	msg->safi = 1;
	b = rd_bytes(r, n);
	msg->prefix.len = rd_u8(r);
	rd_skip(r, 1); /* status */
	msg->originated = rd_be32(r);
	if (!peer_ip(r, afi, &msg->peer))
		return DECODE_BAD;
	msg->peer.asn = rd_be16(r);
	msg->attrs = rd_sub(r, rd_be16(r));
	if (!rd_ok(r) || !b || msg->prefix.len > n * 8)
		return DECODE_BAD;
	if (how & DECODE_CHECK && !attrs_walk(msg->attrs))
		return DECODE_BAD;
	msg->prefix.fam = afi == 1 ? 4 : 6;
	memcpy(msg->prefix.b, b, n);
	prefix_mask(&msg->prefix);
	msg->entries = 1;
	return DECODED;
}

static enum decode_result table_dump(struct rd r, struct mrt_msg *msg, int how)
{
	enum decode_result res;

	if (msg->subtype != 1 && msg->subtype != 2)
		return DECODE_UNKNOWN;
	rd_skip(&r, 2); /* view */
	msg->sequence = rd_be16(&r);
	res = dump_entry(&r, msg, how);
	if (res == DECODED && how & DECODE_CHECK && r.left > 0)
		return DECODE_BAD;
	return res;
}

enum decode_result mrt_decode_early(struct rd *r, struct mrt_msg *msg, int how)
{
	memset(&msg->prefix, 0, sizeof(msg->prefix));
	return dump_entry(r, msg, how);
}

bool mrt_is_early(struct rd body)
{
	struct mrt_msg msg = { .type = MRT_TABLE_DUMP, .subtype = 1 };
	unsigned n = 0;

	while (body.left > 0) {
		if (mrt_decode_early(&body, &msg, DECODE_CHECK) != DECODED)
			return false;
		n++;
	}
	return n > 1;
}

/* What stands in an UPDATE after its BGP header. */
static enum decode_result update(struct rd r, struct mrt_msg *msg, int how)
{
	msg->kind = MRT_UPDATE;
	msg->withdrawn = rd_sub(&r, rd_be16(&r));
	msg->attrs = rd_sub(&r, rd_be16(&r));
	if (!rd_ok(&r))
		return DECODE_BAD;
	msg->nlri = r;
	if (how & DECODE_CHECK &&
	    (!attrs_walk(msg->attrs) ||
	     !nlri_walk(msg->withdrawn, 4, msg->addpath) ||
	     !nlri_walk(msg->nlri, 4, msg->addpath)))
		return DECODE_BAD;
	return DECODED;
}

static enum decode_result bgp_message(struct rd r, struct mrt_msg *msg, int how)
{
	unsigned len;

	rd_skip(&r, 16); /* marker */
	len = rd_be16(&r);
	msg->bgp_type = rd_u8(&r);
	if (!rd_ok(&r) || len < 19 || len - 19 > r.left)
		return DECODE_BAD;
	r.left = len - 19;
	if (msg->bgp_type == 2)
		return update(r, msg, how);
	if (msg->bgp_type == 0 || msg->bgp_type > 5)
		return DECODE_BAD;
	msg->kind = MRT_SESSION;
	return DECODED;
}

/* Session states: 1 to 6 by RFC 4271, 7 Clearing and 8 Deleted by Quagga.
 * 0 is what some write for "none". */
static enum decode_result state(struct rd *r, struct mrt_msg *msg)
{
	msg->kind = MRT_STATE;
	msg->old_state = rd_be16(r);
	msg->new_state = rd_be16(r);
	if (!rd_ok(r) || msg->old_state > 8 || msg->new_state > 8)
		return DECODE_BAD;
	return DECODED;
}

/* BGP4MP_ENTRY: deprecated before the RFC, written by OpenBGPD. */
static enum decode_result mp_entry(struct rd r, struct mrt_msg *msg, int how)
{
	unsigned afi, n;
	const uint8_t *hop;

	msg->kind = MRT_RIB;
	rd_skip(&r, 4); /* view, status */
	msg->originated = rd_be32(&r);
	afi = rd_be16(&r);
	msg->safi = rd_u8(&r);
	n = rd_u8(&r);
	hop = rd_bytes(&r, n);
	if (!rd_ok(&r) || !hop || (afi != 1 && afi != 2))
		return DECODE_BAD;
	if (!rib_prefix(&r, afi == 1 ? 4 : 6, &msg->prefix))
		return DECODE_BAD;
	msg->attrs = rd_sub(&r, rd_be16(&r));
	if (!rd_ok(&r) || (how & DECODE_CHECK && !attrs_walk(msg->attrs)))
		return DECODE_BAD;
	msg->entries = 1;
	return DECODED;
}

static enum decode_result bgp4mp(struct rd r, struct mrt_msg *msg, int how)
{
	unsigned sub = msg->subtype, afi;
	struct mrt_peer local;

	if (msg->type == MRT_BGP4MP_ET) {
		msg->usec = rd_be32(&r);
		msg->has_usec = true;
		if (msg->usec > 999999)
			return DECODE_BAD;
	}
	if (sub > 11 || sub == 3)
		return DECODE_UNKNOWN;
	msg->as4 = sub == 4 || sub == 5 || sub == 7 || sub == 9 || sub == 11;
	msg->addpath = sub >= 8;
	/* RIS in 2000 wrote state changes of peers that it had no address
	 * for without any address: two AS numbers and two states */
	if (sub == 0 && r.left == 8) {
		msg->peer.fam = 4;
		msg->peer.asn = rd_be16(&r);
		msg->local_as = rd_be16(&r);
		return state(&r, msg);
	}
	msg->local = sub == 6 || sub == 7 || sub == 10 || sub == 11;
	msg->peer.asn = msg->as4 ? rd_be32(&r) : rd_be16(&r);
	msg->local_as = msg->as4 ? rd_be32(&r) : rd_be16(&r);
	rd_skip(&r, 2); /* interface */
	afi = rd_be16(&r);
	if (!rd_ok(&r) || !peer_ip(&r, afi, &msg->peer) ||
	    !peer_ip(&r, afi, &local))
		return DECODE_BAD;
	if (sub == 0 || sub == 5)
		return state(&r, msg);
	if (sub == 2)
		return mp_entry(r, msg, how);
	return bgp_message(r, msg, how);
}

static enum decode_result legacy(struct rd r, struct mrt_msg *msg, int how)
{
	msg->peer.asn = rd_be16(&r);
	if (!peer_ip(&r, 1, &msg->peer))
		return DECODE_BAD;
	if (msg->subtype == 3)
		return state(&r, msg);
	msg->local_as = rd_be16(&r);
	rd_skip(&r, 4);
	if (!rd_ok(&r))
		return DECODE_BAD;
	switch (msg->subtype) {
	case 1:
		return update(r, msg, how);
	case 5:
	case 6:
	case 7:
		msg->kind = MRT_SESSION;
		msg->bgp_type = msg->subtype == 5   ? 1
				: msg->subtype == 6 ? 3
						    : 4;
		return DECODED;
	default:
		return DECODE_UNKNOWN;
	}
}

enum decode_result mrt_decode(struct mrt_peers *peers, struct rd body,
			      struct mrt_msg *msg, int how)
{
	switch (msg->type) {
	case MRT_TABLE_DUMP:
		return table_dump(body, msg, how);
	case MRT_TABLE_DUMP_V2:
		return table_v2(peers, body, msg, how);
	case MRT_BGP4MP:
	case MRT_BGP4MP_ET:
		return bgp4mp(body, msg, how);
	case MRT_LEGACY_BGP:
		return legacy(body, msg, how);
	default:
		return DECODE_UNKNOWN;
	}
}
