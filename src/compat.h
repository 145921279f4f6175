/*
 * compat.h: everything that differs between PostgreSQL 15 and 19; no other file
 * asks for a version.
 */
#ifndef CV_COMPAT_H
#define CV_COMPAT_H

#include "postgres.h"

#include "common/jsonapi.h"
#include "datatype/timestamp.h"
#include "fmgr.h"
#include "libpq/pqformat.h"
#include "mb/pg_wchar.h"
#include "utils/jsonfuncs.h"

#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif

/* Module magic carries name and version from 18 on. */
#if PG_VERSION_NUM >= 180000
#define CV_MODULE_MAGIC PG_MODULE_MAGIC_EXT(.name = "customer_value", .version = CV_VERSION)
#else
#define CV_MODULE_MAGIC PG_MODULE_MAGIC
#endif

/* PostgreSQL's own attribute names an archetype that clang does not know. */
#ifdef __clang__
#define CV_PRINTF_LIKE(format_at, first) __attribute__((format(printf, format_at, first)))
#else
#define CV_PRINTF_LIKE(format_at, first) pg_attribute_printf(format_at, first)
#endif

/* Stands first in a declaration from 18 on. */
#if PG_VERSION_NUM >= 180000
#define CV_NORETURN pg_noreturn
#else
#define CV_NORETURN pg_attribute_noreturn()
#endif

/* JSON callbacks return a status from 16 on. */
#if PG_VERSION_NUM >= 160000
#define CV_JSON_ACTION JsonParseErrorType
#define CV_JSON_DONE return JSON_SUCCESS
#else
#define CV_JSON_ACTION void
#define CV_JSON_DONE return
#endif

/* The lexer gains a first argument in 17. */
static inline JsonLexContext *
cv_json_lexer(char *text, int length)
{
#if PG_VERSION_NUM >= 170000
	return makeJsonLexContextCstringLen(NULL, text, length, GetDatabaseEncoding(), true);
#else
	return makeJsonLexContextCstringLen(text, length, GetDatabaseEncoding(), true);
#endif
}

/* Appends text with its length in front; the argument "counts itself" went in 17. */
static inline void
cv_send_counted_text(StringInfo buffer, const char *text, int length)
{
#if PG_VERSION_NUM >= 170000
	pq_sendcountedtext(buffer, text, length);
#else
	pq_sendcountedtext(buffer, text, length, false);
#endif
}

/* Intervals can be infinite from 17 on. */
#if PG_VERSION_NUM >= 170000
#define CV_INTERVAL_IS_FINITE(span) (!INTERVAL_NOT_FINITE(span))
#else
#define CV_INTERVAL_IS_FINITE(span) true
#endif

#endif
