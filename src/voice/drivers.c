/*
 * drivers.c: which drivers explain an outcome, and how much each: R squared of the least
 * squares regression on all of them, divided by LMG or by Johnson's relative weights.
 */
#include "postgres.h"

#include <math.h>

#include "core/relative_importance.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "voice/drivers.h"

/* LMG up to here where the caller does not choose. */
#define LMG_BY_DEFAULT 12

/* What rounding can add to an R squared of 1. */
#define ROUNDING 1e-9

PG_FUNCTION_INFO_V1(cv_drivers);
PG_FUNCTION_INFO_V1(cv_driver_r_squared);

typedef struct regression
{
	int drivers;
	const char *name[CV_MOST_DRIVERS];
	double *correlation; /* of the drivers */
	double *outcome;	 /* their correlations with the outcome */
	double r_squared;
} regression;

static void
check_interrupts(void)
{
	CHECK_FOR_INTERRUPTS();
}

/* Driver k is a combination of those before it. */
CV_NORETURN static void
collinear(const regression *fit, int k, const double *combination)
{
	StringInfoData others;
	int i;

	initStringInfo(&others);
	for (i = 0; i < k; i++)
		if (fabs(combination[i]) > 1e-4)
			appendStringInfo(&others, "%s\"%s\"", others.len > 0 ? ", " : "", fit->name[i]);
	ereport(ERROR, (errcode(ERRCODE_DATA_EXCEPTION),
					errmsg("driver \"%s\" is a linear combination of other drivers", fit->name[k]),
					errdetail("It can be computed from %s, so their effects cannot be told apart.",
							  others.data),
					errhint("Leave one of them out.")));
}

static regression
fit_regression(const cv_driver_summary *summary)
{
	regression fit;
	int p = summary->drivers;
	int k = p + 1;
	const char *names = CV_DRIVER_NAMES(summary);
	double *matrix = palloc(sizeof(double) * k * k);
	double *lower = palloc(sizeof(double) * p * p);
	double *combination = palloc0(sizeof(double) * p);
	int fault;
	int i;
	int j;

	fit.drivers = p;
	for (i = 0; i < p; i++)
	{
		fit.name[i] = names;
		names += strlen(names) + 1;
	}
	if (summary->responses < p + 2)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("%lld complete responses are too few for %d drivers",
						(long long) summary->responses, p),
				 errhint("At least %d are needed, and many more for a reliable answer.", p + 2)));
	cv_moments_centred(summary->moment, k, summary->responses, matrix);
	if (cv_moments_is_constant(summary->moment, k, 0, summary->responses, matrix))
		ereport(ERROR, (errcode(ERRCODE_DATA_EXCEPTION),
						errmsg("the outcome is the same in all responses"),
						errdetail("Nothing can drive what does not vary.")));
	for (i = 1; i < k; i++)
		if (cv_moments_is_constant(summary->moment, k, i, summary->responses, matrix))
			ereport(ERROR,
					(errcode(ERRCODE_DATA_EXCEPTION),
					 errmsg("driver \"%s\" is the same in all responses", fit.name[i - 1]),
					 errdetail("What does not vary drives nothing."), errhint("Leave it out.")));
	fit.correlation = palloc(sizeof(double) * p * p);
	fit.outcome = palloc(sizeof(double) * p);
	for (i = 1; i < k; i++)
	{
		double deviation = sqrt(matrix[i * k + i]);

		fit.outcome[i - 1] = matrix[i] / sqrt(matrix[0]) / deviation;
		for (j = 1; j < k; j++)
			fit.correlation[(i - 1) * p + j - 1] =
				i == j ? 1 : matrix[i * k + j] / sqrt(matrix[j * k + j]) / deviation;
	}
	fault = cv_r_squared(p, fit.correlation, fit.outcome, lower, combination, &fit.r_squared);
	if (fault)
		collinear(&fit, fault - 1, combination);
	if (!(fit.r_squared <= 1 + ROUNDING))
		cv_corrupt_binary(cv_driver_summary_type, "The moments contradict each other.");
	fit.r_squared = Min(1, fit.r_squared);
	return fit;
}

/* Whether to use LMG. */
static bool
lmg_wanted(FunctionCallInfo fcinfo, int argument, int drivers)
{
	char *method;

	if (PG_ARGISNULL(argument))
		return drivers <= LMG_BY_DEFAULT;
	method = text_to_cstring(PG_GETARG_TEXT_PP(argument));
	if (strcmp(method, "johnson") == 0)
		return false;
	if (strcmp(method, "lmg") != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("unknown method \"%s\"", method),
				 errhint("Methods are \"lmg\" and \"johnson\"; NULL, the default, is lmg up to %d "
						 "drivers.",
						 LMG_BY_DEFAULT)));
	if (drivers > CV_LMG_DRIVERS)
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
						errmsg("%d drivers are too many for method \"lmg\"", drivers),
						errdetail("It looks at all subsets and takes at most %d.", CV_LMG_DRIVERS),
						errhint("Use the method \"johnson\".")));
	return true;
}

/* Order of the result: largest weight first. */
typedef struct driver_weight
{
	double weight;
	const char *name;
} driver_weight;

static int
compare_weights(const void *left, const void *right)
{
	const driver_weight *a = left;
	const driver_weight *b = right;

	if (a->weight != b->weight)
		return a->weight > b->weight ? -1 : 1;
	return strcmp(a->name, b->name);
}

/* drivers(summary, method): rows (driver, weight, share). */
Datum
cv_drivers(PG_FUNCTION_ARGS)
{
	bool nulls[3] = { false, false, false };
	driver_weight *result;
	regression fit;
	double *weight;
	double *scratch;
	bool lmg;
	Size size;
	int p;
	int i;

	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(0))
		return (Datum) 0;
	fit = fit_regression(cv_driver_arg(fcinfo, 0));
	p = fit.drivers;
	lmg = lmg_wanted(fcinfo, 1, p);
	size = (lmg ? cv_lmg_scratch(p) : cv_johnson_scratch(p)) * sizeof(double);
	scratch = palloc(size);
	weight = palloc(sizeof(double) * p);
	if (lmg)
		cv_lmg(p, fit.correlation, fit.outcome, weight, scratch, check_interrupts);
	else if (!cv_johnson(p, fit.correlation, fit.outcome, weight, scratch, check_interrupts))
		ereport(ERROR, (errcode(ERRCODE_DATA_EXCEPTION),
						errmsg("the drivers are too close to linear combinations of each other"),
						errhint("Leave some of them out.")));
	result = palloc(sizeof(driver_weight) * p);
	for (i = 0; i < p; i++)
	{
		result[i].weight = weight[i];
		result[i].name = fit.name[i];
	}
	qsort(result, p, sizeof(driver_weight), compare_weights);
	nulls[2] = !(fit.r_squared > 0);
	for (i = 0; i < p; i++)
	{
		Datum values[3];

		values[0] = CStringGetTextDatum(result[i].name);
		values[1] = Float8GetDatum(result[i].weight);
		values[2] = Float8GetDatum(nulls[2] ? 0 : result[i].weight / fit.r_squared);
		cv_emit(fcinfo, values, nulls);
	}
	return (Datum) 0;
}

/* r_squared(summary): of the regression on all drivers. */
Datum
cv_driver_r_squared(PG_FUNCTION_ARGS)
{
	PG_RETURN_FLOAT8(fit_regression(cv_driver_arg(fcinfo, 0)).r_squared);
}
