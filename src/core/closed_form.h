/*
 * closed_form.h: lifetime value at constant retention, rate and growth.
 */
#ifndef CV_CORE_CLOSED_FORM_H
#define CV_CORE_CLOSED_FORM_H

typedef enum cv_timing
{
	CV_TIMING_NOW,	  /* payments 0..n, the first today and certain */
	CV_TIMING_END,	  /* payments 1..n, the first certain at the end of period 1 */
	CV_TIMING_RENEWAL /* payments 1..n, the first at the end of period 1 if retained */
} cv_timing;

#define CV_TIMINGS 3

extern const char *const cv_timing_name[CV_TIMINGS];

extern double cv_closed_form_loss(double retention, double discount_rate, double growth);
extern double cv_closed_form(double margin, double retention, double discount_rate, double growth,
							 double periods, cv_timing timing);

#endif
