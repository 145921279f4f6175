/*
 * point.h: one row of test/oracle/points.tsv or regular.tsv, answered from src/core.
 */
#ifndef CV_UNIT_POINT_H
#define CV_UNIT_POINT_H

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/buying.h"

#define POINT_FIELDS 12 /* quantity family p1..p4 x t_x T horizon delta n */

typedef struct point
{
	const char *quantity;
	const char *family;
	const char *expected; /* the thirteenth column, if there is one */
	double got;
} point;

static double
point_number(const char *word)
{
	return strcmp(word, "-") == 0 ? 0 : strtod(word, NULL);
}

/* The family of a name; a regular one stands with its k, "bg/cnbd-3". */
static const cv_buying_family *
point_family(const char *name, double *k)
{
	static const cv_buying_family *const all[] = { &cv_nbd,		   &cv_bg_nbd,	&cv_mbg_nbd,
												   &cv_pareto_nbd, &cv_bg_cnbd, &cv_mbg_cnbd };
	size_t i;

	*k = 0;
	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++)
	{
		size_t length = strlen(all[i]->name) - (all[i]->k > 0);

		if (all[i]->k > 0 && strncmp(all[i]->name, name, length) == 0)
		{
			*k = strtod(name + length, NULL);
			return all[i];
		}
		if (strcmp(all[i]->name, name) == 0)
			return all[i];
	}
	return NULL;
}

/* Splits a line in place and answers it; 0 for a header or a line too short. */
static int
point_read(char *line, point *row)
{
	char *word[POINT_FIELDS + 1] = { NULL };
	char *rest = line;
	double p[CV_BUYING_NUMBERS];
	double v[6]; /* x t_x T horizon delta n */
	double alive;
	const cv_buying_family *family;
	int i;

	line[strcspn(line, "\r\n")] = '\0';
	for (i = 0; i <= POINT_FIELDS && rest; i++)
		word[i] = strsep(&rest, "\t");
	if (i < POINT_FIELDS || strcmp(word[0], "quantity") == 0)
		return 0;
	row->quantity = word[0];
	row->family = word[1];
	row->expected = word[POINT_FIELDS];
	row->got = NAN;
	for (i = 0; i < 4; i++)
		p[i] = point_number(word[2 + i]);
	for (i = 0; i < 6; i++)
		v[i] = point_number(word[6 + i]);
	family = point_family(row->family, &p[CV_BUYING_K]);
	if (family)
		row->family = family->name;
	else
	{
		if (strcmp(row->quantity, "expected_spend") == 0)
			row->got = cv_gamma_gamma_mean(p, v[0], v[2]);
		else if (strcmp(row->quantity, "spend_log_likelihood") == 0)
			row->got = cv_gamma_gamma_log_likelihood(p, v[0], v[2]);
		return 1;
	}
	alive = cv_buying_p_alive(family, p, v[0], v[1], v[2]);
	if (strcmp(row->quantity, "log_likelihood") == 0)
		row->got = family->log_likelihood(p, v[0], v[1], v[2]);
	else if (strcmp(row->quantity, "p_alive") == 0)
		row->got = alive * family->survival(p, v[0], v[1], v[2], v[3]);
	else if (strcmp(row->quantity, "expected_purchases") == 0)
		row->got = alive * family->purchases(p, v[0], v[1], v[2], v[3], 0);
	else if (strcmp(row->quantity, "discounted_purchases") == 0)
		row->got = alive * family->purchases(p, v[0], v[1], v[2], v[3], v[4]);
	else if (strcmp(row->quantity, "purchase_probability") == 0)
		row->got = alive * family->probability(p, v[0], v[1], v[2], v[3], v[5]) +
				   (v[5] == 0 ? cv_buying_p_dead(family, p, v[0], v[1], v[2]) : 0);
	return 1;
}

#endif
