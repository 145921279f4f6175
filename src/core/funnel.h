/*
 * funnel.h: how far rows of an instant and the steps that they meet go through the
 * steps of a funnel.
 */
#ifndef CV_CORE_FUNNEL_H
#define CV_CORE_FUNNEL_H

#include <stddef.h>
#include <stdint.h>

#define CV_FUNNEL_STEPS 32

/* One row; rows are sorted by instant, those of one instant in any order. */
typedef struct cv_funnel_row
{
	int64_t at;
	uint32_t meets; /* bit k: step k + 1 */
} cv_funnel_row;

/* ClickHouse's modes, to be combined. */
#define CV_FUNNEL_STRICT_ORDER 0x01
#define CV_FUNNEL_STRICT_DEDUPLICATION 0x02
#define CV_FUNNEL_STRICT_INCREASE 0x04
#define CV_FUNNEL_STRICT_ONCE 0x08
#define CV_FUNNEL_ALLOW_REENTRY 0x10

typedef struct cv_funnel
{
	int steps;			 /* 1 to CV_FUNNEL_STEPS */
	uint64_t within;	 /* from the first step to the last, this included */
	int strict;			 /* each step at a later instant than the one before? */
	void (*check)(void); /* called now and then, to cancel; or NULL */
} cv_funnel;

extern int cv_funnel_depth(const cv_funnel *funnel, const cv_funnel_row *row, size_t count);
extern int
cv_funnel_chain(const cv_funnel *funnel, const cv_funnel_row *row, size_t count, int64_t *times);
extern int
cv_funnel_level(const cv_funnel *funnel, const cv_funnel_row *row, size_t count, int modes);

#endif
