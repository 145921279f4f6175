/*
 * special.h: special functions that libm lacks, in the stable forms that
 * likelihoods of counts and durations need.  Plain C, no PostgreSQL.
 */
#ifndef CV_CORE_SPECIAL_H
#define CV_CORE_SPECIAL_H

extern double cv_lgamma(double z);
extern double cv_digamma(double z);
extern double cv_trigamma(double z);
extern double cv_lgamma_delta(double z, double n);
extern double cv_digamma_delta(double z, double n);
extern double cv_trigamma_delta(double z, double n);
extern double cv_lgamma_modulus_delta(double z, double omega);
extern double cv_log_add_exp(double a, double b);
extern double cv_beta_tail(double x, double a, double b);

#endif
