/*
 * predictor.c: keeps what a call site computed.
 *
 * Given that a customer is alive, the future depends on (x, T) only, and a
 * million customers share some thousand pairs.  So a call site keeps the model
 * it was called with last, and the answers for the pairs met so far.  P(alive)
 * needs t_x too; the last one is kept with the pair, which serves all customers
 * without repeat purchases.
 */
#include "postgres.h"

#include "clv/predictor.h"
#include "utils/memutils.h"

#define MEMO_SMALLEST 1024 /* slots, powers of two */
#define MEMO_LARGEST 65536
#define MEMO_TRIES 16

/* The predictor of this call site, for the model that is argument 0. */
cv_predictor *
cv_predictor_for(FunctionCallInfo fcinfo)
{
	cv_predictor *self = fcinfo->flinfo->fn_extra;
	struct varlena *raw = (struct varlena *) DatumGetPointer(PG_GETARG_DATUM(0));
	const cv_model *model;
	MemoryContext caller;

	if (self && !VARATT_IS_EXTERNAL(raw) && VARSIZE_ANY(raw) == self->model_size &&
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
	memset(self->parameter, 0, sizeof(self->parameter));
	memcpy(self->parameter, model->parameter, sizeof(double) * self->family->parameters);
	self->unit_days = model->unit_days;
	self->generation++;
	self->memo_used = 0;
	self->model_size = 0;
	if (!VARATT_IS_EXTERNAL(raw))
	{
		Size size = VARSIZE_ANY(raw);

		self->model = palloc(size);
		memcpy(self->model, raw, size);
		self->model_size = size;
	}
	MemoryContextSwitchTo(caller);
	return self;
}

/* Where (x, T) is in the memo, or the free slot where it belongs. */
static cv_answer *
memo_slot(cv_predictor *self, double x, double T)
{
	uint64 bits[2];
	uint64 hash;
	int tries;
	cv_answer *answer = NULL;

	memcpy(&bits[0], &x, sizeof(double));
	memcpy(&bits[1], &T, sizeof(double));
	hash = (bits[0] ^ (bits[1] >> 7)) * UINT64CONST(0x9e3779b97f4a7c15);
	hash = (hash ^ (hash >> 32) ^ bits[1]) * UINT64CONST(0xff51afd7ed558ccd);
	hash >>= 40;
	for (tries = 0; tries < MEMO_TRIES; tries++)
	{
		answer = &self->memo[(hash + tries) & (self->memo_size - 1)];
		if (answer->generation != self->generation || (answer->x == x && answer->T == T))
			break;
	}
	/* where it is crowded the last one gives way */
	return answer;
}

/* Doubles the memo. */
static void
memo_grow(FunctionCallInfo fcinfo, cv_predictor *self)
{
	cv_answer *old = self->memo;
	int old_size = self->memo_size;
	int i;

	self->memo_size = old ? old_size * 2 : MEMO_SMALLEST;
	self->memo =
		MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, self->memo_size * sizeof(cv_answer));
	for (i = 0; i < old_size; i++)
		if (old[i].generation == self->generation)
			*memo_slot(self, old[i].x, old[i].T) = old[i];
	if (old)
		pfree(old);
}

/* The answer to a question about a customer: P(alive), and the value if alive. */
const cv_answer *
cv_predict(FunctionCallInfo fcinfo, cv_predictor *self, const cv_history *history,
		   const cv_question *question)
{
	double x = history->frequency;
	double t_x = history->recency / self->unit_days;
	double T = history->age / self->unit_days;
	cv_answer *answer;
	bool known;

	if (self->question.future != question->future || self->question.horizon != question->horizon ||
		self->question.delta != question->delta || self->question.purchases != question->purchases)
	{
		self->question = *question;
		self->generation++;
		self->memo_used = 0;
	}
	if (self->memo_used * 2 >= self->memo_size && self->memo_size < MEMO_LARGEST)
		memo_grow(fcinfo, self);
	answer = memo_slot(self, x, T);
	known = answer->generation == self->generation && answer->x == x && answer->T == T;
	if (!known)
	{
		self->memo_used += answer->generation != self->generation;
		answer->generation = 0; /* until it is complete */
		answer->x = x;
		answer->T = T;
		answer->value = question->future(self, x, T);
	}
	if (!known || answer->t_x != t_x)
	{
		answer->t_x = t_x;
		answer->alive = cv_buying_p_alive(self->family, self->parameter, x, t_x, T);
	}
	answer->generation = self->generation;
	return answer;
}
