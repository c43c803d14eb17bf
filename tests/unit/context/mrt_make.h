/*
 * mrt_make.h - small MRT files for the tests, in memory.
 */
#ifndef TEST_MRT_MAKE_H
#define TEST_MRT_MAKE_H

#include <assert.h>
#include <string.h>

#include "context/replay.h"

struct make {
	uint8_t b[1 << 20];
	size_t n, start; /* start: of the record that is open */
};

static inline void mk8(struct make *m, unsigned v)
{
	assert(m->n < sizeof(m->b));
	m->b[m->n++] = (uint8_t)v;
}

static inline void mk16(struct make *m, unsigned v)
{
	mk8(m, v >> 8);
	mk8(m, v & 255);
}

static inline void mk32(struct make *m, uint32_t v)
{
	mk16(m, v >> 16);
	mk16(m, v & 0xffff);
}

static inline void mk_set16(struct make *m, size_t at, size_t v)
{
	m->b[at] = (uint8_t)(v >> 8);
	m->b[at + 1] = (uint8_t)v;
}

static inline void mk_open(struct make *m, uint32_t sec, unsigned type,
			   unsigned subtype)
{
	m->start = m->n;
	mk32(m, sec);
	mk16(m, type);
	mk16(m, subtype);
	mk32(m, 0);
}

static inline void mk_close(struct make *m)
{
	size_t len = m->n - m->start - 12;

	mk_set16(m, m->start + 8, len >> 16);
	mk_set16(m, m->start + 10, len & 0xffff);
}

static inline void mk_peer(struct make *m, unsigned peer)
{
	mk32(m, 100 + peer); /* AS */
	mk32(m, 6447);
	mk16(m, 0);
	mk16(m, 1);
	mk32(m, 0x0a000000 + peer);
	mk32(m, 0x0a0000ff);
}

static inline void mk_net(struct make *m, uint32_t net, unsigned len)
{
	mk8(m, len);
	for (unsigned i = 0; i < (len + 7) / 8; i++)
		mk8(m, net >> (24 - 8 * i) & 255);
}

/* ORIGIN, AS_PATH peer 4837 origin, NEXT_HOP */
static inline void mk_attrs(struct make *m, unsigned peer, uint32_t origin)
{
	size_t len = m->n;

	mk16(m, 0);
	mk32(m, 0x40010100);
	mk8(m, 0x40);
	mk8(m, 2);
	mk8(m, 14);
	mk8(m, 2);
	mk8(m, 3);
	mk32(m, 100 + peer);
	mk32(m, 4837);
	mk32(m, origin);
	mk8(m, 0x40);
	mk8(m, 3);
	mk8(m, 4);
	mk32(m, 0x0a000000 + peer);
	mk_set16(m, len, m->n - len - 2);
}

static inline void mk_bgp(struct make *m, size_t *len)
{
	for (int i = 0; i < 16; i++)
		mk8(m, 255);
	*len = m->n;
	mk16(m, 0);
	mk8(m, 2);
}

static inline void mk_announce(struct make *m, uint32_t sec, unsigned peer,
			       uint32_t net, uint32_t origin)
{
	size_t len;

	mk_open(m, sec, 16, 4);
	mk_peer(m, peer);
	mk_bgp(m, &len);
	mk16(m, 0);
	mk_attrs(m, peer, origin);
	mk_net(m, net, 24);
	mk_set16(m, len, m->n - len + 16);
	mk_close(m);
}

static inline void mk_withdraw(struct make *m, uint32_t sec, unsigned peer,
			       uint32_t net)
{
	size_t len;

	mk_open(m, sec, 16, 4);
	mk_peer(m, peer);
	mk_bgp(m, &len);
	mk16(m, 4);
	mk_net(m, net, 24);
	mk16(m, 0);
	mk_set16(m, len, m->n - len + 16);
	mk_close(m);
}

static inline void mk_state(struct make *m, uint32_t sec, unsigned peer,
			    unsigned from, unsigned to)
{
	mk_open(m, sec, 16, 5);
	mk_peer(m, peer);
	mk16(m, from);
	mk16(m, to);
	mk_close(m);
}

/* A table in which every peer has every net. */
static inline void mk_table(struct make *m, uint32_t sec, unsigned peers,
			    const uint32_t *net, unsigned nets, uint32_t origin)
{
	mk_open(m, sec, 13, 1);
	mk32(m, 0);
	mk16(m, 0);
	mk16(m, peers);
	for (unsigned i = 0; i < peers; i++) {
		mk8(m, 2);
		mk32(m, i);
		mk32(m, 0x0a000000 + i);
		mk32(m, 100 + i);
	}
	mk_close(m);
	for (unsigned k = 0; k < nets; k++) {
		mk_open(m, sec, 13, 2);
		mk32(m, k);
		mk_net(m, net[k], 24);
		mk16(m, peers);
		for (unsigned i = 0; i < peers; i++) {
			mk16(m, i);
			mk32(m, sec - 1000);
			mk_attrs(m, i, origin);
		}
		mk_close(m);
	}
}

static inline struct mrt *mk_reader(const void *p, size_t n)
{
	struct mrt_in *in = mrt_in_memory(p, n, NULL);

	assert(in);
	return mrt_new(in, NULL);
}

#endif
