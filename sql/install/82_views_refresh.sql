-- views_refresh: bringing the views up to date

CREATE FUNCTION value_views_as_of(target text) RETURNS date LANGUAGE plpgsql STABLE AS
$$
DECLARE
    settings record;
    last date;
    day date;
    source text;
BEGIN
    EXECUTE pg_catalog.format('SELECT as_of, sources, coalesce(calendar::jsonb ->> ''zone'', ''UTC'') AS zone FROM %I.value_views', target) INTO settings;
    IF settings.as_of IS NOT NULL THEN
        RETURN settings.as_of;
    END IF;
    FOREACH source IN ARRAY settings.sources LOOP
        CONTINUE WHEN source NOT IN ('orders', 'touches', 'surveys', 'tickets');
        EXECUTE pg_catalog.format('SELECT max(%s) FROM %I.%I', CASE source WHEN 'orders' THEN 'ordered_on' WHEN 'surveys' THEN 'at'
            ELSE pg_catalog.format('(%s AT TIME ZONE %L)::date', CASE source WHEN 'touches' THEN 'at' ELSE 'created' END, settings.zone) END, target, source)
            INTO day;
        last := greatest(last, day);
    END LOOP;
    IF last IN ('infinity', '-infinity') THEN
        RAISE EXCEPTION 'the last day of the sources is %', last
            USING ERRCODE = 'invalid_parameter_value', HINT = 'Give create_value_views() an as_of, or sources without infinite dates.';
    END IF;
    RETURN last;
END
$$;
COMMENT ON FUNCTION value_views_as_of(text) IS
'The day that the value views of a schema are told as of: the one given, or else the last day of their sources.';

CREATE FUNCTION value_views_models(target text, as_of date) RETURNS text LANGUAGE plpgsql AS
$$
DECLARE
    ext constant text := (SELECT n.nspname FROM pg_catalog.pg_extension AS e JOIN pg_catalog.pg_namespace AS n ON n.oid = e.extnamespace
                          WHERE e.extname = 'customer_value');
    notes text[] := '{}';
    problem text;
BEGIN
    EXECUTE pg_catalog.format(
        'CREATE UNLOGGED TABLE %1$I.work_models AS
         SELECT NULL::%2$I.cv_buying_model AS buying, NULL::%2$I.cv_spending_model AS spending,
                (SELECT sum(margin) / nullif(sum(%2$I.total(log)) FILTER (WHERE margin IS NOT NULL)::numeric, 0) FROM %1$I.work_customer_logs)::float8 AS margin,
                (SELECT %2$I.customer_base(%2$I.purchase_history(log, %3$L)) FROM %1$I.work_customer_logs) AS base', target, ext, as_of);
    -- A shop too young for a model has views without lifetime values, not no views.
    BEGIN
        EXECUTE pg_catalog.format('UPDATE %1$I.work_models SET buying = %2$I.fit_buying(base)', target, ext);
    EXCEPTION WHEN data_exception OR invalid_parameter_value THEN
        GET STACKED DIAGNOSTICS problem = PG_EXCEPTION_DETAIL;
        notes := notes || ('no buying model: ' || problem);
    END;
    BEGIN
        EXECUTE pg_catalog.format('UPDATE %1$I.work_models SET spending = %2$I.fit_spending(base)', target, ext);
    EXCEPTION WHEN data_exception OR invalid_parameter_value THEN
        GET STACKED DIAGNOSTICS problem = PG_EXCEPTION_DETAIL;
        notes := notes || ('no spending model: ' || problem);
    END;
    EXECUTE pg_catalog.format(
        'INSERT INTO %1$I.work_clv_model
         SELECT ''buying'', p.name, buying::jsonb ->> ''family'', extract(epoch FROM (buying::jsonb ->> ''unit'')::interval) / 86400,
                p.estimate, p.standard_error, p.low, p.high, g.log_likelihood, g.customers, g.converged
         FROM %1$I.work_models, %2$I.parameters(buying) AS p, %2$I.goodness(buying) AS g WHERE buying IS NOT NULL
         UNION ALL
         SELECT ''spending'', p.name, spending::jsonb ->> ''family'', NULL,
                p.estimate, p.standard_error, p.low, p.high, g.log_likelihood, g.customers, g.converged
         FROM %1$I.work_models, %2$I.parameters(spending) AS p, %2$I.goodness(spending) AS g WHERE spending IS NOT NULL', target, ext);
    RETURN pg_catalog.array_to_string(notes, '; ');
END
$$;
COMMENT ON FUNCTION value_views_models(text, date) IS
'Fits the models of a refresh; returns what could not be fitted and why, empty if all went well.';

CREATE FUNCTION value_views_steps(target text, as_of date, OUT step text, OUT statement text)
RETURNS SETOF record LANGUAGE plpgsql STABLE AS
$$
DECLARE
    ext constant text := (SELECT n.nspname FROM pg_catalog.pg_extension AS e JOIN pg_catalog.pg_namespace AS n ON n.oid = e.extnamespace
                          WHERE e.extname = 'customer_value');
    chain constant text := '''{needs,development,marketing,sales,support,feedback}''::text[]';
    settings record;
    made record;
    reached text[] := '{}';
    satisfied text[] := '{}';
    defaults text[] := '{}';
BEGIN
    EXECUTE pg_catalog.format('SELECT *, coalesce(calendar::jsonb ->> ''zone'', ''UTC'') AS zone FROM %I.value_views', target) INTO settings;

    -- Steps by source; @e is the extension's schema, @t the target.
    FOR made IN
        SELECT n.source, n.step, n.statement FROM (VALUES
            (1, 'orders', 'models', NULL),
            (2, 'orders', 'customers', $_$
                INSERT INTO @t.work_customers
                WITH scales AS MATERIALIZED (
                    SELECT @e.rfm_scale(@e.rfm_value(log, @as_of)) AS scale FROM @t.work_customer_logs
                ), histories AS MATERIALIZED (
                    SELECT *, @e.purchase_history(log, @as_of) AS history FROM @t.work_customer_logs
                ), known AS MATERIALIZED (
                SELECT l.customer_id, l.segment, @e.first_on(l.log) AS first_on, @e.last_on(l.log) AS last_on, @e.events(l.log) AS orders,
                       @e.total(l.log) AS spend, l.margin::float8 AS margin, cardinality(l.breadth_of) AS breadth,
                       (SELECT count(DISTINCT date_trunc(@period, e.at::timestamp)) FROM @e.entries(l.log) AS e WHERE e.events > 0) AS periods,
                       @e.rfm_score(s.scale, @e.rfm_value(l.log, @as_of)) AS score,
                       @e.p_alive(m.buying, l.history) AS p_alive,
                       @e.expected_purchases(m.buying, l.history, @horizon) AS expected_purchases,
                       @e.expected_spend(m.spending, l.history) AS expected_spend,
                       @e.clv(m.buying, m.spending, l.history, @horizon, @discount_rate, coalesce(m.margin, 1)) AS clv
                FROM histories AS l CROSS JOIN scales AS s CROSS JOIN @t.work_models AS m
                )
                SELECT customer_id, segment, first_on, last_on, orders, spend, margin, last_on - first_on, orders::float8 / nullif(periods, 0),
                       breadth, (score).recency, (score).frequency, (score).monetary, @e.rfm_segment(score),
                       p_alive, expected_purchases, expected_spend, clv, CASE WHEN clv IS NOT NULL THEN rank() OVER (ORDER BY clv DESC NULLS LAST) END
                FROM known$_$),
            (3, 'orders', 'clv_by_segment', $_$
                INSERT INTO @t.work_clv_by_segment
                SELECT coalesce(segment, '(none)'), count(*), sum(clv::numeric)::float8, avg(clv::numeric)::float8,
                       percentile_cont(0.5) WITHIN GROUP (ORDER BY clv), avg(p_alive::numeric)::float8
                FROM @t.work_customers GROUP BY 1$_$),
            (4, 'orders', 'cohort_retention', $_$
                INSERT INTO @t.work_cohort_retention
                SELECT s.segment, c.cohort, c.period_number, c.customers, c.active, c.retention, c.amount, c.amount_retention
                FROM (SELECT coalesce(segment, '(none)') AS segment, @e.segment_cohort(log, @period) AS cells FROM @t.work_customer_logs GROUP BY 1) AS s,
                     @e.cohorts(s.cells, @as_of) AS c$_$),
            (5, 'orders', 'revenue_retention', $_$
                INSERT INTO @t.work_revenue_retention
                SELECT r.period, r.opening, r.new, r.reactivated, r.expansion, r.contraction, r.churned, r.closing, r.nrr, r.grr, r.logo_retention, r.quick_ratio
                FROM (SELECT @e.revenue_table(log, @period) AS flows FROM @t.work_customer_logs) AS f, @e.revenue_retention(f.flows, @as_of) AS r$_$),
            (6, 'surveys', 'nps_trend', $_$
                INSERT INTO @t.work_nps_trend
                SELECT period, segment, @e.responses(s), @e.promoters(s), @e.passives(s), @e.detractors(s), @e.nps(s), i.low, i.high
                FROM (SELECT date_trunc(@period, at::timestamp)::date AS period, coalesce(segment, '(none)') AS segment, @e.nps_summary(score) AS s
                      FROM @t.surveys WHERE lower(question) = 'nps' AND at <= @as_of AND score IS NOT NULL GROUP BY 1, 2) AS answers,
                     @e.nps_interval(s) AS i$_$),
            (7, 'ratings', 'perceived_value_by_offer', $_$
                INSERT INTO @t.work_perceived_value_by_offer
                SELECT offer, kind, segment, @e.benefits(s), @e.costs(s), @e.perceived_value(s), @e.value_ratio(s), @e.responses(s)
                FROM (SELECT offer, coalesce(kind, '(none)') AS kind, coalesce(segment, '(none)') AS segment,
                             @e.perceived_value_summary(score, weight, is_cost) AS s
                      FROM @t.ratings WHERE offer IS NOT NULL GROUP BY 1, 2, 3) AS answers
                WHERE s IS NOT NULL$_$),
            (8, 'touches', 'journeys', $_$
                CREATE UNLOGGED TABLE @t.work_journeys AS
                SELECT customer_id, @e.journey_log(at, stage) AS log
                FROM @t.touches WHERE customer_id IS NOT NULL AND (at AT TIME ZONE @zone)::date <= @as_of GROUP BY 1
                HAVING @e.journey_log(at, stage) IS NOT NULL$_$),
            (9, 'touches', 'journey_funnel', $_$
                INSERT INTO @t.work_journey_funnel
                WITH common AS (
                    SELECT s.stage, avg(s.position) AS position
                    FROM (SELECT @e.stages(log) AS stages FROM @t.work_journeys OFFSET 0) AS j, unnest(j.stages) WITH ORDINALITY AS s(stage, position)
                    WHERE array_position(j.stages, s.stage) = s.position
                    GROUP BY s.stage ORDER BY count(*) DESC, s.stage LIMIT 8
                ), steps AS (
                    SELECT array_agg(stage ORDER BY position, stage) AS steps FROM common
                ), summary AS (
                    SELECT steps, @e.funnel_summary(@e.funnel(log, steps, interval '1000 years')) AS s FROM @t.work_journeys, steps GROUP BY steps
                )
                SELECT f.step, steps[f.step], f.customers, f.conversion, f.step_conversion,
                       extract(epoch FROM f.median_gap) / 3600, extract(epoch FROM f.p90_gap) / 3600
                FROM summary, @e.funnel_steps(s) AS f$_$),
            (10, 'touches', 'journey_edges', $_$
                INSERT INTO @t.work_journey_edges
                SELECT e.from_stage, e.to_stage, e.customers, e.transitions, extract(epoch FROM e.median_gap) / 3600, extract(epoch FROM e.p90_gap) / 3600
                FROM (SELECT @e.journey_graph(log) AS g FROM @t.work_journeys) AS graph, @e.edges(g) AS e$_$),
            (11, 'tickets', 'support_metrics', $_$
                INSERT INTO @t.work_support_metrics
                SELECT period, channel, m.tickets, m.solved, m.backlog, extract(epoch FROM m.first_reply_median) / 3600,
                       extract(epoch FROM m.resolution_median) / 3600, m.sla_attainment, m.first_contact_resolution, m.reopen_rate, csat
                FROM (SELECT date_trunc(@period, created AT TIME ZONE @zone)::date AS period, coalesce(channel, '(none)') AS channel,
                             @e.support_summary(created, first_reply, solved, contacts, reopens, (@as_of + 1)::timestamp AT TIME ZONE @zone,
                                                interval '24 hours', @calendar) AS s, avg(csat::numeric)::float8 AS csat
                      FROM @t.tickets WHERE (created AT TIME ZONE @zone)::date <= @as_of GROUP BY 1, 2) AS t, @e.support_metrics(s) AS m$_$),
            (12, 'assessments', 'maturity', $_$
                INSERT INTO @t.work_maturity
                SELECT unit, aspect, level,
                       (SELECT p.level_name FROM @e.maturity_practices() AS p WHERE p.level = a.level LIMIT 1),
                       (SELECT p.practice FROM @e.maturity_practices() AS p WHERE p.aspect = a.aspect AND p.level = a.level + 1)
                FROM (SELECT coalesce(unit, '(none)') AS unit, aspect, @e.maturity_level(level, achieved) AS level
                      FROM @t.assessments WHERE aspect IS NOT NULL AND level IS NOT NULL GROUP BY 1, 2) AS a$_$)
        ) AS n(place, source, step, statement)
        WHERE n.source = ANY (settings.sources) ORDER BY n.place
    LOOP
        step := made.step; statement := made.statement;
        RETURN NEXT;
    END LOOP;

    IF settings.sources @> '{touches,orders}' THEN
        step := 'attribution_by_channel';
        statement := $_$
            INSERT INTO @t.work_attribution_by_channel
            WITH days AS (
                SELECT l.customer_id, e.at AS day, e.amount FROM @t.work_customer_logs AS l, @e.entries(l.log) AS e WHERE e.events > 0
            ), happened AS (
                SELECT customer_id, at, channel, (at AT TIME ZONE @zone)::date AS day, NULL::date AS converted
                FROM @t.touches WHERE customer_id IS NOT NULL AND channel IS NOT NULL AND (at AT TIME ZONE @zone)::date <= @as_of
                UNION ALL
                SELECT customer_id, NULL, NULL, day, day FROM days
            ), led AS ( -- each touch to the next day with an order, the same day included
                SELECT customer_id, at, channel, min(converted) OVER (PARTITION BY customer_id ORDER BY day DESC) AS converted FROM happened
            ), journeys AS (
                SELECT customer_id, converted, @e.journey_log(at, channel) AS log FROM led WHERE channel IS NOT NULL GROUP BY 1, 2
            ), summary AS (
                -- a day without touches before has an empty journey; what was returned is not due to a channel
                SELECT @e.attribution_summary(coalesce(j.log, '[]'), (d.day + 1)::timestamp AT TIME ZONE @zone, greatest(d.amount, 0)) AS s
                FROM journeys AS j FULL JOIN days AS d ON d.customer_id = j.customer_id AND d.day = j.converted
            ), credited AS (
                SELECT m.method, coalesce(a.channel, '(none)') AS channel, sum(a.conversions) AS conversions, sum(a.value) AS value, sum(a.share) AS share
                FROM summary, unnest('{first,last,linear,position,time-decay,markov,shapley}'::text[]) AS m(method), @e.attribution(s, m.method) AS a
                WHERE s IS NOT NULL GROUP BY 1, 2
            )
            SELECT a.method, a.channel, a.conversions, a.value, a.share, c.cost, a.value / nullif(c.cost, 0)
            FROM credited AS a
                 LEFT JOIN $_$ || CASE WHEN 'costs' = ANY (settings.sources)
                    THEN '(SELECT channel, sum(amount::numeric)::float8 AS cost FROM @t.costs WHERE at <= @as_of AND channel IS NOT NULL GROUP BY 1)'
                    ELSE '(SELECT NULL::text AS channel, NULL::float8 AS cost)' END || $_$ AS c ON c.channel = a.channel$_$;
        RETURN NEXT;
    END IF;

    -- The chain: who was seen at which stage on which day.
    FOR made IN
        SELECT n.source, n.stage, n.reached, n.satisfied FROM (VALUES
            ('ratings', 2, NULL, NULL),
            ('touches', 3, 'SELECT customer_id, coalesce(array_position(@chain, chain_stage), 3) AS stage_number, (at AT TIME ZONE @zone)::date AS day
                            FROM @t.touches WHERE customer_id IS NOT NULL AND (at AT TIME ZONE @zone)::date <= @as_of', NULL),
            ('orders', 4, 'SELECT l.customer_id, 4, e.at FROM @t.work_customer_logs AS l, @e.entries(l.log) AS e WHERE e.events > 0', NULL),
            ('tickets', 5, 'SELECT customer_id, 5, (created AT TIME ZONE @zone)::date
                            FROM @t.tickets WHERE customer_id IS NOT NULL AND (created AT TIME ZONE @zone)::date <= @as_of',
                           'SELECT 5 AS stage_number, ''support'' AS question, csat AS score FROM @t.tickets WHERE (created AT TIME ZONE @zone)::date <= @as_of AND csat IS NOT NULL'),
            ('surveys', 6, 'SELECT customer_id, coalesce(array_position(@chain, chain_stage), 6), at FROM @t.surveys WHERE customer_id IS NOT NULL AND at <= @as_of',
                           'SELECT coalesce(array_position(@chain, chain_stage), 6), ''survey '' || lower(question), score FROM @t.surveys WHERE at <= @as_of AND score IS NOT NULL')
        ) AS n(source, stage, reached, satisfied)
        WHERE n.source = ANY (settings.sources) ORDER BY n.stage
    LOOP
        defaults := defaults || made.stage::text;
        reached := reached || coalesce(made.reached, '{}'::text);
        satisfied := satisfied || coalesce(made.satisfied, '{}'::text);
    END LOOP;
    reached := array_remove(reached, '{}');
    satisfied := array_remove(satisfied, '{}');

    step := 'customers_reached';
    statement := 'CREATE UNLOGGED TABLE @t.work_customers_reached (customer_id, stage_number, day) AS ' || CASE
        WHEN reached <> '{}' THEN pg_catalog.array_to_string(reached, ' UNION ALL ')
        ELSE 'SELECT NULL::text AS customer_id, 1 AS stage_number, NULL::date AS day WHERE false' END;
    RETURN NEXT;
    IF 'ratings' = ANY (settings.sources) THEN
        step := 'customers_rating';
        statement := CASE WHEN reached <> '{}'
            THEN 'INSERT INTO @t.work_customers_reached SELECT k.customer_id, 2, NULL FROM (SELECT DISTINCT customer_id FROM @t.work_customers_reached) AS k
                  WHERE EXISTS (SELECT FROM @t.ratings AS r WHERE r.respondent = k.customer_id::text)'
            ELSE 'INSERT INTO @t.work_customers_reached SELECT DISTINCT respondent, 2, NULL::date FROM @t.ratings WHERE respondent IS NOT NULL' END;
        RETURN NEXT;
    END IF;

    step := 'first_reached'; -- a day is NULL where the source has none
    statement := 'CREATE UNLOGGED TABLE @t.work_first_reached AS
                  SELECT stage_number, customer_id, min(day) AS day FROM @t.work_customers_reached GROUP BY 1, 2';
    RETURN NEXT;

    step := 'value_chain';
    statement := $_$
        INSERT INTO @t.work_value_chain
        WITH stages AS (
            SELECT stage_number, lead(stage_number) OVER (ORDER BY stage_number) AS next, count(*) AS customers FROM @t.work_first_reached GROUP BY 1
        ), went AS (
            SELECT f.stage_number, f.customer_id, min(r.day - f.day) AS days
            FROM @t.work_first_reached AS f JOIN stages AS s USING (stage_number)
            JOIN @t.work_customers_reached AS r ON r.customer_id = f.customer_id AND r.stage_number = s.next AND coalesce(r.day >= f.day, true)
            GROUP BY 1, 2
        ), gone AS (
            SELECT w.stage_number, count(*) AS customers, percentile_cont(0.5) WITHIN GROUP (ORDER BY w.days) AS median_days, avg(c.clv::numeric) AS clv
            FROM went AS w LEFT JOIN @customers AS c USING (customer_id) GROUP BY 1
        ), answers AS ( -- one row per answer that was given, with how often
            SELECT stage_number, question, score::numeric AS score, count(*) AS number
            FROM (@satisfied) AS given (stage_number, question, score) GROUP BY 1, 2, given.score
        ), ranges AS (
            SELECT question, min(score) AS low, nullif(max(score) - min(score), 0) AS width FROM answers GROUP BY 1
        ), satisfied AS (
            SELECT stage_number, sum(number * scaled) / sum(number) AS satisfaction
            FROM (SELECT stage_number, number, CASE WHEN question = 'survey nps' THEN (score >= 9)::integer ELSE (score - low) / width END AS scaled
                  FROM answers JOIN ranges USING (question)) AS answers
            WHERE scaled IS NOT NULL GROUP BY 1
        ), costs (stage_number, cost) AS (@costs
        ), chain AS (
            SELECT n.stage_number, n.stage, coalesce(s.customers, CASE WHEN n.stage_number = ANY (@defaults) THEN 0 END) AS customers_reached,
                   CASE WHEN s.next IS NOT NULL THEN coalesce(g.customers, 0)::float8 / s.customers END AS conversion_rate,
                   g.median_days, a.satisfaction::float8 AS satisfaction, c.cost,
                   CASE WHEN s.next IS NOT NULL THEN (s.customers - coalesce(g.customers, 0))
                        * coalesce(g.clv, (SELECT avg(clv::numeric) FROM @customers AS all_customers)) END::float8 AS value_at_stake
            FROM unnest(@chain) WITH ORDINALITY AS n(stage, stage_number)
            LEFT JOIN stages AS s USING (stage_number) LEFT JOIN gone AS g USING (stage_number)
            LEFT JOIN satisfied AS a USING (stage_number) LEFT JOIN costs AS c USING (stage_number)
        )
        SELECT stage_number, stage, customers_reached, conversion_rate, median_days, satisfaction, cost, value_at_stake,
               stage_number = (SELECT w.stage_number FROM chain AS w WHERE w.value_at_stake IS NOT NULL ORDER BY w.value_at_stake DESC, w.stage_number LIMIT 1)
        FROM chain$_$;
    statement := replace(replace(replace(replace(statement,
        '@satisfied', CASE WHEN satisfied <> '{}' THEN pg_catalog.array_to_string(satisfied, ' UNION ALL ')
                           ELSE 'SELECT 1 AS stage_number, NULL::text AS question, NULL::float8 AS score WHERE false' END),
        '@costs', CASE WHEN 'costs' = ANY (settings.sources)
                       THEN 'SELECT array_position(@chain, chain_stage) AS stage_number, sum(amount::numeric)::float8 AS cost FROM @t.costs WHERE at <= @as_of GROUP BY 1'
                       ELSE 'SELECT 1 AS stage_number, NULL::float8 AS cost WHERE false' END),
        '@customers', CASE WHEN 'orders' = ANY (settings.sources) THEN '@t.work_customers'
                           ELSE '(SELECT customer_id, NULL::float8 AS clv FROM @t.work_customers_reached WHERE false)' END),
        '@defaults', pg_catalog.format('%L::integer[]', defaults));
    RETURN NEXT;
END
$$;
COMMENT ON FUNCTION value_views_steps(text, date) IS
'The steps of a refresh of the value views in a schema, as statements in which the settings and schemas are named with @; an empty statement is the fit of the models.';

CREATE FUNCTION value_views_orders(target text, as_of date, incremental boolean) RETURNS text LANGUAGE plpgsql AS
$$
DECLARE
    ext constant text := (SELECT n.nspname FROM pg_catalog.pg_extension AS e JOIN pg_catalog.pg_namespace AS n ON n.oid = e.extnamespace
                          WHERE e.extname = 'customer_value');
    seen record;
    before record;
    again record;
    anew text;
    part text := 'true';
    notes text[] := '{}';
BEGIN
    EXECUTE pg_catalog.format(
        'SELECT count(*) FILTER (WHERE customer_id IS NULL) AS strangers, count(*) FILTER (WHERE ordered_on IS NULL OR amount IS NULL) AS incomplete,
                count(*) FILTER (WHERE order_id IS NULL) AS unnumbered, max(order_id) AS last_order_id, count(*) AS orders, sum(amount::numeric) AS amount,
                bool_or(segment IS NOT NULL) AS segment, bool_or(category IS NOT NULL) AS category, bool_or(channel IS NOT NULL) AS channel
         FROM %I.orders WHERE ordered_on IS NULL OR ordered_on <= $1', target) INTO seen USING as_of;
    IF seen.strangers > 0 THEN notes := notes || pg_catalog.format('orders without customer_id, left out: %s', seen.strangers); END IF;
    IF seen.incomplete > 0 THEN notes := notes || pg_catalog.format('orders without ordered_on or amount, left out: %s', seen.incomplete); END IF;

    IF incremental THEN
        EXECUTE pg_catalog.format('SELECT last_order_id, orders_read AS orders, amount_read AS amount FROM %I.value_views', target) INTO before;
        EXECUTE pg_catalog.format('SELECT count(*) AS orders, coalesce(sum(amount::numeric), 0) AS amount FROM %I.orders
                                   WHERE order_id <= $1 AND (ordered_on IS NULL OR ordered_on <= $2)', target)
            INTO again USING before.last_order_id, as_of;
        anew := CASE
            WHEN before.last_order_id IS NULL THEN 'no earlier refresh read numbered orders'
            WHEN seen.unnumbered > 0 THEN pg_catalog.format('%s orders have no order_id', seen.unnumbered)
            WHEN again.orders <> before.orders OR again.amount <> before.amount THEN
                pg_catalog.format('the orders up to order_id %s were %s, %s in all, and are %s, %s in all', before.last_order_id,
                                  before.orders, before.amount, again.orders, again.amount) END;
        IF anew IS NULL THEN
            part := pg_catalog.format('order_id > %s', before.last_order_id);
        ELSE
            notes := notes || ('all orders read anew: ' || anew);
            RAISE NOTICE 'refresh_value_views reads all orders anew: %', anew;
        END IF;
    END IF;

    EXECUTE pg_catalog.format(
        'CREATE UNLOGGED TABLE %1$I.work_customer_logs AS
         SELECT customer_id, %2$I.activity_log(ordered_on, amount) AS log, %3$s AS segment, %4$s AS segment_on, sum(margin::numeric) AS margin, %5$s AS breadth_of
         FROM %1$I.orders WHERE customer_id IS NOT NULL AND ordered_on <= %6$L AND amount IS NOT NULL AND %7$s GROUP BY customer_id', target, ext,
        CASE WHEN seen.segment THEN '(array_agg(segment ORDER BY ordered_on DESC, order_id DESC NULLS LAST, segment) FILTER (WHERE segment IS NOT NULL))[1]'
             ELSE 'NULL::text' END,
        CASE WHEN seen.segment THEN 'max(ordered_on) FILTER (WHERE segment IS NOT NULL)' ELSE 'NULL::date' END,
        CASE WHEN seen.category THEN 'coalesce(array_agg(DISTINCT category) FILTER (WHERE category IS NOT NULL), ''{}'')'
             WHEN seen.channel THEN 'coalesce(array_agg(DISTINCT channel) FILTER (WHERE channel IS NOT NULL), ''{}'')' ELSE 'NULL::text[]' END,
        as_of, part);
    IF part <> 'true' THEN
        -- what is new goes into the stored logs; the rest of them stays as it is
        EXECUTE pg_catalog.format('ALTER TABLE %1$I.work_customer_logs RENAME TO work_new_logs', target);
        EXECUTE pg_catalog.format(
            'CREATE UNLOGGED TABLE %1$I.work_customer_logs AS
             SELECT customer_id, (SELECT %2$I.rollup(l) FROM (VALUES (o.log), (n.log)) AS both_logs(l)) AS log,
                    CASE WHEN n.segment_on >= o.segment_on OR o.segment_on IS NULL THEN n.segment ELSE o.segment END AS segment,
                    greatest(n.segment_on, o.segment_on) AS segment_on,
                    CASE WHEN n.margin IS NULL THEN o.margin ELSE coalesce(o.margin, 0) + n.margin END AS margin,
                    CASE WHEN o.breadth_of IS NULL THEN n.breadth_of WHEN n.breadth_of IS NULL THEN o.breadth_of
                         ELSE ARRAY(SELECT DISTINCT b FROM unnest(o.breadth_of || n.breadth_of) AS b ORDER BY b) END AS breadth_of
             FROM %1$I.work_new_logs AS n LEFT JOIN %1$I.customer_logs AS o USING (customer_id)
             UNION ALL
             SELECT customer_id, log, segment, segment_on, margin, breadth_of FROM %1$I.customer_logs AS o
             WHERE NOT EXISTS (SELECT FROM %1$I.work_new_logs AS n WHERE n.customer_id = o.customer_id)', target, ext);
    END IF;
    EXECUTE pg_catalog.format('ANALYZE %I.work_customer_logs', target);
    -- where the next refresh goes on
    EXECUTE pg_catalog.format('CREATE UNLOGGED TABLE %I.work_read (last_order_id bigint, orders bigint, amount numeric)', target);
    EXECUTE pg_catalog.format('INSERT INTO %I.work_read VALUES ($1, $2, $3)', target)
        USING CASE WHEN seen.unnumbered = 0 THEN seen.last_order_id END, seen.orders, coalesce(seen.amount, 0);
    RETURN pg_catalog.array_to_string(notes, '; ');
END
$$;
COMMENT ON FUNCTION value_views_orders(text, date, boolean) IS
'Makes the logs of a refresh from all orders or, if incremental and nothing read before has changed, from the new ones and the stored logs; returns what was left out or read anew, empty if nothing.';

CREATE FUNCTION value_views_check(target text) RETURNS void LANGUAGE plpgsql STABLE AS
$$
DECLARE
    source text;
    wrong text;
BEGIN
    FOR source IN EXECUTE pg_catalog.format('SELECT unnest(sources) FROM %I.value_views', target) LOOP
        CONTINUE WHEN source NOT IN ('touches', 'surveys', 'costs');
        EXECUTE pg_catalog.format('SELECT min(chain_stage) FROM %I.%I WHERE chain_stage <> ALL (''{needs,development,marketing,sales,support,feedback}'')', target, source)
            INTO wrong;
        IF wrong IS NOT NULL THEN
            RAISE EXCEPTION 'source % has the chain_stage "%"', source, wrong
                USING ERRCODE = 'data_exception', DETAIL = 'The stages are needs, development, marketing, sales, support and feedback.';
        END IF;
    END LOOP;
END
$$;
COMMENT ON FUNCTION value_views_check(text) IS
'Checks what the sources of value views say of chain stages. Errors: 22000 for an unknown stage.';

CREATE FUNCTION value_views_may_commit() RETURNS boolean
    AS 'MODULE_PATHNAME', 'cv_value_views_may_commit' LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION value_views_may_commit() IS
'May the procedure that asks this commit? Not within a transaction block, nor if a function or an exception block called it.';

CREATE FUNCTION value_views_lock(target text) RETURNS void LANGUAGE plpgsql AS
$$
BEGIN
    -- until the end of the transaction; a refresh takes it anew in each of its own
    IF NOT pg_catalog.pg_try_advisory_xact_lock(pg_catalog.hashtextextended('customer_value refresh', pg_catalog.format('%I.value_views', target)::pg_catalog.regclass::oid::bigint)) THEN
        RAISE EXCEPTION 'the value views in the schema % are being refreshed', target
            USING ERRCODE = 'object_in_use', HINT = pg_catalog.format('The table %I.refresh_log tells how far that is.', target);
    END IF;
END
$$;
COMMENT ON FUNCTION value_views_lock(text) IS
'Claims the value views in a schema for a refresh until the end of the transaction. Errors: 55006 if another refresh has them.';

CREATE FUNCTION value_views_clear_work(target text) RETURNS void LANGUAGE plpgsql AS
$$
DECLARE
    old record;
BEGIN
    FOR old IN SELECT c.relname FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
               WHERE n.nspname = target AND c.relkind = 'r' AND c.relname LIKE 'work\_%' LOOP
        EXECUTE pg_catalog.format('DROP TABLE %I.%I', target, old.relname);
    END LOOP;
END
$$;
COMMENT ON FUNCTION value_views_clear_work(text) IS
'Drops the work tables of a refresh, ended or not.';

CREATE FUNCTION value_views_swap(target text, began timestamptz) RETURNS text LANGUAGE plpgsql AS
$$
DECLARE
    ext constant text := (SELECT n.nspname FROM pg_catalog.pg_extension AS e JOIN pg_catalog.pg_namespace AS n ON n.oid = e.extnamespace
                          WHERE e.extname = 'customer_value');
    settings record;
    view text;
BEGIN
    EXECUTE pg_catalog.format('SELECT sources, views FROM %I.value_views', target) INTO settings;
    -- Not by TRUNCATE: it waits for readers and makes them wait, may deadlock with one who reads
    -- two views, and whoever has an older snapshot finds the tables empty.
    FOREACH view IN ARRAY settings.views LOOP
        EXECUTE pg_catalog.format('DELETE FROM %I.%I', target, 'stored_' || view);
        EXECUTE pg_catalog.format('INSERT INTO %1$I.%2$I SELECT * FROM %1$I.%3$I', target, 'stored_' || view, 'work_' || view);
    END LOOP;
    IF 'orders' = ANY (settings.sources) THEN
        EXECUTE pg_catalog.format('DELETE FROM %I.customer_logs', target);
        EXECUTE pg_catalog.format('INSERT INTO %1$I.customer_logs SELECT * FROM %1$I.work_customer_logs', target);
        EXECUTE pg_catalog.format('UPDATE %1$I.value_views SET (last_order_id, orders_read, amount_read) = (SELECT last_order_id, orders, amount FROM %1$I.work_read)', target);
    END IF;
    EXECUTE pg_catalog.format('UPDATE %I.value_views SET refreshed = $1', target) USING began;
    EXECUTE pg_catalog.format('SELECT %I.value_views_clear_work($1)', ext) USING target;
    RETURN '';
END
$$;
COMMENT ON FUNCTION value_views_swap(text, timestamptz) IS
'Puts what a refresh made in the place of what the value views show; began is when it did. Readers wait for nothing and see all of it or nothing.';

CREATE PROCEDURE refresh_value_views(target text, incremental boolean DEFAULT false, notices boolean DEFAULT false) LANGUAGE plpgsql AS
$$
DECLARE
    ext constant text := (SELECT n.nspname FROM pg_catalog.pg_extension AS e JOIN pg_catalog.pg_namespace AS n ON n.oid = e.extnamespace
                          WHERE e.extname = 'customer_value');
    settings record;
    day date;
    steps text[] := '{}';
    statements text[] := '{}';
    this bigint;
    note text;
    made bigint;
    began constant timestamptz := pg_catalog.clock_timestamp();
    old record;
    failed text;
    message text;
    detail text;
    hint text;
    view text;
    may_commit boolean;
BEGIN
    EXECUTE pg_catalog.format('SELECT %I.value_views_may_commit()', ext) INTO may_commit;
    IF NOT may_commit THEN
        RAISE EXCEPTION 'refresh_value_views cannot run within a transaction block, a function or an exception block'
            USING ERRCODE = 'invalid_transaction_termination', DETAIL = 'It commits after each step.',
                HINT = 'Call it by itself: outside BEGIN and COMMIT, and with autocommit on (in psql, \set AUTOCOMMIT on).';
    END IF;
    IF target IS NULL OR pg_catalog.to_regclass(pg_catalog.format('%I.value_views', target)) IS NULL THEN
        RAISE EXCEPTION 'there are no value views in the schema %', coalesce(target, 'NULL')
            USING ERRCODE = 'invalid_schema_name', HINT = 'Make them with create_value_views().';
    END IF;
    EXECUTE pg_catalog.format('SELECT %I.value_views_lock($1)', ext) USING target;
    EXECUTE pg_catalog.format('SELECT * FROM %I.value_views', target) INTO settings;
    EXECUTE pg_catalog.format('SELECT %I.value_views_check($1)', ext) USING target;
    EXECUTE pg_catalog.format('SELECT %I.value_views_as_of($1)', ext) INTO day USING target;

    PERFORM pg_catalog.pg_current_xact_id(); -- before unlogged tables are made: see below
    -- what a refresh that did not end has left behind
    EXECUTE pg_catalog.format('UPDATE %I.refresh_log SET status = %L WHERE status = %L', target, 'cancelled', 'running');
    EXECUTE pg_catalog.format('SELECT %I.value_views_clear_work($1)', ext) USING target;
    FOREACH view IN ARRAY settings.views LOOP
        EXECUTE pg_catalog.format('CREATE UNLOGGED TABLE %1$I.%2$I (LIKE %1$I.%3$I)', target, 'work_' || view, 'stored_' || view);
    END LOOP;

    -- the steps, what they name with @ filled in
    IF 'orders' = ANY (settings.sources) THEN
        steps := '{orders}';
        statements := ARRAY[pg_catalog.format('SELECT %I.value_views_orders(%L, %L, %L)', ext, target, day, coalesce(incremental, false))];
    END IF;
    FOR old IN EXECUTE pg_catalog.format('SELECT step, statement FROM %I.value_views_steps($1, $2)', ext) USING target, day LOOP
        steps := steps || old.step;
        statements := statements || coalesce(
            replace(replace(replace(replace(replace(replace(replace(replace(replace(old.statement,
                '@chain', '''{needs,development,marketing,sales,support,feedback}''::text[]'),
                '@as_of', pg_catalog.format('%L::date', day)),
                '@period', pg_catalog.quote_literal(settings.period)),
                '@horizon', pg_catalog.format('%L::interval', settings.horizon)),
                '@discount_rate', pg_catalog.format('%L::float8', settings.discount_rate)),
                '@calendar', pg_catalog.format('%L::%I.cv_business_calendar', settings.calendar, ext)),
                '@zone', pg_catalog.quote_literal(coalesce(settings.calendar::jsonb ->> 'zone', 'UTC'))),
                '@e.', pg_catalog.quote_ident(ext) || '.'),
                '@t.', pg_catalog.quote_ident(target) || '.'),
            pg_catalog.format('SELECT %I.value_views_models(%L, %L)', ext, target, day));
    END LOOP;
    EXECUTE pg_catalog.format('SELECT coalesce(max(refresh), 0) + 1 FROM %I.refresh_log', target) INTO this;

    -- One last transaction makes all of it visible.
    steps := steps || 'swap'::text;
    statements := statements || pg_catalog.format('SELECT %I.value_views_swap(%L, %L)', ext, target, began);

    FOR i IN 1 .. pg_catalog.cardinality(steps) LOOP
        EXECUTE pg_catalog.format('INSERT INTO %I.refresh_log VALUES ($1, $2, $3, $4, NULL, NULL, %L)', target, 'running')
            USING this, i, steps[i], pg_catalog.clock_timestamp();
        COMMIT;
        EXECUTE pg_catalog.format('SELECT %I.value_views_lock($1)', ext) USING target;
        note := '';
        made := NULL;
        BEGIN
            -- A transaction that makes an unlogged table and is rolled back before it has a number
            -- leaves no word of that in the WAL: after a crash the server would not start.
            EXECUTE pg_catalog.format('SELECT FROM %I.refresh_log WHERE refresh = $1 AND step_number = $2 FOR UPDATE', target) USING this, i;
            IF statements[i] LIKE 'SELECT %' THEN
                EXECUTE statements[i] INTO note;
            ELSE
                EXECUTE statements[i];
                GET DIAGNOSTICS made = ROW_COUNT;
            END IF;
            -- the steps to come are planned by what this one made
            IF pg_catalog.to_regclass(pg_catalog.format('%I.%I', target, 'work_' || steps[i])) IS NOT NULL THEN
                EXECUTE pg_catalog.format('ANALYZE %I.%I', target, 'work_' || steps[i]);
            END IF;
            EXECUTE pg_catalog.format('UPDATE %I.refresh_log SET finished = $3, rows = $4, status = $5 WHERE refresh = $1 AND step_number = $2', target)
                USING this, i, pg_catalog.clock_timestamp(), made, 'done' || CASE WHEN note <> '' THEN ': ' || note ELSE '' END;
        EXCEPTION WHEN query_canceled OR OTHERS THEN
            GET STACKED DIAGNOSTICS failed = RETURNED_SQLSTATE, message = MESSAGE_TEXT,
                detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
        END;
        IF failed IS NOT NULL THEN
            EXECUTE pg_catalog.format('UPDATE %I.refresh_log SET finished = $3, status = $4 WHERE refresh = $1 AND step_number = $2', target)
                USING this, i, pg_catalog.clock_timestamp(), CASE failed WHEN '57014' THEN 'cancelled: ' ELSE 'failed: ' END || message;
            COMMIT;
            -- the same error again; RAISE prints a detail and a hint even if they are empty
            EXECUTE pg_catalog.format('DO %L', pg_catalog.format('BEGIN RAISE EXCEPTION USING ERRCODE = %L, MESSAGE = %L', failed, message)
                || CASE WHEN detail <> '' THEN pg_catalog.format(', DETAIL = %L', detail) ELSE '' END
                || CASE WHEN hint <> '' THEN pg_catalog.format(', HINT = %L', hint) ELSE '' END || '; END');
        END IF;
        IF notices THEN
            RAISE NOTICE '% of %: %, %', i, pg_catalog.cardinality(steps), steps[i], coalesce(made || ' rows', 'done');
        END IF;
    END LOOP;
    COMMIT;
    FOREACH view IN ARRAY settings.views LOOP
        EXECUTE pg_catalog.format('ANALYZE %I.%I', target, 'stored_' || view);
    END LOOP;
END
$$;
COMMENT ON PROCEDURE refresh_value_views(text, boolean, boolean) IS
'Brings the value views in the schema target up to date: reads the sources, commits work tables step by step and makes them visible in one last transaction; refresh_log tells its progress to any session, notices => true to this one. A refresh that fails, is cancelled or killed leaves the views as they were; readers wait for nothing. incremental: reads only orders with an order_id above the last one read, after checking that number and sum of those before are what they were; otherwise says so and reads all. Must be called by itself. Errors: 2D000 within a transaction block, a function or an exception block; 55006 while another refresh runs; 3F000 without value views there; an unknown chain_stage.';
