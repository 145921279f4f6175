-- Part 3: all customers' histories in one value.

INSERT INTO parts VALUES (3, 'Customer bases',
    '`customer_base(history)` over a table of histories, against `count(*), min, max, sum` of the histories'' ages. Customers '
    'of the CDNOW model (BG/NBD), won within 12 weeks a year ago or over three years; spends in cents make most histories of repeat '
    'customers distinct.',
    '{work, CPU, compared with, CPU, ratio: CPU (wall)}');

SELECT compare(3, 'count, min, max, sum of age',
               format('SELECT count(*), min((history).age), max((history).age), sum((history).age) FROM histories WHERE customer_id <= %s', customers),
               ARRAY[format('`customer_base`, %s customers', thousands(customers))],
               ARRAY[format('SELECT customer_base(history) FROM histories WHERE customer_id <= %s', customers)], '{NULL}')
FROM sizes ORDER BY customers;

SELECT compare(3, 'count, min, max, sum of age',
               'SELECT count(*), min((history).age), max((history).age), sum((history).age) FROM wide_histories',
               ARRAY[format('`customer_base`, %s customers won over three years', thousands(customers))],
               '{SELECT customer_base(history) FROM wide_histories}', '{NULL}')
FROM sizes WHERE largest;

SELECT report(3, ARRAY[format('bytes of a base of %s customers, won over %s', thousands(customers), won), megabytes(bytes), 'distinct histories',
                       thousands(distinct_histories), digits(bytes / distinct_histories::float8)],
              '≤ 32 for each, and a header', (bytes - 64) / distinct_histories <= 32)
FROM (SELECT '12 weeks' AS won, pg_column_size(customer_base(history)) AS bytes,
             count(DISTINCT ((history).frequency, (history).recency, (history).age, (history).monetary)) AS distinct_histories
      FROM histories
      UNION ALL
      SELECT '3 years', pg_column_size(customer_base(history)),
             count(DISTINCT ((history).frequency, (history).recency, (history).age, (history).monetary))
      FROM wide_histories) AS bases, sizes
WHERE largest;
