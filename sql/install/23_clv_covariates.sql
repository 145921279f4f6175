-- clv: buying models that know more of customers than their history

CREATE FUNCTION customer_base_trans(cv_customer_base, cv_purchase_history, jsonb) RETURNS cv_customer_base
    AS 'MODULE_PATHNAME', 'cv_customer_base_trans' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION customer_base_trans(cv_customer_base, cv_purchase_history, jsonb) IS
'Transition of customer_base() with covariates; of no use elsewhere.';

CREATE AGGREGATE customer_base(history cv_purchase_history, covariates jsonb) (
    SFUNC = customer_base_trans,
    STYPE = cv_customer_base,
    SSPACE = 65536,
    FINALFUNC = customer_base_final,
    COMBINEFUNC = customer_base_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE customer_base(cv_purchase_history, jsonb) IS
'Counts customers by history and covariates, for fit_buying(). covariates is an object such as {"age": 42, "channel": "web"}: numbers are used as they are; texts, true and false are levels, the first one in C order being the reference. All customers have the same keys, at most 30, and a key is a number for all or text for all, of at most 1000 levels. NULL or {} is a customer without covariates, as in customer_base(history). Histories that are NULL are ignored; no rows give NULL. Errors: 22000 for a key that some customers lack, that is null, or is a number for some and text for others, 22003 for a history or a number out of range, 22023 if covariates is no object, 54000 for too many keys or levels.';
