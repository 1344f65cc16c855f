"""A light load at a steady rate. Open loop: each request is sent at its time, regardless of earlier ones."""

from __future__ import annotations

import contextlib
import random
import secrets
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import requests
from pymongo.errors import PyMongoError

from lab.clients.errors import NoAnswer
from lab.clients.http import direct_session
from lab.clients.running_stack import RunningStack
from lab.clients.shop import ShopClient
from lab.drills.interfaces import Orders, Tally
from lab.drills.spec.model import Load
from lab.drills.traffic.hits import Hit, Hits
from lab.drills.traffic.settling import Begun, retry_dead_letters, settle
from lab.orders.plan import Expectation, Wish
from lab.orders.sender import Sent

THREADS = 64
REQUEST_SECONDS = 15.0
# One in this many reads is of the list, the others are of one product.
LIST_EVERY = 3
# The inbox shows 1,000 items at a time.
LOOK_EVERY = 200


class LightLoad:
    """``lab.drills.interfaces.Shoppers``. ``alone``: no other client places orders, so stock is also audited."""

    def __init__(self, instance: RunningStack, alone: bool = True) -> None:
        self._instance, self._alone = instance, alone
        self._api = f"{instance.url('nginx')}/api/v1"
        self._hits = Hits()
        self._local = threading.local()
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []
        self._pool: ThreadPoolExecutor | None = None
        self._sent: list[Sent] = []
        self._revived = 0
        self._products: Sequence[dict[str, Any]] = ()
        self._begun: Begun | None = None

    def start(self, load: Load) -> None:
        """Read the products and the ledgers, and start the load."""
        self._products = sorted(
            ShopClient(self._instance).catalogue(), key=lambda product: (-product["stock"], product["id"])
        )[:20]
        self._begun = Begun.now(self._instance, f"drill-{secrets.token_hex(4)}")
        self._sent, self._revived, self._stop = [], 0, threading.Event()
        self._pool = ThreadPoolExecutor(THREADS, "light-load")
        self._threads = [
            threading.Thread(target=self._tick, args=(rate, one), daemon=True)
            for rate, one in ((load.reads, self._read), (load.orders, self._order))
            if rate > 0
        ]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Stop the load and wait for requests in flight."""
        self._stop.set()
        for thread in self._threads:
            thread.join()
        self._threads = []
        if self._pool is not None:
            self._pool.shutdown(wait=True)
            self._pool = None

    def tally(self, start: float, end: float) -> Tally:
        """Return the counts between two times."""
        return self._hits.tally(start, end)

    def revive(self) -> None:
        """Retry the dead letters of this load only."""
        if self._begun is None:
            return
        try:
            self._revived += retry_dead_letters(self._instance, self._begun)
        except (PyMongoError, requests.RequestException) as error:
            raise NoAnswer(f"dead letters cannot be retried ({type(error).__name__})") from error

    def settle(self, seconds: float) -> Orders:
        """Resend orders without a response, wait until all are final and audit the ledgers."""
        if self._begun is None:
            return Orders()
        orders = settle(self._instance, self._begun, self._sent, seconds, self._alone)
        return replace(orders, dead_letters=orders.dead_letters + self._revived)

    def _tick(self, rate: float, one: Any) -> None:
        start, number = time.monotonic(), 0
        while not self._stop.wait(max(0.0, start + number / rate - time.monotonic())):
            if self._pool is not None:
                self._pool.submit(one, number)
            number += 1

    def _read(self, number: int) -> None:
        if number % LIST_EVERY:
            self._ask("GET", f"/products/{random.choice(self._products)['id']}")  # noqa: S311
        else:
            self._ask("GET", "/products?limit=20")

    def _order(self, number: int) -> None:
        begun = self._begun
        if begun is None:
            return
        if number % LOOK_EVERY == LOOK_EVERY - 1:
            with contextlib.suppress(requests.RequestException):
                begun.mailbag.look()
        product = random.choice(self._products)["id"]  # noqa: S311
        one = Sent(Wish(f"{begun.prefix}-{number:05d}", ((product, 1),), None, Expectation.CONFIRMED), time.monotonic())
        self._sent.append(one)
        one.attempts = 1
        answer = self._ask("POST", "/orders", json=one.wish.body, headers={"Idempotency-Key": one.wish.key})
        if answer is not None and answer.status_code == 202:
            one.order_id, one.promised_at = str(answer.json()["id"]), time.monotonic()

    def _ask(self, method: str, path: str, **options: Any) -> requests.Response | None:
        if not hasattr(self._local, "session"):
            self._local.session = direct_session()
        began = time.monotonic()
        answer: requests.Response | None
        try:
            answer = self._local.session.request(method, f"{self._api}{path}", timeout=REQUEST_SECONDS, **options)
        except requests.RequestException:
            answer = None
        self._hits.add(
            Hit(
                time.time(),
                answer.status_code if answer is not None else 0,
                time.monotonic() - began,
                # NGINX's own responses have a request id, but no trace.
                answer is not None and "X-Trace-ID" in answer.headers,
            )
        )
        return answer
