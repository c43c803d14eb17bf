/* load.c - see load.h. */
#include "load.h"

#include <stdlib.h>
#include <string.h>

#include "capture/capture.h"
#include "decode/decode.h"
#include "feature/burst.h"

#define BATCH	   64
#define CONNS	   65536
#define POOL_BYTES ((size_t)64 << 20)

struct loader {
	struct load *l;
	struct conn_table *conns;
	struct burst_table *bursts;
	struct burst *copy;
	size_t base; /* connections of earlier files */
	int file;
};

static void *must(void *p)
{
	if (p == NULL)
		abort();
	return p;
}

static void take_bursts(struct loader *r, uint32_t slot, int d,
			struct load_dir *out)
{
	size_t n =
		burst_copy(r->bursts, slot, d, 0, r->copy, BURST_PER_LOG + 1);

	out->us = must(malloc((n + 1) * sizeof(int64_t)));
	out->bytes = must(malloc((n + 1) * sizeof(uint32_t)));
	out->ack_us = must(malloc((n + 1) * sizeof(int64_t)));
	for (size_t i = 0; i < n; i++) {
		int64_t us = (int64_t)burst_us(r->copy[i]);

		if (burst_bytes(r->copy[i]) == 0) {
			out->ack_us[out->n_ack++] = us;
			continue;
		}
		out->us[out->n] = us;
		out->bytes[out->n++] = burst_bytes(r->copy[i]);
	}
}

static struct load_conn *record(struct loader *r, uint32_t slot)
{
	struct load *l = r->l;
	size_t at = r->base + conn_get(r->conns, slot)->id - 1, room;

	while (at >= l->room) {
		room = l->room > 0 ? l->room * 2 : 256;
		l->conn = must(realloc(l->conn, room * sizeof(*l->conn)));
		memset(l->conn + l->room, 0,
		       (room - l->room) * sizeof(*l->conn));
		l->room = room;
	}
	if (at >= l->n)
		l->n = at + 1;
	return &l->conn[at];
}

static void on_release(void *arg, uint32_t slot)
{
	struct loader *r = arg;
	struct load_conn *k = record(r, slot);

	k->c = *conn_get(r->conns, slot);
	memcpy(k->first_seq, conn_get_cold(r->conns, slot)->first_seq,
	       sizeof(k->first_seq));
	k->file = r->file;
	for (int d = 0; d < 2; d++) {
		take_bursts(r, slot, d, &k->dir[d]);
		k->n_data += k->dir[d].n;
	}
	burst_release(r->bursts, slot);
}

static void take_packet(struct loader *r, const struct conn_event *ev)
{
	struct load_dir *d = &record(r, ev->slot)->dir[ev->dir];

	if (d->n_pkt == d->room) {
		d->room = d->room > 0 ? d->room * 2 : 64;
		d->pkt_us = must(realloc(d->pkt_us, d->room * sizeof(int64_t)));
	}
	d->pkt_us[d->n_pkt++] = (ev->ts.ns - burst_epoch_ns(r->bursts)) / 1000;
}

static void use_batch(struct loader *r, const struct segment *seg, size_t n)
{
	struct conn_event ev[BATCH];
	size_t done;

	for (size_t at = 0; at < n; at += done) {
		done = conn_update(r->conns, seg + at, n - at, ev);
		for (size_t i = 0; i < done; i++) {
			if (ev[i].slot == CONN_NONE)
				continue;
			if (ev[i].flags & (EV_DATA | EV_ACK | EV_NEW))
				burst_update(r->bursts, &ev[i]);
			if (ev[i].flags & EV_DATA)
				take_packet(r, &ev[i]);
		}
	}
	if (n > 0)
		conn_expire(r->conns, seg[n - 1].ts, CONN_EXPIRE_MAX);
}

bool load_capture(struct load *l, const char *path, int file, struct err *e)
{
	struct capture_spec spec = { .paths = &path,
				     .n_paths = 1,
				     .from = TSTAMP_NONE,
				     .to = TSTAMP_NONE };
	struct loader r = { .l = l, .base = l->n, .file = file };
	struct frame frames[BATCH];
	struct segment seg[BATCH];
	struct decoder *d = decoder_new(e);
	struct capture *c = capture_open(&spec, e);
	size_t n;

	r.conns = conn_table_new(CONNS, on_release, &r, e);
	r.bursts = burst_table_new(CONNS, POOL_BYTES, e);
	r.copy = malloc((BURST_PER_LOG + 1) * sizeof(struct burst));
	if (d != NULL && c != NULL && r.conns && r.bursts && r.copy) {
		while ((n = capture_read(c, frames, BATCH)) > 0) {
			decode_batch(d, frames, n, seg);
			use_batch(&r, seg, n);
		}
		conn_flush(r.conns);
		l->epoch_ns = burst_epoch_ns(r.bursts);
	}
	free(r.copy);
	burst_table_free(r.bursts);
	conn_table_free(r.conns);
	decoder_free(d);
	if (c == NULL)
		return false;
	capture_close(c);
	return true;
}

void load_free(struct load *l)
{
	for (size_t i = 0; i < l->n; i++)
		for (int d = 0; d < 2; d++) {
			free(l->conn[i].dir[d].us);
			free(l->conn[i].dir[d].bytes);
			free(l->conn[i].dir[d].ack_us);
			free(l->conn[i].dir[d].pkt_us);
		}
	free(l->conn);
	memset(l, 0, sizeof(*l));
}

struct leg load_leg(const struct load_conn *c, int end)
{
	const struct load_dir *out = &c->dir[end], *in = &c->dir[!end];

	return (struct leg){
		.in = { in->us, in->bytes, in->n },
		.out = { out->us, out->bytes, out->n },
		.ack_us = { in->ack_us, out->ack_us },
		.n_acks = { in->n_ack, out->n_ack },
	};
}

static int same_side(const struct load_conn *a, int da,
		     const struct load_conn *b, int db)
{
	const struct conn_side *x = &a->c.side[da], *y = &b->c.side[db];

	if (!x->seen || !y->seen)
		return 0;
	return a->first_seq[da] == b->first_seq[db] ||
			       x->next_seq == y->next_seq
		       ? 1
		       : -1;
}

bool load_same(const struct load_conn *a, const struct load_conn *b)
{
	if (a->c.proto != PROTO_TCP || b->c.proto != PROTO_TCP)
		return false;
	for (int x = 0; x < 2; x++) {
		int s = same_side(a, 0, b, x), t = same_side(a, 1, b, !x);

		if (s >= 0 && t >= 0 && s + t > 0)
			return true;
	}
	return false;
}
