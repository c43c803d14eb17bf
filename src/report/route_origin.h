/*
 * route_origin.h - writers of `wellspring origin`: text and JSON.
 *
 * Both read the same answer.  Every line is context: it says who announced
 * an address, never who used it.
 */
#ifndef REPORT_ROUTE_ORIGIN_H
#define REPORT_ROUTE_ORIGIN_H

#include <stdio.h>

#include "base/json.h"
#include "context/asn.h"
#include "context/block.h"
#include "context/origin.h"

struct route_names {		       /* what the writers look things up in */
	const struct asn_names *names; /* NULL: no list */
	const struct vrps *vrps;       /* NULL: no list */
	const struct paths *paths;
};

struct route_question {
	const char *text; /* as the user wrote it */
	struct prefix prefix;
	int64_t at; /* seconds since 1970 */
};

void route_origin_text(FILE *f, const struct route_question *q,
		       const struct origin_answer *a,
		       const struct route_names *n);
void route_origin_json(struct json *j, const struct route_question *q,
		       const struct origin_answer *a,
		       const struct route_names *n);
void route_block_text(FILE *f, const struct block_cost *c,
		      const struct route_names *n);
void route_block_json(struct json *j, const struct block_cost *c,
		      const struct route_names *n);

/* "2914 1239 4837 131279"; cut with "..." when buf is too short. */
char *route_path_text(const struct paths *paths, uint32_t path, char *buf,
		      size_t len);
/* "AS4837 NAME, CC"; flags reserved numbers.  buf of 160 bytes. */
char *route_as_text(const struct route_names *n, uint32_t asn, char *buf);

#endif
