/*
 * beta_geometric.h: the two forms of beta-geometric dropping out: a customer may drop
 * out after each repeat purchase (BG), or after the first purchase as well (MBG).
 *
 * The file that uses the macro has the functions of a cv_buying_family with one more
 * argument at the end, k: how many chances to drop out were survived by a customer who
 * is alive, x or x + 1; its add() is told whether the first purchase counts.
 */
#ifndef CV_CORE_BETA_GEOMETRIC_H
#define CV_CORE_BETA_GEOMETRIC_H

#include "core/buying.h"

/* The functions of the form that counts the first purchase, or does not: 1 or 0. */
#define CV_BETA_GEOMETRIC(name, first)                                                           \
	static double name##_log_likelihood(const double *p, double x, double t_x, double T)         \
	{                                                                                            \
		return log_likelihood(p, x, t_x, T, x + (first));                                        \
	}                                                                                            \
	static void name##_add(const double *p, const cv_group *group, int n, cv_likelihood *sum)    \
	{                                                                                            \
		add(p, group, n, sum, first);                                                            \
	}                                                                                            \
	static double name##_log_odds_dead(const double *p, double x, double t_x, double T)          \
	{                                                                                            \
		return log_odds_dead(p, x, t_x, T, x + (first));                                         \
	}                                                                                            \
	static double name##_survival(const double *p, double x, double t_x, double T, double ahead) \
	{                                                                                            \
		return survival(p, x, t_x, T, ahead, x + (first));                                       \
	}                                                                                            \
	static double name##_purchases(const double *p, double x, double t_x, double T,              \
								   double horizon, double delta)                                 \
	{                                                                                            \
		return purchases(p, x, t_x, T, horizon, delta, x + (first));                             \
	}                                                                                            \
	static double name##_probability(const double *p, double x, double t_x, double T,            \
									 double horizon, double n)                                   \
	{                                                                                            \
		return probability(p, x, t_x, T, horizon, n, x + (first));                               \
	}

#endif
