"""tables.py RELEASE: fails unless each reader finds in each table the columns, types, rows and sums that it should.

They should be those of dictionnaire.json, in Parquet and in CSV, and each code the same text in all of them.
"""

import json
import sys
from pathlib import Path

import duckdb
import openpyxl
import pandas
import polars
import pyarrow.csv
import pyarrow.parquet

release = Path(sys.argv[1])
catalogue = json.loads((release / "dictionnaire.json").read_text(encoding="utf-8"))
symbol = catalogue["rules"]["symbol"]


def of_arrow(table):
    return table.column_names, [tuple(row.values()) for row in table.to_pylist()]


def of_pandas(table):
    rows = table.astype(object).where(table.notna(), None)
    return list(table.columns), [tuple(row) for row in rows.itertuples(index=False)]


def of_duckdb(query):
    found = duckdb.sql(query)
    return found.columns, found.fetchall()


def readers(table):
    """Each reader, and what makes names of columns and rows of it; all rows in the order of the file."""
    path = str(release / table["name"])
    parquet, csv = f"{path}.parquet", f"{path}.csv"
    figures = [column["name"] for column in table["columns"] if column["role"] == "measure"]
    names = [column["name"] for column in table["columns"]]
    kinds = {name: ("Int64" if name in figures else "string") for name in names}
    arrow = {n: pyarrow.int64() if n in figures else pyarrow.string() for n in names}
    frames = {n: polars.Int64 if n in figures else polars.String for n in names}
    base = {n: "BIGINT" if n in figures else "VARCHAR" for n in names}
    texts = pyarrow.csv.ConvertOptions(column_types=arrow, null_values=[""], strings_can_be_null=True)
    yield "pyarrow parquet", lambda: of_arrow(pyarrow.parquet.read_table(parquet))
    yield "pyarrow csv", lambda: of_arrow(pyarrow.csv.read_csv(csv, convert_options=texts))
    yield "pandas parquet", lambda: of_pandas(pandas.read_parquet(parquet).astype(kinds))
    yield "pandas csv", lambda: of_pandas(
        pandas.read_csv(csv, dtype=kinds, keep_default_na=False, na_values=[""])
    )
    yield "polars parquet", lambda: (names, polars.read_parquet(parquet).select(names).rows())
    yield "polars csv", lambda: (names, polars.read_csv(csv, schema=frames).rows())
    yield "duckdb parquet", lambda: of_duckdb(f"SELECT * FROM '{parquet}'")
    yield "duckdb csv", lambda: of_duckdb(
        f"SELECT * FROM read_csv('{csv}', header = true, nullstr = '', columns = {base})"
    )
    if table["is_main"]:
        yield "openpyxl xlsx", lambda: of_sheet(table, figures)


def of_sheet(table, figures):
    """A sheet has the symbol where figures are hidden."""
    book = openpyxl.load_workbook(release / "principales_tables.xlsx", read_only=True)
    sheet = next(sheet for sheet in book if sheet.title == table["name"][:31])
    names, *rows = sheet.iter_rows(values_only=True)
    hidden = {place for place, name in enumerate(names) if name in figures}
    shown = [
        tuple(None if place in hidden and cell == symbol else cell for place, cell in enumerate(row))
        for row in rows
    ]
    return list(names), shown


def problems(table):
    names = [column["name"] for column in table["columns"]]
    first = None
    for reader, read in readers(table):
        columns, rows = read()
        rows = [tuple(int(cell) if hasattr(cell, "__index__") else cell for cell in row) for row in rows]
        if list(columns) != names:
            yield f"{reader}: columns {columns}"
            continue
        if len(rows) != table["rows"]:
            yield f"{reader}: {len(rows)} rows, expected {table['rows']}"
        for place, column in enumerate(table["columns"]):
            cells = [row[place] for row in rows if row[place] is not None]
            kind = int if column["role"] == "measure" else str
            if not all(type(cell) is kind for cell in cells):
                yield f"{reader}: {column['name']} is not {kind.__name__}"
            elif kind is int and sum(cells) != column["sum"]:
                yield f"{reader}: {column['name']} is {sum(cells)}, expected {column['sum']}"
        first = first or rows
        if rows != first:
            yield f"{reader}: other rows than the first reader"
        place = [names.index(name) for name in table["key"]]
        keys = [tuple(row[at] for at in place) for row in rows]
        if keys != sorted(set(keys)):
            yield f"{reader}: rows are not sorted by a key of their own"


failed = False
for table in catalogue["tables"]:
    found = list(problems(table))
    failed = failed or bool(found)
    count = sum(1 for _ in readers(table))
    print(f"{'failed' if found else 'ok':8}{table['name']}: {table['rows']} rows, {count} readers")
    for problem in found:
        print(f"        {problem}")
sys.exit(1 if failed else 0)
