/*
 * retention.c: likelihood, survival and residual lifetime of contracts.
 *
 * Everything stands on ln B(alpha, beta) - ln B(alpha, beta + n), whose four
 * gamma functions nearly cancel where few customers leave; it is computed as a
 * second difference, with the large parts subtracted on paper.
 */
#include "core/retention.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "core/quadrature.h"
#include "core/special.h"

enum
{
	ALPHA,
	BETA,
	C
};

/* From here on Stirling's series with the terms below gives full precision. */
#define STIRLING_FROM 16.0

/* A function at z with its differences for z + a, for z + n, and the mixed one. */
typedef struct jet
{
	double f;
	double a;
	double n;
	double an;
} jet;

/* The product rule of differences. */
static jet
jet_product(jet x, jet y)
{
	jet z;

	z.f = x.f * y.f;
	z.a = x.a * (y.f + y.a) + x.f * y.a;
	z.n = x.n * (y.f + y.n) + x.f * y.n;
	z.an = x.an * (y.f + y.a + y.n + y.an) + x.a * (y.n + y.an) + x.n * (y.a + y.an) + x.f * y.an;
	return z;
}

/* The mixed difference of the part of Stirling's series that vanishes for large z. */
static double
tail_difference(double a, double b, double n)
{
	static const double term[] = { 1.0 / 12,   1.0 / 360,  1.0 / 1260,
								   1.0 / 1680, 1.0 / 1188, 691.0 / 360360 };
	double to_a = a / (b + a);
	double to_n = n / (b + n);
	jet x = { 1 / b, -to_a / b, -to_n / b, to_a * to_n * (1 + b / (b + a + n)) / b };
	jet w = jet_product(x, x);
	jet sum = { term[5], 0, 0, 0 };
	int k;

	for (k = 4; k >= 0; k--)
	{
		sum = jet_product(w, sum);
		sum.f = term[k] - sum.f;
		sum.a = -sum.a;
		sum.n = -sum.n;
		sum.an = -sum.an;
	}
	return jet_product(x, sum).an;
}

/*
 * ln B(a, b) - ln B(a, b + n) for a, b > 0 and n >= 0 (n need not be whole);
 * never negative, to a relative error of a few units in the last place.
 */
double
cv_beta_decay(double a, double b, double n)
{
	double sum = 0;
	double share;

	if (n == 0)
		return 0;
	for (; b < STIRLING_FROM; b += 1)
	{
		share = a / (b + a) * (n / (b + n));
		/* -ln(1 - share), also where share is nearly 1 */
		if (share < 0.5)
			sum -= log1p(-share);
		else
			sum += log(b + n) - log(b) -
				   (n < b + a ? log1p(n / (b + a)) : log(b + a + n) - log(b + a));
	}
	share = a / (b + a) * (n / (b + n));
	if (share < 1e-18)
		sum -= (b - 0.5) * (a / (b + a)) * (n / (b + n));
	else if (share < 0.5)
		sum += (b - 0.5) * log1p(-share);
	else
		sum -= (b - 0.5) * (log1p(n / b) - log1p(n / (b + a)));
	return sum + a * log1p(n / (b + a)) + n * log1p(a / (b + n)) + tail_difference(a, b, n);
}

/* Beyond this logarithm of t^c the powers are left to asymptotics. */
#define LARGEST_POWER 690.0

/*
 * ln(S(to) / S(from)), where to = from + ahead; log_to says how large "to" is
 * where it is beyond all numbers.
 */
static double
log_survival(const double *p, double from, double ahead, double log_to)
{
	double c = p[C];
	double base;
	double gap;

	if (ahead == 0)
		return 0;
	if (from > 0 && c * log(from) > LARGEST_POWER)
		return -p[ALPHA] * c * (ahead / from < 1 ? log1p(ahead / from) : log_to - log(from));
	base = from > 0 ? pow(from, c) : 0;
	if (c * log_to > LARGEST_POWER)
		return -cv_beta_decay(p[ALPHA], p[BETA] + base, exp(LARGEST_POWER) - base) -
			   p[ALPHA] * (c * log_to - LARGEST_POWER);
	if (base > 0 && ahead < 1e3 * from)
		gap = base * expm1(c * log1p(ahead / from));
	else
		gap = exp(c * log_to) - base;
	return -cv_beta_decay(p[ALPHA], p[BETA] + base, gap);
}

/* ln of the share of those there after "from" periods who are there "ahead" periods later. */
double
cv_log_survival(const double *p, double from, double ahead)
{
	return log_survival(p, from, ahead, log(from + ahead));
}

/* ---- the sum over all renewals to come ---- */

#define SUMMED_AT_LEAST 512
#define SUMMED_AT_MOST 100000

/* What the terms of the sum look like as a function of a real time t. */
typedef struct tail
{
	const double *p;
	double renewals; /* n */
	double delta;	 /* ln(1 + d) */
	double edge;	 /* t = edge * e^z */
} tail;

/* ln of S(t) / S(n) (1 + d)^-(t - n - 1). */
static double
log_term(const tail *sum, double z)
{
	double ahead = sum->edge * expm1(z) + (sum->edge - sum->renewals);
	double log_to = log(sum->edge) + z;
	double value = log_survival(sum->p, sum->renewals, ahead, log_to);

	return sum->delta > 0 ? value - sum->delta * (ahead - 1) : value;
}

/* - d ln(term) / d ln(t): grows with t up to alpha * c, without discounting. */
static double
slope(const tail *sum, double z)
{
	double c = sum->p[C];
	double log_power = c * (log(sum->edge) + z);
	double value = sum->p[ALPHA] * c;

	if (log_power <= LARGEST_POWER)
		value = c * exp(log_power) * cv_digamma_delta(sum->p[BETA] + exp(log_power), sum->p[ALPHA]);
	return sum->delta > 0 ? value + sum->delta * sum->edge * exp(z) : value;
}

/*
 * The integral of the terms over t from the edge on, by panels in ln t.  With
 * the slope above growing, what is left after t lies between term * t / (limit of
 * the slope - 1) and term * t / (slope - 1).
 */
static double
integrate_tail(const tail *sum, double already)
{
	cv_legendre rule = cv_legendre_rule(32);
	double c = sum->p[C];
	double limit = sum->delta > 0 ? INFINITY : sum->p[ALPHA] * c;
	double longest = sum->delta > 0 ? fmin(1, 1 / c) : 1.5 / c;
	double integral = 0;
	double z = 0;

	for (;;)
	{
		double kappa = slope(sum, z);
		double here = exp(log_term(sum, z) + z) * sum->edge;
		double length = fmin(longest, 8 / (1 + kappa));
		double panel = 0;
		int i;

		if (!(here > 0) || isinf(integral))
			return integral;
		if (kappa > 1)
		{
			double least = here / (limit - 1);

			if (here / (kappa - 1) - least <= 1e-16 * (already + integral + least))
				return integral + least;
		}
		for (i = 0; i < rule.n; i++)
		{
			double at = z + length * rule.node[i];

			panel += rule.weight[i] * exp(log_term(sum, at) + at);
		}
		integral += panel * length * sum->edge;
		z += length;
	}
}

/*
 * Discounted expected residual lifetime in periods: the sum over j >= 0 of
 * S(n + 1 + j) / S(n) (1 + d)^-j for a customer who renewed n times.  Infinite
 * where it diverges: for d = 0 and alpha * c <= 1.  Terms are added until they
 * change slowly, the rest is their integral with Gauss's central differences at
 * its edge (the Euler-Maclaurin formula of the midpoint rule).
 */
double
cv_residual_lifetime(const double *p, double renewals, double discount_rate)
{
	double discount = 1 / (1 + discount_rate);
	double last[4] = { 0 }; /* the latest terms, newest first */
	double next[2];
	double sum = 0;
	double term = 1;
	tail rest = { p, renewals, log1p(discount_rate), 0 };
	int j;

	if (discount_rate == 0 && p[ALPHA] * p[C] <= 1)
		return INFINITY;
	if (discount_rate == 0 && p[C] == 1)
		return (p[BETA] + renewals) / (p[ALPHA] - 1);
	for (j = 0; j < SUMMED_AT_MOST; j++)
	{
		double from = renewals + j;
		double rate;

		if (p[C] == 1)
			rate = 1 / (1 + p[ALPHA] / (p[BETA] + from));
		else
			rate = exp(cv_log_survival(p, from, 1));
		term *= (j > 0 ? discount : 1) * rate;
		sum += term;
		if (term <= 1e-17 * sum * discount_rate)
			return sum;
		memmove(last + 1, last, 3 * sizeof(double));
		last[0] = term;
		if (j >= SUMMED_AT_LEAST && (rate * discount > 0.95 || term < 1e-25 * sum))
		{
			j++;
			break;
		}
	}
	if (term == 0)
		return sum;
	rest.edge = renewals + j + 0.5;
	for (j = 0; j < 2; j++)
		next[j] = exp(log_term(&rest, log1p((j + 0.5) / rest.edge)));
	/* the fifth difference needs one term more on the right */
	{
		double third = exp(log_term(&rest, log1p(2.5 / rest.edge)));
		double d1 = next[0] - last[0];
		double d3 = next[1] - 3 * next[0] + 3 * last[0] - last[1];
		double d5 = third - 5 * next[1] + 10 * next[0] - 10 * last[0] + 5 * last[1] - last[2];

		return sum + integrate_tail(&rest, sum) + d1 / 24 - 17 * d3 / 5760 + 367 * d5 / 967680;
	}
}

/* ---- likelihood ---- */

/* ln S(t) with first and second derivatives; at t = 0 all are 0. */
static void
log_survival_derivatives(const double *p, double t, cv_retention_sums *at)
{
	double alpha = p[ALPHA];
	double beta = p[BETA];
	double power = t > 0 ? pow(t, p[C]) : 0;
	double by_c = t > 0 ? power * log(t) : 0;
	double both;
	double one;
	double by_power;
	double twice;

	memset(at, 0, sizeof(*at));
	if (t == 0)
		return;
	both = cv_digamma_delta(alpha + beta, power);
	one = cv_digamma_delta(beta, power);
	by_power = -cv_digamma_delta(beta + power, alpha);
	at->value = -cv_beta_decay(alpha, beta, power);
	at->gradient[ALPHA] = -both;
	at->gradient[BETA] = one - both;
	at->gradient[C] = by_power * by_c;
	both = cv_trigamma_delta(alpha + beta, power);
	one = cv_trigamma_delta(beta, power);
	twice = -cv_trigamma_delta(beta + power, alpha);
	at->hessian[ALPHA][ALPHA] = at->hessian[ALPHA][BETA] = -both;
	at->hessian[ALPHA][C] = -cv_trigamma(alpha + beta + power) * by_c;
	at->hessian[BETA][BETA] = one - both;
	at->hessian[BETA][C] = twice * by_c;
	at->hessian[C][C] = twice * by_c * by_c + by_power * by_c * log(t);
}

/* Adds a cell's log-likelihood with its derivatives (of the Hessian both halves). */
void
cv_retention_add(const double *p, const cv_retention_cell *cell, cv_retention_sums *sums)
{
	double w = cell->customers;
	double after = cell->tenure;
	double before = cell->lost ? after - 1 : after;
	double odds = 0;
	cv_retention_sums at;
	cv_retention_sums gone; /* ln S(before) - ln S(after) */
	int i;
	int j;

	log_survival_derivatives(p, before, &at);
	memset(&gone, 0, sizeof(gone));
	if (cell->lost)
	{
		cv_retention_sums later;
		double base = before > 0 ? pow(before, p[C]) : 0;
		double gap = before > 0 ? base * expm1(p[C] * log1p(1 / before)) : 1;
		double both = cv_digamma_delta(p[ALPHA] + p[BETA] + base, gap);

		log_survival_derivatives(p, after, &later);
		gone.value = cv_beta_decay(p[ALPHA], p[BETA] + base, gap);
		for (i = 0; i < 3; i++)
			for (j = 0; j < 3; j++)
				gone.hessian[i][j] = at.hessian[i][j] - later.hessian[i][j];
		gone.gradient[ALPHA] = both;
		gone.gradient[BETA] = both - cv_digamma_delta(p[BETA] + base, gap);
		gone.gradient[C] = at.gradient[C] - later.gradient[C];
		both = cv_trigamma_delta(p[ALPHA] + p[BETA] + base, gap);
		gone.hessian[ALPHA][ALPHA] = gone.hessian[ALPHA][BETA] = both;
		gone.hessian[BETA][BETA] = both - cv_trigamma_delta(p[BETA] + base, gap);
		odds = 1 / expm1(gone.value); /* of staying */
		at.value += log(-expm1(-gone.value));
	}
	sums->value += w * at.value;
	for (i = 0; i < 3; i++)
	{
		sums->gradient[i] += w * (at.gradient[i] + odds * gone.gradient[i]);
		for (j = i; j < 3; j++)
			sums->hessian[i][j] += w * (at.hessian[i][j] + odds * gone.hessian[i][j] -
										odds * gone.gradient[i] * ((1 + odds) * gone.gradient[j]));
	}
	for (i = 0; i < 3; i++)
		for (j = 0; j < i; j++)
			sums->hessian[i][j] = sums->hessian[j][i];
}

/* ---- fit ---- */

#define LOG_BOUND 16.0 /* of a parameter; beta in units of the mean tenure */

typedef struct retention_context
{
	const cv_retention_cell *cell;
	int n;
	double customers;
	double log_scale; /* of beta */
	void (*check)(void);
	double value; /* log-likelihood of the last call */
} retention_context;

static double
retention_objective(int n, const double *theta, double *gradient, double *hessian, void *context)
{
	retention_context *fit = context;
	double p[3] = { exp(theta[ALPHA]), exp(theta[BETA] + fit->log_scale),
					n > C ? exp(theta[C]) : 1 };
	cv_retention_sums sums;
	int i;
	int j;

	memset(&sums, 0, sizeof(sums));
	for (i = 0; i < fit->n; i++)
	{
		if (i % 512 == 0 && fit->check)
			fit->check();
		cv_retention_add(p, &fit->cell[i], &sums);
	}
	fit->value = sums.value;
	for (i = 0; i < n; i++)
	{
		gradient[i] = -p[i] * sums.gradient[i] / fit->customers;
		for (j = 0; j < n; j++)
			hessian[i * n + j] = -p[i] * p[j] * sums.hessian[i][j] / fit->customers;
		hessian[i * n + i] += gradient[i];
	}
	return -sums.value / fit->customers;
}

/*
 * Fits the first two (shifted beta geometric) or all three parameters by maximum
 * likelihood; somebody must have been lost and somebody have stayed.  The optimum
 * is in logarithms, the log-likelihood is returned.
 */
double
cv_fit_retention(const cv_retention_cell *cell, int n, int parameters, void (*check)(void),
				 cv_minimum *minimum)
{
	static const double alpha[] = { 1, 0.2, 10, 1, 1 };
	static const double c[] = { 1, 1, 1, 1.6, 0.6 };
	retention_context fit = { cell, n, 0, 0, check, 0 };
	double start[5 * 3];
	double gradient[3];
	double hessian[9];
	double periods = 0;
	double lost = 0;
	int starts = parameters > C ? 5 : 3;
	int i;

	for (i = 0; i < n; i++)
	{
		fit.customers += cell[i].customers;
		periods += cell[i].customers * cell[i].tenure;
		lost += cell[i].lost ? cell[i].customers : 0;
	}
	fit.log_scale = log(periods / fit.customers);
	for (i = 0; i < starts; i++)
	{
		start[i * parameters + ALPHA] = log(alpha[i]);
		start[i * parameters + BETA] = log(alpha[i] * (periods / lost - 1)) - fit.log_scale;
		if (parameters > C)
			start[i * parameters + C] = log(c[i]);
	}
	cv_newton_minimise(parameters, retention_objective, &fit, start, starts, LOG_BOUND, minimum);
	retention_objective(parameters, minimum->theta, gradient, hessian, &fit);
	minimum->theta[BETA] += fit.log_scale;
	return fit.value;
}
