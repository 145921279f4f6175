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
 * A composite type can be altered by its owner; what C code builds and reads must
 * have the attributes that the extension gave it.
 */
void
cv_check_shape(TupleDesc shape, const char *name, int n, const Oid *types)
{
	bool same = shape->natts == n;
	int i;

	for (i = 0; same && i < n; i++)
		same =
			!TupleDescAttr(shape, i)->attisdropped && TupleDescAttr(shape, i)->atttypid == types[i];
	if (!same)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH), errmsg("type %s has been altered", name),
				 errhint("Restore its attributes, or drop and create the extension again.")));
}

/*
 * The descriptor of the calling function's composite result type, which must have the
 * given attributes, in the memory of the call site.
 */
TupleDesc
cv_result_shape(FunctionCallInfo fcinfo, const char *name, int n, const Oid *types)
{
	MemoryContext caller = MemoryContextSwitchTo(fcinfo->flinfo->fn_mcxt);
	TupleDesc shape;

	if (get_call_result_type(fcinfo, NULL, &shape) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "function %u does not return a row", fcinfo->flinfo->fn_oid);
	cv_check_shape(shape, name, n, types);
	shape = BlessTupleDesc(shape);
	MemoryContextSwitchTo(caller);
	return shape;
}

/*
 * A row of the calling function's composite result type.  The descriptor is looked up
 * once per call site; without a place to keep it, once per row.
 */
Datum
cv_row(FunctionCallInfo fcinfo, Datum *values, bool *nulls, const char *name, int n,
	   const Oid *types)
{
	TupleDesc shape = fcinfo->flinfo->fn_extra;

	if (shape == NULL)
		fcinfo->flinfo->fn_extra = shape = cv_result_shape(fcinfo, name, n, types);
	return HeapTupleGetDatum(heap_form_tuple(shape, values, nulls));
}

/*
 * The first row of its kind, in the memory of the call site, to be copied for the others:
 * rows with NULLs in the same places and values of the same lengths have the same header,
 * and their values in the same places.  heap_form_tuple() looks up the type each time; a
 * header cannot be made by hand, as recent minor releases of PostgreSQL keep the version of
 * the type in it.
 */
HeapTupleHeader
cv_first_row(FunctionCallInfo fcinfo, TupleDesc shape, Datum *values, bool *nulls)
{
	HeapTuple tuple = heap_form_tuple(shape, values, nulls);

	return memcpy(MemoryContextAlloc(fcinfo->flinfo->fn_mcxt, tuple->t_len), tuple->t_data,
				  tuple->t_len);
}

/* A copy of a first row, its values to be filled in. */
HeapTupleHeader
cv_copy_row(HeapTupleHeader first)
{
	Size size = HeapTupleHeaderGetDatumLength(first);

	return memcpy(palloc(size), first, size);
}

/* Adds a row to a set result; InitMaterializedSRF must have been called. */
void
cv_emit(FunctionCallInfo fcinfo, Datum *values, bool *nulls)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;

	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}
