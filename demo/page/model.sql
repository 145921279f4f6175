-- The two models behind the lifetime values.
SELECT model, parameter, family, unit_days, estimate, standard_error, low, high, log_likelihood, customers, converged
FROM clv_model
ORDER BY model, parameter;
