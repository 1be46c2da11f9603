"""One night in process and on each engine, from a folder and from a bucket, whose warehouses are
compared byte for byte; then the answers to `conum sql`, compared with the tables.

scale_out.py CONUM INPUT AS_OF WORK SPARK: this Python has requirements.txt, SPARK has spark.txt.
"""

import json
import os
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path

import boto3

HERE = Path(__file__).parent
CONUM, INPUT, AS_OF, SPARK = sys.argv[1], Path(sys.argv[2]), sys.argv[3], sys.argv[5]
WORK = Path(sys.argv[4])
# What both executions must leave the same.
PARTS = ["tables", "clean", "rejects", "ledger.parquet", "revisions.parquet"]


# The key of the bucket, which its server does not ask for.
KEY = ("INVENTEDKEY", "invented")


@contextmanager
def server(command, environment={}):
    """Starts a server that says its address, and stops when its input ends."""
    with open(WORK / "server.log", "ab") as log:
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": log, "text": True}
        environment = {**os.environ, **environment}
        process = subprocess.Popen(command, env=environment, start_new_session=True, **pipes)
        try:
            yield process.stdout.readline().strip(), process.pid
        finally:
            process.stdin.close()
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, 9)


def sail(environment={}):
    return server([sys.executable, HERE / "serve.py"], environment)


def bucket():
    return server([sys.executable, HERE / "serve_bucket.py"])


@contextmanager
def mounted(url, key):
    """The bucket as a folder, for an engine that has no client of S3."""
    folder = WORK / "mounted"
    folder.mkdir(exist_ok=True)
    # Objects that the program sends have no owner and no rights of files.
    options = f"url={url},passwd_file={key},use_path_request_style,complement_stat,stat_cache_expire=1"
    subprocess.run(["s3fs", "office", folder, "-o", options], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)


def spark():
    say = ["sh", "-c", 'echo "$CONNECT"; cat >/dev/null']
    return server([HERE / "spark.sh", SPARK, WORK / "spark", *say])


def processes(session):
    """Folders of the processes of a session."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if int((folder / "stat").read_text().rsplit(")", 1)[1].split()[3]) == session:
                yield folder
        except (FileNotFoundError, ProcessLookupError):
            continue


def peak_of_session(session):
    """Megabytes that the processes of a session had at most, each at its own time."""
    lines = [line for folder in processes(session) for line in (folder / "status").read_text().splitlines()]
    return sum(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) // 1024


def kill_an_executor(session):
    """Kills one of the processes of Spark that work, in the midst of the first queries."""
    time.sleep(10)
    for folder in processes(session):
        if b"CoarseGrainedExecutorBackend" in (folder / "cmdline").read_bytes():
            os.kill(int(folder.name), 9)
            print(f"killed executor {folder.name}", flush=True)
            return


def night(name, *arguments, once_cleaning=None):
    """Runs into a warehouse of its own: seconds, and megabytes of the program."""
    warehouse = WORK / name
    subprocess.run(["rm", "-rf", warehouse], check=True)
    command = [CONUM, "run", "--pipeline", "pipelines/national.toml", "--input", INPUT, "--as-of", AS_OF]
    command += ["--warehouse", warehouse, "--log-format", "json", *arguments]
    started = time.monotonic()
    running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    told = []
    for line in running.stderr:
        told += [json.loads(line)] if line.startswith("{") else []
        if once_cleaning and '"stage.started"' in line and '"stage":"clean"' in line:
            threading.Thread(target=once_cleaning).start()
    running.wait()
    seconds = time.monotonic() - started
    (WORK / f"{name}.log").write_text("".join(json.dumps(line) + "\n" for line in told))
    last = told[-1]
    # 3 says that it is done, with warnings.
    if running.returncode not in (0, 3):
        sys.exit(f"{name}: ended with {running.returncode}, {last.get('reason')}")
    stages = [line for line in told if line["event"] == "stage.finished"]
    stages = ", ".join(f"{it['stage']} {it['elapsed_ms'] / 1000:.1f}" for it in stages)
    return f"{seconds:.1f} s ({stages}), conum {last['rss_peak'] >> 20} MB"


def files(name):
    current = WORK / name / "current"
    found = {}
    for part in PARTS:
        paths = [current / part] if (current / part).is_file() else sorted((current / part).rglob("*"))
        found.update({str(path.relative_to(current)): path.read_bytes() for path in paths if path.is_file()})
    return found


def compare(name):
    one, other = files("process"), files(name)
    differing = [path for path in sorted(one.keys() | other.keys()) if one.get(path) != other.get(path)]
    return differing, f"{len(one)} files, {len(differing)} differ {' '.join(differing[:5])}"


def compare_bucket(url):
    """The run that the bucket points to, object by object, with the folder of the night in process."""
    access = {"aws_access_key_id": KEY[0], "aws_secret_access_key": KEY[1], "region_name": "us-east-1"}
    client = boto3.client("s3", endpoint_url=url, **access)
    read = lambda path: client.get_object(Bucket="office", Key=f"conum/{path}")["Body"].read()
    index = json.loads(read("current.json"))
    run = index["links"]["current"]
    one = files("process")
    kept = index["files"]
    objects = {path: kept.get(f"{run}/{path}", {}).get("object", f"{run}/{path}") for path in one}
    differing = [path for path in one if f"{run}/{path}" not in kept or read(objects[path]) != one[path]]
    return differing, f"{len(one)} objects, {len(differing)} differ {' '.join(differing[:5])}"


def answers(engine, dialect, environment):
    """The tables of the run in process, asked for by the queries that the program prints."""
    queries = [CONUM, "sql", "--dialect", dialect, "--warehouse", WORK / "process"]
    queries = subprocess.run(queries, stdout=subprocess.PIPE, text=True, check=True).stdout
    folder = WORK / "answers" / engine
    subprocess.run(["rm", "-rf", folder], check=True)
    folder.mkdir(parents=True)
    python = SPARK if engine == "spark" else sys.executable
    started = time.monotonic()
    command = [python, HERE / "answer.py", engine, folder]
    with open(WORK / "server.log", "ab") as log:
        given = {"input": queries, "text": True, "env": {**os.environ, **environment}}
        subprocess.run(command, check=True, stdout=log, stderr=log, **given)
    seconds = time.monotonic() - started
    tables = sorted(folder.glob("*.csv"))
    expected = WORK / "process/current/tables"
    same = sum(table.read_bytes() == (expected / table.name).read_bytes() for table in tables)
    print(f"queries on {engine}: {same} of {len(tables)} tables the same, {seconds:.1f} s", flush=True)
    return same == len(tables) > 0


def from_bucket(name):
    """A night on an engine that shares nothing with this machine but a bucket: Sail by its own
    client of S3, Spark by a mount."""
    with ExitStack() as open_until_the_end:
        url, _ = open_until_the_end.enter_context(bucket())
        key = WORK / "key"
        key.write_text(":".join(KEY))
        key.chmod(0o600)
        place = ["--bucket", "s3://office/conum", "--bucket-url", url, "--bucket-key-file", key]
        if name == "sail":
            access = {"AWS_ACCESS_KEY_ID": KEY[0], "AWS_SECRET_ACCESS_KEY": KEY[1], "AWS_REGION": "us-east-1"}
            start = sail({"AWS_ENDPOINT": url, "AWS_ALLOW_HTTP": "true", **access})
        else:
            folder = open_until_the_end.enter_context(mounted(url, key))
            place += ["--seen-as", folder / "conum"]
            start = spark()
        address, session = open_until_the_end.enter_context(start)
        kept = f"{name}-bucket"
        told = night(kept, "--engine", "spark", "--connect", address, *place)
        (differing, found), (others, objects) = compare(kept), compare_bucket(url)
        engine = peak_of_session(session)
        print(f"on {name}, from a bucket: {told}, engine {engine} MB: {found}; {objects}", flush=True)
        return not differing + others


def main():
    WORK.mkdir(parents=True, exist_ok=True)
    print(f"in process: {night('process')}", flush=True)
    is_good = answers("duckdb", "duckdb", {}) and answers("sail", "spark", {})
    is_good &= from_bucket("sail")
    for name, start in [("sail", sail), ("spark", spark)]:
        with start() as (address, session):
            told = night(name, "--engine", "spark", "--connect", address)
            differing, found = compare(name)
            print(f"on {name}: {told}, engine {peak_of_session(session)} MB: {found}", flush=True)
            is_good &= not differing
            if name == "spark":
                is_good &= answers("spark", "spark", {"CONNECT": address})
                lost = lambda: kill_an_executor(session)
                told = night("lost", "--engine", "spark", "--connect", address, once_cleaning=lost)
                differing, found = compare("lost")
                print(f"on spark, of which a worker is killed: {told}: {found}", flush=True)
                is_good &= not differing
    is_good &= from_bucket("spark")
    sys.exit(0 if is_good else 1)


main()
