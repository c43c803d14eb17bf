/*
 * analyze_routes.h - `analyze --mrt`: who announced each address of a case at
 * the end of its capture.  Context, marked as such: never evidence.
 */
#ifndef CLI_ANALYZE_ROUTES_H
#define CLI_ANALYZE_ROUTES_H

#include "evidence/case.h"

/* Adds a finding "routing-context" to every address of the case (at most
 * 5,000).  paths: MRT files or directories.  Notes on standard error.  false
 * and *e when they cannot be used. */
bool analyze_routes(struct case_record *c, const char *const *paths, size_t n,
		    struct err *e);

#endif
