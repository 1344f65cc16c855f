"""Odd values within a request change neither its response nor the telemetry of others."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask, request
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode
from prometheus_client import CollectorRegistry

from glasshouse_observability import Telemetry, TelemetrySettings, context, instrument_flask
from glasshouse_observability.logs.config import new_handler
from library_support.odd_values import MAKE, BrokenError

CALLER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


class Shop:
    """An application with its own error handler."""

    def __init__(self, sampled: bool) -> None:
        self.exporter, self.stream, self.registry = InMemorySpanExporter(), io.StringIO(), CollectorRegistry()
        rate = 1e5 if sampled else 0.0
        settings = TelemetrySettings(service="api", traces_per_second=rate, trace_ratio=0.0)
        self.telemetry = Telemetry(settings, self.registry, self.exporter)
        self.handler = new_handler(settings, stream=self.stream)  # type: ignore[arg-type]
        self.app = Flask("odd_shop")
        self.app.get("/fine")(lambda: "fine")
        self.app.get("/broken")(self.broken)
        self.app.get("/note/<name>")(self.note)
        self.app.post("/json")(self.json)
        self.app.register_error_handler(500, lambda _: ("own page", 500))
        instrument_flask(self.app, self.telemetry)
        self.client = self.app.test_client()

    def broken(self) -> str:
        raise BrokenError

    def note(self, name: str) -> str:
        context.note(name, MAKE[name]())
        logging.getLogger("odd").info("noted %s %s", MAKE[name](), 1, extra={"odd": MAKE[name]()})
        span = trace.get_current_span()
        span.set_attribute("odd", MAKE[name]())
        span.add_event("odd", {"odd": MAKE[name]()})
        raise ValueError(MAKE[name]())

    def json(self) -> str:
        raise ValueError(request.get_json()["name"])

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.stream.getvalue().split("\n")[:-1]]


@pytest.fixture(params=[True, False], ids=["sampled", "unsampled"])
def shop(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    found = Shop(request.param)
    root = logging.getLogger()
    level = root.level
    root.setLevel(logging.INFO)
    monkeypatch.setattr(root, "handlers", [found.handler])
    yield found
    root.setLevel(level)
    found.telemetry.stop()


def test_an_exception_without_a_text_reaches_the_applications_handler(shop: Shop) -> None:
    """The application's own 500 page is served, and line, metric and span describe the request."""
    response = shop.client.get("/broken")
    assert (response.status_code, response.text) == (500, "own page")
    response.close()
    shop.telemetry.stop()
    (span,) = shop.exporter.get_finished_spans()
    assert span.status.status_code is StatusCode.ERROR
    (event,) = span.events
    assert (event.attributes or {})["exception.message"] == "<BrokenError: no text, because of ValueError>"
    lines = shop.lines()
    (of_request,) = [line for line in lines if line.get("event") == "http.request"]
    assert (of_request["level"], of_request["http_response_status_code"]) == ("ERROR", 500)
    assert [line["exception_type"] for line in lines if "exception_type" in line] == [
        "library_support.odd_values.BrokenError"
    ]
    assert context.request_id.get() is None


@pytest.mark.parametrize("name", sorted(MAKE))
def test_odd_values_in_a_request(shop: Shop, name: str) -> None:
    """Each odd value, noted, logged and raised in a request, leaves its line and span and those of others intact."""
    with shop.client as client:
        client.get("/fine").close()
        response = client.get(f"/note/{name}", headers={"traceparent": CALLER})
        assert (response.status_code, response.text) == (500, "own page")
        response.close()
        client.get("/fine", headers={"traceparent": CALLER}).close()
    shop.telemetry.stop()
    spans = shop.exporter.get_finished_spans()
    encode_spans(spans).SerializeToString()
    assert [span.name for span in spans][-2:] == ["GET /note/<name>", "GET /fine"]
    lines = shop.lines()
    statuses = [line["http_response_status_code"] for line in lines if line.get("event") == "http.request"]
    assert statuses == [200, 500, 200]
    assert name.replace(".", "_") in next(line for line in lines if line.get("http_response_status_code") == 500)


def test_a_surrogate_in_a_clients_body_loses_nothing(shop: Shop) -> None:
    """A lone surrogate from a client reaches an exception's message; its batch of ten spans arrives."""
    for _ in range(9):
        shop.client.get("/fine", headers={"traceparent": CALLER}).close()
    body = b'{"name": "\\ud800"}'
    headers = {"traceparent": CALLER, "Content-Type": "application/json"}
    shop.client.post("/json", data=body, headers=headers).close()
    shop.telemetry.provider.shutdown()
    spans = shop.exporter.get_finished_spans()
    assert len(spans) == 10
    encode_spans(spans).SerializeToString()
    (event,) = spans[-1].events
    assert (event.attributes or {})["exception.message"] == "\ufffd"
    assert shop.registry.get_sample_value("telemetry_spans_exported_total", {"outcome": "lost"}) == 0
