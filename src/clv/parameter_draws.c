/*
 * parameter_draws.c: parameter_draws(), models as likely as the fitted one.
 *
 * The fit's parameters are asymptotically normal, on the scale on which they were
 * estimated: parameters + L z, L L' their covariance (Cholesky), z standard normal.
 * For parameters above 0 that scale is the logarithm.
 */
#include "postgres.h"

#include <math.h>

#include "clv/clv.h"
#include "clv/retention.h"
#include "core/matrix.h"
#include "core/random.h"
#include "miscadmin.h"
#include "utils/builtins.h"

PG_FUNCTION_INFO_V1(cv_buying_parameter_draws);
PG_FUNCTION_INFO_V1(cv_spending_parameter_draws);
PG_FUNCTION_INFO_V1(cv_retention_parameter_draws);

/* rows (draw, name, value); the streams of different kinds of models differ */
static Datum
emit_draws(FunctionCallInfo fcinfo, const cv_model_kind *kind)
{
	const cv_model *model = cv_model_arg(fcinfo, 0, kind);
	int32 draws = PG_GETARG_INT32(1);
	uint64 seed = (uint64) PG_GETARG_INT64(2);
	uint64 stream = 0;
	int n = model->parameters;
	double lower[CV_MAX_PARAMETERS * CV_MAX_PARAMETERS];
	Datum name[CV_MAX_PARAMETERS];
	const char *letter;
	int32 draw;
	int i;
	int j;

	if (draws < 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("draws must be at least 0, not %d", draws)));
	if (!(model->header.flags & CV_MODEL_COVARIANCE))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the model has no covariance of its parameters"),
				 errdetail("Its parameters were typed in, or its fit did not converge."),
				 errhint("Fit it to data; parameters(model) shows a standard_error if it can.")));
	if (cv_cholesky(n, cv_model_covariance(model), lower) != 0)
		ereport(ERROR, (errcode(ERRCODE_DATA_EXCEPTION),
						errmsg("the covariance of the model's parameters is not positive definite"),
						errhint("Fit the model to data.")));
	InitMaterializedSRF(fcinfo, 0);
	for (letter = kind->type; *letter; letter++)
		stream = cv_random_stream(stream, (uint64) *letter);
	for (i = 0; i < n; i++)
		name[i] = CStringGetTextDatum(cv_model_parameter_name(kind, model, i));
	for (draw = 1; draw <= draws; draw++)
	{
		cv_random random;
		double z[CV_MAX_PARAMETERS];

		cv_random_seed(&random, seed, cv_random_stream(stream, (uint64) draw));
		if (draw % 1024 == 0)
			CHECK_FOR_INTERRUPTS();
		for (i = 0; i < n; i++)
		{
			Datum values[3];
			bool nulls[3] = { false, false, false };
			double away = 0;

			z[i] = cv_random_normal(&random);
			for (j = 0; j <= i; j++)
				away += lower[i * n + j] * z[j];
			values[0] = Int32GetDatum(draw);
			values[1] = name[i];
			values[2] =
				Float8GetDatum(cv_model_is_logarithmic(model, i) ? model->parameter[i] * exp(away)
																 : model->parameter[i] + away);
			cv_emit(fcinfo, values, nulls);
		}
	}
	return (Datum) 0;
}

Datum
cv_buying_parameter_draws(PG_FUNCTION_ARGS)
{
	return emit_draws(fcinfo, &cv_buying_models);
}

Datum
cv_spending_parameter_draws(PG_FUNCTION_ARGS)
{
	return emit_draws(fcinfo, &cv_spending_models);
}

Datum
cv_retention_parameter_draws(PG_FUNCTION_ARGS)
{
	return emit_draws(fcinfo, &cv_retention_models);
}
