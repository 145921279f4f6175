/*
 * cnbd.c: regular buying with beta-geometric dropping out: BG/CNBD-k and MBG/CNBD-k
 * (Platzer and Reutterer 2016, "Ticking away the moments"; Reutterer, Platzer and
 * Schroeder 2021).
 *
 * The times between purchases are Erlang-k: each is the sum of k exponential stages at
 * the customer's rate ~ Gamma(r, alpha) of stages, so that a purchase is every k-th
 * stage and k = 1 is (M)BG/NBD.  Dropping out is as in bg_nbd.c.  With R = r + k x, the
 * silence s = T - t_x, "survived" = x (BG) or x + 1 (MBG) chances to drop out, and G
 * for the product of all gaps to the power of k - 1,
 *
 *   L = G (k-1)!^-x Gamma(R)/Gamma(r) alpha^r (alpha+T)^-R B(a, b+survived)/B(a, b) (Z + e^z),
 *   Z   = sum over j < k of (R)_j / j! v^j,  v = s / (alpha+T)     (silent and alive: renewal.c)
 *   e^z = a / (b+survived-1) ((alpha+T)/(alpha+t_x))^R             (dropped out at t_x)
 *
 * log_likelihood and add leave ln G out: of a base only its sum is known, and given k
 * it does not depend on the parameters.
 */
#include <math.h>
#include <stddef.h>

#include "core/beta_geometric.h"
#include "core/renewal.h"
#include "core/special.h"

enum
{
	R,
	ALPHA,
	A,
	B,
	K
};

/* A living customer. */
static void
living(cv_renewal *self, const double *p, double x, double t_x, double T, double survived)
{
	cv_renewal_init(self, (int) p[K], p[R] + p[K] * x, p[ALPHA] + T, T - t_x, p[A],
					p[B] + survived);
}

/* ln of e^z, "survived" above 0 */
static double
log_dead(const double *p, double x, double t_x, double T, double survived)
{
	return log(p[A] / (p[B] + survived - 1)) +
		   (p[R] + p[K] * x) * log1p((T - t_x) / (p[ALPHA] + t_x));
}

static double
log_odds_dead(const double *p, double x, double t_x, double T, double survived)
{
	cv_renewal self;

	if (survived == 0)
		return -INFINITY;
	living(&self, p, x, t_x, T, survived);
	return log_dead(p, x, t_x, T, survived) - self.log_sum;
}

static double
log_likelihood(const double *p, double x, double t_x, double T, double survived)
{
	double kx = p[K] * x;
	cv_renewal self;

	living(&self, p, x, t_x, T, survived);
	return cv_lgamma_delta(p[R], kx) - x * cv_lgamma(p[K]) - p[R] * log1p(T / p[ALPHA]) -
		   kx * log(p[ALPHA] + T) + cv_lgamma_delta(p[B], survived) -
		   cv_lgamma_delta(p[A] + p[B], survived) + self.log_sum +
		   (survived == 0 ? 0 : cv_log_add_exp(0, log_dead(p, x, t_x, T, survived) - self.log_sum));
}

/*
 * Z and its derivatives: with weights w_j = (R)_j / j! v^j / Z, D_j the derivative of
 * ln (R)_j and D'_j the second one,
 *
 *   ln Z by r: E[D], by alpha: -E[j]/(alpha+T), by r twice: E[D'] + Var(D), ...
 */
typedef struct silence
{
	int k;
	double factor[CV_MOST_STAGES]; /* (R + j - 1) / j */
	double slope[CV_MOST_STAGES];  /* D_j */
	double curve[CV_MOST_STAGES];  /* D'_j */
} silence;

static void
silence_init(silence *self, int k, double shape)
{
	int j;

	self->k = k;
	self->factor[0] = 1;
	self->slope[0] = self->curve[0] = 0;
	for (j = 1; j < k; j++)
	{
		double one = 1 / (shape + j - 1);

		self->factor[j] = (shape + j - 1) / j;
		self->slope[j] = self->slope[j - 1] + one;
		self->curve[j] = self->curve[j - 1] - one * one;
	}
}

/* ln Z, its gradient by r and alpha, and its Hessian */
static double
silence_at(const silence *self, double v, double at, double *gradient, double *rr, double *ra,
		   double *aa)
{
	double w = 1;
	double sum = 1;
	double logs = 0;
	double moment[6] = { 0 }; /* of j, j^2, D, D^2 + D', j D */
	double ej;
	double ed;
	int j;

	for (j = 1; j < self->k; j++)
	{
		double d = self->slope[j];

		w *= self->factor[j] * v;
		sum += w;
		moment[0] += w * j;
		moment[1] += w * j * j;
		moment[2] += w * d;
		moment[3] += w * (d * d + self->curve[j]);
		moment[4] += w * j * d;
		if (sum > 1e200)
		{
			int i;

			w *= 1e-200;
			sum *= 1e-200;
			for (i = 0; i < 5; i++)
				moment[i] *= 1e-200;
			logs += 200 * 2.302585092994045684;
		}
	}
	ej = moment[0] / sum;
	ed = moment[2] / sum;
	gradient[R] = ed;
	gradient[ALPHA] = -ej * at;
	*rr = moment[3] / sum - ed * ed;
	*ra = -(moment[4] / sum - ej * ed) * at;
	*aa = (moment[1] / sum - ej * ej + ej) * at * at;
	return logs + log(sum);
}

static void
add(const double *p, const cv_group *group, int n, cv_likelihood *sum, int first_counts)
{
	double r = p[R];
	double alpha = p[ALPHA];
	double a = p[A];
	double b = p[B];
	int k = (int) p[K];
	double last = -1;
	double shape = 0;
	double survived = 0;
	double value = 0; /* what depends on x alone, with derivatives */
	double dr = 0;
	double drr = 0;
	double da = 0;
	double db = 0;
	double daa = 0;
	double dbb = 0;
	double log_ratio = 0;
	silence quiet = { 0 };
	int i;

	for (i = 0; i < n; i++)
	{
		const cv_group *g = &group[i];
		double w = g->customers;
		double at = 1 / (alpha + g->T);
		double log_at = log1p(g->T / alpha);
		double alive[4] = { 0 }; /* gradient of ln Z */
		double rr = 0;
		double ra = 0;
		double aa = 0;
		double log_z = 0;
		double dead = 0;

		if (g->x != last)
		{
			double kx = k * g->x;

			last = g->x;
			shape = r + kx;
			survived = last + first_counts;
			value = cv_lgamma_delta(r, kx) + cv_lgamma_delta(b, survived) -
					cv_lgamma_delta(a + b, survived) - kx * log(alpha) - last * cv_lgamma(k);
			dr = cv_digamma_delta(r, kx);
			drr = cv_trigamma_delta(r, kx);
			da = -cv_digamma_delta(a + b, survived);
			db = da + cv_digamma_delta(b, survived);
			daa = -cv_trigamma_delta(a + b, survived);
			dbb = daa + cv_trigamma_delta(b, survived);
			log_ratio = survived > 0 ? log(a / (b + survived - 1)) : 0;
			silence_init(&quiet, k, shape);
		}
		sum->gradient[R] += w * (dr - log_at);
		sum->gradient[ALPHA] += w * (r * g->T / alpha - k * last) * at;
		sum->gradient[A] += w * da;
		sum->gradient[B] += w * db;
		sum->hessian[R][R] += w * drr;
		sum->hessian[R][ALPHA] += w * g->T / alpha * at;
		sum->hessian[ALPHA][ALPHA] += w * (shape * at * at - r / (alpha * alpha));
		sum->hessian[A][A] += w * daa;
		sum->hessian[A][B] += w * daa;
		sum->hessian[B][B] += w * dbb;

		if (g->T > g->t_x)
			log_z = silence_at(&quiet, (g->T - g->t_x) * at, at, alive, &rr, &ra, &aa);
		if (survived > 0)
		{
			double later = log1p((g->T - g->t_x) / (alpha + g->t_x));
			double ax = 1 / (alpha + g->t_x);
			double z = log_ratio + shape * later - log_z;
			double odds = exp(-fabs(z));
			double both = w * odds / ((1 + odds) * (1 + odds));
			double left = b + survived - 1;
			double dz[4]; /* of z - ln Z */
			int j;
			int l;

			dead = z > 0 ? 1 / (1 + odds) : odds / (1 + odds);
			dz[R] = later - alive[R];
			dz[ALPHA] = shape * (at - ax) - alive[ALPHA];
			dz[A] = 1 / a;
			dz[B] = -1 / left;
			log_z += (z > 0 ? z : 0) + log1p(odds);
			for (j = 0; j < 4; j++)
			{
				sum->gradient[j] += w * dead * dz[j];
				for (l = j; l < 4; l++)
					sum->hessian[j][l] += both * dz[j] * dz[l];
			}
			sum->hessian[R][ALPHA] += w * dead * (at - ax);
			sum->hessian[ALPHA][ALPHA] += w * dead * shape * (ax * ax - at * at);
			sum->hessian[A][A] -= w * dead / (a * a);
			sum->hessian[B][B] += w * dead / (left * left);
		}
		sum->value += w * (value - shape * log_at + log_z);
		sum->gradient[R] += w * alive[R];
		sum->gradient[ALPHA] += w * alive[ALPHA];
		sum->hessian[R][R] += w * (1 - dead) * rr;
		sum->hessian[R][ALPHA] += w * (1 - dead) * ra;
		sum->hessian[ALPHA][ALPHA] += w * (1 - dead) * aa;
	}
}

/* The mean over the stages done since t_x. */
static double
mean_of_stages(const double *p, double x, double t_x, double T, const double *of_stage)
{
	cv_renewal self;

	living(&self, p, x, t_x, T, x);
	return cv_renewal_mean(&self, of_stage);
}

static double
survival(const double *p, double x, double t_x, double T, double ahead, double survived)
{
	cv_renewal self;
	double of_stage[CV_MOST_STAGES];

	living(&self, p, x, t_x, T, survived);
	cv_renewal_survival(&self, ahead, of_stage);
	return cv_renewal_mean(&self, of_stage);
}

static double
purchases(const double *p, double x, double t_x, double T, double horizon, double delta,
		  double survived)
{
	cv_renewal self;
	double of_stage[CV_MOST_STAGES];

	living(&self, p, x, t_x, T, survived);
	cv_renewal_events(&self, horizon, delta, of_stage);
	return cv_renewal_mean(&self, of_stage);
}

static double
probability(const double *p, double x, double t_x, double T, double horizon, double n,
			double survived)
{
	cv_renewal self;
	double of_stage[CV_MOST_STAGES];

	living(&self, p, x, t_x, T, survived);
	cv_renewal_probability(&self, horizon, n, of_stage);
	return cv_renewal_mean(&self, of_stage);
}

/* The future by stage: a customer who is alive survived x chances to drop out, or x + 1. */
#define BY_STAGE(name, first)                                                                    \
	static void name##_by_stage(cv_renewal *self, const double *p, double x, double T)           \
	{                                                                                            \
		cv_renewal_init_all(self, (int) p[K], p[R] + p[K] * x, p[ALPHA] + T, p[A],               \
							p[B] + x + (first));                                                 \
	}                                                                                            \
	static void name##_survival_by_stage(const double *p, double x, double T, double ahead,      \
										 double *of_stage)                                       \
	{                                                                                            \
		cv_renewal self;                                                                         \
                                                                                                 \
		name##_by_stage(&self, p, x, T);                                                         \
		cv_renewal_survival(&self, ahead, of_stage);                                             \
	}                                                                                            \
	static void name##_purchases_by_stage(const double *p, double x, double T, double horizon,   \
										  double delta, double *of_stage)                        \
	{                                                                                            \
		cv_renewal self;                                                                         \
                                                                                                 \
		name##_by_stage(&self, p, x, T);                                                         \
		cv_renewal_events(&self, horizon, delta, of_stage);                                      \
	}                                                                                            \
	static void name##_probability_by_stage(const double *p, double x, double T, double horizon, \
											double n, double *of_stage)                          \
	{                                                                                            \
		cv_renewal self;                                                                         \
                                                                                                 \
		name##_by_stage(&self, p, x, T);                                                         \
		cv_renewal_probability(&self, horizon, n, of_stage);                                     \
	}                                                                                            \
	static const cv_by_stage name##_stages = { name##_survival_by_stage,                         \
											   name##_purchases_by_stage,                        \
											   name##_probability_by_stage, mean_of_stages };

CV_BETA_GEOMETRIC(bg, 0)
CV_BETA_GEOMETRIC(mbg, 1)
BY_STAGE(bg, 0)
BY_STAGE(mbg, 1)

const cv_buying_family cv_bg_cnbd = { "bg/cnbd-k",
									  4,
									  { "r", "alpha", "a", "b" },
									  { 0, 1, 0, 0 },
									  bg_log_likelihood,
									  bg_add,
									  bg_log_odds_dead,
									  bg_survival,
									  bg_purchases,
									  bg_probability,
									  { 0 },
									  1,
									  0,
									  &bg_stages,
									  0 };

const cv_buying_family cv_mbg_cnbd = { "mbg/cnbd-k",
									   4,
									   { "r", "alpha", "a", "b" },
									   { 0, 1, 0, 0 },
									   mbg_log_likelihood,
									   mbg_add,
									   mbg_log_odds_dead,
									   mbg_survival,
									   mbg_purchases,
									   mbg_probability,
									   { 0 },
									   1,
									   0,
									   &mbg_stages,
									   0 };
