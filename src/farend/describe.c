/*
 * describe.c - what an address is, beside the three questions: how sure its
 * return path is (spoof ladder), stack and link, and where the stack of the
 * SYN and the application do not fit together.
 */
#include <stdio.h>
#include <string.h>

#include "farend/track.h"

#define PREFIX_MIN  3 /* handshakes of a network before it says anything */
#define PREFIX_WIDE 8 /* a network of such a range says nothing */
#define HOPS_APART  3 /* beyond its range: routes differ by one or two */
#define REPEATED_NS INT64_C(60000000000) /* "over time": a minute apart */

static struct farend_finding *finding(struct farend_address *out,
				      const char *what)
{
	struct farend_finding *f;

	if (out->n_findings == FAREND_FINDINGS)
		return NULL;
	f = &out->findings[out->n_findings++];
	snprintf(f->proposition, sizeof(f->proposition), "%s", what);
	return f;
}

static const char *os_name(uint8_t os)
{
	static const char *const n[] = { "unknown", "Linux", "Windows",
					 "Apple",   "BSD",   "other" };

	return os < 6 ? n[os] : n[0];
}

/* SYNs that nobody completed, over another number of hops than the handshakes
 * of the same network. */
static void prefix_conflict(const struct fe_view *v, struct farend_address *out)
{
	const struct fe_prefix *p =
		fe_prefix_find(v->f->prefixes, &v->a->address);
	int hops = fe_ttl_initial(v->a->syn_ttl) - v->a->syn_ttl;
	struct farend_finding *f;

	if (p == NULL || v->a->syn_ttl == 0 || p->n < PREFIX_MIN ||
	    p->high - p->low > PREFIX_WIDE ||
	    (hops > p->low - HOPS_APART && hops < p->high + HOPS_APART))
		return;
	f = finding(out, "prefix-hop-conflict");
	if (f == NULL)
		return;
	snprintf(f->observed, sizeof(f->observed),
		 "%u SYNs that were never completed, over %d hops by TTL; %u "
		 "handshakes of the same %s over %u to %u",
		 v->a->synonly + v->a->refused, hops, p->n,
		 addr_is_v4(&v->a->address) ? "/24" : "/48", p->low, p->high);
	snprintf(f->inferred, sizeof(f->inferred),
		 "consistent with a forged address, or with another route");
	/* P(apart | forged) 0.9 (Jin, Wang, Shin), P(apart | own) about 0.1 */
	f->log10_lr = num_microbans(9.0);
}

static void backscatter(const struct fe_view *v, struct farend_address *out)
{
	const struct fe_address *a = v->a;
	struct farend_finding *f;

	/* a lone RST may end what began before the capture */
	if (a->back_synack == 0)
		return;
	f = finding(out, "backscatter");
	if (f == NULL)
		return;
	snprintf(f->observed, sizeof(f->observed),
		 "%u SYN-ACKs and %u lone RSTs to this address, which was not "
		 "seen to ask; %u of its connections show both directions",
		 a->back_synack, a->back_rst, a->conns - a->one_sided);
	snprintf(f->inferred, sizeof(f->inferred),
		 "somebody forged this address elsewhere, or its own packets "
		 "took a way that this capture does not see");
}

static void spoof(const struct fe_view *v, struct farend_address *out)
{
	const struct fe_address *a = v->a;
	struct farend_finding *f;
	uint8_t low = 255, high = 0, initial = 0;
	bool several = false;

	if (a->crypto > 1 && a->last_ns - a->first_ns >= REPEATED_NS)
		out->spoof = FAREND_S_REPEATED;
	else if (a->crypto > 0)
		out->spoof = FAREND_S_CRYPTO;
	else if (a->data > 0)
		out->spoof = FAREND_S_DATA;
	else if (a->handshakes > 0)
		out->spoof = FAREND_S_HANDSHAKE;
	else if (a->refused > 0)
		out->spoof = FAREND_S_REFUSED;
	else if (a->synonly > 0)
		out->spoof = FAREND_S_SYN;
	/* one connection: the rung says it all, words only for several */
	f = a->conns > 1 ? finding(out, "return-path") : NULL;
	if (f != NULL) {
		snprintf(f->observed, sizeof(f->observed),
			 "%u connections, %u handshakes completed, %u with "
			 "our data acknowledged, %u that answered our "
			 "randomness; %u SYN only, %u refused",
			 a->conns, a->handshakes, a->data, a->crypto,
			 a->synonly, a->refused);
		snprintf(f->inferred, sizeof(f->inferred), "%s",
			 a->handshakes == 0
				 ? "nothing shows that the sender held this "
				   "address: it may be forged"
				 : "the address held the return path at that "
				   "time (or somebody on the path did)");
	}
	backscatter(v, out);
	prefix_conflict(v, out);
	for (size_t i = 0; i < v->n; i++) {
		uint8_t t = v->u[i]->ttl, hops = fe_ttl_initial(t) - t;

		if (!(v->u[i]->flags & FE_SYN))
			continue;
		several |= initial != 0 && initial != fe_ttl_initial(t);
		initial = fe_ttl_initial(t);
		low = hops < low ? hops : low;
		high = hops > high ? hops : high;
	}
	out->hops = initial ? low : 255;
	if (initial == 0 || several || high - low < 4)
		return;
	f = finding(out, "hop-count-conflict");
	if (f == NULL)
		return;
	snprintf(f->observed, sizeof(f->observed), "%u to %u hops by TTL", low,
		 high);
	snprintf(f->inferred, sizeof(f->inferred),
		 "several paths or several hosts behind the address");
}

static void mismatch(const struct fe_view *v, struct farend_address *out,
		     const struct fe_summary *s, const struct fe_sig_os *o,
		     const struct fe_sig_tls *t)
{
	struct farend_finding *f;
	uint8_t os = t ? t->os : s->app_os;

	for (int i = 0; i < out->n_findings; i++)
		if (strcmp(out->findings[i].proposition, "os-mismatch") == 0)
			return;
	f = finding(out, "os-mismatch");
	(void)v;
	if (f == NULL)
		return;
	snprintf(f->observed, sizeof(f->observed),
		 "the SYN is %s, the application %s %s%s%s%s", o->label,
		 t ? "is found on" : "names", os_name(os), t ? ": " : "",
		 t ? t->label : "", t ? " by its TLS client hello" : "");
	snprintf(f->inferred, sizeof(f->inferred),
		 "consistent with a relay, a NAT of several systems, a "
		 "virtual machine or a false name");
	/* P(differ | relay) about 0.3, P(differ | one host) about 0.03 */
	f->log10_lr = num_microbans(10.0);
	f->conns[0] = s->id;
}

/* The TLS library: its name, and whether it fits the SYN. */
static void tls_client(const struct fe_view *v, struct farend_address *out,
		       const struct fe_summary *s, const struct fe_sig_os *o)
{
	const char *ja4 = fe_hello_name(v->f->hellos, s->ja4);
	const struct fe_sig_tls *t =
		ja4 ? fe_sigs_find_tls(v->f->sigs, ja4) : NULL;

	if (t == NULL)
		return;
	if (out->app_class[0] == '\0')
		snprintf(out->app_class, sizeof(out->app_class), "%s",
			 t->label);
	if (o != NULL && t->os != FE_OS_UNKNOWN && t->os != o->os)
		mismatch(v, out, s, o, t);
}

static void link_finding(const struct fe_view *v, struct farend_address *out,
			 const struct fe_summary *s)
{
	const struct fe_sig_link *l = fe_sigs_find_link(v->f->sigs, s->mss);
	uint16_t from = fe_clamped_from(v->f->sigs, s->mss, s->window);
	struct farend_finding *f;

	if (out->mss == s->mss || s->mss == 0)
		return;
	out->mss = s->mss;
	out->mtu = (uint16_t)(s->mss + (addr_is_v4(&v->a->address) ? 40 : 60));
	if (from == 0 && l != NULL && l->kind == FE_LINK_NATIVE)
		return;
	f = finding(out, from ? "mss-clamped" : "mtu");
	if (f == NULL)
		return;
	snprintf(f->observed, sizeof(f->observed), "MSS %u (MTU %u), window %u",
		 s->mss, out->mtu, s->window);
	if (from)
		snprintf(f->inferred, sizeof(f->inferred),
			 "lowered in transit from MSS %u by a router or a "
			 "gateway (%s)",
			 from, l ? l->label : "unknown link");
	else
		snprintf(f->inferred, sizeof(f->inferred),
			 "the host's own interface: %s",
			 l ? l->label : "a link that is not in the table");
	f->conns[0] = s->id;
}

void fe_describe(const struct fe_view *v, struct farend_address *out)
{
	memset(out, 0, sizeof(*out));
	out->address = v->a->address;
	out->connections = v->a->conns;
	out->handshakes = v->a->handshakes;
	spoof(v, out);
	for (size_t i = 0; i < v->n; i++) {
		const struct fe_summary *s = v->u[i];
		const struct fe_sig_os *o;

		if (!(s->flags & FE_SYN))
			continue;
		link_finding(v, out, s);
		o = fe_sigs_find_os(v->f->sigs, s->layout, s->mss, s->window,
				    s->wscale, s->ttl);
		if (o != NULL && out->syn_class[0] == '\0')
			snprintf(out->syn_class, sizeof(out->syn_class), "%s",
				 o->label);
		if (s->app_os != FE_OS_UNKNOWN && out->app_class[0] == '\0')
			snprintf(out->app_class, sizeof(out->app_class), "%s",
				 os_name(s->app_os));
		if (o != NULL && s->app_os != FE_OS_UNKNOWN &&
		    o->os != s->app_os)
			mismatch(v, out, s, o, NULL);
		tls_client(v, out, s, o);
	}
}
