"""What a forked process observed, carried home to its parent.

An RQ work-horse is a fork that lives for a job or some. Counters it raises are its own copy, and spans it makes die
with it. Prometheus' multiprocess mode would leave files behind for every fork; a push for each job would make jobs
wait for telemetry. So the child writes what it added (counters, histograms, summaries and finished spans) into an
unlinked temporary file, and the parent, whose ``/metrics`` is scraped and whose exporter is connected, adds it.

Gauges are not carried: a value that stands for "now" has no meaning after the process has gone.
"""

from __future__ import annotations

import pickle
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import IO, Any

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, SpanContext, Status, TraceFlags, TraceState
from prometheus_client import CollectorRegistry

from observability.deferred import settle

_CARRIED_TYPES = frozenset({"counter", "histogram", "summary"})

Carried = tuple[str, tuple[str, ...], list[float]]
"""Name of a metric, its label values, and what was added to each of its numbers."""


@dataclass
class Report:
    """What one job left: its outcome, its observations, its spans, and what was noted if it is not sampled."""

    outcome: str
    metrics: list[Carried] = field(default_factory=list)
    spans: list[dict[str, Any]] = field(default_factory=list)
    noted: tuple[dict[str, Any] | None, list[tuple[str, Any, int]] | None] = (None, None)


def open_bag() -> IO[bytes]:
    """A file without a name that both sides of a fork hold; a pipe would block a child that has much to tell.

    They share its offset too, so neither may keep a buffer.
    """
    return tempfile.TemporaryFile(prefix="glasshouse-", buffering=0)


def empty(bag: IO[bytes]) -> None:
    """In the parent, before each further job: a child that dies in it must not be heard with its last report."""
    bag.seek(0)
    bag.truncate()


def pack(bag: IO[bytes], report: Report) -> None:
    """In the child: write the report."""
    bag.write(pickle.dumps(report))


def unpack(bag: IO[bytes]) -> Report | None:
    """In the parent: the child's report, or ``None`` if it died before it had written all of it."""
    bag.seek(0)
    try:
        report = pickle.loads(bag.read())  # noqa: S301  (written by our own child into a file without a name)
    except (EOFError, pickle.UnpicklingError):
        return None
    return report if isinstance(report, Report) else None


def set_to_zero(registry: CollectorRegistry) -> None:
    """In the child, right after the fork: forget the parent's counts, so that what is there later was added."""
    taken(registry)


def taken(registry: CollectorRegistry) -> list[Carried]:
    """In the child, after each job: every series that rose, set back to zero."""
    rose = []
    for name, labels, numbers in _children(registry):
        # Read past their locks: nobody else writes here, and there are a thousand of them.
        values = [number._value for number in numbers]
        if any(values):
            rose.append((name, labels, values))
            for number in numbers:
                number.set(0.0)
    return rose


def add(registry: CollectorRegistry, carried: Sequence[Carried]) -> None:
    """In the parent: raise the same series by the same amounts. A metric it does not know is passed over."""
    metrics = {metric._name: metric for metric in _metrics(registry)}
    for name, labels, values in carried:
        metric = metrics.get(name)
        if metric is None:
            continue
        child = metric.labels(*labels) if labels else metric
        for number, value in zip(_numbers(child), values, strict=True):
            number.inc(value)


def _metrics(registry: CollectorRegistry) -> Iterator[Any]:
    # prometheus_client has no public way to walk a registry's own metrics; these names are stable since 0.7.
    for metric in set(registry._names_to_collectors.values()):
        # By their word for it: isinstance goes through typing.Protocol here, which took longer than all the rest.
        if getattr(metric, "_type", None) in _CARRIED_TYPES:
            yield metric


def _children(registry: CollectorRegistry) -> Iterator[tuple[str, tuple[str, ...], list[Any]]]:
    for metric in _metrics(registry):
        if metric._labelnames:
            for labels, child in list(metric._metrics.items()):
                yield metric._name, labels, _numbers(child)
        else:
            yield metric._name, (), _numbers(metric)


def _numbers(child: Any) -> list[Any]:
    settle(child)
    if child._type == "histogram":
        return [child._sum, *child._buckets]
    if child._type == "summary":
        return [child._sum, child._count]
    return [child._value]


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
