-- clv: lifetime value from constants, from dated flows, from states

CREATE FUNCTION clv(margin float8, retention float8, discount_rate float8, growth float8 DEFAULT 0,
                    periods integer DEFAULT NULL, timing text DEFAULT 'end') RETURNS float8
    AS 'MODULE_PATHNAME', 'cv_clv_closed_form' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION clv(float8, float8, float8, float8, integer, text) IS
'Lifetime value in closed form at constant retention, per period: margin of a period, retention (0 to 1), discount_rate (at least 0) and growth of the margin (at least -1), all per period; the first payment is ungrown. timing: now (payments today and after each of the periods: infinite m(1+d)/(1+d-r(1+g))), end (the first payment at the end of period 1, certain: m/(1+d-r(1+g))), renewal (the first at the end of period 1 if the customer is retained: m r/(1+d-r(1+g)), Gupta and Lehmann 2003). periods NULL means for ever; any other NULL gives NULL. Errors: 22023 for an argument out of its range, an unknown timing, and for ever where retention * (1 + growth) is not below 1 + discount_rate; 22003 for a value beyond float8.';

-- the state of clv(amount, at, as_of, discount_rate)
CREATE TYPE cv_flow_log;
COMMENT ON TYPE cv_flow_log IS
'State of the aggregate clv(amount, at, as_of, discount_rate): the net amount of each day in whole millionths, with as_of and the annual rate. Text form: {"as_of": "2026-03-31", "discount_rate": 0.1, "flows": [["2026-01-05", -50], ...]}, exact and valid JSON.';

CREATE FUNCTION cv_flow_log_in(cstring) RETURNS cv_flow_log
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cv_flow_log_in(cstring) IS
'Reads a state of clv(amount, at, as_of, discount_rate) from text. Errors: 22P02 for a malformed text or a date out of order.';
CREATE FUNCTION cv_flow_log_out(cv_flow_log) RETURNS cstring
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cv_flow_log_out(cv_flow_log) IS
'Writes a state of clv(amount, at, as_of, discount_rate) as text that reads back exactly, whatever DateStyle says.';
CREATE FUNCTION cv_flow_log_recv(internal) RETURNS cv_flow_log
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cv_flow_log_recv(internal) IS
'Reads a state of clv(amount, at, as_of, discount_rate) from binary. Errors: 22P03 for corrupt bytes or an unknown version.';
CREATE FUNCTION cv_flow_log_send(cv_flow_log) RETURNS bytea
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cv_flow_log_send(cv_flow_log) IS
'Writes a state of clv(amount, at, as_of, discount_rate) in binary: version, flags, as_of, rate, flows, big-endian.';
CREATE TYPE cv_flow_log (
    INPUT = cv_flow_log_in,
    OUTPUT = cv_flow_log_out,
    RECEIVE = cv_flow_log_recv,
    SEND = cv_flow_log_send,
    INTERNALLENGTH = VARIABLE,
    ALIGNMENT = double,
    STORAGE = extended
);

CREATE FUNCTION clv_trans(cv_flow_log, float8, date, date, float8) RETURNS cv_flow_log
    AS 'MODULE_PATHNAME', 'cv_clv_trans' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION clv_trans(cv_flow_log, float8, date, date, float8) IS
'Transition of clv(amount, at, as_of, discount_rate); of no use elsewhere.';
CREATE FUNCTION clv_combine(cv_flow_log, cv_flow_log) RETURNS cv_flow_log
    AS 'MODULE_PATHNAME', 'cv_clv_combine' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION clv_combine(cv_flow_log, cv_flow_log) IS
'Merges two states of clv(amount, at, as_of, discount_rate); of no use elsewhere.';
CREATE FUNCTION clv_final(cv_flow_log) RETURNS float8
    AS 'MODULE_PATHNAME', 'cv_clv_final' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION clv_final(cv_flow_log) IS
'Final function of clv(amount, at, as_of, discount_rate); of no use elsewhere.';

CREATE AGGREGATE clv(amount float8, at date, as_of date, discount_rate float8) (
    SFUNC = clv_trans,
    STYPE = cv_flow_log,
    SSPACE = 248,
    FINALFUNC = clv_final,
    COMBINEFUNC = clv_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE clv(float8, date, date, float8) IS
'Net present value of dated flows as of a day: the sum of amount * (1 + discount_rate)^((as_of - at) / 365.25). Past flows compound, future ones are discounted; costs and returns are negative amounts. discount_rate is annual and at least 0. Amounts are kept in whole millionths, so the answer is the same to the last bit in any order of the rows. A row with any NULL is ignored; no rows give NULL. Errors: 22023 if as_of or discount_rate changes between rows or the rate is out of range, 22008 for an infinite date, 22003 for an amount that is NaN, infinite or beyond 9.2e12 (also the sum of a day) and for a value beyond float8, 54000 beyond 1 GB.';

CREATE FUNCTION clv(flows cv_activity_log, as_of date, discount_rate float8) RETURNS float8
    AS 'MODULE_PATHNAME', 'cv_clv_flows' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION clv(cv_activity_log, date, float8) IS
'Net present value of a log''s daily amounts, negative ones included, as of a day: the same as the aggregate clv(amount, at, as_of, discount_rate) over the rows of the log, past and future. 0 for an empty log. Errors: 22023 for a discount_rate (annual) below 0 or not finite, 22008 for an infinite as_of, 22003 for a value beyond float8.';

-- transitions between states
CREATE TYPE cv_transition_matrix;
COMMENT ON TYPE cv_transition_matrix IS
'Counted transitions between states 1 to at most 1000, 8 bytes for each pair of states. Made by transition_matrix(), merged by rollup(). Text form: {"states": 3, "transitions": [[1, 2, 40], ...]} with from, to and number of each pair that was seen, in order, exact and valid JSON.';

CREATE FUNCTION cv_transition_matrix_in(cstring) RETURNS cv_transition_matrix
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cv_transition_matrix_in(cstring) IS
'Reads a transition matrix from text. Errors: 22P02 for a malformed text, a state out of range, transitions out of order.';
CREATE FUNCTION cv_transition_matrix_out(cv_transition_matrix) RETURNS cstring
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cv_transition_matrix_out(cv_transition_matrix) IS
'Writes a transition matrix as text that reads back exactly.';
CREATE FUNCTION cv_transition_matrix_recv(internal) RETURNS cv_transition_matrix
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cv_transition_matrix_recv(internal) IS
'Reads a transition matrix from its binary form. Errors: 22P03 for corrupt bytes or an unknown version.';
CREATE FUNCTION cv_transition_matrix_send(cv_transition_matrix) RETURNS bytea
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cv_transition_matrix_send(cv_transition_matrix) IS
'Writes a transition matrix in binary: version, flags, states, transitions, big-endian.';
CREATE TYPE cv_transition_matrix (
    INPUT = cv_transition_matrix_in,
    OUTPUT = cv_transition_matrix_out,
    RECEIVE = cv_transition_matrix_recv,
    SEND = cv_transition_matrix_send,
    INTERNALLENGTH = VARIABLE,
    ALIGNMENT = double,
    STORAGE = extended
);
CREATE CAST (cv_transition_matrix AS jsonb) WITH INOUT AS ASSIGNMENT;
COMMENT ON CAST (cv_transition_matrix AS jsonb) IS 'The matrix''s text form as jsonb.';

CREATE FUNCTION transition_matrix_trans(cv_transition_matrix, integer, integer) RETURNS cv_transition_matrix
    AS 'MODULE_PATHNAME', 'cv_transition_matrix_trans' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION transition_matrix_trans(cv_transition_matrix, integer, integer) IS
'Transition of transition_matrix(); of no use elsewhere.';
CREATE FUNCTION transition_matrix_combine(cv_transition_matrix, cv_transition_matrix) RETURNS cv_transition_matrix
    AS 'MODULE_PATHNAME', 'cv_transition_matrix_combine' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION transition_matrix_combine(cv_transition_matrix, cv_transition_matrix) IS
'Merges two states of transition_matrix(); of no use elsewhere.';
CREATE FUNCTION transition_matrix_final(cv_transition_matrix) RETURNS cv_transition_matrix
    AS 'MODULE_PATHNAME', 'cv_transition_matrix_final' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION transition_matrix_final(cv_transition_matrix) IS
'Final function of transition_matrix(); of no use elsewhere.';

CREATE AGGREGATE transition_matrix(from_state integer, to_state integer) (
    SFUNC = transition_matrix_trans,
    STYPE = cv_transition_matrix,
    SSPACE = 1024,
    FINALFUNC = transition_matrix_final,
    COMBINEFUNC = transition_matrix_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE transition_matrix(integer, integer) IS
'Counts transitions between states 1 to the largest seen: one row for a customer''s state in a period and in the next one. A row with a NULL is ignored; no rows give NULL. Errors: 22003 for a state below 1, 54000 for one above 1000.';

CREATE AGGREGATE rollup(matrix cv_transition_matrix) (
    SFUNC = transition_matrix_combine,
    STYPE = cv_transition_matrix,
    SSPACE = 1024,
    FINALFUNC = transition_matrix_final,
    COMBINEFUNC = transition_matrix_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE rollup(cv_transition_matrix) IS
'Merges transition matrices, for example of months. Same as the matrix of all their rows; the one with more states decides how many there are. NULLs are ignored; no rows give NULL.';

CREATE FUNCTION probabilities(matrix cv_transition_matrix) RETURNS float8[]
    AS 'MODULE_PATHNAME', 'cv_probabilities' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION probabilities(cv_transition_matrix) IS
'The share, 0 to 1, of transitions from each state (row) to each state (column), as clv(transition, reward, discount_rate, periods) takes it. A state that is never left is absorbing: 1 on the diagonal.';

CREATE FUNCTION clv(transition float8[], reward float8[], discount_rate float8, periods integer DEFAULT NULL)
    RETURNS float8[]
    AS 'MODULE_PATHNAME', 'cv_clv_states' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100;
COMMENT ON FUNCTION clv(float8[], float8[], float8, integer) IS
'Lifetime value of a customer in each state, by the Markov chain model of Pfeifer and Carraway (2000): sum of (P/(1+d))^t R over t = 0 to periods, or for ever where periods is NULL. transition: a square matrix, the probability of moving from the row''s to the column''s state in one period; what a row lacks to 1 leaves for good. reward: what a customer in each state brings at the start of a period, the first one today. discount_rate per period, at least 0, and above 0 for ever. NULL if another argument is NULL. Errors: 22023 for a matrix that is not square, an entry below 0 or above 1, a row that adds up to more than 1 (by more than 1e-9), another number of rewards, a parameter out of range; 22004 for a NULL element; 22003 for a value beyond float8.';
