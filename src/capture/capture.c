/*
 * capture.c - several files as one timeline, and selection; see capture.h.
 *
 * Each file is opened to be sniffed and, when there are several, for the time
 * of its first packet; then it is closed and opened again when its turn comes.
 * A single file (standard input above all) is opened once.
 */
#include "capture/capture.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "capture/filter.h"
#include "capture/reader.h"
#include "capture/source.h"

#define MAX_FILES UINT16_MAX /* struct frame has 16 bits for it */

struct capture {
	struct capture_file *files; /* owned, with their paths */
	size_t n, cap;
	size_t current;	       /* file being read; n = all done */
	struct reader *reader; /* of the current file, NULL = not yet open */
	struct filter *filter; /* NULL = all */
	struct tstamp from, to;
	bool has_range;
	size_t ignored;
	struct source_how how;
	volatile sig_atomic_t stop;
	bool ended;
};

static struct capture_file fresh_file(const char *path)
{
	return (struct capture_file){ .path = path,
				      .first = TSTAMP_NONE,
				      .last = TSTAMP_NONE };
}

static bool no_memory(struct err *e)
{
	err_set(e, ERR_MEMORY, "no memory for files");
	return false;
}

static bool add_path(struct capture *c, const char *path, struct err *e)
{
	struct capture_file *grown;
	size_t cap;
	char *copy;

	if (c->n == MAX_FILES) {
		err_set(e, ERR_LIMIT, "more than %u files", MAX_FILES);
		return false;
	}
	if (c->n == c->cap) {
		cap = c->cap > 0 ? c->cap * 2 : 16;
		grown = realloc(c->files, cap * sizeof(*grown));
		if (grown == NULL)
			return no_memory(e);
		c->files = grown;
		c->cap = cap;
	}
	copy = strdup(path);
	if (copy == NULL)
		return no_memory(e);
	c->files[c->n++] = fresh_file(copy);
	return true;
}

static struct reader *open_reader(struct capture *c, struct capture_file *cf,
				  bool hash, struct err *e)
{
	struct source_how how = c->how;
	struct source *src;
	struct reader *r = NULL;

	how.want_sha256 = hash && how.want_sha256;
	src = source_open(cf->path, &how, e);
	if (src != NULL)
		r = reader_open(src, cf, e);
	if (r == NULL)
		err_ctx(e, "%s",
			strcmp(cf->path, "-") == 0 ? "standard input"
						   : cf->path);
	return r;
}

/* Reads up to the first packet: its time orders the files, its link type
 * tries the filter. */
static bool probe(struct capture *c, struct capture_file *cf, struct err *e)
{
	struct reader *r = open_reader(c, cf, false, e);
	struct tstamp first = TSTAMP_NONE;
	struct frame f;
	bool ok = true;

	if (r == NULL)
		return false;
	while (reader_read(r, &f, 1) == 0)
		if (reader_state(r) == READER_END)
			break;
	if (cf->packets > 0) {
		first = f.ts;
		if (c->filter != NULL)
			ok = filter_prepare(c->filter, f.linktype, e);
	}
	reader_close(r);
	*cf = fresh_file(cf->path);
	cf->first = first;
	return ok;
}

static int by_path(const void *a, const void *b)
{
	const struct capture_file *x = a, *y = b;

	return strcmp(x->path, y->path);
}

static int by_time(const void *a, const void *b)
{
	const struct capture_file *x = a, *y = b;

	if (x->first.ns != y->first.ns)
		return x->first.ns < y->first.ns ? -1 : 1;
	return strcmp(x->path, y->path);
}

static bool add_directory(struct capture *c, const char *dir, struct err *e)
{
	size_t before = c->n, kept;
	struct dirent *entry;
	struct stat st;
	char path[4096];
	bool ok = false;
	DIR *d;

	d = opendir(dir);
	if (d == NULL) {
		err_sys(e, errno, "%s: cannot open directory", dir);
		return false;
	}
	while ((entry = readdir(d)) != NULL) {
		if (snprintf(path, sizeof(path), "%s/%s", dir, entry->d_name) >=
		    (int)sizeof(path)) {
			err_set(e, ERR_LIMIT, "%s: name is too long", dir);
			goto out;
		}
		if (stat(path, &st) != 0 || !S_ISREG(st.st_mode))
			continue;
		if (!add_path(c, path, e))
			goto out;
	}
	if (c->n > before)
		qsort(c->files + before, c->n - before, sizeof(*c->files),
		      by_path);
	kept = before;
	for (size_t i = before; i < c->n; i++) {
		err_clear(e);
		if (probe(c, &c->files[i], e)) {
			struct capture_file keep = c->files[i];

			c->files[i] = c->files[kept];
			c->files[kept++] = keep;
		} else if (e->code == ERR_FORMAT ||
			   e->code == ERR_UNSUPPORTED ||
			   e->code == ERR_TRUNCATED) {
			c->ignored++;
		} else {
			goto out;
		}
	}
	while (c->n > kept)
		free((char *)(uintptr_t)c->files[--c->n].path);
	if (kept == before)
		err_set(e, ERR_FORMAT, "%s: no capture in this directory", dir);
	else
		ok = true;
out:
	closedir(d);
	return ok;
}

static bool add_all(struct capture *c, const struct capture_spec *spec,
		    struct err *e)
{
	struct stat st;
	const char *p;

	for (size_t i = 0; i < spec->n_paths; i++) {
		p = spec->paths[i];
		if (strcmp(p, "-") == 0 && spec->n_paths > 1) {
			err_set(e, ERR_USAGE,
				"standard input (-) cannot be one of "
				"several inputs");
			return false;
		}
		if (strcmp(p, "-") != 0 && stat(p, &st) == 0 &&
		    S_ISDIR(st.st_mode)) {
			if (!add_directory(c, p, e))
				return false;
			continue;
		}
		if (!add_path(c, p, e))
			return false;
		if (spec->n_paths > 1 && !probe(c, &c->files[c->n - 1], e))
			return false;
	}
	if (c->n == 0) {
		err_set(e, ERR_USAGE, "no input");
		return false;
	}
	qsort(c->files, c->n, sizeof(*c->files), by_time);
	return true;
}

/* Opens the file whose turn it is; damage when it has gone since. */
static bool open_current(struct capture *c, struct err *e)
{
	struct capture_file *cf = &c->files[c->current];
	int linktype;

	*cf = fresh_file(cf->path);
	c->reader = open_reader(c, cf, true, e);
	if (c->reader == NULL)
		return false;
	linktype = reader_linktype(c->reader);
	if (c->filter != NULL && linktype >= 0)
		return filter_prepare(c->filter, (uint16_t)linktype, e);
	return true;
}

struct capture *capture_open(const struct capture_spec *spec, struct err *e)
{
	struct capture *c = calloc(1, sizeof(*c));
	struct err dropped;

	if (e == NULL)
		e = &dropped;
	err_clear(e);
	if (c == NULL) {
		err_set(e, ERR_MEMORY, "no memory for a capture");
		return NULL;
	}
	c->from = spec->from;
	c->to = spec->to;
	c->has_range = tstamp_known(spec->from) || tstamp_known(spec->to);
	c->how = (struct source_how){
		.want_sha256 = spec->want_sha256,
		.hash_thread = spec->hash_thread,
		.idle_ms = spec->idle_ms,
		.stop = &c->stop,
	};
	if (spec->bpf != NULL && spec->bpf[0] != '\0') {
		c->filter = filter_new(spec->bpf, e);
		if (c->filter == NULL)
			goto fail;
	}
	if (!add_all(c, spec, e) || !open_current(c, e))
		goto fail;
	err_clear(e);
	return c;
fail:
	capture_close(c);
	return NULL;
}

void capture_close(struct capture *c)
{
	if (c == NULL)
		return;
	reader_close(c->reader);
	filter_free(c->filter);
	for (size_t i = 0; i < c->n; i++)
		free((char *)(uintptr_t)c->files[i].path);
	free(c->files);
	free(c);
}

static bool in_range(const struct capture *c, struct tstamp t)
{
	if (!tstamp_known(t))
		return false; /* nobody can say that it lies in the range */
	if (tstamp_known(c->from) && t.ns < c->from.ns)
		return false;
	return !tstamp_known(c->to) || t.ns < c->to.ns;
}

/* Keeps what is selected, in place. */
static size_t select_frames(struct capture *c, struct frame *f, size_t n)
{
	struct capture_file *cf = &c->files[c->current];
	size_t kept = 0;

	for (size_t i = 0; i < n; i++) {
		if (c->has_range && !in_range(c, f[i].ts))
			continue;
		if (c->filter != NULL) {
			if (!filter_fits(c->filter, f[i].linktype)) {
				cf->unfiltered++;
				continue;
			}
			if (!filter_match(c->filter, &f[i]))
				continue;
		}
		if (kept != i)
			f[kept] = f[i];
		kept++;
	}
	return kept;
}

static void close_current(struct capture *c)
{
	if (c->reader != NULL)
		reader_finish(c->reader);
	reader_close(c->reader);
	c->reader = NULL;
	c->current++;
}

/* False when all files are done. */
static bool next_file(struct capture *c)
{
	struct capture_file *cf;
	struct err e;

	while (c->reader == NULL) {
		if (c->current == c->n || c->stop)
			return false;
		cf = &c->files[c->current];
		err_clear(&e);
		if (open_current(c, &e))
			break;
		cf->damaged = true;
		cf->damage_offset = 0;
		snprintf(cf->damage, sizeof(cf->damage), "%.150s", e.text);
		reader_close(c->reader);
		c->reader = NULL;
		c->current++;
	}
	return true;
}

size_t capture_read(struct capture *c, struct frame *out, size_t max)
{
	size_t n;

	while (!c->ended && next_file(c)) {
		if (c->stop)
			break;
		n = reader_read(c->reader, out, max);
		if (n == 0) {
			if (reader_state(c->reader) == READER_IDLE)
				return 0;
			close_current(c);
			continue;
		}
		if (c->current > 0)
			for (size_t i = 0; i < n; i++)
				out[i].file = (uint16_t)c->current;
		if (c->filter != NULL || c->has_range)
			n = select_frames(c, out, n);
		c->files[c->current].selected += n;
		if (n > 0)
			return n;
	}
	if (!c->ended && c->reader != NULL)
		close_current(c);
	c->ended = true;
	return 0;
}

bool capture_ended(const struct capture *c)
{
	return c->ended;
}

size_t capture_files(const struct capture *c, const struct capture_file **out)
{
	*out = c->files;
	return c->n;
}

size_t capture_ignored(const struct capture *c)
{
	return c->ignored;
}

void capture_stop(struct capture *c)
{
	c->stop = 1;
}
