/*
 * routes_follow.h - a directory into which collectors drop files.
 * For cmd_outage.c; prints changes on standard output as they are found.
 */
#ifndef CLI_ROUTES_FOLLOW_H
#define CLI_ROUTES_FOLLOW_H

#include "cli/routes_load.h"
#include "context/outage.h"

struct routes_follow {
	const char *dir;  /* NULL: do not follow */
	int64_t idle_sec; /* end when no file came for so long; 0 = never */
	int64_t lost_sec; /* a collector without a file: its feed is lost */
	bool json;
};

/* Returns when idle or interrupted. */
bool routes_follow(struct routes_follow *f, struct routes *r, struct outage *o,
		   struct err *e);

#endif
