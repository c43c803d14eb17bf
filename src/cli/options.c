/*
 * options.c - see options.h.  Parsing is getopt_long(3) of glibc on tables
 * that are built from ours, so abbreviations and "--name=value" work as
 * users of GNU tools expect.
 */
#include "cli/options.h"

#include <assert.h>
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"

#define ID_HELP 10000

void opts_begin(struct opts *o, const struct command *cmd, int argc,
		char **argv)
{
	*o = (struct opts){ .cmd = cmd, .argc = argc, .argv = argv };
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--") != 0)
			continue;
		o->has_rest = true;
		o->rest = argv + i + 1;
		o->n_rest = (size_t)(argc - i - 1);
		o->argc = i;
		break;
	}
	optind = 0; /* glibc: start anew */
	opterr = 0;
}

static size_t build_tables(const struct command *cmd, struct option *longs,
			   char *shorts)
{
	size_t n = 0, s = 0;

	assert(cmd->n_options < OPTS_MAX);
	shorts[s++] = ':'; /* missing argument is ':' and not '?' */
	shorts[s++] = 'h';
	for (; n < cmd->n_options; n++) {
		const struct option_def *d = &cmd->options[n];

		longs[n] = (struct option){
			.name = d->name,
			.has_arg = d->arg == ARG_NONE	    ? no_argument
				   : d->arg == ARG_REQUIRED ? required_argument
							    : optional_argument,
			.val = ID_HELP + 1 + (int)n,
		};
		if (d->letter == 0)
			continue;
		shorts[s++] = d->letter;
		if (d->arg == ARG_REQUIRED)
			shorts[s++] = ':';
	}
	longs[n++] = (struct option){ .name = "help", .val = ID_HELP };
	longs[n] = (struct option){ 0 };
	shorts[s] = '\0';
	return n;
}

static int bad_option(const struct opts *o, int c)
{
	const char *names[OPTS_MAX + 1];
	const char *word = o->argv[optind > 1 ? optind - 1 : 1], *near;
	char plain[64];
	size_t n = 0;

	if (c == ':') {
		opts_usage(o, "option '%s' needs a value", word);
		return OPTS_ERROR;
	}
	if (strncmp(word, "--", 2) != 0) {
		opts_usage(o, "unknown option '-%c'", optopt);
		return OPTS_ERROR;
	}
	if (optopt > ID_HELP || optopt == ID_HELP) {
		opts_usage(o, "option '%s' takes no value", word);
		return OPTS_ERROR;
	}
	for (; n < o->cmd->n_options; n++)
		names[n] = o->cmd->options[n].name;
	names[n++] = "help";
	snprintf(plain, sizeof(plain), "%.*s", (int)strcspn(word + 2, "="),
		 word + 2);
	near = closest_name(plain, names, n);
	if (near != NULL)
		opts_usage(o, "unknown option '--%s'; did you mean '--%s'?",
			   plain, near);
	else
		opts_usage(o, "unknown or ambiguous option '--%s'", plain);
	return OPTS_ERROR;
}

int opts_next(struct opts *o)
{
	struct option longs[OPTS_MAX + 1];
	char shorts[2 * OPTS_MAX + 3];
	int c;

	build_tables(o->cmd, longs, shorts);
	o->value = NULL;
	c = getopt_long(o->argc, o->argv, shorts, longs, NULL);
	if (c == -1) {
		o->args = o->argv + optind;
		o->n_args = (size_t)(o->argc - optind);
		return OPTS_DONE;
	}
	if (c == '?' || c == ':')
		return bad_option(o, c);
	if (c == 'h' || c == ID_HELP) {
		command_help(stdout, o->cmd);
		return OPTS_HELP;
	}
	o->value = optarg;
	if (c > ID_HELP)
		return o->cmd->options[c - ID_HELP - 1].id;
	for (size_t i = 0; i < o->cmd->n_options; i++) {
		if (o->cmd->options[i].letter == c)
			return o->cmd->options[i].id;
	}
	return OPTS_ERROR;
}

int opts_status(int id)
{
	return id == OPTS_ERROR ? EXIT_USAGE : EXIT_DONE;
}

int opts_usage(const struct opts *o, const char *fmt, ...)
{
	char text[400];
	struct err e;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	err_set(&e, ERR_USAGE, "%s", text); /* without control bytes */
	fprintf(stderr, "wellspring %s: %s\nTry 'wellspring %s --help'.\n",
		o->cmd->name, e.text, o->cmd->name);
	return EXIT_USAGE;
}

int opts_no_memory(void)
{
	fputs("wellspring: no memory\n", stderr);
	return EXIT_CANNOT;
}

bool opts_uint(const struct opts *o, const char *name, uint64_t low,
	       uint64_t high, uint64_t *out)
{
	unsigned long long v;
	char *end;

	errno = 0;
	v = strtoull(o->value, &end, 0);
	if (o->value[0] < '0' || o->value[0] > '9' || *end != '\0' ||
	    errno != 0 || v < low || v > high) {
		opts_usage(o,
			   "--%s wants a whole number from %llu to %llu, "
			   "not '%s'",
			   name, (unsigned long long)low,
			   (unsigned long long)high, o->value);
		return false;
	}
	*out = v;
	return true;
}

bool opts_double(const struct opts *o, const char *name, double low,
		 double high, double *out)
{
	char *end;
	double v;

	v = strtod(o->value, &end);
	if (end == o->value || *end != '\0' || !(v >= low && v <= high)) {
		opts_usage(o, "--%s wants a number from %g to %g, not '%s'",
			   name, low, high, o->value);
		return false;
	}
	*out = v;
	return true;
}

/* Words from text up to width columns; indent before all but the first. */
static void wrapped(FILE *f, const char *text, int indent, int width)
{
	int column = indent;

	while (*text != '\0') {
		int n = (int)strcspn(text, " \n");

		if (column > indent && column + 1 + n > width) {
			fprintf(f, "\n%*s", indent, "");
			column = indent;
		} else if (column > indent) {
			fputc(' ', f);
			column++;
		}
		fwrite(text, 1, (size_t)n, f);
		column += n;
		text += n;
		if (text[0] == '\n' && text[1] == '\n') {
			fprintf(f, "\n\n%*s", indent, "");
			column = indent;
		}
		text += strspn(text, " \n");
	}
	fputc('\n', f);
}

static void option_help(FILE *f, const struct option_def *d)
{
	char left[64];
	int n = 0;

	if (d->letter != 0)
		n = snprintf(left, sizeof(left), "  -%c, --%s", d->letter,
			     d->name);
	else
		n = snprintf(left, sizeof(left), "      --%s", d->name);
	if (d->arg == ARG_REQUIRED)
		n += snprintf(left + n, sizeof(left) - (size_t)n, " %s",
			      d->value);
	else if (d->arg == ARG_OPTIONAL)
		n += snprintf(left + n, sizeof(left) - (size_t)n, "[=%s]",
			      d->value);
	if (n <= 24)
		fprintf(f, "%-26s", left);
	else
		fprintf(f, "%s\n%26s", left, "");
	wrapped(f, d->help, 26, 79);
}

void command_help(FILE *f, const struct command *cmd)
{
	static const struct option_def help = { .letter = 'h',
						.name = "help",
						.help = "Print this text." };

	fprintf(f, "Usage: wellspring %s [OPTIONS] %s\n\n", cmd->name,
		cmd->operands);
	wrapped(f, cmd->description, 0, 79);
	fputs("\nOptions:\n", f);
	for (size_t i = 0; i < cmd->n_options; i++)
		option_help(f, &cmd->options[i]);
	option_help(f, &help);
	if (cmd->examples != NULL) {
		const char *p = cmd->examples;

		fputs("\nExamples:\n", f);
		while (*p != '\0') {
			int line = (int)strcspn(p, "\n");
			int left = (int)strcspn(p, "\t\n");

			fprintf(f, "  %.*s\n", left, p);
			if (left < line)
				fprintf(f, "      %.*s\n", line - left - 1,
					p + left + 1);
			p += line;
			p += *p == '\n';
		}
	}
	fputs("\nExit: 0 done, 1 cannot, 2 usage, 3 done but nothing "
	      "sufficient,\n      4 done with loss or damage.\n",
	      f);
}

#define NAME_MAX_EDIT 32

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

static size_t edit_distance(const char *a, const char *b)
{
	size_t d[NAME_MAX_EDIT + 1][NAME_MAX_EDIT + 1];
	size_t n = strlen(a), m = strlen(b);

	if (n > NAME_MAX_EDIT || m > NAME_MAX_EDIT)
		return NAME_MAX_EDIT;
	for (size_t i = 0; i <= n; i++)
		d[i][0] = i;
	for (size_t k = 0; k <= m; k++)
		d[0][k] = k;
	for (size_t i = 1; i <= n; i++) {
		for (size_t k = 1; k <= m; k++) {
			size_t same = a[i - 1] == b[k - 1] ? 0 : 1;

			d[i][k] = least(least(d[i - 1][k], d[i][k - 1]) + 1,
					d[i - 1][k - 1] + same);
			if (i > 1 && k > 1 && a[i - 1] == b[k - 2] &&
			    a[i - 2] == b[k - 1])
				d[i][k] = least(d[i][k], d[i - 2][k - 2] + 1);
		}
	}
	return d[n][m];
}

const char *closest_name(const char *word, const char *const *names, size_t n)
{
	const char *best = NULL;
	size_t limit = 3;

	for (size_t i = 0; i < n; i++) {
		size_t d = edit_distance(word, names[i]);

		if (d < limit && d < strlen(names[i])) {
			limit = d;
			best = names[i];
		}
	}
	return best;
}
