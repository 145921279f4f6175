/*
 * newton.c: Newton's method with Levenberg's damping on the exact Hessian.
 *
 * The fits of this library have two to six parameters, each evaluation is one
 * pass over the data, and the Hessian costs little more than the gradient; so
 * few iterations count most, and quadratic convergence gives optima to machine
 * precision, which a quasi-Newton library does not.
 */
#include "core/newton.h"

#include <math.h>
#include <string.h>

#include "core/matrix.h"

#define MOST_ITERATIONS 100
#define LONGEST_STEP 2.0	/* parameters are logarithms */
#define GRADIENT_GOAL 1e-12 /* iterate down to here while it helps */
#define GRADIENT_ZERO 1e-8	/* and call this converged */

static double
largest(int n, const double *vector)
{
	double most = 0;
	int i;

	for (i = 0; i < n; i++)
		if (!(fabs(vector[i]) <= most))
			most = fabs(vector[i]);
	return most;
}

/* The largest absolute component, and which it is. */
static double
farthest(int n, const double *vector, int *which)
{
	int i;

	*which = 0;
	for (i = 1; i < n; i++)
		if (fabs(vector[i]) > fabs(vector[*which]))
			*which = i;
	return fabs(vector[*which]);
}

/*
 * Minimises from "start"; a parameter whose absolute value passes "bound" ends
 * the search.  The result says what was reached, never more.
 */
static void
minimise_from(int n, cv_objective objective, void *context, const double *start, double bound,
			  cv_minimum *minimum)
{
	double gradient[CV_MAX_PARAMETERS];
	double trial_gradient[CV_MAX_PARAMETERS];
	double trial_hessian[CV_MAX_PARAMETERS * CV_MAX_PARAMETERS];
	double damped[CV_MAX_PARAMETERS * CV_MAX_PARAMETERS];
	double lower[CV_MAX_PARAMETERS * CV_MAX_PARAMETERS];
	double step[CV_MAX_PARAMETERS];
	double trial[CV_MAX_PARAMETERS];
	double damping = 0;
	double reach;
	int stalled = 0;
	int i;

	memcpy(minimum->theta, start, sizeof(double) * n);
	minimum->iterations = 0;
	minimum->culprit = 0;
	minimum->value = objective(n, minimum->theta, gradient, minimum->hessian, context);
	minimum->gradient = largest(n, gradient);

	while (minimum->iterations < MOST_ITERATIONS && isfinite(minimum->value) &&
		   minimum->gradient > GRADIENT_GOAL)
	{
		double trace = 0;
		double slope = 0;
		double value;
		double longest;

		for (i = 0; i < n; i++)
			trace += fabs(minimum->hessian[i * n + i]) / n;
		if (!(trace > 0) || damping > 1e20 * trace)
			break;
		for (;;)
		{
			memcpy(damped, minimum->hessian, sizeof(double) * n * n);
			for (i = 0; i < n; i++)
				damped[i * n + i] += damping;
			if (cv_cholesky(n, damped, lower) == 0)
				break;
			damping = damping > 0 ? damping * 4 : 1e-4 * trace;
			if (!(damping < 1e20 * trace))
				break;
		}
		if (!(damping < 1e20 * trace))
			break;
		cv_cholesky_solve(n, lower, gradient, step);
		longest = largest(n, step);
		for (i = 0; i < n; i++)
		{
			if (longest > LONGEST_STEP)
				step[i] *= LONGEST_STEP / longest;
			trial[i] = minimum->theta[i] - step[i];
			slope += step[i] * gradient[i];
		}
		minimum->iterations++;
		value = objective(n, trial, trial_gradient, trial_hessian, context);

		/* near the optimum a step's gain drowns in rounding: then the gradient decides */
		if (isfinite(value) && (value <= minimum->value - 1e-4 * slope ||
								(value <= minimum->value + 1e-12 * fabs(minimum->value) &&
								 largest(n, trial_gradient) < minimum->gradient)))
		{
			double before = minimum->gradient;

			memcpy(minimum->theta, trial, sizeof(double) * n);
			memcpy(gradient, trial_gradient, sizeof(double) * n);
			memcpy(minimum->hessian, trial_hessian, sizeof(double) * n * n);
			minimum->value = value;
			minimum->gradient = largest(n, gradient);
			damping = damping > 1e-9 * trace ? damping / 8 : 0;
			stalled = minimum->gradient < GRADIENT_ZERO && minimum->gradient > 0.1 * before
						  ? stalled + 1
						  : 0;
			if (stalled > 1)
				break;
		}
		else
		{
			/* the last digits are reached: nothing better in sight */
			if (minimum->gradient < GRADIENT_ZERO)
				break;
			damping = damping > 0 ? damping * 8 : 1e-4 * trace;
		}
		if (farthest(n, minimum->theta, &minimum->culprit) > bound)
			break;
	}
	reach = farthest(n, minimum->theta, &minimum->culprit);
	if (reach > bound)
		minimum->status = CV_FIT_RUNAWAY;
	else if (!(isfinite(minimum->value) && minimum->gradient < GRADIENT_ZERO))
		/* on the way to nowhere, if too slowly to get there? */
		minimum->status = reach > 0.5 * bound ? CV_FIT_RUNAWAY : CV_FIT_STUCK;
	else if ((i = cv_cholesky(n, minimum->hessian, lower)) != 0)
	{
		minimum->status = CV_FIT_FLAT;
		minimum->culprit = i - 1;
	}
	else
		minimum->status = CV_FIT_CONVERGED;
}

/*
 * Minimises from each of several starts (rows of n numbers) in turn until one
 * converges; tells the best outcome, with the iterations of all.
 */
void
cv_newton_minimise(int n, cv_objective objective, void *context, const double *start, int starts,
				   double bound, cv_minimum *minimum)
{
	cv_minimum trial;
	int iterations = 0;
	int i;

	for (i = 0; i < starts; i++)
	{
		minimise_from(n, objective, context, start + i * n, bound, &trial);
		iterations += trial.iterations;
		if (i == 0 || trial.status < minimum->status)
			*minimum = trial;
		if (trial.status == CV_FIT_CONVERGED)
			break;
	}
	minimum->iterations = iterations;
}
