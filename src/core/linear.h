/*
 * linear.h: discounted sums over a Markov chain.  Matrices are dense, row by row.
 */
#ifndef CV_CORE_LINEAR_H
#define CV_CORE_LINEAR_H

extern void
cv_chain_value(int n, double *transition, double *leaving, double *value, void (*check)(void));
extern void cv_chain_sum(int n, const double *transition, const double *reward, int periods,
						 double *value, double *scratch, void (*check)(void));

#endif
