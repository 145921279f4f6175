-- segment: cohorts, lifecycle and revenue retention

-- cohorts
CREATE TYPE cv_cohort_table;
COMMENT ON TYPE cv_cohort_table IS
'Customers with a purchase in one period of the calendar who have one in a later or the same period: for each pair of periods how many there are, how many of them first bought in the former or last in the latter, and their net amounts, 80 bytes a pair. Made by segment_cohort(), merged by rollup(), asked by cohorts() and lifecycle(), at most 1 GB. Text form: {"period": "month", "cells": [[cohort, period, first_active, first_last, active, last, first_amount, amount], ...]}, sorted, exact and valid JSON.';

CREATE FUNCTION cv_cohort_table_in(cstring) RETURNS cv_cohort_table
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cv_cohort_table_in(cstring) IS
'Reads a cohort table from text. Errors: 22P02 for a malformed text, a date that begins no period, impossible counts or cells out of order.';
CREATE FUNCTION cv_cohort_table_out(cv_cohort_table) RETURNS cstring
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cv_cohort_table_out(cv_cohort_table) IS
'Writes a cohort table as text that reads back exactly.';
CREATE FUNCTION cv_cohort_table_recv(internal) RETURNS cv_cohort_table
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cv_cohort_table_recv(internal) IS
'Reads a cohort table from its binary form. Errors: 22P03 for corrupt bytes or an unknown version.';
CREATE FUNCTION cv_cohort_table_send(cv_cohort_table) RETURNS bytea
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cv_cohort_table_send(cv_cohort_table) IS
'Writes a cohort table in binary: version, flags, label, entries, big-endian.';
CREATE TYPE cv_cohort_table (
    INPUT = cv_cohort_table_in,
    OUTPUT = cv_cohort_table_out,
    RECEIVE = cv_cohort_table_recv,
    SEND = cv_cohort_table_send,
    INTERNALLENGTH = VARIABLE,
    ALIGNMENT = double,
    STORAGE = extended
);
CREATE CAST (cv_cohort_table AS jsonb) WITH INOUT AS ASSIGNMENT;
COMMENT ON CAST (cv_cohort_table AS jsonb) IS 'The text form as jsonb (up to 256 MB).';

CREATE FUNCTION segment_cohort_trans(cv_cohort_table, cv_activity_log, text) RETURNS cv_cohort_table
    AS 'MODULE_PATHNAME', 'cv_segment_cohort_trans' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION segment_cohort_trans(cv_cohort_table, cv_activity_log, text) IS
'Transition of segment_cohort(); of no use elsewhere.';
CREATE FUNCTION cohort_table_combine(cv_cohort_table, cv_cohort_table) RETURNS cv_cohort_table
    AS 'MODULE_PATHNAME', 'cv_cohort_table_combine' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION cohort_table_combine(cv_cohort_table, cv_cohort_table) IS
'Merges two states of segment_cohort(); of no use elsewhere.';
CREATE FUNCTION cohort_table_final(cv_cohort_table) RETURNS cv_cohort_table
    AS 'MODULE_PATHNAME', 'cv_cohort_table_final' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION cohort_table_final(cv_cohort_table) IS
'Final function of segment_cohort(); of no use elsewhere.';

CREATE AGGREGATE segment_cohort(log cv_activity_log, period text) (
    SFUNC = segment_cohort_trans,
    STYPE = cv_cohort_table,
    SSPACE = 2048,
    FINALFUNC = cohort_table_final,
    COMBINEFUNC = cohort_table_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE segment_cohort(cv_activity_log, text) IS
'Cohorts of customers, a row with the stored log of each: period is day, week (ISO, from Monday), month, quarter or year. Group by any column of the customer for segments. Days with returns only make nobody active, but their amounts count; returns in a period before the first purchase have no cohort and are left out. A row with any NULL is ignored; no rows give NULL. Errors: 22023 for an unknown period or one that changes between rows, 22008 for a log of 4714 BC whose period begins before there are dates, 54000 beyond 1 GB.';

CREATE AGGREGATE rollup(cells cv_cohort_table) (
    SFUNC = cohort_table_combine,
    STYPE = cv_cohort_table,
    SSPACE = 2048,
    FINALFUNC = cohort_table_final,
    COMBINEFUNC = cohort_table_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE rollup(cv_cohort_table) IS
'Merges cohort tables of different customers, for example of segments. Same as the table of all their logs. Errors: 22023 for tables of different periods. NULLs are ignored; no rows give NULL.';

CREATE FUNCTION cohorts(cells cv_cohort_table, as_of date, kind text DEFAULT 'first-time',
    OUT cohort date, OUT period_number integer, OUT customers bigint, OUT active bigint, OUT retention float8, OUT amount float8, OUT amount_retention float8) RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'cv_cohorts' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 200;
COMMENT ON FUNCTION cohorts(cv_cohort_table, date, text) IS
'Retention by cohort: cohort is the first day of its period, period_number how many periods later (0 for the cohort''s own), customers the size of the cohort, active how many of them have a purchase in that period, retention active / customers, amount their net amount in that period, amount_retention its ratio to the amount of period 0 (NULL where that is not above 0). kind: first-time, each customer in the cohort of the first purchase; recurring, in that of every period with a purchase; unbounded and recurring-unbounded, the same with active counting those who have a purchase in that period or any later one (amounts are NULL). Cells up to the period of as_of are there even when nobody was active, that running period too; cells after it are absent, and so are cohorts without customers. Errors: 22023 for an unknown kind, or an as_of before the last active period with an unbounded kind; 22008 for an infinite as_of.';

-- lifecycle
CREATE FUNCTION lifecycle(log cv_activity_log, period text, from_date date, to_date date, OUT period date, OUT state text) RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'cv_lifecycle' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 10;
COMMENT ON FUNCTION lifecycle(cv_activity_log, text, date, date) IS
'What one customer was in each period from that of from_date to that of to_date, whole periods: new in the period of the first purchase ever, returning with purchases in this period and the one before, resurrecting with one after a pause, dormant in the first period without one. The second and later periods of a pause have no row. Errors: 22023 for an unknown period or from_date after to_date, 22008 for an infinite date.';

CREATE FUNCTION lifecycle(cells cv_cohort_table, from_date date, to_date date,
    OUT period date, OUT active bigint, OUT new bigint, OUT retained bigint, OUT resurrected bigint, OUT dormant bigint) RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'cv_lifecycle_counts' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 50;
COMMENT ON FUNCTION lifecycle(cv_cohort_table, date, date) IS
'The lifecycle of all customers of a cohort table, counted, for each period from that of from_date to that of to_date: active = new + retained (returning) + resurrected, and active = active of the period before + new + resurrected - dormant. Same as counting lifecycle(log, ...) of each log, in one pass. Errors: 22023 for from_date after to_date, 22008 for an infinite date.';

-- revenue
CREATE TYPE cv_revenue_table;
COMMENT ON TYPE cv_revenue_table IS
'Flows of revenue by period of the calendar: what was new, reactivated, more, less or gone, and how many customers came, came back and went. 112 bytes for each period with a change. Made by revenue_table(), merged by rollup(), at most 1 GB. Text form: {"period": "month", "flows": [[period, new_customers, reactivated_customers, churned_customers, new, reactivated, expansion, contraction, churned], ...]}, sorted, exact and valid JSON.';

CREATE FUNCTION cv_revenue_table_in(cstring) RETURNS cv_revenue_table
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cv_revenue_table_in(cstring) IS
'Reads a revenue table from text. Errors: 22P02 for a malformed text, a date that begins no period, negative flows or periods out of order.';
CREATE FUNCTION cv_revenue_table_out(cv_revenue_table) RETURNS cstring
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cv_revenue_table_out(cv_revenue_table) IS
'Writes a revenue table as text that reads back exactly.';
CREATE FUNCTION cv_revenue_table_recv(internal) RETURNS cv_revenue_table
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cv_revenue_table_recv(internal) IS
'Reads a revenue table from its binary form. Errors: 22P03 for corrupt bytes or an unknown version.';
CREATE FUNCTION cv_revenue_table_send(cv_revenue_table) RETURNS bytea
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cv_revenue_table_send(cv_revenue_table) IS
'Writes a revenue table in binary: version, flags, label, entries, big-endian.';
CREATE TYPE cv_revenue_table (
    INPUT = cv_revenue_table_in,
    OUTPUT = cv_revenue_table_out,
    RECEIVE = cv_revenue_table_recv,
    SEND = cv_revenue_table_send,
    INTERNALLENGTH = VARIABLE,
    ALIGNMENT = double,
    STORAGE = extended
);
CREATE CAST (cv_revenue_table AS jsonb) WITH INOUT AS ASSIGNMENT;
COMMENT ON CAST (cv_revenue_table AS jsonb) IS 'The text form as jsonb (up to 256 MB).';

CREATE FUNCTION revenue_table_trans(cv_revenue_table, cv_activity_log, text) RETURNS cv_revenue_table
    AS 'MODULE_PATHNAME', 'cv_revenue_table_trans' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION revenue_table_trans(cv_revenue_table, cv_activity_log, text) IS
'Transition of revenue_table(); of no use elsewhere.';
CREATE FUNCTION revenue_table_combine(cv_revenue_table, cv_revenue_table) RETURNS cv_revenue_table
    AS 'MODULE_PATHNAME', 'cv_revenue_table_combine' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION revenue_table_combine(cv_revenue_table, cv_revenue_table) IS
'Merges two states of revenue_table(); of no use elsewhere.';
CREATE FUNCTION revenue_table_final(cv_revenue_table) RETURNS cv_revenue_table
    AS 'MODULE_PATHNAME', 'cv_revenue_table_final' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION revenue_table_final(cv_revenue_table) IS
'Final function of revenue_table(); of no use elsewhere.';

CREATE AGGREGATE revenue_table(log cv_activity_log, period text) (
    SFUNC = revenue_table_trans,
    STYPE = cv_revenue_table,
    SSPACE = 2048,
    FINALFUNC = revenue_table_final,
    COMBINEFUNC = revenue_table_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE revenue_table(cv_activity_log, text) IS
'Flows of revenue, a row with the stored log of each customer: period is day, week (ISO, from Monday), month, quarter or year. A customer''s revenue in a period is the net amount where it is above 0, else none. A row with any NULL is ignored; no rows give NULL. Errors: 22023 for an unknown period or one that changes between rows, 22008 for a log of 4714 BC whose period begins before there are dates.';

CREATE AGGREGATE rollup(flows cv_revenue_table) (
    SFUNC = revenue_table_combine,
    STYPE = cv_revenue_table,
    SSPACE = 2048,
    FINALFUNC = revenue_table_final,
    COMBINEFUNC = revenue_table_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE rollup(cv_revenue_table) IS
'Merges revenue tables of different customers, for example of segments. Same as the table of all their logs. Errors: 22023 for tables of different periods. NULLs are ignored; no rows give NULL.';

CREATE FUNCTION revenue_retention(flows cv_revenue_table,
    OUT period date, OUT opening float8, OUT new float8, OUT reactivated float8, OUT expansion float8, OUT contraction float8, OUT churned float8, OUT closing float8,
    OUT nrr float8, OUT grr float8, OUT logo_retention float8, OUT quick_ratio float8) RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'cv_revenue_retention' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 50;
COMMENT ON FUNCTION revenue_retention(cv_revenue_table) IS
'Revenue retention from the first period with revenue to the last one. opening + new + reactivated + expansion - contraction - churned = closing, which is the next period''s opening; contraction and churned are positive numbers. nrr, net revenue retention, is (opening + expansion - contraction - churned) / opening; grr, gross, the same without expansion; logo_retention the share of the opening''s customers who have revenue again; quick_ratio (new + reactivated + expansion) / (contraction + churned). Rates are NULL where the denominator is 0, as in the first period.';

CREATE FUNCTION revenue_retention(flows cv_revenue_table, as_of date,
    OUT period date, OUT opening float8, OUT new float8, OUT reactivated float8, OUT expansion float8, OUT contraction float8, OUT churned float8, OUT closing float8,
    OUT nrr float8, OUT grr float8, OUT logo_retention float8, OUT quick_ratio float8) RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'cv_revenue_retention' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 50;
COMMENT ON FUNCTION revenue_retention(cv_revenue_table, date) IS
'As revenue_retention(flows), to the period of as_of: later periods are absent, those after the last revenue are there, so that its loss shows. Errors: 22008 for an infinite as_of.';

