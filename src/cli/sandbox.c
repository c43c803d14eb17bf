/*
 * sandbox.c - see sandbox.h.
 * Landlock by direct system calls (no library in Debian 12): see
 * landlock(7) and Documentation/userspace-api/landlock.rst of Linux.
 * seccomp by libseccomp; what is not allowed fails with EPERM, so that a
 * library that tries something optional goes on without it.
 */
#include "cli/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "evidence/community.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) ||     \
	__has_feature(memory_sanitizer)
#define UNDER_SANITIZER 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define UNDER_SANITIZER 1
#endif
#ifndef UNDER_SANITIZER
#define UNDER_SANITIZER 0
#endif

/* Numbers of the generic system call table; headers of Debian 12 have them
 * all, older ones do not. */
#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_add_rule	    445
#define SYS_landlock_restrict_self  446
#endif

#define LL_VERSION	1u /* flag: give the ABI */
#define LL_PATH_BENEATH 1
#define LL_READ_FILE	(UINT64_C(1) << 2)
#define LL_READ_DIR	(UINT64_C(1) << 3)
#define LL_EXECUTE	(UINT64_C(1) << 0)
#define LL_FS_ABI1	((UINT64_C(1) << 13) - 1) /* execute ... make_sym */
#define LL_FS_REFER	(UINT64_C(1) << 13)	  /* ABI 2 */
#define LL_FS_TRUNCATE	(UINT64_C(1) << 14)	  /* ABI 3 */
#define LL_NET_ALL	UINT64_C(3) /* ABI 4: bind and connect TCP */

struct ll_ruleset {
	uint64_t fs, net; /* net: ABI 4 */
};

struct ll_path {
	uint64_t allowed;
	int32_t parent_fd;
} __attribute__((packed));

/* pcap_compile() looks up names of ports and protocols there. */
static const char *const always[] = {
	"/etc/services", "/etc/protocols", "/etc/nsswitch.conf",
#if UNDER_SANITIZER
	"/proc", /* the run-time library reads its own maps */
#endif
};

static void allow_path(int rules, const char *path)
{
	struct ll_path rule = { .allowed = LL_READ_FILE };
	struct stat st;
	int fd = open(path, O_PATH | O_CLOEXEC);

	if (fd < 0)
		return;
	if (fstat(fd, &st) == 0) {
		if (S_ISDIR(st.st_mode))
			rule.allowed |= LL_READ_DIR;
		rule.parent_fd = fd;
		/* fails for pipes, which need no rule */
		syscall(SYS_landlock_add_rule, rules, LL_PATH_BENEATH, &rule,
			0);
	}
	close(fd);
}

static bool landlock(const char *const *paths, size_t n)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LL_VERSION);
	struct ll_ruleset all = { .fs = LL_FS_ABI1 };
	bool good;
	int rules;

	if (abi < 1)
		return false;
	if (UNDER_SANITIZER)
		all.fs &= ~LL_EXECUTE; /* the symbolizer */
	if (abi >= 2)
		all.fs |= LL_FS_REFER;
	if (abi >= 3)
		all.fs |= LL_FS_TRUNCATE;
	if (abi >= 4)
		all.net = LL_NET_ALL;
	rules = (int)syscall(SYS_landlock_create_ruleset, &all,
			     abi >= 4 ? sizeof(all) : sizeof(all.fs), 0);
	if (rules < 0)
		return false;
	for (size_t i = 0; i < sizeof(always) / sizeof(always[0]); i++)
		allow_path(rules, always[i]);
	for (size_t i = 0; i < n; i++)
		allow_path(rules, paths[i]);
	good = syscall(SYS_landlock_restrict_self, rules, 0) == 0;
	close(rules);
	return good;
}

/* Calls without conditions.  Names that an architecture lacks (open on
 * arm64) are skipped by libseccomp. */
static const int allowed_calls[] = {
	SCMP_SYS(read),
	SCMP_SYS(readv),
	SCMP_SYS(pread64),
	SCMP_SYS(write),
	SCMP_SYS(writev),
	SCMP_SYS(pwrite64),
	SCMP_SYS(close),
	SCMP_SYS(fstat),
	SCMP_SYS(stat),
	SCMP_SYS(lstat),
	SCMP_SYS(newfstatat),
	SCMP_SYS(statx),
	SCMP_SYS(lseek),
	SCMP_SYS(ftruncate),
	SCMP_SYS(fadvise64),
	SCMP_SYS(access),
	SCMP_SYS(faccessat),
	SCMP_SYS(faccessat2),
	SCMP_SYS(readlink),
	SCMP_SYS(readlinkat),
	SCMP_SYS(getdents64),
	SCMP_SYS(getcwd),
	SCMP_SYS(fcntl),
	SCMP_SYS(dup),
	SCMP_SYS(mmap),
	SCMP_SYS(munmap),
	SCMP_SYS(mremap),
	SCMP_SYS(mprotect),
	SCMP_SYS(madvise),
	SCMP_SYS(brk),
	SCMP_SYS(futex),
	SCMP_SYS(set_robust_list),
	SCMP_SYS(rseq),
	SCMP_SYS(sched_yield),
	SCMP_SYS(sched_getaffinity),
	SCMP_SYS(gettid),
	SCMP_SYS(getpid),
	SCMP_SYS(getuid),
	SCMP_SYS(geteuid),
	SCMP_SYS(getgid),
	SCMP_SYS(getegid),
	SCMP_SYS(exit),
	SCMP_SYS(exit_group),
	SCMP_SYS(rt_sigaction),
	SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(rt_sigreturn),
	SCMP_SYS(sigaltstack),
	SCMP_SYS(restart_syscall),
	SCMP_SYS(tgkill),
	SCMP_SYS(clock_gettime),
	SCMP_SYS(clock_getres),
	SCMP_SYS(clock_nanosleep),
	SCMP_SYS(nanosleep),
	SCMP_SYS(gettimeofday),
	SCMP_SYS(time),
	SCMP_SYS(getrandom),
	SCMP_SYS(sysinfo),
	SCMP_SYS(uname),
	SCMP_SYS(getrusage),
	SCMP_SYS(poll),
	SCMP_SYS(ppoll),
	SCMP_SYS(select),
	SCMP_SYS(pselect6),
	SCMP_SYS(membarrier),
};

/* Opening for reading, threads (not processes), asking for limits and for
 * the size of the terminal. */
static bool allow_some(scmp_filter_ctx f)
{
	const uint64_t writing = O_WRONLY | O_RDWR | O_CREAT | O_TRUNC |
				 (O_TMPFILE & ~O_DIRECTORY);
	int r = 0;

	r |= seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(openat), 1,
			      SCMP_A2(SCMP_CMP_MASKED_EQ, writing, 0));
	r |= seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(open), 1,
			      SCMP_A1(SCMP_CMP_MASKED_EQ, writing, 0));
	r |= seccomp_rule_add(
		f, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
		SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD));
	/* its flags lie in memory; glibc then falls back to clone */
	r |= seccomp_rule_add(f, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
	r |= seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), 1,
			      SCMP_A2(SCMP_CMP_EQ, 0));
	r |= seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1,
			      SCMP_A1(SCMP_CMP_EQ, TIOCGWINSZ));
	r |= seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1,
			      SCMP_A1(SCMP_CMP_EQ, TCGETS));
	return r == 0;
}

static bool filter_calls(void)
{
	scmp_filter_ctx f = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	bool good = f != NULL && allow_some(f);

	for (size_t i = 0;
	     good && i < sizeof(allowed_calls) / sizeof(allowed_calls[0]); i++)
		good = seccomp_rule_add(f, SCMP_ACT_ALLOW, allowed_calls[i],
					0) == 0;
	good = good && seccomp_load(f) == 0;
	seccomp_release(f);
	return good;
}

/* Libraries that read their configuration at first use do it now. */
static void warm_up(void)
{
	struct addr a = { .w = { 0 } };
	char id[COMMUNITY_TEXT];

	community_id(6, &a, 1, &a, 2, id);
}

unsigned sandbox_enter(const char *const *paths, size_t n, char *note,
		       size_t size)
{
	unsigned in_force = 0;

	warm_up();
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0)
		in_force |= SANDBOX_NO_NEW_PRIVS;
	if ((in_force & SANDBOX_NO_NEW_PRIVS) != 0 && landlock(paths, n))
		in_force |= SANDBOX_LANDLOCK;
	if (!UNDER_SANITIZER && (in_force & SANDBOX_NO_NEW_PRIVS) != 0 &&
	    filter_calls())
		in_force |= SANDBOX_SECCOMP;
	if (note == NULL)
		return in_force;
	if (in_force == SANDBOX_ALL)
		note[0] = '\0';
	else
		snprintf(note, size, "reading without%s%s%s%s",
			 in_force & SANDBOX_NO_NEW_PRIVS ? "" : " no_new_privs",
			 in_force & SANDBOX_LANDLOCK ? "" : " Landlock",
			 in_force & SANDBOX_SECCOMP ? "" : " seccomp",
			 UNDER_SANITIZER ? " (a sanitizer build has no seccomp)"
					 : " (this kernel lacks it)");
	return in_force;
}
