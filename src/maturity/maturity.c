/*
 * maturity.c: how far an organisation has come in creating value for its customers.
 *
 * Staged maturity, as the CMMI has it: the highest level such that every practice of it
 * and of all levels below is satisfied, from level 1, which asks for nothing.  Over the
 * practices of one aspect it is that aspect's level; over all aspects it is the minimum of
 * theirs where every aspect has practices at the highest level.
 */
#include "postgres.h"

#include "libpq/pqformat.h"
#include "pg/document.h"
#include "pg/pg.h"
#include "utils/builtins.h"

/* What of the practices seen the level depends on. */
typedef struct cv_maturity_summary
{
	cv_header header;
	int32 highest; /* level of a practice, at least 1 */
	int32 lacking; /* the lowest level, from 2, with an unsatisfied practice; 0: none */
} cv_maturity_summary;

static const char type_name[] = "cv_maturity_summary";

PG_FUNCTION_INFO_V1(cv_maturity_trans);
PG_FUNCTION_INFO_V1(cv_maturity_combine);
PG_FUNCTION_INFO_V1(cv_maturity_level);
PG_FUNCTION_INFO_V1(cv_maturity_practices);
PG_FUNCTION_INFO_V1(cv_maturity_summary_in);
PG_FUNCTION_INFO_V1(cv_maturity_summary_out);
PG_FUNCTION_INFO_V1(cv_maturity_summary_recv);
PG_FUNCTION_INFO_V1(cv_maturity_summary_send);

/* ---- state ---- */

static cv_maturity_summary *
new_summary(int32 highest, int32 lacking)
{
	cv_maturity_summary *summary = cv_state_alloc(sizeof(cv_maturity_summary), 0, 1, type_name, 0);

	summary->highest = highest;
	summary->lacking = lacking;
	return summary;
}

static cv_maturity_summary *
read_summary(FunctionCallInfo fcinfo, int argument)
{
	return cv_value_arg(fcinfo, argument, type_name, sizeof(cv_maturity_summary), 0);
}

/* The lower of two levels, of which 0 is none. */
static int32
lower_level(int32 a, int32 b)
{
	return a == 0 || (b != 0 && b < a) ? b : a;
}

/*
 * maturity_level(level, achieved), maturity_summary(..): a row without a level is
 * ignored, a practice of which nothing is known is not satisfied.
 */
Datum
cv_maturity_trans(PG_FUNCTION_ARGS)
{
	cv_maturity_summary *summary = PG_ARGISNULL(0) ? NULL : read_summary(fcinfo, 0);
	int32 level;

	cv_require_aggregate(fcinfo);
	if (PG_ARGISNULL(1))
		return cv_state_result(fcinfo, summary);
	level = PG_GETARG_INT32(1);
	if (level < 1)
		ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
						errmsg("level must be at least 1, not %d", level),
						errdetail("Level 1 is where everybody begins.")));
	if (summary == NULL)
		summary = new_summary(1, 0);
	summary->highest = Max(summary->highest, level);
	if (level > 1 && (PG_ARGISNULL(2) || !PG_GETARG_BOOL(2)))
		summary->lacking = lower_level(summary->lacking, level);
	PG_RETURN_POINTER(summary);
}

/* Merges two summaries; also the transition of rollup(maturity_summary). */
Datum
cv_maturity_combine(PG_FUNCTION_ARGS)
{
	cv_maturity_summary *summary;
	const cv_maturity_summary *other;

	CV_RETURN_UNLESS_BOTH(summary, other, read_summary);
	summary->highest = Max(summary->highest, other->highest);
	summary->lacking = lower_level(summary->lacking, other->lacking);
	PG_RETURN_POINTER(summary);
}

/* The level, of the aggregate and of a summary. */
Datum
cv_maturity_level(PG_FUNCTION_ARGS)
{
	const cv_maturity_summary *summary;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	summary = read_summary(fcinfo, 0);
	PG_RETURN_INT32(summary->lacking > 0 ? summary->lacking - 1 : summary->highest);
}

/* ---- text: {"highest": 5, "lacking": 3} ---- */

/* Every summary from outside passes here; what is wrong, or NULL. */
static const char *
find_fault(int64 highest, int64 lacking)
{
	if (highest < 1 || highest > PG_INT32_MAX)
		return "The highest level is out of range.";
	if (lacking != 0 && (lacking < 2 || lacking > highest))
		return "The lowest level with an unsatisfied practice is out of range.";
	return NULL;
}

Datum
cv_maturity_summary_in(PG_FUNCTION_ARGS)
{
	cv_document document = cv_document_open(PG_GETARG_CSTRING(0), type_name,
											"{\"highest\": level, \"lacking\": level or 0}");
	int64 highest = cv_document_integer(&document, "highest", 1, PG_INT32_MAX);
	int64 lacking = cv_document_integer(&document, "lacking", 0, PG_INT32_MAX);
	const char *fault = find_fault(highest, lacking);

	cv_document_close(&document);
	if (fault)
		cv_malformed(type_name, "%s", fault);
	PG_RETURN_POINTER(new_summary((int32) highest, (int32) lacking));
}

Datum
cv_maturity_summary_out(PG_FUNCTION_ARGS)
{
	const cv_maturity_summary *summary = read_summary(fcinfo, 0);

	PG_RETURN_CSTRING(
		psprintf("{\"highest\": %d, \"lacking\": %d}", summary->highest, summary->lacking));
}

/* ---- binary ---- */

Datum
cv_maturity_summary_recv(PG_FUNCTION_ARGS)
{
	StringInfo buffer = (StringInfo) PG_GETARG_POINTER(0);
	const char *fault;
	int32 highest;
	int32 lacking;

	cv_receive_begin(buffer, type_name, 0);
	highest = (int32) pq_getmsgint(buffer, 4);
	lacking = (int32) pq_getmsgint(buffer, 4);
	fault = find_fault(highest, lacking);
	if (fault)
		cv_corrupt_binary(type_name, fault);
	PG_RETURN_POINTER(new_summary(highest, lacking));
}

Datum
cv_maturity_summary_send(PG_FUNCTION_ARGS)
{
	const cv_maturity_summary *summary = read_summary(fcinfo, 0);
	StringInfoData buffer;

	cv_send_begin(&buffer, 0);
	pq_sendint32(&buffer, summary->highest);
	pq_sendint32(&buffer, summary->lacking);
	PG_RETURN_BYTEA_P(pq_endtypsend(&buffer));
}

/* ---- the practices ---- */

#define RESEARCH "customer research and feedback"
#define DESIGN "product and service design"
#define EXPERIENCE "experience management"
#define PROPOSITION "value proposition"
#define ENGAGEMENT "engagement"
#define IMPROVEMENT "continuous improvement"

static const char *const level_name[] = { "ad-hoc", "initiating", "enabling", "optimizing",
										  "leading" };

/* Levels 1 to 5 by aspect; NULL as aspect: the whole organisation. */
static const struct
{
	int level;
	const char *aspect;
	const char *practice;
} practices[] = {
	{ 1, NULL, "Value for customers is created without a structure, in reaction to events." },
	{ 1, RESEARCH, "Nobody records or analyses systematically what customers need and prefer." },
	{ 1, DESIGN, "Products and services are developed from assumptions made inside the company." },
	{ 1, EXPERIENCE,
	  "What customers experience differs from case to case, and nobody manages it." },
	{ 1, PROPOSITION, "There is no value proposition, or none that is clear." },
	{ 1, ENGAGEMENT,
	  "Customers are hardly engaged, and their feedback is rarely collected or used." },
	{ 2, RESEARCH, "Basic ways to research customers and to collect their feedback exist." },
	{ 2, DESIGN, "Designers take customers' needs into account, though informally." },
	{ 2, EXPERIENCE, "Experience is known to matter, but it is handled inconsistently." },
	{ 2, PROPOSITION,
	  "Value propositions are written down, but not always told or fitted to needs." },
	{ 2, ENGAGEMENT, "Customers are engaged case by case, mostly when they make contact." },
	{ 3, RESEARCH, "Formal processes of research and feedback are applied consistently." },
	{ 3, DESIGN, "What is learned from customers shapes design and development." },
	{ 3, EXPERIENCE, "A strategy for the experience is carried out at the key touchpoints." },
	{ 3, PROPOSITION, "Value propositions are clear, communicated and in line with needs." },
	{ 3, ENGAGEMENT, "Engagement and relationships with customers are planned and proactive." },
	{ 3, IMPROVEMENT, "There is a working way from customers' feedback to improvements." },
	{ 4, RESEARCH, "Research and feedback are integrated with each other and driven by data." },
	{ 4, DESIGN, "Customer insight is part of all development and delivery." },
	{ 4, EXPERIENCE, "Journeys are mapped and optimised from end to end, as a core competency." },
	{ 4, PROPOSITION, "Value propositions are refined all the time and tailored to segments." },
	{ 4, ENGAGEMENT, "Engagement is personal and continues across channels." },
	{ 4, IMPROVEMENT, "Feedback in real time and co-creation with customers drive improvement." },
	{ 5, NULL, "Creating value for customers is a strategic priority and a core capability." },
	{ 5, RESEARCH, "Research predicts needs that are only emerging." },
	{ 5, DESIGN, "Offers are created together with customers and keep evolving." },
	{ 5, EXPERIENCE,
	  "Excellent and consistent experience at every touchpoint sets the company apart." },
	{ 5, PROPOSITION, "Value propositions adapt as customers' preferences change." },
	{ 5, ENGAGEMENT, "Engagement creates deep emotional ties and makes customers advocates." },
	{ 5, IMPROVEMENT,
	  "A culture of innovation and agility around the customer drives improvement." }
};

/* maturity_practices(): rows (aspect, level, level_name, practice). */
Datum
cv_maturity_practices(PG_FUNCTION_ARGS)
{
	int i;

	InitMaterializedSRF(fcinfo, 0);
	for (i = 0; i < (int) lengthof(practices); i++)
	{
		Datum values[4] = { 0 };
		bool nulls[4] = { false, false, false, false };

		nulls[0] = practices[i].aspect == NULL;
		if (!nulls[0])
			values[0] = CStringGetTextDatum(practices[i].aspect);
		values[1] = Int32GetDatum(practices[i].level);
		values[2] = CStringGetTextDatum(level_name[practices[i].level - 1]);
		values[3] = CStringGetTextDatum(practices[i].practice);
		cv_emit(fcinfo, values, nulls);
	}
	return (Datum) 0;
}
