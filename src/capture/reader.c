/*
 * reader.c - buffer and common parts of the two readers; see reader.h.
 *
 * The buffer is refilled only when no frame of it is borrowed any more: at the
 * start of a call.  The record that straddles two reads is moved in front of
 * the place where the next read goes; no other byte is copied.
 */
#include "capture/reader_impl.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void reader_damage(struct reader *r, uint64_t offset, const char *fmt, ...)
{
	struct capture_file *cf = r->cf;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(cf->damage, sizeof(cf->damage), fmt, ap);
	va_end(ap);
	cf->damaged = true;
	cf->damage_offset = offset;
	r->state = READER_END;
}

/* Under AddressSanitizer the parts of the buffer that hold nothing may not be
 * touched: a reader that goes past the data is found, not fed stale bytes. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAVE_ASAN 1
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define HAVE_ASAN 1
#endif
#ifdef HAVE_ASAN
#include <sanitizer/asan_interface.h>
#endif

static void guard(const struct reader *r, bool on)
{
#ifdef HAVE_ASAN
	ASAN_UNPOISON_MEMORY_REGION(r->buf, TAIL_LEN + READ_LEN);
	if (on) {
		ASAN_POISON_MEMORY_REGION(r->buf, r->pos);
		ASAN_POISON_MEMORY_REGION(r->buf + r->end,
					  TAIL_LEN + READ_LEN - r->end);
	}
#else
	(void)r;
	(void)on;
#endif
}

/* One more read; false at the end, when idle or damaged. */
static bool refill(struct reader *r)
{
	size_t tail = r->end - r->pos, got = 0;
	enum source_result res;
	struct err e;

	if (r->at_end)
		return false;
	guard(r, false);
	if (r->pos != r->end || r->pos != TAIL_LEN) {
		source_settle(r->src);
		memmove(r->buf + TAIL_LEN - tail, r->buf + r->pos, tail);
		r->base += r->pos - (TAIL_LEN - tail);
		r->pos = TAIL_LEN - tail;
		r->end = TAIL_LEN;
	}
	res = source_read(r->src, r->buf + TAIL_LEN, READ_LEN, &got, &e);
	r->cf->bytes_read = source_bytes_read(r->src);
	switch (res) {
	case SOURCE_DATA:
		r->end += got;
		guard(r, true);
		return true;
	case SOURCE_IDLE:
		r->state = READER_IDLE;
		return false;
	case SOURCE_BAD:
		r->at_end = true;
		reader_damage(r, r->base + r->end, "%.150s", e.text);
		return false;
	case SOURCE_END:
		break;
	}
	r->at_end = true;
	return false;
}

bool reader_need(struct reader *r, size_t n)
{
	while (r->end - r->pos < n)
		if (!refill(r))
			return false;
	return true;
}

/* Steps over r->skip bytes, as far as they are there. */
static bool step_over(struct reader *r)
{
	size_t have;

	while (r->skip > 0) {
		have = r->end - r->pos;
		if (have == 0) {
			if (!refill(r))
				return false;
			continue;
		}
		if (have > r->skip)
			have = (size_t)r->skip;
		r->pos += have;
		r->skip -= have;
	}
	return true;
}

static bool not_a_capture(const struct reader *r, struct err *e)
{
	const uint8_t *p = r->buf + r->pos;
	size_t n = r->end - r->pos, text = 0;

	if (n == 0)
		return err_set(e, ERR_FORMAT, "empty file, not a capture");
	if (n >= 4 && (get_le32(p) == 0xa1b2c3d5 || get_be32(p) == 0xa1b2c3d5))
		return err_set(e, ERR_UNSUPPORTED,
			       "Arkime file with short headers, not pcap: "
			       "export it from Arkime, or store with "
			       "simpleShortHeader=false");
	if (n > 64)
		n = 64;
	for (size_t i = 0; i < n; i++)
		if ((p[i] >= 32 && p[i] < 127) || (p[i] >= 9 && p[i] <= 13))
			text++;
	if (text == n)
		return err_set(e, ERR_FORMAT,
			       "a text file, not a pcap or pcapng capture");
	return err_set(e, ERR_FORMAT,
		       "not a pcap or pcapng capture (starts with "
		       "%02x %02x %02x %02x)",
		       p[0], n > 1 ? p[1] : 0, n > 2 ? p[2] : 0,
		       n > 3 ? p[3] : 0);
}

static bool start(struct reader *r, struct err *e)
{
	const uint8_t *p;
	uint32_t magic;

	while (!reader_need(r, 24) && r->state == READER_IDLE)
		r->state = READER_OPEN;
	if (r->cf->damaged)
		return err_at(e, ERR_FORMAT, r->cf->damage_offset, "%s",
			      r->cf->damage);
	if (r->end - r->pos < 4)
		return not_a_capture(r, e);
	p = r->buf + r->pos;
	magic = get_le32(p);
	if (magic == 0x0a0d0d0a) {
		r->is_ng = true;
		return pcapng_start(r, e);
	}
	r->swapped = get_be32(p) == 0xa1b2c3d4 || get_be32(p) == 0xa1b23c4d ||
		     get_be32(p) == 0xa1b2cd34;
	switch (reader_u32(r, p)) {
	case 0xa1b2c3d4:
	case 0xa1b23c4d:
	case 0xa1b2cd34:
		return pcap_start(r, e);
	}
	return not_a_capture(r, e);
}

struct reader *reader_open(struct source *src, struct capture_file *cf,
			   struct err *e)
{
	struct reader *r = calloc(1, sizeof(*r));

	if (r == NULL) {
		source_close(src);
		err_set(e, ERR_MEMORY, "no memory for a reader");
		return NULL;
	}
	r->src = src;
	r->cf = cf;
	r->buf = malloc(TAIL_LEN + READ_LEN);
	if (r->buf == NULL) {
		err_set(e, ERR_MEMORY, "no memory for the read buffer");
		goto fail;
	}
	r->pos = r->end = TAIL_LEN;
	r->base = 0 - (uint64_t)TAIL_LEN;
	cf->bytes = source_size(src);
	cf->first = cf->last = TSTAMP_NONE;
	if (start(r, e))
		return r;
fail:
	reader_close(r);
	return NULL;
}

void reader_close(struct reader *r)
{
	if (r == NULL)
		return;
	source_close(r->src); /* ends the hash thread before the buffer goes */
	if (r->buf != NULL)
		guard(r, false);
	free(r->buf);
	free(r->ifs);
	free(r);
}

enum reader_state reader_state(const struct reader *r)
{
	return r->state;
}

int reader_linktype(const struct reader *r)
{
	return r->is_ng ? -1 : r->linktype;
}

size_t reader_read(struct reader *r, struct frame *out, size_t max)
{
	uint64_t at;
	size_t n;

	if (r->state == READER_END)
		return 0;
	r->state = READER_OPEN;
	for (;;) {
		at = reader_offset(r);
		if (!step_over(r)) {
			if (r->state == READER_OPEN)
				reader_damage(r, at,
					      "file ends inside a block, "
					      "%" PRIu64 " bytes are missing",
					      r->skip);
			return 0;
		}
		n = r->is_ng ? pcapng_read(r, out, max)
			     : pcap_read(r, out, max);
		if (n > 0 || (r->state != READER_OPEN))
			return n;
		if (r->skip > 0)
			continue;
		if (refill(r))
			continue;
		if (r->state != READER_OPEN)
			return 0;
		/* the end: what is left is the start of a record */
		if (r->pos != r->end)
			reader_damage(r, reader_offset(r),
				      "file ends inside record %" PRIu64
				      " (%zu bytes of it are there)",
				      r->cf->packets + 1, r->end - r->pos);
		r->state = READER_END;
		return 0;
	}
}

void reader_finish(struct reader *r)
{
	source_sha256(r->src, r->cf->sha256);
	r->cf->bytes_read = source_bytes_read(r->src);
}
