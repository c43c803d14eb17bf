/*
 * commands.h - every command there is, in the order of the help text.
 * To add one: write cmd_NAME.c, export its table here, list it in commands.c
 * and in meson.build; help, man page, completions and dispatch follow.
 */
#ifndef CLI_COMMANDS_H
#define CLI_COMMANDS_H

#include "cli/options.h"

extern const struct command *const commands[];
extern const size_t n_commands;

const struct command *command_find(const char *name);
/* "wellspring help": all commands with their summaries. */
void commands_help(FILE *f);

#endif
