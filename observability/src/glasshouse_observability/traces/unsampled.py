"""The placeholder for the span of unsampled work, and the span created from it if the work fails or is slow."""

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

from glasshouse_observability.exceptions import exception_attributes
from glasshouse_observability.safe import PLAIN, Repair, safe_attributes, safe_name, safe_text
from glasshouse_observability.traces.marks import REPAIRED, with_marks

REASON = "sampling.reason"
"""The attribute of a late span that states its reason. No other span has it."""
MOST_NOTED = 128
"""OpenTelemetry's own limits on the attributes and the events of one span."""
_NOT_ZERO = 1 << 64 | 1
"""The number of hexadecimal digits of a trace id and a span id together: an id of zeros only is invalid."""


def _suppressed() -> Context:
    with suppress_instrumentation():
        return get_current()


# The database and HTTP instrumentations check this before they do anything.
_SUPPRESSED = ContextVariables().run(_suppressed)
(_CURRENT_SPAN,) = trace.set_span_in_context(trace.INVALID_SPAN, Context())
"""The key of the current span in a context."""


is_unsampled: ContextVar[bool] = ContextVar("is_unsampled", default=False)
"""Return whether the current request is not traced.

OpenTelemetry's context has the same information, which takes four more calls.
"""


def is_suppressed() -> bool:
    """Return whether no spans are to be created here."""
    return is_unsampled.get() or not is_instrumentation_enabled()


class UnsampledSpan(Span):
    """Provides ids, marked "not sampled", for log lines and outgoing calls, and collects the data for a late span."""

    def __init__(self, parent: SpanContext | None = None) -> None:
        """A root span, or the child of ``parent``, a span of another process that was not sampled either."""
        self.parent = parent
        digits = f"{getrandbits(192) | _NOT_ZERO:048x}"
        self.trace_id = digits[:32] if parent is None else f"{parent.trace_id:032x}"
        self.span_id = digits[32:]
        self.attributes: dict[str, Any] | None = None
        self.events: list[tuple[str, Attributes, int]] | None = None
        self._status: Status | None = None

    @classmethod
    def with_ids(cls, ids: SpanContext, parent: SpanContext | None) -> UnsampledSpan:
        """Return a forked process's copy of the span with these ids; the fork report returns its data."""
        span = cls(parent)
        span.trace_id, span.span_id = f"{ids.trace_id:032x}", f"{ids.span_id:016x}"
        return span

    def attach(self) -> Any:
        """Make it the current span, under which no instrumentation creates spans; return the token to detach it."""
        return otel_context.attach(Context({**_SUPPRESSED, _CURRENT_SPAN: self}))

    def inject(self, carrier: MutableMapping[str, str]) -> None:
        """Write W3C's ``traceparent`` and ``tracestate`` as the standard propagator does for this span."""
        carrier["traceparent"] = f"00-{self.trace_id}-{self.span_id}-00"
        if self.parent is not None and self.parent.trace_state:
            carrier["tracestate"] = self.parent.trace_state.to_header()

    def within(self) -> Context:
        """Return the context in which it is the current span."""
        return Context({**_SUPPRESSED, _CURRENT_SPAN: self})

    def get_span_context(self) -> SpanContext:
        """Return its ids as a span context that is marked "not sampled"."""
        return self._ids(TraceFlags.DEFAULT)

    def is_recording(self) -> bool:
        """Return false, so that callers need not collect data for it."""
        return False

    def set_attribute(self, key: str, value: AttributeValue) -> None:
        """Store the attribute in case a span is created."""
        if self.attributes is None:
            self.attributes = {}
        if len(self.attributes) < MOST_NOTED:
            if type(key) is not str or not key:
                key = safe_name(key)
            if type(value) not in PLAIN:
                # Now, because the value may change, or be unfit for the pipe of a forked process.
                repair = Repair(otlp=True)
                value = repair.value(value)
                if repair.replaced:
                    self.attributes[REPAIRED] = with_marks(self.attributes, [key])
            self.attributes[key] = value

    def set_attributes(self, attributes: Mapping[str, AttributeValue]) -> None:
        """Store the attributes in case a span is created."""
        for key, value in (attributes if type(attributes) is dict else safe_attributes(attributes)).items():
            self.set_attribute(key, value)

    def add_event(self, name: str, attributes: Attributes = None, timestamp: int | None = None) -> None:
        """Store the event in case a span is created."""
        if self.events is None:
            self.events = []
        if len(self.events) < MOST_NOTED:
            at = timestamp if type(timestamp) is int else time.time_ns()
            self.events.append((safe_text(name), safe_attributes(attributes), at))

    def record_exception(
        self,
        exception: BaseException,
        attributes: Attributes = None,
        timestamp: int | None = None,
        escaped: bool = False,
    ) -> None:
        """Store the exception as OpenTelemetry's event ``exception``."""
        self.add_event("exception", exception_attributes(exception, attributes), timestamp)

    def set_status(self, status: Status | StatusCode, description: str | None = None) -> None:
        """Store the status in case a span is created, by the rules of OpenTelemetry's own span."""
        # Not ``isinstance``, which reads ``__class__`` of whatever was given.
        if not issubclass(type(status), (Status, StatusCode)):
            return
        if isinstance(status, StatusCode):
            status = Status(status, None if description is None else safe_text(description))
        is_final = self._status is not None and self._status.status_code is StatusCode.OK
        if not is_final and status.status_code is not StatusCode.UNSET:
            self._status = status

    def update_name(self, name: str) -> None:
        """Do nothing: the name is set when a span is created."""

    def end(self, end_time: int | None = None) -> None:
        """Do nothing: no span was started."""

    def to_finished(
        self,
        reason: str,
        name: str,
        kind: SpanKind,
        times: tuple[int, int],
        attributes: Mapping[str, Any],
        resource: Resource,
    ) -> ReadableSpan:
        """Return the finished span of this work, with the same ids; ``times`` is start and end, in Unix ns."""
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
