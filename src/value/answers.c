/*
 * answers.c: what respondents chose or how they rated, the data of conjoint
 * analysis: choice_data and rating_data are two uses of it.
 *
 * A state is one flat value of sections that grow by doubling.  Attributes' names and
 * levels are looked up in the state, so each is stored once; so is each profile.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"
#include "port/pg_bitutils.h"
#include "utils/jsonb.h"
#include "value/value.h"

#define MOST_ATTRIBUTES 200
#define MOST_LEVELS 1000 /* of an attribute */

static const int32 element_size[CV_SECTIONS] = { sizeof(cv_attribute), sizeof(cv_level), 1, 0,
												 sizeof(int32),		   sizeof(cv_answer) };

#define SLOT(answers) ((int32 *) CV_SECTION(answers, CV_SLOTS))

static inline int
compare_rows(const cv_answer *a, const cv_answer *b)
{
	if (a->respondent != b->respondent)
		return a->respondent < b->respondent ? -1 : 1;
	if (a->choice_set != b->choice_set)
		return a->choice_set < b->choice_set ? -1 : 1;
	if (a->profile != b->profile)
		return a->profile < b->profile ? -1 : 1;
	if (a->chosen != b->chosen)
		return a->chosen < b->chosen ? -1 : 1;
	if (a->value != b->value)
		return a->value < b->value ? -1 : 1;
	return 0;
}

#define ST_SORT sort_rows
#define ST_ELEMENT_TYPE cv_answer
#define ST_COMPARE(a, b) compare_rows(a, b)
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

/* The name of the type that such answers are a value of. */
const char *
cv_answers_type(uint8 flags)
{
	return flags & CV_RATINGS ? "cv_rating_data" : "cv_choice_data";
}

/* ---- sections ---- */

static Size
section_size(int section, int32 stride, int64 room)
{
	return MAXALIGN((Size) room *
					(section == CV_PROFILES ? stride * sizeof(double) : element_size[section]));
}

/* Answers with so much room, and the contents of others or none; columns beyond theirs are missing. */
cv_answers *
cv_answers_with_room(uint8 flags, const int64 *room, int32 stride, const cv_answers *other)
{
	cv_answers *answers;
	int64 start[CV_SECTIONS];
	int64 size = sizeof(cv_answers);
	int section;
	int64 i;
	int32 j;

	for (section = 0; section < CV_SECTIONS; section++)
	{
		start[section] = size;
		size += section_size(section, stride, room[section]);
	}
	answers = cv_state_alloc(sizeof(cv_answers), (size - sizeof(cv_answers)) / sizeof(double),
							 sizeof(double), cv_answers_type(flags), flags);
	answers->stride = stride;
	for (section = 0; section < CV_SECTIONS; section++)
	{
		answers->room[section] = room[section];
		answers->start[section] = start[section];
		if (other == NULL)
			continue;
		answers->used[section] = other->used[section];
		if (section != CV_PROFILES || stride == other->stride)
			memcpy(CV_SECTION(answers, section), CV_SECTION(other, section),
				   section_size(section, stride, other->used[section]));
		else
			for (i = 0; i < other->used[CV_PROFILES]; i++)
			{
				memcpy(CV_PROFILE(answers, i), CV_PROFILE(other, i),
					   other->stride * sizeof(double));
				for (j = other->stride; j < stride; j++)
					CV_PROFILE(answers, i)[j] = CV_MISSING;
			}
	}
	return answers;
}

/* Makes room for so many more elements of a section; returns the answers, moved if they had to grow. */
static cv_answers *
make_room(cv_answers *answers, int section, int64 more)
{
	int64 room[CV_SECTIONS];

	if (answers->used[section] + more <= answers->room[section])
		return answers;
	memcpy(room, answers->room, sizeof(room));
	room[section] = Max(2 * room[section], answers->used[section] + more);
	return cv_answers_with_room(answers->header.flags, room, answers->stride, answers);
}

/* Open answers about so many attributes. */
cv_answers *
cv_answers_new(uint8 flags, int attributes)
{
	static const int64 room[CV_SECTIONS] = { 4, 8, 64, 8, 16, 8 };
	cv_answers *answers =
		cv_answers_with_room(flags | CV_ANSWERS_OPEN, room, Min(attributes, 16), NULL);

	answers->used[CV_SLOTS] = room[CV_SLOTS];
	return answers;
}

/* An argument of the kind (CV_RATINGS or 0), checked as far as transitions rely on. */
cv_answers *
cv_answers_arg(FunctionCallInfo fcinfo, int argument, uint8 kind)
{
	const char *type = cv_answers_type(kind);
	cv_answers *answers = cv_value_arg(fcinfo, argument, type, sizeof(cv_answers),
									   kind | CV_RESPONDENTS | CV_ANSWERS_OPEN);
	int64 size = sizeof(cv_answers);
	int section;

	if ((answers->header.flags & CV_RATINGS) != kind || answers->stride < 0 ||
		answers->stride > MOST_ATTRIBUTES || answers->used[CV_ATTRIBUTES] > answers->stride)
		cv_corrupt_binary(type, "The number of attributes is wrong.");
	for (section = 0; section < CV_SECTIONS; section++)
	{
		if (answers->used[section] < 0 || answers->used[section] > answers->room[section] ||
			answers->room[section] > MaxAllocSize || answers->start[section] != size)
			cv_corrupt_binary(type, "The number of entries does not fit the length.");
		size += section_size(section, answers->stride, answers->room[section]);
	}
	if (size != VARSIZE(answers) ||
		(answers->header.flags & CV_ANSWERS_OPEN
			 ? answers->used[CV_PROFILES] * 2 > answers->used[CV_SLOTS] ||
				   (answers->used[CV_SLOTS] & (answers->used[CV_SLOTS] - 1)) != 0
			 : answers->used[CV_SLOTS] != 0))
		cv_corrupt_binary(type, "The number of entries does not fit the length.");
	return answers;
}

/* ---- profiles ---- */

/* The finaliser of MurmurHash3 over the columns that are not missing. */
static uint64
hash_profile(const double *profile, int32 stride)
{
	uint64 hash = 0;
	int32 i;

	for (i = 0; i < stride; i++)
	{
		uint64 bits;

		if (profile[i] == CV_MISSING)
			continue;
		memcpy(&bits, &profile[i], sizeof(bits));
		hash = (hash ^ bits) + (uint64) i * UINT64CONST(0x9e3779b97f4a7c15);
		hash = (hash ^ (hash >> 33)) * UINT64CONST(0xff51afd7ed558ccd);
		hash = (hash ^ (hash >> 33)) * UINT64CONST(0xc4ceb9fe1a85ec53);
		hash ^= hash >> 33;
	}
	return hash;
}

/* The profile's slot: its own or the empty one where it belongs. */
static int32 *
find_slot(cv_answers *answers, const double *profile)
{
	uint64 mask = answers->used[CV_SLOTS] - 1;
	uint64 at = hash_profile(profile, answers->stride) & mask;
	int32 *slot = SLOT(answers);

	while (slot[at] != 0 && memcmp(CV_PROFILE(answers, slot[at] - 1), profile,
								   answers->stride * sizeof(double)) != 0)
		at = (at + 1) & mask;
	return &slot[at];
}

/* Answers with a hash table of so many slots over the profiles that they have. */
static cv_answers *
make_table(cv_answers *answers, int64 slots)
{
	int64 room[CV_SECTIONS];
	int64 i;

	memcpy(room, answers->room, sizeof(room));
	room[CV_SLOTS] = slots;
	answers->used[CV_SLOTS] = 0;
	answers = cv_answers_with_room(answers->header.flags | CV_ANSWERS_OPEN, room, answers->stride,
								   answers);
	answers->used[CV_SLOTS] = slots;
	for (i = 0; i < answers->used[CV_PROFILES]; i++)
	{
		*find_slot(answers, CV_PROFILE(answers, i)) = (int32) i + 1;
		if (i % 4096 == 0)
			CHECK_FOR_INTERRUPTS();
	}
	return answers;
}

/* The answers themselves if they are open, else a copy that is. */
cv_answers *
cv_answers_open(cv_answers *answers)
{
	cv_answers *copy;

	if (answers->header.flags & CV_ANSWERS_OPEN)
		return answers;
	copy = cv_answers_with_room(answers->header.flags, answers->room, answers->stride, answers);
	return make_table(copy, Max(16, (int64) pg_nextpower2_64(2 * copy->used[CV_PROFILES] + 2)));
}

/* A profile of which nothing is known yet, to be filled. */
double *
cv_answers_blank(const cv_answers *answers)
{
	double *profile = palloc(Max(1, answers->stride) * sizeof(double));
	int32 i;

	for (i = 0; i < answers->stride; i++)
		profile[i] = CV_MISSING;
	return profile;
}

/* Finds or adds a profile of "stride" columns; returns the answers, moved if they had to grow. */
cv_answers *
cv_answers_profile(cv_answers *answers, const double *profile, int32 *number)
{
	int32 *slot = find_slot(answers, profile);

	if (*slot == 0)
	{
		int64 count = answers->used[CV_PROFILES];

		if ((count + 1) * 2 > answers->used[CV_SLOTS])
			answers = make_table(answers, answers->used[CV_SLOTS] * 2);
		answers = make_room(answers, CV_PROFILES, 1);
		memcpy(CV_PROFILE(answers, count), profile, answers->stride * sizeof(double));
		answers->used[CV_PROFILES]++;
		slot = find_slot(answers, profile);
		*slot = (int32) count + 1;
	}
	*number = *slot - 1;
	return answers;
}

/* ---- names ---- */

/* Adds the characters of a name; tells where they begin. */
cv_answers *
cv_answers_name(cv_answers *answers, const char *name, int32 length, int32 *at)
{
	*at = (int32) answers->used[CV_NAMES];
	answers = make_room(answers, CV_NAMES, length);
	memcpy(CV_NAME(answers) + *at, name, length);
	answers->used[CV_NAMES] += length;
	return answers;
}

static bool
is_named(const cv_answers *answers, int32 at, int32 its_length, const char *name, int32 length)
{
	return its_length == length && memcmp(CV_NAME(answers) + at, name, length) == 0;
}

/* Finds or adds an attribute; the columns of all profiles grow with them. */
static cv_answers *
find_attribute(cv_answers *answers, const cv_attribute_value *value, int32 *column,
			   double **profile)
{
	int32 count = (int32) answers->used[CV_ATTRIBUTES];
	cv_attribute *attribute;
	int32 i;

	for (i = 0; i < count; i++)
	{
		/* objects have their members in one order, so the next one is likely */
		*column = *column + 1 < count ? *column + 1 : 0;
		attribute = &CV_ATTRIBUTE(answers)[*column];
		if (is_named(answers, attribute->name, attribute->length, value->name, value->length))
			return answers;
	}
	if (count == MOST_ATTRIBUTES)
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
						errmsg("more than %d attributes", MOST_ATTRIBUTES),
						errdetail("The next one is \"%.*s\".", value->length, value->name)));
	if (count == answers->stride)
	{
		double *wider;

		answers = cv_answers_with_room(answers->header.flags, answers->room,
									   Min(MOST_ATTRIBUTES, Max(4, 2 * count)), answers);
		answers = make_table(answers, answers->used[CV_SLOTS]);
		wider = cv_answers_blank(answers);
		memcpy(wider, *profile, count * sizeof(double));
		*profile = wider;
	}
	answers = make_room(answers, CV_ATTRIBUTES, 1);
	*column = count;
	answers = cv_answers_name(answers, value->name, value->length, &i);
	attribute = &CV_ATTRIBUTE(answers)[count];
	attribute->name = i;
	attribute->length = value->length;
	attribute->levels = value->is_level ? -1 : 0; /* of an attribute that has none yet */
	attribute->first = -1;
	answers->used[CV_ATTRIBUTES]++;
	return answers;
}

/* Finds or adds a level of an attribute; tells its place. */
static cv_answers *
find_level(cv_answers *answers, const cv_attribute_value *value, int32 column, int32 *place)
{
	cv_attribute *attribute = &CV_ATTRIBUTE(answers)[column];
	cv_level *level = CV_LEVEL(answers);
	int32 last = -1;
	int32 name;
	int32 i;

	for (i = attribute->first; i >= 0; i = level[i].next)
	{
		if (is_named(answers, level[i].name, level[i].length, value->level, value->level_length))
		{
			*place = i;
			return answers;
		}
		last = i;
	}
	if (attribute->levels == MOST_LEVELS)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("attribute \"%.*s\" has more than %d levels", value->length, value->name,
						MOST_LEVELS),
				 errdetail("The next one is \"%.*s\".", value->level_length, value->level),
				 errhint("A number in the attributes is a slope, in quotes it is a level.")));
	answers = make_room(answers, CV_LEVELS, 1);
	answers = cv_answers_name(answers, value->level, value->level_length, &name);
	*place = (int32) answers->used[CV_LEVELS]++;
	level = &CV_LEVEL(answers)[*place];
	level->name = name;
	level->length = value->level_length;
	level->next = -1;
	attribute = &CV_ATTRIBUTE(answers)[column];
	attribute->levels = Max(0, attribute->levels) + 1;
	if (last < 0)
		attribute->first = *place;
	else
		CV_LEVEL(answers)[last].next = *place;
	return answers;
}

/*
 * Puts an attribute's value into a profile; both may move.  *column tells the column
 * of the value before, -1 at first, and then that of this one.
 */
cv_answers *
cv_answers_value(cv_answers *answers, const cv_attribute_value *value, double **profile,
				 int32 *column)
{
	int32 place;

	answers = find_attribute(answers, value, column, profile);
	if (value->is_level != (CV_ATTRIBUTE(answers)[*column].levels != 0))
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("attribute \"%.*s\" is a number in one row and a string or boolean in "
						"another",
						value->length, value->name),
				 value->is_level ? errdetail("One of its strings is \"%.*s\".", value->level_length,
											 value->level)
								 : errdetail("One of its numbers is %.15g.", value->number),
				 errhint("A number is a slope, a string or a boolean a level: use one of them "
						 "throughout.")));
	if (!value->is_level)
	{
		(*profile)[*column] = value->number;
		return answers;
	}
	answers = find_level(answers, value, *column, &place);
	(*profile)[*column] = place;
	return answers;
}

/* ---- rows ---- */

/* Sorts rows and merges those that are equal; returns how many are left. */
int64
cv_answers_collapse(cv_answer *row, int64 count)
{
	int64 kept = 0;
	int64 i;

	sort_rows(row, count);
	for (i = 1; i < count; i++)
	{
		if (compare_rows(&row[kept], &row[i]) != 0)
		{
			row[++kept] = row[i];
			continue;
		}
		if ((int64) row[kept].times + row[i].times > PG_INT32_MAX)
			ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
							errmsg("more than %d equal rows", PG_INT32_MAX)));
		row[kept].times += row[i].times;
	}
	return count > 0 ? kept + 1 : 0;
}

/* Adds a row; returns the answers, moved if they had to grow. */
cv_answers *
cv_answers_row(cv_answers *answers, const cv_answer *row)
{
	if (answers->used[CV_ROWS] == answers->room[CV_ROWS])
	{
		/* many ratings are equal, hardly any two alternatives are */
		if (answers->header.flags & CV_RATINGS)
			answers->used[CV_ROWS] = cv_answers_collapse(CV_ROW(answers), answers->used[CV_ROWS]);
		if (answers->used[CV_ROWS] * 2 > answers->room[CV_ROWS])
			answers = make_room(answers, CV_ROWS, answers->room[CV_ROWS]);
	}
	CV_ROW(answers)[answers->used[CV_ROWS]++] = *row;
	return answers;
}
