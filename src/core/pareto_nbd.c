/*
 * pareto_nbd.c: Pareto/NBD (Schmittlein, Morrison and Colombo 1987): purchases
 * at a rate ~ Gamma(r, alpha) until a lifetime whose rate is ~ Gamma(s, beta).
 *
 *   L = Gamma(R)/Gamma(r) alpha^r beta^s { (alpha+T)^-R (beta+T)^-s + s I },  R = r + x,
 *   I = integral of (alpha+y)^-R (beta+y)^-(s+1) dy, t_x < y < T
 *
 * I is taken by quadrature: its integrand is positive, so nothing cancels, and
 * no case of alpha against beta, no pole and no hypergeometric function occur.
 * With the smaller of alpha and beta as the base, base + y = (base + t_x) e^u
 * makes the integrand analytic for |Im u| < pi and nearly exponential.
 */
#include "core/pareto_nbd.h"

#include <math.h>
#include <stddef.h>

#include "core/special.h"

void
cv_death_rule_init(cv_death_rule *rule, const double *p, double shape, double t_x, double T)
{
	double alpha = p[ALPHA] + t_x;
	double beta = p[BETA] + t_x;
	double s = p[S];
	double end;
	double decay;
	double spread;
	int i;

	/*
	 * Nodes that integrate e^(-spread u / width) over the panel to 1e-14, and what
	 * the strip's edges at distance pi allow.
	 */
	static const struct
	{
		double spread;
		double width;
		int n;
	} tier[] = { { 0.05, 0.05, 3 }, { 0.25, 0.2, 4 },		   { 1.3, 0.6, 6 }, { 3.5, 1.2, 8 },
				 { 6.5, 1.8, 10 },	{ 10, 2.4, 12 },		   { 16, 3.1, 14 }, { 22, 3.1, 16 },
				 { 38, 3.1, 20 },	{ HUGE_VAL, HUGE_VAL, 24 } };

	rule->by_alpha = p[ALPHA] <= p[BETA];
	rule->base = rule->by_alpha ? alpha : beta;
	rule->other = rule->by_alpha ? beta : alpha;
	rule->rate = rule->by_alpha ? shape - 1 : s;
	rule->power = rule->by_alpha ? s + 1 : shape;
	rule->ratio = rule->base / rule->other;
	rule->rise_base = log1p((T - t_x) / rule->base);
	rule->rise_other = log1p((T - t_x) / rule->other);
	end = rule->rise_base;
	/* the integrand falls at least this fast; what it has left after e^-40 is nothing */
	decay = rule->rate + rule->power * rule->ratio;
	spread = rule->rise_other;
	if (decay > 0 && end * decay > 40)
	{
		end = 40 / decay;
		spread = log1p(rule->ratio * expm1(end));
	}
	/* nodes by how far the integrand's logarithm runs, panels by the strip */
	spread = end * fabs(rule->rate) + rule->power * spread;
	rule->panels = (int) fmin(10000, fmax(1, fmax(ceil(end / 3), ceil(spread / 40))));
	rule->width = end / rule->panels;
	spread /= rule->panels;
	for (i = 0; spread > tier[i].spread || rule->width > tier[i].width; i++)
		;
	rule->nodes = cv_legendre_rule(tier[i].n);
}

/*
 * ln of the integrand in u, without its front.  What counts is its absolute error,
 * power times the rounding of a number near 1, so that no expm1 is needed here.
 */
static double
death_log_density(const cv_death_rule *rule, double u)
{
	return -rule->rate * u - rule->power * log(1 - rule->ratio + rule->ratio * exp(u));
}

/* The integral in u, without its front. */
static double
death_integral(const cv_death_rule *rule)
{
	double sum = 0;
	int i;
	int j;

	for (i = 0; i < rule->panels; i++)
		for (j = 0; j < rule->nodes.n; j++)
			sum += rule->nodes.weight[j] *
				   exp(death_log_density(rule, rule->width * (i + rule->nodes.node[j])));
	return sum * rule->width;
}

/* ln of what stands before the integral in u */
static double
death_log_front(const cv_death_rule *rule, const double *p, double shape, double t_x)
{
	double alpha = p[ALPHA] + t_x;
	double beta = p[BETA] + t_x;

	return rule->by_alpha ? (1 - shape) * log(alpha) - (p[S] + 1) * log(beta)
						  : -p[S] * log(beta) - shape * log(alpha);
}

/* ln(s I) */
static double
log_dead(const double *p, double shape, double t_x, double T)
{
	cv_death_rule rule;

	if (!(T > t_x))
		return -INFINITY;
	cv_death_rule_init(&rule, p, shape, t_x, T);
	return log(p[S] * death_integral(&rule)) + death_log_front(&rule, p, shape, t_x);
}

static double
log_alive(const double *p, double shape, double T)
{
	return -shape * log(p[ALPHA] + T) - p[S] * log(p[BETA] + T);
}

static double
pareto_log_likelihood(const double *p, double x, double t_x, double T)
{
	double shape = p[R] + x;

	return cv_lgamma_delta(p[R], x) + p[R] * log(p[ALPHA]) + p[S] * log(p[BETA]) +
		   cv_log_add_exp(log_alive(p, shape, T), log_dead(p, shape, t_x, T));
}

/*
 * Over the living, what stands before the integral is
 * ((alpha+T)/(alpha+t_x))^R ((beta+T)/(beta+t_x))^s, times the ratio where alpha is the base.
 */
static double
pareto_log_odds_dead(const double *p, double x, double t_x, double T)
{
	double shape = p[R] + x;
	cv_death_rule rule;

	if (!(T > t_x))
		return -INFINITY;
	cv_death_rule_init(&rule, p, shape, t_x, T);
	return log(p[S] * death_integral(&rule) * (rule.by_alpha ? rule.ratio : 1)) +
		   (rule.by_alpha ? shape : p[S]) * rule.rise_base +
		   (rule.by_alpha ? p[S] : shape) * rule.rise_other;
}

/* The lifetime's rate is ~ Gamma(s, beta + T) given alive at T. */
static double
pareto_survival(const double *p, double x, double t_x, double T, double ahead)
{
	(void) x, (void) t_x;
	return exp(-p[S] * log1p(ahead / (p[BETA] + T)));
}

static double
power_decay(double y, void *context)
{
	return exp(-*(const double *) context * log1p(y));
}

/*
 * Integral of e^(-delta y) (1 + y)^-s over [0, to].  Where it changes slowly,
 * cv_discounted_integral() would put y = e^w - 1: then the power is e^(-s w), and a node takes
 * half the work.
 */
static double
discounted_life(double s, double delta, double to)
{
	cv_legendre rule = cv_legendre_rule(16);
	double sum = 0;
	double width;
	int panels;
	int i;
	int j;

	if (s + delta > 1)
		return cv_discounted_integral(power_decay, &s, s, delta, to);
	width = log1p(fmin(fmin(to, 42 / delta), 1e300));
	panels = (int) fmax(1, ceil(width / 1.5));
	width /= panels;
	for (i = 0; i < panels; i++)
		for (j = 0; j < rule.n; j++)
		{
			double w = width * (i + rule.node[j]);

			sum += rule.weight[j] * exp((1 - s) * w - delta * expm1(w));
		}
	return sum * width;
}

static double
pareto_purchases(const double *p, double x, double t_x, double T, double horizon, double delta)
{
	double scale = p[BETA] + T;
	double front = (p[R] + x) / (p[ALPHA] + T) * scale;
	double s = p[S];
	double length;

	(void) t_x;
	if (horizon == 0)
		return 0;
	if (delta > 0)
		return front * discounted_life(s, delta * scale, horizon / scale);
	/* (1 - e^-((s-1) length)) / (s - 1), length = ln((beta+T+horizon) / (beta+T)) */
	length = log1p(horizon / scale);
	if (s == 1)
		return front * length;
	if (horizon == INFINITY)
		return s > 1 ? front / (s - 1) : INFINITY;
	return -front * expm1(-(s - 1) * length) / (s - 1);
}

/*
 * P(n purchases in a time, then death) needs the integral over the time of death
 * t of a function that is log-concave in v = ln t.
 */
typedef struct dying_context
{
	double shape;
	double scale; /* alpha + T: rate ~ Gamma(shape, scale) */
	double power;
	double life;  /* beta + T: death ~ Pareto(power, life) */
	double front; /* ln of what does not depend on t */
	double n;
} dying_context;

/* ln of the integrand in v */
static double
log_dying(const dying_context *c, double v)
{
	double t = exp(v);

	return c->front - c->shape * log1p(t / c->scale) - (c->n > 0 ? c->n * log1p(c->scale / t) : 0) -
		   (c->power + 1) * log1p(t / c->life) + v;
}

static double
dying_at(double v, const void *context)
{
	return exp(log_dying(context, v));
}

/* Where the integrand is highest: its logarithmic slope falls from n + 1 to -shape - power. */
static double
dying_mode(const dying_context *c)
{
	double low = log(fmin(c->scale, c->life) / (c->shape + c->power + 1)) - 2;
	double high =
		log(fmax(c->scale, c->life) * (c->n + c->shape + c->power + 2) / (c->shape + c->power)) + 3;
	int i;

	for (i = 0; i < 50; i++)
	{
		double v = 0.5 * (low + high);
		double t = exp(v);
		double slope = (c->n * c->scale - c->shape * t) / (c->scale + t) -
					   (c->power + 1) * t / (c->life + t) + 1;

		if (slope > 0)
			low = v;
		else
			high = v;
	}
	return low;
}

/* How far from the mode, in a direction, the integrand has fallen by e^-42. */
static double
dying_reach(const dying_context *c, double mode, double direction)
{
	double goal = log_dying(c, mode) - 42;
	double low = 0;
	double high = 1e-3;
	int i;

	while (log_dying(c, mode + direction * high) > goal)
		high *= 2;
	for (i = 0; i < 8; i++)
	{
		double middle = 0.5 * (low + high);

		if (log_dying(c, mode + direction * middle) > goal)
			low = middle;
		else
			high = middle;
	}
	return mode + direction * high;
}

/* n purchases and alive after the horizon, or n purchases and death before its end. */
static double
pareto_probability(const double *p, double x, double t_x, double T, double horizon, double n)
{
	dying_context c;
	double mode;
	double from;
	double to;

	(void) t_x;
	if (horizon == 0)
		return n == 0;
	c.shape = p[R] + x;
	c.scale = p[ALPHA] + T;
	c.power = p[S];
	c.life = p[BETA] + T;
	c.front = cv_lgamma_delta(c.shape, n) - cv_lgamma(n + 1) + log(p[S] / c.life);
	c.n = n;
	mode = fmin(dying_mode(&c), log(horizon));
	from = dying_reach(&c, mode, -1);
	to = fmin(dying_reach(&c, mode, 1), log(horizon));
	/* beyond the mode it may fall like e^-e^v: short panels */
	return exp(cv_count_log_probability(c.shape, c.scale, horizon, n) -
			   p[S] * log1p(horizon / c.life)) +
		   cv_integrate_panels(dying_at, &c, from, to, fmin(1.25, (to - from) / 10), 16);
}

const cv_buying_family cv_pareto_nbd = { "pareto/nbd",
										 4,
										 { "r", "alpha", "s", "beta" },
										 { 0, 1, 0, 1 },
										 pareto_log_likelihood,
										 cv_pareto_add,
										 pareto_log_odds_dead,
										 pareto_survival,
										 pareto_purchases,
										 pareto_probability,
										 { 0, 1, 0, 2 },
										 0,
										 0,
										 NULL,
										 CV_PARETO_GROUPS };
