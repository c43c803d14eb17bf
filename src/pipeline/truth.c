/* truth.c - see truth.h. */
#include "pipeline/truth.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "decode/segment.h"

static const char *text(struct json_object *o, const char *key)
{
	struct json_object *v = json_object_object_get(o, key);

	return json_object_is_type(v, json_type_string)
		       ? json_object_get_string(v)
		       : "";
}

static int64_t seconds_ns(struct json_object *o, const char *key)
{
	double s = json_object_get_double(json_object_object_get(o, key));

	return fabs(s) < 9e9 ? (int64_t)(s * 1e9) : 0;
}

static uint16_t port(struct json_object *o, const char *key)
{
	return (uint16_t)json_object_get_int(json_object_object_get(o, key));
}

/* Array `key` of o and zeroed records for it. */
static struct json_object *list(struct json_object *o, const char *key,
				void **out, size_t size, size_t *n)
{
	struct json_object *v = json_object_object_get(o, key);

	*n = 0;
	*out = NULL;
	if (!json_object_is_type(v, json_type_array))
		return NULL;
	*out = calloc(json_object_array_length(v) + 1, size);
	if (*out != NULL)
		*n = json_object_array_length(v);
	return v;
}

/* Bit of a capture file; 0 when it is none of the first 64. */
static uint64_t capture_bit(const struct truth *t, const char *file)
{
	for (size_t k = 0; file != NULL && k < t->n_captures && k < 64; k++) {
		if (strcmp(t->captures[k].file, file) == 0)
			return UINT64_C(1) << k;
	}
	return 0;
}

static bool read_conn(struct json_object *o, const struct truth *t,
		      struct truth_conn *c, struct err *e)
{
	struct json_object *seen = json_object_object_get(o, "seen");
	const char *proto = text(o, "proto");

	snprintf(c->id, sizeof(c->id), "%s", text(o, "id"));
	c->proto = strcmp(proto, "tcp") == 0   ? PROTO_TCP
		   : strcmp(proto, "udp") == 0 ? PROTO_UDP
					       : PROTO_ICMP;
	c->sport = port(o, "sport");
	c->dport = port(o, "dport");
	c->start_ns = seconds_ns(o, "start");
	c->end_ns = seconds_ns(o, "end");
	if (json_object_is_type(seen, json_type_object)) {
		json_object_object_foreach(seen, file, counts)
		{
			(void)counts;
			c->seen |= capture_bit(t, file);
		}
	}
	return addr_parse(text(o, "src"), &c->src, e) &&
	       addr_parse(text(o, "dst"), &c->dst, e);
}

static size_t find_conn(const struct truth *t, const char *id)
{
	for (size_t i = 0; i < t->n_conns; i++) {
		if (strcmp(t->conns[i].id, id) == 0)
			return i;
	}
	return SIZE_MAX;
}

/* Sessions with OpenSSH >= 9.5 in them send chaff after each key: a case of
 * its own in every table.  The testbed calls that client "sshnew". */
static bool has_chaff(struct json_object *o)
{
	struct json_object *tools = json_object_object_get(
		json_object_object_get(o, "parameters"), "tools");

	if (!json_object_is_type(tools, json_type_array))
		return false;
	for (size_t i = 0; i < json_object_array_length(tools); i++) {
		const char *s = json_object_get_string(
			json_object_array_get_idx(tools, i));

		if (s != NULL && strcmp(s, "sshnew") == 0)
			return true;
	}
	return false;
}

static bool read_relay(struct json_object *o, struct truth *t,
		       struct truth_relay *r, struct err *e)
{
	struct json_object *seen =
		json_object_object_get(o, "seen_together_in");

	r->in = find_conn(t, text(o, "in"));
	r->out = find_conn(t, text(o, "out"));
	if (r->in == SIZE_MAX || r->out == SIZE_MAX)
		return err_set(e, ERR_FORMAT, "relay %s: unknown connection",
			       text(o, "id"));
	snprintf(r->host, sizeof(r->host), "%s", text(o, "host"));
	snprintf(r->tool, sizeof(r->tool), "%.24s", text(o, "tool"));
	snprintf(r->kind, sizeof(r->kind), "%s", text(o, "kind"));
	r->terminates = strcmp(r->kind, "packet-level") != 0 &&
			strcmp(r->kind, "vpn") != 0;
	for (size_t k = 0; k < t->n_hosts; k++) {
		if (r->terminates && strcmp(t->hosts[k].name, r->host) == 0)
			t->hosts[k].relays = true;
	}
	r->together = t->conns[r->in].seen & t->conns[r->out].seen;
	if (!json_object_is_type(seen, json_type_array))
		return true; /* as the testbed writes it, before selection */
	r->together = 0;
	for (size_t i = 0; i < json_object_array_length(seen); i++)
		r->together |= capture_bit(
			t, json_object_get_string(
				   json_object_array_get_idx(seen, i)));
	return true;
}

static void read_host(struct json_object *o, struct truth_host *h)
{
	const char *role = text(o, "role");

	snprintf(h->name, sizeof(h->name), "%s", text(o, "name"));
	h->hands_on =
		strncmp(role, "nat", 3) == 0 || strncmp(role, "vpn", 3) == 0;
	if (!addr_parse(text(o, "ipv4"), &h->address[0], NULL))
		memset(&h->address[0], 0, sizeof(h->address[0]));
	if (!addr_parse(text(o, "ipv6"), &h->address[1], NULL))
		memset(&h->address[1], 0, sizeof(h->address[1]));
}

static bool read_truth(struct json_object *o, struct truth *t, struct err *e)
{
	struct json_object *l;
	void *p;

	if (strcmp(text(o, "schema"), "springboard-testbed-truth/1") != 0)
		return err_set(e, ERR_FORMAT, "no truth file of version 1");
	snprintf(t->scenario, sizeof(t->scenario), "%s", text(o, "scenario"));
	t->group = text(o, "group")[0];
	l = list(o, "captures", &p, sizeof(*t->captures), &t->n_captures);
	t->captures = p;
	for (size_t i = 0; i < t->n_captures; i++) {
		struct json_object *v = json_object_array_get_idx(l, i);

		snprintf(t->captures[i].file, sizeof(t->captures[i].file), "%s",
			 text(v, "file"));
		t->captures[i].clock_offset_ns =
			seconds_ns(v, "clock_offset_s");
	}
	l = list(o, "hosts", &p, sizeof(*t->hosts), &t->n_hosts);
	t->hosts = p;
	for (size_t i = 0; i < t->n_hosts; i++)
		read_host(json_object_array_get_idx(l, i), &t->hosts[i]);
	l = list(o, "connections", &p, sizeof(*t->conns), &t->n_conns);
	t->conns = p;
	for (size_t i = 0; i < t->n_conns; i++) {
		if (!read_conn(json_object_array_get_idx(l, i), t, &t->conns[i],
			       e))
			return err_ctx(e, "connection %zu", i + 1);
	}
	l = list(o, "relays", &p, sizeof(*t->relays), &t->n_relays);
	t->relays = p;
	for (size_t i = 0; i < t->n_relays; i++) {
		if (!read_relay(json_object_array_get_idx(l, i), t,
				&t->relays[i], e))
			return false;
		if (strncmp(t->relays[i].kind, "interactive", 11) == 0 &&
		    has_chaff(o)) {
			char *tool = t->relays[i].tool;
			size_t n = strlen(tool);

			snprintf(tool + n, sizeof(t->relays[i].tool) - n,
				 " chaff");
		}
	}
	return true;
}

struct truth *truth_read(const char *path, struct err *e)
{
	struct json_object *o = json_object_from_file(path);
	struct truth *t = calloc(1, sizeof(*t));
	bool good = false;

	if (t == NULL)
		err_set(e, ERR_MEMORY, "%s: no memory", path);
	else if (!json_object_is_type(o, json_type_object))
		err_set(e, ERR_FORMAT, "%s: cannot be read as JSON", path);
	else if (!(good = read_truth(o, t, e)))
		err_ctx(e, "%s", path);
	json_object_put(o);
	if (good)
		return t;
	truth_free(t);
	return NULL;
}

void truth_free(struct truth *t)
{
	if (t == NULL)
		return;
	free(t->captures);
	free(t->conns);
	free(t->relays);
	free(t->hosts);
	free(t);
}
