/*
 * feed.h - many MRT files of many collectors as one stream in time order.
 *
 * Input: files and directories.  Output: one record after the other, the
 * earliest first; at equal times tables come before updates.
 * A file is opened when its first record is due, so that thousands of files
 * cost no memory.  Inside a file the order is the file's.
 * Whose file it is: NAME=PATH, or the last "rrcNN" or "route-views..." in the
 * path, or the name of its directory.
 */
#ifndef CONTEXT_FEED_H
#define CONTEXT_FEED_H

#include "context/mrt.h"

#define FEED_NAME 64

struct feed_file {
	char *path;
	unsigned collector;
	bool empty;	      /* no record in it */
	bool not_ours;	      /* found in a directory, and no MRT file */
	bool done;	      /* read to its end */
	bool failed;	      /* cannot be opened or is no MRT file */
	bool unreadable;      /* the system refused: nobody knows what it is */
	bool is_table;	      /* starts with a table */
	bool seen_by_watcher; /* for the caller */
	int64_t first_sec;
	int64_t named_sec; /* YYYYMMDD.HHMM in its name, or -1 */
	uint64_t records;  /* once done, as the next two */
	int64_t first_used, last_used;
	uint64_t hash;	  /* of path */
	char damage[240]; /* "" or what was lost */
	struct mrt *open;
	struct mrt_msg msg; /* next record, when open */
};

struct feed {
	struct feed_file **files; /* in the order of their first record */
	unsigned nfiles, cap;
	struct feed_file **slot; /* the same, by hash of the path */
	unsigned nslots;
	int64_t not_after;	  /* leave out files written later; 0 = none */
	unsigned from;		  /* files before this one are done */
	char (*names)[FEED_NAME]; /* of collectors */
	unsigned ncollectors;
	struct feed_file *last; /* whose record was given out */
};

struct feed *feed_new(struct err *e);
void feed_free(struct feed *f);
/* A file, "-", or a directory with all files below it; "NAME=" in front says
 * whose it is.  Files that are there already are left out.  *added counts the
 * new ones.  False when the path cannot be read. */
bool feed_add(struct feed *f, const char *path, unsigned *added, struct err *e);

struct feed_item {
	struct feed_file *file;
	struct mrt *mrt;
	struct mrt_msg *msg;
	bool file_end; /* no record: this file is read to its end */
};

/* The next record or end of a file; false when all is read.  Borrows: good
 * until the next call. */
bool feed_next(struct feed *f, struct feed_item *item);

#endif
