"""Prints the rows of Delta tables as delta-rs and DuckDB's Delta reader find them: JSON, by reader and table.

usage: read_rows.py COLUMNS TABLE...; COLUMNS are separated by commas.
"""

import glob
import json
import os
import sys

import deltalake
import duckdb
import duckdb_ext
import polars

EXTENSION = "extensions/*/*/delta.duckdb_extension"


def open_duckdb():
    connection = duckdb.connect(config={"allow_unsigned_extensions": "true"})
    connection.execute("SET autoinstall_known_extensions = false; SET autoload_known_extensions = false")
    [extension] = glob.glob(os.path.join(list(duckdb_ext.__path__)[0], EXTENSION))
    connection.execute(f"LOAD '{extension}'")
    return connection


def in_delta_rs(path, columns):
    table = deltalake.DeltaTable(path)
    found = deltalake.QueryBuilder().register("t", table).execute(f"SELECT {columns} FROM t").read_all()
    return [list(row) for row in polars.DataFrame(found).rows()]


def in_duckdb(connection, path, columns):
    return [list(row) for row in connection.execute(f"SELECT {columns} FROM delta_scan('{path}')").fetchall()]


columns, *tables = sys.argv[1:]
connection = open_duckdb()
rows = {
    "delta-rs": {path: in_delta_rs(path, columns) for path in tables},
    "DuckDB": {path: in_duckdb(connection, path, columns) for path in tables},
}
print(json.dumps(rows))
