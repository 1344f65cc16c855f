"""Drills over HTTP, tested with a small server that responds and fails like the real ones."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from lab.clients.errors import NoAnswer, RunFailed
from lab.clients.running_stack import RunningStack
from lab.drills.inject.injector import InstanceInjector
from lab.drills.inject.switches import Switches
from lab.drills.spec.model import Fault, SpanWanted
from lab.drills.watch.servers import Servers

FAULTS = "/api/v1/admin/faults"
LOGIN = ("POST", "/api/v1/auth/login")


class Server:
    """Responds by method and path with a list of responses, the last one repeatedly; records the requests."""

    def __init__(self) -> None:
        self.answers: dict[tuple[str, str], list[tuple[int, Any]]] = {}
        self.asked: list[tuple[str, str, str, Any]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self) -> None:
                path = urlsplit(self.path).path
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                asked = json.loads(body) if body else parse_qs(urlsplit(self.path).query)
                outer.asked.append((self.command, path, self.headers.get("Authorization", ""), asked))
                answers = outer.answers.get((self.command, path), [(404, {})])
                status, content = answers.pop(0) if len(answers) > 1 else answers[0]
                text = content if isinstance(content, bytes) else json.dumps(content).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            do_GET = do_PUT = do_POST = do_DELETE = answer  # noqa: N815

            def log_message(self, *_arguments: Any) -> None:
                """Do not log requests."""

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.http.serve_forever, daemon=True)
        self.thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.http.server_address[1]}"

    def close(self) -> None:
        self.http.shutdown()
        self.thread.join(5)
        self.http.server_close()


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    server.answers[LOGIN] = [(200, {"access_token": "first"}), (200, {"access_token": "second"})]
    yield server
    server.close()


class AtServer(RunningStack):
    """Return an instance whose addresses are all those of the server, or have no server."""

    server: str
    closed: tuple[str, ...] = ()

    def url(self, name: str) -> str:
        return "http://127.0.0.1:9" if name in self.closed else self.server


@pytest.fixture
def instance(server: Server, tmp_path: Path) -> AtServer:
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "admin_password").write_text("a password\n")
    instance = AtServer(tmp_path, {})
    instance.server = server.url
    return instance


def signed_in(instance: RunningStack) -> Switches:
    switches = Switches(instance)
    switches.sign_in()
    return switches


def test_switching(server: Server, instance: AtServer) -> None:
    """A fault is switched on and off as the administrator, with its parameters and its end."""
    server.answers[("PUT", f"{FAULTS}/api-errors")] = [(200, {})]
    server.answers[("DELETE", f"{FAULTS}/api-errors")] = [(200, {})]
    switches = signed_in(instance)
    switches.on("api-errors", {"percent": 10}, 300)
    switches.off("api-errors")
    assert server.asked == [
        (*LOGIN, "", {"email": "admin@glasshouse.example", "password": "a password"}),
        ("PUT", f"{FAULTS}/api-errors", "Bearer first", {"percent": 10, "seconds": 300}),
        ("DELETE", f"{FAULTS}/api-errors", "Bearer first", {}),
    ]


def test_past_the_front_door(server: Server, instance: AtServer) -> None:
    """Faults are switched without the front door, which may be the broken component."""
    instance.closed = ("nginx",)
    server.answers[("DELETE", f"{FAULTS}/api-errors")] = [(200, {})]
    signed_in(instance).off("api-errors")
    assert server.asked[-1][0] == "DELETE"


def test_a_token_that_has_ended(server: Server, instance: AtServer) -> None:
    """An expired token is replaced and the request repeated; switching off a fault that is off is no error."""
    server.answers[("DELETE", f"{FAULTS}/api-errors")] = [(401, {}), (404, {})]
    signed_in(instance).off("api-errors")
    assert [asked[2] for asked in server.asked if asked[0] == "DELETE"] == ["Bearer first", "Bearer second"]


def test_a_fault_that_is_over_by_itself(server: Server, instance: AtServer) -> None:
    """A failure to switch a fault off is an error before the fault's end and is ignored after it."""
    server.answers[("PUT", f"{FAULTS}/mongo-pause")] = [(200, {})]
    server.answers[("DELETE", f"{FAULTS}/mongo-pause")] = [(403, {})]
    switches = signed_in(instance)
    switches.on("mongo-pause", {}, 300)
    with pytest.raises(RunFailed, match="403"):
        switches.off("mongo-pause")
    switches.on("mongo-pause", {}, 0)
    switches.off("mongo-pause")


def test_each_drill_signs_in_again(server: Server, instance: AtServer) -> None:
    """A new token is obtained for each drill, so that it stays valid while signing in may be impossible."""
    for method, path in (("PUT", f"{FAULTS}/mongo-pause"), ("DELETE", f"{FAULTS}/mongo-pause"), ("GET", FAULTS)):
        server.answers[(method, path)] = [(200, {"items": [{"name": "mongo-pause"}]})]
    injector = InstanceInjector(instance)
    for _ in range(2):
        injector.begin(Fault(switch="mongo-pause"), 60)
        injector.clear()
    assert [asked[2] for asked in server.asked if asked[0] == "DELETE"] == ["Bearer first", "Bearer second"]


def test_what_the_shop_refuses(server: Server, instance: AtServer) -> None:
    """A rejection by the shop is reported with its message and not retried."""
    server.answers[("PUT", f"{FAULTS}/api-errors")] = [(422, {"detail": "percent must be a number"})]
    with pytest.raises(RunFailed, match=r"422 .*percent must be a number"):
        signed_in(instance).on("api-errors", {"percent": "x"}, 300)
    assert len(server.asked) == 2


def test_a_shop_with_faults_and_one_without(server: Server, instance: AtServer) -> None:
    """The names of the shop's faults are returned; there are none if faults are not wired."""
    switches = signed_in(instance)
    assert switches.known() == set()
    server.answers[("GET", FAULTS)] = [(200, {"items": [{"name": "api-errors"}, {"name": "redis-pause"}]})]
    assert switches.known() == {"api-errors", "redis-pause"}


def test_what_prometheus_and_the_inbox_say(server: Server, instance: AtServer) -> None:
    """Alerts are read with state and start in Go's nanoseconds, messages oldest first, and the values of a query."""
    alert = {"labels": {"alertname": "ApiDown"}, "state": "firing", "activeAt": "2026-11-24T15:40:36.123456789Z"}
    server.answers[("GET", "/api/v1/alerts")] = [(200, {"data": {"alerts": [alert]}})]
    items = [{"id": number, "received_at": "2026-11-24T15:40:51+00:00", "kind": "alert"} for number in (8, 7)]
    server.answers[("GET", "/api/inbox")] = [(200, {"items": items})]
    found = {"data": {"result": [{"value": [1, "0"]}, {"value": [1, "2.5"]}]}}
    server.answers[("GET", "/api/v1/query")] = [(200, found)]
    servers = Servers(instance)
    (state,) = servers.alerts()
    assert (state.name, state.state, round(state.since, 3)) == ("ApiDown", "firing", 1795534836.123)
    assert [message.id for message in servers.messages(6)] == [7, 8]
    assert server.asked[-1][3] == {"since": ["6"], "limit": ["1000"]}
    assert servers.newest_message() == 8
    assert servers.values("up") == [0.0, 2.5]


def test_what_loki_and_jaeger_say(server: Server, instance: AtServer) -> None:
    """Log lines of all streams are read, and traces that have a matching span."""
    streams = {"data": {"result": [{"values": [["1", "a"], ["2", "b"]]}, {"values": [["3", "c"]]}]}}
    server.answers[("GET", "/loki/api/v1/query_range")] = [(200, streams)]
    span = {"processID": "p", "operationName": "POST", "duration": 9, "tags": [{"key": "error", "value": True}]}
    traces = {"data": [{"spans": [span], "processes": {"p": {"serviceName": "worker"}}}]}
    server.answers[("GET", "/api/traces")] = [(200, traces), (200, {"data": None})]
    servers = Servers(instance)
    assert servers.log_lines('{a="b"}', 1.0, 2.0) == 3
    assert server.asked[-1][3]["start"] == ["1000000000"]
    assert servers.has_span(SpanWanted(service="worker", failed=True), 1.0, 2.0)
    assert server.asked[-1][3]["tags"] == ['{"error": "true"}']
    assert not servers.has_span(SpanWanted(service="worker", failed=True), 1.0, 2.0)


@pytest.mark.parametrize("answer", [(500, {}), (200, b"<html>"), (200, b"")])
def test_no_answer(server: Server, instance: AtServer, answer: tuple[int, Any]) -> None:
    """An error or a response that is not JSON raises an exception that names the server."""
    server.answers[("GET", "/api/v1/query")] = [answer]
    with pytest.raises(NoAnswer, match=r"prometheus at .* does not respond to /api/v1/query"):
        Servers(instance).values("up")
    instance.closed = ("prometheus",)
    with pytest.raises(NoAnswer, match="ConnectionError"):
        Servers(instance).values("up")
