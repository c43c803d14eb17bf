/*
 * sigs.h - signatures of TCP stacks and links, measured by ourselves.
 *
 * A text file that users can extend, one signature per line:
 *   os   CLASS LAYOUT WINDOW WSCALE TTL DATE ORIGIN
 *   link MSS KIND LABEL DATE ORIGIN
 *   tls  JA4 SYSTEM LABEL DATE ORIGIN
 * LAYOUT names the options of the SYN in order: M mss, S sack permitted,
 * T timestamp, N nop, W window scale, E end, ? other ("MSTNW").
 * WINDOW is a number, "*" or "M*" (a whole multiple of the MSS); WSCALE and
 * TTL a number or "*".  KIND of a link: native, access (PPPoE, mobile),
 * tunnel.  SYSTEM: the one that this TLS client is found on ("linux",
 * "windows", "macos", "freebsd"), "any" for a program that runs on all.
 * LABEL has no spaces.
 */
#ifndef FAREND_SIGS_H
#define FAREND_SIGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum fe_os {
	FE_OS_UNKNOWN,
	FE_OS_LINUX,
	FE_OS_WINDOWS,
	FE_OS_APPLE,
	FE_OS_BSD,
	FE_OS_OTHER
};
enum fe_link {
	FE_LINK_UNKNOWN,
	FE_LINK_NATIVE,
	FE_LINK_ACCESS,
	FE_LINK_TUNNEL
};

struct fe_sig_os {
	char label[48];
	uint32_t layout;
	int32_t window;	     /* -1 any, -2 multiple of MSS */
	int16_t wscale, ttl; /* -1 any; ttl: initial value */
	uint8_t os;
};

struct fe_sig_link {
	char label[48];
	uint16_t mss;
	uint8_t kind;
};

struct fe_sig_tls {
	char ja4[40], label[48];
	uint8_t os; /* FE_OS_UNKNOWN: any */
};

#define FE_SIGS_OS   64
#define FE_SIGS_LINK 64
#define FE_SIGS_TLS  128

struct farend_sigs {
	struct fe_sig_os os[FE_SIGS_OS];
	struct fe_sig_link link[FE_SIGS_LINK];
	struct fe_sig_tls tls[FE_SIGS_TLS];
	uint8_t n_os, n_link, n_tls;
};

/* Option kinds in order, 3 bits each, first in the highest; 10 at most. */
uint32_t fe_layout(const uint8_t *options, size_t len);
char *fe_layout_text(uint32_t layout, char buf[16]);

/* Owns: free(). */
struct farend_sigs *farend_sigs_shipped(struct err *e);
struct farend_sigs *farend_sigs_read(const char *path, struct err *e);
bool farend_sigs_parse(struct farend_sigs *s, const char *text, size_t len,
		       struct err *e);

/* NULL when unknown. */
const struct fe_sig_os *fe_sigs_find_os(const struct farend_sigs *s,
					uint32_t layout, uint16_t mss,
					uint16_t window, uint8_t wscale,
					uint8_t ttl);
const struct fe_sig_link *fe_sigs_find_link(const struct farend_sigs *s,
					    uint16_t mss);
/* Same version, ciphers, extensions and signature algorithms; whether the
 * server is named and the ALPN depend on the address asked for. */
const struct fe_sig_tls *fe_sigs_find_tls(const struct farend_sigs *s,
					  const char *ja4);
/* Initial TTL (32, 64, 128, 255) and hops from the one seen. */
uint8_t fe_ttl_initial(uint8_t ttl);
/* The MSS m that a Linux stack had when it chose window = floor(65535/m)*m,
 * when that m is not the MSS seen and exactly one of the link table fits;
 * 0 = the MSS was not lowered in transit, or nobody knows. */
uint16_t fe_clamped_from(const struct farend_sigs *s, uint16_t mss,
			 uint16_t window);

#endif
