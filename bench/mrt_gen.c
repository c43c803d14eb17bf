/*
 * mrt_gen.c - large MRT files for the benchmarks; same options, same bytes.
 *
 *	mrt_gen rib NETWORKS PEERS > FILE      one TABLE_DUMP_V2 table
 *	mrt_gen addresses N > FILE             IPv4 addresses, one a line
 *
 * Networks: mostly /24, some /16 to /23, the rest longer or shorter, spread
 * over the unicast space; 13 in one origin AS, as in the table of today.
 * Paths: peer, one to three transit ASes chosen by origin and peer, origin;
 * some prepended.  A peer uses one path for all the networks of an origin,
 * with one exception in sixteen.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RIB_TIME 1700000000u

static uint64_t mix(uint64_t x)
{
	x += UINT64_C(0x9e3779b97f4a7c15);
	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	return x ^ x >> 31;
}

static uint8_t *be16(uint8_t *p, unsigned v)
{
	*p++ = (uint8_t)(v >> 8);
	*p++ = (uint8_t)v;
	return p;
}

static uint8_t *be32(uint8_t *p, uint32_t v)
{
	return be16(be16(p, v >> 16), v & 0xffff);
}

static void record(uint8_t *buf, uint8_t *end, unsigned subtype)
{
	be32(be16(be16(be32(buf, RIB_TIME), 13), subtype),
	     (uint32_t)(end - buf - 12));
	fwrite(buf, 1, (size_t)(end - buf), stdout);
}

static void peer_table(uint8_t *buf, unsigned peers)
{
	uint8_t *p = buf + 12;

	p = be32(p, 0x80df3366);
	p = be16(p, 0);
	p = be16(p, peers);
	for (unsigned i = 0; i < peers; i++) {
		*p++ = 2;
		p = be32(p, 0xc6120000u + i);
		p = be32(p, 0xc6120000u + i);
		p = be32(p, 1000 + i * 7);
	}
	record(buf, p, 1);
}

static uint8_t *path(uint8_t *p, uint32_t origin, unsigned peer, unsigned odd)
{
	uint64_t h = mix((uint64_t)origin << 20 | peer << 4 | odd);
	unsigned transits = 1 + h % 3, prepends = h >> 8 & 15 ? 1 : 3, n;

	n = 1 + transits + prepends;
	*p++ = 0x40;
	*p++ = 2;
	*p++ = (uint8_t)(2 + 4 * n);
	*p++ = 2;
	*p++ = (uint8_t)n;
	p = be32(p, 1000 + peer * 7);
	for (unsigned i = 0; i < transits; i++)
		p = be32(p, 2000 + (uint32_t)(mix(h + i) % 60));
	while (prepends-- > 0)
		p = be32(p, origin);
	return p;
}

static uint8_t *entry(uint8_t *p, uint32_t origin, unsigned peer, unsigned odd)
{
	uint8_t *attrs, *len;

	p = be16(p, peer);
	p = be32(p, RIB_TIME - 86400 - origin % 86400);
	len = p;
	attrs = p += 2;
	memcpy(p, "\x40\x01\x01\x00", 4);
	p = path(p + 4, origin, peer, odd);
	memcpy(p, "\x40\x03\x04", 3);
	p = be32(p + 3, 0xc6120000u + peer);
	if (origin % 3 == 0) {
		memcpy(p, "\xc0\x08\x08", 3);
		p = be32(p + 3, (1000 + peer * 7) << 16 | 100);
		p = be32(p, (2000u + origin % 60) << 16 | 300);
	}
	be16(len, (unsigned)(p - attrs));
	return p;
}

static int rib(unsigned networks, unsigned peers)
{
	uint8_t *buf = malloc(64 + peers * 256u);
	uint32_t base = 0x01000000, step = 0xdd000000u / networks;
	unsigned least = 32;

	while (least > 8 && UINT32_C(1) << (33 - least) <= step)
		least--;
	if (!buf)
		return 1;
	peer_table(buf, peers);
	for (unsigned i = 0; i < networks; i++) {
		uint32_t origin = 3000 + i / 13;
		uint64_t h = mix(i);
		unsigned len = h % 10 < 6 ? 24 : 16 + h % 9;
		uint8_t *p = buf + 12;

		if (len < least)
			len = least;
		/* one network per step, so that none comes twice */
		p = be32(p, i);
		*p++ = (uint8_t)len;
		be32(p, base & ~(0xffffffffu >> len));
		p += (len + 7) / 8;
		p = be16(p, peers);
		for (unsigned k = 0; k < peers; k++)
			p = entry(p, origin, k, (h >> 16 & 15) == 0);
		record(buf, p, 2);
		base += step;
	}
	free(buf);
	return fflush(stdout) == 0 ? 0 : 1;
}

static int addresses(unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		uint32_t a = 0x01000000 + (uint32_t)(mix(i + 77) % 0xdd000000u);

		printf("%u.%u.%u.%u\n", a >> 24, a >> 16 & 255, a >> 8 & 255,
		       a & 255);
	}
	return fflush(stdout) == 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
	if (argc == 4 && strcmp(argv[1], "rib") == 0)
		return rib((unsigned)strtoul(argv[2], NULL, 10),
			   (unsigned)strtoul(argv[3], NULL, 10));
	if (argc == 3 && strcmp(argv[1], "addresses") == 0)
		return addresses((unsigned)strtoul(argv[2], NULL, 10));
	fputs("usage: mrt_gen rib NETWORKS PEERS | addresses N\n", stderr);
	return 2;
}
