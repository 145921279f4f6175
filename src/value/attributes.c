/*
 * attributes.c: what an offer is like, as a JSON object: a number is a slope, a
 * string or a boolean a level, null the same as no member.
 */
#include "postgres.h"

#include <math.h>

#include "pg/document.h"
#include "utils/builtins.h"
#include "value/value.h"

/* Order of names: that of their bytes, as in the C collation. */
int
cv_compare_names(const char *a, int a_length, const char *b, int b_length)
{
	int order = memcmp(a, b, Min(a_length, b_length));

	return order != 0 ? order : a_length - b_length;
}

/* Begins to read an object's members. */
JsonbIterator *
cv_attributes_begin(Jsonb *attributes)
{
	if (!JB_ROOT_IS_OBJECT(attributes))
		ereport(ERROR, (errcode(ERRCODE_DATA_EXCEPTION),
						errmsg("attributes must be a JSON object, not %s",
							   JB_ROOT_IS_SCALAR(attributes) ? "a scalar" : "an array"),
						errhint("For example {\"brand\": \"own\", \"price\": 4.99}.")));
	return JsonbIteratorInit(&attributes->root);
}

/* The next member that is not null; false at the end. */
bool
cv_attributes_next(JsonbIterator **members, cv_attribute_value *value)
{
	JsonbValue key;
	JsonbValue member;

	while (cv_next_member(members, &key, &member))
	{
		value->name = key.val.string.val;
		value->length = key.val.string.len;
		value->is_level = true;
		switch (member.type)
		{
			case jbvNull:
				continue;
			case jbvString:
				value->level = member.val.string.val;
				value->level_length = member.val.string.len;
				return true;
			case jbvBool:
				value->level = member.val.boolean ? "true" : "false";
				value->level_length = member.val.boolean ? 4 : 5;
				return true;
			case jbvNumeric:
				value->is_level = false;
				value->number =
					DatumGetFloat8(DirectFunctionCall1(numeric_float8_no_overflow,
													   NumericGetDatum(member.val.numeric))) +
					0.0;
				if (!isfinite(value->number))
					ereport(ERROR,
							(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
							 errmsg("attribute \"%.*s\" is beyond the range of double precision",
									value->length, value->name)));
				return true;
			default:
				ereport(ERROR,
						(errcode(ERRCODE_DATA_EXCEPTION),
						 errmsg("attribute \"%.*s\" must be a number, a string or a boolean, not "
								"%s",
								value->length, value->name,
								JsonContainerIsArray(member.val.binary.data) ? "an array"
																			 : "an object"),
						 errhint("Give each part of it as an attribute of its own.")));
		}
	}
	return false;
}
