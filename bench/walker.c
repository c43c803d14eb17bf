/*
 * walker.c - the reference that the tool's speed is measured against.
 *
 *   walker FILE.pcap [log2 of the table size, default 20]
 *
 * The least that anything keeping flows must do: read the file, decode the
 * 5-tuple (Ethernet, VLAN, IPv4 or IPv6 without extension headers, TCP or
 * UDP), one look-up in a flow table of 64-byte entries, count packets and
 * bytes in both directions.  Batches of 32 with prefetch, read() of 1 MiB,
 * no options, no time-out, no checks beyond memory safety; little-endian
 * pcap only.  It uses nothing of the tool, so that it cannot follow it.
 */
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define BATCH	 32
#define READ_LEN (1024 * 1024)
#define TAIL_LEN (256 * 1024)

struct key {
	uint64_t lo[2], hi[2]; /* the smaller endpoint's address first */
	uint16_t lo_port, hi_port;
	uint8_t proto;
	uint8_t zero[3];
};

struct flow {
	struct key key; /* proto 0: free */
	uint32_t packets[2];
	uint32_t bytes[2];
	uint64_t pad;
};
_Static_assert(sizeof(struct key) == 40, "compared as bytes");
_Static_assert(sizeof(struct flow) == 64, "one cache line");

struct parsed {
	struct key key;
	uint32_t hash;
	uint32_t len;
	bool from_hi;
};

struct totals {
	uint64_t packets, bytes, others, flows;
};

static inline uint32_t le32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, 4); /* little-endian machine: x86, ARM */
	return v;
}

static inline uint16_t be16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t key_hash(const struct key *k)
{
	const uint64_t m = UINT64_C(0x9e3779b97f4a7c15);
	uint64_t h = (k->lo[0] ^ k->lo[1] * m) * m;

	h = (h ^ h >> 32 ^ k->hi[0] ^ k->hi[1] * m) * m;
	h ^= (uint64_t)k->lo_port << 32 | (uint64_t)k->hi_port << 16 | k->proto;
	h = (h ^ h >> 32) * m;
	return (uint32_t)(h >> 32);
}

static inline void set_key(struct parsed *out, const uint64_t *src,
			   const uint64_t *dst, uint16_t sport, uint16_t dport)
{
	struct key *k = &out->key;

	out->from_hi = src[0] != dst[0]	  ? src[0] > dst[0]
		       : src[1] != dst[1] ? src[1] > dst[1]
					  : sport > dport;
	memcpy(k->lo, out->from_hi ? dst : src, 16);
	memcpy(k->hi, out->from_hi ? src : dst, 16);
	k->lo_port = out->from_hi ? dport : sport;
	k->hi_port = out->from_hi ? sport : dport;
	memset(k->zero, 0, sizeof(k->zero));
}

static inline bool parse(const uint8_t *p, uint32_t cap, struct parsed *out)
{
	const uint8_t *end = p + cap, *l4;
	uint64_t src[2] = { 0, 0 }, dst[2] = { 0, 0 };
	uint16_t type;
	uint8_t proto;

	if (cap < 34)
		return false;
	type = be16(p + 12);
	p += 14;
	while ((type == 0x8100 || type == 0x88a8) && end - p >= 4) {
		type = be16(p + 2);
		p += 4;
	}
	if (type == 0x0800 && end - p >= 20) {
		proto = p[9];
		src[1] = le32(p + 12);
		dst[1] = le32(p + 16);
		l4 = p + (p[0] & 15) * 4;
		out->len = be16(p + 2);
	} else if (type == 0x86dd && end - p >= 40) {
		proto = p[6];
		memcpy(src, p + 8, 16);
		memcpy(dst, p + 24, 16);
		l4 = p + 40;
		out->len = 40u + be16(p + 4);
	} else {
		return false;
	}
	if ((proto != 6 && proto != 17) || end - l4 < 4)
		return false;
	out->key.proto = proto;
	set_key(out, src, dst, be16(l4), be16(l4 + 2));
	out->hash = key_hash(&out->key);
	return true;
}

static void update(struct flow *table, uint32_t mask, const struct parsed *p,
		   struct totals *t)
{
	uint32_t i = p->hash & mask;
	struct flow *f;

	for (;; i = (i + 1) & mask) {
		f = &table[i];
		if (memcmp(&f->key, &p->key, sizeof(f->key)) == 0)
			break;
		if (f->key.proto == 0) {
			if (++t->flows > (uint64_t)mask * 9 / 10) {
				fprintf(stderr, "flow table is full\n");
				exit(1);
			}
			f->key = p->key;
			break;
		}
	}
	f->packets[p->from_hi]++;
	f->bytes[p->from_hi] += p->len;
	t->packets++;
	t->bytes += p->len;
}

/* Uses whole records of [p, end) and returns where it stopped. */
static const uint8_t *use(const uint8_t *p, const uint8_t *end,
			  struct flow *table, uint32_t mask, struct totals *t)
{
	struct parsed batch[BATCH];
	uint32_t cap;
	int n;

	for (;;) {
		n = 0;
		while (n < BATCH && end - p >= 16) {
			cap = le32(p + 8);
			if (cap > (size_t)(end - p) - 16)
				break;
			if (parse(p + 16, cap, &batch[n])) {
				__builtin_prefetch(&table[batch[n].hash & mask],
						   1);
				n++;
			} else {
				t->others++;
			}
			p += 16 + cap;
		}
		if (n == 0)
			return p;
		for (int i = 0; i < n; i++)
			update(table, mask, &batch[i], t);
	}
}

static bool walk(int fd, struct flow *table, uint32_t mask, struct totals *t)
{
	uint8_t *buf = malloc(TAIL_LEN + READ_LEN), *start = buf + TAIL_LEN;
	const uint8_t *p;
	size_t tail = 0;
	bool first = true;
	ssize_t got;

	if (buf == NULL)
		return false;
	while ((got = read(fd, start, READ_LEN)) > 0) {
		p = start - tail;
		if (first) {
			if (got < 24 ||
			    (le32(p) != 0xa1b2c3d4 && le32(p) != 0xa1b23c4d)) {
				fprintf(stderr, "not little-endian pcap\n");
				break;
			}
			p += 24;
			first = false;
		}
		p = use(p, start + got, table, mask, t);
		tail = (size_t)(start + got - p);
		if (tail > TAIL_LEN)
			break;
		memmove(start - tail, p, tail);
	}
	free(buf);
	return got == 0 && tail == 0;
}

int main(int argc, char **argv)
{
	uint32_t bits = argc > 2 ? (uint32_t)atoi(argv[2]) : 20;
	struct totals t = { 0 };
	struct timespec cpu;
	struct flow *table;
	double s;
	bool ok;
	int fd;

	if (argc < 2 || bits < 4 || bits > 28) {
		fprintf(stderr, "usage: walker FILE.pcap [table bits]\n");
		return 2;
	}
	fd = open(argv[1], O_RDONLY);
	if (fd < 0) {
		perror(argv[1]);
		return 1;
	}
	table = aligned_alloc(64, sizeof(*table) << bits);
	if (table == NULL)
		return 1;
	memset(table, 0, sizeof(*table) << bits);
	ok = walk(fd, table, (1u << bits) - 1, &t);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu);
	s = (double)cpu.tv_sec + (double)cpu.tv_nsec * 1e-9;
	printf("packets %llu bytes %llu others %llu flows %llu cpu %.4f s\n",
	       (unsigned long long)t.packets, (unsigned long long)t.bytes,
	       (unsigned long long)t.others, (unsigned long long)t.flows, s);
	printf("%.2f ns per packet\n",
	       t.packets > 0 ? s * 1e9 / (double)(t.packets + t.others) : 0.0);
	free(table);
	close(fd);
	return ok ? 0 : 1;
}
