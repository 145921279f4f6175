-- Part 5: what a prediction costs for each customer.

INSERT INTO parts
SELECT 5, 'Predictions',
       format('`SELECT sum(clv(buying, spending, history, ...)) FROM models, histories` and the like over %s stored histories; CPU '
              'for each customer, net of the floor `sum((history).age)` over the same join, and gross. Finite is a '
              'horizon of one year. Customers who share (frequency, age) share work: those won over three years share less.',
              thousands(customers)),
       '{work, net, gross, floor, wall of all}'
FROM sizes WHERE largest;

CREATE FUNCTION measure_predictions(family text, histories text, won text, finite float8, infinite float8) RETURNS void LANGUAGE plpgsql AS
$$
DECLARE
    works text[] := '{p_alive, "expected_purchases, 1 year", "clv, 1 year", "clv, infinite"}';
    calls text[] := ARRAY['(history).age', 'p_alive(buying, history)', 'expected_purchases(buying, history, ''1 year'')',
                          'clv(buying, spending, history, ''1 year'')', 'clv(buying, spending, history)'];
    targets float8[] := ARRAY[finite, finite, finite, infinite];
    customers integer := (SELECT sizes.customers FROM sizes WHERE largest);
    timings timing[];
    net float8;
BEGIN
    timings := alternate((SELECT array_agg(format('SELECT sum(%s) FROM models, %I WHERE family = %L', call, histories, family) ORDER BY place)
                          FROM unnest(calls) WITH ORDINALITY AS c(call, place)), '{"{}"}');
    FOR i IN 1 .. 4 LOOP
        net := (timings[i + 1].seconds - timings[1].seconds) / customers * 1e6;
        PERFORM report(5, ARRAY[format('%s, %s%s', works[i], family, won), digits(net) || ' µs', digits(timings[i + 1].seconds / customers * 1e6) || ' µs',
                                digits(timings[1].seconds / customers * 1e6) || ' µs', duration(timings[i + 1].wall)],
                       '≤ ' || targets[i] || ' µs net', net <= targets[i]);
    END LOOP;
END
$$;

SELECT measure_predictions('bg/nbd', 'histories', '', 2, 4);
SELECT measure_predictions('mbg/nbd', 'histories', '', 2, 4);
SELECT measure_predictions('pareto/nbd', 'histories', '', 0.7, 0.7);
-- at most ten times MBG/NBD; bg/bb counts days
SELECT measure_predictions('bg/cnbd-2', 'histories', '', 20, 40);
SELECT measure_predictions('mbg/cnbd-2', 'histories', '', 20, 40);
SELECT measure_predictions('bg/bb', 'histories', '', 20, 40);
SELECT measure_predictions('bg/nbd', 'wide_histories', ', won over three years', 2, 4);
SELECT measure_predictions('mbg/nbd', 'wide_histories', ', won over three years', 2, 4);
SELECT measure_predictions('pareto/nbd', 'wide_histories', ', won over three years', 0.7, 0.7);
SELECT measure_predictions('mbg/cnbd-2', 'wide_histories', ', won over three years', 20, 40);

-- What needs draws, and what needs a whole base.
CREATE FUNCTION measure_uncertainty(family text) RETURNS void LANGUAGE plpgsql AS
$$
DECLARE
    customers integer := least(10000, (SELECT sizes.customers FROM sizes WHERE largest));
    timings timing[];
    net float8;
BEGIN
    timings := alternate(ARRAY[
        format('SELECT sum((history).age) FROM models, histories WHERE family = %L AND customer_id <= %s', family, customers),
        format('SELECT sum(high) FROM models, histories, clv_interval(buying, spending, history, ''1 year'') WHERE family = %L AND customer_id <= %s', family, customers),
        format('SELECT sum(value) FROM models, parameter_draws(buying, 10000) WHERE family = %L', family),
        format('SELECT sum(expected_customers(buying, base, n)) FROM models, bases, generate_series(0, 6) AS n WHERE family = %L AND won = ''3 years''', family)], '{"{}"}');
    net := (timings[2].seconds - timings[1].seconds) / customers;
    PERFORM report(5, ARRAY[format('clv_interval, 1 year, 1,000 draws, %s, %s customers', family, thousands(customers)), duration(net),
                            duration(timings[2].seconds / customers), duration(timings[1].seconds / customers), duration(timings[2].wall)],
                   '≤ 1 ms net', net <= 1e-3);
    PERFORM report(5, ARRAY[format('parameter_draws, %s, each of 10,000 draws', family), '', duration(timings[3].seconds / 10000), '', duration(timings[3].wall)]);
    PERFORM report(5, ARRAY[format('expected_customers, %s, each of 7 counts over the base won over three years', family), '', duration(timings[4].seconds / 7), '',
                            duration(timings[4].wall)]);
END
$$;

SELECT measure_uncertainty('bg/nbd');
SELECT measure_uncertainty('mbg/nbd');
SELECT measure_uncertainty('pareto/nbd');
