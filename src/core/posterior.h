/*
 * posterior.h: draws of what one customer will do and spend.
 */
#ifndef CV_CORE_POSTERIOR_H
#define CV_CORE_POSTERIOR_H

#include "core/buying.h"
#include "core/random.h"
#include "core/renewal.h"

#define CV_FAINT 20.723 /* -ln 1e-9: discounted so far, nothing counts any more */

/* What lies before a customer who is alive at T; times from T on, in the model's unit. */
typedef struct cv_fate
{
	double rate;	 /* of phases, each of them exponential */
	double phases;	 /* from one purchase to the next; 1: purchases are a Poisson process */
	double first;	 /* until the next purchase */
	double chance;	 /* of a purchase at an opportunity, instead of a rate; else 0 */
	double lifetime; /* infinite where dropping out follows purchases */
	double drops;	 /* each purchase is the last with a probability ~ Beta(drops, stays); */
	double stays;	 /* drops 0 where dropping out goes by time or not at all */
} cv_fate;

/* One customer's posterior, made ready for many draws. */
typedef struct cv_posterior
{
	const double *parameter; /* of the buying family */
	void (*draw)(const struct cv_posterior *self, cv_random *random, cv_fate *fate);
	double x;
	double T;
	double alive;	 /* P(alive at T) */
	double survived; /* chances to drop out, if alive */
	double p;		 /* amounts ~ Gamma(p, nu), */
	double shape;	 /* nu ~ Gamma(shape, scale) */
	double scale;
	cv_renewal regular; /* where a regular buyer stands */
} cv_posterior;

/* What one draw comes to. */
typedef struct cv_future
{
	double purchases;
	double discounted; /* the same, each discounted */
	double value;	   /* discounted amounts */
} cv_future;

extern int cv_posterior_init(cv_posterior *self, const cv_buying_family *family, const double *p,
							 double x, double t_x, double T);
extern void cv_posterior_spending(cv_posterior *self, const double *p, double x, double m);
extern void cv_posterior_draw(const cv_posterior *self, double horizon, double delta,
							  cv_random *random, cv_future *future);

#endif
