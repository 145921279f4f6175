/*
 * test_normal.c: tails and quantiles against published figures, against integrals of the
 * density and against each other.
 */
#include "tap.h"

#include <stdio.h>

#include "core/normal.h"

#define PI 3.14159265358979323846

/* P(T > t) by Simpson's rule over the angle atan(t / sqrt(n)): cos^(n - 1), up to its whole. */
static double
integrated_tail(double t, double n)
{
	int steps = 200000;
	long double sum[2];
	int part;
	int i;

	for (part = 0; part < 2; part++)
	{
		long double from = part == 0 ? atanl(t / sqrtl(n)) : -PI / 2;
		long double width = (PI / 2 - from) / steps;

		sum[part] = 0;
		for (i = 0; i <= steps; i++)
		{
			long double c = cosl(from + i * width);
			long double value = c <= 0 ? 0 : powl(c, n - 1);

			sum[part] += value * width * (i == 0 || i == steps ? 1 : i % 2 ? 4 : 2) / 3;
		}
	}
	return (double) (sum[0] / sum[1]);
}

static void
normal(void)
{
	double worst = 0;
	int i;

	near(cv_normal_tail(0), 0.5, 0, "half of the normal distribution is above 0");
	near(cv_normal_tail(1.959963984540054), 0.025, 1e-14, "2.5 % are above 1.96");
	near(cv_normal_tail(10), 7.619853024160527e-24, 1e-13, "the tail beyond 10");
	near(cv_normal_tail(-10), 1, 1e-15, "and before -10");
	near(-cv_normal_quantile(0.025), 1.959963984540054, 1e-15, "the quantile of 95 %");
	near(cv_normal_quantile(0.995), 2.5758293035489004, 1e-15, "of 99 %");
	near(cv_normal_quantile(0.75), 0.6744897501960817, 1e-15, "the upper quartile");
	near(cv_normal_quantile(1e-300), -37.0471, 1e-6, "far out");
	ok(cv_normal_quantile(0.5) == 0, "the median is 0");
	for (i = 1; i < 3000; i++)
	{
		double z = i * 0.0125;
		double back = -cv_normal_quantile(cv_normal_tail(z));
		double error = fabs(back - z) / z;

		if (!(error <= worst))
			worst = error;
	}
	ok(worst < 1e-13, "the quantile of a tail is where it began (to %.1g)", worst);
}

static void
student(void)
{
	/* published two-sided 95 % points */
	static const double table[][2] = { { 1, 12.706204736174704 },  { 2, 4.302652729749462 },
									   { 3, 3.1824463052837078 },  { 5, 2.5705818356363155 },
									   { 10, 2.2281388519862744 }, { 30, 2.0422724563012378 },
									   { 99, 1.9842169515864165 }, { 120, 1.9799304050824413 } };
	static const double freedom[] = { 0.7, 1, 2, 3.5, 10, 99, 197.982, 999, 1001, 20000 };
	static const double points[] = { 0.001, 0.3, 1, 1.96, 4, 9 };
	double worst = 0;
	double jump = 0;
	double back = 0;
	int i;
	int j;

	for (i = 0; i < 8; i++)
	{
		char what[64];

		snprintf(what, sizeof(what), "the 97.5 %% point of %g degrees of freedom", table[i][0]);
		near(-cv_student_quantile(0.025, table[i][0]), table[i][1], 1e-13, what);
	}
	near(cv_student_tail(1, 1), 0.25, 1e-15, "a quarter of Cauchy's is above 1");
	near(cv_student_tail(1e200, 1), 1 / (PI * 1e200), 1e-13, "Cauchy's far tail");
	near(cv_student_tail(-1, 2), 1 - 0.21132486540518712, 1e-15, "a negative t");
	near(cv_student_tail(3, INFINITY), cv_normal_tail(3), 0, "infinite freedom is normal");
	near(cv_student_quantile(0.9, INFINITY), 1.2815515655446004, 1e-15, "its quantile too");
	ok(cv_student_quantile(0.5, 3) == 0, "the median is 0");
	for (i = 2; i < 10; i++)
		for (j = 0; j < 6; j++)
		{
			double expected = integrated_tail(points[j], freedom[i]);
			double error = fabs(cv_student_tail(points[j], freedom[i]) / expected - 1);

			if (expected > 1e-12 && !(error <= worst))
				worst = error;
		}
	ok(worst < 1e-11, "tails are integrals of the density (to %.1g)", worst);
	/* continued fraction below, expansion above */
	for (j = 1; j < 100; j++)
	{
		double t = j * 0.1;
		double below = log(cv_student_tail(t, 1000));
		double above = log(cv_student_tail(t, nextafter(1000, 2000)));

		if (!(fabs(above / below - 1) <= jump))
			jump = fabs(above / below - 1);
	}
	ok(jump < 1e-12, "the two ways meet (to %.1g)", jump);
	for (i = 0; i < 10; i++)
		for (j = 0; j < 6; j++)
		{
			double error =
				fabs(cv_student_quantile(cv_student_tail(points[j], freedom[i]), freedom[i]) /
						 -points[j] -
					 1);

			if (points[j] > 0.01 && !(error <= back))
				back = error;
		}
	ok(back < 1e-12, "the quantile of a tail is where it began (to %.1g)", back);
	ok(cv_student_quantile(1e-10, 1e7) > cv_normal_quantile(1e-10) - 0.01 &&
		   cv_student_quantile(1e-10, 1e7) < cv_normal_quantile(1e-10),
	   "many degrees come near the normal distribution");
	ok(isfinite(cv_student_quantile(1e-300, 1)) && cv_student_quantile(1e-300, 1) < -1e299,
	   "a quantile far out is finite");
	ok(cv_student_tail(1e300, 5000) == 0, "no tail is left");
}

int
main(void)
{
	normal();
	student();
	return done();
}
