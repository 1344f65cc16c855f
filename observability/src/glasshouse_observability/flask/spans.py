"""The spans of HTTP requests.

A sampled request has the span of the Flask instrumentation; another request gets a late span if it failed or was slow.
Late spans have the name, kind, attributes and status that OpenTelemetry's Flask instrumentation gives its spans under
the stable HTTP conventions; ``observability/tests/unit/test_http_spans.py`` compares them with it.
"""

from __future__ import annotations

import time
from contextvars import Token
from typing import TYPE_CHECKING, Any

from flask import Flask
from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import Span, SpanKind, Status, StatusCode

from glasshouse_observability.telemetry import Telemetry
from glasshouse_observability.traces.sampling import Late, Sampler
from glasshouse_observability.traces.unsampled import UnsampledSpan

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

SAMPLED_KEY = "observability.sampled_span"
"""Where the boundary stores a sampled request's ``SampledSpan``, in its environment."""
FAILURE_KEY = "observability.failure"
"""Where ``record_failure`` stores the description of the exception that ended a request, in its environment."""
KNOWN_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"})
UNMATCHED = "(unmatched)"
"""The route of a request that matches no rule: raw paths never become label values or span names."""


class SampledSpan:
    """The ids of the instrumentation's span of a sampled request, as log lines and headers contain them.

    They are empty until the instrumentation has started the span and ``note_ids`` was called within the request.
    """

    __slots__ = ("span_id", "trace_id")

    def __init__(self) -> None:
        self.trace_id = self.span_id = ""

    def attach(self) -> Token[Context]:
        """Start a context without any state of the previous request in this thread; returns the token to detach it."""
        return otel_context.attach(Context())

    def note_ids(self) -> None:
        """Record the ids of the current span, which is the request's span while Flask handles it."""
        ids = trace.get_current_span().get_span_context()
        if ids.is_valid:
            self.trace_id, self.span_id = f"{ids.trace_id:032x}", f"{ids.span_id:016x}"


class LateSpans:
    """Create the spans of requests that were not sampled and failed or were slow."""

    def __init__(self, app: Flask, telemetry: Telemetry, sampler: Sampler) -> None:
        """A view declares its own latency threshold in seconds with the attribute ``slow_seconds``."""
        self._telemetry, self._sampler = telemetry, sampler
        self._thresholds = {
            rule.rule: float(seconds)
            for rule in app.url_map.iter_rules()
            if (seconds := getattr(app.view_functions[rule.endpoint], "slow_seconds", None)) is not None
        }
        self.shortest = min([sampler.slow_seconds, *self._thresholds.values()])

    def reason(self, route: str, status: int, seconds: float) -> Late | None:
        """Return why a request that was not sampled needs a span, or ``None`` if it does not need one.

        Call it only for requests that failed or took longer than ``shortest`` seconds; no other request has a reason.
        """
        return self._sampler.late(status >= 500, seconds, self._thresholds.get(route))

    def make(
        self, span: UnsampledSpan, reason: Late, environ: WSGIEnvironment, route: str, status: int, seconds: float
    ) -> None:
        """Create and export the span of a request that was not sampled and has just ended, after ``seconds``."""
        end = time.time_ns()
        if status >= 500:
            span.set_status(_error(environ))
        self._telemetry.export(
            span.to_finished(
                reason.value,
                span_name(environ, None if route == UNMATCHED else route),
                SpanKind.SERVER,
                (end - int(seconds * 1e9), end),
                {**request_attributes(environ), **_result_attributes(route, status)},
                self._telemetry.provider.resource,
            )
        )


def record_failure(environ: WSGIEnvironment, span: Span, error: BaseException) -> None:
    """Record on a request's span, once, the exception that ends the request."""
    if FAILURE_KEY not in environ:
        environ[FAILURE_KEY] = f"{type(error).__name__}: {error}"
        span.record_exception(error)


def request_attributes(environ: WSGIEnvironment) -> dict[str, str | int]:
    """Return the attributes of OpenTelemetry's stable HTTP conventions for a request, from its WSGI environment."""
    method = environ["REQUEST_METHOD"]
    known = method if method in KNOWN_METHODS else "_OTHER"
    found: dict[str, Any] = {
        "http.request.method": known,
        "http.request.method_original": method if known != method else None,
        "url.scheme": environ.get("wsgi.url_scheme"),
        "url.path": environ.get("PATH_INFO"),
        "url.query": environ.get("QUERY_STRING"),
        "server.address": environ.get("HTTP_HOST"),
        "server.port": _integer(environ.get("SERVER_PORT")),
        "client.address": environ.get("REMOTE_ADDR"),
        "client.port": _integer(environ.get("REMOTE_PORT")),
        "user_agent.original": environ.get("HTTP_USER_AGENT"),
        "network.protocol.version": environ.get("SERVER_PROTOCOL", "").removeprefix("HTTP/"),
    }
    return {name: value for name, value in found.items() if value}


def _integer(text: Any) -> int | None:
    # A server on a Unix socket has no port, which its environment shows as an empty text.
    return int(text) if text else None


def span_name(environ: WSGIEnvironment, route: str | None) -> str:
    """Return method and route template, or only the method if no route matches: a raw path never becomes a name."""
    method = environ["REQUEST_METHOD"] if environ["REQUEST_METHOD"] in KNOWN_METHODS else "HTTP"
    return method if route is None else f"{method} {route}"


def _result_attributes(route: str, status: int) -> dict[str, str | int]:
    attributes: dict[str, str | int] = {"http.response.status_code": status}
    if route != UNMATCHED:
        attributes["http.route"] = route
    if status >= 500:
        attributes["error.type"] = str(status)
    return attributes


def _error(environ: WSGIEnvironment) -> Status:
    return Status(StatusCode.ERROR, environ.get(FAILURE_KEY))
