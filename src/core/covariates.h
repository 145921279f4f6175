/*
 * covariates.h: buying models whose customers differ by what is known of them.
 *
 * Time-invariant covariates z multiply the scale of a process: the purchase process
 * has alpha exp(-gamma'z), so a positive gamma buys more; the dropout process beta
 * exp(-delta'z) in Pareto/NBD and b exp(-delta'z) in (M)BG/NBD with a as it is, so
 * a positive delta leaves sooner (Fader and Hardie 2007, "Incorporating
 * time-invariant covariates into the Pareto/NBD and BG/NBD models").
 *
 * The parameters are the family's own, then the gammas, then, in families that know
 * dropping out, the deltas, a number of each for every column of z.
 */
#ifndef CV_CORE_COVARIATES_H
#define CV_CORE_COVARIATES_H

#include "core/buying.h"

/* Groups of customers by covariates. */
typedef struct cv_design
{
	int columns;
	int vectors;
	const double *value; /* vectors * columns, standardised: (z - mean) / spread */
	const int *end;		 /* the groups of vector v end before end[v] */
	const double *mean;	 /* of each column */
	const double *spread;
} cv_design;

/* What the objective needs; public for its test. */
typedef struct cv_covariate_fit
{
	const cv_buying_family *family;
	const cv_group *group;
	const cv_design *design;
	int stride;		  /* every stride-th group is looked at */
	double customers; /* in those */
	double penalty;
	double scale; /* of time: mean T in model units */
	cv_interrupt_check check;
} cv_covariate_fit;

extern int cv_covariate_processes(const cv_buying_family *family);
extern int cv_covariate_target(const cv_buying_family *family, int process);
extern void cv_covariate_apply(const cv_buying_family *family, const double *parameter, int columns,
							   const double *z, double *p);
extern double cv_covariate_objective(int n, const double *theta, double *gradient, double *hessian,
									 void *context);
extern int cv_collinear_column(const cv_design *design, const double *customers, double *scratch,
							   cv_interrupt_check check);
extern double cv_fit_covariates(const cv_buying_family *family, cv_group *group, int n,
								const cv_design *design, double penalty, const double *start,
								cv_interrupt_check check, cv_minimum *minimum);
extern void cv_covariates_unscale(const cv_buying_family *family, const cv_design *design,
								  double *theta, double *covariance);

#endif
