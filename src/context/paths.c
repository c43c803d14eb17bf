/* paths.c - see paths.h. */
#include "context/paths.h"

#include <stdlib.h>
#include <string.h>

#define CHUNK_BITS 20 /* words of a chunk */
#define CHUNK	   (1u << CHUNK_BITS)
#define MAX_CHUNKS (1u << 12)

struct paths {
	uint32_t *chunk[MAX_CHUNKS];
	unsigned nchunks;
	uint32_t used; /* words of the last chunk */
	uint32_t *slot;
	uint64_t nslots, count;
};

struct paths *paths_new(struct err *e)
{
	struct paths *s = calloc(1, sizeof(*s));

	if (s) {
		s->nslots = 1 << 12;
		s->slot = calloc(s->nslots, sizeof(*s->slot));
	}
	if (!s || !s->slot) {
		paths_free(s);
		err_set(e, ERR_MEMORY, "out of memory");
		return NULL;
	}
	s->used = CHUNK;
	return s;
}

void paths_free(struct paths *s)
{
	if (!s)
		return;
	for (unsigned i = 0; i < s->nchunks; i++)
		free(s->chunk[i]);
	free(s->slot);
	free(s);
}

static const uint32_t *at(const struct paths *s, uint32_t id)
{
	return s->chunk[id >> CHUNK_BITS] + (id & (CHUNK - 1));
}

/* The head word: length, then what kind of path it is. */
static uint32_t head(const struct bgp_path *p)
{
	return p->n | (uint32_t)p->segs << 16 | (uint32_t)p->as_set << 17;
}

static uint64_t hash(uint32_t first, const uint32_t *w, unsigned n)
{
	uint64_t h = first * UINT64_C(0x9e3779b97f4a7c15);

	for (unsigned i = 0; i < n; i++) {
		h = (h ^ w[i]) * UINT64_C(0xff51afd7ed558ccd);
		h ^= h >> 32;
	}
	return h;
}

static void grow(struct paths *s)
{
	uint64_t n = s->nslots * 2;
	uint32_t *slot = calloc(n, sizeof(*slot));

	if (!slot)
		return; /* fuller than it should be: slower, still right */
	for (uint64_t i = 0; i < s->nslots; i++) {
		const uint32_t *p;
		uint64_t h;

		if (!s->slot[i])
			continue;
		p = at(s, s->slot[i]);
		h = hash(p[0], p + 1, p[0] & 0xffff);
		while (slot[h & (n - 1)])
			h++;
		slot[h & (n - 1)] = s->slot[i];
	}
	free(s->slot);
	s->slot = slot;
	s->nslots = n;
}

static uint32_t store(struct paths *s, const struct bgp_path *p)
{
	uint32_t id, *to;

	if (s->used + p->n + 1 > CHUNK) {
		if (s->nchunks == MAX_CHUNKS)
			return 0;
		s->chunk[s->nchunks] = malloc(CHUNK * sizeof(uint32_t));
		if (!s->chunk[s->nchunks])
			return 0;
		s->nchunks++;
		s->used = s->nchunks == 1; /* number 0 is "none" */
	}
	id = (s->nchunks - 1) << CHUNK_BITS | s->used;
	to = s->chunk[s->nchunks - 1] + s->used;
	to[0] = head(p);
	memcpy(to + 1, p->w, p->n * sizeof(*to));
	s->used += p->n + 1u;
	s->count++;
	return id;
}

uint32_t paths_put(struct paths *s, const struct bgp_path *p)
{
	uint64_t h;
	uint32_t first = head(p), id;

	if (s->count * 10 > s->nslots * 7)
		grow(s);
	if (s->count + 1 >= s->nslots)
		return 0;
	for (h = hash(first, p->w, p->n);; h++) {
		const uint32_t *q;

		id = s->slot[h & (s->nslots - 1)];
		if (!id)
			break;
		q = at(s, id);
		if (q[0] == first &&
		    memcmp(q + 1, p->w, p->n * sizeof(*q)) == 0)
			return id;
	}
	id = store(s, p);
	s->slot[h & (s->nslots - 1)] = id;
	return id;
}

const void *paths_get_head(const struct paths *s, uint32_t id)
{
	return id ? at(s, id) : NULL;
}

struct path_view paths_get(const struct paths *s, uint32_t id)
{
	const uint32_t *p;

	if (id == 0)
		return (struct path_view){ 0 };
	p = at(s, id);
	return (struct path_view){ .w = p + 1,
				   .n = p[0] & 0xffff,
				   .segs = p[0] >> 16 & 1,
				   .as_set = p[0] >> 17 & 1 };
}

uint64_t paths_bytes(const struct paths *s)
{
	return (uint64_t)s->nchunks * CHUNK * 4 + s->nslots * 4 + sizeof(*s);
}

uint64_t paths_count(const struct paths *s)
{
	return s->count;
}
