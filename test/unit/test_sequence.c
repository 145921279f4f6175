/*
 * test_sequence.c: patterns of rows against a search that tries everything, and against
 * ClickHouse's way of going back, step by step.
 */
#include "tap.h"

#include <stdlib.h>
#include <string.h>

#include "core/sequence.h"

#define MOST_ROWS 12

static uint64_t random_state = 20261122;

static int
draw(int limit)
{
	random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (int) ((random_state >> 33) % (uint64_t) limit);
}

static int
draw_rows(cv_sequence_row *row)
{
	int count = draw(MOST_ROWS + 1);
	int64_t at = 0;
	int i;

	for (i = 0; i < count; i++)
	{
		at += draw(3) * INT64_C(1000000);
		row[i].at = at;
		row[i].meets = (uint32_t) (1 + draw(7));
	}
	return count;
}

static void
draw_pattern(char *text, int with_time)
{
	static const char *const sign[] = { "<=", "<", ">=", ">", "==" };
	int elements = draw(6);
	int after_time = 0;
	int i;

	*text = '\0';
	for (i = 0; i < elements; i++)
	{
		char element[32];
		int kind = draw(with_time && !after_time ? 9 : 6);

		if (kind >= 6)
			snprintf(element, sizeof(element), "(?t%s%d)", sign[draw(5)], draw(5));
		else if (kind == 5)
			strcpy(element, ".");
		else if (kind == 4)
			strcpy(element, ".*");
		else
			snprintf(element, sizeof(element), "(?%d)", 1 + draw(3));
		after_time = kind >= 6;
		strcat(text, element);
	}
}

/* ---- without times: is it matched by exactly the rows from one place to another? ---- */

static int
covers(const cv_sequence *p, const cv_sequence_row *row, int element, int at, int end)
{
	if (element == p->elements)
		return at == end;
	if (p->element[element].kind == CV_SEQUENCE_STAR)
	{
		int next;

		for (next = at; next <= end; next++)
			if (covers(p, row, element + 1, next, end))
				return 1;
		return 0;
	}
	if (at == end || (p->element[element].kind == CV_SEQUENCE_CONDITION &&
					  !(row[at].meets & UINT32_C(1) << p->element[element].value)))
		return 0;
	return covers(p, row, element + 1, at + 1, end);
}

static int
earliest_end(const cv_sequence *p, const cv_sequence_row *row, int rows, int *at)
{
	int end;

	if (*at >= rows)
		return 0;
	for (end = *at; end <= rows; end++)
		if (covers(p, row, 0, *at, end))
		{
			*at = end > *at ? end : *at + 1;
			return 1;
		}
	return 0;
}

/* ---- with times: ClickHouse's stack of places to go back to ---- */

typedef struct choice
{
	int element;
	int at;
	int base;
} choice;

static choice stack[1000000];
static int stack_size;

static int
go_back(int *element, int *at, int *base)
{
	if (stack_size == 0)
		return 0;
	stack_size--;
	*element = stack[stack_size].element;
	*at = stack[stack_size].at + 1;
	*base = stack[stack_size].base;
	return 1;
}

static int
stack_match(const cv_sequence *p, const cv_sequence_row *row, int rows, int *begin)
{
	int element = 0;
	int at = *begin;
	int base = at;

	stack_size = 0;
	while (element < p->elements && at < rows)
	{
		const cv_sequence_element *e = &p->element[element];
		int64_t since = row[at].at - row[base].at;
		int holds;

		switch (e->kind)
		{
			case CV_SEQUENCE_CONDITION:
			case CV_SEQUENCE_ANY:
				if (e->kind == CV_SEQUENCE_ANY || row[at].meets & UINT32_C(1) << e->value)
				{
					base = at++;
					element++;
				}
				else if (!go_back(&element, &at, &base))
					return 0;
				continue;
			case CV_SEQUENCE_STAR:
				holds = 1;
				break;
			case CV_SEQUENCE_AT_MOST:
				holds = since <= e->value;
				break;
			case CV_SEQUENCE_LESS:
				holds = since < e->value;
				break;
			case CV_SEQUENCE_AT_LEAST:
				holds = since >= e->value;
				break;
			case CV_SEQUENCE_MORE:
				holds = since > e->value;
				break;
			default:
				holds = since == e->value;
		}
		if (holds)
		{
			if (stack_size == 1000000)
				abort();
			stack[stack_size++] = (choice){ element, at, base };
			base = at;
			element++;
		}
		else if (e->kind == CV_SEQUENCE_AT_MOST || e->kind == CV_SEQUENCE_LESS)
		{
			if (!go_back(&element, &at, &base))
				return 0;
		}
		else if (++at == rows && !go_back(&element, &at, &base))
			return 0;
	}
	while (element < p->elements && p->element[element].kind == CV_SEQUENCE_STAR)
		element++;
	if (at == *begin)
		at++;
	*begin = at;
	return element == p->elements;
}

static void
test_patterns(int with_time)
{
	int wrong_match = 0;
	int wrong_count = 0;
	int matches = 0;
	int several = 0;
	int n;

	for (n = 0; n < 30000; n++)
	{
		static int32_t skip[(MOST_ROWS + 2) * (CV_SEQUENCE_ELEMENTS + 1)];
		cv_sequence_row row[MOST_ROWS];
		cv_sequence_search search = { 0 };
		cv_sequence pattern;
		char text[256];
		size_t place;
		int32_t at = 0;
		int reference_at = 0;
		int count = 0;
		int reference = 0;

		draw_pattern(text, with_time);
		if (cv_sequence_parse(text, strlen(text), &pattern, &place))
			abort();
		search.pattern = &pattern;
		search.row = row;
		search.rows = draw_rows(row);
		search.skip = skip;
		cv_sequence_begin(&search);
		while (cv_sequence_match(&search, &at))
			count++;
		if (pattern.has_time)
			while (reference_at < search.rows &&
				   stack_match(&pattern, row, search.rows, &reference_at))
				reference++;
		else
			while (earliest_end(&pattern, row, search.rows, &reference_at))
				reference++;
		wrong_match += (count > 0) != (reference > 0);
		wrong_count += count != reference;
		matches += count > 0;
		several += count > 1;
	}
	ok(wrong_match == 0, "30000 random patterns%s: matches, %d wrong",
	   with_time ? " with times" : "", wrong_match);
	ok(wrong_count == 0, "how often they match, %d wrong", wrong_count);
	ok(matches > 3000 && matches < 27000 && several > 1000, "%d of them match, %d more than once",
	   matches, several);
}

/* What is wrong with a pattern, and where. */
static void
bad(const char *text, int place, const char *words)
{
	cv_sequence pattern;
	size_t at;
	const char *wrong = cv_sequence_parse(text, strlen(text), &pattern, &at);

	ok(wrong && strcmp(wrong, words) == 0 && (int) at == place, "%s: %s at %d", text,
	   wrong ? wrong : "nothing", (int) at);
}

static void
test_bad_patterns(void)
{
	static char many[2000];
	cv_sequence pattern;
	size_t place;
	int i;

	bad("x", 0, "One of (?N), (?t<=N), . and .* was expected");
	bad("(?1)(2)", 4, "One of (?N), (?t<=N), . and .* was expected");
	bad("(?1)*", 4, "One of (?N), (?t<=N), . and .* was expected");
	bad("(?", 2, "A condition's number or t was expected");
	bad("(?)", 2, "A condition's number or t was expected");
	bad("(?x)", 2, "A condition's number or t was expected");
	bad("(?0)", 2, "Conditions are numbered from 1 to 32");
	bad("(?33)", 2, "Conditions are numbered from 1 to 32");
	bad("(?99999999999999999999)", 2, "Conditions are numbered from 1 to 32");
	bad("(?1", 3, "A closing parenthesis was expected");
	bad("(?1)(?2 )", 7, "A closing parenthesis was expected");
	bad("(?1)(?t=5)(?2)", 7, "One of <=, <, >=, > and == was expected");
	bad("(?1)(?t", 7, "One of <=, <, >=, > and == was expected");
	bad("(?1)(?t<=)(?2)", 9, "A number of seconds of at most six decimals was expected");
	bad("(?1)(?t<-5)(?2)", 8, "A number of seconds of at most six decimals was expected");
	bad("(?1)(?t<0.1234567)", 8, "A number of seconds of at most six decimals was expected");
	bad("(?1)(?t<9999999999999)(?2)", 8,
		"A number of seconds of at most six decimals was expected");
	bad("(?1)(?t<5)(?t>1)(?2)", 12, "A time must come after a row, not after another time");
	bad("(?1)(?t<5x)", 9, "A closing parenthesis was expected");
	for (i = 0; i < 254; i++)
		strcat(many, ".");
	ok(cv_sequence_parse(many, strlen(many), &pattern, &place) == NULL && pattern.states == 254,
	   "254 elements");
	strcat(many, ".");
	bad(many, 254, "A pattern has at most 254 elements");
	ok(cv_sequence_parse(" (?1) (?t<=0.5) . .* .* (?2) ", 29, &pattern, &place) == NULL &&
		   pattern.elements == 6 && pattern.element[2].value == 500000 && pattern.conditions == 2,
	   "blanks, decimals, stars in a row");
}

/* Work stays in proportion where going back naively would not end. */
static void
test_work(void)
{
	enum
	{
		ROWS = 200000
	};
	static cv_sequence_row row[ROWS];
	static const char text[] = "(?1)(?t>=0)(?1)(?t>=0)(?1)(?t>=0)(?1)(?t>=0)(?1)(?t>=0)(?2)";
	cv_sequence_search search = { 0 };
	cv_sequence pattern;
	size_t place;
	int32_t at = 0;
	int i;

	cv_sequence_parse(text, strlen(text), &pattern, &place);
	for (i = 0; i < ROWS; i++)
	{
		row[i].at = i;
		row[i].meets = 1;
	}
	search.pattern = &pattern;
	search.row = row;
	search.rows = ROWS;
	search.skip = malloc((size_t) cv_sequence_memory(&pattern, ROWS) * sizeof(int32_t));
	cv_sequence_begin(&search);
	ok(!cv_sequence_match(&search, &at), "200000 rows that never match after five skips");
	row[ROWS - 1].meets = 2;
	cv_sequence_begin(&search);
	ok(cv_sequence_match(&search, &at) && at == ROWS, "and match by their last one");
	free(search.skip);
}

int
main(void)
{
	test_patterns(0);
	test_patterns(1);
	test_bad_patterns();
	test_work();
	return done();
}
