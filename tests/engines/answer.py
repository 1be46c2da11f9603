"""Answers queries with another engine: answer.py ENGINE FOLDER < QUERIES

QUERIES is what `conum sql` prints: each begins with a line `-- name : title`. Each answer becomes
FOLDER/name.csv, written as conum writes its tables. Engines: duckdb, sail.
"""

import csv
import re
import signal
import sys
from contextlib import contextmanager
from pathlib import Path


# An engine that stalls ends nothing.
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
def sail():
    from pysail.spark import SparkConnectServer
    from pyspark.sql import SparkSession

    server = SparkConnectServer()
    server.start()
    host, port = server.listening_address
    session = SparkSession.builder.remote(f"sc://{host}:{port}").getOrCreate()

    def answer(sql):
        found = session.sql(sql)
        return found.columns, [tuple(row) for row in found.collect()]

    yield answer
    # The client first: a server without one to talk to would wait for it.
    session.stop()
    server.stop()


def main():
    signal.alarm(SECONDS)
    engine, folder = sys.argv[1], Path(sys.argv[2])
    queries = re.findall(r"^-- (\w+) : .*\n([^;]+);", sys.stdin.read(), re.MULTILINE)
    with {"duckdb": duckdb, "sail": sail}[engine]() as answer:
        for name, sql in queries:
            columns, rows = answer(sql)
            with open(folder / f"{name}.csv", "w", encoding="utf-8", newline="") as file:
                out = csv.writer(file, lineterminator="\n")
                out.writerow(columns)
                out.writerows(rows)
    print(f"{len(queries)} queries, {engine}")


main()
