/*
 * passive_tap.h - fills context/passive.h from the packets of a run.
 *
 * Per network (/24 or /48) and time bin: packets, unanswered ones, sessions
 * and how they ended, ICMP errors whose quote is a packet really sent,
 * round-trip times, TTLs.  Bins begin with five minutes and double when a
 * capture is longer than 512 of them.
 * Used with --mrt only.  Memory: at most 2,048 networks; 32 bytes per
 * connection slot and 6 MiB of tables, untouched pages cost nothing.
 * Threads: one.
 */
#ifndef PIPELINE_PASSIVE_TAP_H
#define PIPELINE_PASSIVE_TAP_H

#include "conn/conn.h"
#include "context/passive.h"
#include "decode/segment.h"

struct passive_tap; /* opaque */

/* Owns: passive_tap_free(). */
struct passive_tap *passive_tap_new(uint32_t max_conns, struct err *e);
void passive_tap_free(struct passive_tap *t);
/* Every segment, with its event and the table it is of. */
void passive_tap_update(struct passive_tap *t, const struct segment *s,
			const struct conn_event *ev,
			const struct conn_table *conns);
/* The connection of this slot leaves. */
void passive_tap_release(struct passive_tap *t, uint32_t slot);
/* After the last release.  drops: packets the capture says it lost; packets:
 * all it holds.  Owns: passive_report_free().  NULL when memory is short; a
 * report without networks when there is none outside. */
struct passive_report *passive_tap_finish(struct passive_tap *t, uint64_t drops,
					  uint64_t packets);

#endif
