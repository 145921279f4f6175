/*
 * test_erlang.c: queues against published figures, against the chain of their states
 * and against the recursions, to thousands of agents.
 */
#include "tap.h"

#include <limits.h>

#include "core/erlang.h"

static int checks;

static void
check(void)
{
	checks++;
}

/* The chain of states, cut where nothing is left; patience 0: nobody hangs up. */
static void
chain(double load, int agents, double patience, double *blocked, double *waiting, double *lost)
{
	long double p = 1;
	long double total = 1;
	long double up_to_agents = 1;
	long double at_agents = 1;
	long double wait = agents == 0;
	long double gone = 0;
	int k;

	for (k = 1; k < 200000; k++)
	{
		if (k <= agents)
			p *= load / k;
		else if (patience > 0)
			p *= load / (agents + (k - agents) / (long double) patience);
		else
			p *= load / agents;
		total += p;
		if (k <= agents)
		{
			up_to_agents += p;
			at_agents = p;
		}
		if (k >= agents)
			wait += p;
		if (k > agents && patience > 0)
			gone += p * (k - agents) / patience;
		if (k > agents && p < 1e-30L * wait)
			break;
	}
	*blocked = (double) (at_agents / up_to_agents);
	*waiting = (double) (wait / total);
	*lost = (double) (gone / total / load);
}

static void
published(void)
{
	static const struct
	{
		double load;
		int agents;
		double within; /* handle times */
		double c;
		double level;
	} row[] = { { 10, 11, 20.0 / 180, .682118, .389614 },
				{ 10, 13, 20.0 / 180, .285270, .795595 },
				{ 10, 14, 20.0 / 180, .174132, .888350 },
				{ 48, 55, 15.0 / 240, .238701, .845883 },
				{ 500, 520, 20.0 / 180, .274756, .970225 } };
	double lost;
	int i;

	for (i = 0; i < 5; i++)
	{
		ok(fabs(cv_erlang_c(row[i].load, row[i].agents) - row[i].c) < 6e-7,
		   "erlang_c of %d agents as published", row[i].agents);
		ok(fabs(cv_service_level(row[i].load, row[i].agents, row[i].within) - row[i].level) < 6e-7,
		   "service level of %d agents as published", row[i].agents);
	}
	ok(fabs(cv_erlang_a(10, 11, 120.0 / 180, &lost, check) - .382816) < 6e-7,
	   "erlang_a as published");
	ok(fabs(lost - .094155) < 6e-7, "abandonment as published");
	ok(cv_agents_needed(10, 0.8, 20.0 / 180) == 14, "14 agents");
	ok(cv_agents_needed(200 * 240 / 1800.0, 0.8, 20.0 / 240) == 32, "32 agents");
	ok(cv_agents_needed(500, 0.8, 20.0 / 180) == 510, "510 agents");
}

static void
chains(void)
{
	static const double load[] = { 1e-3, 0.7, 5, 30, 160, 999 };
	static const int agents[] = { 1, 2, 7, 33, 170, 1010 };
	static const double patience[] = { 1e-3, 0.2, 1, 30, 400 };
	double worst_b = 0;
	double worst_c = 0;
	double worst_a = 0;
	double worst_lost = 0;
	int i, j, k;

	for (i = 0; i < 6; i++)
		for (j = 0; j < 6; j++)
		{
			double blocked;
			double waiting;
			double lost;

			if (load[i] / agents[j] < 0.999 && agents[j] / load[i] < 1000)
			{
				chain(load[i], agents[j], 0, &blocked, &waiting, &lost);
				if (blocked > 1e-290)
					worst_b = fmax(worst_b, fabs(cv_erlang_b(load[i], agents[j]) / blocked - 1));
				if (waiting > 1e-290)
					worst_c = fmax(worst_c, fabs(cv_erlang_c(load[i], agents[j]) / waiting - 1));
			}
			for (k = 0; k < 5; k++)
			{
				double got_lost;
				double got = cv_erlang_a(load[i], agents[j], patience[k], &got_lost, check);

				chain(load[i], agents[j], patience[k], &blocked, &waiting, &lost);
				if (waiting > 1e-290)
					worst_a = fmax(worst_a, fabs(got / waiting - 1));
				if (lost > 1e-290)
					worst_lost = fmax(worst_lost, fabs(got_lost / lost - 1));
			}
		}
	ok(worst_b < 1e-13, "erlang_b and the chain (%.1e)", worst_b);
	ok(worst_c < 1e-12, "erlang_c and the chain (%.1e)", worst_c);
	ok(worst_a < 1e-12, "erlang_a and the chain (%.1e)", worst_a);
	ok(worst_lost < 1e-12, "abandonment and the chain (%.1e)", worst_lost);
}

static void
recursion(void)
{
	double load[] = { 0.01, 20, 777, 5000 };
	double worst = 0;
	int compared = 0;
	int i, n;

	for (i = 0; i < 4; i++)
	{
		long double b = 1;

		for (n = 1; n <= 8000; n++)
		{
			b = load[i] * b / (n + load[i] * b);
			if (b < 1e-290L)
				break;
			worst = fmax(worst, fabs(cv_erlang_b(load[i], n) / (double) b - 1));
			compared++;
		}
	}
	ok(compared > 10000 && worst < 1e-12, "erlang_b and its recursion, %d times (%.1e)", compared,
	   worst);
}

static void
ends(void)
{
	double lost;

	ok(cv_erlang_b(0, 0) == 1 && cv_erlang_b(0, 1) == 0 && cv_erlang_b(7, 0) == 1,
	   "nobody calls, nobody is there");
	ok(cv_erlang_b(20, 5000) == 0 && cv_erlang_c(20, 5000) == 0, "what is too small is 0");
	ok(cv_erlang_c(5, 5) == 1 && cv_erlang_c(6, 5) == 1 && cv_service_level(6, 5, 1) == 0,
	   "the load reaches the agents");
	ok(cv_erlang_a(20, 10, 1e6, &lost, check) == 1 && lost == 0.5, "what agents cannot do is lost");
	ok(cv_erlang_a(1e9, 1000000000, 1, &lost, check) < 1 && lost > 0 && lost < 1e-4,
	   "a thousand million agents");
	near(lost, 1 / sqrt(2 * 3.14159265358979324 * 1e9), 1e-6,
		 "at a patience of 1 Erlang A is M/M/infinity: the excess of a Poisson number");
	ok(checks > 0, "long sums can be cancelled");
	ok(cv_agents_needed(0, 0.8, 1) == 0 && cv_agents_needed(1e300, 0.8, 1) == INT_MAX,
	   "nobody, and more than there are");
	ok(cv_agents_needed(1e-9, 0.8, 0) == 1, "one for hardly any call");
}

int
main(void)
{
	published();
	chains();
	recursion();
	ends();
	return done();
}
