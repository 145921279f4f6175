/*
 * linear.c: discounted sums over a Markov chain.
 *
 * A matrix D - P with P >= 0 whose rows sum to u > 0 is a diagonally dominant
 * M-matrix.  Elimination that carries u along, and makes each pivot from it and
 * the entries still there, only ever adds, multiplies and divides numbers of one
 * sign: no pivot can vanish, none need be searched for, and the factors are exact
 * to a few roundings each, however near to singular the matrix is (Grassmann,
 * Taksar and Heyman 1985; Alfa, Xue and Ye 2002).
 */
#include "core/linear.h"

#include <stddef.h>
#include <string.h>

/*
 * Solves (D - transition) value = right, where the row sums of the matrix are
 * "leaving", each above 0; the diagonal of transition does not matter.  value
 * holds the right side before; transition and leaving are overwritten.  check()
 * is called now and then and may leave by longjmp.
 */
void
cv_chain_value(int n, double *transition, double *leaving, double *value, void (*check)(void))
{
	int i;
	int j;
	int k;

	for (k = 0; k < n; k++)
	{
		double *row = transition + (size_t) k * n;
		double pivot = leaving[k];

		check();
		for (j = k + 1; j < n; j++)
			pivot += row[j];
		row[k] = pivot;
		for (i = k + 1; i < n; i++)
		{
			double *other = transition + (size_t) i * n;
			double factor = other[k] / pivot;

			if (factor == 0)
				continue;
			for (j = k + 1; j < n; j++)
				other[j] += factor * row[j];
			leaving[i] += factor * leaving[k];
			value[i] += factor * value[k];
		}
	}
	for (k = n - 1; k >= 0; k--)
	{
		const double *row = transition + (size_t) k * n;
		double sum = value[k];

		for (j = k + 1; j < n; j++)
			sum += row[j] * value[j];
		value[k] = sum / row[k];
	}
}

/*
 * value = sum of transition^t reward over t = 0..periods, by Horner's rule; it
 * ends where nothing changes any more.  scratch has room for n numbers.
 */
void
cv_chain_sum(int n, const double *transition, const double *reward, int periods, double *value,
			 double *scratch, void (*check)(void))
{
	int t;
	int i;
	int j;

	memcpy(value, reward, n * sizeof(double));
	for (t = 0; t < periods; t++)
	{
		check();
		for (i = 0; i < n; i++)
		{
			const double *row = transition + (size_t) i * n;
			double sum = 0;

			for (j = 0; j < n; j++)
				sum += row[j] * value[j];
			scratch[i] = reward[i] + sum;
		}
		if (memcmp(scratch, value, n * sizeof(double)) == 0)
			break;
		memcpy(value, scratch, n * sizeof(double));
	}
}
