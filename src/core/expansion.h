/*
 * expansion.h: sums of doubles without any rounding, so that the order of the
 * terms cannot show.
 */
#ifndef CV_CORE_EXPANSION_H
#define CV_CORE_EXPANSION_H

/* Room for so many parts is always enough. */
#define CV_EXACT_MOST_PARTS 64

extern int cv_exact_add(double *part, int n, double term);
extern double cv_exact_value(const double *part, int n);
extern int cv_exact_canonical(double *part, int n);

#endif
