/*
 * test_exact_sum.c: sums against 128-bit whole numbers, and in many orders.
 */
#include "tap.h"

#include <float.h>
#include <stdlib.h>
#include <string.h>

#include "core/exact_sum.h"
#include "core/random.h"

#define NUMBERS 300

static cv_random stream;

/* A number m 2^e with |m| < 2^bits. */
static double
draw(int bits, int low, int high)
{
	double m = floor(ldexp(cv_random_uniform(&stream), bits));
	int e = low + (int) (cv_random_uniform(&stream) * (high - low + 1));

	return ldexp(cv_random_uniform(&stream) < 0.5 ? m : -m, e);
}

static void
shuffle(double *number, int n)
{
	int i;

	for (i = n - 1; i > 0; i--)
	{
		int j = (int) (cv_random_uniform(&stream) * (i + 1));
		double other = number[j];

		number[j] = number[i];
		number[i] = other;
	}
}

static int
same(const cv_sum *a, const cv_sum *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

/* Whole numbers of 100 bits: the sum and its rounding are known. */
static void
known_sums(void)
{
	int right = 0;
	int trial;

	for (trial = 0; trial < 2000; trial++)
	{
		cv_sum sum = { { 0 } };
		__int128 expected = 0;
		int i;

		for (i = 0; i < 20; i++)
		{
			double number = draw(53, 0, 47);

			expected += (__int128) number;
			cv_sum_add(&sum, number);
		}
		right += cv_sum_round(&sum) == (double) expected;
	}
	ok(right == 2000, "sums of whole numbers are rounded once (%d of 2000)", right);
}

/* Ties go to even, unless something small decides. */
static void
ties(void)
{
	static const double tail[] = { 0, 1e-30, -1e-30 };
	static const double expected[] = { 1, 1 + DBL_EPSILON, 1 };
	int i;

	for (i = 0; i < 3; i++)
	{
		cv_sum sum = { { 0 } };

		cv_sum_add(&sum, tail[i]);
		cv_sum_add(&sum, DBL_EPSILON / 2);
		cv_sum_add(&sum, 1);
		ok(cv_sum_round(&sum) == expected[i], "1 + half a unit + %g", tail[i]);
	}
}

/* Any order and any partition give the same parts. */
static void
orders(int low, int high, const char *what)
{
	double number[NUMBERS];
	cv_sum first = { { 0 } };
	int equal = 0;
	int trial;
	int i;

	for (i = 0; i < NUMBERS; i++)
		number[i] = draw(53, low, high);
	for (i = 0; i < NUMBERS; i++)
		cv_sum_add(&first, number[i]);
	cv_sum_normalize(&first);
	for (trial = 0; trial < 500; trial++)
	{
		cv_sum part[7] = { { { 0 } } };

		shuffle(number, NUMBERS);
		for (i = 0; i < NUMBERS; i++)
			cv_sum_add(&part[(int) (cv_random_uniform(&stream) * 7)], number[i]);
		for (i = 0; i < 7; i++)
			if (cv_random_uniform(&stream) < 0.5)
				cv_sum_normalize(&part[i]);
		for (i = 1; i < 7; i++)
			cv_sum_add_sum(&part[0], &part[i]);
		cv_sum_normalize(&part[0]);
		equal += same(&part[0], &first);
	}
	ok(equal == 500 && cv_sum_is_normal(&first), "%s: the same in any order (%d of 500)", what,
	   equal);
}

static void
products(void)
{
	double a[NUMBERS];
	double b[NUMBERS];
	cv_sum x = { { 0 } };
	cv_sum y = { { 0 } };
	cv_sum square = { { 0 } };
	cv_sum product = { { 0 } };
	long double expected = 0;
	long double mean_a = 0;
	long double mean_b = 0;
	double got;
	int i;

	for (i = 0; i < NUMBERS; i++)
	{
		a[i] = 1e9 + cv_random_uniform(&stream);
		b[i] = -7e5 + cv_random_uniform(&stream) + (a[i] - 1e9);
		mean_a += (long double) a[i] / NUMBERS;
		mean_b += (long double) b[i] / NUMBERS;
		cv_sum_add(&x, a[i]);
		cv_sum_add(&y, b[i]);
		cv_sum_add_product(&square, a[i], a[i]);
		cv_sum_add_product(&product, a[i], b[i]);
	}
	for (i = 0; i < NUMBERS; i++)
		expected += (a[i] - mean_a) * (b[i] - mean_b);
	got = cv_sum_centred(&x, &y, &product, NUMBERS);
	near(got, (double) (expected * NUMBERS), 1e-11, "products about far means");
	ok(cv_sum_centred(&x, &x, &square, NUMBERS) > 0, "a variance is positive");
	/* a constant leaves nothing, not even a rounding */
	memset(&x, 0, sizeof(x));
	memset(&square, 0, sizeof(square));
	for (i = 0; i < 1000; i++)
	{
		cv_sum_add(&x, 0.1);
		cv_sum_add_product(&square, 0.1, 0.1);
	}
	ok(cv_sum_centred(&x, &x, &square, 1000) == 0, "a constant does not vary at all");
}

static void
normal_forms(void)
{
	cv_sum cancelled = { { 0 } };
	cv_sum other = { { 1, 1, 0, 0 } };

	cv_sum_add(&cancelled, 1e30);
	cv_sum_add(&cancelled, 0.3);
	cv_sum_add(&cancelled, -1e30);
	ok(cv_sum_round(&cancelled) == 0.3, "large numbers cancel and leave the small one");
	cv_sum_normalize(&cancelled);
	ok(cancelled.part[0] == 0.3 && cancelled.part[1] == 0, "in its normal form too");
	ok(!cv_sum_is_normal(&other), "overlapping parts are not normal");
	other.part[1] = NAN;
	ok(!cv_sum_is_normal(&other), "nor is NaN");
	other.part[1] = 0;
	ok(cv_sum_is_normal(&other), "but a single number is");
	other.part[0] = -0.0;
	ok(!cv_sum_is_normal(&other), "-0 is not");
	other.part[0] = INFINITY;
	ok(!cv_sum_is_normal(&other), "infinity is not");
}

int
main(void)
{
	cv_random_seed(&stream, 1, 0);
	known_sums();
	ties();
	orders(-20, 20, "numbers alike in size");
	orders(-70, 40, "numbers of thirty orders of magnitude");
	products();
	normal_forms();
	return done();
}
