/*
 * economic.c: value in money, to the customer and to everybody in the chain.
 *
 * Economic value to the customer (Forbis and Mehta 1981; Nagle's economic value
 * estimation): reference price + positive - negative differentiation, the highest
 * price at which a rational buyer would take the offer instead of the reference.
 *
 * The value stick (Brandenburger and Stuart 1996; Oberholzer-Gee 2021) divides what
 * lies between willingness to pay and willingness to sell among customer, firm and
 * supplier.  A part may be negative, and is shown so.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "pg/pg.h"

PG_FUNCTION_INFO_V1(cv_economic_value);
PG_FUNCTION_INFO_V1(cv_value_stick);

static double
finite_result(const char *name, double value)
{
	if (!isfinite(value))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE), errmsg("%s is out of range", name)));
	return value + 0.0;
}

/* economic_value(reference_price, positive_differentiation, negative_differentiation) */
Datum
cv_economic_value(PG_FUNCTION_ARGS)
{
	double reference = cv_check_range("reference_price", PG_GETARG_FLOAT8(0), 0, INFINITY);
	double positive = cv_check_range("positive_differentiation", PG_GETARG_FLOAT8(1), 0, INFINITY);
	double negative = cv_check_range("negative_differentiation", PG_GETARG_FLOAT8(2), 0, INFINITY);

	PG_RETURN_FLOAT8(finite_result("economic value", reference + (positive - negative)));
}

static double
money_arg(FunctionCallInfo fcinfo, int argument, const char *name)
{
	return cv_check_range(name, PG_GETARG_FLOAT8(argument), -INFINITY, INFINITY);
}

/* value_stick(willingness_to_pay, price, cost, willingness_to_sell): a row of differences. */
Datum
cv_value_stick(PG_FUNCTION_ARGS)
{
	static const Oid types[] = { FLOAT8OID, FLOAT8OID, FLOAT8OID, FLOAT8OID };
	double pay = money_arg(fcinfo, 0, "willingness_to_pay");
	double price = money_arg(fcinfo, 1, "price");
	double cost = money_arg(fcinfo, 2, "cost");
	double sell = money_arg(fcinfo, 3, "willingness_to_sell");
	Datum values[4];
	bool nulls[4] = { false, false, false, false };

	values[0] = Float8GetDatum(finite_result("customer_delight", pay - price));
	values[1] = Float8GetDatum(finite_result("firm_margin", price - cost));
	values[2] = Float8GetDatum(finite_result("supplier_surplus", cost - sell));
	values[3] = Float8GetDatum(finite_result("total_value", pay - sell));
	return cv_row(fcinfo, values, nulls, "of value_stick()", 4, types);
}
