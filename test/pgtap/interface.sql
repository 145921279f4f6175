-- The public interface: every signature with its argument names, defaults and result, compared both ways.
-- A change here is a change of what people's queries and views are written against.
BEGIN;
SET LOCAL client_min_messages = warning;
SET LOCAL search_path = public;
SET LOCAL intervalstyle = 'postgres';
SELECT plan(6);

CREATE TEMP TABLE ledger (signature text);
INSERT INTO ledger VALUES
    ($$function active_days(log cv_activity_log) -> bigint$$),
    ($$function clv(buying cv_buying_model, spending cv_spending_model, history cv_purchase_history, horizon interval DEFAULT NULL::interval, discount_rate double precision DEFAULT 0.10, margin double precision DEFAULT 1) -> double precision$$),
    ($$function clv(flows cv_activity_log, as_of date, discount_rate double precision) -> double precision$$),
    ($$function clv(margin double precision, retention double precision, discount_rate double precision, growth double precision DEFAULT 0, periods integer DEFAULT NULL::integer, timing text DEFAULT 'end'::text) -> double precision$$),
    ($$function clv(transition double precision[], reward double precision[], discount_rate double precision, periods integer DEFAULT NULL::integer) -> double precision[]$$),
    ($$function customers(base cv_customer_base) -> bigint$$),
    ($$function discounted_purchases(model cv_buying_model, history cv_purchase_history, discount_rate double precision, horizon interval DEFAULT NULL::interval) -> double precision$$),
    ($$function entries(log cv_activity_log, OUT at date, OUT amount double precision, OUT events integer) -> SETOF record$$),
    ($$function events(log cv_activity_log) -> bigint$$),
    ($$function events(log cv_activity_log, from_date date, to_date date) -> bigint$$),
    ($$function expected_purchases(model cv_buying_model, history cv_purchase_history, horizon interval) -> double precision$$),
    ($$function expected_purchases(model cv_buying_model, horizon interval) -> double precision$$),
    ($$function expected_spend(model cv_spending_model, history cv_purchase_history) -> double precision$$),
    ($$function first_on(log cv_activity_log) -> date$$),
    ($$function fit_buying(base cv_customer_base, family text DEFAULT 'mbg/nbd'::text, unit interval DEFAULT '7 days'::interval, penalty double precision DEFAULT 0) -> cv_buying_model$$),
    ($$function fit_spending(base cv_customer_base, penalty double precision DEFAULT 0) -> cv_spending_model$$),
    ($$function goodness(model cv_buying_model, OUT customers bigint, OUT log_likelihood double precision, OUT aic double precision, OUT bic double precision, OUT iterations integer, OUT gradient double precision, OUT converged boolean, OUT compared jsonb) -> record$$),
    ($$function goodness(model cv_spending_model, OUT customers bigint, OUT log_likelihood double precision, OUT aic double precision, OUT bic double precision, OUT iterations integer, OUT gradient double precision, OUT converged boolean, OUT compared jsonb) -> record$$),
    ($$function last_on(log cv_activity_log) -> date$$),
    ($$function log_likelihood(model cv_buying_model, history cv_purchase_history) -> double precision$$),
    ($$function log_likelihood(model cv_spending_model, history cv_purchase_history) -> double precision$$),
    ($$function p_alive(model cv_buying_model, history cv_purchase_history, ahead interval DEFAULT '00:00:00'::interval) -> double precision$$),
    ($$function parameters(model cv_buying_model, OUT name text, OUT estimate double precision, OUT standard_error double precision, OUT low double precision, OUT high double precision) -> SETOF record$$),
    ($$function parameters(model cv_spending_model, OUT name text, OUT estimate double precision, OUT standard_error double precision, OUT low double precision, OUT high double precision) -> SETOF record$$),
    ($$function probabilities(matrix cv_transition_matrix) -> double precision[]$$),
    ($$function purchase_history(log cv_activity_log, as_of date) -> cv_purchase_history$$),
    ($$function purchase_probability(model cv_buying_model, history cv_purchase_history, horizon interval, purchases integer) -> double precision$$),
    ($$function purchase_probability(model cv_buying_model, horizon interval, purchases integer) -> double precision$$),
    ($$function simulate_purchases(buying cv_buying_model, spending cv_spending_model, customers integer, until date, acquired_from date, acquired_to date, seed bigint, OUT customer_id bigint, OUT at date, OUT amount double precision) -> SETOF record$$),
    ($$function total(log cv_activity_log) -> double precision$$),
    ($$function total(log cv_activity_log, from_date date, to_date date) -> double precision$$),
    ($$function clv(model cv_retention_model, margin double precision, discount_rate double precision, renewals integer DEFAULT 0) -> double precision$$),
    ($$function customers(base cv_retention_base) -> bigint$$),
    ($$function fit_retention(base cv_retention_base, family text DEFAULT 'sbg'::text) -> cv_retention_model$$),
    ($$function goodness(model cv_retention_model, OUT customers bigint, OUT log_likelihood double precision, OUT aic double precision, OUT bic double precision, OUT iterations integer, OUT gradient double precision, OUT converged boolean, OUT compared jsonb) -> record$$),
    ($$function parameters(model cv_retention_model, OUT name text, OUT estimate double precision, OUT standard_error double precision, OUT low double precision, OUT high double precision) -> SETOF record$$),
    ($$function retention_rate(model cv_retention_model, t integer) -> double precision$$),
    ($$function survival(model cv_retention_model, t integer) -> double precision$$),
    ($$aggregate retention_base(tenure integer, churned boolean) -> cv_retention_base$$),
    ($$aggregate retention_base(tenure integer, churned boolean, customers bigint) -> cv_retention_base$$),
    ($$aggregate rollup(base cv_retention_base) -> cv_retention_base$$),
    ($$aggregate activity_log(at date) -> cv_activity_log$$),
    ($$aggregate activity_log(at date, amount double precision) -> cv_activity_log$$),
    ($$aggregate rollup(log cv_activity_log) -> cv_activity_log$$),
    ($$aggregate purchase_history(at date, amount double precision, as_of date) -> cv_purchase_history$$),
    ($$aggregate customer_base(history cv_purchase_history) -> cv_customer_base$$),
    ($$aggregate clv(amount double precision, at date, as_of date, discount_rate double precision) -> double precision$$),
    ($$aggregate transition_matrix(from_state integer, to_state integer) -> cv_transition_matrix$$),
    ($$aggregate rollup(matrix cv_transition_matrix) -> cv_transition_matrix$$),
    ($$function customers(graph cv_journey_graph) -> bigint$$),
    ($$function customers(summary cv_funnel_summary) -> bigint$$),
    ($$function edges(graph cv_journey_graph, OUT from_stage text, OUT to_stage text, OUT customers bigint, OUT transitions bigint, OUT median_gap interval, OUT p90_gap interval) -> SETOF record$$),
    ($$function entries(log cv_journey_log, OUT at timestamp with time zone, OUT stage text) -> SETOF record$$),
    ($$function funnel(log cv_journey_log, steps text[], within interval, strict boolean DEFAULT false) -> cv_funnel_result$$),
    ($$function funnel_steps(summary cv_funnel_summary, OUT step integer, OUT customers bigint, OUT conversion double precision, OUT step_conversion double precision, OUT median_gap interval, OUT p90_gap interval, OUT dropped bigint) -> SETOF record$$),
    ($$function stages(log cv_journey_log, collapse boolean DEFAULT true) -> text[]$$),
    ($$aggregate funnel_summary(result cv_funnel_result) -> cv_funnel_summary$$),
    ($$aggregate journey_graph(log cv_journey_log) -> cv_journey_graph$$),
    ($$aggregate journey_log(at timestamp with time zone, stage text) -> cv_journey_log$$),
    ($$aggregate retention(VARIADIC conditions boolean[]) -> integer[]$$),
    ($$aggregate rollup(graph cv_journey_graph) -> cv_journey_graph$$),
    ($$aggregate rollup(log cv_journey_log) -> cv_journey_log$$),
    ($$aggregate rollup(summary cv_funnel_summary) -> cv_funnel_summary$$),
    ($$aggregate sequence_count(pattern text, at timestamp with time zone, VARIADIC conditions boolean[]) -> bigint$$),
    ($$aggregate sequence_match(pattern text, at timestamp with time zone, VARIADIC conditions boolean[]) -> boolean$$),
    ($$aggregate sequence_next_node(direction text, base text, at timestamp with time zone, node text, base_condition boolean, VARIADIC steps boolean[]) -> text$$),
    ($$aggregate window_funnel(within interval, mode text, at timestamp with time zone, VARIADIC steps boolean[]) -> integer$$),
    ($$aggregate rollup(base cv_customer_base) -> cv_customer_base$$);
-- attribution and care
INSERT INTO ledger VALUES
    ($$function agents_needed(calls double precision, period interval, handle_time interval, target double precision, within interval, shrinkage double precision DEFAULT 0) -> integer$$),
    ($$function attribution(summary cv_attribution_summary, method text DEFAULT 'markov'::text, markov_order integer DEFAULT 1, position_weights double precision[] DEFAULT '{0.4,0.2,0.4}'::double precision[], half_life interval DEFAULT '7 days'::interval, OUT channel text, OUT conversions double precision, OUT value double precision, OUT share double precision, OUT removal_effect double precision) -> SETOF record$$),
    ($$function business_due(from_at timestamp with time zone, work interval, calendar cv_business_calendar) -> timestamp with time zone$$),
    ($$function business_interval(from_at timestamp with time zone, to_at timestamp with time zone, calendar cv_business_calendar) -> interval$$),
    ($$function erlang_a(load double precision, agents integer, patience double precision, OUT wait_probability double precision, OUT abandonment double precision) -> record$$),
    ($$function erlang_b(load double precision, agents integer) -> double precision$$),
    ($$function erlang_c(load double precision, agents integer) -> double precision$$),
    ($$function service_level(calls double precision, period interval, handle_time interval, agents integer, within interval) -> double precision$$),
    ($$function support_metrics(summary cv_support_summary, OUT tickets bigint, OUT solved bigint, OUT backlog bigint, OUT first_reply_mean interval, OUT first_reply_median interval, OUT first_reply_p90 interval, OUT resolution_mean interval, OUT resolution_median interval, OUT resolution_p90 interval, OUT sla_attainment double precision, OUT first_contact_resolution double precision, OUT reopen_rate double precision, OUT replied bigint, OUT sla_met bigint, OUT sla_breached bigint) -> record$$),
    ($$aggregate attribution_summary(log cv_journey_log, converted_at timestamp with time zone, value double precision) -> cv_attribution_summary$$),
    ($$aggregate attribution_summary(path text[], conversions double precision, value double precision, nulls double precision) -> cv_attribution_summary$$),
    ($$aggregate rollup(summary cv_attribution_summary) -> cv_attribution_summary$$),
    ($$aggregate rollup(summary cv_support_summary) -> cv_support_summary$$),
    ($$aggregate support_summary(created timestamp with time zone, first_reply timestamp with time zone, solved timestamp with time zone, contacts integer, reopens integer, as_of timestamp with time zone, reply_within interval, calendar cv_business_calendar) -> cv_support_summary$$);

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
SELECT is((SELECT string_agg(typname::text, ', ' ORDER BY typname) FROM pg_type JOIN member ON classid = 'pg_type'::regclass AND objid = oid WHERE typcategory <> 'A'),
    'cv_activity_log, cv_attribution_summary, cv_business_calendar, cv_buying_model, cv_condition_log, cv_condition_union, cv_customer_base, cv_flow_log, cv_funnel_result, cv_funnel_summary, cv_journey_graph, cv_journey_log, cv_node_log, cv_purchase_history, cv_purchase_log, cv_retention_base, cv_retention_model, cv_spending_model, cv_support_summary, cv_transition_matrix', 'the types');
SELECT is((SELECT string_agg(text, ', ' ORDER BY text COLLATE "C")
           FROM (SELECT castsource::regtype || ' to ' || casttarget::regtype || ' ' || castcontext::text AS text
                 FROM pg_cast JOIN member ON classid = 'pg_cast'::regclass AND objid = oid) AS casts),
    'cv_activity_log to jsonb a, cv_attribution_summary to jsonb a, cv_business_calendar to jsonb a, cv_buying_model to jsonb a, cv_customer_base to jsonb a, cv_funnel_summary to jsonb a, cv_journey_graph to jsonb a, cv_journey_log to jsonb a, cv_retention_base to jsonb a, cv_retention_model to jsonb a, cv_spending_model to jsonb a, cv_support_summary to jsonb a, cv_transition_matrix to jsonb a, jsonb to cv_business_calendar a, jsonb to cv_buying_model a, jsonb to cv_retention_model a, jsonb to cv_spending_model a',
    'the casts');

SELECT * FROM finish();
ROLLBACK;
