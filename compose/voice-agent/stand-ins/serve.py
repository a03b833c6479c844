"""Shared by the stand-ins: HTTP, or only TLS if a certificate is configured."""

import os
import ssl

from aiohttp import web


def serve(port, *routes):
    """Serves `routes` until the container is stopped."""
    app = web.Application(client_max_size=64 << 20)
    app.add_routes(routes)
    context = None
    if certificate := os.environ.get("TLS_CERT"):
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate, os.environ["TLS_KEY"])
    web.run_app(app, port=port, ssl_context=context, shutdown_timeout=1)


async def healthy(_):
    """Answers a health check."""
    return web.json_response({"status": "ok"})
