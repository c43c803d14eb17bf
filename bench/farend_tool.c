/*
 * farend_tool.c - the far-end layer by itself, for laboratory and evaluation.
 *
 *   farend_tool dump CAPTURE    a line per connection: addresses, ports and
 *                               every number of its summary
 *   farend_tool hellos CAPTURE  address, port, start and JA4 of TLS clients
 *   farend_tool report CAPTURE  a line per address and question
 *   farend_tool judge [CALIB]   groups of dump lines from stdin ("= NAME"
 *                               opens one), a line per group and question
 *   farend_tool learn NAME      dump lines of direct clients from stdin, a
 *                               calibration on stdout
 *   farend_tool time CAPTURE N  reads and measures N times, for counters
 *   farend_tool bare CAPTURE N  the same without the far end
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capture/capture.h"
#include "conn/conn.h"
#include "decode/decode.h"
#include "farend/farend.h"
#include "farend/track.h"

#define BATCH 256

struct run {
	struct conn_table *table;
	struct farend *f; /* NULL: measure without */
	bool dump, hellos;
};

static int fail(const struct err *e)
{
	fprintf(stderr, "farend_tool: %s\n", e->text);
	return 1;
}

static void print_summary(const struct fe_conn *c, const struct conn *k)
{
	char a[ADDR_TEXT], b[ADDR_TEXT];

	printf("%s %u %s %u %u %" PRId64, addr_format(&k->src, a), k->sport,
	       addr_format(&k->dst, b), k->dport, k->id, k->first_ns);
	printf(" %u %u %u %u %u %u %u %u %u %u %u %u %u %u %u %u %u %u %u",
	       c->r0_us, c->rmin_us, c->rdata_us, c->rdev_us, c->eta_us,
	       c->stack, c->layout, c->ts_off, c->flags, c->mss, c->window,
	       c->ttl, c->wscale, c->proto, c->n_rdev, c->app_os, c->crossing,
	       c->loss, c->n_turns);
	for (int i = 0; i < c->n_turns; i++)
		printf(" %u", c->turns[i]);
	putchar('\n');
}

static void released(void *arg, uint32_t slot)
{
	struct run *r = arg;
	const struct conn *k = conn_get(r->table, slot);

	if (r->f == NULL)
		return;
	if (r->dump && k->proto == PROTO_TCP)
		print_summary(fe_conn_of(r->f, slot), k);
	if (r->hellos) {
		const char *name = fe_hello_name(r->f->hellos,
						 fe_conn_of(r->f, slot)->ja4);
		char a[ADDR_TEXT];

		if (name != NULL)
			printf("%s %u %" PRId64 " %s\n",
			       addr_format(&k->src, a), k->sport, k->first_ns,
			       name);
	}
	farend_release(r->f, slot, k);
}

static bool feed(struct run *r, const char *path, struct err *e)
{
	static struct frame frames[BATCH];
	static struct segment segs[BATCH];
	static struct conn_event evs[BATCH];
	struct capture_spec spec = { .paths = &path,
				     .n_paths = 1,
				     .from = TSTAMP_NONE,
				     .to = TSTAMP_NONE };
	struct capture *cap = capture_open(&spec, e);
	struct decoder *dec = cap ? decoder_new(e) : NULL;
	size_t n;

	if (dec == NULL)
		return false;
	while ((n = capture_read(cap, frames, BATCH)) > 0) {
		decode_batch(dec, frames, n, segs);
		for (size_t at = 0, got; at < n; at += got) {
			got = conn_update(r->table, segs + at, n - at, evs);
			if (r->f != NULL)
				farend_update(r->f, segs + at, evs, got);
			if (got > 0)
				conn_expire(r->table, evs[got - 1].ts,
					    CONN_EXPIRE_MAX);
		}
	}
	conn_flush(r->table);
	decoder_free(dec);
	capture_close(cap);
	return true;
}

static void print_entry(const char *name, const struct farend_entry *e)
{
	printf("%s %s %s %s lr=%.3f e=%.3f leg=%.3f..%.3f res=%.3f jit=%.3f "
	       "rtt=%.3f late=%.3f gap=%.3f turns=%u kinds=%u stacks=%u "
	       "conns=%u legs=%u kind=%s suff=%d src=%d hosts=%u yes=%.3f "
	       "best=%.3f vslow=%.2f\n",
	       name, farend_question_name(e->question),
	       farend_answer_name(e->answer),
	       e->reason ? farend_reason_name(e->reason) : "-",
	       (double)e->log10_lr / 1e6, (double)e->log10_e / 1e6,
	       (double)e->leg.low_ns / 1e6, (double)e->leg.high_ns / 1e6,
	       (double)e->resolution_ns / 1e6, (double)e->jitter_ns / 1e6,
	       (double)e->rtt_ns / 1e6, (double)e->ack_delta_ns / 1e6,
	       (double)e->gap_ns / 1e6, e->turns, e->kinds, e->stacks, e->conns,
	       e->n_legs, e->kind[0] ? e->kind : "-", e->sufficient,
	       e->allows_source, e->hosts, (double)e->log10_yes / 1e6,
	       (double)e->leg.best_ns / 1e6,
	       e->n_rivals ? (double)e->rivals[0].log10_lr / 1e6 : 0);
}

static bool report(struct farend *f, const char *name, bool texts,
		   struct err *e)
{
	struct farend_report r;
	char buf[ADDR_TEXT];

	if (!farend_finish(f, &r, e))
		return false;
	for (size_t i = 0; i < r.n_entries; i++) {
		const struct farend_entry *x = &r.entries[i];

		print_entry(name ? name : addr_format(&x->address, buf), x);
		if (!texts)
			continue;
		printf("\t%s\n\t%s\n", x->observed, x->inferred);
		for (int k = 0; k < x->n_rivals; k++)
			printf("\trival %s %.2f%s\n",
			       farend_rival_name(x->rivals[k].name),
			       (double)x->rivals[k].log10_lr / 1e6,
			       x->rivals[k].by_timing ? ""
						      : " (not by timing)");
	}
	for (size_t i = 0; texts && i < r.n_addresses; i++) {
		const struct farend_address *a = &r.addresses[i];

		printf("%s spoof=%s syn=%s app=%s\n",
		       addr_format(&a->address, buf),
		       farend_spoof_name(a->spoof), a->syn_class, a->app_class);
		for (int k = 0; k < a->n_findings; k++)
			printf("\t%s: %s: %s\n", a->findings[k].proposition,
			       a->findings[k].observed,
			       a->findings[k].inferred);
	}
	farend_report_free(&r);
	return true;
}

static int with_capture(const char *what, const char *path, int times)
{
	static const struct farend_config every = { .all = true };
	struct err e = { 0 };
	struct run r = { .dump = strcmp(what, "dump") == 0,
			 .hellos = strcmp(what, "hellos") == 0 };

	for (int i = 0; i < times; i++) {
		r.table = conn_table_new(65536, released, &r, &e);
		if (strcmp(what, "bare") != 0)
			r.f = farend_new(65536, &every, &e);
		if (r.table == NULL ||
		    (r.f == NULL && strcmp(what, "bare") != 0))
			return fail(&e);
		if (!feed(&r, path, &e))
			return fail(&e);
		if (strcmp(what, "report") == 0 && !report(r.f, NULL, true, &e))
			return fail(&e);
		farend_free(r.f);
		conn_table_free(r.table);
	}
	return 0;
}

static bool read_summary(const char *line, struct fe_summary *s)
{
	unsigned v[19], id;
	int at = 0;
	int64_t start;

	if (sscanf(line, "%*s %*u %*s %*u %u %" SCNd64 "%n", &id, &start, &at) <
	    2)
		return false;
	line += at;
	for (int i = 0; i < 19; i++, line += at)
		if (sscanf(line, "%u%n", &v[i], &at) != 1)
			return false;
	*s = (struct fe_summary){ .id = id,
				  .start_ns = start,
				  .r0_us = v[0],
				  .rmin_us = v[1],
				  .rdata_us = v[2],
				  .rdev_us = v[3],
				  .eta_us = v[4],
				  .stack = v[5],
				  .layout = v[6],
				  .ts_off = v[7],
				  .flags = (uint16_t)v[8],
				  .mss = (uint16_t)v[9],
				  .window = (uint16_t)v[10],
				  .ttl = (uint8_t)v[11],
				  .wscale = (uint8_t)v[12],
				  .proto = (uint8_t)v[13],
				  .n_rdev = (uint8_t)v[14],
				  .app_os = (uint8_t)v[15],
				  .crossing = (uint8_t)v[16],
				  .loss = (uint8_t)v[17],
				  .n_turns = (uint8_t)v[18] };
	for (int i = 0; i < s->n_turns && i < FE_TURNS; i++, line += at)
		if (sscanf(line, "%u%n", &s->turns[i], &at) != 1)
			return false;
	return true;
}

static struct fe_address *reset(struct farend *f)
{
	static const struct addr a = {
		.b = { [10] = 0xff, [11] = 0xff, [12] = 192, [14] = 2 }
	};

	f->n_addresses = 0;
	f->pool_used = 0;
	memset(f->index, 0, ((size_t)f->mask + 1) * sizeof(*f->index));
	return fe_address_get(f, &a, true);
}

static int judge(const char *path)
{
	static char line[4096];
	struct err e = { 0 };
	struct farend_config cfg = { .max_addresses = 16, .all = true };
	struct farend_calib *own = path ? farend_calib_read(path, &e) : NULL;
	struct farend *f;
	struct fe_address *a = NULL;
	char name[256] = "";

	if (path != NULL && own == NULL)
		return fail(&e);
	cfg.calib = own;
	f = farend_new(16, &cfg, &e);
	if (f == NULL)
		return fail(&e);
	while (fgets(line, sizeof(line), stdin) != NULL) {
		struct fe_summary s;

		if (line[0] == '=') {
			if (a != NULL && !report(f, name, false, &e))
				return fail(&e);
			if (sscanf(line + 1, "%255s", name) != 1)
				return 2;
			a = reset(f);
		} else if (a != NULL && read_summary(line, &s) &&
			   (s.flags & FE_HANDSHAKE)) {
			a->conns++;
			a->handshakes++;
			a->loss += s.loss;
			a->crossing += s.crossing;
			fe_address_add(f, a, &s);
		}
	}
	if (a != NULL && !report(f, name, false, &e))
		return fail(&e);
	farend_free(f);
	free(own);
	return 0;
}

static int learn(const char *name)
{
	static char line[4096];
	struct err e = { 0 };
	struct farend_config cfg = { .max_addresses = 65536,
				     .max_summaries = 1 << 20 };
	struct farend *f = farend_new(16, &cfg, &e);
	struct farend_calib *c = farend_calib_shipped(&e);
	struct addr a = { .b = { [10] = 0xff, [11] = 0xff } };
	uint32_t n = 0;

	if (f == NULL || c == NULL)
		return fail(&e);
	while (fgets(line, sizeof(line), stdin) != NULL) {
		struct fe_summary s;
		struct fe_address *to;

		if (!read_summary(line, &s))
			continue;
		a.b[12] = (uint8_t)(n >> 16); /* one address each: no sample */
		a.b[13] = (uint8_t)(n >> 8);
		a.b[14] = (uint8_t)n++;
		to = fe_address_get(f, &a, true);
		if (to != NULL)
			fe_address_add(f, to, &s);
	}
	if (!farend_learn(f, c, &e))
		return fail(&e);
	snprintf(c->name, sizeof(c->name), "%s", name);
	farend_calib_write(c, stdout, "2026-11-22", "tests/lab/farend");
	farend_free(f);
	free(c);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc >= 3 && strcmp(argv[1], "learn") == 0)
		return learn(argv[2]);
	if (argc >= 2 && strcmp(argv[1], "judge") == 0)
		return judge(argc > 2 ? argv[2] : NULL);
	if (argc >= 3)
		return with_capture(argv[1], argv[2],
				    argc > 3 ? atoi(argv[3]) : 1);
	fprintf(stderr,
		"farend_tool dump|hellos|report|time|bare CAPTURE [N] or "
		"judge [CALIBRATION]\n");
	return 2;
}
