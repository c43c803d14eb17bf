/*
 * frame.h - one captured packet, as the readers give it.
 * The bytes are borrowed: good until the next batch of the same capture.
 */
#ifndef CAPTURE_FRAME_H
#define CAPTURE_FRAME_H

#include <stdint.h>

#include "base/tstamp.h"

struct frame {
	const uint8_t *data; /* borrowed, caplen bytes */
	struct tstamp ts;    /* TSTAMP_NONE: unusable for timing */
	uint64_t offset;     /* byte offset of the record in its file, after
			      * decompression */
	uint64_t number;     /* 1-based packet number in its file */
	uint32_t caplen;     /* bytes captured */
	uint32_t wirelen;    /* bytes on the wire, >= caplen */
	uint16_t linktype;   /* LINKTYPE_ value */
	uint16_t file;	     /* index in the capture's list of files */
	uint32_t iface;	     /* interface number in its file */
};

#endif
