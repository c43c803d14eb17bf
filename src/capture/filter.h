/*
 * filter.h - libpcap filter text, compiled for every link type that comes
 * (inside capture only).  Nothing of libpcap reads the file.
 */
#ifndef CAPTURE_FILTER_H
#define CAPTURE_FILTER_H

#include <stdbool.h>

#include "base/err.h"
#include "capture/frame.h"

struct filter;

/* Owns: give it to filter_free().  Compiles nothing yet. */
struct filter *filter_new(const char *text, struct err *e);
void filter_free(struct filter *f);
/* False and *e when the text does not fit this link type. */
bool filter_prepare(struct filter *f, uint16_t linktype, struct err *e);
/* As filter_prepare(), quick when the type was seen before. */
bool filter_fits(struct filter *f, uint16_t linktype);
/* Only where filter_fits(). */
bool filter_match(struct filter *f, const struct frame *fr);

#endif
