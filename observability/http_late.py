"""Spans of requests that were not sampled and turned out to matter."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from flask import Flask
from opentelemetry.instrumentation._semconv import _StabilityMode
from opentelemetry.instrumentation.wsgi import collect_request_attributes
from opentelemetry.trace import SpanKind, StatusCode

from observability.sampling import Late, Sampler
from observability.telemetry import Telemetry
from observability.unsampled import UnsampledSpan

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment


class LateRequests:
    """Judges requests that are over, and makes spans like the Flask instrumentation's of those that need one."""

    def __init__(self, app: Flask, telemetry: Telemetry, sampler: Sampler) -> None:
        """A view declares a latency threshold of its own, in seconds, by an attribute ``slow_seconds``."""
        self._telemetry, self._sampler = telemetry, sampler
        self._thresholds = {
            rule.rule: float(seconds)
            for rule in app.url_map.iter_rules()
            if (seconds := getattr(app.view_functions[rule.endpoint], "slow_seconds", None)) is not None
        }
        self.shortest = min([sampler.slow_seconds, *self._thresholds.values()])

    def reason(self, route: str, status: int, seconds: float) -> Late | None:
        """Why the request needs a span; ``None``: it does not.

        Not to be asked of what neither failed nor took longer than ``shortest`` seconds: most requests.
        """
        return self._sampler.late(status >= 500, seconds, self._thresholds.get(route))

    def make(
        self, span: UnsampledSpan, reason: Late, environ: WSGIEnvironment, route: str, status: int, seconds: float
    ) -> None:
        """Hand over the span of a request that has just ended, after ``seconds``."""
        end = time.time_ns()
        # Taken now: what is noted of a request that matters is as much as for one that is sampled.
        attributes = collect_request_attributes(environ, _StabilityMode.HTTP)
        attributes["http.response.status_code"] = status
        if status >= 500:
            attributes["error.type"] = str(status)
            span.set_status(StatusCode.ERROR)
        name = environ["REQUEST_METHOD"]
        if not route.startswith("("):
            attributes["http.route"] = route
            name = f"{name} {route}"
        self._telemetry.take(
            span.made(
                reason.value,
                name,
                SpanKind.SERVER,
                (end - int(seconds * 1e9), end),
                attributes,
                self._telemetry.provider.resource,
            )
        )
