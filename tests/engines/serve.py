"""Serves Sail until standard input ends: its address is the first line said."""

import sys

from pysail.spark import SparkConnectServer

server = SparkConnectServer()
server.start()
host, port = server.listening_address
print(f"sc://{host}:{port}", flush=True)
sys.stdin.read()
