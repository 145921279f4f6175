/*
 * closed_form.c: lifetime value at constant retention, rate and growth.
 *
 * With q = r (1 + g) / (1 + d), margin m and n periods:
 *
 *   now      m sum q^t, t = 0..n              infinite: m (1 + d) / (1 + d - r (1 + g))
 *   end      m / (1 + d) sum q^t, t = 0..n-1            m / (1 + d - r (1 + g))
 *   renewal  m r / (1 + d) sum q^t, t = 0..n-1          m r / (1 + d - r (1 + g))
 *
 * "renewal" is the margin multiple of Gupta and Lehmann (2003), with growth that
 * of their book (2005).  That the formulas in use differ in the time of the first
 * payment only is a remark of Fader and Hardie.
 */
#include "core/closed_form.h"

#include <float.h>
#include <math.h>

const char *const cv_timing_name[CV_TIMINGS] = { "now", "end", "renewal" };

/*
 * 1 - q: the share of a payment's present value that the next one lacks.  Above 0
 * where the infinite sum exists; what may be rounding of decimal arguments is 0.
 */
double
cv_closed_form_loss(double retention, double discount_rate, double growth)
{
	double loss = (1 - retention + discount_rate - retention * growth) / (1 + discount_rate);

	if (fabs(loss) < 4 * DBL_EPSILON)
		return 0;
	return loss < 1 ? loss : 1;
}

/*
 * The value in closed form, "periods" a whole number or infinite.  Infinite where
 * the sum is, or is too large.
 */
double
cv_closed_form(double margin, double retention, double discount_rate, double growth, double periods,
			   cv_timing timing)
{
	double loss = cv_closed_form_loss(retention, discount_rate, growth);
	double payments = timing == CV_TIMING_NOW ? periods + 1 : periods;
	double first = timing == CV_TIMING_NOW	 ? margin
				   : timing == CV_TIMING_END ? margin / (1 + discount_rate)
											 : margin * retention / (1 + discount_rate);
	double sum;

	if (first == 0 || payments == 0)
		return 0;
	if (isinf(payments))
		sum = loss > 0 ? 1 / loss : INFINITY;
	else if (loss == 0)
		sum = payments;
	else
		sum = -expm1(payments * log1p(-loss)) / loss; /* (1 - q^payments) / (1 - q) */
	return first * sum;
}
