-- Part 4: fits to bases that are stored in a table.

INSERT INTO parts VALUES (4, 'Fits',
    'The fit alone: `SELECT fit_buying(base, family) FROM bases`, standard errors included, the base read from its compressed '
    'stored form. "Elsewhere" is lifetimes for BG/NBD, MBG/NBD and Gamma-Gamma and CLVTools for Pareto/NBD, from the table at the end: '
    'an orientation, measured on another day; targets stand for 1,000,000 customers won within 12 weeks. '
    'Covariates are a number of 50 values and a text of three levels; there the comparison is with the fit without them, in turns.',
    '{work, CPU, wall, iterations, elsewhere, times faster}');

CREATE TABLE elsewhere (family text, customers integer, seconds float8);
INSERT INTO elsewhere VALUES
    ('bg/nbd', 10000, 0.13), ('bg/nbd', 100000, 1.04), ('bg/nbd', 1000000, 7.8),
    ('mbg/nbd', 10000, 0.13), ('mbg/nbd', 100000, 1.0), ('mbg/nbd', 1000000, 8.2),
    ('pareto/nbd', 10000, 1.0), ('pareto/nbd', 100000, 5.3), ('pareto/nbd', 1000000, 33.5),
    ('gamma-gamma', 10000, 0.04), ('gamma-gamma', 100000, 0.24), ('gamma-gamma', 1000000, 1.7);

CREATE FUNCTION measure_fit(family text, customers integer, won text, target float8) RETURNS void LANGUAGE plpgsql AS
$$
DECLARE
    fit text := CASE family WHEN 'gamma-gamma' THEN 'fit_spending(base)' ELSE format('fit_buying(base, %L)', family) END;
    took timing;
    iterations integer;
    converged boolean;
    peer float8 := (SELECT seconds FROM elsewhere WHERE elsewhere.family = $1 AND elsewhere.customers = $2 AND won = '12 weeks');
BEGIN
    EXECUTE format('SELECT g.iterations, g.converged FROM bases, goodness(%s) AS g WHERE bases.customers = %s AND won = %L', fit, customers, won)
    INTO iterations, converged;
    took := (alternate(ARRAY[format('SELECT %s FROM bases WHERE customers = %s AND won = %L', fit, customers, won)], '{"{}"}'))[1];
    PERFORM report(4, ARRAY[format('%s, %s customers%s', family, thousands(customers), CASE won WHEN '12 weeks' THEN '' ELSE ' won over ' || won END),
                            duration(took.seconds), duration(took.wall),
                            iterations || CASE WHEN converged THEN '' ELSE ', not converged' END,
                            digits(peer) || ' s', digits(peer / took.seconds)],
                   '≤ ' || target || ' s', took.seconds <= target);
END
$$;

SELECT measure_fit(family, customers, '12 weeks',
                   CASE WHEN customers = 1000000
                        THEN CASE family WHEN 'bg/nbd' THEN 0.39 WHEN 'mbg/nbd' THEN 0.41 WHEN 'pareto/nbd' THEN 1.5 END END)
FROM unnest('{nbd, bg/nbd, mbg/nbd, pareto/nbd, gamma-gamma}'::text[]) WITH ORDINALITY AS families(family, place), sizes
ORDER BY place, customers;

SELECT measure_fit(family, customers, '3 years', NULL)
FROM unnest('{nbd, bg/nbd, mbg/nbd, pareto/nbd, gamma-gamma}'::text[]) WITH ORDINALITY AS families(family, place), sizes
WHERE largest
ORDER BY place;

-- With covariates that have nothing to do with the histories, as far as the work goes the same as any.
CREATE TABLE covariate_bases AS
SELECT sizes.customers, customer_base(history) AS plain,
       customer_base(history, jsonb_build_object('channel', (ARRAY['app', 'store', 'web'])[1 + customer_id % 3], 'age', 20 + customer_id * 7919 % 50)) AS base
FROM sizes JOIN histories ON customer_id <= sizes.customers
GROUP BY sizes.customers;

CREATE FUNCTION measure_covariates(family text, customers integer) RETURNS void LANGUAGE plpgsql AS
$$
DECLARE
    took timing[] := alternate((SELECT array_agg(format('SELECT fit_buying(%I, %L) FROM covariate_bases WHERE customers = %s', base, $1, $2) ORDER BY place)
                                FROM unnest('{plain, base}'::text[]) WITH ORDINALITY AS b(base, place)), '{"{}"}');
    iterations integer;
    converged boolean;
BEGIN
    SELECT g.iterations, g.converged INTO iterations, converged
    FROM covariate_bases, goodness(fit_buying(base, $1)) AS g WHERE covariate_bases.customers = $2;
    PERFORM report(4, ARRAY[format('%s with covariates, %s customers', family, thousands(customers)), duration(took[2].seconds), duration(took[2].wall),
                            iterations || CASE WHEN converged THEN '' ELSE ', not converged' END,
                            'without: ' || duration(took[1].seconds), digits(1 / took[2].ratio)]);
END
$$;

SELECT measure_covariates(family, customers)
FROM unnest('{nbd, bg/nbd, mbg/nbd, pareto/nbd}'::text[]) WITH ORDINALITY AS families(family, place), sizes
ORDER BY place, customers;
