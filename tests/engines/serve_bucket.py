"""Serves the bucket `office` from memory until standard input ends: its address is the first line said."""

import sys

import boto3
from moto.moto_server.threaded_moto_server import ThreadedMotoServer

server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
host, port = server.get_host_and_port()
address = f"http://{host}:{port}"
key = {"aws_access_key_id": "INVENTEDKEY", "aws_secret_access_key": "invented", "region_name": "us-east-1"}
boto3.client("s3", endpoint_url=address, **key).create_bucket(Bucket="office")
print(address, flush=True)
sys.stdin.read()
