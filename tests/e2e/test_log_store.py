"""No line of a finished request is lost or counted twice when a part of the log pipeline is killed under load."""

from __future__ import annotations

import os
import signal
import threading
import uuid

import pytest

from tests.e2e.conftest import Stack
from tests.waiting import wait_until

AT_ONCE = 2
# Requests are rate-limited per address: the load stays far below the limit.
PAUSE_SECONDS = 0.05


class Load:
    """Threads that request products until they are stopped. ``asked`` contains the ids of completed requests."""

    def __init__(self, stack: Stack) -> None:
        self._stack, self._stop = stack, threading.Event()
        self.run = uuid.uuid4().hex[:12]
        self.asked: list[str] = []
        self._threads = [threading.Thread(target=self._ask, args=(number,)) for number in range(AT_ONCE)]

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _ask(self, number: int) -> None:
        while not self._stop.wait(PAUSE_SECONDS):
            request_id = f"{self.run}-{number}-{len(self.asked)}"
            answer = self._stack.api("GET", "/api/v1/products?limit=1", headers={"X-Request-ID": request_id})
            if answer.headers.get("X-Request-ID") == request_id:
                self.asked.append(request_id)


def killed(stack: Stack, name: str) -> None:
    """Kill the component with SIGKILL and wait until it runs again."""
    pid = stack.status()[name]["pid"]
    os.kill(pid, signal.SIGKILL)

    def is_back() -> bool:
        row = stack.status()[name]
        return row["state"] == "running" and row["pid"] not in (None, pid)

    wait_until(f"{name} to run again", is_back, 60)


@pytest.mark.parametrize(
    "victims", [("victorialogs",), ("log-gateway",), ("collector",), ("collector", "victorialogs", "log-gateway")]
)
def test_every_line_is_found_once(stack: Stack, victims: tuple[str, ...]) -> None:
    """Every line is stored once although each component is killed under load, and finally all three in a row."""
    with Load(stack) as load:
        wait_until("requests before", lambda: len(load.asked) > 30)
        for victim in victims:
            killed(stack, victim)
            before = len(load.asked)
            wait_until("requests after", lambda before=before: len(load.asked) > before + 30)
    query = f'{{service_name="api"}} | event="http.request" | request_id=~"{load.run}-.*"'
    counting = f"sum(count_over_time({query} [1h]))"

    def counted() -> int:
        found = stack.get(stack.log_api, "/loki/api/v1/query", query=counting)["data"]["result"]
        return int(float(found[0]["value"][1])) if found else 0

    wait_until(f"{len(load.asked)} lines in the log store", lambda: counted() >= len(load.asked), 90)
    lines = stack.log_lines(query)
    assert sorted(line["request_id"] for line in lines) == sorted(load.asked)
    assert counted() == len(load.asked)


def test_scans_do_not_stop_ingestion(stack: Stack) -> None:
    """Lines are ingested and acknowledged while two regular expressions over an hour run repeatedly."""
    stop = threading.Event()
    failed: list[str] = []

    def scan(number: int) -> None:
        while not stop.is_set():
            query = f'{{service_name=~".+"}} |~ "nothing{number}.*[0-9]{{7}}"'
            try:
                stack.get(stack.log_api, "/loki/api/v1/query_range", query=query, since="1h")
            except Exception as error:  # Stored for the assertion, because exceptions in threads do not fail the test.
                failed.append(repr(error))

    threads = [threading.Thread(target=scan, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    try:
        before = stack.number('log_gateway_writes_total{outcome="durable"}') or 0.0
        with Load(stack) as load:
            wait_until("requests", lambda: len(load.asked) > 100, 60)
        query = f'{{service_name="api"}} | event="http.request" | request_id=~"{load.run}-.*"'
        wait_until("their lines", lambda: len(stack.log_lines(query)) == len(load.asked), 30)
        wait_until(
            "their batches to be acknowledged",
            lambda: (stack.number('log_gateway_writes_total{outcome="durable"}') or 0.0) > before,
            30,
        )
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert failed == []
