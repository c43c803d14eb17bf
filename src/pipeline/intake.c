/*
 * intake.c - see intake.h.  A ring of batches under one lock; either side waits
 * only when the ring is full or empty, and wakes the other only then.
 */
#include "pipeline/intake.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define SLOTS	  16
#define ARENA_LEN ((size_t)1 << 19) /* borrowed bytes of one batch */

struct slot {
	struct intake_batch b;
	uint8_t *arena; /* ARENA_LEN, touched as needed */
};

struct intake {
	struct capture *capture;
	struct decoder *decoder;
	struct intake_how how;
	bool threaded;
	struct frame frames[INTAKE_BATCH];
	struct slot *slots; /* one, or SLOTS */
	size_t n_slots;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	size_t after; /* slots whose work was done; the reader's */
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

static void read_batch(struct intake *f, struct intake_batch *b)
{
	b->n = b->frames = capture_read(f->capture, f->frames, INTAKE_BATCH);
	b->ended = b->n == 0 && capture_ended(f->capture);
	b->n_gone = 0;
	if (b->n > 0)
		decode_batch(f->decoder, f->frames, b->n, b->seg);
}

/* The work left in the slots up to one that was given back. */
static void do_after(struct intake *f, size_t tail)
{
	for (; f->after < tail; f->after++)
		if (f->how.after != NULL)
			f->how.after(f->how.arg,
				     &f->slots[f->after % f->n_slots].b);
}

/* A free slot, or NULL when the thread has to end. */
static struct slot *wait_for_room(struct intake *f)
{
	size_t head, tail;
	bool quit;

	pthread_mutex_lock(&f->lock);
	while (!f->quit && (f->pause || f->head - f->tail == SLOTS)) {
		f->resting = true;
		pthread_cond_broadcast(&f->changed);
		pthread_cond_wait(&f->changed, &f->lock);
	}
	f->resting = false;
	quit = f->quit;
	head = f->head;
	tail = f->tail;
	pthread_mutex_unlock(&f->lock);
	if (quit)
		return NULL;
	do_after(f, tail);
	return &f->slots[head % SLOTS];
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

	read_batch(f, &s->b);
	n = s->b.n;
	ended = s->b.ended;
	for (k = 0; k < n; k++, i++) {
		if (take_over(s, &used, &s->b.seg[i], f->how.copy_payload))
			continue;
		next = s;
		s->b.n = s->b.frames = i;
		hand_over(f);
		s = wait_for_room(f);
		if (s == NULL)
			return false;
		memcpy(s->b.seg, next->b.seg + i,
		       (n - k) * sizeof(s->b.seg[0]));
		s->b.n = s->b.frames = n - k;
		s->b.n_gone = 0;
		s->b.ended = false;
		i = used = 0;
		/* one record is smaller than the arena (READER_MAX_SNAP) */
		if (!take_over(s, &used, &s->b.seg[0], f->how.copy_payload))
			s->b.seg[0].payload_caplen = s->b.seg[0].options_len =
				0;
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

static bool start_thread(struct intake *f, struct err *e)
{
	int sys;

	pthread_mutex_init(&f->lock, NULL);
	pthread_cond_init(&f->changed, NULL);
	sys = pthread_create(&f->thread, NULL, run, f);
	if (sys == 0) {
		f->threaded = true;
		return true;
	}
	pthread_cond_destroy(&f->changed);
	pthread_mutex_destroy(&f->lock);
	return err_sys(e, sys, "cannot start the reading thread");
}

struct intake *intake_new(struct capture *c, struct decoder *d,
			  const struct intake_how *how, struct err *e)
{
	struct intake *f = calloc(1, sizeof(*f));
	bool good;

	if (f == NULL)
		goto fail;
	f->capture = c;
	f->decoder = d;
	f->how = *how;
	f->n_slots = how->thread ? SLOTS : 1;
	f->slots = calloc(f->n_slots, sizeof(*f->slots));
	good = f->slots != NULL;
	for (size_t i = 0; good && i < f->n_slots; i++) {
		struct slot *s = &f->slots[i];

		s->b.gone = malloc(INTAKE_GONE * sizeof(*s->b.gone));
		if (how->thread)
			s->arena = malloc(ARENA_LEN);
		good = s->b.gone != NULL && (s->arena != NULL || !how->thread);
	}
	if (!good)
		goto fail;
	if (!how->thread || start_thread(f, e))
		return f;
	intake_free(f);
	return NULL;
fail:
	intake_free(f);
	err_set(e, ERR_MEMORY, "no memory for batches");
	return NULL;
}

/* The user is done with its slot. */
static void give_back(struct intake *f)
{
	if (!f->held)
		return;
	f->held = false;
	f->tail++;
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
	}
	give_back(f);
	do_after(f, f->tail);
	for (size_t i = 0; f->slots != NULL && i < f->n_slots; i++) {
		free(f->slots[i].b.gone);
		free(f->slots[i].arena);
	}
	free(f->slots);
	free(f);
}

static struct intake_batch *next_here(struct intake *f)
{
	give_back(f);
	do_after(f, f->tail);
	read_batch(f, &f->slots->b);
	f->held = true;
	return &f->slots->b;
}

struct intake_batch *intake_next(struct intake *f)
{
	struct slot *s;

	if (!f->threaded)
		return next_here(f);
	pthread_mutex_lock(&f->lock);
	give_back(f);
	/* half empty: the reader has enough to do for one waking */
	if (f->resting && f->head - f->tail <= SLOTS / 2)
		pthread_cond_broadcast(&f->changed);
	while (f->head == f->tail) {
		f->user_waits = true;
		pthread_cond_wait(&f->changed, &f->lock);
	}
	f->user_waits = false;
	s = &f->slots[f->tail % SLOTS];
	f->held = true;
	pthread_mutex_unlock(&f->lock);
	return &s->b;
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
