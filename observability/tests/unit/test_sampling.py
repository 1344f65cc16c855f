"""Which requests are traced, and what is recorded of the others."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask, Response
from flask.testing import FlaskClient
from opentelemetry import propagate, trace
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanContext
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from prometheus_client.openmetrics.exposition import generate_latest
from werkzeug.test import TestResponse

from glasshouse_observability import Telemetry, TelemetrySettings, WrongSetting, context, instrument_flask
from glasshouse_observability.traces.sampling import Late, Sampler
from glasshouse_observability.traces.unsampled import REASON, UnsampledSpan, is_unsampled

PARENT = "0af7651916cd43dd8448eb211c80319c"
SAMPLED, UNSAMPLED = (f"00-{PARENT}-b7ad6b7169203331-{flag}" for flag in ("01", "00"))


class Clock:
    """A clock that tests advance."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class World:
    """An application above its trace budget: only requests that a rule exempts are sampled."""

    def __init__(self, exporter: InMemorySpanExporter, **settings: float) -> None:
        wanted = {"traces_per_second": 0.0, "trace_ratio": 0.0, **settings}
        self.exporter = exporter
        self.telemetry = Telemetry(TelemetrySettings(service="api", instance="api-1", **wanted), exporter=exporter)  # type: ignore[arg-type]
        self.clock, self.entered = Clock(), 0
        self.app = Flask("test")
        self.app.add_url_rule("/things/<thing>", "show", lambda thing: thing, methods=["GET", "POST"])
        self.app.add_url_rule("/slow/<float:seconds>", "slow", self.slow)
        self.app.add_url_rule("/broken", "broken", self.broken)
        self.app.add_url_rule("/away", "away", lambda: ("away", 503))
        self.app.add_url_rule("/healthz", "healthz", lambda: ("ill", 503))
        self.app.add_url_rule("/noted", "noted", self.noted)
        self.app.before_request(self.look)
        instrument_flask(self.app, self.telemetry, excluded_urls="healthz,readyz")
        self.app.wsgi_app.clock = self.clock  # type: ignore[attr-defined]

    def look(self) -> None:
        self.entered += not is_unsampled.get()

    def slow(self, seconds: float) -> str:
        self.clock.now += seconds
        return "at last"

    def broken(self) -> str:
        raise RuntimeError("no luck")

    def noted(self) -> tuple[str, int]:
        context.note("cache.result", "hit")
        trace.get_current_span().add_event("looked", {"twice": True})
        return "noted", 500

    def get(self, path: str, **headers: str) -> TestResponse:
        return self.app.test_client().get(path, headers=headers, buffered=True)

    def spans(self) -> list[ReadableSpan]:
        self.telemetry.provider.force_flush()
        return list(self.exporter.get_finished_spans())

    def count(self, route: str, status: int) -> float | None:
        labels = {"http_request_method": "GET", "http_route": route, "http_response_status_code": str(status)}
        return self.telemetry.registry.get_sample_value("http_server_request_duration_seconds_count", labels)


@pytest.fixture
def world(exporter: InMemorySpanExporter) -> World:
    return World(exporter)


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> Callable[[], list[dict[str, Any]]]:
    """Return the request lines so far."""
    caplog.set_level(logging.INFO)
    return lambda: [record.__dict__ for record in caplog.records if record.name == "http.request"]


def trace_id_of(span: ReadableSpan) -> str:
    assert span.context is not None
    return format(span.context.trace_id, "032x")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("OBSERVABILITY_TRACES_PER_SECOND", "-1"),
        ("OBSERVABILITY_TRACE_RATIO", "1.1"),
        ("OBSERVABILITY_TRACE_RATIO", "nan"),
        ("OBSERVABILITY_SLOW_SECONDS", "soon"),
    ],
)
def test_a_wrong_setting_is_named(name: str, value: str) -> None:
    """The error for an invalid setting contains its value and the allowed values."""
    with pytest.raises(WrongSetting, match=f"{name} is '{value}': it must be a decimal number"):
        TelemetrySettings.from_env({"OTEL_SERVICE_NAME": "api", name: value})


def test_what_is_not_sampled_has_no_span_while_it_runs(world: World, lines: Callable[[], list[dict[str, Any]]]) -> None:
    """A request that is not sampled leaves a count and a line, but no span and no exemplar.

    The response contains the trace ID of the line.
    """
    answer = world.get("/things/1")
    assert (world.entered, world.spans()) == (0, [])
    assert world.count("/things/<thing>", 200) == 1
    (line,) = lines()
    assert line["trace_id"] == answer.headers["X-Trace-ID"]
    assert line["trace_sampled"] is False
    assert "sampling_reason" not in line
    assert b"# {trace_id" not in generate_latest(world.telemetry.registry)


def test_a_sampled_caller_is_honoured_above_the_budget(world: World) -> None:
    """A request from a caller that samples is traced even above the budget."""
    answer = world.get("/things/1", traceparent=SAMPLED)
    (span,) = world.spans()
    assert (world.entered, trace_id_of(span), answer.headers["X-Trace-ID"]) == (1, PARENT, PARENT)
    assert REASON not in (span.attributes or {})


def test_a_caller_that_does_not_sample_is_honoured_below_the_budget(
    exporter: InMemorySpanExporter, lines: Callable[[], list[dict[str, Any]]]
) -> None:
    """A request from a caller that does not sample is not traced even below the budget.

    A fragment of a trace that no other service keeps is useless; its ID still joins the log lines.
    """
    world = World(exporter, traces_per_second=100.0)
    world.get("/things/1", traceparent=UNSAMPLED)
    assert world.spans() == []
    (line,) = lines()
    assert (line["trace_id"], line["trace_sampled"]) == (PARENT, False)


@pytest.mark.parametrize(("path", "status", "route"), [("/broken", 500, "/broken"), ("/away", 503, "/away")])
def test_an_error_leaves_a_span(
    world: World, lines: Callable[[], list[dict[str, Any]]], path: str, status: int, route: str
) -> None:
    """An error leaves one span with the reason, under the ID in the log line and the response.

    It is counted and logged once, and has an exemplar.
    """
    answer = world.get(path)
    (span,) = world.spans()
    (line,) = lines()
    assert (answer.status_code, world.entered, world.count(route, status)) == (status, 0, 1)
    assert trace_id_of(span) == line["trace_id"] == answer.headers["X-Trace-ID"]
    assert line["sampling_reason"] == "error"
    assert "trace_sampled" not in line
    attributes = dict(span.attributes or {})
    assert attributes[REASON] == "error"
    assert attributes["http.response.status_code"] == status
    assert (attributes["http.request.method"], attributes["http.route"]) == ("GET", route)
    assert (span.name, span.kind.name, span.status.status_code.name) == (f"GET {route}", "SERVER", "ERROR")
    assert trace_id_of(span).encode() in generate_latest(world.telemetry.registry)


def test_a_defect_is_recorded_on_the_span_that_is_made_of_it(world: World) -> None:
    """A defect is recorded as an exception event on the late span, as the instrumentation records it."""
    world.get("/broken")
    (span,) = world.spans()
    (event,) = span.events
    assert event.name == "exception"
    assert dict(event.attributes or {})["exception.type"] == "builtins.RuntimeError"
    assert "no luck" in str(dict(event.attributes or {})["exception.stacktrace"])


def test_what_was_noted_before_an_error_is_on_its_span(world: World) -> None:
    """Attributes and events that were noted before the error are on the late span."""
    world.get("/noted")
    (span,) = world.spans()
    assert (span.attributes or {})["cache.result"] == "hit"
    assert [(event.name, dict(event.attributes or {})) for event in span.events] == [("looked", {"twice": True})]


def test_what_escapes_the_application_leaves_a_span_too(
    world: World, lines: Callable[[], list[dict[str, Any]]]
) -> None:
    """An exception that is propagated has no response, but leaves a count, a line and a span with its route."""
    world.app.config["PROPAGATE_EXCEPTIONS"] = True
    with pytest.raises(RuntimeError, match="no luck"):
        world.get("/broken")
    (span,) = world.spans()
    assert (span.attributes or {})[REASON] == "error"
    assert world.count("/broken", 500) == 1
    assert [line["http_route"] for line in lines()] == ["/broken"]


def test_a_slow_request_leaves_a_span_with_its_true_times(
    world: World, lines: Callable[[], list[dict[str, Any]]]
) -> None:
    """A request that takes half a second or more leaves a span with its true times; a faster one leaves none."""
    world.get("/slow/0.4")
    assert world.spans() == []
    world.get("/slow/0.7")
    (span,) = world.spans()
    assert (span.attributes or {})[REASON] == "slow"
    assert span.status.status_code.name == "UNSET"
    assert span.start_time is not None
    assert span.end_time is not None
    assert (span.end_time - span.start_time) / 1e9 == pytest.approx(0.7)
    assert [line.get("sampling_reason") for line in lines()] == [None, "slow"]


def test_the_threshold_is_a_setting(exporter: InMemorySpanExporter) -> None:
    """A setting changes the threshold for the whole process."""
    world = World(exporter, slow_seconds=0.1)
    world.get("/slow/0.2")
    assert len(world.spans()) == 1


def test_a_view_may_have_a_threshold_of_its_own(exporter: InMemorySpanExporter) -> None:
    """A view can have its own threshold, for example a stream, which lasts for as long as a client listens."""
    telemetry = Telemetry(TelemetrySettings("api", "api-1", traces_per_second=0, trace_ratio=0), exporter=exporter)
    app, clock = Flask("test"), Clock()

    def stream() -> Response:
        def chunks() -> Iterator[str]:
            yield "a"
            clock.now += 60

        return Response(chunks())

    stream.slow_seconds = float("inf")  # type: ignore[attr-defined]
    app.add_url_rule("/stream", "stream", stream)
    instrument_flask(app, telemetry)
    app.wsgi_app.clock = clock  # type: ignore[attr-defined]
    assert app.test_client().get("/stream", buffered=True).data == b"a"
    telemetry.provider.force_flush()
    assert exporter.get_finished_spans() == ()


def test_a_span_made_afterwards_belongs_to_its_callers_trace(world: World) -> None:
    """A late span belongs to the trace of its caller, below the caller's span."""
    world.get("/away", traceparent=UNSAMPLED)
    (span,) = world.spans()
    assert trace_id_of(span) == PARENT
    assert span.parent is not None
    assert format(span.parent.span_id, "016x") == "b7ad6b7169203331"


def test_a_probe_that_fails_is_logged_and_leaves_no_span(
    world: World, lines: Callable[[], list[dict[str, Any]]]
) -> None:
    """A health probe that fails is logged and leaves no span, because probes are frequent."""
    world.get("/healthz")
    assert world.spans() == []
    assert [line["http_response_status_code"] for line in lines()] == [503]


def test_an_unsampled_request_passes_its_decision_to_callees(world: World) -> None:
    """An unsampled request passes its trace ID to callees as not sampled, and nothing below it records spans."""
    found: dict[str, str] = {}

    def call() -> str:
        propagate.inject(found)
        with world.telemetry.tracer("below").start_as_current_span("child") as span:
            assert not span.is_recording()
        return "called"

    world.app.view_functions["show"] = lambda thing: call()
    answer = world.get("/things/1")
    version, trace_id, _, flags = found["traceparent"].split("-")
    assert (version, trace_id, flags) == ("00", answer.headers["X-Trace-ID"], "00")
    assert world.spans() == []


def sent(headers: dict[str, str]) -> SpanContext:
    return trace.get_current_span(TraceContextTextMapPropagator().extract(headers)).get_span_context()


@pytest.mark.parametrize("state", [None, "vendor=1,other=2"])
def test_an_unsampled_job_gets_the_same_context_as_from_the_propagator(state: str | None) -> None:
    """An unsampled job gets the same headers from the span's shorter code as from the propagator."""
    headers = {"traceparent": f"00-{'a' * 32}-{'b' * 16}-00", "tracestate": state or ""}
    span, ours, theirs = UnsampledSpan(sent(headers)), dict[str, str](), dict[str, str]()
    span.inject(ours)
    propagate.inject(theirs, span.within())
    assert ours == theirs
    assert ours.get("tracestate") == state
    found = sent(ours)
    assert (found.trace_id, found.span_id) == (int(span.trace_id, 16), int(span.span_id, 16))


def test_the_context_ends_with_the_request(world: World) -> None:
    """The context ends with the request, so that a thread's next work does not belong to it."""
    world.get("/things/1")
    assert not trace.get_current_span().get_span_context().is_valid
    assert context.request_id.get() is None
    assert not is_unsampled.get()


def test_an_unclosed_body_does_not_affect_the_next_request(exporter: InMemorySpanExporter) -> None:
    """A body that the server does not close does not affect the tracing of the thread's next request."""
    world = World(exporter)
    left_open = world.app.test_client().get("/things/1", buffered=False)
    world.get("/things/2", traceparent=SAMPLED)
    (span,) = world.spans()
    assert (trace_id_of(span), span.kind.name) == (PARENT, "SERVER")
    left_open.close()


def test_each_request_of_many_threads_is_counted_and_logged_once(
    exporter: InMemorySpanExporter, lines: Callable[[], list[dict[str, Any]]]
) -> None:
    """Counts, lines and spans match the requests of many threads, whether traced, not traced or failed."""
    world = World(exporter, traces_per_second=5.0, trace_ratio=0.05)
    world.app.testing = False

    def send(client: FlaskClient) -> None:
        for number in range(60):
            client.get("/away" if number % 10 == 0 else "/things/1", buffered=True)

    threads = [threading.Thread(target=send, args=(world.app.test_client(),)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert world.count("/things/<thing>", 200) == 432
    assert world.count("/away", 503) == 48
    logged = lines()
    assert Counter(line["http_response_status_code"] for line in logged) == {200: 432, 503: 48}
    traced = {line["trace_id"] for line in logged if line.get("trace_sampled", True)}
    assert {trace_id_of(span) for span in world.spans()} == traced
    assert {line["trace_id"] for line in logged if line["http_response_status_code"] == 503} <= traced
    assert len(traced) < 480


def test_the_sampler_gives_the_reasons() -> None:
    """A failure is the reason for a late span before slowness, and without either there is no late span."""
    sampler = Sampler(TelemetrySettings("api", "api-1"))
    found = [sampler.late(True, 9.0), sampler.late(False, 9.0), sampler.late(False, 0.1), sampler.late(False, 2.0, 3.0)]
    assert found == [Late.ERROR, Late.SLOW, None, None]
