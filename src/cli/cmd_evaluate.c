/* cmd_evaluate.c - `wellspring evaluate DIR`. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/options.h"
#include "cli/sandbox.h"
#include "pipeline/evaluate.h"
#include "report/evaluation.h"

enum {
	OPT_JSON,
	OPT_TIPPETT,
	OPT_STRENGTH,
	OPT_NAME,
	OPT_ORIGIN,
	OPT_ONLY,
	OPT_DETAILS,
	OPT_STRICT,
	OPT_ALPHA,
	OPT_MAX_PAIRS,
	OPT_THREADS,
	OPT_SEED,
	OPT_QUIET,
	OPT_NO_SANDBOX,
};

/* clang-format off */
static const struct option_def options[] = {
	{ OPT_JSON, 'j', "json", ARG_OPTIONAL, "FILE",
	  "Write the evaluation as JSON to FILE; without FILE (or with -) to "
	  "standard output in place of the text.", NULL, COMPLETE_FILES },
	{ OPT_TIPPETT, 0, "tippett", ARG_REQUIRED, "FILE",
	  "Write the points of a Tippett plot to FILE: log10 LR, share of "
	  "relays and of other pairs with at least that.",
	  NULL, COMPLETE_FILES },
	{ OPT_STRENGTH, 0, "strength", ARG_REQUIRED, "FILE",
	  "Write what a score is worth as a likelihood ratio, per kind of "
	  "relay, to FILE: the form of data/relay-strength.txt, which is "
	  "compiled in.", NULL, COMPLETE_FILES },
	{ OPT_NAME, 0, "name", ARG_REQUIRED, "WORD",
	  "Name of that table (default own); the day of the last packet is "
	  "added." },
	{ OPT_ORIGIN, 0, "origin", ARG_REQUIRED, "WORD",
	  "Where the captures come from (default own)." },
	{ OPT_ONLY, 0, "only", ARG_REQUIRED, "PATTERN",
	  "Only scenarios whose name matches this shell pattern: 'A-*'." },
	{ OPT_DETAILS, 0, "details", ARG_NONE, NULL,
	  "Name every found relay and every shorter one too." },
	{ OPT_STRICT, 0, "strict", ARG_NONE, NULL,
	  "Exit with 3 when a relay that must be found was missed or a false "
	  "one was reported." },
	{ OPT_ALPHA, 0, "alpha", ARG_REQUIRED, "P",
	  "As in analyze (default 0.01)." },
	{ OPT_MAX_PAIRS, 0, "max-pairs", ARG_REQUIRED, "N",
	  "As in analyze (default 65536)." },
	{ OPT_THREADS, 0, "threads", ARG_REQUIRED, "N",
	  "As in analyze: 1 or 2 (default 1)." },
	{ OPT_SEED, 0, "seed", ARG_REQUIRED, "N",
	  "As in analyze (default 1)." },
	{ OPT_QUIET, 'q', "quiet", ARG_NONE, NULL,
	  "No progress and no notes on standard error, only errors." },
	{ OPT_NO_SANDBOX, 0, "no-sandbox", ARG_NONE, NULL,
	  "Do not confine the process (Landlock, seccomp) before reading." },
};
/* clang-format on */

static int run(int argc, char **argv);

const struct command command_evaluate = {
	.name = "evaluate",
	.operands = "DIR...",
	.summary = "measure against captures whose truth is known",
	.description =
		"Analyzes every capture in each DIR, or in the folders right "
		"below it, that a truth.json describes, and says which relays "
		"were "
		"found, missed and false, how fast each was decided, how "
		"many pairs without a relay reach 10, 100 and 1000, how "
		"often and why it abstained, and how well calibrated the "
		"strength is.",
	.examples = "wellspring evaluate corpus/\tall of it\n"
		    "wellspring evaluate --only 'D-*' --strict corpus/\t"
		    "no false relay?",
	OPTIONS_OF(options),
	.complete = COMPLETE_DIRS,
	.run = run,
};

struct job {
	struct evaluate_options o;
	const char *json, *tippett, *strength, *name, *origin;
	FILE *json_file, *tippett_file, *strength_file;
	bool details, strict, quiet, sandbox;
};

/* Goes into one field of a line. */
static bool set_word(const struct opts *o, const char *option, const char **out)
{
	*out = o->value;
	if (o->value[0] != '\0' && strlen(o->value) < STRENGTH_NAME - 12 &&
	    o->value[strcspn(o->value, " \t\r\n")] == '\0')
		return true;
	opts_usage(o, "--%s wants one word", option);
	return false;
}

static bool take_option(struct job *j, const struct opts *o, int id)
{
	uint64_t v = 0;
	bool good = true;

	switch (id) {
	case OPT_JSON:
		j->json = o->value != NULL ? o->value : "-";
		break;
	case OPT_TIPPETT:
		j->tippett = o->value;
		break;
	case OPT_STRENGTH:
		j->strength = o->value;
		break;
	case OPT_NAME:
		return set_word(o, "name", &j->name);
	case OPT_ORIGIN:
		return set_word(o, "origin", &j->origin);
	case OPT_ONLY:
		j->o.only = o->value;
		break;
	case OPT_DETAILS:
		j->details = true;
		break;
	case OPT_STRICT:
		j->strict = true;
		break;
	case OPT_ALPHA:
		return opts_double(o, "alpha", 1e-9, 0.5, &j->o.analyze.alpha);
	case OPT_MAX_PAIRS:
		good = opts_uint(o, "max-pairs", 16, 1 << 24, &v);
		j->o.analyze.max_pairs = (uint32_t)v;
		break;
	case OPT_THREADS:
		good = opts_uint(o, "threads", 1, 2, &v);
		j->o.analyze.threads = (unsigned)v;
		break;
	case OPT_SEED:
		return opts_uint(o, "seed", 0, UINT64_MAX, &j->o.analyze.seed);
	case OPT_QUIET:
		j->quiet = true;
		break;
	default:
		j->sandbox = false;
	}
	return good;
}

/* "-" is standard output; NULL stays NULL. */
static bool open_output(const char *name, FILE **f)
{
	*f = name == NULL	      ? NULL
	     : strcmp(name, "-") == 0 ? stdout
				      : fopen(name, "we");
	if (name != NULL && *f == NULL)
		fprintf(stderr, "wellspring: %s: %s\n", name, strerror(errno));
	return name == NULL || *f != NULL;
}

static bool close_output(const char *name, FILE *f, bool good)
{
	if (f != NULL && f != stdout && fclose(f) != 0)
		good = false;
	if (!good)
		fprintf(stderr, "wellspring: writing %s: %s\n", name,
			strerror(errno));
	return good;
}

static void show_progress(void *arg, const char *scenario, const char *capture)
{
	(void)arg;
	fprintf(stderr, "\r%s/%s\033[K", scenario, capture);
}

static bool write_strength(struct job *j, struct evaluation *v)
{
	struct strength *s = &v->strength;
	char date[40] = "-";

	if (!v->fitted) {
		fprintf(stderr,
			"wellspring: %s: no table without pairs of both "
			"sorts\n",
			j->strength);
		fclose(j->strength_file);
		return false;
	}
	snprintf(s->name, sizeof(s->name), "%s", j->name);
	snprintf(s->origin, sizeof(s->origin), "%s", j->origin);
	if (tstamp_known(v->last))
		tstamp_format(v->last, 0, date, sizeof(date));
	date[strcspn(date, "T")] = '\0';
	return close_output(j->strength, j->strength_file,
			    strength_write(j->strength_file, s, date));
}

static bool write_all(struct job *j, struct evaluation *v)
{
	bool good = true;

	if (j->json_file != NULL)
		good = close_output(j->json, j->json_file,
				    report_evaluation_json(j->json_file, v));
	if (j->tippett_file != NULL)
		good = close_output(
			       j->tippett, j->tippett_file,
			       report_evaluation_tippett(j->tippett_file, v)) &&
		       good;
	if (j->strength_file != NULL)
		good = write_strength(j, v) && good;
	if (j->json_file != stdout && j->tippett_file != stdout)
		good = close_output(
			       "the evaluation", stdout,
			       report_evaluation_text(stdout, v, j->details)) &&
		       good;
	return good;
}

static bool as_required(const struct evaluation *v)
{
	for (size_t i = 0; i < v->n_pairs; i++) {
		if (v->pairs[i].is_false ||
		    (v->pairs[i].must && !v->pairs[i].found))
			return false;
	}
	return true;
}

static int evaluate(struct job *j)
{
	struct evaluation *v;
	struct err e;
	char note[128];
	int status = EXIT_DONE;

	err_clear(&e);
	if (!open_output(j->json, &j->json_file) ||
	    !open_output(j->tippett, &j->tippett_file) ||
	    !open_output(j->strength, &j->strength_file))
		return EXIT_CANNOT;
	if (!j->quiet && isatty(STDERR_FILENO) == 1)
		j->o.progress = show_progress;
	if (j->sandbox) {
		sandbox_enter(j->o.dirs, j->o.n_dirs, note, sizeof(note));
		if (note[0] != '\0' && !j->quiet)
			fprintf(stderr, "wellspring: note: %s\n", note);
	}
	v = evaluate_run(&j->o, &e);
	if (j->o.progress != NULL)
		fputs("\r\033[K", stderr);
	if (v == NULL) {
		fprintf(stderr, "wellspring: %s\n", e.text);
		return EXIT_CANNOT;
	}
	if (!write_all(j, v))
		status = EXIT_CANNOT;
	else if (v->damaged > 0)
		status = EXIT_DAMAGED;
	else if (j->strict && !as_required(v))
		status = EXIT_INSUFFICIENT;
	evaluation_free(v);
	return status;
}

static int run(int argc, char **argv)
{
	struct job j = { .sandbox = true, .name = "own", .origin = "own" };
	struct opts o;
	int id;

	analyze_defaults(&j.o.analyze);
	opts_begin(&o, &command_evaluate, argc, argv);
	while ((id = opts_next(&o)) >= 0) {
		if (!take_option(&j, &o, id))
			return EXIT_USAGE;
	}
	if (id != OPTS_DONE)
		return opts_status(id);
	if (o.n_args == 0 || o.n_rest > 0)
		return opts_usage(&o, "wants a directory");
	j.o.dirs = (const char *const *)o.args;
	j.o.n_dirs = o.n_args;
	return evaluate(&j);
}
