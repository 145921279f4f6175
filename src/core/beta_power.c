/*
 * beta_power.c: the one transcendental of the beta-geometric buying models.
 *
 *   F(y) = E[(1 + p y)^-R] = 2F1(R, a; C; -y) = (1 + y)^-a 2F1(a, C - R; C; y / (1 + y)),
 *   C = a + c                                                  (Pfaff, DLMF 15.8.1)
 *
 * The series in z = y / (1 + y) has R only in C - R, which does not grow with
 * the number of purchases, so nothing over- or underflows; its coefficients are
 * kept for all y.  It converges slowly near z = 1 with a small C: there the
 * function is continued by Taylor expansions along its differential equation,
 * each to half the distance that is left.  Where neither serves (C - R well below
 * 0, or large a and c at large y), the expectation itself is taken by the rule of
 * quadrature.c, which always works.
 */
#include "core/beta_power.h"

#include <math.h>

#include "core/special.h"

/* Prepares for exponent "power" > 0 and Beta(a, c), a, c > 0. */
void
cv_beta_power_init(cv_beta_power *mean, double power, double a, double c)
{
	mean->power = power;
	mean->a = a;
	mean->c = c;
	mean->rule_ready = 0;
	mean->center = 0;
	mean->coefficient[0] = 1;
	mean->terms = a + c - power >= -2 ? 1 : 0;
}

/*
 * Expansions along the equation serve up to this C (beyond it they would be swamped
 * by the other solution) and where the singularity (1 - z)^(R - a) is not too strong
 * for the number of terms.
 */
#define LARGEST_C 30
#define LARGEST_EXCESS 1.5

/*
 * Fills in the expansion at the center w = 1 - z0 from its first two terms: the
 * hypergeometric equation (DLMF 15.10.1) for sum of e_k ((z - z0) / w)^k.
 */
static void
expand(cv_beta_power *mean)
{
	double *e = mean->expansion;
	double w = mean->center;
	double z = 1 - w;
	double a = mean->a;
	double b = mean->a + mean->c - mean->power;
	double pull = mean->a + mean->c - (a + b + 1) * z;
	int k;

	for (k = 0; k + 2 < CV_BETA_POWER_STEP; k++)
		e[k + 2] = (w * (k + a) * (k + b) * e[k] - ((1 - 2 * z) * k + pull) * (k + 1) * e[k + 1]) /
				   (z * (k + 2) * (k + 1));
}

/* 2F1(a, C - R; C; 1 - w), w < 1/4; cheapest when asked for ever smaller w. */
static double
continued(cv_beta_power *mean, double w)
{
	double *e = mean->expansion;
	double value;
	double step;
	int k;

	if (mean->center < w)
	{
		/* from the series at z = 3/4, where the other solution is tame */
		double zk = 1;
		double b = mean->a + mean->c - mean->power;
		double coefficient = 1;

		mean->center = 0.25;
		e[0] = e[1] = 0;
		for (k = 0; k < 140; k++)
		{
			e[0] += coefficient * zk;
			e[1] += k * coefficient * zk;
			coefficient *= (mean->a + k) * (b + k) / ((mean->a + mean->c + k) * (k + 1));
			zk *= 0.75;
		}
		/* w dF/dz = (w / z) z dF/dz */
		e[1] /= 3;
		expand(mean);
	}
	while (w < 0.5 * mean->center)
	{
		double slope = 0;

		value = 0;
		for (k = CV_BETA_POWER_STEP - 1; k >= 0; k--)
		{
			slope = slope * 0.5 + value;
			value = value * 0.5 + e[k];
		}
		mean->center *= 0.5;
		e[0] = value;
		e[1] = 0.5 * slope;
		expand(mean);
	}
	value = 0;
	step = (mean->center - w) / mean->center;
	for (k = CV_BETA_POWER_STEP - 1; k >= 0; k--)
		value = value * step + e[k];
	return value;
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

/*
 * F(y) by a trapezoid rule of its own in the logit t of p, centred where the
 * integrand is highest: relative accuracy even where F is minute.  The weight
 * p^(a-1) (1-p)^(c-1) g(p), g(p) = (1 + p y)^-R, has slow tails for small a or c:
 *
 * a < 1: by parts, with p^a / a, where c >= 2,
 *   (1/a) p^a (1-p)^(c-1) g(p) ((c - 1) / (1 - p) + R y / (1 + p y)),
 *   and below that by I(a, c) = I(a, c + 1) + I(a + 1, c) first;
 * c < 1: g(1) is taken out, g(p) - g(1) is positive.
 *
 * Every term is positive, so nothing cancels.
 */
typedef struct tilted
{
	double power;
	double y;
	double a;
	double c;
	int by_parts;
	int above_one; /* g(p) - g(1) instead of g(p) */
} tilted;

/* ln of the integrand in t, or of a bound close to it */
static double
tilted_log(const tilted *w, double t)
{
	double e = exp(-fabs(t));
	double p = t > 0 ? 1 / (1 + e) : e / (1 + e);
	double q = t > 0 ? e / (1 + e) : 1 / (1 + e);
	double ln_p = t > 0 ? -log1p(e) : t - log1p(e);
	double ln_q = t > 0 ? -t - log1p(e) : -log1p(e);
	double value = w->a * ln_p + w->c * ln_q - w->power * log1p(p * w->y);

	if (w->by_parts)
		value += log(((w->c - 1) / q + w->power * w->y / (1 + p * w->y)) * p / w->a);
	if (w->above_one)
		value += log(-expm1(-w->power * log1p(q * w->y / (1 + p * w->y))));
	return value;
}

/* ln of the integral of one such integrand */
static double
tilted_integral(const tilted *w, double steepness)
{
	double left = w->by_parts ? w->a + 1 : w->a;
	double right = w->above_one ? w->c + 1 : w->c;
	double step = cv_logit_step(left, w->c > steepness ? w->c : steepness, right);
	double low = -650;
	double high = 650;
	double peak;
	double sum = 0;
	int direction;
	int i;

	/* the logarithm is concave but for the corrections: golden section by thirds */
	for (i = 0; i < 70 && high - low > step; i++)
	{
		double first = low + (high - low) / 3;
		double second = high - (high - low) / 3;

		if (tilted_log(w, first) < tilted_log(w, second))
			low = first;
		else
			high = second;
	}
	peak = tilted_log(w, low);
	for (direction = -1; direction <= 1; direction += 2)
		for (i = direction < 0 ? 1 : 0; i < CV_BETA_RULE_SIZE; i++)
		{
			double term = tilted_log(w, low + direction * i * step) - peak;

			sum += exp(term);
			if (!(term > -42))
				break;
		}
	return peak + log(sum * step);
}

/* I(a, c) over the beta function whose logarithm is given */
static double
tilted_at(double power, double a, double c, double y, double log_beta)
{
	tilted w = { power, y, a, c, a < 1, a >= 1 && c < 1 };
	double value;

	if (a < 1 && c < 2)
		return tilted_at(power, a, c + 1, y, log_beta) + tilted_at(power, a + 1, c, y, log_beta);
	value = exp(tilted_integral(&w, power) - log_beta);
	if (w.above_one)
		value += exp(cv_lgamma(a) - cv_lgamma_delta(c, a) - log_beta - power * log1p(y));
	return value;
}

/* Below this the shared rule's absolute accuracy is not enough. */
#define SMALL 0.01

/* F(y) up to rounding */
static double
power_mean(cv_beta_power *mean, double y)
{
	double z = y / (1 + y);
	double sum = 0;
	double zk = 1;
	power_context at;
	int k;

	if (y == 0)
		return 1;
	if (y > 3 && mean->terms > 0 && mean->a + mean->c <= LARGEST_C &&
		mean->a - mean->power <= LARGEST_EXCESS)
		return exp(-mean->a * log1p(y)) * continued(mean, 1 / (1 + y));
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

		/* no ratio is below z: mostly that says that there is more to come */
		if (k < 3 || fabs(term) * z > 1e-17 * fabs(sum))
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
	sum = cv_beta_rule_mean(&mean->rule, power_of, &at);
	return sum > SMALL ? sum
					   : tilted_at(mean->power, mean->a, mean->c, y,
								   cv_lgamma(mean->a) - cv_lgamma_delta(mean->c, mean->a));
}

/* F(y), y >= 0; in (0, 1]. */
double
cv_beta_power_at(cv_beta_power *mean, double y)
{
	return fmin(power_mean(mean, y), 1);
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
