"""The relay sends requests from another process and returns status, text and connection failures."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from tests.compose.relay import ASKING, Relay
from tests.ports import free_port


class Echo(BaseHTTPRequestHandler):
    """A server that returns the request as text, and 400 for a path with `refused`."""

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        said = f"{self.command} {self.path} {self.headers.get('X-Flag')} {self.headers.get('Content-Type')} {body!r} ☃"
        self.send_response(400 if "refused" in self.path else 200)
        self.end_headers()
        self.wfile.write(said.encode())

    do_POST = do_GET  # noqa: N815  (the name is the library's)

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing, to keep the test's output clean."""


@pytest.fixture
def echo() -> Iterator[str]:
    """Start a server and return its address."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Echo) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def process() -> Iterator[subprocess.Popen[str]]:
    """Run the program of the console's container locally."""
    command = [sys.executable, "-c", ASKING]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as started:
        yield started
        assert started.stdin is not None
        started.stdin.close()


def test_requests_are_passed_on(echo: str, process: subprocess.Popen[str]) -> None:
    """GET with parameters and headers and POST with bytes are passed on, one after the other."""
    relay = Relay(echo, process)
    said = "GET /query?query=%7Ba%3D%22%E2%98%83%22%7D&limit=1 yes None b'' ☃"
    assert relay.get("/query", [("query", '{a="☃"}'), ("limit", "1")], {"X-Flag": "yes"}) == (200, said)
    assert relay.post("/otlp", b"\x00\xff\n", "a/b") == (200, "POST /otlp None a/b b'\\x00\\xff\\n' ☃")
    assert relay.get("/refused", [], {})[0] == 400


def test_no_answer_is_a_status_of_0(process: subprocess.Popen[str]) -> None:
    """A missing response has status 0, and the relay continues to work."""
    relay = Relay(f"http://127.0.0.1:{free_port()}", process)
    assert relay.get("/", [], {})[0] == 0
    status, said = relay.post("/", b"", "a/b")
    assert status == 0
    assert "refused" in said
