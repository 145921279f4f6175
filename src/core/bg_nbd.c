/*
 * bg_nbd.c: beta-geometric dropping out: BG/NBD (Fader, Hardie and Lee 2005) and
 * MBG/NBD (Batislam, Denizel and Filiztekin 2007).
 *
 * A customer drops out after a purchase with probability p ~ Beta(a, b); in the
 * modified form the first purchase counts as well.  With k = x (BG) or x + 1
 * (MBG) chances to drop out that were survived if the customer is alive:
 *
 *   L = Gamma(r+x)/Gamma(r) alpha^r (alpha+T)^-(r+x) B(a, b+k)/B(a, b) (1 + e^z),
 *   e^z = a / (b+k-1) ((alpha+T)/(alpha+t_x))^(r+x)       (absent where k = 0)
 *
 * and e^z is the odds of being dead.  Given alive, p ~ Beta(a, b + k).
 */
#include <math.h>
#include <stddef.h>

#include "core/beta_geometric.h"
#include "core/beta_power.h"
#include "core/special.h"

enum
{
	R,
	ALPHA,
	A,
	B
};

/* Odds of being dead, as a logarithm; k chances were survived by the living. */
static double
log_odds_dead(const double *p, double x, double t_x, double T, double k)
{
	if (k == 0)
		return -INFINITY;
	return log(p[A] / (p[B] + k - 1)) + (p[R] + x) * log1p((T - t_x) / (p[ALPHA] + t_x));
}

static double
log_likelihood(const double *p, double x, double t_x, double T, double k)
{
	return cv_lgamma_delta(p[R], x) - p[R] * log1p(T / p[ALPHA]) - x * log(p[ALPHA] + T) +
		   cv_lgamma_delta(p[B], k) - cv_lgamma_delta(p[A] + p[B], k) +
		   cv_log_add_exp(0, log_odds_dead(p, x, t_x, T, k));
}

static void
add(const double *p, const cv_group *group, int n, cv_likelihood *sum, int first_counts)
{
	double r = p[R];
	double alpha = p[ALPHA];
	double a = p[A];
	double b = p[B];
	double last = -1;
	double k = 0;
	double value = 0; /* what depends on x alone, with derivatives */
	double dr = 0;
	double drr = 0;
	double da = 0;
	double db = 0;
	double daa = 0;
	double dbb = 0;
	double log_ratio = 0;
	int i;

	for (i = 0; i < n; i++)
	{
		const cv_group *g = &group[i];
		double w = g->customers;
		double at = 1 / (alpha + g->T);
		double log_at = log1p(g->T / alpha);

		if (g->x != last)
		{
			last = g->x;
			k = last + first_counts;
			value = cv_lgamma_delta(r, last) + cv_lgamma_delta(b, k) - cv_lgamma_delta(a + b, k) -
					last * log(alpha);
			dr = cv_digamma_delta(r, last);
			drr = cv_trigamma_delta(r, last);
			da = -cv_digamma_delta(a + b, k);
			db = da + cv_digamma_delta(b, k);
			daa = -cv_trigamma_delta(a + b, k);
			dbb = daa + cv_trigamma_delta(b, k);
			log_ratio = k > 0 ? log(a / (b + k - 1)) : 0;
		}
		sum->value += w * (value - (r + last) * log_at);
		sum->gradient[R] += w * (dr - log_at);
		sum->gradient[ALPHA] += w * (r * g->T / alpha - last) * at;
		sum->gradient[A] += w * da;
		sum->gradient[B] += w * db;
		sum->hessian[R][R] += w * drr;
		sum->hessian[R][ALPHA] += w * g->T / alpha * at;
		sum->hessian[ALPHA][ALPHA] += w * ((r + last) * at * at - r / (alpha * alpha));
		sum->hessian[A][A] += w * daa;
		sum->hessian[A][B] += w * daa;
		sum->hessian[B][B] += w * dbb;
		if (k > 0)
		{
			double later = log1p((g->T - g->t_x) / (alpha + g->t_x));
			double ax = 1 / (alpha + g->t_x);
			double z = log_ratio + (r + last) * later;
			double odds = exp(-fabs(z));
			double dead = z > 0 ? 1 / (1 + odds) : odds / (1 + odds);
			double both = w * odds / ((1 + odds) * (1 + odds));
			double left = b + k - 1;
			double dz[4];
			int j;
			int l;

			dz[R] = later;
			dz[ALPHA] = (r + last) * (at - ax);
			dz[A] = 1 / a;
			dz[B] = -1 / left;
			sum->value += w * ((z > 0 ? z : 0) + log1p(odds));
			for (j = 0; j < 4; j++)
			{
				sum->gradient[j] += w * dead * dz[j];
				for (l = j; l < 4; l++)
					sum->hessian[j][l] += both * dz[j] * dz[l];
			}
			sum->hessian[R][ALPHA] += w * dead * (at - ax);
			sum->hessian[ALPHA][ALPHA] += w * dead * (r + last) * (ax * ax - at * at);
			sum->hessian[A][A] -= w * dead / (a * a);
			sum->hessian[B][B] += w * dead / (left * left);
		}
	}
}

/* E[(1 + p ahead / (alpha + T))^-(r + x)]: no purchase, or none that was the last. */
static double
survival(const double *p, double x, double t_x, double T, double ahead, double k)
{
	cv_beta_power mean;

	(void) t_x;
	if (ahead == INFINITY)
		return 0;
	cv_beta_power_init(&mean, p[R] + x, p[A], p[B] + k);
	return cv_beta_power_at(&mean, ahead / (p[ALPHA] + T));
}

static double
power_decay(double y, void *context)
{
	return cv_beta_power_at(context, y);
}

/*
 * The purchase intensity u after T is (r+x)/(alpha+T) E[(1 + p u/(alpha+T))^-(r+x+1)];
 * undiscounted it integrates to E[(1 - (1 + p y)^-(r+x)) / p], y = horizon/(alpha+T).
 */
static double
purchases(const double *p, double x, double t_x, double T, double horizon, double delta, double k)
{
	double shape = p[R] + x;
	double scale = p[ALPHA] + T;
	double c = p[B] + k;
	cv_beta_power mean;

	(void) t_x;
	if (horizon == 0)
		return 0;
	if (delta > 0)
	{
		cv_beta_power_init(&mean, shape + 1, p[A], c);
		return shape * cv_discounted_integral(power_decay, &mean, (shape + 1) * p[A] / (p[A] + c),
											  delta * scale, horizon / scale);
	}
	if (horizon == INFINITY)
		return p[A] > 1 ? (p[A] + c - 1) / (p[A] - 1) : INFINITY;
	return cv_beta_power_count(shape, p[A], c, horizon / scale);
}

/*
 * n purchases and still alive after them, or n purchases of which the last one
 * was the end and the rate would have allowed n or more.
 */
static double
probability(const double *p, double x, double t_x, double T, double horizon, double n, double k)
{
	double shape = p[R] + x;
	double scale = p[ALPHA] + T;
	double c = p[B] + k;
	double stays;
	double result;

	(void) t_x;
	if (horizon == 0)
		return n == 0;
	stays = cv_lgamma_delta(c, n) - cv_lgamma_delta(p[A] + c, n);
	result = exp(stays + cv_count_log_probability(shape, scale, horizon, n));
	if (n > 0)
		result +=
			exp(stays) * p[A] / (c + n - 1) * cv_beta_tail(horizon / (scale + horizon), n, shape);
	return result;
}

CV_BETA_GEOMETRIC(bg, 0)
CV_BETA_GEOMETRIC(mbg, 1)

const cv_buying_family cv_bg_nbd = { "bg/nbd",
									 4,
									 { "r", "alpha", "a", "b" },
									 { 0, 1, 0, 0 },
									 bg_log_likelihood,
									 bg_add,
									 bg_log_odds_dead,
									 bg_survival,
									 bg_purchases,
									 bg_probability,
									 { 0, 1, 0, 2 },
									 0,
									 0,
									 NULL,
									 0 };

const cv_buying_family cv_mbg_nbd = { "mbg/nbd",
									  4,
									  { "r", "alpha", "a", "b" },
									  { 0, 1, 0, 0 },
									  mbg_log_likelihood,
									  mbg_add,
									  mbg_log_odds_dead,
									  mbg_survival,
									  mbg_purchases,
									  mbg_probability,
									  { 0, 1, 0, 2 },
									  0,
									  0,
									  NULL,
									  0 };
