/* pool.c - see pool.h. */
#include "evidence/pool.h"

static void join(struct pool_block *a, const struct pool_block *b)
{
	a->h1 += b->h1;
	a->h2 += b->h2;
}

size_t pool_blocks(struct pool_block *v, size_t n)
{
	size_t used = 0;

	for (size_t i = 0; i < n; i++) {
		if (used > 0 && v[used - 1].from == v[i].from)
			join(&v[used - 1], &v[i]);
		else
			v[used++] = v[i];
	}
	n = used;
	used = 0;
	for (size_t i = 0; i < n; i++) {
		v[used++] = v[i];
		while (used > 1 && v[used - 2].h1 * v[used - 1].h2 >=
					   v[used - 1].h1 * v[used - 2].h2) {
			join(&v[used - 2], &v[used - 1]);
			used--;
		}
	}
	return used;
}
