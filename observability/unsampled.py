"""What stands in for the span of work that is not sampled, and the span made of it if it fails or is slow."""

from __future__ import annotations

import time
from collections.abc import Mapping, MutableMapping
from contextvars import Context as ContextVariables
from contextvars import ContextVar
from random import getrandbits
from typing import Any

from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.context import Context, get_current
from opentelemetry.instrumentation.utils import is_instrumentation_enabled, suppress_instrumentation
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
_NOT_ZERO = 1 << 64 | 1
"""In the digits of a trace's and a span's id together: an id of zeros only is invalid."""


def _suppressed() -> Context:
    with suppress_instrumentation():
        return get_current()


# The database and HTTP instrumentations ask for this before they do anything.
_SUPPRESSED = ContextVariables().run(_suppressed)
(_CURRENT_SPAN,) = trace.set_span_in_context(trace.INVALID_SPAN, Context())
"""The key of the current span in a context."""


is_unsampled: ContextVar[bool] = ContextVar("is_unsampled", default=False)
"""Whether the current request is one that is not traced. OpenTelemetry's context says so too, by four more calls."""


def is_suppressed() -> bool:
    """Whether no spans are to be made here."""
    return is_unsampled.get() or not is_instrumentation_enabled()


class UnsampledSpan(Span):
    """Ids for log lines and outgoing calls, marked "not sampled"; keeps what is noted on it, for a span made later."""

    def __init__(self, parent: SpanContext | None = None) -> None:
        """A root, or the child of ``parent``, another process's span that was not sampled either."""
        self.parent = parent
        digits = f"{getrandbits(192) | _NOT_ZERO:048x}"
        self.trace_id = digits[:32] if parent is None else f"{parent.trace_id:032x}"
        self.span_id = digits[32:]
        self.attributes: dict[str, Any] | None = None
        self.events: list[tuple[str, Attributes, int]] | None = None
        self._status: Status | None = None

    @classmethod
    def with_ids(cls, ids: SpanContext, parent: SpanContext | None) -> UnsampledSpan:
        """A forked process's copy of the span with these ids; the fork report returns what is noted on it there."""
        span = cls(parent)
        span.trace_id, span.span_id = f"{ids.trace_id:032x}", f"{ids.span_id:016x}"
        return span

    def attach(self) -> Any:
        """Make it the current span, under which no instrumentation makes spans; returns the token to detach it."""
        return otel_context.attach(Context({**_SUPPRESSED, _CURRENT_SPAN: self}))

    def inject(self, carrier: MutableMapping[str, str]) -> None:
        """Write W3C's ``traceparent`` and ``tracestate``, as its propagator does for this span."""
        carrier["traceparent"] = f"00-{self.trace_id}-{self.span_id}-00"
        if self.parent is not None and self.parent.trace_state:
            carrier["tracestate"] = self.parent.trace_state.to_header()

    def within(self) -> Context:
        """The context in which it is the current span."""
        return Context({**_SUPPRESSED, _CURRENT_SPAN: self})

    def get_span_context(self) -> SpanContext:
        """Its ids, not sampled."""
        return self._ids(TraceFlags.DEFAULT)

    def is_recording(self) -> bool:
        """No: callers need not collect anything for it."""
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

    def to_finished(
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
