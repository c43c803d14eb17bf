/*
 * talk.h - a made-up TCP connection, segment by segment, through the real
 * connection table into a farend.
 */
#ifndef TESTS_FAREND_TALK_H
#define TESTS_FAREND_TALK_H

#include "conn/conn.h"
#include "farend/farend.h"
#include "farend/track.h"

struct talk {
	struct conn_table *table;
	struct farend *f;
	uint32_t seq[2]; /* next of client, server */
	uint8_t client;	 /* last byte of 192.0.2.x */
	uint16_t port;
	uint16_t dport;
	uint8_t ttl;
	struct fe_conn last; /* as it was at release */
};

/* cfg NULL: every entry is kept. */
void talk_open(struct talk *t, const struct farend_config *cfg);
void talk_close(struct talk *t);
/* One segment at time us; dir 0 from the client.  Acknowledges all that the
 * other side sent. */
void talk_say(struct talk *t, int64_t us, int dir, uint8_t flags,
	      const void *data, uint32_t len);
/* As talk_say(), with an acknowledgement short by `behind` bytes. */
void talk_behind(struct talk *t, int64_t us, int dir, const void *data,
		 uint32_t len, uint32_t behind);
/* SYN at us, SYN-ACK 10 us later, ACK after rtt_us more. */
void talk_handshake(struct talk *t, int64_t us, int64_t rtt_us);
/* A whole SMTP dialogue of n replies, each answered gap_us after its ACK. */
int64_t talk_lines(struct talk *t, int64_t us, int64_t rtt_us, int64_t gap_us,
		   int n);
/* TLS 1.3 with the Finished gap_us after the ACK; variant changes the
 * program (its list of ciphers). */
int64_t talk_tls13(struct talk *t, int64_t us, int64_t rtt_us, int64_t gap_us,
		   uint8_t variant);

#endif
