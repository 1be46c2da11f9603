#!/usr/bin/env bash
# lp.sh: protects the problems of DATA with CONUM, and has the intervals judged by HiGHS below WORK; then those of
# all releases that CONUM makes of sample-data on several days, taken together, and those of WAREHOUSE, if it is there.
set -euo pipefail
export PYTHONDONTWRITEBYTECODE=1
: "${CONUM:?the program}" "${DATA:?the folder of shared data}" "${WORK:?a folder to work in}"
here=$(cd "$(dirname "$0")" && pwd)
top=$here/../..
data=$DATA/secrecy
venv=$WORK/venv
out=$WORK/secrecy-lp
mkdir -p "$out"
[ -x "$venv/bin/python" ] || python3 -m venv "$venv"
"$venv/bin/python" -c 'import highspy, pyarrow' 2>/dev/null || "$venv/bin/pip" install --quiet highspy pyarrow
failed=0
judge() { # judge NAME SAMPLE "ARGUMENTS OF THE JUDGE" ARGUMENTS OF conum protect
  local name=$1 sample=$2 judge=$3
  shift 3
  rm -rf "${out:?}/$name"
  "$CONUM" protect "$@" --out "$out/$name" > "$out/$name.log"
  # Words of the judge's arguments are split on purpose.
  # shellcheck disable=SC2086
  "$venv/bin/python" "$here/intervals.py" "$out/$name" --sample "$sample" $judge || failed=1
}
insee=$data/insee_rtauargus
activity=$insee/activity_corr_table.csv
turnover=(--value TOT --units N_OBS --max MAX --hierarchy "ACTIVITY=$activity")
judge act_size 0 "--tree ACTIVITY=$activity" \
  --table "$insee/turnover_act_size.csv" "${turnover[@]}" --interval exact
judge act_size_10 0 "--tree ACTIVITY=$activity --least 0.1" \
  --table "$insee/turnover_act_size.csv" "${turnover[@]}" --interval "10 %"
judge linked 0 "--tree ACTIVITY=$activity" \
  --table "$insee/turnover_act_size.csv" --table "$insee/turnover_act_cj.csv" "${turnover[@]}" --interval exact
# The tree of the communes, as a list of levels.
france() { # france NAME SAMPLE
  cut -d, -f1-4 "$data/synthetic_fr/$1.csv" | tr -d '\r' \
    | awk -F, 'NR == 1 { print "a,reg,dep,epcidep,commune"; next } { print "FR," $4 "," $3 "," $2 "," $1 }' \
    | sort -u -t, -k1,1r -k2 > "$out/$1.tree.csv.tmp"
  { grep '^a,' "$out/$1.tree.csv.tmp"; grep -v '^a,' "$out/$1.tree.csv.tmp"; } > "$out/$1.tree.csv"
  rm "$out/$1.tree.csv.tmp"
  judge "$1" "$2" "--tree commune=$out/$1.tree.csv --unit 1" \
    --table "$data/synthetic_fr/$1.csv" --by commune,typ --hierarchy "commune=$out/$1.tree.csv" \
    --value freq --min-units 5 --interval "0 %"
}
france fr53 0
france fr3 200
# All releases of a warehouse.
releases() { # releases WAREHOUSE
  "$venv/bin/python" "$here/release.py" "$1" --pipelines "$top/pipelines" || failed=1
}
nights=$out/nights
rm -rf "$nights"
for day in 2024-07-01 2025-01-01 2025-04-01 2025-07-01; do
  # Records after the day are left out, of which 3 tells.
  "$CONUM" run --pipeline "$top/pipelines/national.toml" --input "$top/sample-data" --warehouse "$nights" \
    --as-of "$day" > "$out/nights-$day.log" 2>&1 || {
    [ $? = 3 ] || { echo "no release on $day: $(grep -A1 '^error' "$out/nights-$day.log")"; failed=1; }
  }
done
releases "$nights"
if [ -d "${WAREHOUSE:-}" ]; then
  releases "$WAREHOUSE"
fi
exit $failed
