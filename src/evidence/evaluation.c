/* evaluation.c - see evaluation.h. */
#include "evidence/evaluation.h"

#include <stdlib.h>

struct evaluation *evaluation_new(struct err *e)
{
	struct evaluation *v = calloc(1, sizeof(*v));

	if (v == NULL)
		err_set(e, ERR_MEMORY, "no memory for the evaluation");
	else
		v->last = TSTAMP_NONE;
	return v;
}

void evaluation_free(struct evaluation *v)
{
	if (v == NULL)
		return;
	free(v->pairs);
	free(v->h1);
	free(v->h2);
	free(v->items);
	free(v);
}

/* Room for one more of n items; NULL without memory (the old stays). */
static void *room(void *items, size_t n, size_t *cap, size_t size)
{
	void *grown;

	if (n < *cap)
		return items;
	grown = reallocarray(items, *cap * 2 + 64, size);
	if (grown != NULL)
		*cap = *cap * 2 + 64;
	return grown;
}

bool evaluation_add(struct evaluation *v, const struct eval_pair *p,
		    struct err *e)
{
	void *grown = room(v->pairs, v->n_pairs, &v->cap_pairs, sizeof(*p));

	if (grown == NULL)
		return err_set(e, ERR_MEMORY, "no memory for pairs");
	v->pairs = grown;
	v->pairs[v->n_pairs++] = *p;
	return true;
}

bool evaluation_add_lr(struct evaluation *v, bool is_relay, microbans lr,
		       struct err *e)
{
	microbans **set = is_relay ? &v->h1 : &v->h2;
	size_t *n = is_relay ? &v->n1 : &v->n2;
	void *grown =
		room(*set, *n, is_relay ? &v->cap1 : &v->cap2, sizeof(**set));

	if (grown == NULL)
		return err_set(e, ERR_MEMORY, "no memory for LRs");
	*set = grown;
	(*set)[(*n)++] = lr;
	return true;
}

bool evaluation_add_item(struct evaluation *v, const struct strength_item *i,
			 struct err *e)
{
	void *grown = room(v->items, v->n_items, &v->cap_items, sizeof(*i));

	if (grown == NULL)
		return err_set(e, ERR_MEMORY, "no memory for scores");
	v->items = grown;
	v->items[v->n_items++] = *i;
	return true;
}

struct eval_group *evaluation_group(struct evaluation *v, char group)
{
	size_t i = group >= 'A' && group <= 'Z' ? (size_t)(group - 'A')
						: EVAL_GROUPS - 1;

	v->groups[i].group = i < EVAL_GROUPS - 1 ? group : '?';
	return &v->groups[i];
}

static int by_value(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

struct eval_quartiles evaluation_quartiles(int64_t *values, size_t n)
{
	qsort(values, n, sizeof(*values), by_value);
	return (struct eval_quartiles){
		.q1 = values[(n + 3) / 4 - 1],
		.median = values[(n + 1) / 2 - 1],
		.q3 = values[(3 * n + 3) / 4 - 1],
		.max = values[n - 1],
	};
}
