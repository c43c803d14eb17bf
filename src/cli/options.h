/*
 * options.h - one table per command: getopt_long parsing, --help, the man
 * page and the shell completions all come from it (see docgen.c).
 *
 * A command file exports "const struct command command_NAME" with its table
 * and its run function, and is listed in commands.c.  It parses like this:
 *
 *	struct opts o;
 *	int id;
 *
 *	opts_begin(&o, &command_NAME, argc, argv);
 *	while ((id = opts_next(&o)) >= 0) {
 *		switch (id) { case OPT_ALPHA: ... o.value ... }
 *	}
 *	if (id != OPTS_DONE)
 *		return opts_status(id);       help was printed, or usage error
 *	... o.args[0 .. o.n_args) are the operands ...
 *
 * -h and --help are added to every table.  Only cli/ prints.
 */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Exit codes of every command (design.md section 3). */
enum exit_code {
	EXIT_DONE = 0,
	EXIT_CANNOT = 1, /* also, quietly: nobody reads stdout any more */
	EXIT_USAGE = 2,
	EXIT_INSUFFICIENT = 3, /* done, but nothing is sufficient */
	EXIT_DAMAGED = 4,      /* done with loss or damage; wins over 3 */
};

enum option_arg { ARG_NONE, ARG_REQUIRED, ARG_OPTIONAL };
enum option_complete { COMPLETE_NOTHING, COMPLETE_FILES, COMPLETE_DIRS };

struct option_def {
	int id;		  /* >= 0, of the command's own enum */
	char letter;	  /* 0 = none */
	const char *name; /* without the dashes */
	enum option_arg arg;
	const char *value; /* "FILE", "A,B"; NULL without argument */
	const char *help;  /* one or two sentences, no line breaks */
	const char *words; /* "auto always never": the only values, or NULL */
	enum option_complete complete;
};

struct command {
	const char *name;
	const char *operands;	 /* "FILE... [-- BPF]" */
	const char *summary;	 /* one line, no full stop */
	const char *description; /* paragraphs, split by an empty line */
	const char *examples;	 /* lines "command\texplanation", or NULL */
	const struct option_def *options;
	size_t n_options;
	enum option_complete complete;	   /* of operands */
	int (*run)(int argc, char **argv); /* argv[0] is the command's name;
					    * returns an exit_code */
};

#define OPTIONS_OF(table)                                                      \
	.options = (table), .n_options = sizeof(table) / sizeof((table)[0])
#define OPTS_MAX 48 /* options of one command */

enum { OPTS_DONE = -1, OPTS_HELP = -2, OPTS_ERROR = -3 };

struct opts {
	const struct command *cmd;
	int argc;
	char **argv;
	const char *value; /* argument of the option just returned, or NULL */
	char **args;	   /* operands, once OPTS_DONE came */
	size_t n_args;
	char **rest; /* what stood behind "--" */
	size_t n_rest;
	bool has_rest; /* there was a "--" */
};

/* Borrows argv (its order changes) and cmd. */
void opts_begin(struct opts *o, const struct command *cmd, int argc,
		char **argv);
/* The id of the next option, OPTS_DONE, OPTS_HELP (help is printed) or
 * OPTS_ERROR (said on stderr). */
int opts_next(struct opts *o);
/* Exit code after OPTS_HELP or OPTS_ERROR. */
int opts_status(int id);
/* "wellspring CMD: text" and a hint at --help on stderr; EXIT_USAGE. */
int opts_usage(const struct opts *o, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* Memory is short: says so and gives EXIT_CANNOT. */
int opts_no_memory(void);
/* Values of options; they say on stderr what is wrong and return false. */
bool opts_uint(const struct opts *o, const char *name, uint64_t low,
	       uint64_t high, uint64_t *out);
bool opts_double(const struct opts *o, const char *name, double low,
		 double high, double *out);

void command_help(FILE *f, const struct command *cmd);

/* The closest of n names within two edits (optimal string alignment
 * distance), NULL if none is. */
const char *closest_name(const char *word, const char *const *names, size_t n);

#endif
