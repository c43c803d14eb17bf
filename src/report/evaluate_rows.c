/* evaluate_rows.c - true pairs summed by kind, tool and group. */
#include <stdlib.h>
#include <string.h>

#include "report/evaluation.h"

static bool counts(const struct eval_pair *p, bool must)
{
	/* a false pair that is no packet-level device has no true kind */
	return p->terminates && p->must == must;
}

static int by_name(const void *a, const void *b)
{
	const struct evaluation_row *x = a, *y = b;
	int c = strcmp(x->kind, y->kind);

	if (c == 0)
		c = strcmp(x->tool, y->tool);
	return c != 0 ? c : x->group - y->group;
}

static struct evaluation_row *row_of(struct evaluation_row *rows, size_t *n,
				     const struct eval_pair *p)
{
	for (size_t i = 0; i < *n; i++) {
		if (rows[i].group == p->group &&
		    strcmp(rows[i].kind, p->kind) == 0 &&
		    strcmp(rows[i].tool, p->tool) == 0)
			return &rows[i];
	}
	rows[*n].group = p->group;
	memcpy(rows[*n].kind, p->kind, sizeof(p->kind));
	memcpy(rows[*n].tool, p->tool, sizeof(p->tool));
	return &rows[(*n)++];
}

static bool is_timed(const struct evaluation_row *r, const struct eval_pair *p,
		     bool must)
{
	return counts(p, must) && p->found && p->decided_after_ns >= 0 &&
	       r->group == p->group && strcmp(r->kind, p->kind) == 0 &&
	       strcmp(r->tool, p->tool) == 0;
}

static void distribution(struct evaluation_row *r, const struct evaluation *v,
			 bool must, int64_t *values)
{
	r->timed = 0;
	for (size_t i = 0; i < v->n_pairs; i++) {
		if (is_timed(r, &v->pairs[i], must))
			values[r->timed++] = v->pairs[i].decided_after_ns;
	}
	if (r->timed == 0)
		return;
	r->after_ns = evaluation_quartiles(values, r->timed);
	r->timed = 0;
	for (size_t i = 0; i < v->n_pairs; i++) {
		if (is_timed(r, &v->pairs[i], must))
			values[r->timed++] = v->pairs[i].decided_onsets;
	}
	r->onsets = evaluation_quartiles(values, r->timed);
}

struct evaluation_row *evaluation_rows(const struct evaluation *v, bool must,
				       size_t *n)
{
	struct evaluation_row *rows = calloc(v->n_pairs + 1, sizeof(*rows));
	int64_t *values = calloc(v->n_pairs + 1, sizeof(*values));

	*n = 0;
	if (rows == NULL || values == NULL)
		goto out;
	for (size_t i = 0; i < v->n_pairs; i++) {
		const struct eval_pair *p = &v->pairs[i];
		struct evaluation_row *r;

		if (!counts(p, must))
			continue;
		r = row_of(rows, n, p);
		r->n++;
		r->found += p->found;
		r->reversed += p->found && p->reversed;
	}
	for (size_t i = 0; i < *n; i++)
		distribution(&rows[i], v, must, values);
	qsort(rows, *n, sizeof(*rows), by_name);
out:
	free(values);
	if (*n == 0) {
		free(rows);
		rows = NULL;
	}
	return rows;
}
