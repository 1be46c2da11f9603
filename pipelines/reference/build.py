#!/usr/bin/env python3
"""Build the territory reference of `conum`: communes.csv, communes_divisees.csv, epci.csv, epci_anciens.csv,
departements.csv, regions.csv.

usage: python3 pipelines/reference/build.py [VERSION] [--out DIRECTORY]

Fetches the npm package @etalab/decoupage-administratif at VERSION with `npm pack`, reads its JSON files and
writes the six CSV files beside this script. The same version always gives the same bytes. Runs of `conum` read
the CSV files only: neither npm nor the network is needed at night.

Source   INSEE (code officiel géographique, populations légales), DGCL (Banatic: EPCI and SIREN), La Poste (postal
         codes), as packaged by Etalab.
Licence  data: Licence Ouverte 2.0; code of the package: MIT.
Vintage  one package version is one vintage: 6.0.0 = 2026 (the default), 5.3.0 = 2025, 4.1.0 = 2024, 3.1.1 = 2023,
         2.3.1 = 2022. Of earlier versions, which have another layout, only the EPCI are read.
"""
import argparse
import csv
import json
import subprocess
import tarfile
import tempfile
from pathlib import Path

PACKAGE = "@etalab/decoupage-administratif"
DEFAULT_VERSION = "6.0.0"

# Type in the package -> type in communes.csv, and the field that names the current commune.
TYPES = {
    "commune-actuelle": ("commune", "code"),
    "arrondissement-municipal": ("arrondissement", "commune"),
    "commune-deleguee": ("deleguee", "chefLieu"),
    "commune-associee": ("associee", "chefLieu"),
}

# Communes whose territory was shared out between several others when they disappeared (INSEE, event type 30).
# The package keeps one heir only; the true commune of a record that bears such a code cannot be known.
SPLIT = {
    "08227": ("08203", "08454"),  # Hocmont, 1968
    "45117": ("45093", "45313"),  # Creusy, 1965
    "51385": ("51440", "51487", "51503"),  # Moronvilliers, 1950
    "51606": ("51235", "51313", "51369"),  # Verdey, 1966
    "60606": ("60509", "60587"),  # Sarron, 1951
    "77362": ("77066", "77444"),  # Pierrelez, 1949
}

# Communes whose territory was shared out while their code stayed in use for one of the heirs (INSEE, event type 21,
# since 2019): the last day on which the code was that of the whole.
DIVIDED = {
    "14712": ("2019-12-30", ("14666", "14712")),  # Saline
    "15141": ("2024-12-31", ("15031", "15035", "15047", "15141", "15171")),  # Neussargues en Pinatelle
    "60054": ("2023-12-31", ("60054", "60694")),  # Les Hauts-Talican
    "85084": ("2023-12-31", ("85084", "85165", "85212")),  # Essarts en Bocage
}

# Earlier versions, latest first, and their vintage: where an EPCI that is no more is still found.
EARLIER = {"5.3.0": 2025, "4.1.0": 2024, "3.1.1": 2023, "2.3.1": 2022, "1.1.1": 2021, "0.5.1": 2019}

# Communes of Guadeloupe that became overseas collectivities in 2007: the package does not link the codes.
MOVED = {"97123": "97701", "97127": "97801"}

COMMUNE_HEADER = ["code", "type", "commune", "departement", "region", "epci", "siren", "population", "codes_postaux"]


def number(version):
    """A version as numbers, to be compared."""
    return [int(part) for part in version.split(".")]


def load(version, names=("communes", "epci", "departements", "regions")):
    """JSON files of the package, by name without extension."""
    with tempfile.TemporaryDirectory() as directory:
        packed = subprocess.run(
            ["npm", "pack", f"{PACKAGE}@{version}", "--silent"],
            cwd=directory, check=True, capture_output=True, text=True,
        )
        with tarfile.open(Path(directory) / packed.stdout.split()[-1]) as archive:
            return {
                name: json.load(archive.extractfile(f"package/data/{name}.json"))
                for name in names
            }


def heirs_of_old_codes(current, parts):
    """Old commune code -> sorted list of the current communes that may have received its territory.

    Where the old code still names a delegated or associated commune, the commune it is now part of is the heir: a
    merged commune may have been restored since, and its parts attached to another (55273, 60455).
    """
    heirs = {}
    for commune in current.values():
        for old in commune.get("anciensCodes", []):
            heirs.setdefault(old, set()).add(parts.get(old, commune["code"]))
    for old, code in MOVED.items():
        if code in current:
            heirs.setdefault(old, set()).add(code)
    direct = {old: next(iter(codes)) for old, codes in heirs.items() if len(codes) == 1}
    for old, codes in SPLIT.items():
        heirs.setdefault(old, set()).update(code if code in current else direct[code] for code in codes)
    return {old: sorted(codes) for old, codes in heirs.items()}


def common(values):
    """The value when all agree, else empty."""
    values = set(values)
    return values.pop() if len(values) == 1 else ""


def commune_rows(package):
    current = {row["code"]: row for row in package["communes"] if row["type"] == "commune-actuelle"}
    parts = {row["code"]: row["chefLieu"] for row in package["communes"] if "chefLieu" in row}
    epci_of = {member["code"]: epci["code"] for epci in package["epci"] for member in epci["membres"]}

    def row(code, kind, commune, siren="", population="", postcodes=()):
        territory = current[commune]
        return [code, kind, commune, territory["departement"], territory["region"], epci_of.get(commune, ""),
                siren, population, " ".join(sorted(postcodes))]

    rows = []
    for source in package["communes"]:
        kind, parent = TYPES[source["type"]]
        own = {}
        if kind == "commune":
            own = {"siren": source.get("siren", ""), "population": source.get("population", "")}
        rows.append(row(source["code"], kind, source[parent], postcodes=source.get("codesPostaux", ()), **own))
    for old, heirs in heirs_of_old_codes(current, parts).items():
        if len(heirs) == 1:
            rows.append(row(old, "ancienne", heirs[0]))
        else:
            territory = [common(current[code][field] for code in heirs) for field in ("departement", "region")]
            rows.append([old, "scindee", "", *territory, "", "", "", ""])
    return sorted(rows, key=lambda row: row[:2])


def division_rows(communes):
    """Code, last day on which it was that of the whole commune (empty: it is no longer in use), current heirs."""
    commune_of = {row[0]: row[2] for row in communes if row[2]}
    divided = {code: ("", heirs) for code, heirs in SPLIT.items()} | DIVIDED
    rows = []
    for code, (last_day, heirs) in sorted(divided.items()):
        current = sorted({commune_of[heir] for heir in heirs})
        if len(current) > 1:  # otherwise the commune is whole at this vintage
            rows.append([code, last_day, " ".join(current)])
    return rows


def former_epci_rows(epci, built):
    """EPCI of vintages before `built` that are not among the current ones, each with the last vintage that has it."""
    known = {row[0] for row in epci}
    rows = []
    earlier = [(version, vintage) for version, vintage in EARLIER.items() if number(version) < number(built)]
    for version, vintage in earlier:
        for row in load(version, ["epci"])["epci"]:
            if row["code"] not in known:
                known.add(row["code"])
                rows.append([row["code"], row["type"], row["nom"], vintage])
    return sorted(rows)


def check(communes, epci, departements, regions):
    """Stop on what would break a join: a repeated key, a code that leads to two communes, an unknown territory."""
    for name, keys in {
        "communes": [tuple(row[:2]) for row in communes],
        "epci": [row[0] for row in epci],
        "departements": [row[0] for row in departements],
        "regions": [row[0] for row in regions],
    }.items():
        if len(keys) != len(set(keys)):
            raise SystemExit(f"{name}: repeated key")
    commune_of = {}
    for code, _, commune, *_ in communes:
        if commune_of.setdefault(code, commune) != commune:
            raise SystemExit(f"communes: {code} leads to {commune_of[code]} and to {commune}")
    known_departements = {row[0] for row in departements}
    known_regions = {row[0] for row in regions}
    known_epci = {row[0] for row in epci}
    for code, kind, commune, departement, region, siren_epci, *_ in communes:
        problem = (
            (departement and departement not in known_departements and "unknown département")
            or (region and region not in known_regions and "unknown région")
            or (siren_epci and siren_epci not in known_epci and "unknown EPCI")
            or (kind != "scindee" and not (commune and departement and region) and "no territory")
            or (commune[:2] in ("97", "98") and departement != commune[:3] and "wrong overseas département")
        )
        if problem:
            raise SystemExit(f"communes: {code} ({kind}): {problem}")


def write(path, header, rows):
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
    print(f"{path.name}: {len(rows)} rows, {path.stat().st_size} bytes")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("version", nargs="?", default=DEFAULT_VERSION, help=f"package version (default {DEFAULT_VERSION})")
    parser.add_argument("--out", type=Path, default=Path(__file__).resolve().parent, help="where to write")
    options = parser.parse_args()

    package = load(options.version)
    communes = commune_rows(package)
    epci = sorted([row["code"], row["type"], row["nom"]] for row in package["epci"])
    departements = sorted([row["code"], row["region"], row["nom"]] for row in package["departements"])
    regions = sorted([row["code"], row["nom"]] for row in package["regions"])
    check(communes, epci, departements, regions)

    options.out.mkdir(parents=True, exist_ok=True)
    write(options.out / "communes.csv", COMMUNE_HEADER, communes)
    write(options.out / "communes_divisees.csv", ["code", "fin", "heritiers"], division_rows(communes))
    write(options.out / "epci.csv", ["siren", "nature", "nom"], epci)
    former = former_epci_rows(epci, options.version)
    write(options.out / "epci_anciens.csv", ["siren", "nature", "nom", "dernier_millesime"], former)
    write(options.out / "departements.csv", ["code", "region", "nom"], departements)
    write(options.out / "regions.csv", ["code", "nom"], regions)


if __name__ == "__main__":
    main()
