/*
 * test_posterior.c: draws of customers' futures against the exact expectations and
 * probabilities, against the variance that bunches must keep, and against simulated
 * customers whose future is known.
 *
 * Seeds are fixed, so these come out the same every time; a bound of 4.5 standard
 * errors would be passed by chance once in 150,000 times.
 */
#include "tap.h"

#include <stdlib.h>

#include "core/posterior.h"
#include "core/simulate.h"

#define SIGMA 4.5
#define DRAWS 40000

static const cv_buying_family *const family[] = { &cv_nbd,		  &cv_bg_nbd,  &cv_mbg_nbd,
												  &cv_pareto_nbd, &cv_bg_cnbd, &cv_mbg_cnbd,
												  &cv_bg_bb };
#define FAMILIES ((int) (sizeof(family) / sizeof(family[0])))

static const double spending[3] = { 6.25, 3.74, 15.44 };

typedef struct point
{
	int family;
	double p[CV_BUYING_NUMBERS];
	double x;
	double t_x;
	double T;
	double horizon;
	double delta;
} point;

static const point points[] = {
	{ 0, { .385, 12.07 }, 0, 0, 38.86, 52, 0 },
	{ 0, { .385, 12.07 }, 2, 30, 38.86, 52, .0027 },
	{ 0, { 3, 2 }, 40, 30, 38.86, 52, .0027 },
	{ 0, { .385, 12.07 }, 2, 30, 38.86, INFINITY, .02 },
	{ 1, { .243, 4.414, .793, 2.426 }, 0, 0, 38.86, 39, 0 },
	{ 1, { .243, 4.414, .793, 2.426 }, 7, 29.43, 38.86, 52, .0027 },
	{ 1, { .243, 4.414, .793, 2.426 }, 7, 29.43, 38.86, INFINITY, .0027 },
	{ 1, { .243, 4.414, .793, 2.426 }, 0, 0, 0, 156, .0018 },
	{ 1, { .243, 4.414, .793, 2.426 }, 1000, 99, 100, 52, .0027 },
	{ 1, { .11, 2.24, .31, .5 }, 0, 0, 1, 30, 0 },
	{ 1, { .5, 5, 3, 2 }, 3, 20, 30, INFINITY, 0 },
	{ 1, { .5, 5, 1, 2 }, 3, 20, 30, 39, 0 },
	{ 2, { .525, 6.183, .891, 1.614 }, 0, 0, 38.86, 39, 0 },
	{ 2, { .525, 6.183, .891, 1.614 }, 1, 1.71, 38.86, 52, .0027 },
	{ 2, { .525, 6.183, .891, 1.614 }, 7, 29.43, 38.86, INFINITY, .0027 },
	{ 2, { .525, 6.183, .891, 1.614 }, 0, 0, 0, 52, 0 },
	{ 3, { .553, 10.578, .606, 11.669 }, 0, 0, 38.86, 39, 0 },
	{ 3, { .553, 10.578, .606, 11.669 }, 7, 29.43, 38.86, 52, .0027 },
	{ 3, { .553, 10.578, .606, 11.669 }, 7, 29.43, 38.86, INFINITY, .0027 },
	{ 3, { .553, 10.578, .606, 11.669 }, 1000, 99, 100, 52, .0027 },
	{ 3, { .5, 5, 1, 8 }, 0, 0, 0, 39, 0 },
	{ 3, { .5, 5, 2.5, 8 }, 3, 20, 30, INFINITY, 0 },
	{ 4, { .9, 3, .8, 2.4, 3 }, 0, 0, 20, 26, 0 },
	{ 4, { .9, 3, .8, 2.4, 3 }, 4, 18, 30, 26, .002 },
	{ 4, { .9, 3, .8, 2.4, 2 }, 4, 29, 30, 26, 0 },
	{ 4, { .9, 3, .8, 2.4, 1 }, 4, 18, 30, INFINITY, .01 },
	{ 4, { 40, 3, .08, 24, 2 }, 50, 30, 30, 60, .002 },
	{ 5, { .9, 3, .8, 2.4, 3 }, 0, 0, 20, 26, 0 },
	{ 5, { .9, 3, .8, 2.4, 12 }, 2, 18, 22, 52, .002 },
	{ 5, { 40, 3, .08, 24, 3 }, 60, 30, 32, 100, 0 },
	{ 6, { 1.204, .75, .657, 2.783 }, 0, 0, 6, 5, 0 },
	{ 6, { 1.204, .75, .657, 2.783 }, 2, 4, 6, 5, .1 },
	{ 6, { 1.204, .75, .657, 2.783 }, 6, 6, 6, INFINITY, .1 },
	{ 6, { 1.204, .75, .657, 2.783 }, 6, 6, 6, 4.9999999999, 0 },
};
#define POINTS ((int) (sizeof(points) / sizeof(points[0])))

static void
prepare(cv_posterior *posterior, const point *at, double m)
{
	cv_posterior_init(posterior, family[at->family], at->p, at->x, at->t_x, at->T);
	cv_posterior_spending(posterior, spending, at->x, m);
}

/* Is a sample's mean the expected one? */
static void
mean_is(double sum, double squares, double n, double expected, const char *what, int which)
{
	double mean = sum / n;
	double error = sqrt((squares / n - mean * mean) / n);
	double distance = fabs(mean - expected) / error;

	if (!ok(distance < SIGMA, "point %d: %s", which, what))
		printf("# got %g, expected %g, %g standard errors away\n", mean, expected, distance);
}

/* Means of purchases, discounted purchases and value; probabilities of counts. */
static void
check_point(int which)
{
	const point *at = &points[which];
	const cv_buying_family *f = family[at->family];
	double alive = cv_buying_p_alive(f, at->p, at->x, at->t_x, at->T);
	double m = 24;
	double discounted = alive * f->purchases(at->p, at->x, at->t_x, at->T, at->horizon, at->delta);
	double amount = cv_gamma_gamma_mean(spending, at->x, m);
	double chi = 0;
	double rest = 1;
	double sum[3] = { 0 };
	double squares[3] = { 0 };
	double count[10] = { 0 };
	cv_posterior posterior;
	cv_random random;
	int from;
	int i;

	prepare(&posterior, at, m);
	cv_random_seed(&random, 1, which);
	/* counts from the first that is not rare */
	from = (int) fmax(0, isfinite(at->horizon) && at->delta == 0 ? 0 : discounted - 5);
	for (i = 0; i < DRAWS; i++)
	{
		cv_future future;

		cv_posterior_draw(&posterior, at->horizon, at->delta, &random, &future);
		sum[0] += future.purchases;
		squares[0] += future.purchases * future.purchases;
		sum[1] += future.discounted;
		squares[1] += future.discounted * future.discounted;
		sum[2] += future.value;
		squares[2] += future.value * future.value;
		if (future.purchases >= from && future.purchases < from + 9)
			count[(int) future.purchases - from]++;
		else
			count[9]++;
	}
	mean_is(sum[1], squares[1], DRAWS, discounted, "discounted purchases", which);
	mean_is(sum[2], squares[2], DRAWS, discounted * amount, "value", which);
	if (at->horizon == INFINITY)
		return;
	mean_is(sum[0], squares[0], DRAWS,
			alive * f->purchases(at->p, at->x, at->t_x, at->T, at->horizon, 0), "purchases", which);
	for (i = 0; i < 10; i++)
	{
		double n = from + i;
		double expected = rest;

		if (i < 9)
		{
			expected = alive * f->probability(at->p, at->x, at->t_x, at->T, at->horizon, n);
			if (n == 0)
				expected += cv_buying_p_dead(f, at->p, at->x, at->t_x, at->T);
			rest -= expected;
		}
		expected *= DRAWS;
		chi += (count[i] - expected) * (count[i] - expected) / fmax(expected, 1);
	}
	/* chi squared of 9 degrees of freedom: 1e-5 */
	ok(chi < 39.3, "point %d: how many purchases, chi squared %.1f", which, chi);
}

/*
 * Where the rate is as good as known the variance is that of a Poisson process:
 * discounted count: rate (1 - e^(-2 d h)) / 2d; with amounts E[amount^2] times that.
 * Most of such purchases are played in bunches.
 */
static void
check_bunches(double rate, double horizon, double delta)
{
	double p[2] = { rate * 1e9, 1e9 };
	double doubled = 2 * delta;
	double expected = rate * (delta == 0 ? horizon : -expm1(-doubled * horizon) / doubled);
	double mean = rate * (delta == 0 ? horizon : -expm1(-delta * horizon) / delta);
	double sum[2] = { 0 };
	double squares[2] = { 0 };
	double variance[2];
	int n = 200000;
	cv_posterior posterior;
	cv_random random;
	int i;
	int j;

	cv_posterior_init(&posterior, &cv_nbd, p, 0, 0, 0);
	/* nu as good as 1, amounts ~ Gamma(2, 1): mean 2, E[amount^2] = 6 */
	cv_posterior_spending(&posterior, (const double[]){ 2, 1e12, 1e12 }, 0, 0);
	cv_random_seed(&random, 2, (uint64_t) (rate * horizon));
	for (i = 0; i < n; i++)
	{
		cv_future future;
		double off;

		cv_posterior_draw(&posterior, horizon, delta, &random, &future);
		off = future.discounted - mean;
		sum[0] += off;
		squares[0] += off * off;
		off = future.value - 2 * mean;
		sum[1] += off;
		squares[1] += off * off;
	}
	for (j = 0; j < 2; j++)
	{
		variance[j] = squares[j] / n - (sum[j] / n) * (sum[j] / n);
		mean_is(sum[j], squares[j], n, 0, j == 0 ? "bunches, discounted" : "bunches, value", j);
	}
	near(variance[0], expected, 0.016, "bunches: the variance of the discounted count");
	near(variance[1], 6 * expected, 0.016, "bunches: the variance of the value");
}

/*
 * Simulated customers, observed until T, and what they then really spend: its place
 * among the draws is uniform, one at random among equals, and the one-sided bounds are
 * passed as often as they say.
 */
#define CUSTOMERS 3000
#define FUTURES 99

static int
compare(const void *left, const void *right)
{
	double a = *(const double *) left;
	double b = *(const double *) right;

	return (a > b) - (a < b);
}

static void
check_calibration(int which, const double *p, double horizon, double delta)
{
	double place[CUSTOMERS];
	double worst = 0;
	int below = 0;
	int above = 0;
	int zero = 0;
	cv_random coin;
	int i;
	int j;

	cv_random_seed(&coin, 3, which);
	for (i = 0; i < CUSTOMERS; i++)
	{
		cv_random random;
		cv_customer customer;
		cv_posterior posterior;
		double T;
		double x = 0;
		double t_x = 0;
		double m = 0;
		double real = 0;
		double nu;
		double at;
		int less = 0;
		int same = 1;

		cv_random_seed(&random, 4, (uint64_t) i);
		T = 26 + 52 * cv_random_uniform(&random);
		if (family[which]->discrete)
			T = floor(T);
		cv_customer_draw(&customer, family[which], p, &random);
		nu = cv_random_gamma(&random, spending[1]) / spending[2];
		while ((at = cv_customer_next(&customer, &random)) <= T + horizon)
		{
			double amount = cv_random_gamma(&random, spending[0]) / nu;

			if (at <= T)
			{
				x++;
				t_x = at;
				m += amount;
			}
			else
				real += amount * exp(-delta * (at - T));
		}
		zero += real == 0;
		cv_posterior_init(&posterior, family[which], p, x, t_x, T);
		cv_posterior_spending(&posterior, spending, x, x > 0 ? m / x : 0);
		cv_random_seed(&random, 5, (uint64_t) i);
		for (j = 0; j < FUTURES; j++)
		{
			cv_future future;

			cv_posterior_draw(&posterior, horizon, delta, &random, &future);
			less += future.value < real;
			same += future.value == real;
		}
		place[i] = (less + same * cv_random_uniform(&coin)) / (FUTURES + 1);
		/* the 10th and the 90th of 99: at most a tenth beyond each */
		below += less < 10 && less + same <= 10;
		above += less >= 90;
	}
	qsort(place, CUSTOMERS, sizeof(double), compare);
	for (i = 0; i < CUSTOMERS; i++)
		worst = fmax(worst, fmax(place[i] - (double) i / CUSTOMERS,
								 (double) (i + 1) / CUSTOMERS - place[i]));
	/* Kolmogorov and Smirnov: 2 e^(-2 n D^2) = 1e-5 */
	ok(worst < sqrt(log(2e5) / 2 / CUSTOMERS), "%s: what is realised is anywhere among the draws",
	   family[which]->name);
	printf("# distance %.4f, %d customers of %d buy no more\n", worst, zero, CUSTOMERS);
	ok(below <= 300 + 70 && above <= 300 + 70, "%s: one-sided bounds hold", family[which]->name);
	printf("# %d below, %d above, at most 300 each are expected\n", below, above);
}

/* The same stream and a longer horizon or less discounting: never less, draw by draw. */
static void
check_order(int which, const double *p)
{
	cv_posterior posterior;
	int same = 1;
	int ordered = 1;
	int positive = 0;
	int i;

	cv_posterior_init(&posterior, family[which], p, 3, 20, 30);
	cv_posterior_spending(&posterior, spending, 3, 30);
	for (i = 0; i < 1000; i++)
	{
		static const double horizon[] = { 20, 20, 40, 40 };
		static const double delta[] = { .002, .002, .002, 0 };
		cv_future future[4];
		int j;

		for (j = 0; j < 4; j++)
		{
			cv_random random;

			cv_random_seed(&random, 6, (uint64_t) i);
			cv_posterior_draw(&posterior, horizon[j], delta[j], &random, &future[j]);
		}
		same = same && future[0].value == future[1].value;
		ordered = ordered && future[1].value <= future[2].value &&
				  future[2].value <= future[3].value &&
				  future[1].purchases <= future[2].purchases &&
				  future[2].purchases == future[3].purchases &&
				  future[3].discounted == future[3].purchases;
		positive += future[3].value > 0;
	}
	ok(same, "%s: the same stream, the same draw", family[which]->name);
	ok(ordered && positive > 100, "%s: longer and undiscounted is never less", family[which]->name);
}

/* Absurd sizes end, and give numbers. */
static void
check_extremes(void)
{
	static const point at[] = {
		{ 0, { 1e6, 1e-6 }, 2147483647, 0, 0, 1e15, 1e-12 },
		{ 0, { 1, 1 }, 5000, 100, 100, INFINITY, 1e-12 },
		{ 0, { 1, 1 }, 5000, 100, 100, 1e12, 0 },
		{ 1, { 1, 1, .05, 1e9 }, 5000, 100, 100, INFINITY, 0 },
		{ 1, { 1, 1, 1e-9, 1e-9 }, 50, 100, 100, 1000, 0 },
		{ 2, { 1e-9, 1e-9, 1e9, 1e-9 }, 0, 0, 100, 1000, .1 },
		{ 3, { 1, 1, 1e-3, 1 }, 5000, 100, 100, 1e9, 1e-9 },
		{ 3, { 1, 1, 100, 1e-9 }, 5000, 100, 100, INFINITY, 1e-12 },
	};
	int i;
	int j;

	for (i = 0; i < (int) (sizeof(at) / sizeof(at[0])); i++)
	{
		cv_posterior posterior;
		cv_random random;
		int finite = 1;

		prepare(&posterior, &at[i], 24);
		cv_random_seed(&random, 7, i);
		for (j = 0; j < 300; j++)
		{
			cv_future future;

			cv_posterior_draw(&posterior, at[i].horizon, at[i].delta, &random, &future);
			finite = finite && isfinite(future.value) && future.value >= 0 &&
					 future.purchases == floor(future.purchases);
		}
		ok(finite, "extreme %d gives numbers", i);
	}
}

/* Whatever the parameters of continuous time: it ends, with a number or with infinity. */
static void
check_garden(void)
{
	static const double value[] = { 1e-300, 1e-9, 1e-3, .3, 1, 7, 1e4, 1e9, 1e100, 1e300 };
	static const double horizon[] = { 0, 1e-300, 1e-3, 52, 1e5, 1e12, 1e300, INFINITY };
	static const double delta[] = { 0, 1e-300, 1e-12, .002, 1, 1e300 };
	static const double count[] = { 0, 0, 1, 7, 5000, 2147483647 };
	int bad = 0;
	int positive = 0;
	cv_random random;
	int i;
	int j;

	cv_random_seed(&random, 10, 0);
#define ANY(list) (list)[(int) (cv_random_uniform(&random) * (sizeof(list) / sizeof((list)[0])))]
	for (i = 0; i < 20000; i++)
	{
		point at = { .family = i % (FAMILIES - 1) };
		cv_posterior posterior;
		double h = ANY(horizon);
		double d = ANY(delta);

		for (j = 0; j < 4; j++)
			at.p[j] = ANY(value);
		at.p[CV_BUYING_K] = 1 + i % 4;
		at.x = ANY(count);
		at.T = at.t_x = at.x > 0 ? ANY(value) : 0;
		if (i % 3 == 0)
			at.T *= 2;
		cv_posterior_init(&posterior, family[at.family], at.p, at.x, at.t_x, at.T);
		if (i % 2 == 0)
			posterior.alive = 1;
		cv_posterior_spending(&posterior, (const double[]){ ANY(value), ANY(value), ANY(value) },
							  at.x, ANY(value));
		for (j = 0; j < 5; j++)
		{
			cv_future future;

			cv_posterior_draw(&posterior, h, d, &random, &future);
			bad += !(future.purchases >= 0);
			positive += future.purchases > 0;
		}
	}
	ok(bad == 0 && positive > 1000, "20,000 absurd questions have answers");
}

static void
check_refusals(void)
{
	static const cv_buying_family other = { .name = "other" };
	const double p[4] = { 1, 1, 1, 1 };
	cv_posterior posterior;
	cv_random random;
	cv_future future;

	ok(!cv_posterior_init(&posterior, &other, p, 0, 0, 0), "a family without draws says so");
	cv_posterior_init(&posterior, &cv_nbd, p, 0, 0, 0);
	cv_random_seed(&random, 8, 0);
	cv_posterior_draw(&posterior, INFINITY, 0, &random, &future);
	ok(future.value == INFINITY, "purchases without end or discounting are worth infinity");
	cv_posterior_draw(&posterior, 0, 0, &random, &future);
	ok(future.value == 0 && future.purchases == 0, "nothing happens in no time");
}

/* Beta draws: mean a / (a + b), and one of the two ends where the shapes are tiny. */
static void
check_beta(double a, double b)
{
	cv_random random;
	double sum = 0;
	double squares = 0;
	int i;

	cv_random_seed(&random, 9, 0);
	for (i = 0; i < DRAWS; i++)
	{
		double draw = cv_random_beta(&random, a, b);

		sum += draw;
		squares += draw * draw;
	}
	mean_is(sum, squares, DRAWS, a / (a + b), "beta", 0);
	near(squares / DRAWS, a * (a + 1) / ((a + b) * (a + b + 1)), 0.03, "beta: second moment");
}

int
main(void)
{
	static const double truth[][CV_BUYING_NUMBERS] = {
		{ 0.6, 8 },			  { 0.5, 6, 0.8, 2.4 },	  { 0.6, 6, 0.8, 1.6 },
		{ 0.6, 10, 0.6, 12 }, { 0.9, 3, .8, 2.4, 3 }, { 0.9, 3, .8, 2.4, 2 },
		{ .4, 2, .7, 12 }
	};
	int i;

	for (i = 0; i < POINTS; i++)
		check_point(i);
	check_bunches(1, 200, 0);
	check_bunches(1, 200, .005);
	check_bunches(3, INFINITY, .002);
	check_bunches(50, INFINITY, .002);
	check_bunches(100, 52, .002);
	for (i = 0; i < FAMILIES; i++)
	{
		check_calibration(i, truth[i], 52, .002);
		check_order(i, truth[i]);
	}
	check_extremes();
	check_garden();
	check_refusals();
	check_beta(2, 3);
	check_beta(.3, .8);
	check_beta(1e-5, 3e-5);
	return done();
}
