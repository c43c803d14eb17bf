/*
 * err.c - see err.h.  Overlong text is cut, never an error of its own.
 * It goes to terminals and names files that others may have named: control
 * bytes become '?'.
 */
#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void fill(struct err *e, enum err_code code, int sys, uint64_t offset,
		 const char *fmt, va_list ap)
	__attribute__((format(printf, 5, 0)));

static void clean(char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			*text = '?';
}

static void fill(struct err *e, enum err_code code, int sys, uint64_t offset,
		 const char *fmt, va_list ap)
{
	size_t used;

	e->code = code;
	e->sys = sys;
	e->offset = offset;
	vsnprintf(e->text, sizeof(e->text), fmt, ap);
	clean(e->text);
	if (sys != 0) {
		used = strlen(e->text);
		snprintf(e->text + used, sizeof(e->text) - used, ": %s",
			 strerror(sys));
	}
}

bool err_set(struct err *e, enum err_code code, const char *fmt, ...)
{
	va_list ap;

	if (e == NULL)
		return false;
	va_start(ap, fmt);
	fill(e, code, 0, ERR_NO_OFFSET, fmt, ap);
	va_end(ap);
	return false;
}

bool err_sys(struct err *e, int sys, const char *fmt, ...)
{
	va_list ap;

	if (e == NULL)
		return false;
	va_start(ap, fmt);
	fill(e, ERR_IO, sys, ERR_NO_OFFSET, fmt, ap);
	va_end(ap);
	return false;
}

bool err_at(struct err *e, enum err_code code, uint64_t offset, const char *fmt,
	    ...)
{
	va_list ap;

	if (e == NULL)
		return false;
	va_start(ap, fmt);
	fill(e, code, 0, offset, fmt, ap);
	va_end(ap);
	return false;
}

bool err_ctx(struct err *e, const char *fmt, ...)
{
	char words[240], old[sizeof(e->text)];
	va_list ap;

	if (e == NULL)
		return false;
	va_start(ap, fmt);
	vsnprintf(words, sizeof(words), fmt, ap);
	va_end(ap);
	clean(words);
	memcpy(old, e->text, sizeof(old));
	old[sizeof(old) - 1] = '\0';
	/* words + ": " + old may not fit: the innermost words are cut */
	snprintf(e->text, sizeof(e->text), "%s: %.*s", words,
		 (int)(sizeof(e->text) - strlen(words) - 3), old);
	return false;
}

void err_clear(struct err *e)
{
	if (e != NULL)
		*e = (struct err){ .code = ERR_NONE, .offset = ERR_NO_OFFSET };
}
