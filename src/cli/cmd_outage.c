/* cmd_outage.c - `wellspring outage`: when networks were not visible. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/commands.h"
#include "cli/options.h"
#include "cli/routes_follow.h"
#include "cli/routes_load.h"
#include "report/route_outage.h"

static int run(int argc, char **argv);

enum {
	OPT_ASN,
	OPT_PREFIX,
	OPT_COUNTRY,
	OPT_TO,
	OPT_SVG,
	OPT_FEED,
	OPT_MIN,
	OPT_FOLLOW,
	OPT_IDLE,
	OPT_LOST,
	OPT_ASCII,
	OPT_JSON
};

static const struct option_def options[] = {
	ROUTES_OPTIONS,
	{ OPT_ASN, 'a', "asn", ARG_REQUIRED, "N",
	  "Watch the networks that this AS announces; may be repeated.", NULL,
	  COMPLETE_NOTHING },
	{ OPT_PREFIX, 'p', "prefix", ARG_REQUIRED, "PREFIX",
	  "Watch this network and all inside it; may be repeated.", NULL,
	  COMPLETE_NOTHING },
	{ OPT_COUNTRY, 'c', "country-file", ARG_REQUIRED, "FILE",
	  "Watch the ASes and prefixes in FILE, one a line.", NULL,
	  COMPLETE_FILES },
	{ OPT_TO, 't', "to", ARG_REQUIRED, "TIME",
	  "Use nothing later than TIME.", NULL, COMPLETE_NOTHING },
	{ OPT_SVG, 's', "svg", ARG_REQUIRED, "FILE",
	  "Also write a timeline as SVG.", NULL, COMPLETE_FILES },
	{ OPT_FEED, 0, "full-feed", ARG_REQUIRED, "SHARE",
	  "A peer counts when its table is at least this part of the largest "
	  "one (0.8).",
	  NULL, COMPLETE_NOTHING },
	{ OPT_MIN, 0, "min-duration", ARG_REQUIRED, "SECONDS",
	  "Shorter losses are counted as instability (360).", NULL,
	  COMPLETE_NOTHING },
	{ OPT_FOLLOW, 'f', "follow", ARG_REQUIRED, "DIR",
	  "Watch a directory as collectors drop files into it, and print "
	  "changes, also 'visible again' and 'feed lost'.",
	  NULL, COMPLETE_DIRS },
	{ OPT_IDLE, 0, "follow-idle", ARG_REQUIRED, "SECONDS",
	  "With --follow: end with a report when no file came for so long.",
	  NULL, COMPLETE_NOTHING },
	{ OPT_LOST, 0, "feed-lost", ARG_REQUIRED, "SECONDS",
	  "With --follow: a collector without a new file for so long is a "
	  "lost feed (2700).",
	  NULL, COMPLETE_NOTHING },
	{ OPT_ASCII, 0, "ascii", ARG_NONE, NULL,
	  "Draw with ASCII characters only.", NULL, COMPLETE_NOTHING },
	{ OPT_JSON, 'j', "json", ARG_NONE, NULL,
	  "One JSON object; changes of --follow as one object a line.", NULL,
	  COMPLETE_NOTHING },
};

const struct command command_outage = {
	.name = "outage",
	.operands = "[--asn N | --prefix P] --mrt PATH...",
	.summary = "when networks were not visible in BGP, from MRT files",
	.description =
		"Follows every peer of every collector through tables and "
		"updates, and reports networks that most full-feed peer ASes "
		"lost: from when to when, how many had it before, what "
		"remained. Lost sessions, gaps in the files, partial feeds, "
		"stuck routes and RPKI filtering are told apart from an "
		"outage.\n\n"
		"What was observed and what may have caused it are separate; "
		"the cause is a list of rivals and usually undetermined: "
		"routing tables do not say why.",
	.examples = "wellspring outage --asn 131279 --mrt rrc00/ --mrt "
		    "route-views2/\n"
		    "wellspring outage --asn 131279 --mrt data/ --svg out.svg\n"
		    "wellspring outage --prefix 175.45.176.0/22 --follow "
		    "incoming/",
	OPTIONS_OF(options),
	.complete = COMPLETE_NOTHING,
	.run = run,
};

struct job {
	struct routes_args in;
	uint32_t *asn;
	unsigned nasn;
	struct prefix *prefix;
	unsigned nprefix;
	const char *svg, *country;
	uint64_t bad_lines; /* of country */
	struct routes_follow follow;
	int64_t to;
	bool json, ascii;
	struct outage_rules rules;
	struct routes r;
	struct outage *outage;
	FILE *svg_file;
};

static bool add_watch(struct job *j, const char *text, bool asn_only,
		      struct err *e)
{
	struct prefix p, *pv;
	uint32_t asn, *av;

	if (asn_parse(text, &asn, asn_only ? e : NULL)) {
		av = realloc(j->asn, (j->nasn + 1) * sizeof(*av));
		if (!av)
			return err_set(e, ERR_MEMORY, "out of memory");
		j->asn = av;
		av[j->nasn++] = asn;
		return true;
	}
	if (asn_only || !prefix_parse(text, &p, e))
		return false;
	pv = realloc(j->prefix, (j->nprefix + 1) * sizeof(*pv));
	if (!pv)
		return err_set(e, ERR_MEMORY, "out of memory");
	j->prefix = pv;
	pv[j->nprefix++] = p;
	return true;
}

static bool country_line(void *arg, char *text)
{
	text += strspn(text, " \t");
	text[strcspn(text, " \t,;#")] = '\0';
	if (*text && !add_watch(arg, text, false, NULL))
		((struct job *)arg)->bad_lines++;
	return true;
}

static void tick(void *arg, int64_t sec)
{
	outage_tick(arg, sec);
}

static int finish(struct job *j)
{
	struct route_outage out = { .outage = j->outage,
				    .rib = j->r.rib,
				    .feed = j->r.feed,
				    .names = { j->r.names, j->r.vrps,
					       j->r.rib->paths },
				    .rules = &j->rules,
				    .utf8 = !j->ascii,
				    .lossy = j->r.lossy };
	uint32_t big = 0;
	struct json js;
	bool ok = true;

	outage_end(j->outage, j->r.last_sec);
	out.result = outage_result(j->outage);
	if (j->json) {
		json_init(&js, stdout, j->follow.dir != NULL);
		json_object(&js);
		json_kstring(&js, "format", "wellspring-outage/1");
		routes_json_inputs(&j->r, &js);
		json_kstring(&js, "vrps", j->in.vrps);
		route_outage_json(&js, &out);
		json_end(&js);
		ok = json_done(&js);
		for (uint32_t i = 0; i < out.result.nfindings; i++)
			big += !out.result.finding[i].brief;
	} else {
		big = route_outage_text(stdout, &out);
	}
	if (j->svg_file)
		ok &= route_outage_svg(j->svg_file, &out,
				       "Visibility in BGP") &&
		      fflush(j->svg_file) == 0;
	if (!ok || out.result.failed) {
		fprintf(stderr, "wellspring: %s\n",
			ok ? "out of memory" : "cannot write the output");
		return EXIT_CANNOT;
	}
	if (j->r.lossy)
		return EXIT_DAMAGED;
	return big ? EXIT_DONE : EXIT_INSUFFICIENT;
}

static bool watch(struct job *j, struct err *e)
{
	for (unsigned i = 0; i < j->nasn; i++)
		if (!outage_watch_asn(j->outage, j->asn[i]))
			return err_set(e, ERR_MEMORY, "out of memory");
	for (unsigned i = 0; i < j->nprefix; i++)
		if (!outage_watch_prefix(j->outage, &j->prefix[i]))
			return err_set(e, ERR_MEMORY, "out of memory");
	return true;
}

static int work(struct job *j)
{
	unsigned added = 0;
	struct err e;

	if (!routes_init(&j->r, &e) ||
	    !routes_lists(&j->r, j->in.names, j->in.vrps, &e))
		goto fail;
	routes_confine(&j->in, j->follow.dir);
	j->outage = outage_new(j->r.replay, &j->rules, j->r.vrps, &e);
	if (!j->outage || !watch(j, &e))
		goto fail;
	for (unsigned i = 0; i < j->in.npaths; i++)
		if (!feed_add(j->r.feed, j->in.paths[i], &added, &e))
			goto fail;
	if (j->follow.dir) {
		j->follow.json = j->json;
		if (!routes_follow(&j->follow, &j->r, j->outage, &e))
			goto fail;
	} else if (!routes_replay(&j->r, j->to, tick, j->outage, &e)) {
		goto fail;
	}
	routes_complain(&j->r);
	if (j->r.no_data) {
		fprintf(stderr, "wellspring: no routes in %u files\n",
			j->r.feed->nfiles);
		return j->r.lossy ? EXIT_DAMAGED : EXIT_INSUFFICIENT;
	}
	return finish(j);
fail:
	fprintf(stderr, "wellspring: %s\n", e.text);
	return EXIT_CANNOT;
}

static bool number(struct job *j, struct opts *o, int id)
{
	uint64_t v;

	if (id == OPT_FEED)
		return opts_double(o, "full-feed", 0, 1, &j->rules.feed_share);
	if (!opts_uint(o, "seconds", 0, 1 << 30, &v))
		return false;
	if (id == OPT_MIN)
		j->rules.min_sec = (int64_t)v;
	else if (id == OPT_IDLE)
		j->follow.idle_sec = (int64_t)v;
	else
		j->follow.lost_sec = (int64_t)v;
	return true;
}

/* One option; false with *status when it is wrong. */
static bool option(struct job *j, struct opts *o, int id, int *status)
{
	struct tstamp t;
	struct err e;
	bool ok = true;

	err_clear(&e);
	*status = EXIT_DONE;
	if (routes_option(&j->in, o, id, status))
		return *status == EXIT_DONE;
	switch (id) {
	case OPT_ASN:
		ok = add_watch(j, o->value, true, &e);
		break;
	case OPT_PREFIX:
		ok = add_watch(j, o->value, false, &e);
		break;
	case OPT_TO:
		ok = tstamp_parse(o->value, &t, &e);
		j->to = ok ? t.ns / 1000000000 : 0;
		break;
	case OPT_COUNTRY:
		j->country = o->value;
		break;
	case OPT_SVG:
		j->svg = o->value;
		break;
	case OPT_FOLLOW:
		j->follow.dir = o->value;
		break;
	case OPT_ASCII:
		j->ascii = true;
		break;
	case OPT_JSON:
		j->json = true;
		break;
	default:
		*status = EXIT_USAGE;
		return number(j, o, id);
	}
	if (!ok)
		*status = opts_usage(o, "%s", e.text);
	return ok;
}

static int start(struct job *j, struct opts *o)
{
	struct err e;

	if (j->in.npaths == 0 && !j->follow.dir)
		return opts_usage(o, "wants --mrt PATH or --follow DIR");
	if (o->n_args > 0)
		return opts_usage(o, "'%s': files are named with --mrt",
				  o->args[0]);
	if (j->country && !lines_read(j->country, country_line, j, &e)) {
		fprintf(stderr, "wellspring: %s\n", e.text);
		return EXIT_CANNOT;
	}
	if (j->country && j->nasn + j->nprefix == 0) {
		fprintf(stderr, "wellspring: %s: no AS and no prefix in it\n",
			j->country);
		return EXIT_CANNOT;
	}
	if (j->bad_lines)
		fprintf(stderr,
			"wellspring: %llu lines of %s hold no AS and no "
			"prefix\n",
			(unsigned long long)j->bad_lines, j->country);
	if (j->svg && !(j->svg_file = fopen(j->svg, "w"))) {
		fprintf(stderr, "wellspring: %s: %s\n", j->svg,
			strerror(errno));
		return EXIT_CANNOT;
	}
	return work(j);
}

static int run(int argc, char **argv)
{
	struct job *j = calloc(1, sizeof(*j));
	int id, status = EXIT_CANNOT;
	struct opts o;

	if (!j)
		return opts_no_memory();
	j->to = ROUTES_NO_TIME;
	j->rules = outage_defaults;
	j->follow.lost_sec = 2700;
	opts_begin(&o, &command_outage, argc, argv);
	while ((id = opts_next(&o)) >= 0)
		if (!option(j, &o, id, &status))
			goto out;
	status = id == OPTS_DONE ? start(j, &o) : opts_status(id);
out:
	if (j->svg_file && fclose(j->svg_file) != 0 && status != EXIT_CANNOT) {
		fprintf(stderr, "wellspring: %s: cannot write\n", j->svg);
		status = EXIT_CANNOT;
	}
	outage_free(j->outage);
	routes_free(&j->r);
	free(j->asn);
	free(j->prefix);
	free(j);
	return status;
}
