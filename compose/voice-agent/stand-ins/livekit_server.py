"""A stand-in for LiveKit: workers register by its protocol, and wait for rooms that are never created."""

from aiohttp import web
from livekit.protocol.agent import RegisterWorkerResponse, ServerMessage, WorkerMessage

from serve import serve


async def healthy(_):
    return web.Response(text="OK")


async def agent(request):
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    async for message in socket:
        if WorkerMessage.FromString(message.data).HasField("register"):
            registered = RegisterWorkerResponse(worker_id="AW_voice")
            await socket.send_bytes(ServerMessage(register=registered).SerializeToString())
    return socket


serve(7880, web.get("/", healthy), web.get("/agent", agent))
