/*
 * quadrature.c: fixed-node rules, so that the same arguments always give the
 * same bits and the cost is known beforehand.
 *
 * Gauss-Legendre: nodes are the roots of the Legendre polynomial, found by
 * Newton's method from Tricomi's approximation, once per process and size.
 *
 * Beta expectations: with p = 1 / (1 + e^-t) the density of Beta(a, c) becomes
 * e^(at) / (1 + e^t)^(a+c), analytic in a strip, and the trapezoid rule
 * converges geometrically; the step follows from the decay of its Fourier
 * transform |Gamma(a + iw) Gamma(c + iw)|.  Tails fall as e^(at) and e^(-ct);
 * where a or c is below 1, what g is at that end (both: the line between the
 * ends), whose mean is known, is subtracted, and the tail falls as e^((a+1)t) or
 * e^(-(c+1)t).
 * No parameter is out of reach, a = 1, a + c < 1 and a = 1e-4 included.
 */
#include "core/quadrature.h"

#include <math.h>
#include <stddef.h>

#include "core/special.h"

#define LARGEST_RULE 32

static double legendre_node[LARGEST_RULE + 1][LARGEST_RULE];
static double legendre_weight[LARGEST_RULE + 1][LARGEST_RULE];
static char legendre_ready[LARGEST_RULE + 1];

/* The n-point rule on [0, 1], 1 <= n <= 32. */
cv_legendre
cv_legendre_rule(int n)
{
	cv_legendre rule;
	int i;

	if (!legendre_ready[n])
	{
		for (i = 0; i < n; i++)
		{
			double z = cos(3.14159265358979323846 * (i + 0.75) / (n + 0.5));
			double slope = 1;
			int round;

			for (round = 0; round < 100; round++)
			{
				double p0 = 1;
				double p1 = z;
				double step;
				int k;

				for (k = 2; k <= n; k++)
				{
					double p2 = ((2 * k - 1) * z * p1 - (k - 1) * p0) / k;

					p0 = p1;
					p1 = p2;
				}
				slope = n * (z * p1 - p0) / (z * z - 1);
				step = p1 / slope;
				z -= step;
				if (fabs(step) < 1e-16)
					break;
			}
			legendre_node[n][i] = 0.5 * (1 - z);
			legendre_weight[n][i] = 1 / ((1 - z * z) * slope * slope);
		}
		legendre_ready[n] = 1;
	}
	rule.n = n;
	rule.node = legendre_node[n];
	rule.weight = legendre_weight[n];
	return rule;
}

/*
 * Integral of f over [from, to] in equal panels no longer than "longest" with
 * n nodes each.
 */
double
cv_integrate_panels(cv_integrand f, const void *context, double from, double to, double longest,
					int n)
{
	cv_legendre rule = cv_legendre_rule(n);
	int panels = (int) ceil((to - from) / longest);
	double width;
	double sum = 0;
	int i;
	int k;

	if (!(to > from))
		return 0;
	if (panels < 1)
		panels = 1;
	width = (to - from) / panels;
	for (i = 0; i < panels; i++)
		for (k = 0; k < n; k++)
			sum += rule.weight[k] * f(from + width * (i + rule.node[k]), context);
	return sum * width;
}

/* ln of the density of the logit of p up to a constant: a t - (a + c) ln(1 + e^t) */
static double
logit_density(double a, double c, double t)
{
	return t > 0 ? -c * t - (a + c) * log1p(exp(-t)) : a * t - (a + c) * log1p(exp(t));
}

/*
 * The step of a trapezoid rule in the logit of p for integrands that are as steep
 * as beta densities of parameters "left" and "other", and whose right tail falls
 * as e^(-right t).
 */
double
cv_logit_step(double left, double other, double right)
{
	double low = 1;
	double high = 4;
	int i;

	/* frequency beyond which the Fourier transform is below e^-35 of its peak */
	while (cv_lgamma_modulus_delta(left, high) + cv_lgamma_modulus_delta(other, high) > -35 &&
		   high < 1e9)
	{
		low = high;
		high *= 2;
	}
	for (i = 0; i < 6; i++)
	{
		double middle = 0.5 * (low + high);

		if (cv_lgamma_modulus_delta(left, middle) + cv_lgamma_modulus_delta(other, middle) > -35)
			low = middle;
		else
			high = middle;
	}
	/* absurdly steep integrands get the finest step that there is room for */
	return fmax(2 * 3.14159265358979323846 / high,
				(42 / left + 42 / right + 20 / sqrt(fmin(left, right))) / (CV_BETA_RULE_SIZE - 10));
}

/*
 * Prepares the rule for Beta(a, c), a, c > 0.  "steepness" is the exponent R of
 * the integrands' factor (1 + p y)^-R, which may be as steep as a beta density
 * of that parameter.
 */
void
cv_beta_rule_init(cv_beta_rule *rule, double a, double c, double steepness)
{
	double step;
	double mode;
	double scale;
	double left;
	double right;
	double sum = 0;
	int direction;
	double other = c > steepness ? c : steepness;
	int i;

	rule->a = a;
	rule->c = c;
	rule->at_zero = a < 1;
	rule->at_one = c < 1;
	rule->n = 0;

	left = rule->at_zero ? a + 1 : a;
	right = rule->at_one ? c + 1 : c;

	mode = log(left / right);
	step = cv_logit_step(left, other, right);
	if (rule->at_zero || rule->at_one)
		/* weights are normalised by the beta function itself */
		scale = cv_lgamma(a) - cv_lgamma_delta(c, a);
	else
		scale = logit_density(a, c, mode);
	for (direction = -1; direction <= 1; direction += 2)
	{
		double peak = logit_density(left, right, mode);
		int k;

		for (k = direction < 0 ? 1 : 0; rule->n < CV_BETA_RULE_SIZE; k++)
		{
			double t = mode + direction * k * step;
			double e = exp(-fabs(t));
			double weight;

			/* what an end-corrected integrand adds here is below 1e-18 */
			if (logit_density(left, right, t) - peak < -42)
				break;
			weight = exp(logit_density(a, c, t) - scale);
			rule->p[rule->n] = t > 0 ? 1 / (1 + e) : e / (1 + e);
			rule->q[rule->n] = t > 0 ? e / (1 + e) : 1 / (1 + e);
			rule->weight[rule->n] = weight;
			sum += weight;
			rule->n++;
		}
	}
	for (i = 0; i < rule->n; i++)
		rule->weight[i] *= rule->at_zero || rule->at_one ? step : 1 / sum;
}

/* E[g(p)]; g must be finite at p = 0 and p = 1. */
double
cv_beta_rule_mean(const cv_beta_rule *rule, cv_integrand g, const void *context)
{
	double at_zero = rule->at_zero ? g(0, context) : 0;
	double at_one = rule->at_one ? g(1, context) : 0;
	double sum = 0;
	int i;

	if (rule->at_zero && rule->at_one)
	{
		for (i = 0; i < rule->n; i++)
			sum += rule->weight[i] *
				   (g(rule->p[i], context) - at_zero * rule->q[i] - at_one * rule->p[i]);
		return sum + (at_zero * rule->c + at_one * rule->a) / (rule->a + rule->c);
	}
	for (i = 0; i < rule->n; i++)
		sum += rule->weight[i] * (g(rule->p[i], context) - at_zero - at_one);
	return sum + at_zero + at_one;
}

/* The same of n functions, up to CV_BETA_RULE_MEANS. */
void
cv_beta_rule_means(const cv_beta_rule *rule, cv_integrands g, const void *context, int n,
				   double *mean)
{
	double at_zero[CV_BETA_RULE_MEANS] = { 0 };
	double at_one[CV_BETA_RULE_MEANS] = { 0 };
	double value[CV_BETA_RULE_MEANS];
	int both = rule->at_zero && rule->at_one;
	int i;
	int j;

	if (rule->at_zero)
		g(0, context, at_zero);
	if (rule->at_one)
		g(1, context, at_one);
	for (j = 0; j < n; j++)
		mean[j] = 0;
	for (i = 0; i < rule->n; i++)
	{
		g(rule->p[i], context, value);
		for (j = 0; j < n; j++)
			mean[j] += rule->weight[i] * (value[j] - at_zero[j] * (both ? rule->q[i] : 1) -
										  at_one[j] * (both ? rule->p[i] : 1));
	}
	for (j = 0; j < n; j++)
		mean[j] += both ? (at_zero[j] * rule->c + at_one[j] * rule->a) / (rule->a + rule->c)
						: at_zero[j] + at_one[j];
}
