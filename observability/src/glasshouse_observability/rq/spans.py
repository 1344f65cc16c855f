"""Finished spans as plain values, and the current span of a job's code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    TraceState,
)
from opentelemetry.util.types import Attributes, AttributeValue

from glasshouse_observability.traces.unsampled import UnsampledSpan


class SpanOfJob(NonRecordingSpan):
    """The current span of a sampled job's code: it collects what the job adds to the job's span.

    A work horse has only a copy of that span, to which additions would be lost.
    """

    def __init__(self, ids: SpanContext) -> None:
        super().__init__(ids)
        self.collected = UnsampledSpan()

    def is_recording(self) -> bool:
        """Return true: what the job adds is exported."""
        return True

    def set_attribute(self, key: str, value: AttributeValue) -> None:
        """Store the attribute for the job's span."""
        self.collected.set_attribute(key, value)

    def set_attributes(self, attributes: Mapping[str, AttributeValue]) -> None:
        """Store the attributes for the job's span."""
        self.collected.set_attributes(attributes)

    def add_event(self, name: str, attributes: Attributes = None, timestamp: int | None = None) -> None:
        """Store the event for the job's span."""
        self.collected.add_event(name, attributes, timestamp)

    def record_exception(
        self,
        exception: BaseException,
        attributes: Attributes = None,
        timestamp: int | None = None,
        escaped: bool = False,
    ) -> None:
        """Store the exception for the job's span as OpenTelemetry's event ``exception``."""
        self.collected.record_exception(exception, attributes, timestamp, escaped)


def dump_span(span: ReadableSpan) -> dict[str, Any]:
    """A finished span as plain values; the SDK's own object holds locks and cannot be copied to another process."""
    return {
        "name": span.name,
        "context": dump_context(span.context),
        "parent": dump_context(span.parent),
        "kind": span.kind.value,
        "start_time": span.start_time,
        "end_time": span.end_time,
        "status": (span.status.status_code.value, span.status.description),
        "instrumentation_scope": _dump_scope(span.instrumentation_scope),
        "attributes": dict(span.attributes or {}),
        "events": [(e.name, dict(e.attributes or {}), e.timestamp) for e in span.events],
        "links": [(dump_context(link.context), dict(link.attributes or {})) for link in span.links],
    }


def load_span(values: dict[str, Any], resource: Resource) -> ReadableSpan:
    """Return the span with ``resource``, which is the parent's because both processes are one service."""
    events = [Event(name, attributes, timestamp) for name, attributes, timestamp in values["events"]]
    links = [Link(context, noted) for ids, noted in values["links"] if (context := load_context(ids)) is not None]
    scope, (status, description) = values["instrumentation_scope"], values["status"]
    loaded = {
        "context": load_context(values["context"]),
        "parent": load_context(values["parent"]),
        "kind": SpanKind(values["kind"]),
        "status": Status(StatusCode(status), description),
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
