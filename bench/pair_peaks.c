/*
 * pair_peaks.c - what pair_test() does not hand out: the running maximum of
 * each rival and of each of its processes.  Compiles relay/pair.c into the
 * benchmark itself, so that it is the code under test and nothing beside it.
 */
#include "relay/pair.c"

#include "pair_peaks.h"

microbans pair_peak(const struct pair_work *w, int rival)
{
	return rival_best(w, rival);
}

microbans pair_process_peak(const struct pair_work *w, int rival, unsigned p)
{
	microbans top = INT64_MIN;

	for (int k = 0; k < PAIR_CHECKPOINTS; k++)
		if (w->track[rival][p].at[k] > top)
			top = w->track[rival][p].at[k];
	return top;
}
