"""Orders sent at a steady rate, each repeated with its Idempotency-Key until it is accepted.

Open loop: each order is sent at its time, regardless of earlier ones. A retry is scheduled like a new order,
so that no thread sleeps.
"""

from __future__ import annotations

import heapq
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import requests

from lab.clients.http import direct_session
from lab.orders.plan import Wish

THREADS = 96
REQUEST_SECONDS = 20.0
FIRST_PAUSE, LONGEST_PAUSE = 0.25, 5.0
AGAIN = (429, 500, 502, 503, 504)


@dataclass
class Sent:
    """The outcome of one order. Times are from ``time.monotonic``; ``order_id`` is ``None`` until it is accepted."""

    wish: Wish
    due: float
    attempts: int = 0
    order_id: str | None = None
    promised_at: float | None = None
    refused: str | None = None
    longest: float = 0.0
    """The longest duration of a request, in seconds."""

    @property
    def settled(self) -> bool:
        """Whether it was accepted or permanently refused."""
        return self.order_id is not None or self.refused is not None


@dataclass
class Sender:
    """Sends orders to ``url``; ``tokens`` are the customers' access tokens."""

    url: str
    tokens: Sequence[str] = ()
    threads: int = THREADS
    answers: Counter[str] = field(default_factory=Counter)
    """The number of responses by status, or by the name of a connection error."""

    def __post_init__(self) -> None:
        self._local = threading.local()
        self._changed = threading.Condition()
        self._heap: list[tuple[float, int, Sent]] = []
        self.sent: list[Sent] = []

    @property
    def promised(self) -> int:
        """The number of orders with a 202."""
        return sum(one.order_id is not None for one in self.sent)

    def send(self, wishes: Sequence[Wish], rate: float, patience: float, on_progress: Callable[[], None]) -> list[Sent]:
        """Send all orders at ``rate`` per second. Unsettled ones are abandoned ``patience`` seconds after the last.

        ``on_progress`` is called several times a second.
        """
        start = time.monotonic()
        self.sent = [Sent(wish, start + number / rate) for number, wish in enumerate(wishes)]
        self._heap = [(one.due, number, one) for number, one in enumerate(self.sent)]
        give_up = start + len(wishes) / rate + patience
        open_ones = len(self.sent)
        with ThreadPoolExecutor(self.threads) as pool:
            while open_ones and time.monotonic() < give_up:
                on_progress()
                with self._changed:
                    now = time.monotonic()
                    while self._heap and self._heap[0][0] <= now:
                        pool.submit(self._attempt, heapq.heappop(self._heap)[2])
                    self._changed.wait(min(0.2, max(0.0, self._heap[0][0] - now)) if self._heap else 0.2)
                open_ones = sum(not one.settled for one in self.sent)
        return self.sent

    def _attempt(self, one: Sent) -> None:
        one.attempts += 1
        began = time.monotonic()
        pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (one.attempts - 1)) * random.uniform(0.5, 1.0)  # noqa: S311
        try:
            answer = self._post(one.wish)
        except requests.RequestException as error:
            said = type(error).__name__
        else:
            said = str(answer.status_code)
            pause = _asked_for(answer) or pause
            if answer.status_code == 202:
                one.order_id, one.promised_at = str(answer.json()["id"]), time.monotonic()
            elif answer.status_code not in AGAIN:
                one.refused = f"{answer.status_code} {answer.text[:200]}"
        with self._changed:
            one.longest = max(one.longest, time.monotonic() - began)
            self.answers[said] += 1
            if not one.settled:
                heapq.heappush(self._heap, (time.monotonic() + pause, id(one), one))
            self._changed.notify()

    def _post(self, wish: Wish) -> requests.Response:
        if not hasattr(self._local, "session"):
            self._local.session = direct_session()
        headers = {"Idempotency-Key": wish.key}
        if wish.customer is not None:
            headers["Authorization"] = f"Bearer {self.tokens[wish.customer]}"
        session: requests.Session = self._local.session
        return session.post(f"{self.url}/api/v1/orders", json=wish.body, headers=headers, timeout=REQUEST_SECONDS)


def _asked_for(answer: requests.Response) -> float | None:
    """``Retry-After`` in seconds with jitter, so that clients that were rejected together do not retry together."""
    value = answer.headers.get("Retry-After", "")
    return min(float(value), 30.0) * random.uniform(1.0, 1.25) if value.isdecimal() else None  # noqa: S311
