/*
 * matrix.c: Cholesky factorisation (Golub and Van Loan, 4.2).
 */
#include "core/matrix.h"

#include <math.h>

/*
 * Factors a symmetric matrix into lower * lower'.  Returns 0, or k + 1 when the
 * k-th pivot says that it is not positive definite to working precision.
 */
int
cv_cholesky(int n, const double *matrix, double *lower)
{
	int i;
	int j;
	int k;

	for (j = 0; j < n; j++)
	{
		double pivot = matrix[j * n + j];

		for (k = 0; k < j; k++)
			pivot -= lower[j * n + k] * lower[j * n + k];
		if (!(pivot > 1e-14 * fabs(matrix[j * n + j])) || !isfinite(pivot))
			return j + 1;
		lower[j * n + j] = sqrt(pivot);
		for (i = 0; i < j; i++)
			lower[i * n + j] = 0;
		for (i = j + 1; i < n; i++)
		{
			double sum = matrix[i * n + j];

			for (k = 0; k < j; k++)
				sum -= lower[i * n + k] * lower[j * n + k];
			lower[i * n + j] = sum / lower[j * n + j];
		}
	}
	return 0;
}

/* Solves lower * lower' * solution = right. */
void
cv_cholesky_solve(int n, const double *lower, const double *right, double *solution)
{
	int i;
	int k;

	for (i = 0; i < n; i++)
	{
		double sum = right[i];

		for (k = 0; k < i; k++)
			sum -= lower[i * n + k] * solution[k];
		solution[i] = sum / lower[i * n + i];
	}
	for (i = n - 1; i >= 0; i--)
	{
		double sum = solution[i];

		for (k = i + 1; k < n; k++)
			sum -= lower[k * n + i] * solution[k];
		solution[i] = sum / lower[i * n + i];
	}
}

/* The inverse of lower * lower'. */
void
cv_cholesky_inverse(int n, const double *lower, double *inverse)
{
	int i;
	int j;
	int k;

	/* inverse of the factor in the lower half, then its cross product */
	for (j = 0; j < n; j++)
		for (i = 0; i < n; i++)
		{
			double sum = i == j ? 1 : 0;

			if (i < j)
			{
				inverse[i * n + j] = 0;
				continue;
			}
			for (k = j; k < i; k++)
				sum -= lower[i * n + k] * inverse[k * n + j];
			inverse[i * n + j] = sum / lower[i * n + i];
		}
	for (i = 0; i < n; i++)
		for (j = 0; j <= i; j++)
		{
			double sum = 0;

			for (k = i; k < n; k++)
				sum += inverse[k * n + i] * inverse[k * n + j];
			/* rows above i are final, row i is still needed below j only */
			inverse[i * n + j] = sum;
		}
	for (i = 0; i < n; i++)
		for (j = i + 1; j < n; j++)
			inverse[i * n + j] = inverse[j * n + i];
}
