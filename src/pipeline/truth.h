/*
 * truth.h - what is true of a capture: truth.json of the testbed (schema
 * springboard-testbed-truth/1).  Only what evaluate needs.
 * Times are ns since 1970 on the true clock: a capture's stamps are those
 * plus its clock_offset.
 */
#ifndef PIPELINE_TRUTH_H
#define PIPELINE_TRUTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/err.h"

struct truth_capture {
	char file[128];
	int64_t clock_offset_ns;
};

struct truth_conn {
	char id[16];
	uint8_t proto; /* PROTO_TCP, PROTO_UDP, PROTO_ICMP also for v6 */
	struct addr src, dst;
	uint16_t sport, dport;
	int64_t start_ns, end_ns;
	uint64_t seen; /* bit per capture that holds it */
};

struct truth_relay {
	size_t in, out; /* index in conns */
	char host[32], tool[32], kind[32];
	bool terminates;   /* not packet-level and not vpn */
	uint64_t together; /* bit per capture that holds both legs */
};

struct truth_host {
	char name[32];
	struct addr address[2]; /* v4, v6; all zero = none */
	bool relays;		/* some relay with a terminating kind */
	bool hands_on;		/* a NAT or VPN: packets of others leave it */
};

struct truth {
	char scenario[64];
	char group;
	struct truth_capture *captures; /* at most 64 are used */
	size_t n_captures;
	struct truth_conn *conns;
	size_t n_conns;
	struct truth_relay *relays;
	size_t n_relays;
	struct truth_host *hosts;
	size_t n_hosts;
};

/* Owns: truth_free(). */
struct truth *truth_read(const char *path, struct err *e);
void truth_free(struct truth *t);

#endif
