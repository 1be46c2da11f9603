#!/bin/sh
# The tables of a run, made again from its clean records by other engines, and compared byte for byte.
# scale-out.sh CONUM WAREHOUSE WORK PYTHON SPARK: PYTHON has requirements.txt, SPARK has spark.txt.
set -eu
conum=$1 warehouse=$2 work=$3 python=$4 spark=$5
here=$(dirname "$0")
failed=0

# One line an engine: engine, dialect, command.
compare() {
  engine=$1 dialect=$2
  shift 2
  answers=$work/answers/$engine
  rm -rf "$answers" && mkdir -p "$answers"
  "$conum" sql --dialect "$dialect" --warehouse "$warehouse" >"$work/$dialect.sql"
  begin=$(date +%s)
  if ! "$@" "$here/answer.py" "$engine" "$answers" <"$work/$dialect.sql" >"$work/$engine.log" 2>&1; then
    echo "$engine: failed, see $work/$engine.log"
    failed=1
    return
  fi
  seconds=$(($(date +%s) - begin)) all=0 same=0
  for name in $(sed -n 's/^-- \([a-z_0-9]*\) : .*/\1/p' "$work/$dialect.sql"); do
    all=$((all + 1))
    if cmp -s "$answers/$name.csv" "$warehouse/current/tables/$name.csv"; then same=$((same + 1)); else echo "$engine: $name differs"; fi
  done
  echo "$engine: $same of $all tables are the same, $seconds s"
  [ "$same" = "$all" ] || failed=1
}

mkdir -p "$work"
compare duckdb duckdb "$python"
compare sail spark "$python"
compare spark spark "$here/spark.sh" "$spark" "$work/spark" "$spark"
exit $failed
