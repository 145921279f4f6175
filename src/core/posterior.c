/*
 * posterior.c: draws what one customer will do and spend from the customer's own
 * posterior.
 *
 * First whether the customer is alive at T, by P(alive).  Given that, the posteriors
 * are conjugate and independent of each other:
 *
 *   rate of purchases       ~ Gamma(r + x, alpha + T)
 *   BG, MBG:   dropping out after a purchase with probability ~ Beta(a, b + k),
 *              k = x or x + 1 (bg_nbd.c), so the purchases until then are geometric
 *   Pareto:    lifetime from T on exponential, its rate ~ Gamma(s, beta + T)
 *   CNBD-k:    j of the k stages to the next purchase are done with a weight that
 *              renewal.c has, and then the rate of stages ~ Gamma(r + k x + j, alpha + T);
 *              dropping out as in BG, MBG
 *   BG/BB:     a purchase at an opportunity with probability ~ Beta(alpha + x, beta + n - x),
 *              dropping out before one with probability ~ Beta(gamma, delta + n)
 *   spending:  amounts ~ Gamma(p, nu), nu ~ Gamma(q + p x, gamma + x m)
 *
 * Then the purchases up to the horizon are played, each with an amount of its own.
 */
#include "core/posterior.h"

#include <math.h>

/*
 * Where many purchases are to come they are played in bunches: the time that n of them
 * take is one draw, Gamma(n), their amount another, Gamma(n p), and each is discounted
 * by their mean factor.  So counts and times are exact, means too; a variance misses
 * the spread of discount factors within a bunch, less than a thousandth of it.
 */
#define SINGLY 20.0 /* expected purchases that are played one by one */
#define EVEN 0.05	/* how far discounting may run within a bunch, weighed by itself */

/* The time to the n-th purchase from now, which is "phases" away. */
static double
draw_span(cv_random *random, const cv_fate *fate, double phases)
{
	if (fate->chance > 0)
		return cv_random_trials(random, fate->chance);
	return (phases == 1 ? cv_random_exponential(random) : cv_random_gamma(random, phases)) /
		   fate->rate;
}

static void
nbd_draw(const cv_posterior *self, cv_random *random, cv_fate *fate)
{
	const double *p = self->parameter;

	fate->rate = cv_random_gamma(random, p[0] + self->x) / (p[1] + self->T);
	fate->phases = 1;
	fate->first = 1;
	fate->chance = 0;
	fate->lifetime = INFINITY;
	fate->drops = 0;
	fate->stays = 0;
}

static void
bg_draw(const cv_posterior *self, cv_random *random, cv_fate *fate)
{
	nbd_draw(self, random, fate);
	fate->drops = self->parameter[2];
	fate->stays = self->parameter[3] + self->survived;
}

static void
pareto_draw(const cv_posterior *self, cv_random *random, cv_fate *fate)
{
	const double *p = self->parameter;

	nbd_draw(self, random, fate);
	fate->lifetime =
		cv_random_exponential(random) * (p[3] + self->T) / cv_random_gamma(random, p[2]);
}

static void
cnbd_draw(const cv_posterior *self, cv_random *random, cv_fate *fate)
{
	const cv_renewal *regular = &self->regular;
	double u = cv_random_uniform(random);
	int done = 0;

	while (done < regular->lanes - 1 && u >= regular->weight[done])
		u -= regular->weight[done++];
	fate->rate = cv_random_gamma(random, regular->shape + done) / regular->scale;
	fate->phases = regular->k;
	fate->first = regular->k - done;
	fate->chance = 0;
	fate->lifetime = INFINITY;
	fate->drops = regular->a;
	fate->stays = regular->c;
}

static void
bg_bb_draw(const cv_posterior *self, cv_random *random, cv_fate *fate)
{
	const double *p = self->parameter;

	fate->chance = cv_random_beta(random, p[0] + self->x, p[1] + self->T - self->x);
	fate->lifetime = cv_random_trials(random, cv_random_beta(random, p[2], p[3] + self->T)) - 1;
	fate->rate = 0;
	fate->phases = 1;
	fate->first = 1;
	fate->drops = 0;
	fate->stays = 0;
}

/* The posterior of a customer's buying; 0 for a family that cannot be drawn from. */
int
cv_posterior_init(cv_posterior *self, const cv_buying_family *family, const double *p, double x,
				  double t_x, double T)
{
	self->parameter = p;
	self->x = x;
	self->T = T;
	self->survived = x + (family == &cv_mbg_nbd || family == &cv_mbg_cnbd);
	if (family == &cv_nbd)
		self->draw = nbd_draw;
	else if (family == &cv_bg_nbd || family == &cv_mbg_nbd)
		self->draw = bg_draw;
	else if (family == &cv_pareto_nbd)
		self->draw = pareto_draw;
	else if (family == &cv_bg_cnbd || family == &cv_mbg_cnbd)
	{
		double k = p[CV_BUYING_K];

		self->draw = cnbd_draw;
		cv_renewal_init(&self->regular, (int) k, p[0] + k * x, p[1] + T, T - t_x, p[2],
						p[3] + self->survived);
	}
	else if (family == &cv_bg_bb)
		self->draw = bg_bb_draw;
	else
		return 0;
	self->alive = cv_buying_p_alive(family, p, x, t_x, T);
	cv_posterior_spending(self, (const double[]){ 1, 1, 1 }, 0, 0);
	return 1;
}

/* The posterior of the customer's spending, Gamma-Gamma, after x amounts of mean m. */
void
cv_posterior_spending(cv_posterior *self, const double *p, double x, double m)
{
	self->p = p[0];
	self->shape = p[1] + p[0] * x;
	self->scale = p[2] + (x > 0 ? m * x : 0);
}

/* ---- the purchases to come ---- */

typedef struct playing
{
	double delta;
	double p; /* amounts ~ Gamma(p, nu) */
	double nu;
	double clock; /* time of the last purchase */
	double left;  /* from it to the end: of its own, as it gets small beside the clock */
	cv_random *random;
	cv_future *future;
} playing;

/* n purchases within a span from the clock on, the last of them at its end. */
static void
buy(playing *self, double n, double span)
{
	double amount = cv_random_gamma(self->random, n * self->p) / self->nu;
	double fall = self->delta * span;
	double factor = 1;

	if (self->delta > 0)
	{
		factor = exp(-fall);
		/* the others are anywhere in the span */
		if (n > 1 && fall > 0)
			factor = ((n - 1) * -expm1(-fall) / fall + factor) / n;
		factor *= exp(-self->delta * self->clock);
	}
	self->clock += span;
	self->left -= span;
	self->future->purchases += n;
	self->future->discounted += n * factor;
	self->future->value += amount * factor;
}

/*
 * Of n purchases the last of which comes a span after the clock, too late, those that
 * come in time.  Half of them take a share of the span that is ~ Beta: either half
 * the purchases are in time, or all the others are late.
 */
static void
buy_in_time(playing *self, double n, double span, double phases)
{
	while (n > 1)
	{
		double half = floor(n / 2);
		double share = span * cv_random_beta(self->random, half * phases, (n - half) * phases);

		if (share <= self->left)
		{
			buy(self, half, share);
			n -= half;
			span -= share;
		}
		else
		{
			n = half;
			span = share;
		}
	}
}

/* Purchases that never end, or come faster than numbers go. */
static void
set_infinite(cv_future *future)
{
	future->purchases = future->discounted = future->value = INFINITY;
}

/*
 * One draw of the customer's purchases and their amounts over a horizon after T, both
 * discounted by e^(-delta t); the horizon may be infinite, delta 0.
 */
void
cv_posterior_draw(const cv_posterior *self, double horizon, double delta, cv_random *random,
				  cv_future *future)
{
	playing play = { delta, self->p, 0, 0, 0, random, future };
	cv_fate fate;
	double most = INFINITY;
	double span;

	future->purchases = future->discounted = future->value = 0;
	if (!(cv_random_uniform(random) < self->alive))
		return;
	self->draw(self, random, &fate);
	play.left = fmin(horizon, fate.lifetime);
	if (delta > 0)
		play.left = fmin(play.left, CV_FAINT / delta);
	/* opportunities are whole; a unit short by rounding is one */
	if (fate.chance > 0)
		play.left = floor(play.left + 1e-9);
	if (!(play.left > 0))
		return;
	if (!isfinite(fate.rate) || (fate.chance > 0 && play.left == INFINITY))
	{
		set_infinite(future);
		return;
	}

	/* most customers buy no more: what only purchases need is drawn when there is one */
	span = draw_span(random, &fate, fate.first);
	if (!(span <= play.left && isfinite(span)))
		return;
	/* a tiny shape may underflow to 0, an infinite amount */
	play.nu = fmax(cv_random_gamma(random, self->shape), 1e-300) / self->scale;
	if (fate.drops > 0)
		most = cv_random_trials(random, cv_random_beta(random, fate.drops, fate.stays));
	buy(&play, 1, span);
	for (most--; most > 0;)
	{
		double expected = fate.rate * play.left / fate.phases;
		double n = 1;

		if (expected > SINGLY)
		{
			/* 7/8: so many that the end is seldom passed (Ahrens and Dieter 1974) */
			n = floor(0.875 * expected);
			if (delta > 0)
				n = fmin(n,
						 floor(EVEN * fate.rate / (fate.phases * delta) * exp(delta * play.clock)));
			n = fmax(1, fmin(n, most));
			if (n == INFINITY)
			{
				set_infinite(future);
				return;
			}
		}
		span = draw_span(random, &fate, n * fate.phases);
		if (!(span <= play.left))
		{
			buy_in_time(&play, n, span, fate.phases);
			break;
		}
		buy(&play, n, span);
		most -= n;
	}
}
