/*
 * chain.h - sufficient relays joined to paths: connections from the origin
 * on, each handed to the next at the host they share.
 */
#ifndef EVIDENCE_CHAIN_H
#define EVIDENCE_CHAIN_H

#include "evidence/case.h"

#define CHAIN_LONG 32  /* connections in one chain */
#define CHAIN_MOST 256 /* chains in one case */

/* Fills c->chains from c->relays; false: out of memory. */
bool chain_build(struct case_record *c);

#endif
