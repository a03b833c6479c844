"""A stand-in for Kokoro-FastAPI, which serves Kokoro by OpenAI's protocol: text to speech."""

from aiohttp import web

from serve import healthy, serve
from speech import say

VOICES = ["af_bella", "af_heart", "am_adam", "bf_emma"]


async def voices(_):
    return web.json_response({"voices": VOICES})


async def speech(request):
    asked = await request.json()
    if asked["voice"] not in VOICES or asked.get("response_format") != "wav":
        return web.json_response({"detail": {"error": "validation_error"}}, status=400)
    return web.Response(body=say(asked["input"]), content_type="audio/wav")


serve(
    8880,
    web.get("/health", healthy),
    web.get("/v1/audio/voices", voices),
    web.post("/v1/audio/speech", speech),
)
