/*
 * turns.c - the turns of one connection, measured as its segments pass.
 *
 * A turn is a server flight and the client payload that answers it because
 * the protocol leaves it no other choice (RFC 8446, 5246, 4253, 9110, 5321).
 * All times start with a packet that leaves the sensor towards the client
 * and end with one that comes back, so our server's own work never enters.
 * A payload that does not acknowledge the whole flight crossed it; one that
 * comes back faster than the round trip cannot be an answer; a flight with a
 * retransmission or a hole is excluded.  All are counted.
 *
 * Wrong when: the client sends something of its own accord at that moment;
 * a relay in between answers in the client's place (relays of TLS or HTTP).
 */
#include "farend/track.h"

#include <string.h>

#define SEGMENTS_MAX 600 /* give up on a connection that forces nothing */
#define ACK_LATE_US                                                            \
	6000		   /* an ACK later than this (and than three times     \
			    * the jitter so far) was delayed on purpose:       \
			    * RFC 9293 3.8.6.3, Linux 40 ms from its timer */
#define FIRST_DEV_US 60000 /* first flights are acknowledged at once */
#define SPREAD_MAX_US                                                          \
	2000 /* a flight sent in pieces: an answer to its                      \
	      * first piece crosses the last */
#define WINDOW_BYTES                                                           \
	14000		 /* RFC 6928: a larger flight needs a second           \
			  * round trip on the far leg */
#define HELLO_SEEN    15 /* bytes of a ServerHello up to four of its random */
#define EXTENSIONS_13 40
#define SSHAUTH_MAX   4 /* later turns may be typed by a person */

enum { TLS_HELLO = 1, TLS_FINISHED = 2, TLS_INNER = 3 };
enum { TLS_HRR = 16, TLS_V13 = 32 }; /* beside the stage */
enum { SSH_BANNER, SSH_KEX, SSH_REPLY, SSH_ENCRYPTED };
enum { HTTP_KEEP = 1, HTTP_REDIR = 2 };
enum { STAGE_ENDED = 255 }; /* nothing later can matter */

static uint32_t elapsed_us(int64_t from, int64_t to)
{
	int64_t d = (to - from) / 1000;

	return d < 0 ? 0 : d > 0x7fffffff ? 0x7fffffff : (uint32_t)d;
}

static void on_open(struct fe_conn *fc, const struct segment *s, int dir)
{
	if (dir == 0) {
		if (s->tcp_flags & TCP_ACK)
			return;
		fc->flags |= FE_SYN;
		fc->layout = fe_layout(s->tcp_options, s->options_len);
		fc->mss = s->mss;
		fc->window = s->window;
		fc->wscale = s->wscale;
		fc->ttl = s->ttl;
		if (s->has_ts) {
			fc->flags |= FE_TS;
			fc->ts_off = s->tsval - (uint32_t)(s->ts.ns / 1000000);
		}
		return;
	}
	if (!(s->tcp_flags & TCP_ACK))
		return;
	if (fc->flags & FE_SYNACK)
		fc->flags |= FE_REPEAT_SYNACK;
	fc->flags |= FE_SYNACK;
	fc->synack_ns = s->ts.ns;
	fc->server_end = s->seq + 1;
}

/* The first segment that acknowledges our SYN-ACK. */
static __attribute__((noinline)) void on_handshake(struct fe_conn *fc,
						   const struct segment *s)
{
	if ((int32_t)(s->ack - fc->server_end) < 0)
		return;
	fc->flags |= FE_HANDSHAKE;
	if (!(fc->flags & FE_REPEAT_SYNACK)) {
		fc->r0_us = elapsed_us(fc->synack_ns, s->ts.ns);
		if (fc->r0_us == 0)
			fc->r0_us = 1; /* 0 = not measured */
		fc->rmin_us = fc->r0_us;
	}
	fc->synack_ns = s->ts.ns;
}

static bool acked_late(const struct fe_conn *fc, uint32_t rtt)
{
	uint32_t dev = fc->n_rdev ? fc->rdev_us / fc->n_rdev : 0;

	return rtt > fc->rmin_us + ACK_LATE_US + 3 * dev;
}

static __attribute__((noinline)) void on_ack(struct fe_conn *fc,
					     const struct segment *s)
{
	uint32_t rtt, dev;

	fc->flags |= FE_DATA;
	if (fc->flags & FE_ANSWERED)
		return;
	fc->ack_ns = s->ts.ns;
	if ((fc->flags & FE_DIRTY) || fc->r0_us == 0)
		return;
	rtt = elapsed_us(fc->server_ns, s->ts.ns);
	dev = rtt > fc->r0_us ? rtt - fc->r0_us : fc->r0_us - rtt;
	if (fc->n_rdev < 16 &&
	    (fc->rdata_us == 0 ? dev < FIRST_DEV_US : !acked_late(fc, rtt))) {
		fc->rdev_us += dev;
		fc->n_rdev++;
	}
	if (fc->rdata_us == 0)
		fc->rdata_us = rtt ? rtt : 1;
	if (rtt < fc->rmin_us)
		fc->rmin_us = rtt;
}

/* By the cipher that the ServerHello chose.  Where a snap length hides it, by
 * the length of its extensions: supported_versions and key_share take 46
 * bytes or more in TLS 1.3 (RFC 8446 4.2), what a resumption of TLS 1.2
 * sends back is far shorter.  A session id that is hidden, too, is taken to
 * have 32 bytes: the client's, sent back. */
static bool is_tls13(const uint8_t *p, size_t n)
{
	size_t id = n > 43 ? p[43] : 32, cipher = 44 + id;
	size_t message = (size_t)p[6] << 16 | (size_t)p[7] << 8 | p[8];

	if (cipher < n)
		return p[cipher] == 0x13;
	return message >= 2 + 32 + 1 + id + 2 + 1 + 2 + EXTENSIONS_13;
}

/* A server flight opens or goes on; what it says decides the next turn. */
static __attribute__((noinline)) bool on_server_data(struct fe_conn *fc,
						     const struct segment *s,
						     uint8_t flags)
{
	const uint8_t *p = s->payload;
	size_t n = s->payload_caplen;
	bool opens = fc->server_ns == 0 || (fc->flags & FE_ANSWERED);

	if (fc->proto == FE_P_UNKNOWN && fc->server_ns == 0) {
		fc->flags |= FE_SERVER_FIRST;
		if (n >= 4 && memcmp(p, "SSH-", 4) == 0)
			fc->proto = FE_P_SSH;
		else if (n >= 4 && memcmp(p, "220", 3) == 0)
			fc->proto = FE_P_SMTP;
		else
			fc->proto = FE_P_OTHER;
	}
	if (opens) {
		fc->flags &= (uint16_t) ~(FE_DIRTY | FE_ANSWERED);
		fc->flight_seq = s->seq;
		fc->spread_us = 0;
	} else {
		fc->spread_us += elapsed_us(fc->server_ns, s->ts.ns);
	}
	if (opens) {
		if (fc->proto == FE_P_HTTP)
			fc->stage =
				n >= 12 && memcmp(p, "HTTP/1.", 7) == 0 &&
						(p[9] == '3' || p[9] == '1' ||
						 memcmp(p + 9, "401", 3) == 0 ||
						 memcmp(p + 9, "407", 3) == 0)
					? HTTP_REDIR
					: HTTP_KEEP;
	}
	if (opens && fc->proto == FE_P_TLS && (fc->stage & 15) == TLS_HELLO &&
	    n >= HELLO_SEEN && p[0] == 0x16 && p[5] == 2) {
		/* RFC 8446 4.1.3: the random of a HelloRetryRequest */
		static const uint8_t hrr[4] = { 0xcf, 0x21, 0xad, 0x74 };

		fc->stage = TLS_HELLO;
		if (memcmp(p + 11, hrr, 4) == 0)
			fc->stage |= TLS_HRR;
		if (is_tls13(p, n))
			fc->stage |= TLS_V13;
	}
	if (flags & EV_GAP)
		fc->flags |= FE_DIRTY;
	fc->server_ns = s->ts.ns;
	fc->server_end = s->seq + s->payload_len;
	fc->ack_ns = 0;
	return fc->proto == FE_P_OTHER;
}

static bool is_method(const uint8_t *p, size_t n)
{
	static const struct {
		char word[9];
		uint8_t len;
	} words[] = { { "GET ", 4 },	 { "POST ", 5 },   { "HEAD ", 5 },
		      { "PUT ", 4 },	 { "PATCH ", 6 },  { "DELETE ", 7 },
		      { "OPTIONS ", 8 }, { "CONNECT ", 8 } };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (n >= words[i].len && p[0] == (uint8_t)words[i].word[0] &&
		    memcmp(p, words[i].word, words[i].len) == 0)
			return true;
	return false;
}

/* The client's first payload names protocol and program. */
static bool on_first_client(struct fe_conn *fc, const struct segment *s,
			    bool crossed)
{
	const uint8_t *p = s->payload;
	size_t n = s->payload_caplen;
	bool proxy = false;

	if ((fc->flags & FE_HANDSHAKE) && fc->r0_us != 0 &&
	    (fc->server_ns == 0 || crossed) && s->ts.ns > fc->synack_ns) {
		fc->eta_us = elapsed_us(fc->synack_ns, s->ts.ns);
		fc->flags |= FE_HELLO;
	}
	if (n >= 6 && p[0] == 0x16 && p[1] == 3 && p[5] == 1) {
		fc->proto = FE_P_TLS;
		fc->stage = TLS_HELLO;
		fc->stack = fe_tls_stack(p, n);
		fc->ja4 = FE_JA4_START;
	} else if (n >= 4 && memcmp(p, "SSH-", 4) == 0) {
		fc->proto = FE_P_SSH;
		fc->stage = SSH_KEX;
		fc->stack = fe_ssh_stack(p, n, &fc->app_os);
	} else if (is_method(p, n)) {
		fc->proto = FE_P_HTTP;
		fc->stack = fe_http_stack(p, n, &fc->app_os, &proxy);
		if (proxy)
			fc->flags |= FE_PROXY;
	} else if (fc->proto == FE_P_SMTP) {
		fc->flags &= (uint16_t)~FE_HELLO;
		fc->stack = fe_line_stack(p, n);
	} else {
		fc->proto = FE_P_OTHER;
		return true;
	}
	return false;
}

/* Kind of the turn that this payload ends; FE_KINDS = none.  *last is set
 * when nothing later can be used. */
static unsigned tls_kind(struct fe_conn *fc, const uint8_t *p, size_t n,
			 bool *last)
{
	unsigned type = n > 0 ? p[0] : 0;

	if ((fc->stage & 15) == TLS_HELLO) {
		if (type == 0x16 && (fc->stage & TLS_HRR)) {
			fc->stage = TLS_HELLO;
			return FE_K_HRR;
		}
		if (type == 0x16) {
			fc->stage = TLS_FINISHED;
			return FE_K_TLS12;
		}
		if (type == 0x14 && (fc->stage & TLS_HRR)) {
			fc->stage = TLS_HELLO; /* CCS before the second hello */
			return FE_K_HRR;
		}
		if (type == 0x14 || type == 0x17) {
			unsigned k = fc->stage & TLS_V13 || type == 0x17
					     ? FE_K_TLS13
					     : FE_K_TLSRES;

			fc->stage = TLS_INNER;
			*last = !(fc->flags & FE_STARTTLS);
			return k;
		}
		*last = true;
		return FE_KINDS;
	}
	if (type != 0x17) {
		*last = true;
		return FE_KINDS;
	}
	if ((fc->stage & 15) == TLS_FINISHED) {
		fc->stage = TLS_INNER;
		*last = !(fc->flags & FE_STARTTLS);
		return FE_K_TLSAPP;
	}
	return FE_K_LINE; /* a line protocol inside TLS */
}

static unsigned ssh_kind(struct fe_conn *fc, const uint8_t *p, size_t n,
			 bool *last)
{
	unsigned type = 0, auth = 0;

	if (n >= 6 && p[0] == 0 && p[1] == 0)
		type = p[5];
	if (fc->stage < SSH_ENCRYPTED) {
		if (type >= 30 && type <= 34) {
			fc->stage = SSH_REPLY;
			return FE_K_SSHKEX;
		}
		if (type == 21) {
			fc->stage = SSH_ENCRYPTED;
			return FE_K_SSHNEWKEYS;
		}
		return FE_KINDS; /* KEXINIT, or its continuation */
	}
	for (unsigned i = 0; i < fc->n_turns; i++)
		auth += fe_turn_kind(fc->turns[i]) == FE_K_SSHAUTH ||
			fe_turn_kind(fc->turns[i]) == FE_K_SSHLATER;
	*last = auth + 1 >= SSHAUTH_MAX;
	return auth == 0 ? FE_K_SSHAUTH : FE_K_SSHLATER;
}

static unsigned line_kind(struct fe_conn *fc, const uint8_t *p, size_t n)
{
	bool greeting = fc->stage == 0;

	if (n >= 6 && p[0] == 0x16 && p[1] == 3 && p[5] == 1) {
		fc->proto = FE_P_TLS;
		fc->stage = TLS_HELLO;
		fc->flags |= FE_STARTTLS;
		fc->stack = fe_tls_stack(p, n);
		fc->ja4 = FE_JA4_START;
		return FE_K_STARTTLS;
	}
	fc->stage = 1;
	return greeting ? FE_K_GREET : FE_K_LINE;
}

static unsigned turn_kind(struct fe_conn *fc, const uint8_t *p, size_t n,
			  bool *last)
{
	switch (fc->proto) {
	case FE_P_TLS:
		return tls_kind(fc, p, n, last);
	case FE_P_SSH:
		return ssh_kind(fc, p, n, last);
	case FE_P_SMTP:
		return line_kind(fc, p, n);
	case FE_P_HTTP:
		if (!is_method(p, n))
			return FE_KINDS;
		return fc->stage == HTTP_REDIR ? FE_K_HTTPREDIR : FE_K_HTTPKEEP;
	default:
		return FE_KINDS;
	}
}

static void record_turn(struct fe_conn *fc, const struct segment *s,
			unsigned kind, struct farend_stats *st)
{
	uint32_t turn = elapsed_us(fc->server_ns, s->ts.ns), gap;
	bool from_d = true;

	if (fc->flags & FE_DIRTY) {
		fc->loss++;
		st->loss++;
		return;
	}
	if (fc->r0_us == 0)
		return;
	if (fc->server_end - fc->flight_seq > WINDOW_BYTES ||
	    fc->spread_us > SPREAD_MAX_US) {
		st->large++;
		return;
	}
	if (turn + turn / 8 + 200 < fc->rmin_us) {
		fc->crossing++; /* faster than the path: not an answer */
		st->crossing++;
		return;
	}
	gap = turn > fc->rmin_us ? turn - fc->rmin_us : 0;
	if (fc->ack_ns != 0) {
		uint32_t ack = elapsed_us(fc->server_ns, fc->ack_ns);

		if (!acked_late(fc, ack)) {
			gap = elapsed_us(fc->ack_ns, s->ts.ns);
			from_d = false;
		}
	} else if (fc->rmin_us > turn) {
		fc->rmin_us = turn;
	}
	fc->turns[fc->n_turns++] = fe_turn_make(gap, from_d, kind);
	st->turns++;
}

static __attribute__((noinline)) bool on_client_data(struct fe_conn *fc,
						     const struct segment *s,
						     uint8_t flags,
						     struct farend_stats *st)
{
	/* whether it is the client's first; the stack lies in the second line
	 * and is looked at for mail only */
	bool first = fc->stage == 0 && fc->proto != FE_P_HTTP &&
		     (fc->proto != FE_P_SMTP || fc->stack == 0);
	bool last = false;
	bool open = fc->server_ns != 0 && !(fc->flags & FE_ANSWERED);
	bool covers = (int32_t)(s->ack - fc->server_end) >= 0;
	unsigned kind = FE_KINDS;

	if (flags & EV_GAP)
		fc->flags |= FE_DIRTY;
	if (first && on_first_client(fc, s, open && !covers))
		return true;
	if (fc->proto == FE_P_SMTP && first && !open)
		return true; /* speaks before the greeting: not SMTP */
	if (!open)
		return false;
	if (!covers) {
		fc->crossing++;
		st->crossing++;
		return false;
	}
	fc->flags |= FE_DATA;
	if (!first || fc->proto == FE_P_SMTP)
		kind = turn_kind(fc, s->payload, s->payload_caplen, &last);
	if (kind < FE_KINDS) {
		record_turn(fc, s, kind, st);
		if (kind <= FE_K_SSHNEWKEYS && kind != FE_K_SSHKEX)
			fc->flags |= FE_CRYPTO;
	}
	/* an SSH KEXINIT answers nothing: the key exchange still will */
	if (kind < FE_KINDS || fc->proto != FE_P_SSH)
		fc->flags |= FE_ANSWERED;
	return last || fc->n_turns == FE_TURNS;
}

static __attribute__((noinline)) bool on_special(struct fe_conn *fc,
						 const struct segment *s,
						 const struct conn_event *ev)
{
	if (ev->flags & EV_OPEN) {
		on_open(fc, s, ev->dir);
		return false;
	}
	if (s->tcp_flags & TCP_RST) {
		if (ev->dir == 0 && (fc->flags & FE_SYNACK) &&
		    !(fc->flags & FE_HANDSHAKE))
			fc->flags |= FE_REFUSED;
		return true;
	}
	fc->flags |= FE_DIRTY; /* a retransmission */
	return false;
}

/* Most segments of most connections end here: keep it short.  True when
 * nothing later can matter. */
static inline bool measure(struct fe_conn *fc, const struct segment *s,
			   const struct conn_event *ev, struct farend_stats *st)
{
	if (++fc->segments > SEGMENTS_MAX)
		return true;
	if ((ev->flags & (EV_OPEN | EV_RETRANSMIT)) || (s->tcp_flags & TCP_RST))
		return on_special(fc, s, ev);
	if (ev->dir == 1)
		return (ev->flags & EV_DATA) &&
		       on_server_data(fc, s, ev->flags);
	if ((fc->flags & (FE_SYNACK | FE_HANDSHAKE)) == FE_SYNACK)
		on_handshake(fc, s);
	if (ev->flags & EV_DATA)
		return on_client_data(fc, s, ev->flags, st);
	/* the first ACK of a flight */
	if ((ev->flags & EV_ACK) && fc->server_ns != 0 && fc->ack_ns == 0 &&
	    (int32_t)(s->ack - fc->server_end) >= 0)
		on_ack(fc, s);
	return false;
}

void fe_measure(struct farend *f, const struct segment *s,
		const struct conn_event *ev,
		const struct conn_event *const *chosen, size_t k)
{
	for (size_t i = 0; i < k; i++) {
		const struct conn_event *e = chosen[i];
		const struct segment *seg = &s[e - ev];
		struct fe_conn *fc = &f->conns[e->slot];

		if (fc->stage == STAGE_ENDED)
			continue; /* by one of these events */
		if (measure(fc, seg, e, &f->stats)) {
			fc->stage = STAGE_ENDED;
			fe_bit_clear(f->live, e->slot);
		}
		if (fc->ja4 >= FE_JA4_MORE)
			fe_hello_take(f->hellos, fc, e->slot, seg, e,
				      &f->stats);
	}
}
