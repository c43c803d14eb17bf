/*
 * pcap.c - the classic format: microseconds, nanoseconds, both byte orders,
 * and Alexey Kuznetzov's variant with 24-byte record headers.
 * Source: draft-ietf-opsawg-pcap; libpcap sf-pcap.c for what writers do.
 */
#include "capture/reader_impl.h"

#include <inttypes.h>

bool pcap_start(struct reader *r, struct err *e)
{
	const uint8_t *p = r->buf + r->pos;
	uint32_t magic;

	if (r->end - r->pos < 24)
		return err_at(e, ERR_TRUNCATED, r->end - r->pos,
			      "file ends inside the pcap header");
	magic = reader_u32(r, p);
	r->sub_ns = magic == 0xa1b23c4d ? 1 : 1000;
	r->header_len = magic == 0xa1b2cd34 ? 24 : 16;
	if (reader_u16(r, p + 4) != 2)
		return err_set(e, ERR_UNSUPPORTED,
			       "pcap version %u.%u is not known",
			       reader_u16(r, p + 4), reader_u16(r, p + 6));
	r->cf->snaplen = reader_u32(r, p + 16);
	/* the upper half tells about frame check sequences: not needed, as
	 * lengths are taken from the IP header */
	r->linktype = (uint16_t)reader_u32(r, p + 20);
	r->cf->time_digits = magic == 0xa1b23c4d ? 9 : 6;
	r->pos += 24;
	return true;
}

/* Kept apart from the loop: happens once per file. */
static void bad_length(struct reader *r, uint32_t caplen)
{
	reader_damage(r, reader_offset(r),
		      "record %" PRIu64 " claims %" PRIu32
		      " captured bytes, more than the %d that can be",
		      r->cf->packets + 1, caplen, READER_MAX_SNAP);
}

/* Inlined twice, for each byte order, so that the loop does not ask. */
static inline __attribute__((always_inline)) size_t read_batch(
	struct reader *r, struct frame *out, size_t max, bool swapped)
{
	const uint8_t *p = r->buf + r->pos, *end = r->buf + r->end, *data;
	const uint32_t header_len = r->header_len;
	const int64_t sub_ns = r->sub_ns;
	struct capture_file *cf = r->cf;
	int64_t first = cf->first.ns, last = cf->last.ns, ns;
	uint64_t offset = reader_offset(r), number = cf->packets;
	uint32_t sec, sub, caplen, wirelen;
	size_t n = 0;

	if (number == 0)
		first = INT64_MAX;
	while (n < max && (size_t)(end - p) >= header_len) {
		sec = swapped ? get_be32(p) : get_le32(p);
		sub = swapped ? get_be32(p + 4) : get_le32(p + 4);
		caplen = swapped ? get_be32(p + 8) : get_le32(p + 8);
		wirelen = swapped ? get_be32(p + 12) : get_le32(p + 12);
		data = p + header_len;
		if (caplen > READER_MAX_SNAP)
			break;
		if (caplen > (size_t)(end - data))
			break;
		ns = (int64_t)sec * 1000000000 + (int64_t)sub * sub_ns;
		first = ns < first ? ns : first;
		last = ns > last ? ns : last;
		out[n] = (struct frame){
			.data = data,
			.ts = { ns },
			.offset = offset,
			.number = ++number,
			.caplen = caplen,
			.wirelen = wirelen > caplen ? wirelen : caplen,
			.linktype = r->linktype,
		};
		n++;
		offset += header_len + caplen;
		p = data + caplen;
	}
	r->pos = (size_t)(p - r->buf);
	cf->packets = number;
	if (number > 0) {
		cf->first.ns = first;
		cf->last.ns = last;
	}
	if (n < max && (size_t)(end - p) >= header_len) {
		caplen = swapped ? get_be32(p + 8) : get_le32(p + 8);
		if (caplen > READER_MAX_SNAP)
			bad_length(r, caplen);
	}
	return n;
}

size_t pcap_read(struct reader *r, struct frame *out, size_t max)
{
	return r->swapped ? read_batch(r, out, max, true)
			  : read_batch(r, out, max, false);
}
