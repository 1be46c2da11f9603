#!/usr/bin/env bash
# Time, CPU and peak memory of a full run and of a run with nothing new, on invented rows.
# usage: CONUM=target/release/conum benches/run.sh ROWS [REPEATS]
set -euo pipefail
rows=${1:?number of rows}
repeats=${2:-3}
conum=${CONUM:-target/release/conum}
folder=$(mktemp -d -t conum-bench.XXXXXX)
trap 'rm -rf "$folder"' EXIT
"$conum" sample --rows "$rows" --seed 7 --out "$folder/input" >/dev/null
echo "input: $(du -sh "$folder/input" | cut -f1), $rows activity rows"
measure() {
  /usr/bin/env python3 - "$@" <<'PY'
import resource, subprocess, sys, time
start = time.monotonic()
code = subprocess.run(sys.argv[2:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode
use = resource.getrusage(resource.RUSAGE_CHILDREN)
print(f"{sys.argv[1]}: wall {time.monotonic() - start:.1f} s, "
      f"CPU {use.ru_utime + use.ru_stime:.1f} s, peak {use.ru_maxrss / 1024:.0f} MB, exit {code}")
PY
}
for _ in $(seq "$repeats"); do
  rm -rf "$folder/warehouse"
  run=("$conum" --quiet run --input "$folder/input" --warehouse "$folder/warehouse" --as-of 2025-07-01)
  measure "full run" "${run[@]}"
  measure "nothing new" "${run[@]}"
  measure "verify" "$conum" verify --warehouse "$folder/warehouse"
done
