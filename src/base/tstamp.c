/*
 * tstamp.c - calendar text to and from nanoseconds (RFC 3339 subset).
 * Days from civil date: proleptic Gregorian calendar, no leap seconds.
 */
#include "base/tstamp.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NS_PER_S  INT64_C(1000000000)
#define S_PER_DAY INT64_C(86400)

/* Days since 1970-01-01 of a date, by counting 400-year eras from 1 March. */
static int64_t days_of(int64_t y, int m, int d)
{
	int64_t era, yoe, doy, doe;

	y -= m <= 2;
	era = (y >= 0 ? y : y - 399) / 400;
	yoe = y - era * 400;
	doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
	doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
	return era * 146097 + doe - 719468;
}

static void date_of(int64_t days, int64_t *y, int *m, int *d)
{
	int64_t era, doe, yoe, doy, mp;

	days += 719468;
	era = (days >= 0 ? days : days - 146096) / 146097;
	doe = days - era * 146097;
	yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	mp = (5 * doy + 2) / 153;
	*d = (int)(doy - (153 * mp + 2) / 5 + 1);
	*m = (int)(mp < 10 ? mp + 3 : mp - 9);
	*y = yoe + era * 400 + (*m <= 2);
}

char *tstamp_format(struct tstamp t, int digits, char *buf, size_t len)
{
	int64_t s = t.ns / NS_PER_S, ns = t.ns % NS_PER_S, days, y, r;
	char frac[16] = "";
	int m, d;

	if (!tstamp_known(t)) {
		snprintf(buf, len, "no time");
		return buf;
	}
	if (ns < 0) {
		ns += NS_PER_S;
		s--;
	}
	days = s / S_PER_DAY;
	r = s % S_PER_DAY;
	if (r < 0) {
		r += S_PER_DAY;
		days--;
	}
	date_of(days, &y, &m, &d);
	if (digits > 0) {
		snprintf(frac, sizeof(frac), ".%09" PRId64, ns);
		frac[1 + (digits > 9 ? 9 : digits)] = '\0';
	}
	snprintf(buf, len, "%04" PRId64 "-%02d-%02dT%02d:%02d:%02d%sZ", y, m, d,
		 (int)(r / 3600), (int)(r / 60 % 60), (int)(r % 60), frac);
	return buf;
}

static bool take_int(const char **p, int width, int lo, int hi, int *out)
{
	int v = 0;

	for (int i = 0; i < width; i++, (*p)++) {
		if (**p < '0' || **p > '9')
			return false;
		v = v * 10 + (**p - '0');
	}
	*out = v;
	return v >= lo && v <= hi;
}

static bool take_fraction(const char **p, int64_t *ns)
{
	int64_t unit = NS_PER_S / 10;

	*ns = 0;
	if (**p != '.')
		return true;
	(*p)++;
	if (**p < '0' || **p > '9')
		return false;
	for (; **p >= '0' && **p <= '9'; (*p)++, unit /= 10)
		*ns += unit * (**p - '0');
	return true;
}

static bool take_clock(const char **p, int64_t *s, int64_t *ns)
{
	int h, min, sec = 0;

	*ns = 0;
	if (!take_int(p, 2, 0, 23, &h) || *(*p)++ != ':' ||
	    !take_int(p, 2, 0, 59, &min))
		return false;
	if (**p == ':') {
		(*p)++;
		if (!take_int(p, 2, 0, 60, &sec) || !take_fraction(p, ns))
			return false;
	}
	*s += h * 3600 + min * 60 + sec;
	return true;
}

static bool take_zone(const char **p, int64_t *s)
{
	int h, m, sign;

	if (**p == 'Z' || **p == 'z') {
		(*p)++;
		return true;
	}
	if (**p != '+' && **p != '-')
		return true;
	sign = *(*p)++ == '+' ? 1 : -1;
	if (!take_int(p, 2, 0, 23, &h))
		return false;
	if (**p == ':')
		(*p)++;
	if (!take_int(p, 2, 0, 59, &m))
		return false;
	*s -= sign * (h * 3600 + m * 60);
	return true;
}

static bool parse_date(const char *p, struct tstamp *out)
{
	int64_t s, ns = 0;
	int y, m, d;

	if (!take_int(&p, 4, 1700, 2250, &y) || *p++ != '-' ||
	    !take_int(&p, 2, 1, 12, &m) || *p++ != '-' ||
	    !take_int(&p, 2, 1, 31, &d))
		return false;
	s = days_of(y, m, d) * S_PER_DAY;
	if (*p == 'T' || *p == 't' || *p == ' ') {
		p++;
		if (!take_clock(&p, &s, &ns) || !take_zone(&p, &s))
			return false;
	}
	out->ns = s * NS_PER_S + ns;
	return *p == '\0';
}

static bool parse_epoch(const char *p, struct tstamp *out)
{
	int64_t s = 0, ns;

	if (*p < '0' || *p > '9')
		return false;
	for (; *p >= '0' && *p <= '9'; p++) {
		s = s * 10 + (*p - '0');
		if (s > INT64_C(9000000000))
			return false;
	}
	if (!take_fraction(&p, &ns))
		return false;
	out->ns = s * NS_PER_S + ns;
	return *p == '\0';
}

bool tstamp_parse(const char *text, struct tstamp *out, struct err *e)
{
	if (parse_date(text, out) || parse_epoch(text, out))
		return true;
	return err_set(e, ERR_USAGE,
		       "'%s' is no time (2014-12-22T16:15:00Z, or seconds "
		       "since 1970)",
		       text);
}
