/*
 * calib.h - calibration of the far end: what turns cost a direct client.
 *
 * A text file, one value per line with its date and origin:
 *   # comment
 *   name    TEXT
 *   kind    NAME OFFSET_US SPREAD_US TAIL N DATE ORIGIN
 *   value   NAME NUMBER DATE ORIGIN
 *   power   LEG_MS NOT_MISSED RUNS DATE ORIGIN
 * A kind is a kind of turn: its median delay at direct clients, the mean
 * excess above it, the share beyond 20 spreads.  "wellspring calibrate"
 * writes such a file from traffic known to be direct.
 */
#ifndef FAREND_CALIB_H
#define FAREND_CALIB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/err.h"

enum fe_kind {
	FE_K_TLS12,	 /* server flight to ClientKeyExchange */
	FE_K_TLS13,	 /* server flight to CCS or Finished */
	FE_K_TLSRES,	 /* resumed: server Finished to client Finished */
	FE_K_HRR,	 /* HelloRetryRequest to second ClientHello */
	FE_K_TLSAPP,	 /* server's CCS and Finished to first data (1.2) */
	FE_K_SSHKEX,	 /* KEXINIT to key exchange init */
	FE_K_SSHNEWKEYS, /* key exchange reply to NEWKEYS */
	FE_K_SSHAUTH,
	FE_K_SSHLATER,	/* service, authentication, channel turns */
	FE_K_HTTPREDIR, /* 1xx, 3xx, 401, 407 to the next request */
	FE_K_HTTPKEEP,	/* other response to the next request */
	FE_K_GREET,	/* 220 greeting to first command */
	FE_K_LINE,	/* reply to next command */
	FE_K_STARTTLS,	/* 220 ready to ClientHello */
	FE_K_HELLO,	/* handshake ACK to first payload */
	FE_KINDS
};

struct fe_kind_calib {
	double offset_us, spread_us, tail;
	uint32_t n; /* turns behind it; 0 = not calibrated */
};

#define FE_POWER_MAX 16

struct farend_calib {
	char name[96];
	struct fe_kind_calib kind[FE_KINDS];
	double eps;	    /* share of turns in the heavy tail */
	double eps_conn;    /* share of connections in a slow episode */
	double slow;	    /* share of client programs that are slow */
	double constant;    /* share slow by a constant at every turn */
	double multi;	    /* share of turns that take 2 or 3 legs */
	double shift_log10; /* taken off every LR: the laboratory's direct
			     * runs may exceed 100 in one of 100 */
	double yes_log10;   /* threshold of "yes", 0.1 % per address */
	double cap_log10;   /* validated bound of the LR */
	double hull_ms;	    /* processing of client and relay, p97.5 */
	struct {
		double leg_ms;
		uint32_t kept, runs;
	} power[FE_POWER_MAX];
	uint8_t n_power;
};

const char *fe_kind_name(enum fe_kind k);
/* Owns: free().  The shipped file, compiled in. */
struct farend_calib *farend_calib_shipped(struct err *e);
struct farend_calib *farend_calib_read(const char *path, struct err *e);
/* Text of len bytes; what is not named keeps its default. */
bool farend_calib_parse(struct farend_calib *c, const char *text, size_t len,
			struct err *e);
bool farend_calib_write(const struct farend_calib *c, FILE *out,
			const char *date, const char *origin);

#endif
