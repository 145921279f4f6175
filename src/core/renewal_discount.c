/*
 * renewal_discount.c: discounted events of a renewal process (renewal.c), for ever or where
 * the integral over time is much work, by the trapezoid rule in the logarithm of the rate
 * L of stages.
 */
#include "core/renewal.h"

#include <complex.h>
#include <math.h>

#include "core/beta_power.h"
#include "core/quadrature.h"
#include "core/special.h"

#define PI 3.14159265358979323846
#define NEARLY_SURE 0.01 /* 1 - p, from which on downward */
#define FEW_EVENTS 9

/*
 * For ever, discounted: given the rate L, with f = L / (L + delta), the n-th event is
 * worth f^(kn-j), and the expectation over p of the geometric sum is
 *
 *   f^(k-j) / (1 - f^k) E[(1 + p Y)^-1],  Y = f^k / (1 - f^k).
 *
 * The trapezoid rule in d = ln(L A / R) takes the expectation over L: its integrand
 * is analytic in a strip of half width pi / 2 at least.
 */
typedef struct ever
{
	const cv_renewal *self;
	double delta;
} ever;

/* The integrand without E[(1 + p Y)^-1]; tells Y, and the density of d without its constant. */
static double
ever_at(const ever *at, double d, double *Y, double *density)
{
	const cv_renewal *self = at->self;
	double rate = self->shape / self->scale * exp(d);
	double log_f = -log1p(at->delta / rate);
	double f = exp(log_f);
	double rest = -expm1(self->k * log_f); /* 1 - f^k */
	double power = exp(self->k * log_f);
	double share = 1; /* density of Gamma(R + j, A) over that of Gamma(R, A) */
	double sum = 0;
	int j;

	*density = exp(-self->shape * (expm1(d) - d));
	*Y = power / rest;
	for (j = 0; j < self->lanes; j++)
	{
		sum += self->weight[j] * share * power;
		share *= rate * self->scale / (self->shape + j);
		power /= f;
	}
	return *density * sum / rest;
}

/*
 * ln of what the Fourier transform of the integrand in ln L has left at omega: that of a
 * gamma density, and turned towards the imaginary axis by (A + (1 - w^l) horizon).
 */
static double
log_transform(const cv_renewal *self, double horizon, double omega)
{
	double left = cv_lgamma_modulus_delta(self->shape + self->k, omega);
	int l;

	if (horizon == 0)
		return left;
	for (l = 1; 2 * l <= self->k; l++)
	{
		double re = 1 + (1 - cos(2 * PI * l / self->k)) * horizon / self->scale;
		double im = sin(2 * PI * l / self->k) * horizon / self->scale;

		left = fmax(left, cv_lgamma_modulus_delta(self->shape + self->k, omega) +
							  omega * atan2(im, re) - 0.5 * self->shape * log(re * re + im * im));
	}
	return left;
}

/* A step of the trapezoid rule in ln L at which that has vanished. */
static double
rate_step(const cv_renewal *self, double horizon)
{
	double low = 1;
	double high = 4;
	int i;

	while (log_transform(self, horizon, high) > -42 && high < 1e6)
	{
		low = high;
		high *= 2;
	}
	for (i = 0; i < 6; i++)
	{
		double middle = 0.5 * (low + high);

		if (log_transform(self, horizon, middle) > -42)
			low = middle;
		else
			high = middle;
	}
	return 2 * PI / high;
}

/* Over the integral of the density of d without its constant, Gamma(R) e^R / R^R. */
static double
normalised(const cv_renewal *self, double sum, double whole, double step)
{
	if (self->shape < 16)
		return sum * step *
			   exp(self->shape * log(self->shape) - self->shape - cv_lgamma(self->shape));
	return sum / whole;
}

#define MOST_RATES 2048 /* on either side */

/* E[sum of e^(-delta u) over purchases at T + u, u > 0], delta above 0. */
double
cv_renewal_for_ever(const cv_renewal *self, double delta)
{
	ever at = { self, delta };
	cv_beta_power mean;
	double step = rate_step(self, 0);
	struct
	{
		double part;
		double Y;
		double density;
	} node[2 * MOST_RATES];
	double most = 0;
	double sum = 0;
	double whole = 0;
	int from = 0;
	int to = 0;
	int direction;
	int i;

	/* E[(1 + p Y)^-1] is cheapest for ever larger Y: first everything else */
	for (direction = 1; direction >= -1; direction -= 2)
		for (i = direction > 0 ? 0 : -1; i >= -MOST_RATES && i < MOST_RATES; i += direction)
		{
			int k = i + MOST_RATES;

			node[k].part = ever_at(&at, i * step, &node[k].Y, &node[k].density);
			most = fmax(most, node[k].part);
			if (direction > 0)
				to = i;
			else
				from = i;
			if (!(node[k].part > 1e-24 * most) && (self->shape < 16 || node[k].density < 1e-18))
				break;
		}
	cv_beta_power_init(&mean, 1, self->a, self->c);
	for (i = from; i <= to; i++)
	{
		int k = i + MOST_RATES;

		whole += node[k].density;
		if (node[k].part > 1e-24 * most)
			sum += node[k].part * cv_beta_power_at(&mean, node[k].Y);
	}
	return normalised(self, sum, whole, step);
}

/*
 * Up to a horizon H, discounted, given the rate L.  With M ~ Poisson((L + delta) H) stages,
 * the m-th of them, m = kn - j, is worth c_m = f^m q_(n-1) if there is one, so
 *
 *   sum over m of c_m P(M >= m)  =  E[c_1 + .. + c_M].
 *
 * Where M is large, given p as well and by the roots of unity (1 - p) and w as above,
 *
 *   L rho^(j+1-k) / k sum_l w^(l(j+1)) (1 - e^(-H (delta + L (1 - rho w^l)))) / (delta + L (1 - rho w^l)),
 *
 * whose exponentials with l > 0 have vanished.
 */
typedef struct within
{
	const cv_renewal *self;
	double horizon;
	double delta;
	double many; /* stages from which on the second form holds */
	int rule_ready;
	cv_beta_rule rule;
	double _Complex root[CV_MOST_STAGES];
	double rate; /* L, and for each j P(j) times the density of L | j over that of L | 0 */
	double share[CV_MOST_STAGES];
} within;

static double
within_given_p(double p, const void *context)
{
	const within *at = context;
	const cv_renewal *self = at->self;
	int k = self->k;
	double log_rho = log1p(-p) / k;
	double rho = exp(log_rho);
	double sum = 0;
	double power;
	int l;
	int j;

	if (1 - p < NEARLY_SURE)
	{
		double f = at->rate / (at->rate + at->delta);
		int n;

		for (n = 1, power = 1; n <= FEW_EVENTS; n++, power *= 1 - p)
			for (j = 0; j < self->lanes; j++)
				sum += power * at->share[j] * pow(f, k * n - j);
		return sum;
	}
	for (l = 0; 2 * l <= k; l++)
	{
		double _Complex fall = l == 0 ? at->delta - at->rate * expm1(log_rho)
									  : at->delta + at->rate * (1 - rho * at->root[l]);
		double _Complex turn = at->root[l] * exp((1 - k) * log_rho);
		double _Complex part = 0;

		for (j = 0; j < self->lanes; j++)
		{
			part += at->share[j] * turn;
			turn *= at->root[l] * rho;
		}
		if (l > 0)
			part /= fall;
		else if (creal(fall) > 0)
			part *= -expm1(-at->horizon * creal(fall)) / creal(fall);
		else
			part *= at->horizon;
		sum += (l == 0 || 2 * l == k ? 1 : 2) * creal(part);
	}
	return sum * at->rate / k;
}

static double
within_given_rate(within *at)
{
	const cv_renewal *self = at->self;
	double mu = (at->rate + at->delta) * at->horizon;
	double f = at->rate / (at->rate + at->delta);
	double first = mu - 9 * sqrt(mu) - 20; /* stages that there are, but for e^-40 */
	double q = 1;
	double power = 1;
	double worth = 0; /* c_1 + .. + c_m */
	double chance = first > 0 ? 1 : exp(-mu);
	double whole = first > 0 ? 0 : chance;
	double sum = 0;
	int j = 0;
	int n = 0;
	double m;

	if (mu > at->many)
	{
		if (!at->rule_ready)
		{
			int l;

			cv_beta_rule_init(&at->rule, self->a, self->c, 1e9);
			for (l = 0; l < self->k; l++)
				at->root[l] = cexp(2 * PI * I * l / self->k);
			at->rule_ready = 1;
		}
		return cv_beta_rule_mean(&at->rule, within_given_p, at);
	}
	for (m = 1;; m++)
	{
		if (j == 0)
		{
			/* the first stage on the way to the next event */
			if (n > 0)
				q *= (self->c + n - 1) / (self->a + self->c + n - 1);
			n++;
			j = self->k;
		}
		j--;
		power *= f;
		if (j < self->lanes)
			worth += power * q * at->share[j];
		if (m < first)
			continue;
		chance *= mu / m;
		whole += chance;
		sum += chance * worth;
		if (m > mu && sum > 0 && chance * worth < 1e-18 * sum * (1 - mu / m) * (1 - mu / m))
			break;
		if (chance == 0)
			break;
	}
	/* of a sum from the beginning the probabilities are known */
	return first > 0 ? sum / whole : sum;
}

/* The same for purchases with u up to a finite horizon. */
double
cv_renewal_within(const cv_renewal *self, double horizon, double delta)
{
	within at;
	double step = rate_step(self, horizon);
	double sum = 0;
	double whole = 0;
	int direction;
	int i;
	int j;

	at.self = self;
	at.horizon = horizon;
	at.delta = delta;
	at.many = fmax(4096, 45 / (1 - cos(2 * PI / (self->k > 1 ? self->k : 2))));
	at.rule_ready = 0;
	for (direction = 1; direction >= -1; direction -= 2)
		for (i = direction > 0 ? 0 : 1; i < 100000; i++)
		{
			double d = direction * i * step;
			double density = exp(-self->shape * (expm1(d) - d));
			double ratio;
			double part;

			at.rate = self->shape / self->scale * exp(d);
			ratio = density;
			for (j = 0; j < self->lanes; j++)
			{
				at.share[j] = self->weight[j] * ratio;
				ratio *= at.rate * self->scale / (self->shape + j);
			}
			part = within_given_rate(&at);
			whole += density;
			sum += part;
			if (!(part > 1e-18 * sum) && (self->shape < 16 || density < 1e-18 * whole))
				break;
		}
	return normalised(self, sum, whole, step);
}
