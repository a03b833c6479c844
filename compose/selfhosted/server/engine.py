"""Calls the engine: gRPC without TLS.

    python engine.py TEXT
"""

import os
import sys

import grpc

channel = grpc.insecure_channel(os.environ["ENGINE"])
call = channel.unary_unary("/Engine/Shout", str.encode, bytes.decode)


def shout(text):
    return call(text, timeout=20, wait_for_ready=True)


if __name__ == "__main__":
    print(shout(sys.argv[1]))
