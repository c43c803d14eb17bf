/*
 * analyze.c - the layers wired together: capture, decode, conn, feature,
 * relay, evidence.  One thread owns conn, feature and relay; reading, decoding
 * and the far end may have another (intake.h).
 */
#include "pipeline/analyze.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "conn/conn.h"
#include "decode/decode.h"
#include "evidence/assess.h"
#include "evidence/community.h"
#include "evidence/far.h"
#include "farend/calib.h"
#include "farend/farend.h"
#include "farend/sigs.h"
#include "feature/burst.h"
#include "pipeline/frames.h"
#include "pipeline/intake.h"
#include "pipeline/passive_tap.h"
#include "relay/index.h"
#include "relay/judge.h"

#define POOL_BYTES     ((size_t)320 << 20) /* burst logs; touched as needed */
#define SOON	       3 /* connections that leave: their state is prefetched */
#define PAIRS_KEPT     20000
#define IDLE_MS	       1000 /* a quiet pipe is looked at for signals */
#define PROGRESS_EVERY 512  /* batches */
#define FIELD(a)       (sizeof(a) / sizeof((a)[0]))

struct run {
	const struct analyze_options *o;
	struct farend_calib *calib; /* the user's, or NULL */
	struct farend_sigs *sigs;
	struct capture *capture;
	struct decoder *decoder;
	struct intake *intake;	    /* of the two, while reading */
	struct intake_batch *batch; /* being used */
	size_t at;		    /* event in it */
	struct conn_table *conns;
	struct conn_pace pace;
	struct burst_table *bursts;
	struct relay_index *index;
	struct judge *judge;
	struct farend *far;	 /* NULL: not asked for */
	struct passive_tap *tap; /* NULL: not asked for */
	uint8_t *named;		 /* per slot: a kept pair names it */
	struct assess_pair *pairs;
	size_t n_pairs, room_pairs;
	uint64_t pairs_dropped;
	uint64_t same_twice;	/* candidates that are one connection */
	struct case_conn *kept; /* summaries of released connections */
	size_t n_kept, room_kept;
	struct addr *expected;
	size_t n_expected;
	uint64_t packets;
	bool ended;
	bool out_of_memory;
};

void analyze_defaults(struct analyze_options *o)
{
	*o = (struct analyze_options){
		.input = { .from = TSTAMP_NONE,
			   .to = TSTAMP_NONE,
			   .idle_ms = IDLE_MS },
		.alpha = 0.01,
		.max_conns = 1000000,
		.max_pairs = 65536,
		.threads = 1,
		.seed = 1,
	};
}

/* Room for one more; false and out_of_memory when there is none. */
static bool grow(struct run *r, void **array, size_t n, size_t *room,
		 size_t size)
{
	size_t want = *room > 0 ? *room * 2 : 64;
	void *p;

	if (n < *room)
		return true;
	p = realloc(*array, want * size);
	if (p == NULL) {
		r->out_of_memory = true;
		return false;
	}
	*array = p;
	*room = want;
	return true;
}

static void summarise(const struct run *r, uint32_t slot, struct case_conn *out)
{
	const struct conn *c = conn_get(r->conns, slot);
	const struct conn_cold *k = conn_get_cold(r->conns, slot);

	*out = (struct case_conn){
		.id = c->id,
		.proto = c->proto,
		.src_inferred =
			c->proto == PROTO_TCP &&
			!(c->flags & (CONN_SYN_SEEN | CONN_SYNACK_SEEN)),
		.named = r->named[slot],
		.src = c->src,
		.dst = c->dst,
		.sport = c->sport,
		.dport = c->dport,
		.first = { c->first_ns },
		.last = { c->last_ns },
		.capture = c->file,
	};
	for (int d = 0; d < 2; d++) {
		const struct conn_side *s = &c->side[d];

		out->packets[d] = s->packets;
		out->bytes[d] = conn_bytes(r->conns, slot, d);
		out->data_packets[d] = s->data_packets;
		out->retransmitted[d] = k->retransmitted[d];
		out->gaps[d] = k->gaps[d];
		out->min_rtt_ns[d] = s->min_rtt_us == UINT32_MAX
					     ? -1
					     : (int64_t)s->min_rtt_us * 1000;
	}
	if (c->proto == PROTO_ICMP || c->proto == PROTO_ICMP6)
		community_id(c->proto, &c->src,
			     c->proto == PROTO_ICMP ? 8 : 128, &c->dst, 0,
			     out->community_id);
	else
		community_id(c->proto, &c->src, c->sport, &c->dst, c->dport,
			     out->community_id);
}

static void on_judge(void *arg, const struct candidate *c)
{
	struct run *r = arg;
	struct assess_pair *p;
	struct pair_result res;

	if (!judge_candidate(r->judge, c, r->conns, r->bursts, r->index,
			     &res)) {
		r->same_twice++;
		return;
	}
	if (res.weakest < 0 && !res.forwards_packets)
		return;
	if (r->n_pairs == PAIRS_KEPT ||
	    !grow(r, (void **)&r->pairs, r->n_pairs, &r->room_pairs,
		  sizeof(*r->pairs))) {
		r->pairs_dropped++;
		return;
	}
	p = &r->pairs[r->n_pairs++];
	p->host = relay_index_host(r->index, c->host)->addr;
	p->host_id = c->host;
	p->result = res;
	for (int i = 0; i < 2; i++) {
		p->conn[i] = conn_get(r->conns, c->slot[i])->id;
		p->end[i] = c->end[i];
		r->named[c->slot[i]] = 1;
	}
}

static void on_release(void *arg, uint32_t slot)
{
	struct run *r = arg;

	if (r->far != NULL && r->o->threads < 2)
		farend_leaves_soon(r->far, conn_get(r->conns, slot));
	if (r->far != NULL && r->batch != NULL)
		r->batch->gone[r->batch->n_gone++] =
			(struct intake_gone){ *conn_get(r->conns, slot), slot,
					      (uint32_t)r->at };
	else if (r->far != NULL)
		farend_release(r->far, slot, conn_get(r->conns, slot));
	if (r->tap != NULL)
		passive_tap_release(r->tap, slot);
	relay_index_release(r->index, slot, conn_get(r->conns, slot),
			    conn_get_cold(r->conns, slot));
	if ((r->named[slot] || r->o->all) &&
	    grow(r, (void **)&r->kept, r->n_kept, &r->room_kept,
		 sizeof(*r->kept)))
		summarise(r, slot, &r->kept[r->n_kept++]);
	burst_release(r->bursts, slot);
	r->named[slot] = 0;
}

/* slot will leave soon: nothing is done but to fetch.  The far end is asked
 * only where it is in this thread. */
static void on_leaving(void *arg, uint32_t slot, bool near)
{
	const struct run *r = arg;

	__builtin_prefetch(&r->named[slot]);
	if (near) {
		burst_prefetch_log(r->bursts, slot);
		relay_index_prefetch_ends(r->index, slot);
	} else {
		burst_prefetch_slot(r->bursts, slot);
		relay_index_prefetch_slot(r->index, slot);
	}
	if (near && r->far != NULL && r->o->threads < 2)
		farend_leaves_later(r->far, slot, conn_get(r->conns, slot));
}

/* Addresses of hosts that are meant to relay: one a line, # comments. */
static bool read_expected(struct run *r, struct err *e)
{
	char line[256], *end;
	size_t room = 0;
	int number = 0;
	FILE *f;

	if (r->o->expected == NULL)
		return true;
	f = fopen(r->o->expected, "r");
	if (f == NULL)
		return err_sys(e, errno, "cannot open %s", r->o->expected);
	while (fgets(line, sizeof(line), f) != NULL) {
		char *p = line + strspn(line, " \t");

		number++;
		end = p + strcspn(p, " \t\r\n#");
		*end = '\0';
		if (*p == '\0')
			continue;
		if (!grow(r, (void **)&r->expected, r->n_expected, &room,
			  sizeof(*r->expected)) ||
		    !addr_parse(p, &r->expected[r->n_expected], e)) {
			fclose(f);
			return err_ctx(e, "%s line %d", r->o->expected, number);
		}
		r->n_expected++;
	}
	fclose(f);
	return true;
}

/* The far end, with the user's calibration and signatures where given. */
static bool open_far(struct run *r, struct err *e)
{
	const struct analyze_options *o = r->o;
	struct farend_config cfg = { .n_local = 0,
				     .alpha = o->alpha,
				     .all = o->all };

	if (o->calibration != NULL &&
	    (r->calib = farend_calib_read(o->calibration, e)) == NULL)
		return false;
	if (o->signatures != NULL &&
	    (r->sigs = farend_sigs_read(o->signatures, e)) == NULL)
		return false;
	cfg.calib = r->calib;
	cfg.sigs = r->sigs;
	r->far = farend_new(o->max_conns, &cfg, e);
	return r->far != NULL;
}

static bool run_open(struct run *r, struct err *e)
{
	const struct analyze_options *o = r->o;

	if (!read_expected(r, e))
		return false;
	r->capture = capture_open(&o->input, e);
	if (r->capture == NULL)
		return false;
	r->decoder = decoder_new(e);
	r->conns = conn_table_new(o->max_conns, on_release, r, e);
	r->bursts = burst_table_new(o->max_conns, POOL_BYTES, e);
	r->index = relay_index_new(o->max_conns, o->max_pairs, on_judge, r, e);
	r->judge = judge_new(o->seed, e);
	r->named = mem_map(o->max_conns);
	if (!o->no_far_end && !open_far(r, e))
		return false;
	if (o->passive && (r->tap = passive_tap_new(o->max_conns, e)) == NULL)
		return false;
	if (!r->decoder || !r->conns || !r->bursts || !r->index || !r->judge)
		return false;
	conn_on_leaving(r->conns, on_leaving);
	if (r->named == NULL)
		return err_set(e, ERR_MEMORY, "no memory for %u connections",
			       o->max_conns);
	for (size_t i = 0; i < o->n_same_host; i++)
		if (!relay_index_join(r->index, &o->same_host[i][0],
				      &o->same_host[i][1]))
			return err_set(e, ERR_LIMIT, "too many hosts");
	return true;
}

static void run_close(struct run *r)
{
	farend_free(r->far);
	free(r->calib);
	free(r->sigs);
	passive_tap_free(r->tap);
	judge_free(r->judge);
	relay_index_free(r->index);
	burst_table_free(r->bursts);
	conn_table_free(r->conns);
	decoder_free(r->decoder);
	capture_close(r->capture);
	mem_unmap(r->named, r->o->max_conns);
	free(r->pairs);
	free(r->kept);
	free(r->expected);
}

/* New connections and onsets, in order of their packets. */
static void use_notes(struct run *r, const struct conn_event *ev,
		      const struct burst_note *notes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (notes[i].is_new)
			relay_index_prefetch_buckets(
				r->index,
				conn_get(r->conns, ev[notes[i].event].slot));
	for (size_t i = 0; i < n; i++)
		if (notes[i].is_new)
			relay_index_prefetch_hosts(
				r->index,
				conn_get(r->conns, ev[notes[i].event].slot));
	for (size_t i = 0; i < n; i++)
		if (notes[i].is_onset)
			relay_index_prefetch_slot(r->index,
						  ev[notes[i].event].slot);
	for (size_t i = 0; i < n; i++)
		if (notes[i].is_onset)
			relay_index_prefetch_ends(r->index,
						  ev[notes[i].event].slot);
	for (size_t i = 0; i < n; i++) {
		const struct conn_event *e = &ev[notes[i].event];

		if (notes[i].is_new)
			relay_index_open(r->index, e->slot,
					 conn_get(r->conns, e->slot));
		if (!notes[i].is_onset)
			continue;
		relay_index_activate(r->index, e->slot);
		relay_index_onset(r->index, e->slot, e->dir,
				  (int64_t)notes[i].us);
	}
}

/* The far end of a batch, perhaps in the other thread: it has the events and
 * copies of what left, never the tables.  Its answers come after the end. */
static void use_far(void *arg, const struct intake_batch *b)
{
	struct run *r = arg;
	const bool fetch = r->o->threads > 1; /* or else it was on leaving */
	size_t done = 0;

	for (size_t g = 0; fetch && g < 2 * SOON && g < b->n_gone; g++)
		farend_leaves_later(r->far, b->gone[g].slot, &b->gone[g].conn);
	for (size_t g = 0; g < b->n_gone; g++) {
		const struct intake_gone *k = &b->gone[g];

		if (k->at > done) {
			farend_update(r->far, b->seg + done, b->ev + done,
				      k->at - done);
			done = k->at;
		}
		if (fetch && g + 2 * SOON < b->n_gone)
			farend_leaves_later(r->far, k[2 * SOON].slot,
					    &k[2 * SOON].conn);
		if (fetch && g + SOON < b->n_gone)
			farend_leaves_soon(r->far, &k[SOON].conn);
		farend_release(r->far, k->slot, &k->conn);
	}
	farend_update(r->far, b->seg + done, b->ev + done, b->n - done);
}

static bool wanted(const struct run *r, const struct segment *s)
{
	return !r->o->has_address || addr_eq(&s->src, &r->o->address) ||
	       addr_eq(&s->dst, &r->o->address);
}

/* n segments of the batch from r->at on, none of which lets others leave. */
static void use_segments(struct run *r, struct intake_batch *b, size_t n)
{
	struct burst_note notes[INTAKE_BATCH];
	size_t end = r->at + n, done, noted;
	struct conn_event *ev;

	for (; r->at < end; r->at += done) {
		ev = b->ev + r->at;
		done = conn_update(r->conns, b->seg + r->at, end - r->at, ev);
		noted = burst_update_batch(r->bursts, ev, done,
					   PAIR_MIN_BURSTS - 1, notes);
		use_notes(r, ev, notes, noted);
		for (size_t i = 0; r->tap != NULL && i < done; i++)
			passive_tap_update(r->tap, &b->seg[r->at + i], &ev[i],
					   r->conns);
	}
}

static void use_batch(struct run *r, struct intake_batch *b)
{
	size_t n;

	if (r->o->has_address)
		for (size_t i = 0; i < b->n; i++)
			if (b->seg[i].outcome == SEG_OK &&
			    !wanted(r, &b->seg[i]))
				b->seg[i].outcome = SEG_OTHER;
	r->batch = b;
	for (r->at = 0; r->at < b->n;) {
		n = conn_pace(&r->pace, b->seg + r->at, b->n - r->at);
		if (n == 0)
			conn_pace_expire(&r->pace, r->conns, b->seg[r->at].ts);
		else
			use_segments(r, b, n);
	}
	r->batch = NULL;
}

/* Bytes read of all, for the progress line; all is 0 when not known. */
static void tell_progress(struct run *r)
{
	const struct capture_file *f;
	uint64_t done = 0, all = 0;
	size_t n;

	if (r->o->progress == NULL)
		return;
	intake_pause(r->intake);
	n = capture_files(r->capture, &f);
	for (size_t i = 0; i < n; i++) {
		done += f[i].bytes_read;
		all += f[i].bytes;
	}
	intake_resume(r->intake);
	r->o->progress(r->o->progress_arg, done, all, r->packets);
}

static struct case_record *build_case(struct run *r, bool snapshot,
				      struct err *e);

/* False when it has no segments. */
static bool use_next(struct run *r)
{
	struct intake_batch *b = intake_next(r->intake);

	r->ended = b->ended;
	r->packets += b->frames;
	if (b->n > 0)
		use_batch(r, b);
	return b->n > 0;
}

static void snapshot(struct run *r)
{
	struct case_record *c;
	size_t n_pairs;

	intake_pause(r->intake);
	while (intake_ready(r->intake) && !r->ended) /* all that was read */
		use_next(r);
	n_pairs = r->n_pairs;
	relay_index_each(r->index, on_judge, r);
	c = build_case(r, true, NULL);
	r->n_pairs = n_pairs; /* the open ones are judged again later */
	intake_resume(r->intake);
	if (c != NULL && r->o->on_snapshot != NULL)
		r->o->on_snapshot(r->o->snapshot_arg, c);
	case_free(c);
}

static void look_at_signals(struct run *r)
{
	if (r->o->want_stop != NULL && *r->o->want_stop)
		capture_stop(r->capture);
	if (r->o->want_snapshot == NULL || !*r->o->want_snapshot)
		return;
	*r->o->want_snapshot = 0;
	snapshot(r);
}

static bool read_all(struct run *r, struct err *e)
{
	const struct intake_how how = {
		.thread = r->o->threads > 1,
		.copy_payload = r->far != NULL || r->tap != NULL,
		.after = r->far != NULL ? use_far : NULL,
		.arg = r,
	};
	unsigned batches = 0;

	r->intake = intake_new(r->capture, r->decoder, &how, e);
	if (r->intake == NULL)
		return false;
	for (;;) {
		look_at_signals(r);
		if (r->ended)
			break;
		/* without segments: idle, or a signal woke it */
		if (use_next(r) && ++batches % PROGRESS_EVERY == 0)
			tell_progress(r);
	}
	tell_progress(r);
	intake_free(r->intake);
	r->intake = NULL;
	return true;
}

static bool fill_captures(struct run *r, struct case_record *c)
{
	const struct capture_file *f;
	size_t n = capture_files(r->capture, &f);

	c->captures = calloc(n + 1, sizeof(*c->captures));
	if (c->captures == NULL)
		return false;
	for (size_t i = 0; i < n; i++) {
		struct case_capture *k = &c->captures[c->n_captures];

		k->file = strdup(f[i].path);
		if (k->file == NULL)
			return false;
		c->n_captures++;
		memcpy(k->sha256, f[i].sha256, sizeof(k->sha256));
		k->packets = f[i].packets;
		k->selected = f[i].selected;
		k->drops = f[i].drops;
		k->no_time = f[i].no_time;
		k->first = f[i].first;
		k->last = f[i].last;
		k->time_digits = f[i].time_digits;
		k->damaged = f[i].damaged;
		k->damage_offset = f[i].damage_offset;
		memcpy(k->damage, f[i].damage, sizeof(k->damage));
		c->damaged = c->damaged || f[i].damaged;
	}
	return true;
}

static bool fill_losses(struct run *r, struct case_record *c)
{
	const struct decode_stats *d = decoder_stats(r->decoder);
	const struct conn_stats *t = conn_table_stats(r->conns);
	const struct burst_stats *b = burst_table_stats(r->bursts);
	const struct index_stats *x = relay_index_stats(r->index);
	uint64_t drops = 0, skipped = 0, excluded = 0;
	const struct capture_file *f;
	size_t n = capture_files(r->capture, &f);

	for (size_t i = 0; i < n; i++) {
		drops += f[i].drops;
		skipped += f[i].skipped;
		excluded += f[i].packets - f[i].selected;
	}
	const struct case_counter all[] = {
		{ "files_ignored", capture_ignored(r->capture) },
		{ "capture_drops", drops },
		{ "blocks_skipped", skipped },
		{ "packets_not_selected", excluded },
		{ "packets_truncated", d->outcome[SEG_TRUNCATED] },
		{ "packets_malformed", d->outcome[SEG_MALFORMED] },
		{ "packets_unsupported", d->outcome[SEG_UNSUPPORTED] },
		{ "packets_not_ip", d->outcome[SEG_OTHER] },
		{ "fragments_without_first", d->fragments_lost },
		{ "packets_without_time", t->no_time },
		{ "duplicates", t->duplicates },
		{ "retransmissions", t->retransmitted },
		{ "sequence_holes", t->gaps },
		{ "connections_evicted", t->evicted },
		{ "bursts_not_logged", b->lost },
		{ "pairs_refused", x->refused },
		{ "pairs_not_kept", r->pairs_dropped },
		{ "hosts_refused", x->hosts_refused },
		{ "connections_seen_twice", r->same_twice },
	};

	c->losses = malloc(sizeof(all));
	if (c->losses == NULL)
		return false;
	memcpy(c->losses, all, sizeof(all));
	c->n_losses = FIELD(all);
	c->damaged = c->damaged || t->evicted > 0 || x->refused > 0 ||
		     x->hosts_refused > 0;
	return true;
}

static int by_id(const void *a, const void *b)
{
	const struct case_conn *x = a, *y = b;

	return x->id < y->id ? -1 : x->id > y->id;
}

/* Released connections and, for a snapshot, those still open. */
static bool fill_conns(struct run *r, struct case_record *c)
{
	size_t n = r->n_kept;

	for (uint32_t s = 0; s < conn_slots(r->conns); s++)
		n += conn_is_open(r->conns, s) && (r->named[s] || r->o->all);
	c->conns = calloc(n + 1, sizeof(*c->conns));
	if (c->conns == NULL)
		return false;
	if (r->n_kept > 0)
		memcpy(c->conns, r->kept, r->n_kept * sizeof(*c->conns));
	c->n_conns = r->n_kept;
	for (uint32_t s = 0; s < conn_slots(r->conns); s++)
		if (conn_is_open(r->conns, s) && (r->named[s] || r->o->all))
			summarise(r, s, &c->conns[c->n_conns++]);
	qsort(c->conns, c->n_conns, sizeof(*c->conns), by_id);
	c->conns_total = conn_table_stats(r->conns)->opened;
	return true;
}

static bool fill_parameters(const struct run *r, struct case_record *c)
{
	const struct analyze_options *o = r->o;

	c->seed = o->seed;
	c->from = o->input.from;
	c->to = o->input.to;
	c->max_conns = o->max_conns;
	c->max_pairs = o->max_pairs;
	if (o->input.bpf != NULL)
		snprintf(c->filter, sizeof(c->filter), "%s", o->input.bpf);
	if (o->expected != NULL)
		snprintf(c->expected, sizeof(c->expected), "%s", o->expected);
	if (o->has_address)
		addr_format(&o->address, c->address);
	for (size_t i = 0; i < o->input.n_paths; i++)
		c->from_stdin =
			c->from_stdin || strcmp(o->input.paths[i], "-") == 0;
	if (o->n_same_host == 0)
		return true;
	c->same_host = calloc(o->n_same_host, sizeof(*c->same_host));
	if (c->same_host == NULL)
		return false;
	memcpy(c->same_host, o->same_host,
	       o->n_same_host * sizeof(*c->same_host));
	c->n_same_host = o->n_same_host;
	return true;
}

static uint64_t decoys_at(const void *judge, microbans threshold)
{
	return judge_decoys_at(judge, threshold);
}

static struct case_record *build_case(struct run *r, bool snapshot,
				      struct err *e)
{
	const struct judge_stats *j = judge_stats(r->judge);
	struct case_record *c = case_new(e);
	struct assess_input in;
	uint64_t drops = 0;

	if (c == NULL)
		return NULL;
	c->snapshot = snapshot;
	if (!fill_captures(r, c) || !fill_losses(r, c) || !fill_conns(r, c) ||
	    !fill_parameters(r, c)) {
		err_set(e, ERR_MEMORY, "no memory for the report");
		goto fail;
	}
	for (size_t i = 0; i < c->n_captures; i++)
		drops += c->captures[i].drops;
	in = (struct assess_input){
		.pairs = r->pairs,
		.n_pairs = r->n_pairs,
		.index = r->index,
		.epoch_ns = burst_epoch_ns(r->bursts),
		.expected = r->expected,
		.n_expected = r->n_expected,
		.alpha = r->o->alpha,
		.all = r->o->all,
		.capture_loss = drops > 0,
		.decoys = j->decoys,
		.decoys_at = decoys_at,
		.decoys_arg = r->judge,
	};
	memcpy(in.decoys_above, j->decoys_above, sizeof(in.decoys_above));
	if (!assess(&in, c, e))
		goto fail;
	return c;
fail:
	case_free(c);
	return NULL;
}

static bool add_far_end(struct run *r, struct case_record *c, struct err *e)
{
	return r->far == NULL || far_apply(c, r->far, e);
}

/* The capture's own view of the networks outside, for --mrt. */
static bool add_passive(struct run *r, struct case_record *c, struct err *e)
{
	uint64_t drops = 0, packets = 0;

	if (r->tap == NULL)
		return true;
	for (size_t i = 0; i < c->n_captures; i++) {
		drops += c->captures[i].drops;
		packets += c->captures[i].packets;
	}
	c->passive = passive_tap_finish(r->tap, drops, packets);
	if (c->passive == NULL)
		return err_set(e, ERR_MEMORY, "no memory for the networks");
	return true;
}

static struct case_record *finish(struct run *r, struct err *e)
{
	struct case_record *c;

	conn_flush(r->conns);
	if (r->out_of_memory) {
		err_set(e, ERR_MEMORY, "no memory for the results");
		return NULL;
	}
	c = build_case(r, false, e);
	if (c != NULL && (!add_far_end(r, c, e) || !add_passive(r, c, e))) {
		case_free(c);
		return NULL;
	}
	return c;
}

/* Two sensors have two clocks: never one timeline. */
static bool check_sensors(const struct run *r, struct err *e)
{
	const struct conn_stats *t = conn_table_stats(r->conns);
	const struct capture_file *f;

	if (!t->two_sensors)
		return true;
	capture_files(r->capture, &f);
	return err_set(e, ERR_USAGE,
		       "%s and %s saw the same connection at the same time: "
		       "two sensors are no timeline, analyze them one by one",
		       f[t->sensor_file[0]].path, f[t->sensor_file[1]].path);
}

struct case_record *analyze_run(const struct analyze_options *o, struct err *e)
{
	struct run r = { .o = o };
	struct case_record *c = NULL;

	if (!run_open(&r, e))
		goto out;
	if (!read_all(&r, e))
		goto out;
	if (check_sensors(&r, e))
		c = finish(&r, e);
out:
	run_close(&r);
	if (c != NULL && o->frames && !frames_collect(o, c, e)) {
		case_free(c);
		return NULL;
	}
	return c;
}
