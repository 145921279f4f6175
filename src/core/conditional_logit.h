/*
 * conditional_logit.h: choices among described alternatives.
 */
#ifndef CV_CORE_CONDITIONAL_LOGIT_H
#define CV_CORE_CONDITIONAL_LOGIT_H

#include <stddef.h>
#include <stdint.h>

/*
 * Choice sets.  Alternatives share profiles, whose columns are sparse: entries of a
 * column and a value, the columns of a profile distinct.  Sets of one cluster stand
 * together.
 */
typedef struct cv_choices
{
	int columns;
	int32_t profiles;
	const int64_t *entry; /* where each profile's entries begin, and where they end */
	const int *column;
	double *value; /* the fit scales them */
	int64_t sets;
	const int64_t *first;		/* where each set's alternatives begin, and where they end */
	const int32_t *alternative; /* profiles; the chosen one first */
	const uint32_t *copies;		/* how many alternatives of a set are alike */
	const double *weight;		/* of a set */
	const int64_t *cluster;		/* of a set; NULL: each its own */
	void (*check)(void);		/* called now and then, may leave by longjmp */
} cv_choices;

typedef enum cv_choice_status
{
	CV_CHOICE_CONVERGED,
	CV_CHOICE_STUCK,	 /* no better step found, and not at the maximum */
	CV_CHOICE_COLLINEAR, /* a column is a combination of others within the sets */
	CV_CHOICE_SEPARATED	 /* a combination of columns predicts every choice: no maximum */
} cv_choice_status;

typedef struct cv_choice_fit
{
	cv_choice_status status;
	int culprit; /* COLLINEAR, SEPARATED: the column, or the foremost one */
	int iterations;
	double log_likelihood;
	double null;	 /* log-likelihood of equal shares */
	double gradient; /* largest, a unit of weight, of columns scaled to one spread within sets */
	/*
	 * Of the columns as given.  COLLINEAR: the coefficients of the combination of columns
	 * before the culprit, SEPARATED: the direction that separates.
	 */
	double *coefficient;
	double *covariance; /* of the coefficients; clustered where there are clusters */
} cv_choice_fit;

extern size_t cv_conditional_logit_room(int columns, int32_t profiles);
extern void cv_conditional_logit(const cv_choices *choices, double *room, cv_choice_fit *fit);

#endif
