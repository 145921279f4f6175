/*
 * evaluate.c: answers rows like those of test/oracle/points.tsv from src/core, one
 * value a line, so that they can be compared without a server.
 */
#include <stdio.h>

#include "point.h"

int
main(void)
{
	char line[4096];
	point row;

	while (fgets(line, sizeof(line), stdin))
		if (point_read(line, &row))
			printf("%.17g\n", row.got);
	return 0;
}
