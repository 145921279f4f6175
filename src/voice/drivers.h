/*
 * drivers.h: an outcome and its drivers, as a summary.
 */
#ifndef CV_VOICE_DRIVERS_H
#define CV_VOICE_DRIVERS_H

#include "voice/voice.h"

#define CV_MOST_DRIVERS 100

/*
 * Moments of the outcome (variable 0) and the drivers, and behind them the drivers' names,
 * each with a zero byte at its end, in the order of a jsonb object: by length, then bytes.
 */
typedef struct cv_driver_summary
{
	cv_header header;
	int32 drivers;
	int32 names; /* bytes of the names */
	int64 responses;
	cv_sum moment[FLEXIBLE_ARRAY_MEMBER]; /* CV_MOMENTS(drivers + 1) */
} cv_driver_summary;

#define CV_DRIVER_SMALLEST offsetof(cv_driver_summary, moment)
#define CV_DRIVER_NAMES(summary) ((char *) &(summary)->moment[CV_MOMENTS((summary)->drivers + 1)])

extern const char cv_driver_summary_type[];

extern cv_driver_summary *cv_driver_arg(FunctionCallInfo fcinfo, int argument);

#endif
