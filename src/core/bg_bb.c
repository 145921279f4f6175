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
 * mean of their Hessians and the covariance of their gradients.
 *
 * D(m) depends on x and m only, so one walk down from the last opportunity "top" of all
 * customers with the same x serves them all.  With S(m) for the sum of D(i), i = m .. top,
 *
 *   L = A(n) - S(n) + S(t_x),   A(n) = D(n) (gamma+delta+n) / gamma.
 *
 * The difference is harmless: S(n) is the chance to be alive at n and to leave later without
 * another purchase, so A(n) - S(n) > 0, and S(n) < S(t_x) < L.  Everything is relative to A(top).
 */
typedef struct deaths
{
	double term;  /* D(m) */
	double total; /* S(m) */
	double logs;  /* ln of what both were divided by */
	double d[4];  /* gradient of the term's logarithm, */
	double h[4];  /* its Hessian: alpha alpha = alpha beta, beta beta, gamma delta, delta delta */
	double first[4];
	double second[10]; /* upper half, row by row */
} deaths;

/* Adds the term to the sums, and to their derivatives. */
static void
deaths_add(deaths *self, const double *p)
{
	double term = self->term;
	const double *d = self->d;
	int at = 0;
	int j;
	int l;

	self->total += term;
	for (j = 0; j < 4; j++)
	{
		double slope = term * d[j];

		self->first[j] += slope;
		for (l = j; l < 4; l++)
			self->second[at++] += slope * d[l];
	}
	self->second[0] += term * self->h[ALPHA];
	self->second[1] += term * self->h[ALPHA];
	self->second[4] += term * self->h[BETA];
	self->second[7] += term * (self->h[GAMMA] - 1 / (p[GAMMA] * p[GAMMA]));
	self->second[8] += term * self->h[GAMMA];
	self->second[9] += term * self->h[DELTA];
}

/* The death after the last opportunity: D / A = gamma / (gamma+delta+top). */
static void
deaths_init(deaths *self, const double *p, double top)
{
	double one = 1 / (p[GAMMA] + p[DELTA] + top);

	memset(self, 0, sizeof(*self));
	self->term = p[GAMMA] * one;
	self->d[GAMMA] = 1 / p[GAMMA] - one;
	self->d[DELTA] = -one;
	self->h[GAMMA] = self->h[DELTA] = one * one;
	deaths_add(self, p);
}

/* From the death after m + 1 to that after m, in *self. */
static void
deaths_before(deaths *self, const double *p, double x, double m)
{
	double ab = p[ALPHA] + p[BETA] + m;
	double buys = p[BETA] + m - x;
	double gd = p[GAMMA] + p[DELTA] + 1 + m;
	double stays = p[DELTA] + m;
	/* four reciprocals by two divisions */
	double one = 1 / (ab * buys);
	double two = 1 / (gd * stays);
	double alike = buys * one;
	double rest = ab * one;
	double grown = stays * two;
	double kept = gd * two;
	int j;

	/* D(m) / D(m+1) = ab gd / (buys stays) */
	self->term *= ab * rest * (gd * kept);
	self->d[ALPHA] += alike;
	self->d[BETA] += alike - rest;
	self->d[GAMMA] += grown;
	self->d[DELTA] += grown - kept;
	self->h[ALPHA] -= alike * alike;
	self->h[BETA] += rest * rest - alike * alike;
	self->h[GAMMA] -= grown * grown;
	self->h[DELTA] += kept * kept - grown * grown;
	deaths_add(self, p);
	if (self->total > 1e200)
	{
		self->total *= 1e-200;
		self->term *= 1e-200;
		self->logs += 200 * 2.302585092994045684;
		for (j = 0; j < 4; j++)
			self->first[j] *= 1e-200;
		for (j = 0; j < 10; j++)
			self->second[j] *= 1e-200;
	}
}

/* ln A(top) with derivatives, to which the deaths are relative. */
typedef struct survivors
{
	double value;
	double gradient[4];
	double hessian[4][4];
} survivors;

static void
survivors_init(survivors *self, const double *p, double x, double top)
{
	double ab = p[ALPHA] + p[BETA];
	double gd = p[GAMMA] + p[DELTA];
	double dab = cv_digamma_delta(ab, top);
	double dgd = cv_digamma_delta(gd, top);
	double tab = cv_trigamma_delta(ab, top);
	double tgd = cv_trigamma_delta(gd, top);

	memset(self, 0, sizeof(*self));
	self->value = log_pattern(p, x, top) + log_lived(p, top);
	self->gradient[ALPHA] = cv_digamma_delta(p[ALPHA], x) - dab;
	self->gradient[BETA] = cv_digamma_delta(p[BETA], top - x) - dab;
	self->gradient[GAMMA] = -dgd;
	self->gradient[DELTA] = cv_digamma_delta(p[DELTA], top) - dgd;
	self->hessian[ALPHA][ALPHA] = cv_trigamma_delta(p[ALPHA], x) - tab;
	self->hessian[ALPHA][BETA] = -tab;
	self->hessian[BETA][BETA] = cv_trigamma_delta(p[BETA], top - x) - tab;
	self->hessian[GAMMA][GAMMA] = -tgd;
	self->hessian[GAMMA][DELTA] = -tgd;
	self->hessian[DELTA][DELTA] = cv_trigamma_delta(p[DELTA], top) - tgd;
}

/* Adds a group, from what was met at its T and at its t_x. */
static void
add_group(const double *p, const cv_group *g, const survivors *top, const deaths *at_end,
		  const deaths *at_last, cv_likelihood *sum)
{
	double w = g->customers;
	double one = 1 / (p[GAMMA] + p[DELTA] + g->T);
	double scale = at_end->logs == at_last->logs ? 1 : exp(at_end->logs - at_last->logs);
	double alive = at_end->term / (p[GAMMA] * one); /* A(T) */
	double total = scale * (alive - at_end->total) + at_last->total;
	double d[4] = { at_end->d[ALPHA], at_end->d[BETA], at_end->d[GAMMA] + one - 1 / p[GAMMA],
					at_end->d[DELTA] + one };
	double per = 1 / total;
	double first[4];
	double second[10];
	int at = 0;
	int j;
	int l;

	/* A(T) with its derivatives, and the deaths between t_x and T */
	for (j = 0; j < 4; j++)
	{
		first[j] = (scale * (alive * d[j] - at_end->first[j]) + at_last->first[j]) * per;
		for (l = j; l < 4; l++, at++)
			second[at] = scale * (alive * d[j] * d[l] - at_end->second[at]) + at_last->second[at];
	}
	alive *= scale;
	second[0] += alive * at_end->h[ALPHA];
	second[1] += alive * at_end->h[ALPHA];
	second[4] += alive * at_end->h[BETA];
	second[7] += alive * (at_end->h[GAMMA] - one * one);
	second[8] += alive * (at_end->h[GAMMA] - one * one);
	second[9] += alive * (at_end->h[DELTA] - one * one);

	sum->value += w * (top->value + at_last->logs + log(total));
	for (at = j = 0; j < 4; j++)
	{
		sum->gradient[j] += w * (top->gradient[j] + first[j]);
		for (l = j; l < 4; l++, at++)
			sum->hessian[j][l] += w * (top->hessian[j][l] + second[at] * per - first[j] * first[l]);
	}
}

#define MOST_SPAN 1280 /* opportunities that a table holds: three and a half years of days */

/*
 * Groups of the same x.  Where they lie too far apart for a table, those of one T are
 * walked through with t_x descending.
 */
static void
add_alike(const double *p, const cv_group *group, int n, cv_likelihood *sum)
{
	deaths table[MOST_SPAN];
	survivors top;
	double x = group[0].x;
	double high = group[0].T;
	double low = group[0].t_x;
	double m;
	int i;

	for (i = 1; i < n; i++)
	{
		high = fmax(high, group[i].T);
		low = fmin(low, group[i].t_x);
	}
	if (high - low < MOST_SPAN)
	{
		survivors_init(&top, p, x, high);
		deaths_init(&table[(int) (high - low)], p, high);
		for (m = high - 1; m >= low; m--)
		{
			deaths *here = &table[(int) (m - low)];

			*here = here[1];
			deaths_before(here, p, x, m);
		}
		for (i = 0; i < n; i++)
			add_group(p, &group[i], &top, &table[(int) (group[i].T - low)],
					  &table[(int) (group[i].t_x - low)], sum);
		return;
	}
	for (i = 0; i < n; i++)
	{
		deaths *at_end = &table[0];
		deaths *at_last = &table[1];

		if (i == 0 || group[i].T != group[i - 1].T || group[i].t_x > group[i - 1].t_x)
		{
			m = group[i].T;
			survivors_init(&top, p, x, m);
			deaths_init(at_end, p, m);
			*at_last = *at_end;
		}
		while (m > group[i].t_x)
			deaths_before(at_last, p, x, --m);
		add_group(p, &group[i], &top, at_end, at_last, sum);
	}
}

/* Fastest where groups of one x stand together, by T and, descending, t_x. */
static void
add(const double *p, const cv_group *group, int n, cv_likelihood *sum)
{
	int from;
	int to;

	for (from = 0; from < n; from = to)
	{
		for (to = from + 1; to < n && group[to].x == group[from].x; to++)
			;
		add_alike(p, group + from, to - from, sum);
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
									1,
									NULL,
									0 };
