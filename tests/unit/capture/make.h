/*
 * make.h - writes captures byte by byte for the tests of capture.
 */
#ifndef TEST_CAPTURE_MAKE_H
#define TEST_CAPTURE_MAKE_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <archive.h>
#include <archive_entry.h>
#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct bytes {
	uint8_t b[512 * 1024];
	size_t n;
	bool big; /* byte order of the numbers put */
};

static inline void put(struct bytes *o, const void *p, size_t n)
{
	assert_true(o->n + n <= sizeof(o->b));
	memcpy(o->b + o->n, p, n);
	o->n += n;
}

static inline void put_num(struct bytes *o, uint64_t v, int n)
{
	uint8_t c;

	for (int i = 0; i < n; i++) {
		c = (uint8_t)(v >> 8 * (o->big ? n - 1 - i : i));
		put(o, &c, 1);
	}
}

static inline void put32(struct bytes *o, uint32_t v)
{
	put_num(o, v, 4);
}

static inline void put16(struct bytes *o, uint16_t v)
{
	put_num(o, v, 2);
}

static inline void put_zero(struct bytes *o, size_t n)
{
	while (n-- > 0)
		put_num(o, 0, 1);
}

/* A packet whose bytes say which one it is. */
static inline void put_packet(struct bytes *o, uint8_t mark, size_t n)
{
	while (n-- > 0)
		put(o, &mark, 1);
}

static inline void pcap_head(struct bytes *o, uint32_t magic, uint32_t link)
{
	put32(o, magic);
	put16(o, 2);
	put16(o, 4);
	put_zero(o, 8);
	put32(o, 65535);
	put32(o, link);
}

static inline void pcap_packet(struct bytes *o, uint32_t s, uint32_t sub,
			       uint8_t mark, uint32_t cap, uint32_t wire)
{
	put32(o, s);
	put32(o, sub);
	put32(o, cap);
	put32(o, wire);
	put_packet(o, mark, cap);
}

/* n packets, one second apart from s on, 10 bytes of 20 each. */
static inline void pcap_file(struct bytes *o, uint32_t s, int n)
{
	pcap_head(o, 0xa1b2c3d4, 1);
	for (int i = 0; i < n; i++)
		pcap_packet(o, s + (uint32_t)i, 0, (uint8_t)i, 10, 20);
}

/* Opens a block; block_end() writes the lengths. */
static inline size_t block(struct bytes *o, uint32_t type)
{
	size_t at = o->n;

	put32(o, type);
	put32(o, 0);
	return at;
}

static inline void block_end(struct bytes *o, size_t at)
{
	size_t end;

	put_zero(o, (4 - (o->n - at) % 4) % 4);
	end = o->n + 4;
	o->n = at + 4;
	put32(o, (uint32_t)(end - at));
	o->n = end - 4;
	put32(o, (uint32_t)(end - at));
}

static inline void option(struct bytes *o, uint16_t code, const void *p,
			  uint16_t n)
{
	put16(o, code);
	put16(o, n);
	put(o, p, n);
	put_zero(o, (4 - n % 4u) % 4u);
}

static inline void ng_section(struct bytes *o)
{
	size_t at = block(o, 0x0a0d0d0a);

	put32(o, 0x1a2b3c4d);
	put16(o, 1);
	put16(o, 0);
	put_num(o, UINT64_MAX, 8);
	block_end(o, at);
}

/* tsresol 6 writes no option. */
static inline void ng_iface(struct bytes *o, uint16_t link, uint32_t snap,
			    uint8_t tsresol, int64_t tsoffset)
{
	size_t at = block(o, 1);

	put16(o, link);
	put16(o, 0);
	put32(o, snap);
	if (tsresol != 6)
		option(o, 9, &tsresol, 1);
	if (tsoffset != 0) {
		put16(o, 14);
		put16(o, 8);
		put_num(o, (uint64_t)tsoffset, 8);
	}
	block_end(o, at);
}

static inline void ng_packet(struct bytes *o, uint32_t iface, uint64_t ticks,
			     uint8_t mark, uint32_t cap, uint32_t wire)
{
	size_t at = block(o, 6);

	put32(o, iface);
	put32(o, (uint32_t)(ticks >> 32));
	put32(o, (uint32_t)ticks);
	put32(o, cap);
	put32(o, wire);
	put_packet(o, mark, cap);
	block_end(o, at);
}

static inline void compress(struct bytes *out, const struct bytes *in,
			    int (*filter)(struct archive *))
{
	struct archive_entry *entry = archive_entry_new();
	struct archive *a = archive_write_new();
	size_t used = 0;

	assert_int_equal(filter(a), ARCHIVE_OK);
	assert_int_equal(archive_write_set_format_raw(a), ARCHIVE_OK);
	archive_write_set_bytes_in_last_block(a, 1);
	assert_int_equal(
		archive_write_open_memory(a, out->b, sizeof(out->b), &used),
		ARCHIVE_OK);
	archive_entry_set_pathname(entry, "x");
	archive_entry_set_filetype(entry, S_IFREG);
	assert_int_equal(archive_write_header(a, entry), ARCHIVE_OK);
	assert_int_equal(archive_write_data(a, in->b, in->n), in->n);
	assert_int_equal(archive_write_close(a), ARCHIVE_OK);
	archive_write_free(a);
	archive_entry_free(entry);
	out->n = used;
}

/* A folder of its own for each test, removed by tmp_remove(). */
struct tmp {
	char dir[64];
	char path[128]; /* of the file written last */
};

static inline void tmp_make(struct tmp *t)
{
	strcpy(t->dir, "/tmp/wellspring-test-XXXXXX");
	assert_non_null(mkdtemp(t->dir));
}

static inline const char *tmp_write(struct tmp *t, const char *name,
				    const void *p, size_t n)
{
	FILE *f;

	snprintf(t->path, sizeof(t->path), "%s/%s", t->dir, name);
	f = fopen(t->path, "wb");
	assert_non_null(f);
	assert_int_equal(fwrite(p, 1, n, f), n);
	assert_int_equal(fclose(f), 0);
	return t->path;
}

static inline void tmp_remove(struct tmp *t)
{
	struct dirent *e;
	char path[512];
	DIR *d = opendir(t->dir);

	assert_non_null(d);
	while ((e = readdir(d)) != NULL) {
		snprintf(path, sizeof(path), "%s/%s", t->dir, e->d_name);
		unlink(path);
	}
	closedir(d);
	assert_int_equal(rmdir(t->dir), 0);
}

#endif
