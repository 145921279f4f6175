/*
 * erlang.c: queues of calls, M/M/n/n, M/M/n and M/M/n+M.
 *
 * Nothing here is a factorial or a difference of large numbers: all are sums of
 * positive terms, each a ratio times the one before, so that thousands of agents cost
 * no accuracy.  Time is counted in mean handle times.
 */
#include "core/erlang.h"

#include <limits.h>
#include <math.h>

/*
 * Erlang B: the probability that all of n agents are busy where nobody waits.
 * 1/B = sum over j of n (n-1) .. (n-j+1) / A^j (Jagerman 1974).
 */
double
cv_erlang_b(double load, int agents)
{
	double sum = 1;
	double term = 1;
	int j;

	if (load == 0)
		return agents == 0;
	for (j = agents; j > 0 && isfinite(sum); j--)
	{
		term *= j / load;
		sum += term;
		/* below the load terms fall ever faster */
		if (j < load && term < 1e-18 * sum * (1 - j / load))
			break;
	}
	return 1 / sum;
}

/*
 * Erlang C: the probability to wait where everybody does,
 * C = B / ((1 - A/n) + (A/n) B); 1 where the load reaches the agents.
 */
double
cv_erlang_c(double load, int agents)
{
	double blocked;

	if (!(load < agents))
		return 1;
	blocked = cv_erlang_b(load, agents);
	return agents * blocked / (agents - load + load * blocked);
}

/*
 * Erlang A: the probability to wait where callers hang up after an exponential time
 * of mean "patience" handle times, and in *abandonment the share who do.
 *
 * With t_i = the product over l = 1..i of A / (n + l/patience), the odds of i waiting
 * to none waiting and all busy, S = sum t_i and 1/B the same sum downwards from n:
 * P(wait) = S / (1/B + S - 1), P(abandon) = sum (i/patience) t_i / A / (1/B + S - 1).
 * check() is called now and then and may leave by longjmp.
 */
double
cv_erlang_a(double load, int agents, double patience, double *abandonment, void (*check)(void))
{
	double blocked = cv_erlang_b(load, agents);
	double sum = 1;	 /* S */
	double lost = 0; /* sum of i/patience t_i */
	double term = 1;
	double i;

	*abandonment = 0;
	if (load == 0)
		return blocked;
	for (i = 1;; i++)
	{
		double rate = i / patience; /* at which i who wait hang up */
		double ratio = load / (agents + rate);

		lost += term * load / (1 + agents / rate);
		term *= ratio;
		sum += term;
		/* so overloaded that the queue is never empty: what agents cannot do is lost */
		if (sum > 1e290)
		{
			*abandonment = (load - agents) / load;
			return 1;
		}
		/* what is left of both sums, had later terms the same ratio: theirs is smaller */
		if (ratio < 1)
		{
			double tail = term * ratio / (1 - ratio);

			if (tail <= 1e-17 * sum && (i + 1 / (1 - ratio)) * tail / patience <= 1e-17 * lost)
				break;
		}
		if (fmod(i, 65536) == 0)
			check();
	}
	if (blocked == 0)
		return 0;
	*abandonment = fmin(1, lost / load / (1 / blocked + sum - 1));
	return fmin(1, sum / (1 / blocked + sum - 1));
}

/*
 * The share of calls answered "within" handle times, everybody waiting as long as it
 * takes: 1 - C exp(-(n - A) within); 0 where the load reaches the agents.
 */
double
cv_service_level(double load, int agents, double within)
{
	if (load == 0)
		return 1;
	if (!(load < agents))
		return 0;
	return 1 - cv_erlang_c(load, agents) * exp(-(agents - load) * within);
}

/* The fewest agents who reach a service level below 1; INT_MAX where that is too few. */
int
cv_agents_needed(double load, double target, double within)
{
	double step = 1;
	int low;
	int high;

	if (load == 0)
		return 0;
	if (load >= INT_MAX)
		return INT_MAX;
	low = (int) load; /* fails */
	do
	{
		high = low + step < INT_MAX ? (int) (low + step) : INT_MAX;
		if (cv_service_level(load, high, within) >= target || high == INT_MAX)
			break;
		low = high;
		step *= 2;
	} while (1);
	while (high - low > 1)
	{
		int middle = low + (high - low) / 2;

		if (cv_service_level(load, middle, within) >= target)
			high = middle;
		else
			low = middle;
	}
	return high;
}
