"""The counts of the API replicas, read from Prometheus before and after a run, while no customer sends requests."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from lab.clients.errors import NoAnswer
from lab.clients.prometheus import Prometheus

HISTOGRAM = "http_server_request_duration_seconds"
PATIENCE_SECONDS = 30.0
EVERY_SECONDS = 0.5
NOT_CUSTOMERS = "/healthz|/readyz"
"""Routes of health checks, which are requested permanently."""


class Series(NamedTuple):
    """The labels by which the API counts requests."""

    method: str
    route: str
    status: int


@dataclass(frozen=True)
class Reading:
    """The counters of every replica in one scrape. ``started``: start of each process, in seconds since the epoch."""

    counts: Mapping[tuple[str, Series], float]
    buckets: Mapping[tuple[str, float], float]
    """By replica and upper bound."""
    started: Mapping[str, float]

    def since(self, before: Reading) -> Increase:
        """Return the increase since ``before``."""
        counts: Counter[Series] = Counter()
        for (replica, series), value in self.counts.items():
            counts[series] += round(value - before.counts.get((replica, series), 0.0))
        buckets: Counter[float] = Counter()
        for (replica, bound), value in self.buckets.items():
            buckets[bound] += round(value - before.buckets.get((replica, bound), 0.0))
        restarted = tuple(sorted(name for name, at in self.started.items() if before.started.get(name) != at))
        return Increase({series: count for series, count in counts.items() if count}, dict(buckets), restarted)


@dataclass(frozen=True)
class Increase:
    """Requests by series, and cumulatively by upper bound. ``restarted``: replicas whose counters were reset."""

    counts: Mapping[Series, int]
    buckets: Mapping[float, int]
    restarted: tuple[str, ...] = ()

    @property
    def total(self) -> int:
        """The number of all requests."""
        return sum(self.counts.values())

    def bucket(self, q: float) -> tuple[float, float] | None:
        """Return the bounds of the ``q``-quantile's bucket in seconds; ``None`` without requests."""
        bounds = sorted(self.buckets)
        lower = 0.0
        for bound in bounds:
            if self.total and self.buckets[bound] >= q * self.total:
                return lower, bound
            lower = bound
        return None

    def quantile(self, q: float) -> float | None:
        """Return the quantile like PromQL's ``histogram_quantile``, with linear interpolation within the bucket."""
        found = self.bucket(q)
        if found is None:
            return None
        lower, upper = found
        if upper == float("inf"):
            return lower
        below = self.buckets.get(lower, 0)
        return lower + (upper - lower) * (q * self.total - below) / max(1, self.buckets[upper] - below)


class Counters:
    """The API's counters in Prometheus."""

    def __init__(self, prometheus: Prometheus) -> None:
        self._prometheus = prometheus

    def settled(self) -> Reading:
        """Return the counters after the next scrape of every replica.

        Raises:
            NoAnswer: Prometheus does not respond, or has not scraped all of them within 30 s.
        """
        # The API counts a request after it has sent the last byte, shortly after the client has received it.
        since, deadline = time.time() + 0.5, time.monotonic() + PATIENCE_SECONDS
        while True:
            times = self._prometheus.query('timestamp(up{job="api"})')
            states = {row["metric"]["instance"]: row["value"][1] for row in self._prometheus.query('up{job="api"}')}
            scraped = {row["metric"]["instance"]: float(row["value"][1]) for row in times}
            if scraped and min(scraped.values()) > since and set(states.values()) == {"1"}:
                return self._reading(scraped)
            if time.monotonic() > deadline:
                raise NoAnswer(f"{self._prometheus.url} did not scrape every API replica within 30 s: {states}")
            time.sleep(EVERY_SECONDS)

    def _reading(self, scraped: Mapping[str, float]) -> Reading:
        which = f'{{job="api",http_route!~"{NOT_CUSTOMERS}"}}'
        counts: dict[tuple[str, Series], float] = {}
        buckets: Counter[tuple[str, float]] = Counter()
        for labels, value in self._last(f"{HISTOGRAM}_count{which}", scraped):
            series = Series(
                labels["http_request_method"], labels["http_route"], int(labels["http_response_status_code"])
            )
            counts[labels["instance"], series] = value
        for labels, value in self._last(f"{HISTOGRAM}_bucket{which}", scraped):
            buckets[labels["instance"], float(labels["le"])] += round(value)
        started = self._last('process_start_time_seconds{job="api"}', scraped)
        return Reading(counts, buckets, {labels["instance"]: value for labels, value in started})

    def _last(self, selector: str, scraped: Mapping[str, float]) -> Iterator[tuple[dict[str, str], float]]:
        """Return the series that were in each replica's last scrape.

        An instant query looks back five minutes, so after a restart it still finds the counters of the earlier
        processes.
        """
        for row in self._prometheus.query(f"{selector}[1m]"):
            at, value = row["values"][-1]
            # Prometheus returns times in milliseconds, once as a number and once as a string.
            if at > scraped[row["metric"]["instance"]] - 0.002:
                yield row["metric"], float(value)
