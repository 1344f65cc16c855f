"""A request through an instrumented application: IDs, one span, one log line, one observation."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask, Response, request
from flask.testing import FlaskClient
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client import generate_latest
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics
from werkzeug.test import TestResponse

from glasshouse_observability import Telemetry, context, instrument_flask
from glasshouse_observability.flask.keys import ROUTE_KEY, WAITED_KEY

COUNT = "http_server_request_duration_seconds_count"


class WholeAnswers(FlaskClient):
    """A client that reads each response completely at once, as a real client does."""

    def open(self, *args: Any, buffered: bool = True, **options: Any) -> TestResponse:
        return super().open(*args, buffered=buffered, **options)


@pytest.fixture
def client(telemetry: Telemetry) -> FlaskClient:
    app = Flask("test")

    @app.get("/things/<thing>")
    def show(thing: str) -> str:
        return thing

    @app.get("/broken")
    def broken() -> str:
        raise RuntimeError("no luck")

    @app.get("/stream")
    def stream() -> Response:
        def chunks() -> Iterator[str]:
            yield "a"
            yield "b"

        return Response(chunks())

    @app.get("/healthz")
    def healthz() -> str:
        return "ok"

    def create() -> tuple[str, int]:
        return "made", 201

    create.success_status = 201  # type: ignore[attr-defined]
    app.add_url_rule("/things", "create", create, methods=["POST"])
    instrument_flask(app, telemetry, excluded_urls="healthz,readyz")
    app.test_client_class = WholeAnswers
    return app.test_client()


def spans(telemetry: Telemetry, exporter: InMemorySpanExporter) -> tuple[ReadableSpan, ...]:
    telemetry.provider.force_flush()
    return exporter.get_finished_spans()


def requests_of(telemetry: Telemetry, route: str, status: int, method: str = "GET") -> float | None:
    labels = {"http_request_method": method, "http_route": route, "http_response_status_code": str(status)}
    return telemetry.registry.get_sample_value(COUNT, labels)


def test_every_known_route_begins_at_zero(client: FlaskClient, telemetry: Telemetry) -> None:
    """The counter of every known route starts at zero, so that the first request and the first error are increases."""
    assert requests_of(telemetry, "/things/<thing>", 200) == 0
    assert requests_of(telemetry, "/things/<thing>", 500) == 0
    assert requests_of(telemetry, "/things", 201, "POST") == 0


def test_a_request_is_counted_logged_and_traced_once(
    client: FlaskClient, telemetry: Telemetry, exporter: InMemorySpanExporter, caplog: pytest.LogCaptureFixture
) -> None:
    """A request leaves one count, one log line and one span.

    All three agree on route, status and trace ID, and the response contains the IDs.
    """
    with caplog.at_level(logging.INFO):
        answer = client.get("/things/1?token=secret", headers={"X-Request-ID": "request-0001"})
    assert requests_of(telemetry, "/things/<thing>", 200) == 1
    (span,) = spans(telemetry, exporter)
    assert span.context is not None
    trace_id = format(span.context.trace_id, "032x")
    assert span.name == "GET /things/<thing>"
    assert span.attributes is not None
    assert span.attributes["http.route"] == "/things/<thing>"
    assert span.attributes["http.response.status_code"] == 200
    assert answer.headers["X-Request-ID"] == "request-0001"
    assert answer.headers["X-Trace-ID"] == trace_id
    (line,) = [record for record in caplog.records if record.name == "http.request"]
    fields = line.__dict__
    assert (fields["http_route"], fields["http_response_status_code"]) == ("/things/<thing>", 200)
    assert (fields["request_id"], fields["trace_id"]) == ("request-0001", trace_id)
    assert "secret" not in str(fields)


def test_the_observation_has_an_exemplar_that_names_the_trace(client: FlaskClient, telemetry: Telemetry) -> None:
    """The observation of a request has an exemplar with its trace ID, which links a graph to a trace."""
    trace_id = client.get("/things/1").headers["X-Trace-ID"]
    assert f'trace_id="{trace_id}"'.encode() in generate_openmetrics(telemetry.registry)


def test_raw_paths_never_become_labels(client: FlaskClient, telemetry: Telemetry) -> None:
    """Unknown paths share one series, and an unknown method is counted as ``_OTHER``."""
    for number in range(5):
        client.get(f"/wp-admin/{number}")
    client.open("/things/1", method="BREW")
    assert requests_of(telemetry, "(unmatched)", 404) == 5
    assert requests_of(telemetry, "(unmatched)", 405, "_OTHER") == 1
    assert b"wp-admin" not in generate_latest(telemetry.registry)


def test_a_defect_is_one_error_with_its_traceback(
    client: FlaskClient, telemetry: Telemetry, exporter: InMemorySpanExporter, caplog: pytest.LogCaptureFixture
) -> None:
    """A defect returns 500 and leaves one exception on the span, one error line with traceback and one count."""
    answer = client.get("/broken")
    assert answer.status_code == 500
    assert requests_of(telemetry, "/broken", 500) == 1
    (span,) = spans(telemetry, exporter)
    assert span.status.status_code.name == "ERROR"
    assert [event.name for event in span.events] == ["exception"]
    assert [record.exc_info is not None for record in caplog.records if record.name == "test"] == [True]


@pytest.mark.parametrize("path", ["/refused", "/worse"])
def test_a_request_that_a_hook_ends_has_its_span(
    telemetry: Telemetry, exporter: InMemorySpanExporter, path: str
) -> None:
    """A request that ends in a hook has a span.

    This includes a defect in the hook, and a hook that is older than the instrumentation.
    """
    app = Flask("test")
    app.test_client_class = WholeAnswers

    def refuse() -> Response:
        if request.path == "/worse":
            raise RuntimeError("no luck")
        return Response("no", 503)

    app.before_request(refuse)
    instrument_flask(app, telemetry)
    answer = app.test_client().get(path)
    (span,) = spans(telemetry, exporter)
    assert span.context is not None
    assert answer.headers["X-Trace-ID"] == format(span.context.trace_id, "032x")
    assert (span.attributes or {})["http.response.status_code"] == answer.status_code


def test_a_stream_is_counted_when_its_last_byte_is_out(client: FlaskClient, telemetry: Telemetry) -> None:
    """A stream counts as active until its last byte is sent, and as done afterwards."""
    answer = client.get("/stream", buffered=False)
    assert requests_of(telemetry, "/stream", 200) == 0
    assert telemetry.registry.get_sample_value("http_server_active_requests") == 1
    assert answer.data == b"ab"
    answer.close()
    assert requests_of(telemetry, "/stream", 200) == 1
    assert telemetry.registry.get_sample_value("http_server_active_requests") == 0


@pytest.mark.parametrize("absurd", ["short", "x" * 129, "with space in it", "semi;colon;semi", 'quote"quote"'])
def test_an_absurd_request_id_is_replaced(client: FlaskClient, absurd: str) -> None:
    """An invalid request ID of a client is replaced and neither returned nor logged."""
    given = client.get("/things/1", headers={"X-Request-ID": absurd}).headers["X-Request-ID"]
    assert given != absurd
    assert len(given) == 32


@pytest.mark.parametrize(
    "malformed",
    [
        "nonsense",
        "00-00000000000000000000000000000000-0000000000000000-01",
        "00-ABCDEF-0123456789abcdef-01",
        "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    ],
)
def test_a_malformed_traceparent_starts_a_fresh_trace(
    client: FlaskClient, telemetry: Telemetry, exporter: InMemorySpanExporter, malformed: str
) -> None:
    """A malformed ``traceparent`` starts a new trace, as W3C Trace Context, section 4.3, requires."""
    trace_id = client.get("/things/1", headers={"traceparent": malformed}).headers["X-Trace-ID"]
    (span,) = spans(telemetry, exporter)
    assert span.parent is None
    assert int(trace_id, 16) != 0
    assert trace_id not in malformed


def test_a_sane_traceparent_is_continued(
    client: FlaskClient, telemetry: Telemetry, exporter: InMemorySpanExporter
) -> None:
    """A valid ``traceparent`` continues the caller's trace."""
    parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    answer = client.get("/things/1", headers={"traceparent": parent})
    assert answer.headers["X-Trace-ID"] == "0af7651916cd43dd8448eb211c80319c"
    (span,) = spans(telemetry, exporter)
    assert span.parent is not None
    assert format(span.parent.span_id, "016x") == "b7ad6b7169203331"


def test_probes_leave_no_span_and_no_line(
    client: FlaskClient, telemetry: Telemetry, exporter: InMemorySpanExporter, caplog: pytest.LogCaptureFixture
) -> None:
    """Health probes are counted but leave no span and no log line, because they are frequent."""
    with caplog.at_level(logging.INFO):
        client.get("/healthz")
    assert spans(telemetry, exporter) == ()
    assert [record for record in caplog.records if record.name == "http.request"] == []
    assert requests_of(telemetry, "/healthz", 200) == 1


def test_what_is_noted_is_in_the_line_and_on_the_span(
    telemetry: Telemetry, exporter: InMemorySpanExporter, caplog: pytest.LogCaptureFixture
) -> None:
    """A note is on the span and in the log line of its own request, and of no other."""
    app = Flask("test")

    @app.get("/noted/<word>")
    def noted(word: str) -> str:
        if word != "nothing":
            context.note("cache.product.result", word)
        return word

    app.test_client_class = WholeAnswers
    instrument_flask(app, telemetry)
    with caplog.at_level(logging.INFO):
        app.test_client().get("/noted/hit")
        app.test_client().get("/noted/nothing")
    first, second = [record.__dict__ for record in caplog.records if record.name == "http.request"]
    assert first["cache_product_result"] == "hit"
    assert "cache_product_result" not in second
    attributes = [dict(span.attributes or {}) for span in spans(telemetry, exporter)]
    assert [one.get("cache.product.result") for one in attributes] == ["hit", None]


def test_what_a_request_waited_for_a_thread_is_part_of_its_duration(client: FlaskClient, telemetry: Telemetry) -> None:
    """The time that a request waited for a thread is part of its duration.

    Without it a server with no free thread would look fast, although its clients have to wait.
    """
    client.get("/things/1", environ_overrides={WAITED_KEY: 3.0})
    seconds = telemetry.registry.get_sample_value(
        "http_server_request_duration_seconds_sum",
        {"http_request_method": "GET", "http_route": "/things/<thing>", "http_response_status_code": "200"},
    )
    assert seconds is not None
    assert 3.0 <= seconds < 4.0


def test_routes_that_are_paths_overflow(client: FlaskClient, telemetry: Telemetry) -> None:
    """An application that uses raw paths as routes gets 100 of them, and the known routes keep their names."""

    def note_path() -> None:
        request.environ[ROUTE_KEY] = request.path

    client.application.before_request(note_path)
    for number in range(110):
        client.get(f"/things/{number}")
    client.get("/broken")
    assert requests_of(telemetry, "/things/99", 200) == 1
    assert requests_of(telemetry, "/things/100", 200) is None
    assert requests_of(telemetry, "other", 200) == 10
    assert requests_of(telemetry, "/broken", 500) == 1
    labels = {"metric": "http_server_request_duration_seconds", "label": "http_route"}
    assert telemetry.registry.get_sample_value("telemetry_label_overflow_total", labels) == 10
