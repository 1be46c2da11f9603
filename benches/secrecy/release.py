"""All releases of a warehouse become one system, and that the intervals of what they hide, by linear programming.

An outside judge of `conum run`. It reads what the public reads, `releases/*/*.csv`, in one system: what a release
shows stays known, and a figure that was revised is another one. From the files that stay inside, `current/secrecy/`,
it reads what was revised, the sums by two territories that are never published, and what each figure is made of. By
the policy it judges itself which figures must not be known, and how near nobody may come. Measures that the
declarations tie to another (`follows`) move with it; that activities and first comers are
no more than participations is known too.

For samples of the forbidden figures of each release, HiGHS says the least and the greatest value that agree with all
that is published. One possible value alone: the figure is *known*. Less room than the rules ask for: *too narrow*.

    release.py WAREHOUSE --pipelines FOLDER [--sample N]
"""

import argparse
import csv
import json
import math
import pathlib
import random
import sys
import tomllib
from collections import defaultdict

import highspy
import pyarrow.parquet
from intervals import bound

TOTAL = "ensemble"
SAYS_NOTHING = {TOTAL, "non_renseigne"}
SLACK = 1e-6


def codes_of(key):
    """Codes by dimension, sorted."""
    return tuple(sorted(tuple(pair.split("=", 1)) for pair in key.split("|") if pair))


def read_public(folder):
    """What a release shows: figures by measure and codes; None where it hides one."""
    figures = {}
    for path in sorted(folder.glob("*.csv")):
        with open(path, newline="") as lines:
            heads, *rows = csv.reader(lines)
        if heads[-1] != "secret":
            continue
        first = next(place for place, head in enumerate(heads) if head.startswith("nb_"))
        for row in rows:
            codes = tuple(sorted((h, c) for h, c in zip(heads[:first], row) if c != TOTAL))
            for measure, text in zip(heads[first:-1], row[first:-1]):
                shown = int(text) if text else None
                if figures.setdefault((measure, codes), shown) != shown:
                    sys.exit(f"{folder.name}: two tables differ on {measure} of {codes}")
    return figures


def read_inside(path):
    """What each figure is made of, by measure and codes."""
    rows = pyarrow.parquet.read_table(path).to_pylist()
    return {(row["indicateur"], codes_of(row["cle"])): row for row in rows}


# Measures that are no more than participations: an activity has one at least.
AT_MOST = {"nb_personnes_hors_recurrents": "nb_participations", "nb_activites": "nb_participations"}


class Policy:
    """Thresholds, and the measures and dimensions that they concern."""

    def __init__(self, folder):
        with open(folder / "indicateurs.toml", "rb") as file:
            indicators = tomllib.load(file).items()
        self.leaders = {name: indicator["follows"] for name, indicator in indicators if "follows" in indicator}
        with open(folder / "secrecy.toml", "rb") as file:
            rules = tomllib.load(file)["rules"]
        self.rules, self.traits, self.overlapping = defaultdict(dict), set(), set()
        for path in sorted((folder / "tables").glob("*.toml")):
            with open(path, "rb") as file:
                table = tomllib.load(file)
            for measure, names in table.get("secrecy", {}).get("rules", {}).items():
                self.rules[measure].update((name, rules[name]) for name in names)
            self.traits |= table.get("bands", {}).keys()
            # A record may have several of these: their rows do not add up.
            self.overlapping |= table.get("split", {}).keys()

    def room(self, name, inside):
        """How far above and below a figure others must be possible; None where it may be known."""
        (measure, codes), row = name, inside[name]
        value, rooms = row["valeur"], []
        for rules in self.rules[measure].values():
            of_persons = rules["unit"] == "person"
            units, total = (row["nb_unites"], row["contributions"])
            if of_persons:
                units, total = (value if row["nb_personnes"] is None else row["nb_personnes"], value)
            if units < rules["min_units"]:
                rooms.append(self.interval(rules, "A", value, 1))
            largest = [] if of_persons else [row[rank] or 0 for rank in ("premiere", "deuxieme", "troisieme")]
            for rule in rules.get("dominance", []):
                top = sum(largest[: rule["top"]])
                if 100 * top > rule["percent"] * total:
                    rooms.append(self.interval(rules, "B", value, math.ceil(100 * top / rule["percent"] - total)))
            if rules.get("k_disclosure", of_persons) and self.is_whole_group(name, inside):
                rooms.append((1, 1))
        return tuple(map(max, zip(*rooms))) if rooms else None

    @staticmethod
    def interval(rules, status, value, level):
        """The room that an interval of the policy means."""
        text = rules["interval"][status]
        if text.endswith("%"):
            part = max(1, math.ceil(value * float(text[:-1]) / 100))
            return part, part
        known = {"exact": (0, 0), "width >= min_units": (rules["min_units"] - 1, 1), "dominance level": (level, level)}
        return known[text]

    def is_whole_group(self, name, inside):
        """Whether all persons of a group have this trait."""
        measure, codes = name
        group = tuple((head, code) for head, code in codes if head not in self.traits)
        if any(head in self.traits and code in SAYS_NOTHING for head, code in codes) or group == codes:
            return False
        return (measure, group) in inside and inside[measure, group]["valeur"] == inside[name]["valeur"]


def longer(period):
    """The quarter and the year of a month, the year of a quarter."""
    year, _, part = period.partition("-")
    if part.isdigit():
        return [f"{year}-T{(int(part) + 2) // 3}", year]
    return [year] if part else []


def length(period):
    """Whether it is a month, a quarter or a year: how many are longer."""
    return len(longer(period))


def sums_of(figures, regions):
    """Each figure that is the sum of others: over a dimension, a period, a région."""
    sums = defaultdict(set)
    lengths = defaultdict(set)
    for measure, codes in figures:
        lengths[measure, tuple(head for head, _ in codes)].add(length(dict(codes).get("periode", "")))
    for measure, codes in figures:
        heads = tuple(head for head, _ in codes)
        for place, (head, code) in enumerate(codes):
            rest = codes[:place] + codes[place + 1 :]
            totals = [rest]
            if head == "periode":
                above = [p for p in longer(code) if length(p) in lengths[measure, heads]][:1]
                totals = [tuple(sorted(rest + (("periode", period),))) for period in above]
            elif head == "departement" and code in regions and "region" not in heads:
                totals.append(tuple(sorted(rest + (("region", regions[code]),))))
            for total in totals:
                if (measure, total) in figures:
                    sums[(measure, total), heads, head].add((measure, codes))
    return sums


class Union:
    """All that the releases of a warehouse say together."""

    def __init__(self, policy, regions):
        self.policy, self.regions = policy, regions
        self.shown, self.floors, self.equations, self.atleast = {}, {}, set(), set()
        # Two figures, and by how much the first exceeds the second.
        self.apart = set()
        # By figure: how many times it was revised, and its true value.
        self.now = {}

    def add(self, public, inside):
        """Adds a release; gives its figures by their names in the system."""
        figures = dict(public)
        figures.update((name, None) for name, row in inside.items() if row["masque_lie"])
        positive = {measure for measure, _ in inside} - {name[0] for name, row in inside.items() if row["valeur"] <= 0}
        names = {}
        for name, shown in figures.items():
            revision, value = self.now.get(name, (0, inside[name]["valeur"]))
            if value != inside[name]["valeur"]:
                revision += 1
            self.now[name] = (revision, inside[name]["valeur"])
            names[name] = figure = (*name, revision)
            self.floors[figure] = max(self.floors.get(figure, 0), int(name[0] in positive))
            if shown is not None:
                self.shown[figure] = shown
        for (total, _, head), parts in sums_of(figures, self.regions).items():
            parts = frozenset(names[part] for part in parts)
            if head in self.policy.overlapping:
                self.atleast.add((parts, frozenset([names[total]])))
                self.atleast.update((frozenset([names[total]]), frozenset([part])) for part in parts)
            else:
                self.equations.add((names[total], parts))
        moved = defaultdict(list)
        for measure, codes in names:
            moved[self.policy.leaders.get(measure, measure), codes].append((measure, codes))
            most = names.get((AT_MOST.get(measure), codes))
            if most:
                self.atleast.add((frozenset([most]), frozenset([names[measure, codes]])))
        for (leader, codes), together in moved.items():
            first = min(together, key=lambda name: (name[0] != leader, name[0]))
            for other in together:
                if other != first:
                    by = inside[first]["valeur"] - inside[other]["valeur"]
                    self.apart.add((names[first], names[other], by))
        return names

    def least(self):
        """What all know that each figure is at least, whatever is hidden: a total is no less than its parts are."""
        least, rises = dict(self.floors), True
        while rises:
            rises = False
            for total, parts in self.equations:
                sums = [(total, sum(least[part] for part in parts))]
                if len(parts) == 1:
                    sums.append((*parts, least[total]))
                for figure, known in sums:
                    if known > least[figure]:
                        least[figure], rises = known, True
            for one, other, by in self.apart:
                for figure, known in ((one, least[other] + by), (other, least[one] - by)):
                    if known > least[figure]:
                        least[figure], rises = known, True
        return least

    def model(self):
        """The linear programme of what no release shows."""
        hidden = {figure: place for place, figure in enumerate(f for f in self.floors if f not in self.shown)}
        model = highspy.Highs()
        model.setOptionValue("output_flag", False)
        for figure in hidden:
            model.addVar(float(self.floors[figure]), highspy.kHighsInf)
        rows = [(parts, [total], 0, 0.0) for total, parts in self.equations]
        rows += [([one], [other], by, 0.0) for one, other, by in self.apart]
        rows += [(more, less, 0, highspy.kHighsInf) for more, less in self.atleast]
        for plus, minus, by, most in sorted(rows, key=lambda row: (sorted(row[0]), sorted(row[1]))):
            signed = [(figure, 1) for figure in plus] + [(figure, -1) for figure in minus]
            rest = by - sum(factor * self.shown[figure] for figure, factor in signed if figure in self.shown)
            terms = sorted((hidden[figure], float(factor)) for figure, factor in signed if figure in hidden)
            if terms:
                places, factors = zip(*terms)
                model.addRow(float(rest), rest + most, len(terms), list(places), list(factors))
        return model, hidden


def judge(model, place, value, room):
    """Whether a figure is known, and whether it is too narrow, with its ends."""
    least = bound(model, place, highspy.ObjSense.kMinimize)
    most = bound(model, place, highspy.ObjSense.kMaximize)
    most = math.inf if most is None else most
    is_known = most < math.ceil(least - SLACK) + 1 - SLACK
    is_narrow = most - value < room[0] - SLACK or value - least < room[1] - SLACK
    return is_known, is_narrow, least, most


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("warehouse", type=pathlib.Path)
    parser.add_argument("--pipelines", type=pathlib.Path, required=True)
    parser.add_argument("--sample", type=int, default=200)
    args = parser.parse_args()
    with open(args.pipelines / "reference/departements.csv", newline="") as lines:
        regions = {row["code"]: row["region"] for row in csv.DictReader(lines)}
    inner = args.warehouse / "current/secrecy"
    releases = json.loads((inner / "release.json").read_text())["all"]
    policy = Policy(args.pipelines)
    union, forbidden, out = Union(policy, regions), [], set()
    for release in releases:
        public = read_public(args.warehouse / "releases" / release)
        inside = read_inside(inner / f"verite/{release}.parquet")
        names = union.add(public, inside)
        rooms = {}
        for name in public:
            value, room = inside[name]["valeur"], policy.room(name, inside)
            # What a past release showed, when the rules allowed it, is out for good.
            if room and value != 0 and name not in out:
                rooms[names[name]] = (value, room)
        out.update(name for name, shown in public.items() if shown is not None)
        forbidden.append((release, len(public), sum(shown is None for shown in public.values()), rooms))
    model, hidden = union.model()
    least_of = union.least()
    print(f"{len(releases)} releases: {len(union.floors)} figures, {len(hidden)} hidden, {len(union.equations)} sums, "
          f"{len(union.apart)} pairs that move together")
    failed = 0
    for release, figures, hidden_there, rooms in forbidden:
        open_to_all = [figure for figure in rooms if figure not in hidden]
        judged = sorted(figure for figure in rooms if figure in hidden)
        if args.sample and len(judged) > args.sample:
            judged = random.Random(1).sample(judged, args.sample)
        known, narrow = [], []
        for figure in judged:
            value, (up, down) = rooms[figure]
            # Nobody need be made to believe less than all know.
            room = (up, min(down, value - least_of[figure]))
            is_known, is_narrow, least, most = judge(model, hidden[figure], value, room)
            if is_known or is_narrow:
                (known if is_known else narrow).append((figure, least, most))
        for told, found in (("is known", known), ("is too narrow", narrow)):
            for figure, least, most in found[:5]:
                (measure, codes, _), (value, room) = figure, rooms[figure]
                where = " ".join("=".join(pair) for pair in codes)
                print(f"  {measure} {where} {told}: {value} in [{least}, {most}], room asked for {room}")
        for measure, codes, _ in open_to_all[:5]:
            print(f"  {measure} {' '.join('='.join(pair) for pair in codes)} is shown")
        print(f"{release}: {figures} figures, {hidden_there} hidden; {len(judged)} of {len(rooms)} forbidden judged: "
              f"{len(open_to_all)} shown, {len(known)} known, {len(narrow)} too narrow")
        failed += len(open_to_all) + len(known) + len(narrow)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
