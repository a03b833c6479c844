"""A stand-in for a model server on another machine: OpenAI's protocol, over TLS only."""

import json
import ssl
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

MODEL = {"id": "stand-in", "object": "model", "created": 0, "owned_by": "gpu"}
ANSWER = {
    "id": "1",
    "object": "chat.completion",
    "created": 0,
    "model": "stand-in",
    "choices": [
        {
            "index": 0,
            "message": {"role": "assistant", "content": "I am here."},
            "finish_reason": "stop",
        }
    ],
    "usage": {"prompt_tokens": 3, "completion_tokens": 3, "total_tokens": 6},
}
ROUTES = {
    "GET /health": "healthy",
    "GET /v1/models": {"object": "list", "data": [MODEL]},
    "POST /v1/chat/completions": ANSWER,
}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Do not wait for clients that keep sending requests.
    timeout = 10

    def do_GET(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        answer = ROUTES.get(f"{self.command} {self.path}")
        body = json.dumps(answer).encode()
        self.send_response(404 if answer is None else 200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET


context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
context.load_cert_chain("/certs/server.pem", "/certs/server-key.pem")
server = ThreadingHTTPServer(("", 443), Handler)
# Each client's handshake runs in its own thread.
server.socket = context.wrap_socket(
    server.socket, server_side=True, do_handshake_on_connect=False
)
server.serve_forever()
