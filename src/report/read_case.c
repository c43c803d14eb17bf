/*
 * read_case.c - a case_record from the JSON that json_case.c wrote.
 * The file comes from outside: every field is checked for its type, unknown
 * fields are ignored, and a version we do not know is an error.
 */
#include "report/report.h"

#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "decode/segment.h"

/* A case of 10^6 connections with --all has about 0.6 GB. */
#define CASE_MAX_BYTES (INT64_C(2) << 30)

/* Times and durations: differences of two fit into 64 bits. */
#define NS_MAX INT64_C(4000000000000000000)

/* Of evidence; what is written again keeps every digit. */
#define BANS_MAX 1e6

/* Errors stick: the first bad field is kept, later reads give nothing. */
struct reader {
	struct err *e;
	bool failed;
};

static void bad(struct reader *r, const char *key, const char *want)
{
	if (!r->failed)
		err_set(r->e, ERR_FORMAT, "field \"%s\" is %s", key, want);
	r->failed = true;
}

static struct json_object *field(struct reader *r, struct json_object *o,
				 const char *key, enum json_type type)
{
	struct json_object *v = NULL;

	if (r->failed)
		return NULL;
	if (!json_object_is_type(o, json_type_object) ||
	    !json_object_object_get_ex(o, key, &v)) {
		bad(r, key, "missing");
		return NULL;
	}
	if (type == json_type_double && json_object_is_type(v, json_type_int))
		return v;
	if (!json_object_is_type(v, type)) {
		bad(r, key, "not of the type it should be");
		return NULL;
	}
	return v;
}

static bool is_null(struct json_object *o, const char *key)
{
	struct json_object *v = NULL;

	return !json_object_object_get_ex(o, key, &v) || v == NULL;
}

static int64_t get_int(struct reader *r, struct json_object *o, const char *key,
		       int64_t low, int64_t high)
{
	struct json_object *v = field(r, o, key, json_type_int);
	int64_t n;

	if (v == NULL)
		return 0;
	n = json_object_get_int64(v);
	if (n < low || n > high) {
		bad(r, key, "out of range");
		return 0;
	}
	return n;
}

static uint32_t get_u32(struct reader *r, struct json_object *o,
			const char *key)
{
	return (uint32_t)get_int(r, o, key, 0, UINT32_MAX);
}

static uint64_t get_u64(struct reader *r, struct json_object *o,
			const char *key)
{
	struct json_object *v = field(r, o, key, json_type_int);

	if (v == NULL)
		return 0;
	if (json_object_get_int64(v) < 0) {
		bad(r, key, "negative");
		return 0;
	}
	return json_object_get_uint64(v);
}

static struct tstamp get_time(struct reader *r, struct json_object *o,
			      const char *key)
{
	if (is_null(o, key))
		return TSTAMP_NONE;
	return (struct tstamp){ get_int(r, o, key, -NS_MAX, NS_MAX) };
}

static bool get_bool(struct reader *r, struct json_object *o, const char *key)
{
	struct json_object *v = field(r, o, key, json_type_boolean);

	return v != NULL && json_object_get_boolean(v);
}

static double get_double(struct reader *r, struct json_object *o,
			 const char *key)
{
	struct json_object *v = field(r, o, key, json_type_double);
	double d = v != NULL ? json_object_get_double(v) : 0;

	if (!isfinite(d)) {
		bad(r, key, "not finite");
		return 0;
	}
	return d;
}

static microbans get_bans(struct reader *r, struct json_object *o,
			  const char *key)
{
	double d = get_double(r, o, key);

	if (fabs(d) > BANS_MAX) {
		bad(r, key, "out of range");
		return 0;
	}
	return (microbans)(d * (double)MICROBANS_PER_BAN +
			   (d < 0 ? -0.5 : 0.5));
}

/* -1 for null */
static double get_ms(struct reader *r, struct json_object *o, const char *key)
{
	return is_null(o, key) ? -1 : get_double(r, o, key);
}

static void get_text(struct reader *r, struct json_object *o, const char *key,
		     char *out, size_t size)
{
	struct json_object *v;

	out[0] = '\0';
	if (is_null(o, key))
		return;
	v = field(r, o, key, json_type_string);
	if (v != NULL)
		snprintf(out, size, "%s", json_object_get_string(v));
}

static struct addr get_addr(struct reader *r, struct json_object *o,
			    const char *key)
{
	struct json_object *v = field(r, o, key, json_type_string);
	struct addr a = { .w = { 0 } };

	if (v != NULL && !addr_parse(json_object_get_string(v), &a, NULL))
		bad(r, key, "no IP address");
	return a;
}

/* Text that must be one of our words; the enum has the size of an int. */
#define GET_WORD(r, o, key, parse, out)                                        \
	do {                                                                   \
		char word_[64];                                                \
		get_text(r, o, key, word_, sizeof(word_));                     \
		if (!(r)->failed && !parse(word_, out))                        \
			bad(r, key, "not one of the known words");             \
	} while (0)

/* An array and zeroed records for its items; NULL if empty or failed. */
static void *get_list(struct reader *r, struct json_object *o, const char *key,
		      size_t size, size_t *n, struct json_object **list)
{
	void *out;

	*n = 0;
	*list = field(r, o, key, json_type_array);
	if (*list == NULL || json_object_array_length(*list) == 0)
		return NULL;
	out = calloc(json_object_array_length(*list), size);
	if (out == NULL) {
		err_set(r->e, ERR_MEMORY, "no memory for \"%s\"", key);
		r->failed = true;
		return NULL;
	}
	*n = json_object_array_length(*list);
	return out;
}

static uint32_t *get_ids(struct reader *r, struct json_object *o, size_t *n)
{
	struct json_object *list, *v;
	uint32_t *ids = get_list(r, o, "connections", sizeof(*ids), n, &list);

	for (size_t i = 0; i < *n; i++) {
		v = json_object_array_get_idx(list, i);
		if (!json_object_is_type(v, json_type_int))
			bad(r, "connections", "not a list of ids");
		else
			ids[i] = (uint32_t)json_object_get_int64(v);
	}
	return ids;
}

static void read_parameters(struct reader *r, struct json_object *o,
			    struct case_record *c)
{
	struct json_object *p, *list, *pair;

	p = field(r, o, "parameters", json_type_object);
	if (p == NULL)
		return;
	get_text(r, p, "filter", c->filter, sizeof(c->filter));
	get_text(r, p, "address", c->address, sizeof(c->address));
	get_text(r, p, "expected", c->expected, sizeof(c->expected));
	get_text(r, p, "calibration", c->calibration, sizeof(c->calibration));
	c->from = get_time(r, p, "from_ns");
	c->to = get_time(r, p, "to_ns");
	c->seed = get_u64(r, p, "seed");
	c->max_conns = get_u32(r, p, "max_conns");
	c->max_pairs = get_u32(r, p, "max_pairs");
	c->from_stdin = get_bool(r, p, "stdin");
	c->snapshot = get_bool(r, p, "snapshot");
	c->same_host = get_list(r, p, "same_host", sizeof(*c->same_host),
				&c->n_same_host, &list);
	for (size_t i = 0; i < c->n_same_host; i++) {
		pair = json_object_array_get_idx(list, i);
		for (size_t k = 0; k < 2; k++) {
			struct json_object *v =
				json_object_is_type(pair, json_type_array)
					? json_object_array_get_idx(pair, k)
					: NULL;

			if (!json_object_is_type(v, json_type_string) ||
			    !addr_parse(json_object_get_string(v),
					&c->same_host[i][k], NULL))
				bad(r, "same_host", "no pair of addresses");
		}
	}
}

static void read_capture(struct reader *r, struct json_object *o,
			 struct case_capture *f)
{
	struct json_object *v = field(r, o, "file", json_type_string);

	if (v != NULL)
		f->file = strdup(json_object_get_string(v));
	if (f->file == NULL) {
		bad(r, "file", "missing");
		return;
	}
	get_text(r, o, "sha256", f->sha256, sizeof(f->sha256));
	f->packets = get_u64(r, o, "packets");
	f->selected = get_u64(r, o, "selected");
	f->drops = get_u64(r, o, "drops");
	f->no_time = get_u64(r, o, "no_time");
	f->first = get_time(r, o, "first_ns");
	f->last = get_time(r, o, "last_ns");
	f->time_digits = (uint8_t)get_int(r, o, "time_digits", 0, 18);
	f->damaged = !is_null(o, "damaged");
	if (!f->damaged)
		return;
	v = field(r, o, "damaged", json_type_object);
	f->damage_offset = get_u64(r, v, "offset");
	get_text(r, v, "message", f->damage, sizeof(f->damage));
}

static uint8_t get_proto(struct reader *r, struct json_object *o, bool is_v4)
{
	char word[8];

	get_text(r, o, "proto", word, sizeof(word));
	if (strcmp(word, "tcp") == 0)
		return PROTO_TCP;
	if (strcmp(word, "udp") == 0)
		return PROTO_UDP;
	if (strcmp(word, "icmp") != 0)
		bad(r, "proto", "not one of the known words");
	return is_v4 ? PROTO_ICMP : PROTO_ICMP6;
}

static void get_both(struct reader *r, struct json_object *o, const char *key,
		     uint64_t *out)
{
	struct json_object *v = field(r, o, key, json_type_object);

	out[0] = get_u64(r, v, "src");
	out[1] = get_u64(r, v, "dst");
}

static void get_both32(struct reader *r, struct json_object *o, const char *key,
		       uint32_t *out)
{
	struct json_object *v = field(r, o, key, json_type_object);

	out[0] = get_u32(r, v, "src");
	out[1] = get_u32(r, v, "dst");
}

static void read_conn(struct reader *r, struct json_object *o,
		      struct case_conn *c)
{
	struct json_object *v;

	c->id = get_u32(r, o, "id");
	c->src = get_addr(r, o, "src");
	c->dst = get_addr(r, o, "dst");
	c->proto = get_proto(r, o, addr_is_v4(&c->src));
	c->sport = (uint16_t)get_int(r, o, "sport", 0, 65535);
	c->dport = (uint16_t)get_int(r, o, "dport", 0, 65535);
	c->src_inferred = get_bool(r, o, "src_inferred");
	c->named = true;
	c->capture = CASE_NO_CAPTURE;
	get_text(r, o, "community_id", c->community_id,
		 sizeof(c->community_id));
	c->first = get_time(r, o, "first_ns");
	c->last = get_time(r, o, "last_ns");
	if (!r->failed && (!tstamp_known(c->first) || !tstamp_known(c->last)))
		bad(r, "first_ns", "missing");
	get_both(r, o, "packets", c->packets);
	get_both(r, o, "payload_bytes", c->bytes);
	get_both32(r, o, "data_packets", c->data_packets);
	get_both32(r, o, "retransmitted", c->retransmitted);
	get_both32(r, o, "gaps", c->gaps);
	v = field(r, o, "min_rtt_ns", json_type_object);
	if (v == NULL)
		return;
	for (int i = 0; i < 2; i++) {
		const char *key = i == 0 ? "src" : "dst";

		c->min_rtt_ns[i] =
			is_null(v, key) ? -1 : get_int(r, v, key, 0, NS_MAX);
	}
}

static void read_rivals(struct reader *r, struct json_object *o,
			struct case_relay *y)
{
	struct json_object *list = field(r, o, "rivals", json_type_array);

	for (size_t i = 0; list && i < json_object_array_length(list); i++) {
		struct json_object *v = json_object_array_get_idx(list, i);
		enum rival rival = RIVAL_INDEPENDENT;

		GET_WORD(r, v, "name", rival_parse, &rival);
		y->log10_e[rival] = get_bans(r, v, "log10_e");
	}
	GET_WORD(r, o, "weakest_rival", rival_parse, &y->weakest);
}

static void read_frame(struct reader *r, struct json_object *o, const char *key,
		       struct case_frame *f)
{
	struct json_object *v = field(r, o, key, json_type_object);

	f->capture = (uint32_t)get_int(r, v, "capture", 0, UINT32_MAX);
	f->number = get_u64(r, v, "frame");
	f->ts = get_time(r, v, "time_ns");
	f->bytes = get_u32(r, v, "bytes");
	if (!r->failed && !tstamp_known(f->ts))
		bad(r, "time_ns", "missing");
}

static void read_exchanges(struct reader *r, struct json_object *o,
			   struct case_relay *y)
{
	struct json_object *list;

	if (is_null(o, "exchanges"))
		return; /* a case of before frames were named */
	y->exchanges = get_list(r, o, "exchanges", sizeof(*y->exchanges),
				&y->n_exchanges, &list);
	for (size_t i = 0; i < y->n_exchanges && !r->failed; i++) {
		struct case_exchange *x = &y->exchanges[i];
		struct json_object *v = json_object_array_get_idx(list, i);
		char word[16];

		get_text(r, v, "direction", word, sizeof(word));
		x->reply = strcmp(word, "reply") == 0;
		x->silence_ns = get_int(r, v, "silence_ns", 0, NS_MAX);
		read_frame(r, v, "from", &x->from);
		read_frame(r, v, "to", &x->to);
	}
}

static void read_relay(struct reader *r, struct json_object *o,
		       struct case_relay *y)
{
	struct json_object *v;

	y->host = get_addr(r, o, "host");
	y->in = get_u32(r, o, "in");
	y->out = get_u32(r, o, "out");
	y->sufficient = get_bool(r, o, "sufficient");
	y->expected = get_bool(r, o, "expected");
	GET_WORD(r, o, "instead", instead_parse, &y->instead);
	GET_WORD(r, o, "kind", kind_parse, &y->kind);
	GET_WORD(r, o, "reason", reason_parse, &y->reason);
	y->log10_weakest = get_bans(r, o, "log10_e");
	y->log10_threshold = get_bans(r, o, "log10_threshold");
	y->log10_lr = get_bans(r, o, "log10_lr");
	y->log10_lr_low = get_bans(r, o, "log10_lr_low");
	y->log10_lr_high = get_bans(r, o, "log10_lr_high");
	y->lr_capped = get_bool(r, o, "lr_capped");
	if (!is_null(o, "lr_runs")) /* a case of before they were counted */
		y->lr_runs = get_u32(r, o, "lr_runs");
	read_rivals(r, o, y);
	read_exchanges(r, o, y);
	v = field(r, o, "lag_ns", json_type_object);
	y->lag_median_ns = get_int(r, v, "median", -NS_MAX, NS_MAX);
	y->lag_p95_ns = get_int(r, v, "p95", -NS_MAX, NS_MAX);
	v = field(r, o, "onsets", json_type_object);
	y->onsets = get_u32(r, v, "seen");
	y->answered = get_u32(r, v, "answered");
	v = field(r, o, "bytes", json_type_object);
	y->bursts = get_u32(r, v, "bursts");
	y->equal = get_u32(r, v, "equal");
	v = field(r, o, "decided", json_type_object);
	if (v == NULL)
		return;
	y->decided = get_time(r, v, "at_ns");
	y->decided_after_ns = get_int(r, v, "after_ns", -NS_MAX, NS_MAX);
	y->decided_onsets = get_u32(r, v, "onsets");
}

static void read_chain(struct reader *r, struct json_object *o,
		       struct case_chain *ch)
{
	struct json_object *list;
	size_t n = 0;

	ch->connections = get_ids(r, o, &ch->n);
	ch->route = get_list(r, o, "route", sizeof(*ch->route), &n, &list);
	if (r->failed)
		return;
	if (n != ch->n + 1) {
		bad(r, "route", "not one longer than \"connections\"");
		return;
	}
	for (size_t i = 0; i < n; i++) {
		struct json_object *v = json_object_array_get_idx(list, i);

		if (!json_object_is_type(v, json_type_string) ||
		    !addr_parse(json_object_get_string(v), &ch->route[i], NULL))
			bad(r, "route", "no list of addresses");
	}
	ch->weakest_log10_e = get_bans(r, o, "weakest_log10_e");
	ch->lag_ns = get_int(r, o, "lag_ns", -NS_MAX, NS_MAX);
}

/* Names of TLS clients; cases before 2026-11-22 have none. */
static void read_ja4(struct reader *r, struct json_object *o,
		     struct case_far_end *f)
{
	const size_t most = sizeof(f->ja4) / sizeof(f->ja4[0]);
	struct json_object *list;

	if (r->failed || !json_object_object_get_ex(o, "ja4", &list))
		return;
	if (!json_object_is_type(list, json_type_array) ||
	    json_object_array_length(list) > most) {
		bad(r, "ja4", "not a list of at most four names");
		return;
	}
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		struct json_object *v = json_object_array_get_idx(list, i);
		int n = json_object_is_type(v, json_type_string)
				? json_object_get_string_len(v)
				: 0;

		if (n != 36) {
			bad(r, "ja4", "not a name of 36 characters");
			return;
		}
		memcpy(f->ja4[f->n_ja4], json_object_get_string(v), 36);
		f->ja4[f->n_ja4++][36] = '\0';
	}
}

static void read_far_end(struct reader *r, struct json_object *o,
			 struct case_far_end *f)
{
	struct json_object *v;

	f->address = get_addr(r, o, "address");
	GET_WORD(r, o, "question", far_question_parse, &f->question);
	GET_WORD(r, o, "answer", far_answer_parse, &f->answer);
	get_text(r, o, "reason", f->reason, sizeof(f->reason));
	f->sufficient = get_bool(r, o, "sufficient");
	f->log10_e = get_bans(r, o, "log10_e");
	f->log10_lr = get_bans(r, o, "log10_lr");
	v = field(r, o, "far_leg_ms", json_type_object);
	if (v != NULL) {
		f->leg_low_ms = get_ms(r, v, "low");
		f->leg_high_ms = get_ms(r, v, "high");
	}
	f->resolution_ms = get_ms(r, o, "resolution_ms");
	read_ja4(r, o, f);
	f->connections = get_ids(r, o, &f->n_connections);
}

static void read_finding(struct reader *r, struct json_object *o,
			 struct case_finding *g)
{
	uint32_t *ids;
	size_t n;

	get_text(r, o, "proposition", g->proposition, sizeof(g->proposition));
	get_text(r, o, "observed", g->observed, sizeof(g->observed));
	get_text(r, o, "inferred", g->inferred, sizeof(g->inferred));
	g->log10_e = get_bans(r, o, "log10_e");
	g->log10_lr = get_bans(r, o, "log10_lr");
	ids = get_ids(r, o, &n);
	for (size_t i = 0; i < n && i < 4; i++)
		g->conns[i] = ids[i];
	free(ids);
}

static void read_address(struct reader *r, struct json_object *o,
			 struct case_address *a)
{
	struct json_object *list;
	char quality[8];

	a->address = get_addr(r, o, "address");
	GET_WORD(r, o, "verdict", verdict_parse, &a->verdict);
	GET_WORD(r, o, "reason", reason_parse, &a->reason);
	get_text(r, o, "quality", quality, sizeof(quality));
	a->quality = quality[0];
	get_text(r, o, "why_quality", a->why_quality, sizeof(a->why_quality));
	a->connections = get_u32(r, o, "connections");
	a->findings = get_list(r, o, "findings", sizeof(*a->findings),
			       &a->n_findings, &list);
	for (size_t i = 0; i < a->n_findings; i++)
		read_finding(r, json_object_array_get_idx(list, i),
			     &a->findings[i]);
}

static void read_hypotheses(struct reader *r, struct json_object *o,
			    struct case_record *c)
{
	struct json_object *h = field(r, o, "hypotheses", json_type_object);
	struct json_object *d;

	c->hyp.eligible_pairs = get_u64(r, h, "eligible_pairs");
	c->hyp.alpha = get_double(r, h, "alpha");
	c->hyp.processes = get_u32(r, h, "processes");
	c->hyp.decoys_tested = get_u64(r, h, "decoys_tested");
	c->conns_total = get_u64(r, h, "connections_seen");
	c->validation_runs = get_u32(r, h, "validation_runs");
	get_text(r, h, "strength_table", c->strength_table,
		 sizeof(c->strength_table));
	d = field(r, h, "decoys_above", json_type_object);
	c->hyp.decoys_above[0] = get_u64(r, d, "1");
	c->hyp.decoys_above[1] = get_u64(r, d, "2");
	c->hyp.decoys_above[2] = get_u64(r, d, "3");
	c->hyp.decoys_above[3] = get_u64(r, d, "threshold");
	c->damaged = get_bool(r, o, "damaged");
}

/* The counters; their names live in c->text. */
static void read_losses(struct reader *r, struct json_object *o,
			struct case_record *c)
{
	struct json_object *v = field(r, o, "losses", json_type_object);
	struct json_object_iterator it, end;
	size_t n = 0, bytes = 0;
	char *p;

	if (v == NULL || json_object_object_length(v) == 0)
		return;
	end = json_object_iter_end(v);
	for (it = json_object_iter_begin(v); !json_object_iter_equal(&it, &end);
	     json_object_iter_next(&it)) {
		const char *name = json_object_iter_peek_name(&it);

		if (name[strspn(name, "abcdefghijklmnopqrstuvwxyz_")] != '\0') {
			bad(r, "losses", "not a list of counters");
			return;
		}
		bytes += strlen(name) + 1;
		n++;
	}
	c->losses = calloc(n + 1, sizeof(*c->losses));
	c->text = p = malloc(bytes + 1);
	if (c->losses == NULL || p == NULL) {
		err_set(r->e, ERR_MEMORY, "no memory for \"losses\"");
		r->failed = true;
		return;
	}
	for (it = json_object_iter_begin(v); !json_object_iter_equal(&it, &end);
	     json_object_iter_next(&it)) {
		struct case_counter *l = &c->losses[c->n_losses++];
		size_t len = strlen(json_object_iter_peek_name(&it)) + 1;

		l->name = memcpy(p, json_object_iter_peek_name(&it), len);
		l->value = get_u64(r, v, p);
		p += len;
	}
}

/* One list of the case; each item by its own function. */
#define READ_LIST(key, array, count, read)                                     \
	do {                                                                   \
		c->array = get_list(r, o, key, sizeof(*c->array), &c->count,   \
				    &list);                                    \
		for (size_t i = 0; i < c->count && !r->failed; i++) {          \
			read(r, json_object_array_get_idx(list, i),            \
			     &c->array[i]);                                    \
			if (r->failed)                                         \
				err_ctx(r->e, key " %zu", i + 1);              \
		}                                                              \
	} while (0)

static bool read_all(struct json_object *o, struct case_record *c,
		     struct err *e)
{
	struct reader reader = { .e = e }, *r = &reader;
	struct json_object *list;
	char format[64];

	if (!json_object_is_type(o, json_type_object))
		return err_set(e, ERR_FORMAT, "no wellspring case");
	get_text(r, o, "format", format, sizeof(format));
	if (strcmp(format, "wellspring-case/1") != 0) {
		if (strncmp(format, "wellspring-case/", 16) == 0)
			return err_set(e, ERR_UNSUPPORTED,
				       "a case of version %s; this program "
				       "reads version 1",
				       format + 16);
		return err_set(e, ERR_FORMAT, "no wellspring case");
	}
	read_parameters(r, o, c);
	READ_LIST("captures", captures, n_captures, read_capture);
	READ_LIST("connections", conns, n_conns, read_conn);
	READ_LIST("relays", relays, n_relays, read_relay);
	get_text(r, o, "frames_missing", c->frames_missing,
		 sizeof(c->frames_missing));
	READ_LIST("chains", chains, n_chains, read_chain);
	READ_LIST("far_end", far_ends, n_far_ends, read_far_end);
	if (json_object_object_get_ex(o, "far_end_mute", NULL))
		c->far_end_mute =
			(uint64_t)get_int(r, o, "far_end_mute", 0, INT64_MAX);
	READ_LIST("addresses", addresses, n_addresses, read_address);
	read_hypotheses(r, o, c);
	read_losses(r, o, c);
	for (size_t i = 1; i < c->n_conns; i++) {
		if (c->conns[i].id <= c->conns[i - 1].id)
			bad(r, "connections", "not in order of their ids");
	}
	return !r->failed;
}

static char *read_file(const char *path, size_t *len, struct err *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	char *text = NULL;
	ssize_t n;

	*len = 0;
	if (fd < 0) {
		err_sys(e, errno, "%s", path);
		return NULL;
	}
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		err_set(e, ERR_IO, "%s: not a regular file", path);
		goto out;
	}
	if (st.st_size > CASE_MAX_BYTES - 4) {
		err_set(e, ERR_LIMIT, "%s: larger than a case can be", path);
		goto out;
	}
	text = malloc((size_t)st.st_size + 1);
	if (text == NULL) {
		err_set(e, ERR_MEMORY, "%s: no memory", path);
		goto out;
	}
	while (*len < (size_t)st.st_size) {
		n = read(fd, text + *len, (size_t)st.st_size - *len);
		if (n <= 0)
			break;
		*len += (size_t)n;
	}
	text[*len] = '\0';
out:
	close(fd);
	return text;
}

struct case_record *report_read_text(const char *text, size_t len,
				     struct err *e)
{
	struct json_tokener *tok = json_tokener_new();
	struct case_record *c = case_new(e);
	struct json_object *o = NULL;
	bool good = false;

	if (tok == NULL || c == NULL) {
		err_set(e, ERR_MEMORY, "no memory");
		goto out;
	}
	json_tokener_set_flags(tok, JSON_TOKENER_STRICT |
					    JSON_TOKENER_VALIDATE_UTF8);
	o = json_tokener_parse_ex(tok, text, (int)len + 1);
	if (json_tokener_get_error(tok) != json_tokener_success) {
		err_at(e, ERR_FORMAT, json_tokener_get_parse_end(tok),
		       "no JSON at byte %zu: %s%s",
		       json_tokener_get_parse_end(tok),
		       json_tokener_error_desc(json_tokener_get_error(tok)),
		       json_tokener_get_parse_end(tok) == 0
			       ? " (a case is what 'wellspring analyze "
				 "--json=FILE' writes)"
			       : "");
		goto out;
	}
	good = read_all(o, c, e);
out:
	if (!good) {
		case_free(c);
		c = NULL;
	}
	json_object_put(o);
	if (tok != NULL)
		json_tokener_free(tok);
	return c;
}

struct case_record *report_read_case(const char *path, struct err *e)
{
	struct case_record *c;
	size_t len = 0;
	char *text = read_file(path, &len, e);

	if (text == NULL)
		return NULL;
	c = report_read_text(text, len, e);
	if (c == NULL)
		err_ctx(e, "%s", path);
	free(text);
	return c;
}
