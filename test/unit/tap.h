/*
 * tap.h: checks that print "ok" and "not ok" lines.
 */
#ifndef CV_UNIT_TAP_H
#define CV_UNIT_TAP_H

#include <math.h>
#include <stdarg.h>
#include <stdio.h>

static int tap_count;
static int tap_failed;

/* One check with its description. */
static inline int
ok(int condition, const char *format, ...)
{
	va_list arguments;

	printf("%sok %d - ", condition ? "" : "not ", ++tap_count);
	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
	printf("\n");
	tap_failed += !condition;
	return condition;
}

/* A number that must agree with an expected one to a relative error. */
static inline int
near(double got, double expected, double tolerance, const char *what)
{
	double error = expected == 0 ? fabs(got) : fabs(got / expected - 1);

	if (ok(error <= tolerance, "%s", what))
		return 1;
	printf("# got %.17g, expected %.17g, error %.3g\n", got, expected, error);
	return 0;
}

/* The exit status of a test program. */
static inline int
done(void)
{
	printf("1..%d\n", tap_count);
	return tap_failed > 0;
}

#endif
