/*
 * sequence.c: patterns searched in rows.
 *
 * Of all ways to match, the one is taken that begins first and then skips as few rows
 * as it can, one place after the other; without times it is the one that ends first.
 *
 * Without times an automaton reads each row once.  With times the search goes back
 * where it fails, but never twice the same way: what follows a skip depends on the
 * place in the pattern and the row only, so a failure there is noted, and the notes
 * are linked to jump over rows in a row that failed.  So the work is bounded by the
 * number of rows times the elements of the pattern, but for a logarithm.
 */
#include "core/sequence.h"

#include <string.h>

/* The numbers of notes that a search needs; beyond CV_SEQUENCE_WORK none is made. */
int64_t
cv_sequence_memory(const cv_sequence *pattern, int64_t rows)
{
	return pattern->has_time ? (rows + 2) * pattern->choices : 0;
}

/* Prepares a search over rows; its notes must have room for cv_sequence_memory numbers. */
void
cv_sequence_begin(cv_sequence_search *search)
{
	int64_t notes = cv_sequence_memory(search->pattern, search->rows);
	int64_t i;

	search->steps = 0;
	for (i = 0; i < notes; i++)
		search->skip[i] = (int32_t) (i % (search->rows + 2));
}

/* Now and then, lets the caller cancel. */
static void
count_step(cv_sequence_search *search)
{
	if (search->check && ++search->steps % 4096 == 0)
		search->check();
}

/* ---- without times ---- */

static int
run_automaton(cv_sequence_search *search, int32_t *at)
{
	const cv_sequence *pattern = search->pattern;
	int words = pattern->states / 64 + 1;
	uint64_t end = UINT64_C(1) << (pattern->states % 64);
	uint64_t active[CV_SEQUENCE_WORDS] = { 1 };
	int32_t i;

	for (i = *at; i < search->rows; i++)
	{
		uint64_t carry = 0;
		int word;

		for (word = 0; word < words; word++)
		{
			uint64_t takes = pattern->any[word];
			uint32_t meets;
			uint64_t moved;

			for (meets = search->row[i].meets; meets != 0; meets &= meets - 1)
				takes |= pattern->takes[__builtin_ctz(meets)][word];
			moved = active[word] & takes;
			active[word] = (active[word] & pattern->stays[word]) | moved << 1 | carry;
			carry = moved >> 63;
		}
		if (active[words - 1] & end)
		{
			*at = i + 1;
			return 1;
		}
		count_step(search);
	}
	return 0;
}

/* ---- with times ---- */

/* The first row from a place on that has not failed for a choice, by linked notes. */
static int32_t
next_open(int32_t *skip, int32_t at)
{
	while (skip[at] != at)
	{
		skip[at] = skip[skip[at]];
		at = skip[at];
	}
	return at;
}

/* The first row from a place on at an instant or later. */
static int32_t
first_at(const cv_sequence_search *search, int32_t from, int64_t at)
{
	int32_t low = from;
	int32_t high = search->rows;

	while (low < high)
	{
		int32_t middle = low + (high - low) / 2;

		if (search->row[middle].at < at)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The sum of an instant and a time, not beyond the last one. */
static int64_t
later(int64_t at, int64_t time)
{
	return at > INT64_MAX - time ? INT64_MAX : at + time;
}

/*
 * The rows, first to before last, where the match may go on after a skip at a place; the
 * end of all rows is one where no row need follow.
 */
static void
candidates(const cv_sequence_search *search, const cv_sequence_element *element, int after_star,
		   int32_t at, int32_t *first, int32_t *last)
{
	int64_t base;
	int64_t limit;

	*first = at;
	*last = search->rows;
	if (element->kind == CV_SEQUENCE_STAR)
	{
		*last = search->rows + 1;
		return;
	}
	if (at >= search->rows)
		return;
	/* after .* the time counts from the row where it stops */
	base = search->row[after_star ? at : at - 1].at;
	limit = later(base, element->value);
	switch (element->kind)
	{
		case CV_SEQUENCE_AT_MOST:
			if (limit < INT64_MAX)
				*last = first_at(search, at, limit + 1);
			break;
		case CV_SEQUENCE_LESS:
			*last = first_at(search, at, limit);
			break;
		case CV_SEQUENCE_AT_LEAST:
			*first = first_at(search, at, limit);
			break;
		case CV_SEQUENCE_MORE:
			*first = limit < INT64_MAX ? first_at(search, at, limit + 1) : search->rows;
			break;
		default:
			*first = first_at(search, at, limit);
			if (limit < INT64_MAX)
				*last = first_at(search, *first, limit + 1);
			break;
	}
}

/* Matches the elements from one on, the rows from one on; "choice" numbers the skips. */
static int
match_from(cv_sequence_search *search, int element, int choice, int32_t at, int32_t *end)
{
	const cv_sequence *pattern = search->pattern;
	int32_t *skip;
	int32_t first;
	int32_t last;

	for (; element < pattern->elements && pattern->element[element].kind < CV_SEQUENCE_STAR;
		 element++, at++)
	{
		if (at >= search->rows ||
			(pattern->element[element].kind == CV_SEQUENCE_CONDITION &&
			 !(search->row[at].meets & UINT32_C(1) << pattern->element[element].value)))
			return 0;
	}
	if (element == pattern->elements)
	{
		*end = at;
		return 1;
	}
	skip = search->skip + (int64_t) choice * (search->rows + 2);
	candidates(search, &pattern->element[element],
			   element > 0 && pattern->element[element - 1].kind == CV_SEQUENCE_STAR, at, &first,
			   &last);
	for (first = next_open(skip, first); first < last; first = next_open(skip, first))
	{
		if (match_from(search, element + 1, choice + 1, first, end))
			return 1;
		skip[first] = first + 1;
		count_step(search);
	}
	return 0;
}

/*
 * Searches from a row on; if the pattern matches, puts the place after the match there.
 * A match of no row takes one on.
 */
int
cv_sequence_match(cv_sequence_search *search, int32_t *at)
{
	int32_t end;

	if (*at >= search->rows)
		return 0;
	if (search->pattern->elements == 1)
	{
		(*at)++;
		return 1;
	}
	if (!search->pattern->has_time)
		return run_automaton(search, at);
	if (!match_from(search, 0, 0, *at, &end))
		return 0;
	*at = end > *at ? end : *at + 1;
	return 1;
}
