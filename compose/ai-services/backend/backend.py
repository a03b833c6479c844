"""The back end: asks both model servers, directly and through the proxy, by httpx and by requests.

Nothing in here knows that there is a private CA.
"""

import os
from collections.abc import Callable

import httpx
import requests
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.routing import Route

DETECTOR_URL = os.environ["DETECTOR_URL"]
LLM_URL = os.environ["LLM_URL"]
PROXY_URL = os.environ["PROXY_URL"]

PICTURE = b"a picture"
PROMPT = b'{"prompt": "What is a CA for?", "max_tokens": 16}'
QUESTIONS = [
    (f"{DETECTOR_URL}/detect", PICTURE),
    (f"{LLM_URL}/completion", PROMPT),
    (f"{PROXY_URL}/detect", PICTURE),
    (f"{PROXY_URL}/completion", PROMPT),
]


def post_with_httpx(url: str, body: bytes) -> str:
    return httpx.post(url, content=body).raise_for_status().text


def post_with_requests(url: str, body: bytes) -> str:
    reply = requests.post(url, data=body, timeout=5)
    reply.raise_for_status()
    return reply.text


def ask(post: Callable[[str, bytes], str], url: str, body: bytes) -> str:
    try:
        return post(url, body)
    except (httpx.HTTPError, requests.RequestException) as error:
        return f"{type(error).__name__}: {error}"


def answers(_: Request) -> PlainTextResponse:
    lines = [
        f"{name} {url} {ask(post, url, body)}\n"
        for url, body in QUESTIONS
        for name, post in [("httpx", post_with_httpx), ("requests", post_with_requests)]
    ]
    return PlainTextResponse("".join(lines))


def health(_: Request) -> JSONResponse:
    return JSONResponse({"status": "ok"})


app = Starlette(routes=[Route("/", answers), Route("/health", health)])

if __name__ == "__main__":
    uvicorn.run(app, host="0.0.0.0", port=8080)
