-- From the file's rows, all text, to the table of orders. The rows are in the temporary
-- table staging, in the order of the file.
--
-- Variables: customer, date, amount (columns of staging), date_order (DMY, MDY or none),
-- decimal (. or ,), as_of (or none), file, note, and the names the columns have in the
-- file: customer_name, date_name, amount_name.

SELECT coalesce(nullif(:'date_order', ''), 'YMD') AS date_order,
       -- year first, or as date_order says, or else with the name of the month
       '^([0-9]{4}[-/.][0-9]{1,2}[-/.][0-9]{1,2}([T ]+[0-9]{1,2}:[0-9].*)?|[0-9]{8}'
       || CASE WHEN :'date_order' <> ''
               THEN '|[0-9]{1,2}[-/.][0-9]{1,2}[-/.]([0-9]{4}|[0-9]{2})([T ,]+[0-9]{1,2}:[0-9].*)?'
               ELSE '' END || ')$' AS date_form,
       '^([0-9]{1,2}[- .]+[A-Za-z]{3,9}|[A-Za-z]{3,9}\.?[- ]+[0-9]{1,2})[- .,]+[0-9]{4}([T ,]+[0-9]{1,2}:[0-9].*)?$'
           AS month_form,
       CASE :'decimal' WHEN ',' THEN '^[-+]?([0-9]+(,[0-9]*)?|,[0-9]+)$'
                       ELSE '^[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]{1,3})?$' END AS amount_form \gset
\o /dev/null
SELECT set_config('datestyle', 'ISO, ' || :'date_order', false),
       set_config('demo.date_order', :'date_order', false),
       set_config('demo.date_form', :'date_form', false),
       set_config('demo.month_form', :'month_form', false),
       set_config('demo.date_name', :'date_name', false),
       set_config('demo.amount_form', :'amount_form', false),
       set_config('demo.amount_name', :'amount_name', false),
       set_config('demo.decimal', :'decimal', false);
\o

CREATE TEMPORARY VIEW given AS
SELECT ctid AS place,
       nullif(btrim(:"customer", E' \t\r\n'), '') AS customer,
       nullif(btrim(:"date", E' \t\r\n'), '') AS day,
       nullif(btrim(:"amount", E' \t\r\n'), '') AS amount
FROM staging
OFFSET 0; -- so that each row is trimmed once, not where it is looked at

CREATE TABLE orders (customer_id text NOT NULL, ordered_on date NOT NULL, amount numeric NOT NULL);
COMMENT ON TABLE orders IS 'The orders of the file.';

-- What is wrong with a date; NULL if nothing is.
CREATE FUNCTION pg_temp.trouble_of_date(day text) RETURNS text LANGUAGE plpgsql AS $function$
DECLARE
    name text := quote_literal(current_setting('demo.date_name'));
BEGIN
    IF day ~ current_setting('demo.date_form') OR day ~ current_setting('demo.month_form') THEN
        PERFORM day::timestamp;
        RETURN NULL;
    ELSIF current_setting('demo.date_order') = 'YMD'
          AND day ~ '^\d{1,2}[-/. ]\d{1,2}[-/. ](\d{4}|\d\d)\y' THEN
        RETURN format('cannot tell day from month in the date %L; say --date-order DMY or --date-order MDY', day);
    END IF;
    RETURN format('%L is not a date; expected in column %s is a day such as 2024-12-31, and --date NAME picks another column',
                  left(day, 60), name);
EXCEPTION WHEN data_exception THEN
    RETURN format('there is no such day as %L', day)
        || CASE current_setting('demo.date_order')
               WHEN 'YMD' THEN '; expected in column ' || name || ' is a day such as 2024-12-31, and --date NAME picks another column'
               ELSE ' by --date-order ' || current_setting('demo.date_order') END;
END
$function$;

-- What is wrong with an amount; NULL if nothing is.
CREATE FUNCTION pg_temp.trouble_of_amount(amount text) RETURNS text LANGUAGE plpgsql AS $function$
DECLARE
    decimal_comma boolean := current_setting('demo.decimal') = ',';
    example text := CASE WHEN decimal_comma THEN '1234,50' ELSE '1234.50' END;
BEGIN
    IF amount ~ current_setting('demo.amount_form') THEN
        IF abs(replace(amount, ',', '.')::numeric) > 9e12 THEN
            RETURN format('the amount %s is beyond 9e12, more than can be counted', left(amount, 60));
        END IF;
        RETURN NULL;
    ELSIF amount ~ $f$^[-+]?\d{1,3}([.,' ])\d{3}(\1\d{3})*([.,]\d+)?$$f$
          AND NOT (amount ~ '^[-+]?\d+,\d+$' AND NOT decimal_comma AND amount !~ ',\d{3}$')
          AND NOT (amount ~ '^[-+]?\d+\.\d+$' AND decimal_comma AND amount !~ '\.\d{3}$') THEN
        RETURN format('the amount %L has a thousands separator; write it without, as in %s%s', amount, example,
                      CASE WHEN NOT decimal_comma AND amount ~ '^[^,]+,\d{3}$'
                           THEN '. If its comma is a decimal one, say --decimal ,'
                           WHEN NOT decimal_comma AND amount ~ '\..*,'
                           THEN ', and say --decimal ,' ELSE '' END);
    ELSIF amount ~ '^[-+]?\d*,\d+$' THEN
        RETURN format('the amount %L has a decimal comma; say --decimal ,', amount);
    ELSIF decimal_comma AND amount ~ '^[-+]?\d*\.\d+$' THEN
        RETURN format('the amount %L has a decimal point, although --decimal , was said', amount);
    ELSIF amount ~ '^\W*(\$|€|£|¥|[A-Z]{3})?\s*[-+]?[\d.,]+\s*(\$|€|£|¥|[A-Z]{3})?$' THEN
        RETURN format('the amount %L has a currency with it; expected is a plain number such as %s',
                      amount, example);
    END IF;
    RETURN format('%L is not an amount; expected in column %s is a plain number such as %s, and --amount NAME picks another column',
                  left(amount, 60), quote_literal(current_setting('demo.amount_name')), example);
EXCEPTION WHEN data_exception THEN
    RETURN format('%L is not an amount', left(amount, 60));
END
$function$;

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM staging) THEN
        RAISE EXCEPTION 'there is a header line and nothing else; expected is a line for each order';
    END IF;
END
$$;

DO $$
DECLARE
    date_form text := current_setting('demo.date_form');
    month_form text := current_setting('demo.month_form');
    amount_form text := current_setting('demo.amount_form');
    bad record;
    line bigint;
BEGIN
    -- All at once; one by one only if that fails, to find where.
    IF NOT EXISTS (SELECT FROM given
                   WHERE customer IS NOT NULL AND day IS NOT NULL AND amount IS NOT NULL
                     AND (day !~ date_form AND day !~ month_form OR amount !~ amount_form)) THEN
        BEGIN
            INSERT INTO orders
            SELECT customer, day::timestamp::date, replace(amount, ',', '.')::numeric
            FROM given
            WHERE customer IS NOT NULL AND day IS NOT NULL AND amount IS NOT NULL;
            IF NOT EXISTS (SELECT FROM orders WHERE abs(amount) > 9e12) THEN
                RETURN;
            END IF;
        EXCEPTION WHEN data_exception THEN
            NULL;
        END;
    END IF;
    FOR bad IN SELECT place, day, amount FROM given
               WHERE customer IS NOT NULL AND day IS NOT NULL AND amount IS NOT NULL
               ORDER BY place LOOP
        bad.day := coalesce(pg_temp.trouble_of_date(bad.day), pg_temp.trouble_of_amount(bad.amount));
        IF bad.day IS NOT NULL THEN
            -- A field in quotes may hold ends of line.
            SELECT 2 + count(*) + coalesce(sum(length(s::text) - length(replace(s::text, E'\n', ''))), 0)
            INTO line
            FROM staging AS s
            WHERE ctid < bad.place;
            RAISE EXCEPTION 'line %: %', line, bad.day;
        END IF;
    END LOOP;
    RAISE EXCEPTION 'dates or amounts cannot be read';
END
$$;

CREATE TABLE demo.source AS
SELECT format('The file %s: customers from %L, dates from %L, amounts from %L.', :'file'::text,
              :'customer_name'::text, :'date_name'::text, :'amount_name'::text) AS words,
       count(*) AS read,
       count(*) FILTER (WHERE customer IS NULL) AS without_customer,
       count(*) FILTER (WHERE customer IS NOT NULL AND day IS NULL) AS without_date,
       count(*) FILTER (WHERE customer IS NOT NULL AND day IS NOT NULL AND amount IS NULL) AS without_amount,
       0::bigint AS after_as_of,
       coalesce(bool_or(strpos(day, ':') > 0), false) AS has_times,
       nullif(:'note', '') AS note,
       NULL::jsonb AS truth
FROM given;

-- What is not known on the day of the question.
WITH later AS (
    DELETE FROM orders WHERE ordered_on > nullif(:'as_of', '')::date RETURNING 1
)
UPDATE demo.source SET after_as_of = (SELECT count(*) FROM later);
ANALYZE orders;
