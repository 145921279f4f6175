/*
 * retention.h: how long customers with a contract stay: shifted beta geometric
 * (Fader and Hardie 2007) and beta discrete Weibull (Fader, Hardie, Liu, Davin
 * and Steenburgh 2018).
 *
 * A customer renews at the end of period t with a probability of their own; over
 * all customers the share still there after t periods is
 *
 *   S(t) = B(alpha, beta + t^c) / B(alpha, beta),
 *
 * with c = 1 in the shifted beta geometric.  All functions take p = { alpha,
 * beta, c }, whatever the family.
 */
#ifndef CV_CORE_RETENTION_H
#define CV_CORE_RETENTION_H

#include "core/newton.h"

#define CV_RETENTION_PARAMETERS 3

/* Customers lost in the period "tenure", or still there after it. */
typedef struct cv_retention_cell
{
	double tenure;
	int lost;
	double customers;
} cv_retention_cell;

/* Sums of weighted log-likelihood and its derivatives in natural parameters. */
typedef struct cv_retention_sums
{
	double value;
	double gradient[CV_RETENTION_PARAMETERS];
	double hessian[CV_RETENTION_PARAMETERS][CV_RETENTION_PARAMETERS];
} cv_retention_sums;

extern double cv_beta_decay(double a, double b, double n);
extern double cv_log_survival(const double *p, double from, double ahead);
extern double cv_residual_lifetime(const double *p, double renewals, double discount_rate);
extern void
cv_retention_add(const double *p, const cv_retention_cell *cell, cv_retention_sums *sums);
extern double cv_fit_retention(const cv_retention_cell *cell, int n, int parameters,
							   void (*check)(void), cv_minimum *minimum);

#endif
