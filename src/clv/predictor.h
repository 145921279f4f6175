/*
 * predictor.h: a buying model made ready for many customers.
 */
#ifndef CV_PREDICTOR_H
#define CV_PREDICTOR_H

#include "clv/covariates.h"

typedef struct cv_predictor cv_predictor;

/*
 * What a prediction asks of a living customer; times in the model's unit.  The answer is one
 * number, by a regular family one for each stage.
 */
typedef struct cv_question
{
	void (*future)(const cv_predictor *self, double x, double t_x, double T, double *answer);
	double horizon; /* may be infinite */
	double delta;	/* continuous discount rate */
	double purchases;
} cv_question;

/* An answer, kept for the pair (x, T) and for what the covariates make of the scales. */
typedef struct cv_answer
{
	double x;
	double T;
	double scale[2];   /* of purchases and of dropping out */
	double t_x;		   /* the last one met, and with it */
	double value;	   /* of the question, for a living customer, and */
	double alive;	   /* P(alive) */
	uint64 generation; /* valid if equal to the predictor's */
} cv_answer;

struct cv_predictor
{
	const cv_buying_family *family;
	double parameter[CV_BUYING_NUMBERS]; /* of the customers asked about now */
	double unit_days;
	const cv_model *fitted; /* NULL without covariates */
	struct varlena *known;	/* covariates that "parameter" is for; NULL: none yet */
	Size known_size;
	Size known_room;
	int target[2];		  /* parameters that covariates change */
	cv_question question; /* that the memo answers */
	double rate;		  /* a discount rate, and */
	double log_rate;	  /* ln(1 + rate) */

	struct varlena *model; /* the argument's bytes, to recognise it */
	Size model_size;
	struct varlena *spending; /* those of the spending model, */
	Size spending_size;
	Size spending_room;
	double spending_parameter[CV_SPENDING_PARAMETERS]; /* which are these */
	uint64 generation;
	int memo_size;
	int memo_used;
	cv_answer *memo;
	char *memo_bytes; /* where it was allocated */
	int stages;		  /* of a regular family, else 0 */
	double *of_stage; /* for each slot of the memo the value by stage */
};

extern cv_predictor *cv_predictor_for(FunctionCallInfo fcinfo, int covariates);
extern const double *
cv_predictor_spending(FunctionCallInfo fcinfo, cv_predictor *self, int argument);
extern const cv_answer *cv_predict(FunctionCallInfo fcinfo, cv_predictor *self,
								   const cv_history *history, const cv_question *question);

#endif
