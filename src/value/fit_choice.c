/*
 * fit_choice.c: part-worths from choices, fit_choice(data).
 *
 * The likelihood and its maximum are in core/conditional_logit.c.  Here sets are put
 * together, what cannot be used is counted, and data that have no maximum are refused
 * by name: an attribute or level that alone predicts every choice, one that never
 * varies within a set, and what the fit itself finds.
 */
#include "postgres.h"

#include <math.h>

#include "core/conditional_logit.h"
#include "miscadmin.h"
#include "value/value.h"

PG_FUNCTION_INFO_V1(cv_fit_choice);

static void
check_interrupts(void)
{
	CHECK_FOR_INTERRUPTS();
}

/* Choice sets ready to be fitted, and what became of the others. */
typedef struct choice_sets
{
	const cv_answers *answers;
	int64 sets;
	int64 entries; /* of alternatives that are alike one */
	int64 alternatives;
	int64 clusters;
	int64 *first;
	int32 *alternative;
	uint32 *copies;
	double *weight;
	int64 *cluster;
	bool *profile_used;
	int64 incomplete;
	int64 unchosen;
	int64 single;
	int64 weightless;
} choice_sets;

static char *
set_name(const choice_sets *sets, const cv_answer *row)
{
	if (sets->answers->header.flags & CV_RESPONDENTS)
		return psprintf("choice set %lld of respondent %lld", (long long) row->choice_set,
						(long long) row->respondent);
	return psprintf("choice set %lld", (long long) row->choice_set);
}

/* Adds the rows of one set. */
static void
add_set(choice_sets *sets, const cv_answer *row, int64 count)
{
	int64 chosen = -1;
	int64 choices = 0;
	int64 alternatives = 0;
	int64 i;

	for (i = 0; i < count; i++)
	{
		if (row[i].profile < 0 || row[i].profile >= sets->answers->used[CV_PROFILES])
			cv_corrupt_binary(cv_answers_type(0), "A profile is out of range.");
		alternatives += row[i].times;
		if (row[i].chosen)
		{
			choices += row[i].times;
			chosen = i;
		}
	}
	if (choices > 1)
		ereport(
			ERROR,
			(errcode(ERRCODE_DATA_EXCEPTION),
			 errmsg("%s has %lld chosen alternatives", set_name(sets, row), (long long) choices),
			 errdetail("Exactly one alternative of each set must be chosen."),
			 sets->answers->header.flags & CV_RESPONDENTS
				 ? errhint("Number the choice sets of a respondent differently.")
				 : errhint("Number the choice sets of different respondents differently, or "
						   "give the respondent.")));
	for (i = 0; i < count; i++)
		if (row[i].value == CV_MISSING || !cv_profile_complete(sets->answers, row[i].profile))
		{
			sets->incomplete++;
			return;
		}
	for (i = 1; i < count; i++)
		if (row[i].value != row[0].value)
			ereport(ERROR, (errcode(ERRCODE_DATA_EXCEPTION),
							errmsg("the weight changes within %s", set_name(sets, row)),
							errdetail("It is %.15g and %.15g.", row[0].value, row[i].value),
							errhint("A weight belongs to a choice: give it to all alternatives.")));
	if (choices == 0)
		sets->unchosen++;
	else if (alternatives == 1)
		sets->single++;
	else if (row[0].value == 0)
		sets->weightless++;
	else
	{
		int64 at = sets->entries;

		sets->weight[sets->sets] = row[0].value;
		sets->cluster[sets->sets] = row[0].respondent;
		if (sets->sets == 0 || sets->cluster[sets->sets - 1] != row[0].respondent)
			sets->clusters++;
		sets->alternative[at] = row[chosen].profile;
		sets->copies[at++] = 1;
		for (i = 0; i < count; i++)
		{
			sets->profile_used[row[i].profile] = true;
			if (i == chosen)
				continue;
			sets->alternative[at] = row[i].profile;
			sets->copies[at++] = row[i].times;
		}
		sets->entries = at;
		sets->alternatives += alternatives;
		sets->first[++sets->sets] = at;
	}
}

/* Puts the sets together; they are sorted by respondent and number. */
static void
collect_sets(choice_sets *sets, const cv_answers *answers)
{
	const cv_answer *row = CV_ROW(answers);
	int64 rows = answers->used[CV_ROWS];
	int64 all = 0;
	int64 begin;
	int64 i;
	char *detail;

	memset(sets, 0, sizeof(*sets));
	sets->answers = answers;
	for (i = 0; i < rows; i++)
		if (i == 0 || row[i].choice_set != row[i - 1].choice_set ||
			row[i].respondent != row[i - 1].respondent)
			all++;
	sets->first = palloc_extended((all + 1) * sizeof(int64), MCXT_ALLOC_HUGE);
	sets->weight = palloc_extended((all + 1) * sizeof(double), MCXT_ALLOC_HUGE);
	sets->cluster = palloc_extended((all + 1) * sizeof(int64), MCXT_ALLOC_HUGE);
	sets->alternative = palloc_extended((rows + 1) * sizeof(int32), MCXT_ALLOC_HUGE);
	sets->copies = palloc_extended((rows + 1) * sizeof(uint32), MCXT_ALLOC_HUGE);
	sets->profile_used =
		palloc_extended(answers->used[CV_PROFILES] + 1, MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	sets->first[0] = 0;
	for (begin = 0; begin < rows; begin = i)
	{
		for (i = begin + 1; i < rows && row[i].choice_set == row[begin].choice_set &&
							row[i].respondent == row[begin].respondent;
			 i++)
			;
		add_set(sets, row + begin, i - begin);
		CHECK_FOR_INTERRUPTS();
	}
	detail = psprintf("%lld lack an attribute, a weight or whether an alternative was chosen, "
					  "%lld have no chosen alternative, %lld have a single one, %lld weigh 0.",
					  (long long) sets->incomplete, (long long) sets->unchosen,
					  (long long) sets->single, (long long) sets->weightless);
	if (sets->sets == 0)
		cv_cannot_fit_answers(
			answers, psprintf("none of %lld choice sets can be used", (long long) all), detail,
			"Every alternative needs every attribute, also one like \"none of them\": "
			"give it the number 0 or a level of its own.");
	cv_report_skipped(answers, all - sets->sets, all, detail);
}

/*
 * Does a slope or a level alone predict every choice, or say nothing?  For each of
 * them, whether it ever spoke for the chosen and whether it ever spoke against.
 */
static void
check_terms(const choice_sets *sets, const cv_design *design)
{
	const cv_answers *answers = design->answers;
	int attributes = (int) answers->used[CV_ATTRIBUTES];
	int64 levels = answers->used[CV_LEVELS];
	bool *slope_for = palloc0(Max(1, attributes));
	bool *slope_against = palloc0(Max(1, attributes));
	bool *level_for = palloc0(Max(1, levels));
	bool *level_against = palloc0(Max(1, levels));
	int64 i;
	int64 j;
	int a;
	int l;

	for (i = 0; i < sets->sets; i++)
	{
		const double *chosen = CV_PROFILE(answers, sets->alternative[sets->first[i]]);

		for (j = sets->first[i] + 1; j < sets->first[i + 1]; j++)
		{
			const double *other = CV_PROFILE(answers, sets->alternative[j]);

			for (a = 0; a < attributes; a++)
			{
				if (chosen[a] == other[a])
					continue;
				if (design->part[a].levels > 0)
				{
					level_for[(int) chosen[a]] = true;
					level_against[(int) other[a]] = true;
				}
				else if (chosen[a] > other[a])
					slope_for[a] = true;
				else
					slope_against[a] = true;
			}
		}
		CHECK_FOR_INTERRUPTS();
	}
	for (a = 0; a < attributes; a++)
	{
		const cv_attribute *attribute = &CV_ATTRIBUTE(answers)[a];
		const char *name = cv_design_attribute(design, a);
		bool varies = slope_for[a] || slope_against[a];

		for (l = attribute->first; l < attribute->first + attribute->levels; l++)
			varies = varies || level_for[l];
		if (!varies)
			cv_cannot_fit_answers(
				answers, psprintf("\"%s\" does not vary within any choice set", name),
				"What is the same for all alternatives of a set cannot have moved the "
				"choice.",
				"Leave the attribute out; to compare groups of respondents fit each of "
				"them with GROUP BY.");
		if (slope_for[a] != slope_against[a])
			cv_cannot_fit_answers(
				answers, psprintf("\"%s\" separates them completely", name),
				psprintf("No alternative with a %s \"%s\" was ever chosen.",
						 slope_for[a] ? "lower" : "higher", name),
				"Its slope would grow without limit: collect more choices or leave the "
				"attribute out.");
		for (l = attribute->first; l < attribute->first + attribute->levels; l++)
		{
			const char *level;

			if (!design->used[l] || (level_for[l] && level_against[l]))
				continue;
			level = cv_design_level(design, l);
			if (!level_for[l] && !level_against[l])
				cv_cannot_fit_answers(
					answers, psprintf("\"%s=%s\" does not vary within any choice set", name, level),
					"It never stands beside another level of the attribute.",
					"Leave such choice sets out, or merge the level with another one.");
			cv_cannot_fit_answers(
				answers, psprintf("\"%s=%s\" separates them completely", name, level),
				level_for[l] ? "It was chosen wherever it stood beside another level."
							 : "It was never chosen where it stood beside another level.",
				"Its part-worth would grow without limit: collect more choices, leave "
				"the level out or merge it with another one.");
		}
	}
}

/* The result of a fit as a model. */
static cv_utility_model *
make_model(const choice_sets *sets, const cv_design *design, const cv_choice_fit *fit)
{
	int64 n = design->columns;
	cv_part_input *part = cv_design_parts(design, fit->coefficient);
	double *scale = palloc(n * sizeof(double));
	cv_utility_model *model;
	const char *fault;
	int64 i;
	int64 j;
	int a;

	model = cv_utility_model_new(CV_CHOICE_MODEL, part, (int) design->answers->used[CV_ATTRIBUTES],
								 fit->status == CV_CHOICE_CONVERGED, &fault);
	if (model == NULL || (model->parameters != n && fit->status == CV_CHOICE_CONVERGED) ||
		!isfinite(fit->log_likelihood) || !isfinite(fit->gradient))
		cv_cannot_fit_answers(design->answers, "the figures are out of range",
							  fault ? fault : "The likelihood is not finite.",
							  "Check the attributes for absurdly large or small numbers.");
	model->header.flags |= CV_UTILITY_FITTED;
	model->observations = sets->alternatives;
	model->choices = sets->sets;
	if (design->answers->header.flags & CV_RESPONDENTS)
		model->respondents = sets->clusters;
	model->skipped = sets->incomplete + sets->unchosen + sets->single + sets->weightless;
	model->log_likelihood = fit->log_likelihood;
	model->log_likelihood_null = fit->null;
	model->r_squared = 1 - fit->log_likelihood / fit->null;
	model->iterations = fit->iterations;
	model->gradient = fit->gradient;
	if (fit->status != CV_CHOICE_CONVERGED)
		return model;
	model->header.flags |= CV_UTILITY_CONVERGED;
	for (i = 0; i < n; i++)
		scale[i] = 1;
	for (a = 0; a < design->answers->used[CV_ATTRIBUTES]; a++)
		if (design->part[a].levels == 0)
			scale[design->part[a].first] = design->part[a].half;
	for (i = 0; i < n; i++)
		for (j = 0; j < n; j++)
			CV_COVARIANCE_OF(model)
	[i * n + j] = fit->covariance[i * n + j] / scale[i] / scale[j] + 0.0;
	for (i = 0; i < n * n; i++)
		if (!isfinite(CV_COVARIANCE_OF(model)[i]) ||
			(fit->covariance[i] > 0 && CV_COVARIANCE_OF(model)[i] == 0))
			cv_cannot_fit_answers(design->answers, "the figures are out of range",
								  "A standard error is beyond the range of double precision.",
								  "Check the attributes for absurdly large or small numbers.");
	return model;
}

/* fit_choice(data): maximum likelihood. */
Datum
cv_fit_choice(PG_FUNCTION_ARGS)
{
	const cv_answers *answers = cv_answers_stored(cv_answers_arg(fcinfo, 0, 0));
	int64 profiles = answers->used[CV_PROFILES];
	choice_sets sets;
	cv_design design;
	cv_choices choices = { 0 };
	cv_choice_fit fit = { 0 };
	int64 *entry = palloc_extended((profiles + 1) * sizeof(int64), MCXT_ALLOC_HUGE);
	int *column;
	double *room;
	Size entries;
	Size n;
	int64 i;

	collect_sets(&sets, answers);
	cv_design_build(&design, answers, sets.profile_used);
	check_terms(&sets, &design);

	/* a profile has at most one entry for an attribute */
	n = design.columns;
	entries = (Size) profiles * answers->used[CV_ATTRIBUTES];
	column = palloc_extended((entries + 1) * sizeof(int), MCXT_ALLOC_HUGE);
	choices.value = palloc_extended((entries + 1) * sizeof(double), MCXT_ALLOC_HUGE);
	entry[0] = 0;
	for (i = 0; i < profiles; i++)
		entry[i + 1] =
			entry[i] + (sets.profile_used[i] ? cv_design_row(&design, (int32) i, column + entry[i],
															 choices.value + entry[i])
											 : 0);
	choices.columns = design.columns;
	choices.profiles = (int32) profiles;
	choices.entry = entry;
	choices.column = column;
	choices.sets = sets.sets;
	choices.first = sets.first;
	choices.alternative = sets.alternative;
	choices.copies = sets.copies;
	choices.weight = sets.weight;
	/* a single respondent is no sample of respondents */
	choices.cluster =
		answers->header.flags & CV_RESPONDENTS && sets.clusters > 1 ? sets.cluster : NULL;
	choices.check = check_interrupts;
	fit.coefficient = palloc(n * sizeof(double));
	fit.covariance = palloc(n * n * sizeof(double));
	room = palloc_extended(cv_conditional_logit_room(design.columns, choices.profiles) *
							   sizeof(double),
						   MCXT_ALLOC_HUGE);
	cv_conditional_logit(&choices, room, &fit);
	if (fit.status == CV_CHOICE_COLLINEAR)
		cv_cannot_fit_answers(answers,
							  psprintf("\"%s\" is a linear combination of other terms",
									   cv_design_term(&design, fit.culprit)),
							  psprintf("Within the choice sets it follows from: %s.",
									   cv_design_combination(&design, fit.coefficient)),
							  "Leave one of them out.");
	if (fit.status == CV_CHOICE_SEPARATED)
		cv_cannot_fit_answers(
			answers,
			psprintf("a combination with \"%s\" separates them completely",
					 cv_design_term(&design, fit.culprit)),
			psprintf("No choice contradicts a combination of: %s.",
					 cv_design_combination(&design, fit.coefficient)),
			"Part-worths would grow without limit: collect more choices, or use fewer "
			"attributes and levels.");
	if (fit.status != CV_CHOICE_CONVERGED)
		ereport(WARNING, (errmsg("the fit of the choices did not converge"),
						  errdetail("After %d iterations the largest gradient is %.3g.",
									fit.iterations, fit.gradient),
						  errhint("Use more choices, or fewer attributes and levels.")));
	PG_RETURN_POINTER(make_model(&sets, &design, &fit));
}
