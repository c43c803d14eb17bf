/* commands.c - see commands.h. */
#include "cli/commands.h"

#include <string.h>

extern const struct command command_analyze, command_calibrate, command_explain,
	command_evaluate, command_mrt, command_origin, command_outage;

const struct command *const commands[] = {
	&command_analyze,  &command_calibrate, &command_explain,
	&command_evaluate, &command_mrt,       &command_origin,
	&command_outage,
};
const size_t n_commands = sizeof(commands) / sizeof(commands[0]);

const struct command *command_find(const char *name)
{
	for (size_t i = 0; i < n_commands; i++) {
		if (strcmp(commands[i]->name, name) == 0)
			return commands[i];
	}
	return NULL;
}

void commands_help(FILE *f)
{
	fputs("Is this address the original source, or a springboard, and is "
	      "the\nevidence sufficient to say so?\n\n"
	      "Usage: wellspring COMMAND [OPTIONS] ...\n\n",
	      f);
	for (size_t i = 0; i < n_commands; i++)
		fprintf(f, "  %-10s %s\n", commands[i]->name,
			commands[i]->summary);
	fputs("  help       this text, or 'wellspring help COMMAND'\n\n"
	      "Examples:\n"
	      "  wellspring analyze capture.pcapng\n"
	      "  tcpdump -U -w - | wellspring analyze -\n",
	      f);
}
