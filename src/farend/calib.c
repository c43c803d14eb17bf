/* calib.c - see calib.h. */
#include "farend/calib.h"

#include <stdlib.h>
#include <string.h>

#include "farend/text.h"

static const char *const kind_names[FE_KINDS] = {
	"tls12",     "tls13",	    "tls-resumed", "tls-hrr",	"tls-app",
	"ssh-kex",   "ssh-newkeys", "ssh-auth",	   "ssh-later", "http-redirect",
	"http-keep", "greeting",    "line",	   "starttls",	"hello",
};

const char *fe_kind_name(enum fe_kind k)
{
	return (unsigned)k < FE_KINDS ? kind_names[k] : "none";
}

static bool real(const char *word, double low, double high, double *out)
{
	char *end;

	*out = strtod(word, &end);
	return end != word && *end == '\0' && *out >= low && *out <= high;
}

static bool kind_line(struct farend_calib *c, char *const *w, size_t n)
{
	double count;

	for (int k = 0; k < FE_KINDS; k++) {
		struct fe_kind_calib *kc = &c->kind[k];

		if (n < 6 || strcmp(w[1], kind_names[k]) != 0)
			continue;
		if (!real(w[2], 0, 1e6, &kc->offset_us) ||
		    !real(w[3], 1, 1e6, &kc->spread_us) ||
		    !real(w[4], 0, 1, &kc->tail) || !real(w[5], 0, 4e9, &count))
			return false;
		kc->n = (uint32_t)count;
		return true;
	}
	return false;
}

static bool value_line(struct farend_calib *c, char *const *w, size_t n)
{
	struct {
		const char *name;
		double low, high, *to;
	} const values[] = {
		{ "eps", 1e-6, 0.5, &c->eps },
		{ "eps-conn", 1e-6, 0.5, &c->eps_conn },
		{ "slow", 1e-6, 0.5, &c->slow },
		{ "constant", 1e-9, 0.5, &c->constant },
		{ "multi", 0, 0.5, &c->multi },
		{ "shift-log10", 0, 3, &c->shift_log10 },
		{ "yes-log10", 0, 12, &c->yes_log10 },
		{ "cap-log10", 0, 12, &c->cap_log10 },
		{ "hull-ms", 0, 1000, &c->hull_ms },
	};

	for (size_t i = 0; n >= 3 && i < sizeof(values) / sizeof(values[0]);
	     i++)
		if (strcmp(w[1], values[i].name) == 0)
			return real(w[2], values[i].low, values[i].high,
				    values[i].to);
	return false;
}

static bool power_line(struct farend_calib *c, char *const *w, size_t n)
{
	double leg, kept, runs;

	if (n < 4 || c->n_power == FE_POWER_MAX || !real(w[1], 0, 1e6, &leg) ||
	    !real(w[2], 0, 4e9, &kept) || !real(w[3], 1, 4e9, &runs) ||
	    kept > runs)
		return false;
	c->power[c->n_power].leg_ms = leg;
	c->power[c->n_power].kept = (uint32_t)kept;
	c->power[c->n_power++].runs = (uint32_t)runs;
	return true;
}

static bool calib_line(void *arg, char *const *w, size_t n)
{
	struct farend_calib *c = arg;

	if (strcmp(w[0], "name") == 0) {
		c->name[0] = '\0';
		for (size_t i = 1; i < n; i++) {
			size_t used = strlen(c->name);

			if (used + strlen(w[i]) + 2 > sizeof(c->name))
				return false;
			if (i > 1)
				strcat(c->name, " ");
			strcat(c->name, w[i]);
		}
		return n > 1;
	}
	if (strcmp(w[0], "kind") == 0)
		return kind_line(c, w, n);
	if (strcmp(w[0], "value") == 0)
		return value_line(c, w, n);
	if (strcmp(w[0], "power") == 0)
		return power_line(c, w, n);
	return false;
}

bool farend_calib_parse(struct farend_calib *c, const char *text, size_t len,
			struct err *e)
{
	c->n_power = 0;
	return fe_text_lines(text, len, calib_line, c, e);
}

/* What holds where no file says otherwise: published anchors only
 * (doc/METHODS-farend.md), wide on purpose. */
static void set_defaults(struct farend_calib *c)
{
	*c = (struct farend_calib){ .name = "uncalibrated",
				    .eps = 0.05,
				    .eps_conn = 0.03,
				    .slow = 0.03,
				    .constant = 2e-4,
				    .multi = 0.1,
				    .shift_log10 = 0.3,
				    .yes_log10 = 3,
				    .cap_log10 = 2,
				    .hull_ms = 1.5 };
	for (int k = 0; k < FE_KINDS; k++)
		c->kind[k] = (struct fe_kind_calib){ 1000, 1500, 0.03, 0 };
}

static struct farend_calib *from_text(const char *text, size_t len,
				      const char *what, struct err *e)
{
	struct farend_calib *c = malloc(sizeof(*c));

	if (c == NULL) {
		err_set(e, ERR_MEMORY, "no memory for a calibration");
		return NULL;
	}
	set_defaults(c);
	if (!farend_calib_parse(c, text, len, e)) {
		err_ctx(e, "%s", what);
		free(c);
		return NULL;
	}
	return c;
}

struct farend_calib *farend_calib_shipped(struct err *e)
{
	size_t len;
	const char *text = fe_text_calibration(&len);

	return from_text(text, len, "shipped calibration", e);
}

struct farend_calib *farend_calib_read(const char *path, struct err *e)
{
	struct farend_calib *c;
	size_t len;
	char *text = fe_text_read(path, &len, e);

	if (text == NULL)
		return NULL;
	c = from_text(text, len, path, e);
	free(text);
	return c;
}

bool farend_calib_write(const struct farend_calib *c, FILE *out,
			const char *date, const char *origin)
{
	fprintf(out,
		"# Calibration of the far end (wellspring-calibrate(1)).\n"
		"# kind NAME OFFSET_US SPREAD_US TAIL N DATE ORIGIN\n"
		"name %s\n",
		c->name);
	for (int k = 0; k < FE_KINDS; k++)
		fprintf(out, "kind %s %.0f %.0f %.4f %u %s %s\n", kind_names[k],
			c->kind[k].offset_us, c->kind[k].spread_us,
			c->kind[k].tail, c->kind[k].n, date, origin);
	fprintf(out, "value eps %.9g %s %s\n", c->eps, date, origin);
	fprintf(out, "value eps-conn %.9g %s %s\n", c->eps_conn, date, origin);
	fprintf(out, "value slow %.9g %s %s\n", c->slow, date, origin);
	fprintf(out, "value constant %.9g %s %s\n", c->constant, date, origin);
	fprintf(out, "value multi %.9g %s %s\n", c->multi, date, origin);
	fprintf(out, "value shift-log10 %.9g %s %s\n", c->shift_log10, date,
		origin);
	fprintf(out, "value yes-log10 %.9g %s %s\n", c->yes_log10, date,
		origin);
	fprintf(out, "value cap-log10 %.9g %s %s\n", c->cap_log10, date,
		origin);
	fprintf(out, "value hull-ms %.9g %s %s\n", c->hull_ms, date, origin);
	for (int i = 0; i < c->n_power; i++)
		fprintf(out, "power %.9g %u %u %s %s\n", c->power[i].leg_ms,
			c->power[i].kept, c->power[i].runs, date, origin);
	return fflush(out) == 0 && !ferror(out);
}
