/*
 * answers_merge.c: the transitions that choice_data and rating_data share, a row and
 * a state.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "value/value.h"

/*
 * The common part of the transitions: the profile is in the argument "attributes",
 * all else is in the row.
 */
cv_answers *
cv_answers_add(FunctionCallInfo fcinfo, cv_answers *answers, int attributes, uint8 flags,
			   cv_answer *row)
{
	Jsonb *object = PG_ARGISNULL(attributes) ? NULL : PG_GETARG_JSONB_P(attributes);
	JsonbIterator *members = object ? cv_attributes_begin(object) : NULL;
	cv_attribute_value value;
	double *profile;
	int32 column = -1;
	int32 number;

	if (answers == NULL)
		answers = cv_answers_new(flags, object ? JsonContainerSize(&object->root) : 0);
	answers = cv_answers_open(answers);
	profile = cv_answers_blank(answers);
	while (members && cv_attributes_next(&members, &value))
		answers = cv_answers_value(answers, &value, &profile, &column);
	answers = cv_answers_profile(answers, profile, &number);
	row->profile = number;
	row->times = 1;
	return cv_answers_row(answers, row);
}

/* Adds the attributes, profiles and rows of others; returns the answers, moved if they had to grow. */
static cv_answers *
merge_answers(cv_answers *answers, cv_answers *other)
{
	int32 attributes = (int32) other->used[CV_ATTRIBUTES];
	int32 *profile_of =
		palloc_extended(Max(1, other->used[CV_PROFILES]) * sizeof(int32), MCXT_ALLOC_HUGE);
	int64 i;
	int32 j;

	if (((answers->header.flags ^ other->header.flags) & CV_RESPONDENTS) != 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("cannot merge data with respondents and data without"),
						errhint("Build both with a respondent or both without one.")));
	answers = cv_answers_open(answers);
	for (i = 0; i < other->used[CV_PROFILES]; i++)
	{
		double *profile = cv_answers_blank(answers);
		int32 column = -1;

		for (j = 0; j < attributes; j++)
		{
			const cv_attribute *attribute = &CV_ATTRIBUTE(other)[j];
			double stored = CV_PROFILE(other, i)[j];
			cv_attribute_value value;

			if (stored == CV_MISSING)
				continue;
			value.name = CV_NAME(other) + attribute->name;
			value.length = attribute->length;
			value.is_level = attribute->levels != 0;
			value.number = stored;
			if (value.is_level)
			{
				const cv_level *level;

				if (!(stored >= 0 && stored < other->used[CV_LEVELS]))
					cv_corrupt_binary(cv_answers_type(other->header.flags),
									  "A level is out of range.");
				level = &CV_LEVEL(other)[(int32) stored];
				value.level = CV_NAME(other) + level->name;
				value.level_length = level->length;
			}
			answers = cv_answers_value(answers, &value, &profile, &column);
		}
		answers = cv_answers_profile(answers, profile, &profile_of[i]);
		pfree(profile);
		if (i % 4096 == 0)
			CHECK_FOR_INTERRUPTS();
	}
	for (i = 0; i < other->used[CV_ROWS]; i++)
	{
		cv_answer row = CV_ROW(other)[i];

		if (row.profile < 0 || row.profile >= other->used[CV_PROFILES])
			cv_corrupt_binary(cv_answers_type(other->header.flags), "A profile is out of range.");
		row.profile = profile_of[row.profile];
		answers = cv_answers_row(answers, &row);
		if (i % 4096 == 0)
			CHECK_FOR_INTERRUPTS();
	}
	pfree(profile_of);
	return answers;
}

/* Merges two states; also the transition of rollup(). */
Datum
cv_answers_combine(FunctionCallInfo fcinfo, uint8 kind)
{
	cv_answers *answers;

	cv_require_aggregate(fcinfo);
	if (PG_ARGISNULL(0) && PG_ARGISNULL(1))
		PG_RETURN_NULL();
	if (PG_ARGISNULL(0))
		PG_RETURN_POINTER(cv_answers_arg(fcinfo, 1, kind));
	answers = cv_answers_arg(fcinfo, 0, kind);
	if (PG_ARGISNULL(1))
		PG_RETURN_POINTER(answers);
	PG_RETURN_POINTER(merge_answers(answers, cv_answers_arg(fcinfo, 1, kind)));
}
