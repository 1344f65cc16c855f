"""Draining and refusing overdue requests, in the application and in the gunicorn worker."""

from __future__ import annotations

import os
import selectors
import socket
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from gunicorn.config import Config
from gunicorn.workers.gthread import ThreadWorker

from app import draining, gunicorn_worker
from app.gunicorn_worker import ProblemWorker
from app.overload import LONGEST_WAIT_SECONDS, WAITED_HEADER
from tests.unit.app.conftest import Api
from tests.waiting import wait_until


def ours(api: Api) -> draining.Draining:
    found = draining.of(api.client.application)
    assert found is not None
    return found


def test_a_replica_that_is_stopping_is_unready(api: Api) -> None:
    """A replica that is draining fails readiness at once, but stays alive and serves requests."""
    assert api.client.get("/readyz").status_code == 200
    ours(api).begin()
    answer = api.client.get("/readyz")
    assert (answer.status_code, answer.get_json()["status"]) == (503, "draining")
    assert api.client.get("/healthz").status_code == 200
    assert api.client.get("/api/v1/products").status_code == 200


def test_an_application_without_it_has_none() -> None:
    """A WSGI callable without draining is served as well."""
    assert draining.of(lambda *_: []) is None
    assert draining.of(None) is None


@pytest.mark.parametrize(
    ("waited", "path", "status"),
    [
        (LONGEST_WAIT_SECONDS + 0.1, "/api/v1/products", 503),
        (LONGEST_WAIT_SECONDS - 0.1, "/api/v1/products", 200),
        (60.0, "/healthz", 200),
        ("soon", "/api/v1/products", 200),
    ],
)
def test_who_has_waited_too_long_is_sent_away(api: Api, waited: Any, path: str, status: int) -> None:
    """A request that waited too long returns 503 with ``Retry-After``; health probes are always answered."""
    answer = api.client.get(path, headers={WAITED_HEADER: str(waited)})
    assert answer.status_code == status
    if status == 503:
        assert answer.get_json()["type"].endswith(":overloaded")
        assert int(answer.headers["Retry-After"]) >= 1


class Listener:
    """A real listening socket, wrapped as in gunicorn; ``close`` may be called twice."""

    def __init__(self) -> None:
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.socket.setblocking(False)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.socket, name)


@pytest.fixture
def worker(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a worker without its loop; it records the connections that it hands to its threads."""
    config = Config()
    config.set("graceful_timeout", 12)
    listener = Listener()
    app = Flask(__name__)
    draining.install(app)
    log = SimpleNamespace(info=lambda *_: None)
    worker = ProblemWorker(1, os.getppid(), [listener], SimpleNamespace(), 30, config, log)
    worker.wsgi = app
    worker.poller = selectors.DefaultSelector()
    worker.method_queue.init()
    taken: list[Any] = []
    monkeypatch.setattr(ThreadWorker, "enqueue_req", lambda _, conn: taken.append(conn))
    worker.taken, worker.listener = taken, listener
    worker.set_accept_enabled(True)
    yield worker
    for conn in taken:
        conn.sock.close()
    worker.poller.close()
    worker.method_queue.close()
    worker.tmp.close()
    listener.socket.close()


def test_at_the_end_the_backlog_is_accepted_and_the_listener_closed(worker: Any) -> None:
    """At the end a worker accepts the connections in its backlog and refuses new ones.

    New connections then go to another replica.
    """
    address = worker.listener.getsockname()
    waiting = [socket.create_connection(address) for _ in range(5)]
    worker.alive = False
    worker.set_accept_enabled(False)
    assert len(worker.taken) == 5
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address)
    for client in waiting:
        client.close()


def test_a_worker_that_is_full_keeps_its_listener(worker: Any) -> None:
    """A worker that is full keeps its listener open and accepts the connection later."""
    worker.set_accept_enabled(False)
    socket.create_connection(worker.listener.getsockname()).close()
    assert worker.taken == []


def test_sigterm_begins_with_unready(worker: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """SIGTERM marks the replica as unready, then the worker serves until the draining time has elapsed.

    The graceful timeout leaves time to flush before the master kills the worker.
    """
    monkeypatch.setattr(gunicorn_worker, "DRAIN_SECONDS", 0.2)
    worker.handle_exit(15, None)
    assert draining.of(worker.wsgi).begun
    assert worker.alive
    assert worker.cfg.graceful_timeout == int(12 - 0.2 - gunicorn_worker.FLUSH_SECONDS)
    wait_until("the worker to end its loop", lambda: not worker.alive)


def test_a_second_sigterm_ends_it_at_once(worker: Any) -> None:
    """A second SIGTERM stops the worker at once."""
    worker.handle_exit(15, None)
    worker.handle_exit(15, None)
    assert not worker.alive
