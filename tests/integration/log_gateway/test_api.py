"""The API around the queries: limits, errors, the live tail, and a store that is slow, frozen or down."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import requests
from simple_websocket import Client

from tests.integration.log_gateway.gateway import Direct, running
from tests.integration.log_gateway.victorialogs import Line, VictoriaLogs, otlp
from tests.waiting import wait_until

API = "/loki/api/v1"
SETTINGS = {
    "LOG_GATEWAY_QUERY_SECONDS": "3",
    "LOG_GATEWAY_CONCURRENT_QUERIES": "2",
    "LOG_GATEWAY_WAITING_QUERIES": "1",
    "LOG_GATEWAY_MAX_LINES": "50",
    "LOG_GATEWAY_MAX_SERIES": "5",
    "LOG_GATEWAY_TAILS": "1",
}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VictoriaLogs]:
    """Return a store that tests may freeze."""
    server = VictoriaLogs(tmp_path_factory.mktemp("api-store"))
    server.start()
    yield server
    server.kill()


@pytest.fixture(scope="module")
def gateway(store: VictoriaLogs, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the address of a gateway with small limits."""
    folder: Path = tmp_path_factory.mktemp("api-gateway")
    with running(folder, store.url, **SETTINGS) as found:
        assert isinstance(found, Direct)
        yield found.base


def _line(number: int, service: str = "api-test") -> Line:
    at = time.time_ns()
    return at, f"line {number}", {"service.name": service, "level": "INFO"}, {"number": str(number)}


def _get(gateway: str, path: str, **asked: Any) -> requests.Response:
    return requests.get(f"{gateway}{API}{path}", params=asked, timeout=20)


def test_limits_are_named(store: VictoriaLogs, gateway: str) -> None:
    """Exceeding the limit of lines, points or series returns 400 and advice."""
    store.insert(_line(number) for number in range(10))
    query = '{service_name="api-test"}'
    answer = _get(gateway, "/query_range", query=query, limit=51)
    assert (answer.status_code, "51 > 50" in answer.text) == (400, True)
    answer = _get(gateway, "/query_range", query=f"rate({query}[1m])", step="1ms")
    assert (answer.status_code, "11,000 points" in answer.text) == (400, True)
    answer = _get(gateway, "/query", query=f"count_over_time({query}[5m])")
    assert (answer.status_code, "maximum number of series (5)" in answer.text) == (400, True)
    assert _get(gateway, "/query", query=f"sum(count_over_time({query}[5m]))").status_code == 200


@pytest.mark.parametrize(
    ("path", "asked", "words"),
    [
        ("/query_range", {}, "query is missing"),
        ("/query_range", {"query": '{a="b"'}, "line 1, col"),
        ("/query_range", {"query": '{a="b"}', "start": "20", "end": "10"}, "must not be before"),
        ("/query_range", {"query": '{a="b"}', "start": "monday"}, "start='monday'"),
        ("/query_range", {"query": 'rate({a="b"}[1m])', "step": "0"}, "step"),
        ("/query_range", {"query": '{a="b"}', "direction": "up"}, "direction"),
        ("/query", {"query": '{a="b"}'}, "log queries are not supported"),
        ("/series", {}, "match[]"),
        ("/series", {"match[]": '{a="b"} |= "c"'}, "stream selector"),
        ("/index/volume", {"query": ""}, "stream selector"),
        ("/index/volume", {"query": '{a="b"}', "aggregateBy": "size"}, "aggregateBy"),
    ],
)
def test_wrong_parameters(gateway: str, path: str, asked: dict[str, str], words: str) -> None:
    """Invalid parameters return 400 with an explanation."""
    answer = _get(gateway, path, **asked)
    assert (answer.status_code, answer.headers["Content-Type"]) == (400, "text/plain; charset=utf-8")
    assert words in answer.text


def test_what_is_not_served_is_said(gateway: str) -> None:
    """404 lists the endpoints; other methods get 405; a query that is too long gets 413."""
    answer = requests.get(f"{gateway}{API}/patterns", timeout=5)
    assert (answer.status_code, "query_range" in answer.text) == (404, True)
    assert requests.delete(f"{gateway}{API}/query", timeout=5).status_code == 405
    assert requests.get(f"{gateway}/otlp/v1/logs", timeout=5).status_code == 405
    assert requests.post(f"{gateway}{API}/query", data={"query": "x" * 200_000}, timeout=5).status_code == 413


def test_statistics_and_volume(store: VictoriaLogs, gateway: str) -> None:
    """Statistics and volume of a selector return its numbers of streams, lines and bytes."""
    store.insert(_line(number, "volume-test") for number in range(3))
    query = '{service_name="volume-test"}'
    assert _get(gateway, "/index/stats", query=query).json() == {"streams": 1, "chunks": 0, "bytes": 18, "entries": 3}
    found = _get(gateway, "/index/volume", query=query, targetLabels="service_name,level").json()["data"]["result"]
    assert [(one["metric"], one["value"][1]) for one in found] == [
        ({"service_name": "volume-test", "level": "INFO"}, "18")
    ]
    found = _get(gateway, "/index/volume", query=query, aggregateBy="labels").json()["data"]["result"]
    assert {name for one in found for name in one["metric"]} == {"service_name", "level"}


def test_the_stores_metrics_are_on_this_port(gateway: str) -> None:
    """The store's metrics are served on the path where Loki serves its own."""
    assert "vl_storage_rows" in requests.get(f"{gateway}/metrics", timeout=5).text


def test_a_tail_sends_each_line_once(store: VictoriaLogs, gateway: str) -> None:
    """A tail sends late lines too; a second tail is rejected if only one is allowed; metric queries are rejected."""
    address = gateway.replace("http://", "ws://") + f"{API}/tail?"
    query = '{service_name="tail-test"}'
    client = Client(address + urlencode({"query": query}))
    try:
        store.insert([_line(1, "tail-test"), _line(2, "tail-test")])
        seen = _received(client, 2)
        late = time.time_ns() - 5_000_000_000, "late", {"service.name": "tail-test", "level": "INFO"}, {}
        store.insert([late, _line(3, "tail-test")])
        seen += _received(client, 2)
        assert sorted(seen) == ["late", "line 1", "line 2", "line 3"]
        assert _get(gateway, "/tail", query=query).status_code == 429
    finally:
        client.close()
    assert _get(gateway, "/tail", query='rate({service_name="tail-test"}[1m])').status_code == 400
    # The slot is free again once the gateway has noticed that the client disconnected.
    wait_until("a free slot for a tail", lambda: _get(gateway, "/tail", query=query).status_code != 429)
    Client(address + urlencode({"query": query})).close()


def _received(client: Client, count: int) -> list[str]:
    lines: list[str] = []
    deadline = time.monotonic() + 20
    while len(lines) < count and time.monotonic() < deadline:
        if message := client.receive(timeout=5):
            lines += [value[1] for stream in json.loads(message)["streams"] for value in stream["values"]]
    return lines


def test_a_tail_without_a_websocket_is_refused(gateway: str) -> None:
    """A tail request without a websocket returns 400 and occupies no slot, however often it is repeated."""
    query = '{service_name="tail-test"}'
    # The tail of another test occupies its slot until the gateway has noticed that its client disconnected.
    wait_until("a free slot for a tail", lambda: _get(gateway, "/tail", query=query).status_code != 429)
    for _ in range(3):
        answer = _get(gateway, "/tail", query=query)
        assert (answer.status_code, "WebSocket" in answer.text) == (400, True)


def test_a_frozen_store_ends_queries_at_their_deadline(store: VictoriaLogs, gateway: str) -> None:
    """Running queries time out, one more waits, others are rejected immediately; afterwards the gateway recovers."""
    with store.frozen(), ThreadPoolExecutor(6) as pool:
        asked = [pool.submit(_get, gateway, "/query_range", query='{service_name="api-test"}') for _ in range(6)]
        answers = [one.result() for one in asked]
    statuses = sorted(answer.status_code for answer in answers)
    assert statuses.count(429) == 3
    assert set(statuses) <= {429, 503, 504}
    assert max(answer.elapsed.total_seconds() for answer in answers) < 6
    wait_until("queries to succeed again", lambda: _get(gateway, "/labels").status_code == 200)


def test_a_store_that_is_down(store: VictoriaLogs, gateway: str) -> None:
    """Queries and readiness return 503, liveness does not; the gateway recovers without a restart."""
    store.kill()
    try:
        answer = _get(gateway, "/query_range", query='{service_name="api-test"}')
        assert (answer.status_code, "cannot be reached" in answer.text) == (503, True)
        assert requests.get(f"{gateway}/ready", timeout=5).status_code == 503
        assert requests.get(f"{gateway}/metrics", timeout=5).status_code == 503
        assert requests.get(f"{gateway}/healthz", timeout=5).status_code == 200
    finally:
        store.start()
    wait_until("the gateway to be ready", lambda: requests.get(f"{gateway}/ready", timeout=5).ok)
    headers = {"Content-Type": "application/x-protobuf"}

    def sent() -> bool:
        answer = requests.post(f"{gateway}/otlp/v1/logs", data=otlp([_line(7, "back")]), headers=headers, timeout=30)
        return answer.status_code == 200

    wait_until("a batch to be accepted", sent, 30)
    assert _get(gateway, "/query_range", query='{service_name="back"}').json()["data"]["result"]
