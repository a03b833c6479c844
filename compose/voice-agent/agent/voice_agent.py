"""A voice agent: Whisper hears, Ollama answers, Kokoro speaks.

It is a LiveKit worker, and has an HTTP API of its own on port 8080. Whom it trusts is nothing that
it decides: there is not a word about certificates in here.
"""

import asyncio
import io
import os
import wave
from urllib.parse import quote

import aiohttp
import httpx
from aiohttp import web
from livekit import rtc
from livekit.agents import (
    Agent,
    AgentServer,
    AgentSession,
    APIConnectOptions,
    APIError,
    JobContext,
)
from livekit.plugins import openai

SPEACHES_URL = os.environ["SPEACHES_URL"]
KOKORO_URL = os.environ["KOKORO_URL"]
OLLAMA_HOST = os.environ["OLLAMA_HOST"]
OLLAMA_MODEL = os.environ["OLLAMA_MODEL"]
WORKFLOW_URL = os.environ.get("WORKFLOW_URL")
INSTRUCTIONS = "You are on the phone. Answer in one sentence."

# The HTTP API reports an error at once; its clients retry.
ONCE = APIConnectOptions(max_retry=0)

stt = openai.STT(
    base_url=f"{SPEACHES_URL}/v1", api_key="none", model="Systran/faster-whisper-small"
)
tts = openai.TTS(
    base_url=f"{KOKORO_URL}/v1",
    api_key="none",
    model="kokoro",
    voice="af_heart",
    response_format="wav",
)
llm = openai.LLM.with_ollama(base_url=f"{OLLAMA_HOST}/v1", model=OLLAMA_MODEL)

server = AgentServer(num_idle_processes=0)
routes = web.RouteTableDef()


@server.rtc_session()
async def call(job: JobContext):
    """Answers a participant of a LiveKit room."""
    session = AgentSession(stt=stt, llm=llm, tts=tts)
    await session.start(agent=Agent(instructions=INSTRUCTIONS), room=job.room)


async def hear(audio):
    """Returns the words in a WAV file."""
    with wave.open(io.BytesIO(audio)) as file:
        rate, channels, length = file.getframerate(), file.getnchannels(), file.getnframes()
        frame = rtc.AudioFrame(file.readframes(length), rate, channels, length)
    event = await stt.recognize([frame], conn_options=ONCE)
    return event.alternatives[0].text


async def think(text):
    """Returns Ollama's answer."""
    messages = [
        {"role": "system", "content": INSTRUCTIONS},
        {"role": "user", "content": text},
    ]
    asked = {"model": OLLAMA_MODEL, "messages": messages, "stream": False}
    async with httpx.AsyncClient(timeout=60) as client:
        answer = await client.post(f"{OLLAMA_HOST}/api/chat", json=asked)
    return answer.raise_for_status().json()["message"]["content"]


async def say(text):
    """Returns the words as a WAV file."""
    frame = await tts.synthesize(text, conn_options=ONCE).collect()
    return frame.to_wav_bytes()


@routes.get("/health")
async def get_health(_):
    status = 503 if server.id == "unregistered" else 200
    return web.json_response({"worker": server.id}, status=status)


@routes.get("/voices")
async def get_voices(_):
    async with httpx.AsyncClient() as client:
        answer = await client.get(f"{KOKORO_URL}/v1/audio/voices")
    return web.json_response(answer.raise_for_status().json())


@routes.get("/models")
async def get_models(_):
    async with httpx.AsyncClient() as client:
        answer = await client.get(f"{OLLAMA_HOST}/api/tags")
    return web.json_response(answer.raise_for_status().json())


@routes.post("/say")
async def post_say(request):
    return web.Response(body=await say(await request.text()), content_type="audio/wav")


@routes.post("/hear")
async def post_hear(request):
    return web.json_response({"text": await hear(await request.read())})


@routes.post("/turn")
async def post_turn(request):
    heard = await hear(await request.read())
    reply = await think(heard)
    headers = {"X-Heard": quote(heard, " "), "X-Reply": quote(reply, " ")}
    return web.Response(body=await say(reply), content_type="audio/wav", headers=headers)


@routes.post("/workflow")
async def post_workflow(request):
    if not WORKFLOW_URL:
        raise web.HTTPNotFound(text="WORKFLOW_URL is not set\n")
    async with aiohttp.ClientSession(raise_for_status=True) as session:
        async with session.post(WORKFLOW_URL, json={"text": await request.text()}) as answer:
            return web.json_response(await answer.json())


@web.middleware
async def report(request, handler):
    """Reports the innermost cause of a failed request to a server."""
    try:
        return await handler(request)
    except (APIError, httpx.HTTPError, aiohttp.ClientError) as error:
        cause = error
        while below := cause.__cause__ or cause.__context__:
            cause = below
        return web.json_response({"error": f"{type(cause).__name__}: {cause}"}, status=502)


async def work(_):
    """Runs the worker as long as the HTTP API."""
    worker = asyncio.create_task(server.run())
    yield
    await server.aclose()
    await worker


app = web.Application(client_max_size=64 << 20, middlewares=[report])
app.add_routes(routes)
app.cleanup_ctx.append(work)

if __name__ == "__main__":
    web.run_app(app, port=8080, shutdown_timeout=1)
