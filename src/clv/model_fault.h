/*
 * model_fault.h: what is wrong with a model, for those who read one.  Faults are details of
 * errors, or NULL.
 */
#ifndef CV_MODEL_FAULT_H
#define CV_MODEL_FAULT_H

#include "clv/covariates.h"

extern uint8 cv_model_flags_of(const cv_model_kind *kind);
extern const char *cv_model_design_fault(const cv_model_kind *kind, int family, const char *design,
										 int size, cv_covariates *all);
extern const char *cv_model_fault(const cv_model_kind *kind, const cv_model *model);
extern const char *cv_model_fit_fault(const cv_model *model);

#endif
