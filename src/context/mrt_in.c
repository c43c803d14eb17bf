/*
 * mrt_in.c - the byte source of the MRT reader.
 *
 * libarchive throws away what it had unpacked of the block in which a stream
 * breaks off (up to 64 KiB), and with it whole records.  RouteViews and RIS
 * files that were cut while being fetched are common, so the three formats
 * that collectors really use are unpacked by their own libraries.
 */
#include "context/mrt_in.h"

#include "base/rd.h"

#include <archive.h>
#include <archive_entry.h>
#include <bzlib.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#define WINDOW	  (1u << 20)
#define RAW_BYTES (256u << 10)

enum packing { PLAIN, GZIP, BZIP2, ZSTD, ARCHIVE, MEMORY };

struct mrt_in {
	enum packing packing;
	int fd;
	uint8_t *buf; /* window of unpacked bytes */
	size_t cap, start, end;
	uint64_t offset; /* of buf[start] in the unpacked stream */
	bool eof;	 /* nothing more below */
	char damage[160];
	const uint8_t *mem; /* MEMORY */
	size_t mem_left;
	uint8_t *raw; /* packed bytes */
	size_t raw_len, raw_pos;
	bool raw_eof;
	bool in_member; /* a member was begun and has not ended */
	bool inited;
	z_stream z;
	bz_stream bz;
	ZSTD_DStream *zs;
	struct archive *ar;
};

static void damage(struct mrt_in *in, const char *text)
{
	if (!in->damage[0])
		snprintf(in->damage, sizeof(in->damage), "%s", text);
	in->eof = true;
}

/* Fills raw when it is empty; false at the end of the file. */
static bool raw_fill(struct mrt_in *in)
{
	ssize_t n;

	if (in->raw_pos < in->raw_len)
		return true;
	if (in->raw_eof)
		return false;
	do
		n = read(in->fd, in->raw, RAW_BYTES);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		damage(in, strerror(errno));
	if (n <= 0) {
		in->raw_eof = true;
		return false;
	}
	in->raw_len = (size_t)n;
	in->raw_pos = 0;
	return true;
}

static size_t plain_read(struct mrt_in *in, uint8_t *out, size_t room)
{
	size_t n = in->raw_len - in->raw_pos;
	ssize_t got;

	if (n > 0) { /* the bytes that were looked at to tell the format */
		if (n > room)
			n = room;
		memcpy(out, in->raw + in->raw_pos, n);
		in->raw_pos += n;
		return n;
	}
	do
		got = read(in->fd, out, room);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		damage(in, strerror(errno));
	if (got <= 0)
		in->eof = true;
	return got > 0 ? (size_t)got : 0;
}

/* Zero bytes after the last member are padding, as gzip(1) sees it. */
static bool only_zeros(struct mrt_in *in)
{
	while (raw_fill(in)) {
		if (in->raw[in->raw_pos] != 0)
			return false;
		in->raw_pos++;
	}
	return true;
}

static size_t gzip_read(struct mrt_in *in, uint8_t *out, size_t room)
{
	int r;

	in->z.next_out = out;
	in->z.avail_out = (uInt)room;
	while (in->z.avail_out > 0) {
		if (!in->in_member && only_zeros(in)) {
			in->eof = true;
			break;
		}
		if (!raw_fill(in)) {
			damage(in, "gzip stream ends early");
			break;
		}
		in->in_member = true;
		in->z.next_in = in->raw + in->raw_pos;
		in->z.avail_in = (uInt)(in->raw_len - in->raw_pos);
		r = inflate(&in->z, Z_NO_FLUSH);
		in->raw_pos = in->raw_len - in->z.avail_in;
		if (r == Z_STREAM_END) {
			in->in_member = false;
			inflateReset(&in->z);
		} else if (r != Z_OK && r != Z_BUF_ERROR) {
			damage(in, "gzip stream is damaged");
			break;
		}
	}
	return room - in->z.avail_out;
}

static size_t bzip2_read(struct mrt_in *in, uint8_t *out, size_t room)
{
	int r;

	in->bz.next_out = (char *)out;
	in->bz.avail_out = (unsigned)room;
	while (in->bz.avail_out > 0) {
		if (!raw_fill(in)) {
			if (in->in_member)
				damage(in, "bzip2 stream ends early");
			in->eof = true;
			break;
		}
		if (!in->inited) {
			if (BZ2_bzDecompressInit(&in->bz, 0, 0) != BZ_OK) {
				damage(in, "bzip2: no memory");
				break;
			}
			in->inited = true;
		}
		in->in_member = true;
		in->bz.next_in = (char *)in->raw + in->raw_pos;
		in->bz.avail_in = (unsigned)(in->raw_len - in->raw_pos);
		r = BZ2_bzDecompress(&in->bz);
		in->raw_pos = in->raw_len - in->bz.avail_in;
		if (r == BZ_STREAM_END) {
			BZ2_bzDecompressEnd(&in->bz);
			in->inited = in->in_member = false;
		} else if (r != BZ_OK) {
			damage(in, "bzip2 stream is damaged");
			break;
		}
	}
	return room - in->bz.avail_out;
}

static size_t zstd_read(struct mrt_in *in, uint8_t *out, size_t room)
{
	ZSTD_outBuffer o = { out, room, 0 };

	while (o.pos < o.size) {
		ZSTD_inBuffer i;
		size_t r, before = o.pos;

		if (!raw_fill(in) && !in->in_member) {
			in->eof = true;
			break;
		}
		i = (ZSTD_inBuffer){ in->raw + in->raw_pos,
				     in->raw_len - in->raw_pos, 0 };
		in->in_member = true;
		r = ZSTD_decompressStream(in->zs, &o, &i);
		in->raw_pos += i.pos;
		if (ZSTD_isError(r)) {
			damage(in, "zstd stream is damaged");
			break;
		}
		if (r == 0)
			in->in_member = false;
		if (in->raw_eof && in->in_member && o.pos == before &&
		    i.pos == 0) {
			damage(in, "zstd stream ends early");
			break;
		}
	}
	return o.pos;
}

static size_t unarchive(struct mrt_in *in, uint8_t *out, size_t room)
{
	la_ssize_t n = archive_read_data(in->ar, out, room);

	if (n < 0)
		damage(in, archive_error_string(in->ar)
				   ? archive_error_string(in->ar)
				   : "cannot unpack");
	if (n <= 0)
		in->eof = true;
	return n > 0 ? (size_t)n : 0;
}

static size_t memory_read(struct mrt_in *in, uint8_t *out, size_t room)
{
	size_t n = in->mem_left < room ? in->mem_left : room;

	if (n > 0)
		memcpy(out, in->mem, n);
	in->mem += n;
	in->mem_left -= n;
	if (n == 0)
		in->eof = true;
	return n;
}

static size_t more(struct mrt_in *in, uint8_t *out, size_t room)
{
	switch (in->packing) {
	case PLAIN:
		return plain_read(in, out, room);
	case GZIP:
		return gzip_read(in, out, room);
	case BZIP2:
		return bzip2_read(in, out, room);
	case ZSTD:
		return zstd_read(in, out, room);
	case ARCHIVE:
		return unarchive(in, out, room);
	case MEMORY:
		return memory_read(in, out, room);
	}
	return 0;
}

static enum packing tell(const uint8_t *p, size_t n)
{
	if (n >= 3 && p[0] == 0x1f && p[1] == 0x8b && p[2] == 8)
		return GZIP;
	if (n >= 4 && memcmp(p, "BZh", 3) == 0 && p[3] >= '1' && p[3] <= '9')
		return BZIP2;
	if (n >= 4 && get_le32(p) == 0xfd2fb528u)
		return ZSTD;
	if (n >= 6 && memcmp(p,
			     "\xfd"
			     "7zXZ\0",
			     6) == 0)
		return ARCHIVE;
	if (n >= 4 && get_le32(p) == 0x184d2204u) /* lz4 frame */
		return ARCHIVE;
	if (n >= 4 && memcmp(p, "LZIP", 4) == 0)
		return ARCHIVE;
	return PLAIN;
}

static bool archive_start(struct mrt_in *in, const char *path, struct err *e)
{
	struct archive_entry *entry;

	in->ar = archive_read_new();
	if (!in->ar)
		return err_set(e, ERR_MEMORY, "out of memory");
	archive_read_support_filter_all(in->ar);
	archive_read_support_format_raw(in->ar);
	if (lseek(in->fd, 0, SEEK_SET) < 0)
		return err_sys(e, errno, "%s: must be a file to unpack it",
			       path);
	if (archive_read_open_fd(in->ar, in->fd, 65536) != ARCHIVE_OK ||
	    archive_read_next_header(in->ar, &entry) != ARCHIVE_OK)
		return err_set(e, ERR_FORMAT, "%s: %s", path,
			       archive_error_string(in->ar));
	return true;
}

static bool start(struct mrt_in *in, const char *path, struct err *e)
{
	ssize_t n = 0;

	/* a pipe may give one byte at a time: six tell every format */
	while (in->raw_len < 6) {
		n = read(in->fd, in->raw + in->raw_len,
			 RAW_BYTES - in->raw_len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		in->raw_len += (size_t)n;
	}
	if (n < 0)
		return err_sys(e, errno, "%s", path);
	in->packing = tell(in->raw, in->raw_len);
	if (in->packing == GZIP && inflateInit2(&in->z, MAX_WBITS + 16) != Z_OK)
		return err_set(e, ERR_MEMORY, "out of memory");
	if (in->packing == GZIP)
		in->inited = true;
	if (in->packing == ZSTD && !(in->zs = ZSTD_createDStream()))
		return err_set(e, ERR_MEMORY, "out of memory");
	if (in->packing == ARCHIVE)
		return archive_start(in, path, e);
	return true;
}

static struct mrt_in *in_new(size_t window, struct err *e)
{
	struct mrt_in *in = calloc(1, sizeof(*in));

	if (in) {
		in->fd = -1;
		in->cap = window;
		in->buf = malloc(window);
		in->raw = malloc(RAW_BYTES);
	}
	if (!in || !in->buf || !in->raw) {
		mrt_in_close(in);
		err_set(e, ERR_MEMORY, "out of memory");
		return NULL;
	}
	return in;
}

struct mrt_in *mrt_in_open(const char *path, struct err *e)
{
	struct mrt_in *in = in_new(WINDOW, e);

	if (!in)
		return NULL;
	in->fd = strcmp(path, "-") == 0 ? dup(STDIN_FILENO)
					: open(path, O_RDONLY | O_CLOEXEC);
	if (in->fd < 0) {
		err_sys(e, errno, "%s", path);
		goto fail;
	}
	if (!start(in, path, e))
		goto fail;
	return in;
fail:
	mrt_in_close(in);
	return NULL;
}

struct mrt_in *mrt_in_memory(const void *buf, size_t len, struct err *e)
{
	struct mrt_in *in = in_new(len < WINDOW ? len + 16 : WINDOW, e);

	if (!in)
		return NULL;
	in->packing = MEMORY;
	in->mem = buf;
	in->mem_left = len;
	return in;
}

void mrt_in_close(struct mrt_in *in)
{
	if (!in)
		return;
	if (in->packing == GZIP && in->inited)
		inflateEnd(&in->z);
	if (in->packing == BZIP2 && in->inited)
		BZ2_bzDecompressEnd(&in->bz);
	ZSTD_freeDStream(in->zs);
	if (in->ar)
		archive_read_free(in->ar);
	if (in->fd >= 0)
		close(in->fd);
	free(in->buf);
	free(in->raw);
	free(in);
}

/* Room for want bytes from start on; false when memory is short. */
static bool make_room(struct mrt_in *in, size_t want)
{
	size_t have = in->end - in->start;
	uint8_t *bigger;

	if (want > in->cap) {
		bigger = malloc(want);
		if (!bigger)
			return false;
		memcpy(bigger, in->buf + in->start, have);
		free(in->buf);
		in->buf = bigger;
		in->cap = want;
	} else if (in->start > 0) {
		memmove(in->buf, in->buf + in->start, have);
	} else {
		return true;
	}
	in->start = 0;
	in->end = have;
	return true;
}

size_t mrt_in_peek(struct mrt_in *in, size_t want, const uint8_t **p)
{
	if (in->end - in->start < want && !in->eof) {
		if (!make_room(in, want))
			damage(in, "out of memory");
		while (in->end - in->start < want && !in->eof)
			in->end +=
				more(in, in->buf + in->end, in->cap - in->end);
	}
	*p = in->buf + in->start;
	return in->end - in->start;
}

void mrt_in_take(struct mrt_in *in, size_t n)
{
	size_t have = in->end - in->start;

	if (n > have)
		n = have;
	in->start += n;
	in->offset += n;
}

uint64_t mrt_in_offset(const struct mrt_in *in)
{
	return in->offset;
}

const char *mrt_in_damage(const struct mrt_in *in)
{
	return in->damage[0] ? in->damage : NULL;
}
