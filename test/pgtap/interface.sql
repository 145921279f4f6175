-- The public interface: every signature with its argument names, defaults and result, compared both ways.
-- A change here is a change of what people's queries and views are written against.
BEGIN;
SET LOCAL client_min_messages = warning;
SET LOCAL search_path = public;
SET LOCAL intervalstyle = 'postgres';
SELECT plan(8);

CREATE TEMP TABLE ledger (signature text);
INSERT INTO ledger VALUES
    ($$function active_days(log cv_activity_log) -> bigint$$),
    ($$function clv(buying cv_buying_model, spending cv_spending_model, history cv_purchase_history, horizon interval DEFAULT NULL::interval, discount_rate double precision DEFAULT 0.10, margin double precision DEFAULT 1, covariates jsonb DEFAULT NULL::jsonb) -> double precision$$),
    ($$function clv(flows cv_activity_log, as_of date, discount_rate double precision) -> double precision$$),
    ($$function clv(margin double precision, retention double precision, discount_rate double precision, growth double precision DEFAULT 0, periods integer DEFAULT NULL::integer, timing text DEFAULT 'end'::text) -> double precision$$),
    ($$function clv(transition double precision[], reward double precision[], discount_rate double precision, periods integer DEFAULT NULL::integer) -> double precision[]$$),
    ($$function clv_interval(buying cv_buying_model, spending cv_spending_model, history cv_purchase_history, horizon interval, discount_rate double precision DEFAULT 0.10, margin double precision DEFAULT 1, confidence double precision DEFAULT 0.95, draws integer DEFAULT 1000, seed bigint DEFAULT 1, covariates jsonb DEFAULT NULL::jsonb, OUT low double precision, OUT median double precision, OUT high double precision) -> record$$),
    ($$function customers(base cv_customer_base) -> bigint$$),
    ($$function discounted_purchases(model cv_buying_model, history cv_purchase_history, discount_rate double precision, horizon interval DEFAULT NULL::interval, covariates jsonb DEFAULT NULL::jsonb) -> double precision$$),
    ($$function entries(log cv_activity_log, OUT at date, OUT amount double precision, OUT events integer) -> SETOF record$$),
    ($$function events(log cv_activity_log) -> bigint$$),
    ($$function events(log cv_activity_log, from_date date, to_date date) -> bigint$$),
    ($$function expected_customers(model cv_buying_model, base cv_customer_base, purchases integer) -> double precision$$),
    ($$function expected_purchases(model cv_buying_model, history cv_purchase_history, horizon interval, covariates jsonb DEFAULT NULL::jsonb) -> double precision$$),
    ($$function expected_purchases(model cv_buying_model, horizon interval, covariates jsonb DEFAULT NULL::jsonb) -> double precision$$),
    ($$function expected_spend(model cv_spending_model, history cv_purchase_history) -> double precision$$),
    ($$function first_on(log cv_activity_log) -> date$$),
    ($$function fit_buying(base cv_customer_base, family text DEFAULT 'mbg/nbd'::text, unit interval DEFAULT '7 days'::interval, penalty double precision DEFAULT 0) -> cv_buying_model$$),
    ($$function fit_spending(base cv_customer_base, penalty double precision DEFAULT 0) -> cv_spending_model$$),
    ($$function goodness(model cv_buying_model, OUT customers bigint, OUT log_likelihood double precision, OUT aic double precision, OUT bic double precision, OUT iterations integer, OUT gradient double precision, OUT converged boolean, OUT compared jsonb) -> record$$),
    ($$function goodness(model cv_spending_model, OUT customers bigint, OUT log_likelihood double precision, OUT aic double precision, OUT bic double precision, OUT iterations integer, OUT gradient double precision, OUT converged boolean, OUT compared jsonb) -> record$$),
    ($$function last_on(log cv_activity_log) -> date$$),
    ($$function log_likelihood(model cv_buying_model, history cv_purchase_history, covariates jsonb DEFAULT NULL::jsonb) -> double precision$$),
    ($$function log_likelihood(model cv_spending_model, history cv_purchase_history) -> double precision$$),
    ($$function parameter_draws(model cv_buying_model, draws integer, seed bigint DEFAULT 1, OUT draw integer, OUT name text, OUT value double precision) -> SETOF record$$),
    ($$function parameter_draws(model cv_spending_model, draws integer, seed bigint DEFAULT 1, OUT draw integer, OUT name text, OUT value double precision) -> SETOF record$$),
    ($$function parameter_draws(model cv_retention_model, draws integer, seed bigint DEFAULT 1, OUT draw integer, OUT name text, OUT value double precision) -> SETOF record$$),
    ($$function p_alive(model cv_buying_model, history cv_purchase_history, ahead interval DEFAULT '00:00:00'::interval, covariates jsonb DEFAULT NULL::jsonb) -> double precision$$),
    ($$function parameters(model cv_buying_model, OUT name text, OUT estimate double precision, OUT standard_error double precision, OUT low double precision, OUT high double precision) -> SETOF record$$),
    ($$function parameters(model cv_spending_model, OUT name text, OUT estimate double precision, OUT standard_error double precision, OUT low double precision, OUT high double precision) -> SETOF record$$),
    ($$function probabilities(matrix cv_transition_matrix) -> double precision[]$$),
    ($$function purchase_history(log cv_activity_log, as_of date) -> cv_purchase_history$$),
    ($$function purchase_probability(model cv_buying_model, history cv_purchase_history, horizon interval, purchases integer, covariates jsonb DEFAULT NULL::jsonb) -> double precision$$),
    ($$function purchase_probability(model cv_buying_model, horizon interval, purchases integer, covariates jsonb DEFAULT NULL::jsonb) -> double precision$$),
    ($$function simulate_purchases(buying cv_buying_model, spending cv_spending_model, customers integer, until date, acquired_from date, acquired_to date, seed bigint, covariates jsonb DEFAULT NULL::jsonb, OUT customer_id bigint, OUT at date, OUT amount double precision) -> SETOF record$$),
    ($$function total(log cv_activity_log) -> double precision$$),
    ($$function total(log cv_activity_log, from_date date, to_date date) -> double precision$$),
    ($$function clv(model cv_retention_model, margin double precision, discount_rate double precision, renewals integer DEFAULT 0) -> double precision$$),
    ($$function customers(base cv_retention_base) -> bigint$$),
    ($$function fit_retention(base cv_retention_base, family text DEFAULT 'sbg'::text) -> cv_retention_model$$),
    ($$function goodness(model cv_retention_model, OUT customers bigint, OUT log_likelihood double precision, OUT aic double precision, OUT bic double precision, OUT iterations integer, OUT gradient double precision, OUT converged boolean, OUT compared jsonb) -> record$$),
    ($$function parameters(model cv_retention_model, OUT name text, OUT estimate double precision, OUT standard_error double precision, OUT low double precision, OUT high double precision) -> SETOF record$$),
    ($$function retention_rate(model cv_retention_model, t integer) -> double precision$$),
    ($$function survival(model cv_retention_model, t integer) -> double precision$$),
    ($$function cronbach_alpha(summary cv_item_summary, standardized boolean DEFAULT false) -> double precision$$),
    ($$function csat(summary cv_csat_summary) -> double precision$$),
    ($$function csat_interval(summary cv_csat_summary, confidence double precision DEFAULT 0.95, OUT low double precision, OUT high double precision) -> record$$),
    ($$function detractors(summary cv_nps_summary) -> bigint$$),
    ($$function drivers(summary cv_driver_summary, method text DEFAULT NULL::text, OUT driver text, OUT weight double precision, OUT share double precision) -> SETOF record$$),
    ($$function item_statistics(summary cv_item_summary, OUT item integer, OUT mean double precision, OUT standard_deviation double precision, OUT rest_correlation double precision, OUT alpha_if_dropped double precision) -> SETOF record$$),
    ($$function maturity_level(summary cv_maturity_summary) -> integer$$),
    ($$function maturity_practices(OUT aspect text, OUT level integer, OUT level_name text, OUT practice text) -> SETOF record$$),
    ($$function nps(summary cv_nps_summary) -> double precision$$),
    ($$function nps_difference(a cv_nps_summary, b cv_nps_summary, confidence double precision DEFAULT 0.95, method text DEFAULT 'adjusted-wald'::text, OUT difference double precision, OUT standard_error double precision, OUT low double precision, OUT high double precision, OUT p_value double precision) -> record$$),
    ($$function nps_interval(summary cv_nps_summary, confidence double precision DEFAULT 0.95, method text DEFAULT 'adjusted-wald'::text, population bigint DEFAULT NULL::bigint, OUT low double precision, OUT high double precision) -> record$$),
    ($$function nps_sample_size(margin double precision, confidence double precision DEFAULT 0.95, variance double precision DEFAULT 1, population bigint DEFAULT NULL::bigint) -> bigint$$),
    ($$function nps_summary(promoters bigint, passives bigint, detractors bigint) -> cv_nps_summary$$),
    ($$function passives(summary cv_nps_summary) -> bigint$$),
    ($$function promoters(summary cv_nps_summary) -> bigint$$),
    ($$function r_squared(summary cv_driver_summary) -> double precision$$),
    ($$function responses(summary cv_csat_summary) -> bigint$$),
    ($$function responses(summary cv_driver_summary) -> bigint$$),
    ($$function responses(summary cv_item_summary) -> bigint$$),
    ($$function responses(summary cv_nps_summary) -> bigint$$),
    ($$function satisfied(summary cv_csat_summary) -> bigint$$),
    ($$aggregate cronbach_alpha(items double precision[]) -> double precision$$),
    ($$aggregate csat(score double precision, satisfied_from double precision) -> double precision$$),
    ($$aggregate csat_summary(score double precision, satisfied_from double precision) -> cv_csat_summary$$),
    ($$aggregate driver_summary(outcome double precision, drivers jsonb) -> cv_driver_summary$$),
    ($$aggregate item_summary(items double precision[]) -> cv_item_summary$$),
    ($$aggregate maturity_level(level integer, achieved boolean) -> integer$$),
    ($$aggregate maturity_summary(level integer, achieved boolean) -> cv_maturity_summary$$),
    ($$aggregate nps(score double precision) -> double precision$$),
    ($$aggregate nps(score double precision, weight double precision) -> double precision$$),
    ($$aggregate nps(score integer) -> double precision$$),
    ($$aggregate nps(score numeric) -> double precision$$),
    ($$aggregate nps_summary(score double precision) -> cv_nps_summary$$),
    ($$aggregate nps_summary(score double precision, weight double precision) -> cv_nps_summary$$),
    ($$aggregate nps_summary(score integer) -> cv_nps_summary$$),
    ($$aggregate nps_summary(score numeric) -> cv_nps_summary$$),
    ($$aggregate rollup(summary cv_csat_summary) -> cv_csat_summary$$),
    ($$aggregate rollup(summary cv_driver_summary) -> cv_driver_summary$$),
    ($$aggregate rollup(summary cv_item_summary) -> cv_item_summary$$),
    ($$aggregate rollup(summary cv_maturity_summary) -> cv_maturity_summary$$),
    ($$aggregate rollup(summary cv_nps_summary) -> cv_nps_summary$$),
    ($$function auc(s cv_ranking_summary) -> double precision$$),
    ($$function cohorts(cells cv_cohort_table, as_of date, kind text DEFAULT 'first-time'::text, OUT cohort date, OUT period_number integer, OUT customers bigint, OUT active bigint, OUT retention double precision, OUT amount double precision, OUT amount_retention double precision) -> SETOF record$$),
    ($$function gains(s cv_ranking_summary, bins integer DEFAULT 10, OUT fraction double precision, OUT share_of_outcome double precision, OUT lift double precision) -> SETOF record$$),
    ($$function gini(s cv_ranking_summary) -> double precision$$),
    ($$function lifecycle(cells cv_cohort_table, from_date date, to_date date, OUT period date, OUT active bigint, OUT new bigint, OUT retained bigint, OUT resurrected bigint, OUT dormant bigint) -> SETOF record$$),
    ($$function lifecycle(log cv_activity_log, period text, from_date date, to_date date, OUT period date, OUT state text) -> SETOF record$$),
    ($$function lift(s cv_ranking_summary, fraction double precision) -> double precision$$),
    ($$function log_rank(a cv_survival_summary, b cv_survival_summary, OUT chi_square double precision, OUT p_value double precision) -> record$$),
    ($$function median_survival(s cv_survival_summary) -> double precision$$),
    ($$function revenue_retention(flows cv_revenue_table, OUT period date, OUT opening double precision, OUT new double precision, OUT reactivated double precision, OUT expansion double precision, OUT contraction double precision, OUT churned double precision, OUT closing double precision, OUT nrr double precision, OUT grr double precision, OUT logo_retention double precision, OUT quick_ratio double precision) -> SETOF record$$),
    ($$function revenue_retention(flows cv_revenue_table, as_of date, OUT period date, OUT opening double precision, OUT new double precision, OUT reactivated double precision, OUT expansion double precision, OUT contraction double precision, OUT churned double precision, OUT closing double precision, OUT nrr double precision, OUT grr double precision, OUT logo_retention double precision, OUT quick_ratio double precision) -> SETOF record$$),
    ($$function rfm_cuts(scale cv_rfm_scale, bins integer DEFAULT 5, method text DEFAULT 'quantile'::text, OUT measure text, OUT class integer, OUT lower double precision, OUT upper double precision) -> SETOF record$$),
    ($$function rfm_score(scale cv_rfm_scale, value cv_rfm_value, bins integer DEFAULT 5, method text DEFAULT 'quantile'::text) -> cv_rfm_score$$),
    ($$function rfm_segment(score cv_rfm_score, scheme text DEFAULT 'default'::text) -> text$$),
    ($$function rfm_value(log cv_activity_log, as_of date) -> cv_rfm_value$$),
    ($$function survival_curve(s cv_survival_summary, confidence double precision DEFAULT 0.95, method text DEFAULT 'log-log'::text, OUT "time" double precision, OUT at_risk bigint, OUT events bigint, OUT censored bigint, OUT survival double precision, OUT standard_error double precision, OUT low double precision, OUT high double precision) -> SETOF record$$),
    ($$aggregate ranking_summary(score double precision, outcome double precision) -> cv_ranking_summary$$),
    ($$aggregate revenue_table(log cv_activity_log, period text) -> cv_revenue_table$$),
    ($$aggregate rfm_scale(value cv_rfm_value) -> cv_rfm_scale$$),
    ($$aggregate rollup(cells cv_cohort_table) -> cv_cohort_table$$),
    ($$aggregate rollup(flows cv_revenue_table) -> cv_revenue_table$$),
    ($$aggregate rollup(scale cv_rfm_scale) -> cv_rfm_scale$$),
    ($$aggregate rollup(summary cv_ranking_summary) -> cv_ranking_summary$$),
    ($$aggregate rollup(summary cv_survival_summary) -> cv_survival_summary$$),
    ($$aggregate segment_cohort(log cv_activity_log, period text) -> cv_cohort_table$$),
    ($$aggregate survival_summary(duration double precision, churned boolean) -> cv_survival_summary$$),
    ($$aggregate retention_base(tenure integer, churned boolean) -> cv_retention_base$$),
    ($$aggregate retention_base(tenure integer, churned boolean, customers bigint) -> cv_retention_base$$),
    ($$aggregate rollup(base cv_retention_base) -> cv_retention_base$$),
    ($$function benefits(summary cv_perceived_value_summary) -> double precision$$),
    ($$function costs(summary cv_perceived_value_summary) -> double precision$$),
    ($$function economic_value(reference_price double precision, positive_differentiation double precision, negative_differentiation double precision) -> double precision$$),
    ($$function fit_choice(data cv_choice_data) -> cv_utility_model$$),
    ($$function fit_rating(data cv_rating_data) -> cv_utility_model$$),
    ($$function goodness(model cv_utility_model, OUT observations bigint, OUT choices bigint, OUT respondents bigint, OUT log_likelihood double precision, OUT log_likelihood_null double precision, OUT aic double precision, OUT bic double precision, OUT r_squared double precision, OUT iterations integer, OUT gradient double precision, OUT converged boolean, OUT skipped bigint, OUT residual_error double precision) -> record$$),
    ($$function importance(model cv_utility_model, OUT attribute text, OUT importance double precision) -> SETOF record$$),
    ($$function kano(summary cv_kano_summary, OUT category text, OUT better double precision, OUT worse double precision, OUT attractive bigint, OUT one_dimensional bigint, OUT must_be bigint, OUT indifferent bigint, OUT reverse bigint, OUT questionable bigint) -> record$$),
    ($$function parameters(model cv_utility_model, OUT name text, OUT estimate double precision, OUT standard_error double precision, OUT low double precision, OUT high double precision, OUT reference text) -> SETOF record$$),
    ($$function perceived_value(benefits double precision, costs double precision) -> double precision$$),
    ($$function perceived_value(summary cv_perceived_value_summary) -> double precision$$),
    ($$function price_points(survey cv_price_sensitivity, OUT marginal_cheapness double precision, OUT marginal_expensiveness double precision, OUT indifference_price double precision, OUT optimal_price double precision, OUT valid bigint, OUT invalid bigint) -> record$$),
    ($$function responses(summary cv_perceived_value_summary) -> bigint$$),
    ($$function utility(model cv_utility_model, attributes jsonb) -> double precision$$),
    ($$function value_ratio(summary cv_perceived_value_summary) -> double precision$$),
    ($$function value_stick(willingness_to_pay double precision, price double precision, cost double precision, willingness_to_sell double precision, OUT customer_delight double precision, OUT firm_margin double precision, OUT supplier_surplus double precision, OUT total_value double precision) -> record$$),
    ($$function willingness_to_pay(model cv_utility_model, price text, OUT name text, OUT estimate double precision, OUT standard_error double precision, OUT low double precision, OUT high double precision) -> SETOF record$$),
    ($$aggregate choice_data(choice_set bigint, chosen boolean, attributes jsonb) -> cv_choice_data$$),
    ($$aggregate choice_data(choice_set bigint, chosen boolean, attributes jsonb, respondent bigint) -> cv_choice_data$$),
    ($$aggregate choice_data(choice_set bigint, chosen boolean, attributes jsonb, respondent bigint, weight double precision) -> cv_choice_data$$),
    ($$aggregate kano_summary(functional integer, dysfunctional integer) -> cv_kano_summary$$),
    ($$aggregate perceived_value(score double precision, weight double precision, is_cost boolean) -> double precision$$),
    ($$aggregate perceived_value_summary(score double precision, weight double precision, is_cost boolean) -> cv_perceived_value_summary$$),
    ($$aggregate price_sensitivity(too_cheap double precision, cheap double precision, expensive double precision, too_expensive double precision) -> cv_price_sensitivity$$),
    ($$aggregate rating_data(rating double precision, attributes jsonb) -> cv_rating_data$$),
    ($$aggregate rating_data(rating double precision, attributes jsonb, respondent bigint) -> cv_rating_data$$),
    ($$aggregate relative_value(own double precision, reference double precision, weight double precision) -> double precision$$),
    ($$aggregate rollup(data cv_choice_data) -> cv_choice_data$$),
    ($$aggregate rollup(data cv_rating_data) -> cv_rating_data$$),
    ($$aggregate rollup(summary cv_kano_summary) -> cv_kano_summary$$),
    ($$aggregate rollup(summary cv_perceived_value_summary) -> cv_perceived_value_summary$$),
    ($$aggregate rollup(survey cv_price_sensitivity) -> cv_price_sensitivity$$),
    ($$aggregate activity_log(at date) -> cv_activity_log$$),
    ($$aggregate activity_log(at date, amount double precision) -> cv_activity_log$$),
    ($$aggregate activity_log(at date, amount numeric) -> cv_activity_log$$),
    ($$aggregate rollup(log cv_activity_log) -> cv_activity_log$$),
    ($$aggregate purchase_history(at date, amount double precision, as_of date) -> cv_purchase_history$$),
    ($$aggregate purchase_history(at date, amount numeric, as_of date) -> cv_purchase_history$$),
    ($$aggregate customer_base(history cv_purchase_history) -> cv_customer_base$$),
    ($$aggregate customer_base(history cv_purchase_history, covariates jsonb) -> cv_customer_base$$),
    ($$aggregate clv(amount double precision, at date, as_of date, discount_rate double precision) -> double precision$$),
    ($$aggregate transition_matrix(from_state integer, to_state integer) -> cv_transition_matrix$$),
    ($$aggregate rollup(matrix cv_transition_matrix) -> cv_transition_matrix$$),
    ($$aggregate rollup(base cv_customer_base) -> cv_customer_base$$);

CREATE TEMP TABLE member AS
SELECT classid, objid FROM pg_depend
WHERE deptype = 'e' AND refclassid = 'pg_extension'::regclass
  AND refobjid = (SELECT oid FROM pg_extension WHERE extname = 'customer_value');
CREATE TEMP TABLE support AS
SELECT unnest(ARRAY[typinput, typoutput, typreceive, typsend]::oid[]) AS oid FROM pg_type JOIN member ON classid = 'pg_type'::regclass AND objid = pg_type.oid
UNION SELECT unnest(ARRAY[aggtransfn, aggcombinefn, aggfinalfn]::oid[]) FROM pg_aggregate JOIN member ON classid = 'pg_proc'::regclass AND objid = aggfnoid;
CREATE TEMP TABLE present AS
SELECT CASE prokind WHEN 'a' THEN 'aggregate ' ELSE 'function ' END || proname || '(' || pg_get_function_arguments(oid) || ') -> ' || pg_get_function_result(oid) AS signature
FROM pg_proc JOIN member ON classid = 'pg_proc'::regclass AND objid = oid
WHERE oid NOT IN (SELECT oid FROM support);

SELECT is_empty('SELECT signature FROM ledger EXCEPT SELECT signature FROM present ORDER BY 1', 'nothing promised is missing');
SELECT is_empty('SELECT signature FROM present EXCEPT SELECT signature FROM ledger ORDER BY 1', 'nothing is there that the ledger does not know');
SELECT is_empty('SELECT signature FROM ledger GROUP BY 1 HAVING count(*) > 1', 'the ledger has no duplicates');

SELECT is((SELECT string_agg(attname || ' ' || format_type(atttypid, atttypmod), ', ' ORDER BY attnum) FROM pg_attribute
    WHERE attrelid = 'cv_purchase_history'::regclass AND attnum > 0 AND NOT attisdropped),
    'frequency integer, recency double precision, age double precision, monetary double precision, log_gaps double precision',
    'the fields of cv_purchase_history');
SELECT is((SELECT string_agg(attname || ' ' || format_type(atttypid, atttypmod), ', ' ORDER BY attnum) FROM pg_attribute
    WHERE attrelid = 'cv_rfm_value'::regclass AND attnum > 0 AND NOT attisdropped),
    'recency integer, frequency bigint, monetary double precision', 'the fields of cv_rfm_value');
SELECT is((SELECT string_agg(attname || ' ' || format_type(atttypid, atttypmod), ', ' ORDER BY attnum) FROM pg_attribute
    WHERE attrelid = 'cv_rfm_score'::regclass AND attnum > 0 AND NOT attisdropped),
    'recency integer, frequency integer, monetary integer, score integer', 'the fields of cv_rfm_score');
SELECT is((SELECT string_agg(typname::text, ', ' ORDER BY typname) FROM pg_type JOIN member ON classid = 'pg_type'::regclass AND objid = oid WHERE typcategory <> 'A'),
    'cv_activity_log, cv_buying_model, cv_choice_data, cv_cohort_table, cv_csat_summary, cv_customer_base, cv_driver_summary, cv_flow_log, cv_item_summary, cv_kano_summary, cv_maturity_summary, cv_nps_summary, cv_perceived_value_summary, cv_price_sensitivity, cv_purchase_history, cv_purchase_log, cv_ranking_summary, cv_rating_data, cv_retention_base, cv_retention_model, cv_revenue_table, cv_rfm_scale, cv_rfm_score, cv_rfm_value, cv_spending_model, cv_survival_summary, cv_transition_matrix, cv_utility_model', 'the types');
SELECT is((SELECT string_agg(text, ', ' ORDER BY text COLLATE "C")
           FROM (SELECT castsource::regtype || ' to ' || casttarget::regtype || ' ' || castcontext::text AS text
                 FROM pg_cast JOIN member ON classid = 'pg_cast'::regclass AND objid = oid) AS casts),
    'cv_activity_log to jsonb a, cv_buying_model to jsonb a, cv_choice_data to jsonb a, cv_cohort_table to jsonb a, cv_csat_summary to jsonb a, cv_customer_base to jsonb a, cv_driver_summary to jsonb a, cv_item_summary to jsonb a, cv_kano_summary to jsonb a, cv_maturity_summary to jsonb a, cv_nps_summary to jsonb a, cv_perceived_value_summary to jsonb a, cv_price_sensitivity to jsonb a, cv_ranking_summary to jsonb a, cv_rating_data to jsonb a, cv_retention_base to jsonb a, cv_retention_model to jsonb a, cv_revenue_table to jsonb a, cv_rfm_scale to jsonb a, cv_spending_model to jsonb a, cv_survival_summary to jsonb a, cv_transition_matrix to jsonb a, cv_utility_model to jsonb a, jsonb to cv_buying_model a, jsonb to cv_retention_model a, jsonb to cv_spending_model a, jsonb to cv_utility_model a',
    'the casts');

SELECT * FROM finish();
ROLLBACK;
