#!/usr/bin/env bash
# readers.sh RELEASE: proves that others read a release as it says: hashes, schemas, descriptions, scripts, and the same
# rows and sums in each reader. Its Python packages are installed in an environment below WORK.
set -euo pipefail
export PYTHONDONTWRITEBYTECODE=1
release=${1:?the folder of a release}
: "${WORK:?a folder to work in}"
[ -e "$release/datapackage.json" ] || { echo "$release: no release is there; make run makes one"; exit 66; }
here=$(cd "$(dirname "$0")" && pwd)
venv=$WORK/readers
mkdir -p "$WORK"
[ -x "$venv/bin/python" ] || python3 -m venv "$venv"
"$venv/bin/python" -c 'import duckdb, frictionless, openpyxl, pandas, polars, pyarrow, pyshacl' 2>/dev/null ||
  "$venv/bin/pip" install --quiet duckdb frictionless openpyxl pandas polars pyarrow pyshacl
failed=0
cd "$release"
check() { # check NAME COMMAND…
  local name=$1 said
  shift
  if said=$("$@" 2>&1); then
    echo "ok      $name"
  else
    echo "failed  $name"
    tail -n 20 <<< "$said"
    failed=1
  fi
}
check 'SHA256SUMS' sha256sum --quiet -c SHA256SUMS
check 'datapackage.json (frictionless)' "$venv/bin/frictionless" validate datapackage.json
for schema in *.schema.json; do
  check "$schema (frictionless)" "$venv/bin/frictionless" validate --type schema "$schema"
  csv=${schema%.schema.json}.csv
  check "$csv (frictionless, its schema)" "$venv/bin/frictionless" validate "$csv" --schema "$schema"
done
check 'dcat.jsonld (pyshacl)' "$venv/bin/python" "$here/dcat.py" dcat.jsonld "$here/dcat_ap.ttl"
check 'import.py (pandas, pyarrow)' "$venv/bin/python" import.py
check 'import.sql (DuckDB)' "$venv/bin/python" "$here/script.py" import.sql
if command -v Rscript > /dev/null; then
  check 'import.R (R)' Rscript --vanilla import.R
else
  echo 'absent  import.R: R is not installed'
fi
"$venv/bin/python" "$here/tables.py" . || failed=1
exit $failed
