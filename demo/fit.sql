-- Both models, fitted to what was known on a day.
--
-- Variables: table (to be made), day, family.

INSERT INTO demo.statements VALUES (:'table', format(
$$CREATE TABLE %I AS
SELECT fit_buying(base, %L) AS buying, fit_spending(base) AS spending
FROM (SELECT customer_base(purchase_history(log, DATE %L)) AS base
      FROM customer_logs) AS customers$$, :'table', :'family', :'day'));

SELECT statement FROM demo.statements WHERE step = :'table' \gexec
