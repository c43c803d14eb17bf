/*
 * source.c - see source.h.
 *
 * Only the five filters named are offered to libarchive: its "all" would
 * start outside programs (lzop, grzip, lrzip) for a file that asks for them.
 * Plain files never pass through libarchive.
 */
#include "capture/source.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capture/hash.h"

#define HEAD_LEN  16	       /* enough for every magic number we know */
#define CHUNK_LEN (256 * 1024) /* handed to libarchive at a time */
#define POLL_MS	  200	       /* a stop is seen after at most so long */

struct source {
	int fd;		    /* -1: memory */
	bool close_fd;	    /* not standard input */
	bool may_block;	    /* pipe, terminal, socket */
	const uint8_t *mem; /* borrowed */
	size_t mem_len, mem_pos;
	uint8_t head[HEAD_LEN]; /* read while sniffing, to be handed out */
	size_t head_len, head_pos;
	uint64_t size;	      /* 0 = not known */
	uint64_t bytes_read;  /* stored bytes taken, head included */
	bool at_end;	      /* of the stored bytes */
	struct archive *ar;   /* NULL = not compressed */
	uint8_t *chunk;	      /* stored bytes on their way to libarchive */
	const uint8_t *block; /* unpacked, borrowed from libarchive */
	size_t block_left;
	struct hash *hash; /* NULL = none wanted */
	struct source_how how;
	enum source_result raw_result; /* why the callback gave no bytes */
	struct err raw_err;
};

static bool stopped(const struct source *s)
{
	return s->how.stop != NULL && *s->how.stop != 0;
}

/* A pipe is asked before it is read, so that a signal that comes just before
 * the read() cannot leave us waiting. */
static enum source_result wait_readable(const struct source *s, struct err *e)
{
	struct pollfd pfd = { .fd = s->fd, .events = POLLIN };
	int waited = 0, ms, n;

	for (;;) {
		if (stopped(s))
			return SOURCE_END;
		ms = POLL_MS;
		if (s->how.idle_ms > 0 && s->how.idle_ms - waited < ms)
			ms = s->how.idle_ms - waited;
		n = poll(&pfd, 1, ms);
		if (n > 0)
			return SOURCE_DATA;
		if (n < 0 && errno != EINTR) {
			err_sys(e, errno, "cannot wait for input");
			return SOURCE_BAD;
		}
		if (stopped(s))
			return SOURCE_END;
		waited += ms;
		if (s->how.idle_ms > 0 && (n < 0 || waited >= s->how.idle_ms))
			return SOURCE_IDLE;
	}
}

static enum source_result read_fd(struct source *s, void *buf, size_t n,
				  size_t *got, struct err *e)
{
	enum source_result r;
	ssize_t k;

	for (;;) {
		if (stopped(s))
			return SOURCE_END;
		if (s->may_block) {
			r = wait_readable(s, e);
			if (r != SOURCE_DATA)
				return r;
		}
		k = read(s->fd, buf, n);
		if (k > 0) {
			*got = (size_t)k;
			return SOURCE_DATA;
		}
		if (k == 0) {
			s->at_end = true;
			return SOURCE_END;
		}
		if (errno != EINTR && errno != EAGAIN) {
			err_sys(e, errno, "cannot read");
			return SOURCE_BAD;
		}
	}
}

/* Stored bytes, hashed. */
static enum source_result read_raw(struct source *s, void *buf, size_t n,
				   size_t *got, struct err *e)
{
	enum source_result r = SOURCE_DATA;
	size_t left;

	if (s->at_end)
		return SOURCE_END;
	if (s->hash != NULL)
		hash_settle(s->hash);
	if (s->fd >= 0) {
		r = read_fd(s, buf, n, got, e);
	} else {
		left = s->mem_len - s->mem_pos;
		*got = n < left ? n : left;
		if (*got == 0) {
			s->at_end = true;
			return SOURCE_END;
		}
		memcpy(buf, s->mem + s->mem_pos, *got);
		s->mem_pos += *got;
	}
	if (r != SOURCE_DATA)
		return r;
	s->bytes_read += *got;
	if (s->hash != NULL)
		hash_feed(s->hash, buf, *got);
	return SOURCE_DATA;
}

/* Stored bytes, those of the sniffing first. */
static enum source_result read_stored(struct source *s, void *buf, size_t n,
				      size_t *got, struct err *e)
{
	size_t left = s->head_len - s->head_pos;

	if (left == 0)
		return read_raw(s, buf, n, got, e);
	*got = n < left ? n : left;
	memcpy(buf, s->head + s->head_pos, *got);
	s->head_pos += *got;
	return SOURCE_DATA;
}

static la_ssize_t ar_read(struct archive *ar, void *arg, const void **out)
{
	struct source *s = arg;
	size_t got = 0;

	/* libarchive cannot be told "later": an idle pipe is waited for */
	do {
		s->raw_result =
			read_stored(s, s->chunk, CHUNK_LEN, &got, &s->raw_err);
	} while (s->raw_result == SOURCE_IDLE);
	if (s->raw_result == SOURCE_BAD) {
		archive_set_error(ar, EIO, "%s", s->raw_err.text);
		return ARCHIVE_FATAL;
	}
	*out = s->chunk;
	return (la_ssize_t)got;
}

static bool is_compressed(const uint8_t *p, size_t n)
{
	static const struct {
		uint8_t len;
		uint8_t magic[6];
	} known[] = {
		{ 2, { 0x1f, 0x8b } },		   /* gzip, RFC 1952 */
		{ 4, { 0x28, 0xb5, 0x2f, 0xfd } }, /* zstd, RFC 8878 */
		{ 4, { 0x04, 0x22, 0x4d, 0x18 } }, /* lz4 frame */
		{ 6, { 0xfd, '7', 'z', 'X', 'Z', 0 } },
		{ 3, { 'B', 'Z', 'h' } },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (n >= known[i].len &&
		    memcmp(p, known[i].magic, known[i].len) == 0)
			return true;
	return false;
}

static bool start_archive(struct source *s, struct err *e)
{
	struct archive_entry *entry;
	int r;

	s->chunk = malloc(CHUNK_LEN);
	s->ar = archive_read_new();
	if (s->chunk == NULL || s->ar == NULL)
		return err_set(e, ERR_MEMORY, "no memory to unpack");
	if (archive_read_support_filter_gzip(s->ar) != ARCHIVE_OK ||
	    archive_read_support_filter_zstd(s->ar) != ARCHIVE_OK ||
	    archive_read_support_filter_lz4(s->ar) != ARCHIVE_OK ||
	    archive_read_support_filter_xz(s->ar) != ARCHIVE_OK ||
	    archive_read_support_filter_bzip2(s->ar) != ARCHIVE_OK ||
	    archive_read_support_format_raw(s->ar) != ARCHIVE_OK)
		return err_set(e, ERR_UNSUPPORTED, "cannot unpack: %s",
			       archive_error_string(s->ar));
	r = archive_read_open(s->ar, s, NULL, ar_read, NULL);
	if (r == ARCHIVE_OK)
		r = archive_read_next_header(s->ar, &entry);
	if (r == ARCHIVE_OK)
		return true;
	if (r == ARCHIVE_EOF)
		return err_set(e, ERR_FORMAT, "compressed, but empty");
	return err_set(e, ERR_FORMAT, "cannot unpack: %s",
		       archive_error_string(s->ar) != NULL
			       ? archive_error_string(s->ar)
			       : "not compressed data");
}

static bool sniff(struct source *s, struct err *e)
{
	enum source_result r;
	size_t got;

	while (s->head_len < HEAD_LEN) {
		r = read_raw(s, s->head + s->head_len, HEAD_LEN - s->head_len,
			     &got, e);
		if (r == SOURCE_BAD)
			return false;
		if (r == SOURCE_END)
			break;
		if (r == SOURCE_DATA)
			s->head_len += got;
	}
	if (s->hash != NULL)
		hash_settle(s->hash);
	if (is_compressed(s->head, s->head_len))
		return start_archive(s, e);
	return true;
}

static struct source *make(const struct source_how *how, struct err *e)
{
	struct source *s = calloc(1, sizeof(*s));

	if (s == NULL) {
		err_set(e, ERR_MEMORY, "no memory for the input");
		return NULL;
	}
	s->fd = -1;
	s->how = *how;
	if (how->want_sha256) {
		s->hash = hash_new(how->hash_thread, e);
		if (s->hash == NULL) {
			free(s);
			return NULL;
		}
	}
	return s;
}

struct source *source_open(const char *path, const struct source_how *how,
			   struct err *e)
{
	struct source *s = make(how, e);
	struct stat st;

	if (s == NULL)
		return NULL;
	if (strcmp(path, "-") == 0) {
		s->fd = STDIN_FILENO;
	} else {
		s->fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
		s->close_fd = true;
	}
	if (s->fd < 0 || fstat(s->fd, &st) != 0) {
		err_sys(e, errno, "cannot open");
		goto fail;
	}
	if (S_ISDIR(st.st_mode)) {
		err_sys(e, EISDIR, "cannot read");
		goto fail;
	}
	s->may_block = !S_ISREG(st.st_mode);
	if (S_ISREG(st.st_mode))
		s->size = (uint64_t)st.st_size;
	if (!sniff(s, e))
		goto fail;
	return s;
fail:
	source_close(s);
	return NULL;
}

struct source *source_memory(const void *p, size_t len,
			     const struct source_how *how, struct err *e)
{
	struct source *s = make(how, e);

	if (s == NULL)
		return NULL;
	s->mem = p;
	s->mem_len = len;
	s->size = len;
	if (sniff(s, e))
		return s;
	source_close(s);
	return NULL;
}

void source_close(struct source *s)
{
	if (s == NULL)
		return;
	if (s->ar != NULL)
		archive_read_free(s->ar);
	hash_free(s->hash);
	free(s->chunk);
	if (s->close_fd && s->fd >= 0)
		close(s->fd);
	free(s);
}

/* The next block that libarchive has unpacked; not archive_read_data(), which
 * gives nothing of a buffer that damage left half full. */
static enum source_result next_block(struct source *s, struct err *e)
{
	const void *p = NULL;
	la_int64_t offset;
	size_t n = 0;
	int r;

	do {
		r = archive_read_data_block(s->ar, &p, &n, &offset);
	} while (r == ARCHIVE_RETRY || (r == ARCHIVE_OK && n == 0));
	if (r == ARCHIVE_OK || (r == ARCHIVE_WARN && n > 0)) {
		s->block = p;
		s->block_left = n;
		return SOURCE_DATA;
	}
	/* a stop in the middle of the stream is no damage */
	if (r == ARCHIVE_EOF || stopped(s))
		return SOURCE_END;
	err_set(e, s->raw_result == SOURCE_BAD ? ERR_IO : ERR_FORMAT,
		"cannot unpack: %s",
		archive_error_string(s->ar) != NULL
			? archive_error_string(s->ar)
			: "damaged");
	return SOURCE_BAD;
}

enum source_result source_read(struct source *s, void *buf, size_t n,
			       size_t *got, struct err *e)
{
	enum source_result r;

	*got = 0;
	if (s->ar == NULL)
		return read_stored(s, buf, n, got, e);
	if (s->block_left == 0) {
		r = next_block(s, e);
		if (r != SOURCE_DATA)
			return r;
	}
	*got = n < s->block_left ? n : s->block_left;
	memcpy(buf, s->block, *got);
	s->block += *got;
	s->block_left -= *got;
	return SOURCE_DATA;
}

void source_settle(struct source *s)
{
	if (s->hash != NULL)
		hash_settle(s->hash);
}

uint64_t source_size(const struct source *s)
{
	return s->size;
}

uint64_t source_bytes_read(const struct source *s)
{
	return s->bytes_read;
}

bool source_is_compressed(const struct source *s)
{
	return s->ar != NULL;
}

void source_sha256(struct source *s, char *hex)
{
	uint8_t rest[4096];
	size_t got;

	hex[0] = '\0';
	if (s->hash == NULL)
		return;
	/* bytes behind damage belong to the file, too; a live pipe is not
	 * waited for */
	while (!s->at_end && !s->may_block && !stopped(s))
		if (read_raw(s, rest, sizeof(rest), &got, NULL) == SOURCE_BAD)
			return;
	hash_settle(s->hash);
	if (s->at_end)
		hash_hex(s->hash, hex);
}
