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
#define SINGLY 20.0	 /* expected purchases that are played one by one */
#define EVEN 0.05	 /* how far discounting may run within a bunch, weighed by itself */
#define FAINT 20.723 /* -ln 1e-9: discounted so far, nothing counts any more */

/* Trials up to the first success, at least 1. */
static double
draw_geometric(cv_random *random, double p)
{
	double trials = ceil(log(cv_random_uniform(random)) / log1p(-p));

	return trials > 1 ? trials : 1;
}

/* How long a number of phases takes, at a rate of 1. */
static double
draw_phases(cv_random *random, double phases)
{
	return phases == 1 ? cv_random_exponential(random) : cv_random_gamma(random, phases);
}

static void
nbd_draw(const double *p, double x, double t_x, double T, cv_random *random, cv_fate *fate)
{
	(void) t_x;
	fate->rate = cv_random_gamma(random, p[0] + x) / (p[1] + T);
	fate->phases = 1;
	fate->first = 1;
	fate->lifetime = INFINITY;
	fate->drops = 0;
	fate->stays = 0;
}

static void
bg_draw(const double *p, double x, double t_x, double T, cv_random *random, cv_fate *fate)
{
	nbd_draw(p, x, t_x, T, random, fate);
	fate->drops = p[2];
	fate->stays = p[3] + x;
}

static void
mbg_draw(const double *p, double x, double t_x, double T, cv_random *random, cv_fate *fate)
{
	nbd_draw(p, x, t_x, T, random, fate);
	fate->drops = p[2];
	fate->stays = p[3] + x + 1;
}

static void
pareto_draw(const double *p, double x, double t_x, double T, cv_random *random, cv_fate *fate)
{
	nbd_draw(p, x, t_x, T, random, fate);
	fate->lifetime = cv_random_exponential(random) * (p[3] + T) / cv_random_gamma(random, p[2]);
}

static const struct
{
	const cv_buying_family *family;
	cv_fate_draw draw;
} families[] = {
	{ &cv_nbd, nbd_draw },
	{ &cv_bg_nbd, bg_draw },
	{ &cv_mbg_nbd, mbg_draw },
	{ &cv_pareto_nbd, pareto_draw },
};

/* The posterior of a customer's buying; 0 for a family that cannot be drawn from. */
int
cv_posterior_init(cv_posterior *self, const cv_buying_family *family, const double *p, double x,
				  double t_x, double T)
{
	int i;

	for (i = 0; i < (int) (sizeof(families) / sizeof(families[0])); i++)
		if (families[i].family == family)
		{
			self->parameter = p;
			self->draw = families[i].draw;
			self->x = x;
			self->t_x = t_x;
			self->T = T;
			self->alive = cv_buying_p_alive(family, p, x, t_x, T);
			cv_posterior_spending(self, (const double[]){ 1, 1, 1 }, 0, 0);
			return 1;
		}
	return 0;
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
	self->draw(self->parameter, self->x, self->t_x, self->T, random, &fate);
	play.left = fmin(horizon, fate.lifetime);
	if (delta > 0)
		play.left = fmin(play.left, FAINT / delta);
	if (!(play.left > 0))
		return;
	if (!isfinite(fate.rate))
	{
		set_infinite(future);
		return;
	}

	/* most customers buy no more: what only purchases need is drawn when there is one */
	span = draw_phases(random, fate.first) / fate.rate;
	if (!(span <= play.left && isfinite(span)))
		return;
	/* a tiny shape may underflow to 0, an infinite amount */
	play.nu = fmax(cv_random_gamma(random, self->shape), 1e-300) / self->scale;
	if (fate.drops > 0)
		most = draw_geometric(random, cv_random_beta(random, fate.drops, fate.stays));
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
		span = draw_phases(random, n * fate.phases) / fate.rate;
		if (!(span <= play.left))
		{
			buy_in_time(&play, n, span, fate.phases);
			break;
		}
		buy(&play, n, span);
		most -= n;
	}
}
