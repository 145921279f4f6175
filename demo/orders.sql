-- A shop that never was: 4,000 customers won over two years, who buy and leave as an
-- MBG/NBD model and spend as a Gamma-Gamma model have it. The same orders everywhere.
--
-- Variables: as_of (or none).

CREATE TABLE demo.source AS
SELECT 'A made-up shop: 4,000 customers, won evenly over two years, who buy, leave and spend'
       || E'\nby models with known parameters (simulate_purchases, seed 42).' AS words,
       0::bigint AS read,
       0::bigint AS without_customer,
       0::bigint AS without_date,
       0::bigint AS without_amount,
       0::bigint AS after_as_of,
       false AS has_times,
       NULL::text AS note,
       '{"buying": {"family": "mbg/nbd", "unit": "7 days", "r": 0.6, "alpha": 6, "a": 0.8, "b": 2.2},
         "spending": {"family": "gamma-gamma", "p": 6, "q": 4, "gamma": 22}}'::jsonb AS truth;

CREATE TABLE orders AS
SELECT customer_id::text AS customer_id, at AS ordered_on, amount::numeric AS amount
FROM demo.source,
     simulate_purchases((truth -> 'buying')::cv_buying_model, (truth -> 'spending')::cv_spending_model,
                        customers => 4000, until => '2025-12-31',
                        acquired_from => '2024-01-01', acquired_to => '2025-12-31', seed => 42);
COMMENT ON TABLE orders IS 'The orders of a made-up shop.';

UPDATE demo.source SET read = (SELECT count(*) FROM orders);
WITH later AS (
    DELETE FROM orders WHERE ordered_on > nullif(:'as_of', '')::date RETURNING 1
)
UPDATE demo.source SET after_as_of = (SELECT count(*) FROM later);
ANALYZE orders;
