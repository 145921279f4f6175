/*
 * test_covariates.c: the likelihood with covariates against differences and against
 * the one without, fits against simulated truth, and columns that say nothing new.
 */
#include "tap.h"

#include <stdlib.h>
#include <string.h>

#include "core/covariates.h"
#include "core/matrix.h"
#include "core/simulate.h"

static const cv_buying_family *const family[] = { &cv_nbd, &cv_bg_nbd, &cv_mbg_nbd,
												  &cv_pareto_nbd };

static const double truth[][4] = {
	{ 0.6, 8, 0, 0 }, { 0.7, 6, 0.8, 2.4 }, { 0.7, 6, 0.8, 1.6 }, { 0.7, 8, 0.8, 12 }
};

#define COLUMNS 3
#define VECTORS 12
#define EACH 1500

static cv_group group[VECTORS * EACH];
static cv_group copy[VECTORS * EACH];
static double raw[VECTORS * COLUMNS];
static double value[VECTORS * COLUMNS];
static double mean[COLUMNS];
static double spread[COLUMNS];
static double customers[VECTORS];
static int end[VECTORS];
static cv_minimum minimum;
static cv_minimum other;

static int
compare_groups(const void *left, const void *right)
{
	const cv_group *a = left;
	const cv_group *b = right;

	return a->x != b->x ? (a->x < b->x ? -1 : 1) : (a->t_x > b->t_x) - (a->t_x < b->t_x);
}

/*
 * Customers of twelve kinds: a number from 2010 to 2013 and a text of three levels,
 * each kind with its own parameters.
 */
static void
simulate(const cv_buying_family *model, const double *parameter, int each)
{
	int v;
	int i;

	for (v = 0; v < VECTORS; v++)
	{
		double *z = raw + v * COLUMNS;
		double p[CV_BUYING_PARAMETERS] = { 0 };

		z[0] = 2010 + v / 3;
		z[1] = v % 3 == 1;
		z[2] = v % 3 == 2;
		cv_covariate_apply(model, parameter, COLUMNS, z, p);
		for (i = 0; i < each; i++)
		{
			cv_group *g = &group[v * each + i];
			cv_random random;
			cv_customer customer;
			double at;

			cv_random_seed(&random, 7, v * 100000 + i);
			g->T = 26 + 52 * cv_random_uniform(&random);
			g->x = g->t_x = 0;
			g->customers = 1;
			cv_customer_draw(&customer, model, p, &random);
			while ((at = cv_customer_next(&customer, &random)) <= g->T)
			{
				g->x++;
				g->t_x = at;
			}
		}
		qsort(group + v * each, each, sizeof(cv_group), compare_groups);
		end[v] = (v + 1) * each;
		customers[v] = each;
	}
}

/* The design with the number standardised, or as it is. */
static cv_design
design_of(int standardised)
{
	cv_design design = { COLUMNS, VECTORS, value, end, mean, spread };
	int i;

	for (i = 0; i < COLUMNS; i++)
	{
		mean[i] = i == 0 && standardised ? 2011.5 : 0;
		spread[i] = i == 0 && standardised ? 1.118 : 1;
	}
	for (i = 0; i < VECTORS * COLUMNS; i++)
		value[i] = (raw[i] - mean[i % COLUMNS]) / spread[i % COLUMNS];
	return design;
}

/* The family's parameters at the mean year, and coefficients. */
static int
parameters_of(int which, double *parameter)
{
	static const double coefficient[] = { 0.15, 0.5, -0.4, -0.2, 0.6, -0.5 };
	const cv_buying_family *model = family[which];
	int n = model->parameters + cv_covariate_processes(model) * COLUMNS;
	int i;

	memcpy(parameter, truth[which], sizeof(double) * model->parameters);
	memcpy(parameter + model->parameters, coefficient, sizeof(coefficient));
	for (i = 0; i < cv_covariate_processes(model); i++)
		parameter[cv_covariate_target(model, i)] *= exp(coefficient[i * COLUMNS] * 2011.5);
	return n;
}

/* Gradient and Hessian of the objective, penalty included, against central differences. */
static void
test_derivatives(int which)
{
	const cv_buying_family *model = family[which];
	double parameter[CV_MAX_PARAMETERS];
	int n = parameters_of(which, parameter);
	cv_design design;
	cv_covariate_fit fit = { model, copy, &design, 1, 0, 0, 2.5, NULL };
	double theta[CV_MAX_PARAMETERS];
	double gradient[CV_MAX_PARAMETERS];
	double hessian[CV_MAX_PARAMETERS * CV_MAX_PARAMETERS];
	double up[CV_MAX_PARAMETERS];
	double down[CV_MAX_PARAMETERS];
	double ignored[CV_MAX_PARAMETERS * CV_MAX_PARAMETERS];
	double worst_gradient = 0;
	double worst_hessian = 0;
	int place;
	int i;
	int j;

	simulate(model, parameter, 40);
	memcpy(copy, group, sizeof(group));
	design = design_of(1);
	mean[0] = 1.5; /* a penalty on alpha at 0 that is felt */
	fit.customers = VECTORS * 40;
	for (place = 0; place < 8; place++)
	{
		cv_random random;

		cv_random_seed(&random, 3, place);
		fit.penalty = place % 2 ? 0.01 : 0;
		fit.stride = place < 6 ? 1 : 7;
		for (i = 0; i < n; i++)
			theta[i] = i < model->parameters
						   ? log(truth[which][i]) + cv_random_uniform(&random) - 0.5
						   : 2 * cv_random_uniform(&random) - 1;
		cv_covariate_objective(n, theta, gradient, hessian, &fit);
		for (i = 0; i < n; i++)
		{
			double step = 1e-5;
			double kept = theta[i];
			double above;
			double below;

			theta[i] = kept + step;
			above = cv_covariate_objective(n, theta, up, ignored, &fit);
			theta[i] = kept - step;
			below = cv_covariate_objective(n, theta, down, ignored, &fit);
			theta[i] = kept;
			worst_gradient = fmax(worst_gradient, fabs((above - below) / (2 * step) - gradient[i]) /
													  (1 + fabs(gradient[i])));
			for (j = 0; j < n; j++)
				worst_hessian =
					fmax(worst_hessian, fabs((up[j] - down[j]) / (2 * step) - hessian[j * n + i]) /
											(1 + fabs(hessian[j * n + i])));
		}
	}
	ok(worst_gradient < 1e-8, "%s: gradient as differences say (%.1e)", model->name,
	   worst_gradient);
	ok(worst_hessian < 1e-7, "%s: Hessian as differences say (%.1e)", model->name, worst_hessian);
}

/* Without covariates, or with ones that are all 0, it is the plain likelihood and fit. */
static void
test_plain(int which)
{
	const cv_buying_family *model = family[which];
	double parameter[CV_MAX_PARAMETERS];
	double theta[CV_MAX_PARAMETERS];
	double gradient[CV_MAX_PARAMETERS];
	double hessian[CV_MAX_PARAMETERS * CV_MAX_PARAMETERS];
	int n = parameters_of(which, parameter);
	int own = model->parameters;
	int all = VECTORS * 200;
	cv_design design;
	cv_covariate_fit fit = { model, group, &design, 1, all, 0, 1, NULL };
	cv_likelihood sum;
	double log_likelihood;
	double plain;
	double split;
	double worst = 0;
	int i;

	simulate(model, parameter, 200);
	design = design_of(0);
	memset(value, 0, sizeof(value));
	memset(&sum, 0, sizeof(sum));
	model->add(truth[which], group, all, &sum);
	for (i = 0; i < n; i++)
		theta[i] = i < own ? log(truth[which][i]) : 3;
	near(cv_covariate_objective(n, theta, gradient, hessian, &fit), -sum.value / all, 1e-13,
		 "covariates of 0 change nothing");

	/* one customer's parameters, and the same from the objective */
	design = design_of(1);
	for (i = own; i < n; i++)
		theta[i] = 0.3;
	split = cv_covariate_objective(n, theta, gradient, hessian, &fit);
	for (i = 0, plain = 0; i < VECTORS; i++)
	{
		double p[CV_BUYING_PARAMETERS];
		double at[CV_MAX_PARAMETERS];
		int j;

		for (j = 0; j < n; j++)
			at[j] = j < own ? exp(theta[j]) : theta[j];
		cv_covariate_apply(model, at, COLUMNS, value + i * COLUMNS, p);
		for (j = i * 200; j < (i + 1) * 200; j++)
			plain -= model->log_likelihood(p, group[j].x, group[j].t_x, group[j].T) / all;
	}
	near(split, plain, 1e-11, "the objective is the sum over customers");

	/* a fit with no columns */
	design.columns = 0;
	memcpy(copy, group, sizeof(group));
	plain = cv_fit_buying(model, copy, all, 0, NULL, &minimum);
	memcpy(copy, group, sizeof(group));
	log_likelihood = cv_fit_covariates(model, copy, all, &design, 0, minimum.theta, NULL, &other);
	for (i = 0; i < own; i++)
		worst = fmax(worst, fabs(minimum.theta[i] - other.theta[i]));
	near(log_likelihood, plain, 1e-13, "a fit without columns is the plain fit");
	ok(worst < 1e-9 && other.status == CV_FIT_CONVERGED, "%s: with its parameters (%.1e)",
	   model->name, worst);
}

/* The inverse of the Hessian of the mean, divided by the customers. */
static void
covariance_of(int n, const cv_minimum *at, double count, double *covariance)
{
	static double lower[CV_MAX_PARAMETERS * CV_MAX_PARAMETERS];
	int i;

	cv_cholesky(n, at->hessian, lower);
	cv_cholesky_inverse(n, lower, covariance);
	for (i = 0; i < n * n; i++)
		covariance[i] /= count;
}

/* Simulated truth is found, whatever the columns' units, from a sample and from all. */
static void
test_truth(int which)
{
	static double covariance[CV_MAX_PARAMETERS * CV_MAX_PARAMETERS];
	static double other_covariance[CV_MAX_PARAMETERS * CV_MAX_PARAMETERS];
	const cv_buying_family *model = family[which];
	double parameter[CV_MAX_PARAMETERS];
	double start[CV_BUYING_PARAMETERS] = { 0 };
	int n = parameters_of(which, parameter);
	int own = model->parameters;
	double worst = 0;
	double unlike = 0;
	double log_likelihood;
	cv_design design;
	int i;

	/* without the year, which moves alpha out of the bounds of a raw column's fit */
	simulate(model, parameter, EACH);
	design = design_of(1);
	memcpy(copy, group, sizeof(group));
	log_likelihood =
		cv_fit_covariates(model, copy, VECTORS * EACH, &design, 0, start, NULL, &minimum);
	ok(minimum.status == CV_FIT_CONVERGED, "%s: the fit converges", model->name);
	covariance_of(n, &minimum, VECTORS * EACH, covariance);
	cv_covariates_unscale(model, &design, minimum.theta, covariance);
	for (i = 0; i < n; i++)
	{
		double expected = i < own ? log(parameter[i]) : parameter[i];

		worst = fmax(worst, fabs(minimum.theta[i] - expected) / sqrt(covariance[i * n + i]));
	}
	ok(worst < 3.5, "%s: the truth is within 3.5 standard errors (%.2f)", model->name, worst);

	/* the same columns from another zero: coefficients stay, alpha moves along */
	for (i = 0; i < VECTORS; i++)
		raw[i * COLUMNS] -= 2011;
	design = design_of(0);
	memcpy(copy, group, sizeof(group));
	near(cv_fit_covariates(model, copy, VECTORS * EACH, &design, 0, start, NULL, &other),
		 log_likelihood, 1e-13, "the likelihood does not depend on the columns' zero");
	covariance_of(n, &other, VECTORS * EACH, other_covariance);
	for (i = 0; i < n; i++)
	{
		double moved = i == cv_covariate_target(model, 0) ? 2011 * minimum.theta[own] : 0;

		if (cv_covariate_processes(model) == 2 && i == cv_covariate_target(model, 1))
			moved = 2011 * minimum.theta[own + COLUMNS];
		unlike = fmax(unlike, fabs(minimum.theta[i] - moved - other.theta[i]));
		if (i >= own)
			unlike = fmax(unlike, fabs(covariance[i * n + i] / other_covariance[i * n + i] - 1));
	}
	ok(unlike < 1e-7, "%s: nor do estimates and errors (%.1e)", model->name, unlike);
}

/* Columns that follow from others are found, whichever they are. */
static void
test_collinear(void)
{
	double columns[40 * 4];
	double weight[40];
	double scratch[4 + 2 * 16];
	cv_design design = { 4, 40, columns, NULL, NULL, NULL };
	cv_random random;
	int i;

	cv_random_seed(&random, 1, 1);
	for (i = 0; i < 40; i++)
	{
		double *z = columns + i * 4;

		weight[i] = 1 + i % 3;
		z[0] = cv_random_uniform(&random);
		z[1] = 1e6 * cv_random_uniform(&random);
		z[2] = i % 2;
		z[3] = cv_random_uniform(&random);
	}
	ok(cv_collinear_column(&design, weight, scratch, NULL) == -1, "independent columns");
	for (i = 0; i < 40; i++)
		columns[i * 4 + 3] =
			5 - 2 * columns[i * 4] + 1e-6 * columns[i * 4 + 1] + columns[i * 4 + 2];
	ok(cv_collinear_column(&design, weight, scratch, NULL) == 3,
	   "the last one follows from the others");
	for (i = 0; i < 40; i++)
		columns[i * 4 + 2] = 3 * columns[i * 4 + 1] + 7;
	ok(cv_collinear_column(&design, weight, scratch, NULL) == 2,
	   "the third one follows from the second");
	for (i = 0; i < 40; i++)
		columns[i * 4] = 9;
	ok(cv_collinear_column(&design, weight, scratch, NULL) == 0, "the first one is constant");
}

/* Signs: more of a positive gamma buys more, more of a positive delta leaves sooner. */
static void
test_signs(void)
{
	static const double parameter[] = { 0.7, 8, 0.8, 12, 0.5, 0.25 };
	double z = 2;
	double p[CV_BUYING_PARAMETERS];

	cv_covariate_apply(&cv_pareto_nbd, parameter, 1, &z, p);
	near(p[1], 8 * exp(-1), 1e-15, "alpha exp(-gamma z)");
	near(p[3], 12 * exp(-0.5), 1e-15, "beta exp(-delta z)");
	ok(p[0] == 0.7 && p[2] == 0.8, "shapes as they are");
	ok(cv_pareto_nbd.purchases(p, 2, 0, 30, 10, 0) > 0 &&
		   cv_pareto_nbd.survival(p, 0, 0, 0, 10) < cv_pareto_nbd.survival(parameter, 0, 0, 0, 10),
	   "positive delta survives less");
	cv_covariate_apply(&cv_mbg_nbd, parameter, 1, &z, p);
	near(p[3], 12 * exp(-0.5), 1e-15, "b exp(-delta z)");
	ok(p[2] == 0.8, "a as it is");
	ok(cv_mbg_nbd.survival(p, 0, 0, 0, 10) < cv_mbg_nbd.survival(parameter, 0, 0, 0, 10),
	   "positive delta survives less there too");
	ok(cv_covariate_processes(&cv_nbd) == 1, "nobody drops out of an NBD");
}

int
main(void)
{
	int i;

	for (i = 0; i < 4; i++)
	{
		test_derivatives(i);
		test_plain(i);
		test_truth(i);
	}
	test_collinear();
	test_signs();
	return done();
}
