/* strength.c - see strength.h. */
#include "evidence/strength.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "farend/text.h"

struct parser {
	struct strength *s;
	struct strength_kind *kind; /* of the lines that follow */
};

static bool number(const char *word, double *out)
{
	char *end;

	errno = 0;
	*out = strtod(word, &end);
	return errno == 0 && end != word && *end == '\0' && *out > -1000 &&
	       *out < 1e6;
}

static bool count(const char *word, uint32_t *out)
{
	double d;

	if (!number(word, &d) || d < 0)
		return false;
	*out = (uint32_t)d;
	return d == (double)*out;
}

static bool bans(const char *word, microbans *out)
{
	double d;

	if (!number(word, &d))
		return false;
	d *= (double)MICROBANS_PER_BAN;
	*out = (microbans)(d < 0 ? d - 0.5 : d + 0.5);
	return true;
}

static bool take_kind(struct parser *p, char *const *word)
{
	enum relay_kind k = KIND_VPN;
	size_t i = STRENGTH_ANY;

	if (strcmp(word[1], "any") != 0) {
		if (!kind_parse(word[1], &k))
			return false;
		i = (size_t)k;
	}
	p->kind = &p->s->kind[i];
	return p->kind->n == 0 && count(word[2], &p->kind->relay_runs);
}

static bool take_step(struct parser *p, char *const *word)
{
	struct strength_step *t;

	if (p->kind == NULL || p->kind->n == STRENGTH_STEPS)
		return false;
	t = &p->kind->step[p->kind->n];
	if (!bans(word[1], &t->from) || !bans(word[2], &t->lr) ||
	    !bans(word[3], &t->low) || !bans(word[4], &t->high))
		return false;
	if (t->low > t->lr || t->lr > t->high)
		return false;
	if (p->kind->n > 0 && (t[-1].from >= t->from || t[-1].lr > t->lr))
		return false;
	p->kind->n++;
	return true;
}

static bool take_line(void *arg, char *const *word, size_t n)
{
	struct parser *p = arg;

	if (strcmp(word[0], "name") == 0 && n == 4) {
		snprintf(p->s->name, sizeof(p->s->name), "%s %s", word[1],
			 word[2]);
		snprintf(p->s->origin, sizeof(p->s->origin), "%s", word[3]);
		return true;
	}
	if (strcmp(word[0], "others") == 0 && n == 2)
		return count(word[1], &p->s->other_runs);
	if (strcmp(word[0], "kind") == 0 && n == 3)
		return take_kind(p, word);
	return strcmp(word[0], "step") == 0 && n == 5 && take_step(p, word);
}

bool strength_parse(struct strength *s, const char *text, size_t len,
		    struct err *e)
{
	struct parser p = { .s = s };

	memset(s, 0, sizeof(*s));
	if (!fe_text_lines(text, len, take_line, &p, e))
		return err_ctx(e, "strength table");
	if (s->name[0] == '\0' || s->kind[STRENGTH_ANY].n == 0)
		return err_set(e, ERR_FORMAT,
			       "strength table: no name, or no kind \"any\"");
	return true;
}

bool strength_shipped(struct strength *s, struct err *e)
{
	size_t len;
	const char *text = strength_text(&len);

	return strength_parse(s, text, len, e);
}

struct strength_value strength_of(const struct strength *s, enum relay_kind k,
				  microbans score)
{
	const struct strength_kind *t = &s->kind[k];
	struct strength_value v = { .lr = 0 };

	if (t->n == 0 || t->relay_runs < STRENGTH_MIN_RUNS)
		t = &s->kind[STRENGTH_ANY];
	v.relay_runs = t->relay_runs;
	for (size_t i = 0; i < t->n; i++) {
		if (i > 0 && t->step[i].from > score)
			break;
		v.lr = t->step[i].lr;
		v.low = t->step[i].low;
		v.high = t->step[i].high;
		v.capped = i + 1 == t->n;
	}
	return v;
}

static double as_bans(microbans m)
{
	return (double)m / (double)MICROBANS_PER_BAN;
}

bool strength_write(FILE *f, const struct strength *s, const char *date)
{
	fprintf(f,
		"# Strength of relay pairs (wellspring evaluate --strength): "
		"what a score, log10 e\n# against the strongest rival, is "
		"worth as log10 likelihood ratio.\n"
		"# name NAME DATE ORIGIN / others RUNS / kind KIND RELAY_RUNS "
		"/ step SCORE LR LOW HIGH\n"
		"name %s %s %s\nothers %u\n",
		s->name, date, s->origin, s->other_runs);
	for (size_t k = 0; k <= KINDS; k++) {
		const struct strength_kind *t = &s->kind[k];

		if (t->n == 0)
			continue;
		fprintf(f, "kind %s %u\n",
			k == STRENGTH_ANY ? "any"
					  : kind_name((enum relay_kind)k),
			t->relay_runs);
		for (size_t i = 0; i < t->n; i++)
			fprintf(f, "step %.6f %.6f %.6f %.6f\n",
				as_bans(t->step[i].from),
				as_bans(t->step[i].lr), as_bans(t->step[i].low),
				as_bans(t->step[i].high));
	}
	return fflush(f) == 0 && !ferror(f);
}
