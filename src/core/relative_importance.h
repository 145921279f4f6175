/*
 * relative_importance.h: how much of a regression's R squared each driver carries.
 *
 * "correlation" holds the p * p correlations of the drivers, row by row, "outcome" those
 * with the outcome.
 */
#ifndef CV_CORE_RELATIVE_IMPORTANCE_H
#define CV_CORE_RELATIVE_IMPORTANCE_H

#include <stddef.h>

#define CV_LMG_DRIVERS 20 /* at most: the time doubles with each */

extern int cv_r_squared(int p, const double *correlation, const double *outcome, double *lower,
						double *combination, double *r_squared);
extern size_t cv_lmg_scratch(int p);
extern void cv_lmg(int p, const double *correlation, const double *outcome, double *weight,
				   double *scratch, void (*check)(void));
extern size_t cv_johnson_scratch(int p);
extern int cv_johnson(int p, const double *correlation, const double *outcome, double *weight,
					  double *scratch, void (*check)(void));

#endif
