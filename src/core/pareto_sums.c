/*
 * pareto_sums.c: the log-likelihood of many customers by Pareto/NBD, with derivatives.
 *
 * ln{...} of pareto_nbd.c is the logarithm of a sum over the fates "alive at T" and "died at y",
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
#include "core/pareto_nbd.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/special.h"

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
#define SLOTS 4096 /* a power of two, more than twice the times */

/* The times of customers with one x, in the order in which they came. */
typedef struct death_times
{
	int n;
	int slots;		   /* in use, a power of two */
	short slot[SLOTS]; /* where a time stands, from 1; 0: free */
	double time[MOST_TIMES];
	short start[CV_PARETO_GROUPS];	   /* of each group where t_x stands, */
	short end[CV_PARETO_GROUPS];	   /* and T */
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
	for (i = 0;
		 i < n && i < CV_PARETO_GROUPS && group[i].x == group[0].x && all->n + 2 <= MOST_TIMES; i++)
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
	cv_death_rule rule;
	double front;
	int i;
	int j;

	cv_death_rule_init(&rule, p, shape, from, to);
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

/* Adds the groups' log-likelihood with derivatives. */
void
cv_pareto_add(const double *p, const cv_group *group, int n, cv_likelihood *sum)
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
