/* judge.c - see judge.h. */
#include "relay/judge.h"

#include <stdlib.h>
#include <string.h>

#define ROOM	    (BURST_PER_LOG + 1)
#define DECOYS_KEPT 4096  /* those at 10 and more */
#define DECOYS_MAX  20000 /* enough for shares of 1/1000 */
#define SHIFT_MIN   INT64_C(30000000)
#define SHIFT_SPAN  INT64_C(270000000)
#define OVERLAP_MIN INT64_C(20000000) /* what a decoy must keep */

struct judge {
	struct burst_lane lane[2][2];		 /* leg, in/out */
	struct burst_lane other[PAIR_OTHERS][2]; /* as lane */
	struct wanted { /* the others of the pair in question */
		const struct burst_table *bursts;
		const struct relay_index *index;
		const struct candidate *pair;
		uint64_t from_us;
		bool filled;
		size_t n;
	} wanted;
	struct pair_work *work;
	struct num_rng rng;
	struct judge_stats stats;
};

static bool lane_alloc(struct burst_lane *l)
{
	l->us = malloc(ROOM * sizeof(int64_t));
	l->bytes = malloc(ROOM * sizeof(uint32_t));
	l->ack_us = malloc(ROOM * sizeof(int64_t));
	return l->us != NULL && l->bytes != NULL && l->ack_us != NULL;
}

static void lane_free(struct burst_lane *l)
{
	free(l->us);
	free(l->bytes);
	free(l->ack_us);
}

struct judge *judge_new(uint64_t seed, struct err *e)
{
	struct judge *j = calloc(1, sizeof(*j));
	bool ok = j != NULL;

	if (j == NULL)
		goto fail;
	j->rng.state = seed;
	j->stats.decoy = malloc(DECOYS_KEPT * sizeof(microbans));
	j->work = pair_work_new(ROOM, e);
	for (int i = 0; i < 4; i++)
		ok = lane_alloc(&j->lane[i / 2][i % 2]) && ok;
	for (int i = 0; i < 2 * PAIR_OTHERS; i++)
		ok = lane_alloc(&j->other[i / 2][i % 2]) && ok;
	if (ok && j->stats.decoy && j->work)
		return j;
fail:
	judge_free(j);
	err_set(e, ERR_MEMORY, "no memory to judge pairs");
	return NULL;
}

void judge_free(struct judge *j)
{
	if (j == NULL)
		return;
	for (int i = 0; i < 4; i++)
		lane_free(&j->lane[i / 2][i % 2]);
	for (int i = 0; i < 2 * PAIR_OTHERS; i++)
		lane_free(&j->other[i / 2][i % 2]);
	free(j->stats.decoy);
	pair_work_free(j->work);
	free(j);
}

/* Start of what both connections share, with room for moved decoys. */
static uint64_t first_us(const struct conn_table *t,
			 const struct burst_table *b, const struct candidate *c)
{
	int64_t first = INT64_MIN;

	for (int i = 0; i < 2; i++)
		if (conn_get(t, c->slot[i])->first_ns > first)
			first = conn_get(t, c->slot[i])->first_ns;
	first = (first - burst_epoch_ns(b)) / 1000 - SHIFT_MIN - SHIFT_SPAN;
	return first > 0 ? (uint64_t)first : 0;
}

static struct stream stream_of(const struct burst_lane *l)
{
	return (struct stream){ l->us, l->bytes, l->n };
}

/* Copied once for a pair and its decoys, if ever. */
static size_t fetch_others(void *arg, struct stream *others,
			   struct stream *arrivals)
{
	struct judge *j = arg;
	struct wanted *w = &j->wanted;
	uint32_t slots[PAIR_OTHERS];
	uint8_t ends[PAIR_OTHERS];

	if (!w->filled) {
		w->n = relay_index_others(w->index, w->pair->host,
					  w->pair->slot, slots, ends,
					  PAIR_OTHERS);
		for (size_t i = 0; i < w->n; i++) {
			struct burst_lane *k = j->other[i];
			int out = ends[i] == 0 ? 0 : 1;

			burst_lanes(
				w->bursts, slots[i], w->from_us,
				(struct burst_lane *[2]){ &k[!out], &k[out] });
		}
		w->filled = true;
	}
	for (size_t i = 0; i < w->n; i++) {
		arrivals[i] = stream_of(&j->other[i][0]);
		others[i] = stream_of(&j->other[i][1]);
	}
	return w->n;
}

static void prepare(struct judge *j, const struct candidate *c,
		    const struct conn_table *conns,
		    const struct burst_table *bursts,
		    const struct relay_index *index, struct pair_input *in)
{
	uint64_t from = first_us(conns, bursts, c);

	memset(in, 0, sizeof(*in));
	for (int l = 0; l < 2; l++) {
		/* end 0 is src: what src sends (dir 0) leaves the host */
		int out = c->end[l] == 0 ? 0 : 1;
		struct burst_lane *k = j->lane[l];
		struct burst_lane *by_dir[2] = { &k[!out], &k[out] };

		burst_lanes(bursts, c->slot[l], from, by_dir);
		in->leg[l] = (struct leg){
			.in = stream_of(&k[0]),
			.out = stream_of(&k[1]),
			.ack_us = { k[0].ack_us, k[1].ack_us },
			.n_acks = { k[0].n_ack, k[1].n_ack },
		};
	}
	j->wanted = (struct wanted){ bursts, index, c, from, false, 0 };
	in->fetch = fetch_others;
	in->fetch_arg = j;
}

static void one_decoy(struct judge *j, struct pair_input *in, int64_t shift,
		      int64_t span)
{
	struct pair_result r;

	if (span - (shift < 0 ? -shift : shift) < OVERLAP_MIN ||
	    j->stats.decoys >= DECOYS_MAX)
		return;
	in->shift_us = shift;
	in->full = false;
	pair_test(j->work, in, &r);
	j->stats.decoys++;
	for (int k = 0; k < 3; k++)
		j->stats.decoys_above[k] +=
			r.weakest >= (k + 1) * MICROBANS_PER_BAN;
	if (r.weakest >= MICROBANS_PER_BAN && j->stats.n_decoy < DECOYS_KEPT)
		j->stats.decoy[j->stats.n_decoy++] = r.weakest;
}

bool judge_candidate(struct judge *j, const struct candidate *c,
		     const struct conn_table *conns,
		     const struct burst_table *bursts,
		     const struct relay_index *index, struct pair_result *out)
{
	struct pair_input in;
	int64_t span, shift;
	bool crossed;

	if (conn_same(conns, c->slot[0], c->slot[1], &crossed))
		return false;
	prepare(j, c, conns, bursts, index, &in);
	pair_test(j->work, &in, out);
	j->stats.judged++;
	span = out->end_us - out->start_us;
	shift = SHIFT_MIN + (int64_t)num_rng_below(&j->rng, SHIFT_SPAN);
	/* short captures: a shift that leaves two thirds of the overlap */
	if (shift > span / 3 && span / 3 > SHIFT_MIN)
		shift = SHIFT_MIN + shift % (span / 3 - SHIFT_MIN + 1);
	one_decoy(j, &in, shift, span);
	one_decoy(j, &in, -shift, span);
	return true;
}

const struct judge_stats *judge_stats(const struct judge *j)
{
	return &j->stats;
}

uint64_t judge_decoys_at(const struct judge *j, microbans threshold)
{
	uint64_t n = 0;

	for (uint32_t i = 0; i < j->stats.n_decoy; i++)
		n += j->stats.decoy[i] >= threshold;
	return n;
}
