/*
 * text.h - lines of words: how calibration and signature files are read.
 */
#ifndef FAREND_TEXT_H
#define FAREND_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

#define FE_WORDS_MAX 16

/* Calls line() for each line that is neither empty nor a comment ("#"), with
 * its words; a line it refuses, or one too long, is an error with its
 * number.  Text need not end with NUL. */
bool fe_text_lines(const char *text, size_t len,
		   bool (*line)(void *arg, char *const *word, size_t n),
		   void *arg, struct err *e);
/* A whole file of at most 1 MiB.  Owns: free(). */
char *fe_text_read(const char *path, size_t *len, struct err *e);

/* The files that were compiled in; static. */
const char *fe_text_signatures(size_t *len);
const char *fe_text_calibration(size_t *len);

#endif
