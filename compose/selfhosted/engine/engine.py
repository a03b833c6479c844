"""A service that uses gRPC without TLS and calls no server, so it needs no CA."""

from concurrent.futures import ThreadPoolExecutor

import grpc


def shout(text, _):
    return text.upper()


method = grpc.unary_unary_rpc_method_handler(shout, bytes.decode, str.encode)
server = grpc.server(ThreadPoolExecutor())
server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler("Engine", {"Shout": method})])
server.add_insecure_port("[::]:50051")
server.start()
server.wait_for_termination()
