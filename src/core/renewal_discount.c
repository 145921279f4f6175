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
 * is analytic in a strip of half width pi / 2 at least.  From one j to the next the density
 * of L and f^(k-j) grow by (L + delta) A / (R + j).
 */
typedef struct rate_node
{
	double growth;	/* (L + delta) A: one stage done more, but for R + j */
	double density; /* of d, without its constant */
	double front;	/* f^k / (1 - f^k) density: the integrand of j = 0 without E[..] */
	double last;	/* that of the last lane */
	double Y;
} rate_node;

static void
rate_node_init(rate_node *node, const cv_renewal *self, double delta, double d)
{
	double rate = self->shape / self->scale * exp(d);
	double log_power = -self->k * log1p(delta / rate); /* ln f^k */
	int j;

	node->growth = (rate + delta) * self->scale;
	node->density = exp(-self->shape * (expm1(d) - d));
	node->Y = exp(log_power) / -expm1(log_power);
	node->front = node->last = node->density * node->Y;
	for (j = 0; j < self->lanes - 1; j++)
		node->last *= node->growth / (self->shape + j);
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

/* 1 over the integral of the density of d without its constant, Gamma(R) e^R / R^R. */
static double
density_scale(const cv_renewal *self, double whole, double step)
{
	if (self->shape < 16)
		return step * exp(self->shape * log(self->shape) - self->shape - cv_lgamma(self->shape));
	return 1 / whole;
}

#define MOST_RATES 2048 /* on either side */
#define NOTHING 1e-24	/* of the highest, is what a node adds that is left out */

/*
 * E[sum of e^(-delta u) over purchases at T + u, u > 0] by stage, delta above 0. Of the
 * lanes in between nothing has to be looked at: a node at which the first and the last
 * lane are below a share of their highest is below it in all, as ln of the integrand is
 * linear in j but for what does not depend on d.
 */
void
cv_renewal_for_ever(const cv_renewal *self, double delta, double *of_stage)
{
	cv_beta_power mean;
	double step = rate_step(self, 0);
	rate_node node[2 * MOST_RATES];
	double most_first = 0;
	double most_last = 0;
	double whole = 0;
	int from = 0;
	int to = 0;
	int direction;
	int i;
	int j;

	/* E[(1 + p Y)^-1] is cheapest for ever larger Y: first everything else */
	for (direction = 1; direction >= -1; direction -= 2)
		for (i = direction > 0 ? 0 : -1; i >= -MOST_RATES && i < MOST_RATES; i += direction)
		{
			rate_node *at = &node[i + MOST_RATES];

			rate_node_init(at, self, delta, i * step);
			most_first = fmax(most_first, at->front);
			most_last = fmax(most_last, at->last);
			if (direction > 0)
				to = i;
			else
				from = i;
			if (!(at->front > NOTHING * most_first || at->last > NOTHING * most_last) &&
				(self->shape < 16 || at->density < 1e-18))
				break;
		}
	for (j = 0; j < self->lanes; j++)
		of_stage[j] = 0;
	cv_beta_power_init(&mean, 1, self->a, self->c);
	for (i = from; i <= to; i++)
	{
		const rate_node *at = &node[i + MOST_RATES];
		double part;

		whole += at->density;
		if (!(at->front > NOTHING * most_first || at->last > NOTHING * most_last))
			continue;
		part = at->front * cv_beta_power_at(&mean, at->Y);
		for (j = 0; j < self->lanes; j++)
		{
			of_stage[j] += part;
			part *= at->growth / (self->shape + j);
		}
	}
	whole = density_scale(self, whole, step);
	for (j = 0; j < self->lanes; j++)
		of_stage[j] *= whole;
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
	double rate; /* L */
} within;

/* For each j, given p and the rate. */
static void
within_given_p(double p, const void *context, double *value)
{
	const within *at = context;
	const cv_renewal *self = at->self;
	int k = self->k;
	double log_rho = log1p(-p) / k;
	double rho = exp(log_rho);
	int l;
	int j;

	for (j = 0; j < self->lanes; j++)
		value[j] = 0;
	if (1 - p < NEARLY_SURE)
	{
		double f = at->rate / (at->rate + at->delta);
		double power = 1;
		int n;

		for (n = 1; n <= FEW_EVENTS; n++, power *= 1 - p)
			for (j = 0; j < self->lanes; j++)
				value[j] += power * pow(f, k * n - j);
		return;
	}
	for (l = 0; 2 * l <= k; l++)
	{
		double _Complex fall = l == 0 ? at->delta - at->rate * expm1(log_rho)
									  : at->delta + at->rate * (1 - rho * at->root[l]);
		double _Complex turn = at->root[l] * exp((1 - k) * log_rho);
		double _Complex gain = (l == 0 || 2 * l == k ? 1 : 2) * at->rate / k;

		if (l > 0)
			gain /= fall;
		else if (creal(fall) > 0)
			gain *= -expm1(-at->horizon * creal(fall)) / creal(fall);
		else
			gain *= at->horizon;
		for (j = 0; j < self->lanes; j++)
		{
			value[j] += creal(turn * gain);
			turn *= at->root[l] * rho;
		}
	}
}

/*
 * For each j, given the rate.  Stages come in rounds of k, in each of which there is one that
 * is an event to come for j, the (k - j)-th.  Up to it the worth is what it was after
 * the round before, so a round takes two sums of its chances, from its beginning and its end.
 */
static void
within_given_rate(within *at, double *sum)
{
	const cv_renewal *self = at->self;
	int k = self->k;
	int lanes = self->lanes;
	double mu = (at->rate + at->delta) * at->horizon;
	double f = at->rate / (at->rate + at->delta);
	double first = mu - 9 * sqrt(mu) - 20; /* stages that there are, but for e^-40 */
	double q = 1;
	double power = 1;
	double worth[CV_MOST_STAGES]; /* c_1 + .. + c_m */
	double chance = first > 0 ? 1 : exp(-mu);
	double whole = first > 0 ? 0 : chance;
	double before; /* stages before the round */
	int n = 0;
	int j;

	if (mu > at->many)
	{
		if (!at->rule_ready)
		{
			int l;

			cv_beta_rule_init(&at->rule, self->a, self->c, 1e9);
			for (l = 0; l < k; l++)
				at->root[l] = cexp(2 * PI * I * l / k);
			at->rule_ready = 1;
		}
		cv_beta_rule_means(&at->rule, within_given_p, at, lanes, sum);
		return;
	}
	for (j = 0; j < lanes; j++)
		sum[j] = worth[j] = 0;
	for (before = 0;; before += k, n++)
	{
		double until[CV_MOST_STAGES + 1]; /* chances of the round's stages before the i-th, */
		double from[CV_MOST_STAGES + 1];  /* and from it on */
		double gain[CV_MOST_STAGES];
		double left;
		int still = 1;
		int i;

		if (n > 0)
			q *= (self->c + n - 1) / (self->a + self->c + n - 1);
		until[0] = 0;
		for (i = 0; i < k; i++)
		{
			double m = before + i + 1;

			power *= f;
			gain[i] = power * q;
			if (m < first)
				from[i] = 0;
			else
			{
				chance *= mu / m;
				from[i] = chance;
			}
			until[i + 1] = until[i] + from[i];
		}
		whole += until[k];
		for (i = k - 2; i >= 0; i--)
			from[i] += from[i + 1];
		left = 1 - mu / (before + k);
		for (j = 0; j < lanes; j++)
		{
			double old = worth[j];
			double part;

			i = k - 1 - j;
			worth[j] += gain[i];
			part = old * until[i] + worth[j] * from[i];
			sum[j] += part;
			if (left <= 0 || !(sum[j] > 0) || !(chance * worth[j] < 1e-18 * sum[j] * left * left))
				still = 0;
		}
		if (still || chance == 0)
			break;
	}
	/* of a sum from the beginning the probabilities are known */
	if (first > 0)
		for (j = 0; j < lanes; j++)
			sum[j] /= whole;
}

/* The same for purchases with u up to a finite horizon. */
void
cv_renewal_within(const cv_renewal *self, double horizon, double delta, double *of_stage)
{
	within at;
	double step = rate_step(self, horizon);
	double whole = 0;
	int direction;
	int i;
	int j;

	at.self = self;
	at.horizon = horizon;
	at.delta = delta;
	at.many = fmax(4096, 45 / (1 - cos(2 * PI / (self->k > 1 ? self->k : 2))));
	at.rule_ready = 0;
	for (j = 0; j < self->lanes; j++)
		of_stage[j] = 0;
	for (direction = 1; direction >= -1; direction -= 2)
		for (i = direction > 0 ? 0 : 1; i < 100000; i++)
		{
			double d = direction * i * step;
			double density = exp(-self->shape * (expm1(d) - d));
			double share = density; /* density of L | j, over the constant of L | 0 */
			double part[CV_MOST_STAGES];
			int still = self->shape < 16 || density < 1e-18 * whole;

			at.rate = self->shape / self->scale * exp(d);
			within_given_rate(&at, part);
			whole += density;
			for (j = 0; j < self->lanes; j++)
			{
				part[j] *= share;
				of_stage[j] += part[j];
				if (part[j] > 1e-18 * of_stage[j])
					still = 0;
				share *= at.rate * self->scale / (self->shape + j);
			}
			if (still)
				break;
		}
	whole = density_scale(self, whole, step);
	for (j = 0; j < self->lanes; j++)
		of_stage[j] *= whole;
}
