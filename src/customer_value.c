/*
 * customer_value.c: what makes the library a PostgreSQL module.
 */
#include "postgres.h"

#include "compat.h"

CV_MODULE_MAGIC;
