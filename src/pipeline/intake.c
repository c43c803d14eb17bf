/*
 * intake.c - see intake.h.  A ring of batches under one lock; either side waits
 * only when the ring is full or empty, and wakes the other only then.
 */
#include "pipeline/intake.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define SLOTS	  8
#define ARENA_LEN ((size_t)1 << 19) /* borrowed bytes of one batch */

struct slot {
	struct segment seg[INTAKE_BATCH];
	size_t n, frames;
	bool ended;
	uint8_t *arena; /* ARENA_LEN, touched as needed */
};

struct intake {
	struct capture *capture;
	struct decoder *decoder;
	bool threaded, copy_payload;
	struct frame frames[INTAKE_BATCH];
	struct slot *slots; /* one, or SLOTS */
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	/* under the lock */
	size_t head, tail; /* slots ever filled, ever given back */
	bool held;	   /* the user has the slot at tail */
	bool pause, quit;
	bool resting; /* the reader does not read */
	bool user_waits;
};

/* False when what s borrows finds no room. */
static bool take_over(struct slot *s, size_t *used, struct segment *g,
		      bool copy_payload)
{
	size_t options = g->tcp_options != NULL ? g->options_len : 0;
	size_t payload =
		copy_payload && g->payload != NULL ? g->payload_caplen : 0;

	if (options + payload > ARENA_LEN - *used)
		return false;
	if (options > 0) {
		memcpy(s->arena + *used, g->tcp_options, options);
		g->tcp_options = s->arena + *used;
		*used += options;
	}
	if (!copy_payload) {
		g->payload = NULL;
		g->payload_caplen = 0;
	} else if (payload > 0) {
		memcpy(s->arena + *used, g->payload, payload);
		g->payload = s->arena + *used;
		*used += payload;
	}
	return true;
}

static void read_batch(struct intake *f, struct slot *s)
{
	s->n = s->frames = capture_read(f->capture, f->frames, INTAKE_BATCH);
	s->ended = s->n == 0 && capture_ended(f->capture);
	if (s->n > 0)
		decode_batch(f->decoder, f->frames, s->n, s->seg);
}

/* A free slot, or NULL when the thread has to end. */
static struct slot *wait_for_room(struct intake *f)
{
	struct slot *s;

	pthread_mutex_lock(&f->lock);
	while (!f->quit && (f->pause || f->head - f->tail == SLOTS)) {
		f->resting = true;
		pthread_cond_broadcast(&f->changed);
		pthread_cond_wait(&f->changed, &f->lock);
	}
	f->resting = false;
	s = f->quit ? NULL : &f->slots[f->head % SLOTS];
	pthread_mutex_unlock(&f->lock);
	return s;
}

static void hand_over(struct intake *f)
{
	pthread_mutex_lock(&f->lock);
	f->head++;
	if (f->user_waits)
		pthread_cond_broadcast(&f->changed);
	pthread_mutex_unlock(&f->lock);
}

/* Segments of one capture_read() go to one slot, or to several when their
 * bytes do not fit into one. */
static bool fill(struct intake *f, struct slot *s)
{
	size_t i = 0, used = 0, n, k;
	struct slot *next;
	bool ended;

	read_batch(f, s);
	n = s->n;
	ended = s->ended;
	for (k = 0; k < n; k++, i++) {
		if (take_over(s, &used, &s->seg[i], f->copy_payload))
			continue;
		next = s;
		s->n = s->frames = i;
		hand_over(f);
		s = wait_for_room(f);
		if (s == NULL)
			return false;
		memcpy(s->seg, next->seg + i, (n - k) * sizeof(s->seg[0]));
		s->n = s->frames = n - k;
		s->ended = false;
		i = used = 0;
		/* one record is smaller than the arena (READER_MAX_SNAP) */
		if (!take_over(s, &used, &s->seg[0], f->copy_payload))
			s->seg[0].payload_caplen = s->seg[0].options_len = 0;
	}
	hand_over(f);
	return !ended;
}

static void *run(void *arg)
{
	struct intake *f = arg;
	struct slot *s;

	while ((s = wait_for_room(f)) != NULL)
		if (!fill(f, s))
			break;
	pthread_mutex_lock(&f->lock);
	f->resting = true;
	pthread_cond_broadcast(&f->changed);
	pthread_mutex_unlock(&f->lock);
	return NULL;
}

struct intake *intake_new(struct capture *c, struct decoder *d, bool thread,
			  bool copy_payload, struct err *e)
{
	struct intake *f = calloc(1, sizeof(*f));
	size_t n = thread ? SLOTS : 1;
	int sys;

	if (f == NULL || (f->slots = calloc(n, sizeof(*f->slots))) == NULL)
		goto fail;
	f->capture = c;
	f->decoder = d;
	f->copy_payload = copy_payload;
	for (size_t i = 0; thread && i < n; i++) {
		f->slots[i].arena = malloc(ARENA_LEN);
		if (f->slots[i].arena == NULL)
			goto fail;
	}
	if (!thread)
		return f;
	pthread_mutex_init(&f->lock, NULL);
	pthread_cond_init(&f->changed, NULL);
	sys = pthread_create(&f->thread, NULL, run, f);
	if (sys == 0) {
		f->threaded = true;
		return f;
	}
	pthread_cond_destroy(&f->changed);
	pthread_mutex_destroy(&f->lock);
	intake_free(f);
	err_sys(e, sys, "cannot start the reading thread");
	return NULL;
fail:
	intake_free(f);
	err_set(e, ERR_MEMORY, "no memory for batches");
	return NULL;
}

void intake_free(struct intake *f)
{
	if (f == NULL)
		return;
	if (f->threaded) {
		pthread_mutex_lock(&f->lock);
		f->quit = true;
		pthread_cond_broadcast(&f->changed);
		pthread_mutex_unlock(&f->lock);
		pthread_join(f->thread, NULL);
		pthread_cond_destroy(&f->changed);
		pthread_mutex_destroy(&f->lock);
		for (size_t i = 0; i < SLOTS; i++)
			free(f->slots[i].arena);
	}
	free(f->slots);
	free(f);
}

void intake_next(struct intake *f, struct intake_batch *out)
{
	struct slot *s = f->slots;

	if (!f->threaded) {
		read_batch(f, s);
		goto give;
	}
	pthread_mutex_lock(&f->lock);
	if (f->held) {
		f->held = false;
		f->tail++;
		/* half empty: the reader has enough to do for one waking */
		if (f->resting && f->head - f->tail <= SLOTS / 2)
			pthread_cond_broadcast(&f->changed);
	}
	while (f->head == f->tail) {
		f->user_waits = true;
		pthread_cond_wait(&f->changed, &f->lock);
	}
	f->user_waits = false;
	s = &f->slots[f->tail % SLOTS];
	f->held = true;
	pthread_mutex_unlock(&f->lock);
give:
	*out = (struct intake_batch){
		.seg = s->seg, .n = s->n, .frames = s->frames, .ended = s->ended
	};
}

void intake_pause(struct intake *f)
{
	if (!f->threaded)
		return;
	pthread_mutex_lock(&f->lock);
	f->pause = true;
	while (!f->resting)
		pthread_cond_wait(&f->changed, &f->lock);
	pthread_mutex_unlock(&f->lock);
}

bool intake_ready(struct intake *f)
{
	bool ready;

	if (!f->threaded)
		return false;
	pthread_mutex_lock(&f->lock);
	ready = f->head - f->tail > (f->held ? 1u : 0u);
	pthread_mutex_unlock(&f->lock);
	return ready;
}

void intake_resume(struct intake *f)
{
	if (!f->threaded)
		return;
	pthread_mutex_lock(&f->lock);
	f->pause = false;
	pthread_cond_broadcast(&f->changed);
	pthread_mutex_unlock(&f->lock);
}
