/*
 * docgen.c - build-time generator: man pages and shell completions from the
 * option tables, so that they cannot differ from --help.
 *
 *	docgen man COMMAND | docgen man wellspring | docgen bash | zsh | fish
 *
 * Not installed.  Man pages use man(7) macros only.
 */
#include <stdio.h>
#include <string.h>

#include "cli/commands.h"

/* Text for roff: backslashes and leading dots are escaped, hyphens are real
 * minus signs so that they can be copied. */
static void roff(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (s[i] == '\\')
			fputs("\\e", stdout);
		else if (s[i] == '-')
			fputs("\\-", stdout);
		else if ((s[i] == '.' || s[i] == '\'') &&
			 (i == 0 || s[i - 1] == '\n'))
			printf("\\&%c", s[i]);
		else
			putchar(s[i]);
	}
}

static void roff_text(const char *s)
{
	roff(s, strlen(s));
}

static void paragraphs(const char *s)
{
	const char *gap;

	while ((gap = strstr(s, "\n\n")) != NULL) {
		roff(s, (size_t)(gap - s));
		fputs("\n.PP\n", stdout);
		s = gap + 2;
	}
	roff_text(s);
	putchar('\n');
}

static void man_option(const struct option_def *d)
{
	fputs(".TP\n", stdout);
	if (d->letter != 0)
		printf("\\fB\\-%c\\fR, ", d->letter);
	fputs("\\fB", stdout);
	roff_text("--");
	roff_text(d->name);
	fputs("\\fR", stdout);
	if (d->arg == ARG_REQUIRED) {
		fputs(" \\fI", stdout);
		roff_text(d->value);
		fputs("\\fR", stdout);
	} else if (d->arg == ARG_OPTIONAL) {
		fputs("[=\\fI", stdout);
		roff_text(d->value);
		fputs("\\fR]", stdout);
	}
	putchar('\n');
	roff_text(d->help);
	putchar('\n');
}

static void man_examples(const char *p)
{
	fputs(".SH EXAMPLES\n", stdout);
	while (*p != '\0') {
		size_t line = strcspn(p, "\n"), left = strcspn(p, "\t\n");

		fputs(".TP\n\\fB", stdout);
		roff(p, left);
		fputs("\\fR\n", stdout);
		if (left < line) {
			roff(p + left + 1, line - left - 1);
			putchar('\n');
		}
		p += line;
		p += *p == '\n';
	}
}

static void man_exit(void)
{
	static const char *const codes[] = {
		"Done.",
		("Cannot: a file cannot be read or written, memory is short, "
		 "or nobody reads standard output any more (then the program "
		 "ends at once and without a message)."),
		"Usage: the command line is wrong.",
		"Done, but nothing is sufficient.",
		"Done with loss or damage; wins over 3.",
	};

	fputs(".SH EXIT STATUS\n", stdout);
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		printf(".TP\n\\fB%zu\\fR\n%s\n", i, codes[i]);
}

static void man_command(const struct command *cmd)
{
	static const struct option_def help = {
		.letter = 'h', .name = "help", .help = "Print the help text."
	};

	printf(".TH WELLSPRING\\-%s 1 \"\" \"wellspring %s\"\n", cmd->name,
	       WELLSPRING_VERSION);
	printf(".SH NAME\nwellspring\\-%s \\- ", cmd->name);
	roff_text(cmd->summary);
	printf("\n.SH SYNOPSIS\n\\fBwellspring %s\\fR [\\fIOPTIONS\\fR] ",
	       cmd->name);
	roff_text(cmd->operands);
	fputs("\n.SH DESCRIPTION\n", stdout);
	paragraphs(cmd->description);
	fputs(".SH OPTIONS\n", stdout);
	for (size_t i = 0; i < cmd->n_options; i++)
		man_option(&cmd->options[i]);
	man_option(&help);
	if (cmd->examples != NULL)
		man_examples(cmd->examples);
	man_exit();
	fputs(".SH SEE ALSO\n\\fBwellspring\\fR(1)\n", stdout);
}

static void man_main(void)
{
	printf(".TH WELLSPRING 1 \"\" \"wellspring %s\"\n"
	       ".SH NAME\nwellspring \\- is this address the original source, "
	       "or a springboard?\n"
	       ".SH SYNOPSIS\n\\fBwellspring\\fR \\fICOMMAND\\fR "
	       "[\\fIOPTIONS\\fR] ...\n.SH COMMANDS\n",
	       WELLSPRING_VERSION);
	for (size_t i = 0; i < n_commands; i++) {
		printf(".TP\n\\fB%s\\fR\n", commands[i]->name);
		roff_text(commands[i]->summary);
		printf("; see \\fBwellspring\\-%s\\fR(1).\n",
		       commands[i]->name);
	}
	fputs(".TP\n\\fBhelp\\fR [\\fICOMMAND\\fR]\nPrint the help text.\n"
	      ".TP\n\\fB\\-\\-version\\fR\nPrint the version.\n",
	      stdout);
	man_exit();
	fputs(".SH NOTES\nUndetermined is not innocent, and a springboard is "
	      "itself a victim.\n",
	      stdout);
}

static void bash_options(const struct command *cmd)
{
	for (size_t i = 0; i < cmd->n_options; i++) {
		const struct option_def *d = &cmd->options[i];

		if (d->letter != 0)
			printf("-%c ", d->letter);
		printf("--%s%s ", d->name, d->arg == ARG_OPTIONAL ? "=" : "");
	}
	fputs("-h --help", stdout);
}

static void bash_values(const struct command *cmd)
{
	for (size_t i = 0; i < cmd->n_options; i++) {
		const struct option_def *d = &cmd->options[i];

		if (d->arg != ARG_REQUIRED)
			continue;
		printf("\t%s:--%s", cmd->name, d->name);
		if (d->letter != 0)
			printf("|%s:-%c", cmd->name, d->letter);
		if (d->words != NULL)
			printf(") COMPREPLY=($(compgen -W '%s' -- \"$cur\"));"
			       " return ;;\n",
			       d->words);
		else if (d->complete != COMPLETE_NOTHING)
			fputs(") compopt -o filenames; "
			      "COMPREPLY=($(compgen -f -- \"$cur\")); "
			      "return ;;\n",
			      stdout);
		else
			fputs(") return ;;\n", stdout);
	}
}

static void bash(void)
{
	fputs("# bash completion for wellspring, generated from its option "
	      "tables\n"
	      "_wellspring()\n{\n"
	      "\tlocal cur=${COMP_WORDS[COMP_CWORD]}\n"
	      "\tlocal prev=${COMP_WORDS[COMP_CWORD-1]}\n"
	      "\tlocal cmd=${COMP_WORDS[1]}\n"
	      "\tif [ \"$COMP_CWORD\" -eq 1 ]; then\n"
	      "\t\tCOMPREPLY=($(compgen -W '",
	      stdout);
	for (size_t i = 0; i < n_commands; i++)
		printf("%s ", commands[i]->name);
	fputs("help --help --version' -- \"$cur\"))\n\t\treturn\n\tfi\n"
	      "\tcase $cmd:$prev in\n",
	      stdout);
	for (size_t i = 0; i < n_commands; i++)
		bash_values(commands[i]);
	fputs("\tesac\n\tif [ \"${cur#-}\" != \"$cur\" ]; then\n"
	      "\t\tcase $cmd in\n",
	      stdout);
	for (size_t i = 0; i < n_commands; i++) {
		printf("\t\t%s) COMPREPLY=($(compgen -W '", commands[i]->name);
		bash_options(commands[i]);
		fputs("' -- \"$cur\")) ;;\n", stdout);
	}
	fputs("\t\tesac\n\t\treturn\n\tfi\n"
	      "\tcompopt -o filenames\n"
	      "\tCOMPREPLY=($(compgen -f -- \"$cur\"))\n}\n"
	      "complete -F _wellspring wellspring\n",
	      stdout);
}

/* Inside '...' of zsh and fish: no quote, and for zsh no bracket or colon. */
static void quoted(const char *s, bool zsh)
{
	for (; *s != '\0'; s++) {
		if (*s == '\'')
			fputs(zsh ? "'\\''" : "\\'", stdout);
		else if (zsh && strchr("[]:\\", *s) != NULL)
			printf("\\%c", *s);
		else if (!zsh && *s == '\\')
			fputs("\\\\", stdout);
		else
			putchar(*s);
	}
}

static void zsh_option(const struct option_def *d)
{
	const char *names[2] = { NULL, d->name };
	char letter[2] = { d->letter, '\0' };

	names[0] = d->letter != 0 ? letter : NULL;
	for (int i = 0; i < 2; i++) {
		if (names[i] == NULL)
			continue;
		printf("\t\t\t'*%s%s%s[", i == 0 ? "-" : "--", names[i],
		       i == 0			? ""
		       : d->arg == ARG_REQUIRED ? "="
		       : d->arg == ARG_OPTIONAL ? "=-"
						: "");
		quoted(d->help, true);
		putchar(']');
		if (d->arg != ARG_NONE) {
			printf(d->arg == ARG_OPTIONAL && i == 1 ? "::" : ":");
			quoted(d->value, true);
			putchar(':');
			if (d->words != NULL)
				printf("(%s)", d->words);
			else if (d->complete != COMPLETE_NOTHING)
				fputs("_files", stdout);
		}
		fputs("' \\\n", stdout);
	}
}

static void zsh(void)
{
	static const struct option_def help = {
		.letter = 'h', .name = "help", .help = "Print the help text."
	};

	fputs("#compdef wellspring\n"
	      "# generated from the option tables of wellspring\n"
	      "_wellspring() {\n"
	      "\tlocal context state line\n"
	      "\tif (( CURRENT == 2 )); then\n"
	      "\t\tlocal -a cmds=(\n",
	      stdout);
	for (size_t i = 0; i < n_commands; i++) {
		printf("\t\t\t'%s:", commands[i]->name);
		quoted(commands[i]->summary, true);
		fputs("'\n", stdout);
	}
	fputs("\t\t\t'help:the help text'\n\t\t)\n"
	      "\t\t_describe command cmds\n\t\treturn\n\tfi\n"
	      "\tlocal cmd=$words[2]\n"
	      "\tshift words\n\t(( CURRENT-- ))\n\tcase $cmd in\n",
	      stdout);
	for (size_t i = 0; i < n_commands; i++) {
		printf("\t%s)\n\t\t_arguments -s \\\n", commands[i]->name);
		for (size_t k = 0; k < commands[i]->n_options; k++)
			zsh_option(&commands[i]->options[k]);
		zsh_option(&help);
		fputs("\t\t\t'*:file:_files' ;;\n", stdout);
	}
	fputs("\tesac\n}\n"
	      "if [ \"$funcstack[1]\" = _wellspring ]; then\n"
	      "\t_wellspring \"$@\"\nelse\n"
	      "\tcompdef _wellspring wellspring\nfi\n",
	      stdout);
}

static void fish_option(const char *cmd, const struct option_def *d)
{
	printf("complete -c wellspring -n '__fish_seen_subcommand_from %s'",
	       cmd);
	if (d->letter != 0)
		printf(" -s %c", d->letter);
	printf(" -l %s", d->name);
	if (d->arg == ARG_REQUIRED && d->words != NULL)
		printf(" -x -a '%s'", d->words);
	else if (d->arg == ARG_REQUIRED && d->complete != COMPLETE_NOTHING)
		fputs(" -r -F", stdout);
	else if (d->arg == ARG_REQUIRED)
		fputs(" -x", stdout);
	fputs(" -d '", stdout);
	quoted(d->help, false);
	fputs("'\n", stdout);
}

static void fish(void)
{
	static const struct option_def help = {
		.letter = 'h', .name = "help", .help = "Print the help text."
	};

	fputs("# fish completion for wellspring, generated from its option "
	      "tables\n",
	      stdout);
	for (size_t i = 0; i < n_commands; i++) {
		printf("complete -c wellspring -f -n __fish_use_subcommand "
		       "-a %s -d '",
		       commands[i]->name);
		quoted(commands[i]->summary, false);
		fputs("'\n", stdout);
	}
	fputs("complete -c wellspring -f -n __fish_use_subcommand -a help "
	      "-d 'the help text'\n",
	      stdout);
	for (size_t i = 0; i < n_commands; i++) {
		for (size_t k = 0; k < commands[i]->n_options; k++)
			fish_option(commands[i]->name,
				    &commands[i]->options[k]);
		fish_option(commands[i]->name, &help);
	}
}

int main(int argc, char **argv)
{
	const struct command *cmd;

	if (argc == 2 && strcmp(argv[1], "bash") == 0)
		bash();
	else if (argc == 2 && strcmp(argv[1], "zsh") == 0)
		zsh();
	else if (argc == 2 && strcmp(argv[1], "fish") == 0)
		fish();
	else if (argc == 2 && strcmp(argv[1], "list") == 0)
		for (size_t i = 0; i < n_commands; i++)
			puts(commands[i]->name);
	else if (argc == 3 && strcmp(argv[1], "man") == 0 &&
		 strcmp(argv[2], "wellspring") == 0)
		man_main();
	else if (argc == 3 && strcmp(argv[1], "man") == 0 &&
		 (cmd = command_find(argv[2])) != NULL)
		man_command(cmd);
	else
		return EXIT_USAGE;
	return fflush(stdout) == 0 ? EXIT_DONE : EXIT_CANNOT;
}
