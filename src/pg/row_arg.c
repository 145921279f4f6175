/*
 * row_arg.c: composite arguments, read in place: a transition has nowhere to keep what
 * deforming a row would need, and what is called for each customer must be quick.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/tupmacs.h"
#include "catalog/pg_type.h"
#include "pg/row_arg.h"
#include "utils/typcache.h"

/*
 * Makes sure, once for each state of the type, that its attributes are those expected.
 * An entry of the type cache loses its descriptor when the type changes: looking at the
 * last one saves the search for it.
 */
static inline void
check_type(cv_row_form *form, Oid type)
{
	TypeCacheEntry *entry = form->entry;
	int i;

	if (likely(entry != NULL && type == form->checked && entry->tupDesc != NULL &&
			   entry->tupDesc_identifier == form->checked_shape))
		return;
	entry = lookup_type_cache(type, TYPECACHE_TUPDESC);
	if (entry->tupDesc == NULL)
		elog(ERROR, "type %u is not composite", type);
	form->entry = NULL;
	cv_check_shape(entry->tupDesc, form->name, form->n, form->types);
	form->has_array = false;
	for (i = 0; i < form->n; i++)
		form->has_array |= form->types[i] == TIMESTAMPTZARRAYOID;
	form->checked = type;
	form->checked_shape = entry->tupDesc_identifier;
	form->entry = entry;
}

/* A row with a short header, as most are stored, in full length and at an even address. */
typedef union short_row
{
	HeapTupleHeaderData row;
	int64 align;
	char bytes[VARHDRSZ + VARATT_SHORT_MAX];
} short_row;

/*
 * A composite argument, in place or in "room": to detoast it would take an allocation and
 * a call, a tenth of the time of customer_base(). Arrays are read where they lie, so rows
 * of a form that was seen to have one do not go into the room.
 */
static inline HeapTupleHeader
row_arg(FunctionCallInfo fcinfo, int argument, const cv_row_form *form, short_row *room)
{
	const struct varlena *raw = (const struct varlena *) DatumGetPointer(PG_GETARG_DATUM(argument));

	if (!VARATT_IS_SHORT(raw) || form->entry == NULL || form->has_array)
		return PG_GETARG_HEAPTUPLEHEADER(argument);
	memcpy(room->bytes + VARHDRSZ, VARDATA_ANY(raw), VARSIZE_ANY_EXHDR(raw));
	SET_VARSIZE(&room->row, VARSIZE_ANY_EXHDR(raw) + VARHDRSZ);
	return &room->row;
}

CV_NORETURN static void
refuse_short(const cv_row_form *form)
{
	elog(ERROR, "%s is shorter than its attributes", form->name);
}

/*
 * Reads the attributes of a composite argument and tells which of them are known, that
 * is, not NULL.  The fields of the others are 0.
 */
void
cv_row_fields(FunctionCallInfo fcinfo, int argument, cv_row_form *form, cv_row_field *field,
			  bool *known)
{
	short_row room;
	HeapTupleHeader tuple = row_arg(fcinfo, argument, form, &room);
	bool has_nulls = (tuple->t_infomask & HEAP_HASNULL) != 0;
	const char *data = (const char *) tuple + tuple->t_hoff;
	Size length = HeapTupleHeaderGetDatumLength(tuple) - tuple->t_hoff;
	Size at = 0;
	int n = form->n;
	int i;

	check_type(form, HeapTupleHeaderGetTypeId(tuple));
	if ((int) HeapTupleHeaderGetNatts(tuple) != n)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH), errmsg("type %s has been altered", form->name),
				 errhint("Make the stored values anew.")));
	for (i = 0; i < n; i++)
	{
		Oid type = form->types[i];
		int32 small;

		if (has_nulls && att_isnull(i, tuple->t_bits))
		{
			known[i] = false;
			field[i].whole = 0;
			continue;
		}
		known[i] = true;
		if (type == INT4OID)
		{
			at = INTALIGN(at);
			if (at + sizeof(int32) > length)
				refuse_short(form);
			memcpy(&small, data + at, sizeof(int32));
			field[i].whole = small;
			at += sizeof(int32);
		}
		else if (type != TIMESTAMPTZARRAYOID)
		{
			at = DOUBLEALIGN(at);
			if (at + sizeof(int64) > length)
				refuse_short(form);
			memcpy(&field[i], data + at, sizeof(int64));
			at += sizeof(int64);
		}
		else
		{
			at = att_align_pointer(at, TYPALIGN_DOUBLE, -1, data + at);
			if (at >= length || at + VARSIZE_ANY(data + at) > length)
				refuse_short(form);
			field[i].array = PointerGetDatum(data + at);
			at += VARSIZE_ANY(data + at);
		}
	}
}

/* The same where all or nothing is known: false if every attribute is NULL. */
bool
cv_row_arg(FunctionCallInfo fcinfo, int argument, cv_row_form *form, cv_row_field *field)
{
	bool known[CV_ROW_MOST];
	int count = 0;
	int i;

	cv_row_fields(fcinfo, argument, form, field, known);
	for (i = 0; i < form->n; i++)
		count += known[i];
	if (count > 0 && count < form->n)
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
						errmsg("the attributes of %s must be known together", form->name)));
	return count > 0;
}
