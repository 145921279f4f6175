/*
 * test_funnel.c: funnels against exhaustive search, and ClickHouse's modes against its
 * algorithm as it is written there, with every chain kept.
 */
#include "tap.h"

#include <stdlib.h>
#include <string.h>

#include "core/funnel.h"

#define MOST_ROWS 9
#define MOST_CHAINS 4096

static uint64_t random_state = 20261122;

/* A whole number below a limit (a linear congruential generator with its high bits). */
static int
draw(int limit)
{
	random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (int) ((random_state >> 33) % (uint64_t) limit);
}

/* Rows sorted by instant; of one instant in any order. */
static int
draw_rows(cv_funnel_row *row, int steps, int several)
{
	int count = draw(MOST_ROWS + 1);
	int instants = 1 + draw(10);
	int i;
	int j;

	for (i = 0; i < count; i++)
	{
		row[i].at = draw(instants);
		row[i].meets = draw(6) == 0 ? 0 : UINT32_C(1) << draw(steps);
		if (several && draw(3) == 0)
			row[i].meets |= (uint32_t) draw(1 << steps);
	}
	for (i = 1; i < count; i++)
		for (j = i; j > 0 && row[j - 1].at > row[j].at; j--)
		{
			cv_funnel_row held = row[j];

			row[j] = row[j - 1];
			row[j - 1] = held;
		}
	return count;
}

/* ---- exhaustive search ---- */

typedef struct search
{
	const cv_funnel *funnel;
	const cv_funnel_row *row;
	int count;
	int used[MOST_ROWS];
	int64_t now[CV_FUNNEL_STEPS];
	int best;
	int64_t times[CV_FUNNEL_STEPS];
} search;

static void
explore(search *s, int depth)
{
	int i;

	if (depth > s->best || (depth == s->best && depth > 0))
	{
		int order = 0;

		for (i = 0; depth == s->best && i < depth && order == 0; i++)
			order = s->now[i] < s->times[i] ? -1 : s->now[i] > s->times[i];
		if (depth > s->best || order < 0)
			memcpy(s->times, s->now, sizeof(s->now));
		s->best = depth;
	}
	if (depth == s->funnel->steps)
		return;
	for (i = 0; i < s->count; i++)
	{
		int64_t at = s->row[i].at;

		if (s->used[i] || !(s->row[i].meets & UINT32_C(1) << depth))
			continue;
		if (depth > 0 &&
			(at < s->now[depth - 1] || (s->funnel->strict && at == s->now[depth - 1]) ||
			 (uint64_t) (at - s->now[0]) > s->funnel->within))
			continue;
		s->used[i] = 1;
		s->now[depth] = at;
		explore(s, depth + 1);
		s->used[i] = 0;
	}
}

static void
test_exhaustive(int several, int strict)
{
	int wrong_depth = 0;
	int wrong_chain = 0;
	int deep = 0;
	int n;

	for (n = 0; n < 20000; n++)
	{
		cv_funnel funnel = { 0 };
		cv_funnel_row row[MOST_ROWS];
		int64_t times[CV_FUNNEL_STEPS];
		search s;
		int depth;

		funnel.steps = 1 + draw(5);
		funnel.within = (uint64_t) draw(10);
		funnel.strict = strict;
		memset(&s, 0, sizeof(s));
		s.funnel = &funnel;
		s.row = row;
		s.count = draw_rows(row, funnel.steps, several);
		explore(&s, 0);
		depth = cv_funnel_depth(&funnel, row, (size_t) s.count);
		wrong_depth += depth != s.best;
		depth = cv_funnel_chain(&funnel, row, (size_t) s.count, times);
		wrong_chain += depth != s.best || memcmp(times, s.times, (size_t) depth * sizeof(*times));
		deep += s.best >= 3;
	}
	ok(wrong_depth == 0, "20000 random inputs%s%s: depths of exhaustive search, %d wrong",
	   several ? " whose rows meet several steps" : "", strict ? ", strictly increasing" : "",
	   wrong_depth);
	ok(wrong_chain == 0, "its chains, %d wrong", wrong_chain);
	ok(deep > 300, "%d of them go three steps deep or more", deep);
}

/*
 * Few rows of instants all different go a way of their own; rows of no step behind them
 * take the same rows the way of many.
 */
static void
test_few(void)
{
	int wrong_depth = 0;
	int wrong_chain = 0;
	int deep = 0;
	int n;

	for (n = 0; n < 20000; n++)
	{
		cv_funnel funnel = { 0 };
		cv_funnel_row row[100] = { { 0 } };
		int64_t few_times[CV_FUNNEL_STEPS] = { 0 };
		int64_t many_times[CV_FUNNEL_STEPS] = { 0 };
		int count = draw(33);
		int64_t at = -20;
		int depth;
		int i;

		funnel.steps = 1 + draw(n % 2 ? 5 : CV_FUNNEL_STEPS);
		funnel.within = (uint64_t) draw(n % 3 ? 12 : 100);
		funnel.strict = draw(2);
		for (i = 0; i < 100; i++)
		{
			row[i].at = at += 1 + draw(3);
			if (i < count)
				row[i].meets = n % 5 ? UINT32_C(1) << draw(funnel.steps)
									 : (uint32_t) draw(1 << 16) << draw(17);
		}
		depth = cv_funnel_chain(&funnel, row, (size_t) count, few_times);
		wrong_depth += cv_funnel_depth(&funnel, row, (size_t) count) != depth ||
					   cv_funnel_depth(&funnel, row, 100) != depth;
		wrong_chain += cv_funnel_chain(&funnel, row, 100, many_times) != depth ||
					   memcmp(few_times, many_times, sizeof(few_times)) != 0;
		deep += depth >= 3;
	}
	ok(wrong_depth == 0, "20000 inputs of few rows have the depths of many, %d wrong", wrong_depth);
	ok(wrong_chain == 0, "and the chains, %d wrong", wrong_chain);
	ok(deep > 1000, "%d of them go three steps deep or more", deep);
}

/* ---- ClickHouse's algorithm, event by event ---- */

typedef struct event
{
	int64_t at;
	int step; /* 0: none */
	int row;
} event;

typedef struct chain
{
	int64_t first;
	int64_t last;
	int path[CV_FUNNEL_STEPS];
} chain;

static int
make_events(const cv_funnel_row *row, int count, int steps, int modes, event *events)
{
	int n = 0;
	int i;
	int j;

	for (i = 0; i < count; i++)
	{
		int step;

		for (step = steps; step > 0; step--)
			if (row[i].meets & UINT32_C(1) << (step - 1))
				events[n++] = (event){ row[i].at, step, i };
		if (row[i].meets == 0 && modes & CV_FUNNEL_STRICT_ORDER)
			events[n++] = (event){ row[i].at, 0, i };
	}
	for (i = 1; i < n; i++)
		for (j = i;
			 j > 0 && (events[j - 1].at > events[j].at ||
					   (events[j - 1].at == events[j].at && events[j - 1].step > events[j].step));
			 j--)
		{
			event held = events[j];

			events[j] = events[j - 1];
			events[j - 1] = held;
		}
	return n;
}

static int
highest(const int *size, int steps)
{
	int level = steps;

	while (level > 0 && size[level - 1] == 0)
		level--;
	return level;
}

/* One pass for both kinds: without strict_once there is one chain of each depth, the latest. */
static int
reference_level(const cv_funnel *funnel, const cv_funnel_row *row, int count, int modes)
{
	static chain chains[CV_FUNNEL_STEPS][MOST_CHAINS];
	int size[CV_FUNNEL_STEPS] = { 0 };
	event events[MOST_ROWS * 8];
	int n = make_events(row, count, funnel->steps, modes, events);
	int once = modes & CV_FUNNEL_STRICT_ONCE;
	int seen_first = 0;
	int i;

	for (i = 0; i < n; i++)
	{
		int64_t at = events[i].at;
		int step = events[i].step - 1;
		int before;
		int j;

		if (modes & CV_FUNNEL_STRICT_ORDER && step == -1)
		{
			if (seen_first)
				break;
			continue;
		}
		if (step == 0)
		{
			chain *c = &chains[0][once ? size[0] : 0];

			c->first = c->last = at;
			c->path[0] = events[i].row;
			size[0] = once ? size[0] + 1 : 1;
			seen_first = 1;
			continue;
		}
		if (modes & CV_FUNNEL_STRICT_DEDUPLICATION && size[step] > 0)
			return highest(size, funnel->steps);
		if (modes & CV_FUNNEL_STRICT_ORDER && seen_first && size[step - 1] == 0)
		{
			if (modes & CV_FUNNEL_ALLOW_REENTRY)
				continue;
			return highest(size, funnel->steps);
		}
		before = size[step - 1];
		for (j = 0; j < before; j++)
		{
			chain next = chains[step - 1][j];
			int matches = (uint64_t) (at - next.first) <= funnel->within;
			int k;

			for (k = 0; once && k < step; k++)
				matches = matches && next.path[k] != events[i].row;
			if (modes & CV_FUNNEL_STRICT_INCREASE)
				matches = matches && next.last < at;
			if (!matches)
				continue;
			next.path[step] = events[i].row;
			next.last = at;
			if (once && size[step] == MOST_CHAINS)
				abort();
			chains[step][once ? size[step] : 0] = next;
			size[step] = once ? size[step] + 1 : 1;
			if (step + 1 == funnel->steps)
				return funnel->steps;
		}
	}
	return highest(size, funnel->steps);
}

/* Is it the answer in some order of the rows of each instant? */
static int
in_some_order(const cv_funnel *funnel, const cv_funnel_row *row, int count, int modes, int level)
{
	cv_funnel_row order[MOST_ROWS];
	int n;

	memcpy(order, row, sizeof(order));
	for (n = 0; n < 2000; n++)
	{
		int i;

		if (reference_level(funnel, order, count, modes) == level)
			return 1;
		for (i = 1; i < count; i++)
			if (order[i - 1].at == order[i].at && draw(2))
			{
				cv_funnel_row held = order[i];

				order[i] = order[i - 1];
				order[i - 1] = held;
			}
	}
	return 0;
}

static void
test_modes(void)
{
	int modes;

	for (modes = 0; modes < 32; modes++)
	{
		int wrong = 0;
		int levels[6] = { 0 };
		int n;

		if (modes & CV_FUNNEL_ALLOW_REENTRY && !(modes & CV_FUNNEL_STRICT_ORDER))
			continue;
		for (n = 0; n < 5000; n++)
		{
			cv_funnel funnel = { 0 };
			cv_funnel_row row[MOST_ROWS];
			int count;
			int level;
			int reference;

			funnel.steps = 1 + draw(5);
			funnel.within = (uint64_t) draw(10);
			count = draw_rows(row, funnel.steps, draw(2));
			level = cv_funnel_level(&funnel, row, (size_t) count, modes);
			reference = reference_level(&funnel, row, count, modes);
			levels[level]++;
			/* with both of these the answer there depends on the order of arrival */
			if (level != reference &&
				!(modes & CV_FUNNEL_STRICT_ONCE && modes & CV_FUNNEL_STRICT_DEDUPLICATION &&
				  in_some_order(&funnel, row, count, modes, level)))
				wrong++;
		}
		ok(wrong == 0 && levels[0] > 100 && levels[2] > 50,
		   "modes %d: 5000 random inputs as ClickHouse has them, %d wrong", modes, wrong);
	}
}

/* strict_once alone is the exact answer, the default is it where each row meets one step. */
static void
test_relations(void)
{
	int wrong_once = 0;
	int wrong_default = 0;
	int below = 0;
	int above = 0;
	int n;

	for (n = 0; n < 20000; n++)
	{
		cv_funnel funnel = { 0 };
		cv_funnel_row row[MOST_ROWS];
		int several = draw(2);
		int count;
		int depth;
		int level;

		funnel.steps = 1 + draw(5);
		funnel.within = (uint64_t) draw(10);
		count = draw_rows(row, funnel.steps, several);
		depth = cv_funnel_depth(&funnel, row, (size_t) count);
		level = cv_funnel_level(&funnel, row, (size_t) count, 0);
		wrong_once += cv_funnel_level(&funnel, row, (size_t) count, CV_FUNNEL_STRICT_ONCE) != depth;
		wrong_default += !several && level != depth;
		below += level < depth;
		above += level > depth;
	}
	ok(wrong_once == 0, "strict_once is the exact depth, %d wrong", wrong_once);
	ok(wrong_default == 0, "the default is exact where each row meets one step, %d wrong",
	   wrong_default);
	ok(below == 0 && above > 100, "where rows meet several it counts too much, %d times of 20000",
	   above);
}

/* Many rows of one instant, all steps, the ends of time. */
static void
test_extremes(void)
{
	static cv_funnel_row row[100000];
	cv_funnel funnel = { 0 };
	int64_t times[CV_FUNNEL_STEPS];
	int i;

	funnel.steps = 32;
	funnel.within = 0;
	for (i = 0; i < 100000; i++)
	{
		row[i].at = 7;
		row[i].meets = UINT32_C(0xffffffff);
	}
	ok(cv_funnel_depth(&funnel, row, 100000) == 32, "100000 rows of one instant meet 32 steps");
	ok(cv_funnel_depth(&funnel, row, 31) == 31, "31 rows meet 31");
	ok(cv_funnel_chain(&funnel, row, 31, times) == 31 && times[30] == 7, "at that instant");
	funnel.strict = 1;
	ok(cv_funnel_depth(&funnel, row, 100000) == 1, "strictly increasing one");
	funnel.strict = 0;
	for (i = 0; i < 100000; i++)
		row[i].meets = UINT32_C(1) << (i % 31);
	ok(cv_funnel_depth(&funnel, row, 100000) == 31, "nothing meets the last step");
	funnel.steps = 2;
	row[0] = (cv_funnel_row){ INT64_MIN, 1 };
	row[1] = (cv_funnel_row){ INT64_MAX, 2 };
	funnel.within = UINT64_MAX;
	ok(cv_funnel_depth(&funnel, row, 2) == 2, "from the first instant to the last");
	funnel.within = UINT64_MAX - 1;
	ok(cv_funnel_depth(&funnel, row, 2) == 1, "which is beyond a shorter window");
	ok(cv_funnel_chain(&funnel, row, 0, times) == 0, "no rows");
}

int
main(void)
{
	test_few();
	test_exhaustive(0, 0);
	test_exhaustive(0, 1);
	test_exhaustive(1, 0);
	test_exhaustive(1, 1);
	test_modes();
	test_relations();
	test_extremes();
	return done();
}
