/*
 * hosts.h - addresses of one host, joined by MAC.
 *
 * Reads the input once before it is analyzed.  A MAC stands for one host when
 * every packet it sent has a hop count as senders set it (64, 128 or 255: no
 * router decremented it on the way), and its source addresses are few: at most
 * one IPv4 address and HOSTS_V6 global IPv6 ones.  A router fails the first
 * test with its first forwarded packet, a NAT that rewrites hop counts the
 * second.  What is joined stands in the case as if --same-host had said it.
 * Bound: HOSTS_MACS MACs; later ones are not joined.
 */
#ifndef PIPELINE_HOSTS_H
#define PIPELINE_HOSTS_H

#include "pipeline/analyze.h"

#define HOSTS_MACS 65536
#define HOSTS_V6   4 /* stable and temporary addresses */

/* Pairs of addresses of one host, in order of addresses; owns *pairs: free().
 * false and *e when the input cannot be read twice or not at all. */
bool hosts_by_mac(const struct capture_spec *input, struct addr (**pairs)[2],
		  size_t *n, struct err *e);

#endif
