/*
 * num.c - logarithm and exponential from + - * / alone.
 *
 * log: x = m 2^k with m in [sqrt(1/2), sqrt(2)); log m = 2 atanh(s),
 * s = (m - 1)/(m + 1), |s| <= 0.1716, odd series to s^21 (remainder below
 * 2e-17).  exp: argument reduced by k ln 2 with a two-part constant, Taylor
 * series to x^13 on |x| <= ln2/2 (remainder below 5e-18).
 */
#include "base/num.h"

#include <math.h>
#include <string.h>

/* ln 2 in two parts: the first has 32 trailing zero bits (Cody and Waite) */
#define LN2_HI	6.93147180369123816490e-01
#define LN2_LO	1.90821492927058770002e-10
#define LOG10_E 4.34294481903251827651e-01
#define LN_10	2.30258509299404568402e+00

static double from_bits(uint64_t u)
{
	double d;

	memcpy(&d, &u, sizeof(d));
	return d;
}

static uint64_t to_bits(double d)
{
	uint64_t u;

	memcpy(&u, &d, sizeof(u));
	return u;
}

double num_log(double x)
{
	uint64_t u = to_bits(x);
	int k = 0;
	double s, s2, sum;

	if (u < UINT64_C(0x0010000000000000)) { /* subnormal */
		x *= 0x1p54;
		u = to_bits(x);
		k = -54;
	}
	k += (int)(u >> 52) - 1023;
	x = from_bits((u & UINT64_C(0x000fffffffffffff)) |
		      UINT64_C(0x3ff0000000000000));
	if (x > 1.41421356237309504880) {
		x *= 0.5;
		k++;
	}
	s = (x - 1) / (x + 1);
	s2 = s * s;
	sum = 0;
	for (int n = 21; n >= 3; n -= 2)
		sum = (sum + 1.0 / n) * s2;
	return k * LN2_HI + (2 * s + (2 * s * sum + k * LN2_LO));
}

double num_exp(double x)
{
	double k, r, sum = 1;
	int n;

	if (x > 709.7)
		return HUGE_VAL;
	if (x < -708.3)
		return 0;
	k = x / (LN2_HI + LN2_LO);
	n = (int)(k < 0 ? k - 0.5 : k + 0.5);
	r = (x - n * LN2_HI) - n * LN2_LO;
	for (int i = 13; i >= 1; i--)
		sum = 1 + sum * r / i;
	return sum * from_bits((uint64_t)(n + 1023) << 52);
}

microbans num_microbans(double x)
{
	double m = num_log(x) * LOG10_E * (double)MICROBANS_PER_BAN;
	microbans i = (microbans)m;

	return (double)i > m ? i - 1 : i;
}

double num_from_microbans(microbans m)
{
	return num_exp((double)m / (double)MICROBANS_PER_BAN * LN_10);
}

uint64_t num_rng_next(struct num_rng *r)
{
	uint64_t z = r->state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

uint64_t num_rng_below(struct num_rng *r, uint64_t n)
{
	return (uint64_t)(((unsigned __int128)num_rng_next(r) * n) >> 64);
}

double num_rng_unit(struct num_rng *r)
{
	return (double)(num_rng_next(r) >> 11) * 0x1p-53;
}
