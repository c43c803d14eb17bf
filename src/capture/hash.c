/*
 * hash.c - see hash.h.  One piece of work at a time passes between the two
 * threads under one lock; the reader waits for it before it touches the
 * buffer again.
 */
#include "capture/hash.h"

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <openssl/evp.h>

struct hash {
	EVP_MD_CTX *md;
	bool failed;
	bool threaded;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	const void *work; /* borrowed; NULL = nothing to do */
	size_t len;
	bool quit;
};

static void *run(void *arg)
{
	struct hash *h = arg;
	const void *p;
	bool ok;

	pthread_mutex_lock(&h->lock);
	for (;;) {
		while (h->work == NULL && !h->quit)
			pthread_cond_wait(&h->changed, &h->lock);
		if (h->work == NULL)
			break;
		p = h->work;
		pthread_mutex_unlock(&h->lock);
		ok = EVP_DigestUpdate(h->md, p, h->len) == 1;
		pthread_mutex_lock(&h->lock);
		h->work = NULL;
		h->failed |= !ok;
		pthread_cond_broadcast(&h->changed);
	}
	pthread_mutex_unlock(&h->lock);
	return NULL;
}

struct hash *hash_new(bool in_thread, struct err *e)
{
	struct hash *h = calloc(1, sizeof(*h));
	int sys;

	if (h == NULL) {
		err_set(e, ERR_MEMORY, "no memory for the hash");
		return NULL;
	}
	h->md = EVP_MD_CTX_new();
	if (h->md == NULL ||
	    EVP_DigestInit_ex(h->md, EVP_sha256(), NULL) != 1) {
		err_set(e, ERR_MEMORY, "SHA-256 is not available");
		goto fail;
	}
	if (!in_thread)
		return h;
	pthread_mutex_init(&h->lock, NULL);
	pthread_cond_init(&h->changed, NULL);
	sys = pthread_create(&h->thread, NULL, run, h);
	if (sys != 0) {
		err_sys(e, sys, "cannot start the hash thread");
		pthread_cond_destroy(&h->changed);
		pthread_mutex_destroy(&h->lock);
		goto fail;
	}
	h->threaded = true;
	return h;
fail:
	EVP_MD_CTX_free(h->md);
	free(h);
	return NULL;
}

void hash_free(struct hash *h)
{
	if (h == NULL)
		return;
	if (h->threaded) {
		pthread_mutex_lock(&h->lock);
		h->quit = true;
		pthread_cond_broadcast(&h->changed);
		pthread_mutex_unlock(&h->lock);
		pthread_join(h->thread, NULL);
		pthread_cond_destroy(&h->changed);
		pthread_mutex_destroy(&h->lock);
	}
	EVP_MD_CTX_free(h->md);
	free(h);
}

void hash_settle(struct hash *h)
{
	if (!h->threaded)
		return;
	pthread_mutex_lock(&h->lock);
	while (h->work != NULL)
		pthread_cond_wait(&h->changed, &h->lock);
	pthread_mutex_unlock(&h->lock);
}

void hash_feed(struct hash *h, const void *p, size_t n)
{
	if (n == 0)
		return;
	if (!h->threaded) {
		h->failed |= EVP_DigestUpdate(h->md, p, n) != 1;
		return;
	}
	hash_settle(h);
	pthread_mutex_lock(&h->lock);
	h->work = p;
	h->len = n;
	pthread_cond_broadcast(&h->changed);
	pthread_mutex_unlock(&h->lock);
}

bool hash_hex(struct hash *h, char *hex)
{
	static const char digits[] = "0123456789abcdef";
	uint8_t sum[EVP_MAX_MD_SIZE];
	unsigned n = 0;

	hash_settle(h);
	hex[0] = '\0';
	if (h->failed || EVP_DigestFinal_ex(h->md, sum, &n) != 1 || n != 32)
		return false;
	for (unsigned i = 0; i < n; i++) {
		hex[2 * i] = digits[sum[i] >> 4];
		hex[2 * i + 1] = digits[sum[i] & 15];
	}
	hex[64] = '\0';
	return true;
}
