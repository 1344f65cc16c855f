"""The spans of HTTP requests.

The boundary starts the span of a sampled request before the application runs and ends it after the last byte.
OpenTelemetry's Flask instrumentation adds its attributes in between (``flask.adoption``). Another request gets a late
span if it failed or was slow. Both have the same name, kind, attributes and status.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, Tracer

from glasshouse_observability.exceptions import described, exception_attributes
from glasshouse_observability.flask.attributes import UNMATCHED, request_attributes, result_attributes, span_name
from glasshouse_observability.safe import type_name
from glasshouse_observability.telemetry import Telemetry
from glasshouse_observability.traces.sampling import Late
from glasshouse_observability.traces.unsampled import UnsampledSpan

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment


class Failure:
    """An exception that ended a request.

    The exception itself is kept only if its traceback is still to be logged: it refers to the frames of the request.
    """

    __slots__ = ("description", "error", "kind")

    def __init__(self, error: BaseException, is_logged: bool) -> None:
        self.kind, self.description = type_name(type(error)), described(error)
        self.error = None if is_logged else error


class Outcome:
    """The end of one request, as its line, its observation and its span state it."""

    __slots__ = ("failure", "method", "route", "seconds", "status")

    def __init__(self, method: str, route: str, status: int, seconds: float, failure: Failure | None) -> None:
        self.method, self.route, self.status, self.seconds, self.failure = method, route, status, seconds, failure

    @property
    def failed(self) -> bool:
        """Return whether the request failed: by its status, or by an exception although its status was sent before."""
        return self.status >= 500 or self.failure is not None

    @property
    def error_type(self) -> str | None:
        """Return the value of ``error.type``: the status from 500, otherwise the exception's class."""
        if self.status >= 500:
            return str(self.status)
        return None if self.failure is None else self.failure.kind

    def span_status(self) -> Status:
        """Return the status of the request's span."""
        if not self.failed:
            return Status(StatusCode.UNSET)
        return Status(StatusCode.ERROR, None if self.failure is None else self.failure.description)


class SampledSpan:
    """The span of a sampled request, which nothing but ``finish`` ends."""

    __slots__ = ("_name", "_started", "is_exported", "span", "span_id", "trace_id")

    def __init__(self, tracer: Tracer, environ: WSGIEnvironment, caller: Context, waited_seconds: float) -> None:
        """Start the span as a child of the span in ``caller``, ``waited_seconds`` ago."""
        self._started = time.time_ns() - int(waited_seconds * 1e9)
        self._name = span_name(environ, UNMATCHED)
        self.span: Any = tracer.start_span(
            self._name, caller, SpanKind.SERVER, request_attributes(environ), start_time=self._started
        )
        ids = self.span.get_span_context()
        self.trace_id, self.span_id = f"{ids.trace_id:032x}", f"{ids.span_id:016x}"
        self.is_exported: bool = ids.trace_flags.sampled and self.span.is_recording()
        if self.is_exported:
            # The instrumentation ends the span before the first byte. Only an instance that records is ours alone.
            self.span.end = _hold  # type: ignore[method-assign]

    def within(self, caller: Context) -> Context:
        """Return the context of the request."""
        return trace.set_span_in_context(self.span, caller)

    def routed(self, environ: WSGIEnvironment, route: str) -> None:
        """Describe the request as the framework sees it, instead of what the instrumentation has set."""
        self.span.set_attributes(request_attributes(environ))
        self._rename(environ, route)

    def finish(self, environ: WSGIEnvironment, outcome: Outcome) -> None:
        """End the span ``outcome.seconds`` after its start."""
        span = self.span
        if not self.is_exported:
            return
        self._rename(environ, outcome.route)
        span.set_attributes(result_attributes(outcome.route, outcome.status, outcome.error_type))
        if outcome.failed:
            span.set_status(outcome.span_status())
        del span.end
        span.end(self._started + int(outcome.seconds * 1e9))

    def _rename(self, environ: WSGIEnvironment, route: str) -> None:
        # A name that the application has set stays.
        if self.is_exported and self.span.name == self._name:
            self._name = span_name(environ, route)
            self.span.update_name(self._name)


def make_late(
    telemetry: Telemetry, span: UnsampledSpan, reason: Late, environ: WSGIEnvironment, outcome: Outcome
) -> None:
    """Create and export the span of a request that was not sampled and has just ended."""
    end = time.time_ns()
    if outcome.failed:
        span.set_status(outcome.span_status())
    result = result_attributes(outcome.route, outcome.status, outcome.error_type)
    if span.attributes:
        # The application's attributes override others, but not what the line and the metric state too.
        span.attributes = {name: value for name, value in span.attributes.items() if name not in result}
    telemetry.export(
        span.to_finished(
            reason.value,
            span_name(environ, outcome.route),
            SpanKind.SERVER,
            (end - int(outcome.seconds * 1e9), end),
            {**request_attributes(environ), **result},
            telemetry.provider.resource,
        )
    )


def record_exception(span: SampledSpan | UnsampledSpan, error: BaseException) -> None:
    """Record ``error`` on the span of a request, as OpenTelemetry's event ``exception``.

    The SDK's own method raises if ``str(error)`` does.
    """
    target: Span = span if isinstance(span, UnsampledSpan) else span.span
    target.add_event("exception", exception_attributes(error))


def _hold(end_time: int | None = None) -> None:
    """In place of ``Span.end`` until the request has ended."""
