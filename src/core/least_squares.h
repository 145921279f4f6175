/*
 * least_squares.h: weighted least squares, a row at a time.
 */
#ifndef CV_CORE_LEAST_SQUARES_H
#define CV_CORE_LEAST_SQUARES_H

#include <stddef.h>

/* The triangle R and Q'y of the rows so far. */
typedef struct cv_least_squares
{
	int columns;
	double *triangle;  /* row by row, columns * columns; below the diagonal 0 */
	double *projected; /* Q'y */
	double residual;   /* sum of squares that the columns leave */
} cv_least_squares;

extern size_t cv_least_squares_room(int columns);
extern void cv_least_squares_begin(cv_least_squares *fit, int columns, double *room);
extern void cv_least_squares_add(cv_least_squares *fit, double *row, double y, double weight);
extern int cv_least_squares_dependent(const cv_least_squares *fit, double *combination);
extern void cv_least_squares_solve(const cv_least_squares *fit, double *coefficient);
extern void cv_least_squares_inverse(const cv_least_squares *fit, double *inverse);

#endif
