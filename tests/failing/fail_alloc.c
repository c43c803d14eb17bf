/*
 * fail_alloc.c - see fail_alloc.h.  Every function here stands in
 * meson.build, too, which gives the linker its name.
 */
#include "fail_alloc.h"

#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <archive.h>
#include <json-c/json_tokener.h>
#include <openssl/evp.h>
#include <pcap/pcap.h>
#include <seccomp.h>

static struct fail_state *state;

void fail_begin(struct fail_state *s)
{
	__atomic_store_n(&state, s, __ATOMIC_SEQ_CST);
}

static bool fails(const char *name)
{
	struct fail_state *s = __atomic_load_n(&state, __ATOMIC_SEQ_CST);
	unsigned long n;

	if (s == NULL)
		return false;
	n = __atomic_add_fetch(&s->asked, 1, __ATOMIC_SEQ_CST);
	if (s->fail_at == 0 || n < s->fail_at ||
	    (n > s->fail_at && !s->and_all_later))
		return false;
	if (n == s->fail_at)
		snprintf(s->last, sizeof(s->last), "%s", name);
	errno = ENOMEM;
	return true;
}

/* A function that gives REFUSAL when its turn has come. */
#define REFUSABLE(type, refusal, name, takes, given)                           \
	type __real_##name takes;                                              \
	type __wrap_##name takes;                                              \
	type __wrap_##name takes                                               \
	{                                                                      \
		return fails(#name) ? (refusal) : __real_##name given;         \
	}

typedef int choose_entry(const struct dirent *e);
typedef int order_entries(const struct dirent **a, const struct dirent **b);
typedef void *thread_main(void *arg);

/* clang-format off */
REFUSABLE(void *, NULL, malloc, (size_t n), (n))
REFUSABLE(void *, NULL, calloc, (size_t n, size_t size), (n, size))
REFUSABLE(void *, NULL, realloc, (void *p, size_t n), (p, n))
REFUSABLE(void *, NULL, reallocarray, (void *p, size_t n, size_t size),
	  (p, n, size))
REFUSABLE(char *, NULL, strdup, (const char *s), (s))
REFUSABLE(void *, MAP_FAILED, mmap,
	  (void *p, size_t n, int prot, int flags, int fd, off_t at),
	  (p, n, prot, flags, fd, at))
REFUSABLE(int, EAGAIN, pthread_create,
	  (pthread_t *t, const pthread_attr_t *how, thread_main *run,
	   void *arg),
	  (t, how, run, arg))
REFUSABLE(FILE *, NULL, fopen, (const char *path, const char *mode),
	  (path, mode))
REFUSABLE(DIR *, NULL, opendir, (const char *path), (path))
REFUSABLE(int, -1, scandir,
	  (const char *path, struct dirent ***list, choose_entry *choose,
	   order_entries *order),
	  (path, list, choose, order))
REFUSABLE(struct archive *, NULL, archive_read_new, (void), ())
REFUSABLE(pcap_t *, NULL, pcap_open_dead, (int link, int snap), (link, snap))
REFUSABLE(EVP_MD_CTX *, NULL, EVP_MD_CTX_new, (void), ())
REFUSABLE(scmp_filter_ctx, NULL, seccomp_init, (uint32_t otherwise),
	  (otherwise))
REFUSABLE(struct json_tokener *, NULL, json_tokener_new, (void), ())
