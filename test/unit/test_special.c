/*
 * test_special.c: special functions, quadrature, linear algebra and random draws
 * against values from 50-digit arithmetic (mpmath) and against each other.
 */
#include "tap.h"

#include <string.h>

#include "core/beta_power.h"
#include "core/matrix.h"
#include "core/newton.h"
#include "core/quadrature.h"
#include "core/random.h"
#include "core/special.h"

static void
test_gamma(void)
{
	near(cv_digamma(0.243), -4.3510938644232106, 4e-15, "digamma at 0.243");
	near(cv_digamma(1), -0.57721566490153286, 4e-15, "digamma at 1 is minus Euler's constant");
	near(cv_digamma(1000.5), 6.9077553206487964, 1e-15, "digamma at 1000.5");
	near(cv_trigamma(1), 1.6449340668482264, 4e-15, "trigamma at 1 is pi^2/6");
	near(cv_trigamma(0.5), 4.9348022005446793, 4e-15, "trigamma at 1/2 is pi^2/2");
	near(cv_lgamma_delta(0.5, 1), log(0.5), 1e-15, "lgamma step of one");
	near(cv_lgamma_delta(3, 4), log(3.0 * 4 * 5 * 6), 1e-15, "lgamma over whole steps");
	near(cv_lgamma_delta(1e8, 2), 2 * log(1e8) + log1p(1e-8), 1e-15, "lgamma difference far out");
	near(cv_lgamma_delta(1e-3, 5000), cv_lgamma(5000.001) - cv_lgamma(1e-3), 1e-14,
		 "lgamma difference from a tiny argument");
	near(cv_digamma_delta(2, 3), 1 / 2.0 + 1 / 3.0 + 1 / 4.0, 1e-15, "digamma over whole steps");
	near(cv_trigamma_delta(2, 3), -(1 / 4.0 + 1 / 9.0 + 1 / 16.0), 1e-14,
		 "trigamma over whole steps");
	ok(cv_lgamma_delta(7, 0) == 0 && cv_digamma_delta(7, 0) == 0 && cv_trigamma_delta(7, 0) == 0,
	   "differences over nothing are 0");
	near(cv_log_add_exp(-1000, -1001), -1000 + log1p(exp(-1)), 1e-15, "log of a sum far down");
	ok(cv_log_add_exp(-INFINITY, 3) == 3 && cv_log_add_exp(3, -INFINITY) == 3,
	   "log of a sum with nothing");
}

static void
test_incomplete_beta(void)
{
	int n;
	double worst = 0;

	near(cv_beta_tail(0.3, 1, 1), 0.3, 1e-15, "incomplete beta of a uniform");
	near(cv_beta_tail(0.25, 3, 2.5), 1 - cv_beta_tail(0.75, 2.5, 3), 1e-13,
		 "incomplete beta reflected");
	for (n = 1; n < 60; n++)
	{
		/* P(N >= n) of a negative binomial count, summed */
		double r = 0.7;
		double z = 0.35;
		double term = exp(r * log1p(-z));
		double tail = 0;
		int k;

		for (k = 0; k < 400; k++)
		{
			if (k >= n)
				tail += term;
			term *= (r + k) / (k + 1) * z;
		}
		worst = fmax(worst, fabs(cv_beta_tail(z, n, r) / tail - 1));
	}
	ok(worst < 1e-12, "incomplete beta is the tail of a negative binomial (error %.1e)", worst);
}

static double
cube(double u, const void *context)
{
	(void) context;
	return u * u * u;
}

static double
square(double u, const void *context)
{
	(void) context;
	return u * u;
}

static void
test_quadrature(void)
{
	static const int sizes[] = { 1, 2, 8, 12, 16, 24, 32 };
	static const double shapes[][2] = { { 0.001, 0.001 }, { 0.3, 0.2 }, { 0.79, 2.4 },
										{ 1, 1 },		  { 1, 5000 },	{ 40, 0.02 },
										{ 3, 700 },		  { 200, 300 }, { 0.01, 5000 },
										{ 5000, 0.3 },	  { 1e5, 1e5 } };
	size_t i;
	double worst = 0;
	static cv_beta_rule rule;

	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
	{
		cv_legendre rule_n = cv_legendre_rule(sizes[i]);
		double sum = 0;
		double highest = 0;
		int k;

		for (k = 0; k < rule_n.n; k++)
		{
			sum += rule_n.weight[k];
			highest += rule_n.weight[k] * pow(rule_n.node[k], 2 * sizes[i] - 1);
		}
		worst = fmax(worst, fabs(sum - 1) + fabs(highest * 2 * sizes[i] - 1));
	}
	ok(worst < 3e-14, "Gauss-Legendre rules are exact to degree 2n - 1 (error %.1e)", worst);
	near(cv_integrate_panels(cube, NULL, 1, 3, 0.3, 8), 20, 1e-14, "panels add up");
	ok(cv_integrate_panels(cube, NULL, 3, 3, 0.3, 8) == 0, "an empty range integrates to 0");
	worst = 0;
	for (i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++)
	{
		double a = shapes[i][0];
		double c = shapes[i][1];
		double error;

		cv_beta_rule_init(&rule, a, c, 1);
		error = fabs(
			cv_beta_rule_mean(&rule, square, NULL) * (a + c) * (a + c + 1) / (a * (a + 1)) - 1);
		if (error > 1e-11)
			printf("# Beta(%g, %g): error %.1e with %d nodes\n", a, c, error, rule.n);
		worst = fmax(worst, error);
	}
	ok(worst < 1e-11, "second moments of beta variables (error %.1e)", worst);
}

static void
test_beta_power(void)
{
	static cv_beta_power mean;

	/* 2F1(R, a; C; -y) by mpmath */
	cv_beta_power_init(&mean, 1.243, 0.793, 2.426);
	near(cv_beta_power_at(&mean, 0.5), 0.87536811782328473, 1e-13, "2F1 at a small argument");
	near(cv_beta_power_at(&mean, 300), 0.039933913177263156, 1e-12, "2F1 at a large argument");
	cv_beta_power_init(&mean, 500, 0.3, 0.2);
	near(cv_beta_power_at(&mean, 4), 0.039499825179719866, 1e-12, "2F1 with a steep power");
	ok(cv_beta_power_at(&mean, 0) == 1, "2F1 at 0 is 1");
	near(cv_beta_power_count(0.243, 0.793, 2.426, 39 / 4.414), 1.1967231933208168, 1e-12,
		 "expected purchases of a newcomer");
}

/* (1 - x)^2 + 100 (y - x^2)^2, Rosenbrock's valley */
static double
rosenbrock(int n, const double *t, double *gradient, double *hessian, void *context)
{
	double x = t[0];
	double y = t[1];

	(void) n, (void) context;
	gradient[0] = -2 * (1 - x) - 400 * x * (y - x * x);
	gradient[1] = 200 * (y - x * x);
	hessian[0] = 2 - 400 * (y - 3 * x * x);
	hessian[1] = hessian[2] = -400 * x;
	hessian[3] = 200;
	return (1 - x) * (1 - x) + 100 * (y - x * x) * (y - x * x);
}

/* falls for ever in y */
static double
slide(int n, const double *t, double *gradient, double *hessian, void *context)
{
	(void) n, (void) context;
	gradient[0] = 2 * t[0];
	gradient[1] = -exp(-t[1]);
	hessian[0] = 2;
	hessian[1] = hessian[2] = 0;
	hessian[3] = exp(-t[1]);
	return t[0] * t[0] + exp(-t[1]);
}

static void
test_minimiser(void)
{
	static const double start[] = { -1.2, 1 };
	static const double zero[] = { 0.5, 0 };
	double matrix[] = { 4, 2, 0.6, 2, 3, 0.4, 0.6, 0.4, 2 };
	double lower[9];
	double inverse[9];
	double worst = 0;
	cv_minimum minimum;
	int i;
	int j;

	cv_newton_minimise(2, rosenbrock, NULL, start, 1, 50, &minimum);
	ok(minimum.status == CV_FIT_CONVERGED, "the valley's floor is found");
	near(minimum.theta[0], 1, 1e-10, "at x = 1");
	near(minimum.theta[1], 1, 1e-10, "and y = 1");
	cv_newton_minimise(2, slide, NULL, zero, 1, 10, &minimum);
	ok(minimum.status == CV_FIT_RUNAWAY && minimum.culprit == 1,
	   "a parameter that runs away is named");
	ok(cv_cholesky(3, matrix, lower) == 0, "a positive definite matrix is factored");
	cv_cholesky_inverse(3, lower, inverse);
	for (i = 0; i < 3; i++)
		for (j = 0; j < 3; j++)
		{
			double sum = 0;
			int k;

			for (k = 0; k < 3; k++)
				sum += matrix[i * 3 + k] * inverse[k * 3 + j];
			worst = fmax(worst, fabs(sum - (i == j)));
		}
	ok(worst < 1e-15, "matrix times inverse is the identity (error %.1e)", worst);
	matrix[8] = -1;
	ok(cv_cholesky(3, matrix, lower) == 3, "an indefinite matrix is not, and its pivot is named");
}

static void
test_random(void)
{
	static const double shapes[] = { 0.2, 0.7, 1, 3.5, 40 };
	cv_random random;
	cv_random again;
	double sum = 0;
	size_t i;
	int k;

	cv_random_seed(&random, 42, 1);
	cv_random_seed(&again, 42, 1);
	for (k = 0; k < 1000; k++)
		if (cv_random_uniform(&random) != cv_random_uniform(&again))
			break;
	ok(k == 1000, "the same seed gives the same numbers");
	cv_random_seed(&again, 42, 2);
	ok(cv_random_uniform(&random) != cv_random_uniform(&again), "another stream gives others");
	cv_random_seed(&random, 1, 1);
	near(cv_random_uniform(&random), 0.5522684387269269, 1e-15,
		 "the first number of seed 1 is what it always was");
	for (k = 0; k < 100000; k++)
		sum += cv_random_exponential(&random);
	ok(fabs(sum / 1e5 - 1) < 0.02, "exponential draws have mean 1 (%.4f)", sum / 1e5);
	for (i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++)
	{
		double mean = 0;
		double squares = 0;

		for (k = 0; k < 100000; k++)
		{
			double x = cv_random_gamma(&random, shapes[i]) / shapes[i];

			mean += x / 1e5;
			squares += x * x / 1e5;
		}
		ok(fabs(mean - 1) < 0.02 && fabs((squares - mean * mean) * shapes[i] - 1) < 0.06,
		   "gamma draws of shape %g have the right mean and variance", shapes[i]);
	}
}

int
main(void)
{
	test_gamma();
	test_incomplete_beta();
	test_quadrature();
	test_beta_power();
	test_minimiser();
	test_random();
	return done();
}
