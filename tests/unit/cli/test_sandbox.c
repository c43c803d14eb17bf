/*
 * test_sandbox.c - what is named can be read, everything else fails; threads
 * work; without Landlock in the kernel there is a note and the rest holds.
 * Each case runs in a child, as there is no way back.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/sandbox.h"

static char dir[] = "/tmp/wellspring-sandbox-XXXXXX";
static char in_dir[64], outside[64], absent[64];

/* Runs f in a child; its return value is 0 or the number of the check that
 * failed. */
static int in_child(int (*f)(void))
{
	pid_t pid = fork();
	int status = 0;

	assert_true(pid >= 0);
	if (pid == 0)
		_exit(f());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void *thread(void *arg)
{
	*(int *)arg = 7;
	return NULL;
}

static bool opens(const char *path, int flags)
{
	int fd = open(path, flags, 0600);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

/* Holds with any part missing. */
static int common(void)
{
	pthread_t t;
	int seven = 0;

	if (!opens(in_dir, O_RDONLY))
		return 10;
	if (pthread_create(&t, NULL, thread, &seven) != 0 ||
	    pthread_join(t, NULL) != 0 || seven != 7)
		return 11;
	return 0;
}

static int with_everything(void)
{
	const char *const paths[] = { dir, absent, "-" };
	char note[128], *args[] = { NULL, NULL };
	unsigned got = sandbox_enter(paths, 3, note, sizeof(note));

	if ((got == SANDBOX_ALL) != (note[0] == '\0'))
		return 1;
	if ((got & SANDBOX_LANDLOCK) != 0 &&
	    (opens(outside, O_RDONLY) || opens(in_dir, O_WRONLY)))
		return 2;
	if ((got & SANDBOX_SECCOMP) != 0) {
		if (socket(AF_INET, SOCK_STREAM, 0) >= 0 || errno != EPERM)
			return 3;
		execve("/bin/true", args, args);
		if (errno != EPERM)
			return 4;
		if (fork() != -1)
			return 5;
		if (opens(in_dir, O_WRONLY | O_TRUNC))
			return 6;
	}
	return common();
}

/* A kernel without Landlock, made by a filter of our own. */
static int without_landlock(void)
{
	const char *const paths[] = { dir };
	char note[128];
	scmp_filter_ctx f = seccomp_init(SCMP_ACT_ALLOW);
	unsigned got;

	if (f == NULL ||
	    seccomp_rule_add(f, SCMP_ACT_ERRNO(ENOSYS),
			     SCMP_SYS(landlock_create_ruleset), 0) != 0 ||
	    seccomp_load(f) != 0)
		return 77;
	seccomp_release(f);
	got = sandbox_enter(paths, 1, note, sizeof(note));
	if ((got & SANDBOX_LANDLOCK) != 0)
		return 1;
	if ((got & SANDBOX_NO_NEW_PRIVS) == 0)
		return 2;
	if (strstr(note, "without Landlock") == NULL)
		return 3;
	if ((got & SANDBOX_SECCOMP) != 0 && opens(in_dir, O_WRONLY))
		return 4;
	return common();
}

static void test_confined(void **state)
{
	(void)state;
	assert_int_equal(in_child(with_everything), 0);
}

static void test_kernel_without_landlock(void **state)
{
	int got = in_child(without_landlock);

	(void)state;
	if (got == 77)
		skip();
	assert_int_equal(got, 0);
}

static int make_files(void **state)
{
	int fd;

	(void)state;
	if (mkdtemp(dir) == NULL)
		return -1;
	snprintf(in_dir, sizeof(in_dir), "%s/in", dir);
	snprintf(absent, sizeof(absent), "%s/absent", dir);
	snprintf(outside, sizeof(outside), "%s-out", dir);
	fd = open(in_dir, O_CREAT | O_WRONLY, 0600);
	if (fd < 0 || close(fd) != 0)
		return -1;
	fd = open(outside, O_CREAT | O_WRONLY, 0600);
	return fd < 0 ? -1 : close(fd);
}

static int remove_files(void **state)
{
	(void)state;
	unlink(in_dir);
	unlink(outside);
	return rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_confined),
		cmocka_unit_test(test_kernel_without_landlock),
	};

	return cmocka_run_group_tests(tests, make_files, remove_files);
}
