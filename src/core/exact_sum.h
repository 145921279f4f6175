/*
 * exact_sum.h: sums of doubles that do not depend on the order of what is added.
 */
#ifndef CV_CORE_EXACT_SUM_H
#define CV_CORE_EXACT_SUM_H

#include <math.h>
#include <stdbool.h>

#define CV_SUM_PARTS 4

/* The sum is that of its parts.  In normal form they go from large to small, see below. */
typedef struct cv_sum
{
	double part[CV_SUM_PARTS];
} cv_sum;

extern void cv_sum_carry(cv_sum *sum, double rest);
extern void cv_sum_add_sum(cv_sum *sum, const cv_sum *other);
extern double cv_sum_round(const cv_sum *sum);
extern void cv_sum_normalize(cv_sum *sum);
extern bool cv_sum_is_normal(const cv_sum *sum);
extern double
cv_sum_centred(const cv_sum *x, const cv_sum *y, const cv_sum *product, double observations);

/* Adds a number, |number| below 1e300. */
static inline void
cv_sum_add(cv_sum *sum, double number)
{
	double old = sum->part[0];
	double total = old + number;
	double added = total - old;
	double rest = (old - (total - added)) + (number - added);

	sum->part[0] = total;
	if (rest != 0)
		cv_sum_carry(sum, rest);
}

/* Adds a product without rounding it; above 1e-290 or 0 in size. */
static inline void
cv_sum_add_product(cv_sum *sum, double a, double b)
{
	double product = a * b;
	double rest = fma(a, b, -product);

	cv_sum_add(sum, product);
	if (rest != 0)
		cv_sum_add(sum, rest);
}

#endif
