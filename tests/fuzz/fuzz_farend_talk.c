/*
 * fuzz_farend_talk.c - any bytes as a conversation with the far end.
 * Records of 5 bytes and a payload: direction and flags, payload length,
 * time step (two bytes, us * 16), acknowledgement short by. Each payload
 * gets a heap buffer of its exact size.  The report must keep its promises.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/rd.h"
#include "conn/conn.h"
#include "farend/farend.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct run {
	struct conn_table *table;
	struct farend *f;
};

static void released(void *arg, uint32_t slot)
{
	struct run *r = arg;

	farend_release(r->f, slot, conn_get(r->table, slot));
}

static void one(struct run *r, struct rd *in, int64_t *us, uint32_t *seq)
{
	uint8_t head = rd_u8(in), len = rd_u8(in), dir = head & 1;
	uint16_t step = rd_be16(in);
	uint8_t behind = rd_u8(in);
	const uint8_t *p = rd_bytes(in, len);
	uint8_t *copy;
	struct segment s = { .proto = PROTO_TCP, .outcome = SEG_OK };
	struct conn_event ev;

	if (!rd_ok(in))
		return;
	copy = malloc(len ? len : 1);
	assert(copy != NULL);
	if (len)
		memcpy(copy, p, len);
	*us += step * 16;
	s.ts.ns = *us * 1000;
	s.src = addr_v4((const uint8_t[]){ 192, 0, 2, dir ? 9 : 1 });
	s.dst = addr_v4((const uint8_t[]){ 192, 0, 2, dir ? 1 : 9 });
	s.sport = dir ? 25 : 4000;
	s.dport = dir ? 4000 : 25;
	s.hash = 77;
	s.tcp_flags = head >> 1 & 0x1f;
	s.ttl = (uint8_t)(head | 32);
	s.seq = seq[dir];
	s.ack = seq[!dir] - behind;
	s.payload = copy;
	s.payload_len = s.payload_caplen = len;
	s.wscale = 255;
	if (s.tcp_flags & TCP_SYN) {
		s.tcp_options = copy;
		s.options_len = len < 40 ? len : 40;
		s.payload_len = s.payload_caplen = 0;
		s.mss = (uint16_t)(step + 1);
		s.window = (uint16_t)(step * 44);
	}
	seq[dir] +=
		s.payload_len + ((s.tcp_flags & (TCP_SYN | TCP_FIN)) ? 1 : 0);
	if (conn_update(r->table, &s, 1, &ev) == 1 && ev.slot != CONN_NONE)
		farend_update(r->f, &s, &ev, 1);
	free(copy);
}

static void check(const struct farend_report *r)
{
	for (size_t i = 0; i < r->n_entries; i++) {
		const struct farend_entry *e = &r->entries[i];

		assert(e->answer == FAREND_UNDETERMINED ||
		       e->reason == FAREND_OK);
		assert(e->answer != FAREND_UNDETERMINED ||
		       e->reason != FAREND_OK);
		assert(!e->sufficient || e->answer == FAREND_YES);
		assert(!e->allows_source || e->answer == FAREND_NO);
		assert(e->leg.high_ns < 0 || e->leg.low_ns <= e->leg.high_ns);
		assert(e->n_rivals <= FAREND_RIVALS);
		assert(e->n_conn_ids <= FAREND_CONNS);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct farend_config cfg = { .max_addresses = 8, .max_summaries = 8 };
	struct rd in = rd_make(data, size);
	struct farend_report report;
	struct run r = { NULL, NULL };
	uint32_t seq[2] = { 1, 1u << 31 };
	int64_t us = 1;
	struct err e;

	r.f = farend_new(8, &cfg, &e);
	r.table = conn_table_new(8, released, &r, &e);
	assert(r.f != NULL && r.table != NULL);
	while (rd_ok(&in) && in.left > 0)
		one(&r, &in, &us, seq);
	conn_flush(r.table);
	assert(farend_finish(r.f, &report, &e));
	check(&report);
	farend_report_free(&report);
	conn_table_free(r.table);
	farend_free(r.f);
	return 0;
}
