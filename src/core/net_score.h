/*
 * net_score.h: confidence limits of a difference of two shares of one sample.
 */
#ifndef CV_CORE_NET_SCORE_H
#define CV_CORE_NET_SCORE_H

#include <stdbool.h>

/* Shares of promoters and detractors, and the number of answers that they stand for. */
typedef struct cv_net_score
{
	double promoters;
	double detractors;
	double answers;
} cv_net_score;

extern double cv_net_score_variance(const cv_net_score *score);
extern cv_net_score cv_net_score_adjusted(const cv_net_score *score);
extern double cv_net_score_limit(const cv_net_score *score, double z, bool upper);
extern void cv_wilson(double successes, double trials, double z, double *low, double *high);

#endif
