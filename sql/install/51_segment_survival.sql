-- segment: survival and ranking

-- survival
CREATE TYPE cv_survival_summary;
COMMENT ON TYPE cv_survival_summary IS
'Durations of customers, counted: at each duration how many were lost and how many were still there when last seen. 24 bytes for each distinct duration. Made by survival_summary(), merged by rollup(), at most 1 GB. Text form: [[duration, events, censored], ...], sorted, exact and valid JSON.';

CREATE FUNCTION cv_survival_summary_in(cstring) RETURNS cv_survival_summary
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cv_survival_summary_in(cstring) IS
'Reads a survival summary from text. Errors: 22P02 for a malformed text, a negative duration or durations out of order.';
CREATE FUNCTION cv_survival_summary_out(cv_survival_summary) RETURNS cstring
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cv_survival_summary_out(cv_survival_summary) IS
'Writes a survival summary as text that reads back exactly.';
CREATE FUNCTION cv_survival_summary_recv(internal) RETURNS cv_survival_summary
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cv_survival_summary_recv(internal) IS
'Reads a survival summary from its binary form. Errors: 22P03 for corrupt bytes or an unknown version.';
CREATE FUNCTION cv_survival_summary_send(cv_survival_summary) RETURNS bytea
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cv_survival_summary_send(cv_survival_summary) IS
'Writes a survival summary in binary: version, flags, label, entries, big-endian.';
CREATE TYPE cv_survival_summary (
    INPUT = cv_survival_summary_in,
    OUTPUT = cv_survival_summary_out,
    RECEIVE = cv_survival_summary_recv,
    SEND = cv_survival_summary_send,
    INTERNALLENGTH = VARIABLE,
    ALIGNMENT = double,
    STORAGE = extended
);
CREATE CAST (cv_survival_summary AS jsonb) WITH INOUT AS ASSIGNMENT;
COMMENT ON CAST (cv_survival_summary AS jsonb) IS 'The text form as jsonb (up to 256 MB).';

CREATE FUNCTION survival_summary_trans(cv_survival_summary, float8, boolean) RETURNS cv_survival_summary
    AS 'MODULE_PATHNAME', 'cv_survival_summary_trans' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION survival_summary_trans(cv_survival_summary, float8, boolean) IS
'Transition of survival_summary(); of no use elsewhere.';
CREATE FUNCTION survival_summary_combine(cv_survival_summary, cv_survival_summary) RETURNS cv_survival_summary
    AS 'MODULE_PATHNAME', 'cv_survival_summary_combine' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION survival_summary_combine(cv_survival_summary, cv_survival_summary) IS
'Merges two states of survival_summary(); of no use elsewhere.';
CREATE FUNCTION survival_summary_final(cv_survival_summary) RETURNS cv_survival_summary
    AS 'MODULE_PATHNAME', 'cv_survival_summary_final' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION survival_summary_final(cv_survival_summary) IS
'Final function of survival_summary(); of no use elsewhere.';

CREATE AGGREGATE survival_summary(duration float8, churned boolean) (
    SFUNC = survival_summary_trans,
    STYPE = cv_survival_summary,
    SSPACE = 1024,
    FINALFUNC = survival_summary_final,
    COMBINEFUNC = survival_summary_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE survival_summary(float8, boolean) IS
'Counts durations, a row each: churned true for a customer who was lost after that time, false for one who is still there (censored at that time). The unit is the caller''s. A row with any NULL is ignored; no rows give NULL. Errors: 22003 for a duration that is negative, NaN or infinite.';

CREATE AGGREGATE rollup(summary cv_survival_summary) (
    SFUNC = survival_summary_combine,
    STYPE = cv_survival_summary,
    SSPACE = 1024,
    FINALFUNC = survival_summary_final,
    COMBINEFUNC = survival_summary_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE rollup(cv_survival_summary) IS
'Merges survival summaries. Same as the summary of all their rows. NULLs are ignored; no rows give NULL.';

CREATE FUNCTION survival_curve(s cv_survival_summary, confidence float8 DEFAULT 0.95, method text DEFAULT 'log-log',
    OUT "time" float8, OUT at_risk bigint, OUT events bigint, OUT censored bigint, OUT survival float8, OUT standard_error float8, OUT low float8, OUT high float8) RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'cv_survival_curve' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 100;
COMMENT ON FUNCTION survival_curve(cv_survival_summary, float8, text) IS
'The product-limit estimate of survival (Kaplan and Meier 1958), a row for each distinct duration: customers at risk just before, lost and censored at it, the share that survives it, the standard error by Greenwood and an interval. Who is lost comes before who is censored at the same time. method: plain, survival -/+ z standard errors; log, on the logarithm; log-log, on log(-log), which never leaves 0..1; plain and log are cut off at 0 and 1. Where survival is 0 error and interval are NULL, where it is 1 the interval is 1..1. Errors: 22023 for an unknown method or a confidence not between 0 and 1.';

CREATE FUNCTION median_survival(s cv_survival_summary) RETURNS float8
    AS 'MODULE_PATHNAME', 'cv_median_survival' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION median_survival(cv_survival_summary) IS
'The least duration at which at most half of the customers survive; NULL if more than half survive the last one.';

CREATE FUNCTION log_rank(a cv_survival_summary, b cv_survival_summary, OUT chi_square float8, OUT p_value float8) RETURNS record
    AS 'MODULE_PATHNAME', 'cv_log_rank' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION log_rank(cv_survival_summary, cv_survival_summary) IS
'The log-rank test (Mantel 1966; Peto and Peto 1972) of the hypothesis that two groups are lost alike: (sum of observed - expected losses)^2 / hypergeometric variance, chi-square with one degree of freedom. NULL where nothing can be compared.';

-- ranking
CREATE TYPE cv_ranking_summary;
COMMENT ON TYPE cv_ranking_summary IS
'Scores of customers and what came of them: how many customers have each pair, 24 bytes a pair. Made by ranking_summary(), merged by rollup(), at most 1 GB. Text form: [[score, outcome, customers], ...], sorted, exact and valid JSON.';

CREATE FUNCTION cv_ranking_summary_in(cstring) RETURNS cv_ranking_summary
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cv_ranking_summary_in(cstring) IS
'Reads a ranking summary from text. Errors: 22P02 for a malformed text, a number that is not finite or pairs out of order.';
CREATE FUNCTION cv_ranking_summary_out(cv_ranking_summary) RETURNS cstring
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cv_ranking_summary_out(cv_ranking_summary) IS
'Writes a ranking summary as text that reads back exactly.';
CREATE FUNCTION cv_ranking_summary_recv(internal) RETURNS cv_ranking_summary
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cv_ranking_summary_recv(internal) IS
'Reads a ranking summary from its binary form. Errors: 22P03 for corrupt bytes or an unknown version.';
CREATE FUNCTION cv_ranking_summary_send(cv_ranking_summary) RETURNS bytea
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cv_ranking_summary_send(cv_ranking_summary) IS
'Writes a ranking summary in binary: version, flags, label, entries, big-endian.';
CREATE TYPE cv_ranking_summary (
    INPUT = cv_ranking_summary_in,
    OUTPUT = cv_ranking_summary_out,
    RECEIVE = cv_ranking_summary_recv,
    SEND = cv_ranking_summary_send,
    INTERNALLENGTH = VARIABLE,
    ALIGNMENT = double,
    STORAGE = extended
);
CREATE CAST (cv_ranking_summary AS jsonb) WITH INOUT AS ASSIGNMENT;
COMMENT ON CAST (cv_ranking_summary AS jsonb) IS 'The text form as jsonb (up to 256 MB).';

CREATE FUNCTION ranking_summary_trans(cv_ranking_summary, float8, float8) RETURNS cv_ranking_summary
    AS 'MODULE_PATHNAME', 'cv_ranking_summary_trans' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION ranking_summary_trans(cv_ranking_summary, float8, float8) IS
'Transition of ranking_summary(); of no use elsewhere.';
CREATE FUNCTION ranking_summary_combine(cv_ranking_summary, cv_ranking_summary) RETURNS cv_ranking_summary
    AS 'MODULE_PATHNAME', 'cv_ranking_summary_combine' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION ranking_summary_combine(cv_ranking_summary, cv_ranking_summary) IS
'Merges two states of ranking_summary(); of no use elsewhere.';
CREATE FUNCTION ranking_summary_final(cv_ranking_summary) RETURNS cv_ranking_summary
    AS 'MODULE_PATHNAME', 'cv_ranking_summary_final' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION ranking_summary_final(cv_ranking_summary) IS
'Final function of ranking_summary(); of no use elsewhere.';

CREATE AGGREGATE ranking_summary(score float8, outcome float8) (
    SFUNC = ranking_summary_trans,
    STYPE = cv_ranking_summary,
    SSPACE = 1024,
    FINALFUNC = ranking_summary_final,
    COMBINEFUNC = ranking_summary_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE ranking_summary(float8, float8) IS
'How a score, known before, ranks customers by an outcome, seen later: 0 and 1 (bought or not), a number of purchases, an amount. High scores are best. A row with any NULL is ignored; no rows give NULL. Errors: 22003 for a score that is NaN or infinite, or an outcome that is NaN or beyond 1e200.';

CREATE AGGREGATE rollup(summary cv_ranking_summary) (
    SFUNC = ranking_summary_combine,
    STYPE = cv_ranking_summary,
    SSPACE = 1024,
    FINALFUNC = ranking_summary_final,
    COMBINEFUNC = ranking_summary_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE rollup(cv_ranking_summary) IS
'Merges ranking summaries. Same as the summary of all their rows. NULLs are ignored; no rows give NULL.';

CREATE FUNCTION auc(s cv_ranking_summary) RETURNS float8
    AS 'MODULE_PATHNAME', 'cv_auc' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION auc(cv_ranking_summary) IS
'The area under the ROC curve: the probability that of a customer with outcome 1 and one with outcome 0 the former has the higher score, a tie counting half (Mann and Whitney 1947). NULL where all outcomes are equal. Errors: 22000 for an outcome that is neither 0 nor 1.';

CREATE FUNCTION gini(s cv_ranking_summary) RETURNS float8
    AS 'MODULE_PATHNAME', 'cv_gini' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION gini(cv_ranking_summary) IS
'The area between the curve of gains and the diagonal, as a share of that of the best possible ranking: 1 for that one, 0 for chance, negative for worse. For outcomes of 0 and 1 it is 2 auc - 1. Customers of one score share its places evenly. NULL where all outcomes are equal.';

CREATE FUNCTION lift(s cv_ranking_summary, fraction float8) RETURNS float8
    AS 'MODULE_PATHNAME', 'cv_lift' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION lift(cv_ranking_summary, float8) IS
'The share of the outcome that the customers with the highest scores have, divided by the fraction of the customers that they are: 1 for chance. fraction is above 0 and at most 1, and may end within a customer or among equal scores, who share evenly. NULL where the outcomes do not add up to more than 0. Errors: 22023 for a fraction out of range.';

CREATE FUNCTION gains(s cv_ranking_summary, bins integer DEFAULT 10, OUT fraction float8, OUT share_of_outcome float8, OUT lift float8) RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'cv_gains' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 10;
COMMENT ON FUNCTION gains(cv_ranking_summary, integer) IS
'The curve of gains: the share of the outcome that the best 1/bins, 2/bins, ... of the customers have, and its ratio to that fraction. Customers of one score share its places evenly. Shares are NULL where the outcomes do not add up to more than 0. Errors: 22023 for bins outside 1..10000.';

