-- customer_value: customer-value analytics in SQL.
\echo Use "CREATE EXTENSION customer_value" to load this file. \quit

