/*
 * simulate.c: draws customers from the buying families and lets them buy.
 */
#include "core/simulate.h"

#include <math.h>

/* Draws a customer's traits from the model. */
void
cv_customer_draw(cv_customer *customer, const cv_buying_family *family, const double *p,
				 cv_random *random)
{
	customer->lifetime = INFINITY;
	customer->dropout = 0;
	customer->first_counts = family == &cv_mbg_nbd || family == &cv_mbg_cnbd;
	customer->k = family->k > 0 ? (int) p[CV_BUYING_K] : 0;
	customer->chance = 0;
	customer->clock = 0;
	customer->gone = 0;
	if (family == &cv_bg_bb)
	{
		customer->chance = cv_random_beta(random, p[0], p[1]);
		customer->gone = customer->chance == 0;
		/* gone before the opportunity at which dropping out happens */
		customer->lifetime = cv_random_trials(random, cv_random_beta(random, p[2], p[3])) - 0.5;
		return;
	}
	customer->rate = cv_random_gamma(random, p[0]) / p[1];
	if (family == &cv_pareto_nbd)
		customer->lifetime = cv_random_exponential(random) * p[3] / cv_random_gamma(random, p[2]);
	else if (family != &cv_nbd)
		customer->dropout = cv_random_beta(random, p[2], p[3]);
	if (customer->first_counts && cv_random_uniform(random) < customer->dropout)
		customer->gone = 1;
}

/* Time of the next repeat purchase since the first purchase, infinite if none comes. */
double
cv_customer_next(cv_customer *customer, cv_random *random)
{
	if (customer->gone)
		return INFINITY;
	if (customer->chance > 0)
		customer->clock += cv_random_trials(random, customer->chance);
	else if (customer->k > 0)
		customer->clock += cv_random_gamma(random, customer->k) / customer->rate;
	else
		customer->clock += cv_random_exponential(random) / customer->rate;
	if (!(customer->clock < customer->lifetime))
	{
		customer->gone = 1;
		return INFINITY;
	}
	if (customer->dropout > 0 && cv_random_uniform(random) < customer->dropout)
		customer->gone = 1;
	return customer->clock;
}
