/*
 * special.c: gamma function differences and the incomplete beta function.
 *
 * Likelihoods of counts hold lnGamma(z + n) - lnGamma(z) with large n, where
 * the plain difference loses digits.  All functions here shift the argument
 * up by the recurrence and then use Stirling's series (DLMF 5.11), in which
 * the large parts of the two terms are subtracted on paper.
 */
#include "core/special.h"

#include <math.h>

/* From here on Stirling's series with the terms below gives full precision. */
#define STIRLING_FROM 16.0

/* lnGamma for z > 0; unlike lgamma() it touches no global sign. */
double
cv_lgamma(double z)
{
	int sign;

	return lgamma_r(z, &sign);
}

/* The part of Stirling's series that vanishes for large z: DLMF 5.11.1. */
static double
stirling_tail(double z)
{
	double w = 1.0 / (z * z);

	return (1.0 / 12 -
			w * (1.0 / 360 -
				 w * (1.0 / 1260 - w * (1.0 / 1680 - w * (1.0 / 1188 - w * 691.0 / 360360))))) /
		   z;
}

/* psi(z) - ln z for large z: DLMF 5.11.2. */
static double
digamma_tail(double z)
{
	double w = 1.0 / (z * z);

	return -0.5 / z -
		   w * (1.0 / 12 -
				w * (1.0 / 120 -
					 w * (1.0 / 252 - w * (1.0 / 240 - w * (1.0 / 132 - w * 691.0 / 32760)))));
}

/* psi'(z) - 1/z for large z. */
static double
trigamma_tail(double z)
{
	double w = 1.0 / (z * z);

	return w * 0.5 + w / z *
						 (1.0 / 6 - w * (1.0 / 30 -
										 w * (1.0 / 42 -
											  w * (1.0 / 30 - w * (5.0 / 66 - w * 691.0 / 2730)))));
}

/* psi(z), z > 0. */
double
cv_digamma(double z)
{
	double shift = 0;

	for (; z < STIRLING_FROM; z += 1)
		shift -= 1 / z;
	return shift + log(z) + digamma_tail(z);
}

/* psi'(z), z > 0. */
double
cv_trigamma(double z)
{
	double shift = 0;

	for (; z < STIRLING_FROM; z += 1)
		shift += 1 / (z * z);
	return shift + 1 / z + trigamma_tail(z);
}

/*
 * lnGamma(z + n) - lnGamma(z), z > 0, n >= 0 (n need not be whole).
 * Relative error a few units in the last place of the result's own size.
 */
double
cv_lgamma_delta(double z, double n)
{
	double product = 1;
	double logs = 0;

	if (n == 0)
		return 0;
	/* Gamma(z+n)/Gamma(z) = Gamma(z+1+n)/Gamma(z+1) * z/(z+n) */
	for (; z < STIRLING_FROM; z += 1)
	{
		double ratio = z / (z + n);

		if (product * ratio < 1e-250)
		{
			logs += log(product);
			product = 1;
		}
		product *= ratio;
	}
	return logs + log(product) + (z - 0.5) * log1p(n / z) + n * (log(z + n) - 1) +
		   stirling_tail(z + n) - stirling_tail(z);
}

/* psi(z + n) - psi(z), z > 0, n >= 0. */
double
cv_digamma_delta(double z, double n)
{
	double shift = 0;

	if (n == 0)
		return 0;
	for (; z < STIRLING_FROM; z += 1)
		shift += n / (z * (z + n));
	return shift + log1p(n / z) + digamma_tail(z + n) - digamma_tail(z);
}

/* psi'(z + n) - psi'(z), z > 0, n >= 0; negative. */
double
cv_trigamma_delta(double z, double n)
{
	double shift = 0;

	if (n == 0)
		return 0;
	for (; z < STIRLING_FROM; z += 1)
		shift -= n * (2 * z + n) / (z * z * (z + n) * (z + n));
	return shift - n / (z * (z + n)) + trigamma_tail(z + n) - trigamma_tail(z);
}

/*
 * ln |Gamma(z + i omega) / Gamma(z)|, roughly (a few per cent): tells how fast
 * the Fourier transform of a beta or gamma density in its logit or logarithm
 * falls, and so how fine a trapezoid rule must be.
 */
double
cv_lgamma_modulus_delta(double z, double omega)
{
	double shift = 0;

	for (; z < 4; z += 1)
		shift -= 0.5 * log1p(omega * omega / (z * z));
	return shift + 0.5 * (z - 0.5) * log1p(omega * omega / (z * z)) - omega * atan(omega / z);
}

/* ln(e^a + e^b) without overflow; -infinity is a legal argument. */
double
cv_log_add_exp(double a, double b)
{
	double high = a > b ? a : b;
	double low = a > b ? b : a;

	if (low == -INFINITY)
		return high;
	return high + log1p(exp(low - high));
}

/* Continued fraction of the incomplete beta function, DLMF 8.17.22, by
 * Lentz's method; converges fast for x < (a + 1) / (a + b + 2). */
static double
beta_fraction(double x, double a, double b)
{
	const double tiny = 1e-300;
	double c = 1;
	double d = 1 - (a + b) * x / (a + 1);
	double h;
	int m;

	if (fabs(d) < tiny)
		d = tiny;
	d = 1 / d;
	h = d;
	for (m = 1; m <= 100000; m++)
	{
		double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
		double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
		double step;

		d = 1 + even * d;
		c = 1 + even / c;
		if (fabs(d) < tiny)
			d = tiny;
		if (fabs(c) < tiny)
			c = tiny;
		d = 1 / d;
		h *= d * c;
		d = 1 + odd * d;
		c = 1 + odd / c;
		if (fabs(d) < tiny)
			d = tiny;
		if (fabs(c) < tiny)
			c = tiny;
		d = 1 / d;
		step = d * c;
		h *= step;
		if (fabs(step - 1) < 1e-16)
			break;
	}
	return h;
}

/*
 * Regularised incomplete beta function I_x(a, b), 0 <= x <= 1, a, b > 0.
 * With x = t / (A + t) it is P(N >= a) of a negative binomial count.
 */
double
cv_beta_tail(double x, double a, double b)
{
	double front;

	if (x <= 0)
		return 0;
	if (x >= 1)
		return 1;
	front = exp(cv_lgamma_delta(b, a) - cv_lgamma(a) + a * log(x) + b * log1p(-x));
	if (x < (a + 1) / (a + b + 2))
		return front * beta_fraction(x, a, b) / a;
	return 1 - front * beta_fraction(1 - x, b, a) / b;
}
