/*
 * value.h: perceived value, conjoint, price and feature surveys.
 */
#ifndef CV_VALUE_H
#define CV_VALUE_H

#include "core/exact_sum.h"
#include "pg/pg.h"
#include "utils/jsonb.h"

/* ---- perceived_value.c ---- */

/* Two sums: of what weighs for an offer and of what weighs against it. */
typedef struct cv_perceived_value_summary
{
	cv_header header;
	int64 responses;
	cv_sum sum[2]; /* benefits, costs */
} cv_perceived_value_summary;

#define CV_BENEFITS 0
#define CV_COSTS 1

extern cv_perceived_value_summary *cv_value_summary_state(FunctionCallInfo fcinfo);
extern cv_perceived_value_summary *cv_value_summary_arg(FunctionCallInfo fcinfo, int argument);
extern void cv_value_summary_add(cv_perceived_value_summary *summary, int side, double term);
extern double cv_check_observation(const char *name, double value);
extern double cv_check_weight(double weight);

/* ---- attributes.c ---- */

/* A member of an attributes object: a number is a slope, a string or a boolean a level. */
typedef struct cv_attribute_value
{
	const char *name;
	int length;
	bool is_level;
	double number;
	const char *level;
	int level_length;
} cv_attribute_value;

extern JsonbIterator *cv_attributes_begin(Jsonb *attributes);
extern bool cv_attributes_next(JsonbIterator **members, cv_attribute_value *value);
extern int cv_compare_names(const char *a, int a_length, const char *b, int b_length);

/* ---- answers.c ---- */

typedef enum cv_section
{
	CV_ATTRIBUTES, /* cv_attribute */
	CV_LEVELS,	   /* cv_level */
	CV_NAMES,	   /* the characters of their names */
	CV_PROFILES,   /* "stride" doubles each: a number, a level's place, or CV_MISSING */
	CV_SLOTS,	   /* a state's hash table: a profile's number + 1, or 0 */
	CV_ROWS,	   /* cv_answer */
	CV_SECTIONS
} cv_section;

typedef struct cv_attribute
{
	int32 name; /* where it begins in CV_NAMES */
	int32 length;
	int32 first;  /* its first level, -1: none */
	int32 levels; /* 0: its values are numbers */
} cv_attribute;

typedef struct cv_level
{
	int32 name;
	int32 length;
	int32 next; /* level of the attribute, -1: none */
	int32 padding;
} cv_level;

/* An alternative of a choice set, or a rating; 32 bytes. */
typedef struct cv_answer
{
	int64 respondent; /* 0 without respondents */
	int64 choice_set; /* 0 in ratings */
	double value;	  /* the rating; an alternative's weight, CV_MISSING where a row has NULLs */
	int32 profile;
	uint32 chosen : 1;
	uint32 times : 31; /* rows of this kind */
} cv_answer;

#define CV_MISSING HUGE_VAL

#define CV_RESPONDENTS 0x01	 /* rows tell who answered */
#define CV_RATINGS 0x02		 /* rows are ratings, not alternatives */
#define CV_ANSWERS_OPEN 0x04 /* a state: in any order, repeated, with a hash table */

/*
 * Answers about profiles, the distinct combinations of attributes' values.  Behind
 * the head lie the sections, each with room for more than it holds.  The stored form
 * has no spare room and no hash table; names are in C order, so are the levels of
 * each attribute, profiles by their values, rows by respondent and choice set.
 */
typedef struct cv_answers
{
	cv_header header;
	int32 stride; /* columns that a profile has room for */
	int32 padding;
	int64 used[CV_SECTIONS];
	int64 room[CV_SECTIONS];
	int64 start[CV_SECTIONS]; /* in bytes from the beginning */
} cv_answers;

#define CV_SECTION(answers, section) ((char *) (answers) + (answers)->start[section])
#define CV_ATTRIBUTE(answers) ((cv_attribute *) CV_SECTION(answers, CV_ATTRIBUTES))
#define CV_LEVEL(answers) ((cv_level *) CV_SECTION(answers, CV_LEVELS))
#define CV_NAME(answers) CV_SECTION(answers, CV_NAMES)
#define CV_PROFILE(answers, i) \
	((double *) CV_SECTION(answers, CV_PROFILES) + (int64) (i) * (answers)->stride)
#define CV_ROW(answers) ((cv_answer *) CV_SECTION(answers, CV_ROWS))

extern const char *cv_answers_type(uint8 flags);
extern cv_answers *cv_answers_arg(FunctionCallInfo fcinfo, int argument, uint8 kind);
extern cv_answers *cv_answers_new(uint8 flags, int attributes);
extern cv_answers *cv_answers_open(cv_answers *answers);
extern cv_answers *cv_answers_value(cv_answers *answers, const cv_attribute_value *value,
									double **profile, int32 *column);
extern cv_answers *cv_answers_profile(cv_answers *answers, const double *profile, int32 *number);
extern cv_answers *cv_answers_row(cv_answers *answers, const cv_answer *row);
extern double *cv_answers_blank(const cv_answers *answers);
extern cv_answers *
cv_answers_with_room(uint8 flags, const int64 *room, int32 stride, const cv_answers *other);
extern cv_answers *cv_answers_name(cv_answers *answers, const char *name, int32 length, int32 *at);
extern int64 cv_answers_collapse(cv_answer *row, int64 count);

/* ---- answers_stored.c ---- */

extern const cv_answers *cv_answers_stored(const cv_answers *answers);

/* ---- answers_merge.c ---- */

extern cv_answers *cv_answers_add(FunctionCallInfo fcinfo, cv_answers *answers, int attributes,
								  uint8 flags, cv_answer *row);
extern Datum cv_answers_combine(FunctionCallInfo fcinfo, uint8 kind);

/* ---- answers_io.c ---- */

extern cv_answers *cv_answers_read(char *text, uint8 kind);
extern char *cv_answers_write(const cv_answers *answers);
extern cv_answers *cv_answers_receive(StringInfo buffer, uint8 kind);
extern bytea *cv_answers_send(const cv_answers *answers);

/* ---- utility_model.c ---- */

typedef enum cv_utility_family
{
	CV_CHOICE_MODEL,
	CV_RATING_MODEL
} cv_utility_family;

#define CV_UTILITY_FAMILIES 2
#define CV_MOST_COUNT (INT64CONST(1) << 53) /* what JSON numbers hold exactly */

#define CV_UTILITY_FITTED 0x01 /* the fields about the fit are meant */
#define CV_UTILITY_CONVERGED 0x02
#define CV_UTILITY_COVARIANCE 0x04 /* there is a covariance of the parameters */
#define CV_UTILITY_FLAGS (CV_UTILITY_FITTED | CV_UTILITY_CONVERGED | CV_UTILITY_COVARIANCE)

/* An attribute of a model: a slope, or levels. */
typedef struct cv_part
{
	int32 name; /* where it begins among the names */
	int32 length;
	int32 first;	 /* its first level */
	int32 levels;	 /* 0: a slope */
	int32 parameter; /* a slope's number, else -1 */
	int32 padding;
	double slope;
	double low; /* range of a slope's attribute in the data, CV_MISSING: unknown */
	double high;
} cv_part;

/* A level's part-worth. */
typedef struct cv_worth
{
	int32 name;
	int32 length;
	int32 parameter; /* its number, -1: the reference */
	int32 padding;
	double worth;
} cv_worth;

/*
 * Part-worths, and how they were found.  Attributes are in C order, so are the
 * levels of each.  Parameters are numbered as parameters() lists them: in a rating
 * model the intercept and everything, in a choice model everything but references,
 * which are the first level of an attribute where its part-worth is 0.
 */
typedef struct cv_utility_model
{
	cv_header header;
	int32 family; /* cv_utility_family */
	int32 attributes;
	int32 levels;
	int32 parameters;
	int32 names; /* bytes */
	int32 padding;
	double intercept; /* 0 in a choice model */
	int64 observations;
	int64 choices;	   /* sets; -1 in a rating model */
	int64 respondents; /* -1: not known */
	int64 skipped;	   /* sets, or ratings */
	int64 iterations;
	double gradient;
	/* these four may be CV_MISSING */
	double log_likelihood;
	double log_likelihood_null;
	double r_squared;
	double residual_error;
	char data[FLEXIBLE_ARRAY_MEMBER]; /* parts, worths, covariance, names */
} cv_utility_model;

#define CV_PARTS(model) ((cv_part *) (model)->data)
#define CV_WORTHS(model) ((cv_worth *) (CV_PARTS(model) + (model)->attributes))
#define CV_COVARIANCE_OF(model) ((double *) (CV_WORTHS(model) + (model)->levels))
#define CV_MODEL_NAMES(model)                                                                    \
	((char *) (CV_COVARIANCE_OF(model) + ((model)->header.flags & CV_UTILITY_COVARIANCE          \
											  ? (Size) (model)->parameters * (model)->parameters \
											  : 0)))

/* What a model is made of, in any order. */
typedef struct cv_level_input
{
	const char *name;
	int length;
	double worth;
} cv_level_input;

typedef struct cv_part_input
{
	const char *name;
	int length;
	int levels; /* 0: a slope */
	cv_level_input *level;
	double slope;
	double low;
	double high;
} cv_part_input;

extern cv_utility_model *cv_utility_model_new(int family, cv_part_input *part, int attributes,
											  bool covariance, const char **fault);
extern const cv_utility_model *cv_utility_model_arg(FunctionCallInfo fcinfo, int argument);
extern const char cv_utility_model_type[];
extern const char *cv_utility_model_fault(const cv_utility_model *model);

/* ---- utility_json.c ---- */

extern cv_utility_model *cv_utility_model_read(Jsonb *document);
extern char *cv_utility_model_write(const cv_utility_model *model);

/* ---- design.c ---- */

/* An attribute as the usable profiles have it. */
typedef struct cv_design_part
{
	int first;	/* column of a slope, or of the first level that has one */
	int levels; /* in use; 0: a slope */
	int last;	/* the last level in use */
	double low; /* of the numbers */
	double high;
	double middle; /* numbers less this, by half of their range, make the column */
	double half;
} cv_design_part;

/*
 * The columns of a fit: of a slope the number, centred and scaled; of levels the
 * first one as the reference (choices), or the last one as less the sum of the others
 * (ratings, whose column 0 is the intercept).
 */
typedef struct cv_design
{
	const cv_answers *answers;
	bool effects;
	int columns;
	cv_design_part *part; /* by attribute */
	int *column;		  /* by level: its column, -1: none */
	bool *used;			  /* by level */
} cv_design;

extern bool cv_profile_complete(const cv_answers *answers, int32 profile);
extern void cv_design_build(cv_design *design, const cv_answers *answers, const bool *used);
extern int cv_design_row(const cv_design *design, int32 profile, int *column, double *value);
extern char *cv_design_level(const cv_design *design, int level);
extern char *cv_design_attribute(const cv_design *design, int attribute);
extern char *cv_design_term(const cv_design *design, int column);
extern char *cv_design_combination(const cv_design *design, const double *combination);
extern cv_part_input *cv_design_parts(const cv_design *design, const double *coefficient);
CV_NORETURN extern void cv_cannot_fit_answers(const cv_answers *answers, const char *why,
											  const char *detail, const char *hint);
extern void
cv_report_skipped(const cv_answers *answers, int64 skipped, int64 all, const char *detail);

#endif
