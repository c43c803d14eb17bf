/*
 * pcapng.c - sections, interfaces and packets of a pcapng file.
 * Source: draft-ietf-opsawg-pcapng.  Read: SHB, IDB, EPB, SPB, the obsolete
 * Packet Block, and drop counts of ISB; every other block is stepped over.
 * Interfaces differ in link type, snap length and clock; each packet carries
 * its own.  A Simple Packet Block has no time: TSTAMP_NONE, never zero.
 */
#include "capture/reader_impl.h"

#include <inttypes.h>
#include <stdlib.h>

enum {
	BLOCK_IDB = 1,
	BLOCK_OPB = 2,
	BLOCK_SPB = 3,
	BLOCK_ISB = 5,
	BLOCK_EPB = 6,
	BLOCK_SHB = 0x0a0d0d0a,
};

struct block {
	const uint8_t *body; /* borrowed from the buffer */
	size_t len;	     /* of the body */
	uint64_t offset;     /* of the block in the stream */
};

static struct tstamp time_add(int64_t s, int64_t ns)
{
	int64_t t;

	if (__builtin_mul_overflow(s, INT64_C(1000000000), &t) ||
	    __builtin_add_overflow(t, ns, &t))
		return TSTAMP_NONE;
	return (struct tstamp){ t };
}

struct tstamp pcapng_time(uint64_t ticks, uint8_t tsresol, int64_t offset_s)
{
	unsigned n = tsresol & 0x7f;
	uint64_t per_s = 1, s, ns;
	int64_t sum;

	if (tsresol & 0x80) {
		if (n > 63)
			return TSTAMP_NONE;
		s = ticks >> n;
		ticks -= n > 0 ? s << n : ticks;
		ns = (uint64_t)((unsigned __int128)ticks * 1000000000 >> n);
	} else {
		if (n > 19)
			return TSTAMP_NONE; /* a tick would be below 2^-64 s */
		for (unsigned i = 0; i < n; i++)
			per_s *= 10;
		s = ticks / per_s;
		ns = ticks % per_s;
		for (; n < 9; n++)
			ns *= 10;
		for (; n > 9; n--)
			ns /= 10;
	}
	if (s > INT64_MAX || __builtin_add_overflow((int64_t)s, offset_s, &sum))
		return TSTAMP_NONE;
	return time_add(sum, (int64_t)ns);
}

/* Decimal digits that the clock of an interface resolves, 0 to 9. */
static uint8_t time_digits(uint8_t tsresol)
{
	unsigned n = tsresol & 0x7f;

	if (tsresol & 0x80)
		n = n * 301 / 1000; /* log10(2) */
	return (uint8_t)(n > 9 ? 9 : n);
}

/* Next option: its value, length and code; false at the end of options.
 * *bad when one reaches past the block. */
static bool next_option(const struct reader *r, struct rd *opt, uint16_t *code,
			struct rd *value, bool *bad)
{
	const uint8_t *p;
	uint16_t len;

	if (opt->left < 4)
		return false;
	p = rd_bytes(opt, 4);
	*code = reader_u16(r, p);
	len = reader_u16(r, p + 2);
	if (*code == 0)
		return false;
	*value = rd_sub(opt, len);
	if (!rd_ok(value)) {
		*bad = true;
		return false;
	}
	/* the padding of the last option may be missing */
	rd_skip(opt, opt->left < 3u ? opt->left : (4u - (len & 3u)) & 3u);
	return true;
}

static bool section(struct reader *r, const struct block *b)
{
	if (b->len < 16) {
		reader_damage(r, b->offset, "section header is too short");
		return false;
	}
	if (reader_u16(r, b->body + 4) != 1) {
		reader_damage(r, b->offset, "pcapng version %u.%u is not known",
			      reader_u16(r, b->body + 4),
			      reader_u16(r, b->body + 6));
		return false;
	}
	r->first_if = r->n_ifs;
	return true;
}

static bool interface(struct reader *r, const struct block *b)
{
	struct ng_iface f = { .tsresol = 6 }, *grown;
	struct rd opt, value;
	bool bad = false;
	uint16_t code;
	size_t cap;

	if (b->len < 8) {
		reader_damage(r, b->offset, "interface block is too short");
		return false;
	}
	f.linktype = reader_u16(r, b->body);
	f.snaplen = reader_u32(r, b->body + 4);
	opt = rd_make(b->body + 8, b->len - 8);
	while (next_option(r, &opt, &code, &value, &bad)) {
		if (code == 9 && value.left >= 1)
			f.tsresol = value.p[0];
		else if (code == 14 && value.left >= 8)
			f.tsoffset = (int64_t)reader_u64(r, value.p);
	}
	if (bad) {
		reader_damage(r, b->offset,
			      "an option reaches past its interface block");
		return false;
	}
	if (r->n_ifs == r->cap_ifs) {
		cap = r->cap_ifs > 0 ? r->cap_ifs * 2 : 8;
		if (cap > READER_MAX_IFACES) {
			reader_damage(r, b->offset, "more than %zu interfaces",
				      r->n_ifs);
			return false;
		}
		grown = realloc(r->ifs, cap * sizeof(*grown));
		if (grown == NULL) {
			reader_damage(r, b->offset,
				      "no memory for interface %zu", r->n_ifs);
			return false;
		}
		r->ifs = grown;
		r->cap_ifs = cap;
	}
	r->ifs[r->n_ifs++] = f;
	if (f.snaplen > r->cf->snaplen)
		r->cf->snaplen = f.snaplen;
	if (time_digits(f.tsresol) > r->cf->time_digits)
		r->cf->time_digits = time_digits(f.tsresol);
	return true;
}

static struct ng_iface *find_iface(struct reader *r, const struct block *b,
				   uint32_t id)
{
	if (id < r->n_ifs - r->first_if)
		return &r->ifs[r->first_if + id];
	reader_damage(r, b->offset,
		      "a packet names interface %" PRIu32
		      ", the section has declared %zu",
		      id, r->n_ifs - r->first_if);
	return NULL;
}

/* Counters since the start of the capture: the latest one holds. */
static void statistics(struct reader *r, const struct block *b)
{
	struct ng_iface *f;
	struct rd opt, value;
	bool bad = false;
	uint64_t drops = 0;
	uint16_t code;
	uint32_t id;

	if (b->len < 12)
		return;
	id = reader_u32(r, b->body);
	if (id >= r->n_ifs - r->first_if)
		return;
	f = &r->ifs[r->first_if + id];
	opt = rd_make(b->body + 12, b->len - 12);
	while (next_option(r, &opt, &code, &value, &bad))
		if ((code == 5 || code == 7) && value.left >= 8)
			drops += reader_u64(r, value.p);
	r->cf->drops += drops - f->drops;
	f->drops = drops;
}

/* Lost between the packet before and this one. */
static void packet_drops(struct reader *r, const uint8_t *p, size_t len)
{
	struct rd opt = rd_make(p, len), value;
	bool bad = false;
	uint16_t code;

	while (next_option(r, &opt, &code, &value, &bad))
		if (code == 4 && value.left >= 8)
			r->cf->drops += reader_u64(r, value.p);
}

static void count(struct capture_file *cf, struct tstamp t)
{
	cf->packets++;
	if (!tstamp_known(t)) {
		cf->no_time++;
		return;
	}
	if (!tstamp_known(cf->first) || t.ns < cf->first.ns)
		cf->first = t;
	if (t.ns > cf->last.ns)
		cf->last = t;
}

/* Enhanced Packet Block and the obsolete Packet Block. */
static bool packet(struct reader *r, const struct block *b, bool old,
		   struct frame *f)
{
	const uint8_t *p = b->body;
	uint32_t id, caplen, wirelen, padded;
	struct ng_iface *ng;
	uint64_t ticks;

	if (b->len < 20) {
		reader_damage(r, b->offset, "packet block is too short");
		return false;
	}
	id = old ? reader_u16(r, p) : reader_u32(r, p);
	if (old && reader_u16(r, p + 2) != 0xffff)
		r->cf->drops += reader_u16(r, p + 2);
	ticks = (uint64_t)reader_u32(r, p + 4) << 32 | reader_u32(r, p + 8);
	caplen = reader_u32(r, p + 12);
	wirelen = reader_u32(r, p + 16);
	ng = find_iface(r, b, id);
	if (ng == NULL)
		return false;
	if (caplen > READER_MAX_SNAP || caplen > b->len - 20) {
		reader_damage(r, b->offset,
			      "packet %" PRIu64 " claims %" PRIu32
			      " captured bytes in a block with room for %zu",
			      r->cf->packets + 1, caplen, b->len - 20);
		return false;
	}
	padded = (caplen + 3) & ~3u;
	if (!old && b->len - 20 > padded)
		packet_drops(r, p + 20 + padded, b->len - 20 - padded);
	*f = (struct frame){
		.data = p + 20,
		.ts = pcapng_time(ticks, ng->tsresol, ng->tsoffset),
		.offset = b->offset,
		.caplen = caplen,
		.wirelen = wirelen > caplen ? wirelen : caplen,
		.linktype = ng->linktype,
		.iface = (uint32_t)(r->first_if + id),
	};
	return true;
}

static bool simple_packet(struct reader *r, const struct block *b,
			  struct frame *f)
{
	struct ng_iface *ng = find_iface(r, b, 0);
	uint32_t wirelen, caplen;

	if (ng == NULL)
		return false;
	if (b->len < 4) {
		reader_damage(r, b->offset, "packet block is too short");
		return false;
	}
	wirelen = caplen = reader_u32(r, b->body);
	if (ng->snaplen > 0 && caplen > ng->snaplen)
		caplen = ng->snaplen;
	/* without a snap length only the block tells what was captured */
	if (caplen > b->len - 4)
		caplen = (uint32_t)(b->len - 4);
	if (caplen > READER_MAX_SNAP) {
		reader_damage(r, b->offset, "packet %" PRIu64 " is too large",
			      r->cf->packets + 1);
		return false;
	}
	*f = (struct frame){
		.data = b->body + 4,
		.ts = TSTAMP_NONE,
		.offset = b->offset,
		.caplen = caplen,
		.wirelen = wirelen,
		.linktype = ng->linktype,
		.iface = (uint32_t)r->first_if,
	};
	return true;
}

/* True when f was filled; false for other blocks and on damage. */
static bool use_block(struct reader *r, uint32_t type, const struct block *b,
		      struct frame *f)
{
	switch (type) {
	case BLOCK_SHB:
		section(r, b);
		return false;
	case BLOCK_IDB:
		interface(r, b);
		return false;
	case BLOCK_ISB:
		statistics(r, b);
		return false;
	case BLOCK_EPB:
		return packet(r, b, false, f);
	case BLOCK_OPB:
		return packet(r, b, true, f);
	case BLOCK_SPB:
		return simple_packet(r, b, f);
	}
	r->cf->skipped++;
	return false;
}

/* A section says its own byte order. */
static bool byte_order(struct reader *r, const uint8_t *p)
{
	if (get_le32(p) == 0x1a2b3c4d)
		r->swapped = false;
	else if (get_be32(p) == 0x1a2b3c4d)
		r->swapped = true;
	else
		return false;
	return true;
}

size_t pcapng_read(struct reader *r, struct frame *out, size_t max)
{
	struct block b;
	const uint8_t *p;
	uint32_t type, total;
	size_t n = 0, have;

	while (n < max) {
		p = r->buf + r->pos;
		have = r->end - r->pos;
		if (have < 12)
			break;
		type = reader_u32(r, p);
		b.offset = reader_offset(r);
		if (type == BLOCK_SHB && !byte_order(r, p + 8)) {
			reader_damage(r, b.offset,
				      "section header without byte order");
			break;
		}
		total = reader_u32(r, p + 4);
		if (total < 12 || (total & 3) != 0) {
			reader_damage(r, b.offset,
				      "block of type 0x%" PRIx32
				      " claims a length of %" PRIu32,
				      type, total);
			break;
		}
		if (total > TAIL_LEN) {
			if (type <= BLOCK_SPB || type == BLOCK_ISB ||
			    type == BLOCK_EPB || type == BLOCK_SHB) {
				reader_damage(r, b.offset,
					      "block of type 0x%" PRIx32
					      " claims a length of %" PRIu32,
					      type, total);
				break;
			}
			r->cf->skipped++;
			r->skip = total;
			break;
		}
		if (have < total)
			break;
		if (reader_u32(r, p + total - 4) != total) {
			reader_damage(r, b.offset,
				      "the two lengths of a block differ "
				      "(%" PRIu32 " and %" PRIu32 ")",
				      total, reader_u32(r, p + total - 4));
			break;
		}
		b.body = p + 8;
		b.len = total - 12;
		if (use_block(r, type, &b, &out[n])) {
			count(r->cf, out[n].ts);
			out[n].number = r->cf->packets;
			n++;
		}
		if (r->state == READER_END)
			break;
		r->pos += total;
	}
	return n;
}

bool pcapng_start(struct reader *r, struct err *e)
{
	const uint8_t *p = r->buf + r->pos;

	if (r->end - r->pos < 12)
		return err_at(e, ERR_TRUNCATED, r->end - r->pos,
			      "file ends inside the section header");
	if (!byte_order(r, p + 8))
		return err_set(e, ERR_FORMAT,
			       "pcapng section header without byte order");
	return true;
}
