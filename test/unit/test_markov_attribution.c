/*
 * test_markov_attribution.c: removal effects against the worked example, against chains
 * solved one by one without the channel, and against simulated journeys.
 */
#include "tap.h"

#include <stdlib.h>
#include <string.h>

#include "core/linear.h"
#include "core/markov_attribution.h"

#define MOST_PATHS 400
#define MOST_TOUCHES 12
#define MOST_STATES 6000

static int32_t touch[MOST_PATHS][MOST_TOUCHES];
static cv_markov_path path[MOST_PATHS];
static int checks;

static void
check(void)
{
	checks++;
}

static void *pool[64];
static int pools;

static void *
allocate(size_t size)
{
	return pool[pools++] = malloc(size);
}

/* Removal effects, by factorisation or by sweeps. */
static int
removal(int channels, int order, int paths, int most_dense, double *effect, double *value_effect)
{
	cv_markov markov = { 0 };
	int states;

	markov.channels = channels;
	markov.order = order;
	markov.paths = paths;
	markov.path = path;
	markov.unit = 1;
	markov.most_dense = most_dense;
	markov.allocate = allocate;
	markov.check = check;
	states = cv_markov_removal(&markov, effect, value_effect);
	while (pools > 0)
		free(pool[--pools]);
	return states;
}

static void
set_path(int at, const char *channels, int conversions, int value, int nulls)
{
	int i;

	for (i = 0; channels[i]; i++)
		touch[at][i] = channels[i] - 'A';
	path[at].channel = touch[at];
	path[at].touches = i;
	path[at].conversions = conversions;
	path[at].value = value;
	path[at].nulls = nulls;
}

static uint64_t seed = 88172645463325252u;

static int
draw(int below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (int) (seed % (uint64_t) below);
}

static void
random_paths(int paths, int channels, int longest, int nulls)
{
	int p, i;

	for (p = 0; p < paths; p++)
	{
		path[p].channel = touch[p];
		path[p].touches = 1 + draw(longest);
		for (i = 0; i < path[p].touches; i++)
			touch[p][i] = draw(1 + draw(channels));
		path[p].conversions = draw(3);
		path[p].value = path[p].conversions > 0 ? draw(100) : 0;
		path[p].nulls = nulls ? draw(5) : 0;
	}
}

/* ---- the definition: transition probabilities, the chain solved without the channel ---- */

static int32_t state_touch[MOST_STATES][MOST_TOUCHES];
static int state_length[MOST_STATES];
static int states;

static int
state_of(const int32_t *channel, int length)
{
	int s;

	for (s = 0; s < states; s++)
		if (state_length[s] == length &&
			memcmp(state_touch[s], channel, (size_t) length * sizeof(int32_t)) == 0)
			return s;
	memcpy(state_touch[states], channel, (size_t) length * sizeof(int32_t));
	state_length[states] = length;
	return states++;
}

/* The value expected of a journey where states with "removed" lead nowhere; -1: none. */
static double
expected(int order, int paths, int removed, int of_value)
{
	double *count;
	double *out;
	double *gain;
	double *start;
	double *leaving;
	double answer = 0;
	double all = 0;
	int p, i, j, n;

	states = 0;
	for (p = 0; p < paths; p++)
		for (i = 0; i < path[p].touches; i++)
			if (i + order <= path[p].touches || (i == 0 && path[p].touches < order))
				(void) state_of(touch[p] + i, path[p].touches < order ? path[p].touches : order);
	n = states;
	count = calloc((size_t) n * n, sizeof(double));
	out = calloc((size_t) n, sizeof(double));
	gain = calloc((size_t) n, sizeof(double));
	start = calloc((size_t) n, sizeof(double));
	leaving = calloc((size_t) n, sizeof(double));
	for (p = 0; p < paths; p++)
	{
		double weight = (double) (path[p].conversions + path[p].nulls);
		int length = path[p].touches < order ? path[p].touches : order;
		int last = -1;

		all += weight;
		for (i = 0; i + length <= path[p].touches; i++)
		{
			int s = state_of(touch[p] + i, length);

			if (last < 0)
				start[s] += weight;
			else
			{
				/* a state that follows itself counts as a loop here */
				count[last * n + s] += weight;
				out[last] += weight;
			}
			last = s;
		}
		out[last] += weight;
		gain[last] += (double) (of_value ? path[p].value : path[p].conversions);
	}
	for (i = 0; i < n; i++)
	{
		int gone = 0;

		for (j = 0; j < state_length[i]; j++)
			gone |= state_touch[i][j] == removed;
		if (gone || out[i] == 0)
		{
			gain[i] = 0;
			for (j = 0; j < n; j++)
				count[i * n + j] = 0;
			out[i] = 1;
		}
	}
	for (i = 0; i < n; i++)
	{
		leaving[i] = 1;
		gain[i] /= out[i];
		for (j = 0; j < n; j++)
		{
			count[i * n + j] /= out[i];
			leaving[i] -= count[i * n + j];
		}
		leaving[i] = fmax(leaving[i], 0);
	}
	cv_chain_value(n, count, leaving, gain, check);
	for (i = 0; i < n; i++)
		answer += start[i] * gain[i];
	free(count);
	free(out);
	free(gain);
	free(start);
	free(leaving);
	return answer / all;
}

static void
worked_example(void)
{
	double effect[3];
	double value_effect[3];
	int most_dense;

	set_path(0, "ABC", 1, 10, 0);
	set_path(1, "A", 0, 0, 1);
	set_path(2, "BC", 0, 0, 1);
	for (most_dense = 0; most_dense <= 10; most_dense += 10)
	{
		ok(removal(3, 1, 3, most_dense, effect, value_effect) == 3, "three states");
		ok(effect[0] == 0.5 && effect[1] == 1 && effect[2] == 1, "effects 1/2, 1, 1");
		ok(value_effect[0] == 0.5 && value_effect[1] == 1 && value_effect[2] == 1, "of value too");
	}
}

static void
definition(void)
{
	double worst = 0;
	double worst_sparse = 0;
	int compared = 0;
	int order, round, i;

	for (order = 1; order <= 5; order++)
		for (round = 0; round < 12; round++)
		{
			int channels = 2 + draw(6);
			int paths = 1 + draw(40);
			double dense[2][8];
			double sparse[2][8];
			int n;

			random_paths(paths, channels, 1 + draw(MOST_TOUCHES), round % 4 > 0);
			n = removal(channels, order, paths, MOST_STATES, dense[0], dense[1]);
			if (removal(channels, order, paths, 0, sparse[0], sparse[1]) != n)
				ok(0, "as many states either way");
			for (i = 0; i < 2 * channels; i++)
			{
				int of_value = i % 2;
				double all = expected(order, paths, -1, of_value);
				double without = expected(order, paths, i / 2, of_value);
				double effect = all > 0 ? 1 - without / all : 0;

				worst = fmax(worst, fabs(dense[of_value][i / 2] - effect));
				worst_sparse = fmax(worst_sparse, fabs(sparse[of_value][i / 2] - effect));
				compared++;
			}
		}
	ok(compared > 500 && worst < 1e-12, "effects by factorisation as defined, %d (%.1e)", compared,
	   worst);
	ok(worst_sparse < 1e-11, "and by sweeps (%.1e)", worst_sparse);
}

/* Long journeys to and fro, seldom ended: what converges slowest. */
static void
slow(void)
{
	double dense[2][3];
	double sparse[2][3];
	double worst = 0;
	int i;

	for (i = 0; i < MOST_TOUCHES; i++)
		touch[0][i] = i % 2;
	path[0].channel = touch[0];
	path[0].touches = MOST_TOUCHES;
	path[0].conversions = 1;
	path[0].value = 1;
	path[0].nulls = 0;
	set_path(1, "C", 1, 3, 1000000);
	removal(3, 1, 2, 100, dense[0], dense[1]);
	removal(3, 1, 2, 0, sparse[0], sparse[1]);
	for (i = 0; i < 6; i++)
		worst = fmax(worst, fabs(dense[i % 2][i / 2] - sparse[i % 2][i / 2]));
	ok(worst < 1e-12, "slow chains converge (%.1e)", worst);
	near(dense[0][0], 0.5, 1e-15, "half of the conversions come by the first channel");
	near(dense[1][2], 0.75, 1e-15, "three quarters of the value by the third");
}

/* Simulated journeys of a chain of order 1, as ChannelAttribution counts them. */
static void
simulation(void)
{
	enum
	{
		CHANNELS = 4,
		JOURNEYS = 400000
	};
	double effect[CHANNELS];
	double value_effect[CHANNELS];
	int paths = 60;
	int by[CHANNELS] = { 0 };
	int converted = 0;
	double worst = 0;
	int j, i;

	random_paths(paths, CHANNELS, 6, 1);
	removal(CHANNELS, 1, paths, 100, effect, value_effect);
	for (j = 0; j < JOURNEYS; j++)
	{
		int seen = 0;
		int state = -1;

		for (;;)
		{
			/* the next step of a journey drawn by weight among those that pass here */
			int total = 0;
			int chosen;
			int p;

			for (p = 0; p < paths; p++)
				for (i = 0; i <= path[p].touches; i++)
					if ((i == 0 ? -1 : touch[p][i - 1]) == state)
						total += (int) (path[p].conversions + path[p].nulls);
			chosen = draw(total);
			for (p = 0; p < paths; p++)
			{
				for (i = 0; i <= path[p].touches; i++)
					if ((i == 0 ? -1 : touch[p][i - 1]) == state)
					{
						chosen -= (int) (path[p].conversions + path[p].nulls);
						if (chosen < 0)
							break;
					}
				if (chosen < 0)
					break;
			}
			if (i < path[p].touches)
			{
				state = touch[p][i];
				seen |= 1 << state;
				continue;
			}
			/* its end: a conversion or none */
			if (draw((int) (path[p].conversions + path[p].nulls)) < (int) path[p].conversions)
			{
				converted++;
				for (i = 0; i < CHANNELS; i++)
					by[i] += seen >> i & 1;
			}
			break;
		}
	}
	for (i = 0; i < CHANNELS; i++)
		worst = fmax(worst, fabs(by[i] / (double) converted - effect[i]));
	ok(converted > 50000 && worst < 0.008, "simulated journeys agree (%.4f)", worst);
}

static void
ends(void)
{
	double effect[3] = { 9, 9, 9 };
	double value_effect[3] = { 9, 9, 9 };

	ok(removal(3, 1, 0, 100, effect, value_effect) == 0 && effect[0] == 0 && effect[2] == 0,
	   "no journeys, no effects");
	set_path(0, "AB", 0, 0, 5);
	set_path(1, "C", 0, 0, 0);
	ok(removal(3, 1, 2, 100, effect, value_effect) == 2 && effect[0] == 0 && effect[2] == 0,
	   "no conversions, no effects; a path of nobody is no state");
	set_path(0, "AAAB", 2, 7, 0);
	set_path(1, "AB", 2, 1, 0);
	ok(removal(2, 1, 2, 100, effect, value_effect) == 2 && effect[0] == 1 && effect[1] == 1,
	   "without nulls all convert, and all touched both");
	ok(removal(2, 100, 2, 100, effect, value_effect) == 2 && effect[0] == 1,
	   "a memory longer than all journeys");
	ok(checks > 0, "work can be cancelled");
}

int
main(void)
{
	worked_example();
	definition();
	slow();
	simulation();
	ends();
	return done();
}
