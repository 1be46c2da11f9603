"""Releases of a warehouse become the intervals of what they hide, by linear programming.

It reads what the public reads, `releases/*/*.csv`, and the list of départements: no hidden figure may have one
possible value alone. A figure that can only be zero is left out: a row is hidden for all its measures or for none.

    release.py RELEASES --departements FILE [--sample N]
"""

import argparse
import csv
import pathlib
import random
import sys
from collections import defaultdict
from fractions import Fraction

import highspy
from intervals import bound, model_of

# A record may have several of these: their rows do not add up.
OVERLAPPING = {"theme"}
TOTAL = "ensemble"


def parts_of_period(period):
    """Months of a quarter, quarters of a year; nothing for a month."""
    if len(period) == 4:
        return [f"{period}-T{quarter}" for quarter in range(1, 5)]
    if "-T" in period:
        year, quarter = period.split("-T")
        return [f"{year}-{month:02}" for month in range(int(quarter) * 3 - 2, int(quarter) * 3 + 1)]
    return []


def read(folder):
    """Figures by measure and codes."""
    figures = {}
    for path in sorted(folder.glob("*.csv")):
        with open(path, newline="") as lines:
            rows = list(csv.reader(lines))
        heads = rows[0]
        if heads[-1] != "secret":
            continue
        first = next(place for place, head in enumerate(heads) if head.startswith("nb_"))
        for row in rows[1:]:
            codes = tuple(sorted((h, c) for h, c in zip(heads[:first], row) if c != TOTAL))
            for measure, text in zip(heads[first:-1], row[first:-1]):
                shown = Fraction(text) if text else None
                known = figures.setdefault((measure, codes), {"shown": None, "true": Fraction(0), "status": "D"})
                known["shown"] = shown if shown is not None else known["shown"]
    return figures


def sums_of(figures, regions):
    """Each figure that is the sum of others: over a dimension, a period, a région."""
    sums = defaultdict(set)
    for measure, codes in figures:
        named = dict(codes)
        for head in named:
            if head in OVERLAPPING or head == "periode":
                continue
            total = (measure, tuple(pair for pair in codes if pair[0] != head))
            if total in figures:
                sums[total, head].add((measure, codes))
        if region := regions.get(named.get("departement")):
            rest = [pair for pair in codes if pair[0] != "departement"]
            total = (measure, tuple(sorted(rest + [("region", region)])))
            if total in figures:
                sums[total, "departement"].add((measure, codes))
        for part in parts_of_period(named.get("periode", "2000-01")):
            other = tuple(sorted((h, part if h == "periode" else c) for h, c in codes))
            if (measure, other) in figures:
                sums[(measure, codes), "periode"].add((measure, other))
    return sums


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("releases", type=pathlib.Path)
    parser.add_argument("--departements", type=pathlib.Path, required=True)
    parser.add_argument("--sample", type=int, default=200)
    args = parser.parse_args()
    with open(args.departements, newline="") as lines:
        regions = {row["code"]: row["region"] for row in csv.DictReader(lines)}
    failed = 0
    for folder in sorted(path for path in args.releases.iterdir() if path.is_dir() and not path.is_symlink()):
        figures = read(folder)
        model, hidden = model_of(figures, sums_of(figures, regions))
        judged = sorted(hidden)
        if len(judged) > args.sample:
            judged = random.Random(1).sample(judged, args.sample)
        alone = []
        for name in judged:
            least = bound(model, hidden[name], highspy.ObjSense.kMinimize)
            most = bound(model, hidden[name], highspy.ObjSense.kMaximize)
            if most is not None and most > 0.5 and most - (least or 0.0) < 1 - 1e-6:
                alone.append((name, least, most))
        for (measure, codes), least, most in alone[:10]:
            print(f"{measure} {' '.join('='.join(pair) for pair in codes)} lies between {least} and {most}")
        print(f"{folder.name}: {len(figures)} figures, {len(hidden)} hidden, {len(judged)} judged, {len(alone)} known")
        failed += len(alone)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
