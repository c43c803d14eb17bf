/* route_origin.c - see route_origin.h. */
#include "report/route_origin.h"

#include <stdio.h>
#include <string.h>

#include "base/tstamp.h"

static char *time_text(int64_t sec, char *buf)
{
	struct tstamp t = { sec * INT64_C(1000000000) };

	return tstamp_format(t, 0, buf, 40);
}

char *route_path_text(const struct paths *paths, uint32_t path, char *buf,
		      size_t len)
{
	struct path_view p = paths_get(paths, path);
	size_t at = 0;
	unsigned i = 0, in_seg = 0, type = SEG_SEQUENCE;

	buf[0] = '\0';
	for (i = 0; i < p.n && at + 24 < len; i++) {
		const char *sep = i ? " " : "";

		if (p.segs && in_seg == 0) {
			type = p.w[i] >> 16;
			in_seg = p.w[i] & 0xffff;
			if (type != SEG_SEQUENCE)
				at += (size_t)snprintf(
					buf + at, len - at, "%s%c", sep,
					type == SEG_SET		 ? '{'
					: type == SEG_CONFED_SEQ ? '('
								 : '[');
			if (in_seg)
				continue;
		}
		if (at > 0 && strchr("{([ ", buf[at - 1]))
			sep = "";
		else if (p.segs && type != SEG_SEQUENCE)
			sep = type == SEG_CONFED_SEQ ? " " : ",";
		else
			sep = at ? " " : "";
		at += (size_t)snprintf(buf + at, len - at, "%s%u", sep, p.w[i]);
		if (p.segs && --in_seg == 0 && type != SEG_SEQUENCE)
			at += (size_t)snprintf(buf + at, len - at, "%c",
					       type == SEG_SET		? '}'
					       : type == SEG_CONFED_SEQ ? ')'
									: ']');
	}
	if (i < p.n)
		snprintf(buf + at, len - at, " ...");
	return buf;
}

char *route_as_text(const struct route_names *n, uint32_t asn, char *buf)
{
	const char *name = asn_name(n->names, asn);
	const char *kind = asn_reserved(asn);

	snprintf(buf, 160, "AS%u%s%.120s%s%s%s", asn, name ? " " : "",
		 name ? name : "", kind ? " [" : "", kind ? kind : "",
		 kind ? "]" : "");
	return buf;
}

static void claims_text(FILE *f, const struct origin_answer *a,
			const struct route_names *n)
{
	char net[PREFIX_TEXT], as[160], path[400], since[40];

	for (unsigned i = 0; i < a->nclaims; i++) {
		const struct origin_claim *c = &a->claim[i];

		fprintf(f, "  announced  %s by %s, at %u of %u peer ASes",
			prefix_format(&c->prefix, net),
			c->asn	    ? route_as_text(n, c->asn, as)
			: c->as_set ? "a set of ASes"
				    : "a peer itself (empty path)",
			c->ases, a->vantages);
		if (n->vrps)
			fprintf(f, ", RPKI %s",
				vrp_word(vrps_check(n->vrps, &c->prefix,
						    c->asn)));
		if (c->prefix.len == 0)
			fputs(" (a default route: says nothing of the "
			      "address)",
			      f);
		fprintf(f, "\n             path %s (since %s)\n",
			route_path_text(n->paths, c->path, path, sizeof(path)),
			time_text(c->since, since));
	}
	if (a->nclaims > 1)
		fprintf(f,
			"             the peers do not agree: %u answers, "
			"all are listed\n",
			a->nclaims + a->left_out);
}

static void related_text(FILE *f, const char *word,
			 const struct origin_related *r, unsigned n,
			 uint32_t total)
{
	char net[PREFIX_TEXT];

	for (unsigned i = 0; i < n; i++) {
		fprintf(f, "  %-10s %s by ", i ? "" : word,
			prefix_format(&r[i].prefix, net));
		if (r[i].asn)
			fprintf(f, "AS%u", r[i].asn);
		else
			fputs("no single AS (empty path, or a set)", f);
		fprintf(f, ", at %u peer ASes\n", r[i].ases);
	}
	if (total > n)
		fprintf(f, "             and %u more\n", total - n);
}

void route_origin_text(FILE *f, const struct route_question *q,
		       const struct origin_answer *a,
		       const struct route_names *n)
{
	struct addr addr = prefix_addr(&q->prefix);
	const char *bogon = addr_bogon(&addr);
	char t0[40], t1[40], as[160];

	fprintf(f, "%s at %s\n", q->text, time_text(q->at, t0));
	if (bogon)
		fprintf(f,
			"  bogon      %s: not an address of the public "
			"internet\n",
			bogon);
	if (a->sees == 0)
		fprintf(f,
			"  not announced: no route at any of %u peer "
			"ASes\n",
			a->vantages);
	claims_text(f, a, n);
	for (unsigned i = 0; i < a->nups; i++)
		fprintf(f, "  %-10s %s, %u of %u peer ASes\n",
			i ? "" : "upstream",
			a->up[i].asn ? route_as_text(n, a->up[i].asn, as)
				     : "none (the peer is the origin)",
			a->up[i].ases, a->sees);
	related_text(f, "less", a->less, a->nless, a->nless);
	related_text(f, "more", a->more, a->nmore, a->more_total);
	if (a->sees)
		fprintf(f, "  seen       first %s, last %s in these files\n",
			time_text(a->first_sec, t0),
			time_text(a->last_sec, t1));
	if (a->vantages == 0)
		fputs("  warning    no peer has a table of this family\n", f);
	else if (a->vantages == 1)
		fputs("  warning    one vantage: other places may have seen "
		      "something else\n",
		      f);
}

static void claims_json(struct json *j, const struct origin_answer *a,
			const struct route_names *n)
{
	char net[PREFIX_TEXT], path[2000];

	json_key(j, "origins");
	json_array(j);
	for (unsigned i = 0; i < a->nclaims; i++) {
		const struct origin_claim *c = &a->claim[i];

		json_object(j);
		json_kstring(j, "prefix", prefix_format(&c->prefix, net));
		json_kuint(j, "asn", c->asn);
		json_kstring(j, "name", asn_name(n->names, c->asn));
		json_kstring(j, "reserved", asn_reserved(c->asn));
		json_kbool(j, "as_set", c->as_set);
		json_kuint(j, "peer_ases", c->ases);
		json_kint(j, "since_sec", c->since);
		json_kstring(
			j, "path",
			route_path_text(n->paths, c->path, path, sizeof(path)));
		json_kstring(j, "rpki",
			     vrp_word(vrps_check(n->vrps, &c->prefix, c->asn)));
		json_end(j);
	}
	json_end(j);
}

static void related_json(struct json *j, const char *key,
			 const struct origin_related *r, unsigned n)
{
	char net[PREFIX_TEXT];

	json_key(j, key);
	json_array(j);
	for (unsigned i = 0; i < n; i++) {
		json_object(j);
		json_kstring(j, "prefix", prefix_format(&r[i].prefix, net));
		json_kuint(j, "asn", r[i].asn);
		json_kuint(j, "peer_ases", r[i].ases);
		json_end(j);
	}
	json_end(j);
}

void route_origin_json(struct json *j, const struct route_question *q,
		       const struct origin_answer *a,
		       const struct route_names *n)
{
	struct addr addr = prefix_addr(&q->prefix);

	json_object(j);
	json_kstring(j, "query", q->text);
	json_kint(j, "at_sec", q->at);
	json_kstring(j, "bogon", addr_bogon(&addr));
	json_kbool(j, "announced", a->sees > 0);
	json_kuint(j, "peer_ases_with_route", a->sees);
	json_kuint(j, "vantages", a->vantages);
	json_kbool(j, "one_vantage", a->vantages == 1);
	claims_json(j, a, n);
	json_kuint(j, "origins_left_out", a->left_out);
	json_key(j, "upstreams");
	json_array(j);
	for (unsigned i = 0; i < a->nups; i++) {
		json_object(j);
		json_kuint(j, "asn", a->up[i].asn);
		json_kstring(j, "name", asn_name(n->names, a->up[i].asn));
		json_kuint(j, "peer_ases", a->up[i].ases);
		json_kfixed(j, "share", (double)a->up[i].ases / a->sees, 4);
		json_end(j);
	}
	json_end(j);
	related_json(j, "less_specific", a->less, a->nless);
	related_json(j, "more_specific", a->more, a->nmore);
	json_kuint(j, "more_specific_total", a->more_total);
	if (a->sees) {
		json_kint(j, "first_seen_sec", a->first_sec);
		json_kint(j, "last_seen_sec", a->last_sec);
	}
	json_kbool(j, "evidence_of_source", false);
	json_end(j);
}

static void count_text(FILE *f, const char *word, const struct block_count *c)
{
	fprintf(f, "  %-24s %9u prefixes %14llu addresses %8u origin ASes\n",
		word, c->prefixes, (unsigned long long)c->addresses,
		c->origins);
	if (c->prefixes_v6)
		fprintf(f, "  %-24s %9u IPv6 prefixes\n", "", c->prefixes_v6);
}

void route_block_text(FILE *f, const struct block_cost *c,
		      const struct route_names *n)
{
	char as[160];

	fprintf(f, "Blocking at %s, seen from %u peer ASes\n",
		route_as_text(n, c->at, as), c->vantages);
	count_text(f, "meant", &c->asked);
	fprintf(f, "  reached through it at %u of %u peer ASes%s\n",
		c->target_through, c->target_ases,
		c->target_through && c->target_through == c->target_ases
			? ": no other way was seen"
			: "");
	count_text(f, "hit in all", &c->all);
	count_text(f, "originated by it", &c->own);
	count_text(f, "behind it", &c->behind);
	count_text(f, "without another way", &c->always);
	fprintf(f, "  directly behind it       %9u ASes\n", c->downstream);
	if (c->target_ases > 0 && c->target_through == 0)
		fprintf(f,
			"No path to the target leads through AS%u from here: "
			"blocking there would miss it.\n",
			c->at);
	fprintf(f, "Blocking here cuts off %u other networks (%llu addresses).",
		c->cut.prefixes + c->cut.prefixes_v6,
		(unsigned long long)c->cut.addresses);
	if (c->per_address > 0)
		fprintf(f, " %.0f addresses\nare hit per address meant.",
			c->per_address);
	fputs("\nThis is a lower bound from the given vantages.", f);
	if (c->asked.addresses > 1)
		fprintf(f,
			" The address is likely one of many users of\nits "
			"network, of up to %llu addresses.\n",
			(unsigned long long)c->asked.addresses);
	else
		fputs(" The address is likely one of many users of\nits "
		      "network.\n",
		      f);
}

static void count_json(struct json *j, const char *key,
		       const struct block_count *c)
{
	json_key(j, key);
	json_object(j);
	json_kuint(j, "prefixes", c->prefixes);
	json_kuint(j, "prefixes_v6", c->prefixes_v6);
	json_kuint(j, "addresses", c->addresses);
	json_kuint(j, "origin_ases", c->origins);
	json_end(j);
}

void route_block_json(struct json *j, const struct block_cost *c,
		      const struct route_names *n)
{
	json_object(j);
	json_kuint(j, "at", c->at);
	json_kstring(j, "name", asn_name(n->names, c->at));
	json_kuint(j, "vantages", c->vantages);
	json_kuint(j, "target_peer_ases", c->target_ases);
	json_kuint(j, "target_peer_ases_through", c->target_through);
	count_json(j, "target", &c->asked);
	count_json(j, "target_through", &c->target);
	count_json(j, "all", &c->all);
	count_json(j, "originated", &c->own);
	count_json(j, "behind", &c->behind);
	count_json(j, "without_other_way", &c->always);
	count_json(j, "others", &c->cut);
	json_kuint(j, "downstream_ases", c->downstream);
	json_kfixed(j, "addresses_hit_per_address_meant", c->per_address, 1);
	json_kbool(j, "lower_bound", true);
	json_end(j);
}
