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
	int lanes;	  /* stages j that are looked at: those with weights above 0, or all */
	double shape; /* R */
	double scale; /* A, time */
	double a;
	double c;
	double log_sum; /* ln sum of (R)_j / j! v^j, what the weights were divided by */
	double weight[CV_MOST_STAGES];
} cv_renewal;

extern void cv_renewal_init(cv_renewal *self, int k, double shape, double scale, double silent,
							double a, double c);
extern void
cv_renewal_init_all(cv_renewal *self, int k, double shape, double scale, double a, double c);

/*
 * What is to come, for each j below lanes.  Given j it does not depend on the weights,
 * so that all processes with the same shape and scale share it.
 */
extern void cv_renewal_survival(const cv_renewal *self, double ahead, double *of_stage);
extern void
cv_renewal_events(const cv_renewal *self, double horizon, double delta, double *of_stage);
extern void
cv_renewal_probability(const cv_renewal *self, double horizon, double n, double *of_stage);

extern double cv_renewal_mean(const cv_renewal *self, const double *of_stage);

/* ---- renewal_discount.c, for renewal.c ---- */

extern void cv_renewal_for_ever(const cv_renewal *self, double delta, double *of_stage);
extern void
cv_renewal_within(const cv_renewal *self, double horizon, double delta, double *of_stage);

#endif
