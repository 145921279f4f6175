/*
 * test_conjoint.c: conditional logit and least squares: closed forms, derivatives
 * against differences, brute force, data that identify nothing.
 */
#include "tap.h"

#include <stdlib.h>
#include <string.h>

#include "core/conditional_logit.h"
#include "core/least_squares.h"
#include "core/matrix.h"
#include "core/random.h"

#define MOST_COLUMNS 6
#define MOST_SETS 400
#define MOST_ALTERNATIVES 5

static void
check_nothing(void)
{
}

/* Choice sets kept densely, a profile for each alternative. */
typedef struct choice_survey
{
	int columns;
	int sets;
	int alternatives[MOST_SETS]; /* the first one is chosen */
	double weight[MOST_SETS];
	int64_t cluster[MOST_SETS];
	double x[MOST_SETS][MOST_ALTERNATIVES][MOST_COLUMNS];
} choice_survey;

typedef struct outcome
{
	cv_choice_fit fit;
	double coefficient[MOST_COLUMNS];
	double covariance[MOST_COLUMNS * MOST_COLUMNS];
} outcome;

static void
fit_survey(const choice_survey *survey, int clustered, outcome *outcome)
{
	cv_choices choices = { 0 };
	int profiles = 0;
	int64_t entries = 0;
	int64_t *entry = malloc((MOST_SETS * MOST_ALTERNATIVES + 1) * sizeof(int64_t));
	int *column = malloc(MOST_SETS * MOST_ALTERNATIVES * MOST_COLUMNS * sizeof(int));
	int64_t *first = malloc((MOST_SETS + 1) * sizeof(int64_t));
	int32_t *alternative = malloc(MOST_SETS * MOST_ALTERNATIVES * sizeof(int32_t));
	uint32_t *copies = malloc(MOST_SETS * MOST_ALTERNATIVES * sizeof(uint32_t));
	double *room;
	int i;
	int j;
	int k;

	choices.value = malloc(MOST_SETS * MOST_ALTERNATIVES * MOST_COLUMNS * sizeof(double));
	for (i = 0; i < survey->sets; i++)
	{
		first[i] = profiles;
		for (j = 0; j < survey->alternatives[i]; j++)
		{
			entry[profiles] = entries;
			for (k = 0; k < survey->columns; k++)
				if (survey->x[i][j][k] != 0)
				{
					column[entries] = k;
					choices.value[entries++] = survey->x[i][j][k];
				}
			alternative[profiles] = profiles;
			copies[profiles] = 1;
			profiles++;
		}
	}
	first[survey->sets] = profiles;
	entry[profiles] = entries;
	choices.columns = survey->columns;
	choices.profiles = profiles;
	choices.entry = entry;
	choices.column = column;
	choices.sets = survey->sets;
	choices.first = first;
	choices.alternative = alternative;
	choices.copies = copies;
	choices.weight = survey->weight;
	choices.cluster = clustered ? survey->cluster : NULL;
	choices.check = check_nothing;
	memset(outcome, 0, sizeof(*outcome));
	outcome->fit.coefficient = outcome->coefficient;
	outcome->fit.covariance = outcome->covariance;
	room = malloc(cv_conditional_logit_room(survey->columns, profiles) * sizeof(double));
	cv_conditional_logit(&choices, room, &outcome->fit);
	free(entry);
	free(column);
	free(first);
	free(alternative);
	free(copies);
	free(choices.value);
	free(room);
}

/* The log-likelihood by its definition. */
static double
naive(const choice_survey *survey, const double *beta)
{
	double sum = 0;
	int i;
	int j;
	int k;

	for (i = 0; i < survey->sets; i++)
	{
		double odds[MOST_ALTERNATIVES];
		double total = 0;

		for (j = 0; j < survey->alternatives[i]; j++)
		{
			double utility = 0;

			for (k = 0; k < survey->columns; k++)
				utility += survey->x[i][j][k] * beta[k];
			odds[j] = exp(utility);
			total += odds[j];
		}
		sum += survey->weight[i] * log(odds[0] / total);
	}
	return sum;
}

/* Choices drawn with known coefficients. */
static void
simulate(cv_random *random, choice_survey *survey, int sets, int columns, const double *beta)
{
	int i;
	int j;
	int k;

	memset(survey, 0, sizeof(*survey));
	survey->columns = columns;
	survey->sets = sets;
	for (i = 0; i < sets; i++)
	{
		double best = -HUGE_VAL;
		int chosen = 0;

		survey->alternatives[i] = 2 + (int) (cv_random_uniform(random) * (MOST_ALTERNATIVES - 1));
		survey->weight[i] = i % 3 == 0 ? 0.5 : 1;
		survey->cluster[i] = i / 4;
		for (j = 0; j < survey->alternatives[i]; j++)
		{
			double utility = -log(-log(cv_random_uniform(random)));

			for (k = 0; k < columns; k++)
			{
				survey->x[i][j][k] =
					k % 2 == 0 ? cv_random_uniform(random) * 4 : cv_random_uniform(random) < 0.5;
				utility += survey->x[i][j][k] * beta[k];
			}
			if (utility > best)
			{
				best = utility;
				chosen = j;
			}
		}
		for (k = 0; k < columns; k++)
		{
			double swap = survey->x[i][0][k];

			survey->x[i][0][k] = survey->x[i][chosen][k];
			survey->x[i][chosen][k] = swap;
		}
	}
}

/* ---- conditional logit ---- */

/* Constants only: the part-worths are logarithms of ratios of counts. */
static void
test_closed_form(void)
{
	static choice_survey survey;
	static const int count[3] = { 50, 30, 20 };
	outcome outcome;
	int set = 0;
	int c;
	int i;

	memset(&survey, 0, sizeof(survey));
	survey.columns = 2;
	for (c = 0; c < 3; c++)
		for (i = 0; i < count[c]; i++, set++)
		{
			int j;

			survey.alternatives[set] = 3;
			survey.weight[set] = 1;
			survey.cluster[set] = set;
			for (j = 0; j < 3; j++)
			{
				int alternative = (c + j) % 3;

				if (alternative > 0)
					survey.x[set][j][alternative - 1] = 1;
			}
		}
	survey.sets = set;
	fit_survey(&survey, 0, &outcome);
	ok(outcome.fit.status == CV_CHOICE_CONVERGED, "constants converge");
	near(outcome.coefficient[0], log(30.0 / 50), 1e-13, "the first is ln 30/50");
	near(outcome.coefficient[1], log(20.0 / 50), 1e-13, "the second is ln 20/50");
	near(outcome.covariance[0], 1.0 / 30 + 1.0 / 50, 1e-12, "with variance 1/30 + 1/50");
	near(outcome.covariance[1], 1.0 / 50, 1e-12, "and covariance 1/50");
	near(outcome.fit.log_likelihood, 50 * log(0.5) + 30 * log(0.3) + 20 * log(0.2), 1e-14,
		 "the log-likelihood is that of the shares");
	near(outcome.fit.null, -100 * log(3.0), 1e-14, "and without them that of equal shares");
	/* the scores' sum of squares is the information here, as each set is a cluster */
	fit_survey(&survey, 1, &outcome);
	near(outcome.covariance[0], 1.0 / 30 + 1.0 / 50, 1e-12,
		 "clusters of one set each change nothing in constants");
}

/* On random data: derivatives vanish, the Hessian is that of differences, nothing nearby is better. */
static void
test_maximum(void)
{
	static const double truth[MOST_COLUMNS] = { -0.8, 1.1, 0.4, -0.6, 0, 0.3 };
	static choice_survey survey;
	cv_random random;
	outcome outcome;
	double slope = 0;
	double curve = 0;
	int better = 0;
	int failed = 0;
	int round;
	int k;

	cv_random_seed(&random, 5, 0);
	for (round = 0; round < 40; round++)
	{
		int n = 1 + round % MOST_COLUMNS;
		double best;
		double hessian[MOST_COLUMNS * MOST_COLUMNS];
		double lower[MOST_COLUMNS * MOST_COLUMNS];
		double inverse[MOST_COLUMNS * MOST_COLUMNS];
		int a;
		int b;

		simulate(&random, &survey, 250, n, truth);
		fit_survey(&survey, 0, &outcome);
		failed += outcome.fit.status != CV_CHOICE_CONVERGED || !(outcome.fit.gradient < 1e-12);
		best = naive(&survey, outcome.coefficient);
		failed += !(fabs(best - outcome.fit.log_likelihood) < 1e-10);
		for (a = 0; a < n; a++)
			for (b = 0; b < n; b++)
			{
				double h = 1e-3;
				double beta[MOST_COLUMNS];
				double value[4];
				int i;

				for (i = 0; i < 4; i++)
				{
					memcpy(beta, outcome.coefficient, sizeof(beta));
					beta[a] += i & 1 ? h : -h;
					beta[b] += i & 2 ? h : -h;
					value[i] = naive(&survey, beta);
					better += value[i] > best + 1e-10 && a == b && (i == 0 || i == 3);
				}
				hessian[a * n + b] = -(value[3] - value[1] - value[2] + value[0]) / (4 * h * h);
			}
		failed += cv_cholesky(n, hessian, lower) != 0;
		cv_cholesky_inverse(n, lower, inverse);
		for (k = 0; k < n * n; k++)
			curve = fmax(curve, fabs(inverse[k] - outcome.covariance[k]) /
									sqrt(outcome.covariance[k / n * (n + 1)] *
										 outcome.covariance[k % n * (n + 1)]));
		for (k = 0; k < n; k++)
		{
			double beta[MOST_COLUMNS];
			double up;

			memcpy(beta, outcome.coefficient, sizeof(beta));
			beta[k] += 1e-5;
			up = naive(&survey, beta);
			beta[k] -= 2e-5;
			slope = fmax(slope, fabs(up - naive(&survey, beta)) / 2e-5);
		}
	}
	ok(failed == 0, "40 fits on random choices converge, %d failed", failed);
	ok(better == 0, "nothing nearby is better");
	ok(slope < 1e-4, "the slopes of differences vanish, %.2g", slope);
	ok(curve < 1e-4, "the covariance is the inverse of the differences' Hessian, %.2g", curve);
}

/* What must not change a fit, and what must change it in a known way. */
static void
test_invariance(void)
{
	static const double truth[MOST_COLUMNS] = { -0.8, 1.1, 0.4 };
	static choice_survey survey;
	static choice_survey changed;
	cv_random random;
	outcome plain;
	outcome other;
	outcome clustered;
	double worst = 0;
	int i;
	int j;
	int k;

	cv_random_seed(&random, 11, 0);
	simulate(&random, &survey, 200, 3, truth);
	fit_survey(&survey, 0, &plain);
	changed = survey;
	for (i = 0; i < 200; i++)
		for (j = 0; j < MOST_ALTERNATIVES; j++)
		{
			changed.x[i][j][0] *= 1000;
			changed.x[i][j][2] *= 1e-9;
		}
	fit_survey(&changed, 0, &other);
	near(other.fit.log_likelihood, plain.fit.log_likelihood, 1e-14, "units leave the likelihood");
	near(other.coefficient[0] * 1000, plain.coefficient[0], 1e-12, "a slope follows its unit");
	near(other.covariance[8] * 1e-18, plain.covariance[8], 1e-11, "so does its variance");
	changed = survey;
	for (i = 0; i < 200; i++)
		for (j = 0; j < changed.alternatives[i]; j++)
			for (k = 0; k < 3; k++)
				changed.x[i][j][k] += i % 7 - 3;
	fit_survey(&changed, 0, &other);
	for (k = 0; k < 3; k++)
		worst = fmax(worst, fabs(other.coefficient[k] - plain.coefficient[k]));
	ok(worst < 1e-12, "what is common to a set does not count, %.2g", worst);
	/* every set twice, in one cluster: one survey's information, claimed twice without clusters */
	changed = survey;
	changed.sets = 400;
	for (i = 399; i >= 0; i--)
	{
		changed.alternatives[i] = survey.alternatives[i / 2];
		changed.weight[i] = survey.weight[i / 2];
		memcpy(changed.x[i], survey.x[i / 2], sizeof(survey.x[0]));
		changed.cluster[i] = i / 2;
	}
	for (i = 0; i < 200; i++)
		survey.cluster[i] = i;
	fit_survey(&survey, 1, &plain);
	fit_survey(&changed, 0, &other);
	fit_survey(&changed, 1, &clustered);
	near(clustered.coefficient[0], plain.coefficient[0], 1e-12, "repeated sets keep the estimate");
	near(clustered.covariance[0], plain.covariance[0], 1e-11,
		 "and by clusters also its standard error");
	ok(other.covariance[0] < 0.75 * clustered.covariance[0], "which without them is too small");
}

static void
test_trouble(void)
{
	static const double truth[MOST_COLUMNS] = { -0.8, 1.1, 0.4, 0.5 };
	static choice_survey survey;
	cv_random random;
	outcome outcome;
	int i;
	int j;

	cv_random_seed(&random, 3, 0);
	simulate(&random, &survey, 100, 4, truth);
	for (i = 0; i < 100; i++)
		for (j = 0; j < survey.alternatives[i]; j++)
			survey.x[i][j][3] = 2 * survey.x[i][j][0] - survey.x[i][j][1] + i;
	fit_survey(&survey, 0, &outcome);
	ok(outcome.fit.status == CV_CHOICE_COLLINEAR && outcome.fit.culprit == 3,
	   "a combination of columns is found");
	near(outcome.coefficient[0], 2, 1e-9, "and said: twice the first");
	near(outcome.coefficient[1], -1, 1e-9, "less the second");
	ok(fabs(outcome.coefficient[2]) < 1e-9, "without the third");
	survey.columns = 3;
	for (i = 0; i < 100; i++)
		for (j = 0; j < survey.alternatives[i]; j++)
			survey.x[i][j][1] = 5;
	fit_survey(&survey, 0, &outcome);
	ok(outcome.fit.status == CV_CHOICE_COLLINEAR && outcome.fit.culprit == 1,
	   "a column that never varies is found");
	/* chosen is who leads in x0 + x1; where they are equal x2 decides by chance */
	simulate(&random, &survey, 300, 3, truth);
	for (i = 0; i < 300; i++)
	{
		survey.alternatives[i] = 2;
		for (j = 0; j < 2; j++)
		{
			survey.x[i][j][0] = (int) (cv_random_uniform(&random) * 3);
			survey.x[i][j][1] = (int) (cv_random_uniform(&random) * 3);
		}
		if (survey.x[i][0][0] + survey.x[i][0][1] < survey.x[i][1][0] + survey.x[i][1][1])
			for (j = 0; j < 2; j++)
			{
				double swap = survey.x[i][0][j];

				survey.x[i][0][j] = survey.x[i][1][j];
				survey.x[i][1][j] = swap;
			}
	}
	fit_survey(&survey, 0, &outcome);
	ok(outcome.fit.status == CV_CHOICE_SEPARATED && outcome.fit.culprit < 2,
	   "a combination that is never wrong is found, after %d iterations", outcome.fit.iterations);
	/* one choice against it, and there is a maximum */
	survey.sets = 301;
	survey.alternatives[300] = 2;
	survey.weight[300] = 1;
	survey.x[300][1][0] = survey.x[300][1][1] = 1;
	survey.x[300][0][0] = survey.x[300][0][1] = 0;
	fit_survey(&survey, 0, &outcome);
	ok(outcome.fit.status == CV_CHOICE_CONVERGED && outcome.fit.gradient < 1e-10,
	   "one choice against it is enough for a maximum");
}

/* 95 % intervals of simulated surveys hold the truth as often as they say. */
static void
test_coverage(void)
{
	static const double truth[MOST_COLUMNS] = { -0.5, 0.7 };
	static choice_survey survey;
	cv_random random;
	outcome outcome;
	int inside = 0;
	int all = 0;
	int round;
	int i;
	int k;

	cv_random_seed(&random, 99, 0);
	for (round = 0; round < 600; round++)
	{
		simulate(&random, &survey, 200, 2, truth);
		for (i = 0; i < 200; i++)
			survey.weight[i] = 1;
		fit_survey(&survey, 0, &outcome);
		for (k = 0; k < 2; k++, all++)
			inside +=
				fabs(outcome.coefficient[k] - truth[k]) < 1.96 * sqrt(outcome.covariance[k * 3]);
	}
	ok(inside > 0.93 * all && inside < 0.97 * all, "coverage of 95 %%: %d of %d", inside, all);
}

/* ---- least squares ---- */

static void
test_least_squares(void)
{
	cv_random random;
	double worst = 0;
	double spread = 0;
	double rest = 0;
	int dependent = 0;
	int round;

	cv_random_seed(&random, 17, 0);
	for (round = 0; round < 200; round++)
	{
		int n = 1 + round % MOST_COLUMNS;
		cv_least_squares fit;
		double room[MOST_COLUMNS * MOST_COLUMNS + MOST_COLUMNS];
		double normal[MOST_COLUMNS * MOST_COLUMNS] = { 0 };
		double right[MOST_COLUMNS] = { 0 };
		double lower[MOST_COLUMNS * MOST_COLUMNS];
		double direct[MOST_COLUMNS];
		double direct_inverse[MOST_COLUMNS * MOST_COLUMNS];
		double coefficient[MOST_COLUMNS];
		double inverse[MOST_COLUMNS * MOST_COLUMNS];
		double squares = 0;
		int i;
		int a;
		int b;

		cv_least_squares_begin(&fit, n, room);
		for (i = 0; i < 50; i++)
		{
			double row[MOST_COLUMNS];
			double y = cv_random_uniform(&random) * 10;
			double weight = 1 + i % 4;

			for (a = 0; a < n; a++)
				row[a] = a == 0 ? 1 : cv_random_uniform(&random) - 0.3;
			for (a = 0; a < n; a++)
			{
				right[a] += weight * row[a] * y;
				for (b = 0; b < n; b++)
					normal[a * n + b] += weight * row[a] * row[b];
			}
			squares += weight * y * y;
			cv_least_squares_add(&fit, row, y, weight);
		}
		dependent += cv_least_squares_dependent(&fit, coefficient) != 0;
		cv_least_squares_solve(&fit, coefficient);
		cv_least_squares_inverse(&fit, inverse);
		cv_cholesky(n, normal, lower);
		cv_cholesky_solve(n, lower, right, direct);
		cv_cholesky_inverse(n, lower, direct_inverse);
		for (a = 0; a < n; a++)
		{
			worst = fmax(worst, fabs(coefficient[a] - direct[a]));
			squares -= direct[a] * right[a];
		}
		for (a = 0; a < n * n; a++)
			spread = fmax(spread, fabs(inverse[a] - direct_inverse[a]));
		rest = fmax(rest, fabs(fit.residual - squares));
	}
	ok(dependent == 0, "200 fits have independent columns");
	ok(worst < 1e-11, "coefficients are those of the normal equations, %.2g", worst);
	ok(spread < 1e-11, "so is the inverse, %.2g", spread);
	ok(rest < 1e-9, "and the residual sum of squares, %.2g", rest);
}

/* A polynomial far from 0, where the normal equations have no digit left. */
static void
test_stability(void)
{
	cv_least_squares fit;
	double room[20];
	double coefficient[4];
	int i;

	cv_least_squares_begin(&fit, 4, room);
	for (i = 0; i < 40; i++)
	{
		double x = 2 + i / 400.0;
		double row[4] = { 1, x, x * x, x * x * x };

		cv_least_squares_add(&fit, row, 1 + 2 * x + 3 * x * x + 4 * x * x * x, 1);
	}
	cv_least_squares_solve(&fit, coefficient);
	for (i = 0; i < 4; i++)
		near(coefficient[i], i + 1, 1e-6, "a cubic within a twentieth is found again");
	ok(fit.residual < 1e-24, "and leaves nothing");
}

static void
test_dependent(void)
{
	cv_least_squares fit;
	double room[20];
	double combination[4];
	int i;

	cv_least_squares_begin(&fit, 4, room);
	for (i = 0; i < 10; i++)
	{
		double row[4] = { 1, i, 3 - 2 * i, i * i };

		cv_least_squares_add(&fit, row, i, 1);
	}
	ok(cv_least_squares_dependent(&fit, combination) == 3, "the third column is a combination");
	near(combination[0], 3, 1e-9, "of three times the first");
	near(combination[1], -2, 1e-9, "less twice the second");
	cv_least_squares_begin(&fit, 2, room);
	ok(cv_least_squares_dependent(&fit, combination) == 1, "no rows, no columns");
}

int
main(void)
{
	test_closed_form();
	test_maximum();
	test_invariance();
	test_trouble();
	test_coverage();
	test_least_squares();
	test_stability();
	test_dependent();
	return done();
}
