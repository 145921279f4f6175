/*
 * matrix.h: the little linear algebra of fits with a handful of parameters.
 * Matrices are dense, row by row; symmetric ones have both halves filled.
 */
#ifndef CV_CORE_MATRIX_H
#define CV_CORE_MATRIX_H

extern int cv_cholesky(int n, const double *matrix, double *lower);
extern void cv_cholesky_solve(int n, const double *lower, const double *right, double *solution);
extern void cv_cholesky_inverse(int n, const double *lower, double *inverse);

#endif
