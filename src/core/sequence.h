/*
 * sequence.h: patterns of rows: (?1)(?t<=3600)(?2).*(?3).
 */
#ifndef CV_CORE_SEQUENCE_H
#define CV_CORE_SEQUENCE_H

#include <stddef.h>
#include <stdint.h>

#define CV_SEQUENCE_CONDITIONS 32
#define CV_SEQUENCE_ELEMENTS 255 /* the most of a pattern */
#define CV_SEQUENCE_WORDS 4
#define CV_SEQUENCE_WORK INT64_C(100000000)

typedef enum cv_sequence_kind
{
	CV_SEQUENCE_CONDITION, /* (?N), a row that meets a condition */
	CV_SEQUENCE_ANY,	   /* . , any row */
	CV_SEQUENCE_STAR,	   /* .*, any number of rows */
	/* (?tOPn): any number of rows, then one at such a time after the last one matched */
	CV_SEQUENCE_AT_MOST,
	CV_SEQUENCE_LESS,
	CV_SEQUENCE_AT_LEAST,
	CV_SEQUENCE_MORE,
	CV_SEQUENCE_EQUAL
} cv_sequence_kind;

typedef struct cv_sequence_element
{
	cv_sequence_kind kind;
	int64_t value; /* a condition, from 0, or a time in microseconds */
} cv_sequence_element;

/* A pattern taken apart. */
typedef struct cv_sequence
{
	int elements;
	int choices; /* elements before which rows are skipped */
	int has_time;
	int conditions; /* the highest number of a condition */
	cv_sequence_element element[CV_SEQUENCE_ELEMENTS + 1];

	/* without times: an automaton, one state before each row to match and one at the end */
	int states;
	uint64_t stays[CV_SEQUENCE_WORDS]; /* states that skip rows */
	uint64_t any[CV_SEQUENCE_WORDS];   /* states that any row takes on */
	uint64_t takes[CV_SEQUENCE_CONDITIONS][CV_SEQUENCE_WORDS];
} cv_sequence;

typedef struct cv_sequence_row
{
	int64_t at;
	uint32_t meets; /* bit k: condition k + 1 */
} cv_sequence_row;

/* A search through rows sorted by instant, in their order; skip is of sequence_memory(). */
typedef struct cv_sequence_search
{
	const cv_sequence *pattern;
	const cv_sequence_row *row;
	int32_t rows;
	int32_t *skip;
	void (*check)(void);
	int64_t steps;
} cv_sequence_search;

extern const char *
cv_sequence_parse(const char *text, size_t length, cv_sequence *pattern, size_t *place);
extern int64_t cv_sequence_memory(const cv_sequence *pattern, int64_t rows);
extern void cv_sequence_begin(cv_sequence_search *search);
extern int cv_sequence_match(cv_sequence_search *search, int32_t *at);

#endif
