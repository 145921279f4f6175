/*
 * quadrature.h: Gauss-Legendre rules and expectations over a beta variable.
 */
#ifndef CV_CORE_QUADRATURE_H
#define CV_CORE_QUADRATURE_H

/* An n-point Gauss-Legendre rule on [0, 1]. */
typedef struct cv_legendre
{
	int n;
	const double *node;
	const double *weight;
} cv_legendre;

extern cv_legendre cv_legendre_rule(int n);

typedef double (*cv_integrand)(double u, const void *context);
extern double cv_integrate_panels(cv_integrand f, const void *context, double from, double to,
								  double longest, int n);

/*
 * A rule for E[g(p)], p ~ Beta(a, c): nodes, weights, and what is needed to
 * take an end point out where the weight falls too slowly towards it.
 */
#define CV_BETA_RULE_SIZE 2048

typedef struct cv_beta_rule
{
	double a;
	double c;
	int at_zero; /* g(0) is subtracted, */
	int at_one;	 /* g(1) is */
	int n;
	double p[CV_BETA_RULE_SIZE];
	double q[CV_BETA_RULE_SIZE]; /* 1 - p, without cancellation */
	double weight[CV_BETA_RULE_SIZE];
} cv_beta_rule;

extern double cv_logit_step(double left, double other, double right);
extern void cv_beta_rule_init(cv_beta_rule *rule, double a, double c, double steepness);
extern double cv_beta_rule_mean(const cv_beta_rule *rule, cv_integrand g, const void *context);

/* Several functions of p at a time. */
#define CV_BETA_RULE_MEANS 100

typedef void (*cv_integrands)(double p, const void *context, double *value);
extern void cv_beta_rule_means(const cv_beta_rule *rule, cv_integrands g, const void *context,
							   int n, double *mean);

#endif
