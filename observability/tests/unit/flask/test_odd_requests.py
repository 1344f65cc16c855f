"""Requests that a browser would not send: the application's answer is the same as without the instrumentation."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask, request
from opentelemetry import baggage
from opentelemetry.baggage.propagation import W3CBaggagePropagator
from opentelemetry.propagators.composite import CompositePropagator
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from werkzeug.middleware.proxy_fix import ProxyFix

from glasshouse_observability import instrument_flask
from glasshouse_observability.flask.boundary import RequestBoundary
from glasshouse_observability.flask.keys import ROUTE_KEY, WAITED_KEY
from library_support.traffic import Call, Traffic

PARENT = "0af7651916cd43dd8448eb211c80319c"
SECRET = "hunter2-secret-value"


def application(traffic: Traffic, status: int = 503) -> Flask:
    app = Flask("test", static_folder=None)
    app.add_url_rule("/v", "v", lambda: ("v", status))
    app.add_url_rule("/<path:path>", "path", lambda path: (path, status), methods=["GET", "BREW"])
    instrument_flask(app, traffic.telemetry)
    return app


@pytest.mark.parametrize(
    "environ",
    [
        {"SERVER_PORT": ""},
        {"SERVER_PORT": "unix"},
        {"REMOTE_PORT": "x", "REMOTE_ADDR": ""},
        {"HTTP_HOST": "x:y"},
        {"HTTP_HOST": ""},
        {"HTTP_HOST": "\xff\xfe"},
        {"HTTP_TRACEPARENT": "00-zz-yy-01"},
        {"HTTP_TRACEPARENT": "\xff" * 10_000},
        {"HTTP_TRACEPARENT": f"00-{PARENT}-b7ad6b7169203331-00", "HTTP_TRACESTATE": "=,=,\xff=1"},
        {"HTTP_BAGGAGE": ";;;=,\xff=%zz"},
        {"HTTP_USER_AGENT": "x" * 1_000_000},
        {"HTTP_USER_AGENT": "caf\xc3\xa9 \xff"},
        {"HTTP_X_REQUEST_ID": "x" * 1_000_000},
        {"HTTP_X_REQUEST_ID": "\ud800"},
        {"HTTP_X_REQUEST_ID": 7},
        {"QUERY_STRING": "%zz&&&=\xff" * 1000},
        {"SERVER_PROTOCOL": ""},
        {"REQUEST_METHOD": "POST"},
        {"wsgi.url_scheme": "https"},
    ],
)
def test_odd_environments(traffic: Traffic, environ: dict[str, Any]) -> None:
    """No value of the environment makes the telemetry fail or changes the answer (contrib#532)."""
    call = Call(application(traffic), "/v", **environ).read()
    # OpenTelemetry's instrumentation raises if a port is no number; with older versions of Werkzeug, also in ``Host``.
    has_port = environ.get("SERVER_PORT") or ":" in environ.get("HTTP_HOST", "")
    line = traffic.one(call, swallowed="flask.instrumentation" if has_port else "")
    assert line["http_response_status_code"] == (405 if "REQUEST_METHOD" in environ else 503)
    for span in traffic.spans():
        assert all(len(str(value)) <= 4096 for value in (span.attributes or {}).values())


def test_a_port_of_a_proxy(traffic: Traffic) -> None:
    """A port that a client sends through a proxy cannot make every sampled request fail."""
    app = application(traffic)
    app.wsgi_app = ProxyFix(app.wsgi_app, x_port=1)  # type: ignore[method-assign]
    call = Call(app, "/v", HTTP_X_FORWARDED_PORT="abc").read()
    traffic.one(call, swallowed="flask.instrumentation")


@pytest.mark.parametrize(
    ("path", "shown"), [("/caf\xc3\xa9", "/caf\xe9"), ("/\xff\xfe", "/\ufffd\ufffd"), ("/a%zz\x00", "/a%zz\x00")]
)
def test_paths_with_any_bytes(traffic: Traffic, path: str, shown: str) -> None:
    """PEP 3333 hands over a path as Latin-1; the span has it as text, and the route stays the template."""
    line = traffic.one(Call(application(traffic), path).read())
    assert line["http_route"] == "/<path:path>"
    (span,) = traffic.spans()
    assert (span.attributes or {})["url.path"] == shown


def test_secrets_of_a_query_are_in_no_signal(traffic: Traffic) -> None:
    """Values of sensitive keys of a query reach neither the span nor the line; other values do."""
    query = f"page=2&token={SECRET}&X-Amz-Signature={SECRET}&sig={SECRET}"
    line = traffic.one(Call(application(traffic), "/v", QUERY_STRING=query).read())
    (span,) = traffic.spans()
    attributes = dict(span.attributes or {})
    assert SECRET not in str(line)
    assert SECRET not in str(attributes)
    assert "page=2" in str(attributes["url.query"])


@pytest.mark.parametrize("flag", ["00", "01"])
def test_a_caller_with_another_propagator(traffic: Traffic, flag: str) -> None:
    """Trace context and baggage are read with the propagator of the telemetry."""
    traffic.telemetry.propagator = CompositePropagator([TraceContextTextMapPropagator(), W3CBaggagePropagator()])
    app = Flask("test")
    app.add_url_rule("/v", "v", lambda: str(baggage.get_baggage("customer")))
    instrument_flask(app, traffic.telemetry)
    call = Call(app, "/v", HTTP_TRACEPARENT=f"00-{PARENT}-b7ad6b7169203331-{flag}", HTTP_BAGGAGE="customer=7").read()
    assert call.sent == [b"7"]
    assert call.header("X-Trace-ID") == [PARENT]
    assert [span.parent.span_id for span in traffic.spans() if span.parent] == [0xB7AD6B7169203331] * (flag == "01")


def test_a_hostile_application_environment(traffic: Traffic) -> None:
    """A wrong value that a server or the application stores in the environment is an error of the telemetry only."""
    app = application(traffic, status=200)
    call = Call(app, "/v", **{WAITED_KEY: "soon"}).read()
    assert (call.status, call.sent) == ("200 OK", [b"v"])
    assert traffic.swallowed() == {("flask.begin",): 1.0}
    call = Call(app, "/v", **{ROUTE_KEY: object()}).read()
    assert call.status == "200 OK"


@pytest.mark.parametrize("part", ["metrics", "lines", "report", "start_span"])
def test_an_error_of_the_telemetry_changes_no_answer(
    traffic: Traffic, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    """Whatever part fails: the answer is complete, the error is counted, and the next request is not affected."""

    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("defect")

    app = application(traffic, status=500)
    boundary: Any = app.wsgi_app
    with monkeypatch.context() as patch:
        if part == "metrics":
            patch.setattr(boundary.metrics, "end", fail)
        elif part == "lines":
            patch.setattr(boundary.lines, "write", fail)
        elif part == "report":
            patch.setattr(RequestBoundary, "report", fail)
        else:
            patch.setattr(boundary.sampler, "request", fail)
        call = Call(app, "/v").read()
    assert (call.status, call.sent) == ("500 INTERNAL SERVER ERROR", [b"v"])
    assert sum(traffic.swallowed().values()) == 1
    assert len(traffic.requests()) == (1 if part == "metrics" else 0)
    Call(app, "/v").read()
    assert len(traffic.requests()) == (2 if part == "metrics" else 1)


def test_an_error_of_opentelemetrys_instrumentation_changes_no_answer(
    traffic: Traffic, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The instrumentation may fail before, in and after the application: the answer is the application's."""
    for name in ("collect_request_attributes", "add_response_attributes"):

        def fail(*_: Any, **__: Any) -> None:
            raise ValueError("defect")

        monkeypatch.setattr(f"opentelemetry.instrumentation.wsgi.{name}", fail)
        call = Call(application(traffic), "/v").read()
        assert (call.status, call.sent) == ("503 SERVICE UNAVAILABLE", [b"v"])
    assert bool(traffic.swallowed()) is traffic.is_sampled
    assert len(traffic.requests()) == len(traffic.spans()) == 2


def test_a_view_may_read_the_request_id(traffic: Traffic) -> None:
    """The application sees the id that the response and the line have."""
    app = Flask("test")
    app.add_url_rule("/v", "v", lambda: request.headers["X-Request-ID"])
    instrument_flask(app, traffic.telemetry)
    call = Call(app, "/v").read()
    assert [call.sent[0].decode()] == call.header("X-Request-ID")
    traffic.one(call)
