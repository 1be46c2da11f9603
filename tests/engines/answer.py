"""Answers queries with another engine: answer.py ENGINE FOLDER < QUERIES

QUERIES is what `conum sql` prints: each begins with a line `-- name : title`. Each answer becomes
FOLDER/name.csv, written as conum writes its tables. Engines: duckdb, sail, spark (a server of Spark
Connect at CONNECT).
"""

import csv
import os
import re
import signal
import sys
from contextlib import contextmanager
from pathlib import Path

# A query that takes longer has stalled.
SECONDS = 300


@contextmanager
def duckdb():
    import duckdb

    connection = duckdb.connect()

    def answer(sql):
        found = connection.execute(sql)
        return [column[0] for column in found.description], found.fetchall()

    yield answer


@contextmanager
def spark(url=None):
    from pyspark.sql import SparkSession

    session = SparkSession.builder.remote(url or os.environ["CONNECT"]).getOrCreate()

    def answer(sql):
        found = session.sql(sql)
        return found.columns, [tuple(row) for row in found.collect()]

    yield answer
    session.stop()


@contextmanager
def sail():
    from pysail.spark import SparkConnectServer

    server = SparkConnectServer()
    server.start()
    host, port = server.listening_address
    # The client ends first: a server that stops before it would wait for it.
    with spark(f"sc://{host}:{port}") as answer:
        yield answer
    server.stop()


def main():
    engine, folder = sys.argv[1], Path(sys.argv[2])
    queries = re.findall(r"^-- (\w+) : .*\n([^;]+);", sys.stdin.read(), re.MULTILINE)
    with {"duckdb": duckdb, "sail": sail, "spark": spark}[engine]() as answer:
        for name, sql in queries:
            signal.alarm(SECONDS)
            columns, rows = answer(sql)
            with open(folder / f"{name}.csv", "w", encoding="utf-8", newline="") as file:
                out = csv.writer(file, lineterminator="\n")
                out.writerow(columns)
                out.writerows(rows)
    signal.alarm(0)
    print(f"{len(queries)} queries, {engine}")


main()
