/*
 * track.h - what the files of farend share: the record of a connection while
 * it lives, its summary afterwards, the record of an address.
 */
#ifndef FAREND_TRACK_H
#define FAREND_TRACK_H

#include "farend/calib.h"
#include "farend/farend.h"
#include "farend/sigs.h"

#define FE_TURNS 8
#define FE_NONE	 UINT32_MAX

#define FE_JA4_TEXT    37     /* with its NUL */
#define FE_JA4_NAMES   2048   /* different ones in one capture */
#define FE_JA4_START   0xffff /* fe_conn.ja4: the hello begins here, */
#define FE_JA4_MORE    0xfffe /* goes on */
#define FE_HELLO_PARTS 64     /* hellos collected at a time */
#define FE_HELLO_BYTES 4096

enum fe_proto {
	FE_P_UNKNOWN, /* nothing said yet */
	FE_P_TLS,
	FE_P_SSH,
	FE_P_HTTP,
	FE_P_SMTP, /* any "220 " line protocol */
	FE_P_OTHER,
};

enum fe_flags {
	FE_SYN = 1,
	FE_SYNACK = 2,
	FE_HANDSHAKE = 4, /* SYN-ACK acknowledged */
	FE_HELLO = 8,	  /* eta_us is valid */
	FE_DIRTY = 16,	  /* loss or retransmission inside this turn */
	FE_PROXY = 32,	  /* an HTTP header names a proxy */
	FE_DATA = 64,	  /* it acknowledged payload of ours */
	FE_CRYPTO = 128,  /* it answered our randomness */
	FE_REFUSED = 256, /* RST answered our SYN-ACK */
	FE_SERVER_FIRST = 512,
	FE_TS = 1024, /* SYN carried a timestamp: ts_off is valid */
	FE_RESUMED = 2048,
	FE_STARTTLS = 4096,
	FE_ANSWERED = 8192,	  /* this server flight has its answer */
	FE_REPEAT_SYNACK = 16384, /* SYN-ACK was sent more than once */
};

/* Turn: 23 bits of time in us (8.3 s), 1 bit "from D", 8 bits of kind. */
static inline uint32_t fe_turn_make(int64_t us, bool from_d, unsigned kind)
{
	if (us < 0)
		us = 0;
	if (us > 0x7fffff)
		us = 0x7fffff;
	return (uint32_t)us << 9 | (uint32_t)from_d << 8 | kind;
}

static inline uint32_t fe_turn_us(uint32_t t)
{
	return t >> 9;
}

static inline bool fe_turn_from_d(uint32_t t)
{
	return (t >> 8 & 1) != 0;
}

static inline unsigned fe_turn_kind(uint32_t t)
{
	return t & 0xff;
}

#define FE_LINE 64 /* bytes of a cache line */

/* One connection while it lives; most segments need the first 64 bytes. */
struct fe_conn {
	_Alignas(FE_LINE) int64_t synack_ns; /* last SYN-ACK; then the
					      * handshake's ACK */
	int64_t server_ns;   /* last server segment; 0 = no flight open */
	int64_t ack_ns;	     /* first pure ACK of it; 0 = none */
	uint32_t server_end; /* its end in sequence space */
	uint32_t flight_seq; /* where the flight began */
	uint32_t spread_us;  /* from its first segment to its last */
	uint32_t r0_us;	     /* SYN-ACK to ACK */
	uint32_t rmin_us;    /* smallest of r0 and the data ACKs */
	uint32_t rdata_us;   /* data-ACK RTT of the first flight; 0 = none */
	uint32_t rdev_us;    /* sum of |data-ACK RTT - r0| */
	uint16_t flags;
	uint16_t segments; /* that could matter, seen while measuring */
	uint16_t ja4;	   /* number of the name, FE_JA4_*, 0 = none */
	uint8_t proto, stage;
	uint8_t n_turns, n_rdev, crossing, loss;
	uint32_t eta_us; /* handshake ACK to first client payload */
	uint32_t turns[FE_TURNS];
	uint32_t stack;	 /* hash of the client program, 0 = unknown */
	uint32_t layout; /* TCP options of the SYN, see sigs.h */
	uint32_t ts_off; /* TSval - 1000 t at the SYN */
	uint16_t mss, window;
	uint8_t ttl, wscale;
	uint8_t app_os; /* enum fe_os, from banner or User-Agent */
};
_Static_assert(offsetof(struct fe_conn, eta_us) == FE_LINE, "the second line");
_Static_assert(sizeof(struct fe_conn) <= 128, "design.md section 9");

/* One connection afterwards; in a pool, linked per address by farend.next. */
struct fe_summary {
	int64_t start_ns;
	uint32_t id;
	uint32_t r0_us, rmin_us, rdata_us, rdev_us;
	/* from here to app_os as in struct fe_conn */
	uint32_t eta_us;
	uint32_t turns[FE_TURNS];
	uint32_t stack, layout, ts_off;
	uint16_t mss, window;
	uint8_t ttl, wscale, app_os;
	uint8_t proto, n_turns, n_rdev;
	uint8_t crossing, loss;
	uint16_t flags, ja4;
};

struct fe_address {
	struct addr address;
	uint32_t head;	     /* of its summaries */
	uint32_t kept, seen; /* summaries kept, offered */
	uint32_t conns, handshakes, synonly, refused, data, crypto;
	uint32_t crossing, loss, no_handshake, one_sided;
	int64_t first_ns, last_ns; /* of connections with data acknowledged */
	bool used;
	bool dropped;	 /* a summary found no room */
	uint8_t syn_ttl; /* of the latest SYN without handshake; 0 = none */
	uint32_t back_synack; /* answers to what it was not seen to send */
	uint32_t back_rst;
};

#define FE_PREFIXES 32768 /* networks whose hop counts are kept */

/* Hops of completed handshakes from one network (/24, /48). */
struct fe_prefix {
	uint64_t key; /* its bits and one more; 0 = empty */
	uint32_t n;
	uint8_t low, high;
};

struct fe_hello_part {
	uint32_t slot, have, next_seq;
	uint8_t bytes[FE_HELLO_BYTES];
};

/* JA4 names of this capture, and hellos on their way. */
struct fe_hellos {
	struct fe_hello_part part[FE_HELLO_PARTS];
	char name[FE_JA4_NAMES][FE_JA4_TEXT];
	uint16_t index[2 * FE_JA4_NAMES]; /* number of a name; 0 = empty */
	uint32_t n_names;
};

struct farend {
	/* A bit per slot each, small enough for the nearest caches. */
	uint32_t *live;	       /* still measured */
	uint32_t *known;       /* conns[slot] is valid */
	size_t bits_bytes;     /* of each of them */
	struct fe_conn *conns; /* per slot */
	uint32_t max_conns;
	size_t conns_bytes;
	struct fe_address *addresses;
	uint32_t max_addresses, n_addresses, mask;
	uint32_t *index; /* address number + 1; 0 = empty */
	struct fe_summary *pool;
	uint32_t *next; /* per summary: the address's next; FE_NONE ends */
	uint32_t pool_size, pool_used;
	struct fe_hellos *hellos;
	struct fe_prefix *prefixes;
	const struct farend_calib *calib;
	const struct farend_sigs *sigs;
	struct farend_calib *own_calib;
	struct farend_sigs *own_sigs;
	struct farend_config cfg;
	struct farend_stats stats;
};

/* farend.c: what was measured of a connection, all zero if nothing. */
const struct fe_conn *fe_conn_of(const struct farend *f, uint32_t slot);

static inline bool fe_bit(const uint32_t *v, uint32_t slot)
{
	return (v[slot / 32] >> (slot % 32) & 1) != 0;
}

static inline void fe_bit_set(uint32_t *v, uint32_t slot)
{
	v[slot / 32] |= UINT32_C(1) << (slot % 32);
}

static inline void fe_bit_clear(uint32_t *v, uint32_t slot)
{
	v[slot / 32] &= ~(UINT32_C(1) << (slot % 32));
}

/* turns.c: those events of ev that may matter, k of connections that were
 * live before them; s and ev go together. */
void fe_measure(struct farend *f, const struct segment *s,
		const struct conn_event *ev,
		const struct conn_event *const *chosen, size_t k);

/* hello.c: names of programs.  Each reads what was captured of a first
 * payload; 0 when nothing was recognised. */
uint32_t fe_tls_stack(const uint8_t *p, size_t len);
uint32_t fe_ssh_stack(const uint8_t *p, size_t len, uint8_t *os);
/* *proxy is set when a header names a proxy (Via, Forwarded, ...). */
uint32_t fe_http_stack(const uint8_t *p, size_t len, uint8_t *os, bool *proxy);
/* SMTP and alike: the verb and the shape of its argument. */
uint32_t fe_line_stack(const uint8_t *p, size_t len);

/* RFC 8701: values 0x?a?a are put in at random. */
static inline bool fe_is_grease(uint16_t v)
{
	return (v & 0x0f0f) == 0x0a0a && v >> 8 == (v & 0xff);
}

/* ja4.c: from the TLS record on.  How many bytes the ClientHello takes with
 * its headers, 9 when too few are there to know, 0 when one record does not
 * hold it. */
size_t fe_hello_bytes(const uint8_t *p, size_t len);
/* false when it is not whole, or no ClientHello. */
bool fe_ja4(const uint8_t *p, size_t len, char out[FE_JA4_TEXT]);

/* hellos.c: a segment of a connection whose ja4 is FE_JA4_START or _MORE. */
void fe_hello_take(struct fe_hellos *t, struct fe_conn *fc, uint32_t slot,
		   const struct segment *s, const struct conn_event *ev,
		   struct farend_stats *st);
/* Borrows; NULL for 0. */
const char *fe_hello_name(const struct fe_hellos *t, uint16_t ja4);

/* address.c */
struct fe_address *fe_address_get(struct farend *f, const struct addr *a,
				  bool create);
/* First the bucket, later the record. */
void fe_address_prefetch_bucket(const struct farend *f, const struct addr *a);
void fe_address_prefetch(const struct farend *f, const struct addr *a);
/* Where the summary of one more connection goes, all of it to be written;
 * NULL: this one is not kept. */
struct fe_summary *fe_address_room(struct farend *f, struct fe_address *a);
void fe_address_add(struct farend *f, struct fe_address *a,
		    const struct fe_summary *s);

/* prefix.c: a handshake was completed from there over so many hops. */
void fe_prefix_add(struct fe_prefix *table, const struct addr *a, uint8_t hops,
		   struct farend_stats *st);
/* Borrows; NULL when nothing is known. */
const struct fe_prefix *fe_prefix_find(const struct fe_prefix *table,
				       const struct addr *a);

/* infer.c: question A; tunnel.c: B; shared.c: C; spoof.c: ladder, findings.
 * Each fills one entry from the address's summaries u[0..n). */
struct fe_view {
	const struct farend *f;
	const struct fe_address *a;
	const struct fe_summary *u[FAREND_CONNS * 4];
	size_t n;
	int64_t jitter_ns, rtt_ns, ack_delta_ns; /* -1 = unknown */
	bool words; /* somebody reads observed and inferred */
	bool brief; /* all that matters is whether there is an answer */
};
void fe_judge_terminating(const struct fe_view *v, struct farend_entry *e);
void fe_judge_tunnel(const struct fe_view *v, struct farend_entry *e);
void fe_judge_shared(const struct fe_view *v, struct farend_entry *e);
void fe_describe(const struct fe_view *v, struct farend_address *out);

#endif
