"""What stands in for the span of work that is not sampled, and the span made of it if it fails or is slow."""

from __future__ import annotations

import random
import time
from collections.abc import Mapping
from typing import Any

from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.instrumentation.utils import suppress_instrumentation
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Span, SpanContext, SpanKind, Status, StatusCode, TraceFlags
from opentelemetry.util.types import Attributes, AttributeValue

from observability.exceptions import exception_fields

REASON = "sampling.reason"
"""The attribute of a span that was made afterwards: why. Absent from all others."""
MOST_NOTED = 128
"""OpenTelemetry's own bound on the attributes and on the events of one span."""

with suppress_instrumentation():
    # The database and HTTP instrumentations ask for this before they do anything.
    _SUPPRESSED = otel_context.get_current()
(_CURRENT_SPAN,) = trace.set_span_in_context(trace.INVALID_SPAN, Context())
"""The key of the current span in a context."""


class UnsampledSpan(Span):
    """Ids for the log lines and for whoever is called, marked "not sampled"; keeps what is noted on it, for later."""

    __slots__ = ("_context", "_status", "attributes", "events", "parent", "span_id", "trace_id")

    def __init__(self, parent: SpanContext | None = None) -> None:
        """A root, or the child of ``parent``, somebody else's span that was not sampled either."""
        self.parent = parent
        self.trace_id = f"{random.getrandbits(128) or 1 if parent is None else parent.trace_id:032x}"
        self.span_id = f"{random.getrandbits(64) or 1:016x}"
        self.attributes: dict[str, Any] | None = None
        self.events: list[tuple[str, Attributes, int]] | None = None
        self._context: SpanContext | None = None
        self._status: Status | None = None

    @classmethod
    def again(cls, ids: SpanContext, parent: SpanContext | None) -> UnsampledSpan:
        """The same in another process; what is noted on it there is brought home by whoever made it."""
        span = cls(parent)
        span.trace_id, span.span_id = f"{ids.trace_id:032x}", f"{ids.span_id:016x}"
        return span

    def attach(self) -> Any:
        """Make it the current span, under which no instrumentation makes spans; returns the token to detach it."""
        return otel_context.attach(Context({**_SUPPRESSED, _CURRENT_SPAN: self}))

    def within(self) -> Context:
        """The context in which it is the current span."""
        return Context({**_SUPPRESSED, _CURRENT_SPAN: self})

    def get_span_context(self) -> SpanContext:
        """Its ids, not sampled."""
        if self._context is None:
            self._context = self._ids(TraceFlags.DEFAULT)
        return self._context

    def is_recording(self) -> bool:
        """No: whoever asks need not gather anything."""
        return False

    def set_attribute(self, key: str, value: AttributeValue) -> None:
        """Keep it, in case a span is made."""
        if self.attributes is None:
            self.attributes = {}
        if len(self.attributes) < MOST_NOTED:
            self.attributes[key] = value

    def set_attributes(self, attributes: Mapping[str, AttributeValue]) -> None:
        """Keep them, in case a span is made."""
        for key, value in attributes.items():
            self.set_attribute(key, value)

    def add_event(self, name: str, attributes: Attributes = None, timestamp: int | None = None) -> None:
        """Keep it, in case a span is made."""
        if self.events is None:
            self.events = []
        if len(self.events) < MOST_NOTED:
            self.events.append((name, attributes, timestamp or time.time_ns()))

    def record_exception(
        self,
        exception: BaseException,
        attributes: Attributes = None,
        timestamp: int | None = None,
        escaped: bool = False,
    ) -> None:
        """Keep it as OpenTelemetry's event ``exception``."""
        fields = exception_fields(type(exception), exception, exception.__traceback__)
        noted = {name.replace("_", ".", 1): value for name, value in fields.items()}
        self.add_event("exception", {**noted, **(attributes or {})}, timestamp)

    def set_status(self, status: Status | StatusCode, description: str | None = None) -> None:
        """Keep it, in case a span is made."""
        self._status = status if isinstance(status, Status) else Status(status, description)

    def update_name(self, name: str) -> None:
        """A name is given when a span is made."""

    def end(self, end_time: int | None = None) -> None:
        """Nothing: it never began."""

    def made(
        self,
        reason: str,
        name: str,
        kind: SpanKind,
        times: tuple[int, int],
        attributes: Mapping[str, Any],
        resource: Resource,
    ) -> ReadableSpan:
        """The finished span of the work this stood for, with the same ids; ``times``: start and end, Unix ns."""
        return ReadableSpan(
            name=name,
            context=self._ids(TraceFlags.SAMPLED),
            parent=self.parent,
            resource=resource,
            attributes={**attributes, **(self.attributes or {}), REASON: reason},
            events=[Event(event, noted, at) for event, noted, at in self.events or ()],
            kind=kind,
            status=self._status or Status(StatusCode.UNSET),
            start_time=times[0],
            end_time=times[1],
            instrumentation_scope=InstrumentationScope(__name__),
        )

    def _ids(self, flags: int) -> SpanContext:
        state = self.parent.trace_state if self.parent is not None else None
        return SpanContext(int(self.trace_id, 16), int(self.span_id, 16), False, TraceFlags(flags), state)
