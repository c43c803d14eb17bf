/* cmd_calibrate.c - `wellspring calibrate FILE...`. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/options.h"
#include "cli/sandbox.h"
#include "pipeline/calibrate.h"

enum {
	OPT_OUTPUT,
	OPT_BASE,
	OPT_NAME,
	OPT_ORIGIN,
	OPT_MAX_CONNS,
	OPT_QUIET,
	OPT_NO_SANDBOX,
};

/* clang-format off */
static const struct option_def options[] = {
	{ OPT_OUTPUT, 'o', "output", ARG_REQUIRED, "FILE",
	  "Write the calibration to FILE (default: standard output).",
	  NULL, COMPLETE_FILES },
	{ OPT_BASE, 0, "base", ARG_REQUIRED, "FILE",
	  "Start from this calibration instead of the shipped one: kinds of "
	  "turns seen fewer than 30 times keep what it says.",
	  NULL, COMPLETE_FILES },
	{ OPT_NAME, 0, "name", ARG_REQUIRED, "TEXT",
	  "Name that verdicts will print (default: own traffic); the day of "
	  "the last packet is added." },
	{ OPT_ORIGIN, 0, "origin", ARG_REQUIRED, "WORD",
	  "Where the traffic comes from, on every line (default: own)." },
	{ OPT_MAX_CONNS, 0, "max-conns", ARG_REQUIRED, "N",
	  "Connections at one time (default 262144)." },
	{ OPT_QUIET, 'q', "quiet", ARG_NONE, NULL,
	  "No summary on standard error, only errors." },
	{ OPT_NO_SANDBOX, 0, "no-sandbox", ARG_NONE, NULL,
	  "Do not confine the process (Landlock, seccomp) before reading." },
};
/* clang-format on */

static int run(int argc, char **argv);

const struct command command_calibrate = {
	.name = "calibrate",
	.operands = "FILE... [-- BPF]",
	.summary = "learn the far end's delays from direct traffic",
	.description =
		"Reads captures of clients that are known to be direct (your "
		"own hosts, say; a BPF expression chooses them) and writes "
		"what each kind of protocol turn costs them: a dated text "
		"file for 'wellspring analyze --calibration=FILE'. Every "
		"verdict names the calibration it used.\n\n"
		"Traffic that is not direct spoils it: a relay in it is "
		"learned as normal. The thresholds and the power of the base "
		"calibration are kept; they come from the laboratory.",
	.examples = "wellspring calibrate -o own.cal inside.pcapng -- "
		    "net 10.0.0.0/8\tclients of our own network",
	OPTIONS_OF(options),
	.complete = COMPLETE_FILES,
	.run = run,
};

struct job {
	struct calibrate_options o;
	const char *output;
	bool quiet, sandbox;
};

static bool take_option(struct job *j, const struct opts *o, int id)
{
	uint64_t v = 0;

	switch (id) {
	case OPT_OUTPUT:
		j->output = o->value;
		break;
	case OPT_BASE:
		j->o.base = o->value;
		break;
	case OPT_NAME:
		j->o.name = o->value;
		break;
	case OPT_ORIGIN:
		j->o.origin = o->value;
		break;
	case OPT_MAX_CONNS:
		if (!opts_uint(o, "max-conns", 1, 1 << 24, &v))
			return false;
		j->o.max_conns = (uint32_t)v;
		break;
	case OPT_QUIET:
		j->quiet = true;
		break;
	default:
		j->sandbox = false;
	}
	return true;
}

static int fail(const char *what, const char *why)
{
	fprintf(stderr, "wellspring: %s%s\n", what, why);
	return EXIT_CANNOT;
}

static int work(struct job *j)
{
	const char *paths[66];
	struct calibrate_result r;
	FILE *out = stdout;
	struct err e;
	size_t n = 0;
	bool ok;

	err_clear(&e);
	if (j->output != NULL)
		out = fopen(j->output, "we");
	if (out == NULL)
		return fail("cannot write the calibration: ", strerror(errno));
	for (; n < j->o.n_paths && n < 64; n++)
		paths[n] = j->o.paths[n];
	if (j->o.base != NULL)
		paths[n++] = j->o.base;
	if (j->sandbox && j->o.n_paths <= 64)
		sandbox_enter(paths, n, NULL, 0);
	ok = calibrate(&j->o, out, &r, &e);
	if (out != stdout && fclose(out) != 0 && ok)
		return fail("writing the calibration: ", strerror(errno));
	if (!ok)
		return fail("", e.text);
	if (!j->quiet)
		fprintf(stderr,
			"%" PRIu64 " packets, %" PRIu64 " connections, "
			"%" PRIu64 " turns (%" PRIu64 " crossing and "
			"%" PRIu64 " with loss left out), %u kinds learned\n",
			r.packets, r.connections, r.turns, r.crossing, r.loss,
			r.kinds);
	return r.damaged ? EXIT_DAMAGED : EXIT_DONE;
}

static bool is_word(const char *s)
{
	return *s != '\0' && strlen(s) < 64 && strpbrk(s, " \t\n#") == NULL;
}

static int run(int argc, char **argv)
{
	struct job j = { .o = { .name = "own traffic",
				.origin = "own",
				.max_conns = 262144 },
			 .sandbox = true };
	static char bpf[4096]; /* one command per process */
	struct opts o;
	int id;

	opts_begin(&o, &command_calibrate, argc, argv);
	while ((id = opts_next(&o)) >= 0)
		if (!take_option(&j, &o, id))
			return EXIT_USAGE;
	if (id != OPTS_DONE)
		return opts_status(id);
	if (o.n_args == 0)
		return opts_usage(&o, "wants at least one capture");
	if (!is_word(j.o.origin) || strpbrk(j.o.name, "\n#") != NULL ||
	    strlen(j.o.name) > 60)
		return opts_usage(&o, "--origin wants one word, --name one "
				      "short line");
	for (size_t i = 0; i < o.n_rest; i++) {
		size_t used = strlen(bpf);

		if (used + strlen(o.rest[i]) + 2 > sizeof(bpf))
			return opts_usage(&o, "the BPF text is too long");
		if (i > 0)
			strcat(bpf, " ");
		strcat(bpf, o.rest[i]);
	}
	j.o.bpf = o.n_rest > 0 ? bpf : NULL;
	j.o.paths = (const char *const *)o.args;
	j.o.n_paths = o.n_args;
	return work(&j);
}
