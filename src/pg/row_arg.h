/*
 * row_arg.h: composite arguments of integers, float8, instants and arrays of instants.
 */
#ifndef CV_PG_ROW_ARG_H
#define CV_PG_ROW_ARG_H

#include "pg/pg.h"

/* What a composite type must be like, and which state of it was found to be so. */
typedef struct cv_row_form
{
	const char *name;
	int n;
	const Oid *types; /* INT4OID, INT8OID, FLOAT8OID, TIMESTAMPTZOID, TIMESTAMPTZARRAYOID */
	Oid checked;
	uint64 checked_shape;
	struct TypeCacheEntry *entry; /* of that type; it stays where it is for good */
	bool has_array;
} cv_row_form;

#define CV_ROW_MOST 8 /* attributes of a type that cv_row_arg reads */

typedef union cv_row_field
{
	int64 whole; /* an integer or an instant */
	double number;
	Datum array; /* within the argument: to be detoasted */
} cv_row_field;

extern void cv_row_fields(FunctionCallInfo fcinfo, int argument, cv_row_form *form,
						  cv_row_field *field, bool *known);
extern bool
cv_row_arg(FunctionCallInfo fcinfo, int argument, cv_row_form *form, cv_row_field *field);

#endif
