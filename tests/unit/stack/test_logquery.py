"""`make logs QUERY=…`: lines of the log store, over Loki's API."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from stack.errors import StackError
from stack.logquery import query_logs

LABELS = {"service_name": "api", "service_instance_id": "api-1", "level": "WARNING", "request_id": "r-1"}


class LogStore:
    """A store that answers every query with ``status`` and ``content``; ``asked`` records the parameters."""

    def __init__(self) -> None:
        self.status, self.content, self.asked = 200, b"", list[dict[str, list[str]]]()
        store = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                store.asked.append(parse_qs(urlsplit(self.path).query))
                self.send_response(store.status)
                self.end_headers()
                self.wfile.write(store.content)

            def log_message(self, *_: Any) -> None:
                """Log nothing, to keep the test's output clean."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def answers(self, kind: str, result: list[dict[str, Any]]) -> None:
        self.content = json.dumps({"status": "success", "data": {"resultType": kind, "result": result}}).encode()


@pytest.fixture
def store() -> Iterator[LogStore]:
    """A server with Loki's API."""
    found = LogStore()
    thread = threading.Thread(target=found.server.serve_forever)
    thread.start()
    yield found
    found.server.shutdown()
    found.server.server_close()
    thread.join()


def _printed(store: LogStore, lines: int = 20) -> str:
    out = io.StringIO()
    assert query_logs(store.url, '{service_name="api"}', lines=lines, follow=False, stream=out) == 0
    return out.getvalue()


def test_lines_are_printed_in_the_order_of_time(store: LogStore) -> None:
    """Lines of all streams are merged by time and printed with time, component, level and IDs."""
    newest = {"stream": LABELS, "values": [["1795726801000000000", "second"]]}
    oldest = {"stream": {**LABELS, "level": "INFO"}, "values": [["1795726800000000000", "first"]]}
    store.answers("streams", [newest, oldest])
    first, second = _printed(store, lines=7).splitlines()
    assert first.split() == ["21:00:00.000", "api-1", "INFO", "first", "request_id=r-1"]
    assert second.split()[:4] == ["21:00:01.000", "api-1", "WARNING", "second"]
    assert store.asked[0]["limit"] == ["7"]


def test_a_refused_query_is_explained(store: LogStore) -> None:
    """A refused query is reported with the store's message."""
    store.status, store.content = 400, b"parse error at line 1, col 3: syntax error\n"
    with pytest.raises(StackError, match="refused the query: parse error at line 1, col 3"):
        _printed(store)


def test_a_metric_query_has_no_lines(store: LogStore) -> None:
    """A metric query is refused with an example of a log query."""
    store.answers("matrix", [])
    with pytest.raises(StackError, match="a metric query returns no lines"):
        _printed(store)


def test_a_store_that_is_down(store: LogStore) -> None:
    """The error for an unreachable store contains its address and the command to check it."""
    store.server.server_close()
    with pytest.raises(StackError, match="`make status` shows its state"):
        query_logs("http://127.0.0.1:9", "{}", lines=1, follow=False)
