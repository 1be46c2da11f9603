"""Public tables and trees become the intervals of hidden figures, by linear programming.

An outside judge of `conum protect`: it reads what the public reads and nothing else but, to know which figures to
judge and by how much, the files that stay inside. For each primary figure (or a sample) it asks HiGHS for the least
and the greatest value that agree with all that is published, and fails when the true one is closer to either than it
must be.

    intervals.py FOLDER [--tree DIM=FILE]… [--sample N] [--least SHARE]

FOLDER is what `conum protect --out` wrote: `<table>.csv`, and `interne/<table>.csv`. A dimension without tree is
flat under the code that `--total` names, by default Total.
"""

import argparse
import csv
import pathlib
import random
import sys
from fractions import Fraction

import highspy


def tree_of(path):
    """Code -> code it is part of, from `child,parent` or a column a level."""
    with open(path, newline="") as lines:
        rows = list(csv.reader(lines))
    heads, parents = rows[0], {}
    if len(heads) == 2 and heads[0].lower() in ("child", "enfant"):
        rows = [[parent, child] for child, parent in rows[1:]]
    else:
        rows = rows[1:]
    for row in rows:
        codes = [code for code in row if code]
        for above, code in zip(codes, codes[1:]):
            if above != code:
                parents[code] = above
    return parents


def read(folder, trees, totals):
    """The tables of a folder: name, dimensions, rows of (codes, public figure or None, true figure, status)."""
    tables = []
    for path in sorted(folder.glob("*.csv")):
        with open(path, newline="") as lines:
            public = list(csv.reader(lines))
        with open(folder / "interne" / path.name, newline="") as lines:
            inside = list(csv.reader(lines))
        heads, rows = public[0][:-1], []
        for shown, known in zip(public[1:], inside[1:], strict=True):
            assert shown[:-1] == known[:-2], f"{path.name}: rows differ"
            rows.append((tuple(shown[:-1]), number(shown[-1]), number(known[-2]), known[-1]))
        parents = []
        for place, head in enumerate(heads):
            total = totals.get(head, totals.get("", "Total"))
            known = trees.get(head)
            codes = {row[0][place] for row in rows}
            if known is None:
                known = {code: total for code in codes if code != total}
            else:
                roots = set(known.values()) - set(known)
                if len(roots) > 1 or total in codes - set(known) - roots:
                    known = known | {root: total for root in roots if root != total}
            parents.append(known)
        tables.append((path.stem, heads, parents, rows))
    return tables


def number(text):
    """A figure; None where a symbol stands for it."""
    try:
        return Fraction(text)
    except ValueError:
        return None


def key(heads, parents, codes):
    """A margin has one key whatever the table: its codes but the totals."""
    named = [(head, code) for head, of, code in zip(heads, parents, codes) if code in of]
    return tuple(sorted(named))


def system_of(tables):
    """Figures by key, and the sums that they stand in."""
    figures, sums = {}, {}
    for _, heads, parents, rows in tables:
        for codes, shown, true, status in rows:
            figure = figures.setdefault(key(heads, parents, codes), {"shown": None, "status": "V"})
            figure["true"] = true
            figure["shown"] = shown if shown is not None else figure["shown"]
            figure["status"] = min(figure["status"], status)
            for place, of in enumerate(parents):
                above = of.get(codes[place])
                if above is not None:
                    total = codes[:place] + (above,) + codes[place + 1 :]
                    names = (key(heads, parents, total), heads[place])
                    sums.setdefault(names, set()).add(key(heads, parents, codes))
    return figures, sums


def floor_of(figures):
    """What is known of hidden figures: where figures are whole and none hidden is a zero, they are at least 1."""
    if any(figure["true"] < 0 for figure in figures.values()):
        return -highspy.kHighsInf
    is_whole = all(figure["true"].denominator == 1 for figure in figures.values())
    return float(is_whole and all(f["true"] > 0 for f in figures.values() if f["shown"] is None))


def least_of(figures, sums, floor):
    """What is known of each figure whatever is hidden: a total is no less than its parts together."""
    least = {name: min(floor, float(figure["true"])) for name, figure in figures.items()}
    has_risen = True
    while has_risen:
        has_risen = False
        for (total, _), parts in sums.items():
            together = sum(least[part] for part in parts)
            if total in least and together > least[total]:
                least[total], has_risen = together, True
    return least


def model_of(figures, sums, floor):
    """The linear programme of what is hidden. A figure that is no row is a published zero."""
    hidden = {name: place for place, name in enumerate(n for n, f in figures.items() if f["shown"] is None)}
    model = highspy.Highs()
    model.setOptionValue("output_flag", False)
    for _ in hidden:
        model.addVar(floor, highspy.kHighsInf)
    for (total, _), parts in sorted(sums.items()):
        rest, terms = Fraction(0), {}
        for name, factor in [(total, -1)] + [(part, 1) for part in sorted(parts)]:
            if name in hidden:
                terms[hidden[name]] = terms.get(hidden[name], 0) + factor
            elif name in figures:
                rest -= factor * figures[name]["shown"]
        if terms:
            places = sorted(terms)
            values = [float(terms[place]) for place in places]
            model.addRow(float(rest), float(rest), len(places), places, values)
    return model, hidden


def bound(model, place, sense):
    """The least or the greatest value of a figure; None when there is none."""
    model.changeColCost(place, 1.0)
    model.changeObjectiveSense(sense)
    model.run()
    status = model.getModelStatus()
    value = model.getInfo().objective_function_value
    model.changeColCost(place, 0.0)
    if status == highspy.HighsModelStatus.kOptimal:
        return value
    if status in (highspy.HighsModelStatus.kUnbounded, highspy.HighsModelStatus.kUnboundedOrInfeasible):
        return None
    sys.exit(f"the solver says {model.modelStatusToString(status)}: what is published does not add up")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--tree", action="append", default=[], metavar="DIM=FILE")
    parser.add_argument("--total", action="append", default=[], metavar="[DIM=]CODE")
    parser.add_argument("--sample", type=int, default=0, help="judge that many primary figures, not all")
    parser.add_argument("--least", type=float, default=0.0, help="room both ways, as a share of the figure")
    parser.add_argument("--unit", type=float, default=0.0, help="room both ways, at least; 0: not one value alone")
    args = parser.parse_args()
    trees = {name: tree_of(file) for name, file in (text.split("=", 1) for text in args.tree)}
    totals = {}
    for text in args.total:
        name, _, code = text.rpartition("=")
        totals[name] = code
    figures, sums = system_of(read(args.folder, trees, totals))
    floor = floor_of(figures)
    known = least_of(figures, sums, floor)
    model, hidden = model_of(figures, sums, floor)
    primary = sorted(name for name, figure in figures.items() if figure["status"] in "AB")
    if shown := [name for name in primary if name not in hidden]:
        sys.exit(f"{len(shown)} primary figures are published, {shown[0]} among them")
    judged = primary
    if args.sample and args.sample < len(primary):
        judged = random.Random(1).sample(primary, args.sample)
    narrow = []
    for name in judged:
        true = float(figures[name]["true"])
        least = bound(model, hidden[name], highspy.ObjSense.kMinimize)
        most = bound(model, hidden[name], highspy.ObjSense.kMaximize)
        up = float("inf") if most is None else most - true
        down = float("inf") if least is None else true - least
        room = max(args.unit, args.least * abs(true))
        slack = 1e-6 * max(1.0, abs(true))
        # Nobody is told that a figure is less than it is known to be.
        is_low = down < min(room, true - known[name]) - slack
        if up < room - slack or is_low or up + down <= slack:
            narrow.append((name, least, true, most))
    for name, least, true, most in narrow[:10]:
        print(f"{' '.join('='.join(part) for part in name)}: {true} lies between {least} and {most}")
    what = "all" if len(judged) == len(primary) else f"{len(judged)} of"
    print(f"{args.folder}: {len(figures)} figures, {len(hidden)} hidden; {what} {len(primary)} primary: {len(narrow)} too narrow")
    return 1 if narrow else 0


if __name__ == "__main__":
    sys.exit(main())
