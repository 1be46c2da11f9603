"""script.py FILE: runs a script of SQL in DuckDB, and prints what it selects."""

import sys

import duckdb

database = duckdb.connect()
with open(sys.argv[1], encoding="utf-8") as script:
    for statement in duckdb.extract_statements(script.read()):
        print(database.execute(statement).fetchall())
