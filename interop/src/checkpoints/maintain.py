"""Does to Delta tables what delta-rs can do to them.

usage: maintain.py WHAT TABLE...; WHAT is a name below.
"""

import os
import sys
import time

import deltalake
import polars


def rewritten(path):
    """Other files, another order of rows, comments on the table and a column."""
    table = deltalake.DeltaTable(path)
    table.optimize.compact()
    table.optimize.z_order(["id"])
    table.alter.set_table_description("our people")
    table.alter.set_column_metadata("name", {"comment": "what they are called"})


def cleaned(path):
    """A checkpoint, no entry before it, and no file that the table does not need."""
    interval = {"delta.logRetentionDuration": "interval 0 days"}
    deltalake.DeltaTable(path).alter.set_table_properties(interval)
    deltalake.DeltaTable(path).create_checkpoint()
    time.sleep(1.2)
    deltalake.DeltaTable(path).cleanup_metadata()
    if os.path.exists(os.path.join(path, "_delta_log", f"{0:020d}.json")):
        raise RuntimeError("delta-rs has cleaned nothing")
    options = {"retention_hours": 0, "dry_run": False, "enforce_retention_duration": False}
    deltalake.DeltaTable(path).vacuum(**options)


def deleted(path):
    deltalake.DeltaTable(path).delete("id = 1")


def appended(path):
    """A row of fewer columns; delta-rs writes the schema anew."""
    row = polars.DataFrame({"id": [77], "seq": [1], "name": ["77 at 1"]})
    deltalake.write_deltalake(path, row, mode="append", schema_mode="merge")


def feature(path):
    """A property that takes a feature which lance-offload does not have."""
    deltalake.DeltaTable(path).alter.set_table_properties({"delta.enableChangeDataFeed": "true"})


def often(path):
    """A checkpoint every two versions."""
    deltalake.DeltaTable(path).alter.set_table_properties({"delta.checkpointInterval": "2"})


what, *tables = sys.argv[1:]
for table in tables:
    globals()[what](table)
