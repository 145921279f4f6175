/*
 * exact_sum.c: sums as short expansions.
 *
 * Two doubles add up to a double and a rest without loss (Knuth; Dekker 1971), so a sum
 * can be kept as several doubles that do not overlap (Shewchuk 1997).  Four of them hold
 * 212 bits: sums of numbers within some twenty decimal orders of magnitude of each other,
 * or of their products within ten, are exact, and so the same in whatever order.  What
 * goes beyond is lost at 2^-212 of the largest part.
 */
#include "core/exact_sum.h"

#include <string.h>

/* *total + *rest = a + b, *total rounded. */
static inline void
two_sum(double a, double b, double *total, double *rest)
{
	double sum = a + b;
	double added = sum - a;

	*rest = (a - (sum - added)) + (b - added);
	*total = sum;
}

/* Adds to an expansion of n nonoverlapping parts, smallest first; returns their new number. */
static int
grow(double *part, int n, double number)
{
	int kept = 0;
	int i;

	for (i = 0; i < n; i++)
	{
		double rest;

		two_sum(number, part[i], &number, &rest);
		if (rest != 0)
			part[kept++] = rest;
	}
	if (number != 0)
		part[kept++] = number;
	return kept;
}

/* An expansion rounded to nearest, ties to even. */
static double
round_expansion(const double *part, int n)
{
	double total;
	double rest = 0;

	if (n == 0)
		return 0;
	total = part[--n];
	while (n > 0 && rest == 0)
		two_sum(total, part[--n], &total, &rest);
	/* half a unit and a little more in the same direction is more than half */
	if (n > 0 && ((rest < 0 && part[n - 1] < 0) || (rest > 0 && part[n - 1] > 0)))
	{
		double twice = 2 * rest;
		double other = total + twice;

		if (other - total == twice)
			total = other;
	}
	return total;
}

/*
 * The parts in normal form: the first is the sum rounded, the next what remains rounded,
 * and so on, with zeros at the end.
 */
static void
normal_form(double *expansion, int n, cv_sum *sum)
{
	int i;

	for (i = 0; i < CV_SUM_PARTS; i++)
	{
		sum->part[i] = round_expansion(expansion, n);
		if (sum->part[i] != 0)
			n = grow(expansion, n, -sum->part[i]);
	}
}

static int
expand(const cv_sum *sum, double *expansion)
{
	int n = 0;
	int i;

	for (i = CV_SUM_PARTS - 1; i >= 0; i--)
		n = grow(expansion, n, sum->part[i]);
	return n;
}

/* Adds what did not fit the first part. */
void
cv_sum_carry(cv_sum *sum, double rest)
{
	double expansion[2 * CV_SUM_PARTS];
	int i;
	int n;

	for (i = 1; i < CV_SUM_PARTS && rest != 0; i++)
		two_sum(sum->part[i], rest, &sum->part[i], &rest);
	if (rest == 0)
		return;
	n = expand(sum, expansion);
	n = grow(expansion, n, rest);
	normal_form(expansion, n, sum);
}

/* Adds another sum, part by part. */
void
cv_sum_add_sum(cv_sum *sum, const cv_sum *other)
{
	int i;

	for (i = 0; i < CV_SUM_PARTS; i++)
		if (other->part[i] != 0)
			cv_sum_add(sum, other->part[i]);
}

/* The double nearest to the sum. */
double
cv_sum_round(const cv_sum *sum)
{
	double expansion[2 * CV_SUM_PARTS];

	return round_expansion(expansion, expand(sum, expansion));
}

/* Brings the parts into normal form, in which equal sums have equal parts. */
void
cv_sum_normalize(cv_sum *sum)
{
	double expansion[2 * CV_SUM_PARTS];
	int n;

	if (sum->part[1] == 0 && sum->part[2] == 0 && sum->part[3] == 0)
	{
		sum->part[0] += 0.0; /* no -0 */
		return;
	}
	n = expand(sum, expansion);
	normal_form(expansion, n, sum);
}

/* Parts from outside: all finite and in normal form? */
bool
cv_sum_is_normal(const cv_sum *sum)
{
	cv_sum copy = *sum;
	int i;

	for (i = 0; i < CV_SUM_PARTS; i++)
		if (!(fabs(sum->part[i]) < 1e300))
			return false;
	cv_sum_normalize(&copy);
	return memcmp(&copy, sum, sizeof(copy)) == 0;
}

/*
 * n * (sum of x y) - (sum of x) (sum of y), n times the sum of products about the means,
 * rounded once.
 */
double
cv_sum_centred(const cv_sum *x, const cv_sum *y, const cv_sum *product, double observations)
{
	cv_sum centred = { { 0 } };
	int i;
	int j;

	for (i = 0; i < CV_SUM_PARTS; i++)
		if (product->part[i] != 0)
			cv_sum_add_product(&centred, product->part[i], observations);
	for (i = 0; i < CV_SUM_PARTS; i++)
		for (j = 0; j < CV_SUM_PARTS; j++)
			if (x->part[i] != 0 && y->part[j] != 0)
				cv_sum_add_product(&centred, -x->part[i], y->part[j]);
	return cv_sum_round(&centred);
}
