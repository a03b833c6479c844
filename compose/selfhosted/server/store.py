"""The answers of the clients, in PostgreSQL."""

import os

import psycopg

TABLE = """CREATE TABLE IF NOT EXISTS answers (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT now(),
    service text NOT NULL,
    client text NOT NULL,
    answer text NOT NULL
)"""


def connect():
    return psycopg.connect(os.environ["DATABASE_URL"])


def prepare():
    with connect() as database:
        # Two services that start at the same time would both create the table.
        database.execute("SELECT pg_advisory_xact_lock(1)")
        database.execute(TABLE)


def save(service, client, answer):
    words = "INSERT INTO answers (service, client, answer) VALUES (%s, %s, %s)"
    with connect() as database:
        database.execute(words, [service, client, answer])


def latest():
    """Returns the last answer for each service and client."""
    words = """SELECT DISTINCT ON (service, client) service, client, answer
        FROM answers ORDER BY service, client, id DESC"""
    with connect() as database:
        return [" ".join(row) for row in database.execute(words)]
