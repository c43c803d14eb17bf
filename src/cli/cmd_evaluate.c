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
	.operands = "DIR",
	.summary = "measure against captures whose truth is known",
	.description =
		"Analyzes every capture in DIR, or in the folders right below "
		"it, that a truth.json describes, and says which relays were "
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
	const char *json, *tippett;
	FILE *json_file, *tippett_file;
	bool details, strict, quiet, sandbox;
};

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

static bool write_all(struct job *j, const struct evaluation *v)
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
	    !open_output(j->tippett, &j->tippett_file))
		return EXIT_CANNOT;
	if (!j->quiet && isatty(STDERR_FILENO) == 1)
		j->o.progress = show_progress;
	if (j->sandbox) {
		sandbox_enter(&j->o.dir, 1, note, sizeof(note));
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
	struct job j = { .sandbox = true };
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
	if (o.n_args != 1 || o.n_rest > 0)
		return opts_usage(&o, "wants one directory");
	j.o.dir = o.args[0];
	return evaluate(&j);
}
