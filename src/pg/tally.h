/*
 * tally.h: sums by key, the state and the stored form of many summaries.
 *
 * An entry is a row of 8-byte words: one or two keys, then counts, then amounts of 128
 * bits, in millionths.  All but the keys add, so that a tally is the same to the last bit
 * in whatever order and partition its rows came.  As a state it is an open-addressing
 * hash table; the stored form is sorted by the keys and of exact size.
 *
 * Behind the slots of a state with two whole-number keys that lie close together there may
 * be a panel, a place for each pair of keys within its reach.  Its sums are as narrow as
 * its topic likes; before anything but a transition reads the state they are added to the
 * entries.
 */
#ifndef CV_PG_TALLY_H
#define CV_PG_TALLY_H

#include "pg/pg.h"

#define CV_TALLY_TABLE 0x01 /* a state: a hash table, not a sorted list */

typedef struct cv_tally
{
	cv_header header;
	int64 count;  /* entries in use */
	int64 total;  /* sum of all counts of all entries: bounds each of them */
	uint64 mark;  /* a hash of the stored form, 0 in a state */
	uint64 mask;  /* a table: capacity - 1, else 0 */
	uint64 base;  /* a panel: first keys count from here */
	int32 rows;	  /* how many there are, 0 without a panel */
	int32 stride; /* and how many second keys, from the first key on, of each */
	int32 strays; /* rows that went to the entries since it was laid */
	int32 label;  /* what all entries have in common */
	uint64 word[FLEXIBLE_ARRAY_MEMBER];
} cv_tally;

/*
 * What a summary's entries are.  Keys are kept as images that order as unsigned numbers
 * and are never 0, which marks an empty slot.
 */
typedef struct cv_tally_kind
{
	const char *type; /* the SQL type */
	int keys;		  /* 1 or 2 */
	int counts;
	int amounts;
	bool dense;		   /* one whole-number key: they lie close together */
	bool labelled;	   /* text form {"label": .., "list": [[..], ..]}, else [[..], ..] */
	const char *form;  /* of the text, for messages */
	const char *label; /* names of its members */
	const char *list;
	void (*append_key)(StringInfo text, const cv_tally *tally, int which, uint64 key);
	uint64 (*read_key)(cv_json *json, int which, const char *token, JsonTokenType kind);
	void (*append_label)(StringInfo text, const cv_tally *tally);
	int32 (*read_label)(cv_json *json, const char *token, JsonTokenType kind);
	bool (*check_label)(int32 label);
	/* makes of the keys that were read those that are kept, once the label is known */
	const char *(*settle)(const cv_tally *tally, uint64 *entry);
	/* what is wrong with an entry from outside, or NULL */
	const char *(*check)(const cv_tally *tally, const uint64 *entry);
	/* a panel: bytes in front of its places and of each, what adds them all to entries */
	Size panel_head;
	Size panel_place;
	void (*unload)(cv_tally **into, const cv_tally *from);
} cv_tally_kind;

#define CV_TALLY_SMALLEST offsetof(cv_tally, word)

static inline int
cv_tally_words(const cv_tally_kind *kind)
{
	return kind->keys + kind->counts + 2 * kind->amounts;
}

/* The image of a whole number, and back. */
static inline uint64
cv_whole_image(int64 value)
{
	return (uint64) value ^ UINT64CONST(0x8000000000000000);
}

static inline int64
cv_whole_of(uint64 image)
{
	return (int64) (image ^ UINT64CONST(0x8000000000000000));
}

/* The image of a finite number, -0 as 0, and back. */
static inline uint64
cv_number_image(double value)
{
	uint64 bits;

	value += 0.0;
	memcpy(&bits, &value, sizeof(bits));
	return bits >> 63 ? ~bits : bits | UINT64CONST(0x8000000000000000);
}

static inline double
cv_number_of(uint64 image)
{
	uint64 bits = image >> 63 ? image & UINT64CONST(0x7fffffffffffffff) : ~image;
	double value;

	memcpy(&value, &bits, sizeof(value));
	return value;
}

static inline int64
cv_tally_count(const cv_tally_kind *kind, const uint64 *entry, int which)
{
	return (int64) entry[kind->keys + which];
}

static inline int128
cv_tally_amount(const cv_tally_kind *kind, const uint64 *entry, int which)
{
	int128 amount;

	memcpy(&amount, entry + kind->keys + kind->counts + 2 * which, sizeof(amount));
	return amount;
}

/* The finaliser of MurmurHash3: every bit of the input moves every bit of the result. */
static inline uint64
cv_mix(uint64 hash)
{
	hash = (hash ^ (hash >> 33)) * UINT64CONST(0xff51afd7ed558ccd);
	hash = (hash ^ (hash >> 33)) * UINT64CONST(0xc4ceb9fe1a85ec53);
	return hash ^ (hash >> 33);
}

/* Where the search for a key begins.  With one key both are the same. */
static inline uint64
cv_tally_place(const cv_tally_kind *kind, uint64 first, uint64 second)
{
	if (kind->dense)
		return first;
	return cv_mix(first ^ (second * UINT64CONST(0x9e3779b97f4a7c15)));
}

/* The panel of a state that has one. */
static inline void *
cv_tally_panel(const cv_tally_kind *kind, const cv_tally *tally)
{
	return (void *) (tally->word + (tally->mask + 1) * cv_tally_words(kind));
}

/* The bytes that a state with so many slots takes. */
static inline uint64
cv_tally_table_size(const cv_tally_kind *kind, const cv_tally *tally)
{
	uint64 size = CV_TALLY_SMALLEST + (tally->mask + 1) * cv_tally_words(kind) * sizeof(uint64);

	if (kind->unload && tally->rows > 0)
		size += kind->panel_head +
				(uint64) (uint32) tally->rows * (uint32) tally->stride * kind->panel_place;
	return size;
}

extern cv_tally *cv_tally_new(const cv_tally_kind *kind, int32 label);
extern cv_tally *cv_tally_unusual_state(FunctionCallInfo fcinfo, const cv_tally_kind *kind);
extern uint64 *
cv_tally_insert(const cv_tally_kind *kind, cv_tally **tally, uint64 first, uint64 second);
extern cv_tally *cv_tally_lay_panel(const cv_tally_kind *kind, cv_tally *tally);
extern void cv_tally_seal(const cv_tally_kind *kind, cv_tally *list);
extern void cv_tally_raise(const cv_tally_kind *kind, cv_tally *tally, int64 more);
extern const cv_tally *
cv_tally_sorted(FunctionCallInfo fcinfo, int argument, const cv_tally_kind *kind);
extern Datum cv_tally_combine(FunctionCallInfo fcinfo, const cv_tally_kind *kind);
extern Datum cv_tally_final(FunctionCallInfo fcinfo, const cv_tally_kind *kind);

/* tally_io.c */
extern Datum cv_tally_in(FunctionCallInfo fcinfo, const cv_tally_kind *kind);
extern Datum cv_tally_out(FunctionCallInfo fcinfo, const cv_tally_kind *kind);
extern Datum cv_tally_receive(FunctionCallInfo fcinfo, const cv_tally_kind *kind);
extern Datum cv_tally_send(FunctionCallInfo fcinfo, const cv_tally_kind *kind);
extern void cv_tally_check_amount(int128 amount, const char *type);
extern void cv_tally_append_number(StringInfo text, const cv_tally *tally, int which, uint64 key);
extern uint64 cv_tally_read_number(cv_json *json, int which, const char *token, JsonTokenType kind);
extern bool cv_tally_is_number(uint64 key);

/* The SQL functions that every summary has, apart from its transition. */
#define CV_TALLY_FUNCTIONS(name, kind)            \
	PG_FUNCTION_INFO_V1(name##_combine);          \
	PG_FUNCTION_INFO_V1(name##_final);            \
	PG_FUNCTION_INFO_V1(name##_in);               \
	PG_FUNCTION_INFO_V1(name##_out);              \
	PG_FUNCTION_INFO_V1(name##_recv);             \
	PG_FUNCTION_INFO_V1(name##_send);             \
	Datum name##_combine(PG_FUNCTION_ARGS)        \
	{                                             \
		return cv_tally_combine(fcinfo, &(kind)); \
	}                                             \
	Datum name##_final(PG_FUNCTION_ARGS)          \
	{                                             \
		return cv_tally_final(fcinfo, &(kind));   \
	}                                             \
	Datum name##_in(PG_FUNCTION_ARGS)             \
	{                                             \
		return cv_tally_in(fcinfo, &(kind));      \
	}                                             \
	Datum name##_out(PG_FUNCTION_ARGS)            \
	{                                             \
		return cv_tally_out(fcinfo, &(kind));     \
	}                                             \
	Datum name##_recv(PG_FUNCTION_ARGS)           \
	{                                             \
		return cv_tally_receive(fcinfo, &(kind)); \
	}                                             \
	Datum name##_send(PG_FUNCTION_ARGS)           \
	{                                             \
		return cv_tally_send(fcinfo, &(kind));    \
	}                                             \
	extern const cv_tally_kind kind

/* The state of a transition as a table; NULL where there is none yet. */
static inline cv_tally *
cv_tally_state(FunctionCallInfo fcinfo, const cv_tally_kind *kind)
{
	cv_tally *tally = cv_plain_state(fcinfo, CV_TALLY_TABLE);

	if (likely(tally != NULL && tally->header.flags & CV_TALLY_TABLE &&
			   VARSIZE(tally) == cv_tally_table_size(kind, tally)))
		return tally;
	return cv_tally_unusual_state(fcinfo, kind);
}

/* The entry of a key; where there is none it is made, and the table may move. */
static inline uint64 *
cv_tally_find(const cv_tally_kind *kind, cv_tally **tally, uint64 first, uint64 second)
{
	int words = cv_tally_words(kind);
	uint64 mask = (*tally)->mask;
	uint64 at = cv_tally_place(kind, first, second) & mask;

	for (;;)
	{
		uint64 *entry = (*tally)->word + at * words;

		if (entry[0] == first && (kind->keys == 1 || entry[1] == second))
			return entry;
		if (entry[0] == 0)
			return cv_tally_insert(kind, tally, first, second);
		at = (at + 1) & mask;
	}
}

#endif
