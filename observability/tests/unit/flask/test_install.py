"""``instrument_flask`` and ``uninstrument_flask``: what they change, and that it can be undone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask, abort, got_request_exception, request
from opentelemetry import trace
from opentelemetry.instrumentation.flask import FlaskInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client import CollectorRegistry
from prometheus_flask_exporter import PrometheusMetrics

from glasshouse_observability import Telemetry, UnsupportedVersion, instrument_flask
from glasshouse_observability.flask import instrumentation
from glasshouse_observability.flask.instrumentation import uninstrument_flask
from library_support.traffic import Call, Traffic


def application() -> Flask:
    app = Flask("test", static_folder=None)

    @app.before_request
    def authenticate() -> None:
        if "HTTP_AUTHORIZATION" not in request.environ:
            abort(401)

    app.teardown_request(lambda _: None)
    app.add_url_rule("/v", "v", lambda: "v")
    app.add_url_rule("/broken", "broken", lambda: 1 // 0)  # type: ignore[arg-type, return-value]
    return app


def state(app: Flask) -> dict[str, Any]:
    """Return everything in the application that an instrumentation could change."""
    return {
        "hooks": {
            name: {key: list(value) for key, value in getattr(app, name).items()}
            for name in ("before_request_funcs", "after_request_funcs", "teardown_request_funcs")
        },
        "wsgi_app": app.wsgi_app,
        "attributes": {
            key: value
            for key, value in vars(app).items()
            if (key.startswith("_") or key == "wsgi_app") and key != "_got_first_request"
        },
        "extensions": dict(app.extensions),
        "receivers": len(list(got_request_exception.receivers_for(app))),
    }


def test_everything_is_restored(traffic: Traffic) -> None:
    """The application is as before, and its requests leave no signals."""
    app = application()
    before = state(app)
    instrument_flask(app, traffic.telemetry)
    uninstrument_flask(app)
    assert state(app) == before
    call = Call(app, "/v", HTTP_AUTHORIZATION="x").read()
    assert (call.status, call.header("X-Request-ID"), traffic.requests()) == ("200 OK", [], [])
    uninstrument_flask(app)
    assert state(app) == before


def test_it_can_be_removed_from_below_middleware(traffic: Traffic) -> None:
    """Middleware that was added afterwards stays, and the boundary within it does nothing."""
    app = application()
    instrument_flask(app, traffic.telemetry)
    boundary = app.wsgi_app
    app.wsgi_app = lambda environ, start: boundary(environ, start)  # type: ignore[method-assign]
    uninstrument_flask(app)
    call = Call(app, "/v", HTTP_AUTHORIZATION="x").read()
    assert (call.status, call.header("X-Request-ID"), traffic.requests()) == ("200 OK", [], [])
    instrument_flask(app, traffic.telemetry)
    traffic.one(Call(app, "/v", HTTP_AUTHORIZATION="x").read())


def test_a_second_call_changes_nothing(traffic: Traffic) -> None:
    """Calling it twice is the same as calling it once."""
    app = application()
    first = instrument_flask(app, traffic.telemetry)
    once = state(app)
    assert instrument_flask(app, traffic.telemetry) is first
    assert state(app) == once
    traffic.one(Call(app, "/v", HTTP_AUTHORIZATION="x").read())


def test_an_application_moves_to_another_telemetry(traffic: Traffic, telemetry: Telemetry) -> None:
    """With another telemetry, the application's signals go there only."""
    app = application()
    instrument_flask(app, telemetry)
    instrument_flask(app, traffic.telemetry)
    traffic.one(Call(app, "/v", HTTP_AUTHORIZATION="x").read())
    assert telemetry.registry.get_sample_value("http_server_active_requests") == 0


def by_class(app: Callable[[], Flask]) -> Flask:
    instrumentor = FlaskInstrumentor()
    instrumentor.instrument()
    try:
        return app()
    finally:
        instrumentor.uninstrument()


def by_call(app: Callable[[], Flask]) -> Flask:
    created = app()
    FlaskInstrumentor().instrument_app(created)
    return created


@pytest.fixture
def foreign(monkeypatch: pytest.MonkeyPatch) -> InMemorySpanExporter:
    """Receive the spans of an instrumentation that uses the global provider, and ours if they went there."""
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(trace, "get_tracer_provider", lambda: provider)
    return exporter


@pytest.mark.parametrize("how", [by_class, by_call])
@pytest.mark.parametrize("with_middleware", [True, False])
def test_an_application_that_opentelemetry_has_instrumented(
    traffic: Traffic, foreign: InMemorySpanExporter, how: Any, with_middleware: bool
) -> None:
    """Such an application has one span for each request, ours, and keeps its own hooks (contrib#1068)."""

    def create() -> Flask:
        import flask

        app = flask.Flask("test", static_folder=None)
        # Its own hook, which must run for every request.
        app.before_request(lambda: None if "HTTP_AUTHORIZATION" in request.environ else abort(401))
        app.add_url_rule("/v", "v", lambda: "v")
        return app

    app = how(create)
    before = state(app)
    if with_middleware:
        inner = app.wsgi_app
        app.wsgi_app = lambda environ, start: inner(environ, start)
    instrument_flask(app, traffic.telemetry)
    call = Call(app, "/v").read()
    assert traffic.one(call)["http_response_status_code"] == 401
    assert foreign.get_finished_spans() == ()
    assert [line for line in traffic.lines() if line["logger"].startswith("opentelemetry")] == []
    uninstrument_flask(app)
    if not with_middleware:
        assert state(app) == before
    Call(app, "/v", HTTP_AUTHORIZATION="x").read()
    assert [span.name for span in foreign.get_finished_spans()] == ["GET /v"]


def test_opentelemetry_after_us_changes_nothing(traffic: Traffic, foreign: InMemorySpanExporter) -> None:
    """``FlaskInstrumentor().instrument_app`` of an instrumented application adds no second span."""
    app = application()
    instrument_flask(app, traffic.telemetry)
    FlaskInstrumentor().instrument_app(app)
    traffic.one(Call(app, "/v", HTTP_AUTHORIZATION="x").read())
    assert foreign.get_finished_spans() == ()


def test_an_application_with_metrics_of_its_own(traffic: Traffic) -> None:
    """An application's own ``PrometheusMetrics`` works next to ours."""
    app, registry = application(), CollectorRegistry()
    PrometheusMetrics(app, registry=registry)
    instrument_flask(app, traffic.telemetry)
    traffic.one(Call(app, "/v", HTTP_AUTHORIZATION="x").read())
    labels = {"method": "GET", "status": "200", "path": "/v"}
    assert registry.get_sample_value("flask_http_request_duration_seconds_count", labels) == 1
    metrics = Call(app, "/metrics", HTTP_AUTHORIZATION="x").read()
    assert b"flask_http_request_total" in b"".join(metrics.sent)


def test_excluded_urls(traffic: Traffic) -> None:
    """Excluded requests are counted, have no span and no exemplar, and a line only if they fail."""
    app = application()
    app.add_url_rule("/health/live", "live", lambda: "ok")
    app.add_url_rule("/health/ready", "ready", lambda: ("no", 503))
    instrument_flask(app, traffic.telemetry, excluded_urls="health/live$, ^/health/ready,^https?://internal/")
    login = {"HTTP_AUTHORIZATION": "x"}
    call = Call(app, "/health/live", **login).read()
    assert (call.header("X-Trace-ID"), len(call.header("X-Request-ID"))) == ([], 1)
    Call(app, "/health/ready", **login).read()
    Call(app, "/v", HTTP_HOST="internal", **login).read()
    assert traffic.spans() == []
    assert [line["http_route"] for line in traffic.requests()] == ["/health/ready"]
    assert len(traffic.counted()) == 3
    # A client cannot hide a request.
    Call(app, "/v", QUERY_STRING="next=/health/live", HTTP_HOST="health/live", **login).read()
    assert [line["http_route"] for line in traffic.requests()] == ["/health/ready", "/v"]


def test_excluded_urls_of_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """OpenTelemetry's own variable is the default."""
    traffic = Traffic(True, excluded_urls="v")
    app = application()
    instrument_flask(app, traffic.telemetry)
    Call(app, "/v", HTTP_AUTHORIZATION="x").read()
    assert traffic.spans() == []
    uninstrument_flask(app)
    with pytest.raises(ValueError, match=r"excluded_urls is '\(': missing \)"):
        instrument_flask(app, traffic.telemetry, excluded_urls="(")


def test_an_unsupported_version(traffic: Traffic, monkeypatch: pytest.MonkeyPatch) -> None:
    """A version outside the supported range is named, and nothing is changed."""

    def refuse(_: str) -> None:
        raise UnsupportedVersion("flask 2.0 is installed")

    monkeypatch.setattr(instrumentation, "require_extra", refuse)
    app = application()
    before = state(app)
    with pytest.raises(UnsupportedVersion):
        instrument_flask(app, traffic.telemetry)
    assert state(app) == before


def test_series_begin_at_zero(traffic: Traffic) -> None:
    """Every rule with a view begins at zero, also in an application with redirects and rules that only build URLs."""
    app = application()
    app.add_url_rule("/old", "old", redirect_to="/v")
    app.add_url_rule("/built", "built", build_only=True)
    app.add_url_rule("/purge", "purge", lambda: "", methods=["PURGE"])
    instrument_flask(app, traffic.telemetry)
    value = traffic.telemetry.registry.get_sample_value
    name = "http_server_request_duration_seconds_count"
    labels = {"http_request_method": "GET", "http_response_status_code": "500"}
    assert value(name, {**labels, "http_route": "/v"}) == 0
    assert value(name, {**labels, "http_route": "/built"}) is None
    assert value(name, {**labels, "http_route": "/purge", "http_request_method": "_OTHER"}) == 0
    app.add_url_rule("/late", "late", lambda: "late")
    app.add_url_rule("/later", "later", lambda: "later")
    Call(app, "/late", HTTP_AUTHORIZATION="x").read()
    assert value(name, {**labels, "http_route": "/later"}) == 0
