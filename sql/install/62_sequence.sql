-- sequence: patterns of a customer's rows, and conditions ever met

CREATE FUNCTION sequence_trans(cv_condition_log, text, timestamptz, boolean[]) RETURNS cv_condition_log
    AS 'MODULE_PATHNAME', 'cv_sequence_trans' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION sequence_trans(cv_condition_log, text, timestamptz, boolean[]) IS
'Transition of sequence_match() and sequence_count(); of no use elsewhere.';

CREATE FUNCTION sequence_match_final(cv_condition_log) RETURNS boolean
    AS 'MODULE_PATHNAME', 'cv_sequence_match_final' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION sequence_match_final(cv_condition_log) IS
'Final function of sequence_match(); of no use elsewhere.';

CREATE FUNCTION sequence_count_final(cv_condition_log) RETURNS bigint
    AS 'MODULE_PATHNAME', 'cv_sequence_count_final' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION sequence_count_final(cv_condition_log) IS
'Final function of sequence_count(); of no use elsewhere.';

CREATE AGGREGATE sequence_match(pattern text, at timestamptz, VARIADIC conditions boolean[]) (
    SFUNC = sequence_trans,
    STYPE = cv_condition_log,
    SSPACE = 272,
    FINALFUNC = sequence_match_final,
    COMBINEFUNC = condition_log_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE sequence_match(text, timestamptz, VARIADIC boolean[]) IS
'Do one customer''s rows match a pattern? A pattern is made of (?N), a row that meets condition N; . for any row; .* for any number of rows; (?t<=n), also <, >=, > and ==, the next row to match lies so many seconds (decimals allowed) after the last one matched, with any rows between. It may begin anywhere. Rows that meet no condition are not looked at; rows of one instant come in the order of their conditions as binary numbers. Up to 32 conditions and 254 elements; a NULL condition is false; a row with another NULL is ignored; no rows give NULL. Errors: 22023 for a bad pattern, with the place, or if it changes between rows; 54000 for a pattern with times where its elements times the rows pass 100 million.';

CREATE AGGREGATE sequence_count(pattern text, at timestamptz, VARIADIC conditions boolean[]) (
    SFUNC = sequence_trans,
    STYPE = cv_condition_log,
    SSPACE = 272,
    FINALFUNC = sequence_count_final,
    COMBINEFUNC = condition_log_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE sequence_count(text, timestamptz, VARIADIC boolean[]) IS
'How often do one customer''s rows match a pattern, matches without overlap, each searched after the end of the one before? A pattern is made of (?N), a row that meets condition N; . for any row; .* for any number of rows; (?t<=n), also <, >=, > and ==, the next row to match lies so many seconds (decimals allowed) after the last one matched, with any rows between. It may begin anywhere. Rows that meet no condition are not looked at; rows of one instant come in the order of their conditions as binary numbers. Up to 32 conditions and 254 elements; a NULL condition is false; a row with another NULL is ignored; no rows give NULL. Errors: 22023 for a bad pattern, with the place, or if it changes between rows; 54000 for a pattern with times where its elements times the rows pass 100 million.';

CREATE TYPE cv_node_log;
COMMENT ON TYPE cv_node_log IS
'State of sequence_next_node(): direction and base, and rows of an instant, a node and the conditions that it meets, as a binary number with the first step as its lowest bit and base_condition as bit 31, sorted; at most 1 GB. Text form: {"rule": "forward head", "conditions": 2, "rows": [["2026-01-05 10:30:00+00", "node", 5], ...]}.';

CREATE FUNCTION cv_node_log_in(cstring) RETURNS cv_node_log
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cv_node_log_in(cstring) IS
'Reads a state of sequence_next_node() from text, rows in any order. Errors: 22P02 for a malformed text, 22023 for an unknown direction or base.';

CREATE FUNCTION cv_node_log_out(cv_node_log) RETURNS cstring
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cv_node_log_out(cv_node_log) IS
'Writes such a state as text that reads back exactly, whatever DateStyle and TimeZone say.';

CREATE FUNCTION cv_node_log_recv(internal) RETURNS cv_node_log
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cv_node_log_recv(internal) IS
'Reads such a state from its binary form. Errors: 22P03 for corrupt bytes or an unknown version.';

CREATE FUNCTION cv_node_log_send(cv_node_log) RETURNS bytea
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cv_node_log_send(cv_node_log) IS
'Writes such a state in binary: version, flags, rule, number of conditions, nodes, rows, big-endian.';

CREATE TYPE cv_node_log (
    INPUT = cv_node_log_in,
    OUTPUT = cv_node_log_out,
    RECEIVE = cv_node_log_recv,
    SEND = cv_node_log_send,
    INTERNALLENGTH = VARIABLE,
    ALIGNMENT = double,
    STORAGE = extended
);

CREATE FUNCTION sequence_next_node_trans(cv_node_log, text, text, timestamptz, text, boolean, boolean[]) RETURNS cv_node_log
    AS 'MODULE_PATHNAME', 'cv_next_node_trans' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION sequence_next_node_trans(cv_node_log, text, text, timestamptz, text, boolean, boolean[]) IS
'Transition of sequence_next_node(); of no use elsewhere.';

CREATE FUNCTION sequence_next_node_combine(cv_node_log, cv_node_log) RETURNS cv_node_log
    AS 'MODULE_PATHNAME', 'cv_node_log_combine' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION sequence_next_node_combine(cv_node_log, cv_node_log) IS
'Merges two states of sequence_next_node(); of no use elsewhere.';

CREATE FUNCTION sequence_next_node_final(cv_node_log) RETURNS text
    AS 'MODULE_PATHNAME', 'cv_next_node_final' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION sequence_next_node_final(cv_node_log) IS
'Final function of sequence_next_node(); of no use elsewhere.';

CREATE AGGREGATE sequence_next_node(direction text, base text, at timestamptz, node text, base_condition boolean, VARIADIC steps boolean[]) (
    SFUNC = sequence_next_node_trans,
    STYPE = cv_node_log,
    SSPACE = 272,
    FINALFUNC = sequence_next_node_final,
    COMBINEFUNC = sequence_next_node_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE sequence_next_node(text, text, timestamptz, text, boolean, VARIADIC boolean[]) IS
'The node after a chain of rows (direction forward) or before it (backward). The chain begins at the base and its rows, one directly after the other, meet the steps in turn. base head or tail is the first or last row, if it meets base_condition; first_match or last_match the first or last row that meets base_condition and the first step. NULL without such a chain, and for a customer with no more rows than steps. Rows with a NULL node or instant are ignored; rows of one instant come in C order of their nodes. Up to 31 steps; no rows give NULL. Errors: 22023 for an unknown direction or base, for forward with tail and backward with head, or if one of them changes between rows.';

CREATE TYPE cv_condition_union;
COMMENT ON TYPE cv_condition_union IS
'State of retention(): the number of conditions, and which of them some row has met, as a binary number with the first condition as its lowest bit. Text form: [3, 5].';

CREATE FUNCTION cv_condition_union_in(cstring) RETURNS cv_condition_union
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cv_condition_union_in(cstring) IS
'Reads a state of retention() from text. Errors: 22P02 for a malformed text.';

CREATE FUNCTION cv_condition_union_out(cv_condition_union) RETURNS cstring
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cv_condition_union_out(cv_condition_union) IS
'Writes such a state as text that reads back exactly.';

CREATE FUNCTION cv_condition_union_recv(internal) RETURNS cv_condition_union
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cv_condition_union_recv(internal) IS
'Reads such a state from its binary form. Errors: 22P03 for corrupt bytes or an unknown version.';

CREATE FUNCTION cv_condition_union_send(cv_condition_union) RETURNS bytea
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cv_condition_union_send(cv_condition_union) IS
'Writes such a state in binary: version, flags, number of conditions, conditions met, big-endian.';

CREATE TYPE cv_condition_union (
    INPUT = cv_condition_union_in,
    OUTPUT = cv_condition_union_out,
    RECEIVE = cv_condition_union_recv,
    SEND = cv_condition_union_send,
    INTERNALLENGTH = VARIABLE,
    ALIGNMENT = double,
    STORAGE = plain
);

CREATE FUNCTION retention_trans(cv_condition_union, boolean[]) RETURNS cv_condition_union
    AS 'MODULE_PATHNAME', 'cv_retention_trans' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION retention_trans(cv_condition_union, boolean[]) IS
'Transition of retention(); of no use elsewhere.';

CREATE FUNCTION retention_combine(cv_condition_union, cv_condition_union) RETURNS cv_condition_union
    AS 'MODULE_PATHNAME', 'cv_retention_combine' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION retention_combine(cv_condition_union, cv_condition_union) IS
'Merges two states of retention(); of no use elsewhere.';

CREATE FUNCTION retention_final(cv_condition_union) RETURNS integer[]
    AS 'MODULE_PATHNAME', 'cv_retention_final' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION retention_final(cv_condition_union) IS
'Final function of retention(); of no use elsewhere.';

CREATE AGGREGATE retention(VARIADIC conditions boolean[]) (
    SFUNC = retention_trans,
    STYPE = cv_condition_union,
    SSPACE = 32,
    FINALFUNC = retention_final,
    COMBINEFUNC = retention_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE retention(VARIADIC boolean[]) IS
'Which conditions one customer''s rows ever meet, as 1 and 0: the first is 1 if some row meets it, each other one if some row meets it and some row meets the first. The order in time plays no part. Up to 32 conditions; a NULL condition is false; no rows give NULL. Errors: 22023 if the number of conditions changes between rows.';
