"""Counts the rows of a Delta table that each of some filters finds, and the rows in memory that it is true of.

usage: filtered_counts.py TABLE FILTERS; FILTERS is a JSON file of filters as in `predicate-table.ts`. Prints, by reader,
the two counts of each filter as JSON. The first may skip files and row groups by their statistics, the second cannot.
"""

import datetime
import decimal
import json
import sys

import deltalake
import polars

EPOCH = datetime.datetime(1970, 1, 1)
TYPES = {"f": polars.Float32, "d": polars.Float64, "n": polars.Int64, "text": polars.String}
COMPARISONS = {"=": "__eq__", "<": "__lt__", ">": "__gt__", "<=": "__le__", ">=": "__ge__"}


def polars_literal(column, value):
    if column == "day":
        return polars.lit((EPOCH + datetime.timedelta(days=int(value))).date())
    if column in ("at", "zoned"):
        moment = polars.lit(int(value), dtype=polars.Int64).cast(polars.Datetime("us"))
        return moment.dt.replace_time_zone("UTC") if column == "zoned" else moment
    if column == "price":
        return polars.lit(decimal.Decimal(value)).cast(polars.Decimal(10, 2))
    number = {"f": float, "d": float, "n": int}.get(column, str)
    return polars.lit(number(value), dtype=TYPES[column])


def polars_filter(filter):
    column, kind = filter["column"], filter["is"]
    subject = polars.col("inside").struct.field(column) if filter["nested"] else polars.col(column)
    values = [polars_literal(column, value) for value in filter["values"]]
    if kind == "null":
        return subject.is_null()
    if kind == "nan":
        return subject.is_nan()
    if kind == "between":
        return subject.is_between(*values)
    return getattr(subject, COMPARISONS[kind])(values[0])


def sql_literal(column, value):
    text = value.replace("'", "''")
    if column == "day":
        return f"arrow_cast(arrow_cast('{text}', 'Int32'), 'Date32')"
    if column in ("at", "zoned"):
        zone = 'Some("UTC")' if column == "zoned" else "None"
        return f"arrow_cast(arrow_cast('{text}', 'Int64'), 'Timestamp(Microsecond, {zone})')"
    types = {"f": "Float32", "d": "Float64", "n": "Int64", "price": "Decimal128(10, 2)", "text": "Utf8"}
    return f"arrow_cast('{text}', '{types[column]}')"


def sql_filter(filter):
    column, kind = filter["column"], filter["is"]
    subject = f"inside['{column}']" if filter["nested"] else f'"{column}"'
    values = [sql_literal(column, value) for value in filter["values"]]
    if kind == "null":
        return f"{subject} IS NULL"
    if kind == "nan":
        return f"isnan({subject})"
    return f"{subject} BETWEEN {values[0]} AND {values[1]}" if kind == "between" else f"{subject} {kind} {values[0]}"


def main(table, filters):
    rows = polars.read_delta(table)
    lazy = polars.scan_delta(table)
    counts = {"Polars": [], "delta-rs": []}
    builder = deltalake.QueryBuilder().register("rows", deltalake.DeltaTable(table))

    def count(sql):
        return polars.DataFrame(builder.execute(sql).read_all()).item() or 0

    for filter in filters:
        expression = polars_filter(filter)
        found = lazy.filter(expression).select(polars.len()).collect().item()
        counts["Polars"].append([found, rows.filter(expression).height])
        where = sql_filter(filter)
        found = count(f"SELECT count(*) FROM rows WHERE {where}")
        counts["delta-rs"].append([found, count(f"SELECT sum(CASE WHEN {where} THEN 1 ELSE 0 END) FROM rows")])
    print(json.dumps(counts))


main(sys.argv[1], json.load(open(sys.argv[2])))
