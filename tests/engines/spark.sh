#!/bin/sh
# Runs a command beside Apache Spark: one master, two workers and a server of Spark Connect, all on loopback.
# spark.sh PYTHON FOLDER COMMAND…: PYTHON has pyspark, FOLDER gets logs; the command finds CONNECT in its environment.
set -eu
python=$1 folder=$2
shift 2
SPARK_HOME=$("$python" -c 'import os, pyspark; print(os.path.dirname(pyspark.__file__))')
export SPARK_HOME SPARK_LOCAL_IP=127.0.0.1 PYSPARK_PYTHON="$python"
master=${MASTER_PORT:-7177} connect=${CONNECT_PORT:-15902}
mkdir -p "$folder"
pids=
trap 'for pid in $pids; do kill "$pid" 2>/dev/null || true; done; wait' EXIT
start() { name=$1; shift; "$@" >"$folder/$name.log" 2>&1 & pids="$! $pids"; }
# A port that answers, within a minute.
await() {
  for _ in $(seq 120); do
    "$python" -c "import socket; socket.create_connection(('127.0.0.1', $1), 1)" 2>/dev/null && return
    sleep 0.5
  done
  echo "nothing answers on port $1: see $folder" >&2
  exit 1
}

start master "$SPARK_HOME/bin/spark-class" org.apache.spark.deploy.master.Master --host 127.0.0.1 --port "$master" --webui-port 0
await "$master"
for number in 1 2; do
  start "worker-$number" "$SPARK_HOME/bin/spark-class" org.apache.spark.deploy.worker.Worker --host 127.0.0.1 \
    --webui-port 0 --cores 1 --memory "${WORKER_MEMORY:-2g}" --work-dir "$folder/work-$number" "spark://127.0.0.1:$master"
done
start connect "$SPARK_HOME/bin/spark-submit" --master "spark://127.0.0.1:$master" \
  --class org.apache.spark.sql.connect.service.SparkConnectServer --conf spark.ui.enabled=false \
  --conf spark.driver.host=127.0.0.1 --conf spark.executor.memory="${EXECUTOR_MEMORY:-1g}" \
  --conf spark.connect.grpc.binding.port="$connect" --conf spark.sql.shuffle.partitions=4 spark-internal
await "$connect"
CONNECT="sc://127.0.0.1:$connect" "$@"
