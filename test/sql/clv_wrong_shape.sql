-- Texts of the wrong shape: an error, and the server lives on. Lists are arrays, entries and
-- histories are arrays of all their fields, keys are known.
CREATE FUNCTION pg_temp.state_of(query text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE query;
    RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE;
END $$;

SELECT type, text, pg_temp.state_of(format('SELECT %L::%I', text, type)) AS error
FROM (VALUES
    (1, 'cv_activity_log', '{}'), (2, 'cv_activity_log', '[[]]'), (3, 'cv_activity_log', '[["2026-01-05", 1, 1], []]'),
    (4, 'cv_activity_log', '[{}]'), (5, 'cv_activity_log', '{"2026-01-05": ["2026-01-05", 1, 1]}'), (6, 'cv_activity_log', '[1]'),
    (7, 'cv_purchase_log', '{"as_of": "2026-01-31", "log": {}}'),
    (8, 'cv_purchase_log', '{"as_of": "2026-01-31", "log": {"a": ["2026-01-05", 1, 1]}}'),
    (9, 'cv_purchase_log', '{"as_of": "2026-01-31", "log": [[]]}'),
    (10, 'cv_customer_base', '[]'), (11, 'cv_customer_base', '{"histories": {"a": [1, 2, 3, 4, 5]}}'),
    (12, 'cv_customer_base', '{"histories": [[]]}'), (13, 'cv_customer_base', '{"histories": [], "other": []}'),
    (14, 'cv_buying_model', '[1]'), (15, 'cv_buying_model', '[{"family": "nbd"}]'), (16, 'cv_spending_model', '[1]')) AS t(id, type, text)
ORDER BY id;

-- arrays where an object belongs
SELECT type, text, pg_temp.state_of(format('SELECT %L::%I', text, type)) AS error
FROM (VALUES
    (1, 'cv_purchase_log', '["x"]'), (2, 'cv_purchase_log', '[["2026-01-01", 1, 1]]'), (3, 'cv_purchase_log', '[[["2026-01-01", 1, 1]]]'),
    (4, 'cv_purchase_log', '[{"as_of": "2026-01-31"}]'),
    (5, 'cv_customer_base', '[1]'), (6, 'cv_customer_base', '[[1]]'), (7, 'cv_customer_base', '[[[1, 2, 3, 4, 5]]]'),
    (8, 'cv_customer_base', '[{"histories": [[1, 2, 3, 4, 5]]}]'), (9, 'cv_customer_base', '[{"gapless": 7}]')) AS t(id, type, text)
ORDER BY id;
