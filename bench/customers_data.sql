-- Customers of the CDNOW model in three sizes, won within twelve weeks as those were, and
-- as many as the largest won over three years: more distinct histories.
--
-- Variables: customers (such as 10000,100000,1000000).

CREATE TABLE sizes AS
SELECT size::integer AS customers, row_number() OVER (ORDER BY size::integer DESC) = 1 AS largest
FROM regexp_split_to_table(:'customers', ',') AS size;

SELECT customers AS largest FROM sizes WHERE largest \gset
SELECT setseed(0.5);

CREATE TABLE purchases AS
SELECT customer_id, at AS ordered_on, amount
FROM simulate_purchases(
        '{"family": "bg/nbd", "unit": "7 days", "r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}',
        '{"family": "gamma-gamma", "p": 6.25, "q": 3.74, "gamma": 15.44}',
        customers => :largest,
        acquired_from => '2024-01-01', acquired_to => '2024-03-24', until => '2025-03-30', seed => 2)
ORDER BY random();
VACUUM (FREEZE, ANALYZE) purchases;

CREATE TABLE histories AS
SELECT customer_id, purchase_history(ordered_on, amount, '2025-03-30') AS history
FROM purchases GROUP BY customer_id ORDER BY customer_id;
ALTER TABLE histories ADD PRIMARY KEY (customer_id);
VACUUM (FREEZE, ANALYZE) histories;

CREATE TABLE wide_histories AS
SELECT customer_id, purchase_history(at, amount, '2025-03-30') AS history
FROM simulate_purchases(
        '{"family": "bg/nbd", "unit": "7 days", "r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}',
        '{"family": "gamma-gamma", "p": 6.25, "q": 3.74, "gamma": 15.44}',
        customers => :largest,
        acquired_from => '2022-03-28', acquired_to => '2025-03-27', until => '2025-03-30', seed => 3)
GROUP BY customer_id ORDER BY customer_id;
VACUUM (FREEZE, ANALYZE) wide_histories;

-- A base for each size, and one of the customers won over three years.
CREATE TABLE bases (customers integer, won text, base cv_customer_base);
INSERT INTO bases
SELECT sizes.customers, '12 weeks', customer_base(history)
FROM sizes JOIN histories ON customer_id <= sizes.customers
GROUP BY sizes.customers;
INSERT INTO bases SELECT :largest, '3 years', customer_base(history) FROM wide_histories;

-- The models that the histories are asked with.
CREATE TABLE models AS
SELECT family, fit_buying(base, family, CASE family WHEN 'bg/bb' THEN interval '1 day' ELSE '7 days' END) AS buying, fit_spending(base) AS spending
FROM bases, sizes, unnest(ARRAY['bg/nbd', 'mbg/nbd', 'pareto/nbd', 'bg/cnbd-2', 'mbg/cnbd-2', 'bg/bb']) AS family
WHERE sizes.largest AND bases.customers = sizes.customers AND won = '12 weeks';
ANALYZE models;
