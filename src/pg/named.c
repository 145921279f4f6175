/*
 * named.c: flat states whose entries refer to names, each name stored once.
 */
#include "postgres.h"

#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "pg/named.h"
#include "port/pg_bitutils.h"
#include "utils/json.h"
#include "utils/memutils.h"

/* Below, at or above 0 in C order; most names differ in their first byte. */
static inline int
compare_names(const char *a, int32 a_length, const char *b, int32 b_length)
{
	int order;

	if (a_length > 0 && b_length > 0 && *a != *b)
		return (int) (unsigned char) *a - (int) (unsigned char) *b;
	order = memcmp(a, b, Min(a_length, b_length));
	return order != 0 ? order : a_length - b_length;
}

typedef struct name_place
{
	const char *text;
	int32 length;
	int32 id;
} name_place;

#define ST_SORT sort_places
#define ST_ELEMENT_TYPE name_place
#define ST_COMPARE(a, b) compare_names((a)->text, (a)->length, (b)->text, (b)->length)
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

/* FNV-1a with the finaliser of MurmurHash3. */
static uint32
hash_name(const char *name, int32 length)
{
	uint64 hash = UINT64CONST(0xcbf29ce484222325);
	int32 i;

	for (i = 0; i < length; i++)
		hash = (hash ^ (unsigned char) name[i]) * UINT64CONST(0x100000001b3);
	hash = (hash ^ (hash >> 33)) * UINT64CONST(0xff51afd7ed558ccd);
	return (uint32) (hash >> 32);
}

/* Puts a name's number into the index; it must not be there. */
static void
index_name(cv_named *state, int32 id)
{
	int32 *index = cv_named_index(state);
	uint32 mask = (uint32) state->index_capacity - 1;
	int32 length;
	const char *name = cv_named_text(state, id, &length);
	uint32 at = hash_name(name, length) & mask;

	while (index[at] != 0)
		at = (at + 1) & mask;
	index[at] = id + 1;
}

/*
 * An empty state with so much room.  Sizes of open ones double, so that they fill the
 * allocator's power-of-two chunks.
 */
static cv_named *
make(Size element, const char *type, int64 entries, int64 names, int64 bytes, uint8 flags)
{
	cv_named *state;
	int64 index = 0;
	Size fixed;

	bytes = TYPEALIGN(8, bytes);
	if (names > CV_NAMED_LINEAR && flags & CV_NAMED_OPEN)
		index = (int64) pg_nextpower2_64(names * 2);
	if ((Size) names > MaxAllocSize / 16 || (Size) bytes > MaxAllocSize)
	{
		/* too large, which cv_state_alloc() says better */
		fixed = MaxAllocSize;
		entries = Max(entries, 1);
	}
	else
		fixed = offsetof(cv_named, name) + names * sizeof(cv_name) + bytes + index * sizeof(int32);
	if (flags & CV_NAMED_OPEN && fixed < MaxAllocSize && (Size) entries <= MaxAllocSize &&
		(Size) entries * element <= MaxAllocSize - fixed)
	{
		/* what is left of the next power of two is room for entries */
		fixed = Min(pg_nextpower2_64(fixed + (Size) entries * element), MaxAllocSize);
		entries = 0;
	}
	state = cv_state_alloc(fixed, entries, element, type, flags);
	state->name_capacity = (int32) names;
	state->index_capacity = (int32) index;
	state->bytes_capacity = (int32) bytes;
	return state;
}

/* A state with the contents of another one and at least so much room. */
static cv_named *
resize(const cv_named *state, Size element, const char *type, int64 entries, int64 names,
	   int64 bytes, uint8 flags)
{
	cv_named *larger = make(element, type, entries, Max(names, state->name_capacity),
							Max(bytes, state->bytes_capacity), flags);
	int32 id;

	larger->count = state->count;
	larger->names = state->names;
	larger->bytes = state->bytes;
	memcpy(larger->parameter, state->parameter, sizeof(state->parameter));
	memcpy(larger->name, state->name, state->names * sizeof(cv_name));
	memcpy(cv_named_bytes(larger), cv_named_bytes(state), state->bytes);
	memcpy(cv_named_entries(larger), cv_named_entries(state), state->count * element);
	if (larger->index_capacity == state->index_capacity)
		memcpy(cv_named_index(larger), cv_named_index(state),
			   state->index_capacity * sizeof(int32));
	else
		for (id = 0; id < state->names; id++)
			index_name(larger, id);
	return larger;
}

/* A new, open state with room for so many entries at least and so many names, of 12 bytes. */
cv_named *
cv_named_new(const char *type, Size element, int64 entries, int64 names)
{
	return make(element, type, entries, names, 12 * names, CV_NAMED_OPEN);
}

/* A state argument; its numbers are checked against its size. */
cv_named *
cv_named_arg(FunctionCallInfo fcinfo, int argument, const char *type, Size element)
{
	cv_named *state = cv_value_arg(fcinfo, argument, type, offsetof(cv_named, name), CV_NAMED_OPEN);
	uint64 fixed;

	if (state->count < 0 || state->names < 0 || state->names > state->name_capacity ||
		state->bytes < 0 || state->bytes > state->bytes_capacity ||
		state->bytes_capacity % 8 != 0 ||
		(state->index_capacity != 0 &&
		 (state->index_capacity <= state->name_capacity ||
		  (state->index_capacity & (state->index_capacity - 1)) != 0)))
		cv_corrupt_binary(type, "The number of names does not fit the length.");
	fixed = offsetof(cv_named, name) + (uint64) state->name_capacity * sizeof(cv_name) +
			(uint64) state->bytes_capacity + (uint64) state->index_capacity * sizeof(int32);
	if (fixed > VARSIZE(state) || (uint64) state->count * element > VARSIZE(state) - fixed)
		cv_corrupt_binary(type, "The number of entries does not fit the length.");
	return state;
}

/* A name's number by the index, or -1. */
static int32
look_up(const cv_named *state, const char *name, int32 length)
{
	const int32 *index = cv_named_index(state);
	uint32 mask = (uint32) state->index_capacity - 1;
	uint32 at;

	for (at = hash_name(name, length) & mask; index[at] != 0; at = (at + 1) & mask)
	{
		const cv_name *place = &state->name[index[at] - 1];

		if (place->length == (uint32) length &&
			memcmp(cv_named_bytes(state) + place->offset, name, length) == 0)
			return index[at] - 1;
	}
	return -1;
}

/*
 * Adds a name that is not there to an open state, with the next number; returns the state,
 * which has moved if it had to grow.
 */
cv_named *
cv_named_append(cv_named *state, Size element, const char *type, const char *name, int32 length)
{
	cv_name *place;

	if (state->names == state->name_capacity || length > state->bytes_capacity - state->bytes)
	{
		int64 names = state->name_capacity;
		int64 bytes = state->bytes_capacity;

		if (state->names == names)
			names = names * 2 + 1;
		if (length > bytes - state->bytes)
			bytes = Max(bytes * 2, state->bytes + (int64) length);
		/* not all room for entries is asked for: rounding up gives them some anew */
		state = resize(state, element, type, (int64) state->count + 1, names, bytes,
					   state->header.flags);
	}
	place = &state->name[state->names++];
	place->offset = (uint32) state->bytes;
	place->length = (uint32) length;
	memcpy(cv_named_bytes(state) + place->offset, name, length);
	state->bytes += length;
	if (state->index_capacity > 0)
		index_name(state, state->names - 1);
	return state;
}

/* A name's number, a new one if need be; returns the state, which has moved if it had to grow. */
cv_named *
cv_named_intern(cv_named *state, Size element, const char *type, const char *name, int32 length,
				int32 *id)
{
	if (!(state->header.flags & CV_NAMED_OPEN))
		state =
			resize(state, element, type, state->count, 0, 0, state->header.flags | CV_NAMED_OPEN);
	*id = state->index_capacity > 0 ? look_up(state, name, length)
									: cv_named_recall(state, name, length);
	if (*id < 0)
	{
		*id = state->names;
		state = cv_named_append(state, element, type, name, length);
	}
	return state;
}

/* Makes room for more entries; returns the state, which has moved if it had to grow. */
cv_named *
cv_named_room(cv_named *state, Size element, const char *type, int64 more)
{
	int64 needed = state->count + more;

	Size fixed = (char *) cv_named_entries(state) - (char *) state;

	if (needed <= PG_INT32_MAX && state->header.flags & CV_NAMED_OPEN &&
		fixed + (Size) needed * element <= VARSIZE(state))
		return state;
	if (needed > PG_INT32_MAX)
		needed = PG_INT64_MAX;
	/* the size doubles in any case, as resize() goes to the next power of two */
	return resize(state, element, type, needed, 0, 0, state->header.flags | CV_NAMED_OPEN);
}

/* A name's number in a stored form, or -1. */
int32
cv_named_find(const cv_named *state, const char *name, int32 length)
{
	int32 low = 0;
	int32 high = state->names;

	if (state->names <= CV_NAMED_LINEAR)
		return cv_named_recall(state, name, length);
	while (low < high)
	{
		int32 middle = low + (high - low) / 2;
		int32 other_length;
		const char *other = cv_named_text(state, middle, &other_length);
		int order = compare_names(name, length, other, other_length);

		if (order == 0)
			return middle;
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return -1;
}

/* Room for the rank of each name: "few", of CV_NAMED_LINEAR, where that is enough. */
int32 *
cv_named_ranks(const cv_named *state, int32 *few)
{
	return state->names > CV_NAMED_LINEAR ? palloc(state->names * sizeof(int32)) : few;
}

/* Puts the names in C order. */
static void
sort_names(const cv_named *state, name_place *place)
{
	int32 i;

	for (i = 0; i < state->names; i++)
	{
		name_place name;
		int32 at = i;

		name.text = cv_named_text(state, i, &name.length);
		name.id = i;
		if (state->names <= CV_NAMED_LINEAR)
			for (; at > 0 && compare_names(place[at - 1].text, place[at - 1].length, name.text,
										   name.length) > 0;
				 at--)
				place[at] = place[at - 1];
		place[at] = name;
	}
	if (state->names > CV_NAMED_LINEAR)
		sort_places(place, state->names);
}

/*
 * A stored form to be filled in: its names in C order, no spare room, entries that the
 * topic must write.  rank tells the new number of each name.
 */
cv_named *
cv_named_frame(const cv_named *state, Size element, const char *type, int32 *rank)
{
	name_place few[CV_NAMED_LINEAR];
	name_place *place = few;
	cv_named *stored;
	char *bytes;
	uint64 total = 0;
	int32 length = 0;
	int32 i;

	for (i = 0; i < state->names; i++)
	{
		if ((uint64) state->name[i].offset + state->name[i].length > (uint64) state->bytes)
			cv_corrupt_binary(type, "A name lies beyond the names.");
		total += state->name[i].length;
	}
	if (total > (uint64) state->bytes)
		cv_corrupt_binary(type, "The names overlap.");
	if (state->names > CV_NAMED_LINEAR)
		place = palloc(state->names * sizeof(name_place));
	sort_names(state, place);

	stored = make(element, type, state->count, state->names, state->bytes,
				  state->header.flags & ~CV_NAMED_OPEN);
	memcpy(stored->parameter, state->parameter, sizeof(state->parameter));
	stored->names = state->names;
	stored->count = state->count;
	bytes = cv_named_bytes(stored);
	for (i = 0; i < state->names; i++)
	{
		stored->name[i].offset = (uint32) length;
		stored->name[i].length = (uint32) place[i].length;
		memcpy(bytes + length, place[i].text, place[i].length);
		length += place[i].length;
		rank[place[i].id] = i;
	}
	stored->bytes = length;
	if (place != few)
		pfree(place);
	return stored;
}

/* The same with the entries as they were, whose names the topic must change. */
cv_named *
cv_named_stored(const cv_named *state, Size element, const char *type, int32 *rank)
{
	cv_named *stored = cv_named_frame(state, element, type, rank);

	memcpy(cv_named_entries(stored), cv_named_entries(state), state->count * element);
	return stored;
}

/* Sets the size of a stored form whose number of entries has shrunk. */
void
cv_named_close(cv_named *state, Size element)
{
	char *end = (char *) cv_named_entries(state) + state->count * element;

	SET_VARSIZE(state, end - (char *) state);
}

/* Appends a name as a JSON string. */
void
cv_append_name(StringInfo text, const cv_named *state, int32 id)
{
	int32 length;
	const char *name = cv_named_text(state, id, &length);
	char *copy = pnstrdup(name, length);

	escape_json(text, copy);
	pfree(copy);
}

/* Writes the names in binary, each with its length in front. */
void
cv_send_names(StringInfo buffer, const cv_named *state)
{
	int32 id;

	pq_sendint64(buffer, state->names);
	for (id = 0; id < state->names; id++)
	{
		int32 length;
		const char *name = cv_named_text(state, id, &length);

		cv_send_counted_text(buffer, name, length);
	}
}

/* Reads names into an open state; returns its numbers for theirs, "count" of them. */
int32 *
cv_receive_names(StringInfo buffer, cv_named **state, Size element, const char *type, int64 *count)
{
	int32 *id;
	int64 i;

	*count = cv_receive_count(buffer, type, 4);
	id = palloc(Max(1, *count) * sizeof(int32));
	for (i = 0; i < *count; i++)
	{
		int length = (int) pq_getmsgint(buffer, 4);
		char *name;

		if (length < 0 || length > buffer->len - buffer->cursor)
			cv_corrupt_binary(type, "A name does not fit the length.");
		name = pq_getmsgtext(buffer, length, &length);
		*state = cv_named_intern(*state, element, type, name, length, &id[i]);
		if (id[i] != i)
			cv_corrupt_binary(type, "A name stands twice.");
		pfree(name);
		if (i % 4096 == 0)
			CHECK_FOR_INTERRUPTS();
	}
	return id;
}
