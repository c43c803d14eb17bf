/*
 * test_capture.c - files, folders, compression, selection, standard input.
 */
#include "make.h"

#include <openssl/evp.h>
#include <sys/stat.h>

#include "capture/capture.h"

#define T0 1400000000u

static struct capture_spec spec_of(const char *const *paths, size_t n)
{
	return (struct capture_spec){ .paths = paths,
				      .n_paths = n,
				      .from = TSTAMP_NONE,
				      .to = TSTAMP_NONE };
}

/* Reads all; the first bytes of the packets go to marks (a string). */
static size_t read_all(struct capture *c, char *marks)
{
	struct frame f[5];
	size_t all = 0, n;

	while ((n = capture_read(c, f, 5)) > 0)
		for (size_t i = 0; i < n; i++, all++)
			marks[all] = (char)f[i].data[0];
	marks[all] = '\0';
	assert_true(capture_ended(c));
	assert_int_equal(capture_read(c, f, 5), 0);
	return all;
}

static void marked(struct bytes *o, uint32_t s, const char *marks)
{
	o->n = 0;
	pcap_head(o, 0xa1b2c3d4, 1);
	for (; *marks != '\0'; marks++)
		pcap_packet(o, s++, 0, (uint8_t)*marks, 10, 20);
}

/* Several files in any order are one timeline. */
static void test_order(void **state)
{
	static struct bytes o;
	const struct capture_file *files;
	char path[3][128], marks[64];
	const char *paths[3] = { path[0], path[1], path[2] };
	struct capture_spec spec = spec_of(paths, 3);
	struct frame f[5];
	struct capture *c;
	struct tmp t;
	struct err e;

	(void)state;
	tmp_make(&t);
	marked(&o, T0 + 100, "ghi");
	strcpy(path[0], tmp_write(&t, "a", o.b, o.n));
	marked(&o, T0, "abc");
	strcpy(path[1], tmp_write(&t, "b", o.b, o.n));
	marked(&o, T0 + 50, "def");
	strcpy(path[2], tmp_write(&t, "c", o.b, o.n));
	c = capture_open(&spec, &e);
	assert_non_null(c);
	assert_int_equal(read_all(c, marks), 9);
	assert_string_equal(marks, "abcdefghi");
	assert_int_equal(capture_files(c, &files), 3);
	assert_string_equal(files[0].path, path[1]);
	assert_string_equal(files[2].path, path[0]);
	assert_int_equal(files[1].packets, 3);
	assert_int_equal(files[1].selected, 3);
	assert_int_equal(files[1].bytes, 24 + 3 * 26);
	assert_int_equal(files[1].bytes_read, 24 + 3 * 26);
	capture_close(c);

	c = capture_open(&spec, &e);
	assert_non_null(c);
	assert_int_equal(capture_read(c, f, 5), 3);
	assert_int_equal(f[0].file, 0);
	assert_int_equal(capture_read(c, f, 5), 3);
	assert_int_equal(f[2].file, 1);
	capture_close(c);
	tmp_remove(&t);
}

static void test_folder(void **state)
{
	static struct bytes o;
	const struct capture_file *files;
	const char *paths[1];
	struct capture_spec spec = spec_of(paths, 1);
	char marks[64];
	struct capture *c;
	struct tmp t;
	struct err e;

	(void)state;
	tmp_make(&t);
	paths[0] = t.dir;
	assert_null(capture_open(&spec, &e));
	assert_non_null(strstr(e.text, "no capture"));
	tmp_write(&t, "README", "text", 4);
	tmp_write(&t, "empty.pcap", "", 0);
	assert_null(capture_open(&spec, &e));
	marked(&o, T0 + 9, "xyz");
	tmp_write(&t, "r.pcap0", o.b, o.n);
	marked(&o, T0, "uvw");
	tmp_write(&t, "r.pcap1", o.b, o.n - 5); /* still being written */
	c = capture_open(&spec, &e);
	assert_non_null(c);
	assert_int_equal(capture_ignored(c), 2);
	read_all(c, marks);
	assert_string_equal(marks, "uvxyz");
	assert_int_equal(capture_files(c, &files), 2);
	assert_true(files[0].damaged);
	assert_int_equal(files[0].damage_offset, 24 + 2 * 26);
	assert_false(files[1].damaged);
	capture_close(c);
	tmp_remove(&t);
}

static void test_refused(void **state)
{
	static const char *const both[] = { "-", "x" };
	const char *paths[1];
	struct capture_spec spec = spec_of(paths, 1);
	struct tmp t;
	struct err e;

	(void)state;
	tmp_make(&t);
	paths[0] = tmp_write(&t, "note.txt", "hello world, no packets\n", 24);
	assert_null(capture_open(&spec, &e));
	assert_int_equal(e.code, ERR_FORMAT);
	assert_non_null(strstr(e.text, "note.txt"));
	paths[0] = "/nonexistent/file";
	assert_null(capture_open(&spec, &e));
	assert_int_equal(e.code, ERR_IO);
	spec = spec_of(both, 2);
	assert_null(capture_open(&spec, &e));
	assert_int_equal(e.code, ERR_USAGE);
	spec = spec_of(both, 0);
	assert_null(capture_open(&spec, &e));
	tmp_remove(&t);
}

/* The file is there when its time is asked for and gone when it is read. */
static void test_vanished(void **state)
{
	static struct bytes o;
	const struct capture_file *files;
	char path[2][128], marks[64];
	const char *paths[2] = { path[0], path[1] };
	struct capture_spec spec = spec_of(paths, 2);
	struct capture *c;
	struct tmp t;
	struct err e;

	(void)state;
	tmp_make(&t);
	marked(&o, T0, "a");
	strcpy(path[0], tmp_write(&t, "a", o.b, o.n));
	marked(&o, T0 + 1, "b");
	strcpy(path[1], tmp_write(&t, "b", o.b, o.n));
	c = capture_open(&spec, &e);
	assert_non_null(c);
	unlink(path[1]);
	read_all(c, marks);
	assert_string_equal(marks, "a");
	capture_files(c, &files);
	assert_true(files[1].damaged);
	assert_non_null(strstr(files[1].damage, "No such file"));
	capture_close(c);
	tmp_remove(&t);
}

static int (*const filters[])(struct archive *) = {
	archive_write_add_filter_gzip, archive_write_add_filter_zstd,
	archive_write_add_filter_lz4, archive_write_add_filter_xz,
	archive_write_add_filter_bzip2
};

static void sha256_of(const struct bytes *o, char *hex)
{
	uint8_t sum[32];

	EVP_Digest(o->b, o->n, sum, NULL, EVP_sha256(), NULL);
	for (int i = 0; i < 32; i++)
		sprintf(hex + 2 * i, "%02x", sum[i]);
}

static void test_compressed(void **state)
{
	static struct bytes o, z;
	const struct capture_file *files;
	const char *paths[1];
	struct capture_spec spec = spec_of(paths, 1);
	char marks[64], hex[65];
	struct capture *c;
	struct tmp t;
	struct err e;

	(void)state;
	tmp_make(&t);
	spec.want_sha256 = true;
	marked(&o, T0, "compressed");
	for (size_t i = 0; i < 5; i++) {
		compress(&z, &o, filters[i]);
		paths[0] = tmp_write(&t, "z", z.b, z.n);
		spec.hash_thread = i % 2 == 1;
		c = capture_open(&spec, &e);
		assert_non_null(c);
		read_all(c, marks);
		assert_string_equal(marks, "compressed");
		capture_files(c, &files);
		assert_false(files[0].damaged);
		assert_int_equal(files[0].bytes, z.n);
		assert_int_equal(files[0].bytes_read, z.n);
		sha256_of(&z, hex);
		assert_string_equal(files[0].sha256, hex);
		capture_close(c);
	}
	tmp_remove(&t);
}

/* A cut file gives what can be unpacked, says so, and is hashed whole. */
static void test_compressed_cut(void **state)
{
	static struct bytes o, z;
	const struct capture_file *files;
	const char *paths[1];
	struct capture_spec spec = spec_of(paths, 1);
	char hex[65];
	struct frame f[8];
	struct capture *c;
	struct tmp t;
	struct err e;
	size_t n, all = 0;
	uint32_t x = 1;

	(void)state;
	tmp_make(&t);
	spec.want_sha256 = true;
	o.n = 0;
	pcap_head(&o, 0xa1b2c3d4, 1);
	for (int i = 0; i < 8000; i++) {
		pcap_packet(&o, T0 + (uint32_t)i, 0, 0, 20, 20);
		for (int k = 1; k <= 20; k++) {
			x = x * 1664525 + 1013904223;
			o.b[o.n - (size_t)k] = (uint8_t)(x >> 24);
		}
	}
	compress(&z, &o, archive_write_add_filter_gzip);
	z.n = z.n * 9 / 10;
	paths[0] = tmp_write(&t, "z.gz", z.b, z.n);
	c = capture_open(&spec, &e);
	assert_non_null(c);
	while ((n = capture_read(c, f, 8)) > 0)
		all += n;
	/* libarchive hands on whole blocks of 64 KiB */
	assert_in_range(all, 8000 * 8 / 10 - 65536 / 36, 7999);
	capture_files(c, &files);
	assert_true(files[0].damaged);
	assert_int_equal(files[0].packets, all);
	assert_non_null(strstr(files[0].damage, "unpack"));
	sha256_of(&z, hex);
	assert_string_equal(files[0].sha256, hex);
	capture_close(c);
	tmp_remove(&t);
}

/* Bytes behind the damage count for the hash, too; both ways of hashing. */
static void test_sha256(void **state)
{
	static struct bytes o;
	const struct capture_file *files;
	const char *paths[1];
	struct capture_spec spec = spec_of(paths, 1);
	char marks[64], hex[65];
	struct capture *c;
	struct tmp t;
	struct err e;

	(void)state;
	tmp_make(&t);
	spec.want_sha256 = true;
	marked(&o, T0, "hash");
	for (int i = 0; i < 8; i++)
		put32(&o, 0xffffffff);
	paths[0] = tmp_write(&t, "h", o.b, o.n);
	sha256_of(&o, hex);
	for (int i = 0; i < 2; i++) {
		spec.hash_thread = i == 1;
		c = capture_open(&spec, &e);
		assert_non_null(c);
		read_all(c, marks);
		capture_files(c, &files);
		assert_true(files[0].damaged);
		assert_string_equal(files[0].sha256, hex);
		capture_close(c);
	}
	/* stopped before the end: no digest of a part is given */
	c = capture_open(&spec, &e);
	assert_non_null(c);
	capture_stop(c);
	assert_int_equal(read_all(c, marks), 0);
	capture_files(c, &files);
	assert_string_equal(files[0].sha256, "");
	capture_close(c);
	tmp_remove(&t);
}

static void test_range(void **state)
{
	static struct bytes o;
	const struct capture_file *files;
	const char *paths[1];
	struct capture_spec spec = spec_of(paths, 1);
	char marks[64];
	struct capture *c;
	struct tmp t;
	struct err e;

	(void)state;
	tmp_make(&t);
	marked(&o, T0, "abcdef");
	paths[0] = tmp_write(&t, "h", o.b, o.n);
	spec.from.ns = (T0 + 2) * INT64_C(1000000000);
	spec.to.ns = (T0 + 4) * INT64_C(1000000000);
	c = capture_open(&spec, &e);
	assert_non_null(c);
	read_all(c, marks);
	assert_string_equal(marks, "cd");
	capture_files(c, &files);
	assert_int_equal(files[0].packets, 6);
	assert_int_equal(files[0].selected, 2);
	capture_close(c);
	spec.to = TSTAMP_NONE;
	c = capture_open(&spec, &e);
	read_all(c, marks);
	assert_string_equal(marks, "cdef");
	capture_close(c);
	tmp_remove(&t);
}

/* IPv4 UDP from port sport, on Ethernet or raw. */
static void put_udp(struct bytes *o, bool ether, uint16_t sport)
{
	uint8_t p[42] = { [12] = 8,
			  [14] = 0x45,
			  [17] = 28,
			  [22] = 64,
			  [23] = 17,
			  [34] = (uint8_t)(sport >> 8),
			  [35] = (uint8_t)sport,
			  [37] = 53,
			  [39] = 8 };
	size_t skip = ether ? 0 : 14;
	size_t at = block(o, 6);

	put32(o, ether ? 0 : 1);
	put32(o, 0);
	put32(o, sport);
	put32(o, (uint32_t)(42 - skip));
	put32(o, (uint32_t)(42 - skip));
	put(o, p + skip, 42 - skip);
	block_end(o, at);
}

static void check_filter(struct tmp *t, const char *text, size_t selected,
			 size_t unfiltered)
{
	const struct capture_file *files;
	const char *paths[1] = { t->path };
	struct capture_spec spec = spec_of(paths, 1);
	char marks[64];
	struct capture *c;
	struct err e;

	spec.bpf = text;
	c = capture_open(&spec, &e);
	assert_non_null(c);
	assert_int_equal(read_all(c, marks), selected);
	capture_files(c, &files);
	assert_int_equal(files[0].packets, 6);
	assert_int_equal(files[0].selected, selected);
	assert_int_equal(files[0].unfiltered, unfiltered);
	capture_close(c);
}

/* The same text is compiled for the link type of each packet. */
static void test_filter(void **state)
{
	static struct bytes o;
	const char *paths[1];
	struct capture_spec spec = spec_of(paths, 1);
	struct tmp t;
	struct err e;

	(void)state;
	tmp_make(&t);
	ng_section(&o);
	ng_iface(&o, 1, 0, 6, 0);
	ng_iface(&o, 101, 0, 6, 0);
	for (uint16_t i = 0; i < 3; i++) {
		put_udp(&o, true, 1000 + i);
		put_udp(&o, false, 1000 + i);
	}
	tmp_write(&t, "mixed.pcapng", o.b, o.n);
	check_filter(&t, "udp src port 1001", 2, 0);
	check_filter(&t, "tcp", 0, 0);
	check_filter(&t, "", 6, 0);
	check_filter(&t, "ether src 00:00:00:00:00:00", 3, 3);

	o.n = 0;
	marked(&o, T0, "x");
	paths[0] = tmp_write(&t, "x", o.b, o.n);
	spec.bpf = "port and nothing";
	assert_null(capture_open(&spec, &e));
	assert_int_equal(e.code, ERR_USAGE);
	assert_non_null(strstr(e.text, "port and nothing"));
	tmp_remove(&t);
}

struct piped {
	int saved, write_end;
};

static void pipe_to_stdin(struct piped *p)
{
	int fd[2];

	assert_int_equal(pipe(fd), 0);
	p->saved = dup(0);
	p->write_end = fd[1];
	dup2(fd[0], 0);
	close(fd[0]);
}

static void pipe_end(struct piped *p)
{
	dup2(p->saved, 0);
	close(p->saved);
}

/* A live pipe: what is there is given, a record in pieces is waited for. */
static void test_stdin(void **state)
{
	static const char *const paths[] = { "-" };
	static struct bytes o;
	struct capture_spec spec = spec_of(paths, 1);
	const struct capture_file *files;
	struct capture *c;
	struct frame f[8];
	struct piped p;
	struct err e;

	(void)state;
	marked(&o, T0, "abcd");
	pipe_to_stdin(&p);
	spec.idle_ms = 1;
	/* header, two packets and a half */
	assert_int_equal(write(p.write_end, o.b, 24 + 26 * 2 + 13), 89);
	c = capture_open(&spec, &e);
	assert_non_null(c);
	/* the sniffed bytes come first, the rest with the next read */
	assert_int_equal(capture_read(c, f, 8), 2);
	assert_int_equal(f[1].data[0], 'b');
	assert_int_equal(capture_read(c, f, 8), 0);
	assert_false(capture_ended(c));
	assert_int_equal(write(p.write_end, o.b + 89, 13), 13);
	assert_int_equal(capture_read(c, f, 8), 1);
	assert_int_equal(f[0].data[0], 'c');
	assert_int_equal(f[0].offset, 24 + 26 * 2);
	assert_int_equal(capture_read(c, f, 8), 0);
	assert_false(capture_ended(c));
	assert_int_equal(write(p.write_end, o.b + 102, 26), 26);
	close(p.write_end);
	assert_int_equal(capture_read(c, f, 8), 1);
	assert_int_equal(capture_read(c, f, 8), 0);
	assert_true(capture_ended(c));
	assert_int_equal(capture_files(c, &files), 1);
	assert_int_equal(files[0].packets, 4);
	assert_false(files[0].damaged);
	assert_int_equal(files[0].bytes, 0);
	capture_close(c);
	pipe_end(&p);
}

/* A stop while the pipe is open ends the capture without damage. */
static void test_stdin_stop(void **state)
{
	static const char *const paths[] = { "-" };
	static struct bytes o;
	struct capture_spec spec = spec_of(paths, 1);
	const struct capture_file *files;
	struct capture *c;
	struct frame f[8];
	struct piped p;
	struct err e;

	(void)state;
	marked(&o, T0, "ab");
	pipe_to_stdin(&p);
	assert_int_equal(write(p.write_end, o.b, 24 + 26 + 7), 57);
	spec.want_sha256 = true;
	c = capture_open(&spec, &e);
	assert_non_null(c);
	assert_int_equal(capture_read(c, f, 8), 1);
	capture_stop(c);
	assert_int_equal(capture_read(c, f, 8), 0);
	assert_true(capture_ended(c));
	capture_files(c, &files);
	assert_int_equal(files[0].packets, 1);
	assert_false(files[0].damaged);
	assert_string_equal(files[0].sha256, "");
	capture_close(c);
	close(p.write_end);
	pipe_end(&p);
}

/* More than one read buffer: the record that straddles two reads. */
static void test_large(void **state)
{
	const uint32_t n = 3000, cap = 1001;
	const char *paths[1];
	struct capture_spec spec = spec_of(paths, 1);
	struct bytes o = { .n = 0 };
	uint64_t seen = 0;
	struct frame f[64];
	struct capture *c;
	struct tmp t;
	struct err e;
	size_t k;
	FILE *out;

	(void)state;
	tmp_make(&t);
	paths[0] = tmp_write(&t, "large", "", 0);
	out = fopen(t.path, "wb");
	assert_non_null(out);
	pcap_head(&o, 0xa1b23c4d, 1);
	for (uint32_t i = 0; i < n; i++) {
		pcap_packet(&o, T0, i, (uint8_t)i, cap, cap);
		assert_int_equal(fwrite(o.b, 1, o.n, out), o.n);
		o.n = 0;
	}
	assert_int_equal(fclose(out), 0);
	c = capture_open(&spec, &e);
	assert_non_null(c);
	while ((k = capture_read(c, f, 64)) > 0)
		for (size_t i = 0; i < k; i++, seen++) {
			assert_int_equal(f[i].ts.ns % 1000000000, seen);
			assert_int_equal(f[i].offset, 24 + seen * (16 + cap));
			assert_int_equal(f[i].data[0], (uint8_t)seen);
			assert_int_equal(f[i].data[cap - 1], (uint8_t)seen);
		}
	assert_int_equal(seen, n);
	capture_close(c);
	tmp_remove(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_folder),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_vanished),
		cmocka_unit_test(test_compressed),
		cmocka_unit_test(test_compressed_cut),
		cmocka_unit_test(test_sha256),
		cmocka_unit_test(test_range),
		cmocka_unit_test(test_filter),
		cmocka_unit_test(test_stdin),
		cmocka_unit_test(test_stdin_stop),
		cmocka_unit_test(test_large),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
