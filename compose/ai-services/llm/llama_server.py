"""A stand-in for llama-server: its options, its /health, and an OpenAI-style /completion.

A real one has gigabytes of weights.
"""

import argparse
import json
import ssl
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/health":
            self.answer(200, {"status": "ok"})
        else:
            self.answer(404, {"error": {"message": f"there is no {self.path}"}})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path != "/completion":
            self.answer(404, {"error": {"message": f"there is no {self.path}"}})
            return
        try:
            prompt = json.loads(body)["prompt"]
        except (ValueError, KeyError, TypeError):
            self.answer(400, {"error": {"message": "a JSON object with a prompt is wanted"}})
            return
        text = f"{len(prompt.split())} words, and no model to think about them."
        choice = {"index": 0, "text": text, "finish_reason": "stop"}
        self.answer(200, {"object": "text_completion", "model": "stand-in", "choices": [choice]})

    def answer(self, status: int, reply: dict) -> None:
        body = json.dumps(reply).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, _request: object, client: tuple) -> None:
        """A client that does not trust the server disconnects; prints one line instead of a traceback."""
        print(f"{client[0]}: {sys.exception()}", file=sys.stderr, flush=True)


options = argparse.ArgumentParser()
options.add_argument("--host", default="0.0.0.0")
options.add_argument("--port", type=int, default=8080)
options.add_argument("--ssl-cert-file")
options.add_argument("--ssl-key-file")
options = options.parse_args()

server = Server((options.host, options.port), Handler)
if options.ssl_cert_file:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(options.ssl_cert_file, options.ssl_key_file)
    # In the thread of each connection: a silent client must not block the others.
    server.socket = context.wrap_socket(
        server.socket, server_side=True, do_handshake_on_connect=False
    )
server.serve_forever()
