/*
 * funnel.c: funnel(log, steps, within, strict), how far one customer's journey goes
 * through the steps of a funnel, by the deepest chain (core/funnel.h).
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "core/funnel.h"
#include "journey/funnel.h"
#include "journey/journey.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/memutils.h"

PG_FUNCTION_INFO_V1(cv_funnel_of_log);

const Oid cv_funnel_result_types[3] = { INT4OID, TIMESTAMPTZOID, TIMESTAMPTZARRAYOID };

/*
 * The stages of some log, as they stand in its stored form, and the steps that each of them
 * is.  Few different sets of stages come again and again.
 */
typedef struct stage_set
{
	int32 names;
	int32 bytes;
	uint32 meets[CV_NAMED_LINEAR];
	char image[256]; /* the names' places and bytes */
} stage_set;

#define STAGE_SETS 16 /* that a call site keeps; a power of 2 */

/* What a call site keeps: the steps of the last call, taken apart, and what comes again. */
typedef struct funnel_site
{
	TupleDesc shape;
	ArrayType *array;
	int steps;
	const char *name[CV_FUNNEL_STEPS];
	int32 length[CV_FUNNEL_STEPS];
	HeapTupleHeader first[CV_FUNNEL_STEPS + 1]; /* by the number of steps reached, or NULL */
	stage_set set[STAGE_SETS];
} funnel_site;

static void
check_interrupts(void)
{
	CHECK_FOR_INTERRUPTS();
}

/* The number of steps must be one that a funnel can have. */
static void
check_steps(int steps, const char *what)
{
	if (steps < 1 || steps > CV_FUNNEL_STEPS)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("there must be 1 to %d %s, not %d", CV_FUNNEL_STEPS, what, steps)));
}

static void
take_steps_apart(funnel_site *site, const ArrayType *steps, MemoryContext context)
{
	ArrayType *array;
	Datum *element;
	bool *nulls;
	int count;
	int i;

	if (ARR_NDIM(steps) > 1)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("steps must have one dimension, not %d", ARR_NDIM(steps))));
	if (site->array)
		pfree(site->array);
	site->array = NULL;
	array = MemoryContextAlloc(context, VARSIZE(steps));
	memcpy(array, steps, VARSIZE(steps));
	deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT, &element, &nulls, &count);
	check_steps(count, "steps");
	for (i = 0; i < count; i++)
	{
		if (nulls[i])
			ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
							errmsg("steps must not contain NULL: step %d", i + 1)));
		/* elements of an array are never toasted */
		site->name[i] = VARDATA_ANY(DatumGetPointer(element[i]));
		site->length[i] = (int32) VARSIZE_ANY_EXHDR(DatumGetPointer(element[i]));
	}
	pfree(element);
	pfree(nulls);
	for (i = 0; i <= site->steps && site->steps != count; i++)
		if (site->first[i])
		{
			pfree(site->first[i]);
			site->first[i] = NULL;
		}
	memset(site->set, 0, sizeof(site->set));
	site->steps = count;
	site->array = array;
}

/* The call site's notes, with the steps of this call. */
static funnel_site *
site_of(FunctionCallInfo fcinfo, const ArrayType *steps)
{
	funnel_site *site = fcinfo->flinfo->fn_extra;
	ArrayType *array;

	if (site == NULL)
	{
		site = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(funnel_site));
		site->shape = cv_result_shape(fcinfo, "cv_funnel_result", 3, cv_funnel_result_types);
		fcinfo->flinfo->fn_extra = site;
	}
	array = site->array;
	if (array == NULL || VARSIZE(array) != VARSIZE(steps) ||
		memcmp(array, steps, VARSIZE(steps)) != 0)
		take_steps_apart(site, steps, fcinfo->flinfo->fn_mcxt);
	return site;
}

/* Finds the steps that each stage of a log is. */
static void
find_steps(const funnel_site *site, const cv_journey_log *log, uint32 *meets)
{
	int i;

	memset(meets, 0, log->names * sizeof(uint32));
	for (i = 0; i < site->steps; i++)
	{
		int32 stage = cv_named_find(log, site->name[i], site->length[i]);

		if (stage >= 0)
			meets[stage] |= UINT32_C(1) << i;
	}
}

/* The steps that each stage of a log is. */
static const uint32 *
steps_of_stages(funnel_site *site, const cv_journey_log *log)
{
	Size size = log->names * sizeof(cv_name) + log->bytes;
	stage_set *set = &site->set[(log->names + log->bytes) % STAGE_SETS];
	uint32 *meets;

	if (log->names > CV_NAMED_LINEAR || size > sizeof(set->image) ||
		log->names != log->name_capacity)
	{
		meets = palloc_extended(log->names * sizeof(uint32), MCXT_ALLOC_HUGE);
		find_steps(site, log, meets);
		return meets;
	}
	if (set->names != log->names || set->bytes != log->bytes ||
		memcmp(set->image, log->name, size) != 0)
	{
		find_steps(site, log, set->meets);
		set->names = log->names;
		set->bytes = log->bytes;
		memcpy(set->image, log->name, size);
	}
	return set->meets;
}

/* The instants of the steps as an array with an element for each step, NULL where not reached. */
static Datum
step_times(const int64 *times, int reached, int steps)
{
	bool nulls = reached < steps;
	Size data = nulls ? ARR_OVERHEAD_WITHNULLS(1, steps) : ARR_OVERHEAD_NONULLS(1);
	Size size = data + reached * sizeof(TimestampTz);
	ArrayType *array = palloc0(size);
	int i;

	SET_VARSIZE(array, size);
	array->ndim = 1;
	array->dataoffset = nulls ? (int32) data : 0;
	array->elemtype = TIMESTAMPTZOID;
	ARR_DIMS(array)[0] = steps;
	ARR_LBOUND(array)[0] = 1;
	for (i = 0; nulls && i < reached; i++)
		ARR_NULLBITMAP(array)[i / 8] |= 1 << (i % 8);
	if (reached > 0)
		memcpy(ARR_DATA_PTR(array), times, reached * sizeof(TimestampTz));
	return PointerGetDatum(array);
}

/* A row of the result: a copy of the first one that reached as many steps. */
static Datum
make_result(FunctionCallInfo fcinfo, funnel_site *site, const int64 *times, int reached)
{
	HeapTupleHeader row;

	if (site->first[reached] == NULL)
	{
		Datum values[3] = { Int32GetDatum(reached), TimestampTzGetDatum(0),
							step_times(times, reached, site->steps) };
		bool nulls[3] = { false, reached == 0, false };

		site->first[reached] = cv_first_row(fcinfo, site->shape, values, nulls);
	}
	row = cv_copy_row(site->first[reached]);
	if (reached > 0)
	{
		Size size = reached * sizeof(TimestampTz);

		memcpy((char *) row + row->t_hoff + MAXALIGN(sizeof(int32)), times, sizeof(TimestampTz));
		/* the array's data are the end of the row */
		memcpy((char *) row + HeapTupleHeaderGetDatumLength(row) - size, times, size);
	}
	return PointerGetDatum(row);
}

/* funnel(log, steps, within, strict) */
Datum
cv_funnel_of_log(PG_FUNCTION_ARGS)
{
	const cv_journey_log *log = cv_journey_log_arg(fcinfo, 0);
	const cv_journey_entry *entry = cv_journey_entries(log);
	const cv_journey_entry *end = entry + log->count;
	funnel_site *site = site_of(fcinfo, PG_GETARG_ARRAYTYPE_P(1));
	const uint32 *meets = steps_of_stages(site, log);
	cv_funnel_row few[64];
	cv_funnel_row *row = few;
	cv_funnel_row *next;
	int64 times[CV_FUNNEL_STEPS];
	cv_funnel funnel;
	int reached;

	funnel.steps = site->steps;
	funnel.within = (uint64) cv_span_arg(fcinfo, 2, "within");
	funnel.strict = PG_GETARG_BOOL(3);
	funnel.check = check_interrupts;
	if (log->count > (int32) lengthof(few))
		row = palloc_extended(log->count * sizeof(cv_funnel_row), MCXT_ALLOC_HUGE);
	/* rows that meet no step are written over */
	for (next = row; entry < end; entry++)
	{
		uint32 steps = meets[entry->stage];

		next->at = entry->at;
		next->meets = steps;
		next += steps != 0;
	}
	reached = cv_funnel_chain(&funnel, row, next - row, times);
	if (row != few)
		pfree(row);
	return make_result(fcinfo, site, times, reached);
}
