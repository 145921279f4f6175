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
#include "core/buying.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/quadrature.h"
#include "core/special.h"

enum
{
	R,
	ALPHA,
	S,
	BETA
};

/* Where and how finely I is to be taken. */
typedef struct death_rule
{
	int by_alpha;	   /* base is alpha */
	double rate;	   /* of the base's power in u: R - 1 or s */
	double power;	   /* of the other factor: s + 1 or R */
	double ratio;	   /* (base + t_x) / (other + t_x), at most 1 */
	double rise_base;  /* ln (base + T) / (base + t_x), */
	double rise_other; /* and of the other */
	double base;	   /* base + t_x */
	double other;	   /* other + t_x */
	double width;	   /* of a panel in u */
	int panels;
	cv_legendre nodes;
} death_rule;

static void
death_rule_init(death_rule *rule, const double *p, double shape, double t_x, double T)
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
death_log_density(const death_rule *rule, double u)
{
	return -rule->rate * u - rule->power * log(1 - rule->ratio + rule->ratio * exp(u));
}

/* The integral in u, without its front. */
static double
death_integral(const death_rule *rule)
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
death_log_front(const death_rule *rule, const double *p, double shape, double t_x)
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
	death_rule rule;

	if (!(T > t_x))
		return -INFINITY;
	death_rule_init(&rule, p, shape, t_x, T);
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
	death_rule rule;

	if (!(T > t_x))
		return -INFINITY;
	death_rule_init(&rule, p, shape, t_x, T);
	return log(p[S] * death_integral(&rule) * (rule.by_alpha ? rule.ratio : 1)) +
		   (rule.by_alpha ? shape : p[S]) * rule.rise_base +
		   (rule.by_alpha ? p[S] : shape) * rule.rise_other;
}

/* ---- sums over many customers ---- */

/*
 * ln{...} is the logarithm of a sum over the fates "alive at T" and "died at y",
 * so its gradient is the posterior mean of the fates' gradients, and its Hessian
 * the mean of their Hessians plus the covariance of their gradients.  Both are made of the
 * moments of ln(alpha + y), 1/(alpha + y), ln(beta + y) and 1/(beta + y) over the fates.
 *
 * Given x, the integrand of I depends on neither t_x nor T.  So with
 *
 *   A(t) = (alpha+t)^-R (beta+t)^-s,   M(t) = integral of A(y) / (beta+y) dy over y > t, over A(t)
 *
 * a customer's I is A(t_x) M(t_x) - A(T) M(T), and all customers of one x need integrals
 * between the times that occur among them only.  The difference loses nothing that
 * counts: s A(T) M(T) is at most A(T), which is added to it.
 */
enum
{
	ONE,
	LA, /* ln((alpha + y) / (alpha + the last time)) */
	VA, /* 1 / (alpha + y) */
	LB,
	VB,
	SINGLE, /* and their products */
	LA_LA = SINGLE,
	LA_VA,
	LA_LB,
	LA_VB,
	VA_VA,
	VA_LB,
	VA_VB,
	LB_LB,
	LB_VB,
	VB_VB,
	MOMENTS
};

#define MOST_TIMES 1536
#define MOST_GROUPS 8192 /* at a time */
#define SLOTS 4096		 /* a power of two, more than twice the times */

/* The times of customers with one x, in the order in which they came. */
typedef struct death_times
{
	int n;
	int slots;		   /* in use, a power of two */
	short slot[SLOTS]; /* where a time stands, from 1; 0: free */
	double time[MOST_TIMES];
	short start[MOST_GROUPS];		   /* of each group where t_x stands, */
	short end[MOST_GROUPS];			   /* and T */
	int last;						   /* where the last time stands */
	double log_alive[MOST_TIMES];	   /* ln A, over that at the last time */
	double here[MOST_TIMES][SINGLE];   /* of a fate at the time */
	double later[MOST_TIMES][MOMENTS]; /* M, and the moments */
	double lived[MOST_TIMES];		   /* customers times the posterior of being alive then, */
	double died[MOST_TIMES];		   /* and the factor of M in that of having died */
} death_times;

/* Where a time stands, which may be a new one. */
static inline short
place_of(death_times *all, double time)
{
	uint64_t bits;
	uint32_t at;

	memcpy(&bits, &time, sizeof(bits));
	at = (uint32_t) ((bits * UINT64_C(0x9e3779b97f4a7c15)) >> 48) & (all->slots - 1);
	while (all->slot[at] != 0 && all->time[all->slot[at] - 1] != time)
		at = (at + 1) & (all->slots - 1);
	if (all->slot[at] == 0)
	{
		all->time[all->n] = time;
		all->slot[at] = (short) ++all->n;
	}
	return all->slot[at] - 1;
}

/* Finds the times of the first groups of one x; returns how many groups. */
static int
collect_times(death_times *all, const cv_group *group, int n)
{
	int i;

	all->n = 0;
	for (all->slots = 8; all->slots < SLOTS && all->slots < 4 * n;)
		all->slots *= 2;
	memset(all->slot, 0, all->slots * sizeof(all->slot[0]));
	for (i = 0; i < n && i < MOST_GROUPS && group[i].x == group[0].x && all->n + 2 <= MOST_TIMES;
		 i++)
	{
		all->start[i] = i > 0 && group[i].t_x == group[i - 1].t_x ? all->start[i - 1]
																  : place_of(all, group[i].t_x);
		all->end[i] = place_of(all, group[i].T);
	}
	return i;
}

typedef struct placed_time
{
	double time;
	int place;
} placed_time;

static int
compare_times(const void *left, const void *right)
{
	double a = ((const placed_time *) left)->time;
	double b = ((const placed_time *) right)->time;

	return a < b ? -1 : a > b;
}

/* Adds a fate's moments. */
static inline void
add_moments(double *moment, double weight, double la, double va, double lb, double vb)
{
	double wla = weight * la;
	double wva = weight * va;
	double wlb = weight * lb;
	double wvb = weight * vb;

	moment[ONE] += weight;
	moment[LA] += wla;
	moment[VA] += wva;
	moment[LB] += wlb;
	moment[VB] += wvb;
	moment[LA_LA] += wla * la;
	moment[LA_VA] += wla * va;
	moment[LA_LB] += wla * lb;
	moment[LA_VB] += wla * vb;
	moment[VA_VA] += wva * va;
	moment[VA_LB] += wva * lb;
	moment[VA_VB] += wva * vb;
	moment[LB_LB] += wlb * lb;
	moment[LB_VB] += wlb * vb;
	moment[VB_VB] += wvb * vb;
}

/* The moments of deaths between two times, over A at the first, whose logarithms are given. */
static void
deaths_between(const double *p, double shape, double from, double to, const double *here,
			   double *moment)
{
	death_rule rule;
	double front;
	int i;
	int j;

	death_rule_init(&rule, p, shape, from, to);
	front = rule.width * (rule.by_alpha ? rule.ratio : 1);
	for (i = 0; i < rule.panels; i++)
		for (j = 0; j < rule.nodes.n; j++)
		{
			double u = rule.width * (i + rule.nodes.node[j]);
			double e = exp(u);
			double reach = 1 - rule.ratio + rule.ratio * e;
			double other = log(reach);
			double density =
				front * rule.nodes.weight[j] * exp(-rule.rate * u - rule.power * other);
			double at_base = 1 / (rule.base * e);
			double at_other = 1 / (rule.other * reach);

			if (rule.by_alpha)
				add_moments(moment, density, here[LA] + u, at_base, here[LB] + other, at_other);
			else
				add_moments(moment, density, here[LA] + other, at_other, here[LB] + u, at_base);
		}
}

/* Fills in what the times hold. */
static void
fill_in_times(death_times *all, const double *p, double shape)
{
	placed_time order[MOST_TIMES];
	double alpha;
	double beta;
	int i;
	int k;

	for (i = 0; i < all->n; i++)
	{
		order[i].time = all->time[i];
		order[i].place = i;
	}
	qsort(order, all->n, sizeof(order[0]), compare_times);
	all->last = order[all->n - 1].place;
	alpha = p[ALPHA] + all->time[all->last];
	beta = p[BETA] + all->time[all->last];
	for (i = all->n - 1; i >= 0; i--)
	{
		int at = order[i].place;
		double time = all->time[at];
		double *here = all->here[at];
		double *later = all->later[at];

		here[LA] = log((p[ALPHA] + time) / alpha);
		here[VA] = 1 / (p[ALPHA] + time);
		here[LB] = log((p[BETA] + time) / beta);
		here[VB] = 1 / (p[BETA] + time);
		all->log_alive[at] = -shape * here[LA] - p[S] * here[LB];
		all->lived[at] = all->died[at] = 0;
		for (k = 0; k < MOMENTS; k++)
			later[k] = 0;
		if (at != all->last)
		{
			int next = order[i + 1].place;
			double rest = exp(all->log_alive[next] - all->log_alive[at]);

			deaths_between(p, shape, time, all->time[next], here, later);
			for (k = 0; k < MOMENTS; k++)
				later[k] += rest * all->later[next][k];
		}
	}
}

/*
 * Adds what all fates add to E[v v'] + E[Hessian], linear in the moments.  The gradient v of
 * being alive is -la, -R va, -lb, -s vb, that of a death -la, -R va, 1/s - lb, -(s+1) vb.
 */
static void
add_fates(const death_times *all, const double *p, double shape, cv_likelihood *sum)
{
	double s = p[S];
	double a[MOMENTS] = { 0 }; /* of the living */
	double d[MOMENTS] = { 0 }; /* of the dead */
	double(*second)[CV_BUYING_PARAMETERS] = sum->hessian;
	int i;
	int k;

	for (i = 0; i < all->n; i++)
	{
		const double *here = all->here[i];

		if (all->lived[i] > 0)
			add_moments(a, all->lived[i], here[LA], here[VA], here[LB], here[VB]);
		for (k = 0; k < MOMENTS; k++)
			d[k] += all->died[i] * all->later[i][k];
	}
	second[R][R] += a[LA_LA] + d[LA_LA];
	second[R][ALPHA] += shape * (a[LA_VA] + d[LA_VA]) - a[VA] - d[VA];
	second[R][S] += a[LA_LB] + d[LA_LB] - d[LA] / s;
	second[R][BETA] += s * a[LA_VB] + (s + 1) * d[LA_VB];
	second[ALPHA][ALPHA] += (shape * shape + shape) * (a[VA_VA] + d[VA_VA]);
	second[ALPHA][S] += shape * (a[VA_LB] + d[VA_LB] - d[VA] / s);
	second[ALPHA][BETA] += shape * (s * a[VA_VB] + (s + 1) * d[VA_VB]);
	second[S][S] += a[LB_LB] + d[LB_LB] - 2 * d[LB] / s;
	second[S][BETA] += s * a[LB_VB] - a[VB] + (s + 1) * (d[LB_VB] - d[VB] / s) - d[VB];
	second[BETA][BETA] += (s * s + s) * a[VB_VB] + (s + 1) * (s + 2) * d[VB_VB];
}

/* Adds groups of one x, whose times were collected. */
static void
add_one_x(death_times *all, const double *p, const cv_group *group, int n, cv_likelihood *sum)
{
	double x = group[0].x;
	double shape = p[R] + x;
	double s = p[S];
	double log_alpha;
	double log_beta;
	double front;
	double customers = 0;
	int i;
	int j;
	int k;

	fill_in_times(all, p, shape);
	log_alpha = log(p[ALPHA] + all->time[all->last]);
	log_beta = log(p[BETA] + all->time[all->last]);
	front = cv_lgamma_delta(p[R], x) + p[R] * log(p[ALPHA]) + s * log(p[BETA]) - shape * log_alpha -
			s * log_beta;
	for (i = 0; i < n; i++)
	{
		int start = all->start[i];
		int end = all->end[i];
		double w = group[i].customers;
		double dead[SINGLE];
		double first[CV_BUYING_PARAMETERS];
		double alive;
		double total;

		/* all over A(t_x) */
		alive = exp(all->log_alive[end] - all->log_alive[start]);
		for (k = 0; k < SINGLE; k++)
			dead[k] = s * (all->later[start][k] - alive * all->later[end][k]);
		total = alive + dead[ONE];
		first[R] = -(alive * all->here[end][LA] + dead[LA]) / total;
		first[ALPHA] = -shape * (alive * all->here[end][VA] + dead[VA]) / total;
		first[S] = (dead[ONE] / s - alive * all->here[end][LB] - dead[LB]) / total;
		first[BETA] = -(s * alive * all->here[end][VB] + (s + 1) * dead[VB]) / total;

		customers += w;
		sum->value += w * (front + all->log_alive[start] + log(total));
		for (j = 0; j < CV_BUYING_PARAMETERS; j++)
		{
			sum->gradient[j] += w * first[j];
			for (k = j; k < CV_BUYING_PARAMETERS; k++)
				sum->hessian[j][k] -= w * first[j] * first[k];
		}
		w /= total;
		all->lived[end] += w * alive;
		all->died[start] += w * s;
		all->died[end] -= w * s * alive;
	}
	add_fates(all, p, shape, sum);
	sum->gradient[R] += customers * (cv_digamma_delta(p[R], x) + log(p[ALPHA]) - log_alpha);
	sum->gradient[ALPHA] += customers * p[R] / p[ALPHA];
	sum->gradient[S] += customers * (log(p[BETA]) - log_beta);
	sum->gradient[BETA] += customers * s / p[BETA];
	sum->hessian[R][R] += customers * cv_trigamma_delta(p[R], x);
	sum->hessian[R][ALPHA] += customers / p[ALPHA];
	sum->hessian[ALPHA][ALPHA] -= customers * p[R] / (p[ALPHA] * p[ALPHA]);
	sum->hessian[S][BETA] += customers / p[BETA];
	sum->hessian[BETA][BETA] -= customers * s / (p[BETA] * p[BETA]);
}

static void
pareto_add(const double *p, const cv_group *group, int n, cv_likelihood *sum)
{
	death_times all;
	int same;
	int i;

	for (i = 0; i < n; i += same)
	{
		same = collect_times(&all, group + i, n - i);
		add_one_x(&all, p, group + i, same, sum);
	}
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
										 pareto_add,
										 pareto_log_odds_dead,
										 pareto_survival,
										 pareto_purchases,
										 pareto_probability,
										 { 0, 1, 0, 2 },
										 0,
										 0,
										 NULL,
										 MOST_GROUPS };
