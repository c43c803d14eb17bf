/*
 * main.c - finds the command and runs it; every command prints its own
 * help, errors and result and returns an exit code (options.h).
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/commands.h"

static int unknown_command(const char *word)
{
	const char *names[64], *near;
	size_t n = 0;

	for (; n < n_commands && n < 62; n++)
		names[n] = commands[n]->name;
	names[n++] = "help";
	near = closest_name(word, names, n);
	fprintf(stderr, "wellspring: unknown command '%s'", word);
	if (near != NULL)
		fprintf(stderr, "; did you mean '%s'?", near);
	fputs("\nTry 'wellspring help'.\n", stderr);
	return EXIT_USAGE;
}

static int help(int argc, char **argv)
{
	const struct command *cmd;

	if (argc < 2) {
		commands_help(stdout);
		return EXIT_DONE;
	}
	cmd = command_find(argv[1]);
	if (cmd == NULL)
		return unknown_command(argv[1]);
	command_help(stdout, cmd);
	return EXIT_DONE;
}

static int dispatch(int argc, char **argv)
{
	const struct command *cmd;

	if (argc < 2) {
		commands_help(stderr);
		return EXIT_USAGE;
	}
	if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0) {
		puts("wellspring " WELLSPRING_VERSION);
		return EXIT_DONE;
	}
	if (strcmp(argv[1], "help") == 0 || strcmp(argv[1], "--help") == 0 ||
	    strcmp(argv[1], "-h") == 0)
		return help(argc - 1, argv + 1);
	cmd = command_find(argv[1]);
	if (cmd == NULL)
		return unknown_command(argv[1]);
	return cmd->run(argc - 1, argv + 1);
}

/* Nobody reads standard output any more (`wellspring ... | head`): end at
 * once and quietly.  Of any other pipe the write fails, and whoever wrote
 * decides: notes on standard error may be lost, a case may not. */
static void on_broken_pipe(int sig)
{
	struct pollfd out = { .fd = STDOUT_FILENO, .events = POLLOUT };
	int saved = errno;

	(void)sig;
	if (poll(&out, 1, 0) > 0 && (out.revents & (POLLERR | POLLHUP)) != 0)
		_exit(EXIT_CANNOT);
	errno = saved;
}

int main(int argc, char **argv)
{
	struct sigaction pipe = { .sa_handler = on_broken_pipe,
				  .sa_flags = SA_RESTART };
	int status;

	sigemptyset(&pipe.sa_mask);
	sigaction(SIGPIPE, &pipe, NULL);
	status = dispatch(argc, argv);

	/* a full disk is an error, not a short report */
	if (fflush(stdout) != 0 || ferror(stdout)) {
		perror("wellspring: standard output");
		return EXIT_CANNOT;
	}
	return status;
}
