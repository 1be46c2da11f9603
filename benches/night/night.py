#!/usr/bin/env python3
"""What a night costs: new, edited and deleted rows on a warehouse that holds the race's export.

usage: night.py SIZE --data FOLDER --work FOLDER --conum PROGRAM
                [--new N] [--edited N] [--deleted N] [--nights N] [--spread] [--seed N]

README.md beside this file says what is drawn and what is compared.
"""

import argparse
import csv
import filecmp
import io
import os
import random
import re
import shutil
import subprocess
import sys
import time
from datetime import datetime, timedelta
from pathlib import Path

PIPELINE = Path(__file__).resolve().parent.parent / "race" / "race.toml"
DAY = 86_400
# Days from which rows are drawn: most corrections are of what was entered lately.
RECENT = 60
NEW_FROM = 30
EVER = 36_500
# A record begins on a line of its own with an identifier.
RECORD = re.compile(rb"\n(?=[0-9a-f]{24};)")
# Longer than any record.
WINDOW = 16 << 10
CHANNELS = ["rattachement", "domicile", "distance", "autre lieu"]


def arguments():
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("size", help="name of the data, such as 1m or 10m")
    parser.add_argument("--data", type=Path, required=True, help="folder with SIZE/sessions.csv")
    parser.add_argument("--work", type=Path, required=True, help="folder for inputs and warehouses")
    parser.add_argument("--conum", type=Path, required=True, help="the program")
    parser.add_argument("--new", type=int, default=20_000, help="new rows a night")
    parser.add_argument("--edited", type=int, default=2_000, help="edited rows a night")
    parser.add_argument("--deleted", type=int, default=200, help="deleted rows a night")
    parser.add_argument("--nights", type=int, default=1)
    parser.add_argument("--spread", action="store_true", help="edits and deletions of any month")
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    options.data = (options.data / options.size).resolve()
    if not (options.data / "sessions.csv").exists():
        parser.error(f"no export in {options.data}: `make race SIZE={options.size}` makes it")
    return options


class Export:
    """An export in the order of creation; identifiers begin with its second, as MongoDB's do."""

    def __init__(self, path):
        self.file = open(path, "rb")
        self.size = path.stat().st_size
        self.header = self.file.readline().decode()
        self.columns = self.header.rstrip("\n").split(";")
        self.last = self.created(self.at(self.size - 2 * WINDOW))

    def at(self, offset):
        """Returns the first record behind an offset, or None at the end."""
        self.file.seek(offset)
        text = self.file.read(WINDOW)
        start = RECORD.search(text)
        if start is None:
            return None
        rows = csv.reader(io.StringIO(text[start.end():].decode(errors="ignore"), newline=""),
                          delimiter=";")
        return next(rows)

    @staticmethod
    def created(record):
        """Returns the second a record was created."""
        return int(record[0][:8], 16)

    def since(self, days):
        """Returns the offset behind which records are at most that old."""
        low, high = len(self.header), self.size - 2 * WINDOW
        while high - low > WINDOW:
            middle = (low + high) // 2
            if self.created(self.at(middle)) < self.last - days * DAY:
                low = middle
            else:
                high = middle
        return high

    def draw(self, dice, count, days):
        """Draws records that are at most that old; later copies of older ones are left out."""
        found = []
        offset = self.since(days)
        while len(found) < count:
            record = self.at(dice.randrange(offset, self.size - 2 * WINDOW))
            if len(record) == len(self.columns) and self.created(record) > self.last - days * DAY:
                found.append(record)
        return found


def write(path, header, records):
    """Writes a file as the export is written."""
    with open(path, "w", encoding="utf-8", newline="") as file:
        file.write(header)
        csv.writer(file, delimiter=";", lineterminator="\n").writerows(records)


def night(export, options, number, folder):
    """Writes the files of a night into the input folder."""
    dice = random.Random(f"{options.seed} {number}")
    updated = export.columns.index("maj_le")
    channel = export.columns.index("canal")
    # After all versions of the export, whose corrections bear instants of years to come.
    instant = (datetime(2031, 1, 1, 2) + timedelta(number)).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    records = []
    for record in export.draw(dice, options.new, NEW_FROM):
        new = f"{record[0][:8]}{number % 256:02x}{dice.getrandbits(56):014x}"
        records.append([new, *record[1:]])
    days = EVER if options.spread else RECENT
    edited = {record[0]: record for record in export.draw(dice, 2 * options.edited, days)}
    for record in list(edited.values())[:options.edited]:
        record[updated] = instant
        record[channel] = dice.choice(CHANNELS)
        records.append(record)
    dice.shuffle(records)
    write(folder / f"sessions-{number:02}.csv", export.header, records)
    deleted = export.draw(dice, options.deleted, days)
    write(folder / f"suppressions-{number:02}.csv", "id;supprimee_le\n",
          [[record[0], instant] for record in deleted])


def run(options, folder, warehouse):
    """Runs conum; returns wall and CPU seconds and peak memory in MB."""
    line = [options.conum, "--quiet", "run", "--pipeline", PIPELINE, "--input", folder,
            "--warehouse", warehouse, "--as-of", "2025-01-01"]
    os.sync()
    start = time.monotonic()
    process = subprocess.Popen(line, stdout=subprocess.DEVNULL)
    _, status, use = os.wait4(process.pid, 0)
    wall = time.monotonic() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, 3):
        raise SystemExit(f"conum ended with {process.returncode}")
    return wall, use.ru_utime + use.ru_stime, use.ru_maxrss / 1024


def outputs(warehouse):
    """Returns the paths of all outputs, relative to the run."""
    current = warehouse / "current"
    folders = ["clean", "rejects", "tables"]
    files = (path for name in folders for path in (current / name).rglob("*") if path.is_file())
    return {str(path.relative_to(current)) for path in files} | {"ledger.parquet"}


def compare(one, other):
    """Stops unless two warehouses have the same outputs; returns how many."""
    names = outputs(one)
    if names != outputs(other):
        raise SystemExit(f"other files: {sorted(names ^ outputs(other))[:9]}")
    _, differing, failed = filecmp.cmpfiles(one / "current", other / "current", names, False)
    if differing or failed:
        raise SystemExit(f"other bytes: {(differing + failed)[:9]}")
    return len(names)


def linked(warehouse):
    """Returns how many clean files the last two runs share, and how many there are."""
    files = list((warehouse / "current" / "clean").rglob("*.parquet"))
    return sum(path.stat().st_nlink > 1 for path in files), len(files)


def main():
    """Runs the export, the nights and a rebuild, and prints what each cost."""
    options = arguments()
    folder, warehouse, rebuilt = (options.work / name for name in ["input", "warehouse", "rebuilt"])
    for path in [folder, warehouse, rebuilt]:
        shutil.rmtree(path, ignore_errors=True)
    folder.mkdir(parents=True)
    for name in ["sessions.csv", "structures.csv", "communes.csv"]:
        (folder / name).symlink_to(options.data / name)
    export = Export(options.data / "sessions.csv")
    subprocess.run(["cat", options.data / "sessions.csv"], stdout=subprocess.DEVNULL, check=True)
    print("| Run | Wall s | CPU s | Peak MB | CPU % of full | Months kept |\n|---|--:|--:|--:|--:|--:|")
    full = None
    for number in range(options.nights + 1):
        if number > 0:
            night(export, options, number, folder)
        wall, cpu, peak = run(options, folder, warehouse)
        full = full or cpu
        kept, months = linked(warehouse) if number else (0, 0)
        name = f"night {number}" if number else "full"
        print(f"| {name} | {wall:.2f} | {cpu:.2f} | {peak:,.0f} | {100 * cpu / full:.1f} | "
              f"{f'{kept} of {months}' if number else ''} |", flush=True)
    wall, cpu, peak = run(options, folder, rebuilt)
    print(f"| rebuild | {wall:.2f} | {cpu:.2f} | {peak:,.0f} | {100 * cpu / full:.1f} | |")
    print(f"{compare(warehouse, rebuilt)} outputs, the same bytes as those of the rebuild")
    for path in [warehouse, rebuilt]:
        shutil.rmtree(path)


if __name__ == "__main__":
    sys.exit(main())
