/*
 * newton.h: minimisation of a smooth function of a few unbounded parameters.
 */
#ifndef CV_CORE_NEWTON_H
#define CV_CORE_NEWTON_H

#define CV_MAX_PARAMETERS 64

/*
 * Gives the value at theta and fills gradient (n) and Hessian (n * n); not
 * finite means "not here".  It may leave by longjmp: the minimiser owns nothing.
 */
typedef double (*cv_objective)(int n, const double *theta, double *gradient, double *hessian,
							   void *context);

typedef enum cv_fit_status
{
	CV_FIT_CONVERGED, /* gradient vanishes, Hessian positive definite */
	CV_FIT_STUCK,	  /* no step improves, gradient not small */
	CV_FIT_FLAT,	  /* gradient vanishes, Hessian is not positive definite */
	CV_FIT_RUNAWAY	  /* a parameter passed its bound */
} cv_fit_status;

typedef struct cv_minimum
{
	cv_fit_status status;
	int iterations;
	int culprit; /* RUNAWAY, FLAT: which parameter */
	double value;
	double gradient; /* largest absolute component */
	double theta[CV_MAX_PARAMETERS];
	double hessian[CV_MAX_PARAMETERS * CV_MAX_PARAMETERS];
} cv_minimum;

extern void cv_newton_minimise(int n, cv_objective objective, void *context, const double *start,
							   int starts, double bound, cv_minimum *minimum);

#endif
