/*
 * rfm.h: recency, frequency and monetary value.
 */
#ifndef CV_RFM_H
#define CV_RFM_H

#include "segment/segment.h"

#define CV_RFM_MEASURES 3
#define CV_RFM_LEAST_BINS 2
#define CV_RFM_MOST_BINS 9

/* The measures, in this order; recency is best where it is low. */
extern const char *const cv_rfm_measure[CV_RFM_MEASURES];

typedef enum cv_rfm_method
{
	CV_RFM_QUANTILE,
	CV_RFM_R_RFM
} cv_rfm_method;

/* Where the classes of each measure are cut. */
typedef struct cv_rfm_cuts
{
	int32 bins;
	cv_rfm_method method;
	bool empty; /* nobody was seen: there are no classes */
	double cut[CV_RFM_MEASURES][CV_RFM_MOST_BINS];
	double low[CV_RFM_MEASURES]; /* the least and the largest value */
	double high[CV_RFM_MEASURES];
} cv_rfm_cuts;

extern const cv_tally_kind cv_rfm_kind;

extern bool cv_rfm_value_arg(FunctionCallInfo fcinfo, int argument, double *value);
extern int32 cv_rfm_bins_arg(FunctionCallInfo fcinfo, int argument);
extern cv_rfm_method cv_rfm_method_arg(FunctionCallInfo fcinfo, int argument);
extern void
cv_rfm_find_cuts(const cv_tally *scale, int32 bins, cv_rfm_method method, cv_rfm_cuts *cuts);
extern int32 cv_rfm_class(const cv_rfm_cuts *cuts, int measure, double value);

#endif
