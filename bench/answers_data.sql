-- Answers from 0 to 10 of customers in 8 segments, with weights.
--
-- Variables: rows (twice as many as answers).

CREATE TABLE answers AS
SELECT h % 8 AS segment, (h / 8 % 11)::integer AS score, 0.5 + h % 1000 / 999.0::float8 AS weight
FROM (SELECT abs(hashint8(n)::bigint) AS h FROM generate_series(1, greatest(1000, :rows / 2)) AS n) AS t;
VACUUM (FREEZE, ANALYZE) answers;
