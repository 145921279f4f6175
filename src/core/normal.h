/*
 * normal.h: the normal and Student's t distribution.
 */
#ifndef CV_CORE_NORMAL_H
#define CV_CORE_NORMAL_H

extern double cv_normal_tail(double z);
extern double cv_normal_quantile(double p);
extern double cv_student_tail(double t, double freedom);
extern double cv_student_quantile(double p, double freedom);

#endif
