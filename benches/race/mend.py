#!/usr/bin/env python3
"""Copies the folder of peers; in each of them and in check.py, t4a and t4b take the place of t4.

usage: mend.py FOLDER COPY

t4a is employer by age and t4b employer by status: integer sums of ten counts over the clean rows.
A cut runs from the only place of its first words up to the words that follow it; the digest of the
text cut out makes sure that it is the text this file was written for.
"""

import hashlib
import shutil
import sys
from pathlib import Path
from typing import NamedTuple


class Cut(NamedTuple):
    """One piece of text to replace; `until` empty means the end of the file."""

    file: str
    start: str
    until: str
    digest: str
    text: str


DUCKDB = '''\
sums = ", ".join(f"sum({k})::BIGINT AS {k}" for k in AGE + ST)
q("t4w", f"CREATE TEMP TABLE t4w AS SELECT employeur, {sums} FROM clean GROUP BY 1")
for name, key, counts in (("t4a", "age", AGE), ("t4b", "statut", ST)):
    save(name, f"""SELECT coalesce(employeur, 'TOTAL') employeur, coalesce(k, 'TOTAL') {key},
        sum(v)::BIGINT personnes
      FROM (UNPIVOT t4w ON {", ".join(counts)} INTO NAME k VALUE v)
      GROUP BY CUBE(employeur, k) ORDER BY 1, 2""")
'''

DATAFUSION = '''\
sums = ", ".join(f"sum({k}) AS {k}" for k in AGE + ST)
q("t4w", f"CREATE TABLE t4w AS SELECT employeur, {sums} FROM clean GROUP BY employeur")
for name, key, counts in (("t4a", "age", AGE), ("t4b", "statut", ST)):
    long = " UNION ALL ".join(f"SELECT employeur, '{k}' k, {k} v FROM t4w" for k in counts)
    save(name, f"""SELECT coalesce(employeur, 'TOTAL') employeur, coalesce(k, 'TOTAL') {key},
        sum(v) personnes
      FROM ({long}) GROUP BY CUBE(employeur, k)""")
'''

CHDB = '''\
sums = ", ".join(f"toInt64(sum({k})) AS s_{k}" for k in AGE + ST)
q("t4w", f"""CREATE TABLE t4w ENGINE=Memory AS
  SELECT employeur, {sums} FROM clean GROUP BY employeur""")
for name, key, counts in (("t4a", "age", AGE), ("t4b", "statut", ST)):
    pairs = ", ".join(f"('{k}', s_{k})" for k in counts)
    save(name, f"""SELECT {tot("c.e")} AS employeur, {tot("c.k")} AS {key}, sum(c.v) AS personnes
      FROM (SELECT e, pair.1 AS k, pair.2 AS v
            FROM (SELECT employeur AS e, arrayJoin([{pairs}]) AS pair FROM t4w)) c
      GROUP BY CUBE(c.e, c.k)""")
'''

POLARS_SUMS = '''\
cross = [c(k).sum().cast(pl.Int64) for k in AGE + ST]
'''

POLARS_TABLE = '''\
def people(key, counts):
    long = t4.unpivot(counts, index="employeur", variable_name=key, value_name="personnes")
    return cube_small(long, ["employeur", key]).collect()
'''

PANDAS = '''\
w = df.groupby("employeur", as_index=False)[AGE + ST].sum()
def people(key, counts):
    long = w.melt("employeur", counts, key, "personnes")
    return cube(long, ["employeur", key], dict(personnes=("personnes", "sum")))
t4a, t4b = people("age", AGE), people("statut", ST); lap("t4")
'''

CUTS = [
    Cut("peer_duckdb.py", "cross = ", "", "776b31f1861a", DUCKDB),
    Cut("peer_datafusion.py", "cross = ", "", "d6f661aa8381", DATAFUSION),
    Cut("peer_chdb.py", "pairs = ", "db.close()", "6e81bc787f93", CHDB),
    Cut("peer_polars.py", "cross = ", "t1d, t2,", "011f923fe80c", POLARS_SUMS),
    Cut("peer_polars.py", "t4 = t4.unpivot(", "for n, d in", "bf912275ee4a", POLARS_TABLE),
    Cut("peer_polars.py", "t4=cube_small(", ").items()", "0c6d421adf03",
        't4a=people("age", AGE), t4b=people("statut", ST)'),
    Cut("peer_pandas.py", "w = pd.DataFrame(", "for nme, d in", "93fade0db5da", PANDAS),
    Cut("peer_pandas.py", "t4=t4", ").items()", "d9a94e0093be", "t4a=t4a, t4b=t4b"),
    Cut("check.py", 't4="', ").items()", "85e96f618607",
        't4a="employeur,age,personnes", t4b="employeur,statut,personnes"'),
    Cut("check.py", "t4=3", ")[t]", "dd8ddc2e7400", "t4a=2, t4b=2"),
    Cut("check.py", '{k: v for k, v in ref["t4', ")\nfor o", "b6837ae818b0",
        '{t: ref[t + "parquet"][("TOTAL", "TOTAL")] for t in ("t4a", "t4b")}'),
    Cut("check.py", 'if k.startswith("t4")', "if not same", "df7be20c9e11",
        "same = ref[k] == x[k]\n        "),
]


def replace(text, cut):
    """Returns the text with the cut replaced, or stops when it is not the text expected."""
    if text.count(cut.start) != 1:
        raise SystemExit(f"{cut.file}: expected '{cut.start}' exactly once")
    begin = text.index(cut.start)
    end = text.find(cut.until, begin) if cut.until else len(text)
    if end < 0:
        raise SystemExit(f"{cut.file}: expected '{cut.until}' after '{cut.start}'")
    found = hashlib.sha256(text[begin:end].encode()).hexdigest()
    if not found.startswith(cut.digest):
        raise SystemExit(f"{cut.file}: another text than expected from '{cut.start}' on")
    return text[:begin] + cut.text + text[end:]


def mend(folder, copy):
    """Copies the folder anew and makes every cut in the copy."""
    if folder.resolve() == copy.resolve():
        raise SystemExit(f"{folder}: the copy must be another folder")
    shutil.rmtree(copy, ignore_errors=True)
    copy.mkdir(parents=True)
    for source in folder.iterdir():
        if source.is_file():
            shutil.copyfile(source, copy / source.name)
    for cut in CUTS:
        path = copy / cut.file
        path.write_text(replace(path.read_text(encoding="utf-8"), cut), encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        raise SystemExit("usage: mend.py FOLDER COPY")
    mend(Path(sys.argv[1]), Path(sys.argv[2]))
