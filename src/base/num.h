/*
 * num.h - numbers that are the same on every machine.
 *
 * log and exp of the C library differ in the last bit between processors and
 * versions.  These use + - * / only (build with -ffp-contract=off), so every
 * IEEE 754 machine gives the same bits.
 * Evidence is summed as int64 micro-bans: 10^-6 of a decimal order, each
 * increment floored, so sums do not depend on their order.
 */
#ifndef BASE_NUM_H
#define BASE_NUM_H

#include <stdint.h>

typedef int64_t microbans; /* 10^-6 log10 units */
#define MICROBANS_PER_BAN INT64_C(1000000)

/* Natural logarithm; x > 0 and finite.  Relative error below 1e-14. */
double num_log(double x);
/* Exponential; results beyond the range of double give 0 or HUGE_VAL. */
double num_exp(double x);
/* log10(x) floored to micro-bans; x > 0 and finite. */
microbans num_microbans(double x);
/* 10^(m * 1e-6) */
double num_from_microbans(microbans m);

/* A small generator for tests, decoys and nulls: splitmix64. */
struct num_rng {
	uint64_t state;
};
uint64_t num_rng_next(struct num_rng *r);
/* Uniform in [0, n); n > 0.  Bias below n / 2^64. */
uint64_t num_rng_below(struct num_rng *r, uint64_t n);
/* Uniform in [0, 1). */
double num_rng_unit(struct num_rng *r);

#endif
