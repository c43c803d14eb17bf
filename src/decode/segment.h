/*
 * segment.h - what decode says of one frame; the only view of a packet that
 * later layers have.  Lengths are wire lengths (from IP headers), never what
 * was captured: a 96-byte snap gives the same numbers as the full packet.
 */
#ifndef DECODE_SEGMENT_H
#define DECODE_SEGMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/tstamp.h"

enum outcome {
	SEG_OK,		 /* transport header read */
	SEG_TRUNCATED,	 /* we captured too little: says nothing */
	SEG_MALFORMED,	 /* their packet is wrong: may be evidence */
	SEG_UNSUPPORTED, /* our decoder does not know it */
	SEG_FRAGMENT,	 /* a later fragment: counted, no transport header */
	SEG_OTHER,	 /* not IP (ARP, LLDP, ...): nothing for us */
	SEG_OUTCOMES
};

enum { PROTO_ICMP = 1, PROTO_TCP = 6, PROTO_UDP = 17, PROTO_ICMP6 = 58 };

enum {
	TCP_FIN = 1,
	TCP_SYN = 2,
	TCP_RST = 4,
	TCP_PSH = 8,
	TCP_ACK = 16,
	TCP_URG = 32,
	TCP_ECE = 64,
	TCP_CWR = 128
};

struct segment {
	/* first cache line: what the connection table needs */
	struct addr src, dst;
	struct tstamp ts;
	uint16_t sport, dport; /* host order; ICMP: 0 */
	uint8_t proto;	       /* PROTO_*; ICMPv6 is PROTO_ICMP6 */
	uint8_t outcome;       /* enum outcome */
	uint8_t tcp_flags;     /* TCP_* */
	uint8_t ttl;	       /* or hop limit */
	uint32_t seq, ack;     /* TCP */
	uint32_t payload_len;  /* transport payload on the wire; ICMP: after
				* the 8-byte header */
	uint32_t hash;	       /* of the unordered 5-tuple, see decode.h */

	/* second line */
	const uint8_t *payload;	 /* borrowed; captured part of the payload */
	uint32_t payload_caplen; /* bytes at payload, <= payload_len */
	uint16_t window;	 /* TCP, unscaled */
	uint16_t ip_id;		 /* IPv4; 0 for IPv6 */
	uint32_t tsval, tsecr;	 /* TCP timestamps, valid when has_ts */
	uint16_t mss;		 /* SYN only; 0 = none */
	uint8_t wscale;		 /* SYN only; 255 = none */
	bool has_ts;
	bool sack_ok;		 /* SYN only: SACK permitted */
	bool is_v6, is_fragment; /* is_fragment: first fragment of several */
	bool df;		 /* IPv4 Don't Fragment */
	uint8_t icmp_type, icmp_code;
	uint16_t icmp_id, icmp_seq; /* echo and reply */
	uint8_t tunnel_depth;	    /* GRE, VXLAN, ... headers taken off */
	uint8_t dscp_ecn;
	uint64_t mac_src, mac_dst;  /* of the Ethernet header that carried src
				     * and dst (inside tunnels the inner one),
				     * 0 = none */
	const uint8_t *tcp_options; /* borrowed, options_len bytes captured */
	uint8_t options_len;
	bool options_cut; /* the snap length cut the TCP options: what
			   * lies behind the cut reads as absent */
	bool options_bad; /* an option has an impossible length: what
			   * follows it was not read; data counts */
	uint16_t vlan;	  /* outermost VLAN id of the same Ethernet
			   * header, 0 = none */
	uint32_t ip_len;  /* total length of the IP packet on the wire */

	/* where it came from */
	uint64_t number; /* packet number in its file, 1-based */
	uint64_t offset; /* record offset in its file */
	uint16_t file;
	uint32_t wirelen;
};

#endif
