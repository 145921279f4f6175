/*
 * random.c: xoshiro256++ (Blackman and Vigna 2021) seeded by splitmix64, and the
 * draws that simulations of customers need.
 */
#include "core/random.h"

#include <math.h>

static uint64_t
splitmix(uint64_t *state)
{
	uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

/* Starts one of many independent streams of a seed. */
void
cv_random_seed(cv_random *random, uint64_t seed, uint64_t stream)
{
	uint64_t state = seed;
	int i;

	state = splitmix(&state) ^ stream;
	for (i = 0; i < 4; i++)
		random->state[i] = splitmix(&state);
}

/* A stream's number with one more value in it: every bit of both moves every bit. */
uint64_t
cv_random_stream(uint64_t stream, uint64_t value)
{
	uint64_t state = stream ^ value;

	return splitmix(&state);
}

static uint64_t
rotate(uint64_t x, int by)
{
	return (x << by) | (x >> (64 - by));
}

static uint64_t
next(cv_random *random)
{
	uint64_t *s = random->state;
	uint64_t result = rotate(s[0] + s[3], 23) + s[0];
	uint64_t t = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = rotate(s[3], 45);
	return result;
}

/* Uniform in (0, 1), never an end point. */
double
cv_random_uniform(cv_random *random)
{
	return ((double) (next(random) >> 12) + 0.5) * (1.0 / 4503599627370496.0);
}

/* Exponential of mean 1. */
double
cv_random_exponential(cv_random *random)
{
	return -log(cv_random_uniform(random));
}

/* Standard normal by Marsaglia's polar method; the second value is thrown away. */
double
cv_random_normal(cv_random *random)
{
	for (;;)
	{
		double u = 2 * cv_random_uniform(random) - 1;
		double v = 2 * cv_random_uniform(random) - 1;
		double square = u * u + v * v;

		if (square < 1 && square > 0)
			return u * sqrt(-2 * log(square) / square);
	}
}

/*
 * Gamma of the given shape and scale 1: Marsaglia and Tsang (2000); for a shape
 * below 1 a draw of shape + 1 times u^(1/shape).
 */
double
cv_random_gamma(cv_random *random, double shape)
{
	double boost = 1;
	double d;
	double c;

	if (shape < 1)
	{
		boost = exp(-cv_random_exponential(random) / shape);
		shape += 1;
	}
	d = shape - 1.0 / 3;
	c = 1 / sqrt(9 * d);
	for (;;)
	{
		double x = cv_random_normal(random);
		double v = 1 + c * x;
		double u;

		if (v <= 0)
			continue;
		v = v * v * v;
		u = cv_random_uniform(random);
		/* what the first test accepts the second would as well, for two logarithms */
		if (u < 1 - 0.0331 * (x * x) * (x * x) || log(u) < 0.5 * x * x + d - d * v + d * log(v))
			return boost * d * v;
	}
}

/* Beta of the given shapes. */
double
cv_random_beta(cv_random *random, double a, double b)
{
	double left = cv_random_gamma(random, a);
	double right = cv_random_gamma(random, b);

	/* both gammas can underflow when a and b are tiny: then it is one of the two */
	return left + right > 0 ? left / (left + right) : cv_random_uniform(random) * (a + b) < a;
}

/* Number of trials until an event that has this chance in each, at least 1. */
double
cv_random_trials(cv_random *random, double chance)
{
	if (chance >= 1)
		return 1;
	return 1 + floor(-cv_random_exponential(random) / log1p(-chance));
}
