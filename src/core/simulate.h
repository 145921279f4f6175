/*
 * simulate.h: customers as the models see them.
 */
#ifndef CV_CORE_SIMULATE_H
#define CV_CORE_SIMULATE_H

#include "core/buying.h"
#include "core/random.h"

/* One customer's own traits. */
typedef struct cv_customer
{
	double rate;	  /* purchases per unit; stages, if k > 0 */
	double lifetime;  /* infinite where dropping out follows purchases */
	int k;			  /* stages between purchases of the regular, else 0 */
	double chance;	  /* of a purchase at an opportunity; 0 in continuous time */
	double dropout;	  /* probability after a purchase */
	int first_counts; /* ... the first one included */
	double clock;	  /* time since the first purchase */
	int gone;
} cv_customer;

extern void cv_customer_draw(cv_customer *customer, const cv_buying_family *family, const double *p,
							 cv_random *random);
extern double cv_customer_next(cv_customer *customer, cv_random *random);

#endif
