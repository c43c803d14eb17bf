/* routes_load.c - see routes_load.h. */
#include "cli/routes_load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/sandbox.h"

bool routes_init(struct routes *r, struct err *e)
{
	memset(r, 0, sizeof(*r));
	r->feed = feed_new(e);
	r->rib = r->feed ? rib_new(e) : NULL;
	r->replay = r->rib ? replay_new(r->rib, e) : NULL;
	return r->replay != NULL;
}

bool routes_option(struct routes_args *a, const struct opts *o, int id,
		   int *status)
{
	switch (id) {
	case ROUTES_OPT_MRT:
		if (a->npaths == ROUTES_MAX_PATHS)
			*status = opts_usage(
				o, "too many --mrt: name a directory");
		else
			a->paths[a->npaths++] = o->value;
		return true;
	case ROUTES_OPT_NAMES:
		a->names = o->value;
		return true;
	case ROUTES_OPT_VRP:
		a->vrps = o->value;
		return true;
	default:
		return false;
	}
}

size_t routes_readable(const char *const *paths, size_t n, const char **out)
{
	size_t k = 0;

	for (size_t i = 0; i < n; i++) {
		const char *eq = strchr(paths[i], '=');

		out[k++] = paths[i];
		if (eq)
			out[k++] = eq + 1;
	}
	return k;
}

void routes_confine(const struct routes_args *a, const char *dir)
{
	const char *paths[2 * ROUTES_MAX_PATHS + 1];
	size_t n = routes_readable(a->paths, a->npaths, paths);

	if (dir)
		paths[n++] = dir;
	sandbox_enter(paths, n, NULL, 0);
}

void routes_free(struct routes *r)
{
	replay_free(r->replay);
	rib_free(r->rib);
	feed_free(r->feed);
	asn_names_free(r->names);
	vrps_free(r->vrps);
}

bool routes_lists(struct routes *r, const char *names, const char *vrps,
		  struct err *e)
{
	r->names_path = names;
	r->vrps_path = vrps;
	if (names && !(r->names = asn_names_read(names, e)))
		return false;
	if (vrps && !(r->vrps = vrps_read(vrps, e)))
		return false;
	return true;
}

bool routes_replay(struct routes *r, int64_t until,
		   void (*each)(void *arg, int64_t sec), void *arg,
		   struct err *e)
{
	struct feed_item it;

	while (feed_next(r->feed, &it)) {
		bool lossy = it.file->damage[0] != '\0';

		if (it.file_end) {
			replay_file_end(r->replay, it.file->collector,
					it.file->is_table, lossy);
			continue;
		}
		if (it.msg->sec > until) {
			r->later = true;
			if (it.msg->sec - until > 3600)
				break; /* files are in order but for this */
			continue;
		}
		if (!r->records || it.msg->sec < r->first_sec)
			r->first_sec = it.msg->sec;
		if (!r->records || it.msg->sec > r->last_sec)
			r->last_sec = it.msg->sec;
		r->records++;
		if (!replay_message(r->replay, it.file->collector, it.mrt,
				    it.msg))
			return err_set(e, ERR_MEMORY,
				       "out of memory for routes");
		if (each)
			each(arg, it.msg->sec);
	}
	for (unsigned i = 0; i < r->feed->nfiles; i++)
		r->lossy |= r->feed->files[i]->damage[0] != '\0' &&
			    !r->feed->files[i]->not_ours;
	r->no_data = r->records == 0;
	return true;
}

void routes_complain(const struct routes *r)
{
	for (unsigned i = 0; i < r->feed->nfiles; i++) {
		const struct feed_file *f = r->feed->files[i];
		struct err e;

		if (!f->damage[0] || f->not_ours)
			continue;
		err_set(&e, ERR_FORMAT, "%s: %s", f->path, f->damage);
		fprintf(stderr, "wellspring: %s\n", e.text);
	}
}

char *routes_time(int64_t sec, char *buf)
{
	struct tstamp t = { sec * INT64_C(1000000000) };

	return tstamp_format(t, 0, buf, 40);
}

void routes_json_inputs(const struct routes *r, struct json *j)
{
	json_key(j, "inputs");
	json_array(j);
	for (unsigned i = 0; i < r->feed->nfiles; i++) {
		const struct feed_file *f = r->feed->files[i];

		json_object(j);
		json_kstring(j, "file", f->path);
		json_kstring(j, "collector", r->feed->names[f->collector]);
		json_kuint(j, "records", f->records);
		if (f->records) {
			json_kint(j, "first_sec", f->first_used);
			json_kint(j, "last_sec", f->last_used);
		}
		json_kstring(j, "damaged", f->damage[0] ? f->damage : NULL);
		json_end(j);
	}
	json_end(j);
}
