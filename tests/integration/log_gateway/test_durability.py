"""An acknowledged batch survives a kill of the store."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from prometheus_client import CollectorRegistry
from werkzeug.test import Client

from log_gateway.metrics import GatewayMetrics
from log_gateway.writing.durability import StoreLost, StoreMonitor
from log_gateway.writing.endpoint import PATH, WriteEndpoint
from tests.integration.log_gateway.victorialogs import Line, VictoriaLogs, otlp
from tests.waiting import wait_until

SENDERS, BATCHES, LINES = 6, 4, 50


@pytest.fixture
def store(tmp_path: Path) -> Iterator[VictoriaLogs]:
    """Return a store that tests may kill."""
    server = VictoriaLogs(tmp_path)
    server.start()
    yield server
    server.kill()


@pytest.fixture
def watch(store: VictoriaLogs) -> Iterator[StoreMonitor]:
    """Return a watch that has seen the store."""
    found = StoreMonitor(store.url)
    found.start()
    wait_until("the watch to have seen the store", found.now)
    yield found
    found.stop()


def _endpoint(store: VictoriaLogs, watch: StoreMonitor) -> Client:
    return Client(WriteEndpoint(store.url, watch, GatewayMetrics(CollectorRegistry()), 1 << 20))


def _batch(name: str) -> list[Line]:
    resource = {"service.name": "durable", "level": "INFO"}
    return [(time.time_ns(), "line", resource, {"number": f"{name}-{number}"}) for number in range(LINES)]


def test_an_acknowledged_batch_is_found_after_kill_9(store: VictoriaLogs, watch: StoreMonitor) -> None:
    """While the store is killed twice, senders retry rejected batches like the Collector, and all lines are found."""
    statuses: list[int] = []

    def send(sender: int) -> None:
        client = _endpoint(store, watch)
        for batch in range(BATCHES):
            body = otlp(_batch(f"{sender}-{batch}"))

            def sent(body: bytes = body) -> bool:
                status = client.post(PATH, data=body, content_type="application/x-protobuf").status_code
                statuses.append(status)
                return status == 200

            wait_until("a batch to be acknowledged", sent, 90)

    threads = [threading.Thread(target=send, args=(number,)) for number in range(SENDERS)]
    for thread in threads:
        thread.start()
    for _ in range(2):
        before = len(statuses)
        wait_until("batches to be acknowledged", lambda before=before: len(statuses) >= before + SENDERS, 60)
        wait_until("a batch to be in memory only", lambda: watch.now().in_memory > 0)
        store.kill()
        store.start()
    for thread in threads:
        thread.join(120)
    assert 503 in statuses  # the kills hit batches in flight
    found = wait_until("all lines to be searchable", lambda: _distinct(store, SENDERS * BATCHES * LINES))
    assert found == SENDERS * BATCHES * LINES


def test_without_waiting_lines_would_be_lost(store: VictoriaLogs) -> None:
    """The negative control: lines that VictoriaLogs acknowledged with 200 are lost by a kill -9 right afterwards."""
    body = otlp(_batch("lost"))
    headers = {"Content-Type": "application/x-protobuf", "VL-Stream-Fields": "service.name,level"}
    answer = requests.post(f"{store.url}/insert/opentelemetry/v1/logs", data=body, headers=headers, timeout=5)
    assert answer.status_code == 200
    store.kill()
    store.start()
    assert store.count("*") == 0


def test_a_frozen_store_acknowledges_nothing(store: VictoriaLogs, watch: StoreMonitor) -> None:
    """If the store freezes after accepting a batch, the batch is rejected however much time passes."""
    epoch = watch.now().epoch
    store.insert(_batch("frozen"))
    with store.frozen(), pytest.raises(StoreLost):
        watch.wait_durable(epoch, 8)


def test_a_store_that_is_down_refuses_with_503(store: VictoriaLogs, watch: StoreMonitor) -> None:
    """If the store is down, the status makes the sender retry."""
    store.kill()
    answer = _endpoint(store, watch).post(PATH, data=otlp(_batch("down")), content_type="application/x-protobuf")
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]
    store.start()


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b"\xff\xff\xff", "application/x-protobuf", 400),
        (b"{}", "application/json", 415),
        (b"x" * (1 << 20) + b"x", "application/x-protobuf", 413),
    ],
)
def test_a_batch_that_cannot_be_stored_is_refused(
    store: VictoriaLogs, watch: StoreMonitor, content: bytes, kind: str, status: int
) -> None:
    """If a batch cannot be stored, the status makes the Collector drop it without a retry."""
    assert _endpoint(store, watch).post(PATH, data=content, content_type=kind).status_code == status


def _distinct(store: VictoriaLogs, wanted: int) -> int:
    query = '{"service.name"="durable"} | stats count_uniq(number) n'
    answer = requests.post(f"{store.url}/select/logsql/query", data={"query": query}, timeout=10)
    found = int(answer.json()["n"])
    return found if found >= wanted else 0
