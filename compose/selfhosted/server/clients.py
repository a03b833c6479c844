"""Calls the model server by each of the clients that applications use.

It is behind a CA of its own, and nothing here knows of that: each client finds in its environment
whom to trust.

    python clients.py [CLIENT ...]    says what comes of it
"""

import os
import subprocess
import sys

import httpx
import requests
from openai import OpenAI

GPU_URL = os.environ["GPU_URL"]
QUESTION = "Are you there?"


def by_httpx():
    return httpx.get(f"{GPU_URL}/v1/models").json()["data"][0]["id"]


def by_requests():
    return requests.get(f"{GPU_URL}/v1/models", timeout=10).json()["data"][0]["id"]


def by_openai():
    client = OpenAI(base_url=f"{GPU_URL}/v1", api_key="none", max_retries=0)
    question = {"role": "user", "content": QUESTION}
    answer = client.chat.completions.create(model="stand-in", messages=[question])
    return answer.choices[0].message.content


def by_llama_index():
    # The import takes seconds, so only its users wait for it.
    from llama_index.llms.openai_like import OpenAILike

    llm = OpenAILike(
        model="stand-in",
        api_base=f"{GPU_URL}/v1",
        api_key="none",
        is_chat_model=True,
        max_retries=0,
    )
    return llm.complete(QUESTION).text


def by_curl():
    command = ["curl", "-fsS", f"{GPU_URL}/health"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


CLIENTS = {
    "curl": by_curl,
    "httpx": by_httpx,
    "requests": by_requests,
    "openai": by_openai,
    "llama-index": by_llama_index,
}


def ask(client):
    """Returns the model server's answer to `client`, or the cause of the failure."""
    try:
        return CLIENTS[client]()
    except Exception as error:
        # Libraries wrap the cause, some of them twice.
        while error.__cause__ or error.__context__:
            error = error.__cause__ or error.__context__
        # curl prints an explanation after the first line.
        cause = getattr(error, "stderr", None) or str(error)
        return f"refused: {cause.splitlines()[0]}"


if __name__ == "__main__":
    for name in sys.argv[1:] or CLIENTS:
        print(f"{name}: {ask(name)}")
