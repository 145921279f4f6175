/*
 * test_relative_importance.c: R squared against the normal equations, LMG against the
 * mean over all orders, Johnson against what it must be where it is known.
 */
#include "tap.h"

#include <stdlib.h>
#include <string.h>

#include "core/matrix.h"
#include "core/random.h"
#include "core/relative_importance.h"

#define MOST 7
#define ROWS 40

static cv_random stream;
static int checks;

static void
check(void)
{
	checks++;
}

/* Correlations of random drivers, mixed with each other, and an outcome made of them. */
static void
random_correlations(int p, double *correlation, double *outcome)
{
	double data[ROWS][MOST + 1];
	double all[MOST + 1][MOST + 1];
	int i, j, k;

	for (i = 0; i < ROWS; i++)
	{
		data[i][p] = cv_random_uniform(&stream);
		for (j = 0; j < p; j++)
		{
			data[i][j] = cv_random_uniform(&stream) + (j > 0 ? 0.6 * data[i][j - 1] : 0);
			data[i][p] += (j % 3 - 0.7) * data[i][j];
		}
	}
	for (j = 0; j <= p; j++)
	{
		double mean = 0;

		for (i = 0; i < ROWS; i++)
			mean += data[i][j] / ROWS;
		for (i = 0; i < ROWS; i++)
			data[i][j] -= mean;
	}
	for (j = 0; j <= p; j++)
		for (k = 0; k <= p; k++)
		{
			all[j][k] = 0;
			for (i = 0; i < ROWS; i++)
				all[j][k] += data[i][j] * data[i][k];
		}
	for (j = 0; j < p; j++)
	{
		outcome[j] = all[j][p] / sqrt(all[j][j] * all[p][p]);
		for (k = 0; k < p; k++)
			correlation[j * p + k] = j == k ? 1 : all[j][k] / sqrt(all[j][j] * all[k][k]);
	}
}

/* R squared on a subset: r' R^-1 r. */
static double
subset_r_squared(int p, const double *correlation, const double *outcome, unsigned subset)
{
	double matrix[MOST * MOST] = { 0 };
	double lower[MOST * MOST];
	double right[MOST];
	double solution[MOST];
	double sum = 0;
	int member[MOST];
	int n = 0;
	int i, j;

	for (i = 0; i < p; i++)
		if (subset & 1u << i)
			member[n++] = i;
	if (n == 0)
		return 0;
	for (i = 0; i < n; i++)
	{
		right[i] = outcome[member[i]];
		for (j = 0; j < n; j++)
			matrix[i * n + j] = correlation[member[i] * p + member[j]];
	}
	cv_cholesky(n, matrix, lower);
	cv_cholesky_solve(n, lower, right, solution);
	for (i = 0; i < n; i++)
		sum += right[i] * solution[i];
	return sum;
}

/* Adds the gains of all orders that go on from a subset. */
static int
all_orders(int p, const double *correlation, const double *outcome, unsigned subset, double *gain)
{
	int orders = 0;
	int i;

	if (subset == (1u << p) - 1)
		return 1;
	for (i = 0; i < p; i++)
		if (!(subset & 1u << i))
		{
			unsigned with = subset | 1u << i;
			int later = all_orders(p, correlation, outcome, with, gain);

			gain[i] += later * (subset_r_squared(p, correlation, outcome, with) -
								subset_r_squared(p, correlation, outcome, subset));
			orders += later;
		}
	return orders;
}

static void
averages(void)
{
	double worst = 0;
	double sums = 0;
	int trial;

	for (trial = 0; trial < 40; trial++)
	{
		int p = 1 + trial % 6;
		double correlation[MOST * MOST], outcome[MOST], weight[MOST], gain[MOST] = { 0 };
		double lower[MOST * MOST], combination[MOST], r_squared, sum = 0;
		double *scratch = malloc(cv_lmg_scratch(p) * sizeof(double));
		int orders;
		int i;

		random_correlations(p, correlation, outcome);
		orders = all_orders(p, correlation, outcome, 0, gain);
		cv_lmg(p, correlation, outcome, weight, scratch, check);
		free(scratch);
		if (cv_r_squared(p, correlation, outcome, lower, combination, &r_squared) != 0 ||
			fabs(r_squared - subset_r_squared(p, correlation, outcome, (1u << p) - 1)) > 1e-13)
			worst = INFINITY;
		for (i = 0; i < p; i++)
		{
			double error = fabs(weight[i] - gain[i] / orders);

			if (!(error <= worst))
				worst = error;
			sum += weight[i];
		}
		if (!(fabs(sum - r_squared) <= sums))
			sums = fabs(sum - r_squared);
	}
	ok(worst < 1e-13, "LMG is the mean over all orders (to %.1g)", worst);
	ok(sums < 1e-13, "and sums to R squared (to %.1g)", sums);
}

static void
relative_weights(void)
{
	double worst = 0;
	double pairs = 0;
	double free_of = 0;
	int trial;

	for (trial = 0; trial < 60; trial++)
	{
		int p = 1 + trial % MOST;
		double correlation[MOST * MOST], outcome[MOST], weight[MOST], lmg[MOST];
		double lower[MOST * MOST], combination[MOST], r_squared, sum = 0;
		double *scratch = malloc((cv_johnson_scratch(p) + cv_lmg_scratch(p)) * sizeof(double));
		int i;

		random_correlations(p, correlation, outcome);
		if (trial % 2 && p > 2)
			for (i = 0; i < p * p; i++)
				correlation[i] = i % (p + 1) == 0;
		cv_r_squared(p, correlation, outcome, lower, combination, &r_squared);
		if (!cv_johnson(p, correlation, outcome, weight, scratch, check))
			worst = INFINITY;
		cv_lmg(p, correlation, outcome, lmg, scratch, check);
		free(scratch);
		for (i = 0; i < p; i++)
		{
			sum += weight[i];
			if (p <= 2 && !(fabs(weight[i] - lmg[i]) <= pairs))
				pairs = fabs(weight[i] - lmg[i]);
			if (trial % 2 && p > 2 &&
				!(fabs(weight[i] - outcome[i] * outcome[i]) + fabs(weight[i] - lmg[i]) <= free_of))
				free_of = fabs(weight[i] - outcome[i] * outcome[i]) + fabs(weight[i] - lmg[i]);
		}
		if (!(fabs(sum - r_squared) <= worst))
			worst = fabs(sum - r_squared);
	}
	ok(worst < 1e-12, "relative weights sum to R squared (to %.1g)", worst);
	ok(pairs < 1e-13, "of two drivers they are LMG's (to %.1g)", pairs);
	ok(free_of < 1e-13, "uncorrelated drivers have their squared correlations (to %.1g)", free_of);
}

static void
collinear(void)
{
	/* the third is the sum of the first two, which are uncorrelated, in standard deviations */
	double h = sqrt(0.5);
	double correlation[9] = { 1, 0, h, 0, 1, h, h, h, 1 };
	double outcome[3] = { 0.3, 0.4, 0.7 * h };
	double lower[9], combination[3], r_squared;

	ok(cv_r_squared(3, correlation, outcome, lower, combination, &r_squared) == 3,
	   "a linear combination is found");
	ok(fabs(combination[0] - h) < 1e-15 && fabs(combination[1] - h) < 1e-15,
	   "with its coefficients");
	correlation[2] = correlation[6] = h * (1 - 1e-8);
	ok(cv_r_squared(3, correlation, outcome, lower, combination, &r_squared) == 0,
	   "one that is nearly so is not refused");
}

static void
large(void)
{
	int p = 16;
	double *correlation = malloc(p * p * sizeof(double));
	double *scratch = malloc(cv_lmg_scratch(p) * sizeof(double));
	double outcome[16], weight[16];
	double worst = 0;
	int i;

	/* all alike: every driver carries the same */
	for (i = 0; i < p * p; i++)
		correlation[i] = i % (p + 1) == 0 ? 1 : 0.5;
	for (i = 0; i < p; i++)
		outcome[i] = 0.6;
	checks = 0;
	cv_lmg(p, correlation, outcome, weight, scratch, check);
	for (i = 0; i < p; i++)
		if (!(fabs(weight[i] - 0.36 / (1 + 15 * 0.5)) <= worst))
			worst = fabs(weight[i] - 0.36 / (1 + 15 * 0.5));
	ok(worst < 1e-13, "sixteen drivers alike carry the same (to %.1g)", worst);
	ok(checks > 20, "interrupts are looked for on the way");
	free(correlation);
	free(scratch);
}

int
main(void)
{
	cv_random_seed(&stream, 1, 0);
	averages();
	relative_weights();
	collinear();
	large();
	return done();
}
