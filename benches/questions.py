"""Questions of docs/questions.md on the clean records of a warehouse, by `conum query` and by DuckDB.

Both read the same files, by turns. conum is a process of its own each time; DuckDB stays open, which
spares it the start. Answers must be the same; printed are the medians and their ratio.

    questions.py CONUM WAREHOUSE [TURNS]
"""

import csv
import io
import re
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

import duckdb

PAGE = Path(__file__).parent.parent / "docs/questions.md"


def questions():
    """Number, title and SQL of those that ask clean records."""
    for part in PAGE.read_text().split("\n### ")[1:]:
        title, rest = part.split("\n", 1)
        sql = re.search(r"```sql\n(.*?)```", rest, re.S)
        if sql and "clean." in sql[1]:
            yield title, sql[1].strip().rstrip(";")


def plain(cell):
    """A cell such that both programs write it alike: numbers to nine digits, no trailing zeros."""
    if cell is None or cell == "":
        return ""
    try:
        return format(float(cell), ".9g")
    except ValueError:
        return str(cell)


def main(conum, warehouse, turns=5):
    database = duckdb.connect()
    clean = f"{warehouse}/current/clean"
    database.execute("CREATE SCHEMA clean")
    database.execute(
        "CREATE VIEW clean.activites AS SELECT * FROM "
        f"read_parquet('{clean}/activites/*/*.parquet', hive_partitioning = true)"
    )
    database.execute(f"CREATE VIEW clean.employeurs AS SELECT * FROM '{clean}/employeurs.parquet'")
    rows = database.execute("SELECT count(*) FROM clean.activites").fetchone()[0]
    print(f"{rows} rows, medians of {turns}")
    print("question | conum s | DuckDB s | ratio")
    ratios = []
    for title, sql in questions():
        ours, theirs = [], []
        for _ in range(turns):
            start = time.perf_counter()
            command = [conum, "query", sql, "--warehouse", warehouse, "--format", "csv"]
            text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
            ours.append(time.perf_counter() - start)
            start = time.perf_counter()
            expected = database.execute(sql).fetchall()
            theirs.append(time.perf_counter() - start)
        found = [[plain(cell) for cell in row] for row in csv.reader(io.StringIO(text))][1:]
        expected = [[plain(cell) for cell in row] for row in expected]
        if found != expected:
            sys.exit(f"{title}: the answers differ\n{found[:3]}\n{expected[:3]}")
        mine, other = statistics.median(ours), statistics.median(theirs)
        ratios.append(mine / other)
        print(f"{title} | {mine:.2f} | {other:.2f} | {mine / other:.2f}")
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1e6
    print(f"median ratio {statistics.median(ratios):.2f}; conum's peak {peak:.2f} GB")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], *map(int, sys.argv[3:]))
