/*
 * survival.c: how long customers stay, when some of them are still there: the
 * product-limit estimate of Kaplan and Meier (1958) and the log-rank test.
 *
 * S(t) is the product of 1 - d/n over the times up to t at which customers were lost: d of
 * the n whose duration is at least that time.  At the same time the lost come before those
 * who were last seen there.  Greenwood's variance is S^2 sum d / (n (n - d)).
 */
#include "postgres.h"

#include <math.h>

#include "core/normal.h"
#include "miscadmin.h"
#include "segment/segment.h"
#include "catalog/pg_type.h"
#include "utils/builtins.h"

PG_FUNCTION_INFO_V1(cv_survival_summary_trans);
PG_FUNCTION_INFO_V1(cv_survival_curve);
PG_FUNCTION_INFO_V1(cv_median_survival);
PG_FUNCTION_INFO_V1(cv_log_rank);

/* An entry of the tally. */
typedef struct survival_time
{
	uint64 duration; /* as an image */
	int64 events;	 /* lost at this time */
	int64 censored;	 /* still there when last seen at this time */
} survival_time;

static const char *check(const cv_tally *tally, const uint64 *entry);

const cv_tally_kind cv_survival_kind = {
	.type = "cv_survival_summary",
	.keys = 1,
	.counts = 2,
	.form = "[[duration, events, censored], ...]",
	.append_key = cv_tally_append_number,
	.read_key = cv_tally_read_number,
	.check = check,
};

CV_TALLY_FUNCTIONS(cv_survival_summary, cv_survival_kind);

/* What is wrong with a time, or NULL. */
static const char *
check(const cv_tally *tally, const uint64 *entry)
{
	const survival_time *time = (const survival_time *) entry;

	if (!cv_tally_is_number(time->duration) || cv_number_of(time->duration) < 0)
		return "A duration is negative or not finite.";
	if (time->events + time->censored == 0)
		return "A duration has no customers.";
	return NULL;
}

/* survival_summary(duration, churned): a row with any NULL is ignored. */
Datum
cv_survival_summary_trans(PG_FUNCTION_ARGS)
{
	cv_tally *tally = cv_tally_state(fcinfo, &cv_survival_kind);
	survival_time *time;
	double duration;
	uint64 key;

	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
		return cv_state_result(fcinfo, tally);
	duration = PG_GETARG_FLOAT8(1);
	if (!(duration >= 0) || isinf(duration))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("duration must be a finite number of at least 0, not %g", duration)));
	if (tally == NULL)
		tally = cv_tally_new(&cv_survival_kind, 0);
	key = cv_number_image(duration);
	time = (survival_time *) cv_tally_find(&cv_survival_kind, &tally, key, key);
	if (PG_GETARG_BOOL(2))
		time->events++;
	else
		time->censored++;
	cv_tally_raise(&cv_survival_kind, tally, 1);
	PG_RETURN_POINTER(tally);
}

typedef enum interval_method
{
	PLAIN_INTERVAL,
	LOG_INTERVAL,
	LOG_LOG_INTERVAL
} interval_method;

static interval_method
method_arg(FunctionCallInfo fcinfo, int argument)
{
	char *name = text_to_cstring(PG_GETARG_TEXT_PP(argument));

	if (strcmp(name, "plain") == 0)
		return PLAIN_INTERVAL;
	if (strcmp(name, "log") == 0)
		return LOG_INTERVAL;
	if (strcmp(name, "log-log") == 0)
		return LOG_LOG_INTERVAL;
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					errmsg("unknown interval method \"%s\"", name),
					errhint("Methods are plain, log and log-log.")));
}

/* An interval of a share in (0, 1), of which "sum" is the variance of the logarithm. */
static void
interval(interval_method method, double survival, double sum, double z, double *low, double *high)
{
	double error = z * sqrt(sum);

	switch (method)
	{
		case PLAIN_INTERVAL:
			*low = Max(0, survival - survival * error);
			*high = Min(1, survival + survival * error);
			break;
		case LOG_INTERVAL:
			*low = survival * exp(-error);
			*high = Min(1, survival * exp(error));
			break;
		case LOG_LOG_INTERVAL:
			*low = pow(survival, exp(-error / log(survival)));
			*high = pow(survival, exp(error / log(survival)));
			break;
	}
}

/* survival_curve(s, confidence, method) */
Datum
cv_survival_curve(PG_FUNCTION_ARGS)
{
	const cv_tally *tally = cv_tally_sorted(fcinfo, 0, &cv_survival_kind);
	const survival_time *time = (const survival_time *) tally->word;
	double confidence = PG_GETARG_FLOAT8(1);
	interval_method method = method_arg(fcinfo, 2);
	int64 at_risk = tally->total;
	double survival = 1;
	double sum = 0;
	double z;
	int64 i;

	if (!(confidence > 0 && confidence < 1))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("confidence must lie between 0 and 1, not %g", confidence)));
	z = cv_normal_quantile(0.5 + confidence / 2);
	InitMaterializedSRF(fcinfo, 0);
	for (i = 0; i < tally->count; i++)
	{
		double events = (double) time[i].events;
		double n = (double) at_risk;
		Datum values[8];
		bool nulls[8] = { false };
		double low = 1;
		double high = 1;

		if (time[i].events > 0)
		{
			survival = time[i].events == at_risk ? 0 : survival * ((n - events) / n);
			sum += events / (n * (n - events));
		}
		/* of a curve that has come down to 0 no error is known */
		nulls[5] = nulls[6] = nulls[7] = survival == 0;
		if (survival > 0 && survival < 1)
			interval(method, survival, sum, z, &low, &high);
		values[0] = Float8GetDatum(cv_number_of(time[i].duration));
		values[1] = Int64GetDatum(at_risk);
		values[2] = Int64GetDatum(time[i].events);
		values[3] = Int64GetDatum(time[i].censored);
		values[4] = Float8GetDatum(survival);
		values[5] = Float8GetDatum(nulls[5] ? 0 : survival * sqrt(sum));
		values[6] = Float8GetDatum(low);
		values[7] = Float8GetDatum(high);
		cv_emit(fcinfo, values, nulls);
		at_risk -= time[i].events + time[i].censored;
		if (i % 4096 == 0)
			CHECK_FOR_INTERRUPTS();
	}
	return (Datum) 0;
}

/*
 * median_survival(s): the first time at which at most half are left; NULL if more are left
 * at the last one.
 */
Datum
cv_median_survival(PG_FUNCTION_ARGS)
{
	const cv_tally *tally = cv_tally_sorted(fcinfo, 0, &cv_survival_kind);
	const survival_time *time = (const survival_time *) tally->word;
	int64 at_risk = tally->total;
	double survival = 1;
	int64 i;

	for (i = 0; i < tally->count; i++)
	{
		survival *= (double) (at_risk - time[i].events) / (double) at_risk;
		/* a half that rounding has left a little above is one */
		if (time[i].events > 0 && survival <= 0.5 + 1e-12)
			PG_RETURN_FLOAT8(cv_number_of(time[i].duration));
		at_risk -= time[i].events + time[i].censored;
	}
	PG_RETURN_NULL();
}

/*
 * log_rank(a, b): are two groups lost alike?  Of d lost among n at a time n_a d / n would
 * be of group a; the differences add up, with hypergeometric variances.
 */
Datum
cv_log_rank(PG_FUNCTION_ARGS)
{
	static const Oid types[2] = { FLOAT8OID, FLOAT8OID };
	const cv_tally *tally[2];
	const survival_time *next[2];
	const survival_time *end[2];
	int64 at_risk[2];
	double difference = 0;
	double variance = 0;
	double chi_square;
	Datum values[2];
	bool nulls[2];
	int g;

	for (g = 0; g < 2; g++)
	{
		tally[g] = cv_tally_sorted(fcinfo, g, &cv_survival_kind);
		next[g] = (const survival_time *) tally[g]->word;
		end[g] = next[g] + tally[g]->count;
		at_risk[g] = tally[g]->total;
	}
	while (next[0] < end[0] && next[1] < end[1])
	{
		uint64 time = Min(next[0]->duration, next[1]->duration);
		double n_a = (double) at_risk[0];
		double n = n_a + (double) at_risk[1];
		double lost = 0;
		double lost_a = 0;

		for (g = 0; g < 2; g++)
			if (next[g]->duration == time)
			{
				lost += (double) next[g]->events;
				if (g == 0)
					lost_a = (double) next[g]->events;
				at_risk[g] -= next[g]->events + next[g]->censored;
				next[g]++;
			}
		difference += lost_a - lost * n_a / n;
		if (n > 1)
			variance += lost * (n_a / n) * (1 - n_a / n) * (n - lost) / (n - 1);
	}
	/* where one group is at its end nothing is compared any more */
	nulls[0] = nulls[1] = !(variance > 0);
	chi_square = nulls[0] ? 0 : difference * difference / variance;
	values[0] = Float8GetDatum(chi_square);
	/* one degree of freedom: the square of a normal deviate */
	values[1] = Float8GetDatum(erfc(sqrt(chi_square / 2)));
	return cv_row(fcinfo, values, nulls, "log_rank", 2, types);
}
