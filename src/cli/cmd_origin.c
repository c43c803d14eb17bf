/* cmd_origin.c - `wellspring origin`: who announced an address, and when. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/commands.h"
#include "cli/options.h"
#include "cli/routes_load.h"
#include "report/route_origin.h"

#define MANY 256 /* more addresses than this: brief answers */

static int run(int argc, char **argv);

enum { OPT_AT, OPT_FILE, OPT_BLOCK, OPT_BRIEF, OPT_STATS, OPT_JSON };

static const struct option_def options[] = {
	ROUTES_OPTIONS,
	{ OPT_AT, 'a', "at", ARG_REQUIRED, "TIME",
	  "The moment asked for (2014-12-22T17:00Z). Default: the end of the "
	  "data.",
	  NULL, COMPLETE_NOTHING },
	{ OPT_FILE, 'f', "file", ARG_REQUIRED, "FILE",
	  "Read addresses from FILE, one a line; '-' is standard input. More "
	  "than 256 of them get one line each.",
	  NULL, COMPLETE_FILES },
	{ OPT_BLOCK, 'b', "block-at", ARG_REQUIRED, "AS",
	  "What else would be cut off if the targets were blocked at this "
	  "transit AS. Targets are addresses, prefixes or ASes.",
	  NULL, COMPLETE_NOTHING },
	{ OPT_BRIEF, 0, "brief", ARG_NONE, NULL,
	  "One line per address: address, prefix, origin, peer ASes.", NULL,
	  COMPLETE_NOTHING },
	{ OPT_STATS, 0, "stats", ARG_NONE, NULL,
	  "Say on standard error how large the table is and how long look-ups "
	  "took.",
	  NULL, COMPLETE_NOTHING },
	{ OPT_JSON, 'j', "json", ARG_NONE, NULL,
	  "One JSON object; with many addresses one object a line.", NULL,
	  COMPLETE_NOTHING },
};

const struct command command_origin = {
	.name = "origin",
	.operands = "ADDRESS... --mrt PATH...",
	.summary = "who announced an address at a time, from MRT files",
	.description =
		"For each address or prefix: the longest match of every peer, "
		"all origin ASes (never merged into one), the ASes before "
		"them, since when, less and more specific networks, and how "
		"many peer ASes say so.\n\n"
		"This is context. Who announces an address says nothing about "
		"who used it, and is never evidence that it is a source.",
	.examples =
		"wellspring origin 175.45.176.1 --at 2014-12-22T15:00Z "
		"--mrt rib.bz2 --mrt updates/\n"
		"wellspring origin -f addresses.txt --mrt rib.bz2\n"
		"wellspring origin --block-at AS4837 AS131279 --mrt rib.bz2\t"
		"what blocking there would cost others",
	OPTIONS_OF(options),
	.complete = COMPLETE_NOTHING,
	.run = run,
};

struct query {
	char *text;
	struct prefix prefix;
};

struct job {
	struct routes_args in;
	const char *file;
	int64_t at;
	uint32_t block_at;
	bool has_block, brief, json, stats;
	struct query *q;
	size_t nq, cap;
	struct routes r;
	uint64_t bad_lines;
};

static bool add_query(struct job *j, const char *text, struct err *e)
{
	struct prefix p;
	uint32_t asn;

	if (j->has_block && asn_parse(text, &asn, NULL)) {
		memset(&p, 0, sizeof(p));
		memcpy(p.b, &asn, sizeof(asn));
	} else if (!prefix_parse(text, &p, e)) {
		return false;
	}
	if (j->nq == j->cap) {
		size_t cap = j->cap ? j->cap * 2 : 64;
		void *v = realloc(j->q, cap * sizeof(*j->q));

		if (!v)
			return err_set(e, ERR_MEMORY, "out of memory");
		j->q = v;
		j->cap = cap;
	}
	j->q[j->nq].prefix = p;
	j->q[j->nq].text = strdup(text);
	if (!j->q[j->nq].text)
		return err_set(e, ERR_MEMORY, "out of memory");
	j->nq++;
	return true;
}

static bool query_line(void *arg, char *text)
{
	struct job *j = arg;

	text += strspn(text, " \t");
	text[strcspn(text, " \t,;")] = '\0';
	if (!*text || *text == '#')
		return true;
	if (!add_query(j, text, NULL))
		j->bad_lines++;
	return true;
}

static struct route_names names_of(const struct job *j)
{
	return (struct route_names){ j->r.names, j->r.vrps, j->r.rib->paths };
}

static int64_t time_asked(const struct job *j)
{
	return j->at == ROUTES_NO_TIME ? j->r.last_sec : j->at;
}

/* *found: how many are announced. */
static bool answer_full(struct job *j, struct origin_query *oq,
			struct json *out, size_t *found, struct err *e)
{
	struct origin_answer *a = calloc(1, sizeof(*a));
	struct route_names names = names_of(j);

	if (!a)
		return err_set(e, ERR_MEMORY, "out of memory");
	for (size_t i = 0; i < j->nq; i++) {
		struct route_question q = { j->q[i].text, j->q[i].prefix,
					    time_asked(j) };

		origin_ask(oq, &j->q[i].prefix, true, a);
		*found += a->sees > 0;
		if (j->json)
			route_origin_json(out, &q, a, &names);
		else
			route_origin_text(stdout, &q, a, &names);
	}
	free(a);
	return true;
}

static void brief_line(struct job *j, struct origin_query *oq, size_t i,
		       uint32_t net)
{
	const struct origin_brief *b;
	char text[PREFIX_TEXT];

	if (net == RIB_NONE) {
		if (j->json)
			printf("{\"query\": \"%s\", \"announced\": false}\n",
			       j->q[i].text);
		else
			printf("%s\t-\t-\t0\n", j->q[i].text);
		return;
	}
	b = origin_brief(oq, net);
	prefix_format(&j->r.rib->nets[net].prefix, text);
	if (j->json)
		printf("{\"query\": \"%s\", \"announced\": true, \"prefix\": "
		       "\"%s\", \"asn\": %u, \"origins\": %u, "
		       "\"peer_ases\": %u}\n",
		       j->q[i].text, text, b->asn, b->origins, b->ases);
	else
		printf("%s\t%s\tAS%u%s\t%u\n", j->q[i].text, text, b->asn,
		       b->origins > 1 ? "+" : "", b->ases);
}

/* Of this process: one thread, so those of one core. */
static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static bool answer_brief(struct job *j, struct origin_query *oq, size_t *found,
			 struct err *e)
{
	uint32_t *nets = malloc((j->nq ? j->nq : 1) * sizeof(*nets));
	double t0, t1, t2;

	if (!nets || !origin_index(oq, e)) {
		free(nets);
		return err_set(e, ERR_MEMORY, "out of memory");
	}
	t0 = seconds();
	for (size_t i = 0; i < j->nq; i++) {
		struct addr a = prefix_addr(&j->q[i].prefix);

		nets[i] = origin_find(oq, &a);
	}
	t1 = seconds();
	for (size_t i = 0; i < j->nq; i++)
		if (nets[i] != RIB_NONE)
			origin_brief(oq, nets[i]);
	t2 = seconds();
	for (size_t i = 0; i < j->nq; i++) {
		*found += nets[i] != RIB_NONE;
		brief_line(j, oq, i, nets[i]);
	}
	if (j->stats && j->nq)
		fprintf(stderr,
			"%zu look-ups of the longest prefix in %.3f s of CPU: "
			"%.2f "
			"million a second; with origins and peers %.2f "
			"million a second; printing %.3f s\n",
			j->nq, t1 - t0, (double)j->nq / (t1 - t0) * 1e-6,
			(double)j->nq / (t2 - t0) * 1e-6, seconds() - t2);
	free(nets);
	return true;
}

static bool answer_block(struct job *j, struct json *out, size_t *found,
			 struct err *e)
{
	struct block_target *t = calloc(j->nq, sizeof(*t));
	struct route_names names = names_of(j);
	struct block_cost cost;
	bool ok;

	if (!t)
		return err_set(e, ERR_MEMORY, "out of memory");
	for (size_t i = 0; i < j->nq; i++) {
		t[i].prefix = j->q[i].prefix;
		if (t[i].prefix.fam == 0)
			memcpy(&t[i].asn, t[i].prefix.b, sizeof(t[i].asn));
	}
	ok = block_cost(j->r.rib, j->block_at, t, (unsigned)j->nq, &cost, e);
	free(t);
	if (!ok)
		return false;
	*found = cost.asked.prefixes + cost.asked.prefixes_v6;
	if (j->json)
		route_block_json(out, &cost, &names);
	else
		route_block_text(stdout, &cost, &names);
	return true;
}

static void say_stats(const struct job *j)
{
	const struct rib *rib = j->r.rib;
	uint64_t live = 0;

	for (unsigned i = 0; i < rib->npeers; i++)
		live += rib->peers[i].active[0] + rib->peers[i].active[1];
	fprintf(stderr,
		"%llu records, %u networks, %llu routes of %u peers, %llu "
		"paths, %llu MiB of tables\n",
		(unsigned long long)j->r.records, rib->nnets,
		(unsigned long long)live, rib->npeers,
		(unsigned long long)paths_count(rib->paths),
		(unsigned long long)(rib_bytes(rib) >> 20));
}

static void json_head(struct job *j, struct json *out)
{
	json_object(out);
	json_kstring(out, "format", "wellspring-origin/1");
	routes_json_inputs(&j->r, out);
	json_kint(out, "at_sec", time_asked(j));
	json_kstring(out, "names", j->in.names);
	json_kstring(out, "vrps", j->in.vrps);
	json_key(out, "caveat");
	json_string(out, "context: who announced an address says nothing "
			 "about who used it");
	json_key(out, j->has_block ? "blocking" : "answers");
	json_array(out);
}

static int answer(struct job *j, struct err *e)
{
	bool brief = !j->has_block && (j->brief || j->nq > MANY);
	bool whole = j->json && !brief;
	struct origin_query *oq = origin_new(j->r.rib, e);
	struct json out;
	size_t found = 0;
	bool ok = oq != NULL;

	if (whole) {
		json_init(&out, stdout, false);
		json_head(j, &out);
	}
	if (ok && j->has_block)
		ok = answer_block(j, &out, &found, e);
	else if (ok && brief)
		ok = answer_brief(j, oq, &found, e);
	else if (ok)
		ok = answer_full(j, oq, &out, &found, e);
	origin_free(oq);
	if (!ok) {
		fprintf(stderr, "wellspring: %s\n", e->text);
		return EXIT_CANNOT;
	}
	if (whole) {
		json_end(&out);
		json_end(&out);
		if (!json_done(&out))
			return EXIT_CANNOT;
	} else if (!j->json && !brief && !j->has_block) {
		puts("Context: who announced an address says nothing about "
		     "who used it.");
	}
	if (j->r.lossy || j->bad_lines)
		return EXIT_DAMAGED;
	return found ? EXIT_DONE : EXIT_INSUFFICIENT;
}

/* Nothing was used: when do the files begin? */
static void say_no_data(const struct job *j)
{
	const struct feed *f = j->r.feed;
	int64_t first = INT64_MAX;
	char t[40];

	for (unsigned i = 0; i < f->nfiles; i++)
		if (!f->files[i]->empty && !f->files[i]->failed &&
		    f->files[i]->first_sec < first)
			first = f->files[i]->first_sec;
	fprintf(stderr, "wellspring: no routes at that time in %u files",
		f->nfiles);
	if (first != INT64_MAX)
		fprintf(stderr, ": they begin at %s", routes_time(first, t));
	fputc('\n', stderr);
}

static int work(struct job *j)
{
	unsigned added = 0;
	struct err e;

	if (!routes_init(&j->r, &e) ||
	    !routes_lists(&j->r, j->in.names, j->in.vrps, &e))
		goto fail;
	routes_confine(&j->in, NULL);
	j->r.replay->watch_gaps = false;
	for (unsigned i = 0; i < j->in.npaths; i++)
		if (!feed_add(j->r.feed, j->in.paths[i], &added, &e))
			goto fail;
	if (!routes_replay(&j->r, j->at, NULL, NULL, &e))
		goto fail;
	routes_complain(&j->r);
	if (j->bad_lines)
		fprintf(stderr,
			"wellspring: %llu lines of %s hold no "
			"address\n",
			(unsigned long long)j->bad_lines, j->file);
	if (j->stats)
		say_stats(j);
	if (j->r.no_data) {
		say_no_data(j);
		return j->r.lossy ? EXIT_DAMAGED : EXIT_INSUFFICIENT;
	}
	return answer(j, &e);
fail:
	fprintf(stderr, "wellspring: %s\n", e.text);
	return EXIT_CANNOT;
}

static int options_read(struct job *j, struct opts *o, int *status)
{
	struct tstamp t;
	struct err e;
	int id;

	*status = EXIT_DONE;
	while ((id = opts_next(o)) >= 0) {
		if (routes_option(&j->in, o, id, status)) {
			if (*status != EXIT_DONE)
				return OPTS_ERROR;
			continue;
		}
		switch (id) {
		case OPT_AT:
			if (!tstamp_parse(o->value, &t, &e)) {
				*status = opts_usage(o, "%s", e.text);
				return OPTS_ERROR;
			}
			j->at = t.ns / 1000000000;
			break;
		case OPT_BLOCK:
			if (!asn_parse(o->value, &j->block_at, &e)) {
				*status = opts_usage(o, "%s", e.text);
				return OPTS_ERROR;
			}
			j->has_block = true;
			break;
		case OPT_FILE:
			j->file = o->value;
			break;
		default:
			j->brief |= id == OPT_BRIEF;
			j->stats |= id == OPT_STATS;
			j->json |= id == OPT_JSON;
		}
	}
	*status = opts_status(id);
	return id;
}

static int run(int argc, char **argv)
{
	struct job *j = calloc(1, sizeof(*j));
	int status = EXIT_CANNOT;
	struct opts o;
	struct err e;

	if (!j)
		return opts_no_memory();
	j->at = ROUTES_NO_TIME;
	opts_begin(&o, &command_origin, argc, argv);
	if (options_read(j, &o, &status) != OPTS_DONE)
		goto out;
	for (size_t i = 0; i < o.n_args; i++)
		if (!add_query(j, o.args[i], &e)) {
			status = e.code == ERR_MEMORY
					 ? opts_no_memory()
					 : opts_usage(&o, "%s", e.text);
			goto out;
		}
	if (j->file && !lines_read(j->file, query_line, j, &e)) {
		fprintf(stderr, "wellspring: %s\n", e.text);
		goto out;
	}
	if (j->in.npaths == 0)
		status = opts_usage(&o, "wants --mrt PATH");
	else if (j->nq == 0)
		status = opts_usage(&o, "wants an address");
	else
		status = work(j);
out:
	for (size_t i = 0; i < j->nq; i++)
		free(j->q[i].text);
	free(j->q);
	routes_free(&j->r);
	free(j);
	return status;
}
