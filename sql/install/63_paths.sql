-- paths: the ways that customers take from stage to stage

CREATE TYPE cv_journey_graph;
COMMENT ON TYPE cv_journey_graph IS
'The ways of many customers from stage to stage: transitions between each pair of stages with the time that they took in microseconds, equal times counted. Made by journey_graph(), merged by rollup(), at most 1 GB: 24 bytes for each different time of an edge, at least 22 million of them. Text form: {"journeys": 1, "passages": [[null, "visit", 0, 1, 1], ["visit", null, 0, 1, 1]]}, from, to (null at the ends of a journey), the time, transitions, customers; exact and valid JSON.';

CREATE FUNCTION cv_journey_graph_in(cstring) RETURNS cv_journey_graph
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cv_journey_graph_in(cstring) IS
'Reads a journey graph from text. Errors: 22P02 for a malformed text, and where the transitions into a stage and out of it differ.';

CREATE FUNCTION cv_journey_graph_out(cv_journey_graph) RETURNS cstring
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cv_journey_graph_out(cv_journey_graph) IS
'Writes a journey graph as text that reads back exactly.';

CREATE FUNCTION cv_journey_graph_recv(internal) RETURNS cv_journey_graph
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cv_journey_graph_recv(internal) IS
'Reads a journey graph from its binary form. Errors: 22P03 for corrupt bytes or an unknown version.';

CREATE FUNCTION cv_journey_graph_send(cv_journey_graph) RETURNS bytea
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cv_journey_graph_send(cv_journey_graph) IS
'Writes a journey graph in binary: version, flags, journeys, stages, transitions, big-endian.';

CREATE TYPE cv_journey_graph (
    INPUT = cv_journey_graph_in,
    OUTPUT = cv_journey_graph_out,
    RECEIVE = cv_journey_graph_recv,
    SEND = cv_journey_graph_send,
    INTERNALLENGTH = VARIABLE,
    ALIGNMENT = double,
    STORAGE = extended
);

CREATE CAST (cv_journey_graph AS jsonb) WITH INOUT AS ASSIGNMENT;
COMMENT ON CAST (cv_journey_graph AS jsonb) IS
'The graph''s text form as jsonb.';

CREATE FUNCTION journey_graph_trans(cv_journey_graph, cv_journey_log) RETURNS cv_journey_graph
    AS 'MODULE_PATHNAME', 'cv_journey_graph_trans' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION journey_graph_trans(cv_journey_graph, cv_journey_log) IS
'Transition of journey_graph(); of no use elsewhere.';

CREATE FUNCTION journey_graph_combine(cv_journey_graph, cv_journey_graph) RETURNS cv_journey_graph
    AS 'MODULE_PATHNAME', 'cv_journey_graph_combine' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION journey_graph_combine(cv_journey_graph, cv_journey_graph) IS
'Merges two states of journey_graph(); of no use elsewhere.';

CREATE FUNCTION journey_graph_final(cv_journey_graph) RETURNS cv_journey_graph
    AS 'MODULE_PATHNAME', 'cv_journey_graph_final' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION journey_graph_final(cv_journey_graph) IS
'Final function of journey_graph(); of no use elsewhere.';

CREATE AGGREGATE journey_graph(log cv_journey_log) (
    SFUNC = journey_graph_trans,
    STYPE = cv_journey_graph,
    SSPACE = 4112,
    FINALFUNC = journey_graph_final,
    COMBINEFUNC = journey_graph_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE journey_graph(cv_journey_log) IS
'The ways of many customers from stage to stage, one journey log each. A stage that repeats goes to itself. NULLs are ignored; no rows give NULL. Errors: 22000 for a stage named (entry) or (exit), 54000 beyond 1 GB.';

CREATE AGGREGATE rollup(graph cv_journey_graph) (
    SFUNC = journey_graph_combine,
    STYPE = cv_journey_graph,
    SSPACE = 4112,
    FINALFUNC = journey_graph_final,
    COMBINEFUNC = journey_graph_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE rollup(cv_journey_graph) IS
'Merges journey graphs of different customers. Same as the graph of all their logs. NULLs are ignored; no rows give NULL.';

CREATE FUNCTION customers(graph cv_journey_graph) RETURNS bigint
    AS 'MODULE_PATHNAME', 'cv_graph_customers' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION customers(cv_journey_graph) IS
'Number of journeys in the graph: one for each log.';

CREATE FUNCTION edges(graph cv_journey_graph, OUT from_stage text, OUT to_stage text, OUT customers bigint, OUT transitions bigint, OUT median_gap interval, OUT p90_gap interval) RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'cv_edges' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 50;
COMMENT ON FUNCTION edges(cv_journey_graph) IS
'One row for each pair of stages that somebody went between, a stage after itself included, from (entry) and to (exit) for the ends of a journey: customers who did, how often in all, median and 90 percent point of the time between, interpolated as percentile_cont() and exact (NULL at the ends). For every stage as many transitions lead in as out, and from (entry) and to (exit) as many as there are journeys. Order: stages in C order, (entry) first and (exit) last.';
