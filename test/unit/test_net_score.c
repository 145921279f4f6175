/*
 * test_net_score.c: limits against published and separately made figures and against the
 * restricted likelihood, maximised on a grid.
 */
#include "tap.h"

#include "core/net_score.h"

#define Z 1.959963984540054

static cv_net_score
counts(double promoters, double passives, double detractors)
{
	cv_net_score score;

	score.answers = promoters + passives + detractors;
	score.promoters = promoters / score.answers;
	score.detractors = detractors / score.answers;
	return score;
}

/* ln likelihood of the counts with p = d + t. */
static double
log_likelihood(const cv_net_score *score, double t, double d)
{
	double share[3] = { score->promoters, score->detractors,
						1 - score->promoters - score->detractors };
	double probability[3] = { d + t, d, 1 - 2 * d - t };
	double sum = 0;
	int i;

	for (i = 0; i < 3; i++)
		if (share[i] > 1e-15)
			sum += probability[i] > 0 ? share[i] * log(probability[i]) : -INFINITY;
	return sum;
}

/* The best d by golden section; the likelihood has one maximum. */
static double
best_detractors(const cv_net_score *score, double t)
{
	double low = t < 0 ? -t : 0;
	double high = (1 - t) / 2;
	double ratio = 0.6180339887498949;
	int i;

	for (i = 0; i < 100; i++)
	{
		double a = high - ratio * (high - low);
		double b = low + ratio * (high - low);

		if (log_likelihood(score, t, a) < log_likelihood(score, t, b))
			low = a;
		else
			high = b;
	}
	return (low + high) / 2;
}

static void
published(void)
{
	static const double table[][5] = {
		{ 45, 30, 25, 3.6478, 35.1904 }, { 7, 2, 1, 4.8924, 85.8858 },
		{ 25, 8, 7, 18.1010, 65.1528 },	 { 70, 20, 10, 45.2167, 71.2768 },
		{ 10, 0, 0, 44.4934, 100 },		 { 600, 250, 150, 40.2828, 49.4509 }
	};
	int i;

	for (i = 0; i < 6; i++)
	{
		cv_net_score score = counts(table[i][0], table[i][1], table[i][2]);
		double low = 100 * cv_net_score_limit(&score, Z, false);
		double high = 100 * cv_net_score_limit(&score, Z, true);

		ok(fabs(low - table[i][3]) < 6e-5 && fabs(high - table[i][4]) < 6e-5,
		   "%g promoters, %g passives, %g detractors: %.4f to %.4f", table[i][0], table[i][1],
		   table[i][2], low, high);
	}
}

static void
restricted(void)
{
	double worst = 0;
	int cases = 0;
	int p, a, d, upper;

	for (p = 0; p <= 12; p += 3)
		for (a = 0; a <= 8; a += 2)
			for (d = 0; d <= 9; d += 3)
				for (upper = 0; upper < 2; upper++)
				{
					cv_net_score score = counts(p, a, d);
					double m = score.promoters - score.detractors;
					double t;
					double x;
					double error;

					if (p + a + d == 0)
						continue;
					t = cv_net_score_limit(&score, Z, upper);
					cases++;
					if (fabs(t) == 1 || t == m)
					{
						/* an end of the scale, only where the data are there */
						if (t != m)
							worst = INFINITY;
						continue;
					}
					x = best_detractors(&score, t);
					error = fabs(m - t) * sqrt(score.answers) / sqrt(2 * x + t - t * t) / Z - 1;
					if (!(fabs(error) <= worst))
						worst = fabs(error);
				}
	ok(worst < 1e-6 && cases > 150, "%d limits lie z standard errors away (to %.1g)", cases, worst);
}

/* Nothing beyond a limit is inside, nothing before it outside: there is one crossing. */
static void
one_crossing(void)
{
	int crossings = 0;
	int p, a, d;

	for (p = 0; p <= 5; p++)
		for (a = 0; a <= 5; a++)
			for (d = 0; d <= 5; d++)
			{
				cv_net_score score = counts(p, a, d);
				double low = p + a + d == 0 ? 0 : cv_net_score_limit(&score, Z, false);
				double high = p + a + d == 0 ? 0 : cv_net_score_limit(&score, Z, true);
				double m = score.promoters - score.detractors;
				int i;

				if (p + a + d == 0)
					continue;
				for (i = -99; i <= 99; i++)
				{
					double t = i / 100.0;
					double x = best_detractors(&score, t);
					bool inside =
						(m - t) * (m - t) * score.answers <= Z * Z * (2 * x + t - t * t) + 1e-9;

					crossings += inside != (t >= low && t <= high) && fabs(t - low) > 1e-6 &&
								 fabs(t - high) > 1e-6;
				}
			}
	ok(crossings == 0, "the interval holds all scores that the data allow, and no others");
}

static void
variances(void)
{
	cv_net_score score = counts(45, 30, 25);
	cv_net_score adjusted = cv_net_score_adjusted(&score);

	near(cv_net_score_variance(&score), 0.66, 1e-15, "the variance of an answer");
	near(adjusted.answers, 103, 0, "three answers more");
	near(adjusted.promoters, 45.75 / 103, 1e-15, "three quarters of a promoter");
	score = counts(10, 0, 0);
	ok(cv_net_score_variance(&score) == 0, "no variance where all agree");
	adjusted = cv_net_score_adjusted(&score);
	ok(cv_net_score_variance(&adjusted) > 0, "but some in the adjusted shares");
}

static void
wilson(void)
{
	/* Newcombe 1998, table I, method 3 */
	static const double table[][4] = { { 81, 263, 0.2553, 0.3662 },
									   { 15, 148, 0.0624, 0.1605 },
									   { 0, 20, 0, 0.1611 },
									   { 1, 29, 0.0061, 0.1718 } };
	int i;

	for (i = 0; i < 4; i++)
	{
		double low;
		double high;

		cv_wilson(table[i][0], table[i][1], Z, &low, &high);
		ok(fabs(low - table[i][2]) < 6e-5 && fabs(high - table[i][3]) < 6e-5, "%g of %g",
		   table[i][0], table[i][1]);
	}
}

int
main(void)
{
	published();
	restricted();
	one_crossing();
	variances();
	wilson();
	return done();
}
