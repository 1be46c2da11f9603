#!/usr/bin/env bash
# The job of the race in conum, with outputs where the check looks for them.
# usage: conum.sh DATA OUT THREADS   (CONUM: the program)
set -euo pipefail
data=${1:?folder of the data} out=${2:?folder of the outputs} threads=${3:-2}
pipeline=$(cd "$(dirname "$0")" && pwd)/race.toml
rm -rf "$out"
mkdir -p "$out"
RAYON_NUM_THREADS=$threads "${CONUM:-conum}" --quiet run --pipeline "$pipeline" --input "$data" \
  --warehouse "$out/warehouse" --as-of 2025-01-01 >"$out/report.txt"
for table in "$out"/warehouse/tables/*; do ln -sf "warehouse/tables/$(basename "$table")" "$out/"; done
ln -sfn warehouse/clean/sessions "$out/clean"
number=0
for file in "$out"/warehouse/rejects/datasets/sessions/*.parquet; do
  number=$((number + 1))
  ln -sf "warehouse/rejects/datasets/sessions/$(basename "$file")" "$out/rejects$number.parquet"
done
