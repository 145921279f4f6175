/*
 * funnel.c: the deepest chain through the steps of a funnel.
 *
 * A chain of depth d is d rows, all different, the k-th of them meeting step k, each at
 * the instant of the one before or later (strict: later), the last within the window
 * from the first.
 *
 * Depth.  Of all chains of depth k only the one that entered last matters: whatever
 * can follow another can follow it.  So one instant after the other, the latest entry
 * of each depth is kept.  What depth a chain reaches within one instant is a matching
 * of the next steps with the instant's rows, found by augmenting paths (Kuhn 1955).
 * The work is linear in the number of rows.
 *
 * The best chain.  Among the deepest chains the one that enters first, then comes to
 * step 2 first, and so on.  Backwards in time, the earliest end of each rest of the
 * chain tells which entries get to the end; from the first of them, taking each step
 * as soon as possible gets there.
 *
 * Few rows, each at an instant of its own, as most customers have them, need neither
 * matching nor a second pass: from each entry in turn the steps are taken as soon as
 * possible.
 */
#include "core/funnel.h"

#include <string.h>

#define FEW 32 /* rows: as many as a word has bits */

/* The rows of one instant. */
typedef struct instant
{
	int64_t at;
	const cv_funnel_row *row;
	size_t count;
	uint32_t any;	/* steps that some row meets */
	uint32_t twice; /* steps that more than one row meets */
	int none;		/* does a row meet no step? */
	int listed;
	int rows[CV_FUNNEL_STEPS]; /* of each step, as many as there are steps at most */
	size_t candidate[CV_FUNNEL_STEPS][CV_FUNNEL_STEPS];
} instant;

/* A matching of steps with rows of an instant. */
typedef struct matching
{
	instant *now;
	int from;
	int to;						   /* steps from..to - 1 are matched */
	size_t taken[CV_FUNNEL_STEPS]; /* the row of each of them */
	uint32_t visited;
} matching;

/* Is a row the only one of its instant? */
static inline int
is_alone(const cv_funnel_row *row, size_t at, size_t count)
{
	return (at + 1 == count || row[at + 1].at != row[at].at) &&
		   (at == 0 || row[at - 1].at != row[at].at);
}

/* The instant whose rows begin at a place. */
static size_t
next_instant(instant *now, const cv_funnel_row *row, size_t at, size_t count)
{
	size_t end = at + 1;

	now->at = row[at].at;
	now->row = row + at;
	now->any = row[at].meets;
	now->twice = 0;
	now->none = row[at].meets == 0;
	now->listed = 0;
	for (; end < count && row[end].at == now->at; end++)
	{
		now->twice |= now->any & row[end].meets;
		now->any |= row[end].meets;
		now->none |= row[end].meets == 0;
	}
	now->count = end - at;
	return end;
}

/* The instant whose rows end before a place. */
static size_t
last_instant(instant *now, const cv_funnel_row *row, size_t end)
{
	size_t at = end - 1;

	while (at > 0 && row[at - 1].at == row[end - 1].at)
		at--;
	next_instant(now, row, at, end);
	return at;
}

/*
 * Lists each step's rows.  More than there are steps are of no use: all other steps
 * together leave one of them free.
 */
static void
list_candidates(instant *now, int steps)
{
	size_t i;

	memset(now->rows, 0, sizeof(now->rows));
	for (i = 0; i < now->count; i++)
	{
		uint32_t meets;

		for (meets = now->row[i].meets; meets != 0; meets &= meets - 1)
		{
			int step = __builtin_ctz(meets);

			if (step < steps && now->rows[step] < steps)
				now->candidate[step][now->rows[step]++] = i;
		}
	}
	now->listed = 1;
}

/* Finds a row for a step, moving other steps to other rows where that helps. */
static int
augment(matching *m, int step)
{
	int i;

	m->visited |= UINT32_C(1) << step;
	for (i = 0; i < m->now->rows[step]; i++)
	{
		size_t row = m->now->candidate[step][i];
		int holder = m->from;

		while (holder < m->to && m->taken[holder] != row)
			holder++;
		if (holder == m->to || (!(m->visited & UINT32_C(1) << holder) && augment(m, holder)))
		{
			m->taken[step] = row;
			return 1;
		}
	}
	return 0;
}

/* How many steps after the first "from" can be met by different rows of the instant? */
static int
advance(const cv_funnel *funnel, instant *now, int from)
{
	matching m;
	uint32_t wanted = from < CV_FUNNEL_STEPS ? now->any >> from : 0;
	int run = ~wanted == 0 ? CV_FUNNEL_STEPS : __builtin_ctz(~wanted);

	if (run > funnel->steps - from)
		run = funnel->steps - from;
	if (run <= 1)
		return run;
	if (funnel->strict || now->count == 1)
		return 1;
	if (!now->listed)
		list_candidates(now, funnel->steps);
	m.now = now;
	m.from = from;
	for (m.to = from; m.to < from + run; m.to++)
	{
		m.visited = 0;
		if (!augment(&m, m.to))
			break;
	}
	return m.to - from;
}

static uint64_t
span(int64_t from, int64_t to)
{
	return (uint64_t) to - (uint64_t) from;
}

/* What is known of chains so far. */
typedef struct progress
{
	uint32_t open;					/* bit k: a chain of depth k may go on; bit 0 always */
	uint32_t reached;				/* bit k: depth k + 1 has been reached */
	int64_t entry[CV_FUNNEL_STEPS]; /* of the open chains, the latest of each depth */
} progress;

static inline void
reach(progress *p, int depth, int64_t entry, int steps)
{
	p->reached |= UINT32_C(1) << (depth - 1);
	if (depth < steps)
	{
		if (!(p->open & UINT32_C(1) << depth) || p->entry[depth] < entry)
			p->entry[depth] = entry;
		p->open |= UINT32_C(1) << depth;
	}
}

/* Takes chains on by the rows of an instant, the deepest first: so all see the state before it. */
static void
take_on(const cv_funnel *funnel, instant *now, progress *p)
{
	uint32_t next = now->any & p->open;

	while (next != 0)
	{
		int depth = 31 - __builtin_clz(next);
		int64_t entry = depth == 0 ? now->at : p->entry[depth];
		int steps;

		next &= ~(UINT32_C(1) << depth);
		if (depth > 0 && span(entry, now->at) > funnel->within)
		{
			p->open &= ~(UINT32_C(1) << depth);
			continue;
		}
		for (steps = advance(funnel, now, depth); steps > 0; steps--)
			reach(p, depth + steps, entry, funnel->steps);
	}
}

/* The same for an instant of one row, which takes a chain one step on. */
static inline void
take_one_on(const cv_funnel *funnel, const cv_funnel_row *row, progress *p)
{
	uint32_t next = row->meets & p->open;

	while (next != 0)
	{
		int depth = 31 - __builtin_clz(next);
		int64_t entry = depth == 0 ? row->at : p->entry[depth];

		next &= ~(UINT32_C(1) << depth);
		if (span(entry, row->at) > funnel->within)
			p->open &= ~(UINT32_C(1) << depth);
		else
			reach(p, depth + 1, entry, funnel->steps);
	}
}

static int
depth_of(uint32_t reached)
{
	return reached == 0 ? 0 : 32 - __builtin_clz(reached);
}

/* Are there only few rows, each the only one of its instant? */
static int
are_few(const cv_funnel_row *row, size_t count)
{
	int together = 0;
	size_t i;

	if (count > FEW)
		return 0;
	for (i = 1; i < count; i++)
		together |= row[i].at == row[i - 1].at;
	return !together;
}

/*
 * The best chain of few rows: its depth and the instants of its steps.  The rows of each
 * step are a set of bits, in which the next row of a step is found at once.
 */
static int
best_of_few(const cv_funnel *funnel, const cv_funnel_row *row, size_t count, int64_t *times)
{
	uint32_t of[CV_FUNNEL_STEPS] = { 0 }; /* the rows of each step */
	uint32_t entries;
	int best = 0;
	size_t i;

	for (i = 0; i < count; i++)
	{
		uint32_t meets;

		for (meets = row[i].meets; meets != 0; meets &= meets - 1)
			of[__builtin_ctz(meets)] |= UINT32_C(1) << i;
	}
	for (entries = of[0]; entries != 0 && best < funnel->steps; entries &= entries - 1)
	{
		size_t place[CV_FUNNEL_STEPS];
		size_t at = (size_t) __builtin_ctz(entries);
		int64_t first = row[at].at;
		int depth = 0;
		int last = 0; /* does no later entry get further? */

		for (;;)
		{
			uint32_t later;

			place[depth++] = at;
			if (depth == funnel->steps)
				break;
			later = of[depth] & UINT32_C(0xfffffffe) << at;
			last = later == 0;
			if (last)
				break;
			at = (size_t) __builtin_ctz(later);
			if (span(first, row[at].at) > funnel->within)
				break;
		}
		if (depth > best)
		{
			int k;

			best = depth;
			for (k = 0; k < depth; k++)
				times[k] = row[place[k]].at;
		}
		if (last)
			break;
	}
	return best;
}

/* The depth of the deepest chain. */
int
cv_funnel_depth(const cv_funnel *funnel, const cv_funnel_row *row, size_t count)
{
	uint32_t all = UINT32_C(0xffffffff) >> (CV_FUNNEL_STEPS - funnel->steps);
	progress p = { 1, 0, { 0 } };
	instant now;
	size_t i = 0;
	int instants = 0;

	if (are_few(row, count))
		return best_of_few(funnel, row, count, (int64_t[CV_FUNNEL_STEPS]){ 0 });
	while (i < count && p.reached != all)
	{
		if (is_alone(row, i, count))
			take_one_on(funnel, &row[i++], &p);
		else
		{
			i = next_instant(&now, row, i, count);
			take_on(funnel, &now, &p);
		}
		if (funnel->check && ++instants % 4096 == 0)
			funnel->check();
	}
	return depth_of(p.reached);
}

/* The first row of the first instant from which a chain of the given depth gets to its end. */
static size_t
first_entry(const cv_funnel *funnel, const cv_funnel_row *row, size_t count)
{
	int64_t end[CV_FUNNEL_STEPS + 1]; /* the earliest, of steps k + 1 to the last */
	uint32_t open = 0;				  /* bit k: end[k] is known */
	size_t entry = count;
	instant now;
	size_t i = count;
	int instants = 0;

	while (i > 0)
	{
		int alone = is_alone(row, i - 1, count);
		int64_t at = row[i - 1].at;
		uint32_t meets = row[i - 1].meets;

		if (alone)
			i--;
		else
		{
			i = last_instant(&now, row, i);
			meets = now.any;
		}
		/* the first step first: so all see what was known of later instants */
		for (; meets != 0; meets &= meets - 1)
		{
			int step = __builtin_ctz(meets);
			int next;

			if (step >= funnel->steps)
				break;
			next = step + (alone ? 1 : advance(funnel, &now, step));
			if (next == funnel->steps)
				end[step] = at;
			else if (open & UINT32_C(1) << next)
				end[step] = end[next];
			else
				continue;
			open |= UINT32_C(1) << step;
			if (step == 0 && span(at, end[0]) <= funnel->within)
				entry = i;
		}
		if (funnel->check && ++instants % 4096 == 0)
			funnel->check();
	}
	return entry;
}

/*
 * The depth of the deepest chain, and the instants of its steps: of the deepest chains
 * the one that enters first, then is at each step in turn first.
 */
int
cv_funnel_chain(const cv_funnel *funnel, const cv_funnel_row *row, size_t count, int64_t *times)
{
	cv_funnel cut;
	int depth = 0;
	size_t i;

	if (are_few(row, count))
		return best_of_few(funnel, row, count, times);
	cut = *funnel;
	cut.steps = cv_funnel_depth(funnel, row, count);
	if (cut.steps == 0)
		return 0;
	for (i = first_entry(&cut, row, count); i < count && depth < cut.steps;)
	{
		instant now;
		int steps;

		if (is_alone(row, i, count))
		{
			if (row[i].meets & UINT32_C(1) << depth)
				times[depth++] = row[i].at;
			i++;
			continue;
		}
		i = next_instant(&now, row, i, count);
		for (steps = advance(&cut, &now, depth); steps > 0; steps--)
			times[depth++] = now.at;
	}
	return depth;
}

/*
 * The level as ClickHouse's windowFunnel() has it in its modes: rows of one instant are
 * taken in the order of the steps that they meet, one that meets none first, one that
 * meets several as often; a step follows the latest chain that is one step shorter.
 */
static int
level_of_latest(const cv_funnel *funnel, const cv_funnel_row *row, size_t count, int modes)
{
	int64_t entry[CV_FUNNEL_STEPS];
	int64_t own[CV_FUNNEL_STEPS];
	uint32_t reached = 0;
	instant now;
	size_t i = 0;
	int instants = 0;

	while (i < count)
	{
		uint32_t meets;

		i = next_instant(&now, row, i, count);
		if (modes & CV_FUNNEL_STRICT_ORDER && now.none && reached != 0)
			return depth_of(reached);
		for (meets = now.any; meets != 0; meets &= meets - 1)
		{
			int step = __builtin_ctz(meets);
			uint32_t bit = UINT32_C(1) << step;

			if (step == 0)
			{
				entry[0] = own[0] = now.at;
				reached |= 1;
				continue;
			}
			if (modes & CV_FUNNEL_STRICT_DEDUPLICATION && reached & bit)
				return depth_of(reached);
			if (!(reached & bit >> 1))
			{
				if (modes & CV_FUNNEL_STRICT_ORDER && reached != 0 &&
					!(modes & CV_FUNNEL_ALLOW_REENTRY))
					return depth_of(reached);
				continue;
			}
			if (span(entry[step - 1], now.at) > funnel->within ||
				(modes & CV_FUNNEL_STRICT_INCREASE && own[step - 1] >= now.at))
				continue;
			entry[step] = entry[step - 1];
			own[step] = now.at;
			reached |= bit;
			if (step + 1 == funnel->steps ||
				(modes & CV_FUNNEL_STRICT_DEDUPLICATION && now.twice & bit))
				return depth_of(reached);
		}
		if (funnel->check && ++instants % 4096 == 0)
			funnel->check();
	}
	return depth_of(reached);
}

/*
 * The level with strict_once, where a row fills one step at most.  ClickHouse keeps all
 * chains; which levels are reached is the same with the latest entry of each depth.
 */
static int
level_of_chains(const cv_funnel *funnel, const cv_funnel_row *row, size_t count, int modes)
{
	cv_funnel exact = *funnel;
	progress p = { 1, 0, { 0 } };
	instant now;
	size_t i = 0;
	int instants = 0;

	exact.strict = (modes & CV_FUNNEL_STRICT_INCREASE) != 0;
	while (i < count)
	{
		uint32_t before = p.reached;
		uint32_t meets;

		i = next_instant(&now, row, i, count);
		if (modes & CV_FUNNEL_STRICT_ORDER && now.none && before != 0)
			return depth_of(before);
		take_on(&exact, &now, &p);
		for (meets = now.any; meets != 0; meets &= meets - 1)
		{
			uint32_t bit = meets & (~meets + 1);
			/* steps up to this one have seen the instant, the others have not */
			uint32_t so_far = before | (p.reached & (bit - 1));

			if (bit == 1)
				continue;
			if (modes & CV_FUNNEL_STRICT_DEDUPLICATION && before & bit)
				return depth_of(so_far);
			if (modes & CV_FUNNEL_STRICT_ORDER && p.reached & 1 && !(so_far & bit >> 1) &&
				!(modes & CV_FUNNEL_ALLOW_REENTRY))
				return depth_of(so_far);
			if (modes & CV_FUNNEL_STRICT_DEDUPLICATION && now.twice & bit && p.reached & bit)
				return depth_of(so_far | bit);
		}
		if (depth_of(p.reached) == funnel->steps)
			return funnel->steps;
		if (funnel->check && ++instants % 4096 == 0)
			funnel->check();
	}
	return depth_of(p.reached);
}

/* The level in ClickHouse's modes. */
int
cv_funnel_level(const cv_funnel *funnel, const cv_funnel_row *row, size_t count, int modes)
{
	if (modes & CV_FUNNEL_STRICT_ONCE)
		return level_of_chains(funnel, row, count, modes);
	return level_of_latest(funnel, row, count, modes);
}
