/*
 * normal.c: tails and quantiles of the normal and Student's t distribution.
 *
 * Tails are computed as such, not as 1 - P, and quantiles from the smaller tail, so that
 * both are good to about 13 digits far out too: the quantile of a confidence c is
 * -cv_normal_quantile((1 - c) / 2).
 */
#include "core/normal.h"

#include <math.h>

#include "core/special.h"

#define LN_PI 1.1447298858494002

/* From here on Hill's expansion is exact to double precision. */
#define HILL_FROM 1000.0

/* P(Z > z). */
double
cv_normal_tail(double z)
{
	return 0.5 * erfc(z * 0.70710678118654752440);
}

/* c[0] + c[1] x + ... + c[7] x^7. */
static double
polynomial(const double c[8], double x)
{
	double sum = c[7];
	int i;

	for (i = 6; i >= 0; i--)
		sum = sum * x + c[i];
	return sum;
}

/*
 * z with P(Z < z) = p, 0 < p < 1: algorithm AS 241 (Wichura 1988), relative error about
 * 1e-16.
 */
double
cv_normal_quantile(double p)
{
	static const double middle_over[8] = { 3.3871328727963666080e0, 1.3314166789178437745e2,
										   1.9715909503065514427e3, 1.3731693765509461125e4,
										   4.5921953931549871457e4, 6.7265770927008700853e4,
										   3.3430575583588128105e4, 2.5090809287301226727e3 };
	static const double middle_under[8] = { 1.0,
											4.2313330701600911252e1,
											6.8718700749205790830e2,
											5.3941960214247511077e3,
											2.1213794301586595867e4,
											3.9307895800092710610e4,
											2.8729085735721942674e4,
											5.2264952788528545610e3 };
	static const double near_over[8] = { 1.42343711074968357734e0,	4.63033784615654529590e0,
										 5.76949722146069140550e0,	3.64784832476320460504e0,
										 1.27045825245236838258e0,	2.41780725177450611770e-1,
										 2.27238449892691845833e-2, 7.74545014278341407640e-4 };
	static const double near_under[8] = { 1.0,
										  2.05319162663775882187e0,
										  1.67638483018380384940e0,
										  6.89767334985100004550e-1,
										  1.48103976427480074590e-1,
										  1.51986665636164571966e-2,
										  5.47593808499534494600e-4,
										  1.05075007164441684324e-9 };
	static const double far_over[8] = { 6.65790464350110377720e0,  5.46378491116411436990e0,
										1.78482653991729133580e0,  2.96560571828504891230e-1,
										2.65321895265761230930e-2, 1.24266094738807843860e-3,
										2.71155556874348757815e-5, 2.01033439929228813265e-7 };
	static const double far_under[8] = { 1.0,
										 5.99832206555887937690e-1,
										 1.36929880922735805310e-1,
										 1.48753612908506148525e-2,
										 7.86869131145613259100e-4,
										 1.84631831751005468180e-5,
										 1.42151175831644588870e-7,
										 2.04426310338993978564e-15 };
	double q = p - 0.5;
	double r;
	double z;

	if (fabs(q) <= 0.425)
	{
		r = 0.180625 - q * q;
		return q * polynomial(middle_over, r) / polynomial(middle_under, r);
	}
	r = sqrt(-log(q < 0 ? p : 1 - p));
	if (r <= 5)
		z = polynomial(near_over, r - 1.6) / polynomial(near_under, r - 1.6);
	else
		z = polynomial(far_over, r - 5) / polynomial(far_under, r - 5);
	return q < 0 ? -z : z;
}

/*
 * The continued fraction of the incomplete beta function I_x(a, b) without its front,
 * DLMF 8.17.22, by Lentz's method; x < (a + 1) / (a + b + 2).
 */
static double
beta_fraction(double x, double a, double b)
{
	double c = 1;
	double d = 1 / (1 - (a + b) * x / (a + 1));
	double h = d;
	int m;

	for (m = 1; m <= 10000; m++)
	{
		double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
		double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
		double step;

		d = 1 / (1 + even * d);
		c = 1 + even / c;
		h *= d * c;
		d = 1 / (1 + odd * d);
		c = 1 + odd / c;
		step = d * c;
		h *= step;
		if (fabs(step - 1) < 1e-16)
			break;
	}
	return h;
}

/* P(T > t), t >= 0, few degrees of freedom: I_x(n/2, 1/2) / 2 with x = n / (n + t^2). */
static double
tail_by_fraction(double t, double n)
{
	double a = 0.5 * n;
	double square = t * t;
	double log_front;

	if (isinf(square))
		/* only with very few degrees: n/(n + t^2) is n/t^2 */
		return 0.5 * exp(cv_lgamma_delta(a, 0.5) - 0.5 * LN_PI - log(a) + a * log(n) - n * log(t));
	log_front = cv_lgamma_delta(a, 0.5) - 0.5 * LN_PI - a * log1p(square / n);
	if (n / (n + square) < (a + 1) / (a + 2.5))
		return 0.5 * exp(log_front + 0.5 * log(square / (n + square))) / a *
			   beta_fraction(n / (n + square), a, 0.5);
	return 0.5 - exp(log_front) * sqrt(square / (n + square)) *
					 beta_fraction(square / (n + square), 0.5, a);
}

/* P(T > t), t >= 0, many degrees of freedom: Hill's normal deviate (1970, algorithm 395). */
static double
tail_by_expansion(double t, double n)
{
	double a = n - 0.5;
	double b = 48 * a * a;
	double w = a * log1p(t / n * t);
	double second = (((0.4 * w + 3.3) * w + 24) * w + 85.5) / (b + 0.8 * w * w + 100);

	if (w > 1500)
		return 0;
	return cv_normal_tail(sqrt(w) * (1 + (w + 3 - second) / b));
}

/* P(T > t) of Student's t with so many degrees of freedom, above 0, not always whole. */
double
cv_student_tail(double t, double freedom)
{
	double tail;

	if (isinf(freedom))
		return cv_normal_tail(t);
	tail = freedom > HILL_FROM ? tail_by_expansion(fabs(t), freedom)
							   : tail_by_fraction(fabs(t), freedom);
	return t < 0 ? 1 - tail : tail;
}

/*
 * t with P(T < t) = p, 0 < p < 1: Newton's method on the logarithm of the tail over the
 * logarithm of t, which is all but straight where tails are heavy, in a bracket.
 */
double
cv_student_quantile(double p, double freedom)
{
	double target = p < 0.5 ? p : 1 - p;
	double z = -cv_normal_quantile(target);
	double low = -INFINITY;
	double high = 710;
	double s;
	int i;

	if (isinf(freedom) || target == 0.5)
		return p < 0.5 ? -z : z;
	s = log(z); /* t is never below z */
	for (i = 0; i < 200; i++)
	{
		double t = exp(s);
		double tail = cv_student_tail(t, freedom);
		double density = exp(cv_lgamma_delta(0.5 * freedom, 0.5) - 0.5 * (LN_PI + log(freedom)) -
							 0.5 * (freedom + 1) * log1p(t / freedom * t));
		double error = log(tail / target);
		double next = s + error * tail / (density * t);

		if (error > 0)
			low = s;
		else
			high = s;
		if (!(next > low && next < high))
			next = isinf(low) ? high - 1 : 0.5 * (low + high);
		if (fabs(next - s) <= 2e-16 * (1 + fabs(s)))
		{
			s = next;
			break;
		}
		s = next;
	}
	return p < 0.5 ? -exp(s) : exp(s);
}
