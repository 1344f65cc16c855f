"""OpenTelemetry's Flask instrumentation, which works on the span of the boundary instead of creating one.

Its hooks add what OpenTelemetry users configure for it: request and response headers as attributes, and response
propagators. It is given a stand-in for the application, so it changes nothing in the application itself, and its
failures are counted and do not reach the application.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from flask import request
from opentelemetry.instrumentation.flask import FlaskInstrumentor
from opentelemetry.metrics import NoOpMeterProvider
from opentelemetry.trace import Span, Tracer, TracerProvider

from glasshouse_observability.telemetry import Telemetry

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_CALL_KEY = "observability.instrumented_call"
WHERE = "flask.instrumentation"


class Adoption:
    """The application with OpenTelemetry's instrumentation, and the tracer of the spans that it works on."""

    def __init__(self, plain: WSGIApplication, telemetry: Telemetry, span_of: Callable[[WSGIEnvironment], Any]) -> None:
        """``span_of`` returns the span of a sampled request, which the boundary has started."""
        self._plain, self._telemetry = plain, telemetry
        provider = _AdoptingProvider(telemetry.provider, span_of)
        stand_in = _StandIn(self._serve)
        FlaskInstrumentor().instrument_app(  # type: ignore[no-untyped-call]
            stand_in,
            tracer_provider=provider,
            # Request metrics are recorded with Prometheus, with route templates and exemplars; a second set would only
            # add cost.
            meter_provider=NoOpMeterProvider(),
            # Requests that are not traced do not reach the instrumentation.
            excluded_urls="",
            enable_commenter=False,
        )
        self._traced, self._begin, self._end = stand_in.wsgi_app, stand_in.begin, stand_in.end
        self.tracer = provider.tracer

    def before_request(self) -> None:
        """Run the instrumentation's hooks at the start of a sampled request, within Flask's request context.

        The second one would end the span and the context. It runs at once: the boundary's context is the same, and
        lasts until the last byte. So nothing of the instrumentation is left open when the application raises, streams,
        or enters the request context again.
        """
        try:
            try:
                self._begin()
            finally:
                self._end(None)
        except Exception:  # noqa: BLE001  (telemetry never breaks a request)
            self._telemetry.swallowed(WHERE)

    def traced(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Serve a sampled request; if the instrumentation fails, the application is served without it."""
        call = environ[_CALL_KEY] = _Call(start_response)
        try:
            return self._traced(environ, call.start)
        except Exception:
            if call.body is not None:
                self._telemetry.swallowed(WHERE)
                return call.body
            if call.is_entered:
                raise
            self._telemetry.swallowed(WHERE)
        return self._plain(environ, start_response)

    def _serve(self, environ: WSGIEnvironment, instrumented: StartResponse) -> Iterable[bytes]:
        call: _Call = environ.pop(_CALL_KEY)
        call.is_entered = True

        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Callable[[bytes], object]:
            call.is_started = False
            try:
                return instrumented(status, headers, exc_info)
            except Exception:
                if call.is_started:
                    raise
                self._telemetry.swallowed(WHERE)
            return call.start(status, headers, exc_info)

        call.body = self._plain(environ, start)
        return call.body


class _Call:
    """The progress of one sampled request, to distinguish failures of the instrumentation from others."""

    def __init__(self, start_response: StartResponse) -> None:
        self._start_response = start_response
        self.is_entered = self.is_started = False
        self.body: Iterable[bytes] | None = None

    def start(self, status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Callable[[bytes], object]:
        """Implement ``start_response``."""
        self.is_started = True
        return self._start_response(status, headers, exc_info)


class _StandIn:
    """Has the part of ``Flask`` that the instrumentation uses, and receives its two hooks."""

    def __init__(self, wsgi_app: WSGIApplication) -> None:
        self.wsgi_app = wsgi_app
        self.begin: Callable[[], object]
        self.end: Callable[[BaseException | None], object]

    def before_request(self, hook: Callable[[], object]) -> None:
        self.begin = hook

    def teardown_request(self, hook: Callable[[BaseException | None], object]) -> None:
        self.end = hook


class _AdoptingProvider(TracerProvider):
    """A provider whose one tracer returns the span of the current request."""

    def __init__(self, provider: TracerProvider, span_of: Callable[[WSGIEnvironment], Any]) -> None:
        self._provider, self._span_of = provider, span_of
        self.tracer: Tracer

    def get_tracer(self, *args: Any, **options: Any) -> Tracer:
        # The boundary starts its spans with the real one, so they have the scope of the instrumentation.
        self.tracer = self._provider.get_tracer(*args, **options)
        return _AdoptingTracer(self._span_of)


class _AdoptingTracer(Tracer):
    def __init__(self, span_of: Callable[[WSGIEnvironment], Any]) -> None:
        self._span_of = span_of

    def start_span(self, *_: Any, **__: Any) -> Span:
        span: Span = self._span_of(request.environ)
        return span

    def start_as_current_span(self, *_: Any, **__: Any) -> Any:
        raise NotImplementedError("the Flask instrumentation uses start_span only")
