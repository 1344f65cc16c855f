"""A module with metrics that is imported by a job only."""

from __future__ import annotations

from prometheus_client import Counter, Histogram, Summary

from library_support.rq_jobs import WORK

_REGISTRY = WORK["telemetry"].registry
_COUNTER = Counter("late_total", "Created in a job", ["colour"], registry=_REGISTRY)
_HISTOGRAM = Histogram("late_seconds", "Created in a job", buckets=(1, 2), registry=_REGISTRY)
_SUMMARY = Summary("late_bytes", "Created in a job", registry=_REGISTRY)


def observe() -> None:
    _COUNTER.labels("red").inc(2)
    _HISTOGRAM.observe(1.5)
    _SUMMARY.observe(10)
