-- Text and binary forms: what is refused, what comes back.
\set SHOW_CONTEXT never
SET extra_float_digits = 0;

-- perceived value
SELECT '{"costs": [], "benefits": [0.1, 0.2], "responses": 3}'::cv_perceived_value_summary AS adds_up, '{"responses": 0, "benefits": [], "costs": []}'::cv_perceived_value_summary AS empty,
       '{"responses": 3, "benefits": [1e16, 1], "costs": [5, -5, 0]}'::cv_perceived_value_summary AS in_parts;
SELECT perceived_value(s), value_ratio(s), responses(s), s::jsonb FROM (SELECT '{"responses": 0, "benefits": [], "costs": []}'::cv_perceived_value_summary AS s) AS v;
SELECT ''::cv_perceived_value_summary;
SELECT '[]'::cv_perceived_value_summary;
SELECT '{"responses": 1, "benefits": [1]}'::cv_perceived_value_summary;
SELECT '{"responses": 1, "benefits": 1, "costs": []}'::cv_perceived_value_summary;
SELECT '{"responses": [1], "benefits": [], "costs": []}'::cv_perceived_value_summary;
SELECT '{"responses": -1, "benefits": [], "costs": []}'::cv_perceived_value_summary;
SELECT '{"responses": 1.5, "benefits": [], "costs": []}'::cv_perceived_value_summary;
SELECT '{"responses": 1, "benefits": ["1"], "costs": []}'::cv_perceived_value_summary;
SELECT '{"responses": 1, "benefits": [[1]], "costs": []}'::cv_perceived_value_summary;
SELECT '{"responses": 1, "benefits": [1e999], "costs": []}'::cv_perceived_value_summary;
SELECT '{"responses": 1, "benefits": [1e300], "costs": []}'::cv_perceived_value_summary;
SELECT '{"responses": 1, "benefits": [], "costs": [], "benefits": []}'::cv_perceived_value_summary;
SELECT '{"responses": 1, "benefits": [], "costs": [], "colour": []}'::cv_perceived_value_summary;

-- choices, in any order of members, profiles and rows, repeated or not
SELECT '{"choices": [[7, 2, 1, false, 1, 1], [7, 1, 2, true, 1, 1], [7, 2, 1, false, 2, 1]], "respondents": true, "profiles": [["b", "x", "a", 2], ["a", 1, "b", "y"]]}'::cv_choice_data AS sorted;
SELECT '{"respondents": false, "profiles": [], "choices": []}'::cv_choice_data AS empty, '{"respondents": true, "profiles": [[], ["a", 1], []], "choices": [[1, 1, 1, true, 1, null], [1, 1, 3, false, 1, 0.5]]}'::cv_choice_data AS repeated;
SELECT '{"respondents": false, "profiles": [["a", 1]], "choices": [[null, 1, 2, true, 1, 1]]}'::cv_choice_data;
SELECT '{"respondents": false, "profiles": [["a", 1]], "choices": [[null, 1, 0, true, 1, 1]]}'::cv_choice_data;
SELECT '{"respondents": false, "profiles": [["a", 1]], "choices": [[null, 1, 1, 1, 1, 1]]}'::cv_choice_data;
SELECT '{"respondents": false, "profiles": [["a", 1]], "choices": [[null, 1, 1, true, 0, 1]]}'::cv_choice_data;
SELECT '{"respondents": false, "profiles": [["a", 1]], "choices": [[null, 1, 1, true, 1, -1]]}'::cv_choice_data;
SELECT '{"respondents": false, "profiles": [["a", 1]], "choices": [[null, 1, 1, true, 1]]}'::cv_choice_data;
SELECT '{"respondents": false, "profiles": [["a", 1]], "choices": [[null, 1, 1, true, 1, 1, 1]]}'::cv_choice_data;
SELECT '{"respondents": false, "profiles": [["a", 1]], "choices": [[]]}'::cv_choice_data;
SELECT '{"respondents": false, "profiles": [["a", 1]], "choices": [[3, 1, 1, true, 1, 1]]}'::cv_choice_data;
SELECT '{"respondents": true, "profiles": [["a", 1]], "choices": [[3, 1, 1, true, 1, 1], [null, 1, 1, true, 1, 1]]}'::cv_choice_data;
SELECT '{"respondents": 1, "profiles": [], "choices": []}'::cv_choice_data;
SELECT '{"respondents": true, "profiles": [["a"]], "choices": []}'::cv_choice_data;
SELECT '{"respondents": true, "profiles": [[1, 1]], "choices": []}'::cv_choice_data;
SELECT '{"respondents": true, "profiles": [["a", null]], "choices": []}'::cv_choice_data;
SELECT '{"respondents": true, "profiles": [["a", 1], ["a", "1"]], "choices": []}'::cv_choice_data;
SELECT '{"respondents": true, "profiles": ["a", 1], "choices": []}'::cv_choice_data;
SELECT '{"respondents": true, "profiles": {"a": 1}, "choices": []}'::cv_choice_data;
SELECT '{"respondents": true, "profiles": []}'::cv_choice_data;
SELECT '{"profiles": [], "choices": []}'::cv_choice_data;

-- ratings
SELECT '{"ratings": [[null, 2, 4.5, 3], [null, 1, 2, 1], [null, 2, 4.5, 1]], "respondents": false, "profiles": [["b", "x"], ["b", "w"]]}'::cv_rating_data AS sorted, '{"respondents": true, "profiles": [], "ratings": []}'::cv_rating_data AS empty;
SELECT '{"respondents": false, "profiles": [["a", 1]], "ratings": [[null, 1, null, 1]]}'::cv_rating_data;
SELECT '{"respondents": false, "profiles": [["a", 1]], "ratings": [[null, 1, 1, 3000000000]]}'::cv_rating_data;
SELECT '{"respondents": false, "profiles": [["a", 1]], "ratings": [[null, 1, 1, 2147483647], [null, 1, 1, 1]]}'::cv_rating_data;
SELECT '{"respondents": false, "profiles": [["a", 1]], "choices": []}'::cv_rating_data;

-- surveys
SELECT '{"prices": [[1, 1, 0, 0, 0], [2, 0, 1, 0, 0], [3, 0, 0, 1, 0], [4, 0, 0, 0, 1]], "invalid": 2}'::cv_price_sensitivity AS survey;
SELECT '{"invalid": -1, "prices": []}'::cv_price_sensitivity;
SELECT '{"invalid": 0, "prices": [[2, 1, 0, 0, 0], [1, 0, 1, 0, 0]]}'::cv_price_sensitivity;
SELECT '{"invalid": 0, "prices": [[1, 1, 0, 0, 0], [1, 0, 1, 0, 0]]}'::cv_price_sensitivity;
SELECT '{"invalid": 0, "prices": [[1, 1, 0, 0, 0], [2, 0, 1, 0, 0]]}'::cv_price_sensitivity;
SELECT '{"invalid": 0, "prices": [[1, 0, 1, 0, 0], [2, 1, 0, 0, 0], [3, 0, 0, 1, 0], [4, 0, 0, 0, 1]]}'::cv_price_sensitivity;
SELECT '{"invalid": 0, "prices": [[1, 1, 1, 0, 0], [3, 0, 0, 1, 0], [4, 0, 0, 0, 1]]}'::cv_price_sensitivity;
SELECT '{"invalid": 0, "prices": [[-1, 1, 0, 0, 0]]}'::cv_price_sensitivity;
SELECT '{"invalid": 0, "prices": [[1, 0, 0, 0, 0]]}'::cv_price_sensitivity;
SELECT '{"invalid": 0, "prices": [[1, -1, 0, 0, 0]]}'::cv_price_sensitivity;
SELECT '{"invalid": 0, "prices": [[1, 1, 0, 0]]}'::cv_price_sensitivity;
SELECT '{"invalid": 0, "prices": [[1, 9223372036854775807, 0, 0, 0], [2, 1, 0, 0, 0]]}'::cv_price_sensitivity;
SELECT '{"invalid": 0, "prices": [[1, 9000000000000000000, 0, 0, 0], [2, 0, 9000000000000000000, 0, 0], [3, 0, 0, 9000000000000000000, 0], [4, 0, 0, 0, 9000000000000000000]]}'::cv_price_sensitivity;
SELECT '{"counts": [1, 2, 3, 4, 5, 6]}'::cv_kano_summary AS kano;
SELECT '{"counts": [1, 2, 3, 4, 5]}'::cv_kano_summary;
SELECT '{"counts": [1, 2, 3, 4, 5, 6, 7]}'::cv_kano_summary;
SELECT '{"counts": [1, 2, 3, 4, 5, -6]}'::cv_kano_summary;
SELECT '{"counts": 1}'::cv_kano_summary;
SELECT '{}'::cv_kano_summary;

-- casts to jsonb, and binary forms through a table of all types
CREATE TEMP TABLE all_types AS
SELECT perceived_value_summary(n / 7.0, 1 / 3.0::float8, n % 3 = 0) AS v, choice_data(n / 3, n % 3 = 0, jsonb_build_object('a', n % 5, 'b', 'l' || n % 4), n % 7, 0.1) AS c,
       rating_data(n % 10, jsonb_build_object('a', n % 5, 'b', n % 4 = 0)) AS r, price_sensitivity(n % 11, n % 11 + n % 3, n % 11 + 3, n % 11 + 3.1) AS p, kano_summary(1 + n % 5, 1 + n % 4) AS k,
       '{"family": "rating", "intercept": 0.1, "part_worths": {"a": 0.1, "b": {"x": 0.3, "y": -0.3}}, "ranges": {"a": [1, 2]}, "fit": {"observations": 4, "respondents": 3, "skipped": 0, "gradient": 1e-17, "iterations": 1, "converged": true, "residual_error": 0.25, "covariance": [4, 0.5, 9, 0.1, 0.2, 16, 0.3, 0.4, 0.5, 25]}}'::cv_utility_model AS m
FROM generate_series(1, 60) AS n;
SELECT v::jsonb = v::text::jsonb AS v, c::jsonb = c::text::jsonb AS c, r::jsonb = r::text::jsonb AS r, p::jsonb = p::text::jsonb AS p, k::jsonb = k::text::jsonb AS k, m::jsonb = m::text::jsonb AS m FROM all_types;
SELECT v::jsonb::text::cv_perceived_value_summary::text = v::text AS v, c::jsonb::text::cv_choice_data::text = c::text AS c, r::jsonb::text::cv_rating_data::text = r::text AS r,
       p::jsonb::text::cv_price_sensitivity::text = p::text AS p, k::jsonb::text::cv_kano_summary::text = k::text AS k FROM all_types;
SELECT octet_length(cv_perceived_value_summary_send(v)) AS v, octet_length(cv_choice_data_send(c)) AS c, octet_length(cv_rating_data_send(r)) AS r, octet_length(cv_price_sensitivity_send(p)) AS p,
       octet_length(cv_kano_summary_send(k)) AS k, octet_length(cv_utility_model_send(m)) AS m FROM all_types;
