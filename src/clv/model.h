/*
 * model.h: what every fitted model of the topic is as a value, and what a fit says
 * about itself.  Each kind of models (buying, spending, retention) names its
 * families and their parameters; text, binary, checks, warnings, parameters() and
 * goodness() are one mechanism.
 */
#ifndef CV_CLV_MODEL_H
#define CV_CLV_MODEL_H

#include "core/newton.h"
#include "pg/pg.h"

#define CV_MODEL_FITTED 0x01 /* the fields about the fit are meant */
#define CV_MODEL_CONVERGED 0x02
#define CV_MODEL_COVARIANCE 0x04 /* covariance is meant */
#define CV_MODEL_K_CHOSEN 0x08	 /* by the fit, not given */
#define CV_MODEL_COVARIATES 0x10 /* has coefficients of covariates */
#define CV_MODEL_FLAGS                                                                \
	(CV_MODEL_FITTED | CV_MODEL_CONVERGED | CV_MODEL_COVARIANCE | CV_MODEL_K_CHOSEN | \
	 CV_MODEL_COVARIATES)

/* A fit counts in floating point; up to here whole numbers are exact. */
#define CV_MODEL_MOST_CUSTOMERS (INT64CONST(1) << 53)

/* The models of one SQL type. */
typedef struct cv_model_kind
{
	const char *type;
	const char *family_rule; /* a sentence that names the families */
	int families;
	int first_number; /* of the first family on the wire, to tell the types apart */
	const char *(*family)(int family);
	int (*parameters)(int family); /* the family's own, all above 0 */
	const char *(*parameter)(int family, int parameter);
	int (*processes)(int family);		 /* that take covariates; NULL: none ever does */
	const char *(*process)(int process); /* name of one */
	int (*most_k)(int family); /* of the k from 1 that it has, 0 if none; NULL: none has */
	bool has_unit;			   /* times are in a unit that the model carries */
	bool has_penalty;
	bool has_compared;
} cv_model_kind;

/*
 * A model: parameters, and how they were found.  The family's own parameters come
 * first, all above 0; with covariates, the coefficients of each process follow.
 * Behind the parameters stand their covariance (parameters * parameters numbers, zero
 * without CV_MODEL_COVARIANCE), the covariates as bytes (cv_read_covariates()) and
 * what "best" compared, as JSON text, empty without; read them by the functions below.
 */
typedef struct cv_model
{
	cv_header header;
	uint8 family; /* number within the kind */
	uint8 own;	  /* the family's own parameters */
	uint8 padding[2];
	int32 parameters;  /* all */
	int32 k;		   /* of a family that has one, else 0 */
	int32 design_size; /* bytes of covariates */
	double unit_days;  /* of the parameters; 0 in kinds without */
	/* about the fit, zero without one */
	int64 customers; /* used */
	double log_likelihood;
	double penalty;
	double gradient; /* largest, of the mean, in logarithms */
	int64 iterations;
	double parameter[FLEXIBLE_ARRAY_MEMBER];
} cv_model;

/* Of the estimated parameters, row by row: logarithms where cv_model_is_logarithmic(). */
static inline double *
cv_model_covariance(const cv_model *model)
{
	return (double *) model->parameter + model->parameters;
}

/* The covariates as bytes. */
static inline char *
cv_model_design(const cv_model *model)
{
	return (char *) (cv_model_covariance(model) + model->parameters * model->parameters);
}

static inline char *
cv_model_compared(const cv_model *model)
{
	return cv_model_design(model) + model->design_size;
}

/* Whether a parameter is estimated as its logarithm, so that it stays above 0. */
static inline bool
cv_model_is_logarithmic(const cv_model *model, int parameter)
{
	return parameter < model->own;
}

/* The largest k of a model's family, 0 if it has none. */
static inline int
cv_model_most_k(const cv_model_kind *kind, const cv_model *model)
{
	return kind->most_k ? kind->most_k(model->family) : 0;
}

/* ---- model.c ---- */

extern cv_model *
cv_model_new(const cv_model_kind *kind, int family, double unit_days, const char *compared);
extern cv_model *cv_model_with_design(const cv_model_kind *kind, int family, double unit_days,
									  const char *design, int design_size);
extern cv_model *cv_model_with_compared(const cv_model *model, const char *compared);
extern const cv_model *
cv_model_arg(FunctionCallInfo fcinfo, int argument, const cv_model_kind *kind);
extern const char *
cv_model_parameter_name(const cv_model_kind *kind, const cv_model *model, int parameter);

/* ---- model_text.c ---- */

extern cv_model *cv_model_in(const cv_model_kind *kind, char *text);
extern char *cv_model_out(const cv_model_kind *kind, const cv_model *model);

/* ---- model_binary.c ---- */

extern cv_model *cv_model_receive(const cv_model_kind *kind, StringInfo buffer);
extern bytea *cv_model_send(const cv_model_kind *kind, const cv_model *model);

/* The four functions that a type needs. */
#define CV_MODEL_TYPE(name, kind)                                                     \
	PG_FUNCTION_INFO_V1(cv_##name##_in);                                              \
	PG_FUNCTION_INFO_V1(cv_##name##_out);                                             \
	PG_FUNCTION_INFO_V1(cv_##name##_recv);                                            \
	PG_FUNCTION_INFO_V1(cv_##name##_send);                                            \
	Datum cv_##name##_in(PG_FUNCTION_ARGS)                                            \
	{                                                                                 \
		PG_RETURN_POINTER(cv_model_in(kind, PG_GETARG_CSTRING(0)));                   \
	}                                                                                 \
	Datum cv_##name##_out(PG_FUNCTION_ARGS)                                           \
	{                                                                                 \
		PG_RETURN_CSTRING(cv_model_out(kind, cv_model_arg(fcinfo, 0, kind)));         \
	}                                                                                 \
	Datum cv_##name##_recv(PG_FUNCTION_ARGS)                                          \
	{                                                                                 \
		PG_RETURN_POINTER(cv_model_receive(kind, (StringInfo) PG_GETARG_POINTER(0))); \
	}                                                                                 \
	Datum cv_##name##_send(PG_FUNCTION_ARGS)                                          \
	{                                                                                 \
		PG_RETURN_BYTEA_P(cv_model_send(kind, cv_model_arg(fcinfo, 0, kind)));        \
	}

/* ---- fit_result.c ---- */

CV_NORETURN extern void cv_cannot_fit(const char *what, const char *detail, const char *hint);
extern void cv_check_interrupts(void);
extern void cv_model_set_fit(const cv_model_kind *kind, cv_model *model, double customers,
							 double log_likelihood, double penalty, cv_minimum *minimum);
extern void cv_warn_of_fit(const cv_model_kind *kind, const cv_model *model,
						   const cv_minimum *minimum, const char *hint);
extern double cv_model_bic(const cv_model *model);
extern Datum
cv_emit_parameters(FunctionCallInfo fcinfo, const cv_model_kind *kind, const cv_model *model);
extern Datum cv_goodness_row(FunctionCallInfo fcinfo, const cv_model *model);

#endif
