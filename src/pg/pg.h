/*
 * pg.h: what every topic needs from PostgreSQL, and nothing about customers:
 * states, the wire, JSON text, rows, numerics, checked parameters.
 */
#ifndef CV_PG_H
#define CV_PG_H

#include "postgres.h"

#include "common/int.h"
#include "common/jsonapi.h"
#include "compat.h"
#include "datatype/timestamp.h"
#include "fmgr.h"
#include "funcapi.h"
#include "lib/stringinfo.h"
#include "nodes/execnodes.h"

/*
 * Every stored type begins like this: a version that readers check, flags whose
 * unknown bits must be zero, and zeroed padding to 8 bytes.
 */
typedef struct cv_header
{
	int32 vl_len_;
	uint8 version;
	uint8 flags;
	uint16 reserved;
} cv_header;

#define CV_FORMAT_VERSION 1

/* Is a value whole, of the known version, with just these flags?  One comparison of four bytes. */
static inline bool
cv_is_plain(const void *value, uint8 flags)
{
	const cv_header *header = value;
	const cv_header plain = { 0, CV_FORMAT_VERSION, flags, 0 };

	return VARATT_IS_4B_U(header) && memcmp(&header->version, &plain.version, 4) == 0;
}

/* Is this the call of an aggregate that has a state? */
static inline bool
cv_has_state(FunctionCallInfo fcinfo)
{
	return !PG_ARGISNULL(0) && fcinfo->context != NULL && IsA(fcinfo->context, AggState);
}

/*
 * A state argument that an aggregate may change in place, if it is a plain one: whole,
 * of a known version and flags, in the call of an aggregate.  NULL where anything is
 * unusual; then the slow way says what, or makes it plain.
 */
static inline void *
cv_plain_state(FunctionCallInfo fcinfo, uint8 known_flags)
{
	cv_header *state = (cv_header *) DatumGetPointer(PG_GETARG_DATUM(0));

	if (!cv_has_state(fcinfo) || !VARATT_IS_4B_U(state) || state->version != CV_FORMAT_VERSION ||
		(state->flags & ~known_flags) != 0 || state->reserved != 0)
		return NULL;
	return state;
}

/* state.c */
extern void *
cv_state_alloc(Size fixed, int64 capacity, Size element, const char *type, uint8 flags);
extern void *
cv_state_alloc_bare(Size fixed, int64 capacity, Size element, const char *type, uint8 flags);
extern void *cv_value_arg(FunctionCallInfo fcinfo, int argument, const char *type, Size smallest,
						  uint8 known_flags);
extern void cv_require_aggregate(FunctionCallInfo fcinfo);
CV_NORETURN extern void cv_too_many(const char *what);

/* Adds to a count of a state; "what" is counted, in the plural. */
static inline void
cv_count(int64 *count, int64 more, const char *what)
{
	if (unlikely(pg_add_s64_overflow(*count, more, count)))
		cv_too_many(what);
}

/* A transition's result where a row is ignored: the state, NULL while there is none. */
static inline Datum
cv_state_result(FunctionCallInfo fcinfo, const void *state)
{
	if (state == NULL)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(state);
}

/*
 * How a combine function begins: reads the states that its two arguments hold, and
 * returns where they are not both there, with the one that is or with NULL.
 */
#define CV_RETURN_UNLESS_BOTH(state, other, read)  \
	do                                             \
	{                                              \
		cv_require_aggregate(fcinfo);              \
		if (PG_ARGISNULL(0) && PG_ARGISNULL(1))    \
			PG_RETURN_NULL();                      \
		if (PG_ARGISNULL(0))                       \
			PG_RETURN_POINTER((read) (fcinfo, 1)); \
		(state) = (read) (fcinfo, 0);              \
		if (PG_ARGISNULL(1))                       \
			PG_RETURN_POINTER(state);              \
		(other) = (read) (fcinfo, 1);              \
	} while (0)

/* wire.c */
extern void cv_send_begin(StringInfo buffer, uint8 flags);
extern uint8 cv_receive_begin(StringInfo buffer, const char *type, uint8 known_flags);
extern int64 cv_receive_count(StringInfo buffer, const char *type, Size element);
CV_NORETURN extern void cv_corrupt_binary(const char *type, const char *detail);

/* json.c */
typedef struct cv_json cv_json;
typedef void (*cv_json_scalar)(cv_json *json, char *token, JsonTokenType kind);
typedef void (*cv_json_row)(cv_json *json, int width);
struct cv_json
{
	const char *type;	   /* being read, for messages */
	const char *form;	   /* what it must look like, for messages */
	const char *shape;	   /* how the levels open, from outside: "[[" or "{[[" */
	int width;			   /* scalars in an innermost array; 0 = any number */
	const char *keys[4];   /* of an outermost object: the lists, then scalars */
	int lists;			   /* how many of the keys are lists; 0 = one */
	const char *names;	   /* one of the others, which may be missing and is a list of scalars */
	cv_json_scalar scalar; /* called for each scalar in its place */
	cv_json_row row;	   /* called at the end of an innermost array, or NULL */
	void *context;

	int depth;		 /* open arrays and objects */
	const char *key; /* last one of the outermost object */
	int index[4];	 /* [depth]: position of a scalar within its array */
};

extern void cv_json_read(cv_json *json, char *text);
CV_NORETURN extern void
cv_malformed(const char *type, const char *detail, ...) CV_PRINTF_LIKE(2, 3);
extern double cv_json_number(cv_json *json, const char *token, JsonTokenType kind);
extern int64 cv_json_integer(cv_json *json, const char *token, JsonTokenType kind);
extern int128 cv_json_large(cv_json *json, const char *token, JsonTokenType kind);
extern char *cv_canonical_json(const char *text);
extern void cv_append_number(StringInfo text, double value);
extern void cv_append_large(StringInfo text, int128 value);

/* json_stream.c */
#define CV_JSON_DEEPEST 8

typedef struct cv_json_level
{
	char bracket; /* '[' or '{' */
	int at;		  /* the element of an array, or what member() returned */
	int seen;	  /* members met, as bits */
} cv_json_level;

typedef struct cv_json_stream cv_json_stream;
struct cv_json_stream
{
	cv_json json;							 /* type and form, for messages and scalars */
	void (*open)(cv_json_stream *);			 /* a bracket has been opened */
	void (*close)(cv_json_stream *);		 /* it is about to be closed; may be NULL */
	int (*member)(cv_json_stream *, char *); /* a member's number below 31, or -1 */
	void (*scalar)(cv_json_stream *, char *token, JsonTokenType kind);
	void *context;

	int depth; /* open arrays and objects */
	cv_json_level level[CV_JSON_DEEPEST];
};

extern void cv_json_stream_read(cv_json_stream *stream, char *text);
extern int cv_json_member(const char *const *names, const char *name);
extern void cv_json_require(cv_json_stream *stream, const char *const *names, int required);
CV_NORETURN extern void cv_json_wrong_form(cv_json_stream *stream);

/* row.c */
extern void cv_check_shape(TupleDesc shape, const char *name, int n, const Oid *types);
extern TupleDesc
cv_result_shape(FunctionCallInfo fcinfo, const char *name, int n, const Oid *types);
extern Datum cv_row(FunctionCallInfo fcinfo, Datum *values, bool *nulls, const char *name, int n,
					const Oid *types);
extern HeapTupleHeader
cv_first_row(FunctionCallInfo fcinfo, TupleDesc shape, Datum *values, bool *nulls);
extern HeapTupleHeader cv_copy_row(HeapTupleHeader first);
extern void cv_emit(FunctionCallInfo fcinfo, Datum *values, bool *nulls);

/* numeric.c */
extern bool cv_numeric_millionths(Datum numeric, int64 *millionths, bool *negative);

/* parameter.c */
extern double cv_interval_days(const Interval *span);
extern double cv_duration_arg(FunctionCallInfo fcinfo, int argument, const char *name);
extern double cv_check_range(const char *name, double value, double low, double high);

#endif
