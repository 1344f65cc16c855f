"""A rolling restart under load drops no requests."""

from __future__ import annotations

import sys
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterator

import pytest
import requests

from tests.e2e.conftest import Stack
from tests.waiting import wait_until

THREADS, RATE = 8, 30.0


class SteadyRequests:
    """Sends reads and orders to the shop alternately until it is stopped, and records failures."""

    def __init__(self, url: str) -> None:
        self._url, self._stop = url, threading.Event()
        self.answers: Counter[str] = Counter()
        self.failures: list[str] = []
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._run) for _ in range(THREADS)]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(30)
        assert not any(thread.is_alive() for thread in self._threads)

    def _run(self) -> None:
        with requests.Session() as session:
            while not self._stop.wait(THREADS / RATE):
                for ask in (self._read, self._order):
                    began = time.monotonic()
                    try:
                        answer = ask(session)
                    except requests.RequestException as error:
                        self._note("error", f"{ask.__name__} after {time.monotonic() - began:.2f} s: {error!r}")
                    else:
                        text = f"{ask.__name__} after {time.monotonic() - began:.2f} s: {answer.status_code}"
                        said = "" if answer.status_code < 400 else f"{text} {answer.text}"
                        self._note(f"{ask.__name__} {answer.status_code}", said)

    def _read(self, session: requests.Session) -> requests.Response:
        return session.get(f"{self._url}/api/v1/products/brass-desk-lamp", timeout=15)

    def _order(self, session: requests.Session) -> requests.Response:
        body = {"items": [{"product_id": "brass-desk-lamp", "quantity": 1}]}
        # The key is only for consistency: no request is sent twice here.
        headers = {"Idempotency-Key": uuid.uuid4().hex}
        return session.post(f"{self._url}/api/v1/orders", json=body, headers=headers, timeout=15)

    def _note(self, answer: str, failure: str) -> None:
        with self._lock:
            self.answers[answer] += 1
            if failure:
                self.failures.append(failure)

    @property
    def count(self) -> int:
        return sum(self.answers.values())


@pytest.fixture
def load(stack: Stack) -> Iterator[SteadyRequests]:
    """Send requests during the block and stop at its end."""
    load = SteadyRequests(stack.url("nginx"))
    load.start()
    try:
        wait_until("the load to flow", lambda: load.count > 2 * THREADS)
        yield load
    finally:
        load.stop()


def test_a_rolling_restart_drops_no_request(stack: Stack, load: SteadyRequests) -> None:
    """Two rolling restarts of all replicas under steady load cause no connection errors and no 5xx."""
    for replica in ("api-1", "api-2") * 2:
        before = load.count
        done = stack.launcher("restart", replica, seconds=60)
        assert done.returncode == 0, done.stdout + done.stderr
        wait_until("requests to continue", lambda before=before: load.count > before + THREADS)
    load.stop()
    sys.stdout.write(f"{load.count} requests: {dict(load.answers)}\n")
    assert load.failures == []
