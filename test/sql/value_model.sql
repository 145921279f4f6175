-- Utility models as values: typed in, read, stored, asked.
\set SHOW_CONTEXT never
SET extra_float_digits = 0;

-- published part-worths can be typed in
CREATE TEMP TABLE models (id integer, m cv_utility_model);
INSERT INTO models VALUES
    (1, '{"family": "choice", "part_worths": {"price": -0.3666, "feature": 0.4914, "brand": {"yoplait": 0.7346, "dannon": 0, "hiland": -3.7156, "weight": -0.6412}}}'),
    (2, '{"part_worths": {"taste": {"good": 1.5, "bad": -1.5}, "size": 0.02}, "family": "rating", "intercept": 5, "ranges": {"size": [10, 110]}}'),
    (3, '{"family": "choice", "part_worths": {}}'),
    (4, '{"family": "choice", "part_worths": {"a": {"b": 1, "c": 0}, "": {"": 0, "\"": 2, "\u00e4=\n": 3}}, "ranges": {}}');
SELECT id, m FROM models ORDER BY id;
SELECT id, m::text::cv_utility_model::text = m::text AS text, m::jsonb::cv_utility_model::text = m::text AS jsonb FROM models ORDER BY id;
SELECT id, p.* FROM models, parameters(m) AS p ORDER BY id, p.name COLLATE "C";
SELECT id, g.* FROM models, goodness(m) AS g ORDER BY id;
SELECT id, w.* FROM models, willingness_to_pay(m, CASE id WHEN 1 THEN 'price' ELSE 'size' END) AS w WHERE id < 3 ORDER BY id, w.name COLLATE "C";
SELECT id, i.* FROM models, importance(m) AS i WHERE id IN (2, 4) ORDER BY id, attribute COLLATE "C";
SELECT count(*) FROM models, importance(m) WHERE id = 3;

-- utility adds up
SELECT utility(m, '{"price": 8, "feature": 1, "brand": "dannon"}') AS dannon, utility(m, '{"brand": "hiland", "feature": 0, "price": 6.1}') AS hiland FROM models WHERE id = 1;
SELECT utility(m, '{"size": 50, "taste": "good"}') AS rating FROM models WHERE id = 2;
SELECT utility(m, '{}') AS nothing FROM models WHERE id = 3;
SELECT utility(m, '{"a": "b", "": "\"", "x": null}') AS odd_names FROM models WHERE id = 4;
SELECT utility(NULL, '{}') IS NULL AS a, utility(m, NULL) IS NULL AS b FROM models WHERE id = 3;
SELECT utility('{"family": "choice", "part_worths": {"new": {"false": 0, "true": 0.5}}}', '{"new": true}') AS boolean;
SELECT utility(m, '{"price": 8, "brand": "dannon"}') FROM models WHERE id = 1;
SELECT utility(m, '{"price": 8, "brand": "dannon", "feature": null}') FROM models WHERE id = 1;
SELECT utility(m, '{"price": 8, "feature": 1, "brand": "danone"}') FROM models WHERE id = 1;
SELECT utility(m, '{"price": 8, "feature": 1, "brand": "dannon", "colour": "red"}') FROM models WHERE id = 1;
SELECT utility(m, '{"price": "8", "feature": 1, "brand": "dannon"}') FROM models WHERE id = 1;
SELECT utility(m, '{"price": 8, "feature": 1, "brand": 4}') FROM models WHERE id = 1;
SELECT utility(m, '{"price": 8, "feature": [1], "brand": "dannon"}') FROM models WHERE id = 1;
SELECT utility(m, '[]') FROM models WHERE id = 1;
SELECT utility('{"family": "choice", "part_worths": {"x": 1e200}}', '{"x": 1e200}');

-- what readers cannot answer
SELECT * FROM importance((SELECT m FROM models WHERE id = 1));
SELECT * FROM willingness_to_pay((SELECT m FROM models WHERE id = 1), 'cost');
SELECT * FROM willingness_to_pay((SELECT m FROM models WHERE id = 1), 'brand');
SELECT * FROM willingness_to_pay('{"family": "choice", "part_worths": {"x": 0, "y": 1}}', 'x');
SELECT * FROM willingness_to_pay('{"family": "choice", "part_worths": {"x": 1e-300, "y": 1e300}}', 'x');
SELECT * FROM importance('{"family": "rating", "intercept": 0, "part_worths": {"a": {"x": 1.7e308, "y": -1.7e308}}}');
SELECT * FROM importance('{"family": "choice", "part_worths": {"a": {"x": 0, "y": 0}}}');
SELECT count(*) FROM parameters(NULL::cv_utility_model);

-- malformed
SELECT '{"family": "choice"}'::cv_utility_model;
SELECT '{"part_worths": {}}'::cv_utility_model;
SELECT '{"family": "logit", "part_worths": {}}'::cv_utility_model;
SELECT '{"family": 1, "part_worths": {}}'::cv_utility_model;
SELECT '{"family": "choice", "part_worths": {}, "intercept": 1}'::cv_utility_model;
SELECT '{"family": "rating", "part_worths": {}}'::cv_utility_model;
SELECT '{"family": "rating", "part_worths": {}, "intercept": "1"}'::cv_utility_model;
SELECT '{"family": "choice", "part_worths": []}'::cv_utility_model;
SELECT '{"family": "choice", "part_worths": {"x": "1"}}'::cv_utility_model;
SELECT '{"family": "choice", "part_worths": {"x": {}}}'::cv_utility_model;
SELECT '{"family": "choice", "part_worths": {"x": {"y": null}}}'::cv_utility_model;
SELECT '{"family": "choice", "part_worths": {"x": 1e999}}'::cv_utility_model;
SELECT '{"family": "choice", "part_worths": {"x": 1}, "ranges": {"y": [1, 2]}}'::cv_utility_model;
SELECT '{"family": "choice", "part_worths": {"x": {"y": 1}}, "ranges": {"x": [1, 2]}}'::cv_utility_model;
SELECT '{"family": "choice", "part_worths": {"x": 1}, "ranges": {"x": [1]}}'::cv_utility_model;
SELECT '{"family": "choice", "part_worths": {"x": 1}, "ranges": {"x": [2, 1]}}'::cv_utility_model;
SELECT '{"family": "choice", "part_worths": {"x": 1}, "colour": 1}'::cv_utility_model;
SELECT '[]'::cv_utility_model;
SELECT '{"family": "choice", "part_worths": {"x": 1}, "fit": {}}'::cv_utility_model;
SELECT '{"family": "choice", "part_worths": {"x": 1}, "fit": 1}'::cv_utility_model;
SELECT '{"family": "choice", "part_worths": {"x": 1}, "fit": {"observations": 4, "choices": 2, "skipped": 0, "gradient": 0, "iterations": 1, "converged": 1}}'::cv_utility_model;
SELECT '{"family": "choice", "part_worths": {"x": 1}, "fit": {"observations": 4.5, "choices": 2, "skipped": 0, "gradient": 0, "iterations": 1, "converged": true}}'::cv_utility_model;
SELECT '{"family": "rating", "intercept": 1, "part_worths": {"x": 1}, "fit": {"observations": 0, "skipped": 0, "gradient": 0, "iterations": 1, "converged": true}}'::cv_utility_model;
SELECT '{"family": "choice", "part_worths": {"x": 1}, "fit": {"observations": 4, "choices": 0, "skipped": 0, "gradient": 0, "iterations": 1, "converged": true}}'::cv_utility_model;
SELECT '{"family": "choice", "part_worths": {"x": 1}, "fit": {"observations": 4, "skipped": 0, "gradient": 0, "iterations": 1, "converged": true}}'::cv_utility_model;
SELECT '{"family": "choice", "part_worths": {"x": 1}, "fit": {"observations": 4, "choices": 2, "skipped": 0, "gradient": -1, "iterations": 1, "converged": true}}'::cv_utility_model;
SELECT '{"family": "choice", "part_worths": {"x": 1}, "fit": {"observations": 4, "choices": 2, "skipped": 0, "gradient": 0, "iterations": 1, "converged": true, "colour": 1}}'::cv_utility_model;
SELECT '{"family": "choice", "part_worths": {"x": 1, "y": 2}, "fit": {"observations": 4, "choices": 2, "skipped": 0, "gradient": 0, "iterations": 1, "converged": true, "covariance": [1, 2]}}'::cv_utility_model;
SELECT '{"family": "choice", "part_worths": {"x": 1, "y": 2}, "fit": {"observations": 4, "choices": 2, "skipped": 0, "gradient": 0, "iterations": 1, "converged": true, "covariance": [1, 0, -2]}}'::cv_utility_model;
SELECT g.* FROM goodness('{"family": "choice", "part_worths": {"x": 1, "y": 2}, "fit": {"observations": 4, "choices": 2, "skipped": 1, "log_likelihood": -1.2, "gradient": 0, "iterations": 1, "converged": true, "covariance": [4, 0.5, 9]}}'::cv_utility_model) AS g;
SELECT * FROM parameters('{"family": "choice", "part_worths": {"x": 1, "y": 2}, "fit": {"observations": 4, "choices": 2, "skipped": 1, "log_likelihood": -1.2, "gradient": 0, "iterations": 1, "converged": true, "covariance": [4, 0.5, 9]}}'::cv_utility_model) AS g;
