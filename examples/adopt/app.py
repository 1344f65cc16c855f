"""A guestbook: a job sends a letter to each person who signs it."""

import os

import redis
from flask import Flask, request
from rq import Queue

from glasshouse_observability import Telemetry, instrument_flask, instrument_rq

telemetry = Telemetry.start("guestbook")
instrument_rq(telemetry)
app = Flask(__name__)
letters = Queue("letters", connection=redis.Redis.from_url(os.environ["REDIS_URL"]))


@app.get("/guests/<name>")
def show(name: str) -> str:
    """Greet a guest."""
    return f"Hello, {name}\n"


@app.post("/guests/<name>")
def sign(name: str) -> tuple[str, int]:
    """Enqueue a letter to a guest."""
    job = letters.enqueue("tasks.send_letter", name, request.args.get("text", "Welcome"))
    return f"{job.id}\n", 202


@app.get("/broken")
def broken() -> str:
    """Raise an exception, as a view with a defect does."""
    raise RuntimeError("the guestbook is torn")


instrument_flask(app, telemetry)
