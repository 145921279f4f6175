/*
 * sequence_pattern.c: patterns of rows, taken apart.
 *
 *   (?N)     a row that meets condition N
 *   .        any row
 *   .*       any number of rows
 *   (?tOPn)  the next row to match lies n seconds after the last one matched, as OP has
 *            it: <=, <, >=, > or ==; any rows may lie between
 *
 * Blanks between elements do not count.  A pattern may begin anywhere: .* stands before it.
 */
#include <string.h>

#include "core/sequence.h"

#define SECOND INT64_C(1000000)

static int
is_digit(const char *c, const char *end)
{
	return c < end && *c >= '0' && *c <= '9';
}

/* Reads a decimal number of seconds with at most six decimals; NULL if there is none. */
static const char *
read_seconds(const char *c, const char *end, int64_t *value)
{
	int64_t unit = SECOND;

	if (!is_digit(c, end))
		return NULL;
	*value = 0;
	for (; is_digit(c, end); c++)
	{
		if (*value > (INT64_MAX / SECOND - 9) / 10)
			return NULL;
		*value = *value * 10 + (*c - '0');
	}
	*value *= SECOND;
	if (c + 1 < end && *c == '.' && is_digit(c + 1, end))
		for (c++; is_digit(c, end); c++)
		{
			unit /= 10;
			if (unit == 0)
				return NULL;
			*value += (*c - '0') * unit;
		}
	return c;
}

/* Reads what stands after "(?t". */
static const char *
read_time(const char *c, const char *end, cv_sequence_element *element, size_t *used)
{
	static const struct
	{
		const char *sign;
		cv_sequence_kind kind;
	} sign[] = { { "<=", CV_SEQUENCE_AT_MOST },
				 { ">=", CV_SEQUENCE_AT_LEAST },
				 { "==", CV_SEQUENCE_EQUAL },
				 { "<", CV_SEQUENCE_LESS },
				 { ">", CV_SEQUENCE_MORE } };
	const char *begin = c;
	const char *after;
	size_t i;

	for (i = 0; i < sizeof(sign) / sizeof(sign[0]); i++)
	{
		size_t length = strlen(sign[i].sign);

		if ((size_t) (end - c) >= length && memcmp(c, sign[i].sign, length) == 0)
			break;
	}
	*used = 0;
	if (i == sizeof(sign) / sizeof(sign[0]))
		return "One of <=, <, >=, > and == was expected";
	c += strlen(sign[i].sign);
	element->kind = sign[i].kind;
	*used = (size_t) (c - begin);
	after = read_seconds(c, end, &element->value);
	if (after == NULL)
		return "A number of seconds of at most six decimals was expected";
	*used = (size_t) (after - begin);
	return NULL;
}

/* Adds the automaton's part of an element. */
static void
add_state(cv_sequence *pattern, const cv_sequence_element *element)
{
	int word = pattern->states / 64;
	uint64_t bit = UINT64_C(1) << (pattern->states % 64);

	if (element->kind == CV_SEQUENCE_STAR)
		pattern->stays[word] |= bit;
	else if (element->kind == CV_SEQUENCE_ANY)
		pattern->any[word] |= bit;
	else
		pattern->takes[element->value][word] |= bit;
	if (element->kind != CV_SEQUENCE_STAR)
		pattern->states++;
}

/*
 * Takes a pattern apart.  Returns NULL, or what is wrong with it (a sentence without
 * its end) and the place, in bytes from 0.
 */
const char *
cv_sequence_parse(const char *text, size_t length, cv_sequence *pattern, size_t *place)
{
	static const cv_sequence_element star = { CV_SEQUENCE_STAR, 0 };
	const char *c = text;
	const char *end = text + length;

	memset(pattern, 0, sizeof(*pattern));
	pattern->element[pattern->elements++] = star;
	pattern->choices = 1;
	add_state(pattern, &star);
	for (;;)
	{
		cv_sequence_element element = { CV_SEQUENCE_ANY, 0 };

		while (c < end && *c == ' ')
			c++;
		*place = (size_t) (c - text);
		if (c == end)
			return NULL;
		if (*c == '.')
		{
			c++;
			if (c < end && *c == '*')
			{
				c++;
				element.kind = CV_SEQUENCE_STAR;
			}
		}
		else if (end - c >= 2 && c[0] == '(' && c[1] == '?')
		{
			c += 2;
			*place = (size_t) (c - text);
			if (c < end && *c == 't')
			{
				size_t used;
				const char *wrong = read_time(c + 1, end, &element, &used);

				c += 1 + used;
				if (wrong)
				{
					*place = (size_t) (c - text);
					return wrong;
				}
				if (pattern->element[pattern->elements - 1].kind >= CV_SEQUENCE_AT_MOST)
					return "A time must come after a row, not after another time";
			}
			else
			{
				element.kind = CV_SEQUENCE_CONDITION;
				if (!is_digit(c, end))
					return "A condition's number or t was expected";
				for (; is_digit(c, end) && element.value <= CV_SEQUENCE_CONDITIONS; c++)
					element.value = element.value * 10 + (*c - '0');
				if (element.value < 1 || element.value > CV_SEQUENCE_CONDITIONS)
					return "Conditions are numbered from 1 to 32";
				if (element.value > pattern->conditions)
					pattern->conditions = (int) element.value;
				element.value--;
			}
			*place = (size_t) (c - text);
			if (c == end || *c != ')')
				return "A closing parenthesis was expected";
			c++;
		}
		else
			return "One of (?N), (?t<=N), . and .* was expected";

		if (pattern->elements == CV_SEQUENCE_ELEMENTS)
			return "A pattern has at most 254 elements";
		if (element.kind == CV_SEQUENCE_STAR &&
			pattern->element[pattern->elements - 1].kind == CV_SEQUENCE_STAR)
			continue;
		pattern->element[pattern->elements++] = element;
		pattern->choices += element.kind >= CV_SEQUENCE_STAR;
		if (element.kind >= CV_SEQUENCE_AT_MOST)
			pattern->has_time = 1;
		else
			add_state(pattern, &element);
	}
}
