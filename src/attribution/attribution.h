/*
 * attribution.h: journeys counted by the channels that they touched.
 */
#ifndef CV_ATTRIBUTION_H
#define CV_ATTRIBUTION_H

#include "pg/named.h"

/* A sum in units of 10^-18, in two halves because int128 wants another alignment. */
typedef struct cv_exact
{
	uint64 low;
	int64 high;
} cv_exact;

#define CV_EXACT_UNIT INT64CONST(1000000000000000000)

static inline int128
cv_exact_get(cv_exact sum)
{
	return (int128) (((uint128) (uint64) sum.high << 64) | sum.low);
}

static inline cv_exact
cv_exact_set(int128 sum)
{
	cv_exact halves;

	halves.low = (uint64) sum;
	halves.high = (int64) (sum >> 64);
	return halves;
}

/*
 * Journeys alike: through the same channels in the same order and, where ages are
 * known, at the same times before the conversion.  Behind the fields stand the numbers
 * of the channels, padded to 8 bytes, and with CV_PATH_AGES the ages in microseconds.
 */
typedef struct cv_path
{
	int32 touches;
	int32 flags;
	cv_exact sum[3]; /* conversions, value, nulls */
} cv_path;

#define CV_PATH_AGES 0x01

enum
{
	CV_CONVERSIONS,
	CV_VALUE,
	CV_NULLS,
	CV_SUMS
};

/*
 * A summary: the channels are the names, the paths its entries, which are words of 8
 * bytes and so count a path several times.  The stored form has the paths in order, no
 * two alike.
 */
typedef cv_named cv_attribution_summary;

#define CV_WORD 8

static inline int64
cv_path_words(int32 touches, int32 flags)
{
	return sizeof(cv_path) / CV_WORD + ((int64) touches + 1) / 2 +
		   (flags & CV_PATH_AGES ? touches : 0);
}

static inline int32 *
cv_path_channels(const cv_path *path)
{
	return (int32 *) (path + 1);
}

static inline int64 *
cv_path_ages(const cv_path *path)
{
	return (int64 *) (path + 1) + ((int64) path->touches + 1) / 2;
}

extern const char cv_attribution_type[];

extern int128 cv_exact_amount(const char *name, double amount);
extern double cv_exact_number(int128 sum);
extern const cv_path *cv_next_path(const cv_attribution_summary *summary, int64 *at);
extern cv_attribution_summary *
cv_attribution_add(cv_attribution_summary *summary, int32 touches, const int32 *channel,
				   const int64 *age, const int128 *sum);
extern const cv_attribution_summary *cv_attribution_stored(const cv_attribution_summary *summary);
extern const cv_attribution_summary *cv_attribution_arg(FunctionCallInfo fcinfo, int argument);

#endif
