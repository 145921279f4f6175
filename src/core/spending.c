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
	double sum_log;		  /* of m over customers */
	double sum_log_total; /* and of mx */
	cv_interrupt_check check;
} spend_context;

/* Customers of one x: what their amounts add. */
typedef struct spend_sums
{
	double customers;
	double less;	/* ln(1 + gamma / total), where total is mx */
	double share;	/* total / (gamma + total) */
	double inverse; /* 1 / (gamma + total) */
	double square;	/* its square */
} spend_sums;

#define FACTORS 8 /* of one logarithm */
#define LARGE 1e30

/*
 * Sums over the first groups of one x; returns how many there are.  Most groups are one customer:
 * for those one logarithm is taken of a product of 1 + gamma / total, less 1, which keeps
 * the digits of the small ones.
 */
static int
add_up(const spend_context *fit, int from, double gamma, spend_sums *sums)
{
	double x = fit->group[from].x;
	double product = 0; /* less 1 */
	int factors = 0;
	int i;

	memset(sums, 0, sizeof(*sums));
	for (i = from; i < fit->n && fit->group[i].x == x; i++)
	{
		double w = fit->group[i].customers;
		double total = fit->group[i].m * x;
		double ratio = gamma / total;
		double inverse = 1 / (gamma + total);

		if (i % 512 == 0 && fit->check)
			fit->check();
		sums->customers += w;
		sums->share += w * total * inverse;
		sums->inverse += w * inverse;
		sums->square += w * inverse * inverse;
		if (w != 1 || ratio > LARGE)
		{
			sums->less += w * log1p(ratio);
			continue;
		}
		product += ratio + product * ratio;
		if (++factors == FACTORS)
		{
			sums->less += log1p(product);
			product = factors = 0;
		}
	}
	sums->less += log1p(product);
	return i - from;
}

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
	double psi_q = cv_digamma(q);
	double psi1_q = cv_trigamma(q);
	double lgamma_q = cv_lgamma(q);
	double logs = fit->sum_log_total - fit->customers * log(gamma); /* of total / gamma */
	spend_sums sums;
	int i;
	int j;

	for (i = 0; i < fit->n;)
	{
		double x = fit->group[i].x;
		double trigamma = cv_trigamma(p * x + q);
		double w;

		i += add_up(fit, i, gamma, &sums);
		w = sums.customers;
		value += w * (cv_lgamma_delta(p * x, q) - lgamma_q) - (p * x + q) * sums.less;
		first[P] += x * (w * cv_digamma_delta(p * x, q) - sums.less);
		first[Q] += w * (cv_digamma(p * x + q) - psi_q) - sums.less;
		first[GAMMA] += q * sums.share / gamma - p * x * sums.inverse;
		second[P][P] += w * x * x * cv_trigamma_delta(p * x, q);
		second[P][Q] += w * x * trigamma;
		second[P][GAMMA] -= x * sums.inverse;
		second[Q][Q] += w * (trigamma - psi1_q);
		second[Q][GAMMA] += sums.share / gamma;
		second[GAMMA][GAMMA] += (p * x + q) * sums.square - w * q / (gamma * gamma);
	}
	value -= q * logs;
	first[Q] -= logs;
	value -= fit->sum_log;
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
	spend_context fit = { group, n, 0, penalty, 0, 0, 0, check };
	double gradient[3];
	double hessian[9];
	double log_likelihood;
	double same = 0;
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
		same += group[i].customers;
		/* one term for each x: adding one number many times would round the same way each time */
		if (i == n - 1 || group[i + 1].x != group[i].x)
		{
			fit.sum_log_total += same * log(group[i].x);
			same = 0;
		}
	}
	fit.sum_log_total += fit.sum_log;
	cv_newton_minimise(3, spending_objective, &fit, start, 3, LOG_BOUND, minimum);
	log_likelihood = -fit.customers * minimum->value;
	if (penalty > 0)
	{
		fit.penalty = 0;
		log_likelihood =
			-fit.customers * spending_objective(3, minimum->theta, gradient, hessian, &fit);
	}
	minimum->theta[GAMMA] += log(fit.scale);
	return log_likelihood - fit.customers * log(fit.scale);
}
