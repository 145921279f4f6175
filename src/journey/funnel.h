/*
 * funnel.h: what the funnels of this folder share.
 */
#ifndef CV_JOURNEY_FUNNEL_H
#define CV_JOURNEY_FUNNEL_H

#include "pg/pg.h"

extern const Oid cv_funnel_result_types[3];

#endif
