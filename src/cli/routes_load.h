/*
 * routes_load.h - options and reading that origin and outage share.
 * For cmd_origin.c and cmd_outage.c; prints on standard error.
 */
#ifndef CLI_ROUTES_LOAD_H
#define CLI_ROUTES_LOAD_H

#include "base/json.h"
#include "base/tstamp.h"
#include "context/asn.h"
#include "context/feed.h"
#include "context/replay.h"

#define ROUTES_NO_TIME INT64_MAX

struct routes {
	struct feed *feed;
	struct rib *rib;
	struct replay *replay;
	struct asn_names *names; /* NULL without a list */
	struct vrps *vrps;	 /* NULL without a list */
	const char *names_path, *vrps_path;
	int64_t first_sec, last_sec; /* of the records that were used */
	uint64_t records;
	bool later;   /* records after the asked time were left out */
	bool lossy;   /* a file was cut or damaged */
	bool no_data; /* nothing could be used */
};

bool routes_init(struct routes *r, struct err *e);
void routes_free(struct routes *r);
bool routes_lists(struct routes *r, const char *names, const char *vrps,
		  struct err *e);
/* Replays every record up to and with the second until.  each is called
 * after each record with the time of it; may be NULL. */
bool routes_replay(struct routes *r, int64_t until,
		   void (*each)(void *arg, int64_t sec), void *arg,
		   struct err *e);
/* One line per file that was damaged, on standard error. */
void routes_complain(const struct routes *r);
/* "inputs": [...] of the JSON forms. */
void routes_json_inputs(const struct routes *r, struct json *j);
/* "2014-12-22T16:15:00Z" of seconds since 1970. */
char *routes_time(int64_t sec, char *buf);

#endif
