/*
 * gen_random.h - the random numbers of gen_perf_capture: xoshiro256** seeded
 * by splitmix64 (Blackman and Vigna), and the distributions drawn from it.
 */
#ifndef BENCH_GEN_RANDOM_H
#define BENCH_GEN_RANDOM_H

#include <math.h>
#include <stdint.h>

struct rng {
	uint64_t s[4];
};

static inline uint64_t splitmix(uint64_t *x)
{
	uint64_t z = (*x += 0x9e3779b97f4a7c15ull);
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
	return z ^ (z >> 31);
}

static inline void rng_seed(struct rng *r, uint64_t seed)
{
	for (int i = 0; i < 4; i++)
		r->s[i] = splitmix(&seed);
}

static inline uint64_t rotl(uint64_t x, int k)
{
	return (x << k) | (x >> (64 - k));
}

static inline uint64_t rnd(struct rng *r)
{
	uint64_t *s = r->s, res = rotl(s[1] * 5, 7) * 9, t = s[1] << 17;
	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = rotl(s[3], 45);
	return res;
}

static inline double uni(struct rng *r)
{
	return ((double)(rnd(r) >> 11) + 0.5) * (1.0 / 9007199254740992.0);
}

static inline uint32_t below(struct rng *r, uint32_t n)
{
	return (uint32_t)(((rnd(r) >> 32) * (uint64_t)n) >> 32);
}

static inline double gauss(struct rng *r)
{
	return sqrt(-2 * log(uni(r))) * cos(6.283185307179586 * uni(r));
}

static inline double lognorm(struct rng *r, double median, double sigma)
{
	return median * exp(sigma * gauss(r));
}

static inline double pareto(struct rng *r, double xm, double a)
{
	return xm * pow(uni(r), -1.0 / a);
}

#endif
