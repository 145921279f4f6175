/*
 * model_binary.c: the binary form of models.
 */
#include "postgres.h"

#include "clv/model_fault.h"
#include "libpq/pqformat.h"

/* A zeroed model with covariates from their binary form. */
static cv_model *
receive_design(const cv_model_kind *kind, int family, StringInfo buffer)
{
	cv_covariates all;
	const char *fault;
	StringInfoData bytes;
	int count = (int) pq_getmsgint(buffer, 4);
	int i;

	/* a string is a byte at least */
	if (count < 1 || count > buffer->len - buffer->cursor)
		cv_corrupt_binary(kind->type, "The number of covariates is out of range.");
	initStringInfo(&bytes);
	for (i = 0; i < count; i++)
	{
		const char *string = pq_getmsgstring(buffer);

		appendBinaryStringInfo(&bytes, string, strlen(string) + 1);
	}
	fault = cv_model_design_fault(kind, family, bytes.data, bytes.len, &all);
	if (fault)
		cv_corrupt_binary(kind->type, fault);
	return cv_model_with_design(kind, family, 0, bytes.data, bytes.len);
}

/* The covariates: the number of strings in their bytes, and these. */
static void
send_design(StringInfo buffer, const cv_model *model)
{
	const char *end = cv_model_compared(model);
	const char *at;
	int count = 0;

	for (at = cv_model_design(model); at < end; at += strlen(at) + 1)
		count++;
	pq_sendint32(buffer, count);
	for (at = cv_model_design(model); at < end; at += strlen(at) + 1)
		pq_sendstring(buffer, at);
}

/* Of equal models the bytes are equal: fields that the flags do not mean are zero. */
static void
forget_what_is_not_meant(cv_model *model)
{
	if (!(model->header.flags & CV_MODEL_FITTED))
	{
		model->customers = model->iterations = 0;
		model->log_likelihood = model->penalty = model->gradient = 0;
	}
	if (!(model->header.flags & CV_MODEL_COVARIANCE))
		memset(cv_model_covariance(model), 0,
			   sizeof(double) * model->parameters * model->parameters);
}

/* A model from its binary form. */
cv_model *
cv_model_receive(const cv_model_kind *kind, StringInfo buffer)
{
	uint8 flags = cv_receive_begin(buffer, kind->type, cv_model_flags_of(kind));
	int family = pq_getmsgbyte(buffer) - kind->first_number;
	cv_model *model;
	double *covariance;
	const char *compared;
	const char *fault;
	int n;
	int i;
	int j;

	if (family < 0 || family >= kind->families)
		cv_corrupt_binary(kind->type, "The family is unknown.");
	if (flags & CV_MODEL_COVARIATES)
		model = receive_design(kind, family, buffer);
	else
		model = cv_model_new(kind, family, 0, "");
	n = model->parameters;
	covariance = cv_model_covariance(model);
	model->header.flags = flags;
	if (kind->has_unit)
		model->unit_days = pq_getmsgfloat8(buffer);
	if (cv_model_most_k(kind, model) > 0)
		model->k = (int32) pq_getmsgint(buffer, 4);
	for (i = 0; i < n; i++)
		model->parameter[i] = pq_getmsgfloat8(buffer) + 0.0; /* no -0 */
	model->customers = pq_getmsgint64(buffer);
	model->log_likelihood = pq_getmsgfloat8(buffer) + 0.0;
	if (kind->has_penalty)
		model->penalty = pq_getmsgfloat8(buffer) + 0.0;
	model->gradient = pq_getmsgfloat8(buffer) + 0.0;
	model->iterations = pq_getmsgint64(buffer);
	for (i = 0; i < n; i++)
		for (j = 0; j <= i; j++)
			covariance[i * n + j] = covariance[j * n + i] = pq_getmsgfloat8(buffer) + 0.0;
	fault = cv_model_fault(kind, model);
	if (fault == NULL)
		fault = cv_model_fit_fault(model);
	if (fault)
		cv_corrupt_binary(kind->type, fault);
	forget_what_is_not_meant(model);
	if (!kind->has_compared)
		return model;
	compared = pq_getmsgstring(buffer);
	if (compared[0] == '\0')
		return model;
	compared = cv_canonical_json(compared);
	if (compared[0] != '[')
		cv_corrupt_binary(kind->type, "The list of compared families is no array.");
	return flags & CV_MODEL_FITTED ? cv_model_with_compared(model, compared) : model;
}

/* The binary form of a model. */
bytea *
cv_model_send(const cv_model_kind *kind, const cv_model *model)
{
	const double *covariance = cv_model_covariance(model);
	StringInfoData buffer;
	int n = model->parameters;
	int i;
	int j;

	cv_send_begin(&buffer, model->header.flags);
	pq_sendbyte(&buffer, kind->first_number + model->family);
	if (model->header.flags & CV_MODEL_COVARIATES)
		send_design(&buffer, model);
	if (kind->has_unit)
		pq_sendfloat8(&buffer, model->unit_days);
	if (model->k > 0)
		pq_sendint32(&buffer, model->k);
	for (i = 0; i < n; i++)
		pq_sendfloat8(&buffer, model->parameter[i]);
	pq_sendint64(&buffer, model->customers);
	pq_sendfloat8(&buffer, model->log_likelihood);
	if (kind->has_penalty)
		pq_sendfloat8(&buffer, model->penalty);
	pq_sendfloat8(&buffer, model->gradient);
	pq_sendint64(&buffer, model->iterations);
	for (i = 0; i < n; i++)
		for (j = 0; j <= i; j++)
			pq_sendfloat8(&buffer, covariance[i * n + j]);
	if (kind->has_compared)
		pq_sendstring(&buffer, cv_model_compared(model));
	return pq_endtypsend(&buffer);
}
