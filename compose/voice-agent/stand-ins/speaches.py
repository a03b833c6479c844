"""A stand-in for speaches, which serves Whisper by OpenAI's protocol: speech to text."""

from aiohttp import web

from serve import healthy, serve
from speech import hear


async def transcribe(request):
    form = await request.post()
    missing = {"file", "model"} - form.keys()
    if missing:
        return web.json_response({"detail": f"missing: {sorted(missing)}"}, status=422)
    text = hear(form["file"].file.read())
    if form.get("response_format") == "text":
        return web.Response(text=text)
    return web.json_response({"text": text})


serve(8000, web.get("/health", healthy), web.post("/v1/audio/transcriptions", transcribe))
