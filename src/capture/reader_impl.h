/*
 * reader_impl.h - what reader.c, pcap.c and pcapng.c share; nobody else
 * includes it.
 */
#ifndef CAPTURE_READER_IMPL_H
#define CAPTURE_READER_IMPL_H

#include "base/rd.h"
#include "capture/reader.h"

/* One read() of this size: methods/performance.md section 3. */
#define READ_LEN (1024 * 1024)
/* Room before it for the record that straddles two reads.  Holds the largest
 * packet record with its options; larger blocks are stepped over. */
#define TAIL_LEN (512 * 1024)

struct ng_iface {
	uint16_t linktype;
	uint8_t tsresol;  /* as in the file: bit 7 set = power of two */
	uint32_t snaplen; /* 0 = no limit */
	int64_t tsoffset; /* seconds */
	uint64_t drops;	  /* latest of the interface's statistics */
};

struct reader {
	struct source *src;	 /* owned */
	struct capture_file *cf; /* borrowed */
	uint8_t *buf;		 /* TAIL_LEN + READ_LEN */
	size_t pos, end;	 /* of what is not yet used */
	uint64_t base;		 /* stream offset of buf[0]; may wrap */
	uint64_t skip;		 /* bytes to step over before the next record */
	enum reader_state state;
	bool is_ng, swapped; /* swapped: big endian */
	bool at_end;	     /* the source has no more */

	/* pcap */
	uint16_t linktype;
	uint32_t sub_ns;     /* nanoseconds per unit of the fraction */
	uint32_t header_len; /* of a record: 16, or 24 (Kuznetzov) */

	/* pcapng */
	struct ng_iface *ifs;
	size_t n_ifs, cap_ifs;
	size_t first_if; /* of this section */
};

static inline uint16_t reader_u16(const struct reader *r, const uint8_t *p)
{
	return r->swapped ? get_be16(p) : get_le16(p);
}

static inline uint32_t reader_u32(const struct reader *r, const uint8_t *p)
{
	return r->swapped ? get_be32(p) : get_le32(p);
}

static inline uint64_t reader_u64(const struct reader *r, const uint8_t *p)
{
	return r->swapped ? get_be64(p) : get_le64(p);
}

/* Stream offset of the next byte. */
static inline uint64_t reader_offset(const struct reader *r)
{
	return r->base + r->pos;
}

/* Ends the file: everything before was good. */
void reader_damage(struct reader *r, uint64_t offset, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* Makes at least n <= TAIL_LEN bytes available at pos unless the file ends
 * before; false then, and when idle. */
bool reader_need(struct reader *r, size_t n);

bool pcap_start(struct reader *r, struct err *e);
size_t pcap_read(struct reader *r, struct frame *out, size_t max);
bool pcapng_start(struct reader *r, struct err *e);
size_t pcapng_read(struct reader *r, struct frame *out, size_t max);

/* Time of a pcapng packet; TSTAMP_NONE when beyond what we can hold. */
struct tstamp pcapng_time(uint64_t ticks, uint8_t tsresol, int64_t offset_s);

#endif
