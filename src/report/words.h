/*
 * words.h - numbers, legs and filters as text, and lines that wrap.
 * Everything is written into the caller's storage.
 */
#ifndef REPORT_WORDS_H
#define REPORT_WORDS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "evidence/case.h"

#define WORDS_MAX 1024 /* bytes; longer text is cut */

/* "11,664"; buf of at least 32 bytes.  All of these return buf. */
char *words_count(uint64_t n, char *buf);
/* "3 m 53 s", "1 h 02 m", "0.40 s"; buf of at least 32 bytes. */
char *words_duration(int64_t ns, char *buf);
/* "0.2 ms", "12 s", "35 us"; buf of at least 32 bytes. */
char *words_lag(int64_t ns, char *buf);
/* "10^12", "10^5.8": one decimal, rounded down; up for thresholds.  The
 * text never says more than was found.  buf of at least 32 bytes. */
char *words_power(microbans m, bool up, char *buf);
/* "198.51.100.7:22", "[2001:db8::1]:22", without port for ICMP;
 * buf of at least 64 bytes. */
char *words_end(const struct addr *a, uint16_t port, uint8_t proto, char *buf);
/* A leg as seen from host: "A:40122 > :22", "> B:22", or both ends when
 * host is neither; buf of at least 160 bytes. */
char *words_leg(const struct case_conn *c, const struct addr *host, char *buf);
/* tshark display filter for one connection, and for two of them.  Works on
 * any capture, as it names addresses and ports; buf of at least 512 bytes. */
char *words_filter(const struct case_conn *c, char *buf);
char *words_filter_pair(const struct case_conn *a, const struct case_conn *b,
			char *buf);
/* Text as one word of a POSIX shell, quoted where needed. */
void words_shell(FILE *f, const char *text);
/* "tshark -r FILE -Y '...'" for the legs (b may be NULL) with the capture
 * of the case in which they overlap; one line, never wrapped. */
void words_look(FILE *f, const struct case_record *c, const struct case_conn *a,
		const struct case_conn *b);

/* A paragraph with a hanging indent; words never break. */
struct para {
	FILE *f;
	unsigned width, indent, column;
	bool glue; /* next text follows without a space */
};
/* Starts a line with the label at column `at`; text begins at `indent`, or
 * one space behind a longer label. */
void para_begin(struct para *p, const char *label, unsigned at,
		unsigned indent);
/* One space before it, none before , ; and :. */
void para_put(struct para *p, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* The text stays in one line. */
void para_unit(struct para *p, const char *text);
void para_end(struct para *p);

#endif
