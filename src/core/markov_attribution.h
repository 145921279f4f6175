/*
 * markov_attribution.h: removal effects of channels in a Markov chain of journeys.
 */
#ifndef CV_CORE_MARKOV_ATTRIBUTION_H
#define CV_CORE_MARKOV_ATTRIBUTION_H

#include <stddef.h>
#include <stdint.h>

/* Sums of weights, exact whatever their order; in any one unit.  Aligned to 8 bytes, not 16. */
__extension__ typedef __int128 cv_weight __attribute__((aligned(8)));

/* Journeys through the same channels in the same order, at least one. */
typedef struct cv_markov_path
{
	const int32_t *channel; /* touches in their order */
	int32_t touches;
	cv_weight conversions;
	cv_weight value; /* of the conversions */
	cv_weight nulls; /* journeys without a conversion */
} cv_markov_path;

typedef struct cv_markov
{
	int channels;
	int order; /* touches that a state remembers, at least 1 */
	int64_t paths;
	const cv_markov_path *path;
	double unit;					/* of the weights: what counts as one */
	int most_dense;					/* states up to which the chain is factorised */
	void *(*allocate)(size_t size); /* memory that the caller frees */
	void (*check)(void);			/* called now and then, to cancel */
} cv_markov;

#define CV_MARKOV_DENSE 600

extern int
cv_markov_removal(const cv_markov *markov, double *conversions_effect, double *value_effect);

#endif
