/* cmd_mrt.c - `wellspring mrt`: the records of MRT files as lines. */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/tstamp.h"
#include "cli/commands.h"
#include "cli/options.h"
#include "cli/sandbox.h"
#include "report/route_json.h"

static int run(int argc, char **argv);

enum { OPT_SUMMARY, OPT_JSON, OPT_QUIET, OPT_LINES };

static const struct option_def options[] = {
	{ OPT_LINES, 'm', "lines", ARG_NONE, NULL,
	  "One line per route with the time in Unix seconds, as 'bgpdump -m' "
	  "prints it. This is the default.",
	  NULL, COMPLETE_NOTHING },
	{ OPT_SUMMARY, 's', "summary", ARG_NONE, NULL,
	  "Only count: records by type, routes, times, damage.", NULL,
	  COMPLETE_NOTHING },
	{ OPT_JSON, 'j', "json", ARG_NONE, NULL,
	  "One JSON object a line for each route, state change, session "
	  "message and peer table, with every attribute; with --summary one "
	  "object of counts.",
	  NULL, COMPLETE_NOTHING },
	{ OPT_QUIET, 'q', "quiet", ARG_NONE, NULL,
	  "Say nothing of damage on standard error; the exit code still does.",
	  NULL, COMPLETE_NOTHING },
};

const struct command command_mrt = {
	.name = "mrt",
	.operands = "FILE...",
	.summary = "print the routes of MRT files, as 'bgpdump -m' does",
	.description =
		"Reads routing tables and updates as collectors and routers "
		"write them (RFC 6396; TABLE_DUMP, TABLE_DUMP_V2, BGP4MP, "
		"legacy type 5; ADD-PATH; gzip, bzip2, zstd, xz, lz4) and "
		"prints one line per route. '-' is standard input.\n\n"
		"A file that ends early gives every complete record. Where "
		"the framing is damaged, nothing is invented: the bytes are "
		"stepped over, counted, and reported.",
	.examples = "wellspring mrt updates.20141222.1615.bz2\n"
		    "wellspring mrt --json rib.bz2 | jq 'select(.origin_asn "
		    "== 131279)'\n"
		    "wellspring mrt --summary rib.20141222.1600.bz2\t"
		    "what is in it, and whether it is whole",
	OPTIONS_OF(options),
	.complete = COMPLETE_FILES,
	.run = run,
};

struct settings {
	bool summary, json, quiet;
	struct json j;
};

static void summary_text(const char *path, const struct mrt_stats *s,
			 const struct route_text_counts *c, const char *loss)
{
	char from[40], to[40];
	struct tstamp t0 = { s->first_sec * INT64_C(1000000000) };
	struct tstamp t1 = { s->last_sec * INT64_C(1000000000) };

	printf("%s: %llu records, %llu bytes", path,
	       (unsigned long long)s->records, (unsigned long long)s->bytes);
	if (s->records)
		printf(", %s to %s", tstamp_format(t0, 0, from, sizeof(from)),
		       tstamp_format(t1, 0, to, sizeof(to)));
	putchar('\n');
	for (unsigned t = 0; t < MRT_TYPES; t++) {
		for (unsigned u = 0; u < MRT_SUBTYPES; u++) {
			if (s->by_type[t][u])
				printf("  %-14s %-26s %12llu\n",
				       mrt_type_name(t), mrt_subtype_name(t, u),
				       (unsigned long long)s->by_type[t][u]);
		}
	}
	printf("  announced %llu, withdrawn %llu, table entries %llu, "
	       "state changes %llu\n",
	       (unsigned long long)c->announced,
	       (unsigned long long)c->withdrawn, (unsigned long long)c->entries,
	       (unsigned long long)c->states);
	if (c->bad_prefixes || c->bad_attrs || s->unsupported)
		printf("  impossible prefixes refused %llu, attributes that "
		       "do not read %llu, unsupported records %llu\n",
		       (unsigned long long)c->bad_prefixes,
		       (unsigned long long)c->bad_attrs,
		       (unsigned long long)s->unsupported);
	if (loss[0])
		printf("  damage: %s\n", loss);
}

static void summary_types(struct json *j, const struct mrt_stats *s)
{
	json_key(j, "types");
	json_array(j);
	for (unsigned t = 0; t < MRT_TYPES; t++) {
		for (unsigned u = 0; u < MRT_SUBTYPES; u++) {
			if (!s->by_type[t][u])
				continue;
			json_object(j);
			json_kstring(j, "type", mrt_type_name(t));
			json_kstring(j, "subtype", mrt_subtype_name(t, u));
			json_kuint(j, "records", s->by_type[t][u]);
			json_end(j);
		}
	}
	json_end(j);
}

static void summary_json(struct json *j, const char *path,
			 const struct mrt_stats *s,
			 const struct route_text_counts *c, const char *loss)
{
	json_object(j);
	json_kstring(j, "file", path);
	json_kuint(j, "records", s->records);
	json_kuint(j, "bytes", s->bytes);
	json_kint(j, "first_sec", s->first_sec);
	json_kint(j, "last_sec", s->last_sec);
	summary_types(j, s);
	json_kuint(j, "announced", c->announced);
	json_kuint(j, "withdrawn", c->withdrawn);
	json_kuint(j, "entries", c->entries);
	json_kuint(j, "state_changes", c->states);
	json_kuint(j, "bad_prefixes", c->bad_prefixes);
	json_kuint(j, "bad_attributes", c->bad_attrs);
	json_kuint(j, "malformed", s->malformed);
	json_kuint(j, "unsupported", s->unsupported);
	json_kuint(j, "gaps", s->gaps);
	json_kuint(j, "gap_bytes", s->gap_bytes);
	json_kuint(j, "tail_bytes", s->tail_bytes);
	json_kuint(j, "entries_without_peer", s->no_peer);
	json_kstring(j, "damaged", loss[0] ? loss : NULL);
	json_end(j);
}

static int print_file(const char *path, struct settings *set)
{
	struct mrt_in *in = NULL;
	struct mrt *m = NULL;
	struct route_text *t = NULL;
	struct route_json *l = NULL; /* JSON lines; else t */
	const struct route_text_counts *counts;
	struct mrt_msg msg;
	struct err e;
	char loss[400];
	bool lossy, lines = set->json && !set->summary;
	int status = EXIT_CANNOT;

	in = mrt_in_open(path, &e);
	if (!in || !(m = mrt_new(in, &e)) ||
	    (lines && !(l = route_json_new(stdout, &e))) ||
	    (!lines &&
	     !(t = route_text_new(set->summary ? NULL : stdout, &e)))) {
		fprintf(stderr, "wellspring: %s\n", e.text);
		if (!m)
			mrt_in_close(in);
		goto out;
	}
	while (mrt_next(m, &msg)) {
		if (lines)
			route_json_record(l, m, &msg);
		else
			route_text_record(t, m, &msg);
	}
	counts = lines ? route_json_counts(l) : route_text_counts(t);
	lossy = mrt_lossy(m, loss, sizeof(loss));
	if (set->json && set->summary)
		summary_json(&set->j, path, mrt_stats(m), counts, loss);
	else if (set->summary)
		summary_text(path, mrt_stats(m), counts, loss);
	if (lossy && !set->quiet && !set->summary)
		fprintf(stderr, "wellspring: %s: %s\n", path, loss);
	status = lossy || counts->bad_prefixes ? EXIT_DAMAGED : EXIT_DONE;
	if (mrt_stats(m)->records == 0 && !lossy)
		status = EXIT_INSUFFICIENT;
out:
	if (!route_text_free(t) || !route_json_free(l)) {
		fprintf(stderr, "wellspring: cannot write the output\n");
		status = EXIT_CANNOT;
	}
	mrt_free(m);
	return status;
}

/* 1 wins over 4, 4 over 3, 3 over 0. */
static int worse(int a, int b)
{
	static const int rank[] = { 0, 3, 4, 1, 2 };

	return rank[a] > rank[b] ? a : b;
}

static int run(int argc, char **argv)
{
	struct settings set = { 0 };
	int id, status = EXIT_DONE;
	struct opts o;

	opts_begin(&o, &command_mrt, argc, argv);
	while ((id = opts_next(&o)) >= 0) {
		set.json |= id == OPT_JSON;
		set.summary |= id == OPT_SUMMARY;
		set.quiet |= id == OPT_QUIET;
	}
	if (id != OPTS_DONE)
		return opts_status(id);
	if (o.n_args == 0)
		return opts_usage(&o, "wants a file");
	sandbox_enter((const char *const *)o.args, o.n_args, NULL, 0);
	if (set.json && set.summary) {
		json_init(&set.j, stdout, false);
		json_object(&set.j);
		json_kstring(&set.j, "format", "wellspring-mrt/1");
		json_key(&set.j, "files");
		json_array(&set.j);
	}
	for (size_t i = 0; i < o.n_args; i++)
		status = worse(print_file(o.args[i], &set), status);
	if (set.json && set.summary) {
		json_end(&set.j);
		json_end(&set.j);
		if (!json_done(&set.j))
			status = EXIT_CANNOT;
	}
	return status;
}
