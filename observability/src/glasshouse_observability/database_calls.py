"""One call of a database client, with an observation and, if it is traced, a span."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

from opentelemetry.trace import Span, SpanKind, Status, StatusCode

from glasshouse_observability.database import DatabaseMetrics
from glasshouse_observability.telemetry import Telemetry
from glasshouse_observability.traces.unsampled import is_suppressed

P = ParamSpec("P")
T = TypeVar("T")
Attributes = dict[str, str | int]


class DatabaseCalls:
    """Observe the calls of one kind of client, and create spans for those that are traced.

    Neither statements nor error texts are recorded, because both may quote a customer's input.
    """

    def __init__(
        self,
        telemetry: Telemetry,
        system: str,
        describe: Callable[[str, Any], tuple[str, Attributes]],
        error_type: Callable[[BaseException], str],
    ) -> None:
        """Prepare the calls of a database ``system``, under its name in OpenTelemetry.

        ``describe`` returns a span's name and attributes for an operation and the object that performs it;
        ``error_type`` returns ``""`` for an exception that is not a failure.
        """
        self._telemetry, self._system = telemetry, system
        self._describe, self._error_type = describe, error_type
        self._observe = telemetry.part(DatabaseMetrics).observe
        self._tracer = telemetry.tracer(__name__)

    def run(self, name: str, of: Any, call: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Return ``call(*args, **kwargs)``, observed as the operation ``name``; its exceptions are raised unchanged."""
        span = None if is_suppressed() else self._span(name, of)
        started, error = time.perf_counter(), ""
        try:
            return call(*args, **kwargs)
        except BaseException as failure:
            error = self._failed(failure, span)
            raise
        finally:
            elapsed = time.perf_counter() - started
            try:
                self._observe[self._system, name, error](elapsed)
                if span is not None:
                    span.end()
            except Exception:  # noqa: BLE001  (telemetry never breaks the call)
                self._telemetry.swallowed(self._system)

    def _span(self, name: str, of: Any) -> Span | None:
        """The span is started but not made current: the driver's internal calls are not its children."""
        try:
            title, attributes = self._describe(name, of)
            return self._tracer.start_span(title, kind=SpanKind.CLIENT, attributes=attributes)
        except Exception:  # noqa: BLE001  (telemetry never breaks the call)
            self._telemetry.swallowed(self._system)
            return None

    def _failed(self, failure: BaseException, span: Span | None) -> str:
        try:
            error = self._error_type(failure)
            if span is not None and error:
                span.set_status(Status(StatusCode.ERROR, error))
                span.set_attribute("error.type", error)
        except Exception:  # noqa: BLE001  (the caller gets the client's exception)
            self._telemetry.swallowed(self._system)
            return type(failure).__name__
        return error
