/*
 * document.h: jsonb objects of a few members, and text forms that are one.
 */
#ifndef CV_PG_DOCUMENT_H
#define CV_PG_DOCUMENT_H

#include "pg/pg.h"
#include "utils/jsonb.h"

typedef struct cv_document
{
	const char *type; /* being read, for messages */
	Jsonb *object;
	int known; /* members asked for */
} cv_document;

extern cv_document cv_document_open(const char *text, const char *type, const char *form);
extern void cv_document_close(cv_document *document);
extern JsonbContainer *cv_document_array(cv_document *document, const char *key);
extern int64 cv_document_integer(cv_document *document, const char *key, int64 low, int64 high);
extern double cv_document_number(cv_document *document, const char *key);

extern bool cv_next_member(JsonbIterator **members, JsonbValue *key, JsonbValue *value);
extern double cv_member_number(const JsonbValue *value, const char *type, const char *key);

#endif
