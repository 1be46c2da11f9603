#!/usr/bin/env python3
"""Races conum against other engines on one job: same input, same results, measured from outside.

usage: race.py SIZE --bench FOLDER --work FOLDER --conum COMMAND
               [--runs N] [--peers LIST] [--threads N] [--floors COMMAND] [--write FILE]

README.md beside this file says what the job, the options and the columns of the table are.
"""

import argparse
import os
import shlex
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

import mend
import table

# Arguments after the data and output folders; Polars takes its threads from the environment.
PEERS = {
    "duckdb": ["tuned", "{threads}"],
    "polars": ["stream"],
    "datafusion": ["{threads}"],
    "chdb": ["{threads}"],
    "pandas": [],
}


def arguments():
    """Reads the command line and finds its faults before any run begins."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("size", help="rows, such as 100k, 1m, 10m, 50m")
    parser.add_argument("--bench", type=Path, required=True, help="generator, peers and check.py")
    parser.add_argument("--work", type=Path, required=True, help="folder for data, outputs, logs")
    parser.add_argument("--conum", required=True, help="called with data, output and threads")
    parser.add_argument("--runs", type=int, default=3, help="rounds (default 3)")
    parser.add_argument("--peers", default="duckdb,polars,datafusion,chdb", help="with commas")
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="default: all cores")
    parser.add_argument("--floors", help="called like conum, prints lines: name, tab, CPU seconds")
    parser.add_argument("--write", type=Path, help="Markdown file whose block is replaced")
    options = parser.parse_args()
    options.peers = options.peers.split(",")
    if unknown := set(options.peers) - set(PEERS):
        parser.error(f"unknown peers {', '.join(unknown)}; known are {', '.join(PEERS)}")
    options.rows = rows_of(options.size)
    options.work = options.work.resolve()
    options.data = options.work / "data" / options.size
    if options.write:
        table.around_block(options.write, options.size)
    return options


def rows_of(size):
    """Returns the number of rows that a size such as 10m stands for."""
    number, unit = size[:-1], {"k": 1_000, "m": 1_000_000}.get(size[-1:])
    if unit is None or not number.isdigit():
        raise SystemExit(f"size '{size}': expected a number and k or m, such as 10m")
    return int(number) * unit


def prepare(options):
    """Mends the peers, makes their environment and the data if missing, returns the interpreter."""
    bench, environment = options.work / "bench", options.work / ".venv"
    mend.mend(options.bench, bench)
    python = environment / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", environment], check=True)
    install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*install, "-r", bench / "requirements.txt"], check=True)
    if not options.data.exists():
        unfinished = options.data.with_name(f"{options.size}.part")
        generator = [python, bench / "generator.py", "--rows", str(options.rows)]
        subprocess.run([*generator, "--out", unfinished], check=True)
        unfinished.rename(options.data)
    (options.work / "logs").mkdir(exist_ok=True)
    return python


def output(engine, options):
    """Returns the output folder of an engine."""
    return options.work / "out" / options.size / engine


def warm(options):
    """Ends the writes of earlier runs and brings the input into memory."""
    os.sync()
    reading = ["cat", options.data / "sessions.csv"]
    subprocess.run(reading, stdout=subprocess.DEVNULL, check=True)


def command(engine, options, python):
    """Returns the command line of an engine."""
    out = output(engine, options)
    if engine == "conum":
        return [*shlex.split(options.conum), options.data, out, str(options.threads)]
    rest = [word.format(threads=options.threads) for word in PEERS[engine]]
    return [python, options.work / "bench" / f"peer_{engine}.py", options.data, out, *rest]


def first_to_go():
    """Makes the kernel stop the raced command, and nothing else, when memory runs out."""
    Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")


def measure(line, threads, log):
    """Runs a command; returns the cost of it and of the processes it started and waited for."""
    environment = {**os.environ, "POLARS_MAX_THREADS": str(threads), "TZ": "UTC"}
    load = os.getloadavg()[0]
    with open(log, "wb") as file:
        start = time.monotonic()
        process = subprocess.Popen(line, stdout=file, stderr=subprocess.STDOUT, env=environment,
                                   preexec_fn=first_to_go)
        _, status, use = os.wait4(process.pid, 0)
        wall = time.monotonic() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    cpu = use.ru_utime + use.ru_stime
    return table.Run(wall, cpu, use.ru_maxrss / 1024, load, process.returncode)


def run(engine, options, python, number):
    """Runs an engine once with the input in memory, and keeps the figures in results.tsv."""
    out = output(engine, options)
    shutil.rmtree(out, ignore_errors=True)
    out.parent.mkdir(parents=True, exist_ok=True)
    warm(options)
    log = options.work / "logs" / f"{options.size}-{engine}-{number}.log"
    found = measure(command(engine, options, python), options.threads, log)
    if found.code != 0:
        shutil.rmtree(out, ignore_errors=True)
    text = (f"{engine}\t{options.size}\t{options.threads}\t{number}\t{found.wall:.2f}\t"
            f"{found.cpu:.2f}\t{found.peak:.0f}\t{found.load:.2f}\t{found.code}")
    print(text, flush=True)
    with open(options.work / "results.tsv", "a", encoding="utf-8") as file:
        file.write(text + "\n")
    return found


def race(options, python):
    """Runs all engines in rounds, each round begun by another; one that fails runs no more."""
    runs = {engine: [] for engine in ["conum", *options.peers]}
    engines = list(runs)
    for number in range(options.runs):
        turn = number % len(engines)
        for engine in engines[turn:] + engines[:turn]:
            if not table.failed(runs[engine]):
                runs[engine].append(run(engine, options, python, number + 1))
            if table.failed(runs["conum"]):
                raise SystemExit(f"conum failed: see {options.work / 'logs'}")
    return runs


def check(options, python, runs):
    """Stops unless all engines that came through left the same results."""
    through = [name for name in [*options.peers, "conum"] if not table.failed(runs[name])]
    if through == ["conum"]:
        raise SystemExit("no peer came through: nothing to compare conum with")
    line = [python, options.work / "bench" / "check.py", *(output(e, options) for e in through)]
    if subprocess.run(line, env={**os.environ, "TZ": "UTC"}, check=False).returncode != 0:
        raise SystemExit("the results are not the same: no table")


def floors(options):
    """Returns the median CPU seconds of each floor that the command of the floors prints."""
    if not options.floors:
        return {}
    out = output("floors", options)
    line = [*shlex.split(options.floors), options.data, out, str(options.threads)]
    found = {}
    for _ in range(options.runs):
        shutil.rmtree(out, ignore_errors=True)
        warm(options)
        text = subprocess.run(line, stdout=subprocess.PIPE, text=True, check=True).stdout
        for name, cpu in (row.split("\t") for row in text.splitlines()):
            found.setdefault(name, []).append(float(cpu))
    return {name: statistics.median(seconds) for name, seconds in found.items()}


def main():
    """Prepares, races, checks, prints the table and writes it where it belongs."""
    options = arguments()
    python = prepare(options)
    runs = race(options, python)
    check(options, python, runs)
    text = table.table(options, python, runs, floors(options))
    print(text)
    if options.write:
        before, after = table.around_block(options.write, options.size)
        options.write.write_text(f"{before}\n{text}\n{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
