/*
 * renewal.h: counts of a renewal process with Erlang gaps, whose rate and whose
 * chance to end after an event differ between customers.
 *
 * An event is every k-th stage of a Poisson process of stages; stages come at a
 * rate ~ Gamma, after each event the process ends with probability p ~ Beta(a, c).
 */
#ifndef CV_CORE_RENEWAL_H
#define CV_CORE_RENEWAL_H

#define CV_MOST_STAGES 100 /* k */

/*
 * Where a living process stands: j stages are done since the last event with
 * probability weight[j], and then the rate is ~ Gamma(shape + j, scale).
 */
typedef struct cv_renewal
{
	int k;
	int lanes;	  /* weights above 0 */
	double shape; /* R */
	double scale; /* A, time */
	double a;
	double c;
	double log_sum; /* ln sum of (R)_j / j! v^j, what the weights were divided by */
	double weight[CV_MOST_STAGES];
} cv_renewal;

extern void cv_renewal_init(cv_renewal *self, int k, double shape, double scale, double silent,
							double a, double c);
extern double cv_renewal_survival(const cv_renewal *self, double ahead);
extern double cv_renewal_events(const cv_renewal *self, double horizon, double delta);
extern double cv_renewal_probability(const cv_renewal *self, double horizon, double n);

/* ---- renewal_discount.c, for renewal.c ---- */

extern double cv_renewal_for_ever(const cv_renewal *self, double delta);
extern double cv_renewal_within(const cv_renewal *self, double horizon, double delta);

#endif
