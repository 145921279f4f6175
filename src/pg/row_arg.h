/*
 * row_arg.h: composite arguments of integers and float8.
 */
#ifndef CV_PG_ROW_ARG_H
#define CV_PG_ROW_ARG_H

#include "pg/pg.h"

/* What a composite type must be like, and which state of it was found to be so. */
typedef struct cv_row_form
{
	const char *name;
	int n;
	const Oid *types; /* INT4OID, INT8OID, FLOAT8OID */
	Oid checked;
	uint64 checked_shape;
} cv_row_form;

typedef union cv_row_field
{
	int64 whole;
	double number;
} cv_row_field;

extern bool
cv_row_arg(FunctionCallInfo fcinfo, int argument, cv_row_form *form, cv_row_field *field);

#endif
