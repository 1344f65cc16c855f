"""A small application that uses every integration: gunicorn serves ``app``, and ``python -m`` of it runs a worker."""

from __future__ import annotations

import os

import redis
import requests
from flask import Flask
from pymongo import MongoClient
from rq import Queue, Worker

from glasshouse_observability import Telemetry
from glasshouse_observability.flask.instrumentation import instrument_flask
from glasshouse_observability.mongo.instrumentation import instrument_mongo
from glasshouse_observability.redis.instrumentation import instrument_redis
from glasshouse_observability.requests.instrumentation import instrument_requests
from glasshouse_observability.rq.instrumentation import instrument_rq


def send(name: str) -> str:
    """A job that uses a database and another service, and fails for one name."""
    with MongoClient[dict[str, object]](os.environ["MONGO_URL"]) as client:
        client.shop.things.find_one({"name": name})
    requests.get(os.environ["CALLED_URL"], timeout=5)
    queue().connection.get(name)
    if name == "broken":
        raise RuntimeError("no such address")
    return name


def queue() -> Queue:
    return Queue("mail", connection=redis.Redis.from_url(os.environ["REDIS_URL"]))


def start(service: str) -> Telemetry:
    telemetry = Telemetry.start(service)
    for instrument in (instrument_mongo, instrument_redis, instrument_requests, instrument_rq):
        instrument(telemetry)
    return telemetry


def create_app() -> Flask:
    telemetry = start("shop")
    app, mail, calls = Flask("shop"), queue(), requests.Session()
    things = MongoClient[dict[str, object]](os.environ["MONGO_URL"]).shop.things

    @app.get("/things/<name>")
    def show(name: str) -> dict[str, object]:
        return {"known": things.find_one({"name": name}) is not None, "sent": mail.connection.get(name) is not None}

    @app.get("/called")
    def call() -> str:
        return calls.get(os.environ["CALLED_URL"], timeout=5).text

    @app.post("/mails/<name>")
    def enqueue(name: str) -> str:
        return mail.enqueue(send, name).id

    @app.get("/broken")
    def broken() -> str:
        raise RuntimeError("no luck")

    instrument_flask(app, telemetry)
    return app


def work() -> None:
    """Check the database, as many workers do at start, and run jobs."""
    start("shop-worker")
    with MongoClient[dict[str, object]](os.environ["MONGO_URL"]) as client:
        client.admin.command("ping")
    mail = queue()
    Worker([mail], connection=mail.connection).work()


if __name__ == "__main__":
    # Under this name, the functions of jobs are those of the module, not of ``__main__``.
    from library_support import monitored

    monitored.work()
