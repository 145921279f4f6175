/*
 * document.c: jsonb objects of a few members.  A cv_document is a text form that is one
 * such object; every member must be there, and no other.
 */
#include "postgres.h"

#include <math.h>

#include "pg/document.h"
#include "utils/builtins.h"
#include "utils/numeric.h"

/* Parses a text form; the form tells what it must look like. */
cv_document
cv_document_open(const char *text, const char *type, const char *form)
{
	cv_document document;

	document.type = type;
	document.object = DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(text)));
	document.known = 0;
	if (!JB_ROOT_IS_OBJECT(document.object))
		cv_malformed(type, "It must be of the form %s.", form);
	return document;
}

/* A member that must be there. */
static JsonbValue *
known_member(cv_document *document, const char *key)
{
	JsonbValue *value =
		getKeyJsonValueFromContainer(&document->object->root, key, (int) strlen(key), NULL);

	if (value == NULL)
		cv_malformed(document->type, "\"%s\" is missing.", key);
	document->known++;
	return value;
}

/* A member that must be an array. */
JsonbContainer *
cv_document_array(cv_document *document, const char *key)
{
	JsonbValue *value = known_member(document, key);

	if (value->type != jbvBinary || !JsonContainerIsArray(value->val.binary.data) ||
		JsonContainerIsScalar(value->val.binary.data))
		cv_malformed(document->type, "\"%s\" must be an array.", key);
	return value->val.binary.data;
}

/*
 * The next member of an object; false at its end.  The iterator is one of
 * JsonbIteratorInit, and the key, not terminated, points into the object.
 */
bool
cv_next_member(JsonbIterator **members, JsonbValue *key, JsonbValue *value)
{
	JsonbIteratorToken token = JsonbIteratorNext(members, key, true);

	if (token == WJB_BEGIN_OBJECT)
		token = JsonbIteratorNext(members, key, true);
	if (token != WJB_KEY)
		return false;
	(void) JsonbIteratorNext(members, value, true);
	return true;
}

/* A value that must be a finite number. */
double
cv_member_number(const JsonbValue *value, const char *type, const char *key)
{
	double number;

	if (value->type != jbvNumeric)
		cv_malformed(type, "\"%s\" must be a number.", key);
	number = DatumGetFloat8(
		DirectFunctionCall1(numeric_float8_no_overflow, NumericGetDatum(value->val.numeric)));
	if (!isfinite(number))
		cv_malformed(type, "\"%s\" is too large.", key);
	return number + 0.0; /* no -0 */
}

/* A member that must be a finite number. */
double
cv_document_number(cv_document *document, const char *key)
{
	return cv_member_number(known_member(document, key), document->type, key);
}

/* A member that must be a whole number in a range. */
int64
cv_document_integer(cv_document *document, const char *key, int64 low, int64 high)
{
	JsonbValue *value = known_member(document, key);
	char *digits;
	char *end;
	int64 number;

	if (value->type != jbvNumeric)
		cv_malformed(document->type, "\"%s\" must be a number.", key);
	digits = DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(value->val.numeric)));
	errno = 0;
	number = strtoll(digits, &end, 10);
	if (*end != '\0' || errno != 0 || number < low || number > high)
		cv_malformed(document->type, "\"%s\" must be a whole number from %lld to %lld.", key,
					 (long long) low, (long long) high);
	return number;
}

/* All members that there are must have been asked for. */
void
cv_document_close(cv_document *document)
{
	JsonbIterator *members;
	JsonbValue key;
	JsonbValue value;
	StringInfoData names;

	if (JsonContainerSize(&document->object->root) == (uint32) document->known)
		return;
	initStringInfo(&names);
	members = JsonbIteratorInit(&document->object->root);
	while (cv_next_member(&members, &key, &value))
		appendStringInfo(&names, "%s\"%.*s\"", names.len > 0 ? ", " : "", key.val.string.len,
						 key.val.string.val);
	cv_malformed(document->type, "It has members that do not belong there: %s.", names.data);
}
