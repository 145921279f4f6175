/*
 * test_oracle.c: src/core against test/oracle/points.tsv and regular.tsv, high-precision
 * values made by direct integration (test/oracle/README.md).
 */
#include "tap.h"
#include "point.h"

#define MOST_KINDS 64
#define TOLERANCE 1e-11 /* relative; log-likelihoods below 1 in size: absolute */

typedef struct kind
{
	char quantity[64];
	char family[64];
	int points;
	double worst;
	char line[4096];
} kind;

static kind kinds[MOST_KINDS];
static int count;

static void
read_points(const char *name)
{
	char line[4096];
	char kept[4096];
	FILE *file = fopen(name, "r");
	point row;
	int i;

	if (!ok(file != NULL, "the points can be read"))
		return;
	while (fgets(line, sizeof(line), file))
	{
		double expected;
		double error;

		strcpy(kept, line);
		if (!point_read(line, &row))
			continue;
		for (i = 0; i < count; i++)
			if (strcmp(kinds[i].quantity, row.quantity) == 0 &&
				strcmp(kinds[i].family, row.family) == 0)
				break;
		if (i == count)
		{
			if (count == MOST_KINDS)
				break;
			count++;
			snprintf(kinds[i].quantity, sizeof(kinds[i].quantity), "%s", row.quantity);
			snprintf(kinds[i].family, sizeof(kinds[i].family), "%s", row.family);
		}
		expected = row.expected ? strtod(row.expected, NULL) : NAN;
		error = fabs(row.got - expected);
		if (strstr(row.quantity, "log_likelihood") == NULL || fabs(expected) > 1)
			error /= fabs(expected);
		kinds[i].points++;
		if (!(error <= kinds[i].worst))
		{
			kinds[i].worst = error;
			strcpy(kinds[i].line, kept);
		}
	}
	fclose(file);
}

int
main(void)
{
	int i;

	read_points(CV_ORACLE "/points.tsv");
	read_points(CV_ORACLE "/regular.tsv");
	ok(count == 32, "all 32 pairs of quantity and family are there, not %d", count);
	for (i = 0; i < count; i++)
		if (!ok(kinds[i].points >= 10 && kinds[i].worst <= TOLERANCE,
				"%s by %s at %d points: largest error %.1e", kinds[i].quantity, kinds[i].family,
				kinds[i].points, kinds[i].worst))
			printf("# worst: %s", kinds[i].line);
	return done();
}
