"""Comparison of the load generator's figures with Prometheus' figures. Pure.

Counts must match exactly, for each method, route and status. The API may or may not have counted requests without an
answer or with 502 or 504 from NGINX, and may have counted a request twice that NGINX passed to a second replica; it has
not counted the other responses from NGINX. Quantiles: within a bucket of the API's histogram.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lab.load.tally import API, NO_ANSWER, Histogram, Tally
from lab.load.verify.counters import Increase, Series

QUANTILES = (0.5, 0.95, 0.99, 0.999)
GIVEN_UP = (502, 504)
"""NGINX's statuses for a forwarded request without a response."""
FEWEST_ABOVE = 10
"""A quantile with fewer requests above it is random, so it is shown but not compared."""


@dataclass(frozen=True, slots=True)
class Quantile:
    """One quantile measured by both sides, in seconds. ``agrees`` is ``None`` with too few requests."""

    q: float
    sent: float | None
    counted: float | None
    bucket: tuple[float, float] | None
    lag: float
    """The generator's own delay at this quantile."""
    agrees: bool | None


@dataclass(frozen=True)
class Agreement:
    """``counts`` contains a sentence for each difference."""

    sent: int
    counted: int
    counts: tuple[str, ...]
    quantiles: tuple[Quantile, ...]

    @property
    def differing(self) -> tuple[str, ...]:
        """Return a sentence for each quantile that differs."""
        return tuple(
            f"p{one.q * 100:g}: measured here {milliseconds(one.sent)}, by the API's own clock between "
            f"{milliseconds(one.bucket[0])} and {milliseconds(one.bucket[1])}: the difference is time before "
            f"that clock starts (in NGINX or waiting for a thread) or in this generator ({milliseconds(one.lag)} late)."
            for one in self.quantiles
            if one.agrees is False and one.bucket is not None
        )


def compare(
    tally: Tally, increase: Increase, lag: Histogram, tried_again: Mapping[tuple[str, str], int] | None = None
) -> Agreement:
    """Compare the figures. ``tried_again``: requests that NGINX sent to another replica, by method and route."""
    answered, unanswered = Counter[Series](), Counter[tuple[str, str]](tried_again or {})
    for outcome, histogram in tally.outcomes.items():
        if outcome.by == API:
            answered[Series(outcome.method, outcome.route, outcome.status)] += histogram.total
        elif outcome.by == NO_ANSWER or outcome.status in GIVEN_UP:
            unanswered[outcome.method, outcome.route] += histogram.total
    said = list(_differences(answered, unanswered, increase))
    if said and increase.restarted:
        said.append(f"{', '.join(increase.restarted)} restarted during the run and lost its counts.")
    ours = tally.answered_by(API)
    quantiles = tuple(_quantile(q, ours, increase, lag) for q in QUANTILES)
    return Agreement(answered.total(), increase.total, tuple(said), quantiles)


def _differences(answered: Counter[Series], unanswered: Counter[tuple[str, str]], increase: Increase) -> Sequence[str]:
    said = []
    spare = unanswered.copy()
    for series in sorted({*answered, *increase.counts}):
        ours, theirs = answered[series], increase.counts.get(series, 0)
        name = f"{series.method} {series.route} {series.status}"
        if theirs < ours:
            said.append(
                f"{name}: the API responded to {ours} requests, Prometheus counted {theirs}: "
                f"{ours - theirs} are missing."
            )
        elif theirs > ours:
            # The API may have answered requests that we or NGINX had abandoned.
            void = min(theirs - ours, spare[series.method, series.route])
            spare[series.method, series.route] -= void
            if surplus := theirs - ours - void:
                said.append(
                    f"{name}: the API responded to {ours} of our requests, Prometheus counted {theirs}: "
                    f"{surplus} are from another client."
                )
    return said


def _quantile(q: float, ours: Histogram, increase: Increase, lag: Histogram) -> Quantile:
    sent, bucket, late = ours.quantile(q), increase.bucket(q), lag.quantile(q) or 0.0
    agrees: bool | None = None
    if sent is not None and bucket is not None and ours.total * (1 - q) >= FEWEST_ABOVE:
        bounds = [0.0, *sorted(increase.buckets)]
        low, high = bounds.index(bucket[0]), bounds.index(bucket[1])
        # One bucket to either side. The generator's delay in reading the response is not caused by the API.
        agrees = bounds[max(0, low - 1)] <= sent and sent - late <= bounds[min(len(bounds) - 1, high + 1)]
    return Quantile(q, sent, increase.quantile(q), bucket, late, agrees)


def milliseconds(seconds: float | None) -> str:
    """Format seconds for display."""
    if seconds is None:
        return "–"
    if seconds == float("inf"):
        return "∞"
    return f"{seconds * 1000:.3g} ms" if seconds < 1 else f"{seconds:.2f} s"
