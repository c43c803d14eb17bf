/* feed.c - see feed.h. */
#include "context/feed.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define MAX_DEPTH 8 /* directories in directories */

struct feed *feed_new(struct err *e)
{
	struct feed *f = calloc(1, sizeof(*f));

	if (!f)
		err_set(e, ERR_MEMORY, "out of memory");
	return f;
}

void feed_free(struct feed *f)
{
	if (!f)
		return;
	for (unsigned i = 0; i < f->nfiles; i++) {
		mrt_free(f->files[i]->open);
		free(f->files[i]->path);
		free(f->files[i]);
	}
	free(f->files);
	free(f->slot);
	free(f->names);
	free(f);
}

/* Days of the civil calendar since 1970-01-01. */
static int64_t days(int64_t y, int m, int d)
{
	int64_t era, yoe, doy;

	y -= m <= 2;
	era = y / 400;
	yoe = y - era * 400;
	doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
	return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

/* "YYYYMMDD.HHMM" somewhere in a file name; -1 when it is not there. */
static int64_t time_in_name(const char *path)
{
	const char *p = strrchr(path, '/');
	int y, mo, d, h, mi;

	for (p = p ? p + 1 : path; *p; p++) {
		size_t n = strspn(p, "0123456789");

		if (n == 8 && p[8] == '.' && strspn(p + 9, "0123456789") >= 4 &&
		    sscanf(p, "%4d%2d%2d.%2d%2d", &y, &mo, &d, &h, &mi) == 5 &&
		    mo >= 1 && mo <= 12)
			return days(y, mo, d) * 86400 + h * 3600 + mi * 60;
		if (n > 0)
			p += n - 1;
	}
	return -1;
}

/* The collector's own name inside a path; 0 when there is none. */
static size_t known_name(const char *path, const char **at)
{
	size_t best = 0;

	for (const char *p = path; *p; p++) {
		size_t n = 0;

		if (strncmp(p, "rrc", 3) == 0 && isdigit((uint8_t)p[3]) &&
		    isdigit((uint8_t)p[4]) && !isdigit((uint8_t)p[5]))
			n = 5;
		else if (strncmp(p, "route-views", 11) == 0)
			n = strspn(p, "abcdefghijklmnopqrstuvwxyz"
				      "0123456789-");
		if (n == 0)
			continue;
		if (strncmp(p + n, ".", 1) == 0 && p[2] == 'u') {
			/* route-views.sydney, but not .updates or .rib */
			size_t more =
				strspn(p + n + 1, "abcdefghijklmnopqrstuvwxyz"
						  "0123456789-");

			if (more && strncmp(p + n + 1, "updates", 7) != 0 &&
			    strncmp(p + n + 1, "rib", 3) != 0 &&
			    strncmp(p + n + 1, "bview", 5) != 0 &&
			    !isdigit((uint8_t)p[n + 1]))
				n += 1 + more;
		}
		best = n;
		*at = p;
		p += n - 1;
	}
	return best;
}

static void name_of(const char *path, char *name)
{
	const char *p = path, *slash = strrchr(path, '/'), *q;
	size_t n = known_name(path, &p);

	if (n == 0 && slash) {
		for (q = slash; q > path && q[-1] != '/'; q--)
			;
		p = q;
		n = (size_t)(slash - q);
	}
	if (n == 0 || (n == 1 && *p == '.')) {
		p = "files";
		n = 5;
	}
	if (n >= FEED_NAME)
		n = FEED_NAME - 1;
	memcpy(name, p, n);
	name[n] = '\0';
}

static bool collector_of(struct feed *f, const char *name, unsigned *out,
			 struct err *e)
{
	void *more;

	for (unsigned i = 0; i < f->ncollectors; i++)
		if (strcmp(f->names[i], name) == 0) {
			*out = i;
			return true;
		}
	if (f->ncollectors == UINT16_MAX)
		return err_set(e, ERR_LIMIT, "too many collectors");
	more = realloc(f->names, (f->ncollectors + 1u) * sizeof(*f->names));
	if (!more)
		return err_set(e, ERR_MEMORY, "out of memory");
	f->names = more;
	snprintf(f->names[f->ncollectors], FEED_NAME, "%s", name);
	*out = f->ncollectors++;
	return true;
}

/* The text of e mostly begins with the path, and so will the complaint. */
static void not_opened(struct feed_file *file, const struct err *e)
{
	size_t n = strlen(file->path);
	const char *why = e->text;

	if (strncmp(why, file->path, n) == 0 && why[n] == ':')
		why += n + 2;
	snprintf(file->damage, sizeof(file->damage), "cannot be opened: %.200s",
		 why);
	file->unreadable = e->code != ERR_FORMAT;
	file->failed = file->done = true;
}

/* Opens the file and reads its first record. */
static void start(struct feed_file *file)
{
	struct err e;
	struct mrt_in *in = mrt_in_open(file->path, &e);
	const struct mrt_stats *s;
	bool gaps;

	file->open = in ? mrt_new(in, &e) : NULL;
	if (!file->open) {
		mrt_in_close(in);
		not_opened(file, &e);
		return;
	}
	if (mrt_next(file->open, &file->msg))
		return;
	mrt_lossy(file->open, file->damage, sizeof(file->damage));
	s = mrt_stats(file->open);
	gaps = s->gaps > 0;
	/* bytes, and none of them a record: not our format */
	file->failed = s->gaps + s->tail_bytes > 0;
	mrt_free(file->open);
	file->open = NULL;
	file->empty = file->done = true;
	if (gaps)
		snprintf(file->damage, sizeof(file->damage),
			 "not an MRT file, left out");
}

static uint64_t path_hash(const char *path)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325); /* FNV-1a */

	for (; *path; path++)
		h = (h ^ (uint8_t)*path) * UINT64_C(0x100000001b3);
	return h;
}

/* A place for one more; false when memory is short. */
static bool slots_grow(struct feed *f)
{
	unsigned n = f->nslots ? f->nslots * 2 : 256;
	struct feed_file **v;

	if ((f->nfiles + 1) * 2 < f->nslots)
		return true;
	v = calloc(n, sizeof(struct feed_file *));
	if (!v)
		return false;
	for (unsigned i = 0; i < f->nfiles; i++) {
		uint64_t h = f->files[i]->hash;

		while (v[h % n])
			h++;
		v[h % n] = f->files[i];
	}
	free(f->slot);
	f->slot = v;
	f->nslots = n;
	return true;
}

static bool add_file(struct feed *f, const char *path, const char *name,
		     unsigned *added, struct err *e)
{
	struct feed_file *file = NULL;
	char own[FEED_NAME];
	struct stat st;

	uint64_t hash = path_hash(path), at = hash;

	if (!slots_grow(f))
		return err_set(e, ERR_MEMORY, "out of memory");
	for (; f->slot[at % f->nslots]; at++)
		if (strcmp(f->slot[at % f->nslots]->path, path) == 0)
			return true;
	if (f->nfiles == f->cap) {
		unsigned cap = f->cap ? f->cap * 2 : 64;
		void *v = realloc(f->files, cap * sizeof(struct feed_file *));

		if (!v)
			return err_set(e, ERR_MEMORY, "out of memory");
		f->files = v;
		f->cap = cap;
	}
	file = calloc(1, sizeof(*file));
	if (!file || !(file->path = strdup(path))) {
		free(file);
		return err_set(e, ERR_MEMORY, "out of memory");
	}
	file->hash = hash;
	f->slot[at % f->nslots] = file;
	f->files[f->nfiles++] = file;
	(*added)++;
	if (!name) {
		name_of(path, own);
		name = own;
	}
	file->named_sec = time_in_name(path);
	if (!collector_of(f, name, &file->collector, e))
		return false;
	start(file);
	if (!file->open)
		return true;
	file->first_sec = file->msg.sec;
	file->is_table = file->msg.type == MRT_TABLE_DUMP ||
			 file->msg.type == MRT_TABLE_DUMP_V2;
	if (stat(path, &st) == 0 && S_ISREG(st.st_mode)) {
		mrt_free(file->open); /* opened again when it is due */
		file->open = NULL;
	}
	return true;
}

/* A file that nobody named: something else may lie in a directory. */
static bool add_found(struct feed *f, const char *path, const char *name,
		      unsigned *added, struct err *e)
{
	unsigned n = f->nfiles;
	bool ok = add_file(f, path, name, added, e);

	if (f->nfiles > n && f->files[n]->failed && !f->files[n]->unreadable)
		f->files[n]->not_ours = true;
	return ok;
}

static bool add_dir(struct feed *f, const char *path, const char *name,
		    unsigned *added, int depth, struct err *e)
{
	struct dirent **list;
	int n = scandir(path, &list, NULL, alphasort);
	bool ok = n >= 0 || err_sys(e, errno, "%s: cannot be read", path);

	for (int i = 0; i < n; i++) {
		char sub[4096];
		struct stat st;
		int len = snprintf(sub, sizeof(sub), "%s/%s", path,
				   list[i]->d_name);

		if (list[i]->d_name[0] != '.' && (size_t)len < sizeof(sub) &&
		    stat(sub, &st) == 0) {
			if (S_ISDIR(st.st_mode) && depth < MAX_DEPTH)
				ok &= add_dir(f, sub, name, added, depth + 1,
					      e);
			else if (S_ISREG(st.st_mode) &&
				 (f->not_after == 0 ||
				  st.st_mtime <= f->not_after))
				ok &= add_found(f, sub, name, added, e);
		}
		free(list[i]);
	}
	if (n >= 0)
		free(list);
	return ok;
}

/* Earliest first; tables before updates. */
static int by_time(const void *pa, const void *pb)
{
	const struct feed_file *a = *(struct feed_file *const *)pa;
	const struct feed_file *b = *(struct feed_file *const *)pb;

	if (a->first_sec != b->first_sec)
		return a->first_sec < b->first_sec ? -1 : 1;
	if (a->is_table != b->is_table)
		return a->is_table ? -1 : 1;
	return strcmp(a->path, b->path);
}

bool feed_add(struct feed *f, const char *path, unsigned *added, struct err *e)
{
	const char *eq = strchr(path, '=');
	char name[FEED_NAME];
	struct stat st;
	bool ok, is_dir = false;

	if (eq && eq > path && eq - path < FEED_NAME &&
	    !memchr(path, '/', (size_t)(eq - path)) && stat(path, &st) != 0) {
		memcpy(name, path, (size_t)(eq - path));
		name[eq - path] = '\0';
		path = eq + 1;
	} else {
		eq = NULL;
	}
	if (strcmp(path, "-") != 0) {
		if (stat(path, &st) != 0)
			return err_sys(e, errno, "%s", path);
		is_dir = S_ISDIR(st.st_mode);
	}
	if (is_dir) {
		ok = add_dir(f, path, eq ? name : NULL, added, 0, e);
	} else {
		ok = add_file(f, path, eq ? name : NULL, added, e);
	}
	f->from = 0;
	if (f->nfiles > 0)
		qsort(f->files, f->nfiles, sizeof(struct feed_file *), by_time);
	return ok;
}

static void finish(struct feed_file *file)
{
	mrt_lossy(file->open, file->damage, sizeof(file->damage));
	file->records = mrt_stats(file->open)->records;
	file->first_used = mrt_stats(file->open)->first_sec;
	file->last_used = mrt_stats(file->open)->last_sec;
	mrt_free(file->open);
	file->open = NULL;
	file->done = true;
}

/* The record that was given out last gives way to the next of its file. */
static struct feed_file *advance(struct feed *f)
{
	struct feed_file *file = f->last;

	f->last = NULL;
	if (!file || !file->open || mrt_next(file->open, &file->msg))
		return NULL;
	finish(file);
	return file;
}

static bool sooner(const struct feed_file *a, const struct feed_file *b)
{
	bool ta, tb;

	if (!b)
		return true;
	if (a->msg.sec != b->msg.sec)
		return a->msg.sec < b->msg.sec;
	ta = a->msg.type == MRT_TABLE_DUMP || a->msg.type == MRT_TABLE_DUMP_V2;
	tb = b->msg.type == MRT_TABLE_DUMP || b->msg.type == MRT_TABLE_DUMP_V2;
	return ta && !tb;
}

bool feed_next(struct feed *f, struct feed_item *item)
{
	struct feed_file *best = NULL, *ended = advance(f);

	memset(item, 0, sizeof(*item));
	if (ended) {
		item->file = ended;
		item->file_end = true;
		return true;
	}
	while (f->from < f->nfiles && f->files[f->from]->done)
		f->from++;
	for (unsigned i = f->from; i < f->nfiles; i++) {
		struct feed_file *file = f->files[i];

		if (file->done)
			continue;
		if (best && file->first_sec > best->msg.sec)
			break; /* all later ones start later still */
		if (!file->open)
			start(file);
		if (file->open && sooner(file, best))
			best = file;
	}
	if (!best)
		return false;
	f->last = best;
	item->file = best;
	item->mrt = best->open;
	item->msg = &best->msg;
	return true;
}
