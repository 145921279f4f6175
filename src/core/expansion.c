/*
 * expansion.c: expansions (Shewchuk 1997; the summation of Python's fsum).
 *
 * A sum is kept as doubles that do not overlap, the smallest first, which add up
 * to it exactly; a few suffice where the terms are of similar size.
 */
#include "core/expansion.h"

#include <math.h>
#include <string.h>

/* Adds a term to parts that have room for one more; returns their new number. */
static int
add_term(double *part, int n, double term)
{
	int kept = 0;
	int i;

	for (i = 0; i < n; i++)
	{
		double larger = fabs(term) >= fabs(part[i]) ? term : part[i];
		double smaller = fabs(term) >= fabs(part[i]) ? part[i] : term;
		double sum = larger + smaller;
		double rest = smaller - (sum - larger);

		if (rest != 0)
			part[kept++] = rest;
		term = sum;
	}
	if (term != 0)
		part[kept++] = term;
	return kept;
}

/*
 * Adds a finite term to n parts, which must have room for one more, up to
 * CV_EXACT_MOST_PARTS.  Returns the new number of parts, -1 where the sum passes the
 * range of double; then the parts are not to be used any more.
 */
int
cv_exact_add(double *part, int n, double term)
{
	if (n >= CV_EXACT_MOST_PARTS - 1)
		n = cv_exact_canonical(part, n);
	n = add_term(part, n, term);
	return n > 0 && !isfinite(part[n - 1]) ? -1 : n;
}

/* The sum, rounded once, to nearest and to even. */
double
cv_exact_value(const double *part, int n)
{
	double sum;
	double rest = 0;

	if (n == 0)
		return 0;
	sum = part[--n];
	while (n > 0 && rest == 0)
	{
		double before = sum;

		sum = before + part[--n];
		rest = part[n] - (sum - before);
	}
	/* halfway between two doubles, and more of the same sign below: away from even */
	if (n > 0 && ((rest < 0 && part[n - 1] < 0) || (rest > 0 && part[n - 1] > 0)))
	{
		double twice = rest * 2;
		double moved = sum + twice;

		if (twice == moved - sum)
			sum = moved;
	}
	return sum;
}

/*
 * Rewrites the parts so that they depend on nothing but the sum: from the end on
 * each is what is left, rounded, so 53 binary places further down.  Of the 2098 that
 * a double can have, 40 parts at most are the result; their number does not grow.
 */
int
cv_exact_canonical(double *part, int n)
{
	double left[CV_EXACT_MOST_PARTS + 1];
	double canonical[CV_EXACT_MOST_PARTS];
	int count = 0;
	int i;

	memcpy(left, part, n * sizeof(double));
	while (n > 0 && count < CV_EXACT_MOST_PARTS)
	{
		canonical[count] = cv_exact_value(left, n);
		n = add_term(left, n, -canonical[count]);
		count++;
	}
	for (i = 0; i < count; i++)
		part[i] = canonical[count - 1 - i];
	return count;
}
