/*
 * sandbox.h - the process gives up what reading hostile files does not need,
 * before the first byte of them is parsed: no_new_privs, Landlock (from ABI
 * 1: only the named paths can be read, nothing can be written or connected),
 * seccomp (only the calls of reading, computing, writing to open files).
 * What is written must be open before.  There is no way back.
 * Threads: call it before there is more than one.
 */
#ifndef CLI_SANDBOX_H
#define CLI_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>

enum sandbox_part {
	SANDBOX_NO_NEW_PRIVS = 1,
	SANDBOX_LANDLOCK = 2,
	SANDBOX_SECCOMP = 4,
	SANDBOX_ALL = 7
};

/* Paths that may be read: files, or directories with all below them; absent
 * ones and "-" are skipped (the reader will say what is wrong).  Returns the
 * parts in force; note (may be NULL) gets one line on what is missing and
 * why, "" when nothing is. */
unsigned sandbox_enter(const char *const *paths, size_t n, char *note,
		       size_t size);

#endif
