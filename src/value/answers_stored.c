/*
 * answers_stored.c: the stored form of choice and rating data: names, levels, profiles
 * and rows in their order, without spare room.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "value/value.h"

/* Names of attributes or levels, to be sorted. */
typedef struct named
{
	const char *name;
	int32 length;
	int32 owner; /* new place of a level's attribute */
	int32 old;
} named;

static int
compare_named(const void *a, const void *b)
{
	const named *x = a;
	const named *y = b;

	if (x->owner != y->owner)
		return x->owner < y->owner ? -1 : 1;
	return cv_compare_names(x->name, x->length, y->name, y->length);
}

typedef struct profile_order
{
	const double *profile;
	int32 stride;
} profile_order;

static inline int
compare_profiles(int32 a, int32 b, const profile_order *order)
{
	const double *x = order->profile + (int64) a * order->stride;
	const double *y = order->profile + (int64) b * order->stride;
	int32 i;

	for (i = 0; i < order->stride; i++)
		if (x[i] != y[i])
			return x[i] < y[i] ? -1 : 1;
	return 0;
}

#define ST_SORT sort_profiles
#define ST_ELEMENT_TYPE int32
#define ST_COMPARE(a, b, order) compare_profiles(*(a), *(b), order)
#define ST_COMPARE_ARG_TYPE const profile_order
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

/* Writes attributes and levels in their order; tells where each has come from and gone to. */
static void
order_names(cv_answers *stored, const cv_answers *answers, int32 *column_from, int32 *level_to)
{
	int32 attributes = (int32) answers->used[CV_ATTRIBUTES];
	int32 levels = (int32) answers->used[CV_LEVELS];
	named *name = palloc((Size) Max(1, Max(attributes, levels)) * sizeof(named));
	int32 count = 0;
	int32 i;
	int32 l;

	for (i = 0; i < attributes; i++)
	{
		name[i].name = CV_NAME(answers) + CV_ATTRIBUTE(answers)[i].name;
		name[i].length = CV_ATTRIBUTE(answers)[i].length;
		name[i].owner = 0;
		name[i].old = i;
	}
	qsort(name, attributes, sizeof(named), compare_named);
	for (i = 0; i < attributes; i++)
	{
		cv_attribute *attribute = &CV_ATTRIBUTE(stored)[i];

		column_from[i] = name[i].old;
		*attribute = CV_ATTRIBUTE(answers)[name[i].old];
		stored = cv_answers_name(stored, name[i].name, name[i].length, &attribute->name);
	}
	stored->used[CV_ATTRIBUTES] = attributes;
	for (i = 0; i < attributes; i++)
		for (l = CV_ATTRIBUTE(stored)[i].first; l >= 0; l = CV_LEVEL(answers)[l].next)
		{
			name[count].name = CV_NAME(answers) + CV_LEVEL(answers)[l].name;
			name[count].length = CV_LEVEL(answers)[l].length;
			name[count].owner = i;
			name[count++].old = l;
		}
	qsort(name, count, sizeof(named), compare_named);
	for (l = 0; l < count; l++)
	{
		cv_level *level = &CV_LEVEL(stored)[l];

		level_to[name[l].old] = l;
		if (l == 0 || name[l].owner != name[l - 1].owner)
			CV_ATTRIBUTE(stored)[name[l].owner].first = l;
		stored = cv_answers_name(stored, name[l].name, name[l].length, &level->name);
		level->length = name[l].length;
		level->next = l + 1 < count && name[l + 1].owner == name[l].owner ? l + 1 : -1;
	}
	stored->used[CV_LEVELS] = count;
	pfree(name);
}

/* The answers as stored: in order and of exact size; the argument where it is so. */
const cv_answers *
cv_answers_stored(const cv_answers *answers)
{
	int32 stride = (int32) answers->used[CV_ATTRIBUTES];
	int64 profiles = answers->used[CV_PROFILES];
	int64 rows = answers->used[CV_ROWS];
	int64 room[CV_SECTIONS];
	cv_answers *stored;
	int32 *column_from;
	int32 *level_to;
	int32 *number;
	int32 *profile_to;
	double *unordered;
	profile_order order;
	int64 i;
	int32 j;

	if (!(answers->header.flags & CV_ANSWERS_OPEN))
		return answers;
	memcpy(room, answers->used, sizeof(room));
	room[CV_SLOTS] = 0;
	stored = cv_answers_with_room(answers->header.flags & ~CV_ANSWERS_OPEN, room, stride, NULL);
	column_from = palloc((Size) Max(1, stride) * sizeof(int32));
	level_to = palloc((Size) Max(1, room[CV_LEVELS]) * sizeof(int32));
	order_names(stored, answers, column_from, level_to);

	unordered = palloc_extended(Max(1, profiles * stride) * sizeof(double), MCXT_ALLOC_HUGE);
	number = palloc_extended(Max(1, profiles) * sizeof(int32), MCXT_ALLOC_HUGE);
	profile_to = palloc_extended(Max(1, profiles) * sizeof(int32), MCXT_ALLOC_HUGE);
	for (i = 0; i < profiles; i++)
	{
		number[i] = (int32) i;
		for (j = 0; j < stride; j++)
		{
			double value = CV_PROFILE(answers, i)[column_from[j]];

			if (CV_ATTRIBUTE(stored)[j].levels != 0 && value != CV_MISSING)
				value = level_to[(int32) value];
			unordered[i * stride + j] = value;
		}
	}
	order.profile = unordered;
	order.stride = stride;
	sort_profiles(number, profiles, &order);
	for (i = 0; i < profiles; i++)
	{
		profile_to[number[i]] = (int32) i;
		memcpy(CV_PROFILE(stored, i), unordered + (int64) number[i] * stride,
			   stride * sizeof(double));
	}
	stored->used[CV_PROFILES] = profiles;

	for (i = 0; i < rows; i++)
	{
		CV_ROW(stored)[i] = CV_ROW(answers)[i];
		CV_ROW(stored)[i].profile = profile_to[CV_ROW(answers)[i].profile];
	}
	rows = cv_answers_collapse(CV_ROW(stored), rows);
	stored->used[CV_ROWS] = stored->room[CV_ROWS] = rows;
	SET_VARSIZE(stored, stored->start[CV_ROWS] + rows * sizeof(cv_answer));
	pfree(unordered);
	pfree(number);
	pfree(profile_to);
	return stored;
}
