/*
 * predictor.c: keeps what a call site computed.
 *
 * Given that a customer is alive, the future mostly depends on (x, T) only, and a
 * million customers share some thousand pairs.  So a call site keeps the model
 * it was called with last, and the answers for the pairs met so far.  P(alive)
 * needs t_x too; the last one is kept with the pair, which serves all customers
 * without repeat purchases.  The future of regular buyers depends on t_x as well, but only
 * by the chances of the stages to their next purchase: the answers for the stages, which
 * are most of the work, are kept with the pair, and their mean is taken for each customer.
 * Covariates count by what they make of the scales.
 */
#include "postgres.h"

#include "clv/predictor.h"
#include "utils/memutils.h"

#define MEMO_SMALLEST 1024 /* slots, powers of two */
#define MEMO_LARGEST 65536
#define MEMO_ROOM (16 * 1024 * 1024) /* bytes, which many stages fill earlier */
#define MEMO_TRIES 16
#define CACHE_LINE 64

/* A copy of a value for as long as the call site lives; old room is used again. */
static struct varlena *
keep(FunctionCallInfo fcinfo, struct varlena *old, Size *room, const struct varlena *value,
	 Size size)
{
	if (old && *room >= size)
	{
		memcpy(old, value, size);
		return old;
	}
	if (old)
		pfree(old);
	*room = size + 64;
	return memcpy(MemoryContextAlloc(fcinfo->flinfo->fn_mcxt, *room), value, size);
}

/* Makes the predictor one for customers with these covariates. */
static void
set_covariates(FunctionCallInfo fcinfo, cv_predictor *self, int argument)
{
	struct varlena *raw;
	Size size;

	if (PG_NARGS() <= argument || PG_ARGISNULL(argument))
	{
		if (self->fitted)
			cv_customer_parameters(self->fitted, self->fitted->parameter, NULL, self->parameter);
		return;
	}
	raw = (struct varlena *) DatumGetPointer(PG_GETARG_DATUM(argument));
	size = VARATT_IS_EXTERNAL(raw) ? 0 : VARSIZE_ANY(raw);
	if (size > 0 && size == self->known_size && memcmp(raw, self->known, size) == 0)
		return;
	self->known_size = 0;
	if (self->fitted)
		cv_customer_parameters(self->fitted, self->fitted->parameter, PG_GETARG_JSONB_P(argument),
							   self->parameter);
	else
	{
		cv_covariates none = { 0 };

		cv_covariate_row(&none, PG_GETARG_JSONB_P(argument), NULL);
	}
	if (size > 0)
	{
		self->known = keep(fcinfo, self->known, &self->known_room, raw, size);
		self->known_size = size;
	}
}

static void
memo_free(const cv_predictor *self)
{
	if (self->memo)
		pfree(self->memo_bytes);
	if (self->of_stage)
		pfree(self->of_stage);
}

/* Forgets the answers; where those of another number of stages are kept, their room too. */
static void
memo_forget(cv_predictor *self, int stages)
{
	if (stages != self->stages)
	{
		memo_free(self);
		self->memo = NULL;
		self->of_stage = NULL;
		self->memo_size = 0;
		self->stages = stages;
	}
	self->generation++;
	self->memo_used = 0;
}

static cv_predictor *
predictor_for_model(FunctionCallInfo fcinfo)
{
	cv_predictor *self = fcinfo->flinfo->fn_extra;
	struct varlena *raw = (struct varlena *) DatumGetPointer(PG_GETARG_DATUM(0));
	const cv_model *model;
	MemoryContext caller;

	/* a large model may stand out of line */
	if (VARATT_IS_EXTERNAL(raw))
		raw = PG_DETOAST_DATUM(PG_GETARG_DATUM(0));
	if (self && VARSIZE_ANY(raw) == self->model_size &&
		memcmp(raw, self->model, self->model_size) == 0)
		return self;

	model = cv_model_arg(fcinfo, 0, &cv_buying_models);
	caller = MemoryContextSwitchTo(fcinfo->flinfo->fn_mcxt);
	if (self == NULL)
	{
		self = palloc0(sizeof(cv_predictor));
		fcinfo->flinfo->fn_extra = self;
	}
	else if (self->model)
	{
		pfree(self->model);
		self->model = NULL;
	}
	self->family = cv_buying_family_of(model->family);
	cv_buying_numbers(model, self->parameter);
	self->unit_days = model->unit_days;
	self->known_size = 0;
	if (self->fitted)
		pfree((void *) self->fitted);
	self->fitted = NULL;
	self->target[0] = self->target[1] = 0;
	if (model->header.flags & CV_MODEL_COVARIATES)
	{
		int i;

		self->fitted = memcpy(palloc(VARSIZE(model)), model, VARSIZE(model));
		for (i = 0; i < cv_covariate_processes(self->family); i++)
			self->target[i] = cv_covariate_target(self->family, i);
	}
	memo_forget(self, self->family->by_stage ? (int) self->parameter[CV_BUYING_K] : 0);
	self->model_size = VARSIZE_ANY(raw);
	self->model = memcpy(palloc(self->model_size), raw, self->model_size);
	MemoryContextSwitchTo(caller);
	return self;
}

static inline bool
is_for(const cv_answer *answer, double x, double T, const double *scale)
{
	return answer->x == x && answer->T == T && answer->scale[0] == scale[0] &&
		   answer->scale[1] == scale[1];
}

/*
 * The predictor of this call site, for the model that is argument 0 and the covariates
 * that are the argument of the number given, if there is one.
 */
cv_predictor *
cv_predictor_for(FunctionCallInfo fcinfo, int covariates)
{
	cv_predictor *self = predictor_for_model(fcinfo);

	if (self->fitted || (covariates < PG_NARGS() && !PG_ARGISNULL(covariates)))
		set_covariates(fcinfo, self, covariates);
	return self;
}

/*
 * The parameters of the spending model that is the argument of the number given; it is
 * checked when it is another one than the last time.
 */
const double *
cv_predictor_spending(FunctionCallInfo fcinfo, cv_predictor *self, int argument)
{
	struct varlena *raw = (struct varlena *) DatumGetPointer(PG_GETARG_DATUM(argument));
	Size size = VARATT_IS_EXTERNAL(raw) ? 0 : VARSIZE_ANY(raw);
	const cv_model *model;

	if (size > 0 && size == self->spending_size && memcmp(raw, self->spending, size) == 0)
		return self->spending_parameter;
	self->spending_size = 0;
	model = cv_model_arg(fcinfo, argument, &cv_spending_models);
	memcpy(self->spending_parameter, model->parameter, sizeof(self->spending_parameter));
	if (size > 0)
	{
		self->spending = keep(fcinfo, self->spending, &self->spending_room, raw, size);
		self->spending_size = size;
	}
	return self->spending_parameter;
}

/* Where (x, T, scales) is in the memo, or the free slot where it belongs. */
static cv_answer *
memo_slot(cv_predictor *self, double x, double T, const double *scale)
{
	uint64 bits[4];
	uint64 hash;
	int tries;
	cv_answer *answer = NULL;

	memcpy(&bits[0], &x, sizeof(double));
	memcpy(&bits[1], &T, sizeof(double));
	hash = (bits[0] ^ (bits[1] >> 7)) * UINT64CONST(0x9e3779b97f4a7c15);
	hash = (hash ^ (hash >> 32) ^ bits[1]) * UINT64CONST(0xff51afd7ed558ccd);
	if (self->fitted)
	{
		memcpy(&bits[2], scale, 2 * sizeof(double));
		hash = cv_mix(hash ^ bits[2]);
		hash = cv_mix(hash ^ bits[3]);
	}
	hash >>= 40;
	for (tries = 0; tries < MEMO_TRIES; tries++)
	{
		answer = &self->memo[(hash + tries) & (self->memo_size - 1)];
		if (answer->generation != self->generation || is_for(answer, x, T, scale))
			break;
	}
	/* where it is crowded the last one gives way */
	return answer;
}

/* The answers by stage that belong to a slot. */
static inline double *
of_stage(const cv_predictor *self, const cv_answer *answer)
{
	return self->of_stage + (answer - self->memo) * self->stages;
}

/* Doubles the memo. */
static void
memo_grow(FunctionCallInfo fcinfo, cv_predictor *self)
{
	MemoryContext context = fcinfo->flinfo->fn_mcxt;
	cv_predictor old = *self;
	int i;

	self->memo_size = old.memo ? old.memo_size * 2 : MEMO_SMALLEST;
	/* an answer has the size of a cache line, and is to take no more than one */
	self->memo_bytes =
		MemoryContextAllocZero(context, self->memo_size * sizeof(cv_answer) + CACHE_LINE);
	self->memo = (cv_answer *) TYPEALIGN(CACHE_LINE, self->memo_bytes);
	if (self->stages > 0)
		self->of_stage =
			MemoryContextAlloc(context, sizeof(double) * self->memo_size * self->stages);
	for (i = 0; i < old.memo_size; i++)
		if (old.memo[i].generation == self->generation)
		{
			cv_answer *slot = memo_slot(self, old.memo[i].x, old.memo[i].T, old.memo[i].scale);

			*slot = old.memo[i];
			if (self->stages > 0)
				memcpy(of_stage(self, slot), of_stage(&old, &old.memo[i]),
					   sizeof(double) * self->stages);
		}
	memo_free(&old);
}

/* Is there a larger memo to be had? */
static inline bool
memo_may_grow(const cv_predictor *self)
{
	return self->memo_size < MEMO_LARGEST &&
		   2 * self->memo_size * (sizeof(cv_answer) + sizeof(double) * self->stages) <= MEMO_ROOM;
}

/* The answer to a question about a customer: P(alive), and the value if alive. */
const cv_answer *
cv_predict(FunctionCallInfo fcinfo, cv_predictor *self, const cv_history *history,
		   const cv_question *question)
{
	double x = history->frequency;
	double t_x = history->recency / self->unit_days;
	double T = history->age / self->unit_days;
	double scale[2] = { self->parameter[self->target[0]], self->parameter[self->target[1]] };
	cv_answer *answer;
	double *stages;
	bool known;

	if (self->family->discrete)
		cv_whole_opportunities(self->unit_days, x, history->recency, history->age, &t_x, &T);
	if (self->question.future != question->future || self->question.horizon != question->horizon ||
		self->question.delta != question->delta || self->question.purchases != question->purchases)
	{
		self->question = *question;
		memo_forget(self, self->stages);
	}
	if (self->memo_used * 2 >= self->memo_size && memo_may_grow(self))
		memo_grow(fcinfo, self);
	answer = memo_slot(self, x, T, scale);
	stages = self->stages > 0 ? of_stage(self, answer) : NULL;
	known = answer->generation == self->generation && is_for(answer, x, T, scale);
	if (!known)
	{
		self->memo_used += answer->generation != self->generation;
		answer->generation = 0; /* until it is complete */
		answer->x = x;
		answer->T = T;
		answer->scale[0] = scale[0];
		answer->scale[1] = scale[1];
		question->future(self, x, t_x, T, stages ? stages : &answer->value);
	}
	if (!known || answer->t_x != t_x)
	{
		answer->t_x = t_x;
		answer->alive = cv_buying_p_alive(self->family, self->parameter, x, t_x, T);
		if (stages)
			answer->value = self->family->by_stage->mean(self->parameter, x, t_x, T, stages);
	}
	answer->generation = self->generation;
	return answer;
}
