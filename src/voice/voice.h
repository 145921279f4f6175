/*
 * voice.h: what customers say: recommendation, satisfaction, and what drives them.
 */
#ifndef CV_VOICE_H
#define CV_VOICE_H

#include "core/exact_sum.h"
#include "core/net_score.h"
#include "pg/document.h"
#include "pg/pg.h"

/* Weights and answers of moments lie between these in size, or are 0. */
#define CV_VOICE_SMALLEST 1e-100
#define CV_VOICE_LARGEST 1e100

/* ---- sums.c ---- */

extern void cv_append_sum(StringInfo text, const cv_sum *sum);
extern void cv_read_sum(const JsonbValue *value, const char *type, const char *key, cv_sum *sum);
extern void cv_send_sum(StringInfo buffer, const cv_sum *sum);
extern void cv_receive_sum(StringInfo buffer, const char *type, cv_sum *sum);

/* ---- nps.c ---- */

enum
{
	CV_DETRACTORS,
	CV_PASSIVES,
	CV_PROMOTERS,
	CV_NPS_CLASSES
};

#define CV_NPS_WEIGHTED 0x01 /* weight and square are there */

/* Answers to "how likely are you to recommend us", 0 to 10, counted by class. */
typedef struct cv_nps_summary
{
	cv_header header;
	int64 count[CV_NPS_CLASSES]; /* rows, whatever their weights */
	struct
	{
		cv_sum weight[CV_NPS_CLASSES]; /* sum of the weights */
		cv_sum square[CV_NPS_CLASSES]; /* of their squares */
	} sums[FLEXIBLE_ARRAY_MEMBER];	   /* one, or none without weights */
} cv_nps_summary;

#define CV_NPS_PLAIN_SIZE offsetof(cv_nps_summary, sums)
#define CV_NPS_WEIGHTED_SIZE (CV_NPS_PLAIN_SIZE + sizeof(((cv_nps_summary *) NULL)->sums[0]))

extern const char cv_nps_summary_type[];

extern cv_nps_summary *cv_nps_new(bool weighted);
extern cv_nps_summary *cv_nps_arg(FunctionCallInfo fcinfo, int argument);
extern const char *cv_nps_fault(const cv_nps_summary *summary);
extern int64 cv_nps_responses(const cv_nps_summary *summary);
extern cv_nps_summary *cv_nps_normal(cv_nps_summary *summary);
extern bool cv_nps_weights(const cv_nps_summary *summary, double *weight, double *square);

/* ---- nps_interval.c ---- */

extern double cv_confidence_arg(FunctionCallInfo fcinfo, int argument);

/* ---- moments.c ---- */

/* Sums and sums of products of k variables, by variable and then by pair i <= j. */
#define CV_MOMENTS(k) ((int64) (k) + (int64) (k) * ((k) + 1) / 2)

extern void cv_moments_check(const char *what, double value);
extern void cv_moments_add(cv_sum *moment, int k, const double *value);
extern void cv_moments_merge(cv_sum *moment, const cv_sum *other, int k);
extern void cv_moments_normalize(cv_sum *moment, int k);
extern void cv_moments_centred(const cv_sum *moment, int k, int64 observations, double *matrix);
extern bool cv_moments_is_constant(const cv_sum *moment, int k, int i, int64 observations,
								   const double *matrix);
extern const char *cv_moments_fault(const cv_sum *moment, int k);
extern void cv_append_moments(StringInfo text, const cv_sum *moment, int k);
extern void cv_read_moments(cv_document *document, const char *key, cv_sum *moment, int k);

#endif
