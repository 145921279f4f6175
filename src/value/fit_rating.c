/*
 * fit_rating.c: part-worths from ratings, fit_rating(data).
 *
 *   rating = intercept + sum over the attributes of slope * number or part-worth
 *
 * by least squares (core/least_squares.c), levels in effects coding: the part-worths
 * of an attribute's levels add up to 0, so the intercept is the mean over all levels.
 * With respondents the standard errors are those of the sandwich of their scores,
 * without a factor for small samples.
 */
#include "postgres.h"

#include <math.h>

#include "core/least_squares.h"
#include "miscadmin.h"
#include "value/value.h"

#define MOST_RATING 1e140 /* so that sums of squares stay within the range of double */

PG_FUNCTION_INFO_V1(cv_fit_rating);

/* A fit at work: rows are taken twice, the second time for residuals. */
typedef struct rating_fit
{
	const cv_answers *answers;
	cv_design design;
	cv_least_squares squares;
	bool *complete; /* by profile */
	int64 ratings;
	int64 skipped;
	int64 respondents;
	double mean;
	double variation; /* sum of squares around the mean */
	int *column;
	double *value;
	double *row; /* dense */
} rating_fit;

/* Counts what can be used; mean and variation of it. */
static void
collect_ratings(rating_fit *fit)
{
	const cv_answers *answers = fit->answers;
	const cv_answer *row = CV_ROW(answers);
	cv_sum sum = { { 0 } };
	cv_sum squares = { { 0 } };
	int64 last = 0;
	int64 i;
	char *detail;

	fit->complete =
		palloc_extended(answers->used[CV_PROFILES] + 1, MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	for (i = 0; i < answers->used[CV_ROWS]; i++)
	{
		if (!(fabs(row[i].value) <= MOST_RATING))
			cv_cannot_fit_answers(answers, "the figures are out of range",
								  psprintf("A rating is %g, beyond %g.", row[i].value, MOST_RATING),
								  "Check the ratings for absurdly large numbers.");
		if (row[i].profile < 0 || row[i].profile >= answers->used[CV_PROFILES])
			cv_corrupt_binary(cv_answers_type(CV_RATINGS), "A profile is out of range.");
		if (!cv_profile_complete(answers, row[i].profile))
		{
			fit->skipped += row[i].times;
			continue;
		}
		fit->complete[row[i].profile] = true;
		if (fit->ratings == 0 || row[i].respondent != last)
			fit->respondents++;
		last = row[i].respondent;
		fit->ratings += row[i].times;
		cv_sum_add(&sum, row[i].value * row[i].times);
		if (i % 4096 == 0)
			CHECK_FOR_INTERRUPTS();
	}
	detail = psprintf("%lld lack an attribute that others have.", (long long) fit->skipped);
	if (fit->ratings == 0)
		cv_cannot_fit_answers(
			answers, psprintf("none of %lld ratings can be used", (long long) fit->skipped), detail,
			"Every profile needs every attribute.");
	cv_report_skipped(answers, fit->skipped, fit->skipped + fit->ratings, detail);
	fit->mean = cv_sum_round(&sum) / fit->ratings;
	for (i = 0; i < answers->used[CV_ROWS]; i++)
		if (fit->complete[row[i].profile])
		{
			double difference = row[i].value - fit->mean;

			cv_sum_add(&squares, difference * difference * row[i].times);
		}
	fit->variation = cv_sum_round(&squares);
}

/* The dense row of a profile. */
static double *
row_of(rating_fit *fit, int32 profile)
{
	int count = cv_design_row(&fit->design, profile, fit->column, fit->value);
	int i;

	memset(fit->row, 0, fit->design.columns * sizeof(double));
	for (i = 0; i < count; i++)
		fit->row[fit->column[i]] = fit->value[i];
	return fit->row;
}

static void
fit_ratings(rating_fit *fit)
{
	const cv_answer *row = CV_ROW(fit->answers);
	int n;
	int64 i;

	cv_design_build(&fit->design, fit->answers, fit->complete);
	n = fit->design.columns;
	for (i = 0; i < fit->answers->used[CV_ATTRIBUTES]; i++)
		if (strcmp(cv_design_attribute(&fit->design, (int) i), "intercept") == 0)
			cv_cannot_fit_answers(fit->answers, "an attribute is named \"intercept\"",
								  "A rating model has an intercept of its own.",
								  "Rename the attribute.");
	fit->column = palloc((n + 1) * sizeof(int));
	fit->value = palloc((n + 1) * sizeof(double));
	fit->row = palloc(n * sizeof(double));
	cv_least_squares_begin(&fit->squares, n, palloc(cv_least_squares_room(n) * sizeof(double)));
	for (i = 0; i < fit->answers->used[CV_ROWS]; i++)
	{
		if (!fit->complete[row[i].profile])
			continue;
		cv_least_squares_add(&fit->squares, row_of(fit, row[i].profile), row[i].value - fit->mean,
							 row[i].times);
		if (i % 64 == 0)
			CHECK_FOR_INTERRUPTS();
	}
}

/* The largest component of X'residuals, a rating, in units of the ratings' spread. */
static double
find_gradient(rating_fit *fit, const double *coefficient)
{
	const cv_answer *row = CV_ROW(fit->answers);
	int n = fit->design.columns;
	double *gradient = palloc0(n * sizeof(double));
	double most = 0;
	int64 i;
	int a;

	for (i = 0; i < fit->answers->used[CV_ROWS]; i++)
	{
		double residual = row[i].value - fit->mean;

		if (!fit->complete[row[i].profile])
			continue;
		row_of(fit, row[i].profile);
		for (a = 0; a < n; a++)
			residual -= fit->row[a] * coefficient[a];
		for (a = 0; a < n; a++)
			gradient[a] += row[i].times * residual * fit->row[a];
		if (i % 64 == 0)
			CHECK_FOR_INTERRUPTS();
	}
	for (a = 0; a < n; a++)
		most = Max(most, fabs(gradient[a]));
	return fit->variation > 0 ? most / sqrt(fit->variation * fit->ratings) : 0;
}

/* (X'X)^-1 times the residual variance, or the sandwich; the columns' covariance. */
static void
find_covariance(rating_fit *fit, const double *coefficient, double *covariance)
{
	const cv_answer *row = CV_ROW(fit->answers);
	int64 rows = fit->answers->used[CV_ROWS];
	Size n = fit->design.columns;
	double *inverse = covariance;
	double *meat;
	double *score;
	double *half;
	int64 last = 0;
	bool begun = false;
	Size a;
	Size b;
	Size c;
	int64 i;

	cv_least_squares_inverse(&fit->squares, inverse);
	if (!(fit->answers->header.flags & CV_RESPONDENTS) || fit->respondents < 2)
	{
		double variance = fit->squares.residual / (double) (fit->ratings - (int64) n);

		for (a = 0; a < n * n; a++)
			covariance[a] *= variance;
		return;
	}
	meat = palloc0(n * n * sizeof(double));
	half = palloc(n * n * sizeof(double));
	score = palloc0(n * sizeof(double));
	for (i = 0; i <= rows; i++)
	{
		double residual;

		if (i < rows && !fit->complete[row[i].profile])
			continue;
		if (begun && (i == rows || row[i].respondent != last))
		{
			for (a = 0; a < n; a++)
				for (b = 0; b < n; b++)
					meat[a * n + b] += score[a] * score[b];
			memset(score, 0, n * sizeof(double));
		}
		if (i == rows)
			break;
		begun = true;
		last = row[i].respondent;
		row_of(fit, row[i].profile);
		residual = row[i].value - fit->mean;
		for (a = 0; a < n; a++)
			residual -= fit->row[a] * coefficient[a];
		for (a = 0; a < n; a++)
			score[a] += row[i].times * residual * fit->row[a];
		if (i % 64 == 0)
			CHECK_FOR_INTERRUPTS();
	}
	for (a = 0; a < n; a++)
		for (b = 0; b < n; b++)
		{
			double sum = 0;

			for (c = 0; c < n; c++)
				sum += inverse[a * n + c] * meat[c * n + b];
			half[a * n + b] = sum;
		}
	for (a = 0; a < n; a++)
	{
		for (b = 0; b < n; b++)
		{
			double sum = 0;

			for (c = 0; c < n; c++)
				sum += half[a * n + c] * inverse[c * n + b];
			meat[a * n + b] = sum;
		}
		CHECK_FOR_INTERRUPTS();
	}
	memcpy(covariance, meat, n * n * sizeof(double));
}

/*
 * The covariance of a model's parameters, which are linear in the columns: slopes are
 * scaled, the last level of an attribute is less the sum of the others, and the
 * intercept takes the numbers as they are, not centred.
 */
static void
spread_covariance(const rating_fit *fit, const double *covariance, cv_utility_model *model)
{
	const cv_design *design = &fit->design;
	Size n = design->columns;
	Size m = model->parameters;
	double *map = palloc0(m * n * sizeof(double)); /* m rows */
	double *half = palloc(m * n * sizeof(double));
	Size at = 1;
	Size a;
	Size b;
	Size c;
	int i;
	int l;

	map[0] = 1;
	for (i = 0; i < design->answers->used[CV_ATTRIBUTES]; i++)
	{
		const cv_design_part *part = &design->part[i];

		if (part->levels == 0)
		{
			map[part->first] = -part->middle / part->half;
			map[at++ * n + part->first] = 1 / part->half;
			continue;
		}
		for (l = 0; l < part->levels - 1; l++)
			map[(at + l) * n + part->first + l] = 1;
		at += part->levels - 1;
		for (l = 0; l < part->levels - 1; l++)
			map[at * n + part->first + l] = -1;
		at++;
	}
	for (a = 0; a < m; a++)
		for (b = 0; b < n; b++)
		{
			double sum = 0;

			for (c = 0; c < n; c++)
				sum += map[a * n + c] * covariance[c * n + b];
			half[a * n + b] = sum;
		}
	for (a = 0; a < m; a++)
	{
		for (b = 0; b <= a; b++)
		{
			double sum = 0;

			for (c = 0; c < n; c++)
				sum += half[a * n + c] * map[b * n + c];
			/* the variance of a constant may come out below 0 by rounding */
			if (a == b && sum < 0)
				sum = 0;
			if (!isfinite(sum))
				cv_cannot_fit_answers(fit->answers, "the figures are out of range",
									  "A standard error is beyond the range of double precision.",
									  "Check the attributes for absurdly large or small numbers.");
			CV_COVARIANCE_OF(model)[a * m + b] = CV_COVARIANCE_OF(model)[b * m + a] = sum + 0.0;
		}
		CHECK_FOR_INTERRUPTS();
	}
}

/* The log-likelihood of normal residuals with this sum of squares. */
static double
normal_log_likelihood(double squares, double n)
{
	return squares > 0 ? -n / 2 * (log(2 * M_PI * squares / n) + 1) : CV_MISSING;
}

/* fit_rating(data): least squares. */
Datum
cv_fit_rating(PG_FUNCTION_ARGS)
{
	rating_fit fit = { 0 };
	cv_utility_model *model;
	cv_part_input *part;
	const char *fault;
	double *coefficient;
	double *covariance;
	double intercept;
	int64 freedom;
	int dependent;
	int n;
	int i;

	fit.answers = cv_answers_stored(cv_answers_arg(fcinfo, 0, CV_RATINGS));
	collect_ratings(&fit);
	fit_ratings(&fit);
	n = fit.design.columns;
	coefficient = palloc(n * sizeof(double));
	covariance = palloc((Size) n * n * sizeof(double));
	dependent = cv_least_squares_dependent(&fit.squares, coefficient);
	if (dependent > 0)
		cv_cannot_fit_answers(fit.answers,
							  psprintf("\"%s\" is a linear combination of other terms",
									   cv_design_term(&fit.design, dependent - 1)),
							  psprintf("In the profiles it follows from: %s.",
									   cv_design_combination(&fit.design, coefficient)),
							  "Leave one of them out, or have more profiles rated.");
	cv_least_squares_solve(&fit.squares, coefficient);
	/* what rounding leaves of a perfect fit is nothing */
	if (fit.squares.residual <= 1e-24 * fit.variation)
		fit.squares.residual = 0;
	freedom = fit.ratings - n;
	intercept = coefficient[0] + fit.mean;
	for (i = 0; i < fit.answers->used[CV_ATTRIBUTES]; i++)
		if (fit.design.part[i].levels == 0)
			intercept -= coefficient[fit.design.part[i].first] * fit.design.part[i].middle /
						 fit.design.part[i].half;
	part = cv_design_parts(&fit.design, coefficient);
	model = cv_utility_model_new(CV_RATING_MODEL, part, (int) fit.answers->used[CV_ATTRIBUTES],
								 freedom > 0, &fault);
	if (model == NULL || !isfinite(intercept))
		cv_cannot_fit_answers(fit.answers, "the figures are out of range",
							  fault ? fault : "The intercept is not finite.",
							  "Check the attributes for absurdly large or small numbers.");
	model->header.flags |= CV_UTILITY_FITTED | CV_UTILITY_CONVERGED;
	model->intercept = intercept + 0.0;
	model->observations = fit.ratings;
	if (fit.answers->header.flags & CV_RESPONDENTS)
		model->respondents = fit.respondents;
	model->skipped = fit.skipped;
	model->log_likelihood = normal_log_likelihood(fit.squares.residual, fit.ratings);
	model->log_likelihood_null = normal_log_likelihood(fit.variation, fit.ratings);
	if (fit.variation > 0)
		model->r_squared = 1 - fit.squares.residual / fit.variation;
	model->iterations = 1;
	model->gradient = find_gradient(&fit, coefficient);
	if (freedom > 0)
	{
		model->residual_error = sqrt(fit.squares.residual / (double) freedom);
		find_covariance(&fit, coefficient, covariance);
		spread_covariance(&fit, covariance, model);
	}
	PG_RETURN_POINTER(model);
}
