/*
 * frames.h - the second reading: which packets carry the evidence.
 *
 * The first reading keeps bursts, not packets.  When relays were found and
 * the input can be read again, this reads it once more for the connections of
 * those relays alone and gives each its clearest exchanges: a burst that
 * reaches the host on one leg and the one that leaves it on the other, both
 * after silence, with file, packet number, time and bytes.  Nothing here
 * decides: the verdicts stand before.
 * Bounds: FRAMES_RELAYS relays (the strongest), FRAMES_BURSTS bursts.
 */
#ifndef PIPELINE_FRAMES_H
#define PIPELINE_FRAMES_H

#include "pipeline/analyze.h"

#define FRAMES_RELAYS	64
#define FRAMES_BURSTS	2000000 /* of all legs; 32 bytes each */
#define FRAMES_REQUESTS 8	/* exchanges named per relay */
#define FRAMES_REPLIES	4

/* Fills exchanges of the sufficient relays of c, or c->frames_missing with
 * the reason why there are none.  false: no memory. */
bool frames_collect(const struct analyze_options *o, struct case_record *c,
		    struct err *e);

#endif
