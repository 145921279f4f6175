/*
 * test_fit.c: derivatives of the likelihoods against differences, fits against
 * simulated truth and against brute force, and data that identify nothing.
 */
#include "tap.h"

#include <stdlib.h>
#include <string.h>

#include "core/matrix.h"
#include "core/simulate.h"
#include "core/special.h"

#define FAMILIES 6

static const cv_buying_family *const family[FAMILIES] = {
	&cv_nbd, &cv_bg_nbd, &cv_mbg_nbd, &cv_pareto_nbd, &cv_bg_cnbd, &cv_mbg_cnbd
};

static const double truth[FAMILIES][CV_BUYING_NUMBERS] = {
	{ 0.6, 8, 0, 0 },	  { 0.5, 6, 0.8, 2.4 },	   { 0.6, 6, 0.8, 1.6 },
	{ 0.6, 10, 0.6, 12 }, { 0.9, 3, 0.8, 2.4, 2 }, { 1.2, 3, 0.8, 1.6, 3 }
};

#define MOST 20000

static cv_group group[MOST];

static int
compare_groups(const void *left, const void *right)
{
	const cv_group *a = left;
	const cv_group *b = right;

	if (a->x != b->x)
		return a->x < b->x ? -1 : 1;
	if (a->t_x != b->t_x)
		return a->t_x < b->t_x ? -1 : 1;
	return a->T < b->T ? -1 : a->T > b->T;
}

/* Customers observed for 26 to 78 units, in continuous time. */
static void
simulate(const cv_buying_family *model, const double *p, int n, int seed)
{
	int i;

	for (i = 0; i < n; i++)
	{
		cv_random random;
		cv_customer customer;
		double at;

		cv_random_seed(&random, seed, i);
		group[i].T = 26 + 52 * cv_random_uniform(&random);
		group[i].x = group[i].t_x = 0;
		group[i].customers = 1;
		cv_customer_draw(&customer, model, p, &random);
		while ((at = cv_customer_next(&customer, &random)) <= group[i].T)
		{
			group[i].x++;
			group[i].t_x = at;
		}
	}
	qsort(group, n, sizeof(cv_group), compare_groups);
}

static double
likelihood(const cv_buying_family *model, const double *p, const cv_group *g, int n,
		   cv_likelihood *sum)
{
	memset(sum, 0, sizeof(*sum));
	model->add(p, g, n, sum);
	return sum->value;
}

/* Gradient and Hessian at odd places against central differences. */
static void
test_derivatives(const cv_buying_family *model)
{
	/* the last of each is the k of regular families */
	static const double places[][CV_BUYING_NUMBERS] = {
		{ 0.3, 4, 0.8, 2.4, 2 },	 { 2, 0.05, 1, 0.3, 3 },	  { 0.7, 30, 3, 30, 12 },
		{ 0.05, 200, 0.02, 0.5, 2 }, { 10, 100, 40, 0.001, 100 }, { 1, 1, 1, 1, 1 }
	};
	double worst_sum = 0;
	double worst_gradient = 0;
	double worst_hessian = 0;
	size_t place;
	int n;
	int i;
	int j;

	for (n = 0; n < 7; n++)
	{
		static const double rows[][4] = { { 0, 0, 30, 3 },	  { 1, 2, 40, 2 },	 { 3, 39.9, 40, 1 },
										  { 7, 25, 25, 5 },	  { 40, 10, 60, 1 }, { 300, 59, 60, 1 },
										  { 5000, 80, 90, 1 } };

		group[n].x = rows[n][0];
		group[n].t_x = rows[n][1];
		group[n].T = rows[n][2];
		group[n].customers = rows[n][3];
	}
	for (place = 0; place < sizeof(places) / sizeof(places[0]); place++)
	{
		cv_likelihood here;
		double rowwise = 0;

		likelihood(model, places[place], group, n, &here);
		for (i = 0; i < n; i++)
			rowwise += group[i].customers *
					   model->log_likelihood(places[place], group[i].x, group[i].t_x, group[i].T);
		worst_sum = fmax(worst_sum, fabs(rowwise / here.value - 1));
		for (i = 0; i < model->parameters; i++)
		{
			double p[CV_BUYING_NUMBERS];
			double h = places[place][i] * 1e-4;
			cv_likelihood up;
			cv_likelihood down;
			double slope;
			double size;

			memcpy(p, places[place], sizeof(p));
			p[i] += h;
			likelihood(model, p, group, n, &up);
			p[i] -= 2 * h;
			likelihood(model, p, group, n, &down);
			slope = (up.value - down.value) / (2 * h);
			/* in units of the log parameter, against the size of the problem */
			size = fabs(here.gradient[i]) * places[place][i] + 1e-3 * fabs(here.value) + 1;
			worst_gradient =
				fmax(worst_gradient, fabs(slope - here.gradient[i]) * places[place][i] / size);
			for (j = 0; j < model->parameters; j++)
			{
				double entry = i <= j ? here.hessian[i][j] : here.hessian[j][i];
				double scale = places[place][i] * places[place][j];

				slope = (up.gradient[j] - down.gradient[j]) / (2 * h);
				size = fabs(entry) * scale + 1e-3 * fabs(here.gradient[j]) * places[place][j] + 1;
				worst_hessian = fmax(worst_hessian, fabs(slope - entry) * scale / size);
			}
		}
	}
	ok(worst_sum < 1e-13, "%s: sum over groups is the sum of rows (error %.1e)", model->name,
	   worst_sum);
	ok(worst_gradient < 1e-6, "%s: gradient agrees with differences (error %.1e)", model->name,
	   worst_gradient);
	ok(worst_hessian < 1e-6, "%s: Hessian agrees with differences (error %.1e)", model->name,
	   worst_hessian);
}

/* Share of 95 % intervals, over many data sets, that hold the true parameter. */
static void
test_truth(const cv_buying_family *model, const double *p)
{
	int sets = 60;
	int customers = 1500;
	int inside = 0;
	int intervals = 0;
	int converged = 0;
	int better = 0;
	cv_buying_family regular = *model; /* with the k to fit */
	int seed;

	regular.k = (int) p[CV_BUYING_K];
	for (seed = 1; seed <= sets; seed++)
	{
		cv_minimum minimum;
		cv_likelihood at_truth;
		double lower[16];
		double covariance[16];
		double at_fit;
		double true_value;
		int n = model->parameters;
		int i;

		simulate(model, p, customers, seed);
		true_value = likelihood(model, p, group, customers, &at_truth);
		at_fit = cv_fit_buying(&regular, group, customers, 0, NULL, &minimum);
		better += at_fit >= true_value;
		if (minimum.status != CV_FIT_CONVERGED || cv_cholesky(n, minimum.hessian, lower) != 0)
			continue;
		converged++;
		cv_cholesky_inverse(n, lower, covariance);
		for (i = 0; i < n; i++)
		{
			double spread = sqrt(covariance[i * n + i] / customers);

			intervals++;
			inside += fabs(minimum.theta[i] - log(p[i])) < 1.96 * spread;
		}
	}
	ok(converged >= sets - 2, "%s: %d of %d fits converge", model->name, converged, sets);
	ok(better == sets, "%s: no fit is less likely than the truth", model->name);
	ok(inside >= 0.91 * intervals && inside <= 0.985 * intervals,
	   "%s: %.1f %% of the 95 %% intervals hold the truth", model->name,
	   100.0 * inside / intervals);
}

/* What customers of one x share, in whole days and in continuous time, is what each has alone. */
static void
test_shared(const cv_buying_family *model, int whole)
{
	static const double places[][CV_BUYING_NUMBERS] = { { 0.3, 4, 0.8, 24, 2 },
														{ 5, 0.05, 0.02, 300, 3 },
														{ 0.02, 900, 3, 0.01, 1 } };
	double worst = 0;
	size_t place;
	int i;
	int j;
	int k;

	simulate(model, truth[3], MOST, 7);
	for (i = 0; i < MOST && whole; i++)
	{
		group[i].T = ceil(group[i].T * 10);
		group[i].t_x = floor(group[i].t_x * 10);
	}
	for (place = 0; place < sizeof(places) / sizeof(places[0]); place++)
	{
		const double *p = places[place];
		cv_likelihood all;
		cv_likelihood apart;
		double size = 0;

		likelihood(model, p, group, MOST, &all);
		memset(&apart, 0, sizeof(apart));
		for (i = 0; i < MOST; i++)
		{
			cv_likelihood one;

			size += fabs(likelihood(model, p, &group[i], 1, &one));
			apart.value += one.value;
			for (j = 0; j < model->parameters; j++)
			{
				apart.gradient[j] += one.gradient[j];
				for (k = j; k < model->parameters; k++)
					apart.hessian[j][k] += one.hessian[j][k];
			}
		}
		worst = fmax(worst, fabs(all.value - apart.value) / size);
		for (j = 0; j < model->parameters; j++)
		{
			worst = fmax(worst, fabs(all.gradient[j] - apart.gradient[j]) * p[j] / size);
			for (k = j; k < model->parameters; k++)
				worst =
					fmax(worst, fabs(all.hessian[j][k] - apart.hessian[j][k]) * p[j] * p[k] / size);
		}
	}
	ok(worst < 1e-11, "%s: what customers %s share is what each has (error %.1e)", model->name,
	   whole ? "in whole days" : "in continuous time", worst);
}

/* The sampled start of large bases changes nothing; nor does weighting. */
static void
test_large(void)
{
	static cv_group copy[MOST];
	cv_minimum whole;
	cv_minimum grouped;
	double all;
	double twice;
	int i;

	simulate(&cv_mbg_nbd, truth[2], MOST, 99);
	memcpy(copy, group, sizeof(group));
	all = cv_fit_buying(&cv_mbg_nbd, group, MOST, 0, NULL, &whole);
	for (i = 0; i < MOST; i++)
		copy[i].customers = 2;
	twice = cv_fit_buying(&cv_mbg_nbd, copy, MOST, 0, NULL, &grouped);
	ok(whole.status == CV_FIT_CONVERGED && whole.gradient < 1e-10, "a large base converges");
	near(twice, 2 * all, 1e-13, "everybody twice doubles the log-likelihood");
	for (i = 0; i < 4; i++)
		near(grouped.theta[i], whole.theta[i], 1e-9, "and leaves a parameter where it was");
}

static void
test_unidentified(void)
{
	cv_minimum minimum;
	cv_minimum penalised;
	int i;

	/* everybody buys regularly and is alive: nothing tells of dropping out */
	for (i = 0; i < 200; i++)
	{
		group[i].x = 3 + i / 50;
		group[i].T = 40;
		group[i].t_x = 40;
		group[i].customers = 1;
	}
	cv_fit_buying(&cv_pareto_nbd, group, 200, 0, NULL, &minimum);
	ok(minimum.status != CV_FIT_CONVERGED, "no death observed: the fit does not claim to converge");
	/* everybody at the same rate: r and alpha grow together */
	for (i = 0; i < 200; i++)
	{
		group[i].x = 4;
		group[i].T = group[i].t_x = 40 + i % 2 * 0.1;
	}
	cv_fit_buying(&cv_nbd, group, 200, 0, NULL, &minimum);
	ok(minimum.status == CV_FIT_RUNAWAY && minimum.theta[minimum.culprit] > 0,
	   "no two rates: a parameter runs away");
	for (i = 0; i < 200; i++)
		group[i].T = group[i].t_x = 40 + i % 2 * 0.1;
	cv_fit_buying(&cv_nbd, group, 200, 0.0001, NULL, &penalised);
	ok(penalised.status == CV_FIT_CONVERGED, "with a penalty it converges");
}

static void
test_spending(void)
{
	static cv_spend_group spend[5000];
	static const double p[] = { 6.25, 3.74, 15.44 };
	int inside = 0;
	int sets = 60;
	int seed;
	int i;

	for (seed = 1; seed <= sets; seed++)
	{
		cv_minimum minimum;
		double lower[9];
		double covariance[9];
		int n = 1000;

		for (i = 0; i < n; i++)
		{
			cv_random random;
			double rate;
			int k;

			cv_random_seed(&random, 1000 + seed, i);
			rate = cv_random_gamma(&random, p[1]) / p[2];
			spend[i].x = 1 + i / 250;
			spend[i].m = 0;
			spend[i].customers = 1;
			for (k = 0; k < spend[i].x; k++)
				spend[i].m += cv_random_gamma(&random, p[0]) / rate / spend[i].x;
		}
		cv_fit_gamma_gamma(spend, n, 0, NULL, &minimum);
		if (minimum.status != CV_FIT_CONVERGED || cv_cholesky(3, minimum.hessian, lower) != 0)
			continue;
		cv_cholesky_inverse(3, lower, covariance);
		for (i = 0; i < 3; i++)
			inside += fabs(minimum.theta[i] - log(p[i])) < 1.96 * sqrt(covariance[i * 3 + i] / n);
	}
	ok(inside >= 0.90 * 3 * sets && inside <= 0.99 * 3 * sets,
	   "gamma-gamma: %.1f %% of the 95 %% intervals hold the truth", 100.0 * inside / (3 * sets));
}

/* Simulated futures of simulated customers against the predictions. */
static void
test_futures(const cv_buying_family *model, const double *p)
{
	double expected = 0;
	double variance = 0;
	double alive = 0;
	double bought = 0;
	double living = 0;
	int n = 40000;
	double horizon = 26;
	int i;

	for (i = 0; i < n; i++)
	{
		cv_random random;
		cv_customer customer;
		double T = 20;
		double x = 0;
		double t_x = 0;
		double later = 0;
		double at;
		double mean;

		cv_random_seed(&random, 7, i);
		cv_customer_draw(&customer, model, p, &random);
		while ((at = cv_customer_next(&customer, &random)) <= T + horizon)
		{
			if (at <= T)
			{
				x++;
				t_x = at;
			}
			else
				later++;
		}
		mean = cv_buying_p_alive(model, p, x, t_x, T) * model->purchases(p, x, t_x, T, horizon, 0);
		expected += mean;
		bought += later;
		variance += (later - mean) * (later - mean);
		alive +=
			model->probability(p, x, t_x, T, horizon, 0) * cv_buying_p_alive(model, p, x, t_x, T) +
			cv_buying_p_dead(model, p, x, t_x, T);
		living += later == 0;
	}
	ok(fabs(bought - expected) < 4 * sqrt(variance),
	   "%s: simulated customers buy %.0f times, %.0f were expected", model->name, bought, expected);
	ok(fabs(living - alive) < 4 * sqrt(n * 0.25), "%s: %.0f of them not at all, %.0f were expected",
	   model->name, living, alive);
}

int
main(void)
{
	int i;

	for (i = 0; i < FAMILIES; i++)
		test_derivatives(family[i]);
	for (i = 0; i < FAMILIES; i++)
		test_truth(family[i], truth[i]);
	for (i = 0; i < FAMILIES; i++)
		test_futures(family[i], truth[i]);
	test_shared(&cv_pareto_nbd, 1);
	test_shared(&cv_pareto_nbd, 0);
	test_large();
	test_unidentified();
	test_spending();
	return done();
}
