-- value: conjoint analysis, from choices and ratings to part-worths

CREATE TYPE cv_choice_data;
COMMENT ON TYPE cv_choice_data IS
'Choices among described alternatives, sorted. Attributes are JSON objects: a number is a slope, a string or boolean a level. Names, levels and profiles are stored once, each row takes 32 bytes, at most 1 GB. Made by choice_data(), merged by rollup(), read by fit_choice(). Text form: {"respondents": true, "profiles": [["brand", "own", "price", 4.99], ...], "choices": [[respondent, choice_set, profile, chosen, times, weight], ...]} with profiles numbered from 1, exact and valid JSON.';

CREATE FUNCTION cv_choice_data_in(cstring) RETURNS cv_choice_data
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cv_choice_data_in(cstring) IS
'Reads choice data from text. Errors: 22P02 for a malformed text or a profile that does not exist, 22000 for an attribute that is a number here and a string there.';
CREATE FUNCTION cv_choice_data_out(cv_choice_data) RETURNS cstring
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cv_choice_data_out(cv_choice_data) IS
'Writes choice data as text that reads back exactly.';
CREATE FUNCTION cv_choice_data_recv(internal) RETURNS cv_choice_data
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cv_choice_data_recv(internal) IS
'Reads choice data from its binary form. Errors: 22P03 for corrupt bytes or an unknown version.';
CREATE FUNCTION cv_choice_data_send(cv_choice_data) RETURNS bytea
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cv_choice_data_send(cv_choice_data) IS
'Writes choice data in binary: version, flags, attributes with their levels, profiles, rows, big-endian.';
CREATE TYPE cv_choice_data (
    INPUT = cv_choice_data_in,
    OUTPUT = cv_choice_data_out,
    RECEIVE = cv_choice_data_recv,
    SEND = cv_choice_data_send,
    INTERNALLENGTH = VARIABLE,
    ALIGNMENT = double,
    STORAGE = extended
);
CREATE CAST (cv_choice_data AS jsonb) WITH INOUT AS ASSIGNMENT;
COMMENT ON CAST (cv_choice_data AS jsonb) IS 'The data''s text form as jsonb.';

CREATE FUNCTION choice_data_trans(cv_choice_data, bigint, boolean, jsonb) RETURNS cv_choice_data
    AS 'MODULE_PATHNAME', 'cv_choice_data_trans' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION choice_data_trans(cv_choice_data, bigint, boolean, jsonb) IS
'Transition of choice_data(); of no use elsewhere.';
CREATE FUNCTION choice_data_trans(cv_choice_data, bigint, boolean, jsonb, bigint) RETURNS cv_choice_data
    AS 'MODULE_PATHNAME', 'cv_choice_data_trans' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION choice_data_trans(cv_choice_data, bigint, boolean, jsonb, bigint) IS
'Transition of choice_data(); of no use elsewhere.';
CREATE FUNCTION choice_data_trans(cv_choice_data, bigint, boolean, jsonb, bigint, float8) RETURNS cv_choice_data
    AS 'MODULE_PATHNAME', 'cv_choice_data_trans' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION choice_data_trans(cv_choice_data, bigint, boolean, jsonb, bigint, float8) IS
'Transition of choice_data(); of no use elsewhere.';
CREATE FUNCTION choice_data_combine(cv_choice_data, cv_choice_data) RETURNS cv_choice_data
    AS 'MODULE_PATHNAME', 'cv_choice_data_combine' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION choice_data_combine(cv_choice_data, cv_choice_data) IS
'Merges two states of choice_data(); of no use elsewhere.';
CREATE FUNCTION choice_data_final(cv_choice_data) RETURNS cv_choice_data
    AS 'MODULE_PATHNAME', 'cv_choice_data_final' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION choice_data_final(cv_choice_data) IS
'Final function of choice_data(); of no use elsewhere.';

CREATE AGGREGATE choice_data(choice_set bigint, chosen boolean, attributes jsonb) (
    SFUNC = choice_data_trans,
    STYPE = cv_choice_data,
    SSPACE = -1,
    FINALFUNC = choice_data_final,
    COMBINEFUNC = choice_data_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE choice_data(bigint, boolean, jsonb) IS
'Collects choices for fit_choice(), a row for each alternative of each choice set: attributes such as {"brand": "own", "price": 4.99}, where a number is a slope and a string or boolean a level, and whether it was the chosen one. choice_set numbers must be unique over all respondents. A row with a NULL choice_set is ignored; one with a NULL in chosen or attributes makes its set incomplete, which fit_choice() leaves out and counts, as it does sets where an attribute is missing or null. The data are the same to the last bit in any order of the rows; no rows give NULL. Errors: 22000 for attributes that are no object, a value that is an array or object, an attribute that is a number here and a string there; 22003 for a number beyond float8; 54000 for more than 200 attributes, 1000 levels of one, or 1 GB.';

CREATE AGGREGATE choice_data(choice_set bigint, chosen boolean, attributes jsonb, respondent bigint) (
    SFUNC = choice_data_trans,
    STYPE = cv_choice_data,
    SSPACE = -1,
    FINALFUNC = choice_data_final,
    COMBINEFUNC = choice_data_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE choice_data(bigint, boolean, jsonb, bigint) IS
'As choice_data(choice_set, chosen, attributes), with the respondent: fit_choice() then gives standard errors clustered by respondent. A choice set is known by respondent and number together, so numbers may begin anew for each respondent. A row with a NULL respondent is ignored. A row with a NULL choice_set is ignored; one with a NULL in chosen or attributes makes its set incomplete, which fit_choice() leaves out and counts, as it does sets where an attribute is missing or null. The data are the same to the last bit in any order of the rows; no rows give NULL. Errors: 22000 for attributes that are no object, a value that is an array or object, an attribute that is a number here and a string there; 22003 for a number beyond float8; 54000 for more than 200 attributes, 1000 levels of one, or 1 GB.';

CREATE AGGREGATE choice_data(choice_set bigint, chosen boolean, attributes jsonb, respondent bigint, weight float8) (
    SFUNC = choice_data_trans,
    STYPE = cv_choice_data,
    SSPACE = -1,
    FINALFUNC = choice_data_final,
    COMBINEFUNC = choice_data_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE choice_data(bigint, boolean, jsonb, bigint, float8) IS
'As choice_data(choice_set, chosen, attributes, respondent), with the weight of the choice, at least 0 and the same for all alternatives of a set. A NULL weight makes its set incomplete. Also 22003 for a weight that is negative or not finite. A row with a NULL choice_set is ignored; one with a NULL in chosen or attributes makes its set incomplete, which fit_choice() leaves out and counts, as it does sets where an attribute is missing or null. The data are the same to the last bit in any order of the rows; no rows give NULL. Errors: 22000 for attributes that are no object, a value that is an array or object, an attribute that is a number here and a string there; 22003 for a number beyond float8; 54000 for more than 200 attributes, 1000 levels of one, or 1 GB.';

CREATE AGGREGATE rollup(data cv_choice_data) (
    SFUNC = choice_data_combine,
    STYPE = cv_choice_data,
    SSPACE = -1,
    FINALFUNC = choice_data_final,
    COMBINEFUNC = choice_data_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE rollup(cv_choice_data) IS
'Merges choice data, for example of waves of a survey. Same as the data of all their rows; alternatives of one set may lie in several parts. NULLs are ignored; no rows give NULL. Errors: 22023 for data with respondents together with data without, and those of choice_data().';

CREATE TYPE cv_rating_data;
COMMENT ON TYPE cv_rating_data IS
'Ratings of described profiles, sorted; equal ratings of one profile by one respondent are counted. Attributes are JSON objects: a number is a slope, a string or boolean a level. Names, levels and profiles are stored once, each row takes 32 bytes, at most 1 GB. Made by rating_data(), merged by rollup(), read by fit_rating(). Text form: {"respondents": true, "profiles": [["brand", "own", "price", 4.99], ...], "ratings": [[respondent, profile, rating, times], ...]} with profiles numbered from 1, exact and valid JSON.';

CREATE FUNCTION cv_rating_data_in(cstring) RETURNS cv_rating_data
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cv_rating_data_in(cstring) IS
'Reads rating data from text. Errors: 22P02 for a malformed text or a profile that does not exist, 22000 for an attribute that is a number here and a string there.';
CREATE FUNCTION cv_rating_data_out(cv_rating_data) RETURNS cstring
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cv_rating_data_out(cv_rating_data) IS
'Writes rating data as text that reads back exactly.';
CREATE FUNCTION cv_rating_data_recv(internal) RETURNS cv_rating_data
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cv_rating_data_recv(internal) IS
'Reads rating data from its binary form. Errors: 22P03 for corrupt bytes or an unknown version.';
CREATE FUNCTION cv_rating_data_send(cv_rating_data) RETURNS bytea
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cv_rating_data_send(cv_rating_data) IS
'Writes rating data in binary: version, flags, attributes with their levels, profiles, rows, big-endian.';
CREATE TYPE cv_rating_data (
    INPUT = cv_rating_data_in,
    OUTPUT = cv_rating_data_out,
    RECEIVE = cv_rating_data_recv,
    SEND = cv_rating_data_send,
    INTERNALLENGTH = VARIABLE,
    ALIGNMENT = double,
    STORAGE = extended
);
CREATE CAST (cv_rating_data AS jsonb) WITH INOUT AS ASSIGNMENT;
COMMENT ON CAST (cv_rating_data AS jsonb) IS 'The data''s text form as jsonb.';

CREATE FUNCTION rating_data_trans(cv_rating_data, float8, jsonb) RETURNS cv_rating_data
    AS 'MODULE_PATHNAME', 'cv_rating_data_trans' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rating_data_trans(cv_rating_data, float8, jsonb) IS
'Transition of rating_data(); of no use elsewhere.';
CREATE FUNCTION rating_data_trans(cv_rating_data, float8, jsonb, bigint) RETURNS cv_rating_data
    AS 'MODULE_PATHNAME', 'cv_rating_data_trans' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rating_data_trans(cv_rating_data, float8, jsonb, bigint) IS
'Transition of rating_data(); of no use elsewhere.';
CREATE FUNCTION rating_data_combine(cv_rating_data, cv_rating_data) RETURNS cv_rating_data
    AS 'MODULE_PATHNAME', 'cv_rating_data_combine' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rating_data_combine(cv_rating_data, cv_rating_data) IS
'Merges two states of rating_data(); of no use elsewhere.';
CREATE FUNCTION rating_data_final(cv_rating_data) RETURNS cv_rating_data
    AS 'MODULE_PATHNAME', 'cv_rating_data_final' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rating_data_final(cv_rating_data) IS
'Final function of rating_data(); of no use elsewhere.';

CREATE AGGREGATE rating_data(rating float8, attributes jsonb) (
    SFUNC = rating_data_trans,
    STYPE = cv_rating_data,
    SSPACE = -1,
    FINALFUNC = rating_data_final,
    COMBINEFUNC = rating_data_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE rating_data(float8, jsonb) IS
'Collects ratings for fit_rating(), a row for each rated profile: attributes such as {"brand": "own", "price": 4.99}, where a number is a slope and a string or boolean a level. A row with any NULL is ignored; one whose attributes lack what others have is left out by fit_rating() and counted. The data are the same to the last bit in any order of the rows; no rows give NULL. Errors: 22003 for a rating or number that is not finite; 22000 for attributes that are no object, a value that is an array or object, an attribute that is a number here and a string there; 54000 for more than 200 attributes, 1000 levels of one, or 1 GB.';

CREATE AGGREGATE rating_data(rating float8, attributes jsonb, respondent bigint) (
    SFUNC = rating_data_trans,
    STYPE = cv_rating_data,
    SSPACE = -1,
    FINALFUNC = rating_data_final,
    COMBINEFUNC = rating_data_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE rating_data(float8, jsonb, bigint) IS
'As rating_data(rating, attributes), with the respondent: fit_rating() then gives standard errors clustered by respondent. A row with any NULL is ignored; one whose attributes lack what others have is left out by fit_rating() and counted. The data are the same to the last bit in any order of the rows; no rows give NULL. Errors: 22003 for a rating or number that is not finite; 22000 for attributes that are no object, a value that is an array or object, an attribute that is a number here and a string there; 54000 for more than 200 attributes, 1000 levels of one, or 1 GB.';

CREATE AGGREGATE rollup(data cv_rating_data) (
    SFUNC = rating_data_combine,
    STYPE = cv_rating_data,
    SSPACE = -1,
    FINALFUNC = rating_data_final,
    COMBINEFUNC = rating_data_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE rollup(cv_rating_data) IS
'Merges rating data, for example of waves of a survey. Same as the data of all their rows. NULLs are ignored; no rows give NULL. Errors: 22023 for data with respondents together with data without, and those of rating_data().';

-- models
CREATE TYPE cv_utility_model;
COMMENT ON TYPE cv_utility_model IS
'Part-worths of conjoint analysis, of the family choice or rating. Text form: JSON such as {"family": "choice", "part_worths": {"brand": {"own": 0, "other": -1.2}, "price": -0.37}, "ranges": {"price": [2, 9]}}, a rating model with an "intercept"; a number is a slope, an object has the part-worths of levels, ranges tell how far a slopes attribute goes. After a fit also how it went, with the covariance of the parameters. Published part-worths can be typed in.';

CREATE FUNCTION cv_utility_model_in(cstring) RETURNS cv_utility_model
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cv_utility_model_in(cstring) IS
'Reads a utility model from text. Errors: 22P02 for a malformed text.';
CREATE FUNCTION cv_utility_model_out(cv_utility_model) RETURNS cstring
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cv_utility_model_out(cv_utility_model) IS
'Writes a utility model as text that reads back exactly.';
CREATE FUNCTION cv_utility_model_recv(internal) RETURNS cv_utility_model
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cv_utility_model_recv(internal) IS
'Reads a utility model from its binary form. Errors: 22P03 for corrupt bytes or an unknown version.';
CREATE FUNCTION cv_utility_model_send(cv_utility_model) RETURNS bytea
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cv_utility_model_send(cv_utility_model) IS
'Writes a utility model in binary: version, flags, family, part-worths, ranges, fit, big-endian.';
CREATE TYPE cv_utility_model (
    INPUT = cv_utility_model_in,
    OUTPUT = cv_utility_model_out,
    RECEIVE = cv_utility_model_recv,
    SEND = cv_utility_model_send,
    INTERNALLENGTH = VARIABLE,
    ALIGNMENT = double,
    STORAGE = extended
);
CREATE CAST (cv_utility_model AS jsonb) WITH INOUT AS ASSIGNMENT;
COMMENT ON CAST (cv_utility_model AS jsonb) IS 'The model''s text form as jsonb.';
CREATE CAST (jsonb AS cv_utility_model) WITH INOUT AS ASSIGNMENT;
COMMENT ON CAST (jsonb AS cv_utility_model) IS 'Reads a utility model from its JSON form.';

CREATE FUNCTION fit_choice(data cv_choice_data) RETURNS cv_utility_model
    AS 'MODULE_PATHNAME', 'cv_fit_choice' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10000;
COMMENT ON FUNCTION fit_choice(cv_choice_data) IS
'Part-worths from choices by conditional logit (McFadden 1974), P(j of S) = exp(x_j b) / sum of exp(x b) over S, fitted by maximum likelihood. Of the levels of an attribute the first one in C order is the reference with part-worth 0. Standard errors from the Hessian, or clustered by respondent (sandwich, no factor for small samples) where there are two or more. Not used, counted and told by a NOTICE: choice sets that lack an attribute or weight, without a chosen alternative, with a single one, of weight 0. A fit that does not converge gives a WARNING. Errors: 22000 for a set with several chosen alternatives, a weight that changes within a set, no usable set, and, naming the term, for complete separation, a term that does not vary within sets, a linear combination of others; 54000 for more than 1000 parameters.';

CREATE FUNCTION fit_rating(data cv_rating_data) RETURNS cv_utility_model
    AS 'MODULE_PATHNAME', 'cv_fit_rating' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10000;
COMMENT ON FUNCTION fit_rating(cv_rating_data) IS
'Part-worths from ratings by least squares, in effects coding: the part-worths of the levels of an attribute add up to 0. Standard errors from the residual variance, or clustered by respondent (sandwich, no factor for small samples) where there are two or more; NULL where no rating is left over after the parameters. Ratings whose attributes lack what others have are left out, counted and told by a NOTICE. Errors: 22000 where no rating is usable, an attribute never varies or is named intercept, and, naming the term, for a linear combination of others; 54000 for more than 1000 parameters.';

CREATE FUNCTION parameters(model cv_utility_model, OUT name text, OUT estimate float8, OUT standard_error float8, OUT low float8, OUT high float8, OUT reference text) RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'cv_utility_parameters' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 10;
COMMENT ON FUNCTION parameters(cv_utility_model) IS
'Part-worths: a slope under the name of its attribute, a level as attribute=level; a choice model without the reference levels, whose part-worth is 0 and which reference names beside the other levels of their attribute; a rating model with intercept and every level. standard_error NULL where the fit tells none; low and high bound the 95 % interval, of Students distribution where the errors come from a residual variance, else of the normal one.';

CREATE FUNCTION goodness(model cv_utility_model, OUT observations bigint, OUT choices bigint, OUT respondents bigint, OUT log_likelihood float8,
    OUT log_likelihood_null float8, OUT aic float8, OUT bic float8, OUT r_squared float8, OUT iterations integer, OUT gradient float8,
    OUT converged boolean, OUT skipped bigint, OUT residual_error float8) RETURNS record
    AS 'MODULE_PATHNAME', 'cv_utility_goodness' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION goodness(cv_utility_model) IS
'How a fit went: alternatives or ratings used, choice sets, respondents (NULL where not given), log-likelihood, that of equal shares (choices) or of the mean (ratings), Akaikes and Schwarzs criteria (the latter with the number of choice sets, or of ratings), R squared (McFaddens against equal shares, or the share of variance), iterations, largest scaled gradient, whether it converged; choice sets or ratings left out; for ratings the residual standard error. All NULL for part-worths typed in.';

CREATE FUNCTION importance(model cv_utility_model, OUT attribute text, OUT importance float8) RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'cv_importance' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 10;
COMMENT ON FUNCTION importance(cv_utility_model) IS
'Importance of each attribute in percent: the range of its part-worths, or its slope times the range of its values, by the sum of all ranges. NULL where all part-worths are equal. For the mean of individual importances fit each respondent by GROUP BY and average. Errors: 22023 for a slope whose range the model does not tell.';

CREATE FUNCTION willingness_to_pay(model cv_utility_model, price text, OUT name text, OUT estimate float8, OUT standard_error float8, OUT low float8, OUT high float8) RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'cv_willingness_to_pay' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 10;
COMMENT ON FUNCTION willingness_to_pay(cv_utility_model, text) IS
'What each term is worth in units of the attribute price, which must be a slope: -estimate / slope of the price, with the standard error of the delta method and the 95 % interval as parameters() has it (NULL where the fit tells none). Levels of a choice model are worth that much more than the reference, of a rating model than the mean of all levels. Meaningful where the slope of the price is negative. Errors: 22023 for a price that the model does not have, that has levels or a slope of 0.';

CREATE FUNCTION utility(model cv_utility_model, attributes jsonb) RETURNS float8
    AS 'MODULE_PATHNAME', 'cv_utility' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION utility(cv_utility_model, jsonb) IS
'Utility of an offer: the sum of its part-worths, the intercept of a rating model included. In a choice model shares are exp(utility) by the sum of exp(utility) over the offers. Errors: 22023 for an attribute that is missing, one that the model does not have, a number for a level or the reverse, a level that the model does not know; 22003 for a result beyond float8.';
