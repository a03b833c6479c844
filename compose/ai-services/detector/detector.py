"""An object detector: uvicorn, with TLS if it has a certificate. Its model is a stand-in."""

import os

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route


async def detect(request: Request) -> JSONResponse:
    picture = await request.body()
    found = {"label": "person", "score": 0.98, "box": [12, 8, 90, 170]}
    return JSONResponse({"objects": [found], "bytes": len(picture)})


async def health(_: Request) -> JSONResponse:
    return JSONResponse({"status": "ok"})


app = Starlette(routes=[Route("/detect", detect, methods=["POST"]), Route("/health", health)])

if __name__ == "__main__":
    uvicorn.run(
        app,
        host="0.0.0.0",
        port=int(os.environ.get("PORT", "8080")),
        ssl_certfile=os.environ.get("DETECTOR_SSL_CERTFILE"),
        ssl_keyfile=os.environ.get("DETECTOR_SSL_KEYFILE"),
    )
