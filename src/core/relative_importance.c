/*
 * relative_importance.c: the R squared of a regression divided among its drivers, by
 * averaging over orders (LMG: Lindeman, Merenda and Gold 1980; Groemping 2006), which is
 * Shapley's value of the game R squared, and by relative weights (Johnson 2000).
 */
#include "core/relative_importance.h"

#include <math.h>
#include <string.h>

/* Of a driver's variance what the others leave, below which it counts as none. */
#define INDEPENDENT 1e-10

/*
 * R squared of the regression on all drivers.  Returns 0, or k + 1 where driver k is a
 * linear combination of those before it; combination then holds its k coefficients, in
 * standard deviations.  lower has room for p * p numbers, combination for p.
 */
int
cv_r_squared(int p, const double *correlation, const double *outcome, double *lower,
			 double *combination, double *r_squared)
{
	double sum = 0;
	int i;
	int j;
	int k;

	for (k = 0; k < p; k++)
	{
		double *row = lower + (size_t) k * p;
		double pivot = 1;
		double with_outcome = outcome[k];

		for (j = 0; j < k; j++)
		{
			double entry = correlation[(size_t) k * p + j];

			for (i = 0; i < j; i++)
				entry -= row[i] * lower[(size_t) j * p + i];
			row[j] = entry / lower[(size_t) j * p + j];
			pivot -= row[j] * row[j];
			with_outcome -= row[j] * combination[j];
		}
		if (!(pivot > INDEPENDENT))
		{
			for (i = k - 1; i >= 0; i--)
			{
				combination[i] = row[i];
				for (j = i + 1; j < k; j++)
					combination[i] -= lower[(size_t) j * p + i] * combination[j];
				combination[i] /= lower[(size_t) i * p + i];
			}
			return k + 1;
		}
		row[k] = sqrt(pivot);
		combination[k] = with_outcome / row[k];
		sum += combination[k] * combination[k];
	}
	*r_squared = sum;
	return 0;
}

/* ---- LMG ---- */

typedef struct lmg_walk
{
	int p;
	const double *correlation;
	const double *outcome;
	double *lower;	/* Cholesky factor of the subset's drivers, p * p */
	double *effect; /* of the outcome on it */
	int *member;	/* the subset's drivers */
	double *r_squared;
	void (*check)(void);
} lmg_walk;

/* R squared of all subsets that begin with the given one and go on from a driver. */
static void
walk_subsets(lmg_walk *walk, int from, int size, size_t subset)
{
	double *row = walk->lower + (size_t) size * walk->p;
	int next;
	int i;
	int j;

	for (next = from; next < walk->p; next++)
	{
		double pivot = 1;
		double effect = walk->outcome[next];

		for (j = 0; j < size; j++)
		{
			double entry = walk->correlation[(size_t) next * walk->p + walk->member[j]];

			for (i = 0; i < j; i++)
				entry -= row[i] * walk->lower[(size_t) j * walk->p + i];
			row[j] = entry / walk->lower[(size_t) j * walk->p + j];
			pivot -= row[j] * row[j];
			effect -= row[j] * walk->effect[j];
		}
		row[size] = sqrt(pivot);
		walk->effect[size] = effect / row[size];
		walk->member[size] = next;
		walk->r_squared[subset | (size_t) 1 << next] =
			walk->r_squared[subset] + walk->effect[size] * walk->effect[size];
		if (walk->p - next > 10)
			walk->check();
		walk_subsets(walk, next + 1, size + 1, subset | (size_t) 1 << next);
	}
}

/* The doubles of scratch that cv_lmg needs. */
size_t
cv_lmg_scratch(int p)
{
	return ((size_t) 1 << p) + (size_t) p * p + 3 * (size_t) p;
}

/*
 * weight[j] = sum over subsets S without j of |S|! (p - 1 - |S|)! / p! times the gain in
 * R squared from S to S and j.  At most CV_LMG_DRIVERS drivers, none of them a combination
 * of others (cv_r_squared).  check() is called now and then and may leave by longjmp.
 */
void
cv_lmg(int p, const double *correlation, const double *outcome, double *weight, double *scratch,
	   void (*check)(void))
{
	lmg_walk walk;
	double *share = scratch + ((size_t) 1 << p) + (size_t) p * p + p;
	size_t subset;
	int i;

	walk.p = p;
	walk.correlation = correlation;
	walk.outcome = outcome;
	walk.r_squared = scratch;
	walk.lower = scratch + ((size_t) 1 << p);
	walk.effect = walk.lower + (size_t) p * p;
	walk.member = (int *) (share + p);
	walk.check = check;
	walk.r_squared[0] = 0;
	walk_subsets(&walk, 0, 0, 0);

	/* share[s] = s! (p - 1 - s)! / p! */
	share[0] = 1.0 / p;
	for (i = 1; i < p; i++)
		share[i] = share[i - 1] * i / (p - i);
	memset(weight, 0, p * sizeof(double));
	for (subset = 0; subset < (size_t) 1 << p; subset++)
	{
		int size = __builtin_popcountl((unsigned long) subset);

		if (subset % 65536 == 65535)
			check();
		for (i = 0; i < p; i++)
		{
			if (subset & (size_t) 1 << i)
				weight[i] += share[size - 1] * walk.r_squared[subset];
			else
				weight[i] -= share[size] * walk.r_squared[subset];
		}
	}
}

/* ---- Johnson ---- */

/*
 * Eigenvalues and eigenvectors of a symmetric matrix by Jacobi's rotations (Golub and Van
 * Loan, 8.5): matrix is overwritten, its diagonal holds the values, the columns of vector
 * the vectors.  False if it does not settle.
 */
static int
jacobi(int n, double *matrix, double *vector, void (*check)(void))
{
	int sweep;
	int i;
	int j;
	int k;

	for (i = 0; i < n; i++)
		for (j = 0; j < n; j++)
			vector[(size_t) i * n + j] = i == j;
	for (sweep = 0; sweep < 60; sweep++)
	{
		double off = 0;

		for (i = 0; i < n; i++)
			for (j = 0; j < i; j++)
				off += matrix[(size_t) i * n + j] * matrix[(size_t) i * n + j];
		if (off < 1e-32 * n)
			return 1;
		for (i = 0; i < n; i++)
		{
			check();
			for (j = i + 1; j < n; j++)
			{
				double entry = matrix[(size_t) i * n + j];
				double theta;
				double t;
				double c;
				double s;

				if (entry == 0)
					continue;
				theta = (matrix[(size_t) j * n + j] - matrix[(size_t) i * n + i]) / (2 * entry);
				t = (theta < 0 ? -1 : 1) / (fabs(theta) + hypot(theta, 1));
				c = 1 / sqrt(t * t + 1);
				s = t * c;
				for (k = 0; k < n; k++)
				{
					double a = matrix[(size_t) k * n + i];
					double b = matrix[(size_t) k * n + j];

					matrix[(size_t) k * n + i] = c * a - s * b;
					matrix[(size_t) k * n + j] = s * a + c * b;
				}
				for (k = 0; k < n; k++)
				{
					double a = matrix[(size_t) i * n + k];
					double b = matrix[(size_t) j * n + k];

					matrix[(size_t) i * n + k] = c * a - s * b;
					matrix[(size_t) j * n + k] = s * a + c * b;
				}
				matrix[(size_t) i * n + j] = matrix[(size_t) j * n + i] = 0;
				for (k = 0; k < n; k++)
				{
					double a = vector[(size_t) k * n + i];
					double b = vector[(size_t) k * n + j];

					vector[(size_t) k * n + i] = c * a - s * b;
					vector[(size_t) k * n + j] = s * a + c * b;
				}
			}
		}
	}
	return 0;
}

/* The doubles of scratch that cv_johnson needs. */
size_t
cv_johnson_scratch(int p)
{
	return 3 * (size_t) p * p + p;
}

/*
 * weight[j] = sum over k of root[j][k]^2 beta[k]^2, where root is the symmetric square
 * root of the correlations, which links the drivers with the orthogonal variables nearest
 * to them, and beta = root^-1 outcome the coefficients on those.  Returns 0 if the
 * eigenvalues cannot be had.
 */
int
cv_johnson(int p, const double *correlation, const double *outcome, double *weight, double *scratch,
		   void (*check)(void))
{
	double *matrix = scratch;
	double *vector = scratch + (size_t) p * p;
	double *root = vector + (size_t) p * p;
	double *beta = root + (size_t) p * p;
	int i;
	int j;
	int k;

	memcpy(matrix, correlation, (size_t) p * p * sizeof(double));
	if (!jacobi(p, matrix, vector, check))
		return 0;
	for (k = 0; k < p; k++)
		if (!(matrix[(size_t) k * p + k] > 0))
			return 0;
	for (i = 0; i < p; i++)
	{
		check();
		beta[i] = 0;
		for (j = 0; j < p; j++)
		{
			double sum = 0;
			double inverse = 0;

			for (k = 0; k < p; k++)
			{
				double product = vector[(size_t) i * p + k] * vector[(size_t) j * p + k];
				double value = sqrt(matrix[(size_t) k * p + k]);

				sum += product * value;
				inverse += product / value;
			}
			root[(size_t) i * p + j] = sum;
			beta[i] += inverse * outcome[j];
		}
	}
	for (j = 0; j < p; j++)
	{
		weight[j] = 0;
		for (k = 0; k < p; k++)
			weight[j] += root[(size_t) j * p + k] * root[(size_t) j * p + k] * beta[k] * beta[k];
	}
	return 1;
}
