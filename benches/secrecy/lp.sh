#!/usr/bin/env bash
# lp.sh: protects the problems of DATA with CONUM, and has the intervals judged by HiGHS below WORK; then those of
# the releases in RELEASES, if there are any.
set -euo pipefail
export PYTHONDONTWRITEBYTECODE=1
: "${CONUM:?the program}" "${DATA:?the folder of shared data}" "${WORK:?a folder to work in}"
here=$(cd "$(dirname "$0")" && pwd)
data=$DATA/secrecy
venv=$WORK/venv
out=$WORK/secrecy-lp
mkdir -p "$out"
[ -x "$venv/bin/python" ] || python3 -m venv "$venv"
"$venv/bin/python" -c 'import highspy' 2>/dev/null || "$venv/bin/pip" install --quiet highspy
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
if [ -d "${RELEASES:-}" ]; then
  "$venv/bin/python" "$here/release.py" "$RELEASES" --departements "$here/../../pipelines/reference/departements.csv" || failed=1
fi
exit $failed
