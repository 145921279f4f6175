/*
 * test_expansion.c: sums without rounding, against whole numbers, in any order.
 */
#include "tap.h"

#include <float.h>
#include <string.h>

#include "core/expansion.h"
#include "core/random.h"

static double
sum_of(const double *term, int n, double *part, int *parts)
{
	int i;

	*parts = 0;
	for (i = 0; i < n; i++)
		*parts = cv_exact_add(part, *parts, term[i]);
	return cv_exact_value(part, *parts);
}

static void
shuffle(cv_random *random, double *term, int n)
{
	int i;

	for (i = n - 1; i > 0; i--)
	{
		int j = (int) (cv_random_uniform(random) * (i + 1));
		double swap = term[i];

		term[i] = term[j];
		term[j] = swap;
	}
}

static void
test_known(void)
{
	static const double cancel[] = { 1e100, 1, -1e100, 1e-100, 1e50, -1, -1e50 };
	/* 2^53 + 1 + 2^-30: the half and a little more rounds up, the half alone to even */
	static const double half[] = { 9007199254740992.0, 1, 9.313225746154785e-10 };
	static const double even[] = { 9007199254740992.0, 1 };
	static const double tenth[] = { 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1 };
	double part[CV_EXACT_MOST_PARTS] = { 0 };
	int parts;

	ok(cv_exact_value(part, 0) == 0, "nothing is 0");
	ok(sum_of(cancel, 7, part, &parts) == 1e-100 && parts == 1, "what cancels leaves no trace");
	ok(sum_of(half, 3, part, &parts) == 9007199254740994.0, "a half and a little more goes up");
	ok(sum_of(even, 2, part, &parts) == 9007199254740992.0, "a half goes to even");
	ok(sum_of(tenth, 10, part, &parts) == 1, "ten tenths as doubles round to 1");
	parts = cv_exact_add(part, 0, DBL_MAX);
	ok(cv_exact_add(part, parts, DBL_MAX) == -1, "beyond the range is said");
	parts = cv_exact_add(part, 0, DBL_MAX);
	parts = cv_exact_add(part, parts, 1e-300);
	parts = cv_exact_add(part, parts, -DBL_MAX);
	ok(parts == 1 && part[0] == 1e-300, "the ends of the range meet");
}

/* Terms that are whole numbers of 2^-40 have a sum that integers know. */
static void
test_against_integers(void)
{
	cv_random random;
	double term[300];
	double part[CV_EXACT_MOST_PARTS];
	int wrong = 0;
	int disordered = 0;
	int round;

	cv_random_seed(&random, 20260101, 0);
	for (round = 0; round < 2000; round++)
	{
		int n = 1 + (int) (cv_random_uniform(&random) * 300);
		__int128 exact = 0;
		double first[CV_EXACT_MOST_PARTS];
		int parts;
		int kept;
		double sum;
		int i;

		for (i = 0; i < n; i++)
		{
			double size = ldexp(1, (int) (cv_random_uniform(&random) * 80));
			__int128 whole = (__int128) ((cv_random_uniform(&random) - 0.5) * size);

			term[i] = ldexp((double) whole, -40);
			exact += (__int128) ldexp(term[i], 40);
		}
		sum = sum_of(term, n, part, &parts);
		wrong += sum != ldexp((double) exact, -40);
		kept = cv_exact_canonical(part, parts);
		memcpy(first, part, kept * sizeof(double));
		shuffle(&random, term, n);
		wrong += sum_of(term, n, part, &parts) != sum;
		if (cv_exact_canonical(part, parts) != kept ||
			memcmp(part, first, kept * sizeof(double)) != 0)
			disordered++;
	}
	ok(wrong == 0, "2000 sums are those of whole numbers, rounded once, %d wrong", wrong);
	ok(disordered == 0, "and their parts are the same in any order, %d are not", disordered);
}

/* Sums that need as many parts as there can be. */
static void
test_wide(void)
{
	cv_random random;
	double term[4000];
	double part[CV_EXACT_MOST_PARTS];
	int most = 0;
	int parts = 0;
	int i;

	cv_random_seed(&random, 7, 0);
	for (i = 0; i < 4000; i++)
		term[i] = ldexp(cv_random_uniform(&random) - 0.5,
						(int) (cv_random_uniform(&random) * 2040) - 1060);
	for (i = 0; i < 4000; i++)
	{
		parts = cv_exact_add(part, parts, term[i]);
		if (parts > most)
			most = parts;
	}
	ok(most > 30 && most <= CV_EXACT_MOST_PARTS, "%d parts at most", most);
	shuffle(&random, term, 4000);
	for (i = 0; i < 4000; i++)
		parts = cv_exact_add(part, parts, -term[i]);
	ok(parts == 0, "the same terms taken away leave nothing, %d parts", parts);
}

int
main(void)
{
	test_known();
	test_against_integers();
	test_wide();
	return done();
}
