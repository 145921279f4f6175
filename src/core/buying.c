/*
 * buying.c: what the buying families share, the fit, and the family without
 * dropping out (NBD: Ehrenberg 1959), the benchmark of the others.
 */
#include "core/buying.h"

#include <math.h>
#include <string.h>

#include "core/matrix.h"
#include "core/quadrature.h"
#include "core/special.h"

/*
 * Integral of e^(-delta y) D(y) over [0, to], where D(0) = 1, D decreases with
 * slope about -steepness at 0 and is analytic but for real y <= -1.  With
 * y = (e^w - 1) / k, k at least 1 and the slope of the whole integrand, it is
 * analytic in |Im w| < pi and changes slowly in w; panels of length 1.5 with 16
 * Gauss-Legendre nodes leave an error below 1e-13.
 */
double
cv_discounted_integral(cv_decay decay, void *context, double steepness, double delta, double to)
{
	cv_legendre rule = cv_legendre_rule(16);
	double k = steepness + delta > 1 ? steepness + delta : 1;
	double sum = 0;
	double end;
	double width;
	int panels;
	int i;
	int j;

	if (delta > 0 && to * delta > 42)
		to = 42 / delta;
	/* the guard holds off absurd parameters only */
	end = log1p(fmin(k * to, 1e300));
	panels = (int) ceil(end / 1.5);
	if (panels < 1)
		panels = 1;
	width = end / panels;
	for (i = 0; i < panels; i++)
	{
		double part = 0;

		for (j = 0; j < rule.n; j++)
		{
			double w = width * (i + rule.node[j]);
			double y = expm1(w) / k;

			part += rule.weight[j] * exp(w - delta * y) * decay(y, context);
		}
		sum += part;
		if (part < 1e-18 * sum)
			break;
	}
	return sum * width / k;
}

/* P(alive at T) */
double
cv_buying_p_alive(const cv_buying_family *family, const double *p, double x, double t_x, double T)
{
	return 1 / (1 + exp(family->log_odds_dead(p, x, t_x, T)));
}

/* 1 - P(alive at T) */
double
cv_buying_p_dead(const cv_buying_family *family, const double *p, double x, double t_x, double T)
{
	return 1 / (1 + exp(-family->log_odds_dead(p, x, t_x, T)));
}

/* ln P(N = n) of the purchase count over t of a rate ~ Gamma(R, A). */
double
cv_count_log_probability(double R, double A, double t, double n)
{
	if (n == 0)
		return -R * log1p(t / A);
	return cv_lgamma_delta(R, n) - cv_lgamma(n + 1) - R * log1p(t / A) - n * log1p(A / t);
}

/* ---- NBD: L = Gamma(r + x) / Gamma(r) alpha^r (alpha + T)^-(r + x) ---- */

static double
nbd_log_likelihood(const double *p, double x, double t_x, double T)
{
	(void) t_x;
	return cv_lgamma_delta(p[0], x) - p[0] * log1p(T / p[1]) - x * log(p[1] + T);
}

static void
nbd_add(const double *p, const cv_group *group, int n, cv_likelihood *sum)
{
	double r = p[0];
	double alpha = p[1];
	double last = -1;
	double lg = 0;
	double dg = 0;
	double tg = 0;
	int i;

	for (i = 0; i < n; i++)
	{
		const cv_group *g = &group[i];
		double at = 1 / (alpha + g->T);
		double w = g->customers;

		if (g->x != last)
		{
			last = g->x;
			lg = cv_lgamma_delta(r, last);
			dg = cv_digamma_delta(r, last);
			tg = cv_trigamma_delta(r, last);
		}
		sum->value += w * (lg - r * log1p(g->T / alpha) - g->x * log(alpha + g->T));
		sum->gradient[0] += w * (dg - log1p(g->T / alpha));
		sum->gradient[1] += w * (r * g->T / alpha - g->x) * at;
		sum->hessian[0][0] += w * tg;
		sum->hessian[0][1] += w * g->T / alpha * at;
		sum->hessian[1][1] += w * ((r + g->x) * at * at - r / (alpha * alpha));
	}
}

static double
nbd_log_odds_dead(const double *p, double x, double t_x, double T)
{
	(void) p, (void) x, (void) t_x, (void) T;
	return -INFINITY;
}

static double
nbd_survival(const double *p, double x, double t_x, double T, double ahead)
{
	(void) p, (void) x, (void) t_x, (void) T, (void) ahead;
	return 1;
}

static double
nbd_purchases(const double *p, double x, double t_x, double T, double horizon, double delta)
{
	double rate = (p[0] + x) / (p[1] + T);

	(void) t_x;
	return delta > 0 ? -rate * expm1(-delta * horizon) / delta : rate * horizon;
}

static double
nbd_probability(const double *p, double x, double t_x, double T, double horizon, double n)
{
	(void) t_x;
	if (horizon == 0)
		return n == 0;
	return exp(cv_count_log_probability(p[0] + x, p[1] + T, horizon, n));
}

const cv_buying_family cv_nbd = { "nbd",
								  2,
								  { "r", "alpha" },
								  { 0, 1 },
								  nbd_log_likelihood,
								  nbd_add,
								  nbd_log_odds_dead,
								  nbd_survival,
								  nbd_purchases,
								  nbd_probability,
								  { 0, 1 },
								  0,
								  0,
								  NULL,
								  0 };

/* ---- the fit ---- */

#define ROWS_BETWEEN_CHECKS 512
#define SAMPLE_GROUPS 4096
#define LOG_BOUND 16.0 /* of a parameter, in units of the mean observation time */

typedef struct fit_context
{
	const cv_buying_family *family;
	const cv_group *group;
	int n;
	int stride;		  /* every stride-th group is looked at */
	double customers; /* in those */
	double penalty;
	double scale; /* of time: mean T in model units */
	cv_interrupt_check check;
} fit_context;

/* Sums of sums: rounding grows with the number of parts, not of rows. */
static void
add_likelihood(cv_likelihood *sum, const cv_likelihood *part)
{
	int i;
	int j;

	sum->value += part->value;
	for (i = 0; i < CV_BUYING_PARAMETERS; i++)
	{
		sum->gradient[i] += part->gradient[i];
		for (j = i; j < CV_BUYING_PARAMETERS; j++)
			sum->hessian[i][j] += part->hessian[i][j];
	}
}

/*
 * -mean log-likelihood + penalty * sum of squared parameters, as a function of
 * the logarithms of the parameters.
 */
static double
buying_objective(int n, const double *theta, double *gradient, double *hessian, void *context)
{
	fit_context *fit = context;
	cv_likelihood sum;
	cv_likelihood part;
	cv_group sample[ROWS_BETWEEN_CHECKS];
	double p[CV_BUYING_NUMBERS];
	double value;
	int most = ROWS_BETWEEN_CHECKS;
	int rows;
	int from;
	int i;
	int j;

	if (fit->stride == 1 && fit->family->together > most)
		most = fit->family->together;
	memset(&sum, 0, sizeof(sum));
	for (i = 0; i < n; i++)
		p[i] = exp(theta[i]);
	p[CV_BUYING_K] = fit->family->k;
	for (from = 0; from < fit->n; from += rows * fit->stride)
	{
		const cv_group *chunk = fit->group + from;

		rows = (fit->n - from + fit->stride - 1) / fit->stride;
		if (rows > most)
			rows = most;
		if (fit->check)
			fit->check();
		if (fit->stride > 1)
		{
			for (i = 0; i < rows; i++)
				sample[i] = chunk[i * fit->stride];
			chunk = sample;
		}
		memset(&part, 0, sizeof(part));
		fit->family->add(p, chunk, rows, &part);
		add_likelihood(&sum, &part);
	}
	value = -sum.value / fit->customers;
	for (i = 0; i < n; i++)
	{
		double scaled = p[i] * (fit->family->is_time[i] ? fit->scale : 1);

		gradient[i] = -p[i] * sum.gradient[i] / fit->customers + 2 * fit->penalty * scaled * scaled;
		for (j = i; j < n; j++)
			hessian[i * n + j] = hessian[j * n + i] =
				-p[i] * p[j] * sum.hessian[i][j] / fit->customers;
		hessian[i * n + i] +=
			-p[i] * sum.gradient[i] / fit->customers + 4 * fit->penalty * scaled * scaled;
		value += fit->penalty * scaled * scaled;
	}
	return value;
}

/*
 * Fits a family to groups of customers (times in model units; sorted by x).
 * The groups' times are rescaled in place to a mean observation time of 1, where they
 * are not counts.  A regular family is a copy with the k that is wanted.
 * "minimum" tells the optimum in logarithms of the parameters in model units,
 * with the Hessian of the mean; returns the log-likelihood there.
 */
double
cv_fit_buying(const cv_buying_family *family, cv_group *group, int n, double penalty,
			  cv_interrupt_check check, cv_minimum *minimum)
{
	static const double start[] = { 0, 0, 0, 0, -1, -1, 0, 1, 1, 2, -1, 2, -2, -2, -2, -1 };
	fit_context fit = { family, group, n, 1, 0, penalty, 0, check };
	int k = family->parameters;
	int starts = (int) (sizeof(start) / sizeof(double)) / k;
	int sampled = 0;
	double customers = 0;
	double gradient[CV_BUYING_PARAMETERS];
	double hessian[CV_BUYING_PARAMETERS * CV_BUYING_PARAMETERS];
	double log_likelihood;
	double purchases = 0;
	int i;

	for (i = 0; i < n; i++)
	{
		customers += group[i].customers;
		fit.scale += group[i].customers * group[i].T;
		purchases += group[i].customers * group[i].x;
	}
	/* opportunities are counted, not measured */
	fit.scale = family->discrete ? 1 : fit.scale / customers;
	for (i = 0; i < n; i++)
	{
		group[i].t_x /= fit.scale;
		group[i].T /= fit.scale;
	}
	/* many groups: the optimum of a sample of them is a start next to the goal */
	if (n >= 2 * SAMPLE_GROUPS)
	{
		fit.stride = n / SAMPLE_GROUPS;
		for (i = 0; i < n; i += fit.stride)
			fit.customers += group[i].customers;
		cv_newton_minimise(k, buying_objective, &fit, start, starts, LOG_BOUND, minimum);
		sampled = minimum->status == CV_FIT_CONVERGED;
		fit.stride = 1;
	}
	fit.customers = customers;
	if (sampled)
	{
		double from[CV_BUYING_PARAMETERS];

		memcpy(from, minimum->theta, sizeof(double) * k);
		cv_newton_minimise(k, buying_objective, &fit, from, 1, LOG_BOUND, minimum);
		sampled = minimum->status == CV_FIT_CONVERGED;
	}
	if (!sampled)
		cv_newton_minimise(k, buying_objective, &fit, start, starts, LOG_BOUND, minimum);
	log_likelihood = -customers * minimum->value;
	if (penalty > 0)
	{
		fit.penalty = 0;
		log_likelihood = -customers * buying_objective(k, minimum->theta, gradient, hessian, &fit);
	}
	log_likelihood -= purchases * (family->k > 0 ? family->k : 1) * log(fit.scale);
	for (i = 0; i < family->parameters; i++)
		if (family->is_time[i])
			minimum->theta[i] += log(fit.scale);
	return log_likelihood;
}
