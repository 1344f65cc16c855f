"""The benchmark's processes on free loopback ports: MongoDB, Redis, the sink, and a server for each variant."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import redis
import requests
from pymongo import MongoClient
from pymongo.errors import PyMongoError

from lab.bench.tax.apps.shop import DATABASE
from lab.bench.tax.variants import Variant
from lab.clients.http import direct_session
from stack import programs
from stack.paths import ROOT

THREADS = 4
PRODUCT = {"_id": "brass-desk-lamp", "name": "Brass desk lamp", "price_cents": 8900, "stock": 1_000_000}


class NotUp(RuntimeError):
    """A server that did not start in time; the message names its log."""


def free_port() -> int:
    """Return a port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextlib.contextmanager
def running(
    command: list[str], log: Path, environment: dict[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a process for the duration of the block; its output goes to ``log``."""
    with log.open("ab") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, env=environment, cwd=ROOT)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def await_up(what: str, ask: Callable[[], object], log: Path, patience: float = 60.0) -> None:
    """Wait until ``ask`` returns a truthy value; an exception counts as "not yet". Raises ``NotUp``."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError, redis.RedisError, PyMongoError, requests.RequestException):
            if ask():
                return
        time.sleep(0.1)
    raise NotUp(f"{what} did not start within {patience:.0f} s; see {log}")


@contextlib.contextmanager
def databases(folder: Path) -> Iterator[dict[str, str]]:
    """Start MongoDB (a replica set of one) with one product, and Redis. Yields the variables with their addresses."""
    mongo_port, redis_port = free_port(), free_port()
    data = folder / "mongo"
    data.mkdir()
    mongo_url = f"mongodb://127.0.0.1:{mongo_port}/?directConnection=true"
    redis_url = f"redis://127.0.0.1:{redis_port}/0"
    log, redis_log = folder / "mongod.log", folder / "redis.log"
    mongod = [str(programs.find("mongod")), "--dbpath", str(data), "--port", str(mongo_port), "--bind_ip", "127.0.0.1"]
    server = [str(programs.find("redis-server")), "--port", str(redis_port), "--bind", "127.0.0.1", "--save", ""]
    with (
        running([*mongod, "--replSet", "rs0", "--wiredTigerCacheSizeGB", "0.25", "--nounixsocket"], log),
        running([*server, "--dir", str(folder)], redis_log),
        MongoClient[dict[str, Any]](mongo_url, serverSelectionTimeoutMS=500) as client,
        redis.Redis.from_url(redis_url) as cache,
    ):
        members = [{"_id": 0, "host": f"127.0.0.1:{mongo_port}"}]
        await_up("mongod", lambda: client.admin.command("replSetInitiate", {"_id": "rs0", "members": members}), log)
        await_up("mongod's replica set", lambda: client.admin.command("hello")["isWritablePrimary"], log)
        await_up("redis-server", cache.ping, redis_log)
        client[DATABASE].products.insert_one(dict(PRODUCT))
        yield {"MONGO_URL": mongo_url, "REDIS_URL": redis_url}


@contextlib.contextmanager
def sinks(ports: list[int], folder: Path) -> Iterator[None]:
    """Start the sink, which listens on all ``ports``."""
    log = folder / "sink.log"
    with running([sys.executable, "-m", "lab.bench.tax.sink", *map(str, ports)], log):
        await_up("the sink", lambda: direct_session().get(f"http://127.0.0.1:{ports[-1]}/counts", timeout=1).ok, log)
        yield


@contextlib.contextmanager
def served(
    variant: Variant, venv: Path, port: int, environment: dict[str, str], folder: Path
) -> Iterator[subprocess.Popen[bytes]]:
    """Start gunicorn with the application of ``variant``."""
    log = folder / f"{variant.name.replace(' ', '-')}.log"
    wrapper = [str(venv / "bin" / one) for one in variant.wrapper]
    gunicorn = [
        str(venv / "bin" / "gunicorn"),
        f"lab.bench.tax.apps.{variant.module}:app",
        "--bind",
        f"127.0.0.1:{port}",
    ]
    options = ["--worker-class", "gthread", "--threads", str(THREADS), "--keep-alive", "75", "--no-control-socket"]
    clean = {name: os.environ[name] for name in ("HOME", "LANG", "TMPDIR") if name in os.environ}
    path = f"{venv / 'bin'}:{os.environ['PATH']}"
    settings = {**clean, "PATH": path, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", **environment}
    with running([*wrapper, *gunicorn, *options], log, settings) as process:
        await_up(
            variant.name,
            lambda: (
                process.poll() is None
                and direct_session().get(f"http://127.0.0.1:{port}/cached/{PRODUCT['_id']}", timeout=5).ok
            ),
            log,
        )
        yield process
