/* route_outage_json.c - `wellspring outage --json`; see route_outage.h. */
#include "report/route_outage.h"

#include <stdio.h>
#include <string.h>

static void upstreams(struct json *j, const char *key,
		      const struct out_upstream *u, const struct route_names *n)
{
	json_key(j, key);
	json_array(j);
	for (int i = 0; i < OUT_UPSTREAMS && u[i].ases; i++) {
		json_object(j);
		json_kuint(j, "asn", u[i].asn);
		json_kstring(j, "name", asn_name(n->names, u[i].asn));
		json_kuint(j, "peer_ases", u[i].ases);
		json_end(j);
	}
	json_end(j);
}

static void interval(struct json *j, const char *key, int64_t a, int64_t b)
{
	json_key(j, key);
	json_array(j);
	json_int(j, a);
	json_int(j, b);
	json_end(j);
}

static void peer(struct json *j, const struct route_outage *r, uint32_t i)
{
	const struct rib_peer *p = &r->rib->peers[i];
	struct addr a = p->id.fam == 4 ? addr_v4(p->id.ip) : addr_v6(p->id.ip);
	char ip[ADDR_TEXT];

	json_kstring(j, "collector", r->feed->names[p->collector]);
	json_kstring(j, "peer", addr_format(&a, ip));
	json_kuint(j, "peer_asn", p->id.asn);
}

static void observed(struct json *j, const struct route_outage *r,
		     struct route_group g)
{
	const struct out_finding *a = &r->result.finding[g.from];
	int64_t end = a->ongoing ? r->result.last_sec : g.back_sec;
	char net[PREFIX_TEXT];

	json_key(j, "observed");
	json_object(j);
	json_kstring(j, "state", a->worst == OUT_DOWN ? "down" : "partial");
	json_kstring(j, "word", route_state_word(a));
	interval(j, "start_sec", g.full_until, g.lost_sec);
	if (a->ongoing) {
		json_key(j, "end_sec");
		json_null(j);
	} else {
		interval(j, "end_sec", g.back_first, g.back_sec);
	}
	json_kbool(j, "ongoing", a->ongoing);
	json_kint(j, "duration_sec", end - g.lost_sec);
	json_kuint(j, "invisible_peer_ases",
		   (uint64_t)(a->known_min - a->visible_min));
	json_kuint(j, "visible_peer_ases", a->visible_min);
	json_kuint(j, "known_peer_ases", a->known_min);
	json_kuint(j, "visible_before", a->visible_before);
	json_kuint(j, "known_before", a->known_before);
	json_kuint(j, "collectors", a->collectors);
	json_kuint(j, "first_transits", a->first_transits);
	json_kuint(j, "kept_old_route", a->nzombies);
	json_key(j, "kept_by");
	json_array(j);
	for (unsigned i = 0; i < a->nzombies && i < OUT_ZOMBIES; i++) {
		json_object(j);
		peer(j, r, a->zombie[i]);
		json_end(j);
	}
	json_end(j);
	json_kstring(j, "covering",
		     a->covering == RIB_NONE
			     ? NULL
			     : prefix_format(&r->rib->nets[a->covering].prefix,
					     net));
	json_kstring(j, "rpki", vrp_word(a->rpki));
	upstreams(j, "upstreams_before", a->before, &r->names);
	upstreams(j, "upstreams_after", a->after, &r->names);
	json_kuint(j, "sessions_lost_meanwhile", a->peers_lost);
	json_kuint(j, "feed_gaps_meanwhile", a->gaps);
	json_end(j);
}

static void cause(struct json *j, const struct route_outage *r,
		  struct route_group g)
{
	const struct out_finding *a = &r->result.finding[g.from];
	struct route_rival rival[ROUTE_RIVALS];
	unsigned n = route_rivals(r, g, rival);

	json_key(j, "cause");
	json_object(j);
	json_kstring(j, "verdict", "undetermined");
	json_kstring(j, "consistent_with",
		     strcmp(route_state_word(a), "filtered") == 0
			     ? "rpki-filtering"
			     : NULL);
	json_key(j, "rivals");
	json_array(j);
	for (unsigned i = 0; i < n; i++) {
		json_object(j);
		json_kstring(j, "name", rival[i].name);
		json_kstring(j, "note", rival[i].note);
		json_end(j);
	}
	json_end(j);
	json_end(j);
}

static void evidence(struct json *j, const struct route_outage *r,
		     struct route_group g)
{
	const struct out_finding *a = route_weakest(r, g);

	json_key(j, "evidence");
	json_object(j);
	json_kfixed(j, "e", out_e_value(a), 2);
	json_kstring(j, "against", "as in the earlier bins");
	json_kuint(j, "earlier_bins", a->windows);
	json_kint(j, "bin_sec", r->rules->bin_sec);
	json_key(j, "groups");
	json_array(j);
	for (unsigned i = 0; i < a->ngroups; i++) {
		json_object(j);
		json_kuint(j, "first_transit", a->group[i].transit);
		json_kbool(j, "lost", a->group[i].lost);
		json_kuint(j, "lost_in_earlier_bins", a->group[i].earlier);
		json_end(j);
	}
	json_end(j);
	json_key(j, "common_transit");
	if (a->common_transit)
		json_uint(j, a->common_transit);
	else
		json_null(j);
	json_end(j);
}

static void baseline(struct json *j, const struct route_outage *r,
		     const struct out_finding *a)
{
	json_key(j, "baseline");
	json_object(j);
	json_kint(j, "seconds", a->baseline_sec);
	json_kbool(j, "known",
		   a->baseline_sec >= r->rules->baseline_sec &&
			   r->result.has_table);
	json_kfixed(j, "fully_visible_share", a->full_permille / 1000.0, 3);
	json_kuint(j, "brief_losses_before", a->flaps);
	if (a->flaps)
		interval(j, "brief_losses_sec", a->flap_first, a->flap_last);
	json_end(j);
}

static void group(struct json *j, const struct route_outage *r,
		  struct route_group g)
{
	const struct out_finding *a = &r->result.finding[g.from];
	char net[PREFIX_TEXT];

	json_object(j);
	json_kuint(j, "asn", a->origin);
	json_kstring(j, "name", asn_name(r->names.names, a->origin));
	json_key(j, "prefixes");
	json_array(j);
	for (uint32_t i = 0; i < g.n; i++)
		json_string(
			j,
			prefix_format(
				&r->rib->nets[r->result.finding[g.from + i].net]
					 .prefix,
				net));
	json_end(j);
	json_kuint(j, "networks_of_asn", g.of);
	observed(j, r, g);
	evidence(j, r, g);
	cause(j, r, g);
	baseline(j, r, a);
	json_end(j);
}

static void findings(struct json *j, const struct route_outage *r, bool brief)
{
	struct route_group g;

	json_key(j, brief ? "brief" : "findings");
	json_array(j);
	for (uint32_t i = 0; i < r->result.nfindings; i += g.n) {
		const struct out_finding *a = &r->result.finding[i];

		g = route_group_at(r, i);
		if (a->brief != brief)
			continue;
		if (!brief) {
			group(j, r, g);
			continue;
		}
		json_object(j);
		json_kuint(j, "asn", a->origin);
		json_kuint(j, "networks", g.nets);
		interval(j, "sec", g.lost_sec, g.back_sec);
		json_end(j);
	}
	json_end(j);
}

static void changes(struct json *j, const struct route_outage *r)
{
	char net[PREFIX_TEXT];

	json_key(j, "upstream_changes");
	json_array(j);
	for (uint32_t i = 0; i < r->result.nchanges; i++) {
		const struct out_change *c = &r->result.change[i];

		json_object(j);
		json_kstring(j, "prefix",
			     prefix_format(&r->rib->nets[c->net].prefix, net));
		json_kuint(j, "asn", c->asn);
		json_kstring(j, "name", asn_name(r->names.names, c->asn));
		json_kstring(j, "change", c->appeared ? "came" : "went");
		interval(j, "sec", c->from_sec, c->to_sec);
		json_kuint(j, "peer_ases", c->ases);
		json_kbool(j, "with_the_network", c->alone);
		json_end(j);
	}
	json_end(j);
}

static void feed(struct json *j, const struct route_outage *r)
{
	const struct outage_result *x = &r->result;
	uint32_t i;

	json_key(j, "feed_gaps");
	json_array(j);
	for (i = 0; i < x->ngaps; i++) {
		json_object(j);
		json_kstring(j, "collector",
			     r->feed->names[x->gap[i].collector]);
		interval(j, "sec", x->gap[i].from_sec, x->gap[i].to_sec);
		json_end(j);
	}
	json_end(j);
	json_key(j, "peers_lost");
	json_array(j);
	for (i = 0; i < x->nlost; i++) {
		json_object(j);
		peer(j, r, x->lost[i].peer);
		json_kint(j, "from_sec", x->lost[i].from_sec);
		if (x->lost[i].to_sec >= 0)
			json_kint(j, "to_sec", x->lost[i].to_sec);
		json_kstring(j, "reason",
			     x->lost[i].unsure	 ? "gap-or-damage"
			     : x->lost[i].silent ? "silent"
						 : "session");
		json_end(j);
	}
	json_end(j);
	json_key(j, "table_transfers");
	json_array(j);
	for (i = 0; i < x->ntransfers; i++) {
		json_object(j);
		peer(j, r, x->transfer[i].peer);
		interval(j, "sec", x->transfer[i].from_sec,
			 x->transfer[i].to_sec);
		json_kuint(j, "announcements", x->transfer[i].count);
		json_end(j);
	}
	json_end(j);
}

static void peers(struct json *j, const struct route_outage *r)
{
	static const char *const words[] = { "unknown", "sync", "up", "down" };

	json_key(j, "peers");
	json_array(j);
	for (uint32_t i = 0; i < r->rib->npeers; i++) {
		const struct rib_peer *p = &r->rib->peers[i];

		if (p->slot)
			continue;
		json_object(j);
		peer(j, r, i);
		json_kuint(j, "routes_ipv4", p->active[0]);
		json_kuint(j, "routes_ipv6", p->active[1]);
		json_kbool(j, "full_feed_ipv4", p->eligible[0]);
		json_kbool(j, "full_feed_ipv6", p->eligible[1]);
		json_kstring(j, "state", words[p->state]);
		json_kuint(j, "sessions_lost", p->lost);
		json_end(j);
	}
	json_end(j);
}

void route_outage_json(struct json *j, const struct route_outage *r)
{
	const struct outage_result *x = &r->result;

	json_kint(j, "first_sec", x->first_sec);
	json_kint(j, "last_sec", x->last_sec);
	json_kuint(j, "watched_networks", x->watched);
	json_kuint(j, "watched_up_at_end", x->watched_up);
	json_kuint(j, "full_feed_ases_ipv4", x->eligible_ases[0]);
	json_kuint(j, "full_feed_ases_ipv6", x->eligible_ases[1]);
	json_kuint(j, "collectors", x->eligible_collectors);
	json_kbool(j, "has_table", x->has_table);
	findings(j, r, false);
	findings(j, r, true);
	changes(j, r);
	feed(j, r);
	peers(j, r);
	json_key(j, "not_seen");
	json_array(j);
	json_string(j, "data plane: a network may be silent while routed");
	if (!x->has_table)
		json_string(j, "no table: the baseline is unknown");
	if (x->eligible_collectors < 2)
		json_string(j, "one collector");
	json_end(j);
}
