/*
 * evaluate.c: answers the rows of test/oracle/points.tsv from src/core, one value
 * a line, so that they can be compared without a server.
 *
 * Input: quantity family p1 p2 p3 p4 x t_x T horizon delta n, tab separated,
 * "-" where unused; further columns and a header line are ignored.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/buying.h"

static double
number(const char *word)
{
	return strcmp(word, "-") == 0 ? 0 : strtod(word, NULL);
}

static const cv_buying_family *
family_of(const char *name)
{
	static const cv_buying_family *const all[] = { &cv_nbd, &cv_bg_nbd, &cv_mbg_nbd,
												   &cv_pareto_nbd };
	size_t i;

	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (strcmp(all[i]->name, name) == 0)
			return all[i];
	return NULL;
}

int
main(void)
{
	char line[4096];

	while (fgets(line, sizeof(line), stdin))
	{
		char *word[12];
		char *rest = line;
		double p[4];
		double v[6];
		const cv_buying_family *family;
		int i;
		double result = NAN;

		line[strcspn(line, "\n")] = '\0';
		for (i = 0; i < 12; i++)
			if ((word[i] = strsep(&rest, "\t")) == NULL)
				break;
		if (i < 12 || strcmp(word[0], "quantity") == 0)
			continue;
		for (i = 0; i < 4; i++)
			p[i] = number(word[2 + i]);
		for (i = 0; i < 6; i++)
			v[i] = number(word[6 + i]);
		family = family_of(word[1]);
		if (family == NULL && strcmp(word[0], "expected_spend") == 0)
			result = cv_gamma_gamma_mean(p, v[0], v[2]);
		else if (family == NULL)
			result = cv_gamma_gamma_log_likelihood(p, v[0], v[2]);
		else if (strcmp(word[0], "log_likelihood") == 0)
			result = family->log_likelihood(p, v[0], v[1], v[2]);
		else if (strcmp(word[0], "p_alive") == 0)
			result = family->p_alive(p, v[0], v[1], v[2]) * family->survival(p, v[0], v[2], v[3]);
		else if (strcmp(word[0], "expected_purchases") == 0)
			result =
				family->p_alive(p, v[0], v[1], v[2]) * family->purchases(p, v[0], v[2], v[3], 0);
		else if (strcmp(word[0], "discounted_purchases") == 0)
			result =
				family->p_alive(p, v[0], v[1], v[2]) * family->purchases(p, v[0], v[2], v[3], v[4]);
		else if (strcmp(word[0], "purchase_probability") == 0)
		{
			double alive = family->p_alive(p, v[0], v[1], v[2]);

			result = alive * family->probability(p, v[0], v[2], v[3], v[5]) +
					 (v[5] == 0 ? 1 - alive : 0);
		}
		printf("%.17g\n", result);
	}
	return 0;
}
