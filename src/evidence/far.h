/*
 * far.h - the far end's answers become part of the case: statements, findings
 * of the addresses, and verdicts.
 */
#ifndef EVIDENCE_FAR_H
#define EVIDENCE_FAR_H

#include "evidence/case.h"
#include "farend/farend.h"

/* After assess(): adds far ends and findings, and lets them speak:
 * terminating-relay yes and sufficient makes a springboard where quality is
 * not C; no with measured power makes a source where nothing is contrary and
 * the address accepted no connection here that could feed what it opens.
 * Pairs and far end see the same packets: nothing is multiplied, conflicts
 * are findings.  Every connection of f was released before.  false: out of
 * memory. */
bool far_apply(struct case_record *c, struct farend *f, struct err *e);

#endif
