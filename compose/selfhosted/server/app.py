"""The application's API: calls the model server, itself and by the worker, and uses the engine."""

from contextlib import asynccontextmanager

from fastapi import FastAPI

import clients
import engine
import store
import tasks


@asynccontextmanager
async def lifespan(_):
    store.prepare()
    yield


app = FastAPI(lifespan=lifespan)


@app.get("/api/server/{client}")
def server(client: str):
    return tasks.ask("server", client)


@app.get("/api/worker/{client}")
def worker(client: str):
    return tasks.ask.delay("worker", client).get(timeout=30)


@app.get("/api/answers")
def answers():
    return store.latest()


@app.get("/api/engine/{text}")
def shout(text: str):
    return engine.shout(text)
