-- Part 8: how soon a fit ends that is cancelled. Another session runs 8_victim.sql.

INSERT INTO parts
SELECT 8, 'Cancelling',
       format('From `pg_cancel_backend` until the session is free again, during `fit_buying(base, ''pareto/nbd'')` of %s customers won over '
              'three years, each time at another point of the fit.', thousands(customers)),
       '{work, cancelled, median, longest}'
FROM sizes WHERE largest;

CREATE TABLE cancelled (attempt integer, seconds float8);

CREATE TABLE whole_fit AS
SELECT (alternate('{"SELECT fit_buying(base, ''pareto/nbd'') FROM bases WHERE won = ''3 years''"}', '{"{}"}'))[1].wall AS seconds;

-- Cancels each of the other session's fits after another share of the time that a fit takes.
CREATE PROCEDURE cancel_fits(attempts integer) LANGUAGE plpgsql AS
$$
DECLARE
    begun timestamptz := clock_timestamp();
    victim record;
    last_start timestamptz := '-infinity';
    sent timestamptz;
BEGIN
    FOR attempt IN 1 .. attempts LOOP
        LOOP
            PERFORM pg_stat_clear_snapshot();
            SELECT pid, query_start INTO victim FROM pg_stat_activity
            WHERE application_name = 'victim' AND state = 'active' AND query LIKE 'SELECT fit_buying%' AND query_start > last_start;
            EXIT WHEN FOUND;
            IF clock_timestamp() - begun > interval '5 minutes' THEN
                RAISE 'the other session does not fit';
            END IF;
            PERFORM pg_sleep(0.0005);
        END LOOP;
        last_start := victim.query_start;
        PERFORM pg_sleep((SELECT seconds FROM whole_fit) * 0.85 * (attempt - 0.7) / attempts);
        PERFORM pg_stat_clear_snapshot();
        PERFORM FROM pg_stat_activity WHERE pid = victim.pid AND state = 'active' AND query_start = last_start;
        CONTINUE WHEN NOT FOUND; -- this fit was faster
        sent := clock_timestamp();
        PERFORM pg_cancel_backend(victim.pid);
        LOOP
            PERFORM pg_stat_clear_snapshot();
            PERFORM FROM pg_stat_activity WHERE pid = victim.pid AND state = 'active' AND query_start = last_start;
            EXIT WHEN NOT FOUND;
            PERFORM pg_sleep(0.0002);
        END LOOP;
        INSERT INTO cancelled VALUES (attempt, extract(epoch FROM clock_timestamp() - sent));
        COMMIT;
    END LOOP;
END
$$;
