/*
 * markov_attribution.c: removal effects in closed form (Anderl, Becker, von
 * Wangenheim and Schumann 2016; the states and counts are those of ChannelAttribution).
 *
 * A state is the last "order" touches of a journey, or all where they are fewer;
 * equal ones in a row are one.  Transitions count journeys, converting or not.  The
 * removal effect of a channel is the share of conversions that the chain loses when
 * every state with the channel leads nowhere.
 *
 * Because the chain is made of whole journeys, as many enter a state as leave it: the
 * expected visits of each state are the journeys counted.  So the effect is a sum over
 * last states, sum z_s conversions_s / sum conversions_s, where z_s is the share of visits
 * to s that came by the channel: 1 in states D with it, elsewhere the mean of z over
 * the states before, weighted by the transitions.  Nothing is subtracted.
 *
 * With M = diag(visits) - transitions and N its inverse, z = w N_D. where w N_DD = 1
 * (the bordering of Schur): one factorisation of M serves all channels.  It eliminates
 * as Grassmann, Taksar and Heyman (1985) do, adding and dividing only.  A chain of many
 * states is sparse, and z is then found channel by channel with Gauss-Seidel sweeps,
 * which rise to it, until they change nothing any more.
 */
#include "core/markov_attribution.h"

#include <math.h>
#include <string.h>

typedef struct state
{
	const int32_t *channel; /* of its touches */
	int32_t touches;
	cv_weight visits;
	cv_weight conversions;
	cv_weight value;
	cv_weight nulls;
} state;

typedef struct transition
{
	int32_t from;
	int32_t to;
	cv_weight weight;
} transition;

typedef struct chain
{
	const cv_markov *markov;
	int32_t states;
	int32_t transitions;
	state *state;
	transition *transition;
	int32_t *member_at; /* of each channel: where its states begin in "member" */
	int32_t *member;
	double conversions;
	double value;
} chain;

static double
number(const chain *c, cv_weight weight)
{
	return (double) weight / c->markov->unit;
}

/* A table of numbers by hash; 0 is free. */
typedef struct table
{
	uint32_t mask;
	int32_t *slot;
} table;

static void *
zeroed(const cv_markov *markov, size_t count, size_t size)
{
	void *memory = markov->allocate((count + 1) * size);

	memset(memory, 0, (count + 1) * size);
	return memory;
}

static table
new_table(const cv_markov *markov, size_t entries)
{
	table t;
	size_t size = 16;

	while (size < 2 * entries)
		size *= 2;
	t.mask = (uint32_t) size - 1;
	t.slot = zeroed(markov, size, sizeof(int32_t));
	return t;
}

static uint32_t
mix(uint64_t hash)
{
	hash ^= hash >> 33;
	hash *= UINT64_C(0xff51afd7ed558ccd);
	hash ^= hash >> 33;
	hash *= UINT64_C(0xc4ceb9fe1a85ec53);
	return (uint32_t) (hash >> 32);
}

/* The number of a state, a new one if need be. */
static int32_t
find_state(chain *c, table *t, const int32_t *channel, int32_t touches)
{
	uint64_t hash = (uint64_t) touches;
	uint32_t at;
	int32_t i;
	state *s;

	for (i = 0; i < touches; i++)
		hash = (hash ^ (uint32_t) channel[i]) * UINT64_C(0x100000001b3) + (hash >> 47);
	for (at = mix(hash) & t->mask; t->slot[at] != 0; at = (at + 1) & t->mask)
	{
		s = &c->state[t->slot[at] - 1];
		if (s->touches == touches &&
			memcmp(s->channel, channel, (size_t) touches * sizeof(int32_t)) == 0)
			return t->slot[at] - 1;
	}
	s = &c->state[c->states++];
	s->channel = channel;
	s->touches = touches;
	t->slot[at] = c->states;
	return c->states - 1;
}

static void
add_transition(chain *c, table *t, int32_t from, int32_t to, cv_weight weight)
{
	uint32_t at;
	transition *e;

	for (at = mix((uint64_t) from << 32 | (uint32_t) to) & t->mask; t->slot[at] != 0;
		 at = (at + 1) & t->mask)
	{
		e = &c->transition[t->slot[at] - 1];
		if (e->from == from && e->to == to)
		{
			e->weight += weight;
			return;
		}
	}
	e = &c->transition[c->transitions++];
	e->from = from;
	e->to = to;
	e->weight = weight;
	t->slot[at] = c->transitions;
}

/* The states of a path are its runs of "order" touches; so many begin in it. */
static int32_t
states_of(const cv_markov *markov, const cv_markov_path *path)
{
	return path->touches > markov->order ? path->touches - markov->order + 1 : 1;
}

/* Counts states and transitions; 0 where the touches are too many for the numbers here. */
static int
build(chain *c, const cv_markov *markov)
{
	int64_t most = 0;
	cv_weight conversions = 0;
	cv_weight value = 0;
	table states;
	table transitions;
	int64_t p;

	memset(c, 0, sizeof(*c));
	c->markov = markov;
	for (p = 0; p < markov->paths; p++)
		most += states_of(markov, &markov->path[p]);
	if (most > INT32_MAX / 4)
		return 0;
	c->state = zeroed(markov, (size_t) most, sizeof(state));
	c->transition = zeroed(markov, (size_t) most, sizeof(transition));
	states = new_table(markov, (size_t) most);
	transitions = new_table(markov, (size_t) most);
	for (p = 0; p < markov->paths; p++)
	{
		const cv_markov_path *path = &markov->path[p];
		cv_weight weight = path->conversions + path->nulls;
		int32_t touches = path->touches < markov->order ? path->touches : markov->order;
		int32_t last = -1;
		int32_t i;

		if (p % 4096 == 0)
			markov->check();
		if (weight == 0)
			continue;
		for (i = 0; i < states_of(markov, path); i++)
		{
			int32_t here = find_state(c, &states, path->channel + i, touches);

			/* staying changes nothing about where a journey goes */
			if (here == last)
				continue;
			c->state[here].visits += weight;
			if (last >= 0)
				add_transition(c, &transitions, last, here, weight);
			last = here;
		}
		c->state[last].conversions += path->conversions;
		c->state[last].value += path->value;
		c->state[last].nulls += path->nulls;
		conversions += path->conversions;
		value += path->value;
	}
	c->conversions = number(c, conversions);
	c->value = number(c, value);
	return 1;
}

/* Lists the states of each channel. */
static void
list_members(chain *c)
{
	const cv_markov *markov = c->markov;
	int32_t *seen = zeroed(markov, (size_t) markov->channels, sizeof(int32_t));
	int pass;

	c->member_at = zeroed(markov, (size_t) markov->channels + 1, sizeof(int32_t));
	for (pass = 0; pass < 2; pass++)
	{
		int32_t s;
		int32_t i;

		for (s = 0; s < c->states; s++)
			for (i = 0; i < c->state[s].touches; i++)
			{
				int32_t channel = c->state[s].channel[i];

				if (seen[channel] == s + 1 + pass * c->states)
					continue;
				seen[channel] = s + 1 + pass * c->states;
				if (pass == 0)
					c->member_at[channel + 1]++;
				else
					c->member[c->member_at[channel]++] = s;
			}
		if (pass == 0)
		{
			for (i = 0; i < markov->channels; i++)
				c->member_at[i + 1] += c->member_at[i];
			c->member = zeroed(markov, (size_t) c->member_at[markov->channels], sizeof(int32_t));
		}
	}
	/* each begin has moved to its end, which is the next one's begin */
	memmove(c->member_at + 1, c->member_at, (size_t) markov->channels * sizeof(int32_t));
	c->member_at[0] = 0;
}

/* ---- by factorisation ---- */

/*
 * Factorises M in place, row by row: above the diagonal what U lacks in sign, below it
 * what L lacks, in "pivot" the diagonal.  "leaving" holds the row sums of M.
 */
static void
factorise(int n, double *m, double *leaving, double *pivot, void (*check)(void))
{
	int i;
	int j;
	int k;

	for (k = 0; k < n; k++)
	{
		const double *row = m + (size_t) k * n;
		double sum = leaving[k];

		check();
		for (j = k + 1; j < n; j++)
			sum += row[j];
		pivot[k] = sum;
		for (i = k + 1; i < n; i++)
		{
			double *other = m + (size_t) i * n;
			double factor = other[k] / sum;

			other[k] = factor;
			if (factor == 0)
				continue;
			for (j = k + 1; j < n; j++)
				other[j] += factor * row[j];
			leaving[i] += factor * leaving[k];
		}
	}
}

/* Solves M x = b for b >= 0 in place, its entries before "first" being 0. */
static void
solve(int n, const double *m, const double *pivot, int first, double *x)
{
	int i;
	int k;

	for (i = first + 1; i < n; i++)
	{
		const double *row = m + (size_t) i * n;
		double sum = x[i];

		for (k = first; k < i; k++)
			sum += row[k] * x[k];
		x[i] = sum;
	}
	for (i = n - 1; i >= 0; i--)
	{
		const double *row = m + (size_t) i * n;
		double sum = x[i];

		for (k = i + 1; k < n; k++)
			sum += row[k] * x[k];
		x[i] = sum / pivot[i];
	}
}

/* Solves a x = b, b all ones, by elimination with pivots searched for; a is overwritten. */
static void
solve_ones(int n, double *a, double *x)
{
	int i;
	int j;
	int k;

	for (i = 0; i < n; i++)
		x[i] = 1;
	for (k = 0; k < n; k++)
	{
		int best = k;

		for (i = k + 1; i < n; i++)
			if (fabs(a[(size_t) i * n + k]) > fabs(a[(size_t) best * n + k]))
				best = i;
		if (best != k)
		{
			double swap = x[k];

			x[k] = x[best];
			x[best] = swap;
			for (j = k; j < n; j++)
			{
				swap = a[(size_t) k * n + j];
				a[(size_t) k * n + j] = a[(size_t) best * n + j];
				a[(size_t) best * n + j] = swap;
			}
		}
		for (i = k + 1; i < n; i++)
		{
			double factor = a[(size_t) i * n + k] / a[(size_t) k * n + k];

			if (factor == 0)
				continue;
			for (j = k + 1; j < n; j++)
				a[(size_t) i * n + j] -= factor * a[(size_t) k * n + j];
			x[i] -= factor * x[k];
		}
	}
	for (i = n - 1; i >= 0; i--)
	{
		for (j = i + 1; j < n; j++)
			x[i] -= a[(size_t) i * n + j] * x[j];
		x[i] /= a[(size_t) i * n + i];
	}
}

static void
removal_dense(const chain *c, double *conversions_effect, double *value_effect)
{
	const cv_markov *markov = c->markov;
	int n = c->states;
	double *m = zeroed(markov, (size_t) n * n, sizeof(double));
	double *inverse = zeroed(markov, (size_t) n * n, sizeof(double)); /* column by column */
	double *block = zeroed(markov, (size_t) n * n, sizeof(double));
	double *leaving = zeroed(markov, (size_t) n, sizeof(double));
	double *pivot = zeroed(markov, (size_t) n, sizeof(double));
	double *conversions = zeroed(markov, (size_t) n, sizeof(double));
	double *value = zeroed(markov, (size_t) n, sizeof(double));
	double *share = zeroed(markov, (size_t) n, sizeof(double));
	int i;
	int j;

	for (i = 0; i < c->transitions; i++)
		m[(size_t) c->transition[i].from * n + c->transition[i].to] =
			number(c, c->transition[i].weight);
	for (i = 0; i < n; i++)
	{
		leaving[i] = number(c, c->state[i].conversions + c->state[i].nulls);
		conversions[i] = number(c, c->state[i].conversions);
		value[i] = number(c, c->state[i].value);
	}
	factorise(n, m, leaving, pivot, markov->check);
	for (i = 0; i < n; i++)
	{
		inverse[(size_t) i * n + i] = 1;
		solve(n, m, pivot, i, inverse + (size_t) i * n);
		if (i % 16 == 0)
			markov->check();
	}
	solve(n, m, pivot, 0, conversions);
	solve(n, m, pivot, 0, value);
	for (i = 0; i < markov->channels; i++)
	{
		const int32_t *member = c->member + c->member_at[i];
		int members = c->member_at[i + 1] - c->member_at[i];
		int k;

		for (j = 0; j < members; j++)
			for (k = 0; k < members; k++)
				block[(size_t) j * members + k] = inverse[(size_t) member[j] * n + member[k]];
		solve_ones(members, block, share);
		for (j = 0; j < members; j++)
		{
			conversions_effect[i] += share[j] * conversions[member[j]];
			value_effect[i] += share[j] * value[member[j]];
		}
		markov->check();
	}
}

/* ---- by sweeps ---- */

static void
removal_sparse(const chain *c, double *conversions_effect, double *value_effect)
{
	const cv_markov *markov = c->markov;
	int32_t *from_at = zeroed(markov, (size_t) c->states + 1, sizeof(int32_t));
	int32_t *from = zeroed(markov, (size_t) c->transitions, sizeof(int32_t));
	double *weight = zeroed(markov, (size_t) c->transitions, sizeof(double));
	double *conversions = zeroed(markov, (size_t) c->states, sizeof(double));
	double *value = zeroed(markov, (size_t) c->states, sizeof(double));
	double *share = zeroed(markov, (size_t) c->states, sizeof(double));
	int32_t s;
	int32_t e;
	int i;

	/* the transitions into each state, as shares of its visits */
	for (e = 0; e < c->transitions; e++)
		from_at[c->transition[e].to + 1]++;
	for (s = 0; s < c->states; s++)
	{
		from_at[s + 1] += from_at[s];
		conversions[s] = number(c, c->state[s].conversions);
		value[s] = number(c, c->state[s].value);
	}
	for (e = 0; e < c->transitions; e++)
	{
		int32_t to = c->transition[e].to;
		int32_t at = from_at[to]++;

		from[at] = c->transition[e].from;
		weight[at] = number(c, c->transition[e].weight) / number(c, c->state[to].visits);
	}
	memmove(from_at + 1, from_at, (size_t) c->states * sizeof(int32_t));
	from_at[0] = 0;

	for (i = 0; i < markov->channels; i++)
	{
		double before = 0;
		double change = 0;

		for (s = 0; s < c->states; s++)
			share[s] = 0;
		for (e = c->member_at[i]; e < c->member_at[i + 1]; e++)
			share[c->member[e]] = -1; /* fixed */
		for (;;)
		{
			double sum = 0;
			double value_sum = 0;
			double all = 0;
			double rate;

			for (s = 0; s < c->states; s++)
			{
				double mean = 1;

				if (share[s] >= 0)
				{
					mean = 0;
					for (e = from_at[s]; e < from_at[s + 1]; e++)
						mean += weight[e] * fabs(share[from[e]]);
					share[s] = mean;
				}
				sum += mean * conversions[s];
				value_sum += mean * value[s];
				all += mean;
			}
			conversions_effect[i] = sum;
			value_effect[i] = value_sum;
			markov->check();
			/* sweeps rise to the answer, in the long run by a constant rate */
			rate = change > 0 ? (all - before) / change : 1;
			change = all - before;
			before = all;
			if (!(change > 1e-15 * all) || (rate < 1 && change * rate < 1e-15 * all * (1 - rate)))
				break;
		}
	}
}

/* Is a factorisation quick, or at least no slower than some fifty sweeps for each channel? */
static int
is_dense(const chain *c)
{
	double n = c->states;

	return n <= c->markov->most_dense ||
		   (n <= 4.0 * c->markov->most_dense &&
			n * n * n <= 64.0 * c->markov->channels * (n + c->transitions));
}

/*
 * Removal effects, 0 to 1, of each channel on conversions and on their value; those of
 * nothing are 0.  Returns the number of states, -1 where there are more touches than
 * the numbers here can count.
 */
int
cv_markov_removal(const cv_markov *markov, double *conversions_effect, double *value_effect)
{
	chain c;
	int i;

	for (i = 0; i < markov->channels; i++)
		conversions_effect[i] = value_effect[i] = 0;
	if (!build(&c, markov))
		return -1;
	list_members(&c);
	if (is_dense(&c))
		removal_dense(&c, conversions_effect, value_effect);
	else
		removal_sparse(&c, conversions_effect, value_effect);
	for (i = 0; i < markov->channels; i++)
	{
		double *effect[2] = { &conversions_effect[i], &value_effect[i] };
		double whole[2] = { c.conversions, c.value };
		int k;

		for (k = 0; k < 2; k++)
			*effect[k] = whole[k] > 0 ? fmin(1, *effect[k] / whole[k]) : 0;
	}
	return c.states;
}
