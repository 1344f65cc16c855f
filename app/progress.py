"""The progress of one order as server-sent events."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import orjson
from flask import Response
from opentelemetry.instrumentation.utils import suppress_instrumentation
from prometheus_client import CollectorRegistry, Gauge

from shop.domain.errors import Unavailable
from shop.domain.order import Order
from shop.ports import Orders

LOOK_EVERY_SECONDS = 0.25
HEARTBEAT_SECONDS = 5.0
"""Seconds between comments, which keep proxies from closing an idle stream."""
LONGEST_SECONDS = 30.0
"""Seconds after which the stream ends.

A browser's EventSource then reconnects and sends the last event id that it has.
"""


class TooManyStreams(Unavailable):
    """This replica has reached its limit of open streams."""


class Progress:
    """Streams of order states.

    Each occupies a thread, so at most ``most`` are open at a time: other requests need threads.
    """

    def __init__(
        self,
        orders: Orders,
        most: int,
        registry: CollectorRegistry,
        clock: Callable[[], float] = time.monotonic,
        longest: float = LONGEST_SECONDS,
        stopping: Callable[[], bool] = lambda: False,
    ) -> None:
        """``stopping`` is set at shutdown: streams end then, and clients resume them at another replica."""
        self._orders, self._clock, self._longest, self._stopping = orders, clock, longest, stopping
        self._places = threading.BoundedSemaphore(most)
        self._open = Gauge("shop_order_streams", "Open streams of order progress", registry=registry)

    def stream(self, order: Order, last_seen: str | None) -> Response:
        """Yield the states after the one numbered ``last_seen``, then each new one, until the final state.

        Raises:
            TooManyStreams: the limit is reached; poll the order instead.
        """
        if not self._places.acquire(blocking=False):
            raise TooManyStreams("Too many streams are open; poll the order instead, or try again in a few seconds.")
        self._open.inc()
        seen = int(last_seen) + 1 if last_seen is not None and last_seen.isdecimal() and len(last_seen) < 4 else 0
        response = Response(self._events(order, seen), content_type="text/event-stream")
        response.call_on_close(self._leave)
        response.headers["Cache-Control"] = "no-store"
        # NGINX would otherwise buffer the events.
        response.headers["X-Accel-Buffering"] = "no"
        return response

    def _leave(self) -> None:
        self._open.dec()
        self._places.release()

    def _events(self, order: Order, seen: int) -> Iterator[bytes]:
        deadline = self._clock() + self._longest
        pause, heard = threading.Event(), self._clock()
        yield b"retry: 1000\n\n"
        while True:
            for number, step in enumerate(order.history[seen:], start=seen):
                data = orjson.dumps({"id": order.id, "status": str(step.status), "at": step.at.isoformat()})
                yield b"id: %d\nevent: %s\ndata: %s\n\n" % (number, str(step.status).encode(), data)
            seen = max(seen, len(order.history))
            if self._clock() >= heard + HEARTBEAT_SECONDS:
                heard = self._clock()
                yield b": waiting\n\n"
            if order.final or self._clock() > deadline or self._stopping():
                return
            pause.wait(LOOK_EVERY_SECONDS)
            try:
                # Four polls per second would only add noise: they leave no spans.
                with suppress_instrumentation():
                    order = self._orders.get(order.id)
            except Unavailable:
                yield b": the database does not respond\n\n"
