/*
 * named.h: flat states whose entries refer to names, each name stored once.
 */
#ifndef CV_NAMED_H
#define CV_NAMED_H

#include "pg/pg.h"

typedef struct cv_name
{
	uint32 offset; /* among the bytes of all names */
	uint32 length;
} cv_name;

/*
 * In one piece: this header, the names' places, their bytes, an index of them by hash
 * (only while the state grows, and only where there are many), the entries.  An entry
 * has the size that its topic gives it, a multiple of 8.
 *
 * The stored form has its names in C order, none twice, no index and no spare room, so
 * it is the same to the last bit whatever order its rows came in; what order the
 * entries have is the topic's business.  A state that grows is marked CV_NAMED_OPEN.
 */
typedef struct cv_named
{
	cv_header header;
	int32 count; /* entries in use */
	int32 names; /* names in use */
	int32 name_capacity;
	int32 index_capacity; /* 0 or a power of 2, at least twice name_capacity */
	int32 bytes;		  /* of all names, in use */
	int32 bytes_capacity; /* a multiple of 8 */
	int64 parameter[2];	  /* the topic's own */
	cv_name name[FLEXIBLE_ARRAY_MEMBER];
} cv_named;

#define CV_NAMED_OPEN 0x01 /* names and entries in any order, spare room */

#define CV_NAMED_LINEAR 16 /* up to so many names are searched one by one */

static inline char *
cv_named_bytes(const cv_named *state)
{
	return (char *) (state->name + state->name_capacity);
}

static inline int32 *
cv_named_index(const cv_named *state)
{
	return (int32 *) (cv_named_bytes(state) + state->bytes_capacity);
}

static inline void *
cv_named_entries(const cv_named *state)
{
	return cv_named_index(state) + state->index_capacity;
}

/* Entries that there is room for. */
static inline int64
cv_named_capacity(const cv_named *state, Size element)
{
	return (int64) ((VARSIZE(state) - ((char *) cv_named_entries(state) - (char *) state)) /
					element);
}

/* A name, not ended by a zero byte. */
static inline const char *
cv_named_text(const cv_named *state, int32 id, int32 *length)
{
	*length = (int32) state->name[id].length;
	return cv_named_bytes(state) + state->name[id].offset;
}

/* Are so many bytes the same?  As memcmp() has it, without a call. */
static inline bool
cv_same_bytes(const char *a, const char *b, int32 length)
{
	uint64 x;
	uint64 y;

	for (; length > 16; a += 8, b += 8, length -= 8)
	{
		memcpy(&x, a, 8);
		memcpy(&y, b, 8);
		if (x != y)
			return false;
	}
	if (length >= 8)
	{
		memcpy(&x, a, 8);
		memcpy(&y, b, 8);
		if (x != y)
			return false;
		memcpy(&x, a + length - 8, 8);
		memcpy(&y, b + length - 8, 8);
		return x == y;
	}
	if (length >= 4)
	{
		uint32 v;
		uint32 w;

		memcpy(&v, a, 4);
		memcpy(&w, b, 4);
		if (v != w)
			return false;
		memcpy(&v, a + length - 4, 4);
		memcpy(&w, b + length - 4, 4);
		return v == w;
	}
	while (length > 0 && *a == *b)
	{
		a++;
		b++;
		length--;
	}
	return length == 0;
}

/* A name's number in a state of few names, or -1: not there, or not known without the index. */
static inline int32
cv_named_recall(const cv_named *state, const char *name, int32 length)
{
	const char *bytes = cv_named_bytes(state);
	int32 id;

	if (state->names > CV_NAMED_LINEAR)
		return -1;
	for (id = 0; id < state->names; id++)
		if (state->name[id].length == (uint32) length &&
			cv_same_bytes(bytes + state->name[id].offset, name, length))
			return id;
	return -1;
}

extern cv_named *cv_named_new(const char *type, Size element, int64 entries, int64 names);
extern cv_named *
cv_named_arg(FunctionCallInfo fcinfo, int argument, const char *type, Size element);
extern cv_named *
cv_named_append(cv_named *state, Size element, const char *type, const char *name, int32 length);
extern cv_named *cv_named_intern(cv_named *state, Size element, const char *type, const char *name,
								 int32 length, int32 *id);
extern cv_named *cv_named_room(cv_named *state, Size element, const char *type, int64 more);
extern int32 cv_named_find(const cv_named *state, const char *name, int32 length);
extern cv_named *cv_named_frame(const cv_named *state, Size element, const char *type, int32 *rank);
extern cv_named *
cv_named_stored(const cv_named *state, Size element, const char *type, int32 *rank);
extern int32 *cv_named_ranks(const cv_named *state, int32 *few);
extern void cv_named_close(cv_named *state, Size element);
extern void cv_append_name(StringInfo text, const cv_named *state, int32 id);
extern void cv_send_names(StringInfo buffer, const cv_named *state);
extern int32 *
cv_receive_names(StringInfo buffer, cv_named **state, Size element, const char *type, int64 *count);

#endif
