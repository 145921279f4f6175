/*
 * spending.c: Gamma-Gamma spending (Fader and Hardie 2013, "The Gamma-Gamma model
 * of monetary value"): amounts ~ Gamma(p, nu), nu ~ Gamma(q, gamma).  The mean m
 * of x amounts has
 *
 *   ln L = lnGamma(px+q) - lnGamma(px) - lnGamma(q) + q ln gamma + (px-1) ln m
 *          + px ln x - (px+q) ln(gamma + m x)
 */
#include "core/buying.h"

#include <math.h>
#include <string.h>

#include "core/special.h"

enum
{
	P,
	Q,
	GAMMA
};

/* ln of the density of the mean m > 0 of x > 0 amounts. */
double
cv_gamma_gamma_log_likelihood(const double *p, double x, double m)
{
	double px = p[P] * x;

	/* px ln(mx / (gamma + mx)) + q ln(gamma / (gamma + mx)), without cancellation */
	return cv_lgamma_delta(px, p[Q]) - cv_lgamma(p[Q]) - px * log1p(p[GAMMA] / (m * x)) -
		   p[Q] * log1p(m * x / p[GAMMA]) - log(m);
}

/*
 * Expected amount of a next purchase after x amounts of mean m (m unused where
 * x is 0): p (gamma + m x) / (p x + q - 1); infinite where p x + q <= 1.
 */
double
cv_gamma_gamma_mean(const double *p, double x, double m)
{
	double below = p[P] * x + p[Q] - 1;

	if (!(below > 0))
		return INFINITY;
	return p[P] * (p[GAMMA] + (x > 0 ? m * x : 0)) / below;
}

#define LOG_BOUND 16.0 /* of a parameter; gamma in units of the mean amount */

typedef struct spend_context
{
	const cv_spend_group *group;
	int n;
	double customers;
	double penalty;
	double scale;
	double sum_log; /* sum of ln m over customers */
	cv_interrupt_check check;
	double value; /* unpenalised log-likelihood of the last call */
} spend_context;

static double
spending_objective(int n, const double *theta, double *gradient, double *hessian, void *context)
{
	spend_context *fit = context;
	double p = exp(theta[P]);
	double q = exp(theta[Q]);
	double gamma = exp(theta[GAMMA]);
	double natural[3];
	double value = 0;
	double first[3] = { 0 };
	double second[3][3] = { { 0 } };
	double last = -1;
	double lg = 0;
	double dp = 0;
	double dq = 0;
	double tpq = 0;
	double tp = 0;
	double psi_q = cv_digamma(q);
	double psi1_q = cv_trigamma(q);
	double lgamma_q = cv_lgamma(q);
	int i;
	int j;

	for (i = 0; i < fit->n; i++)
	{
		const cv_spend_group *g = &fit->group[i];
		double w = g->customers;
		double x = g->x;
		double total = g->m * x;
		double inverse = 1 / (gamma + total);
		double less = log1p(gamma / total);		 /* -ln(mx / (gamma + mx)) */
		double more = less + log(total / gamma); /* -ln(gamma / (gamma + mx)) */

		if (i % 512 == 0 && fit->check)
			fit->check();
		if (x != last)
		{
			last = x;
			lg = cv_lgamma_delta(p * x, q) - lgamma_q;
			dp = cv_digamma_delta(p * x, q);
			dq = cv_digamma(p * x + q) - psi_q;
			tpq = cv_trigamma(p * x + q);
			tp = cv_trigamma_delta(p * x, q);
		}
		value += w * (lg - p * x * less - q * more);
		first[P] += w * x * (dp - less);
		first[Q] += w * (dq - more);
		first[GAMMA] += w * (q * total / gamma - p * x) * inverse;
		second[P][P] += w * x * x * tp;
		second[P][Q] += w * x * tpq;
		second[P][GAMMA] -= w * x * inverse;
		second[Q][Q] += w * (tpq - psi1_q);
		second[Q][GAMMA] += w * total / gamma * inverse;
		second[GAMMA][GAMMA] += w * ((p * x + q) * inverse * inverse - q / (gamma * gamma));
	}
	value -= fit->sum_log;
	fit->value = value;
	natural[P] = p;
	natural[Q] = q;
	natural[GAMMA] = gamma;
	value = -value / fit->customers;
	for (i = 0; i < n; i++)
	{
		double scaled = natural[i] * (i == GAMMA ? fit->scale : 1);

		value += fit->penalty * scaled * scaled;
		gradient[i] = -natural[i] * first[i] / fit->customers + 2 * fit->penalty * scaled * scaled;
		for (j = i; j < n; j++)
			hessian[i * n + j] = hessian[j * n + i] =
				-natural[i] * natural[j] * second[i][j] / fit->customers;
		hessian[i * n + i] +=
			-natural[i] * first[i] / fit->customers + 4 * fit->penalty * scaled * scaled;
	}
	return value;
}

/*
 * Fits to groups with x > 0, m > 0, sorted by x; amounts are rescaled in place to
 * a mean of 1.  As cv_fit_buying: optimum in logarithms, returns the log-likelihood.
 */
double
cv_fit_gamma_gamma(cv_spend_group *group, int n, double penalty, cv_interrupt_check check,
				   cv_minimum *minimum)
{
	static const double start[] = { 1, 1, 1, 0, 1, 0, 2, 0.5, -1 };
	spend_context fit = { group, n, 0, penalty, 0, 0, check, 0 };
	double gradient[3];
	double hessian[9];
	int i;

	for (i = 0; i < n; i++)
	{
		fit.customers += group[i].customers;
		fit.scale += group[i].customers * group[i].m;
	}
	fit.scale /= fit.customers;
	for (i = 0; i < n; i++)
	{
		group[i].m /= fit.scale;
		fit.sum_log += group[i].customers * log(group[i].m);
	}
	cv_newton_minimise(3, spending_objective, &fit, start, 3, LOG_BOUND, minimum);
	spending_objective(3, minimum->theta, gradient, hessian, &fit);
	minimum->theta[GAMMA] += log(fit.scale);
	return fit.value - fit.customers * log(fit.scale);
}
