-- voice: what customers say, recommendation and satisfaction

-- Net Promoter Score

CREATE TYPE cv_nps_summary;
COMMENT ON TYPE cv_nps_summary IS
'Answers to the question how likely a customer is to recommend us, from 0 to 10, counted as promoters (9, 10), passives (7, 8) and detractors (0 to 6); with weights also their exact sums and sums of squares. Made by nps_summary(), merged by rollup(), the same in any order of the rows. Text form: {"promoters": 45, "passives": 30, "detractors": 25}; with weights also "weights": [p, a, d] and "squares": [p, a, d].';

CREATE FUNCTION cv_nps_summary_in(cstring) RETURNS cv_nps_summary
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cv_nps_summary_in(cstring) IS
'Reads a summary of NPS answers from text. Errors: 22P02 naming what is missing, unknown or out of range.';
CREATE FUNCTION cv_nps_summary_out(cv_nps_summary) RETURNS cstring
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cv_nps_summary_out(cv_nps_summary) IS
'Writes a summary of NPS answers as text that reads back exactly.';
CREATE FUNCTION cv_nps_summary_recv(internal) RETURNS cv_nps_summary
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cv_nps_summary_recv(internal) IS
'Reads a summary of NPS answers from its binary form. Errors: 22P03 for corrupt bytes or an unknown version.';
CREATE FUNCTION cv_nps_summary_send(cv_nps_summary) RETURNS bytea
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cv_nps_summary_send(cv_nps_summary) IS
'Writes a summary of NPS answers in binary: version, flags, counts, sums of weights and of their squares, big-endian.';
CREATE TYPE cv_nps_summary (
    INPUT = cv_nps_summary_in,
    OUTPUT = cv_nps_summary_out,
    RECEIVE = cv_nps_summary_recv,
    SEND = cv_nps_summary_send,
    INTERNALLENGTH = VARIABLE,
    ALIGNMENT = double,
    STORAGE = plain
);
CREATE CAST (cv_nps_summary AS jsonb) WITH INOUT AS ASSIGNMENT;
COMMENT ON CAST (cv_nps_summary AS jsonb) IS 'The summary''s text form as jsonb.';

CREATE FUNCTION nps_trans(cv_nps_summary, float8) RETURNS cv_nps_summary
    AS 'MODULE_PATHNAME', 'cv_nps_trans' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nps_trans(cv_nps_summary, float8) IS
'Transition of nps() and nps_summary(); of no use elsewhere.';

CREATE FUNCTION nps_trans(cv_nps_summary, integer) RETURNS cv_nps_summary
    AS 'MODULE_PATHNAME', 'cv_nps_integer_trans' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nps_trans(cv_nps_summary, integer) IS
'Transition of nps() and nps_summary(); of no use elsewhere.';

CREATE FUNCTION nps_trans(cv_nps_summary, numeric) RETURNS cv_nps_summary
    AS 'MODULE_PATHNAME', 'cv_nps_numeric_trans' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nps_trans(cv_nps_summary, numeric) IS
'Transition of nps() and nps_summary(); of no use elsewhere.';

CREATE FUNCTION nps_trans(cv_nps_summary, float8, float8) RETURNS cv_nps_summary
    AS 'MODULE_PATHNAME', 'cv_nps_weighted_trans' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nps_trans(cv_nps_summary, float8, float8) IS
'Transition of nps() and nps_summary(); of no use elsewhere.';

CREATE FUNCTION nps_combine(cv_nps_summary, cv_nps_summary) RETURNS cv_nps_summary
    AS 'MODULE_PATHNAME', 'cv_nps_combine' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nps_combine(cv_nps_summary, cv_nps_summary) IS
'Merges two states of nps() and nps_summary(); of no use elsewhere.';

CREATE FUNCTION nps_final(cv_nps_summary) RETURNS float8
    AS 'MODULE_PATHNAME', 'cv_nps_final' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nps_final(cv_nps_summary) IS
'Final function of nps(); of no use elsewhere.';

CREATE FUNCTION nps_summary_final(cv_nps_summary) RETURNS cv_nps_summary
    AS 'MODULE_PATHNAME', 'cv_nps_summary_final' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nps_summary_final(cv_nps_summary) IS
'Final function of nps_summary(); of no use elsewhere.';

CREATE AGGREGATE nps(score float8) (
    SFUNC = nps_trans,
    STYPE = cv_nps_summary,
    SSPACE = 64,
    FINALFUNC = nps_final,
    COMBINEFUNC = nps_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE nps(float8) IS
'Net Promoter Score of the answers, -100 to 100, not rounded: 100 (promoters - detractors) / answers (Reichheld 2003). NULL answers are ignored; no rows give NULL. Errors: 22003 for a score that is not a whole number from 0 to 10, naming it.';

CREATE AGGREGATE nps(score integer) (
    SFUNC = nps_trans,
    STYPE = cv_nps_summary,
    SSPACE = 64,
    FINALFUNC = nps_final,
    COMBINEFUNC = nps_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE nps(integer) IS
'As nps(float8), without the cost of a cast. NULL answers are ignored; no rows give NULL. Errors: 22003 for a score that is not a whole number from 0 to 10, naming it.';

CREATE AGGREGATE nps(score numeric) (
    SFUNC = nps_trans,
    STYPE = cv_nps_summary,
    SSPACE = 64,
    FINALFUNC = nps_final,
    COMBINEFUNC = nps_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE nps(numeric) IS
'As nps(float8), without the cost of a cast. NULL answers are ignored; no rows give NULL. Errors: 22003 for a score that is not a whole number from 0 to 10, naming it.';

CREATE AGGREGATE nps(score float8, weight float8) (
    SFUNC = nps_trans,
    STYPE = cv_nps_summary,
    SSPACE = 256,
    FINALFUNC = nps_final,
    COMBINEFUNC = nps_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE nps(float8, float8) IS
'Weighted Net Promoter Score, -100 to 100, not rounded: 100 (weight of promoters - weight of detractors) / weight of all. The weights are summed exactly, so the order of the rows does not matter. A row with any NULL is ignored; no rows, or weights of 0 only, give NULL. Errors: 22003 for a score that is not a whole number from 0 to 10 or a weight that is neither 0 nor between 1e-100 and 1e100, naming it.';

CREATE AGGREGATE nps_summary(score float8) (
    SFUNC = nps_trans,
    STYPE = cv_nps_summary,
    SSPACE = 64,
    FINALFUNC = nps_summary_final,
    COMBINEFUNC = nps_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE nps_summary(float8) IS
'Counts answers by class, for nps(), nps_interval() and the rest. NULL answers are ignored; no rows give NULL. Errors: 22003 for a score that is not a whole number from 0 to 10, naming it.';

CREATE AGGREGATE nps_summary(score integer) (
    SFUNC = nps_trans,
    STYPE = cv_nps_summary,
    SSPACE = 64,
    FINALFUNC = nps_summary_final,
    COMBINEFUNC = nps_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE nps_summary(integer) IS
'As nps_summary(float8), without the cost of a cast. NULL answers are ignored; no rows give NULL. Errors: 22003 for a score that is not a whole number from 0 to 10, naming it.';

CREATE AGGREGATE nps_summary(score numeric) (
    SFUNC = nps_trans,
    STYPE = cv_nps_summary,
    SSPACE = 64,
    FINALFUNC = nps_summary_final,
    COMBINEFUNC = nps_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE nps_summary(numeric) IS
'As nps_summary(float8), without the cost of a cast. NULL answers are ignored; no rows give NULL. Errors: 22003 for a score that is not a whole number from 0 to 10, naming it.';

CREATE AGGREGATE nps_summary(score float8, weight float8) (
    SFUNC = nps_trans,
    STYPE = cv_nps_summary,
    SSPACE = 256,
    FINALFUNC = nps_summary_final,
    COMBINEFUNC = nps_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE nps_summary(float8, float8) IS
'Counts answers by class and sums their weights. A row with any NULL is ignored; no rows give NULL. Errors: as nps(score, weight).';

CREATE AGGREGATE rollup(summary cv_nps_summary) (
    SFUNC = nps_combine,
    STYPE = cv_nps_summary,
    SSPACE = 256,
    FINALFUNC = nps_summary_final,
    COMBINEFUNC = nps_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE rollup(cv_nps_summary) IS
'Merges summaries, for example of months or of shops. Same as the summary of all their rows; an answer without a weight has weight 1 where others have one. NULLs are ignored; no rows give NULL.';

CREATE FUNCTION nps_summary(promoters bigint, passives bigint, detractors bigint) RETURNS cv_nps_summary
    AS 'MODULE_PATHNAME', 'cv_nps_counts' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nps_summary(bigint, bigint, bigint) IS
'A summary from counts kept elsewhere. Errors: 22023 for a negative count.';

CREATE FUNCTION nps(summary cv_nps_summary) RETURNS float8
    AS 'MODULE_PATHNAME', 'cv_nps_final' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nps(cv_nps_summary) IS
'Net Promoter Score, -100 to 100, not rounded; NULL without answers or with weights of 0 only.';

CREATE FUNCTION promoters(summary cv_nps_summary) RETURNS bigint
    AS 'MODULE_PATHNAME', 'cv_nps_promoters' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION promoters(cv_nps_summary) IS
'Number of answers 9 and 10, whatever their weights.';

CREATE FUNCTION passives(summary cv_nps_summary) RETURNS bigint
    AS 'MODULE_PATHNAME', 'cv_nps_passives' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION passives(cv_nps_summary) IS
'Number of answers 7 and 8, whatever their weights.';

CREATE FUNCTION detractors(summary cv_nps_summary) RETURNS bigint
    AS 'MODULE_PATHNAME', 'cv_nps_detractors' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION detractors(cv_nps_summary) IS
'Number of answers from 0 to 6, whatever their weights.';

CREATE FUNCTION responses(summary cv_nps_summary) RETURNS bigint
    AS 'MODULE_PATHNAME', 'cv_nps_responses_of' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION responses(cv_nps_summary) IS
'Number of answers, whatever their weights.';

CREATE FUNCTION nps_interval(summary cv_nps_summary, confidence float8 DEFAULT 0.95,
                             method text DEFAULT 'adjusted-wald', population bigint DEFAULT NULL,
                             OUT low float8, OUT high float8) RETURNS record
    AS 'MODULE_PATHNAME', 'cv_nps_interval' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nps_interval(cv_nps_summary, float8, text, bigint) IS
'Confidence interval of a Net Promoter Score, in points. method: adjusted-wald (Rocks 2016: 3/4 promoters, 3/4 detractors and 3/2 passives more), score (Tango 1998), both within -100..100 and never of zero width unless all of the population have answered; wald and t (n - 1 degrees of freedom), the textbook forms, which can leave the scale. population: how many customers there are, NULL for infinitely many; it narrows the interval by the factor (N - n) / (N - 1) of the variance. With weights wald and t use the linearised standard error, the others weighted shares and the effective number of answers (sum w)^2 / sum w^2 (Kish 1965). NULL without answers, and for t with one answer. Errors: 22023 for a confidence not between 0 and 1, an unknown method, a population smaller than the number of answers.';

CREATE FUNCTION nps_difference(a cv_nps_summary, b cv_nps_summary, confidence float8 DEFAULT 0.95,
                               method text DEFAULT 'adjusted-wald', OUT difference float8,
                               OUT standard_error float8, OUT low float8, OUT high float8, OUT p_value float8) RETURNS record
    AS 'MODULE_PATHNAME', 'cv_nps_difference' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nps_difference(cv_nps_summary, cv_nps_summary, float8, text) IS
'Difference of two Net Promoter Scores, a - b, in points, with standard error, confidence interval and the two-sided p-value of no difference. difference is the raw one; method: adjusted-wald, wald, t (Welch), as for nps_interval(), tells where the rest comes from. NULL if either has no answers; difference only for t where either has one. Errors: 22023 for a confidence not between 0 and 1 or an unknown method.';

CREATE FUNCTION nps_sample_size(margin float8, confidence float8 DEFAULT 0.95, variance float8 DEFAULT 1,
                                population bigint DEFAULT NULL) RETURNS bigint
    AS 'MODULE_PATHNAME', 'cv_nps_sample_size' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nps_sample_size(float8, float8, float8, bigint) IS
'How many answers it takes for a Net Promoter Score known to +- margin points: n0 = z^2 variance / (margin / 100)^2, in a population of N n0 / (1 + (n0 - 1) / N), rounded up. variance is that of one answer, p + d - (p - d)^2 with the shares of promoters and detractors, between 0 and 1; 1, half promoters and half detractors, is the worst case. Errors: 22023 for a margin not above 0 or beyond 200, a confidence not between 0 and 1, a variance out of range, a population below 1; 22003 beyond 9.2e18.';

-- customer satisfaction

CREATE TYPE cv_csat_summary;
COMMENT ON TYPE cv_csat_summary IS
'Answers on any scale, and how many of them are at or above the lowest satisfied one. Made by csat_summary(), merged by rollup(). Text form: {"satisfied_from": 4, "satisfied": 85, "responses": 100}.';

CREATE FUNCTION cv_csat_summary_in(cstring) RETURNS cv_csat_summary
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cv_csat_summary_in(cstring) IS
'Reads a summary of satisfaction from text. Errors: 22P02 naming what is missing, unknown or out of range.';
CREATE FUNCTION cv_csat_summary_out(cv_csat_summary) RETURNS cstring
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cv_csat_summary_out(cv_csat_summary) IS
'Writes a summary of satisfaction as text that reads back exactly.';
CREATE FUNCTION cv_csat_summary_recv(internal) RETURNS cv_csat_summary
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cv_csat_summary_recv(internal) IS
'Reads a summary of satisfaction from its binary form. Errors: 22P03 for corrupt bytes or an unknown version.';
CREATE FUNCTION cv_csat_summary_send(cv_csat_summary) RETURNS bytea
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cv_csat_summary_send(cv_csat_summary) IS
'Writes a summary of satisfaction in binary: version, flags, threshold, counts, big-endian.';
CREATE TYPE cv_csat_summary (
    INPUT = cv_csat_summary_in,
    OUTPUT = cv_csat_summary_out,
    RECEIVE = cv_csat_summary_recv,
    SEND = cv_csat_summary_send,
    INTERNALLENGTH = VARIABLE,
    ALIGNMENT = double,
    STORAGE = plain
);
CREATE CAST (cv_csat_summary AS jsonb) WITH INOUT AS ASSIGNMENT;
COMMENT ON CAST (cv_csat_summary AS jsonb) IS 'The summary''s text form as jsonb.';

CREATE FUNCTION csat_trans(cv_csat_summary, float8, float8) RETURNS cv_csat_summary
    AS 'MODULE_PATHNAME', 'cv_csat_trans' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION csat_trans(cv_csat_summary, float8, float8) IS
'Transition of csat() and csat_summary(); of no use elsewhere.';

CREATE FUNCTION csat_combine(cv_csat_summary, cv_csat_summary) RETURNS cv_csat_summary
    AS 'MODULE_PATHNAME', 'cv_csat_combine' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION csat_combine(cv_csat_summary, cv_csat_summary) IS
'Merges two states of csat() and csat_summary(); of no use elsewhere.';

CREATE FUNCTION csat_final(cv_csat_summary) RETURNS float8
    AS 'MODULE_PATHNAME', 'cv_csat_final' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION csat_final(cv_csat_summary) IS
'Final function of csat(); of no use elsewhere.';

CREATE AGGREGATE csat(score float8, satisfied_from float8) (
    SFUNC = csat_trans,
    STYPE = cv_csat_summary,
    SSPACE = 64,
    FINALFUNC = csat_final,
    COMBINEFUNC = csat_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE csat(float8, float8) IS
'Customer satisfaction, 0 to 100: the percentage of answers at or above satisfied_from, 4 for the top two boxes of a scale from 1 to 5. A row with any NULL is ignored; no rows give NULL. Errors: 22003 for a score that is not finite, 22023 if satisfied_from is not finite or changes between rows.';

CREATE AGGREGATE csat_summary(score float8, satisfied_from float8) (
    SFUNC = csat_trans,
    STYPE = cv_csat_summary,
    SSPACE = 64,
    COMBINEFUNC = csat_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE csat_summary(float8, float8) IS
'Counts answers and the satisfied ones among them, for csat() and csat_interval(). A row with any NULL is ignored; no rows give NULL. Errors: 22003 for a score that is not finite, 22023 if satisfied_from is not finite or changes between rows.';

CREATE AGGREGATE rollup(summary cv_csat_summary) (
    SFUNC = csat_combine,
    STYPE = cv_csat_summary,
    SSPACE = 64,
    COMBINEFUNC = csat_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE rollup(cv_csat_summary) IS
'Merges summaries of one satisfied_from. Same as the summary of all their rows. NULLs are ignored; no rows give NULL. Errors: 22023 where satisfied_from differs.';

CREATE FUNCTION csat(summary cv_csat_summary) RETURNS float8
    AS 'MODULE_PATHNAME', 'cv_csat_final' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION csat(cv_csat_summary) IS
'Percentage of satisfied answers, 0 to 100; NULL without answers.';

CREATE FUNCTION satisfied(summary cv_csat_summary) RETURNS bigint
    AS 'MODULE_PATHNAME', 'cv_csat_satisfied' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION satisfied(cv_csat_summary) IS
'Number of satisfied answers.';

CREATE FUNCTION responses(summary cv_csat_summary) RETURNS bigint
    AS 'MODULE_PATHNAME', 'cv_csat_responses' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION responses(cv_csat_summary) IS
'Number of answers.';

CREATE FUNCTION csat_interval(summary cv_csat_summary, confidence float8 DEFAULT 0.95, OUT low float8, OUT high float8)
    RETURNS record
    AS 'MODULE_PATHNAME', 'cv_csat_interval' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION csat_interval(cv_csat_summary, float8) IS
'Confidence interval of customer satisfaction, 0 to 100, by Wilson''s (1927) score method, which holds for few answers and for shares near 0 or 100 too. NULL without answers. Errors: 22023 for a confidence not between 0 and 1.';
