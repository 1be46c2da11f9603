"""Serves Sail behind a gateway with TLS that asks for a token, as an office's engine is, until standard input ends.

serve_tls.py: its address is the first line said; AUTHORITY names the file to write the certificate to trust to, TOKEN is
the token.
"""

import datetime
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from pysail.spark import SparkConnectServer

PEM = serialization.Encoding.PEM


def certificate(name, issuer=None):
    """A key and a certificate of it, by an issuer or by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    by, by_key = (issuer[1].subject, issuer[0]) if issuer else (subject, key)
    day = datetime.timedelta(days=1)
    now = datetime.datetime.now(datetime.timezone.utc)
    made = x509.CertificateBuilder(by, subject, key.public_key(), x509.random_serial_number(), now - day, now + day)
    made = made.add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
    made = made.add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
    return key, made.sign(by_key, hashes.SHA256())


class Gateway(grpc.GenericRpcHandler):
    """Hands on what comes with the token, message by message."""

    def __init__(self, channel):
        self.channel = channel

    def service(self, call):
        if dict(call.invocation_metadata).get("authorization") != f"Bearer {os.environ['TOKEN']}":
            refuse = lambda message, context: context.abort(grpc.StatusCode.UNAUTHENTICATED, "who asks?")
            return grpc.unary_stream_rpc_method_handler(refuse)
        on = self.channel.unary_stream(call.method)
        return grpc.unary_stream_rpc_method_handler(lambda message, context: on(message))


sail = SparkConnectServer()
sail.start()
host, port = sail.listening_address
large = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
gateway = grpc.server(ThreadPoolExecutor(8), options=large)
gateway.add_generic_rpc_handlers([Gateway(grpc.insecure_channel(f"{host}:{port}", options=large))])
authority = certificate("an invented authority")
key, own = certificate("localhost", authority)
Path(os.environ["AUTHORITY"]).write_bytes(authority[1].public_bytes(PEM))
secret = key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
credentials = grpc.ssl_server_credentials([(secret, own.public_bytes(PEM))])
port = gateway.add_secure_port("localhost:0", credentials)
gateway.start()
print(f"sc://localhost:{port}/;use_ssl=true", flush=True)
sys.stdin.read()
