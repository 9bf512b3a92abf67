"""Lets Spark write a checkpoint of Delta tables, and removes the entries before it, as its log clean-up does.

usage: spark_checkpoints.py JARS KIND TABLE...; JARS is a folder, KIND one of KINDS below.
"""

import glob
import os
import re
import sys

from pyspark.sql import SparkSession

V2 = {"delta.checkpointPolicy": "v2"}
PARTS = {"spark.databricks.delta.checkpoint.partSize": "2"}


def v2_format(name):
    return {"spark.databricks.delta.checkpointV2.topLevelFileFormat": name}


# The properties of the table, and what Spark is told.
KINDS = {
    "classic": ({}, {}),
    "multi-part": ({}, PARTS),
    "v2-parquet": (V2, {**PARTS, **v2_format("parquet")}),
    "v2-json": (V2, {**PARTS, **v2_format("json")}),
    # The V2 spec under the classic name: see PROTOCOL.md, "Handling Backward compatibility while moving to UUID-named v2 Checkpoints".
    "v2-classic": (V2, {**PARTS, **v2_format("parquet")}),
}


def open_spark(jars, settings):
    builder = SparkSession.builder.master("local[1]")
    fixed = {
        "spark.jars": ",".join(glob.glob(os.path.join(jars, "*.jar"))),
        "spark.ui.enabled": "false",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
        "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
        "spark.sql.shuffle.partitions": "1",
        "spark.databricks.delta.snapshotPartitions": "1",
    }
    for name, value in {**fixed, **settings}.items():
        builder = builder.config(name, value)
    return builder.getOrCreate()


def clean(log):
    """Keeps the newest checkpoint and the entries from it on."""
    for file in glob.glob(os.path.join(log, "**", "*.crc"), recursive=True, include_hidden=True):
        os.remove(file)
    versions = [int(name[:20]) for name in os.listdir(log) if ".checkpoint." in name]
    for name in os.listdir(log):
        if re.match(r"\d{20}\.", name) and int(name[:20]) < max(versions):
            os.remove(os.path.join(log, name))


def use_classic_name(log):
    for name in os.listdir(log):
        if re.match(r"\d{20}\.checkpoint\.[0-9a-f-]{36}\.parquet$", name):
            os.rename(os.path.join(log, name), os.path.join(log, f"{name[:20]}.checkpoint.parquet"))
    os.remove(os.path.join(log, "_last_checkpoint"))


def main():
    jars, kind, *tables = sys.argv[1:]
    properties, settings = KINDS[kind]
    spark = open_spark(jars, settings)
    for table in tables:
        for name, value in properties.items():
            spark.sql(f"ALTER TABLE delta.`{table}` SET TBLPROPERTIES ('{name}' = '{value}')")
        delta_log = spark._jvm.org.apache.spark.sql.delta.DeltaLog.forTable(spark._jsparkSession, table)
        delta_log.checkpoint()
        log = os.path.join(table, "_delta_log")
        clean(log)
        if kind == "v2-classic":
            use_classic_name(log)
        print(kind, os.path.basename(table), sorted(os.listdir(log)))


main()
