"""Reads views through psycopg 3, as Superset and dbt do.

Standard input names them, schema.view, one a line. What it prints for each is described in
test/drivers/check.
"""

import datetime
import struct
import sys
from decimal import Decimal

import psycopg

EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def write(value):
    if value is None:
        return "\\N"
    if isinstance(value, bool):
        return "t" if value else "f"
    if isinstance(value, float):
        return struct.pack(">d", value).hex()
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime.datetime):
        return str((value - EPOCH) // datetime.timedelta(microseconds=1))
    if isinstance(value, datetime.date):
        return value.isoformat()
    return str(value).translate(ESCAPES)


def read(connection, name):
    schema, view = name.split(".")
    # rows as they come over the wire in text, and in binary
    seen = None
    for binary in (False, True):
        with connection.cursor(binary=binary) as cursor:
            cursor.execute(f'SELECT * FROM "{schema}"."{view}"')
            rows = cursor.fetchall()
            if seen is not None and sorted(map(repr, rows)) != sorted(map(repr, seen)):
                raise ValueError(f"{name}: text and binary differ")
            seen = rows
            columns = [column.name for column in cursor.description]
    print("view", name, sep="\t")
    for place, column in enumerate(columns):
        kinds = {type(row[place]).__name__ for row in seen if row[place] is not None}
        print("column", column, " ".join(sorted(kinds)), sep="\t")
    for row in seen:
        print("row", *map(write, row), sep="\t")


sys.stdout.reconfigure(encoding="utf-8", newline="\n")
with psycopg.connect("") as connection:
    for line in sys.stdin.read().split():
        read(connection, line)
print("end")
