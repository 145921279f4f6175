/*
 * row.c: composite results and sets of rows.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "funcapi.h"
#include "pg/pg.h"
#include "utils/memutils.h"
#include "utils/tuplestore.h"

/*
 * A row of the calling function's composite result type.  The descriptor is
 * looked up once per call site; without a place to keep it, once per row.
 */
Datum
cv_row(FunctionCallInfo fcinfo, Datum *values, bool *nulls)
{
	TupleDesc shape = fcinfo->flinfo->fn_extra;

	if (shape == NULL)
	{
		MemoryContext caller = MemoryContextSwitchTo(fcinfo->flinfo->fn_mcxt);

		if (get_call_result_type(fcinfo, NULL, &shape) != TYPEFUNC_COMPOSITE)
			elog(ERROR, "function %u does not return a row", fcinfo->flinfo->fn_oid);
		shape = BlessTupleDesc(shape);
		fcinfo->flinfo->fn_extra = shape;
		MemoryContextSwitchTo(caller);
	}
	return HeapTupleGetDatum(heap_form_tuple(shape, values, nulls));
}

/* Adds a row to a set result; InitMaterializedSRF must have been called. */
void
cv_emit(FunctionCallInfo fcinfo, Datum *values, bool *nulls)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;

	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}
