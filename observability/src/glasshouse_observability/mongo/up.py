"""Whether MongoDB accepts writes, checked at each scrape: ``mongodb_up``, with the meaning it has in an exporter."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from pymongo import MongoClient
from pymongo.errors import PyMongoError

from glasshouse_observability.mongo.methods import not_observed
from glasshouse_observability.single_flight import SingleFlight

PATIENCE_SECONDS = 1.5
"""Seconds, for server selection and again for the response: both together stay below the time limit of a scrape."""


class MongoUp(Collector):
    """``mongodb_up``: 1 if a primary answers ``hello`` in time, else 0; ``mongodb_ping_seconds``: how long that took.

    The check has its own client, because an exhausted pool of the process must not be reported as a server that is
    down. One process of a system is enough for this check, and simultaneous scrapes share one result.
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
        """Return only the names, so that registration sends no request to the server."""
        return (GaugeMetricFamily("mongodb_up", ""), GaugeMetricFamily("mongodb_ping_seconds", ""))

    def collect(self) -> Iterable[Metric]:
        """Check the server."""
        answers, seconds = self._asking.do("hello", self._ask)
        yield GaugeMetricFamily("mongodb_up", "Whether a MongoDB primary responds", value=float(answers))
        yield GaugeMetricFamily("mongodb_ping_seconds", "Time until MongoDB responded or the check timed out", seconds)

    def _ask(self) -> tuple[bool, float]:
        started = time.perf_counter()
        try:
            with not_observed():
                is_primary = bool(self._client.admin.command("hello").get("isWritablePrimary"))
        except PyMongoError:
            is_primary = False
        return is_primary, time.perf_counter() - started

    def close(self) -> None:
        """Close the connections."""
        self._client.close()
