/*
 * fail_alloc.h - the n-th request for memory, pages, a thread or a handle
 * fails; for tests only.
 *
 * Requests are the calls of our own code to the functions listed in
 * fail_alloc.c, taken by linker option --wrap.  What libraries ask for inside
 * is not refused: libpcap's scanner and libarchive then end the process in
 * words of their own, OpenSSL 3.0, libseccomp 2.5 and json-c 0.16 crash.
 * Their constructors are refused instead, as they do when memory is short.
 */
#ifndef TESTS_FAIL_ALLOC_H
#define TESTS_FAIL_ALLOC_H

#include <stdbool.h>

/* In pages that a forked child shares with its parent. */
struct fail_state {
	unsigned long fail_at; /* this request fails, 0: none */
	bool and_all_later;    /* and every one after it */
	unsigned long asked;   /* requests so far */
	char last[32];	       /* function of the request that failed */
};

/* Counts from now on; NULL: requests are neither counted nor refused. */
void fail_begin(struct fail_state *s);

#endif
