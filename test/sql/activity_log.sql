-- activity_log() and what a log answers.
SET datestyle = 'ISO, YMD';
SET timezone = 'UTC';
SET extra_float_digits = 1;
SET client_min_messages = warning;

CREATE TEMP TABLE orders (customer text, at date, amount float8);
INSERT INTO orders VALUES
    ('ordinary', '2026-01-05', 19.99),
    ('ordinary', '2026-01-09', 5),
    ('ordinary', '2026-02-01', 7.5),
    ('unsorted', '2026-02-01', 7.5),
    ('unsorted', '2026-01-05', 19.99),
    ('unsorted', '2026-01-09', 5),
    ('same day', '2026-01-05', 10),
    ('same day', '2026-01-05', 2.5),
    ('same day', '2026-01-06', 1),
    ('same day', '2026-01-05', 10),
    ('one', '2026-01-05', 3),
    ('free', '2026-01-05', 0),
    ('free', '2026-01-06', 0),
    ('return', '2026-01-05', 10),
    ('return', '2026-01-05', -4),
    ('return', '2026-01-20', -6),
    ('return', '2026-01-25', 1),
    ('returns only', '2026-01-05', -4),
    ('returns only', '2026-01-07', -4),
    ('negative zero', '2026-01-05', '-0'),
    ('nulls', NULL, 3),
    ('nulls', '2026-01-05', NULL),
    ('nulls', '2026-01-06', 2),
    ('nulls', NULL, NULL),
    ('only nulls', NULL, 3),
    ('only nulls', '2026-01-05', NULL);

-- as text
SELECT customer, activity_log(at, amount) AS log
FROM orders GROUP BY customer ORDER BY customer COLLATE "C";

-- dates only: events of amount 0; a NULL date is ignored
SELECT customer, activity_log(at) AS log
FROM orders GROUP BY customer ORDER BY customer COLLATE "C";

CREATE TEMP TABLE logs AS
SELECT customer, activity_log(at, amount) AS log FROM orders GROUP BY customer;

-- the readers; days with returns only are no purchase days
SELECT customer, first_on(log), last_on(log), active_days(log), events(log), total(log)
FROM logs ORDER BY customer COLLATE "C";

-- ranges include both ends
SELECT events(log, '2026-01-05', '2026-01-09') AS both_ends,
       events(log, '2026-01-06', '2026-01-08') AS between,
       events(log, '2026-01-09', '2026-01-09') AS one_day,
       events(log, '2026-01-09', '2026-01-05') AS reversed,
       events(log, '-infinity', 'infinity') AS open,
       events(log, '-infinity', '2026-01-05') AS open_start,
       events(log, '2026-01-06', 'infinity') AS open_end,
       events(log, 'infinity', '-infinity') AS reversed_open
FROM logs WHERE customer = 'ordinary';
SELECT total(log, '2026-01-05', '2026-01-09') AS both_ends,
       total(log, '2026-01-06', '2026-01-08') AS between,
       total(log, '2026-01-09', '2026-01-09') AS one_day,
       total(log, '2026-01-09', '2026-01-05') AS reversed,
       total(log, '-infinity', 'infinity') AS open,
       total(log, '-infinity', '2026-01-05') AS open_start,
       total(log, '2026-01-06', 'infinity') AS open_end
FROM logs WHERE customer = 'ordinary';

-- amounts on days with returns only belong to ranges as well
SELECT total(log, '2026-01-06', '2026-01-24'), events(log, '2026-01-06', '2026-01-24')
FROM logs WHERE customer = 'return';

-- the log as rows
SELECT customer, e.* FROM logs, entries(log) AS e ORDER BY customer COLLATE "C", at;
SELECT (entries(log)).amount FROM logs WHERE customer = 'same day' ORDER BY 1;

-- named arguments
SELECT events(log => log, from_date => '2026-01-05', to_date => '2026-01-05'),
       total(log => log, from_date => '2026-01-05', to_date => '2026-01-05'),
       first_on(log => log), active_days(log => log)
FROM logs WHERE customer = 'same day';

-- every reader returns NULL for NULL
SELECT first_on(NULL::cv_activity_log), last_on(NULL::cv_activity_log),
       active_days(NULL::cv_activity_log), events(NULL::cv_activity_log),
       total(NULL::cv_activity_log);
SELECT events(log, NULL, '2026-01-01'), events(log, '2026-01-01', NULL),
       total(log, NULL, '2026-01-01'), total(log, '2026-01-01', NULL)
FROM logs WHERE customer = 'ordinary';
SELECT count(*) FROM entries(NULL::cv_activity_log);

-- an empty log, which only text can make
SELECT first_on(log), last_on(log), active_days(log), events(log), total(log),
       events(log, '-infinity', 'infinity'), total(log, '-infinity', 'infinity')
FROM (SELECT '[]'::cv_activity_log AS log) AS empty;
SELECT count(*) FROM entries('[]'::cv_activity_log);

-- no rows
SELECT activity_log(at, amount), activity_log(at) FROM orders WHERE false;
SELECT rollup(log) FROM logs WHERE false;

-- numeric and integer amounts cast to float8; timestamps need a cast, which names the day
SELECT activity_log('2026-01-05', 19.99::numeric), activity_log('2026-01-05', 20);
SELECT activity_log(at::date, amount)
FROM (VALUES (timestamp '2026-01-05 23:59:59.999999', 1.0)) AS t(at, amount);

-- DISTINCT and FILTER
SELECT activity_log(DISTINCT at, amount) FROM orders WHERE customer = 'same day';
SELECT activity_log(at, amount) FILTER (WHERE amount > 5) AS some,
       activity_log(at, amount) FILTER (WHERE amount > 500) AS none
FROM orders WHERE customer = 'same day';
SELECT activity_log(at, amount ORDER BY at DESC) FROM orders WHERE customer = 'ordinary';
