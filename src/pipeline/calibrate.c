/* calibrate.c - see calibrate.h. */
#include "pipeline/calibrate.h"

#include <stdlib.h>
#include <string.h>

#include "capture/capture.h"
#include "conn/conn.h"
#include "decode/decode.h"
#include "farend/calib.h"
#include "farend/farend.h"

#define BATCH	      256
#define MAX_ADDRESSES (UINT32_C(1) << 18)

struct run {
	struct conn_table *table;
	struct farend *far;
	struct capture *capture;
	struct decoder *decoder;
	struct tstamp last;
};

static void released(void *arg, uint32_t slot)
{
	struct run *r = arg;

	farend_release(r->far, slot, conn_get(r->table, slot));
}

static void feed(struct run *r, const struct frame *frames, size_t n,
		 struct segment *segs, struct conn_event *evs)
{
	decode_batch(r->decoder, frames, n, segs);
	for (size_t at = 0, got; at < n; at += got) {
		got = conn_update(r->table, segs + at, n - at, evs);
		farend_update(r->far, segs + at, evs, got);
		for (size_t i = 0; i < got; i++)
			if (evs[i].slot != CONN_NONE)
				r->last = evs[i].ts;
		if (got > 0)
			conn_expire(r->table, evs[got - 1].ts, CONN_EXPIRE_MAX);
	}
}

static bool read_all(struct run *r, struct calibrate_result *out, struct err *e)
{
	struct frame *frames = calloc(BATCH, sizeof(*frames));
	struct segment *segs = calloc(BATCH, sizeof(*segs));
	struct conn_event *evs = calloc(BATCH, sizeof(*evs));
	const struct capture_file *files;
	bool ok = frames != NULL && segs != NULL && evs != NULL;
	size_t n;

	while (ok && (n = capture_read(r->capture, frames, BATCH)) > 0) {
		feed(r, frames, n, segs, evs);
		out->packets += n;
	}
	if (ok)
		conn_flush(r->table);
	else
		err_set(e, ERR_MEMORY, "no memory for a batch of packets");
	n = capture_files(r->capture, &files);
	for (size_t i = 0; i < n; i++)
		out->damaged |= files[i].damaged;
	free(frames);
	free(segs);
	free(evs);
	return ok;
}

static bool same_kind(const struct fe_kind_calib *a,
		      const struct fe_kind_calib *b)
{
	return a->offset_us == b->offset_us && a->spread_us == b->spread_us &&
	       a->tail == b->tail && a->n == b->n;
}

static bool write_out(const struct run *r, struct farend_calib *c,
		      const struct calibrate_options *o, FILE *out,
		      struct calibrate_result *res, struct err *e)
{
	const struct farend_calib before = *c;
	struct farend_report rep;
	char date[40];

	if (!farend_learn(r->far, c, e) || !farend_finish(r->far, &rep, e))
		return false;
	res->connections = rep.stats.conns;
	res->turns = rep.stats.turns;
	res->crossing = rep.stats.crossing;
	res->loss = rep.stats.loss;
	farend_report_free(&rep);
	for (int k = 0; k < FE_KINDS; k++)
		res->kinds += !same_kind(&before.kind[k], &c->kind[k]);
	if (res->kinds == 0)
		return err_set(e, ERR_LIMIT,
			       "no kind of turn was seen 30 times on a calm "
			       "path: nothing is learned");
	tstamp_format(r->last, 0, date, sizeof(date));
	date[10] = '\0'; /* the day */
	snprintf(c->name, sizeof(c->name), "%s, %s", o->name, date);
	if (!farend_calib_write(c, out, date, o->origin))
		return err_set(e, ERR_IO, "writing the calibration failed");
	return true;
}

bool calibrate(const struct calibrate_options *o, FILE *out,
	       struct calibrate_result *res, struct err *e)
{
	struct capture_spec spec = { .paths = o->paths,
				     .n_paths = o->n_paths,
				     .bpf = o->bpf,
				     .from = TSTAMP_NONE,
				     .to = TSTAMP_NONE };
	struct farend_config cfg = { .max_addresses = MAX_ADDRESSES };
	struct farend_calib *c;
	struct run r = { .last = TSTAMP_NONE };
	bool ok = false;

	memset(res, 0, sizeof(*res));
	c = o->base ? farend_calib_read(o->base, e) : farend_calib_shipped(e);
	if (c == NULL)
		return false;
	cfg.calib = c;
	r.capture = capture_open(&spec, e);
	if (r.capture != NULL)
		r.decoder = decoder_new(e);
	if (r.decoder != NULL)
		r.table = conn_table_new(o->max_conns, released, &r, e);
	if (r.table != NULL)
		r.far = farend_new(o->max_conns, &cfg, e);
	if (r.far == NULL || !read_all(&r, res, e))
		goto out;
	if (!tstamp_known(r.last)) {
		err_set(e, ERR_FORMAT, "no packet with a time stamp");
		goto out;
	}
	ok = write_out(&r, c, o, out, res, e);
out:
	farend_free(r.far);
	if (r.table != NULL)
		conn_table_free(r.table);
	if (r.decoder != NULL)
		decoder_free(r.decoder);
	if (r.capture != NULL)
		capture_close(r.capture);
	free(c);
	return ok;
}
