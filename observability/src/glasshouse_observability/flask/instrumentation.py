"""Instrumentation of a Flask application with one call, and its removal."""

from __future__ import annotations

import re
from typing import Any

from flask import Flask, got_request_exception, request
from opentelemetry.trace import INVALID_SPAN

from glasshouse_observability.flask.adoption import Adoption
from glasshouse_observability.flask.boundary import RemovedBoundary, RequestBoundary
from glasshouse_observability.flask.exchange import current
from glasshouse_observability.flask.excluded import ExcludedUrls
from glasshouse_observability.flask.foreign import ForeignHooks
from glasshouse_observability.flask.metrics import RequestMetrics
from glasshouse_observability.flask.spans import SampledSpan
from glasshouse_observability.telemetry import Telemetry
from glasshouse_observability.traces.unsampled import UnsampledSpan
from glasshouse_observability.versions import require_extra

_EXTENSION = "glasshouse_observability"


def instrument_flask(app: Flask, telemetry: Telemetry, *, excluded_urls: str | None = None) -> RequestMetrics:
    """Give every request its ids, one log line and one observation, and a span if it is sampled, slow or failed.

    Call it where the application is created, before or after its routes are registered; series of routes that are
    registered by then start at zero. A second call with the same ``telemetry`` changes nothing; with another one, the
    application moves to that one. An application that OpenTelemetry's own ``FlaskInstrumentor`` has instrumented has
    only our spans from then on.

    Args:
        app: the application; several may share one ``telemetry``.
        telemetry: receives the signals.
        excluded_urls: regular expressions, separated by commas and searched in the request's path, such as
            ``healthz,readyz``. Such requests are counted, never traced, and logged only with a status from 400. By
            default ``OTEL_PYTHON_FLASK_EXCLUDED_URLS``.

    Returns:
        the metrics, which have the decorators of prometheus-flask-exporter (``counter``, ``histogram`` …).

    Raises:
        UnsupportedVersion: the installed Flask or Werkzeug is outside the supported range.
        ValueError: an expression of ``excluded_urls`` is wrong.
    """
    require_extra("flask")
    telemetry.restore_logging()
    present = app.extensions.get(_EXTENSION)
    if present is not None:
        if present.telemetry is telemetry:
            metrics: RequestMetrics = present.metrics
            return metrics
        uninstrument_flask(app)
    expressions = telemetry.settings.excluded_urls if excluded_urls is None else excluded_urls
    try:
        excluded = ExcludedUrls(expressions)
    except re.error as error:
        raise ValueError(f"excluded_urls is {expressions!r}: {error}") from error
    app.extensions[_EXTENSION] = instrumented = _Instrumented(app, telemetry, excluded)
    return instrumented.metrics


def uninstrument_flask(app: Flask) -> None:
    """Restore ``app`` as it was before ``instrument_flask``; without an earlier call it does nothing.

    Metrics stay registered, because other applications may use them.
    """
    instrumented = app.extensions.pop(_EXTENSION, None)
    if instrumented is not None:
        instrumented.remove()


class _Instrumented:
    """Everything that ``instrument_flask`` has changed in one application."""

    def __init__(self, app: Flask, telemetry: Telemetry, excluded: ExcludedUrls) -> None:
        self.app, self.telemetry = app, telemetry
        self.metrics = telemetry.part(RequestMetrics)
        self._foreign = ForeignHooks(app)
        self._boundary = boundary = RequestBoundary(app, telemetry, self.metrics, excluded)
        self._adoption = adoption = Adoption(boundary.plain, telemetry, _span_of)
        boundary.traced, boundary.tracer = adoption.traced, adoption.tracer
        # The first hook of all, so that a request that a later hook ends is complete too.
        self._hook = self._before_request
        app.before_request_funcs.setdefault(None, []).insert(0, self._hook)
        # Kept here, because the signal keeps only weak references.
        self._note = self._note_failure
        got_request_exception.connect(self._note, app)
        app.wsgi_app = boundary  # type: ignore[method-assign]

    def remove(self) -> None:
        app, boundary = self.app, self._boundary
        hooks = app.before_request_funcs.get(None, [])
        if self._hook in hooks:
            hooks.remove(self._hook)
        got_request_exception.disconnect(self._note, app)
        if app.wsgi_app is boundary:
            if getattr(boundary.plain, "__func__", None) is type(app).wsgi_app:
                del app.wsgi_app
            else:
                app.wsgi_app = boundary.plain  # type: ignore[assignment, method-assign]
        else:
            # Middleware around the boundary cannot be taken apart.
            boundary.__class__ = RemovedBoundary
        self._foreign.restore()
        if not app.before_request_funcs.get(None):
            app.before_request_funcs.pop(None, None)

    def _before_request(self) -> None:
        handled = request._get_current_object()  # type: ignore[attr-defined]
        environ = handled.environ
        exchange = current(environ)
        if exchange is None:
            # A context without a request, such as ``test_request_context``.
            return
        rule = handled.url_rule
        if rule is not None:
            exchange.matched(rule.rule, environ)
        span = exchange.span
        if type(span) is SampledSpan:
            self._adoption.before_request()
            span.routed(environ, exchange.route)
        elif type(span) is UnsampledSpan:
            self._foreign.satisfy(environ, span)

    def _note_failure(self, _: Flask, exception: BaseException, **__: Any) -> None:
        """Record an exception that Flask answers with 500, before the application's own handler runs."""
        try:
            handled = request._get_current_object()  # type: ignore[attr-defined]
            exchange = current(handled.environ)
            if exchange is None:
                return
            if handled.url_rule is not None:
                exchange.matched(handled.url_rule.rule, handled.environ)
            exchange.failed_with(exception, is_logged=True)
        except Exception:  # noqa: BLE001  (an error here would replace the application's answer)
            self.telemetry.swallowed("flask.exception")


def _span_of(environ: Any) -> Any:
    exchange = current(environ)
    span = None if exchange is None else exchange.span
    return span.span if type(span) is SampledSpan else INVALID_SPAN
