-- Summaries as text, as jsonb and in binary, and what is neither.
\set SHOW_CONTEXT never
SET datestyle = 'German';
SET timezone = 'UTC';
SET extra_float_digits = 1;

\getenv test PG_ABS_SRCDIR
\i :test/include/functions.sql

CREATE TEMP TABLE logs AS
SELECT n % 40 AS customer, activity_log(date '2024-01-01' + (('x' || substr(md5(n::text), 1, 4))::bit(16)::integer % 500), (('x' || substr(md5(n::text), 5, 6))::bit(24)::integer - 3000000) / 12345.0::float8) AS log
FROM generate_series(1, 400) AS n GROUP BY 1;
CREATE TEMP TABLE summaries (id integer, cohorts cv_cohort_table, flows cv_revenue_table, stays cv_survival_summary, ranks cv_ranking_summary, scale cv_rfm_scale);
INSERT INTO summaries VALUES
    (1, '{"period": "day", "cells": []}', '{"period": "year", "flows": []}', '[]', '[]', '[]'),
    (2, ' { "cells" : [ ["2026-01-05","2026-01-05",2,1,3,1, 0.500000 ,12], ["2026-01-05", "2026-01-12", 1, 1, 2, 2, -1.000001, 999999999999999999999999.999999]], "period":"week" } ',
     '{"flows": [["0044-01-01 BC", 1, 0, 0, 0.000001, 0, 0, 0, 0], ["2026-04-01", 0, 0, 0, 0, 0, 0, 0, 0]], "period": "quarter"}',
     '[[0, 1, 0], [1e-300, 0, 3], [2.50, 9223372036854775803, 0]]', '[[-1e308, -1e200, 1], [-1e308, 2, 7], [0.1, 0, 1]]', '[["recency", 0, 1], ["frequency", 3.0, 1], ["monetary", -7.25, 1]]');
INSERT INTO summaries SELECT 3, segment_cohort(log, 'month'), revenue_table(log, 'month'), survival_summary(last_on(log) - first_on(log), true), ranking_summary(total(log), events(log)), rfm_scale(rfm_value(log, '31.12.2025')) FROM logs;
\pset format unaligned
SELECT * FROM summaries WHERE id < 3 ORDER BY id;
\pset format aligned
SELECT id, cohorts::text::cv_cohort_table::text = cohorts::text AND cv_cohort_table_send(cohorts::text::cv_cohort_table) = cv_cohort_table_send(cohorts) AND cohorts::jsonb::text::cv_cohort_table::text = cohorts::text AS cohorts,
       flows::text::cv_revenue_table::text = flows::text AND cv_revenue_table_send(flows::text::cv_revenue_table) = cv_revenue_table_send(flows) AND flows::jsonb::text::cv_revenue_table::text = flows::text AS flows,
       stays::text::cv_survival_summary::text = stays::text AND cv_survival_summary_send(stays::text::cv_survival_summary) = cv_survival_summary_send(stays) AS stays,
       ranks::text::cv_ranking_summary::text = ranks::text AND cv_ranking_summary_send(ranks::text::cv_ranking_summary) = cv_ranking_summary_send(ranks) AS ranks,
       scale::text::cv_rfm_scale::text = scale::text AND cv_rfm_scale_send(scale::text::cv_rfm_scale) = cv_rfm_scale_send(scale) AND jsonb_typeof(scale::jsonb) = 'array' AS scale
FROM summaries ORDER BY id;
CREATE TEMP TABLE again (LIKE summaries);
\copy summaries TO 'results/segment_io.bin' (FORMAT binary)
\copy again FROM 'results/segment_io.bin' (FORMAT binary)
SELECT count(*), bool_and(ROW(s.cohorts::text, s.flows::text, s.stays::text, s.ranks::text, s.scale::text) = ROW(a.cohorts::text, a.flows::text, a.stays::text, a.ranks::text, a.scale::text)) AS same,
       bool_and(s.stays::text = rolled) AS still_merges
FROM summaries AS s JOIN again AS a USING (id), LATERAL (SELECT rollup(v)::text AS rolled FROM (VALUES (a.stays), ('[]')) AS v(v)) AS r;
-- what was read answers as what was made
SELECT (SELECT array_agg(c) FROM cohorts(s.cohorts, '01.06.2025') AS c) = (SELECT array_agg(c) FROM cohorts(a.cohorts, '01.06.2025') AS c) AS cohorts,
       (SELECT array_agg(r) FROM revenue_retention(s.flows) AS r) = (SELECT array_agg(r) FROM revenue_retention(a.flows) AS r) AS flows,
       gini(s.ranks) = gini(a.ranks) AS ranks, rfm_score(s.scale, ROW(70, 5, 1000)) = rfm_score(a.scale, ROW(70, 5, 1000)) AS scale
FROM summaries AS s JOIN again AS a USING (id) WHERE id = 3;

-- texts that are none
\pset format unaligned
SELECT text, pg_temp.error_of(format('SELECT %L::cv_cohort_table', text)) AS error FROM unnest(ARRAY[
    '', '7', 'null', '[]', '{}', '{"period": "month"}', '{"cells": []}', '{"period": "decade", "cells": []}', '{"period": 7, "cells": []}', '{"period": null, "cells": []}', '{"period": "month", "cells": {}}',
    '{"period": "month", "cells": [], "more": 1}', '{"period": "month", "cells": [], "period": "month"}', '{"period": "month", "cells": [[]]}', '{"period": "month", "cells": [["2026-01-01", "2026-01-01", 1, 1, 1, 1, 1]]}',
    '{"period": "month", "cells": [["2026-01-01", "2026-01-01", 1, 1, 1, 1, 1, 1, 1]]}', '{"period": "month", "cells": [["2026-01-02", "2026-02-01", 1, 1, 1, 1, 1, 1]]}', '{"period": "week", "cells": [["2026-01-05", "2026-01-13", 1, 1, 1, 1, 1, 1]]}',
    '{"period": "month", "cells": [["January", "2026-01-01", 1, 1, 1, 1, 1, 1]]}', '{"period": "month", "cells": [["infinity", "2026-01-01", 1, 1, 1, 1, 1, 1]]}', '{"period": "month", "cells": [[null, "2026-01-01", 1, 1, 1, 1, 1, 1]]}',
    '{"period": "month", "cells": [["2026-02-01", "2026-01-01", 1, 1, 1, 1, 1, 1]]}', '{"period": "month", "cells": [["2026-01-01", "2026-01-01", 2, 1, 1, 1, 1, 1]]}', '{"period": "month", "cells": [["2026-01-01", "2026-01-01", 1, 1, 1, 2, 1, 1]]}',
    '{"period": "month", "cells": [["2026-01-01", "2026-01-01", 1, -1, 1, 1, 1, 1]]}', '{"period": "month", "cells": [["2026-01-01", "2026-01-01", 1.5, 1, 2, 1, 1, 1]]}', '{"period": "month", "cells": [["2026-01-01", "2026-01-01", 0, 0, 0, 0, 0, 0]]}',
    '{"period": "month", "cells": [["2026-01-01", "2026-01-01", 1, 1, 9223372036854775807, 1, 1, 1]]}', '{"period": "month", "cells": [["2026-01-01", "2026-01-01", 1, 1, 1, 1, "1", 1]]}', '{"period": "month", "cells": [["2026-01-01", "2026-01-01", 1, 1, 1, 1, 1e3, 1]]}',
    '{"period": "month", "cells": [["2026-01-01", "2026-01-01", 1, 1, 1, 1, 0.0000001, 1]]}', '{"period": "month", "cells": [["2026-01-01", "2026-01-01", 1, 1, 1, 1, 1, 1000000000000000000000000.000001]]}',
    '{"period": "month", "cells": [["2026-01-01", "2026-01-01", 1, 1, 1, 1, 1, 99999999999999999999999999999999999999999999]]}',
    '{"period": "month", "cells": [["2026-01-01", "2026-01-01", 1, 1, 1, 1, 1, 1], ["2026-01-01", "2026-01-01", 1, 1, 1, 1, 1, 1]]}',
    '{"period": "month", "cells": [["2026-01-01", "2026-02-01", 1, 1, 1, 1, 1, 1], ["2026-01-01", "2026-01-01", 1, 1, 1, 1, 1, 1]]}', '{"period": "month", "cells": [["4714-12-01 BC", "4714-12-01 BC", 1, 1, 1, 1, 1, 1]]} x'
    ]) WITH ORDINALITY AS t(text, n) ORDER BY n;
SELECT text, pg_temp.error_of(format('SELECT %L::cv_revenue_table', text)) AS error FROM unnest(ARRAY[
    '[]', '{"period": "month", "cells": []}', '{"period": "month", "flows": [["2026-01-01", 1, 0, 0, -1, 0, 0, 0, 0]]}', '{"period": "month", "flows": [["2026-01-01", 0, 0, 0, 1, 0, 0, 0, 0]]}', '{"period": "month", "flows": [["2026-01-01", 1, 0, 0, 0, 0, 0, 0, 0]]}',
    '{"period": "month", "flows": [["2026-01-01", 0, 0, 1, 0, 0, 0, 1, 0]]}', '{"period": "month", "flows": [["2026-01-09", 1, 0, 0, 1, 0, 0, 0, 0]]}', '{"period": "month", "flows": [["2026-02-01", 1, 0, 0, 1, 0, 0, 0, 0], ["2026-01-01", 1, 0, 0, 1, 0, 0, 0, 0]]}',
    '{"period": "month", "flows": [["2026-01-01", 9223372036854775807, 0, 1, 1, 0, 0, 0, 1]]}'
    ]) WITH ORDINALITY AS t(text, n) ORDER BY n;
SELECT type, text, pg_temp.error_of(format('SELECT %L::%I', text, type)) AS error FROM (VALUES
    (1, 'cv_survival_summary', '{}'), (2, 'cv_survival_summary', '[1]'), (3, 'cv_survival_summary', '[[1, 2]]'), (4, 'cv_survival_summary', '[[-1, 2, 0]]'), (5, 'cv_survival_summary', '[[1, 0, 0]]'), (6, 'cv_survival_summary', '[["1", 1, 0]]'),
    (7, 'cv_survival_summary', '[[1, true, 0]]'), (8, 'cv_survival_summary', '[[1e999, 1, 0]]'), (9, 'cv_survival_summary', '[[2, 1, 0], [1, 1, 0]]'), (10, 'cv_survival_summary', '[[1, 9223372036854775807, 1]]'),
    (11, 'cv_ranking_summary', '[[1, 2, 0]]'), (12, 'cv_ranking_summary', '[[1, 1e201, 1]]'), (13, 'cv_ranking_summary', '[[1, 2, 1], [1, 2, 1]]'), (14, 'cv_ranking_summary', '[[1, 2, 1], [0, 3, 1]]'), (15, 'cv_ranking_summary', '[[1, null, 1]]'),
    (16, 'cv_rfm_scale', '[["value", 1, 1]]'), (17, 'cv_rfm_scale', '[[1, 1, 1]]'), (18, 'cv_rfm_scale', '[["frequency", 1, 1], ["recency", 1, 1]]'), (19, 'cv_rfm_scale', '[["recency", 1, 0]]'), (20, 'cv_rfm_scale', '[["recency", "1", 1]]'), (21, 'cv_rfm_scale', '[[null, 1, 1]]')) AS t(id, type, text)
ORDER BY id;
\pset format aligned

-- amounts that add up to too much
SELECT rollup(c) FROM (VALUES ('{"period": "month", "cells": [["2026-01-01", "2026-01-01", 1, 1, 1, 1, 1, 1000000000000000000000000]]}'::cv_cohort_table), ('{"period": "month", "cells": [["2026-01-01", "2026-01-01", 1, 1, 1, 1, 1, 1]]}')) AS v(c);
SELECT rollup(s) FROM (VALUES ('[[1, 9223372036854775807, 0]]'::cv_survival_summary), ('[[2, 1, 0]]')) AS v(s);

-- bytes that are none
CREATE TEMP TABLE received_stays (s cv_survival_summary);
CREATE TEMP TABLE sent AS SELECT cv_survival_summary_send('[[1, 2, 0], [4, 0, 1]]') AS stays, cv_cohort_table_send('{"period": "month", "cells": [["2026-01-01", "2026-02-01", 1, 1, 2, 1, 5, -6]]}') AS cells;
SELECT stays, cells FROM sent;
-- unchanged
SELECT pg_temp.copy_file(stays) AS file FROM sent \gset
\lo_export :file results/segment_io.bin
\copy received_stays FROM 'results/segment_io.bin' (FORMAT binary)
SELECT * FROM received_stays;
-- an unknown version
SELECT pg_temp.copy_file(set_byte(stays, 0, 2)) AS file FROM sent \gset
\lo_export :file results/segment_io.bin
\copy received_stays FROM 'results/segment_io.bin' (FORMAT binary)
-- reserved bits
SELECT pg_temp.copy_file(set_byte(stays, 1, 1)) AS file FROM sent \gset
\lo_export :file results/segment_io.bin
\copy received_stays FROM 'results/segment_io.bin' (FORMAT binary)
-- a label where there is none
SELECT pg_temp.copy_file(set_byte(stays, 5, 1)) AS file FROM sent \gset
\lo_export :file results/segment_io.bin
\copy received_stays FROM 'results/segment_io.bin' (FORMAT binary)
-- more entries than bytes
SELECT pg_temp.copy_file(set_byte(stays, 13, 200)) AS file FROM sent \gset
\lo_export :file results/segment_io.bin
\copy received_stays FROM 'results/segment_io.bin' (FORMAT binary)
-- a duration that is no number, one that is negative, one that is -0, one that marks an empty slot
SELECT pg_temp.copy_file(overlay(stays PLACING '\xfff8000000000000'::bytea FROM 15)) AS file FROM sent \gset
\lo_export :file results/segment_io.bin
\copy received_stays FROM 'results/segment_io.bin' (FORMAT binary)
SELECT pg_temp.copy_file(set_byte(stays, 14, 16)) AS file FROM sent \gset
\lo_export :file results/segment_io.bin
\copy received_stays FROM 'results/segment_io.bin' (FORMAT binary)
SELECT pg_temp.copy_file(overlay(stays PLACING '\x7fffffffffffffff'::bytea FROM 15)) AS file FROM sent \gset
\lo_export :file results/segment_io.bin
\copy received_stays FROM 'results/segment_io.bin' (FORMAT binary)
SELECT pg_temp.copy_file(overlay(stays PLACING '\x0000000000000000'::bytea FROM 15)) AS file FROM sent \gset
\lo_export :file results/segment_io.bin
\copy received_stays FROM 'results/segment_io.bin' (FORMAT binary)
-- a negative count
SELECT pg_temp.copy_file(set_byte(stays, 22, 255)) AS file FROM sent \gset
\lo_export :file results/segment_io.bin
\copy received_stays FROM 'results/segment_io.bin' (FORMAT binary)
-- out of order
SELECT pg_temp.copy_file(set_byte(stays, 38, 191)) AS file FROM sent \gset
\lo_export :file results/segment_io.bin
\copy received_stays FROM 'results/segment_io.bin' (FORMAT binary)
-- truncated
SELECT pg_temp.copy_file(substr(stays, 1, 50)) AS file FROM sent \gset
\lo_export :file results/segment_io.bin
\copy received_stays FROM 'results/segment_io.bin' (FORMAT binary)
SELECT count(*) FROM received_stays;
-- of a cohort table: an unknown period, a period beyond all dates, an amount out of range
CREATE TEMP TABLE received_cells (c cv_cohort_table);
SELECT pg_temp.copy_file(set_byte(cells, 5, 9)) AS file FROM sent \gset
\lo_export :file results/segment_io.bin
\copy received_cells FROM 'results/segment_io.bin' (FORMAT binary)
SELECT pg_temp.copy_file(set_byte(cells, 22, 255)) AS file FROM sent \gset
\lo_export :file results/segment_io.bin
\copy received_cells FROM 'results/segment_io.bin' (FORMAT binary)
SELECT pg_temp.copy_file(set_byte(cells, 78, 127)) AS file FROM sent \gset
\lo_export :file results/segment_io.bin
\copy received_cells FROM 'results/segment_io.bin' (FORMAT binary)
SELECT pg_temp.copy_file(cells) AS file FROM sent \gset
\lo_export :file results/segment_io.bin
\copy received_cells FROM 'results/segment_io.bin' (FORMAT binary)
SELECT c FROM received_cells;
SELECT count(lo_unlink(oid)) > 0 AS cleaned FROM pg_largeobject_metadata;
