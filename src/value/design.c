/*
 * design.c: from attributes to the columns of a fit and back to part-worths, and
 * what is said where data do not identify them.
 */
#include "postgres.h"

#include <math.h>

#include "value/value.h"

#define MOST_COLUMNS 1000

/* The data say too little for a model. */
void
cv_cannot_fit_answers(const cv_answers *answers, const char *why, const char *detail,
					  const char *hint)
{
	ereport(ERROR, (errcode(ERRCODE_DATA_EXCEPTION),
					errmsg("cannot fit the %s: %s",
						   answers->header.flags & CV_RATINGS ? "ratings" : "choices", why),
					errdetail_internal("%s", detail), errhint("%s", hint)));
}

/* Says once what a fit leaves out. */
void
cv_report_skipped(const cv_answers *answers, int64 skipped, int64 all, const char *detail)
{
	if (skipped > 0)
		ereport(NOTICE,
				(errmsg("%lld of %lld %s are not used", (long long) skipped, (long long) all,
						answers->header.flags & CV_RATINGS ? "ratings" : "choice sets"),
				 errdetail_internal("%s", detail)));
}

/* Has a profile all attributes? */
bool
cv_profile_complete(const cv_answers *answers, int32 profile)
{
	int64 i;

	for (i = 0; i < answers->used[CV_ATTRIBUTES]; i++)
		if (CV_PROFILE(answers, profile)[i] == CV_MISSING)
			return false;
	return true;
}

/* The design of the profiles in use, all of which are complete. */
void
cv_design_build(cv_design *design, const cv_answers *answers, const bool *used)
{
	int attributes = (int) answers->used[CV_ATTRIBUTES];
	int64 i;
	int a;
	int l;

	design->answers = answers;
	design->effects = (answers->header.flags & CV_RATINGS) != 0;
	design->columns = design->effects ? 1 : 0;
	design->part = palloc0(Max(1, attributes) * sizeof(cv_design_part));
	design->column = palloc(Max(1, answers->used[CV_LEVELS]) * sizeof(int));
	design->used = palloc0(Max(1, answers->used[CV_LEVELS]) * sizeof(bool));
	for (a = 0; a < attributes; a++)
	{
		design->part[a].low = HUGE_VAL;
		design->part[a].high = -HUGE_VAL;
	}
	for (i = 0; i < answers->used[CV_PROFILES]; i++)
		for (a = 0; used[i] && a < attributes; a++)
		{
			double value = CV_PROFILE(answers, i)[a];

			if (CV_ATTRIBUTE(answers)[a].levels > 0)
				design->used[(int) value] = true;
			design->part[a].low = Min(design->part[a].low, value);
			design->part[a].high = Max(design->part[a].high, value);
		}
	for (a = 0; a < attributes; a++)
	{
		const cv_attribute *attribute = &CV_ATTRIBUTE(answers)[a];
		cv_design_part *part = &design->part[a];
		int before = -1;

		part->first = design->columns;
		if (attribute->levels == 0)
		{
			part->middle = part->low / 2 + part->high / 2;
			part->half = part->high / 2 - part->low / 2;
			if (!(part->half > 0))
				cv_cannot_fit_answers(
					answers, psprintf("\"%s\" never varies", cv_design_attribute(design, a)),
					psprintf("It is %.15g throughout.", part->low), "Leave the attribute out.");
			design->columns++;
			continue;
		}
		for (l = attribute->first; l < attribute->first + attribute->levels; l++)
		{
			design->column[l] = -1;
			if (!design->used[l])
				continue;
			part->levels++;
			/* the first one is the reference, or the last one is what the others leave */
			if (design->effects && before >= 0)
				design->column[before] = design->columns++;
			else if (!design->effects && before >= 0)
				design->column[l] = design->columns++;
			before = l;
		}
		part->last = before;
		if (part->levels == 1)
			cv_cannot_fit_answers(
				answers, psprintf("\"%s\" never varies", cv_design_attribute(design, a)),
				psprintf("It is \"%s\" throughout.", cv_design_level(design, before)),
				"Leave the attribute out.");
		if (design->columns > MOST_COLUMNS)
			ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
							errmsg("a fit of more than %d parameters", MOST_COLUMNS),
							errhint("Use fewer levels, for example by merging rare ones.")));
	}
	if (attributes == 0)
		cv_cannot_fit_answers(answers, "they have no attributes",
							  "Every attributes object is empty.",
							  "For example {\"brand\": \"own\", \"price\": 4.99}.");
}

/* A profile's entries that are not 0; returns how many, at most as many as columns. */
int
cv_design_row(const cv_design *design, int32 profile, int *column, double *value)
{
	const cv_answers *answers = design->answers;
	const double *from = CV_PROFILE(answers, profile);
	int count = 0;
	int a;

	if (design->effects)
	{
		column[0] = 0;
		value[count++] = 1;
	}
	for (a = 0; a < answers->used[CV_ATTRIBUTES]; a++)
	{
		const cv_design_part *part = &design->part[a];
		int l;

		if (part->levels == 0)
		{
			column[count] = part->first;
			value[count++] = (from[a] - part->middle) / part->half;
			continue;
		}
		if (design->column[(int) from[a]] >= 0)
		{
			column[count] = design->column[(int) from[a]];
			value[count++] = 1;
		}
		for (l = 0; design->effects && (int) from[a] == part->last && l < part->levels - 1; l++)
		{
			column[count] = part->first + l;
			value[count++] = -1;
		}
	}
	return count;
}

/* ---- names ---- */

/* An attribute's name, terminated. */
char *
cv_design_attribute(const cv_design *design, int attribute)
{
	const cv_attribute *it = &CV_ATTRIBUTE(design->answers)[attribute];

	return pnstrdup(CV_NAME(design->answers) + it->name, it->length);
}

/* A level's name, terminated; levels are numbered across attributes. */
char *
cv_design_level(const cv_design *design, int level)
{
	const cv_level *it = &CV_LEVEL(design->answers)[level];

	return pnstrdup(CV_NAME(design->answers) + it->name, it->length);
}

/* A column's name, as parameters() has it. */
char *
cv_design_term(const cv_design *design, int column)
{
	int a;
	int l;

	for (a = 0; a < design->answers->used[CV_ATTRIBUTES]; a++)
	{
		const cv_attribute *attribute = &CV_ATTRIBUTE(design->answers)[a];

		if (attribute->levels == 0 && design->part[a].first == column)
			return cv_design_attribute(design, a);
		for (l = attribute->first; l < attribute->first + attribute->levels; l++)
			if (design->column[l] == column)
				return psprintf("%s=%s", cv_design_attribute(design, a),
								cv_design_level(design, l));
	}
	return pstrdup("intercept");
}

/* The columns of a combination, at most five of them. */
char *
cv_design_combination(const cv_design *design, const double *combination)
{
	StringInfoData text;
	int named = 0;
	int i;

	initStringInfo(&text);
	for (i = 0; i < design->columns; i++)
	{
		if (!(fabs(combination[i]) > 1e-6))
			continue;
		if (named == 5)
		{
			appendStringInfoString(&text, ", ...");
			break;
		}
		appendStringInfo(&text, "%s%s", named++ > 0 ? ", " : "", cv_design_term(design, i));
	}
	return text.data;
}

/* Part-worths from coefficients of the columns. */
cv_part_input *
cv_design_parts(const cv_design *design, const double *coefficient)
{
	const cv_answers *answers = design->answers;
	int attributes = (int) answers->used[CV_ATTRIBUTES];
	cv_part_input *input = palloc0(Max(1, attributes) * sizeof(cv_part_input));
	int a;
	int l;

	for (a = 0; a < attributes; a++)
	{
		const cv_attribute *attribute = &CV_ATTRIBUTE(answers)[a];
		const cv_design_part *part = &design->part[a];
		double sum = 0;

		input[a].name = CV_NAME(answers) + attribute->name;
		input[a].length = attribute->length;
		input[a].low = input[a].high = CV_MISSING;
		if (part->levels == 0)
		{
			input[a].slope = coefficient[part->first] / part->half;
			input[a].low = part->low;
			input[a].high = part->high;
			continue;
		}
		input[a].level = palloc(part->levels * sizeof(cv_level_input));
		for (l = attribute->first; l < attribute->first + attribute->levels; l++)
		{
			cv_level_input *level = &input[a].level[input[a].levels];

			if (!design->used[l])
				continue;
			level->name = CV_NAME(answers) + CV_LEVEL(answers)[l].name;
			level->length = CV_LEVEL(answers)[l].length;
			level->worth = 0;
			if (design->column[l] >= 0)
				sum += level->worth = coefficient[design->column[l]];
			else if (design->effects)
				level->worth = -sum;
			input[a].levels++;
		}
	}
	return input;
}
