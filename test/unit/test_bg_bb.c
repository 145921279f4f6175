/*
 * test_bg_bb.c: buying at discrete opportunities against published figures, against
 * every history there is, differences and simulation.
 */
#include "tap.h"

#include <stdlib.h>
#include <string.h>

#include "core/matrix.h"
#include "core/quadrature.h"
#include "core/simulate.h"
#include "core/special.h"

static const cv_buying_family *const model = &cv_bg_bb;

/* The donations of Fader, Hardie and Shang (2010): 1995 cohort, six opportunities. */
static const double donations[CV_BUYING_NUMBERS] = { 1.204, 0.750, 0.657, 2.783 };

static void
test_published(void)
{
	/* x t_x log-likelihood, P(alive at 7), purchases at the next 5 */
	static const double row[][5] = { { 0, 0, -1.16726247267, 0.1080165841687, 0.0728028774750 },
									 { 2, 4, -5.19569760104, 0.5895141164337, 1.0573489419097 },
									 { 6, 6, -2.18224844762, 0.9304025423729, 3.7521156075999 } };
	int i;

	for (i = 0; i < 3; i++)
	{
		double x = row[i][0];
		double t_x = row[i][1];
		double alive = cv_buying_p_alive(model, donations, x, t_x, 6);

		near(model->log_likelihood(donations, x, t_x, 6), row[i][2], 1e-11, "log-likelihood");
		near(alive * model->survival(donations, x, t_x, 6, 1), row[i][3], 1e-12,
			 "alive at the next opportunity");
		near(alive * model->purchases(donations, x, t_x, 6, 5, 0), row[i][4], 1e-12,
			 "purchases at five opportunities");
	}
}

/* The fit to the 11,104 donors of the paper's table 1. */
static void
test_donors(void)
{
	/* by last gift from the first year to the sixth, x = 1 .. */
	static const int donors[][6] = { { 1091 },
									 { 277, 613 },
									 { 129, 255, 322 },
									 { 78, 155, 181, 240 },
									 { 119, 173, 225, 284, 335 },
									 { 129, 234, 357, 512, 728, 1203 } };
	cv_group group[22] = { { 0, 0, 6, 3464 } };
	cv_minimum minimum;
	double log_likelihood;
	int n = 1;
	int i;
	int j;

	for (i = 0; i < 6; i++)
		for (j = 0; j <= i; j++)
		{
			group[n].x = j + 1;
			group[n].t_x = i + 1;
			group[n].T = 6;
			group[n++].customers = donors[i][j];
		}
	log_likelihood = cv_fit_buying(model, group, n, 0, NULL, &minimum);
	ok(minimum.status == CV_FIT_CONVERGED, "the donors' fit converges");
	ok(fabs(log_likelihood + 33225.6) < 0.05, "to the published log-likelihood, got %.4f",
	   log_likelihood);
	for (i = 0; i < 4; i++)
		ok(fabs(exp(minimum.theta[i]) - donations[i]) < 0.0005 + 1e-9, "and parameters, got %.4f",
		   exp(minimum.theta[i]));
}

/* ln B(a, b) */
static double
log_beta(double a, double b)
{
	return lgamma(a) + lgamma(b) - lgamma(a + b);
}

/* E[p^i (1-p)^j] */
static double
moment(double a, double b, double i, double j)
{
	return exp(log_beta(a + i, b + j) - log_beta(a, b));
}

/* Every string of n opportunities with every fate, sorted by what is seen of it. */
static void
test_histories(const double *p)
{
	enum
	{
		N = 5,
		AHEAD = 6
	};
	double seen[N + 1][N + 1] = { { 0 } };	 /* probability of x, t_x */
	double alive[N + 1][N + 1] = { { 0 } };	 /* and alive at n */
	double later[N + 1][N + 1] = { { 0 } };	 /* ... at the end */
	double bought[N + 1][N + 1] = { { 0 } }; /* expected purchases ahead */
	double worth[N + 1][N + 1] = { { 0 } };	 /* discounted */
	double count[N + 1][N + 1][AHEAD + 1] = { { { 0 } } };
	double worst[6] = { 0 };
	double delta = 0.07;
	double whole = 0;
	int string;
	int lived;
	int x;
	int t_x;
	int n;

	for (string = 0; string < 1 << (N + AHEAD); string++)
		for (lived = 0; lived <= N + AHEAD; lived++)
		{
			double chance;
			double value = 0;
			int total = 0;
			int first = 0;
			int last = 0;
			int i;

			if (string >> lived != 0)
				continue; /* the dead buy nothing */
			for (i = 1; i <= N + AHEAD; i++)
				if (string & 1 << (i - 1))
				{
					total++;
					first += i <= N;
					last = i <= N ? i : last;
					value += i > N ? exp(-delta * (i - N)) : 0;
				}
			chance =
				moment(p[0], p[1], total, lived - total) *
				(lived < N + AHEAD ? moment(p[2], p[3], 1, lived) : moment(p[2], p[3], 0, lived));
			seen[first][last] += chance;
			alive[first][last] += lived >= N ? chance : 0;
			later[first][last] += lived == N + AHEAD ? chance : 0;
			bought[first][last] += chance * (total - first);
			worth[first][last] += chance * value;
			count[first][last][total - first] += chance;
			whole += chance;
		}
	near(whole, 1, 1e-13, "the probabilities of all histories add up to 1");
	for (x = 0; x <= N; x++)
		for (t_x = x; t_x <= (x == 0 ? 0 : N); t_x++)
		{
			double odds = exp(model->log_odds_dead(p, x, t_x, N));
			double now = cv_buying_p_alive(model, p, x, t_x, N);
			double ways = x > 1 ? tgamma(t_x) / tgamma(x) / tgamma(t_x - x + 1) : 1;

			worst[0] = fmax(
				worst[0], fabs(exp(model->log_likelihood(p, x, t_x, N)) * ways / seen[x][t_x] - 1));
			worst[1] = fmax(worst[1], fabs(1 / (1 + odds) / (alive[x][t_x] / seen[x][t_x]) - 1));
			worst[2] = fmax(worst[2], fabs(now * model->survival(p, x, t_x, N, AHEAD + 0.5) /
											   (later[x][t_x] / seen[x][t_x]) -
										   1));
			worst[3] = fmax(worst[3], fabs(now * model->purchases(p, x, t_x, N, AHEAD, 0) /
											   (bought[x][t_x] / seen[x][t_x]) -
										   1));
			worst[4] = fmax(worst[4], fabs(now * model->purchases(p, x, t_x, N, AHEAD, delta) /
											   (worth[x][t_x] / seen[x][t_x]) -
										   1));
			for (n = 0; n <= AHEAD; n++)
				worst[5] = fmax(worst[5], fabs((now * model->probability(p, x, t_x, N, AHEAD, n) +
												(n == 0 ? 1 - now : 0)) /
												   (count[x][t_x][n] / seen[x][t_x]) -
											   1));
		}
	ok(worst[0] < 1e-12, "all histories: likelihood (error %.1e)", worst[0]);
	ok(worst[1] < 1e-12, "all histories: alive (error %.1e)", worst[1]);
	ok(worst[2] < 1e-12, "all histories: alive later (error %.1e)", worst[2]);
	ok(worst[3] < 1e-12, "all histories: purchases (error %.1e)", worst[3]);
	ok(worst[4] < 1e-12, "all histories: discounted purchases (error %.1e)", worst[4]);
	ok(worst[5] < 1e-12, "all histories: probabilities (error %.1e)", worst[5]);
}

/* Many opportunities: the same sums term by term. */
static void
test_many(void)
{
	static const double places[][4] = { { 1.2, 0.75, 0.657, 2.8 },
										{ 0.3, 4, 1, 1 },
										{ 2, 2, 0.01, 0.5 },
										{ 1, 30, 3, 400 },
										{ 0.05, 0.05, 1.0000001, 0.05 } };
	static const double ahead[] = { 200, 257, 3000, 400000 };
	double worst_sum = 0;
	double worst_discounted = 0;
	double worst_ever = 0;
	double worst_chance = 0;
	size_t i;
	size_t j;

	for (i = 0; i < 5; i++)
	{
		const double *p = places[i];

		for (j = 0; j < 4; j++)
		{
			long double term = (p[0] + 3) / (p[0] + p[1] + 8);
			long double sum = 0;
			long double discounted = 0;
			long double ever = 0;
			double delta = 0.0005;
			double chances = 0;
			int n;

			for (n = 0; n < ahead[j]; n++)
			{
				term *= (p[3] + 8 + n) / (p[2] + p[3] + 8 + n);
				sum += term;
				discounted += term * expl(-delta * (n + 1));
				ever += term * expl(-0.05 * (n + 1));
			}
			worst_sum =
				fmax(worst_sum, fabs(model->purchases(p, 3, 6, 8, ahead[j], 0) / (double) sum - 1));
			worst_discounted =
				fmax(worst_discounted,
					 fabs(model->purchases(p, 3, 6, 8, ahead[j], delta) / (double) discounted - 1));
			if (ahead[j] > 2000)
				worst_ever =
					fmax(worst_ever,
						 fabs(model->purchases(p, 3, 6, 8, INFINITY, 0.05) / (double) ever - 1));
			for (n = 0; ahead[j] < 1000 && n <= ahead[j]; n++)
				chances += model->probability(p, 3, 6, 8, ahead[j], n);
			if (ahead[j] < 1000)
				worst_chance = fmax(worst_chance, fabs(chances - 1));
		}
	}
	ok(worst_sum < 1e-11, "many opportunities: purchases (error %.1e)", worst_sum);
	ok(worst_discounted < 1e-11, "many opportunities: discounted (error %.1e)", worst_discounted);
	ok(worst_ever < 1e-12, "infinitely many (error %.1e)", worst_ever);
	ok(worst_chance < 1e-11, "probabilities add up to 1 (error %.1e)", worst_chance);
	near(model->purchases(places[3], 0, 0, 3, INFINITY, 0), 1.0 / 34 * 403 / 2, 1e-14,
		 "undiscounted for ever, gamma above 1");
	ok(isinf(model->purchases(places[1], 0, 0, 3, INFINITY, 0)), "and infinite at gamma = 1");
	/* a long silence and a long life */
	ok(cv_buying_p_alive(model, donations, 1, 1, 100000) > 0 &&
		   cv_buying_p_alive(model, donations, 60, 60, 100000) < 1e-20,
	   "100,000 opportunities");
	near(model->log_likelihood(donations, 30, 60, 60),
		 log_beta(1.204 + 30, 0.750 + 30) - log_beta(1.204, 0.750) + log_beta(0.657, 2.783 + 60) -
			 log_beta(0.657, 2.783),
		 1e-13, "a history of tiny probability");
}

static void
test_derivatives(void)
{
	static const double places[][CV_BUYING_NUMBERS] = { { 1.204, 0.750, 0.657, 2.783 },
														{ 0.05, 3, 20, 0.4 },
														{ 30, 10, 0.02, 5 } };
	static cv_group group[] = { { 0, 0, 0, 2 },	   { 0, 0, 6, 5 },		 { 2, 4, 6, 3 },
								{ 6, 6, 6, 1 },	   { 1, 60, 60, 2 },	 { 1, 1, 60, 2 },
								{ 1, 1, 900, 1 },  { 20, 500, 500, 1 },	 { 20, 30, 500, 1 },
								{ 20, 21, 22, 1 }, { 3, 3900, 4000, 1 }, { 3, 3, 4000, 1 },
								{ 3, 3, 30, 1 } };
	int n = sizeof(group) / sizeof(group[0]);
	double worst[3] = { 0 };
	size_t place;
	int i;
	int j;

	for (place = 0; place < sizeof(places) / sizeof(places[0]); place++)
	{
		cv_likelihood here = { 0 };
		double rowwise = 0;

		model->add(places[place], group, n, &here);
		for (i = 0; i < n; i++)
			rowwise += group[i].customers *
					   model->log_likelihood(places[place], group[i].x, group[i].t_x, group[i].T);
		worst[0] = fmax(worst[0], fabs(rowwise / here.value - 1));
		for (i = 0; i < 4; i++)
		{
			double p[CV_BUYING_NUMBERS];
			double h = places[place][i] * 1e-4;
			cv_likelihood up = { 0 };
			cv_likelihood down = { 0 };

			memcpy(p, places[place], sizeof(p));
			p[i] += h;
			model->add(p, group, n, &up);
			p[i] -= 2 * h;
			model->add(p, group, n, &down);
			worst[1] = fmax(worst[1], fabs((up.value - down.value) / (2 * h) - here.gradient[i]) /
										  (1 + fabs(here.gradient[i])));
			for (j = 0; j < 4; j++)
			{
				double entry = i <= j ? here.hessian[i][j] : here.hessian[j][i];

				worst[2] =
					fmax(worst[2], fabs((up.gradient[j] - down.gradient[j]) / (2 * h) - entry) *
									   places[place][i] * places[place][j] /
									   (1 + fabs(here.gradient[j]) * places[place][j] +
										fabs(entry) * places[place][i] * places[place][j]));
			}
		}
	}
	ok(worst[0] < 1e-13, "sum over groups is the sum of rows (error %.1e)", worst[0]);
	ok(worst[1] < 1e-5, "gradient agrees with differences (error %.1e)", worst[1]);
	ok(worst[2] < 1e-6, "Hessian agrees with differences (error %.1e)", worst[2]);
}

/* Groups that are looked at together, in any order, are the sum of groups that are not. */
static void
test_together(void)
{
	static const double places[][CV_BUYING_NUMBERS] = { { 1.204, 0.750, 0.657, 2.783 },
														{ 0.02, 0.03, 0.05, 0.02 },
														{ 200, 3, 0.5, 4000 },
														{ 0.5, 300, 50, 0.1 } };
	static const double spans[] = { 8, 1000, 5000 };
	static cv_group group[200];
	double worst[3] = { 0 };
	size_t place;
	size_t span;
	int i;
	int j;
	int l;

	for (place = 0; place < sizeof(places) / sizeof(places[0]); place++)
		for (span = 0; span < sizeof(spans) / sizeof(spans[0]); span++)
		{
			cv_likelihood all = { 0 };
			cv_likelihood single = { 0 };
			cv_random random;

			cv_random_seed(&random, 77, place * 10 + span);
			for (i = 0; i < 200; i++)
			{
				cv_group *g = &group[i];

				/* runs of one x, with the shortest and the longest silence */
				g->T = floor(cv_random_uniform(&random) * spans[span]) + 3;
				g->x = fmin(i / 20 * i / 20, g->T);
				g->t_x = i % 3 == 0 ? g->x
									: g->x + floor(cv_random_uniform(&random) * (g->T - g->x + 1));
				if (g->x == 0)
					g->t_x = 0;
				g->customers = 1 + i % 4;
				model->add(places[place], g, 1, &single);
			}
			model->add(places[place], group, 200, &all);
			worst[0] = fmax(worst[0], fabs(all.value / single.value - 1));
			for (j = 0; j < 4; j++)
			{
				worst[1] = fmax(worst[1], fabs(all.gradient[j] - single.gradient[j]) *
											  places[place][j] / fabs(single.value));
				for (l = j; l < 4; l++)
					worst[2] = fmax(worst[2], fabs(all.hessian[j][l] - single.hessian[j][l]) *
												  places[place][j] * places[place][l] /
												  fabs(single.value));
			}
		}
	ok(worst[0] < 1e-13, "groups together are the sum of groups apart (error %.1e)", worst[0]);
	ok(worst[1] < 1e-12, "their gradients are (error %.1e)", worst[1]);
	ok(worst[2] < 1e-12, "their Hessians are (error %.1e)", worst[2]);
}

/* Fits to simulated donors, and what those do later. */
static void
test_truth(void)
{
	static cv_group group[3000];
	int inside = 0;
	int converged = 0;
	int sets = 60;
	double bought = 0;
	double expected = 0;
	double variance = 0;
	int seed;
	int i;

	for (seed = 1; seed <= sets; seed++)
	{
		cv_minimum minimum;
		double lower[16];
		double covariance[16];
		int n = 3000;

		for (i = 0; i < n; i++)
		{
			cv_random random;
			cv_customer customer;
			double at;
			double mean;
			double later = 0;

			cv_random_seed(&random, 500 + seed, i);
			group[i].T = 6 + i % 4;
			group[i].x = group[i].t_x = 0;
			group[i].customers = 1;
			cv_customer_draw(&customer, model, donations, &random);
			while ((at = cv_customer_next(&customer, &random)) <= group[i].T + 5)
				if (at <= group[i].T)
				{
					group[i].x++;
					group[i].t_x = at;
				}
				else
					later++;
			mean = cv_buying_p_alive(model, donations, group[i].x, group[i].t_x, group[i].T) *
				   model->purchases(donations, group[i].x, group[i].t_x, group[i].T, 5, 0);
			bought += later;
			expected += mean;
			variance += (later - mean) * (later - mean);
		}
		cv_fit_buying(model, group, n, 0, NULL, &minimum);
		if (minimum.status != CV_FIT_CONVERGED || cv_cholesky(4, minimum.hessian, lower) != 0)
			continue;
		converged++;
		cv_cholesky_inverse(4, lower, covariance);
		for (i = 0; i < 4; i++)
			inside +=
				fabs(minimum.theta[i] - log(donations[i])) < 1.96 * sqrt(covariance[i * 4 + i] / n);
	}
	ok(converged >= sets - 2, "%d of %d fits converge", converged, sets);
	ok(inside >= 0.90 * 4 * converged && inside <= 0.99 * 4 * converged,
	   "%.1f %% of the 95 %% intervals hold the truth", 100.0 * inside / (4 * converged));
	ok(fabs(bought - expected) < 4 * sqrt(variance), "%.0f purchases came, %.0f were expected",
	   bought, expected);
}

int
main(void)
{
	static const double other[] = { 0.3, 5, 1, 0.2, 0 };

	test_published();
	test_donors();
	test_histories(donations);
	test_histories(other);
	test_many();
	test_derivatives();
	test_together();
	test_truth();
	return done();
}
