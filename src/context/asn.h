/*
 * asn.h - what is known of AS numbers and addresses without any routes:
 * reserved ranges, names from a list, and validated ROA payloads (RFC 6811).
 *
 * Input: files of the user, plain or compressed.  Names: JSON
 * {"131279": "NAME, CC"} or lines "131279 NAME".  VRPs: CSV with the columns
 * ASN, prefix, max length (rpki-client, Routinator) or JSON {"roas": [...]}.
 * Threads: read-only once loaded.
 */
#ifndef CONTEXT_ASN_H
#define CONTEXT_ASN_H

#include "context/bgp.h"

/* "private", "documentation", "AS_TRANS", "reserved" or NULL for an ordinary
 * number (IANA registry; RFC 1930, 5398, 6793, 6996, 7300, 7607). */
const char *asn_reserved(uint32_t asn);
/* "private", "loopback" ... or NULL: addresses that nobody may announce
 * (RFC 6890 and its updates). */
const char *addr_bogon(const struct addr *a);

struct asn_names; /* opaque */
struct asn_names *asn_names_read(const char *path, struct err *e);
void asn_names_free(struct asn_names *n);
/* Borrows; NULL when there is none. */
const char *asn_name(const struct asn_names *n, uint32_t asn);

enum vrp_state { VRP_UNKNOWN, VRP_NOT_FOUND, VRP_VALID, VRP_INVALID };

struct vrps; /* opaque */
struct vrps *vrps_read(const char *path, struct err *e);
void vrps_free(struct vrps *v);
uint32_t vrps_count(const struct vrps *v);
/* UNKNOWN when v is NULL.  origin 0 (empty path or a set) matches nothing. */
enum vrp_state vrps_check(const struct vrps *v, const struct prefix *p,
			  uint32_t origin);
const char *vrp_word(enum vrp_state s);

/* "AS4837" or "4837". */
bool asn_parse(const char *text, uint32_t *out, struct err *e);

/* Lines of a file, plain or compressed, without their ends; calls line for
 * each.  line returns false to stop. */
bool lines_read(const char *path, bool (*line)(void *arg, char *text),
		void *arg, struct err *e);

#endif
