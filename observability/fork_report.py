"""What a forked process observed, reported to its parent.

An RQ work horse is a fork that runs one or a few jobs. Counters that it raises are its own copy, and its spans end with
it. Prometheus' multiprocess mode would leave files behind for every fork; a push for each job would make jobs wait for
telemetry. So the child writes what it added (counters, histograms, summaries and finished spans) into an unlinked
temporary file, and the parent, whose ``/metrics`` is scraped and whose exporter is connected, adds it.

Gauges are not reported: a value that stands for "now" has no meaning after the process has ended.
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

from observability.deferred import settle
from observability.prometheus_internals import additive_metrics, name_of, numbers_of, read_unlocked, series_of

Increase = tuple[str, tuple[str, ...], list[float]]
"""Name of a metric, its label values, and what was added to each of its numbers."""


@dataclass
class ForkReport:
    """What one job left: its outcome, its observations, its spans, and what was noted if it is not sampled."""

    outcome: str
    metrics: list[Increase] = field(default_factory=list)
    spans: list[dict[str, Any]] = field(default_factory=list)
    noted: tuple[dict[str, Any] | None, list[tuple[str, Any, int]] | None] = (None, None)


def open_file() -> IO[bytes]:
    """A file without a name that both sides of a fork hold; a pipe would block a child with a long report.

    They share its offset too, so neither may keep a buffer.
    """
    return tempfile.TemporaryFile(prefix="glasshouse-", buffering=0)


def clear(file: IO[bytes]) -> None:
    """In the parent, before each further job: if the child dies in it, its last report must not be read again."""
    file.seek(0)
    file.truncate()


def write(file: IO[bytes], report: ForkReport) -> None:
    """In the child: write the report."""
    file.write(pickle.dumps(report))


def read(file: IO[bytes]) -> ForkReport | None:
    """In the parent: the child's report, or ``None`` if it died before it had written all of it."""
    file.seek(0)
    try:
        report = pickle.loads(file.read())  # noqa: S301  (written by our own child into a file without a name)
    except (EOFError, pickle.UnpicklingError):
        return None
    return report if isinstance(report, ForkReport) else None


def reset(registry: CollectorRegistry) -> None:
    """In the child, right after the fork: forget the parent's counts, so that what is there later was added."""
    collect_increases(registry)


def collect_increases(registry: CollectorRegistry) -> list[Increase]:
    """In the child, after each job: every series that rose, set back to zero."""
    rose = []
    for metric in additive_metrics(registry):
        for labels, series in series_of(metric):
            settle(series)
            numbers = numbers_of(series)
            # Without locks: no other thread writes here, and there are a thousand of them.
            added = [read_unlocked(number) for number in numbers]
            if any(added):
                rose.append((name_of(metric), labels, added))
                for number in numbers:
                    number.set(0.0)
    return rose


def add_increases(registry: CollectorRegistry, increases: Sequence[Increase]) -> None:
    """In the parent: raise the same series by the same amounts. A metric that it does not know is skipped."""
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
    """The span again, made by ``resource``: the parent's, since both are one service."""
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
    """A span's ids as plain values."""
    if context is None:
        return None
    return context.trace_id, context.span_id, context.is_remote, int(context.trace_flags), dict(context.trace_state)


def load_context(values: tuple[Any, ...] | None) -> SpanContext | None:
    """The ids again."""
    if values is None:
        return None
    trace_id, span_id, is_remote, flags, state = values
    return SpanContext(trace_id, span_id, is_remote, TraceFlags(flags), TraceState(list(state.items())))


def _dump_scope(scope: InstrumentationScope | None) -> tuple[str, str | None, str | None] | None:
    return (scope.name, scope.version, scope.schema_url) if scope else None
