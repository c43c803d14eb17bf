/* cmd_explain.c - `wellspring explain CASE.json ADDRESS`. */
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/options.h"
#include "cli/sandbox.h"
#include "report/report.h"

static int run(int argc, char **argv);

const struct command command_explain = {
	.name = "explain",
	.operands = "CASE.json ADDRESS",
	.summary = "the reasons of one verdict",
	.description =
		"Reads a case that 'wellspring analyze --json=FILE' wrote and "
		"prints why ADDRESS got its verdict: what was observed, what "
		"is inferred, every rival explanation against the threshold, "
		"what would change the verdict, and what cannot be seen.",
	.examples = "wellspring explain case.json 198.51.100.7",
	.complete = COMPLETE_FILES,
	.run = run,
};

static int explain(const char *path, const struct addr *a)
{
	struct report_style style = { .width = 80 };
	struct case_record *c;
	struct winsize w;
	struct err e;
	int status = EXIT_DONE;

	sandbox_enter(&path, 1, NULL, 0);
	c = report_read_case(path, &e);
	if (c == NULL) {
		fprintf(stderr, "wellspring: %s\n", e.text);
		return EXIT_CANNOT;
	}
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) == 0)
		style.width = w.ws_col;
	if (!report_explain(stdout, c, a, &style, &e)) {
		fprintf(stderr, "wellspring: %s: %s\n", path, e.text);
		status = EXIT_CANNOT;
	} else if (c->damaged) {
		status = EXIT_DAMAGED;
	}
	case_free(c);
	return status;
}

static int run(int argc, char **argv)
{
	struct opts o;
	struct addr a;
	struct err e;
	int id;

	opts_begin(&o, &command_explain, argc, argv);
	id = opts_next(&o);
	if (id != OPTS_DONE)
		return opts_status(id);
	if (o.n_args != 2 || o.n_rest > 0)
		return opts_usage(&o, "wants a case and an address");
	if (!addr_parse(o.args[1], &a, &e))
		return opts_usage(&o, "%s", e.text);
	return explain(o.args[0], &a);
}
