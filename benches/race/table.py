"""Turns the runs of a race into a Markdown table, and finds the place of that table in a file."""

import datetime
import os
import statistics
import subprocess
import tomllib
from pathlib import Path
from typing import NamedTuple

MANIFEST = Path(__file__).resolve().parents[2] / "Cargo.toml"


class Run(NamedTuple):
    """What one run of one command cost; `code` is negative when a signal ended it."""

    wall: float
    cpu: float
    peak: float
    load: float
    code: int


def failed(runs):
    """Tells whether one of the runs failed."""
    return any(run.code != 0 for run in runs)


def medians(runs):
    """Returns the medians of wall seconds, CPU seconds and peak megabytes."""
    return [statistics.median(column) for column in list(zip(*runs))[:3]]


def versions(peers, python):
    """Returns the version of conum, from its manifest, and of each peer, as installed."""
    code = "import sys, importlib.metadata as m; print(*map(m.version, sys.argv[1:]))"
    text = subprocess.check_output([python, "-c", code, *peers], text=True)
    conum = tomllib.loads(MANIFEST.read_text(encoding="utf-8"))["package"]["version"]
    return {"conum": conum, **dict(zip(peers, text.split()))}


def processor():
    """Returns the name of the processor."""
    text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    return text.partition("model name")[2].partition(":")[2].partition("\n")[0].strip()


def engine_line(name, version, runs, base):
    """Returns the line of an engine, its ratios being to the medians of conum."""
    if failed(runs):
        return f"| {name} | {version} | failed ({runs[-1].code}) | | | | | |"
    own = medians(runs)
    ratios = " | ".join(f"{mine / other:.2f}" for mine, other in zip(own, base))
    return f"| {name} | {version} | {own[0]:.2f} | {own[1]:.2f} | {own[2]:,.0f} | {ratios} |"


def table(options, python, runs, floors):
    """Returns the table of engines, and that of floors if there are some, under a line saying what they depend on."""
    size = (options.data / "sessions.csv").stat().st_size
    load = max(run.load for several in runs.values() for run in several)
    base, known = medians(runs["conum"]), versions(options.peers, python)
    text = "\n".join([
        f"{options.rows:,} rows, {size / 1e9:.2f} GB; {options.threads} threads; medians of"
        f" {options.runs} runs; {datetime.date.today()}; {processor()}, {os.cpu_count()} cores;"
        f" load before a run at most {load:.1f}.",
        "",
        "| Engine | Version | Wall s | CPU s | Peak MB | Wall × | CPU × | Peak × |",
        "|---|---|--:|--:|--:|--:|--:|--:|",
        *(engine_line(name, version, runs[name], base) for name, version in known.items()),
    ])
    if floors:
        lines = (f"| {name} | {cpu:.2f} | {cpu / base[1]:.2f} |" for name, cpu in floors.items())
        text = "\n".join([text, "", "| Floor | CPU s | CPU × |", "|---|--:|--:|", *lines])
    return text


def around_block(path, size):
    """Returns the text of a file up to and from the markers of a size, markers included."""
    begin, end = f"<!-- race {size} -->", f"<!-- /race {size} -->"
    text = path.read_text(encoding="utf-8")
    if text.count(begin) != 1 or text.count(end) != 1 or text.index(end) < text.index(begin):
        raise SystemExit(f"{path}: expected a line {begin} and, below it, a line {end}, once each")
    return text[:text.index(begin) + len(begin)], text[text.index(end):]
