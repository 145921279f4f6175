/*
 * test_closed_form.c: closed forms against direct summation, chains against
 * their sums and against counting, value by value.
 */
#include "tap.h"

#include <float.h>
#include <stdlib.h>
#include <string.h>

#include "core/closed_form.h"
#include "core/linear.h"
#include "core/random.h"

static int checks;

static void
check(void)
{
	checks++;
}

/* The sum that the closed form stands for, payment by payment, smallest first. */
static double
direct(double m, double r, double d, double g, int n, cv_timing timing)
{
	long double sum = 0;
	int t;

	for (t = n; t >= (timing == CV_TIMING_NOW ? 0 : 1); t--)
	{
		int kept = timing == CV_TIMING_END ? t - 1 : t;
		int grown = timing == CV_TIMING_NOW ? t : t - 1;

		sum += m * powl(r, kept) * powl(1 + (long double) g, grown) / powl(1 + (long double) d, t);
	}
	return (double) sum;
}

static void
closed_forms(void)
{
	static const double retention[] = { 0, 1e-9, 0.3, 0.8, 0.995, 1 };
	static const double rate[] = { 0, 1e-12, 0.01, 0.1, 2 };
	static const double growth[] = { -1, -0.5, 0, 1e-13, 0.02, 0.25, 3 };
	static const int periods[] = { 0, 1, 2, 5, 40, 300 };
	double worst = 0;
	int cases = 0;
	int i, j, k, l, timing;

	for (i = 0; i < 6; i++)
		for (j = 0; j < 5; j++)
			for (k = 0; k < 7; k++)
				for (l = 0; l < 6; l++)
					for (timing = 0; timing < CV_TIMINGS; timing++)
					{
						double sum = direct(100, retention[i], rate[j], growth[k], periods[l],
											(cv_timing) timing);
						double got = cv_closed_form(100, retention[i], rate[j], growth[k],
													periods[l], (cv_timing) timing);
						double error = sum == 0 ? fabs(got) : fabs(got / sum - 1);

						cases++;
						if (!(error <= worst))
							worst = error;
					}
	ok(worst < 1e-12, "%d finite closed forms equal their sums (to %.1g)", cases, worst);

	worst = 0;
	for (i = 0; i < 5; i++)
		for (timing = 0; timing < CV_TIMINGS; timing++)
		{
			double for_ever =
				cv_closed_form(100, retention[i], 0.1, 0.02, INFINITY, (cv_timing) timing);
			double sum = direct(100, retention[i], 0.1, 0.02, 3000, (cv_timing) timing);
			double error = sum == 0 ? fabs(for_ever) : fabs(for_ever / sum - 1);

			if (!(error <= worst))
				worst = error;
		}
	ok(worst < 1e-13, "infinite closed forms equal long sums (to %.1g)", worst);

	near(cv_closed_form(100, 0.8, 0.1, 0, INFINITY, CV_TIMING_NOW), 100 * 1.1 / 0.3, 1e-15, "now");
	near(cv_closed_form(100, 0.8, 0.1, 0, INFINITY, CV_TIMING_END), 100 / 0.3, 1e-15, "end");
	near(cv_closed_form(100, 0.8, 0.1, 0, INFINITY, CV_TIMING_RENEWAL), 80 / 0.3, 1e-15, "renewal");

	/* on the edge, where the closed form is 0 / 0 */
	ok(cv_closed_form_loss(0.8, 0, 0.25) == 0 && cv_closed_form_loss(0.88, 0.1, 0.25) == 0 &&
		   cv_closed_form_loss(1, 0.07, 0.07) == 0,
	   "r (1 + g) = 1 + d is recognised");
	near(cv_closed_form(10, 0.88, 0.1, 0.25, 2147483647, CV_TIMING_NOW), 10 * 2147483648.0, 0,
		 "r (1 + g) = 1 + d: as many equal payments as there are");
	near(cv_closed_form(10, 1, 1e-15, 0, 1e6, CV_TIMING_END), 10e6, 1e-8, "close to the edge");
	near(cv_closed_form(1, 1, 1e-9, 0, 1e9, CV_TIMING_END), -expm1(-1e9 * log1p(1e-9)) / 1e-9, 1e-7,
		 "a small rate over a long time");
	ok(isinf(cv_closed_form(1, 1, 0, 1, 2000, CV_TIMING_NOW)), "a sum that is too large");
	ok(isinf(cv_closed_form(1, 1, 0.1, 0.1, INFINITY, CV_TIMING_NOW)), "a sum that diverges");
	ok(cv_closed_form_loss(1, 0.1, 0.2) < 0, "growth above the rate");
	near(cv_closed_form(7, 0.3, 0.1, -1, 9, CV_TIMING_NOW), 7, 1e-15,
		 "nothing after the first payment");
}

#define MOST 40

/* Rows of random probabilities; some lack a part, some are absorbing. */
static void
draw_chain(cv_random *random, int n, double *transition, double *leaving)
{
	int i, j;

	for (i = 0; i < n; i++)
	{
		double sum = 0;
		double kept = i % 3 == 0 ? cv_random_uniform(random) : 1;

		for (j = 0; j < n; j++)
			sum += transition[i * n + j] =
				cv_random_uniform(random) < 0.5 ? 0 : cv_random_uniform(random);
		if (sum == 0)
			sum = transition[i * n + i] = 1;
		for (j = 0; j < n; j++)
			transition[i * n + j] *= kept / sum;
		leaving[i] = 1 - kept;
	}
}

static void
chains(void)
{
	static const int sizes[] = { 1, 2, 5, 17, MOST };
	static double transition[MOST * MOST];
	static double work[MOST * MOST];
	double reward[MOST], leaving[MOST], value[MOST], sum[MOST], scratch[MOST];
	cv_random random;
	int s, i, j, t;

	cv_random_seed(&random, 7, 0);
	for (s = 0; s < 5; s++)
	{
		int n = sizes[s];
		double d = s % 2 ? 0.01 : 0.25;
		double residual = 0;
		double difference = 0;

		draw_chain(&random, n, transition, leaving);
		for (i = 0; i < n; i++)
		{
			reward[i] = 100 * (cv_random_uniform(&random) - 0.3);
			value[i] = reward[i] * (1 + d);
			leaving[i] += d;
		}
		memcpy(work, transition, sizeof(work));
		checks = 0;
		cv_chain_value(n, work, leaving, value, check);
		ok(checks >= n, "%d states: interrupts are looked at", n);
		for (i = 0; i < n; i++)
		{
			double right = reward[i];

			for (j = 0; j < n; j++)
				right += transition[i * n + j] * value[j] / (1 + d);
			residual = fmax(residual, fabs(value[i] - right) / fmax(fabs(right), 1));
		}
		ok(residual < 1e-12, "%d states: V = R + P V / (1 + d) (to %.1g)", n, residual);

		for (i = 0; i < n * n; i++)
			work[i] = transition[i] / (1 + d);
		cv_chain_sum(n, work, reward, 1000000, sum, scratch, check);
		for (i = 0; i < n; i++)
			difference = fmax(difference, fabs(sum[i] - value[i]) / fmax(fabs(value[i]), 1));
		ok(difference < 1e-11, "%d states: a long sum is the value for ever (to %.1g)", n,
		   difference);

		/* power by power */
		cv_chain_sum(n, work, reward, 6, sum, scratch, check);
		memcpy(value, reward, sizeof(value));
		memcpy(scratch, reward, sizeof(scratch));
		for (t = 1; t <= 6; t++)
		{
			double next[MOST] = { 0 };

			for (i = 0; i < n; i++)
			{
				for (j = 0; j < n; j++)
					next[i] += work[i * n + j] * scratch[j];
			}
			memcpy(scratch, next, sizeof(scratch));
			for (i = 0; i < n; i++)
				value[i] += scratch[i];
		}
		difference = 0;
		for (i = 0; i < n; i++)
			difference = fmax(difference, fabs(sum[i] - value[i]) / fmax(fabs(value[i]), 1));
		ok(difference < 1e-14, "%d states: seven payments, power by power (to %.1g)", n,
		   difference);
	}

	/* a rate as small as a number can be: 1 / d periods */
	transition[0] = 0.5, transition[1] = 0.5, transition[2] = 0.25, transition[3] = 0.75;
	leaving[0] = leaving[1] = 1e-300;
	value[0] = value[1] = 1;
	cv_chain_value(2, transition, leaving, value, check);
	near(value[0], 1e300, 1e-14, "a rate of 1e-300 loses no digits");
}

/* Customers walking through Pfeifer and Carraway's states. */
static void
walkers(void)
{
	static const double paper[] = { .3,	 .7, 0,	  0, 0, .2, 0,	 .8, 0, 0, .15, 0, 0,
									.85, 0,	 .05, 0, 0, 0,	.95, 0,	 0, 0, 0,	1 };
	static const double reward[] = { 36, -4, -4, -4, 0 };
	const int n = 5, customers = 100000, periods = 40;
	double transition[25], leaving[5], value[5];
	double sum = 0, squares = 0;
	cv_random random;
	int i, t;

	memcpy(transition, paper, sizeof(paper));
	for (i = 0; i < n; i++)
	{
		leaving[i] = 0.2;
		value[i] = 1.2 * reward[i];
	}
	cv_chain_value(n, transition, leaving, value, check);
	near(value[0], 52.319609, 1e-8, "state 1");
	near(value[3], -1.820016, 1e-6, "state 4");
	ok(value[4] == 0, "a former customer is worth nothing");

	cv_random_seed(&random, 11, 0);
	for (i = 0; i < customers; i++)
	{
		double worth = 0, discount = 1;
		int state = 0;

		for (t = 0; t <= periods; t++)
		{
			double u = cv_random_uniform(&random);
			int to = 0;

			worth += discount * reward[state];
			discount /= 1.2;
			while (to < n - 1 && (u -= paper[state * n + to]) >= 0)
				to++;
			state = to;
		}
		sum += worth;
		squares += worth * worth;
	}
	{
		double mean = sum / customers;
		double error = sqrt((squares / customers - mean * mean) / customers);

		ok(fabs(mean - value[0]) < 4 * error, "%d simulated customers: %.3f +- %.3f, value %.3f",
		   customers, mean, error, value[0]);
	}
}

int
main(void)
{
	closed_forms();
	chains();
	walkers();
	return done();
}
