/*
 * test_cnbd.c: regular buying against published figures, (M)BG/NBD at k = 1,
 * differences, direct integration over rate and time, and simulation.
 */
#include "tap.h"

#include <stdlib.h>
#include <string.h>

#include "core/matrix.h"
#include "core/quadrature.h"
#include "core/renewal.h"
#include "core/simulate.h"
#include "core/special.h"

static double
error_of(double got, double expected)
{
	return expected == 0 ? fabs(got) : fabs(got / expected - 1);
}

/* With k = 1 every function is that of (M)BG/NBD. */
static void
test_one(const cv_buying_family *regular, const cv_buying_family *plain)
{
	static const double parameters[][5] = { { 0.243, 4.414, 0.793, 2.426, 1 },
											{ 0.11, 2.24, 0.31, 0.5, 1 },
											{ 2, 0.05, 1, 0.3, 1 },
											{ 5, 300, 3, 30, 1 },
											{ 0.05, 0.01, 0.02, 8, 1 } };
	static const double rows[][3] = { { 0, 0, 0 },		{ 0, 0, 38.86 }, { 1, 1.71, 38.86 },
									  { 7, 29.43, 40 }, { 7, 40, 40 },	 { 300, 59, 60 },
									  { 5000, 99, 100 } };
	static const double horizons[] = { 0.01, 4, 52, 400 };
	double worst[6] = { 0 };
	size_t i;
	size_t j;
	size_t l;

	for (i = 0; i < sizeof(parameters) / sizeof(parameters[0]); i++)
		for (j = 0; j < sizeof(rows) / sizeof(rows[0]); j++)
		{
			const double *p = parameters[i];
			double x = rows[j][0];
			double t_x = rows[j][1];
			double T = rows[j][2];
			double value = plain->log_likelihood(p, x, t_x, T);
			double n;

			worst[0] = fmax(worst[0], fabs(regular->log_likelihood(p, x, t_x, T) - value) /
										  (1 + fabs(value)));
			worst[1] = fmax(worst[1], error_of(cv_buying_p_alive(regular, p, x, t_x, T),
											   cv_buying_p_alive(plain, p, x, t_x, T)));
			for (l = 0; l < sizeof(horizons) / sizeof(horizons[0]); l++)
			{
				double h = horizons[l];

				worst[2] = fmax(worst[2], error_of(regular->survival(p, x, t_x, T, h),
												   plain->survival(p, x, t_x, T, h)));
				worst[3] = fmax(worst[3], error_of(regular->purchases(p, x, t_x, T, h, 0),
												   plain->purchases(p, x, t_x, T, h, 0)));
				worst[4] = fmax(worst[4], error_of(regular->purchases(p, x, t_x, T, h, 0.002),
												   plain->purchases(p, x, t_x, T, h, 0.002)));
				for (n = 0; n < 4; n++)
					worst[5] = fmax(worst[5], error_of(regular->probability(p, x, t_x, T, h, n),
													   plain->probability(p, x, t_x, T, h, n)));
			}
			worst[4] = fmax(worst[4], error_of(regular->purchases(p, x, t_x, T, INFINITY, 0.002),
											   plain->purchases(p, x, t_x, T, INFINITY, 0.002)));
		}
	ok(worst[0] < 1e-13, "%s, k = 1: log-likelihood (error %.1e)", regular->name, worst[0]);
	ok(worst[1] < 1e-12, "%s, k = 1: P(alive) (error %.1e)", regular->name, worst[1]);
	ok(worst[2] < 1e-12, "%s, k = 1: survival (error %.1e)", regular->name, worst[2]);
	ok(worst[3] < 1e-12, "%s, k = 1: purchases (error %.1e)", regular->name, worst[3]);
	ok(worst[4] < 1e-12, "%s, k = 1: discounted purchases (error %.1e)", regular->name, worst[4]);
	ok(worst[5] < 1e-11, "%s, k = 1: probabilities (error %.1e)", regular->name, worst[5]);
}

/* ---- direct integration ---- */

/*
 * The story, told to an integrator in long doubles: a rate L ~ Gamma(r, alpha), gaps
 * ~ Gamma(k, L), the last purchase s ago.  The time w to the next purchase has a gap's
 * density at s + w; from there on all begins anew.
 */
typedef struct story
{
	int k;
	double shape; /* of the rate at the last purchase: R, */
	double scale; /* alpha + t_x */
	double s;
	double a;
	double c;
	double horizon;
	double delta;
	int n; /* exactly so many */
	enum
	{
		ALIVE,
		PURCHASES,
		EXACTLY,
		SILENCE
	} kind;
} story;

#define MOST_COUNT 6000

/* E[(1-p)^n], a table */
static long double kept[MOST_COUNT + 2];

static void
fill_kept(const story *at)
{
	int n;

	kept[0] = 1;
	for (n = 0; n <= MOST_COUNT; n++)
		kept[n + 1] = kept[n] * (at->c + n) / (at->a + at->c + n);
}

/* What follows after the next purchase, t before the end, given the rate. */
static long double
afterwards(const story *at, long double rate, long double t)
{
	static long double pmf[MOST_COUNT];
	static long double tail[MOST_COUNT + 1];
	long double mu = (rate + at->delta) * t;
	long double f = powl(rate / (rate + at->delta), at->k);
	long double power = 1;
	int size = (int) (mu + 9 * sqrtl(mu + 20) + 30 + (at->n + 1) * at->k);
	long double sum = 0;
	int m;
	int n;

	/* of the number of stages in t */
	pmf[0] = expl(-mu);
	for (m = 1; m < size; m++)
		pmf[m] = pmf[m - 1] * mu / m;
	tail[size] = 0;
	for (m = size - 1; m >= 0; m--)
		tail[m] = tail[m + 1] + pmf[m];
	if (at->kind == EXACTLY)
	{
		n = at->n - 1;
		if (n < 0)
			return 0;
		for (m = n * at->k; m < (n + 1) * at->k; m++)
			sum += kept[n + 1] * pmf[m];
		return sum + (kept[n] - kept[n + 1]) * tail[n * at->k];
	}
	for (n = 0; n * at->k < size; n++)
	{
		if (at->kind == PURCHASES)
			sum += kept[n] * power * tail[n * at->k];
		else
			for (m = n * at->k; m < (n + 1) * at->k && m < size; m++)
				sum += kept[n + 1] * pmf[m];
		power *= f;
	}
	return sum;
}

/* P(gap > t) */
static long double
gap_above(const story *at, long double rate, long double t)
{
	long double term = expl(-rate * t);
	long double sum = term;
	int j;

	for (j = 1; j < at->k; j++)
	{
		term *= rate * t / j;
		sum += term;
	}
	return sum;
}

/* The future of a customer of this rate, times P(gap > s). */
static long double
given_rate(const story *at, long double rate)
{
	static const int panels = 16;
	cv_legendre rule = cv_legendre_rule(16);
	long double sum = 0;
	int i;
	int j;

	if (at->kind == SILENCE)
		return gap_above(at, rate, at->s);
	for (i = 0; i < panels; i++)
		for (j = 0; j < rule.n; j++)
		{
			long double w = at->horizon * (i + rule.node[j]) / panels;

			sum += rule.weight[j] *
				   expl(at->k * logl(rate) + (at->k - 1) * logl(at->s + w) - rate * (at->s + w) -
						lgammal(at->k) - at->delta * w) *
				   afterwards(at, rate, at->horizon - w);
		}
	sum *= at->horizon / panels;
	if (at->kind == ALIVE || (at->kind == EXACTLY && at->n == 0))
		sum += gap_above(at, rate, at->s + at->horizon);
	return sum;
}

/* The integral over the rate, in its logarithm. */
static long double
over_rate(const story *at)
{
	int panels = 12;
	cv_legendre rule = cv_legendre_rule(20);
	/* between where a gamma variable of this shape has e^-40 left */
	long double top = logl((at->shape + 40 + 9 * sqrtl(at->shape + at->k)) / at->scale);
	long double bottom = top - fminl(36, 5 + 60 / at->shape);
	long double sum = 0;
	int i;
	int j;

	for (i = 0; i < panels; i++)
		for (j = 0; j < rule.n; j++)
		{
			long double v = bottom + (top - bottom) * (i + rule.node[j]) / panels;

			sum += rule.weight[j] *
				   expl(at->shape * (v - logl(at->shape / at->scale)) + at->shape -
						at->scale * expl(v)) *
				   given_rate(at, expl(v));
		}
	return sum * (top - bottom) / panels;
}

static void
test_story(void)
{
	/* first k r alpha a b x t_x T horizon delta */
	static const double cases[][11] = {
		{ 1, 2, 0.9, 6, 0.9, 1.6, 3, 20, 30, 26, 0.01 },
		{ 0, 3, 2.5, 10, 0.5, 2.4, 0, 0, 12, 30, 0.002 },
		{ 1, 3, 1.5, 4, 1.3, 0.7, 1, 5, 35, 52, 0.03 },
		{ 0, 6, 3, 2, 0.7, 3, 12, 36, 40, 26, 0.002 },
		{ 1, 12, 4, 3, 0.4, 5, 5, 18, 20, 20, 0.1 },
		{ 1, 4, 2, 1, 3, 6, 8, 40, 40, 9, 0.002 },
		{ 0, 2, 1.2, 8, 0.2, 0.3, 2, 3, 60, 100, 0.001 },
	};
	double worst[4] = { 0 };
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		const double *q = cases[i];
		const cv_buying_family *family = q[0] ? &cv_mbg_cnbd : &cv_bg_cnbd;
		double p[CV_BUYING_NUMBERS] = { q[2], q[3], q[4], q[5], q[1] };
		double x = q[6];
		double t_x = q[7];
		double T = q[8];
		story at = { (int) q[1], q[2] + q[1] * x, q[3] + t_x, T - t_x,
					 q[4],		 q[5] + x + q[0], q[9],		  0,
					 0,			 SILENCE };
		long double whole = over_rate(&at);
		/* odds of being dead: the same purchases, no silence asked for */
		long double died =
			expl(at.shape - at.shape * logl(at.shape) + lgammal(at.shape)) * q[4] / (at.c - 1);
		double got;

		fill_kept(&at);
		if (x + q[0] > 0)
		{
			got = exp(family->log_odds_dead(p, x, t_x, T));
			worst[0] = fmax(worst[0], error_of(got, (double) (died / whole)));
		}
		at.kind = ALIVE;
		got = family->survival(p, x, t_x, T, at.horizon);
		worst[0] = fmax(worst[0], error_of(got, (double) (over_rate(&at) / whole)));
		at.kind = PURCHASES;
		got = family->purchases(p, x, t_x, T, at.horizon, 0);
		worst[1] = fmax(worst[1], error_of(got, (double) (over_rate(&at) / whole)));
		at.delta = q[10];
		got = family->purchases(p, x, t_x, T, at.horizon, at.delta);
		worst[2] = fmax(worst[2], error_of(got, (double) (over_rate(&at) / whole)));
		at.delta = 0;
		at.kind = EXACTLY;
		for (at.n = 0; at.n < 5; at.n++)
		{
			got = family->probability(p, x, t_x, T, at.horizon, at.n);
			worst[3] = fmax(worst[3], error_of(got, (double) (over_rate(&at) / whole)));
		}
	}
	ok(worst[0] < 1e-12, "integrated: P(alive), now and later (error %.1e)", worst[0]);
	ok(worst[1] < 1e-12, "integrated: purchases (error %.1e)", worst[1]);
	ok(worst[2] < 1e-12, "integrated: discounted purchases (error %.1e)", worst[2]);
	ok(worst[3] < 1e-12, "integrated: probabilities (error %.1e)", worst[3]);
}

/* ---- many purchases ---- */

/* The renewal sum as it is written, over all j and m, without a shortcut. */
static void
plain_sum(const double *p, double first, double x, double t_x, double T, double h, double *alive,
		  double *purchases)
{
	int k = (int) p[CV_BUYING_K];
	long double R = p[0] + k * x;
	long double A = p[1] + T;
	long double c = p[3] + x + first;
	long double z = h / (A + h);
	long double w = 1;
	long double norm = 0;
	long double sum[2] = { 0 };
	int j;

	for (j = 0; j < k; j++)
	{
		/* from the mode, so that nothing underflows */
		long double shape = R + j;
		long mode = shape > 1 ? (long) ((shape - 1) * h / A) : 0;
		long double total = 0;
		long double part[2] = { 0 };
		int up;

		if (j > 0)
			w *= (R + j - 1) / j * ((T - t_x) / A);
		for (up = 0; up <= 1; up++)
		{
			long double term = 1;
			long double q = 1;
			long double S = 0;
			long n = 0;
			long m = mode;

			for (;;)
			{
				long events = (m + j) / k;

				if (m >= mode || n == 0)
					for (; n < events; n++)
					{
						S += q;
						q *= (c + n) / (p[2] + c + n);
					}
				for (; n > events; n--)
				{
					q /= (c + n - 1) / (p[2] + c + n - 1);
					S -= q;
				}
				if (m != mode || up)
				{
					total += term;
					part[0] += term * q;
					part[1] += term * S;
				}
				if (up)
				{
					term *= (shape + m) * z / (m + 1);
					m++;
				}
				else if (m > 0)
				{
					term *= m / ((shape + m - 1) * z);
					m--;
				}
				else
					break;
				if (term < 1e-24L * total)
					break;
			}
		}
		norm += w;
		sum[0] += w * part[0] / total;
		sum[1] += w * part[1] / total;
	}
	*alive = (double) (sum[0] / norm);
	*purchases = (double) (sum[1] / norm);
}

static void
test_many(void)
{
	/* first k r alpha a b x t_x T horizon */
	static const double cases[][10] = {
		{ 0, 2, 0.5, 0.01, 0.8, 2.4, 0, 0, 0, 52 },
		{ 1, 3, 1.5, 0.003, 0.5, 0.7, 0, 0, 0, 26 },
		{ 1, 12, 0.3, 0.01, 3, 9, 0, 0, 0, 30 },
		{ 0, 2, 1, 5, 0.7, 3, 5000, 99, 100, 52 },
		{ 1, 12, 2, 0.01, 0.01, 3, 5000, 100, 100, 100 },
		{ 0, 5, 3, 1e4, 0.7, 3, 20, 3, 5, 1e5 },
		{ 1, 2, 1, 1e-3, 0.05, 0.05, 400, 9, 10, 300 },
		{ 1, 1, 0.2, 1e-3, 0.05, 0.05, 0, 0, 0, 30 },
		{ 0, 3, 0.7, 1e6, 1, 2, 3, 50, 100, 1e4 },
		{ 1, 40, 2, 3, 1, 1, 300, 299, 300, 100 },
		{ 1, 100, 5, 3, 2, 1, 2, 20, 30, 1000 },
		{ 0, 2, 0.5, 4, 1e-3, 2, 1, 2, 1e4, 1e4 },
	};
	double worst[2] = { 0 };
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		const double *q = cases[i];
		const cv_buying_family *family = q[0] ? &cv_mbg_cnbd : &cv_bg_cnbd;
		double p[CV_BUYING_NUMBERS] = { q[2], q[3], q[4], q[5], q[1] };
		double alive;
		double purchases;

		plain_sum(p, q[0], q[6], q[7], q[8], q[9], &alive, &purchases);
		worst[0] = fmax(worst[0], error_of(family->survival(p, q[6], q[7], q[8], q[9]), alive));
		worst[1] =
			fmax(worst[1], error_of(family->purchases(p, q[6], q[7], q[8], q[9], 0), purchases));
	}
	ok(worst[0] < 1e-11, "many purchases: survival (error %.1e)", worst[0]);
	ok(worst[1] < 1e-11, "many purchases: their number (error %.1e)", worst[1]);
}

/*
 * Discounted, where much is to be added up: N(u) integrated by parts, with N from above,
 * in so many panels.
 */
static void
test_much_work(void)
{
	/* first k r alpha a b x t_x T horizon delta panels */
	static const double cases[][12] = {
		{ 1, 12, 3, 2, 0.7, 3, 300, 40, 40.1, 40, 0.01, 600 },
		{ 0, 2, 0.5, 0.05, 0.8, 2.4, 0, 0, 0, 60, 0.002, 60 },
		{ 1, 3, 2, 1, 0.5, 0.7, 40, 8, 8, 200, 0.05, 120 },
		{ 1, 100, 2, 40, 0.5, 0.7, 9, 12, 12.5, 20, 0.05, 200 },
		{ 0, 6, 0.4, 0.001, 1.2, 0.7, 0, 0, 0, 30, 0.1, 200 },
	};
	double worst = 0;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		const double *q = cases[i];
		const cv_buying_family *family = q[0] ? &cv_mbg_cnbd : &cv_bg_cnbd;
		double p[CV_BUYING_NUMBERS] = { q[2], q[3], q[4], q[5], q[1] };
		cv_legendre rule = cv_legendre_rule(12);
		double sum = 0;
		/* panels that grow from a tiny one: there N is steep or in step */
		double last = 0;
		int j;
		int l;

		for (j = 1; j <= q[11]; j++)
		{
			double next = q[9] * pow(j / q[11], 6);

			for (l = 0; l < rule.n; l++)
			{
				double u = last + (next - last) * rule.node[l];

				sum += (next - last) * rule.weight[l] * exp(-q[10] * u) *
					   family->purchases(p, q[6], q[7], q[8], u, 0);
			}
			last = next;
		}
		sum = q[10] * sum + exp(-q[10] * q[9]) * family->purchases(p, q[6], q[7], q[8], q[9], 0);
		worst = fmax(worst, error_of(family->purchases(p, q[6], q[7], q[8], q[9], q[10]), sum));
	}
	ok(worst < 1e-11, "much work: discounted purchases (error %.1e)", worst);
}

/* For ever is the limit of long horizons, and probabilities add up. */
static void
test_limits(void)
{
	static const double cases[][9] = {
		{ 0, 2, 0.9, 6, 0.9, 1.6, 3, 20, 30 },	{ 1, 3, 2.5, 10, 0.5, 2.4, 0, 0, 12 },
		{ 1, 6, 3, 2, 0.7, 3, 12, 36, 40 },		{ 0, 12, 0.05, 3, 0.4, 5, 0, 0, 0 },
		{ 1, 2, 0.01, 300, 2, 2, 0, 0, 5 },		{ 0, 4, 1, 1, 1, 1, 300, 50, 50 },
		{ 1, 3, 40, 100, 0.1, 8, 40, 100, 130 }
	};
	static const double rates[] = { 0.0005, 0.01, 0.5 };
	double worst_ever = 0;
	double worst_sum = 0;
	double worst_mean = 0;
	size_t i;
	size_t j;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		const double *q = cases[i];
		const cv_buying_family *family = q[0] ? &cv_mbg_cnbd : &cv_bg_cnbd;
		double p[CV_BUYING_NUMBERS] = { q[2], q[3], q[4], q[5], q[1] };
		double sum = 0;
		double mean = 0;
		double h = 10;
		int n;

		for (j = 0; j < sizeof(rates) / sizeof(rates[0]); j++)
		{
			double ever = family->purchases(p, q[6], q[7], q[8], INFINITY, rates[j]);
			double edge = (40 + 3 * q[1]) / rates[j];

			worst_ever = fmax(
				worst_ever,
				error_of(family->purchases(p, q[6], q[7], q[8], 0.999 * edge, rates[j]), ever));
		}
		for (n = 0; n < 1000; n++)
		{
			double one = family->probability(p, q[6], q[7], q[8], h, n);

			sum += one;
			mean += n * one;
		}
		worst_sum = fmax(worst_sum, error_of(sum, 1));
		worst_mean = fmax(worst_mean, error_of(mean, family->purchases(p, q[6], q[7], q[8], h, 0)));
	}
	ok(worst_ever < 1e-12, "for ever is the limit of long horizons (error %.1e)", worst_ever);
	ok(worst_sum < 1e-12, "probabilities add up to 1 (error %.1e)", worst_sum);
	ok(worst_mean < 1e-11, "their mean is the expected number (error %.1e)", worst_mean);
}

int
main(void)
{
	test_one(&cv_bg_cnbd, &cv_bg_nbd);
	test_one(&cv_mbg_cnbd, &cv_mbg_nbd);
	test_story();
	test_many();
	test_much_work();
	test_limits();
	return done();
}
