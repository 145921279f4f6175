/*
 * buying.h: models of buying and dropping out ("buy till you die").
 *
 * A customer is (x, t_x, T): x repeat purchases, the last of them t_x after the
 * first purchase, observed until T; times in one unit that the parameters share.
 * Every prediction is P(alive) times what a living customer does.  Given that the
 * customer is alive at T, mostly nothing depends on t_x any more: the purchase rate
 * is Gamma(r + x, alpha + T), and dropping out has its posterior, so that the future
 * is a function of (x, T).  A regular buyer's depends on the time since t_x as well.
 */
#ifndef CV_CORE_BUYING_H
#define CV_CORE_BUYING_H

#include "core/newton.h"

#define CV_BUYING_PARAMETERS 4
#define CV_BUYING_K CV_BUYING_PARAMETERS /* where a regular family's k stands in p, */
#define CV_BUYING_NUMBERS 5				 /* whose length is this */

/* Customers with the same history; groups are sorted by x, t_x, T. */
typedef struct cv_group
{
	double x;
	double t_x;
	double T;
	double customers;
} cv_group;

/* Sums of weighted log-likelihood and its derivatives in natural parameters. */
typedef struct cv_likelihood
{
	double value;
	double gradient[CV_BUYING_PARAMETERS];
	double hessian[CV_BUYING_PARAMETERS][CV_BUYING_PARAMETERS]; /* upper half */
} cv_likelihood;

/*
 * The future of a regular buyer, given alive at T and how many of the k stages to the
 * next purchase are done.  Given those it does not depend on t_x: the functions fill in k
 * numbers, and mean() takes their mean with the chances of the stages, which t_x tells.
 */
typedef struct cv_by_stage
{
	void (*survival)(const double *p, double x, double T, double ahead, double *of_stage);
	void (*purchases)(const double *p, double x, double T, double horizon, double delta,
					  double *of_stage);
	void (*probability)(const double *p, double x, double T, double horizon, double n,
						double *of_stage);
	double (*mean)(const double *p, double x, double t_x, double T, const double *of_stage);
} cv_by_stage;

typedef struct cv_buying_family
{
	const char *name;
	int parameters;
	const char *parameter[CV_BUYING_PARAMETERS];
	char is_time[CV_BUYING_PARAMETERS]; /* scales with the unit */

	/*
	 * ln of the density of the purchases in (0, T]; of a regular family without
	 * (k - 1) times the sum of ln of the times between them
	 */
	double (*log_likelihood)(const double *p, double x, double t_x, double T);

	/* adds the groups' log-likelihood with derivatives */
	void (*add)(const double *p, const cv_group *group, int n, cv_likelihood *sum);

	/* ln of the odds of being dead at T; -infinity for the surely living */
	double (*log_odds_dead)(const double *p, double x, double t_x, double T);

	/* P(alive at T + ahead), given alive at T */
	double (*survival)(const double *p, double x, double t_x, double T, double ahead);

	/*
	 * E[sum of e^(-delta u) over purchases at T + u, 0 < u <= horizon], given
	 * alive at T; horizon may be infinite, delta 0.  Infinite where it diverges.
	 */
	double (*purchases)(const double *p, double x, double t_x, double T, double horizon,
						double delta);

	/* P(exactly n purchases in (T, T + horizon]), given alive at T */
	double (*probability)(const double *p, double x, double t_x, double T, double horizon,
						  double n);

	/* whose scale it is, for covariates: 0 nobody's, 1 of purchases, 2 of dropping out */
	char process[CV_BUYING_PARAMETERS];

	int k;						 /* of the regular, whose future depends on t_x too; else 0 */
	int discrete;				 /* times are whole numbers of opportunities to buy */
	const cv_by_stage *by_stage; /* of the regular, else NULL */
	int together; /* groups that add() takes at a time, for what they share; 0: any */
} cv_buying_family;

extern const cv_buying_family cv_nbd;
extern const cv_buying_family cv_bg_nbd;
extern const cv_buying_family cv_mbg_nbd;
extern const cv_buying_family cv_pareto_nbd;
extern const cv_buying_family cv_bg_cnbd;
extern const cv_buying_family cv_mbg_cnbd;
extern const cv_buying_family cv_bg_bb;

/*
 * P(alive at T), and its complement without cancellation.
 */
extern double
cv_buying_p_alive(const cv_buying_family *family, const double *p, double x, double t_x, double T);
extern double
cv_buying_p_dead(const cv_buying_family *family, const double *p, double x, double t_x, double T);

/* What the families share. */
typedef double (*cv_decay)(double y, void *context);
extern double
cv_discounted_integral(cv_decay decay, void *context, double steepness, double delta, double to);
extern double cv_count_log_probability(double R, double A, double t, double n);

/* Called between chunks of rows; may leave by longjmp. */
typedef void (*cv_interrupt_check)(void);

extern double cv_fit_buying(const cv_buying_family *family, cv_group *group, int n, double penalty,
							cv_interrupt_check check, cv_minimum *minimum);

/* Gamma-Gamma spending (spending.c): x repeat purchases of mean amount m. */
#define CV_SPENDING_PARAMETERS 3

typedef struct cv_spend_group
{
	double x;
	double m;
	double customers;
} cv_spend_group;

extern double cv_gamma_gamma_log_likelihood(const double *p, double x, double m);
extern double cv_gamma_gamma_mean(const double *p, double x, double m);
extern double cv_fit_gamma_gamma(cv_spend_group *group, int n, double penalty,
								 cv_interrupt_check check, cv_minimum *minimum);

#endif
