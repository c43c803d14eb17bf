/*
 * report.h - writers: everything a person or a program reads of a case comes
 * from the one case_record (evidence/case.h).
 * Every writer returns false when the sink failed (a full disk is an error,
 * not a short report); nothing here looks at the clock, the locale or the
 * terminal: what a writer needs is in its style.
 */
#ifndef REPORT_REPORT_H
#define REPORT_REPORT_H

#include <stdbool.h>
#include <stdio.h>

#include "evidence/case.h"

struct report_style {
	bool color;
	bool all;	    /* also the insufficient relays, every address */
	unsigned width;	    /* columns, 0 = 80 */
	const char *stored; /* file the case was written to, NULL = none */
};

/* The screen of design.md section 1. */
bool report_text(FILE *f, const struct case_record *c,
		 const struct report_style *s);

/* The case as JSON (design.md section 3, doc/case.schema.json).  all: every
 * connection and also the best insufficient relays. */
bool report_json(FILE *f, const struct case_record *c, bool all);

/* Reads what report_json() wrote.  Owns: case_free().  NULL and *e when the
 * file cannot be read, is no JSON, or no case of a version that is known. */
struct case_record *report_read_case(const char *path, struct err *e);
/* The same from memory; text[len] must be there and 0. */
struct case_record *report_read_text(const char *text, size_t len,
				     struct err *e);

/* The reasons of one verdict.  ERR_USAGE when the case does not name the
 * address. */
bool report_explain(FILE *f, const struct case_record *c,
		    const struct addr *address, const struct report_style *s,
		    struct err *e);

#endif
