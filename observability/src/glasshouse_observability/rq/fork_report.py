"""Reports of a forked process's observations to its parent.

An RQ work horse is a fork that runs one or a few jobs. The counters it increments are copies, and its spans are lost
when it exits. Prometheus' multiprocess mode would leave files behind for every fork; a push for each job would delay
jobs. So the child writes its increments (counters, histograms and summaries) and its finished spans into an unlinked
temporary file. The parent, which serves ``/metrics`` and exports spans, adds them.

Gauges are not reported, because a current value has no meaning after the process has ended.
"""

from __future__ import annotations

import pickle
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import IO, Any

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, SpanContext, Status, TraceFlags, TraceState
from prometheus_client import CollectorRegistry

from glasshouse_observability.metrics.deferred import settle
from glasshouse_observability.metrics.prometheus_internals import (
    additive_metrics,
    name_of,
    numbers_of,
    read_unlocked,
    series_of,
)

Increase = tuple[str, tuple[str, ...], list[float]]
"""The name of a metric, its label values, and the increments of its numbers."""


@dataclass
class ForkReport:
    """The result of one job: its outcome, observations, spans, and the data noted on its span if it is not sampled."""

    outcome: str
    metrics: list[Increase] = field(default_factory=list)
    spans: list[dict[str, Any]] = field(default_factory=list)
    noted: tuple[dict[str, Any] | None, list[tuple[str, Any, int]] | None] = (None, None)


def open_file() -> IO[bytes]:
    """An unnamed file that both sides of a fork hold; a pipe would block a child that writes a long report.

    Both sides also share its offset, so neither side may buffer.
    """
    return tempfile.TemporaryFile(prefix="glasshouse-", buffering=0)


def clear(file: IO[bytes]) -> None:
    """In the parent, before each further job: clear the file, so that an old report is not reused."""
    file.seek(0)
    file.truncate()


def write(file: IO[bytes], report: ForkReport) -> None:
    """In the child: write the report."""
    file.write(pickle.dumps(report))


def read(file: IO[bytes]) -> ForkReport | None:
    """In the parent: return the child's report, or ``None`` if it died before the report was complete."""
    file.seek(0)
    try:
        report = pickle.loads(file.read())  # noqa: S301  (written by our own child into a file without a name)
    except (EOFError, pickle.UnpicklingError):
        return None
    return report if isinstance(report, ForkReport) else None


def reset(registry: CollectorRegistry) -> None:
    """In the child, right after the fork: reset the parent's counts, so that later values are increments."""
    collect_increases(registry)


def collect_increases(registry: CollectorRegistry) -> list[Increase]:
    """In the child, after each job: return every series that has increased, and reset it to zero."""
    rose = []
    for metric in additive_metrics(registry):
        for labels, series in series_of(metric):
            settle(series)
            numbers = numbers_of(series)
            # No locks: no other thread writes here, and there are 1,000 of them.
            added = [read_unlocked(number) for number in numbers]
            if any(added):
                rose.append((name_of(metric), labels, added))
                for number in numbers:
                    number.set(0.0)
    return rose


def add_increases(registry: CollectorRegistry, increases: Sequence[Increase]) -> None:
    """In the parent: increase the same series by the same amounts.

    A metric that the parent does not have is skipped.
    """
    metrics = {name_of(metric): metric for metric in additive_metrics(registry)}
    for name, labels, values in increases:
        metric = metrics.get(name)
        if metric is None:
            continue
        for number, value in zip(numbers_of(metric.labels(*labels) if labels else metric), values, strict=True):
            number.inc(value)


def dump_span(span: ReadableSpan) -> dict[str, Any]:
    """A finished span as plain values; the SDK's own object holds locks and cannot be pickled."""
    return {
        "name": span.name,
        "context": dump_context(span.context),
        "parent": dump_context(span.parent),
        "kind": span.kind,
        "start_time": span.start_time,
        "end_time": span.end_time,
        "status": (span.status.status_code, span.status.description),
        "instrumentation_scope": _dump_scope(span.instrumentation_scope),
        "attributes": dict(span.attributes or {}),
        "events": [(e.name, dict(e.attributes or {}), e.timestamp) for e in span.events],
        "links": [(dump_context(link.context), dict(link.attributes or {})) for link in span.links],
    }


def load_span(values: dict[str, Any], resource: Resource) -> ReadableSpan:
    """Return the span with ``resource``, which is the parent's because both processes are one service."""
    events = [Event(name, attributes, timestamp) for name, attributes, timestamp in values["events"]]
    links = [Link(context, noted) for ids, noted in values["links"] if (context := load_context(ids)) is not None]
    scope = values["instrumentation_scope"]
    loaded = {
        "context": load_context(values["context"]),
        "parent": load_context(values["parent"]),
        "status": Status(*values["status"]),
        "instrumentation_scope": InstrumentationScope(*scope) if scope else None,
        "events": events,
        "links": links,
    }
    return ReadableSpan(**{**values, **loaded}, resource=resource)


def dump_context(context: SpanContext | None) -> tuple[Any, ...] | None:
    """Return a span's ids as plain values."""
    if context is None:
        return None
    return context.trace_id, context.span_id, context.is_remote, int(context.trace_flags), dict(context.trace_state)


def load_context(values: tuple[Any, ...] | None) -> SpanContext | None:
    """Return the ids as a span context."""
    if values is None:
        return None
    trace_id, span_id, is_remote, flags, state = values
    return SpanContext(trace_id, span_id, is_remote, TraceFlags(flags), TraceState(list(state.items())))


def _dump_scope(scope: InstrumentationScope | None) -> tuple[str, str | None, str | None] | None:
    return (scope.name, scope.version, scope.schema_url) if scope else None
