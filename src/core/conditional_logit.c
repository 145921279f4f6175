/*
 * conditional_logit.c: McFadden's (1974) conditional logit,
 *
 *   P(j of S) = exp(x_j b) / sum over S of exp(x b)
 *   log-likelihood = sum of w log P(chosen)
 *
 * The log-likelihood is concave: Newton's method from 0, with step halving.  Columns
 * are scaled to one spread within the sets, so that cents or thousands make no
 * difference.  Standard errors are those of the Hessian, or with clusters those of the
 * sandwich H^-1 (sum of g g') H^-1 of the clusters' scores, without a factor for small
 * samples.
 */
#include "core/conditional_logit.h"

#include <math.h>
#include <string.h>

#include "core/matrix.h"

#define MOST_ITERATIONS 100
#define MOST_HALVINGS 40
#define SMALLEST_STEP 1e-9 /* in utilities: smaller ones change nothing */
#define DEPENDENT 1e-10	   /* 1 - R^2 of a column that is a combination of others */
#define ERRORLESS 1e-7	   /* a separating direction's largest gain, to its largest loss */

/* Where the fit works. */
typedef struct workspace
{
	const cv_choices *choices;
	double *utility; /* by profile */
	double *share;	 /* by profile: sum of weight * P, less the weight where chosen */
	double *odds;	 /* by profile: exp(utility), of the set at hand */
	double *mean;	 /* by column: of the set at hand */
	double *deviation;
	double *beta;
	double *trial;
	double *step;
	double *gradient; /* of -log-likelihood, as is the Hessian */
	double *scale;
	double *hessian;
	double *lower;
	double *scratch;
	int *touched; /* columns of the set at hand */
	int *place;	  /* by column: in touched, or -1 */
	int count;	  /* of touched */
} workspace;

/* Doubles that the fit needs as room. */
size_t
cv_conditional_logit_room(int columns, int32_t profiles)
{
	return 3 * (size_t) profiles + 9 * (size_t) columns + 3 * (size_t) columns * columns;
}

static void
lay_out(workspace *work, const cv_choices *choices, double *room)
{
	size_t n = choices->columns;
	size_t i;

	work->choices = choices;
	work->utility = room;
	work->share = work->utility + choices->profiles;
	work->odds = work->share + choices->profiles;
	work->mean = work->odds + choices->profiles;
	work->deviation = work->mean + n;
	work->beta = work->deviation + n;
	work->trial = work->beta + n;
	work->step = work->trial + n;
	work->gradient = work->step + n;
	work->scale = work->gradient + n;
	work->hessian = work->scale + n;
	work->lower = work->hessian + n * n;
	work->scratch = work->lower + n * n;
	work->touched = (int *) (work->scratch + n * n);
	work->place = (int *) (work->scratch + n * n + n);
	work->count = 0;
	for (i = 0; i < n; i++)
		work->place[i] = -1;
}

/* Each profile's x beta. */
static void
set_utilities(workspace *work, const double *beta)
{
	const cv_choices *choices = work->choices;
	int32_t i;
	int64_t e;

	for (i = 0; i < choices->profiles; i++)
	{
		double sum = 0;

		for (e = choices->entry[i]; e < choices->entry[i + 1]; e++)
			sum += choices->value[e] * beta[choices->column[e]];
		work->utility[i] = sum;
		if (i % 4096 == 0)
			choices->check();
	}
}

/* Odds in a set; returns their sum and log P(chosen). */
static double
set_odds(workspace *work, int64_t set, double *log_chosen)
{
	const cv_choices *choices = work->choices;
	const int32_t *alternative = choices->alternative + choices->first[set];
	const uint32_t *copies = choices->copies + choices->first[set];
	int64_t count = choices->first[set + 1] - choices->first[set];
	double most = work->utility[alternative[0]];
	double total = 0;
	int64_t j;

	for (j = 1; j < count; j++)
		if (work->utility[alternative[j]] > most)
			most = work->utility[alternative[j]];
	for (j = 0; j < count; j++)
	{
		double odds = exp(work->utility[alternative[j]] - most);

		work->odds[alternative[j]] = odds;
		total += copies[j] * odds;
	}
	*log_chosen = work->utility[alternative[0]] - most - log(total);
	return total;
}

/* Mean profile of a set whose odds are known, in the columns that it touches. */
static void
set_mean(workspace *work, int64_t set, double total)
{
	const cv_choices *choices = work->choices;
	int64_t j;
	int64_t e;

	work->count = 0;
	for (j = choices->first[set]; j < choices->first[set + 1]; j++)
	{
		int32_t profile = choices->alternative[j];
		double p = choices->copies[j] * work->odds[profile] / total;

		for (e = choices->entry[profile]; e < choices->entry[profile + 1]; e++)
		{
			int column = choices->column[e];

			if (work->place[column] < 0)
			{
				work->place[column] = work->count;
				work->touched[work->count] = column;
				work->mean[work->count++] = 0;
			}
			work->mean[work->place[column]] += p * choices->value[e];
		}
	}
}

/* A profile less the mean of the set, in the columns that the set touches. */
static void
deviate(workspace *work, int32_t profile)
{
	const cv_choices *choices = work->choices;
	int64_t e;
	int i;

	for (i = 0; i < work->count; i++)
		work->deviation[i] = -work->mean[i];
	for (e = choices->entry[profile]; e < choices->entry[profile + 1]; e++)
		work->deviation[work->place[choices->column[e]]] += choices->value[e];
}

static void
forget_set(workspace *work)
{
	int i;

	for (i = 0; i < work->count; i++)
		work->place[work->touched[i]] = -1;
	work->count = 0;
}

/* The log-likelihood at beta. */
static double
log_likelihood(workspace *work, const double *beta)
{
	const cv_choices *choices = work->choices;
	double sum = 0;
	double log_chosen;
	int64_t i;

	set_utilities(work, beta);
	for (i = 0; i < choices->sets; i++)
	{
		set_odds(work, i, &log_chosen);
		sum += choices->weight[i] * log_chosen;
		if (i % 4096 == 0)
			choices->check();
	}
	return sum;
}

/* The same, with the gradient and the Hessian of its negative. */
static double
derivatives(workspace *work, const double *beta)
{
	const cv_choices *choices = work->choices;
	size_t n = choices->columns;
	double sum = 0;
	int64_t i;
	int64_t j;
	int64_t e;
	int a;
	int b;

	set_utilities(work, beta);
	memset(work->share, 0, choices->profiles * sizeof(double));
	memset(work->gradient, 0, n * sizeof(double));
	memset(work->hessian, 0, n * n * sizeof(double));
	for (i = 0; i < choices->sets; i++)
	{
		double weight = choices->weight[i];
		double log_chosen;
		double total = set_odds(work, i, &log_chosen);

		sum += weight * log_chosen;
		set_mean(work, i, total);
		work->share[choices->alternative[choices->first[i]]] -= weight;
		for (j = choices->first[i]; j < choices->first[i + 1]; j++)
		{
			int32_t profile = choices->alternative[j];
			double p = weight * choices->copies[j] * work->odds[profile] / total;

			work->share[profile] += p;
			deviate(work, profile);
			for (a = 0; a < work->count; a++)
			{
				double *row = work->hessian + work->touched[a] * n;
				double factor = p * work->deviation[a];

				for (b = 0; b <= a; b++)
					row[work->touched[b]] += factor * work->deviation[b];
			}
		}
		forget_set(work);
		if (i % 256 == 0)
			choices->check();
	}
	for (i = 0; i < choices->profiles; i++)
		for (e = choices->entry[i]; e < choices->entry[i + 1]; e++)
			work->gradient[choices->column[e]] += work->share[i] * choices->value[e];
	/* each product stands once, above or below the diagonal as the set's columns came */
	for (a = 0; a < (int) n; a++)
		for (b = 0; b < a; b++)
			work->hessian[a * n + b] = work->hessian[b * n + a] =
				work->hessian[a * n + b] + work->hessian[b * n + a];
	return sum;
}

/*
 * Cholesky's factor of the scaled Hessian; returns 0, or k + 1 for a column that is a
 * combination of those before it.
 */
static int
find_dependent(int n, const double *matrix, double *lower)
{
	int i;
	int j;
	int k;

	for (i = 0; i < n; i++)
		for (j = 0; j <= i; j++)
		{
			double sum = matrix[i * (size_t) n + j];

			for (k = 0; k < j; k++)
				sum -= lower[i * (size_t) n + k] * lower[j * (size_t) n + k];
			if (i > j)
				lower[i * (size_t) n + j] = sum / lower[j * (size_t) n + j];
			else if (!(sum > DEPENDENT * matrix[i * (size_t) n + i]))
				return i + 1;
			else
				lower[i * (size_t) n + i] = sqrt(sum);
		}
	return 0;
}

/* How much the best rival gains on the chosen in the direction, and the worst loses; never below 0. */
static void
look_along(workspace *work, const double *direction, double *gain, double *loss)
{
	const cv_choices *choices = work->choices;
	int64_t i;
	int64_t j;

	*gain = *loss = 0;
	set_utilities(work, direction);
	for (i = 0; i < choices->sets; i++)
	{
		double chosen = work->utility[choices->alternative[choices->first[i]]];

		for (j = choices->first[i] + 1; j < choices->first[i + 1]; j++)
		{
			double difference = work->utility[choices->alternative[j]] - chosen;

			if (difference > *gain)
				*gain = difference;
			if (-difference > *loss)
				*loss = -difference;
		}
		if (i % 4096 == 0)
			choices->check();
	}
}

static double
largest(int n, const double *vector, int *which)
{
	int i;

	*which = 0;
	for (i = 1; i < n; i++)
		if (!(fabs(vector[i]) <= fabs(vector[*which])))
			*which = i;
	return fabs(vector[*which]);
}

/* Newton's method; the coefficients in scaled columns are left in work->beta. */
static cv_choice_status
maximise(workspace *work, cv_choice_fit *fit)
{
	int n = work->choices->columns;
	double value = derivatives(work, work->beta);
	int halvings;
	int i;

	for (fit->iterations = 0; fit->iterations < MOST_ITERATIONS;)
	{
		double gain;
		double loss;
		double next;

		if (cv_cholesky(n, work->hessian, work->lower) != 0)
			return CV_CHOICE_STUCK;
		cv_cholesky_solve(n, work->lower, work->gradient, work->step);
		for (i = 0; i < n; i++)
			work->step[i] = -work->step[i];
		look_along(work, work->step, &gain, &loss);
		if (loss > SMALLEST_STEP && gain <= ERRORLESS * loss)
		{
			/* no rival ever gains: the log-likelihood rises for ever in this direction */
			largest(n, work->step, &fit->culprit);
			return CV_CHOICE_SEPARATED;
		}
		fit->iterations++;
		next = -HUGE_VAL;
		for (halvings = 0; halvings < MOST_HALVINGS; halvings++)
		{
			for (i = 0; i < n; i++)
				work->trial[i] = work->beta[i] + ldexp(work->step[i], -halvings);
			next = log_likelihood(work, work->trial);
			if (next >= value - 1e-13 * fabs(value))
				break;
		}
		if (halvings == MOST_HALVINGS)
			return CV_CHOICE_STUCK;
		memcpy(work->beta, work->trial, n * sizeof(double));
		value = derivatives(work, work->beta);
		if (halvings == 0 && gain <= SMALLEST_STEP && loss <= SMALLEST_STEP)
			return CV_CHOICE_CONVERGED;
	}
	return CV_CHOICE_STUCK;
}

/* covariance = inverse * meat * inverse of the clusters' scores; inverse is in scratch. */
static void
cluster_covariance(workspace *work, double *covariance)
{
	const cv_choices *choices = work->choices;
	size_t n = choices->columns;
	double *meat = work->hessian;
	double *score = work->trial;
	int64_t i;
	size_t a;
	size_t b;
	size_t c;

	memset(meat, 0, n * n * sizeof(double));
	memset(score, 0, n * sizeof(double));
	set_utilities(work, work->beta);
	for (i = 0; i < choices->sets; i++)
	{
		double log_chosen;
		double total = set_odds(work, i, &log_chosen);

		set_mean(work, i, total);
		deviate(work, choices->alternative[choices->first[i]]);
		for (c = 0; c < (size_t) work->count; c++)
			score[work->touched[c]] += choices->weight[i] * work->deviation[c];
		forget_set(work);
		if (i + 1 < choices->sets && choices->cluster[i + 1] == choices->cluster[i])
			continue;
		choices->check();
		for (a = 0; a < n; a++)
			for (b = 0; score[a] != 0 && b < n; b++)
				meat[a * n + b] += score[a] * score[b];
		memset(score, 0, n * sizeof(double));
	}
	/* lower = inverse * meat, then times inverse */
	for (a = 0; a < n; a++)
		for (b = 0; b < n; b++)
		{
			double sum = 0;

			for (c = 0; c < n; c++)
				sum += work->scratch[a * n + c] * meat[c * n + b];
			work->lower[a * n + b] = sum;
		}
	for (a = 0; a < n; a++)
	{
		choices->check();
		for (b = 0; b <= a; b++)
		{
			double sum = 0;

			for (c = 0; c < n; c++)
				sum += work->lower[a * n + c] * work->scratch[c * n + b];
			covariance[a * n + b] = covariance[b * n + a] = sum;
		}
	}
}

/* Scales the columns to one spread within the sets; returns the sum of weights. */
static double
scale_columns(workspace *work)
{
	const cv_choices *choices = work->choices;
	size_t n = choices->columns;
	double weights = 0;
	int64_t e;
	int64_t i;
	size_t a;

	for (i = 0; i < choices->sets; i++)
		weights += choices->weight[i];
	derivatives(work, work->beta);
	for (a = 0; a < n; a++)
	{
		double spread = sqrt(work->hessian[a * n + a] / weights);

		work->scale[a] = spread > 0 ? spread : 1;
	}
	for (e = 0; e < choices->entry[choices->profiles]; e++)
		choices->value[e] /= work->scale[choices->column[e]];
	return weights;
}

/* The fit.  room has cv_conditional_logit_room() doubles. */
void
cv_conditional_logit(const cv_choices *choices, double *room, cv_choice_fit *fit)
{
	size_t n = choices->columns;
	workspace work;
	double weights;
	int dependent;
	int which;
	size_t i;
	size_t j;

	lay_out(&work, choices, room);
	memset(work.beta, 0, n * sizeof(double));
	memset(fit->covariance, 0, n * n * sizeof(double));
	fit->culprit = 0;
	fit->iterations = 0;
	weights = scale_columns(&work);
	fit->null = fit->log_likelihood = derivatives(&work, work.beta);
	fit->gradient = largest((int) n, work.gradient, &which) / weights;
	dependent = find_dependent((int) n, work.hessian, work.lower);
	if (dependent > 0)
	{
		/* solves lower' combination = row of the culprit */
		fit->status = CV_CHOICE_COLLINEAR;
		fit->culprit = dependent - 1;
		memset(fit->coefficient, 0, n * sizeof(double));
		for (i = fit->culprit; i-- > 0;)
		{
			double sum = work.lower[fit->culprit * n + i];

			for (j = i + 1; j < (size_t) fit->culprit; j++)
				sum -= work.lower[j * n + i] * fit->coefficient[j];
			fit->coefficient[i] = sum / work.lower[i * n + i];
		}
		for (i = 0; i < (size_t) fit->culprit; i++)
			fit->coefficient[i] *= work.scale[fit->culprit] / work.scale[i];
		return;
	}
	fit->status = maximise(&work, fit);
	if (fit->status == CV_CHOICE_SEPARATED)
	{
		for (i = 0; i < n; i++)
			fit->coefficient[i] = work.step[i] / work.scale[i];
		return;
	}
	fit->log_likelihood = log_likelihood(&work, work.beta);
	fit->gradient = largest((int) n, work.gradient, &which) / weights;
	for (i = 0; i < n; i++)
		fit->coefficient[i] = work.beta[i] / work.scale[i];
	if (fit->status != CV_CHOICE_CONVERGED)
		return;
	if (cv_cholesky((int) n, work.hessian, work.lower) != 0)
	{
		fit->status = CV_CHOICE_STUCK;
		return;
	}
	cv_cholesky_inverse((int) n, work.lower, work.scratch);
	if (choices->cluster)
		cluster_covariance(&work, fit->covariance);
	else
		memcpy(fit->covariance, work.scratch, n * n * sizeof(double));
	for (i = 0; i < n; i++)
		for (j = 0; j < n; j++)
			fit->covariance[i * n + j] /= work.scale[i] * work.scale[j];
}
