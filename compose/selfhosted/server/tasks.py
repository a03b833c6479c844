"""The worker's tasks, and beat's schedule."""

import os

from celery import Celery
from celery.signals import beat_init, worker_init

import clients
import store

app = Celery("selfhosted", broker=os.environ["REDIS_URL"], backend=os.environ["REDIS_URL"])
app.conf.broker_connection_retry_on_startup = True
app.conf.beat_schedule = {
    "is the model server there": {
        "task": "ask",
        "schedule": 5.0,
        "args": ["schedule", "httpx"],
        "options": {"expires": 5},
    }
}


@app.task(name="ask")
def ask(service, client):
    answer = clients.ask(client)
    store.save(service, client, answer)
    return answer


@worker_init.connect
def prepare(**_):
    store.prepare()


@beat_init.connect
def look(**_):
    """At its start beat calls the model server itself."""
    store.prepare()
    ask("beat", "httpx")
