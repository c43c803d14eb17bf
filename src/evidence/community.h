/*
 * community.h - Community ID v1: one short name for a connection that Zeek,
 * Suricata, Arkime, tshark and others give it too.
 * Specification: corelight/community-id-spec, version 1; seed 0.
 */
#ifndef EVIDENCE_COMMUNITY_H
#define EVIDENCE_COMMUNITY_H

#include <stdint.h>

#include "base/addr.h"

#define COMMUNITY_TEXT 32 /* "1:", 28 characters, NUL */

/* Ports in host order.  ICMP and ICMPv6: type and code of any packet of the
 * exchange in place of the ports, src its sender.  Other protocols: ports
 * 0.  Writes "" when the hash fails. */
void community_id(uint8_t proto, const struct addr *src, uint16_t sport,
		  const struct addr *dst, uint16_t dport,
		  char out[COMMUNITY_TEXT]);

#endif
