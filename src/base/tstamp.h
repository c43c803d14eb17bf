/*
 * tstamp.h - a moment of capture time: nanoseconds since 1970-01-01 UTC.
 *
 * A struct, so that it mixes with nothing.  TSTAMP_NONE marks "no time"
 * (pcapng Simple Packet Block): such a frame is unusable for timing.
 * Range: +-292 years around 1970.  Never the machine's clock.
 */
#ifndef BASE_TSTAMP_H
#define BASE_TSTAMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct tstamp {
	int64_t ns;
};

#define TSTAMP_NONE ((struct tstamp){ INT64_MIN })

static inline bool tstamp_known(struct tstamp t)
{
	return t.ns != INT64_MIN;
}

/* "2014-12-22T16:15:00Z", with .nnnnnnnnn when digits > 0 (at most 9).
 * buf of at least 40 bytes; returns buf. */
char *tstamp_format(struct tstamp t, int digits, char *buf, size_t len);

/* Reads "2014-12-22T16:15[:00[.123]]Z" (Z, +hh:mm or nothing = UTC),
 * "2014-12-22" or seconds since the epoch with an optional fraction. */
bool tstamp_parse(const char *text, struct tstamp *out, struct err *e);

#endif
