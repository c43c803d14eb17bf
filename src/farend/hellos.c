/*
 * hellos.c - the JA4 of each connection: a ClientHello is collected over
 * its segments (with a key of RFC 9794 it fills two), named once, and the
 * name kept in a table that the connection points into.
 *
 * What is not whole in the capture gets no name and is counted: a segment
 * that is missing, out of order or cut by the snap length; a place lost to
 * another connection; a table that is full.
 */
#include "farend/track.h"

#include <string.h>

#define NAMES_INDEX (2 * FE_JA4_NAMES)

static uint32_t hash(const char *text)
{
	uint32_t h = UINT32_C(2166136261);

	for (; *text != '\0'; text++)
		h = (h ^ (uint8_t)*text) * UINT32_C(16777619);
	return h;
}

static uint16_t intern(struct fe_hellos *t, const char *name)
{
	uint32_t i = hash(name) % NAMES_INDEX;

	for (; t->index[i] != 0; i = (i + 1) % NAMES_INDEX)
		if (strcmp(t->name[t->index[i] - 1], name) == 0)
			return t->index[i];
	if (t->n_names == FE_JA4_NAMES)
		return 0;
	memcpy(t->name[t->n_names], name, FE_JA4_TEXT);
	return t->index[i] = (uint16_t)++t->n_names;
}

static void give_up(struct fe_conn *fc, struct farend_stats *st)
{
	fc->ja4 = 0;
	st->hello_cut++;
}

static void finish(struct fe_hellos *t, struct fe_conn *fc, const uint8_t *p,
		   size_t len, struct farend_stats *st)
{
	char name[FE_JA4_TEXT];

	fc->ja4 = fe_ja4(p, len, name) ? intern(t, name) : 0;
	if (fc->ja4 == 0)
		st->hello_cut++;
	else
		st->hello++;
}

static void begin(struct fe_hellos *t, struct fe_conn *fc, uint32_t slot,
		  const struct segment *s, struct farend_stats *st)
{
	struct fe_hello_part *part = &t->part[slot % FE_HELLO_PARTS];
	size_t need = fe_hello_bytes(s->payload, s->payload_caplen);

	if (need != 0 && need <= s->payload_caplen && need > 5 + 4) {
		finish(t, fc, s->payload, s->payload_caplen, st);
		return;
	}
	if (need == 0 || need > FE_HELLO_BYTES ||
	    s->payload_caplen < s->payload_len) {
		give_up(fc, st);
		return;
	}
	part->slot = slot;
	part->have = s->payload_caplen;
	part->next_seq = s->seq + s->payload_len;
	memcpy(part->bytes, s->payload, s->payload_caplen);
	fc->ja4 = FE_JA4_MORE;
}

static void more(struct fe_hellos *t, struct fe_conn *fc, uint32_t slot,
		 const struct segment *s, struct farend_stats *st)
{
	struct fe_hello_part *part = &t->part[slot % FE_HELLO_PARTS];
	size_t room, take, need;

	if (part->have == 0 || part->slot != slot || s->seq != part->next_seq) {
		give_up(fc, st);
		return;
	}
	room = FE_HELLO_BYTES - part->have;
	take = s->payload_caplen < room ? s->payload_caplen : room;
	memcpy(part->bytes + part->have, s->payload, take);
	part->have += (uint32_t)take;
	part->next_seq += s->payload_len;
	need = fe_hello_bytes(part->bytes, part->have);
	if (need > 5 + 4 && need <= part->have) {
		finish(t, fc, part->bytes, part->have, st);
		part->have = 0;
	} else if (need == 0 || need > FE_HELLO_BYTES ||
		   s->payload_caplen < s->payload_len) {
		give_up(fc, st);
		part->have = 0;
	}
}

void fe_hello_take(struct fe_hellos *t, struct fe_conn *fc, uint32_t slot,
		   const struct segment *s, const struct conn_event *ev,
		   struct farend_stats *st)
{
	if (ev->dir != 0 || !(ev->flags & EV_DATA) ||
	    (ev->flags & EV_RETRANSMIT))
		return;
	if (fc->ja4 == FE_JA4_START)
		begin(t, fc, slot, s, st);
	else
		more(t, fc, slot, s, st);
}

const char *fe_hello_name(const struct fe_hellos *t, uint16_t ja4)
{
	return ja4 == 0 || ja4 > t->n_names ? NULL : t->name[ja4 - 1];
}
