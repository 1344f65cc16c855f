"""Whether MongoDB accepts writes, checked at each scrape: `mongodb_up`, as an exporter would report it."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from pymongo import MongoClient
from pymongo.errors import PyMongoError

from observability.single_flight import SingleFlight

PATIENCE_SECONDS = 1.5
"""For finding a server and again for its answer: both together stay below the time that a scrape may take."""


class MongoUp(Collector):
    """``mongodb_up``: 1 if a primary answers ``hello`` in time, else 0; ``mongodb_ping_seconds``: how long that took.

    The client is its own: a pool that the process has used up must not pass for a server that is down. One process of
    a system is enough to ask, and scrapes at the same time share one answer.
    """

    def __init__(self, url: str, registry: CollectorRegistry, patience: float = PATIENCE_SECONDS) -> None:
        milliseconds = int(patience * 1000)
        self._client: MongoClient[dict[str, Any]] = MongoClient(
            url,
            appname="mongodb_up",
            maxPoolSize=2,
            serverSelectionTimeoutMS=milliseconds,
            connectTimeoutMS=milliseconds,
            socketTimeoutMS=milliseconds,
        )
        self._asking: SingleFlight[tuple[bool, float]] = SingleFlight()
        registry.register(self)

    def describe(self) -> Iterable[Metric]:
        """Names alone, so that registering asks nothing of the server."""
        return (GaugeMetricFamily("mongodb_up", ""), GaugeMetricFamily("mongodb_ping_seconds", ""))

    def collect(self) -> Iterable[Metric]:
        """Ask."""
        answers, seconds = self._asking.do("hello", self._ask)
        yield GaugeMetricFamily("mongodb_up", "Whether a primary of MongoDB answers", value=float(answers))
        yield GaugeMetricFamily("mongodb_ping_seconds", "How long MongoDB took to answer, or to be given up", seconds)

    def _ask(self) -> tuple[bool, float]:
        started = time.perf_counter()
        try:
            is_primary = bool(self._client.admin.command("hello").get("isWritablePrimary"))
        except PyMongoError:
            is_primary = False
        return is_primary, time.perf_counter() - started

    def close(self) -> None:
        """Close the connections."""
        self._client.close()
