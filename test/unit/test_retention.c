/*
 * test_retention.c: the mathematics of contracts: derivatives against differences,
 * closed forms against direct sums, figures of 40-digit arithmetic, the published
 * fits, coverage on simulated contracts.
 */
#include "tap.h"

#include <stdlib.h>
#include <string.h>

#include "core/matrix.h"
#include "core/random.h"
#include "core/retention.h"
#include "core/special.h"

static double
log_likelihood(const double *p, const cv_retention_cell *cell, int n, cv_retention_sums *sums)
{
	int i;

	memset(sums, 0, sizeof(*sums));
	for (i = 0; i < n; i++)
		cv_retention_add(p, &cell[i], sums);
	return sums->value;
}

/* ln B(a, b) - ln B(a, b + n), by mpmath with 60 digits and more */
static void
test_beta_decay(void)
{
	static const double exact[][4] = {
		{ 1, 1, 1, 0.6931471805599453094 },
		{ 0.668, 3.806, 7, 0.7155060456265795427 },
		{ 1e-10, 20, 1, 4.9999999999875e-12 },
		{ 1e-10, 1e-3, 1e-5, 9.901005539024546324e-10 },
		{ 1e-12, 1e6, 1, 9.999999999999999995e-19 },
		{ 1e8, 1e8, 3, 2.079441526679836116 },
		{ 1e10, 1, 1e-3, 0.02360224452827387638 },
		{ 0.5, 1e-8, 1e9, 28.20994873323881441 },
		{ 40, 0.3, 1e5, 353.8849407635213078 },
		{ 1e-6, 17, 1e-6, 6.058752973351074706e-14 },
		{ 2.5, 15.999, 0.25, 0.03709694544521413985 },
		{ 1e100, 1e100, 2, 1.386294361119890619 },
		{ 3, 1e200, 1e199, 0.2859305394129745801 },
		{ 1e-200, 2, 5, 1.45e-200 },
	};
	double worst = 0;
	size_t i;

	for (i = 0; i < sizeof(exact) / sizeof(exact[0]); i++)
	{
		const double *e = exact[i];
		double one = fabs(cv_beta_decay(e[0], e[1], e[2]) / e[3] - 1);
		double other = fabs(cv_beta_decay(e[2], e[1], e[0]) / e[3] - 1);

		if (!(one < 1e-14 && other < 1e-14))
			printf("# a = %g, b = %g, n = %g: errors %.3g and %.3g\n", e[0], e[1], e[2], one,
				   other);
		worst = fmax(worst, fmax(one, other));
	}
	ok(worst < 1e-14, "beta decay to 1e-14, error %.2g", worst);
	ok(cv_beta_decay(2, 3, 0) == 0, "no decay over no time");
	/* B(2, 3) / B(2, 5) = (1 / 12) / (1 / 30) */
	near(cv_beta_decay(2, 3, 2), log(2.5), 4e-16, "a closed form");
}

/* ---- survival ---- */

static void
test_survival(void)
{
	static const double sbg[] = { 0.668, 3.806, 1 };
	static const double bdw[] = { 0.26, 1.72, 1.58 };
	static const double extreme[][3] = { { 1e-300, 1e-300, 1 }, { 1e300, 1e300, 1 },
										 { 1e-300, 1e300, 7 },	{ 1e300, 1e-300, 1e-3 },
										 { 1e-9, 1e9, 300 },	{ 1e9, 1e-9, 1e-9 },
										 { 3, 1e5, 1e5 },		{ 1e-5, 2, 1e-300 },
										 { 40, 1e290, 150 } };
	double alive = 1;
	double worst = 0;
	int broken = 0;
	size_t place;
	int t;

	for (t = 1; t <= 1000; t++)
	{
		alive *= (sbg[1] + t - 1) / (sbg[0] + sbg[1] + t - 1);
		worst = fmax(worst, fabs(exp(cv_log_survival(sbg, 0, t)) / alive - 1));
		worst = fmax(worst, fabs(exp(cv_log_survival(sbg, t - 1, 1)) * (sbg[0] + sbg[1] + t - 1) /
									 (sbg[1] + t - 1) -
								 1));
	}
	ok(worst < 1e-13, "shifted beta geometric is the product of its retention rates, %.2g", worst);
	worst = 0;
	for (t = 1; t <= 1000; t++)
	{
		double power = pow(t, bdw[2]);
		double exact = cv_lgamma(bdw[1] + power) - cv_lgamma(bdw[1]) -
					   cv_lgamma(bdw[0] + bdw[1] + power) + cv_lgamma(bdw[0] + bdw[1]);
		double steps = cv_log_survival(bdw, 0, t / 2) + cv_log_survival(bdw, t / 2, t - t / 2);

		worst = fmax(worst, fabs(cv_log_survival(bdw, 0, t) - exact));
		worst = fmax(worst, fabs(steps - exact));
	}
	ok(worst < 1e-9, "beta discrete Weibull is the ratio of beta functions, %.2g", worst);
	for (place = 0; place < sizeof(extreme) / sizeof(extreme[0]); place++)
	{
		static const double times[] = { 0, 1, 2, 3, 1000, 2147483646 };
		size_t i;
		size_t j;

		for (i = 0; i < 6; i++)
			for (j = 0; j < 6; j++)
			{
				double value = cv_log_survival(extreme[place], times[i], times[j]);

				if (!(value <= 0))
				{
					printf("# %g %g %g from %g ahead %g: %g\n", extreme[place][0],
						   extreme[place][1], extreme[place][2], times[i], times[j], value);
					broken++;
				}
			}
	}
	ok(broken == 0, "at all extremes a probability");
}

/* ---- residual lifetime ---- */

typedef struct residual
{
	double p[3];
	double renewals;
	double rate;
	double value;
} residual;

/* by mpmath with 40 digits: 2F1 or the integral over the beta density, sums with their tails */
static const residual exact_residual[] = {
	{ { .668, 3.806, 1 }, 0, .1, 5.414856048374040575 },
	{ { .668, 3.806, 1 }, 4, .1, 6.897057397746090851 },
	{ { .668, 3.806, 1 }, 1000000, .1, 10.99991917370978451 },
	{ { 1.204, 0.75, 1 }, 0, 1e-4, 2.976246410294649636 },
	{ { 0.668, 3.806, 1 }, 0, 1e-9, 6198.599443917353288 },
	{ { 0.1, 0.05, 1 }, 3, 1e-6, 295515.0411561935767 },
	{ { 1000, 1e5, 1 }, 0, 1e-5, 99.99989990120389182 },
	{ { 1e6, 1e6, 1 }, 2, 0.01, 0.9901990006736663077 },
	{ { 2, 5, 1 }, 3, 0, 8.0 },
	{ { 1e-6, 1, 1 }, 0, 0.05, 20.99993286841437266 },
	{ { 50, 1e6, 1 }, 0, 1e-7, 20365.73648598699334 },
	{ { .26, 1.72, 1.58 }, 0, .1, 5.49221835845621882 },
	{ { .26, 1.72, 1.58 }, 5, .02, 24.12062577224559721 },
	{ { 0.5, 1, 0.6 }, 0, .1, 4.949953171846734467 },
	{ { .3, 2, 1.4 }, 0, 1e-5, 1422.266762215194456 },
	{ { 1.5, 400, 3 }, 10, 0.001, 3.104429170817451265 },
	{ { 30, 1e4, 2 }, 0, 0.0001, 15.88225733755145245 },
	{ { 0.26, 1.72, 1.58 }, 1000000, 0.05, 20.99981884243930391 },
	{ { 2, 3, 1.5 }, 0, 0, 1.357184448977970171 },
	{ { 2, 3, 0.75 }, 4, 0, 20.8325679560950342 },
	{ { 3, 2, 0.4 }, 0, 0, 40.79638246830391392 },
};

static void
test_residual(void)
{
	static const double shapes[][3] = { { 0.668, 3.806, 1 }, { 0.26, 1.72, 1.58 }, { 5, 0.1, 0.4 },
										{ 1e-3, 1, 1 },		 { 1e6, 2e6, 1 },	   { 4, 1e4, 3 } };
	static const double extreme[][3] = { { 1e-300, 1e-300, 1 }, { 1e300, 1e300, 1 },
										 { 1e-300, 1e300, 7 },	{ 1e-9, 1e9, 300 },
										 { 1e9, 1e-9, 1e-9 },	{ 3, 1e5, 1e5 },
										 { 1e-5, 2, 1e-300 },	{ 40, 1e290, 150 },
										 { 2e4, 1, 1e-4 },		{ 6, 1e80, 50 } };
	double worst = 0;
	int broken = 0;
	size_t i;
	size_t j;
	size_t k;

	for (i = 0; i < sizeof(exact_residual) / sizeof(exact_residual[0]); i++)
	{
		const residual *e = &exact_residual[i];
		double error = fabs(cv_residual_lifetime(e->p, e->renewals, e->rate) / e->value - 1);

		if (!(error < 1e-12))
			printf("# %g %g %g, n = %g, d = %g: error %.3g\n", e->p[0], e->p[1], e->p[2],
				   e->renewals, e->rate, error);
		worst = fmax(worst, error);
	}
	ok(worst < 1e-12, "residual lifetime to 1e-12, error %.2g", worst);

	/* the sum as it is written, for rates at which it ends */
	worst = 0;
	for (i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++)
		for (j = 0; j < 3; j++)
			for (k = 0; k < 3; k++)
			{
				static const double rates[] = { 0.01, 0.1, 2 };
				static const double renewals[] = { 0, 3, 500 };
				double sum = 0;
				double got = cv_residual_lifetime(shapes[i], renewals[k], rates[j]);
				int t;

				for (t = 5000; t >= 0; t--)
					sum +=
						exp(cv_log_survival(shapes[i], renewals[k], t + 1) - t * log1p(rates[j]));
				worst = fmax(worst, fabs(got / sum - 1));
			}
	ok(worst < 2e-13, "residual lifetime is the sum as it is written, %.2g", worst);

	/* E(n) = r(n + 1) (1 + E(n + 1) / (1 + d)) ties any two numbers of renewals */
	worst = 0;
	for (i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++)
		for (j = 0; j < 5; j++)
			for (k = 0; k < 4; k++)
			{
				static const double rates[] = { 1e-8, 1e-5, 1e-3, 0.05, 1e10 };
				static const double renewals[] = { 0, 7, 400, 1e6 };
				double n = renewals[k];
				double now = cv_residual_lifetime(shapes[i], n, rates[j]);
				double next = cv_residual_lifetime(shapes[i], n + 1, rates[j]);
				double rate = exp(cv_log_survival(shapes[i], n, 1));
				double error = fabs(now / (rate * (1 + next / (1 + rates[j]))) - 1);

				if (!(error < 1e-12))
					printf("# %g %g %g, n = %g, d = %g: %.3g\n", shapes[i][0], shapes[i][1],
						   shapes[i][2], n, rates[j], error);
				worst = fmax(worst, error);
			}
	ok(worst < 1e-12, "residual lifetime renews itself, %.2g", worst);

	ok(isinf(cv_residual_lifetime(shapes[0], 0, 0)) && isinf(cv_residual_lifetime(shapes[1], 9, 0)),
	   "undiscounted it is infinite where alpha * c is at most 1");
	near(cv_residual_lifetime((double[]){ 1.5, 3, 1 }, 4, 0), 14, 1e-15,
		 "a closed form without discounting");
	near(cv_residual_lifetime((double[]){ 1.5, 3, 1 }, 4, 1e-14), 14, 1e-6, "and close to it");
	near(cv_residual_lifetime((double[]){ 2.5, 3, 1.0000001 }, 4, 0),
		 cv_residual_lifetime((double[]){ 2.5, 3, 1 }, 4, 0), 1e-5, "c near 1 without discounting");
	for (i = 0; i < sizeof(extreme) / sizeof(extreme[0]); i++)
		for (j = 0; j < 4; j++)
			for (k = 0; k < 3; k++)
			{
				static const double rates[] = { 0, 1e-6, 0.1, 1e300 };
				static const double renewals[] = { 0, 1, 2147483647 };
				double value = cv_residual_lifetime(extreme[i], renewals[k], rates[j]);

				if (!(value >= 0))
				{
					printf("# %g %g %g, n = %g, d = %g: %g\n", extreme[i][0], extreme[i][1],
						   extreme[i][2], renewals[k], rates[j], value);
					broken++;
				}
			}
	ok(broken == 0, "at all extremes a number, infinite at most");
}

/* ---- derivatives ---- */

static void
test_derivatives(void)
{
	static const cv_retention_cell cell[] = { { 0, 0, 9 },	  { 1, 1, 131 }, { 2, 1, 126 },
											  { 2, 0, 40 },	  { 3, 1, 90 },	 { 7, 1, 24 },
											  { 7, 0, 491 },  { 50, 1, 3 },	 { 60, 0, 12 },
											  { 1200, 1, 1 }, { 1e5, 0, 1 } };
	static const double places[][3] = { { 0.7, 3.8, 1 },	{ 0.26, 1.7, 1.6 }, { 5, 0.2, 0.5 },
										{ 0.01, 20, 0.9 },	{ 30, 500, 1.1 },	{ 1e-4, 1e-2, 2 },
										{ 200, 3000, 0.3 }, { 1, 1, 1 } };
	int n = sizeof(cell) / sizeof(cell[0]);
	double worst_gradient = 0;
	double worst_hessian = 0;
	double worst_value = 0;
	size_t place;
	int i;
	int j;

	for (place = 0; place < sizeof(places) / sizeof(places[0]); place++)
	{
		const double *at = places[place];
		cv_retention_sums here;
		double plain = 0;

		log_likelihood(at, cell, n, &here);
		for (i = 0; i < n; i++)
		{
			double before = cv_log_survival(at, 0, cell[i].tenure - cell[i].lost);

			plain +=
				cell[i].customers *
				(cell[i].lost ? before + log(-expm1(cv_log_survival(at, cell[i].tenure - 1, 1)))
							  : before);
		}
		worst_value = fmax(worst_value, fabs(here.value / plain - 1));
		for (i = 0; i < 3; i++)
		{
			double up[3];
			double down[3];
			double h = at[i] * 1e-4;
			cv_retention_sums above;
			cv_retention_sums below;
			double difference;
			double size = fabs(here.gradient[i]) + 1e-3 * fabs(here.value / at[i]);

			memcpy(up, at, sizeof(up));
			memcpy(down, at, sizeof(down));
			up[i] += h;
			down[i] -= h;
			log_likelihood(up, cell, n, &above);
			log_likelihood(down, cell, n, &below);
			difference = (above.value - below.value) / (2 * h);
			worst_gradient = fmax(worst_gradient, fabs(here.gradient[i] - difference) / size);
			for (j = 0; j < 3; j++)
			{
				difference = (above.gradient[j] - below.gradient[j]) / (2 * h);
				size = sqrt(fabs(here.hessian[i][i] * here.hessian[j][j])) + fabs(difference);
				worst_hessian = fmax(worst_hessian, fabs(here.hessian[i][j] - difference) / size);
			}
		}
	}
	ok(worst_value < 1e-12, "likelihood is that of the survival function, %.2g", worst_value);
	ok(worst_gradient < 1e-6, "gradient against differences, %.2g", worst_gradient);
	ok(worst_hessian < 1e-6, "Hessian against differences of the gradient, %.2g", worst_hessian);
}

/* ---- fits ---- */

/* Survivors of 1000 after 0, 1, ... years, as cells; the last are still there. */
static int
cells_of(const double *survivors, int years, cv_retention_cell *cell)
{
	int t;

	for (t = 1; t <= years; t++)
		cell[t - 1] = (cv_retention_cell){ t, 1, survivors[t - 1] - survivors[t] };
	cell[years] = (cv_retention_cell){ years, 0, survivors[years] };
	return years + 1;
}

/* Fader and Hardie 2007, Table 1 */
static const double high_end[] = {
	1000, 869, 743, 653, 593, 551, 517, 491, 468, 445, 427, 409, 394
};
static const double regular[] = {
	1000, 631, 468, 382, 326, 289, 262, 241, 223, 207, 194, 183, 173
};

static double
standard_error(int n, const cv_minimum *minimum, int i, double customers)
{
	double lower[9];
	double inverse[9];

	if (cv_cholesky(n, minimum->hessian, lower) != 0)
		return NAN;
	cv_cholesky_inverse(n, lower, inverse);
	return sqrt(inverse[i * n + i] / customers);
}

static void
test_published(void)
{
	cv_retention_cell cell[16];
	cv_minimum minimum;
	int n = cells_of(high_end, 7, cell);
	double value = cv_fit_retention(cell, n, 2, NULL, &minimum);
	double alpha = exp(minimum.theta[0]);
	double beta = exp(minimum.theta[1]);
	double sbg;

	ok(minimum.status == CV_FIT_CONVERGED, "high end converges, %d iterations", minimum.iterations);
	near(alpha, 0.668088351, 2e-9, "high end alpha");
	near(beta, 3.80609496, 2e-9, "high end beta");
	near(value, -1611.15814739, 1e-11, "high end log-likelihood");
	near(alpha * standard_error(2, &minimum, 0, 1000), 0.1037349, 1e-6, "high end alpha's error");
	near(beta * standard_error(2, &minimum, 1, 1000), 0.7855317, 1e-6, "high end beta's error");
	sbg = value;
	value = cv_fit_retention(cell, n, 3, NULL, &minimum);
	ok(minimum.status == CV_FIT_CONVERGED && value > sbg + 1, "bdw converges and fits better: %.4f",
	   value);

	n = cells_of(regular, 7, cell);
	value = cv_fit_retention(cell, n, 2, NULL, &minimum);
	near(exp(minimum.theta[0]), 0.704, 1e-3, "regular alpha, three decimals published");
	near(exp(minimum.theta[1]), 1.182, 1e-3, "regular beta");
	printf("# regular: %.9g %.9g %.11f\n", exp(minimum.theta[0]), exp(minimum.theta[1]), value);
	near(value, -1680.3, 1e-4, "regular log-likelihood");
	ok(cv_fit_retention(cell, n, 3, NULL, &minimum) > value, "bdw fits better there, too");
}

/* Contracts of customers who are observed for 1 to 12 periods. */
static int
simulate(const double *p, int n, int seed, cv_retention_cell *cell)
{
	static double lost[13];
	static double there[13];
	int cells = 0;
	int i;
	int t;

	memset(lost, 0, sizeof(lost));
	memset(there, 0, sizeof(there));
	for (i = 0; i < n; i++)
	{
		cv_random random;
		double a;
		double b;
		double exponent;
		int observed;

		cv_random_seed(&random, seed, i);
		a = cv_random_gamma(&random, p[0]);
		b = cv_random_gamma(&random, p[1]);
		observed = 1 + (int) (12 * cv_random_uniform(&random));
		/* stays after t periods while theta^(t^c) is above a uniform number */
		exponent = cv_random_exponential(&random) / -log(b / (a + b));
		for (t = 1; t <= observed; t++)
			if (pow(t, p[2]) > exponent)
				break;
		if (t <= observed)
			lost[t]++;
		else
			there[observed]++;
	}
	for (t = 1; t <= 12; t++)
	{
		if (lost[t] > 0)
			cell[cells++] = (cv_retention_cell){ t, 1, lost[t] };
		if (there[t] > 0)
			cell[cells++] = (cv_retention_cell){ t, 0, there[t] };
	}
	return cells;
}

/* Truth lies in the 95 % interval in 95 % of the cases. */
static void
test_coverage(const double *truth, int parameters, int customers, const char *name)
{
	int covered[3] = { 0, 0, 0 };
	int converged = 0;
	int rounds = 300;
	int round;
	int i;

	for (round = 0; round < rounds; round++)
	{
		cv_retention_cell cell[24];
		cv_minimum minimum;
		int n = simulate(truth, customers, 1000 + round, cell);

		cv_fit_retention(cell, n, parameters, NULL, &minimum);
		if (minimum.status != CV_FIT_CONVERGED)
			continue;
		converged++;
		for (i = 0; i < parameters; i++)
			covered[i] += fabs(minimum.theta[i] - log(truth[i])) <
						  1.96 * standard_error(parameters, &minimum, i, customers);
	}
	ok(converged >= 0.99 * rounds, "%s: %d of %d fits converge", name, converged, rounds);
	for (i = 0; i < parameters; i++)
	{
		double share = (double) covered[i] / converged;

		/* four standard errors of a share of 300 */
		ok(share > 0.9 && share <= 1, "%s: parameter %d is covered in %.1f %%", name, i + 1,
		   100 * share);
	}
}

/* What cannot be fitted says so. */
static void
test_trouble(void)
{
	static const cv_retention_cell one_period[] = { { 1, 1, 300 }, { 1, 0, 700 } };
	static const cv_retention_cell constant[] = {
		{ 1, 1, 200000 }, { 2, 1, 160000 }, { 3, 1, 128000 }, { 4, 1, 102400 }, { 4, 0, 409600 }
	};
	static const cv_retention_cell rising[] = {
		{ 1, 1, 10 }, { 2, 1, 30 }, { 3, 1, 90 }, { 3, 0, 50 }
	};
	static const cv_retention_cell at_once[] = { { 3, 1, 100 } };
	cv_minimum minimum;
	double value = cv_fit_retention(one_period, 2, 2, NULL, &minimum);

	ok(minimum.status == CV_FIT_FLAT || minimum.status == CV_FIT_RUNAWAY, "one period is flat");
	near(value, 300 * log(0.3) + 700 * log(0.7), 1e-9, "and its likelihood is that of the shares");
	cv_fit_retention(constant, 5, 2, NULL, &minimum);
	ok(minimum.status != CV_FIT_CONVERGED || standard_error(2, &minimum, 0, 1e6) > 5,
	   "equal customers have no distribution: status %d, alpha %.3g, error of its logarithm %.3g",
	   minimum.status, exp(minimum.theta[0]), standard_error(2, &minimum, 0, 1e6));
	value = cv_fit_retention(rising, 4, 2, NULL, &minimum);
	ok(minimum.status != CV_FIT_CONVERGED && isfinite(value),
	   "no shifted beta geometric churns more with time");
	value = cv_fit_retention(at_once, 1, 2, NULL, &minimum);
	ok(minimum.status != CV_FIT_CONVERGED && isfinite(value), "all lost in one period, sbg");
	value = cv_fit_retention(at_once, 1, 3, NULL, &minimum);
	ok(minimum.status != CV_FIT_CONVERGED && isfinite(value), "all lost in one period, bdw");
}

/* Units do not matter: tenures in days instead of years, seldom churn. */
static void
test_scale(void)
{
	static const double truth[] = { 0.8, 1500, 1 };
	cv_retention_cell cell[4000];
	cv_minimum minimum;
	int n = 0;
	int t;

	for (t = 1; t <= 3650; t++)
		cell[n++] = (cv_retention_cell){
			t, 1, 1e7 * (exp(cv_log_survival(truth, 0, t - 1)) - exp(cv_log_survival(truth, 0, t)))
		};
	cell[n++] = (cv_retention_cell){ 3650, 0, 1e7 * exp(cv_log_survival(truth, 0, 3650)) };
	cv_fit_retention(cell, n, 2, NULL, &minimum);
	ok(minimum.status == CV_FIT_CONVERGED, "daily tenures converge");
	near(exp(minimum.theta[0]), 0.8, 1e-7, "daily alpha");
	near(exp(minimum.theta[1]), 1500, 1e-7, "daily beta");
	cv_fit_retention(cell, n, 3, NULL, &minimum);
	ok(minimum.status == CV_FIT_CONVERGED && fabs(minimum.theta[2]) < 1e-6, "daily c is 1");
}

int
main(void)
{
	static const double sbg[] = { 0.8, 3, 1 };
	static const double bdw[] = { 0.9, 4, 1.4 };

	test_beta_decay();
	test_survival();
	test_residual();
	test_derivatives();
	test_published();
	test_coverage(sbg, 2, 2000, "sbg");
	test_coverage(bdw, 3, 5000, "bdw");
	test_trouble();
	test_scale();
	return done();
}
