/*
 * net_score.c: the Net Promoter Score m = p - d as a statistic of three shares, on the
 * scale -1..1, and Wilson's limits of one share.
 */
#include "core/net_score.h"

#include <math.h>

/* Of one answer: p + d - (p - d)^2, in a form that cancels nothing. */
double
cv_net_score_variance(const cv_net_score *score)
{
	double p = score->promoters;
	double d = score->detractors;

	return p * (1 - p) + d * (1 - d) + 2 * p * d;
}

/*
 * With 3/4 of a promoter, 3/4 of a detractor and 3/2 passives more (Rocks 2016), whose
 * Wald interval covers as it should; limits[-1, 1] are the caller's.
 */
cv_net_score
cv_net_score_adjusted(const cv_net_score *score)
{
	cv_net_score adjusted;

	adjusted.answers = score->answers + 3;
	adjusted.promoters = (score->promoters * score->answers + 0.75) / adjusted.answers;
	adjusted.detractors = (score->detractors * score->answers + 0.75) / adjusted.answers;
	if (isinf(score->answers))
		adjusted = *score;
	return adjusted;
}

/*
 * The largest variance of one answer that the data allow where the true score is t: that
 * of the maximum likelihood under p - d = t, whose d is the positive root of
 * 2 n x^2 + ((2 n - P + D) t - P - D) x - D t (1 - t) = 0 (Tango 1998).
 */
static double
restricted_variance(double p, double d, double t)
{
	double b;
	double root;

	/* below 0 the same with the sides exchanged, so that nothing cancels */
	if (t < 0)
	{
		double other = p;

		p = d;
		d = other;
		t = -t;
	}
	b = (2 - p + d) * t - p - d;
	root = sqrt(b * b + 8 * d * t * (1 - t));
	/* of the two forms the one that adds */
	if (b <= 0)
		root = (root - b) / 4;
	else
		root = 2 * d * t * (1 - t) / (b + root);
	return 2 * root + t - t * t;
}

/*
 * A limit of the score interval: the t farthest from m at which
 * |m - t| <= z sqrt(variance at t / n), by bisection.
 */
double
cv_net_score_limit(const cv_net_score *score, double z, bool upper)
{
	double m = score->promoters - score->detractors;
	double inside = m;
	double outside = upper ? 1 : -1;
	int i;

	for (i = 0; i < 200; i++)
	{
		double t = 0.5 * (inside + outside);
		double distance = t - m;

		if (t == inside || t == outside)
			break;
		if (distance * distance * score->answers <=
			z * z * restricted_variance(score->promoters, score->detractors, t))
			inside = t;
		else
			outside = t;
	}
	return inside;
}

/* Wilson's (1927) limits of a share of so many trials; trials above 0. */
void
cv_wilson(double successes, double trials, double z, double *low, double *high)
{
	double share = successes / trials;
	double square = z * z / trials;
	double middle = share + square / 2;
	double reach = z * sqrt(share * (1 - share) / trials + square / trials / 4);

	*low = successes == 0 ? 0 : fmax(0, (middle - reach) / (1 + square));
	*high = successes == trials ? 1 : fmin(1, (middle + reach) / (1 + square));
}
