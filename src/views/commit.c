/*
 * commit.c: may the procedure that asks end its transaction?
 *
 * It may not within a transaction block, nor when a function or an exception block called
 * it.  To ask beforehand allows an error that says what to do.
 */
#include "postgres.h"

#include "executor/spi.h"
#include "fmgr.h"

PG_FUNCTION_INFO_V1(cv_value_views_may_commit);

Datum
cv_value_views_may_commit(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(SPI_inside_nonatomic_context());
}
