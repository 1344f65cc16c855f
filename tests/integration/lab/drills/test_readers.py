"""The clients in lab/clients, tested with a small server."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lab.clients.errors import NoAnswer
from lab.clients.jaeger import Jaeger
from lab.clients.loki import Loki
from lab.clients.prometheus import Prometheus
from tests.integration.lab.drills.test_over_http import Server


@pytest.fixture
def server() -> Iterator[Server]:
    """Responds with 404 unless a test sets a response."""
    server = Server()
    yield server
    server.close()


def test_a_trace_that_is_not_stored_is_no_error(server: Server) -> None:
    """Jaeger's 404 for an unknown trace is no error; a trace without spans counts as not stored."""
    jaeger = Jaeger(server.url)
    server.answers[("GET", "/api/traces/b")] = [(200, {"data": []}), (200, {"data": [{"traceID": "b"}]})]
    assert [jaeger.has_trace("a"), jaeger.has_trace("b"), jaeger.has_trace("b")] == [False, False, True]


def test_a_missing_api_is_an_error(server: Server) -> None:
    """A 404 response to a query raises an error that names the server and the path."""
    with pytest.raises(NoAnswer, match=r"prometheus returned 404 for /api/v1/query"):
        Prometheus(server.url).query("up")


def test_a_refused_query_says_why(server: Server) -> None:
    """A rejected query raises an error with the start of the body, which contains the parser's message."""
    server.answers[("GET", "/api/v1/query")] = [(400, {"error": "parse error: unexpected end"})]
    with pytest.raises(NoAnswer, match=r"400: .*parse error: unexpected end"):
        Prometheus(server.url).values("sum(")


def test_numbers_of_the_log_store(server: Server) -> None:
    """A query returns one number for each series, and none for an empty result."""
    found = {"data": {"result": [{"metric": {}, "value": [1, "3"]}, {"metric": {}, "value": [1, "4.5"]}]}}
    server.answers[("GET", "/loki/api/v1/query")] = [(200, found), (200, {"data": {"result": []}})]
    loki = Loki(server.url)
    assert [loki.values("a"), loki.values("a")] == [[3.0, 4.5], []]
