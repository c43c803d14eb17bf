/*
 * intake.c - see intake.h.  A ring of batches: each side counts up its own end
 * of it, without a lock.  Only when the ring stays full or empty for a while a
 * side sleeps, which it says first; the other looks for that after each batch
 * (both in sequential order, so that one of them sees the other) and wakes it.
 *
 * What passes between processors is asked for beforehand, a batch at a time:
 * a line that the other one has takes fifty times as long as one's own, but
 * many of them come at once.
 */
#include "pipeline/intake.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define SLOTS	  32
#define ARENA_LEN ((size_t)1 << 19) /* borrowed bytes of one batch */
#define SPINS	  2000		    /* some 20 us: what going to sleep costs */

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
	/* atomic */
	_Alignas(64) size_t head; /* slots ever filled; the reader's */
	_Alignas(64) size_t tail; /* ever given back; the user's */
	_Alignas(64) bool pause, quit;
	bool resting; /* the reader does not read */
	bool user_waits;
	/* the reader's */
	size_t after; /* slots whose work was done */
	/* the user's */
	_Alignas(64) bool held; /* it has the slot at tail */
	size_t fetched;		/* the latest slot that was asked for */
};

#define GET(x)	  __atomic_load_n(&(x), __ATOMIC_SEQ_CST)
#define SET(x, v) __atomic_store_n(&(x), (v), __ATOMIC_SEQ_CST)

static void relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#endif
}

static inline void fetch(const void *p, size_t bytes)
{
	for (size_t i = 0; i < bytes; i += 64)
		__builtin_prefetch((const char *)p + i);
}

static inline void fetch_to_write(void *p, size_t bytes)
{
	for (size_t i = 0; i < bytes; i += 64)
		__builtin_prefetch((char *)p + i, 1);
}

/* False when what s borrows finds no room. */
static bool take_over(struct slot *s, size_t *used, struct segment *g,
		      bool copy_payload)
{
	size_t options = g->tcp_flags & TCP_SYN ? g->options_len : 0;
	size_t payload =
		copy_payload && g->payload != NULL ? g->payload_caplen : 0;

	if (options + payload > ARENA_LEN - *used)
		return false;
	if (options > 0) {
		memcpy(s->arena + *used, g->tcp_options, options);
		g->tcp_options = s->arena + *used;
		*used += options;
	} else {
		g->tcp_options = NULL;
		g->options_len = 0;
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

/* The slot that will be filled next is taken from the user's caches while
 * this one is filled. */
static void fetch_next(struct intake *f)
{
	struct slot *next = &f->slots[(f->head + 1) % SLOTS];

	if (f->head + 1 - GET(f->tail) < SLOTS)
		fetch_to_write(next->b.seg, sizeof(next->b.seg));
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
	for (; f->after < tail; f->after++) {
		const struct intake_batch *b =
			&f->slots[f->after % f->n_slots].b;

		if (f->how.after == NULL)
			continue;
		if (f->threaded) {
			fetch(b->ev, b->n * sizeof(b->ev[0]));
			fetch(b->gone, b->n_gone * sizeof(b->gone[0]));
		}
		f->how.after(f->how.arg, b);
	}
}

static bool has_room(struct intake *f)
{
	return !GET(f->pause) && f->head - GET(f->tail) < SLOTS;
}

/* A free slot, or NULL when the thread has to end. */
static struct slot *wait_for_room(struct intake *f)
{
	struct slot *s = &f->slots[f->head % SLOTS];

	for (int i = 0; i < SPINS && !has_room(f) && !GET(f->quit); i++)
		relax();
	if (!has_room(f) || GET(f->quit)) {
		pthread_mutex_lock(&f->lock);
		SET(f->resting, true);
		while (!GET(f->quit) && !has_room(f)) {
			pthread_cond_broadcast(&f->changed);
			pthread_cond_wait(&f->changed, &f->lock);
		}
		SET(f->resting, false);
		pthread_mutex_unlock(&f->lock);
	}
	if (GET(f->quit))
		return NULL;
	do_after(f, GET(f->tail));
	return s;
}

static void wake(struct intake *f)
{
	pthread_mutex_lock(&f->lock);
	pthread_cond_broadcast(&f->changed);
	pthread_mutex_unlock(&f->lock);
}

static void hand_over(struct intake *f)
{
	SET(f->head, f->head + 1);
	if (GET(f->user_waits))
		wake(f);
}

/* Segments of one capture_read() go to one slot, or to several when their
 * bytes do not fit into one. */
static bool fill(struct intake *f, struct slot *s)
{
	size_t i = 0, used = 0, n, k;
	struct slot *next;
	bool ended;

	fetch_next(f);
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
	SET(f->resting, true);
	wake(f);
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
	struct intake *f = aligned_alloc(64, sizeof(*f));
	bool good;

	if (f == NULL)
		goto fail;
	memset(f, 0, sizeof(*f));
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
	SET(f->tail, f->tail + 1);
}

void intake_free(struct intake *f)
{
	if (f == NULL)
		return;
	if (f->threaded) {
		SET(f->quit, true);
		wake(f);
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

static void fetch_slot(struct slot *s)
{
	fetch(s->b.seg, s->b.n * sizeof(s->b.seg[0]));
	fetch_to_write(s->b.ev, s->b.n * sizeof(s->b.ev[0]));
}

struct intake_batch *intake_next(struct intake *f)
{
	struct slot *s;

	if (!f->threaded)
		return next_here(f);
	give_back(f);
	/* half empty: the reader has enough to do for one waking */
	if (GET(f->resting) && GET(f->head) - f->tail <= SLOTS / 2)
		wake(f);
	for (int i = 0; i < SPINS && GET(f->head) == f->tail; i++)
		relax();
	if (GET(f->head) == f->tail) {
		pthread_mutex_lock(&f->lock);
		SET(f->user_waits, true);
		while (GET(f->head) == f->tail)
			pthread_cond_wait(&f->changed, &f->lock);
		SET(f->user_waits, false);
		pthread_mutex_unlock(&f->lock);
	}
	s = &f->slots[f->tail % SLOTS];
	f->held = true;
	if (f->fetched != f->tail)
		fetch_slot(s);
	if (GET(f->head) - f->tail > 1) {
		f->fetched = f->tail + 1;
		fetch_slot(&f->slots[f->fetched % SLOTS]);
	}
	return &s->b;
}

void intake_pause(struct intake *f)
{
	if (!f->threaded)
		return;
	pthread_mutex_lock(&f->lock);
	SET(f->pause, true);
	while (!GET(f->resting))
		pthread_cond_wait(&f->changed, &f->lock);
	pthread_mutex_unlock(&f->lock);
}

bool intake_ready(struct intake *f)
{
	return f->threaded && GET(f->head) - f->tail > (f->held ? 1u : 0u);
}

void intake_resume(struct intake *f)
{
	if (!f->threaded)
		return;
	SET(f->pause, false);
	wake(f);
}
