"""A stand-in for n8n: one workflow, started by a webhook, that returns its input."""

from aiohttp import web

from serve import healthy, serve


async def workflow(request):
    return web.json_response({"received": await request.json()})


serve(5678, web.get("/healthz", healthy), web.post("/webhook/voice-agent", workflow))
