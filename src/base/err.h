/*
 * err.h - one error, filled on the cold path and printed by cli/ alone.
 *
 * A function that can fail returns false (or NULL) and fills the caller's
 * struct err.  Text grows on the way up: err_ctx() puts words in front.
 * Never used per packet: there an outcome is counted instead.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <stdbool.h>
#include <stdint.h>

enum err_code {
	ERR_NONE = 0,
	ERR_IO,		 /* the system refused; sys holds errno */
	ERR_FORMAT,	 /* not the format it should be */
	ERR_TRUNCATED,	 /* ends early: everything before it was used */
	ERR_LIMIT,	 /* a stated limit was reached */
	ERR_USAGE,	 /* the caller asked for something impossible */
	ERR_UNSUPPORTED, /* known, but we do not read it */
	ERR_MEMORY,	 /* allocation failed */
};

#define ERR_NO_OFFSET UINT64_MAX

struct err {
	enum err_code code;
	int sys;	 /* errno, 0 when none */
	uint64_t offset; /* byte offset in the input, ERR_NO_OFFSET when none */
	char text[480];	 /* one line, no control bytes */
};

/* All of them return false, so that "return err_set(...)" reads well.
 * e may be NULL: the error is then dropped. */
bool err_set(struct err *e, enum err_code code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* As err_set(), with the text of errno value sys appended. */
bool err_sys(struct err *e, int sys, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* As err_set(), with the byte offset in the input. */
bool err_at(struct err *e, enum err_code code, uint64_t offset, const char *fmt,
	    ...) __attribute__((format(printf, 4, 5)));
/* Puts "words: " in front of the text that is there. */
bool err_ctx(struct err *e, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void err_clear(struct err *e);

#endif
