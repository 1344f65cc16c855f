"""Reports of a forked process's observations to its parent.

An RQ work horse is a fork that runs one or a few jobs. The counters it increments are copies, and its spans are lost
when it exits. Prometheus' multiprocess mode would leave files behind for every fork; a push for each job would delay
jobs. So the child writes its increments (counters, histograms and summaries) and its finished spans into an unnamed
file. The parent, which serves ``/metrics`` and exports spans, adds them.

Gauges are not reported, because a current value has no meaning after the process has ended.

The format is ``marshal``: it contains only Python's built-in types, so the parent imports nothing to read a report.
"""

from __future__ import annotations

import marshal
import os
import tempfile
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import IO, Any

from prometheus_client import CollectorRegistry
from prometheus_client.metrics import MetricWrapperBase

from glasshouse_observability.metrics.deferred import settle
from glasshouse_observability.metrics.prometheus_internals import (
    Definition,
    additive_metrics,
    definition_of,
    name_of,
    numbers_of,
    read_unlocked,
    series_of,
)
from glasshouse_observability.rq.plain import plain

Increase = tuple[str, tuple[str, ...], list[float]]
"""The name of a metric, its label values, and the increments of its numbers."""


@dataclass
class ForkReport:
    """The result of one job: its outcome, observations and spans, and what the job added to its own span."""

    outcome: str
    metrics: list[Increase] = field(default_factory=list)
    spans: list[dict[str, Any]] = field(default_factory=list)
    attributes: dict[str, Any] | None = None
    events: list[tuple[str, Any, int]] | None = None
    created: list[Definition] = field(default_factory=list)
    """Metrics with increments that did not exist when the process was forked."""
    retried: bool = False


def open_file() -> IO[bytes]:
    """An unnamed file that both sides of a fork hold; a pipe would block a child that writes a long report.

    Both sides also share its offset, so neither side may buffer. On Linux it is in memory, so a container with a
    read-only file system works too.

    Raises:
        OSError: it cannot be created.
    """
    if hasattr(os, "memfd_create"):
        return open(os.memfd_create("job-report"), "w+b", buffering=0)
    return tempfile.TemporaryFile(prefix="job-report-", buffering=0)


def clear(file: IO[bytes]) -> None:
    """In the parent, before each further job: clear the file, so that an old report is not reused."""
    file.seek(0)
    file.truncate()


def write(file: IO[bytes], report: ForkReport) -> None:
    """In the child: write the report. Values of other than built-in types are replaced by their text.

    Raises:
        OSError: the file cannot be written.
    """
    values = tuple(report.__dict__.values())
    try:
        content = marshal.dumps(values)
    except ValueError:
        content = marshal.dumps(plain(values))
    left = memoryview(content)
    while left:
        left = left[file.write(left) :]


def read(file: IO[bytes]) -> ForkReport | None:
    """In the parent: return the child's report, or ``None`` if it died before the report was complete."""
    file.seek(0)
    try:
        return ForkReport(*marshal.loads(file.read()))  # noqa: S302  (written by our own child into a file without a name)
    except (EOFError, ValueError, TypeError):
        return None


def reset(registry: CollectorRegistry) -> frozenset[str]:
    """In the child, right after the fork: reset the parent's counts, so that later values are increments.

    Returns the names of the metrics that the parent has.
    """
    collect_increases(registry)
    return frozenset(name_of(metric) for metric in additive_metrics(registry))


def collect_increases(registry: CollectorRegistry) -> list[Increase]:
    """In the child, after each job: return every series that has increased, and reset it to zero."""
    return [increase for _, increase in _increased(registry)]


def collect(registry: CollectorRegistry, known: Collection[str]) -> tuple[list[Increase], list[Definition]]:
    """As ``collect_increases``; also return the definitions of those metrics whose names are not in ``known``."""
    increases, created = [], {}
    for metric, increase in _increased(registry):
        increases.append(increase)
        if increase[0] not in known and increase[0] not in created:
            created[increase[0]] = definition_of(metric)
    return increases, list(created.values())


def _increased(registry: CollectorRegistry) -> Iterator[tuple[MetricWrapperBase, Increase]]:
    for metric in additive_metrics(registry):
        for labels, series in series_of(metric):
            settle(series)
            numbers = numbers_of(series)
            # No locks: no other thread writes here, and there are 1,000 of them.
            added = [read_unlocked(number) for number in numbers]
            if any(added):
                for number in numbers:
                    number.set(0.0)
                yield metric, (name_of(metric), labels, added)


def add_increases(registry: CollectorRegistry, increases: Sequence[Increase]) -> tuple[list[Increase], list[Increase]]:
    """In the parent: increase the same series by the same amounts.

    Returns those that the parent does not have, and those of which the parent has other labels or buckets.
    """
    metrics = {name_of(metric): metric for metric in additive_metrics(registry)}
    unknown, different = [], []
    for increase in increases:
        name, labels, values = increase
        metric = metrics.get(name)
        if metric is None:
            unknown.append(increase)
            continue
        try:
            for number, value in zip(numbers_of(metric.labels(*labels) if labels else metric), values, strict=True):
                number.inc(value)
        except (ValueError, AttributeError):
            different.append(increase)
    return unknown, different
