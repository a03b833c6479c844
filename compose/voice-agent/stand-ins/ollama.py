"""A stand-in for Ollama: one model, which repeats its input."""

from datetime import UTC, datetime

from aiohttp import web

from serve import serve

MODEL = "llama3.2:1b"


async def running(_):
    return web.Response(text="Ollama is running")


async def tags(_):
    return web.json_response({"models": [{"name": MODEL, "model": MODEL}]})


async def chat(request):
    asked = await request.json()
    if asked["model"] != MODEL:
        return web.json_response({"error": f"model '{asked['model']}' not found"}, status=404)
    if asked.get("stream", True):
        return web.json_response({"error": "the stand-in does not stream"}, status=400)
    content = f"You said: {asked['messages'][-1]['content']}"
    answer = {
        "model": MODEL,
        "created_at": datetime.now(UTC).isoformat(),
        "message": {"role": "assistant", "content": content},
        "done_reason": "stop",
        "done": True,
    }
    return web.json_response(answer)


serve(
    11434,
    web.get("/", running),
    web.get("/api/tags", tags),
    web.post("/api/chat", chat),
)
