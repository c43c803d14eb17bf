/*
 * routes_load.h - options and reading that origin and outage share.
 * For cmd_origin.c and cmd_outage.c; prints on standard error.
 */
#ifndef CLI_ROUTES_LOAD_H
#define CLI_ROUTES_LOAD_H

#include "base/json.h"
#include "base/tstamp.h"
#include "cli/options.h"
#include "context/asn.h"
#include "context/feed.h"
#include "context/replay.h"

#define ROUTES_NO_TIME INT64_MAX

/* The options of both commands: ROUTES_OPTIONS stands in their tables. */
#define ROUTES_MAX_PATHS 4096
enum { ROUTES_OPT_MRT = 1000, ROUTES_OPT_NAMES, ROUTES_OPT_VRP };
/* clang-format off */
#define ROUTES_OPTIONS                                                         \
	{ ROUTES_OPT_MRT, 'm', "mrt", ARG_REQUIRED, "PATH",                    \
	  "MRT file or directory, tables and updates of any collectors; as "   \
	  "often as needed. NAME=PATH says which collector it is from.",       \
	  NULL, COMPLETE_FILES },                                              \
	{ ROUTES_OPT_NAMES, 'n', "names", ARG_REQUIRED, "FILE",                \
	  "Names of ASes: JSON {\"131279\": \"NAME, CC\"} or lines of number " \
	  "and name.",                                                         \
	  NULL, COMPLETE_FILES },                                              \
	{ ROUTES_OPT_VRP, 0, "vrp", ARG_REQUIRED, "FILE",                      \
	  "Validated ROA payloads, CSV or JSON as rpki-client writes them: "   \
	  "the RPKI state of routes, and filtering told from an outage.",      \
	  NULL, COMPLETE_FILES }
/* clang-format on */

struct routes_args {
	const char *paths[ROUTES_MAX_PATHS];
	unsigned npaths;
	const char *names, *vrps;
};

/* True when id is one of them; *status is a usage error when it is wrong. */
bool routes_option(struct routes_args *a, const struct opts *o, int id,
		   int *status);
/* Landlock before the first hostile byte: only these may be read.  dir may be
 * NULL. */
void routes_confine(const struct routes_args *a, const char *dir);
/* Paths of --mrt as they may be opened: "NAME=PATH" is both.  out has room
 * for 2 * n; returns how many. */
size_t routes_readable(const char *const *paths, size_t n, const char **out);

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
