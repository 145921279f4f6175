/*
 * covariates.c: the fit of a buying model with covariates.
 *
 * Customers with the same covariates share a family's parameters, so each distinct
 * vector z is one call of the family's likelihood, with derivatives, at its own
 * alpha and beta or b.  In logarithms ln alpha_z = ln alpha - gamma'z is linear, so
 * the chain rule has no second part: the derivative by gamma_c is -z_c times the one
 * by ln alpha.
 */
#include "core/covariates.h"

#include <math.h>
#include <string.h>

#include "core/matrix.h"

#define ROWS_BETWEEN_CHECKS 512
#define VECTORS_OF_A_PART 256
#define SAMPLE_GROUPS 4096
#define LOG_BOUND 16.0	/* of a logarithm, and of a coefficient of a standardised column */
#define COLLINEAR 1e-10 /* 1 - R squared of a column on those before it */

/* Number of processes that take covariates: purchases, dropping out. */
int
cv_covariate_processes(const cv_buying_family *family)
{
	int most = 0;
	int i;

	for (i = 0; i < family->parameters; i++)
		if (family->process[i] > most)
			most = family->process[i];
	return most;
}

/* The parameter that the covariates of a process (from 0) multiply. */
int
cv_covariate_target(const cv_buying_family *family, int process)
{
	int i = 0;

	while (family->process[i] != process + 1)
		i++;
	return i;
}

/* A customer's own parameters p from all parameters and the covariates z. */
void
cv_covariate_apply(const cv_buying_family *family, const double *parameter, int columns,
				   const double *z, double *p)
{
	const double *coefficient = parameter + family->parameters;
	int processes = columns > 0 ? cv_covariate_processes(family) : 0;
	int i;
	int c;

	memcpy(p, parameter, sizeof(double) * family->parameters);
	for (i = 0; i < processes; i++)
	{
		double sum = 0;

		for (c = 0; c < columns; c++)
			sum += *coefficient++ * z[c];
		p[cv_covariate_target(family, i)] *= exp(-sum);
	}
}

/* Which of the family's parameters a parameter goes through, and its process or -1. */
static void
list_targets(const cv_buying_family *family, int columns, int n, int *target)
{
	int i;

	for (i = 0; i < n; i++)
		target[i] = i < family->parameters
						? i
						: cv_covariate_target(family, (i - family->parameters) / columns);
}

/* The groups of a vector from "from" on, at most ROWS_BETWEEN_CHECKS of every stride-th. */
static int
take_groups(const cv_covariate_fit *fit, int *from, int end, const cv_group **rows,
			cv_group *sample)
{
	int n = 0;

	if (fit->stride == 1)
	{
		*rows = fit->group + *from;
		n = end - *from < ROWS_BETWEEN_CHECKS ? end - *from : ROWS_BETWEEN_CHECKS;
		*from += n;
		return n;
	}
	*rows = sample;
	for (; *from < end && n < ROWS_BETWEEN_CHECKS; *from += fit->stride)
		sample[n++] = fit->group[*from];
	return n;
}

/* Adds penalty * sum of squared parameters, in the units of the user's covariates. */
static double
add_penalty(const cv_covariate_fit *fit, int n, const double *theta, double *gradient,
			double *hessian)
{
	const cv_buying_family *family = fit->family;
	const cv_design *design = fit->design;
	int own = family->parameters;
	int columns = design->columns;
	double value = 0;
	int i;
	int c;
	int d;

	for (i = 0; i < own; i++)
	{
		double logarithm = theta[i];
		int first = own + (family->process[i] - 1) * columns;
		double square;

		if (family->process[i] > 0)
			for (c = 0; c < columns; c++)
				logarithm += theta[first + c] * design->mean[c] / design->spread[c];
		square =
			exp(2 * logarithm) * (family->is_time[i] ? fit->scale * fit->scale : 1) * fit->penalty;
		value += square;
		gradient[i] += 2 * square;
		hessian[i * n + i] += 4 * square;
		if (family->process[i] == 0)
			continue;
		for (c = 0; c < columns; c++)
		{
			double shift = design->mean[c] / design->spread[c];

			gradient[first + c] += 2 * square * shift;
			hessian[i * n + first + c] += 4 * square * shift;
			for (d = c; d < columns; d++)
				hessian[(first + c) * n + first + d] +=
					4 * square * shift * design->mean[d] / design->spread[d];
		}
	}
	for (i = own; i < n; i++)
	{
		double spread = design->spread[(i - own) % columns];
		double weight = fit->penalty / (spread * spread);

		value += weight * theta[i] * theta[i];
		gradient[i] += 2 * weight * theta[i];
		hessian[i * n + i] += 2 * weight;
	}
	return value;
}

/*
 * -mean log-likelihood + penalty, as a function of the logarithms of the family's
 * parameters and the coefficients of the standardised columns.
 */
double
cv_covariate_objective(int n, const double *theta, double *gradient, double *hessian, void *context)
{
	const cv_covariate_fit *fit = context;
	const cv_buying_family *family = fit->family;
	const cv_design *design = fit->design;
	int own = family->parameters;
	int columns = design->columns;
	int target[CV_MAX_PARAMETERS];
	double factor[CV_MAX_PARAMETERS];
	double part_gradient[CV_MAX_PARAMETERS];
	double part_hessian[CV_MAX_PARAMETERS * CV_MAX_PARAMETERS];
	double part_value = 0;
	double value = 0;
	int in_part = 0;
	int unchecked = 0;
	int from = 0;
	int v;
	int i;
	int j;

	list_targets(family, columns, n, target);
	memset(gradient, 0, sizeof(double) * n);
	memset(hessian, 0, sizeof(double) * n * n);
	memset(part_gradient, 0, sizeof(double) * n);
	memset(part_hessian, 0, sizeof(double) * n * n);
	for (i = 0; i < own; i++)
		factor[i] = 1;
	for (v = 0; v < design->vectors; v++)
	{
		const double *z = design->value + (size_t) v * columns;
		double p[CV_BUYING_PARAMETERS];
		double log_gradient[CV_BUYING_PARAMETERS];
		double log_hessian[CV_BUYING_PARAMETERS][CV_BUYING_PARAMETERS];
		cv_likelihood sum;
		cv_group sample[ROWS_BETWEEN_CHECKS];
		const cv_group *rows;

		if (from >= design->end[v])
			continue;
		memcpy(p, theta, sizeof(double) * own);
		for (i = own; i < n; i++)
		{
			factor[i] = -z[(i - own) % columns];
			p[target[i]] += theta[i] * factor[i];
		}
		for (i = 0; i < own; i++)
			p[i] = exp(p[i]);

		memset(&sum, 0, sizeof(sum));
		while (from < design->end[v])
		{
			int count = take_groups(fit, &from, design->end[v], &rows, sample);

			if (fit->check && (unchecked += count) >= ROWS_BETWEEN_CHECKS)
			{
				fit->check();
				unchecked = 0;
			}
			family->add(p, rows, count, &sum);
		}

		/* to logarithms, then to all parameters */
		for (i = 0; i < own; i++)
		{
			log_gradient[i] = p[i] * sum.gradient[i];
			for (j = i; j < own; j++)
				log_hessian[i][j] = log_hessian[j][i] = p[i] * p[j] * sum.hessian[i][j];
			log_hessian[i][i] += log_gradient[i];
		}
		part_value += sum.value;
		for (i = 0; i < n; i++)
		{
			const double *row = log_hessian[target[i]];

			part_gradient[i] += factor[i] * log_gradient[target[i]];
			if (factor[i] != 0)
				for (j = i; j < n; j++)
					part_hessian[i * n + j] += factor[i] * factor[j] * row[target[j]];
		}

		/* sums of sums: rounding grows with the number of parts */
		if (++in_part == VECTORS_OF_A_PART || v == design->vectors - 1)
		{
			value += part_value;
			for (i = 0; i < n; i++)
				gradient[i] += part_gradient[i];
			for (i = 0; i < n * n; i++)
				hessian[i] += part_hessian[i];
			part_value = 0;
			memset(part_gradient, 0, sizeof(double) * n);
			memset(part_hessian, 0, sizeof(double) * n * n);
			in_part = 0;
		}
	}
	value = -(value + part_value) / fit->customers;
	for (i = 0; i < n; i++)
		gradient[i] = -(gradient[i] + part_gradient[i]) / fit->customers;
	for (i = 0; i < n * n; i++)
		hessian[i] = -(hessian[i] + part_hessian[i]) / fit->customers;
	if (fit->penalty > 0)
		value += add_penalty(fit, n, theta, gradient, hessian);
	for (i = 0; i < n; i++)
		for (j = i + 1; j < n; j++)
			hessian[j * n + i] = hessian[i * n + j];
	return value;
}

/*
 * The first column that is, up to rounding, a linear combination of a constant and
 * the columns before it; -1 where there is none.  customers counts those of each
 * vector; scratch has room for 2 * columns * columns + columns numbers.  check() is
 * called now and then, unless NULL.
 */
int
cv_collinear_column(const cv_design *design, const double *customers, double *scratch,
					cv_interrupt_check check)
{
	int n = design->columns;
	double *mean = scratch;
	double *matrix = mean + n;
	double *lower = matrix + n * n;
	double total = 0;
	int v;
	int i;
	int j;
	int k;

	memset(scratch, 0, sizeof(double) * (n + 2 * n * n));
	for (v = 0; v < design->vectors; v++)
	{
		total += customers[v];
		for (i = 0; i < n; i++)
			mean[i] += customers[v] * design->value[(size_t) v * n + i];
	}
	for (i = 0; i < n; i++)
		mean[i] /= total;
	for (v = 0; v < design->vectors; v++)
	{
		const double *z = design->value + (size_t) v * n;

		if (check && v % ROWS_BETWEEN_CHECKS == 0)
			check();
		for (i = 0; i < n; i++)
			for (j = 0; j <= i; j++)
				matrix[i * n + j] += customers[v] * (z[i] - mean[i]) * (z[j] - mean[j]);
	}
	/* Cholesky; a pivot is what the columns before leave unexplained */
	for (i = 0; i < n; i++)
		for (j = 0; j <= i; j++)
		{
			double sum = matrix[i * n + j];

			for (k = 0; k < j; k++)
				sum -= lower[i * n + k] * lower[j * n + k];
			if (i == j && !(sum > COLLINEAR * matrix[i * n + i]))
				return i;
			lower[i * n + j] = i == j ? sqrt(sum) : sum / lower[j * n + j];
		}
	return -1;
}

/*
 * Fits a family with covariates to groups of customers, which stand by vectors and
 * are sorted by x within; times are in model units and are rescaled in place.
 * "start" has the family's parameters to start from, in logarithms and model units:
 * the fit without covariates.  "minimum" tells the optimum for standardised columns,
 * see cv_covariates_unscale(); returns the log-likelihood there.
 */
double
cv_fit_covariates(const cv_buying_family *family, cv_group *group, int n, const cv_design *design,
				  double penalty, const double *start, cv_interrupt_check check,
				  cv_minimum *minimum)
{
	static const double place[][CV_BUYING_PARAMETERS] = {
		{ 0, 0, 0, 0 }, { -1, -1, 0, 1 }, { 1, 2, -1, 2 }, { -2, -2, -2, -1 }
	};
	cv_covariate_fit fit = { family, group, design, 1, 0, penalty, 0, check };
	int own = family->parameters;
	int k = own + cv_covariate_processes(family) * design->columns;
	double from[5 * CV_MAX_PARAMETERS] = { 0 };
	double gradient[CV_MAX_PARAMETERS];
	double hessian[CV_MAX_PARAMETERS * CV_MAX_PARAMETERS];
	double customers = 0;
	double purchases = 0;
	double log_likelihood;
	int i;

	for (i = 0; i < n; i++)
	{
		customers += group[i].customers;
		fit.scale += group[i].customers * group[i].T;
		purchases += group[i].customers * group[i].x;
	}
	fit.scale /= customers;
	for (i = 0; i < n; i++)
	{
		group[i].t_x /= fit.scale;
		group[i].T /= fit.scale;
	}
	for (i = 0; i < own; i++)
		from[i] = start[i] - (family->is_time[i] ? log(fit.scale) : 0);
	for (i = 0; i < 4; i++)
		memcpy(from + (i + 1) * k, place[i], sizeof(double) * own);

	/* many groups: the optimum of a sample of them is a start next to the goal */
	minimum->status = CV_FIT_STUCK;
	if (n >= 2 * SAMPLE_GROUPS)
	{
		fit.stride = n / SAMPLE_GROUPS;
		for (i = 0; i < n; i += fit.stride)
			fit.customers += group[i].customers;
		cv_newton_minimise(k, cv_covariate_objective, &fit, from, 1, LOG_BOUND, minimum);
		fit.stride = 1;
	}
	fit.customers = customers;
	if (minimum->status == CV_FIT_CONVERGED)
	{
		double sampled[CV_MAX_PARAMETERS];

		memcpy(sampled, minimum->theta, sizeof(double) * k);
		cv_newton_minimise(k, cv_covariate_objective, &fit, sampled, 1, LOG_BOUND, minimum);
	}
	if (minimum->status != CV_FIT_CONVERGED)
		cv_newton_minimise(k, cv_covariate_objective, &fit, from, 1, LOG_BOUND, minimum);
	/* a coefficient that nothing holds is no matter of where to start */
	if (minimum->status == CV_FIT_STUCK ||
		(minimum->status != CV_FIT_CONVERGED && minimum->culprit < own))
	{
		cv_minimum other;

		cv_newton_minimise(k, cv_covariate_objective, &fit, from + k, 4, LOG_BOUND, &other);
		if (other.status < minimum->status)
			*minimum = other;
	}
	fit.penalty = 0;
	log_likelihood =
		-customers * cv_covariate_objective(k, minimum->theta, gradient, hessian, &fit) -
		purchases * log(fit.scale);
	for (i = 0; i < own; i++)
		if (family->is_time[i])
			minimum->theta[i] += log(fit.scale);
	return log_likelihood;
}

/*
 * From the coefficients of standardised columns to those of the covariates as they
 * are, and from a customer at the means to one at 0: a linear map of theta, and of
 * its covariance.
 */
void
cv_covariates_unscale(const cv_buying_family *family, const cv_design *design, double *theta,
					  double *covariance)
{
	int own = family->parameters;
	int columns = design->columns;
	int n = own + cv_covariate_processes(family) * columns;
	int i;
	int k;

	for (i = own; i < n; i++)
	{
		double spread = design->spread[(i - own) % columns];
		double mean = design->mean[(i - own) % columns];
		int target = cv_covariate_target(family, (i - own) / columns);

		theta[i] /= spread;
		theta[target] += mean * theta[i];
		for (k = 0; k < n; k++)
			covariance[i * n + k] /= spread;
		for (k = 0; k < n; k++)
			covariance[k * n + i] /= spread;
		for (k = 0; k < n; k++)
			covariance[target * n + k] += mean * covariance[i * n + k];
		for (k = 0; k < n; k++)
			covariance[k * n + target] += mean * covariance[k * n + i];
	}
}
