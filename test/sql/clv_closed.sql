-- clv(margin, retention, discount_rate, growth, periods, timing): closed forms.
\set SHOW_CONTEXT never
SET extra_float_digits = 0;

CREATE FUNCTION pg_temp.error_of(call text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    detail text;
    hint text;
BEGIN
    EXECUTE 'SELECT ' || call;
    RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
    RETURN concat_ws(' | ', SQLSTATE, SQLERRM, nullif(detail, ''), nullif(hint, ''));
END $$;

-- the three timings, for ever and over five periods
SELECT timing, round(clv(100, 0.8, 0.1, timing => timing)::numeric, 6) AS for_ever,
       round(clv(100, 0.8, 0.1, periods => 5, timing => timing)::numeric, 6) AS five_periods
FROM unnest(ARRAY['now', 'end', 'renewal']) WITH ORDINALITY AS t(timing, n) ORDER BY n;
SELECT clv(100, 0.8, 0.1) = clv(100, 0.8, 0.1, 0, NULL, 'end') AS defaults,
       abs(clv(100, 0.8, 0.1, timing => 'now') - (100 + clv(100, 0.8, 0.1, timing => 'renewal'))) < 1e-12 AS now_is_margin_and_renewal,
       abs(clv(100, 0.8, 0.1, timing => 'now') - 1.1 * clv(100, 0.8, 0.1)) < 1e-12 AS now_is_end_and_interest;

-- the margin multiple of Gupta and Lehmann, without and with growth
SELECT r, round(clv(1, r, 0.10, timing => 'renewal')::numeric, 3) AS d10, round(clv(1, r, 0.12, timing => 'renewal')::numeric, 3) AS d12,
       round(clv(1, r, 0.14, timing => 'renewal')::numeric, 3) AS d14, round(clv(1, r, 0.16, timing => 'renewal')::numeric, 3) AS d16,
       round(clv(1, r, 0.12, 0.02, timing => 'renewal')::numeric, 3) AS g2, round(clv(1, r, 0.12, 0.04, timing => 'renewal')::numeric, 3) AS g4,
       round(clv(1, r, 0.12, 0.06, timing => 'renewal')::numeric, 3) AS g6, round(clv(1, r, 0.12, 0.08, timing => 'renewal')::numeric, 3) AS g8
FROM unnest(ARRAY[0.6, 0.7, 0.8, 0.9]) AS r ORDER BY r;
-- its elasticity to retention is (1 + d) / (1 + d - r)
SELECT r, abs(ln(clv(1, r * 1.000001, 0.12, timing => 'renewal') / clv(1, r * 0.999999, 0.12, timing => 'renewal')) / 0.000002 / (1.12 / (1.12 - r)) - 1) < 1e-6 AS elasticity
FROM unnest(ARRAY[0.6, 0.7, 0.8, 0.9]) AS r ORDER BY r;

-- Berger and Nasr (1998): contribution at the start of each cycle, promotion at mid-year while a customer
SELECT round((clv(260, 0.75, 0.2, 0, 10, 'now') - sqrt(1.2) * clv(50, 0.75, 0.2, 0, 10, 'end'))::numeric, 6) AS case_1,
       round((clv(125, sqrt(0.8), sqrt(1.2) - 1, 0, 8, 'now') - sqrt(1.2) * clv(25, 0.8, 0.2, 0, 4, 'end'))::numeric, 6) AS twice_a_year,
       round((clv(8000, 0.3, 1.2 ^ 3 - 1, 0, 4, 'now') - sqrt(1.2) * clv(95, 0.3 ^ (1 / 3.0), 0.2, 0, 12, 'end'))::numeric, 6) AS every_three_years;
-- an internet provider, as commonly cited from Farris et al.
SELECT round(clv(19.95 - 1.50 - 6 / 12.0, 1 - 0.005, 0.01, timing => 'renewal')::numeric, 6) AS provider;

-- against the sums that they stand for
SELECT timing, count(*), max(abs(clv(70, r, d, g, n, timing) - total) / greatest(1, abs(total))) < 1e-12 AS agrees
FROM unnest(ARRAY['now', 'end', 'renewal']) AS timing, unnest(ARRAY[0, 0.3, 0.8, 1]::float8[]) AS r, unnest(ARRAY[0, 0.1, 1]::float8[]) AS d,
     unnest(ARRAY[-1, -0.2, 0, 0.05, 0.25]::float8[]) AS g, unnest(ARRAY[0, 1, 2, 7, 50]) AS n,
     LATERAL (SELECT coalesce(sum(70 * r ^ (t - (timing = 'end')::integer) * (1 + g) ^ (t - (timing <> 'now')::integer) / (1 + d) ^ t), 0) AS total
              FROM generate_series((timing <> 'now')::integer, n) AS t) AS s
GROUP BY timing ORDER BY timing;
-- r (1 + g) = 1 + d: equal payments; above it: more and more
SELECT clv(10, 0.8, 0, 0.25, 1000, 'now') AS equal, clv(11, 1, 0.1, 0.1, 7) AS equal_too, clv(11, 0.88, 0.1, 0.25, 7) AS as_decimals,
       clv(1, 1, 0, 1, 10, 'now') AS doubling, clv(1, 1, 0, 0, 2147483647, 'now') AS longest;
SELECT round(clv(1, 1, 1e-12, 0, 1000000)::numeric, 3) AS tiny_rate, round(clv(1, 1 - 1e-12, 0, 0, 1000000)::numeric, 3) AS tiny_loss;
-- edges
SELECT clv(100, 0, 0.25) AS nobody_stays, clv(100, 0, 0.25, timing => 'now') AS first_only, clv(100, 0, 0.25, timing => 'renewal') AS nothing,
       clv(100, 0.8, 0.1, -1, NULL, 'now') AS last_payment, clv(100, 0.8, 0.1, 0, 0, 'now') AS today, clv(100, 0.8, 0.1, 0, 0) AS no_periods,
       clv(-100, 0, 0.25) AS loss, clv(0, 0.8, 0.1) AS zero, clv(100, 0.5, 0) AS undiscounted;

-- any NULL but that of periods gives NULL
SELECT clv(NULL, 0.8, 0.1) AS a, clv(100, NULL, 0.1) AS b, clv(100, 0.8, NULL) AS c, clv(100, 0.8, 0.1, NULL) AS d,
       clv(100, 0.8, 0.1, 0, NULL) IS NULL AS for_ever, clv(100, 0.8, 0.1, 0, 5, NULL) AS e;

-- integers, numerics, named arguments, columns of other types
SELECT clv(100, 1, 1) AS integers, clv(100.0, 1.0, 1.0) AS numerics, clv(100::real, 1::smallint, 1::bigint, 0, 3::smallint) AS others,
       clv(margin => 100, retention => 0.5, discount_rate => 0) AS named, clv(discount_rate => 0.5, periods => 2, retention => 0.5, margin => 90) AS any_order,
       clv(margin => NULL, retention => 0.5, discount_rate => 0) AS named_null;
SELECT sum(clv(margin, retention, 0.1, timing => 'renewal')) FROM (VALUES (100, 0.8), (50, 0.55)) AS t(margin, retention);

-- errors name the value
SELECT call, pg_temp.error_of(call) AS error
FROM unnest(ARRAY[
    'clv(''NaN''::float8, 0.8, 0.1)', 'clv(''Infinity''::float8, 0.8, 0.1)', 'clv(''-Infinity''::float8, 0.8, 0.1)',
    'clv(100, -0.1, 0.1)', 'clv(100, 1.1, 0.1)', 'clv(100, 80, 0.1)', 'clv(100, ''NaN''::float8, 0.1)',
    'clv(100, 0.8, -0.1)', 'clv(100, 0.8, ''NaN''::float8)', 'clv(100, 0.8, ''Infinity''::float8)',
    'clv(100, 0.8, 0.1, -1.1)', 'clv(100, 0.8, 0.1, ''NaN''::float8)', 'clv(100, 0.8, 0.1, ''Infinity''::float8)',
    'clv(100, 0.8, 0.1, 0, -1)', 'clv(100, 0.8, 0.1, 0, 5, ''begin'')', 'clv(100, 0.8, 0.1, 0, 5, ''END'')', 'clv(100, 0.8, 0.1, 0, 5, '''')',
    'clv(100, 1, 0)', 'clv(100, 1, 0.1, 0.1)', 'clv(100, 0.88, 0.1, 0.25)', 'clv(100, 0.9, 0.1, 0.3, NULL, ''now'')', 'clv(0, 1, 0)',
    'clv(100, 1, 0, 1, 2000)', 'clv(1e308, 1, 0.1)',
    'clv(100, 0.8, 0.1, 0, 5::bigint)', 'clv(100, 0.8)',
    'clv(100, 0.8, 0.1, ''end'')', 'clv(''100'', ''0.8'', ''0.1'')', 'clv(NULL, NULL, NULL)']) WITH ORDINALITY AS t(call, n) ORDER BY n;
-- a cast on one of the literals decides
SELECT clv('100', '0.5'::float8, '0') AS value, clv('100'::float8, '0.5', '0') AS first, clv(NULL::float8, NULL, NULL) IS NULL AS nothing;
PREPARE untyped AS SELECT clv($1, $2, $3);
PREPARE typed(float8, float8, float8) AS SELECT clv($1, $2, $3);
EXECUTE typed(100, 0.5, 0);
