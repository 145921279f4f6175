/*
 * pareto_nbd.h: what the files of Pareto/NBD share.
 */
#ifndef CV_CORE_PARETO_NBD_H
#define CV_CORE_PARETO_NBD_H

#include "core/buying.h"
#include "core/quadrature.h"

/* Parameters. */
enum
{
	R,
	ALPHA,
	S,
	BETA
};

/* Where and how finely I is to be taken. */
typedef struct cv_death_rule
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
} cv_death_rule;

#define CV_PARETO_GROUPS 8192 /* that cv_pareto_add() takes at a time, for what they share */

extern void
cv_death_rule_init(cv_death_rule *rule, const double *p, double shape, double t_x, double T);
extern void cv_pareto_add(const double *p, const cv_group *group, int n, cv_likelihood *sum);

#endif
