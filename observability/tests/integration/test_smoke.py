"""Every integration at once, in processes as people start them: gunicorn with Flask, and `rq worker`."""

from __future__ import annotations

import json
import signal
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from library_support.gunicorn_server import CONFIGURATION, Gunicorn
from library_support.otlp import Receiver
from library_support.rq_commands import rq_command
from library_support.servers import Server
from library_support.waiting import wait_until

APPLICATION = """
import os
import redis, requests
from flask import Flask
from pymongo import MongoClient
from rq import Queue
from glasshouse_observability import (
    Telemetry, instrument_flask, instrument_mongo, instrument_redis, instrument_requests, instrument_rq
)

telemetry = Telemetry.start("web")
for instrument in (instrument_mongo, instrument_redis, instrument_requests, instrument_rq):
    instrument(telemetry)
app = Flask(__name__)
connection = redis.Redis.from_url(os.environ["REDIS_URL"])
queue = Queue(connection=connection)
mongo = MongoClient(os.environ["MONGO_URL"])


@app.get("/orders/<name>")
def order(name):
    connection.lpush("names", name)
    mongo.smoke.orders.insert_one({"name": name})
    requests.get(os.environ["OTEL_EXPORTER_OTLP_ENDPOINT"] + "/stock", timeout=10)
    return queue.enqueue("tasks.ship", name).id


instrument_flask(app, telemetry)
"""
TASKS = """
import logging


def ship(name):
    logging.getLogger("tasks").info("shipped")
"""
COUNTS = {
    "request": (
        "http_server_request_duration_seconds_count{"
        'http_request_method="GET",http_response_status_code="200",http_route="/orders/<name>"} 1.0'
    ),
    "MongoDB": 'db_operation_name="insert"',
    "Redis": 'db_operation_name="LPUSH"',
    "requests": "http_client_request_duration_seconds_count{",
}


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.close()


@pytest.mark.parametrize("sampled", [True, False], ids=["sampled", "unsampled"])
def test_a_request_its_calls_and_its_job(
    sampled: bool, tmp_path: Path, mongo_url: str, redis_server: tuple[str, Server], receiver: Receiver
) -> None:
    """Lines of both processes have the request's trace; every call is counted once; spans only if sampled."""
    trace_id = "5b21c0891c16aef73336ec360cade044"
    redis_url, _ = redis_server
    env = {
        "REDIS_URL": redis_url,
        "MONGO_URL": mongo_url,
        "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url,
        # A slow request is exported although it is not sampled.
        "OBSERVABILITY_SLOW_SECONDS": "120",
    }
    (tmp_path / "web").mkdir()
    with Gunicorn(tmp_path / "web", configuration=CONFIGURATION, application=APPLICATION, **env) as gunicorn:
        headers = {"traceparent": f"00-{trace_id}-1d383c69b14d165b-{'01' if sampled else '00'}"}
        request = urllib.request.Request(f"http://127.0.0.1:{gunicorn.port}/orders/7", headers=headers)
        wait_until("gunicorn to listen", lambda: "Listening at" in gunicorn.text())
        with urllib.request.urlopen(request, timeout=60) as answer:
            assert answer.status == 200
        with urllib.request.urlopen(f"http://127.0.0.1:{gunicorn.metrics_port}/metrics", timeout=10) as answer:
            metrics = answer.read().decode().splitlines()
        gunicorn.signal(signal.SIGTERM)
        gunicorn.process.wait(30)
        web = [json.loads(line) for line in gunicorn.text().splitlines() if line.startswith("{")]
    (tmp_path / "worker").mkdir()
    (tmp_path / "worker" / "tasks.py").write_text(TASKS)
    observed = "glasshouse_observability.rq.ObservedWorker"
    with rq_command(tmp_path / "worker", "worker", "-w", observed, "--burst", "-u", redis_url, **env) as worker:
        assert worker.wait() == 0, worker.err()

    (line,) = [line for line in web if line.get("event") == "http.request"]
    assert (line["http_route"], line["http_response_status_code"]) == ("/orders/<name>", 200)
    (job,) = worker.lines("rq.job")
    assert job["outcome"] == "finished"
    (shipped,) = [line for line in worker.lines() if line["message"] == "shipped"]
    assert {line["trace_id"], job["trace_id"], shipped["trace_id"]} == {trace_id}

    for what, start in COUNTS.items():
        counted = [line for line in metrics if start in line and "_count{" in line]
        assert [line.rpartition(" ")[2] for line in counted] == ["1.0"], (what, counted)

    names = receiver.names.pop(trace_id, [])
    if not sampled:
        assert names == []
        return
    for name in ("GET /orders/<name>", "GET"):
        assert names.count(name) == 1, names
    for part in ("LPUSH", "insert", "default publish", "default process"):
        assert [name for name in names if part in name], names
