/*
 * random.h: reproducible random numbers: the same seed gives the same numbers
 * with every compiler and every PostgreSQL.
 */
#ifndef CV_CORE_RANDOM_H
#define CV_CORE_RANDOM_H

#include <stdint.h>

typedef struct cv_random
{
	uint64_t state[4];
} cv_random;

extern void cv_random_seed(cv_random *random, uint64_t seed, uint64_t stream);
extern uint64_t cv_random_stream(uint64_t stream, uint64_t value);
extern double cv_random_uniform(cv_random *random);
extern double cv_random_exponential(cv_random *random);
extern double cv_random_normal(cv_random *random);
extern double cv_random_gamma(cv_random *random, double shape);
extern double cv_random_beta(cv_random *random, double a, double b);
extern double cv_random_trials(cv_random *random, double chance);

#endif
