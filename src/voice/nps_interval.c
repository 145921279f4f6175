/*
 * nps_interval.c: how sure a Net Promoter Score is, whether two differ, and how many
 * answers it takes.
 *
 * With the shares p, d and m = p - d, an answer has the variance v = p + d - m^2.
 *
 *   wald           m -+ z sqrt(v / n)
 *   t              m -+ t sqrt(v / (n - 1)), n - 1 degrees of freedom
 *   adjusted-wald  wald with 3/4 promoters, 3/4 detractors, 3/2 passives more (Rocks 2016)
 *   score          all t with |m - t| <= z sqrt(v at t / n) (Tango 1998)
 *
 * With weights wald and t have the linearised standard error sqrt(sum (w (x - m))^2) /
 * sum w (t: times sqrt(n / (n - 1))); the others the weighted shares of Kish's (1965)
 * effective number of answers, (sum w)^2 / sum w^2.  In a finite population of N all have
 * 1 / f^2 times as many answers, f^2 = (N - n) / (N - 1), which makes Wald's standard error
 * f times as large.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "core/normal.h"
#include "utils/builtins.h"
#include "voice/voice.h"

typedef enum nps_method
{
	WALD,
	STUDENT,
	ADJUSTED_WALD,
	SCORE
} nps_method;

PG_FUNCTION_INFO_V1(cv_nps_interval);
PG_FUNCTION_INFO_V1(cv_nps_difference);
PG_FUNCTION_INFO_V1(cv_nps_sample_size);

/* A confidence argument, above 0 and below 1. */
double
cv_confidence_arg(FunctionCallInfo fcinfo, int argument)
{
	double confidence = PG_GETARG_FLOAT8(argument);

	if (!(confidence > 0 && confidence < 1))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("confidence must lie between 0 and 1, both excluded, not %.15g",
							   confidence),
						errhint("95 %% is 0.95.")));
	return confidence;
}

static nps_method
method_arg(FunctionCallInfo fcinfo, int argument, nps_method last)
{
	static const char *const name[] = { "wald", "t", "adjusted-wald", "score" };
	char *wanted = text_to_cstring(PG_GETARG_TEXT_PP(argument));
	int i;

	for (i = 0; i <= (int) last; i++)
		if (strcmp(wanted, name[i]) == 0)
			return (nps_method) i;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("unknown method \"%s\"", wanted),
			 last == SCORE
				 ? errhint("Methods are \"wald\", \"t\", \"adjusted-wald\" and \"score\".")
				 : errhint("Methods are \"wald\", \"t\" and \"adjusted-wald\".")));
}

/* What intervals need of a summary. */
typedef struct nps_figures
{
	int64 responses;
	cv_net_score score;	   /* shares; answers: Kish's effective number */
	double standard_error; /* linearised, as wald has it; on the scale -1..1 */
} nps_figures;

/* False where there is no score. */
static bool
figures_of(const cv_nps_summary *summary, nps_figures *figures)
{
	double weight[CV_NPS_CLASSES];
	double square[CV_NPS_CLASSES];
	double total;
	double m;

	if (!cv_nps_weights(summary, weight, square))
		return false;
	total = weight[CV_DETRACTORS] + weight[CV_PASSIVES] + weight[CV_PROMOTERS];
	figures->responses = cv_nps_responses(summary);
	figures->score.promoters = weight[CV_PROMOTERS] / total;
	figures->score.detractors = weight[CV_DETRACTORS] / total;
	if (!(summary->header.flags & CV_NPS_WEIGHTED))
	{
		figures->score.answers = total;
		figures->standard_error = sqrt(cv_net_score_variance(&figures->score) / total);
		return true;
	}
	figures->score.answers = total / (square[CV_DETRACTORS] / total + square[CV_PASSIVES] / total +
									  square[CV_PROMOTERS] / total);
	m = figures->score.promoters - figures->score.detractors;
	figures->standard_error =
		sqrt(square[CV_PROMOTERS] * (1 - m) * (1 - m) + square[CV_PASSIVES] * m * m +
			 square[CV_DETRACTORS] * (1 + m) * (1 + m)) /
		total;
	return true;
}

/* f^2 of a finite population, 1 of an infinite one; 0 where all have answered. */
static double
population_factor(FunctionCallInfo fcinfo, int argument, int64 responses)
{
	int64 population;

	if (PG_ARGISNULL(argument))
		return 1;
	population = PG_GETARG_INT64(argument);
	if (population < responses)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("population %lld is smaller than the number of responses, %lld",
							   (long long) population, (long long) responses),
						errdetail("It is the number of all customers that could have answered."),
						errhint("NULL, the default, stands for an infinite population.")));
	if (population == responses)
		return 0;
	return (double) (population - responses) / (double) (population - 1);
}

/* nps_interval(summary, confidence, method, population): low and high. */
Datum
cv_nps_interval(PG_FUNCTION_ARGS)
{
	static const Oid types[] = { FLOAT8OID, FLOAT8OID };
	Datum values[2];
	bool nulls[2] = { false, false };
	nps_figures figures;
	nps_method method;
	double tail;
	double z;
	double m;
	double factor;
	double low;
	double high;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1) || PG_ARGISNULL(2))
		PG_RETURN_NULL();
	tail = (1 - cv_confidence_arg(fcinfo, 1)) / 2;
	method = method_arg(fcinfo, 2, SCORE);
	if (!figures_of(cv_nps_arg(fcinfo, 0), &figures))
		PG_RETURN_NULL();
	factor = population_factor(fcinfo, 3, figures.responses);
	m = figures.score.promoters - figures.score.detractors;
	z = -cv_normal_quantile(tail);
	if (method == STUDENT)
	{
		double freedom = (double) figures.responses - 1;

		/* one answer says nothing about its variance */
		if (freedom == 0)
			PG_RETURN_NULL();
		z = -cv_student_quantile(tail, freedom) * sqrt(1 + 1 / freedom);
	}
	if (method == WALD || method == STUDENT)
	{
		low = m - z * figures.standard_error * sqrt(factor);
		high = m + z * figures.standard_error * sqrt(factor);
	}
	else
	{
		cv_net_score score = figures.score;

		score.answers /= factor;
		if (method == SCORE)
		{
			low = cv_net_score_limit(&score, z, false);
			high = cv_net_score_limit(&score, z, true);
		}
		else
		{
			double reach;

			score = cv_net_score_adjusted(&score);
			m = score.promoters - score.detractors;
			reach = z * sqrt(cv_net_score_variance(&score) / score.answers);
			low = Max(-1, m - reach);
			high = Min(1, m + reach);
		}
	}
	values[0] = Float8GetDatum(100 * low);
	values[1] = Float8GetDatum(100 * high);
	return cv_row(fcinfo, values, nulls, "nps_interval", 2, types);
}

/* nps_difference(a, b, confidence, method): is the score of a above that of b? */
Datum
cv_nps_difference(PG_FUNCTION_ARGS)
{
	static const Oid types[] = { FLOAT8OID, FLOAT8OID, FLOAT8OID, FLOAT8OID, FLOAT8OID };
	Datum values[5] = { 0 };
	bool nulls[5] = { false, true, true, true, true };
	double tail = (1 - cv_confidence_arg(fcinfo, 2)) / 2;
	nps_method method = method_arg(fcinfo, 3, ADJUSTED_WALD);
	nps_figures figures[2];
	double m[2];
	double variance[2]; /* of the scores */
	double error;
	double difference;
	double freedom = INFINITY;
	double quantile;
	double p_value;
	int i;

	for (i = 0; i < 2; i++)
		if (!figures_of(cv_nps_arg(fcinfo, i), &figures[i]))
			PG_RETURN_NULL();
	for (i = 0; i < 2; i++)
	{
		cv_net_score *score = &figures[i].score;

		m[i] = score->promoters - score->detractors;
		variance[i] = figures[i].standard_error * figures[i].standard_error;
		if (method == STUDENT)
			variance[i] *= (double) figures[i].responses / ((double) figures[i].responses - 1);
	}
	values[0] = Float8GetDatum(100 * (m[0] - m[1]));
	/* one answer says nothing about its variance */
	if (method == STUDENT && (figures[0].responses == 1 || figures[1].responses == 1))
		return cv_row(fcinfo, values, nulls, "nps_difference", 5, types);
	if (method == ADJUSTED_WALD)
		for (i = 0; i < 2; i++)
		{
			cv_net_score adjusted = cv_net_score_adjusted(&figures[i].score);

			m[i] = adjusted.promoters - adjusted.detractors;
			variance[i] = cv_net_score_variance(&adjusted) / adjusted.answers;
		}
	difference = m[0] - m[1];
	error = sqrt(variance[0] + variance[1]);
	if (method == STUDENT && error > 0)
	{
		/* Welch (1947) and Satterthwaite (1946) */
		double share = variance[0] / (variance[0] + variance[1]);

		freedom = 1 / (share * share / ((double) figures[0].responses - 1) +
					   (1 - share) * (1 - share) / ((double) figures[1].responses - 1));
	}
	quantile = -cv_student_quantile(tail, freedom);
	if (error > 0)
		p_value = 2 * cv_student_tail(fabs(difference) / error, freedom);
	else
		p_value = difference == 0 ? 1 : 0;
	values[1] = Float8GetDatum(100 * error);
	values[2] = Float8GetDatum(100 * (difference - quantile * error));
	values[3] = Float8GetDatum(100 * (difference + quantile * error));
	if (method == ADJUSTED_WALD)
	{
		values[2] = Float8GetDatum(100 * Max(-2, difference - quantile * error));
		values[3] = Float8GetDatum(100 * Min(2, difference + quantile * error));
	}
	values[4] = Float8GetDatum(p_value);
	memset(nulls, 0, sizeof(nulls));
	return cv_row(fcinfo, values, nulls, "nps_difference", 5, types);
}

/*
 * nps_sample_size(margin, confidence, variance, population): answers for an interval of
 * +- margin points: n0 = z^2 v / margin^2, n = n0 / (1 + (n0 - 1) / N), rounded up.
 */
Datum
cv_nps_sample_size(PG_FUNCTION_ARGS)
{
	double margin;
	double z;
	double variance;
	double answers;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1) || PG_ARGISNULL(2))
		PG_RETURN_NULL();
	margin = PG_GETARG_FLOAT8(0);
	if (!(margin > 0 && margin <= 200))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("margin must be above 0 and at most 200, not %.15g", margin),
						errdetail("It is in points of the score, which runs from -100 to 100.")));
	z = -cv_normal_quantile((1 - cv_confidence_arg(fcinfo, 1)) / 2);
	variance = cv_check_range("variance", PG_GETARG_FLOAT8(2), 0, 1);
	answers = z / (margin / 100) * (z / (margin / 100)) * variance;
	if (!PG_ARGISNULL(3))
	{
		int64 population = PG_GETARG_INT64(3);

		if (population < 1)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("population must be at least 1, not %lld", (long long) population),
					 errhint("NULL, the default, stands for an infinite population.")));
		if (answers > 1)
			answers = 1 / (1 / answers + (1 - 1 / answers) / (double) population);
		if (answers >= (double) population)
			PG_RETURN_INT64(population);
	}
	answers = Max(1, ceil(answers));
	if (!(answers < 9.2e18))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("a margin of %.15g points takes more answers than there can be", margin)));
	PG_RETURN_INT64((int64) answers);
}
