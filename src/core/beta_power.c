/*
 * beta_power.c: the one transcendental of the beta-geometric buying models.
 *
 *   F(y) = E[(1 + p y)^-R] = 2F1(R, a; C; -y) = (1 + y)^-a 2F1(a, C - R; C; y / (1 + y)),
 *   C = a + c                                                  (Pfaff, DLMF 15.8.1)
 *
 * The series in z = y / (1 + y) has R only in C - R, which does not grow with
 * the number of purchases, so nothing over- or underflows; its coefficients are
 * kept for all y.  Where it converges slowly (z near 1 with a small C) or
 * alternates (C - R well below 0), the expectation itself is taken by the rule
 * of quadrature.c, which always works.
 */
#include "core/beta_power.h"

#include <math.h>

/* Prepares for exponent "power" > 0 and Beta(a, c), a, c > 0. */
void
cv_beta_power_init(cv_beta_power *mean, double power, double a, double c)
{
	mean->power = power;
	mean->a = a;
	mean->c = c;
	mean->rule_ready = 0;
	mean->coefficient[0] = 1;
	mean->terms = a + c - power >= -2 ? 1 : 0;
}

typedef struct power_context
{
	double power;
	double y;
} power_context;

static double
power_of(double p, const void *context)
{
	const power_context *at = context;

	return exp(-at->power * log1p(p * at->y));
}

/* F(y), y >= 0; in (0, 1]. */
double
cv_beta_power_at(cv_beta_power *mean, double y)
{
	double z = y / (1 + y);
	double sum = 0;
	double zk = 1;
	power_context at;
	int k;

	if (y == 0)
		return 1;
	for (k = 0; mean->terms > 0 && k < CV_BETA_POWER_TERMS; k++)
	{
		double term;
		double ratio;

		if (k == mean->terms)
		{
			double second = mean->a + mean->c - mean->power;

			mean->coefficient[k] = mean->coefficient[k - 1] * (mean->a + k - 1) * (second + k - 1) /
								   ((mean->a + mean->c + k - 1) * k);
			mean->terms = k + 1;
		}
		term = mean->coefficient[k] * zk;
		sum += term;
		zk *= z;

		if (k < 3)
			continue;

		/*
		 * From here on every ratio of two terms is at most the larger of z
		 * and the last one, so the rest is below a geometric sum.
		 */
		ratio = z * fmax(1, fabs(mean->coefficient[k] / mean->coefficient[k - 1]));
		if (term == 0 || (ratio < 1 && fabs(term) * ratio <= 1e-17 * fabs(sum) * (1 - ratio)))
			return exp(-mean->a * log1p(y)) * sum;
	}
	if (!mean->rule_ready)
	{
		cv_beta_rule_init(&mean->rule, mean->a, mean->c, mean->power);
		mean->rule_ready = 1;
	}
	at.power = mean->power;
	at.y = y;
	return cv_beta_rule_mean(&mean->rule, power_of, &at);
}

static double
count_of(double p, const void *context)
{
	const power_context *at = context;

	if (p == 0)
		return at->power * at->y;
	return -expm1(-at->power * log1p(p * at->y)) / p;
}

/*
 * E[(1 - (1 + p y)^-R) / p], p ~ Beta(a, c): the number of purchases of a
 * beta-geometric customer over a time y (in units of the gamma scale), which is
 * R times the integral of E[(1 + p u)^-(R + 1)] over u from 0 to y.
 */
double
cv_beta_power_count(double power, double a, double c, double y)
{
	cv_beta_rule rule;
	power_context at;

	cv_beta_rule_init(&rule, a, c, power);
	at.power = power;
	at.y = y;
	return cv_beta_rule_mean(&rule, count_of, &at);
}
