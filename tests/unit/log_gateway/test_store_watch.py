"""The connection over which the store is watched; with a real store: tests/integration/log_gateway."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from log_gateway.writing.durability import StoreMonitor

METRICS = b"".join(
    b'%s{type="%s"} 0\n' % one
    for one in (
        (b"vl_storage_rows", b"storage/inmemory"),
        (b"vl_pending_rows", b"storage"),
        (b"vl_storage_rows", b"storage/small"),
        (b"vl_storage_rows", b"storage/big"),
    )
)


class OneAnswer(BaseHTTPRequestHandler):
    """A handler that uses HTTP/1.0, so that each connection is closed after its response."""

    asked: list[str]

    def do_GET(self) -> None:
        self.asked.append(self.path)
        self.send_response(200)
        self.end_headers()
        self.wfile.write(METRICS)

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing."""


@pytest.fixture
def store() -> Iterator[HTTPServer]:
    """A store that closes the connection after each response."""
    OneAnswer.asked = []
    with HTTPServer(("127.0.0.1", 0), OneAnswer) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join(10)


def test_a_closed_connection_is_not_opened_again(store: HTTPServer) -> None:
    """A closed connection is not reopened, because a new one may reach another process.

    ``http.client`` would reconnect; ``auto_open`` prevents it.
    """
    watch = StoreMonitor(f"http://127.0.0.1:{store.server_port}", every=0.0)
    with pytest.raises(http.client.NotConnected):
        watch._watch_one_process()
    assert OneAnswer.asked == ["/metrics"]
