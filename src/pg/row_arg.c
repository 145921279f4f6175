/*
 * row_arg.c: composite arguments whose attributes are integers and float8, read in
 * place: a transition has nowhere to keep what deforming a row would need.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "pg/row_arg.h"
#include "utils/typcache.h"

/* Makes sure, once for each state of the type, that its attributes are those expected. */
static void
check_type(cv_row_form *form, Oid type)
{
	TypeCacheEntry *entry = lookup_type_cache(type, TYPECACHE_TUPDESC);

	if (entry->tupDesc == NULL)
		elog(ERROR, "type %u is not composite", type);
	if (type == form->checked && entry->tupDesc_identifier == form->checked_shape)
		return;
	cv_check_shape(entry->tupDesc, form->name, form->n, form->types);
	form->checked = type;
	form->checked_shape = entry->tupDesc_identifier;
}

/*
 * Reads the attributes of a composite argument: all of them, or none and false if all are
 * NULL; a row of which only some are known is an error.
 */
bool
cv_row_arg(FunctionCallInfo fcinfo, int argument, cv_row_form *form, cv_row_field *field)
{
	HeapTupleHeader tuple = PG_GETARG_HEAPTUPLEHEADER(argument);
	bool has_nulls = (tuple->t_infomask & HEAP_HASNULL) != 0;
	const char *data = (const char *) tuple + tuple->t_hoff;
	Size offset = 0;
	int known = 0;
	int i;

	check_type(form, HeapTupleHeaderGetTypeId(tuple));
	if (HeapTupleHeaderGetNatts(tuple) != form->n)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH), errmsg("type %s has been altered", form->name),
				 errhint("Make the stored values anew.")));
	for (i = 0; i < form->n; i++)
	{
		Size size = form->types[i] == INT4OID ? sizeof(int32) : sizeof(int64);

		if (has_nulls && att_isnull(i, tuple->t_bits))
			continue;
		offset = TYPEALIGN(size, offset);
		if (tuple->t_hoff + offset + size > HeapTupleHeaderGetDatumLength(tuple))
			elog(ERROR, "%s is shorter than its attributes", form->name);
		if (form->types[i] == INT4OID)
		{
			int32 value;

			memcpy(&value, data + offset, sizeof(value));
			field[i].whole = value;
		}
		else
			memcpy(&field[i], data + offset, sizeof(int64));
		offset += size;
		known++;
	}
	if (known == 0)
		return false;
	if (known < form->n)
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
						errmsg("the attributes of %s must be known together", form->name)));
	return true;
}
