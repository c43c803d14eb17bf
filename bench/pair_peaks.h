/* pair_peaks.h - running maxima behind the last pair_test(), for nulls. */
#ifndef BENCH_PAIR_PEAKS_H
#define BENCH_PAIR_PEAKS_H

#include "relay/pair.h"

/* Of a rival's evidence, already divided by its processes; only after a test
 * with in.full. */
microbans pair_peak(const struct pair_work *w, int rival);
/* Of process p < pair_processes(rival), as it stands. */
microbans pair_process_peak(const struct pair_work *w, int rival, unsigned p);

#endif
