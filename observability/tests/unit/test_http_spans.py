"""Spans of sampled requests come from the Flask instrumentation; spans that are created afterwards equal them."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask, abort
from opentelemetry.instrumentation.flask import FlaskInstrumentor
from opentelemetry.metrics import NoOpMeterProvider
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from glasshouse_observability import Telemetry, TelemetrySettings, instrument_flask
from glasshouse_observability.flask.keys import WAITED_KEY
from glasshouse_observability.traces.unsampled import REASON

CALLER = {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "tracestate": "vendor=1"}


def application() -> Flask:
    app = Flask("test")

    @app.route("/things/<thing>", methods=["GET", "POST"])
    def show(thing: str) -> str:
        return thing

    @app.get("/broken")
    def broken() -> str:
        raise RuntimeError("no luck")

    @app.get("/away")
    def away() -> str:
        abort(503)

    return app


def span_of(exporter: InMemorySpanExporter, telemetry: Telemetry, app: Flask, asked: dict[str, Any]) -> ReadableSpan:
    app.test_client().open(**asked, buffered=True)
    telemetry.provider.force_flush()
    (span,) = exporter.get_finished_spans()
    return span


@pytest.fixture
def instrumentations_span(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return the span that the instrumentation creates for a request."""
    # A private name of the instrumentation, which reads the variable once per process, perhaps before this test.
    monkeypatch.setattr(
        "opentelemetry.instrumentation._semconv._OpenTelemetrySemanticConventionStability._initialized", False
    )
    monkeypatch.setenv("OTEL_SEMCONV_STABILITY_OPT_IN", "http")

    def span(asked: dict[str, Any]) -> ReadableSpan:
        exporter, app = InMemorySpanExporter(), application()
        telemetry = Telemetry(TelemetrySettings("api", "api-1"), exporter=exporter)
        FlaskInstrumentor().instrument_app(
            app,
            tracer_provider=telemetry.provider,
            meter_provider=NoOpMeterProvider(),
            excluded_urls="",
            enable_commenter=False,
        )
        return span_of(exporter, telemetry, app, asked)

    return span


def our_span(asked: dict[str, Any], **settings: float) -> ReadableSpan:
    exporter, app = InMemorySpanExporter(), application()
    telemetry = Telemetry(TelemetrySettings("api", "api-1", **settings), exporter=exporter)  # type: ignore[arg-type]
    instrument_flask(app, telemetry)
    return span_of(exporter, telemetry, app, asked)


REQUESTS: dict[str, dict[str, Any]] = {
    "read": {"path": "/things/1?page=2", "headers": {"User-Agent": "tests/1"}},
    "write": {"path": "/things/1", "method": "POST", "base_url": "https://shop.example:8443"},
    "child": {"path": "/things/1", "headers": CALLER, "environ_overrides": {"REMOTE_PORT": "4711"}},
    "no rule": {"path": "/missing"},
    "unknown method": {"path": "/things/1", "method": "BREW"},
    "refused": {"path": "/away"},
    "defect": {"path": "/broken"},
}


def shown(span: ReadableSpan) -> dict[str, Any]:
    events = [(event.name, (event.attributes or {})["exception.message"]) for event in span.events]
    attributes = {name: value for name, value in (span.attributes or {}).items() if name != REASON}
    return {
        "kind": span.kind,
        "parent": span.parent and (span.parent.span_id, span.parent.trace_state),
        "status": (span.status.status_code, span.status.description),
        "attributes": attributes,
        "events": events,
    }


@pytest.mark.parametrize("asked", REQUESTS.values(), ids=REQUESTS)
def test_a_sampled_request_has_the_instrumentations_span(instrumentations_span: Any, asked: dict[str, Any]) -> None:
    """A sampled request's span is the instrumentation's, except that its name contains no raw path."""
    ours, theirs = our_span(asked), instrumentations_span(asked)
    assert shown(ours) == shown(theirs)
    assert ours.name == theirs.name.removesuffix(" /missing")


@pytest.mark.parametrize("name", ["refused", "defect"])
def test_a_late_span_is_the_same(name: str) -> None:
    """A failed request that was not sampled leaves the span that it would have had if it had been sampled."""
    late, sampled = our_span(REQUESTS[name], traces_per_second=0.0, trace_ratio=0.0), our_span(REQUESTS[name])
    assert (late.attributes or {})[REASON] == "error"
    assert (late.name, shown(late)) == (sampled.name, shown(sampled))


@pytest.mark.parametrize("name", ["read", "write", "no rule", "unknown method"])
def test_the_late_span_of_a_slow_request_is_the_same(name: str) -> None:
    """The late span of a slow request equals a sampled one, also without a matching rule or with an unknown method."""
    slow = {**REQUESTS[name], "environ_overrides": {WAITED_KEY: 3.0}}
    late, sampled = our_span(slow, traces_per_second=0.0, trace_ratio=0.0), our_span(slow)
    assert (late.attributes or {})[REASON] == "slow"
    assert (late.name, shown(late)) == (sampled.name, shown(sampled))


@pytest.mark.parametrize("ratio", [0.0, 1.0])
def test_the_instrumentation_runs_for_sampled_requests_only(monkeypatch: pytest.MonkeyPatch, ratio: float) -> None:
    """The instrumentation's two hooks run for sampled requests only; it gives both to what it instruments."""
    ran: list[str] = []
    instrument = FlaskInstrumentor.instrument_app

    def counted(app: Any, *args: Any, **options: Any) -> None:
        instrument(app, *args, **options)
        app.begin, app.end = noting("before", app.begin), noting("teardown", app.end)

    def noting(name: str, hook: Any) -> Any:
        return lambda *args: (ran.append(name), hook(*args))[1]

    monkeypatch.setattr(FlaskInstrumentor, "instrument_app", staticmethod(counted))
    app = application()
    telemetry = Telemetry(TelemetrySettings("api", "api-1", traces_per_second=0.0, trace_ratio=ratio))
    instrument_flask(app, telemetry)
    app.test_client().get("/things/1", buffered=True)
    telemetry.provider.shutdown()
    assert ran == (["before", "teardown"] if ratio else [])


@pytest.mark.parametrize("name", REQUESTS)
def test_the_ids_of_a_sampled_request_are_its_spans(name: str) -> None:
    """The trace ID in the header of a sampled request is that of the span that Jaeger receives."""
    exporter, app = InMemorySpanExporter(), application()
    telemetry = Telemetry(TelemetrySettings("api", "api-1"), exporter=exporter)
    instrument_flask(app, telemetry)
    answer = app.test_client().open(**REQUESTS[name], buffered=True)
    telemetry.provider.force_flush()
    (span,) = exporter.get_finished_spans()
    assert answer.headers["X-Trace-ID"] == format(span.context.trace_id, "032x")
