"""The SDK's provider, tracer and span, which accept any value instead of raising into the application.

The SDK calls ``str`` on values and exceptions, and copies containers of any size. So each method here first converts
what is not plain, in the same way as for a span that is created late.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import TracebackType
from typing import Any

import orjson
from opentelemetry import trace
from opentelemetry.attributes import BoundedAttributes
from opentelemetry.context import Context
from opentelemetry.sdk.trace import Span, Tracer, TracerProvider
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode
from opentelemetry.util._decorator import _agnosticcontextmanager
from opentelemetry.util.types import Attributes, AttributeValue

from glasshouse_observability.exceptions import described, exception_attributes
from glasshouse_observability.safe import PLAIN, Repair, safe_attributes, safe_name, safe_text
from glasshouse_observability.traces.marks import REPAIRED, with_marks

_ACCEPTS_NESTED = hasattr(BoundedAttributes, "_set_items")


class SafeSpan(Span):
    """A recording span that accepts any value."""

    def set_attribute(self, key: str, value: AttributeValue) -> None:
        """Set an attribute."""
        if type(key) is not str or not key:
            key = safe_name(key)
        if type(value) not in PLAIN:
            repair = Repair(otlp=True)
            given = {key: _accepted(repair.value(value))}
            if repair.replaced:
                given[REPAIRED] = with_marks(self.attributes, [key])
            # Not ``set_attribute``: in older versions of the SDK it calls ``set_attributes``, here the one below.
            super().set_attributes(given)
        else:
            super().set_attribute(key, value)

    def set_attributes(self, attributes: Mapping[str, AttributeValue]) -> None:
        """Set several attributes."""
        fit = _fit(attributes)
        if fit is attributes:
            super().set_attributes(fit or {})
        else:
            for key, value in (attributes if type(attributes) is dict else fit or {}).items():
                self.set_attribute(key, value)

    def add_event(self, name: str, attributes: Attributes = None, timestamp: int | None = None) -> None:
        """Add an event."""
        super().add_event(name, _fit(attributes), timestamp)

    def add_link(self, context: SpanContext, attributes: Attributes = None) -> None:
        """Add a link to another span; one without ids is not added."""
        if issubclass(type(context), SpanContext):
            super().add_link(context, _fit(attributes))

    def set_status(self, status: Status | StatusCode, description: str | None = None) -> None:
        """Set the status."""
        if description is not None and type(description) is not str:
            description = safe_text(description)
        if issubclass(type(status), (Status, StatusCode)):
            super().set_status(status, description)

    def record_exception(
        self,
        exception: BaseException,
        attributes: Attributes = None,
        timestamp: int | None = None,
        escaped: bool = False,
    ) -> None:
        """Add the event ``exception``, with the same attributes whether the span is sampled or created late."""
        super().add_event("exception", exception_attributes(exception, attributes), timestamp)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace_back: TracebackType | None
    ) -> None:
        try:
            super().__exit__(kind, error, trace_back)
        except Exception:  # noqa: BLE001  (the text of the exception; the SDK reads it for the status)
            if error is not None:
                self.set_status(StatusCode.ERROR, described(error))
            self.end()


class SafeTracer(Tracer):
    """A tracer whose spans accept any value."""

    def start_span(
        self,
        name: str,
        context: Context | None = None,
        kind: SpanKind = SpanKind.INTERNAL,
        attributes: Attributes = None,
        links: Sequence[Link] | None = (),
        *args: Any,
        **options: Any,
    ) -> trace.Span:
        """Start a span."""
        fit = [Link(link.context, _fit(link.attributes)) for link in links] if links else ()
        span = super().start_span(name, context, kind, _fit(attributes), fit, *args, **options)
        if isinstance(span, Span):
            span.__class__ = SafeSpan
        return span

    @_agnosticcontextmanager
    def start_as_current_span(
        self,
        name: str,
        context: Context | None = None,
        kind: SpanKind = SpanKind.INTERNAL,
        attributes: Attributes = None,
        links: Sequence[Link] | None = (),
        start_time: int | None = None,
        record_exception: bool = True,
        set_status_on_exception: bool = True,
        end_on_exit: bool = True,
    ) -> Iterator[trace.Span]:
        """Start a span that is the current one within the block."""
        span = self.start_span(
            name, context, kind, attributes, links, start_time, record_exception, set_status_on_exception
        )
        with trace.use_span(span, end_on_exit, record_exception=False, set_status_on_exception=False):
            try:
                yield span
            except Exception as error:
                if span.is_recording():
                    if record_exception:
                        span.record_exception(error)
                    if set_status_on_exception:
                        span.set_status(StatusCode.ERROR, described(error))
                raise


class SafeTracerProvider(TracerProvider):
    """A provider of such tracers."""

    def get_tracer(self, instrumenting_module_name: str, *args: Any, **options: Any) -> trace.Tracer:
        """Return the tracer of an instrumentation scope."""
        try:
            tracer = super().get_tracer(instrumenting_module_name, *args, **options)
        except Exception:  # noqa: BLE001  (an argument that cannot be compared or hashed)
            tracer = super().get_tracer(safe_text(instrumenting_module_name))
        if isinstance(tracer, Tracer):
            tracer.__class__ = SafeTracer
        return tracer


def _fit(attributes: Attributes) -> Attributes:
    """Return the same attributes if all are plain, else a converted copy."""
    if attributes is None:
        return None
    if type(attributes) is dict:
        for key, value in attributes.items():
            if type(key) is not str or type(value) not in PLAIN:
                break
        else:
            return attributes
    return {key: _accepted(value) for key, value in safe_attributes(attributes).items()}


def _accepted(value: Any) -> Any:
    """Return the value as this version of the SDK accepts it: old ones drop bytes and what is nested or mixed."""
    if _ACCEPTS_NESTED or type(value) in PLAIN:
        return value
    if type(value) is bytes:
        return value.decode("utf-8", "backslashreplace")
    kinds = set(map(type, value)) if type(value) is tuple else set()
    if len(kinds) == 1 and kinds <= {str, bool, int, float}:
        return value
    return orjson.dumps(Repair().value(value)).decode()
