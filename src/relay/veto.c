/*
 * veto.c - what a host that passes every rival may do instead of relaying.
 *
 * None of this is evidence for a relay: a veto only withholds, so it cannot
 * raise the share of false ones.  METHODS.md has the reasons and what each
 * veto costs.
 */
#include <stdlib.h>
#include <string.h>

#include "relay/track.h"

#define FORWARD_US    INT64_C(5000)    /* a forwarded ACK leaves within this */
#define FORWARD_MIN   5		       /* isolated ACKs needed to say so */
#define MOMENT_US     INT64_C(500)     /* two packets at the same moment */
#define BROADCAST_MIN 4		       /* such bursts needed to say so */
#define HANDED_US     INT64_C(2000)    /* an arrival that leaves at once */
#define WAITED_US     INT64_C(1000000) /* one that waits for an answer */
#define SERVE_MIN     8		       /* large exchanges needed to say so */
#define ONE_WAY	      MICROBANS_PER_BAN
#define OWN_TURN_US   INT64_C(20000) /* an answer, and the next question */
#define OWN_TURN_MIN  8		     /* such questions needed to say so */

/* Isolated ACKs followed (sign 1) or preceded (sign -1) by a payload of o
 * within FORWARD_US, less those that have one on the other side. */
static uint32_t carried(const int64_t *ack, size_t n, const struct stream *o,
			int sign, const struct pair_result *r, uint32_t *all)
{
	uint32_t with = 0, chance = 0;
	size_t hint = 0;

	*all = 0;
	for (size_t i = 0; i < n; i++) {
		int64_t t = ack[i], next, last;

		if (t < r->start_us || t > r->end_us)
			continue;
		hint = seek_us(o->us, o->n, hint, t);
		next = hint < o->n ? o->us[hint] - t : INT64_MAX / 2;
		last = hint > 0 ? t - o->us[hint - 1] : INT64_MAX / 2;
		++*all;
		with += (sign > 0 ? next : last) <= FORWARD_US;
		chance += (sign > 0 ? last : next) <= FORWARD_US;
	}
	return with > chance ? with - chance : 0;
}

void forward_test(const struct leg *leg, struct pair_result *r)
{
	uint32_t n[2], hit[2];

	for (int l = 0; l < 2; l++) {
		hit[0] = carried(leg[l].ack_us[0], leg[l].n_acks[0],
				 &leg[!l].out, 1, r, &n[0]);
		hit[1] = carried(leg[l].ack_us[1], leg[l].n_acks[1],
				 &leg[!l].in, -1, r, &n[1]);
		if (hit[0] + hit[1] <
		    r->acks_forwarded[0] + r->acks_forwarded[1])
			continue;
		memcpy(r->acks, n, sizeof(n));
		memcpy(r->acks_forwarded, hit, sizeof(hit));
	}
	/* a relay's own ACKs leave without a payload that brought them */
	r->forwards_packets = r->acks[1] >= FORWARD_MIN &&
			      r->acks_forwarded[1] * 2 > r->acks[1];
}

static bool is_alike(uint32_t x, uint32_t y)
{
	uint32_t lo = x < y ? x : y, hi = x < y ? y : x;

	return (hi - lo) * 5 <= hi;
}

/* Did anything come in on either leg between two moments? */
static bool came_in(const struct leg *leg, int64_t x, int64_t y)
{
	int64_t from = (x < y ? x : y) + 1, to = x < y ? y : x;

	for (int l = 0; l < 2; l++) {
		const struct stream *s = &leg[l].in;
		size_t i = seek_us(s->us, s->n, 0, from);

		if (i < s->n && s->us[i] < to)
			return true;
	}
	return false;
}

/* Did a burst like this one come in on a leg shortly before? */
static bool came_like(const struct stream *in, const struct stream *out,
		      size_t i, int64_t within_us)
{
	size_t k = seek_us(in->us, in->n, 0, out->us[i] - within_us);

	for (; k < in->n && in->us[k] <= out->us[i]; k++)
		if (is_alike(in->bytes[k], out->bytes[i]))
			return true;
	return false;
}

/* Burst j of leg c and burst i of the other left together: is either what had
 * come in on the other leg?  A relay that waits for an answer before it sends
 * more (Nagle) sends the answer and the next request at one moment. */
static bool are_handed_on(const struct leg *leg, int c, size_t j, size_t i)
{
	const struct stream *own = &leg[c].out, *t = &leg[!c].out;

	return (came_like(&leg[!c].in, own, j, HANDED_US) &&
		came_like(&leg[c].in, t, i, WAITED_US)) ||
	       (came_like(&leg[c].in, t, i, HANDED_US) &&
		came_like(&leg[!c].in, own, j, WAITED_US));
}

/* Does the host say the same on both legs at the same moment?  Then it sends
 * to both (a shared screen, a message to all): a broadcast, not a relay.  Of
 * the larger bursts away from the host on one leg, those with one of like
 * size on the other within MOMENT_US, and nothing that came in between: a far
 * end next door may echo a relayed request as fast.  Both legs must say so:
 * what is sent to both is a part of either. */
static void broadcast_test(const uint32_t usual_of[2][2], const struct leg *leg,
			   struct pair_result *r)
{
	bool says = false, denies = false;

	for (int c = 0; c < 2; c++) {
		const struct stream *t = &leg[!c].out, *own = &leg[c].out;
		uint32_t usual = usual_of[!c][1], larger = 0, together = 0;
		size_t k = 0;

		for (size_t i = seek_us(t->us, t->n, 0, r->start_us);
		     i < t->n && t->us[i] <= r->end_us; i++) {
			if (t->bytes[i] <= usual + usual / 2)
				continue;
			larger++;
			k = seek_us(own->us, own->n, k, t->us[i] - MOMENT_US);
			for (size_t j = k;
			     j < own->n && own->us[j] <= t->us[i] + MOMENT_US;
			     j++) {
				if (!is_alike(own->bytes[j], t->bytes[i]) ||
				    came_in(leg, own->us[j], t->us[i]) ||
				    are_handed_on(leg, c, j, i))
					continue;
				together++;
				break;
			}
		}
		if (together >= r->together) {
			r->larger = larger;
			r->together = together;
		}
		says = says ||
		       (together >= BROADCAST_MIN && together * 4 > larger);
		denies = denies ||
			 (larger >= BROADCAST_MIN && together * 4 <= larger);
	}
	r->broadcasts = says && !denies;
}

/* Does the host rewrite what it passes, as a service does that asks another?
 * A relay adds or takes away the framing of a record or a packet; a service
 * takes off the head of a request and wraps the answer in a page.  One
 * direction is enough: most services copy a part of what they are asked. */
static bool rewrites(const struct content_count *n)
{
	return (n->large >= SERVE_MIN && n->framed * 8 < n->large) ||
	       (n->agree >= SERVE_MIN && n->agree_framed * 2 < n->agree);
}

/* Did anything come in on another flow of the host from one time to another? */
static bool others_came(const struct veto_input *v, size_t *hint, int64_t from,
			int64_t to)
{
	for (size_t i = 0; i < v->n_arrivals; i++) {
		const struct stream *s = &v->arrivals[i];

		hint[i] = seek_us(s->us, s->n, hint[i], from);
		if (hint[i] < s->n && s->us[hint[i]] <= to)
			return true;
	}
	return false;
}

/* Does the host go on asking by itself?  A service puts several questions for
 * one that it was asked; the second follows the answer to the first, and
 * nothing came in on the other leg, nor since the answer on any other flow (a
 * relay may carry many into one connection). */
static bool asks_on(const struct veto_input *v, const struct pair_result *r)
{
	const struct leg *out = &v->leg[!r->reversed];
	const struct stream *asked = &v->leg[r->reversed].in;
	const struct stream *answers = &out->in, *t = &out->out;
	size_t hint[PAIR_OTHERS] = { 0 }, a = 0, b = 0;
	int64_t last = r->start_us - 1, answer;
	uint32_t own = 0, all = 0;

	for (size_t i = seek_us(t->us, t->n, 0, r->start_us);
	     i < t->n && t->us[i] <= r->end_us; i++, all++) {
		int64_t now = t->us[i];

		a = seek_us(asked->us, asked->n, a, last + 1);
		b = seek_us(answers->us, answers->n, b, now + 1);
		answer = b > 0 ? answers->us[b - 1] : INT64_MIN / 2;
		own += !(a < asked->n && asked->us[a] <= now) &&
		       answer > last && now - answer <= OWN_TURN_US &&
		       !others_came(v, hint, answer, now);
		last = now;
	}
	return own >= OWN_TURN_MIN && own * 6 > all;
}

/* How many sizes the bursts of a stream have, up to three. */
static int sizes_of(const struct stream *s, const struct pair_result *r)
{
	uint32_t seen[2] = { 0, 0 };
	int n = 0;

	for (size_t i = seek_us(s->us, s->n, 0, r->start_us);
	     i < s->n && s->us[i] <= r->end_us && n < 3; i++) {
		if (s->bytes[i] == seen[0] || s->bytes[i] == seen[1])
			continue;
		if (n < 2)
			seen[n] = s->bytes[i];
		n++;
	}
	return n;
}

/* Is only what was asked conserved, if anything?  Answers of one size carry
 * nothing that could be, those of two are a yes or a no. */
static bool writes(const struct veto_input *v, const struct pair_result *r)
{
	int sizes = sizes_of(&v->leg[!r->reversed].in, r);

	return v->content[!r->reversed] < ONE_WAY || sizes < 2 ||
	       (sizes == 2 && v->content[r->reversed] < ONE_WAY);
}

void veto_tests(const struct veto_input *v, struct pair_result *r)
{
	broadcast_test(v->usual, v->leg, r);
	for (int c = 0; c < 2; c++) {
		r->serves = r->serves || rewrites(&v->sizes[c]);
		r->one_way = r->one_way || v->flows[c] < ONE_WAY;
	}
	r->serves = r->serves ||
		    (r->bursts >= SERVE_MIN && r->equal * 8 < r->bursts);
	r->asks_on = asks_on(v, r);
	r->writes = writes(v, r);
}
