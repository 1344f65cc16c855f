"""One operation of a MongoDB client, with an observation and, if it is traced, a span."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, ParamSpec, TypeVar

from opentelemetry.trace import Span, SpanKind, Status, StatusCode, Tracer
from pymongo.collection import Collection
from pymongo.database import Database
from pymongo.errors import BulkWriteError, OperationFailure, WriteError

from glasshouse_observability.database import DatabaseMetrics
from glasshouse_observability.traces.unsampled import is_suppressed

SYSTEM = "mongodb"
P = ParamSpec("P")
T = TypeVar("T")


class Operations:
    """Observe the operations of one client, and create spans for those that are traced."""

    def __init__(self, metrics: DatabaseMetrics, tracer: Tracer, server: Mapping[str, str | int]) -> None:
        """``server`` contains the attributes that identify the server, for every span."""
        self._observe, self._tracer = metrics.observe, tracer
        self._shared = {"db.system.name": SYSTEM, **server}

    def run(
        self,
        name: str,
        of: Collection[Any] | Database[Any],
        call: Callable[P, T],
        /,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Return ``call(*args, **kwargs)``, observed as the operation ``name``; its exceptions are raised unchanged."""
        span = None if is_suppressed() else self._span(name, of)
        started, error = time.perf_counter(), ""
        try:
            return call(*args, **kwargs)
        except Exception as failure:
            error = error_type(failure)
            if span is not None and error:
                # Never the error's text: it may quote a customer's input.
                span.set_status(Status(StatusCode.ERROR, error))
                span.set_attribute("error.type", error)
            raise
        finally:
            self._observe[SYSTEM, name, error](time.perf_counter() - started)
            if span is not None:
                span.end()

    def _span(self, name: str, of: Collection[Any] | Database[Any]) -> Span:
        """The span is started but not made current: the driver's internal calls are not its children."""
        attributes: dict[str, str | int] = {**self._shared, "db.operation.name": name}
        if isinstance(of, Collection):
            attributes["db.collection.name"], of = of.name, of.database
        attributes["db.namespace"] = of.name
        return self._tracer.start_span(f"{of.name}.{name}", kind=SpanKind.CLIENT, attributes=attributes)


def error_type(failure: Exception) -> str:
    """Return the server's name for the error, or the exception's; ``""`` if the server carried out the request.

    A write that violates a rule (a unique index, a validator) counts as answered, because many are sent to find that
    out. A cursor raises ``StopIteration`` at its end, which is not an error.
    """
    if isinstance(failure, WriteError | BulkWriteError | StopIteration):
        return ""
    details = failure.details if isinstance(failure, OperationFailure) else None
    return str((details or {}).get("codeName") or type(failure).__name__)
