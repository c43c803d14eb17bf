/*
 * mrt.c - framing of MRT records, and what to do when it is damaged.
 *
 * A header is plausible when its type is known, its length fits and its time
 * is near that of the record before it.  When the header after a record is
 * not plausible, either this record's length is wrong or bytes are missing
 * behind it.  A record that does not read is dropped and the search starts
 * inside it; one that reads is kept and the search starts behind it.
 * Wrong when: bytes inside a gap happen to look like a whole record of the
 * same type and hour.  Twelve header bytes and all inner lengths must agree
 * for that.
 */
#include "context/mrt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "context/mrt_decode.h"

#define HEADER	 12u
#define NEAR_SEC INT64_C(86400) /* clock steps of collectors stay below */

struct mrt {
	struct mrt_in *in;
	struct mrt_peers peers;
	struct mrt_stats stats;
	bool started;	 /* a record was read: last_sec holds its time */
	bool resync;	 /* the next header must be searched for */
	struct rd early; /* entries left of a record of early 2000 */
	struct mrt_msg early_msg;
	int64_t sec;
	uint16_t type;
};

struct mrt *mrt_new(struct mrt_in *in, struct err *e)
{
	struct mrt *m = calloc(1, sizeof(*m));

	if (!m) {
		err_set(e, ERR_MEMORY, "out of memory");
		return NULL;
	}
	m->in = in;
	return m;
}

void mrt_free(struct mrt *m)
{
	if (!m)
		return;
	mrt_in_close(m->in);
	free(m->peers.v);
	free(m);
}

static bool known_type(unsigned type)
{
	return type <= 6 || type == MRT_OSPF || type == MRT_TABLE_DUMP ||
	       type == MRT_TABLE_DUMP_V2 || type == MRT_BGP4MP ||
	       type == MRT_BGP4MP_ET || type == 32 || type == 33 ||
	       type == 48 || type == 49;
}

/* strict: after damage, nothing is taken on trust. */
static bool plausible(const struct mrt *m, const uint8_t *h, bool strict)
{
	int64_t sec = get_be32(h);
	unsigned type = get_be16(h + 4), subtype = get_be16(h + 6);
	uint32_t len = get_be32(h + 8);

	if (!known_type(type) || subtype > 255 || len > MRT_MAX_RECORD)
		return false;
	if (m->started &&
	    (sec - m->sec > NEAR_SEC * 400 || m->sec - sec > NEAR_SEC * 400))
		return false;
	if (!strict)
		return true;
	return len > 0 && subtype < 16 && type == m->type &&
	       sec - m->sec <= NEAR_SEC && m->sec - sec <= NEAR_SEC;
}

static void frame(const uint8_t *h, uint64_t offset, struct mrt_msg *msg)
{
	memset(msg, 0, sizeof(*msg));
	msg->sec = get_be32(h);
	msg->type = get_be16(h + 4);
	msg->subtype = get_be16(h + 6);
	msg->len = get_be32(h + 8);
	msg->offset = offset;
}

static void gap(struct mrt *m, size_t n)
{
	if (m->stats.gaps == 0)
		m->stats.first_gap = mrt_in_offset(m->in);
	m->stats.gaps++;
	m->stats.gap_bytes += n;
}

/* Is there a whole record that reads well at p? */
static bool good_at(struct mrt *m, const uint8_t *p, size_t have)
{
	struct mrt_msg msg;
	uint32_t len;

	if (have < HEADER || !plausible(m, p, true))
		return false;
	len = get_be32(p + 8);
	if (have < HEADER + len)
		return false;
	frame(p, 0, &msg);
	if (mrt_decode(&m->peers, rd_make(p + HEADER, len), &msg,
		       DECODE_CHECK) != DECODED)
		return false;
	if (have < HEADER + len + HEADER)
		return have == HEADER + len;
	return plausible(m, p + HEADER + len, true);
}

/* Steps forward to the next good record; false when there is none. */
static bool search(struct mrt *m)
{
	const uint8_t *p;
	size_t total = 0, have, i;
	uint64_t at = mrt_in_offset(m->in);

	for (;;) {
		/* what a record needs must be visible: 128 KiB hold all */
		have = mrt_in_peek(m->in, 256u << 10, &p);
		for (i = 0; i < have; i++) {
			if (have - i < (128u << 10) && have >= (256u << 10))
				break;
			if (good_at(m, p + i, have - i))
				break;
		}
		total += i;
		mrt_in_take(m->in, i);
		if (i == have)
			break;
		if (i < have && good_at(m, p + i, have - i)) {
			if (total > 0) {
				gap(m, total);
				if (m->stats.gaps == 1)
					m->stats.first_gap = at;
			}
			return true;
		}
	}
	if (total > 0) {
		gap(m, total);
		if (m->stats.gaps == 1)
			m->stats.first_gap = at;
	}
	return false;
}

static void count(struct mrt *m, const struct mrt_msg *msg)
{
	struct mrt_stats *s = &m->stats;
	unsigned t = msg->type < MRT_TYPES ? msg->type : MRT_TYPES - 1;
	unsigned sub =
		msg->subtype < MRT_SUBTYPES ? msg->subtype : MRT_SUBTYPES - 1;

	s->records++;
	s->bytes += HEADER + msg->len;
	s->by_type[t][sub]++;
	if (!m->started || msg->sec < s->first_sec)
		s->first_sec = msg->sec;
	if (!m->started || msg->sec > s->last_sec)
		s->last_sec = msg->sec;
	m->started = true;
	m->sec = msg->sec;
	m->type = msg->type;
}

/* A record of many entries (see mrt_decode.h) of which len leaves out four
 * bytes: takes it and keeps its entries for the next calls. */
static bool early(struct mrt *m, const uint8_t *p, size_t have, uint32_t len,
		  struct mrt_msg *msg)
{
	struct rd body;

	if (msg->type != MRT_TABLE_DUMP || msg->subtype != 1 ||
	    have < HEADER + len + 4)
		return false;
	body = rd_make(p + HEADER + 4, len);
	if (!mrt_is_early(body))
		return false;
	msg->len = len + 4;
	msg->sequence = get_be16(p + HEADER + 2);
	count(m, msg);
	mrt_in_take(m->in, HEADER + len + 4);
	m->early = body;
	m->early_msg = *msg;
	return true;
}

/* Looks at the record under the window.  1: msg is good; 0: nothing to give,
 * go on; -1: the end. */
static int one(struct mrt *m, struct mrt_msg *msg)
{
	const uint8_t *p;
	size_t have = mrt_in_peek(m->in, HEADER, &p);
	enum decode_result res;
	bool next_ok;
	uint32_t len;

	if (have < HEADER) {
		m->stats.tail_bytes += have;
		mrt_in_take(m->in, have);
		return -1;
	}
	if (!plausible(m, p, false)) {
		m->resync = true;
		return 0;
	}
	len = get_be32(p + 8);
	have = mrt_in_peek(m->in, HEADER + len + HEADER + 4, &p);
	frame(p, mrt_in_offset(m->in), msg);
	if (have < HEADER + len) {
		/* a length that runs past the end: either the file was cut
		 * or the length is wrong and more records follow */
		m->stats.tail_bytes += have;
		mrt_in_take(m->in, have);
		return -1;
	}
	next_ok = have < 2 * HEADER + len ||
		  plausible(m, p + HEADER + len, false);
	if ((!next_ok || have == HEADER + len + 4) &&
	    early(m, p, have, len, msg))
		return 0;
	res = mrt_decode(&m->peers, rd_make(p + HEADER, len), msg,
			 next_ok ? 0 : DECODE_CHECK);
	if (res == DECODE_BAD && !next_ok) {
		mrt_in_take(m->in, 0);
		m->resync = true;
		/* inside this record: its header is what is wrong */
		mrt_in_take(m->in, 1);
		m->stats.gap_bytes++;
		return 0;
	}
	count(m, msg);
	mrt_in_take(m->in, HEADER + len);
	m->resync = !next_ok;
	if (res == DECODE_BAD) {
		m->stats.malformed++;
		return 0;
	}
	if (res == DECODE_UNKNOWN) {
		msg->kind = MRT_UNSUPPORTED;
		m->stats.unsupported++;
	}
	return 1;
}

bool mrt_next(struct mrt *m, struct mrt_msg *msg)
{
	for (;;) {
		int r;

		if (m->early.left > 0) {
			*msg = m->early_msg;
			if (mrt_decode_early(&m->early, msg, 0) == DECODED)
				return true;
			m->early.left = 0;
		}
		if (m->resync) {
			if (!m->started || !search(m)) {
				if (!m->started)
					gap(m, 0);
				return false;
			}
			m->resync = false;
		}
		r = one(m, msg);
		if (r != 0)
			return r > 0;
	}
}

bool mrt_rib_next(struct mrt *m, struct mrt_msg *msg, struct mrt_entry *out)
{
	if (msg->entries == 0)
		return false;
	msg->entries--;
	if (msg->type != MRT_TABLE_DUMP_V2) { /* one peer, in the record */
		out->peer = &msg->peer;
		out->peer_index = 0;
		out->originated = msg->originated;
		out->path_id = 0;
		out->attrs = msg->attrs;
		return true;
	}
	out->peer_index = rd_be16(&msg->body);
	out->originated = rd_be32(&msg->body);
	out->path_id = msg->addpath ? rd_be32(&msg->body) : 0;
	out->attrs = rd_sub(&msg->body, rd_be16(&msg->body));
	if (!rd_ok(&msg->body))
		return false;
	out->peer = NULL;
	if (out->peer_index < m->peers.n)
		out->peer = &m->peers.v[out->peer_index];
	else
		m->stats.no_peer++;
	return true;
}

const struct mrt_stats *mrt_stats(const struct mrt *m)
{
	return &m->stats;
}

const struct mrt_peer *mrt_peers(const struct mrt *m, unsigned *n)
{
	*n = m->peers.n;
	return m->peers.v;
}

bool mrt_lossy(const struct mrt *m, char *text, size_t len)
{
	const struct mrt_stats *s = &m->stats;
	const char *below = mrt_in_damage(m->in);
	int n = 0;

	text[0] = '\0';
#define SAY(...)                                                               \
	do {                                                                   \
		if (n >= 0 && (size_t)n < len)                                 \
			n += snprintf(text + n, len - (size_t)n, __VA_ARGS__); \
	} while (0)
	if (below)
		SAY("%s%s", n ? "; " : "", below);
	if (s->tail_bytes)
		SAY("%slast record ends early (%llu bytes not used)",
		    n ? "; " : "", (unsigned long long)s->tail_bytes);
	if (s->records == 0 && s->gaps)
		SAY("%snot an MRT file: no record in it", n ? "; " : "");
	else if (s->gaps || s->gap_bytes)
		SAY("%sdamaged framing: %llu gaps, %llu bytes stepped over,"
		    " the first at offset %llu",
		    n ? "; " : "", (unsigned long long)s->gaps,
		    (unsigned long long)s->gap_bytes,
		    (unsigned long long)s->first_gap);
	if (s->malformed)
		SAY("%s%llu records cannot be read", n ? "; " : "",
		    (unsigned long long)s->malformed);
	if (s->no_peer)
		SAY("%s%llu entries name a peer that no index table holds",
		    n ? "; " : "", (unsigned long long)s->no_peer);
#undef SAY
	return n != 0;
}

const char *mrt_type_name(unsigned type)
{
	switch (type) {
	case MRT_LEGACY_BGP:
		return "BGP";
	case MRT_TABLE_DUMP:
		return "TABLE_DUMP";
	case MRT_TABLE_DUMP_V2:
		return "TABLE_DUMP_V2";
	case MRT_BGP4MP:
		return "BGP4MP";
	case MRT_BGP4MP_ET:
		return "BGP4MP_ET";
	default:
		return "UNKNOWN";
	}
}

const char *mrt_subtype_name(unsigned type, unsigned subtype)
{
	static const char *const legacy[] = {
		"NULL", "UPDATE", "PREF_UPDATE", "STATE_CHANGE",
		"SYNC", "OPEN",	  "NOTIFY",	 "KEEPALIVE",
	};
	static const char *const v2[] = {
		NULL,
		"PEER_INDEX_TABLE",
		"RIB_IPV4_UNICAST",
		"RIB_IPV4_MULTICAST",
		"RIB_IPV6_UNICAST",
		"RIB_IPV6_MULTICAST",
		"RIB_GENERIC",
		"GEO_PEER_TABLE",
		"RIB_IPV4_UNICAST_ADDPATH",
		"RIB_IPV4_MULTICAST_ADDPATH",
		"RIB_IPV6_UNICAST_ADDPATH",
		"RIB_IPV6_MULTICAST_ADDPATH",
		"RIB_GENERIC_ADDPATH",
	};
	static const char *const mp[] = {
		"STATE_CHANGE",
		"MESSAGE",
		"ENTRY",
		"SNAPSHOT",
		"MESSAGE_AS4",
		"STATE_CHANGE_AS4",
		"MESSAGE_LOCAL",
		"MESSAGE_AS4_LOCAL",
		"MESSAGE_ADDPATH",
		"MESSAGE_AS4_ADDPATH",
		"MESSAGE_LOCAL_ADDPATH",
		"MESSAGE_AS4_LOCAL_ADDPATH",
	};
	const char *s = NULL;

	if (type == MRT_LEGACY_BGP && subtype < 8)
		s = legacy[subtype];
	else if (type == MRT_TABLE_DUMP && subtype <= 2)
		s = subtype == 1 ? "IPV4" : subtype == 2 ? "IPV6" : NULL;
	else if (type == MRT_TABLE_DUMP_V2 && subtype < 13)
		s = v2[subtype];
	else if ((type == MRT_BGP4MP || type == MRT_BGP4MP_ET) && subtype < 12)
		s = mp[subtype];
	return s ? s : "OTHER";
}
