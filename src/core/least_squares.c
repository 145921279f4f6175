/*
 * least_squares.c: weighted least squares by Givens rotations (Gentleman 1973).
 *
 * Each row is rotated into the triangle R of the QR decomposition, so the rows need
 * not be kept, and the error grows with the condition of the columns, not with its
 * square as from the normal equations.
 */
#include "core/least_squares.h"

#include <math.h>
#include <string.h>

#define DEPENDENT 1e-10 /* 1 - R^2 of a column that is a combination of others */

/* Doubles that a fit needs as room. */
size_t
cv_least_squares_room(int columns)
{
	return (size_t) columns * columns + columns;
}

/* Begins a fit without rows. */
void
cv_least_squares_begin(cv_least_squares *fit, int columns, double *room)
{
	memset(room, 0, cv_least_squares_room(columns) * sizeof(double));
	fit->columns = columns;
	fit->triangle = room;
	fit->projected = room + (size_t) columns * columns;
	fit->residual = 0;
}

/* Adds a row, which is overwritten, of weight times its square. */
void
cv_least_squares_add(cv_least_squares *fit, double *row, double y, double weight)
{
	size_t n = fit->columns;
	double root = sqrt(weight);
	size_t i;
	size_t j;

	for (i = 0; i < n; i++)
		row[i] *= root;
	y *= root;
	for (i = 0; i < n; i++)
	{
		double *r = fit->triangle + i * n;
		double length;
		double cosine;
		double sine;
		double rest;

		if (row[i] == 0)
			continue;
		length = hypot(r[i], row[i]);
		cosine = r[i] / length;
		sine = row[i] / length;
		r[i] = length;
		for (j = i + 1; j < n; j++)
		{
			rest = cosine * row[j] - sine * r[j];
			r[j] = cosine * r[j] + sine * row[j];
			row[j] = rest;
		}
		rest = cosine * y - sine * fit->projected[i];
		fit->projected[i] = cosine * fit->projected[i] + sine * y;
		y = rest;
	}
	fit->residual += y * y;
}

/*
 * 0, or k + 1 for a column that is a combination of those before it, whose
 * coefficients are then told (columns doubles).
 */
int
cv_least_squares_dependent(const cv_least_squares *fit, double *combination)
{
	size_t n = fit->columns;
	size_t i;
	size_t j;
	size_t k;

	for (k = 0; k < n; k++)
	{
		double square = 0;
		double pivot = fit->triangle[k * n + k];

		for (i = 0; i <= k; i++)
			square += fit->triangle[i * n + k] * fit->triangle[i * n + k];
		if (pivot * pivot > DEPENDENT * square)
			continue;
		memset(combination, 0, n * sizeof(double));
		for (i = k; i-- > 0;)
		{
			double sum = fit->triangle[i * n + k];

			for (j = i + 1; j < k; j++)
				sum -= fit->triangle[i * n + j] * combination[j];
			combination[i] = sum / fit->triangle[i * n + i];
		}
		return (int) k + 1;
	}
	return 0;
}

/* The coefficients; no column may be dependent. */
void
cv_least_squares_solve(const cv_least_squares *fit, double *coefficient)
{
	size_t n = fit->columns;
	size_t i;
	size_t j;

	for (i = n; i-- > 0;)
	{
		double sum = fit->projected[i];

		for (j = i + 1; j < n; j++)
			sum -= fit->triangle[i * n + j] * coefficient[j];
		coefficient[i] = sum / fit->triangle[i * n + i];
	}
}

/* (X'WX)^-1, the covariance of the coefficients over the residual variance. */
void
cv_least_squares_inverse(const cv_least_squares *fit, double *inverse)
{
	size_t n = fit->columns;
	size_t i;
	size_t j;
	size_t k;

	/* R^-1 in the upper half, then R^-1 R^-1' */
	for (j = 0; j < n; j++)
		for (i = j + 1; i-- > 0;)
		{
			double sum = i == j ? 1 : 0;

			for (k = i + 1; k <= j; k++)
				sum -= fit->triangle[i * n + k] * inverse[k * n + j];
			inverse[i * n + j] = sum / fit->triangle[i * n + i];
		}
	for (i = 0; i < n; i++)
		for (j = i; j < n; j++)
		{
			double sum = 0;

			/* entries left of j in rows i and j are not needed any more */
			for (k = j; k < n; k++)
				sum += inverse[i * n + k] * inverse[j * n + k];
			inverse[i * n + j] = sum;
		}
	for (i = 0; i < n; i++)
		for (j = 0; j < i; j++)
			inverse[i * n + j] = inverse[j * n + i];
}
