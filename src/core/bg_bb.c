/*
 * bg_bb.c: buying at discrete opportunities: BG/BB (Fader, Hardie and Shang 2010).
 *
 * After the first purchase come n opportunities to buy, one a unit of time.  At each a
 * living customer first drops out with probability theta ~ Beta(gamma, delta) and, if
 * not, buys with probability p ~ Beta(alpha, beta).  Of x purchases, the last one at
 * opportunity t_x,
 *
 *   L = A(n) + sum over i = 0 .. n - t_x - 1 of D(t_x + i)
 *   A(n) = B(alpha+x, beta+n-x) B(gamma, delta+n) / (B(alpha,beta) B(gamma,delta))         alive at n
 *   D(m) = B(alpha+x, beta+m-x) B(gamma+1, delta+m) / (B(alpha,beta) B(gamma,delta))    died after m
 *
 * Given alive at n, p ~ Beta(alpha+x, beta+n-x) and theta ~ Beta(gamma, delta+n), apart
 * from each other.  Sums run from their end, where each term follows from the next.
 */
#include "core/buying.h"

#include <math.h>
#include <string.h>

#include "core/beta_power.h"
#include "core/quadrature.h"
#include "core/special.h"

enum
{
	ALPHA,
	BETA,
	GAMMA,
	DELTA
};

/* ln of the mean chance of x purchases at certain places of n. */
static double
log_pattern(const double *p, double x, double n)
{
	return cv_lgamma_delta(p[ALPHA], x) + cv_lgamma_delta(p[BETA], n - x) -
		   cv_lgamma_delta(p[ALPHA] + p[BETA], n);
}

/* ln of the mean chance to live through n opportunities. */
static double
log_lived(const double *p, double n)
{
	return cv_lgamma_delta(p[DELTA], n) - cv_lgamma_delta(p[GAMMA] + p[DELTA], n);
}

/*
 * Odds of being dead at n: the sum of D(m) / A(n) for m from n - 1 down to t_x, where
 * D(m) / D(m+1) = (alpha+beta+m) (gamma+1+delta+m) / ((beta+m-x) (delta+m)).
 */
static double
log_odds_dead(const double *p, double x, double t_x, double n)
{
	double m = n - 1;
	double term;
	double sum = 0;
	double logs = 0;

	if (!(t_x < n))
		return -INFINITY;
	/* D(n-1) / A(n) */
	term = p[GAMMA] / (p[DELTA] + m) * (p[ALPHA] + p[BETA] + m) / (p[BETA] + m - x);
	for (;;)
	{
		sum += term;
		if (m <= t_x)
			break;
		m--;
		term *= (p[ALPHA] + p[BETA] + m) / (p[BETA] + m - x) *
				((p[GAMMA] + 1 + p[DELTA] + m) / (p[DELTA] + m));
		if (sum > 1e200)
		{
			sum *= 1e-200;
			term *= 1e-200;
			logs += 200 * 2.302585092994045684;
		}
	}
	return logs + log(sum);
}

static double
log_likelihood(const double *p, double x, double t_x, double n)
{
	return log_pattern(p, x, n) + log_lived(p, n) + cv_log_add_exp(0, log_odds_dead(p, x, t_x, n));
}

/*
 * The gradient of ln L is the posterior mean of the fates' gradients, its Hessian the
 * mean of their Hessians and the covariance of their gradients.  Both are taken relative
 * to those of the fate "alive at n", from which the others follow by their ratios.
 */

/* The fates of customers with the same x and n, summed from the last death downward. */
typedef struct fates
{
	double x;
	double n;
	double m;	  /* the next death to be added comes after this opportunity */
	double term;  /* D(m) / A(n) */
	double total; /* of all so far, alive = 1 */
	double logs;  /* ln of what they were divided by */
	double d[4];  /* gradient of the term's logarithm, */
	double h[4];  /* its Hessian: alpha alpha = alpha beta, beta beta, ... */
	double first[4];
	double second[4][4];
} fates;

static void
fates_init(fates *self, const double *p, double x, double n)
{
	double m = n - 1;
	double alike = p[ALPHA] + p[BETA] + m;
	double rest = p[BETA] + m - x;
	double kept = p[DELTA] + m;

	memset(self, 0, sizeof(*self));
	self->x = x;
	self->n = n;
	self->m = m;
	self->total = 1;
	/* D(n-1) / A(n) = gamma / (delta+m) (alpha+beta+m) / (beta+m-x) */
	self->term = p[GAMMA] / kept * alike / rest;
	self->d[ALPHA] = 1 / alike;
	self->d[BETA] = 1 / alike - 1 / rest;
	self->d[GAMMA] = 1 / p[GAMMA];
	self->d[DELTA] = -1 / kept;
	self->h[ALPHA] = -1 / (alike * alike);
	self->h[BETA] = self->h[ALPHA] + 1 / (rest * rest);
	self->h[DELTA] = 1 / (kept * kept);
}

/* Adds the deaths down to that after opportunity t_x. */
static void
fates_extend(fates *self, const double *p, double t_x)
{
	int j;
	int l;

	while (self->m >= t_x)
	{
		double term = self->term;
		double alike;
		double rest;
		double grown;
		double kept;

		self->total += term;
		for (j = 0; j < 4; j++)
		{
			self->first[j] += term * self->d[j];
			for (l = j; l < 4; l++)
				self->second[j][l] += term * self->d[j] * self->d[l];
		}
		self->second[ALPHA][ALPHA] += term * self->h[ALPHA];
		self->second[ALPHA][BETA] += term * self->h[ALPHA];
		self->second[BETA][BETA] += term * self->h[BETA];
		self->second[GAMMA][GAMMA] += term * (self->h[GAMMA] - 1 / (p[GAMMA] * p[GAMMA]));
		self->second[GAMMA][DELTA] += term * self->h[GAMMA];
		self->second[DELTA][DELTA] += term * self->h[DELTA];
		self->m--;
		if (self->m < self->x)
			break;
		alike = 1 / (p[ALPHA] + p[BETA] + self->m);
		rest = 1 / (p[BETA] + self->m - self->x);
		grown = 1 / (p[GAMMA] + p[DELTA] + 1 + self->m);
		kept = 1 / (p[DELTA] + self->m);
		self->term *= rest / alike * (kept / grown);
		self->d[ALPHA] += alike;
		self->d[BETA] += alike - rest;
		self->d[GAMMA] += grown;
		self->d[DELTA] += grown - kept;
		self->h[ALPHA] -= alike * alike;
		self->h[BETA] += rest * rest - alike * alike;
		self->h[GAMMA] -= grown * grown;
		self->h[DELTA] += kept * kept - grown * grown;
		if (self->total > 1e200)
		{
			self->total *= 1e-200;
			self->term *= 1e-200;
			self->logs += 200 * 2.302585092994045684;
			for (j = 0; j < 4; j++)
			{
				self->first[j] *= 1e-200;
				for (l = j; l < 4; l++)
					self->second[j][l] *= 1e-200;
			}
		}
	}
}

/* Fastest where groups of one x and T stand together, t_x descending. */
static void
add(const double *p, const cv_group *group, int n, cv_likelihood *sum)
{
	double ab = p[ALPHA] + p[BETA];
	double gd = p[GAMMA] + p[DELTA];
	fates all = { 0 };
	int i;

	for (i = 0; i < n; i++)
	{
		const cv_group *g = &group[i];
		double w = g->customers;
		double x = g->x;
		double T = g->T;
		double first[4];
		double at[4];
		int j;
		int l;

		if (i == 0 || x != all.x || T != all.n || g->t_x > group[i - 1].t_x)
			fates_init(&all, p, x, T);
		fates_extend(&all, p, g->t_x);
		/* of A(T) itself */
		at[ALPHA] = cv_digamma_delta(p[ALPHA], x) - cv_digamma_delta(ab, T);
		at[BETA] = cv_digamma_delta(p[BETA], T - x) - cv_digamma_delta(ab, T);
		at[GAMMA] = -cv_digamma_delta(gd, T);
		at[DELTA] = cv_digamma_delta(p[DELTA], T) - cv_digamma_delta(gd, T);
		sum->value += w * (log_pattern(p, x, T) + log_lived(p, T) + all.logs + log(all.total));
		for (j = 0; j < 4; j++)
		{
			first[j] = all.first[j] / all.total;
			sum->gradient[j] += w * (at[j] + first[j]);
		}
		for (j = 0; j < 4; j++)
			for (l = j; l < 4; l++)
				sum->hessian[j][l] += w * (all.second[j][l] / all.total - first[j] * first[l]);
		sum->hessian[ALPHA][ALPHA] +=
			w * (cv_trigamma_delta(p[ALPHA], x) - cv_trigamma_delta(ab, T));
		sum->hessian[ALPHA][BETA] -= w * cv_trigamma_delta(ab, T);
		sum->hessian[BETA][BETA] +=
			w * (cv_trigamma_delta(p[BETA], T - x) - cv_trigamma_delta(ab, T));
		sum->hessian[GAMMA][GAMMA] -= w * cv_trigamma_delta(gd, T);
		sum->hessian[GAMMA][DELTA] -= w * cv_trigamma_delta(gd, T);
		sum->hessian[DELTA][DELTA] +=
			w * (cv_trigamma_delta(p[DELTA], T) - cv_trigamma_delta(gd, T));
	}
}

/* Opportunities within a time; a unit short by rounding is one. */
static double
whole(double horizon)
{
	return floor(horizon + 1e-9);
}

/* E[(1 - theta)^m], m whole opportunities ahead */
static double
survival(const double *p, double x, double t_x, double n, double ahead)
{
	double m = whole(ahead);

	(void) x, (void) t_x;
	if (m == INFINITY)
		return 0;
	return exp(cv_lgamma_delta(p[DELTA] + n, m) - cv_lgamma_delta(p[GAMMA] + p[DELTA] + n, m));
}

#define MOST_TERMS 256 /* that are added one by one */

/* Sum of ((1 - theta) v)^j, j = 1 .. m, over the first of them. */
typedef struct geometric
{
	double log_v;
	double m;
} geometric;

static double
geometric_sum(double theta, const void *context)
{
	const geometric *at = context;
	double log_ratio = log1p(-theta) + at->log_v;

	if (log_ratio == 0)
		return at->m;
	return expm1(at->m * log_ratio) / expm1(log_ratio);
}

/*
 * E[p] sum over j of E[(1 - theta)^j] v^j, v = e^-delta: the j-th opportunity ahead is
 * discounted by j units.  For ever it is E[p] E[1 - theta] v E[1 / (1 - (1 - theta') v)] with
 * theta' ~ Beta(gamma, delta + n + 1), and so are many terms, without a pole at gamma = 1.
 */
static double
purchases(const double *p, double x, double t_x, double n, double horizon, double delta)
{
	double m = whole(horizon);
	double buys = (p[ALPHA] + x) / (p[ALPHA] + p[BETA] + n);
	double gamma = p[GAMMA];
	double left = p[DELTA] + n;
	double front = buys * left / (gamma + left) * exp(-delta);

	(void) t_x;
	if (delta == 0 && m == INFINITY)
		return gamma > 1 ? buys * left / (gamma - 1) : INFINITY;
	if (m <= MOST_TERMS)
	{
		double term = buys;
		double sum = 0;
		int j;

		for (j = 0; j < m; j++)
		{
			term *= (left + j) / (gamma + left + j) * exp(-delta);
			sum += term;
		}
		return sum;
	}
	if (delta > 0 && delta * m > 42)
	{
		cv_beta_power mean;
		double rest = -expm1(-delta); /* 1 - v */

		cv_beta_power_init(&mean, 1, gamma, left + 1);
		return front / rest * cv_beta_power_at(&mean, exp(-delta) / rest);
	}
	else
	{
		cv_beta_rule rule;
		geometric at = { -delta, m };

		cv_beta_rule_init(&rule, gamma, left + 1, m);
		return front * cv_beta_rule_mean(&rule, geometric_sum, &at);
	}
}

/*
 * P(exactly "wanted" purchases at m opportunities): alive at the end of them, or dead
 * after i of them; from the last i down, as the likelihood.
 */
static double
probability(const double *p, double x, double t_x, double n, double horizon, double wanted)
{
	double m = whole(horizon);
	double q[4] = { p[ALPHA] + x, p[BETA] + n - x, p[GAMMA], p[DELTA] + n };
	double sum = 1;
	double logs = 0;
	double term;
	double i = m - 1;

	(void) t_x;
	if (wanted > m)
		return 0;
	if (wanted < m)
	{
		/* dead after i against alive at m, with i choose wanted ways for m choose wanted */
		term = q[GAMMA] / (q[DELTA] + i) * (q[ALPHA] + q[BETA] + i) / (q[BETA] + i - wanted) *
			   (m - wanted) / m;
		for (;;)
		{
			sum += term;
			if (i <= wanted)
				break;
			term *= (i - wanted) / i;
			i--;
			term *= (q[ALPHA] + q[BETA] + i) / (q[BETA] + i - wanted) *
					((q[GAMMA] + 1 + q[DELTA] + i) / (q[DELTA] + i));
			if (sum > 1e200)
			{
				sum *= 1e-200;
				term *= 1e-200;
				logs += 200 * 2.302585092994045684;
			}
		}
	}
	return exp(cv_lgamma(m + 1) - cv_lgamma(wanted + 1) - cv_lgamma(m - wanted + 1) +
			   log_pattern(q, wanted, m) + log_lived(q, m) + logs) *
		   sum;
}

const cv_buying_family cv_bg_bb = { "bg/bb",
									4,
									{ "alpha", "beta", "gamma", "delta" },
									{ 0, 0, 0, 0 },
									log_likelihood,
									add,
									log_odds_dead,
									survival,
									purchases,
									probability,
									{ 0 },
									0,
									1 };
