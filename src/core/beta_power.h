/*
 * beta_power.h: E[(1 + p y)^-R] for p ~ Beta(a, c), Gauss's hypergeometric
 * function 2F1(R, a; a + c; -y) by its other name.
 */
#ifndef CV_CORE_BETA_POWER_H
#define CV_CORE_BETA_POWER_H

#include "core/quadrature.h"

#define CV_BETA_POWER_TERMS 320
#define CV_BETA_POWER_STEP 60

/* Prepared once for (R, a, c), asked for many y. */
typedef struct cv_beta_power
{
	double power; /* R */
	double a;
	double c;
	int terms; /* coefficients known so far; 0 = series unusable */
	int rule_ready;
	double center; /* 1 - z where the expansion near z = 1 stands; 0 = nowhere */
	double expansion[CV_BETA_POWER_STEP];
	double coefficient[CV_BETA_POWER_TERMS];
	cv_beta_rule rule;
} cv_beta_power;

extern void cv_beta_power_init(cv_beta_power *mean, double power, double a, double c);
extern double cv_beta_power_at(cv_beta_power *mean, double y);
extern double cv_beta_power_count(double power, double a, double c, double y);

#endif
