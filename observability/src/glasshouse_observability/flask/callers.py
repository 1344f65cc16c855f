"""The trace context that a caller sends with a request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.propagators.textmap import Getter, TextMapPropagator
from opentelemetry.trace import SpanContext

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

_NOTHING: tuple[None, Context] = None, Context()


class Callers:
    """Read trace context and baggage from the headers of a request with ``propagator``."""

    def __init__(self, propagator: TextMapPropagator) -> None:
        self._propagator = propagator
        # A ``tracestate`` alone means nothing (W3C Trace Context, section 3.3).
        self._keys = tuple(sorted(_key(field) for field in propagator.fields - {"tracestate"}))

    def of(self, environ: WSGIEnvironment) -> tuple[SpanContext | None, Context]:
        """Return the caller's span, ``None`` if there is no valid one, and the context that it sends."""
        for key in self._keys:
            if key in environ:
                found = self._propagator.extract(environ, Context(), _Headers())
                parent = trace.get_current_span(found).get_span_context()
                return parent if parent.is_valid else None, found
        return _NOTHING


class _Headers(Getter["WSGIEnvironment"]):
    def get(self, carrier: WSGIEnvironment, key: str) -> list[str] | None:
        value = carrier.get(_key(key))
        return None if value is None else [value]

    def keys(self, carrier: WSGIEnvironment) -> list[str]:
        return [key[5:].lower().replace("_", "-") for key in carrier if key.startswith("HTTP_")]


def _key(field: str) -> str:
    return f"HTTP_{field.upper().replace('-', '_')}"
